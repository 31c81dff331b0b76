"""A borefield inside the linear programme: its memory, and what it can give because of it.

The ground is a chain of thermal masses (:mod:`anello.ring.borefield.field`), and each adds one
row of four entries a step. What the field may exchange follows from masses and water, both
variables. A long programme does not follow the masses: the ground is the incumbent's.
"""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, Parameter, Term
from anello.optimise.formulation.registry import Columns, Rows, constraint, variable
from anello.optimise.formulation.ring.sizes import more_by_size, sizes_of
from anello.optimise.formulation.ring.water import copies, later, met_by
from anello.optimise.formulation.ring_rows import (
    ALWAYS,
    FIELD,
    FIELD_PER_K,
    FIELD_PER_MASS,
    FIELD_PER_RISE,
    FieldRows,
    pair,
)
from anello.optimise.formulation.system import TIME_AXIS


def _field(c: Context) -> FieldRows | None:
    return c.ring.field if c.ring is not None else None


def _ways(c: Context, field: FieldRows) -> Expression:
    """Heat of the field's ways [kW]."""
    assert c.ring is not None
    order = list(c.ring.devices)
    heat = c.system.variables["ring_heat"].at([order.index(name) for name in field.ways])
    return heat * (1.0 / c.resolution)


def _net(c: Context, field: FieldRows) -> Expression:
    """Heat that the field puts into the ring [kW]."""
    return (_ways(c, field) * np.array(field.signs)).sum_items()


def _masses_before(c: Context) -> Expression:
    """What the masses lower the wall by at the start of each step; nothing at the first."""
    return c.system.variables["ring_field"].at(steps=c.previous) * later(c)


def _met(c: Context, field: FieldRows, labels: tuple[str, ...], per_k: Parameter) -> Expression:
    """What water at 0 °C would get more than that which the field meets, row by row [kW]."""
    per_rise = Parameter(FIELD_PER_RISE, labels, np.zeros((len(labels), c.n_time)))
    return met_by(c, [field.station] * len(labels), per_k, per_rise)


def _at_rest(c: Context, field: FieldRows) -> Array:
    """What unused ground gives to water at 0 °C; to the given water in the first step [kW]."""
    assert c.ring is not None
    given: Array = field.kw_per_k * field.undisturbed_degc
    given[0] -= field.kw_per_k[0] * c.ring.initial_degc
    return given


def _memory(c: Context, field: FieldRows, labels: tuple[str, ...], kw_per_k: Array) -> Expression:
    """What the masses take from what the field can give, row by row [kW]."""
    count = len(field.masses)
    both = [(row, mass) for row in range(len(labels)) for mass in range(count)]
    named = tuple(pair(labels[row], field.masses[mass]) for row, mass in both)
    start = np.array([kw_per_k * field.keep[mass] for _, mass in both])
    before = c.system.variables["ring_field"].at([mass for _, mass in both], c.previous)
    before = before * later(c) * Parameter(FIELD_PER_MASS, named, start)
    return before.sum_into([row for row, _ in both], len(labels))


@variable(
    "ring_field",
    index="mass, timestep",
    when="the programme schedules a borefield, and follows its thermal masses",
    domain=r"\in \mathbb{R} \; [\mathrm{K}]",
)
def ring_field(c: Context) -> Columns | None:
    """What a thermal mass of the ground lowers the borehole wall by at the end of a step."""
    field = _field(c)
    if field is None or not field.followed:
        return None
    return Columns({"mass": list(field.masses)}, TIME_AXIS, lower=-float("inf"))


@constraint(
    "ring_field_balance",
    index="mass, timestep",
    when="the programme schedules a borefield, and follows its thermal masses",
    equation=r"y_{j,t} = \varphi_j\, y_{j,t-1} + \frac{(1 - \varphi_j) R_j}{2 \pi k L}"
    r" \frac{1}{h} \sum \sigma\, ring\_heat",
)
def ring_field_balance(c: Context) -> Rows | None:
    """A thermal mass of the ground relaxes, and follows the heat that is taken out."""
    field = _field(c)
    if field is None or not field.followed:
        return None
    count = len(field.masses)
    net = _net(c, field)
    heat = net.sum_into([0], count)
    for row in range(1, count):
        heat = heat + net.sum_into([row], count)
    end = c.system.variables["ring_field"].at()
    relation = end - _masses_before(c) * field.keep - heat * field.drop_k_per_kw == 0.0
    return Rows({"mass": list(field.masses)}, relation, TIME_AXIS)


@constraint(
    "ring_field_max",
    index="device, timestep",
    when="the programme schedules a borefield that exchanges when it is asked to",
    equation=r"ring\_heat / h \le \sigma\, G\,"
    r"(T_0 - \sum_j \varphi_j y_{j,t-1} - T_{p,t} - w\,(T_t - T_{t-1}))",
)
def ring_field_max(c: Context) -> Rows | None:
    """A borefield gives no more than wall and water allow.

    The coefficients start at zero and are patched: the line depends on which of wall and water is
    the warmer.
    """
    field = _field(c)
    if field is None or field.always:
        return None
    signs = np.array(field.signs)[:, None]
    zero = np.zeros((len(field.ways), c.n_time))
    per_k = Parameter(FIELD_PER_K, field.ways, zero)
    water = _met(c, field, field.ways, per_k) * signs
    taken = _ways(c, field) + water
    if field.followed:
        taken = taken + _memory(c, field, field.ways, 0.0 * field.kw_per_k) * signs
    taken = _less_by_size(c, taken, field.ways)
    relation = taken <= zero + field.most_kw
    return Rows({"device": list(field.ways)}, relation, TIME_AXIS)


@constraint(
    "ring_field_always",
    index="ring, timestep",
    when="the programme sees a borefield that exchanges all the time",
    equation=r"\frac{1}{h} \sum \sigma\, ring\_heat"
    r" = G\,(T_0 - \sum_j \varphi_j y_{j,t-1} - T_{p,t} - w\,(T_t - T_{t-1}))",
)
def ring_field_always(c: Context) -> Rows | None:
    """A borefield in the flow gives what wall and water make it give."""
    field = _field(c)
    if field is None or not field.always:
        return None
    per_k = Parameter(FIELD_PER_K, (ALWAYS,), field.kw_per_k[None, :])
    water = _met(c, field, (ALWAYS,), per_k)
    taken = _net(c, field) + water
    if field.followed:
        taken = taken + _memory(c, field, (ALWAYS,), field.kw_per_k)
    relation = _less_by_size(c, taken, (ALWAYS,)) == _at_rest(c, field)[None, :]
    return Rows({"ring": ["ring"]}, relation, TIME_AXIS)


@constraint(
    "ring_field_fluid",
    index="device, timestep",
    when="the programme schedules a borefield that exchanges when it is asked to, and whose fluid"
    " has limits within the ring's bounds",
    equation=r"ring\_heat / h \le \sigma\, F\,(T_0 - \sum_j \varphi_j y_{j,t-1} - T_{limit})",
)
def ring_field_fluid(c: Context) -> Rows | None:
    """The fluid that enters the boreholes stays within its limits."""
    field = _field(c)
    if field is None or field.always or not field.fluid_binds:
        return None
    needed = _fluid(c, field, (_masses_before(c) * field.keep).sum_items())
    return Rows({"device": list(field.ways)}, needed <= 0.0, TIME_AXIS)


def _less_by_size(c: Context, taken: Expression, labels: tuple[str, ...]) -> Expression:
    """What is taken, less what a field of the size that is chosen may give more."""
    assert c.ring is not None
    if FIELD not in c.ring.sizes:
        return taken
    more = more_by_size(c, c.ring, labels, [FIELD] * len(labels))
    assert more is not None
    return taken - more


def _fluid(c: Context, field: FieldRows, drop: Expression) -> Expression:
    """Heat of each way and what a drop of the idle wall takes from it, less the most of both.

    Exact for a field of any size: both the heat of the way and the drop are shared by it.
    """
    assert c.ring is not None
    per_k = np.array([sign * field.fluid_kw_per_k for sign in field.signs])
    limits = [field.fluid_degc[0] if sign > 0 else field.fluid_degc[1] for sign in field.signs]
    room = field.undisturbed_degc - np.array(limits)[:, None]
    taken = _ways(c, field) + copies(drop, len(field.ways)) * per_k
    if FIELD not in c.ring.sizes:
        return taken - per_k * room
    return taken - sizes_of(c, c.ring, [FIELD] * len(field.ways)) * (per_k * room)


@variable(
    "ring_field_beyond",
    index="device",
    when="the programme holds a borefield's fluid within its limits at the horizon",
    domain=r"\ge 0 \; [\mathrm{K}]",
)
def ring_field_beyond(c: Context) -> Columns | None:
    """How far the fluid is beyond its limits in the horizon's last year; penalised."""
    field = _field(c)
    if field is None or field.carried is None:
        return None
    return Columns({"device": list(field.ways)})


@constraint(
    "ring_field_horizon",
    index="device, timestep",
    when="the programme holds a borefield's fluid within its limits at the horizon",
    equation=r"ring\_heat / h \le \sigma\, F\,(T_0 - \sum_j (\varphi_j y_{j,t-1}"
    r" + e^{-t/\tau_j} \frac{1 - \Phi_j^{N-1}}{1 - \Phi_j} y_{j,end}) - T_{limit})"
    r" + F\, ring\_field\_beyond",
)
def ring_field_horizon(c: Context) -> Rows | None:
    """The fluid stays within its limits in the last of many years that are like this one.

    A mass that a year leaves at y after a start at rest begins year N at y·(1 − Φᴺ⁻¹)/(1 − Φ) with
    Φ what a year leaves of it, and that decays over the year: exact, as the ground is linear.
    """
    field = _field(c)
    if field is None or field.carried is None:
        return None
    ends = c.system.variables["ring_field"].block.numbers[:, -1:]
    cols = np.broadcast_to(ends, field.carried.shape)
    rows = np.zeros(len(field.masses), dtype=np.int64)
    carried = Expression(1, c.n_time, [Term(rows, cols, field.carried)])
    drop = (_masses_before(c) * field.keep).sum_items() + carried
    needed = _fluid(c, field, drop)
    count = len(field.ways)
    slack = c.system.variables["ring_field_beyond"].block.numbers[:, None]
    beyond = Term(
        np.arange(count, dtype=np.int64),
        np.broadcast_to(slack, (count, c.n_time)),
        np.broadcast_to(-field.fluid_kw_per_k, (count, c.n_time)),
    )
    relation = needed + Expression(count, c.n_time, [beyond]) <= 0.0
    return Rows({"device": list(field.ways)}, relation, TIME_AXIS)
