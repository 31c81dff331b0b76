"""A loop's water: waves of temperature along it, and the water that each place sees."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, Parameter
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.ring.heat import plant_heat, pump_heat, pump_output
from anello.optimise.formulation.ring.unknowns import loop_of, one, rows_of
from anello.optimise.formulation.ring.water import copies, later, temperature_before
from anello.optimise.formulation.ring_rows import (
    AT_END,
    AT_START,
    SHIFT_PER_KWH,
    UNSEEN_PER_KW,
    UNSEEN_PER_KWH,
    WATER_PER_KW,
    WATER_PER_SHIFT,
    WATER_PER_WAVE,
    WAVE_KEEP,
    WAVE_PER_KW,
    WAVE_PER_SHIFT,
    RingRows,
    pair,
)
from anello.optimise.formulation.system import TIME_AXIS


@constraint(
    "ring_station_balance",
    index="station, timestep",
    when="the ring is a loop",
    equation=r"Q_{s,t} = \frac{1}{h} (\sum_{at\,s} \sigma\, q + P + ring\_heat)",
)
def ring_station_balance(c: Context) -> Rows | None:
    """Heat enters a loop where heat pumps and balancing plant are."""
    rows, loop = rows_of(c), loop_of(c)
    if rows is None or loop is None:
        return None
    heat = pump_heat(c, rows).sum_into(list(loop.station_of), len(loop.stations))
    if rows.devices:
        heat = heat + plant_heat(c, rows).sum_into(rows.device_places, len(loop.stations))
    relation = c.system.variables["ring_station_heat"].at() - heat * (1.0 / c.resolution) == 0.0
    return Rows({"station": list(loop.stations)}, relation, TIME_AXIS)


@constraint(
    "ring_wave_balance",
    index="wave, timestep",
    when="the ring is a loop",
    equation=r"a_{k,t} = \kappa_{k,t}\, a_{k,t-1} + \sum_s b_{k,s,t}\, Q_{s,t}"
    r" + \beta_{k,t}\, s_{t-1} + \gamma_{k,t}\, s_t",
)
def ring_wave_balance(c: Context) -> Rows | None:
    """A wave, in mK, fades by losses, and grows by heat at the substations.

    Where the flow follows the load, heat falls on other water when the water is further.
    """
    loop = loop_of(c)
    if loop is None or not loop.waves:
        return None
    waves, stations = loop.waves, loop.stations
    amplitude = c.system.variables["ring_wave"]
    keep = Parameter(WAVE_KEEP, waves, np.zeros((len(waves), c.n_time)))
    faded = amplitude.at(steps=c.previous) * later(c) * keep
    both = [(w, s) for w in range(len(waves)) for s in range(len(stations))]
    labels = tuple(pair(waves[w], stations[s]) for w, s in both)
    heat = c.system.variables["ring_station_heat"].at([s for _, s in both])
    heat = heat * Parameter(WAVE_PER_KW, labels, np.zeros((len(both), c.n_time)))
    grown = heat.sum_into([w for w, _ in both], len(waves))
    if loop.shifts:
        grown = grown + _by_shift(c, WAVE_PER_SHIFT, waves)
    return Rows({"wave": list(waves)}, amplitude.at() - faded - grown == 0.0, TIME_AXIS)


def _by_shift(c: Context, name: str, labels: tuple[str, ...]) -> Expression:
    """What it does that the water is further, at the start of a step and at its end."""
    shift, zero = c.system.variables["ring_shift"], np.zeros((len(labels), c.n_time))
    start, end = (tuple(pair(one, when) for one in labels) for when in (AT_START, AT_END))
    before = copies(shift.at(steps=c.previous) * later(c), len(labels))
    return before * Parameter(name, start, zero) + copies(shift.at(), len(labels)) * Parameter(
        name, end, zero
    )


@constraint(
    "ring_shift_balance",
    index="ring, timestep",
    when="the flow of a loop follows its load",
    equation=r"s_t = s_{t-1} + \sum_n \chi_{n,t}\, (q_{n,t} - \bar{q}_{n,t})",
)
def ring_shift_balance(c: Context) -> Rows | None:
    """Output that calls for more flow brings the water further, then and ever after."""
    rows, loop = rows_of(c), loop_of(c)
    if rows is None or loop is None or not loop.shifts:
        return None
    shift = c.system.variables["ring_shift"]
    grown = (pump_output(c, rows) * _by_pump(c, rows, SHIFT_PER_KWH)).sum_items()
    return Rows(one(), shift.at() - shift.at(steps=c.previous) * later(c) - grown == 0.0, TIME_AXIS)


def _by_pump(c: Context, rows: RingRows, name: str) -> Parameter:
    return Parameter(name, rows.heat_pumps, np.zeros((len(rows.heat_pumps), c.n_time)))


@constraint(
    "ring_water_balance",
    index="place, timestep",
    when="the ring is a loop",
    equation=r"T_{p,t} = T_{t-1} + \sum_k c_{p,k,t}\, a_{k,t-1} + \sum_s \alpha_{p,s,t}\, Q_{s,t}"
    r" + \rho_{p,t}\, s_{t-1} + \tau_{p,t}\, s_t",
)
def ring_water_balance(c: Context) -> Rows | None:
    """Water at a place is warmer or colder than the mean by the waves that pass there.

    Heat at a place warms the water that comes to the next ones in the same step.

    Where the flow follows the load, it is other water that passes when the water is further.
    """
    rows, loop = rows_of(c), loop_of(c)
    if rows is None or loop is None:
        return None
    places, waves = loop.stations, loop.waves
    both = [(p, w) for p in range(len(places)) for w in range(len(waves))]
    labels = tuple(pair(places[p], waves[w]) for p, w in both)
    water = copies(temperature_before(c), len(places))
    if waves:
        part = c.system.variables["ring_wave"].at([w for _, w in both], c.previous) * later(c)
        part = part * Parameter(WATER_PER_WAVE, labels, np.zeros((len(both), c.n_time)))
        water = water + part.sum_into([p for p, _ in both], len(places))
    if loop.within_step:
        every = range(len(places))
        pairs = [(p, s) for p in every for s in every]
        zero = np.zeros((len(pairs), c.n_time))
        heat = c.system.variables["ring_station_heat"].at([s for _, s in pairs])
        heat = heat * Parameter(
            WATER_PER_KW, tuple(pair(places[p], places[s]) for p, s in pairs), zero
        )
        water = water + heat.sum_into([p for p, _ in pairs], len(places))
    if loop.shifts:
        water = water + _by_shift(c, WATER_PER_SHIFT, places)
    given = np.zeros((1, c.n_time))
    given[0, 0] = rows.initial_degc
    relation = c.system.variables["ring_water"].at() - water == given
    return Rows({"place": list(places)}, relation, TIME_AXIS)


@constraint(
    "ring_unseen_balance",
    index="ring, timestep",
    when="the ring is a loop",
    equation=r"ring\_unseen_t = \sum_s \lambda_{s,t}\, (Q_{s,t} - \bar{Q}_{s,t})"
    r" + \sum_n \mu_{n,t}\, (q_{n,t} - \bar{q}_{n,t})",
)
def ring_unseen_balance(c: Context) -> Rows | None:
    """Heat costs what the simulation says, where the programme's water says something else.

    Output costs what the flow does that it calls for, where the flow follows the load.
    """
    rows, loop = rows_of(c), loop_of(c)
    if rows is None or loop is None:
        return None
    stations = loop.stations
    zero = np.zeros((len(stations), c.n_time))
    heat = c.system.variables["ring_station_heat"].at()
    heat = heat * Parameter(UNSEEN_PER_KW, stations, zero)
    known = heat.sum_items()
    if loop.flow_follows:
        known = known + (pump_output(c, rows) * _by_pump(c, rows, UNSEEN_PER_KWH)).sum_items()
    relation = c.system.variables["ring_unseen"].at() - known == 0.0
    return Rows(one(), relation, TIME_AXIS)
