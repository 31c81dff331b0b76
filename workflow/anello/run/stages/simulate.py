"""The step `simulate`: the ring under a dispatch, its true cost, and the COP to try next."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from anello.base.files import FilePath
from anello.coupling.exchange_file import handed_over, write_cop
from anello.coupling.fixed_point import CopPair, next_cop
from anello.coupling.iteration import (
    heat_pumps,
    investment_eur,
    rows_of,
    simulate_dispatch,
    state_of,
)
from anello.coupling.slp import judge_iteration
from anello.coupling.tanks import made_to_be_lost
from anello.model.data import ModelData
from anello.optimise.results.netcdf import read_netcdf, write_netcdf
from anello.ring.adapt import ring_dataset
from anello.ring.cost import end_cost_eur

if TYPE_CHECKING:
    import xarray as xr

    from anello.coupling.config import CouplingConfig
    from anello.coupling.incumbent import Linearisation
    from anello.coupling.record import CouplingState, SlpStep
    from anello.ring.config import RingConfig
    from anello.ring.cost import TrueCost
    from anello.ring.exchange import RingResult

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
    iteration: int = 0,
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
        What the dispatch was computed with, as the iteration before handed it over; the COP of the
        model by default.
    first_ring : path-like, optional
        The ring of iteration 0, for the oddity that keeps its storage temperatures.
    earlier_rings : sequence of path-like, optional
        Rings of earlier iterations in order, for Anderson acceleration.
    iteration : int
        Number of the iteration.

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
    nodes = heat_pumps(ring_settings, data)
    about = handed_over(data, ring_settings, coupling, cop_used)
    keep = "store_temperature_of_iteration_zero" in ring_settings.active_oddities
    kept = read_netcdf(first_ring)["use_degc"].values if keep and first_ring is not None else None
    flows, result, cost = simulate_dispatch(data, found, ring_settings, about.cop, use_degc=kept)
    verdict: SlpStep | None = None
    incumbent: Linearisation | None = None
    if coupling.method == "slp":
        rows = rows_of(ring_settings, coupling, data)
        assert rows is not None
        verdict, incumbent = judge_iteration(
            coupling, ring_settings, rows, about, found, flows, result, cost, iteration
        )
        following = incumbent.cop
    else:
        history = [_pair(path) for path in earlier_rings]
        pair = CopPair(flows.cop_dispatch, result.cop)
        following = next_cop([*history, pair], coupling.fixed_point)
    invested = investment_eur(data, found)
    state = state_of(flows, result, cost, invested, about.given_cost_eur, verdict)
    content = ring_content(data, found, ring_settings, result, cost, state)
    # The ring last: the record of an iteration is read from it, so all else is there by then.
    write_cop(cop, dict(zip(nodes, following, strict=True)), result.times, incumbent)
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


def ring_content(
    data: ModelData,
    dispatch: xr.Dataset,
    ring: RingConfig,
    result: RingResult,
    cost: TrueCost,
    state: CouplingState,
) -> xr.Dataset:
    """Return a simulated ring with its costs and the verdict, as the file of an iteration has it.

    Parameters
    ----------
    data, dispatch, ring
        The model, the iteration's dispatch, and the ring's settings.
    result, cost : RingResult, TrueCost
        The simulation, and what the dispatch truly costs.
    state : CouplingState
        The iteration as the check sees it.
    """
    content = ring_dataset(result)
    content.attrs |= {
        "j_lp_eur": state.j_lp_eur,
        "j_sim_eur": state.j_sim_eur,
        "investment_eur": state.investment_eur,
        "slp": "" if state.slp is None else json.dumps(asdict(state.slp), sort_keys=True),
        "electricity_eur": cost.electricity_eur,
        "plant_electricity_eur": cost.plant_electricity_eur,
        "plant_other_eur": cost.plant_other_eur,
        "connection_eur": cost.connection_eur,
        "end_eur": cost.end_eur,
        "end_cost_eur": end_cost_eur(result, ring.end_credit_eur_per_kwh),
        "extra_electricity_kwh": cost.extra_kwh,
        "grid_kwh": cost.grid_kwh,
        "beyond_grid_kwh": cost.beyond_grid_kwh,
        "beyond_caps": cost.beyond_caps,
    }
    lost = made_to_be_lost(ring, data, dispatch, heat_pumps(ring, data))
    content.attrs["made_to_be_lost"] = json.dumps([asdict(one) for one in lost])
    return content


def _pair(path: FilePath) -> CopPair:
    ring = read_netcdf(path)
    return CopPair(ring["cop_dispatch"].values, ring["cop"].values)
