"""The step `simulate`: the ring under a dispatch, its true cost, and the COP to try next."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.coupling.fixed_point import CopPair, next_cop
from anello.files import FilePath
from anello.model_data import ModelData
from anello.results.netcdf import read_netcdf, write_netcdf
from anello.ring import simulate
from anello.ring.adapt import ring_dataset, ring_input, ring_nodes
from anello.ring.cost import TrueCost, true_cost
from anello.stages.cop_file import read_cop, write_cop
from anello.stages.electricity import electricity_inputs, location_electricity

if TYPE_CHECKING:
    import xarray as xr

    from anello.coupling.config import CouplingConfig
    from anello.ring.config import RingConfig
    from anello.ring.exchange import RingResult

Floats = NDArray[np.float64]
logger = logging.getLogger(__name__)


def simulate_iteration(
    *,
    model_data: FilePath,
    dispatch: FilePath,
    ring: FilePath,
    cop: FilePath,
    ring_settings: RingConfig,
    coupling: CouplingConfig,
    cop_used: FilePath | None = None,
    first_ring: FilePath | None = None,
    earlier_rings: Sequence[FilePath] = (),
) -> None:
    """Simulate the ring that an iteration's dispatch causes.

    Parameters
    ----------
    model_data, dispatch : path-like
        The model, and the iteration's dispatch.
    ring, cop : path-like
        Where the simulated ring and the COP for the next iteration go.
    ring_settings, coupling : RingConfig, CouplingConfig
        The ring, and how its COP is carried over.
    cop_used : path-like, optional
        COP the dispatch was computed with; those of the model by default.
    first_ring : path-like, optional
        The ring of iteration 0, for the oddity that keeps its storage temperatures.
    earlier_rings : sequence of path-like, optional
        Rings of earlier iterations in order, for Anderson acceleration.

    Raises
    ------
    CopRangeError
        If a running heat pump leaves the range of its COP map and clipping was not chosen.
    EnergyAuditError
        If energy is not conserved.
    InputError
        If ring and model do not fit together.
    ArtefactError
        If a file cannot be read.
    """
    data = ModelData.load(model_data)
    found = read_netcdf(dispatch)
    nodes = ring_nodes(ring_settings, [str(node) for node in found["node"].values])
    used = read_cop(cop_used) if cop_used is not None else start_cop(data, nodes)
    flows = ring_input(
        ring_settings,
        found,
        used,
        storage_start_kwh=storage_start(data, found, ring_settings),
    )
    keep = "store_temperature_of_iteration_zero" in ring_settings.active_oddities
    kept = read_netcdf(first_ring)["use_degc"].values if keep and first_ring is not None else None
    result = simulate(ring_settings, flows, use_degc=kept)
    cost = _cost(data, found, ring_settings, result)
    content = ring_dataset(result)
    content["cop_dispatch"] = (
        ("node", "timestep"),
        flows.cop_dispatch,
        {"units": "1", "long_name": "coefficient of performance that the dispatch used"},
    )
    content.attrs |= {
        "j_lp_eur": cost.dispatch_eur,
        "j_sim_eur": cost.total_eur,
        "electricity_eur": cost.electricity_eur,
        "plant_electricity_eur": cost.plant_electricity_eur,
        "plant_other_eur": cost.plant_other_eur,
        "extra_electricity_kwh": cost.extra_kwh,
        "grid_kwh": cost.grid_kwh,
    }
    history = [_pair(path) for path in earlier_rings]
    following = next_cop([*history, CopPair(flows.cop_dispatch, result.cop)], coupling.fixed_point)
    # The ring last: the record of an iteration is read from it, so all else is there by then.
    write_cop(cop, dict(zip(nodes, following, strict=True)), result.times)
    write_netcdf(content, ring)
    logger.info(
        "ring %.3f to %.3f °C; cost %.2f in the dispatch, %.2f simulated; audit %.1e",
        result.temperature_degc.min(),
        result.temperature_degc.max(),
        cost.dispatch_eur,
        cost.total_eur,
        result.audit.relative,
    )
    for node, count in result.clipped.items():
        if count:
            logger.warning("%s: COP taken at the edge of its map in %d steps", node, count)


def start_cop(data: ModelData, nodes: Sequence[str]) -> dict[str, Floats]:
    """Return the COP that the model itself gives its heat pumps, by node, shape (T,) [-]."""
    steps = data.inputs.sizes["timestep"]
    values = data.value("energy_eff", list(nodes))
    series = values if values.ndim == 2 else np.repeat(values[:, None], steps, axis=1)
    return dict(zip(nodes, series, strict=True))


def storage_start(data: ModelData, dispatch: xr.Dataset, ring: RingConfig) -> dict[str, float]:
    """Return the level of each store before the first step [kWh].

    With cyclic storage that is its level after the last step; else the model's `storage_initial`,
    a share of the capacity. The original study takes an empty store.
    """
    if ring.mode == "iccep2019":
        return {}
    stores = data.nodes("storage")
    names = [str(name) for name in data.inputs["node"].values[stores]]
    if not names:
        return {}
    if data.config["run"].get("cyclic_storage"):
        levels = dispatch["storage"].sel(node=names).isel(timestep=-1).values
    else:
        share = data.value("storage_initial", stores)
        levels = share * dispatch["storage_cap"].sel(node=names).values
    return {name: float(level) for name, level in zip(names, levels, strict=True)}


def _cost(
    data: ModelData, dispatch: xr.Dataset, settings: RingConfig, result: RingResult
) -> TrueCost:
    taken_kwh, carriers = electricity_inputs(data, dispatch, result.nodes)
    return true_cost(
        result,
        taken_kwh / result.step_h,
        float(dispatch.attrs["cost_objective"]),
        location_electricity(data, dispatch, carriers),
        settings.plant if settings.mode == "physical" else None,
        weight=data.inputs["timestep_weight"].values.astype(float),
    )


def _pair(path: FilePath) -> CopPair:
    ring = read_netcdf(path)
    return CopPair(ring["cop_dispatch"].values, ring["cop"].values)
