"""The ring's part of the linear programme, taken from its settings and an incumbent dispatch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.coupling.water import Water, loop_rows, water_about, wave_values
from anello.coupling.water import row_bounds as water_rows
from anello.coupling.water import trust_region as water_trust_region
from anello.errors import InputError
from anello.errors import Problem as InputProblem
from anello.optimise.formulation.ring import (
    DEVICES,
    PER_K,
    PER_KWH,
    WELL_PER_K,
    Device,
    RingRows,
    pair,
)
from anello.optimise.solve.problem import Problem
from anello.ring.config import RingConfig, StoreUse
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.ground import ground_temperature_degc
from anello.ring.loop import geometry
from anello.ring.mixed import decay

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

RUNNING_KW = 1e-3
"""A heat pump with less output than this stands still [kW]."""

TRACE = 1e-3
"""Slope, relative to the wells' conductance, of a limit that does not depend on temperature [-]."""

TRACE_KW = 1e-3
"""Heat of wells that can do nothing, for the same reason: fixed columns would vanish [kW]."""

NEVER_DEGC = 1e3
"""A temperature that no ring has; a limit that depends on it does not bind [°C]."""


def ring_rows(
    config: RingConfig,
    nodes: tuple[str, ...],
    capacity_kw: Floats,
    times: NDArray[np.datetime64],
    step_h: Floats,
    *,
    scheduled: bool,
    waves_seen: int = 0,
) -> RingRows:
    """Put the ring's settings into plain numbers for the formulation.

    Parameters
    ----------
    config : RingConfig
        The ring's settings; a loop enters the programme as its mean temperature and the first
        waves along the water.
    nodes : tuple of str
        Heat pumps, `location::technology`.
    capacity_kw : ndarray, shape (H,)
        Their nominal capacity, the largest where it is still to be chosen [kW].
    times : ndarray of datetime64, shape (T,)
        Start of each time step.
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    scheduled : bool
        Whether the programme decides the heat of the balancing plant.
    waves_seen : int
        Wave numbers by which it knows where on a loop the water is warm.

    Returns
    -------
    RingRows
        Numbers for :func:`anello.optimise.formulation.formulate`.

    Raises
    ------
    InputError
        In `mode: iccep2019`, whose resets no linear programme can describe.
    """
    if config.mode != "physical":
        raise InputError(
            InputProblem(
                "a programme cannot see a ring that is reset for free",
                key="ring.mode",
                value=config.mode,
                suggestion="use `mode: physical`, or `coupling.method: fixed_point`",
            )
        )
    days = (times - times.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    day_of_year = np.asarray(days, float) + step_h / 48.0
    loop = None
    if config.loop is not None and config.model == "loop":
        loop = loop_rows(config.loop, nodes, waves_seen)
        shape = geometry(config.loop)
        # ASSUME: the programme leaves short waves out, and lets losses act on the mean; what they
        # are at the incumbent is given, and the simulation decides whether the step is good.
        capacity = shape.capacity_kwh_per_k
        ua = float(shape.ua_kw_per_k.sum())
        depth = np.array([pipe.burial_depth_m for pipe in config.loop.segments])
        by_segment = ground_temperature_degc(config.loop.ground, day_of_year, depth)
        ground = by_segment @ shape.ua_kw_per_k / max(ua, 1e-300)
    else:
        capacity, ua = config.water.heat_capacity_kwh_per_k, config.loss.ua_kw_per_k
        ground = ground_temperature_degc(config.loss.ground, day_of_year)
    phi, psi = decay(capacity, ua, step_h)
    sigma, stores = [], []
    for node in nodes:
        pump = config.heat_pump(node)
        assert pump is not None
        sigma.append(1.0 if pump.service == "cooling" else -1.0)
        use = pump.use_temperature
        location = node.partition("::")[0]
        stores.append(f"{location}::{use.store}" if isinstance(use, StoreUse) else "")
    plant = config.plant
    devices = {}
    if scheduled and plant is not None:
        wells, heater, cooler = plant.wells, plant.backup_heater, plant.dry_cooler
        well_max = min(wells.max_kw, wells.conductance_kw_per_k * 100.0)
        for name, size, device in (
            ("wells_heating", well_max, wells),
            ("wells_cooling", well_max, wells),
            ("backup_heater", heater.max_kw, heater),
            ("dry_cooler", cooler.max_kw, cooler),
        ):
            if size > 0:
                devices[name] = Device(
                    size, device.electricity_kwh_per_kwh, device.cost_eur_per_kwh
                )
    return RingRows(
        heat_pumps=nodes,
        sigma=tuple(sigma),
        stores=tuple(stores),
        capacity_kw=capacity_kw,
        step_h=step_h,
        phi=phi,
        psi=psi,
        gain_degc=(1.0 - phi) * ground,
        initial_degc=config.initial_degc,
        devices=devices,
        electricity_location=plant.electricity_location if plant is not None else None,
        electricity_price_eur_per_kwh=(
            plant.electricity_price_eur_per_kwh if plant is not None else 0.0
        ),
        loop=loop,
    )


@dataclass(frozen=True)
class Linearisation:
    """An incumbent dispatch, as far as the next linear programme needs it.

    Attributes
    ----------
    nodes : tuple of str
        Heat pumps; H of them.
    cop : ndarray, shape (H, T)
        COP at the incumbent [-].
    output_per_k : ndarray, shape (H, T)
        Change of output per kelvin of ring temperature at the same electricity [kWh/K].
    output_per_kwh : ndarray, shape (H, T)
        Change of output per kWh in the heat pump's store [kWh/kWh].
    degc_per_kwh : ndarray, shape (H,)
        Change of the use temperature per kWh in the store, 0 without a store [K/kWh].
    temperature_degc : ndarray, shape (T + 1,)
        (Mean) ring temperature [°C].
    source_degc : ndarray, shape (H, T)
        Water at each heat pump [°C].
    storage_kwh : ndarray, shape (H, T)
        Level of each heat pump's store at the end of the step, NaN without a store [kWh].
    given_kw : ndarray, shape (T,)
        Heat into the ring that the programme does not decide: of the circulation pump, of the
        balancing plant unless it is scheduled, and what a loop loses beyond its mean [kW].
    capacity_factor : ndarray, shape (H, T)
        Thermal capacity at the incumbent relative to nominal [-].
    given_cost_eur : float
        Cost of plant and pump that is not in the programme [€].
    trust_region_k : float
        Largest change of ring and use temperature that the next programme may make; infinite
        before the first simulation [K].
    cost_eur : float
        Simulated true cost; infinite before the first simulation [€].
    iteration : int
        Iteration that became the incumbent; −1 before the first.
    water : Water or None
        Where on a loop the water is warm; None for well-mixed water, and before the first
        simulation.
    """

    nodes: tuple[str, ...]
    cop: Floats
    output_per_k: Floats
    output_per_kwh: Floats
    degc_per_kwh: Floats
    temperature_degc: Floats
    source_degc: Floats
    storage_kwh: Floats
    given_kw: Floats
    capacity_factor: Floats
    given_cost_eur: float
    trust_region_k: float
    cost_eur: float
    iteration: int
    water: Water | None = None

    def with_trust_region(self, trust_region_k: float) -> Linearisation:
        """The same incumbent with another trust region [K]."""
        return replace(self, trust_region_k=trust_region_k)


def _least_factor(config: RingConfig, nodes: tuple[str, ...]) -> Floats:
    """Smallest capacity factor within the ring's bounds, shape (H, 1) [-].

    The first dispatch can then be delivered whatever the ring does, and so can every incumbent.
    """
    pumps = [config.heat_pump(node) for node in nodes]
    bounds = np.array(config.bounds_degc)
    limits = [None if pump is None else pump.capacity for pump in pumps]
    least = [1.0 if limit is None else float(limit.factor(bounds).min()) for limit in limits]
    return np.array(least)[:, None]


def start(config: RingConfig, nodes: tuple[str, ...], cop: Floats) -> Linearisation:
    """Where the search begins: a given COP, no feedback, the ring free within its bounds.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : tuple of str
        Heat pumps.
    cop : ndarray, shape (H, T)
        COP of the first programme [-].
    """
    zero = np.zeros_like(cop)
    return Linearisation(
        nodes=nodes,
        cop=cop,
        output_per_k=zero,
        output_per_kwh=zero,
        degc_per_kwh=np.zeros(len(nodes)),
        temperature_degc=np.full(cop.shape[1] + 1, config.initial_degc),
        source_degc=np.full_like(cop, config.initial_degc),
        storage_kwh=np.full_like(cop, np.nan),
        given_kw=np.zeros(cop.shape[1]),
        capacity_factor=np.broadcast_to(_least_factor(config, nodes), cop.shape).copy(),
        given_cost_eur=0.0,
        trust_region_k=np.inf,
        cost_eur=np.inf,
        iteration=-1,
    )


def linearise(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    *,
    trust_region_k: float,
    cost_eur: float,
    given_cost_eur: float,
    iteration: int,
) -> Linearisation:
    """Linearise heat pumps and ring about a simulated dispatch.

    ``P = q/COP(T_use, T)`` gives, at constant P, ``q = COP̄·P + q̄/COP̄·(∂COP/∂T·(T − T̄) +
    ∂COP/∂T_use·dT_use/dE·(E − Ē))``.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    data : RingInput
        The dispatch.
    result : RingResult
        Its simulation.
    trust_region_k : float
        Trust region of the next programme [K].
    cost_eur : float
        Simulated true cost [€].
    given_cost_eur : float
        Cost of plant and pump that is not in the programme [€].
    iteration : int
        Iteration of the dispatch.
    """
    slope = use_side(config, data).degc_per_kwh
    # Outputs within the solver's rounding would become matrix entries that only do harm.
    output_kwh = np.where(data.q_kw > RUNNING_KW, data.q_kw, 0.0) * data.step_h
    weight = output_kwh / result.cop
    decided_kw = result.q_ring_kw.sum(axis=0)
    plant_kw = np.sum(list(result.q_bal_kw.values()), axis=0)
    if rows.devices:
        decided_kw = decided_kw + plant_kw
    # Whatever else moved the mean temperature is given, so that the row holds at the incumbent.
    ends, starts = result.temperature_degc[1:], result.temperature_degc[:-1]
    given = (ends - rows.phi * starts - rows.gain_degc) / rows.psi - decided_kw
    return Linearisation(
        nodes=data.nodes,
        cop=result.cop,
        output_per_k=weight * result.dcop_dring,
        output_per_kwh=weight * result.dcop_duse * slope[:, None],
        degc_per_kwh=slope,
        temperature_degc=result.temperature_degc,
        source_degc=result.source_degc,
        storage_kwh=data.storage_kwh,
        given_kw=given,
        capacity_factor=result.capacity_factor,
        given_cost_eur=given_cost_eur,
        trust_region_k=trust_region_k,
        cost_eur=cost_eur,
        iteration=iteration,
        water=water_about(config, rows, data, result),
    )


def apply(problem: Problem, config: RingConfig, rows: RingRows, about: Linearisation) -> Problem:
    """Patch a compiled problem so that it is linear about an incumbent.

    Parameters
    ----------
    problem : Problem
        Compiled from a model that was formulated with `rows`.
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent.

    Returns
    -------
    Problem
        The problem of the next iteration.
    """
    stored = [k for k, store in enumerate(rows.stores) if store]
    values: dict[str, dict[str, Floats]] = {
        "energy_eff": dict(zip(about.nodes, about.cop, strict=True)),
        PER_K: dict(zip(about.nodes, about.output_per_k, strict=True)),
        PER_KWH: {about.nodes[k]: about.output_per_kwh[k] for k in stored},
    }
    row_bounds = _balance_constants(problem, about)
    given = rows.gain_degc.copy()
    given[0] += rows.phi[0] * rows.initial_degc
    given += rows.psi * about.given_kw
    row_bounds["ring_balance"] = (given, given)
    if rows.loop is not None and about.water is not None:
        values |= wave_values(rows.loop, about.water)
        row_bounds |= water_rows(about.water, rows.initial_degc)
    most_kw = _wells(config, rows, about, values, row_bounds)
    column_bounds = _trust_region(problem, config, rows, about, most_kw)
    column_bounds["carrier_prod"] = _outputs(problem, config, rows, about)
    return problem.patch({k: v for k, v in values.items() if v}).with_bounds(
        column_bounds, row_bounds
    )


def _outputs(
    problem: Problem, config: RingConfig, rows: RingRows, about: Linearisation
) -> tuple[Floats, Floats]:
    """Largest outputs [kWh] where the ring's temperature limits capacity; no others change."""
    block = problem.variables["carrier_prod"]
    where = {node: k for k, node in enumerate(about.nodes)}
    upper = np.full(block.shape, np.nan)
    for item, (node, _) in enumerate(block.labels()):
        if node not in where:
            continue
        k, pump = where[node], config.heat_pump(node)
        if pump is not None and pump.capacity is not None:
            # ASSUME: an output whose capacity is still to be chosen is held by the largest size.
            most_kw = about.capacity_factor[k] * rows.capacity_kw[k]
            upper[item] = most_kw * rows.step_h
    return np.full_like(upper, np.nan), upper


def _balance_constants(problem: Problem, about: Linearisation) -> dict[str, tuple[Floats, Floats]]:
    """Right-hand side of the heat pumps' balances: −(g_T·T̄ + g_E·Ē), none in the first step."""
    level = np.nan_to_num(np.roll(about.storage_kwh, 1, axis=1))
    constant = about.output_per_k * about.source_degc + about.output_per_kwh * level
    constant[:, 0] = 0.0
    where = {node: k for k, node in enumerate(about.nodes)}
    bounds: dict[str, tuple[Floats, Floats]] = {}
    for name in ("balance_conversion", "balance_conversion_plus_primary"):
        if name not in problem.constraints:
            continue
        block = problem.constraints[name]
        side = np.full(block.shape, np.nan)
        for row, (node,) in enumerate(block.labels()):
            if node in where:
                side[row] = -constant[where[node]]
        bounds[name] = (side, side)
    return bounds


def _wells(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> dict[str, Floats]:
    """Limits of the wells, linear in the ring temperature where it stays on one side of theirs.

    What the wells can move is proportional to the difference of temperatures and nothing beyond
    it. Where the trust region lies on both sides, a line that is exact at the incumbent is taken;
    its error shrinks with the trust region. A limit that does not depend on temperature is
    returned as the largest heat of the device, by step [kW].
    """
    most_kw: dict[str, Floats] = {}
    if config.plant is None:
        return most_kw
    wells = config.plant.wells
    reach = about.trust_region_k
    patched: dict[str, Floats] = {}
    for device, sign in (("wells_heating", 1.0), ("wells_cooling", -1.0)):
        if device not in rows.devices:
            continue
        well_degc = wells.well_degc
        conductance = np.full_like(rows.step_h, wells.conductance_kw_per_k)
        waters = rows.well_waters(device)
        start_degc = np.tile(about.temperature_degc[:-1], (len(waters), 1))
        if about.water is not None:
            start_degc = about.water.degc[list(waters.values())]
            conductance = np.minimum(conductance, about.water.passing_kw_per_k)
        low, high = start_degc - reach, start_degc + reach
        # Bounds hold for the mean of a loop, not for all of its water.
        if rows.loop is None or not np.isfinite(reach):
            low = np.maximum(low, config.bounds_degc[0])
            high = np.minimum(high, config.bounds_degc[1])
        low[:, 0] = high[:, 0] = rows.initial_degc
        distance = sign * (well_degc - start_degc)
        edge = high if sign > 0 else low
        nearest = sign * (well_degc - edge)
        at_incumbent = conductance * np.maximum(distance, 0.0)
        # Where the trust region reaches past the well temperature, the line through the limit at
        # the incumbent and nothing at the edge: exact at the incumbent, and never impossible.
        room = np.maximum(np.abs(edge - start_degc), 1e-9)
        slope = np.where(nearest >= 0, conductance, at_incumbent / room)
        if not np.isfinite(reach):
            # Before the first simulation only the bounds are known: the best case is allowed.
            slope = np.zeros_like(slope)
            best = sign * (well_degc - (low if sign > 0 else high))
            at_incumbent = conductance * np.maximum(best, 0.0)
        # A trace of slope keeps the row where the limit is constant: the rows stay the same in
        # every iteration, so that each can start from the basis of the one before. There the row
        # must never bind, or it would hold the ring at one side of the incumbent.
        trace = TRACE * max(wells.conductance_kw_per_k, 1.0)
        constant = slope < trace
        most_kw[device] = np.where(constant, np.maximum(at_incumbent, TRACE_KW), np.inf).min(axis=0)
        slope = np.where(constant, trace, slope)
        limit = np.minimum(at_incumbent, wells.max_kw) + slope * sign * start_degc
        limit = np.where(constant, rows.devices[device].max_kw + trace * NEVER_DEGC, limit)
        limit[:, 0] = np.minimum(at_incumbent[:, 0], wells.max_kw)
        patched |= {pair(device, water): slope[k] for k, water in enumerate(waters)}
        row_bounds[f"ring_{device}_max"] = (np.full_like(limit, np.nan), limit)
    values[WELL_PER_K] = patched
    return most_kw


def _trust_region(
    problem: Problem,
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    most_kw: dict[str, Floats],
) -> dict[str, tuple[Floats, Floats]]:
    """Bounds on ring temperature, store levels and devices."""
    low, high = config.bounds_degc
    reach = about.trust_region_k
    ends = about.temperature_degc[1:]
    if not rows.devices:
        # The plant's own control holds the bounds; the programme only keeps near the incumbent.
        low, high = -np.inf, np.inf
    # An incumbent beyond its bounds is drawn back, but never made infeasible.
    lower = np.minimum(np.maximum(low, ends - reach), ends if np.isfinite(reach) else low)
    upper = np.maximum(np.minimum(high, ends + reach), ends if np.isfinite(reach) else high)
    bounds = {"ring_temperature": (lower, upper)}
    if about.water is not None:
        bounds |= water_trust_region(about.water, reach)
        if rows.pays_for_pump:
            pump_kwh = about.water.pump_kw * rows.step_h
            bounds["ring_pump"] = (pump_kwh, pump_kwh)
    if rows.devices:
        block = problem.variables["ring_heat"]
        most = np.zeros(block.shape)
        for k, name in enumerate(rows.devices):
            size = np.minimum(rows.devices[name].max_kw, most_kw.get(name, np.inf))
            size = np.broadcast_to(size, block.shape[1:])
            if name == "dry_cooler" and config.plant is not None:
                size = np.minimum(size, _cooler_kw(config, about))
            most[k] = size * rows.step_h
        bounds["ring_heat"] = (np.zeros(block.shape), most)
    if np.isfinite(reach) and "storage" in problem.variables:
        block = problem.variables["storage"]
        lower_kwh = np.full(block.shape, np.nan)
        upper_kwh = np.full(block.shape, np.nan)
        positions = block.positions()
        for k, store in enumerate(rows.stores):
            if not store or about.degc_per_kwh[k] == 0:
                continue
            room = reach / abs(about.degc_per_kwh[k])
            item = positions[(store,)]
            lower_kwh[item] = np.fmax(lower_kwh[item], np.maximum(about.storage_kwh[k] - room, 0.0))
            upper_kwh[item] = np.fmin(upper_kwh[item], about.storage_kwh[k] + room)
        bounds["storage"] = (lower_kwh, upper_kwh)
    return bounds


def _cooler_kw(config: RingConfig, about: Linearisation) -> Floats:
    """What the dry cooler can move at the incumbent's ring temperature [kW]."""
    assert config.plant is not None
    cooler = config.plant.dry_cooler
    coldest_degc = about.temperature_degc[:-1]
    if about.water is not None:
        coldest_degc = about.water.plant_degc[0]
    if cooler.kw_per_k is None or cooler.outdoor_degc is None:
        return np.full_like(coldest_degc, cooler.max_kw)
    limit_kw: Floats = np.maximum(0.0, cooler.kw_per_k * (coldest_degc - cooler.outdoor_degc))
    return limit_kw


def following_schedule(config: RingConfig) -> RingConfig:
    """The ring with a plant that follows the programme's schedule.

    Beyond the schedule the plant only acts where the ring would leave its bounds.
    """
    if config.plant is None:
        return config
    low, high = config.bounds_degc
    plant = config.plant.model_copy(
        update={
            "control": "both",
            "heat_below_degc": low,
            "heat_to_degc": low,
            "cool_to_degc": high,
            "cool_above_degc": high,
        }
    )
    return config.model_copy(update={"plant": plant})


def schedule_kw(dispatch: xr.Dataset, step_h: Floats) -> dict[str, Floats] | None:
    """Heat of the balancing plant into the ring as a dispatch has it, by device [kW].

    Parameters
    ----------
    dispatch : xarray.Dataset
        Results; with `ring_heat(device, timestep)` [kWh] where the programme schedules the plant.
    step_h : ndarray, shape (T,)
        Length of the time steps [h].

    Returns
    -------
    dict of str to ndarray, shape (T,), or None
        Heat of `wells`, `backup_heater` and `dry_cooler`; None where nothing is scheduled.
    """
    if "ring_heat" not in dispatch:
        return None
    heat = dispatch["ring_heat"].transpose("device", "timestep")
    signed = {
        str(name): DEVICES[str(name)] * kwh / step_h
        for name, kwh in zip(heat["device"].values, heat.values, strict=True)
    }
    none = np.zeros_like(step_h)
    return {
        "wells": signed.get("wells_heating", none) + signed.get("wells_cooling", none),
        "backup_heater": signed.get("backup_heater", none),
        "dry_cooler": signed.get("dry_cooler", none),
    }
