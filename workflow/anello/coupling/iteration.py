"""One coupled iteration, piece by piece: the problem, its numbers, the ring, the true cost.

The workflow's steps and the in-process loop are both made of these functions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import labels_of, total_of, values_of
from anello.coupling.caps import beyond_caps
from anello.coupling.config import CouplingConfig, chosen_by, waves_fault
from anello.coupling.electricity import (
    electricity_inputs,
    location_electricity,
    marginal_prices,
)
from anello.coupling.incumbent import Linearisation, start
from anello.coupling.linearisation import apply, following_schedule, schedule_kw, ways_kw
from anello.coupling.plant_sizes import sized
from anello.coupling.record import CouplingState, SlpStep
from anello.coupling.ring_rows import ring_rows
from anello.coupling.tank_sizes import open_tanks
from anello.coupling.tanks import tank_limits
from anello.coupling.valves import opened
from anello.errors import InputError
from anello.errors import Problem as Fault
from anello.model.data import ModelData
from anello.model.definition.weather import RING_SERIES
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.milp import largest_capacity
from anello.optimise.formulation.ring_rows import RingRows
from anello.optimise.solve.problem import Problem
from anello.ring.adapt import ring_input, ring_nodes
from anello.ring.config import RingConfig
from anello.ring.cost import PlantInDispatch, TrueCost, end_cost_eur, true_cost
from anello.ring.devices import plant_devices
from anello.ring.exchange import RingInput, RingResult
from anello.ring.geometry import require_connected
from anello.ring.plant import device_cost
from anello.ring.plant_config import PlantConfig
from anello.ring.plant_sizes import size_key, to_choose
from anello.ring.simulation import simulate
from anello.ring.surroundings import Surroundings

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


def heat_pumps(ring: RingConfig, data: ModelData) -> tuple[str, ...]:
    """The ring's heat pumps among the model's nodes."""
    return ring_nodes(ring, labels_of(data.inputs, "node"))


def rows_of(ring: RingConfig, coupling: CouplingConfig, data: ModelData) -> RingRows | None:
    """The ring's part of the programme; None where the programme does not see the ring.

    Raises
    ------
    InputError
        If the ring cannot be part of a programme, or be simulated on the model's time steps.
    ConfigError
        If a heat pump is connected nowhere or twice, or a name fits none.
    """
    if not coupling.coupled:
        return None
    fault = chosen_by(ring, coupling)
    if fault is not None:
        raise InputError(Fault(fault, key=size_key(next(iter(to_choose(ring))))))
    _check_chronological(data)
    nodes = heat_pumps(ring, data)
    require_connected(ring, nodes)
    tanks = open_tanks(ring, data, nodes) if ring.mode == "physical" else {}
    field = None if ring.plant is None else ring.plant.borefield
    if field is not None and field.hold_at_horizon and not coupling.schedules_plant:
        raise InputError(
            Fault(
                "only a programme that schedules the plant can hold a borefield at its horizon",
                key="ring.plant.borefield.hold_at_horizon",
                value=True,
                suggestion="Use `coupling.method: slp` with `slp.balancing: scheduled`, or leave it"
                " out",
            )
        )
    if not coupling.sees_ring:
        return None
    fault = waves_fault(ring, coupling)
    if fault is not None:
        raise InputError(Fault(fault, key="coupling.slp.loop_waves"))
    rows = ring_rows(
        ring,
        nodes,
        largest_kw(data, nodes),
        data.inputs["timestep"].values,
        np.asarray(data.inputs["timestep_resolution"].values, dtype=float),
        scheduled=coupling.schedules_plant,
        waves_seen=coupling.slp.waves_in(data.inputs.sizes["timestep"]),
        around=_surroundings(data),
    )
    most_kwh = tank_limits(ring, data, nodes)
    return replace(rows, tank_most_kwh=most_kwh, tank_largest_kwh=tanks)


def _check_chronological(data: ModelData) -> None:
    """A ring remembers the hour before, so its time steps must follow each other."""
    clustered = "timestep_cluster" in data.inputs
    if clustered or (data.inputs["timestep_weight"].values != 1.0).any():
        what = "representative days" if clustered else "time steps that stand for others"
        raise InputError(
            Fault(
                f"a ring cannot be simulated on {what}: its temperature follows the hours one by"
                " one",
                key="model.time.function",
                value=data.config["model"]["time"]["function"],
                suggestion="Use `resample`, which keeps the order of time, or fewer days with"
                " `model.subset_time`",
            )
        )


def largest_kw(data: ModelData, nodes: tuple[str, ...]) -> Floats:
    """Capacity that the model gives its heat pumps, or lets them have at most, shape (H,) [kW]."""
    return largest_capacity(Context(data), data.positions(nodes))[:, 0]


def start_cop(data: ModelData, nodes: tuple[str, ...]) -> Floats:
    """COP that the model itself gives its heat pumps, shape (H, T) [-]."""
    steps = data.inputs.sizes["timestep"]
    values = np.asarray(data.value("energy_eff", list(nodes)), dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    return np.repeat(values, steps, axis=1) if values.shape[1] != steps else values.copy()


def with_numbers(
    problem: Problem,
    ring: RingConfig,
    rows: RingRows | None,
    about: Linearisation,
) -> Problem:
    """The problem of an iteration: with its COP, and the ring where that is part of it."""
    if rows is None:
        return problem.patch({"energy_eff": dict(zip(about.nodes, about.cop, strict=True))})
    return apply(problem, ring, rows, about)


def with_cop(ring: RingConfig, nodes: tuple[str, ...], cop: Floats) -> Linearisation:
    """COP alone, without any feedback: what a fixed point solves with."""
    return start(ring, nodes, cop)


def _surroundings(data: ModelData) -> Surroundings:
    """Return the weather and the ring's series that the model brings along."""
    variables = {str(name): data.inputs.variables[name] for name in data.inputs.data_vars}
    brought = {
        name: np.asarray(values.values, dtype=float)
        for name, values in variables.items()
        if values.dims == ("timestep",)
    }
    return Surroundings(
        data.inputs.sizes["timestep"],
        brought.get("outdoor_degc"),
        brought.get("outdoor_wet_bulb_degc"),
        {
            name.removeprefix(RING_SERIES): values
            for name, values in brought.items()
            if name.startswith(RING_SERIES)
        },
    )


def storage_start(data: ModelData, dispatch: xr.Dataset, ring: RingConfig) -> dict[str, float]:
    """Level of each store before the first step [kWh].

    With cyclic storage that is its level after the last step; else the model's `storage_initial`,
    a share of the capacity. The original study takes an empty store.
    """
    if ring.mode == "iccep2019":
        return {}
    stores = data.nodes("storage")
    every = labels_of(data.inputs, "node")
    names = [every[store] for store in stores]
    if not names:
        return {}
    if data.config["run"].get("cyclic_storage"):
        levels = values_of(dispatch, "storage", ("node", "timestep"), node=names)[:, -1]
    else:
        share = data.value("storage_initial", stores)
        levels = share * values_of(dispatch, "storage_cap", ("node",), node=names)
    return {name: float(level) for name, level in zip(names, levels, strict=True)}


def simulate_dispatch(
    data: ModelData,
    dispatch: xr.Dataset,
    ring: RingConfig,
    cop_used: Floats,
    *,
    use_degc: Floats | None = None,
) -> tuple[RingInput, RingResult, TrueCost]:
    """Simulate the ring under a dispatch, and work out what the dispatch truly costs.

    Parameters
    ----------
    data : ModelData
        The model.
    dispatch : xarray.Dataset
        Results of the programme.
    ring : RingConfig
        The ring's settings.
    cop_used : ndarray, shape (H, T)
        COP the programme was computed with [-].
    use_degc : ndarray, shape (H, T), optional
        Use temperatures that stand in place of those of the stores [°C].

    Returns
    -------
    tuple of RingInput, RingResult, TrueCost
        What the ring saw, what it did, and the cost.

    Raises
    ------
    CopRangeError
        If a running heat pump leaves the range of its COP map and clipping was not chosen.
    EnergyAuditError
        If energy is not conserved.
    InputError
        If ring and model do not fit together.
    """
    nodes, around = heat_pumps(ring, data), _surroundings(data)
    ring = sized(ring, dispatch)
    flows = ring_input(
        ring,
        dispatch,
        dict(zip(nodes, cop_used, strict=True)),
        storage_start_kwh=storage_start(data, dispatch, ring),
        outdoor_degc=around.outdoor_degc,
        wet_bulb_degc=around.wet_bulb_degc,
        series=around.series,
    )
    schedule = schedule_kw(dispatch, flows.step_h)
    settings = ring if schedule is None else following_schedule(ring)
    told = None if schedule is None else opened(ring, flows, dispatch, schedule)
    result = simulate(settings, flows, schedule=told, use_degc=use_degc)
    taken_kwh, carriers = electricity_inputs(data, dispatch, nodes)
    weight = data.inputs["timestep_weight"].values.astype(float)
    plant = ring.plant if ring.mode == "physical" else None
    paid = None
    if schedule is not None and plant is not None:
        paid = _paid_for_plant(plant, flows, dispatch, list(result.q_bal_kw), weight)
    end_eur = end_cost_eur(result, ring.end_credit_eur_per_kwh) - total_of(dispatch, "ring_end")
    supplies = location_electricity(data, dispatch, carriers)
    cost = true_cost(
        result,
        taken_kwh / result.step_h,
        float(dispatch.attrs["cost_objective"]),
        supplies,
        plant,
        weight=weight,
        end_eur=end_eur,
        paid=paid,
    )
    cost = replace(
        cost,
        beyond_caps=beyond_caps(data, dispatch, supplies, cost.more_kwh),
        unseen_eur=total_of(dispatch, "ring_unseen"),
        price_eur_per_kwh=marginal_prices(supplies, dispatch, carriers),
    )
    return flows, result, cost


def _paid_for_plant(
    plant: PlantConfig, flows: RingInput, dispatch: xr.Dataset, devices: list[str], weight: Floats
) -> PlantInDispatch:
    """What a dispatch that schedules the plant pays for it, for both ways of a device at once."""
    moved_kw = {device: np.zeros_like(flows.step_h) for device in devices}
    for device, _, kw in ways_kw(dispatch, flows.step_h):
        moved_kw[device] = moved_kw[device] + np.abs(kw)
    taken_kw = np.zeros_like(flows.step_h)
    for one in plant_devices(plant, flows.surroundings):
        taken_kw = taken_kw + one.electricity_kwh_per_kwh * moved_kw[one.name]
    if "ring_power" in dispatch:
        taken_kw = taken_kw + dispatch["ring_power"].sum("device").values / flows.step_h
    if "ring_pump" in dispatch:
        taken_kw = taken_kw + dispatch["ring_pump"].values.reshape(-1) / flows.step_h
    return PlantInDispatch(taken_kw, device_cost(plant, moved_kw, flows.step_h * weight))


def investment_eur(data: ModelData, dispatch: xr.Dataset) -> float:
    """Cost of capacity, and of monthly peaks, in the programme's objective [€]."""
    weights = data.config["run"]["objective_options"]["cost_class"]
    totals = [dispatch[n].sum("node") for n in ("cost_investment", "cost_peak") if n in dispatch]
    return total_of(dispatch, "ring_size_cost") + float(
        sum(
            float(weights[str(c)]) * float(total.sel(cost_class=c))
            for total in totals
            for c in total["cost_class"].values
            if str(c) in weights
        )
    )


def state_of(
    flows: RingInput,
    result: RingResult,
    cost: TrueCost,
    investment: float,
    given_cost_eur: float = 0.0,
    step: SlpStep | None = None,
) -> CouplingState:
    """One iteration, as far as the next one and the check need it.

    `given_cost_eur` is what the programme's cost leaves out of plant and pump.
    """
    return CouplingState(
        nodes=flows.nodes,
        temperature_degc=result.temperature_degc,
        cop_used=flows.cop_dispatch,
        cop_simulated=result.cop,
        q_kw=flows.q_kw,
        step_h=flows.step_h,
        j_lp_eur=cost.dispatch_eur + cost.unseen_eur + given_cost_eur,
        j_sim_eur=cost.total_eur,
        audit_relative=result.audit.relative,
        steps_at_bound=result.steps_at_bound,
        investment_eur=investment,
        slp=step,
    )
