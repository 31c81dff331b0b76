"""What bounds the next programme: exchangers, chillers, outputs, sizes, the trust region."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anello.coupling.incumbent import Linearisation
from anello.coupling.plant_sizes import at_size, size_bounds
from anello.coupling.response import reached_by
from anello.coupling.size_limits import TRACE, limit_by_size
from anello.coupling.tank_steps import grows_by_kwh, tank_bounds
from anello.coupling.water import trust_region as water_trust_region
from anello.optimise.formulation.ring_rows import (
    EXCHANGE_PER_K,
    EXCHANGE_PER_RISE,
    EXCHANGE_PER_SHIFT,
    POWER_PER_K,
    POWER_PER_KWH,
    SIZE_REACH_KW,
    Device,
    RingRows,
)
from anello.optimise.solve.problem import Problem
from anello.ring.config import RingConfig
from anello.ring.plant import passing_each
from anello.ring.rounds import weights_in_mixed_water, weights_of_change

Floats = NDArray[np.float64]

TRACE_KW = 1e-5
"""Heat of an exchanger that can do nothing: a column that is fixed at 0 would vanish [kW]."""
USED_KW = 1e-3
"""An exchanger that moves more than this at the incumbent is in use [kW]."""
OUTPUT_PER_K = 0.25
"""Change of output, relative to the capacity, that goes with a kelvin of the trust region [1/K]."""
NEVER_DEGC = 1e3
"""A temperature that no ring has; a limit that depends on it does not bind [°C]."""


def outputs(
    problem: Problem, config: RingConfig, rows: RingRows, about: Linearisation
) -> tuple[Floats, Floats]:
    """Bounds of outputs [kWh]: where the ring's temperature limits capacity, and at part load.

    What part load takes is no straight line of the output, so that the trust region holds for the
    output too: `OUTPUT_PER_K` of the capacity for each kelvin. No other outputs change.
    """
    block = problem.variables["carrier_prod"]
    where = {node: k for k, node in enumerate(about.nodes)}
    lower, upper = np.full((2, *block.shape), np.nan)
    for item, (node, _) in enumerate(block.labels()):
        if node not in where:
            continue
        k, pump = where[node], config.heat_pump(node)
        if pump is not None and pump.capacity is not None:
            # ASSUME: an output whose capacity is still to be chosen is held by the largest size.
            most_kw = about.capacity_factor[k] * rows.capacity_kw[k]
            upper[item] = most_kw * rows.step_h
        bends = pump is not None and (pump.part_load is not None or not rows.sees_water)
        if bends and np.isfinite(about.trust_region_k):
            room = OUTPUT_PER_K * about.trust_region_k * rows.capacity_kw[k] * rows.step_h
            upper[item] = np.fmin(upper[item], about.output_kwh[k] + room)
            lower[item] = np.minimum(np.maximum(about.output_kwh[k] - room, 0.0), upper[item])
    return lower, upper


def exchangers(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> dict[str, Floats]:
    """Limits of exchangers, linear in the ring's water where it stays on one side of their body.

    What an exchanger can move is proportional to the difference of temperatures and nothing beyond
    it. Where the trust region lies on both sides, a line that is exact at the incumbent is taken;
    its error shrinks with the trust region. A limit that does not depend on temperature is
    returned as the largest heat of the device, by step [kW].
    """
    most_kw: dict[str, Floats] = {}
    at_start: dict[str, Floats] = {}
    risen: dict[str, Floats] = {}
    shifted: dict[str, Floats] = {}
    limits = []
    moved = about.exchanged_kw
    if not len(moved):  # nothing is simulated yet
        moved = np.zeros((len(rows.exchangers), rows.step_h.size))
    for name, used_kw in zip(rows.exchangers, moved, strict=True):
        described = rows.devices[name].kw_per_k
        device = at_size(rows, rows.devices[name], about.plant_sizes)
        tires = rows.doublet is not None and name in rows.doublet.ways
        if tires and device.body_degc is not None:
            device = replace(device, body_degc=device.body_degc + about.well_shift_k)
        conductance = _conductance(rows, about, device)
        weight = weight_of_rise(rows, about, conductance)
        slope, limit, most_kw[name] = _exchange(
            config, rows, about, device, conductance, weight, used_kw
        )
        at_start[name], risen[name] = by_water(rows, slope, weight)
        if device.sized:
            idle = _is_trace(slope, device)
            idle[0] = False
            of_size = partial(_of_size_kw, rows, about, replace(device, kw_per_k=described))
            limit = limit - limit_by_size(
                rows,
                name,
                device.sized,
                about.plant_sizes,
                of_size,
                idle,
                within_kw(about, slope),
                values,
            )
        if tires:
            shifted[name] = _follows(slope, conductance, device)
            limit = limit - device.sign * shifted[name] * about.well_shift_k
        limits.append(limit)
    if limits:
        limit = np.array(limits)
        row_bounds["ring_exchange_max"] = (np.full_like(limit, np.nan), limit)
        values[EXCHANGE_PER_K] = at_start
        values[EXCHANGE_PER_RISE] = risen
        values[EXCHANGE_PER_SHIFT] = shifted
    return most_kw


def sizes(rows: RingRows, about: Linearisation, values: dict[str, dict[str, Floats]]) -> None:
    """Let sizes move what water beyond the bounds drives, which is more than they foresee."""
    ways = {name: device for name, device in rows.devices.items() if device.sized}
    if not ways or not np.isfinite(about.trust_region_k):
        return
    values[SIZE_REACH_KW] = {}
    for name, device in ways.items():
        assert device.reach_kw is not None
        reach_kw = device.reach_kw
        if device.is_exchanger and device.body_degc is not None:
            at_incumbent = at_size(rows, device, about.plant_sizes)
            met_degc = _met(rows, about, _conductance(rows, about, at_incumbent))
            away_k = device.sign * (device.body_degc - met_degc)
            driven_kw = device.kw_per_k * (away_k + about.trust_region_k)
            reach_kw = np.minimum(np.maximum(reach_kw, driven_kw), device.max_kw)
        values[SIZE_REACH_KW][name] = reach_kw


def _water_at_plant(rows: RingRows, about: Linearisation) -> Floats:
    """Water that comes to the plant at the incumbent, shape (T,) [°C]."""
    mean_degc = about.temperature_degc[:-1]
    degc: Floats = mean_degc if about.water is None else about.water.degc[rows.plant_water]
    return degc


def _exchange(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    device: Device,
    conductance: Floats,
    weight: Floats,
    used_kw: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return slope [kW/K], limit [kW] and most heat [kW] of one device, each of shape (T,)."""
    assert device.body_degc is not None
    return line(
        config,
        about,
        device.sign,
        device.body_degc,
        conductance,
        _met(rows, about, conductance),
        np.broadcast_to(device.max_kw, rows.step_h.shape),
        float(np.max(device.kw_per_k)),
        used_kw,
        weight,
    )


def _follows(slope: Floats, conductance: Floats, device: Device) -> Floats:
    """Return how a limit follows a body whose temperature is a variable too, (T,) [kW/K].

    As it follows the water, where it does so exactly; elsewhere the body is that of the incumbent.
    A trace keeps the rows of the body alive where nothing depends on it, see `line`.
    """
    seen = np.where(_is_trace(slope, device) | np.isclose(slope, conductance), slope, 0.0)
    seen[0] = 0.0
    return seen


def _is_trace(slope: Floats, device: Device) -> NDArray[np.bool_]:
    """Return where a slope is no more than what keeps a row alive, see `line`, (T,)."""
    trace: NDArray[np.bool_] = slope <= TRACE * max(float(np.max(device.kw_per_k)), 1.0)
    return trace


def _conductance(rows: RingRows, about: Linearisation, device: Device) -> Floats:
    """Return the heat per kelvin between a device's other side and the water, (T,) [kW/K]."""
    if about.water is not None:
        return passing_each(device.kw_per_k, about.water.passing_kw_per_k)
    return np.broadcast_to(device.kw_per_k, rows.step_h.shape)


def weight_of_rise(rows: RingRows, about: Linearisation, conductance: Floats) -> Floats:
    """Return how much of the mean's rise in a step an exchanger meets, shape (T,) [-].

    Nothing on a loop whose flow no simulation has found yet.

    Parameters
    ----------
    rows, about
        Numbers and incumbent.
    conductance : ndarray, shape (T,)
        Heat per kelvin between the exchanger's other side and the water that it meets [kW/K].
    """
    per_kw = rows.step_h / rows.capacity_kwh_per_k
    if rows.loop is None:
        return weights_in_mixed_water(conductance, rows.loss_kw_per_k, per_kw)
    if about.water is None:
        return np.zeros_like(per_kw)
    flow_kw_per_k = about.water.passing_kw_per_k
    reached = reached_by(rows, flow_kw_per_k)
    return weights_of_change(conductance, flow_kw_per_k, per_kw, reached)


def by_water(rows: RingRows, slope: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return a slope as the formulation's `met_by` divides it, each of shape (T,) [kW/K].

    Parameters
    ----------
    rows : RingRows
        Numbers of the ring.
    slope, weight : ndarray, shape (T,)
        Of the water that an exchanger meets [kW/K], and how much of the mean's rise that is [-].

    Returns
    -------
    at_place, risen : ndarray, shape (T,)
        On a loop, by the water that arrives and by the rise of the mean; of well-mixed water, by
        its temperature at the start and at the end.
    """
    at_place = slope if rows.loop is not None else slope * (1.0 - weight)
    return at_place, slope * weight


def _met(rows: RingRows, about: Linearisation, conductance: Floats) -> Floats:
    """Return the water that an exchanger meets at the incumbent, shape (T,) [°C]."""
    risen = np.diff(about.temperature_degc)
    met: Floats = _water_at_plant(rows, about) + weight_of_rise(rows, about, conductance) * risen
    return met


def _driven_kw(rows: RingRows, about: Linearisation, device: Device) -> Floats:
    """Return what an exchanger can move at the incumbent, whatever its size, shape (T,) [kW]."""
    assert device.body_degc is not None
    conductance = _conductance(rows, about, device)
    away = device.sign * (device.body_degc - _met(rows, about, conductance))
    driven: Floats = conductance * np.maximum(away, 0.0)
    return driven


def within_kw(about: Linearisation, slope: Floats) -> Floats:
    """Return by how much water within the trust region may move a limit, shape (T,) [kW]."""
    reach_k = about.trust_region_k
    # Of a step's water both ends may move; before the first simulation no limit follows it.
    return 2.0 * slope * reach_k if np.isfinite(reach_k) else np.zeros_like(slope)


def _of_size_kw(rows: RingRows, about: Linearisation, device: Device, size: float) -> Floats:
    """Return what an exchanger of a share of its size can move at the incumbent, (T,) [kW]."""
    return _driven_kw(rows, about, replace(device, kw_per_k=device.kw_per_k * size))


def line(
    config: RingConfig,
    about: Linearisation,
    sign: float,
    body_degc: Floats,
    conductance: Floats,
    start_degc: Floats,
    max_kw: Floats,
    nominal_kw_per_k: float,
    used_kw: Floats,
    weight: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return a line in the water's temperature for what an exchanger can move.

    Parameters
    ----------
    config, about
        Settings and incumbent.
    sign : float
        +1 for heat into the ring, −1 for heat out of it.
    body_degc, conductance, start_degc : ndarray, shape (T,)
        The other side [°C], heat per kelvin [kW/K], and the water that the exchanger meets at the
        incumbent [°C].
    max_kw : ndarray, shape (T,)
        Largest heat [kW].
    nominal_kw_per_k : float
        Largest conductance [kW/K].
    used_kw : ndarray, shape (T,)
        What it moves at the incumbent [kW].
    weight : ndarray, shape (T,)
        How much of the mean's rise in the step it meets [-].

    Returns
    -------
    slope, limit, most : ndarray, shape (T,)
        ``heat + sign·slope·(water + weight·rise) ≤ limit`` [kW/K, kW], and the most heat [kW].
        In the first step, whose beginning is given, the row has only what the end adds.
    """
    # In the first step only the end is free.
    first = float(weight[0])
    reach = about.trust_region_k
    given_degc = start_degc[0]
    if np.isfinite(reach):
        low, high = start_degc - reach, start_degc + reach
        low[0], high[0] = given_degc - first * reach, given_degc + first * reach
    else:
        low, high = (np.full_like(start_degc, bound) for bound in config.bounds_degc)
        low[0], high[0] = (given_degc + first * (end[0] - given_degc) for end in (low, high))
    distance = sign * (body_degc - start_degc)
    edge = high if sign > 0 else low
    nearest = sign * (body_degc - edge)
    at_incumbent = conductance * np.maximum(distance, 0.0)
    # Where the trust region reaches past the body's temperature, the line through the limit at
    # the incumbent and nothing at the edge: exact at the incumbent, and never impossible.
    room = np.maximum(np.abs(edge - start_degc), 1e-9)
    tangent = (nearest >= 0) | ((used_kw > USED_KW) & (distance > 0))
    slope = np.where(tangent, conductance, at_incumbent / room)
    if not np.isfinite(reach):
        # Before the first simulation only the bounds are known: the best case is allowed.
        slope = np.zeros_like(slope)
        best = sign * (body_degc - (low if sign > 0 else high))
        at_incumbent = conductance * np.maximum(best, 0.0)
    # A trace of slope keeps the row where the limit is constant: the rows stay the same in
    # every iteration, so that each can start from the basis of the one before. There the row
    # must never bind, or it would hold the ring at one side of the incumbent.
    trace = TRACE * max(nominal_kw_per_k, 1.0)
    constant = slope < trace
    most_kw = np.where(constant, np.maximum(at_incumbent, TRACE_KW), np.inf)
    slope = np.where(constant, trace, slope)
    # The device's own size is a bound of its column. In this row it would hold the ring at the
    # side of the incumbent where a smaller device still moves as much.
    limit = at_incumbent + slope * sign * start_degc
    limit = np.where(constant, max_kw + trace * NEVER_DEGC, limit)
    if not (first and constant[0]):
        limit[0] = at_incumbent[0] + slope[0] * sign * first * about.temperature_degc[1]
    return slope, limit, most_kw


def bounds(
    rows: RingRows, about: Linearisation, row_bounds: dict[str, tuple[Floats, Floats]]
) -> None:
    """Keep water a margin within its bounds, but ask no more of it than the incumbent keeps.

    A dispatch at a bound would be found beyond it by what a linear programme leaves out, and
    refused for a thousandth of a kelvin.
    """
    if not rows.kept_within or not np.isfinite(about.trust_region_k):
        return
    degc = [about.temperature_degc[1:]]
    if rows.loop is not None and about.water is not None:
        places = [rows.loop.stations.index(name) for name in rows.loop.used_stations]
        degc += list(about.water.degc[places])
    low, high = rows.limits_degc
    most = np.clip(np.array(degc), high - rows.margin_k, high)
    least = np.clip(np.array(degc), low, low + rows.margin_k)
    free = np.full_like(low, np.nan)
    row_bounds["ring_temperature_max"] = (free, most)
    row_bounds["ring_temperature_min"] = (free, -least)


def machines(
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> None:
    """Electricity of machines, linear about the incumbent in heat and in the water's warmth."""
    if not rows.machines:
        return
    water_degc = _water_at_plant(rows, about)
    if not len(about.machine_per_kwh):  # nothing is simulated yet: as formulated
        return
    values[POWER_PER_KWH] = dict(zip(rows.machines, about.machine_per_kwh, strict=True))
    values[POWER_PER_K] = dict(zip(rows.machines, about.machine_per_k, strict=True))
    given = -about.machine_per_k * water_degc
    given[:, 0] = 0.0
    row_bounds["ring_power_balance"] = (given, given)


def trust_region(
    problem: Problem,
    rows: RingRows,
    about: Linearisation,
    most_kw: dict[str, Floats],
) -> dict[str, tuple[Floats, Floats]]:
    """Bounds on ring temperature, store levels and devices."""
    reach = about.trust_region_k
    ends = about.temperature_degc[1:]
    bounds = {}
    if rows.sees_water:
        bounds["ring_temperature"] = (ends - reach, ends + reach)
    if about.water is not None:
        bounds |= water_trust_region(rows, about.water, reach)
        if rows.pays_for_pump:
            pump_kwh = about.water.pump_kw * rows.step_h
            bounds["ring_pump"] = (pump_kwh, pump_kwh)
    if rows.devices:
        block = problem.variables["ring_heat"]
        most = np.zeros(block.shape)
        for k, name in enumerate(rows.devices):
            device = rows.devices[name]
            largest = rows.sizes[device.sized].most if device.sized else 1.0
            size = np.minimum(device.max_kw * largest, most_kw.get(name, np.inf))
            size = np.broadcast_to(size, block.shape[1:])
            most[k] = size * rows.step_h
        bounds["ring_heat"] = (np.zeros(block.shape), most)
    if rows.sizes:
        bounds["ring_size"] = size_bounds(rows, about.plant_sizes, reach)
    if "storage" in problem.variables:
        block = problem.variables["storage"]
        lower_kwh = np.full(block.shape, np.nan)
        upper_kwh = np.full(block.shape, np.nan)
        positions = block.positions()
        for store, most_kwh in rows.tank_most_kwh.items():
            upper_kwh[positions[(store,)]] = np.where(np.isfinite(most_kwh), most_kwh, np.nan)
        grows = np.nan_to_num(grows_by_kwh(rows, about))
        for k, store in enumerate(rows.stores):
            if not store or about.degc_per_kwh[k] == 0 or not np.isfinite(reach):
                continue
            room = reach / abs(about.degc_per_kwh[k]) + grows[k]
            item = positions[(store,)]
            lower_kwh[item] = np.fmax(lower_kwh[item], np.maximum(about.storage_kwh[k] - room, 0.0))
            lower_kwh[item] = np.fmin(lower_kwh[item], rows.tank_most_kwh.get(store, np.inf))
            upper_kwh[item] = np.fmin(upper_kwh[item], about.storage_kwh[k] + room)
        bounds["storage"] = (lower_kwh, upper_kwh)
        bounds |= tank_bounds(problem, rows, about)
    return bounds
