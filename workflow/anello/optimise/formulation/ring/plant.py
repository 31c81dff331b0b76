"""The balancing plant of a ring: its limits, its electricity and cost, and the bounds it keeps."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.doublet import supply_shift
from anello.optimise.formulation.expression import Expression, Parameter
from anello.optimise.formulation.registry import Named, Rows, constraint, expression
from anello.optimise.formulation.ring.heat import electricity_pairs
from anello.optimise.formulation.ring.sizes import more_by_size
from anello.optimise.formulation.ring.unknowns import one, rows_of
from anello.optimise.formulation.ring.water import met_by, water_at
from anello.optimise.formulation.ring_rows import (
    EXCHANGE_PER_K,
    EXCHANGE_PER_RISE,
    POWER_PER_K,
    POWER_PER_KWH,
    RingRows,
)
from anello.optimise.formulation.system import TIME_AXIS


def plant_electricity(c: Context) -> tuple[str, Expression, str] | None:
    """Location, electricity [kWh] and carrier of plant and pump, if a location pays."""
    rows = rows_of(c)
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
    rows = rows_of(c)
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


@expression(
    "ring_end",
    index="ring",
    when="what the ring holds at the end has a price",
    equation=r"c_{end}\, C\, (T_0 - T_{last})",
)
def ring_end(c: Context) -> Named | None:
    """Cost of a ring that ends colder than it began; negative where it ends warmer."""
    rows = rows_of(c)
    if rows is None or not rows.end_credit_eur_per_k:
        return None
    last = np.zeros((1, c.n_time))
    last[0, -1] = -rows.end_credit_eur_per_k
    warmer = (c.system.variables["ring_temperature"].at() * last).sum_time()
    return Named(one(), warmer + rows.end_credit_eur_per_k * rows.initial_degc)


@constraint(
    "ring_exchange_max",
    index="device, timestep",
    when="the programme schedules wells, or a dry cooler",
    equation=r"ring\_heat / h \le \sigma\, G\,(T_{body} - T_{p,t} - w\,(T_t - T_{t-1}))",
)
def ring_exchange_max(c: Context) -> Rows | None:
    """An exchanger moves no more than it can towards the temperature on its other side.

    It meets the water that comes to it, and w of what the water's mean changes in the step, where
    that is well mixed or comes round several times.
    """
    rows = rows_of(c)
    if rows is None or not rows.exchangers:
        return None
    names, order = rows.exchangers, list(rows.devices)
    signs = np.array([[rows.devices[name].sign] for name in names])
    most = np.array([np.broadcast_to(rows.devices[name].max_kw, c.n_time) for name in names])
    heat = c.system.variables["ring_heat"].at([order.index(name) for name in names])
    per_k = Parameter(EXCHANGE_PER_K, names, np.zeros((len(names), c.n_time)))
    per_rise = Parameter(EXCHANGE_PER_RISE, names, np.zeros((len(names), c.n_time)))
    limit = met_by(c, [rows.plant_water] * len(names), per_k, per_rise) * signs
    taken = heat * (1.0 / c.resolution) + limit
    more = more_by_size(c, rows, names, [rows.devices[name].sized for name in names])
    if more is not None:
        taken = taken - more
    shift = supply_shift(c, names)
    relation = (taken if shift is None else taken + shift) <= most
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
    rows = rows_of(c)
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
    when="the programme schedules a chiller or a central heat pump",
    equation=r"ring\_power = e_t\, ring\_heat + g_t\,(T_{t-1} - \bar{T}_{t-1})",
)
def ring_power_balance(c: Context) -> Rows | None:
    """A machine pays for its heat by the temperatures it works between."""
    rows = rows_of(c)
    if rows is None or not rows.machines:
        return None
    names, order = rows.machines, list(rows.devices)
    zero = np.zeros((len(names), c.n_time))
    heat = c.system.variables["ring_heat"].at([order.index(name) for name in names])
    water = water_at(c, [rows.plant_water] * len(names))
    start = np.array([rows.devices[name].start_kwh_per_kwh for name in names])
    paid = heat * Parameter(POWER_PER_KWH, names, start)
    paid = paid + water * Parameter(POWER_PER_K, names, zero)
    relation = c.system.variables["ring_power"].at() - paid == 0.0
    return Rows({"device": list(names)}, relation, TIME_AXIS)
