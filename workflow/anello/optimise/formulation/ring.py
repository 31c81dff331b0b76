"""The ring inside the linear programme: temperature, balancing plant, and what both do to COP.

The rows are linear about an incumbent dispatch; the sequential linear programme of
:mod:`anello.coupling.slp` patches their numbers in every iteration. With all numbers at zero the
heat pumps keep the COP they were given and only the ring's temperature is tracked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anello.errors import InputError, Problem
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, IntArray, Parameter
from anello.optimise.formulation.registry import (
    Columns,
    Named,
    Rows,
    constraint,
    expression,
    variable,
)
from anello.optimise.formulation.ring_rows import LoopRows, RingRows
from anello.optimise.formulation.sets import Pairs
from anello.optimise.formulation.system import TIME_AXIS

INF = float("inf")
PER_K = "ring_output_per_k"
PER_KWH = "ring_output_per_kwh"
EXCHANGE_PER_K = "ring_exchange_kw_per_k"
POWER_PER_KWH = "ring_power_per_kwh"
POWER_PER_K = "ring_power_per_k"
WAVE_KEEP = "ring_wave_keep"
WAVE_PER_KW = "ring_wave_per_kw"
WATER_PER_WAVE = "ring_water_per_wave"
UNSEEN_PER_KW = "ring_unseen_per_kw"


def pair(first: str, second: str) -> str:
    """Label of a number that belongs to two things, for patching."""
    return f"{first}|{second}"


def _rows(c: Context) -> RingRows | None:
    return c.ring


def _one(name: str = "ring") -> dict[str, list[str]]:
    return {"ring": [name]}


@variable(
    "ring_temperature",
    index="ring, timestep",
    when="the ring is part of the programme",
    domain=r"\in \mathbb{R} \; [\mathrm{°C}]",
)
def ring_temperature(c: Context) -> Columns | None:
    """Temperature of the ring at the end of a step."""
    return Columns(_one(), TIME_AXIS, lower=-INF) if _rows(c) else None


@variable(
    "ring_heat",
    index="device, timestep",
    when="the programme schedules the balancing plant",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def ring_heat(c: Context) -> Columns | None:
    """Heat that a device of the balancing plant moves in a step."""
    rows = _rows(c)
    return Columns({"device": list(rows.devices)}, TIME_AXIS) if rows and rows.devices else None


@variable(
    "ring_power",
    index="device, timestep",
    when="the programme schedules a chiller",
    domain=r"\in \mathbb{R} \; [\mathrm{kWh}]",
)
def ring_power(c: Context) -> Columns | None:
    """Electricity of a device of the plant whose COP follows the water's temperature."""
    rows = _rows(c)
    if rows is None or not rows.machines:
        return None
    return Columns({"device": list(rows.machines)}, TIME_AXIS, lower=-INF)


@variable(
    "ring_beyond",
    index="place, timestep",
    when="the programme schedules the balancing plant",
    domain=r"\ge 0 \; [\mathrm{K}]",
)
def ring_beyond(c: Context) -> Columns | None:
    """How far water is beyond the ring's bounds; penalised, so that no ring is impossible."""
    rows = _rows(c)
    if rows is None or not rows.kept_within:
        return None
    return Columns({"place": list(rows.kept_within)}, TIME_AXIS)


@variable(
    "ring_wave",
    index="wave, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{K}]",
)
def ring_wave(c: Context) -> Columns | None:
    """Amplitude of a wave of temperature along the loop's water at the end of a step."""
    loop = _loop(c)
    if loop is None or not loop.waves:
        return None
    return Columns({"wave": list(loop.waves)}, TIME_AXIS, lower=-INF)


@variable(
    "ring_station_heat",
    index="station, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{kW}]",
)
def ring_station_heat(c: Context) -> Columns | None:
    """Heat that enters the loop at a substation."""
    loop = _loop(c)
    return Columns({"station": list(loop.stations)}, TIME_AXIS, lower=-INF) if loop else None


@variable(
    "ring_water",
    index="place, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{°C}]",
)
def ring_water(c: Context) -> Columns | None:
    """Temperature of the water that comes to a place in a step, as it is at the step's start."""
    loop = _loop(c)
    return Columns({"place": list(loop.stations)}, TIME_AXIS, lower=-INF) if loop else None


@variable(
    "ring_unseen",
    index="ring, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [€]",
)
def ring_unseen(c: Context) -> Columns | None:
    """Cost of heat at substations by what mean and waves do not show of the water."""
    return Columns(_one(), TIME_AXIS, lower=-INF) if _loop(c) else None


@variable(
    "ring_pump",
    index="ring, timestep",
    when="the ring is a loop, and a location's electricity balance carries plant and pump",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def ring_pump(c: Context) -> Columns | None:
    """Electricity of the circulation pump; it follows from the flow and is given."""
    rows = _rows(c)
    return Columns(_one(), TIME_AXIS, upper=0.0) if rows and rows.pays_for_pump else None


def _loop(c: Context) -> LoopRows | None:
    rows = _rows(c)
    return rows.loop if rows is not None else None


def _later(c: Context) -> Array:
    """One in every step, but nothing in the first, whose beginning is given."""
    later = np.ones((1, c.n_time))
    later[0, 0] = 0.0
    return later


def _temperature_before(c: Context) -> Expression:
    """Ring temperature at the start of each step, the first excepted (it is given)."""
    return c.system.variables["ring_temperature"].at(steps=c.previous) * _later(c)


def _water_at(c: Context, places: Sequence[int]) -> Expression:
    """Temperature of the water at places of a loop, or of well-mixed water, row by row."""
    if _loop(c) is not None:
        return c.system.variables["ring_water"].at(list(places)) * _later(c)
    return _copies(_temperature_before(c), len(places))


def _copies(one: Expression, count: int) -> Expression:
    """The same single row, several times."""
    total = one.sum_into([0], count)
    for row in range(1, count):
        total = total + one.sum_into([row], count)
    return total


def electricity_pairs(c: Context, rows: RingRows) -> Pairs:
    """(node, carrier) of the electricity each heat pump takes."""
    primary = c.data.inputs["primary_carrier_in"].values
    pairs = []
    for label in rows.heat_pumps:
        n = c.sets.position[label]
        carrier = str(primary[n]) if c.sets.base[n] == "conversion_plus" else ""
        pairs.append((n, carrier or c.sets.tier(n, "in")[0]))
    return pairs


def cop_feedback(c: Context, nodes: IntArray) -> Expression | None:
    """What ring and store temperature add to the output of heat pumps, for their balance rows.

    ``q = COP·P + g_T·(T − T̄) + g_E·(E − Ē)`` with ``g = q̄/COP · ∂COP/∂(T, E)``; constants go to
    the right-hand side. The coefficients start at zero and are patched.
    """
    rows = _rows(c)
    if rows is None:
        return None
    where = {label: k for k, label in enumerate(rows.heat_pumps)}
    pumps = [k for k, n in enumerate(nodes) if c.sets.labels[n] in where]
    if not pumps:
        return None
    labels = tuple(c.sets.labels[nodes[k]] for k in pumps)
    zero = np.zeros((len(pumps), c.n_time))
    places = [rows.loop.station_of[where[label]] if rows.loop else 0 for label in labels]
    source = _water_at(c, places)
    total = (source * Parameter(PER_K, labels, zero)).sum_into(pumps, len(nodes))
    stored = [k for k, label in enumerate(labels) if rows.stores[where[label]]]
    if stored:
        stores = [_store_position(c, labels[k], rows.stores[where[labels[k]]]) for k in stored]
        levels = c.node_var("storage", stores, c.previous) * _later(c)
        names = tuple(labels[k] for k in stored)
        effect = levels * Parameter(PER_KWH, names, zero[stored])
        total = total + effect.sum_into([pumps[k] for k in stored], len(nodes))
    return total


def _store_position(c: Context, pump: str, store: str) -> int:
    """Where a heat pump's store is among the nodes.

    Raises
    ------
    InputError
        If the model has none.
    """
    if store not in c.sets.position:
        raise InputError(
            Problem(
                f"the model has no store `{store}`, whose temperature this heat pump follows",
                key=pump,
                suggestion=f"Give `{pump}` a fixed `use_temperature` under `ring.heat_pumps`",
            )
        )
    return c.sets.position[store]


def plant_electricity(c: Context) -> tuple[str, Expression, str] | None:
    """Location, electricity [kWh] and carrier of plant and pump, if a location pays."""
    rows = _rows(c)
    if rows is None or not rows.devices or rows.electricity_location is None:
        return None
    per_kwh = np.array([d.electricity_kwh_per_kwh for d in rows.devices.values()])
    taken = (c.system.variables["ring_heat"].at() * per_kwh).sum_items()
    if rows.machines:
        taken = taken + c.system.variables["ring_power"].at().sum_items()
    if rows.pays_for_pump:
        taken = taken + c.system.variables["ring_pump"].at()
    return rows.electricity_location, taken, electricity_pairs(c, rows)[0][1]


@expression(
    "ring_cost",
    index="device",
    when="the programme schedules the balancing plant",
    equation=r"\sum_t w_t ((c_{device} + c_{electricity}\, e_{device})\, ring\_heat"
    r" + c_{electricity}\, ring\_power)",
)
def ring_cost(c: Context) -> Named | None:
    """Cost of the balancing plant that no location's electricity balance carries."""
    rows = _rows(c)
    if rows is None or not rows.devices:
        return None
    price = rows.electricity_price_eur_per_kwh if rows.electricity_location is None else 0.0
    per_kwh = np.array(
        [d.cost_eur_per_kwh + price * d.electricity_kwh_per_kwh for d in rows.devices.values()]
    )
    cost = c.system.variables["ring_heat"].at() * (per_kwh[:, None] * c.weight)
    if rows.machines and price:
        where = [list(rows.devices).index(name) for name in rows.machines]
        power = c.system.variables["ring_power"].at() * (price * c.weight)
        cost = cost + power.sum_into(where, len(rows.devices))
    return Named({"device": list(rows.devices)}, cost.sum_time())


def _pump_heat(c: Context, rows: RingRows) -> Expression:
    """Heat of each heat pump into the ring [kWh]."""
    pumps = [c.sets.position[label] for label in rows.heat_pumps]
    output = c.prod(c.out_pairs(pumps)) * np.array(rows.sigma)
    return output - c.con(electricity_pairs(c, rows))


def _plant_heat(c: Context, rows: RingRows) -> Expression:
    """Heat of each device of the scheduled plant into the ring [kWh]."""
    signs = np.array([device.sign for device in rows.devices.values()])
    return c.system.variables["ring_heat"].at() * signs


@constraint(
    "ring_balance",
    index="ring, timestep",
    when="the ring is part of the programme",
    equation=r"T_t = \varphi T_{t-1} + (1 - \varphi) T_{ground}"
    r" + \frac{\psi}{h} (\sum \sigma\, q + P + \sum ring\_heat)",
)
def ring_balance(c: Context) -> Rows | None:
    """The ring warms by what heat pumps and balancing plant put in, less its losses."""
    rows = _rows(c)
    if rows is None:
        return None
    _require_plain(c, [c.sets.position[label] for label in rows.heat_pumps])
    heat = _pump_heat(c, rows).sum_items()
    if rows.devices:
        heat = heat + _plant_heat(c, rows).sum_items()
    end = c.system.variables["ring_temperature"].at()
    start = _temperature_before(c) * rows.phi[None, :]
    given = rows.gain_degc.copy()
    given[0] += rows.phi[0] * rows.initial_degc
    relation = end - start - heat * (rows.psi[None, :] / c.resolution) == given[None, :]
    return Rows(_one(), relation, TIME_AXIS)


@constraint(
    "ring_station_balance",
    index="station, timestep",
    when="the ring is a loop",
    equation=r"Q_{s,t} = \frac{1}{h} (\sum_{at\,s} \sigma\, q + P + ring\_heat)",
)
def ring_station_balance(c: Context) -> Rows | None:
    """Heat enters a loop where heat pumps and balancing plant are."""
    rows, loop = _rows(c), _loop(c)
    if rows is None or loop is None:
        return None
    heat = _pump_heat(c, rows).sum_into(list(loop.station_of), len(loop.stations))
    if rows.devices:
        heat = heat + _plant_heat(c, rows).sum_into(rows.device_places, len(loop.stations))
    relation = c.system.variables["ring_station_heat"].at() - heat * (1.0 / c.resolution) == 0.0
    return Rows({"station": list(loop.stations)}, relation, TIME_AXIS)


@constraint(
    "ring_wave_balance",
    index="wave, timestep",
    when="the ring is a loop",
    equation=r"a_{k,t} = \kappa_{k,t}\, a_{k,t-1} + \sum_s b_{k,s,t}\, Q_{s,t}",
)
def ring_wave_balance(c: Context) -> Rows | None:
    """A wave fades by losses, and grows by heat at the substations."""
    loop = _loop(c)
    if loop is None or not loop.waves:
        return None
    waves, stations = loop.waves, loop.stations
    amplitude = c.system.variables["ring_wave"]
    keep = Parameter(WAVE_KEEP, waves, np.zeros((len(waves), c.n_time)))
    faded = amplitude.at(steps=c.previous) * _later(c) * keep
    both = [(w, s) for w in range(len(waves)) for s in range(len(stations))]
    labels = tuple(pair(waves[w], stations[s]) for w, s in both)
    heat = c.system.variables["ring_station_heat"].at([s for _, s in both])
    heat = heat * Parameter(WAVE_PER_KW, labels, np.zeros((len(both), c.n_time)))
    grown = heat.sum_into([w for w, _ in both], len(waves))
    return Rows({"wave": list(waves)}, amplitude.at() - faded - grown == 0.0, TIME_AXIS)


@constraint(
    "ring_water_balance",
    index="place, timestep",
    when="the ring is a loop",
    equation=r"T_{p,t} = T_{t-1} + \sum_k c_{p,k,t}\, a_{k,t-1}",
)
def ring_water_balance(c: Context) -> Rows | None:
    """Water at a place is warmer or colder than the mean by the waves that pass there."""
    rows, loop = _rows(c), _loop(c)
    if rows is None or loop is None:
        return None
    places, waves = loop.stations, loop.waves
    both = [(p, w) for p in range(len(places)) for w in range(len(waves))]
    labels = tuple(pair(places[p], waves[w]) for p, w in both)
    water = _copies(_temperature_before(c), len(places))
    if waves:
        part = c.system.variables["ring_wave"].at([w for _, w in both], c.previous) * _later(c)
        part = part * Parameter(WATER_PER_WAVE, labels, np.zeros((len(both), c.n_time)))
        water = water + part.sum_into([p for p, _ in both], len(places))
    given = np.zeros((1, c.n_time))
    given[0, 0] = rows.initial_degc
    relation = c.system.variables["ring_water"].at() - water == given
    return Rows({"place": list(places)}, relation, TIME_AXIS)


@constraint(
    "ring_unseen_balance",
    index="ring, timestep",
    when="the ring is a loop",
    equation=r"ring\_unseen_t = \sum_s \lambda_{s,t}\, (Q_{s,t} - \bar{Q}_{s,t})",
)
def ring_unseen_balance(c: Context) -> Rows | None:
    """Heat costs what the simulation says, where the programme's water says something else."""
    loop = _loop(c)
    if loop is None:
        return None
    stations = loop.stations
    zero = np.zeros((len(stations), c.n_time))
    heat = c.system.variables["ring_station_heat"].at()
    heat = heat * Parameter(UNSEEN_PER_KW, stations, zero)
    relation = c.system.variables["ring_unseen"].at() - heat.sum_items() == 0.0
    return Rows(_one(), relation, TIME_AXIS)


def _require_plain(c: Context, pumps: list[int]) -> None:
    """Refuse heat pumps whose output is not simply COP times electricity."""
    problems = []
    for n in pumps:
        label = c.sets.labels[n]
        outs, ins = c.sets.tier(n, "out"), c.sets.tier(n, "in")
        if c.sets.base[n] not in ("conversion", "conversion_plus"):
            problems.append(
                Problem(
                    f"a heat pump of the ring must be a conversion, not {c.sets.base[n]}",
                    key=label,
                )
            )
        elif len(outs) != 1 or len(ins) != 1:
            problems.append(
                Problem(
                    "a heat pump of the ring has one carrier in and one out in its first tier",
                    key=label,
                    value={"in": ins, "out": outs},
                )
            )
        elif c.sets.base[n] == "conversion_plus" and not (
            np.all(c.ratio([(n, outs[0])], "out") == 1)
            and np.all(c.ratio([(n, ins[0])], "in") == 1)
        ):
            problems.append(Problem("a heat pump of the ring has carrier ratios of 1", key=label))
    if problems:
        raise InputError(problems)


@constraint(
    "ring_exchange_max",
    index="device, timestep",
    when="the programme schedules wells, or a dry cooler",
    equation=r"ring\_heat / h \le \sigma\, G\,(T_{body} - T_{t-1})",
)
def ring_exchange_max(c: Context) -> Rows | None:
    """An exchanger moves no more than it can towards the temperature on its other side."""
    rows = _rows(c)
    if rows is None or not rows.exchangers:
        return None
    names, order = rows.exchangers, list(rows.devices)
    signs = np.array([[rows.devices[name].sign] for name in names])
    most = np.array([np.broadcast_to(rows.devices[name].max_kw, c.n_time) for name in names])
    heat = c.system.variables["ring_heat"].at([order.index(name) for name in names])
    per_k = Parameter(EXCHANGE_PER_K, names, np.zeros((len(names), c.n_time)))
    limit = _water_at(c, [rows.plant_water] * len(names)) * signs * per_k
    relation = heat * (1.0 / c.resolution) + limit <= most
    return Rows({"device": list(names)}, relation, TIME_AXIS)


def _kept_water(c: Context, rows: RingRows) -> Expression:
    """The water that is kept within the bounds: the mean at a step's end, and at substations."""
    count = len(rows.kept_within)
    water = c.system.variables["ring_temperature"].at().sum_into([0], count)
    if rows.loop is None:
        return water
    places = [rows.loop.stations.index(name) for name in rows.loop.used_stations]
    at_stations = c.system.variables["ring_water"].at(places)
    return water + at_stations.sum_into(list(range(1, count)), count)


def _bound(c: Context, sign: float, side: int) -> Rows | None:
    rows = _rows(c)
    if rows is None or not rows.kept_within:
        return None
    beyond = c.system.variables["ring_beyond"].at()
    relation = _kept_water(c, rows) * sign - beyond <= sign * rows.limits_degc[side] - rows.margin_k
    return Rows({"place": list(rows.kept_within)}, relation, TIME_AXIS)


@constraint(
    "ring_temperature_max",
    index="place, timestep",
    when="the programme schedules the balancing plant",
    equation=r"T_{p,t} - ring\_beyond_{p,t} \le T^{max}",
)
def ring_temperature_max(c: Context) -> Rows | None:
    """Water stays below the ring's upper bound, or what is beyond it is penalised."""
    return _bound(c, 1.0, 1)


@constraint(
    "ring_temperature_min",
    index="place, timestep",
    when="the programme schedules the balancing plant",
    equation=r"-T_{p,t} - ring\_beyond_{p,t} \le -T^{min}",
)
def ring_temperature_min(c: Context) -> Rows | None:
    """Water stays above the ring's lower bound, or what is beyond it is penalised."""
    return _bound(c, -1.0, 0)


@constraint(
    "ring_power_balance",
    index="device, timestep",
    when="the programme schedules a chiller",
    equation=r"ring\_power = e_t\, ring\_heat + g_t\,(T_{t-1} - \bar{T}_{t-1})",
)
def ring_power_balance(c: Context) -> Rows | None:
    """A chiller pays for its heat by the temperatures it works between."""
    rows = _rows(c)
    if rows is None or not rows.machines:
        return None
    names, order = rows.machines, list(rows.devices)
    zero = np.zeros((len(names), c.n_time))
    heat = c.system.variables["ring_heat"].at([order.index(name) for name in names])
    water = _water_at(c, [rows.plant_water] * len(names))
    start = np.array([rows.devices[name].start_kwh_per_kwh for name in names])
    paid = heat * Parameter(POWER_PER_KWH, names, start)
    paid = paid + water * Parameter(POWER_PER_K, names, zero)
    relation = c.system.variables["ring_power"].at() - paid == 0.0
    return Rows({"device": list(names)}, relation, TIME_AXIS)
