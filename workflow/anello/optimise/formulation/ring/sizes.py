"""Sizes of the plant's devices that the programme chooses together with their heat."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, Parameter
from anello.optimise.formulation.registry import (
    Columns,
    Named,
    Rows,
    constraint,
    expression,
    variable,
)
from anello.optimise.formulation.ring.unknowns import rows_of
from anello.optimise.formulation.ring_rows import EXCHANGE_PER_SIZE, SIZE_REACH_KW, RingRows
from anello.optimise.formulation.system import TIME_AXIS


@variable(
    "ring_size",
    index="part",
    when="the programme chooses sizes of the balancing plant",
    domain=r"\ge 0 \; [-]",
)
def ring_size(c: Context) -> Columns | None:
    """Size of a device of the plant, as a share of that described."""
    rows = rows_of(c)
    if rows is None or not rows.sizes:
        return None
    # Each device's own limits come with the numbers of an iteration.
    return Columns({"part": list(rows.sizes)}, upper=max(s.most for s in rows.sizes.values()))


def _sizes_of(c: Context, rows: RingRows, ways: list[str]) -> Expression:
    """The size of the device that each way belongs to."""
    order = list(rows.sizes)
    return c.system.variables["ring_size"].at([order.index(rows.devices[w].sized) for w in ways])


@constraint(
    "ring_size_max",
    index="device, timestep",
    when="the programme chooses sizes of the balancing plant",
    equation=r"ring\_heat / h \le ring\_size\, Q^{max}",
)
def ring_size_max(c: Context) -> Rows | None:
    """A device moves no more than one of its size ever can."""
    rows = rows_of(c)
    if rows is None or not rows.sizes:
        return None
    ways = [name for name, device in rows.devices.items() if device.sized]
    order = list(rows.devices)
    reach = np.array([rows.devices[way].reach_kw for way in ways])
    most = Parameter(SIZE_REACH_KW, tuple(ways), reach)
    heat = c.system.variables["ring_heat"].at([order.index(way) for way in ways])
    relation = heat * (1.0 / c.resolution) - _sizes_of(c, rows, ways) * most <= 0.0
    return Rows({"device": ways}, relation, TIME_AXIS)


def more_by_size(c: Context, rows: RingRows, ways: tuple[str, ...]) -> Expression | None:
    """How much more exchangers can move as they become larger; in rows of all exchangers [kW]."""
    sized = [way for way in ways if rows.devices[way].sized]
    if not sized:
        return None
    per_size = Parameter(EXCHANGE_PER_SIZE, tuple(sized), np.zeros((len(sized), c.n_time)))
    more = _sizes_of(c, rows, sized) * per_size
    return more.sum_into([ways.index(way) for way in sized], len(ways))


@expression(
    "ring_size_cost",
    index="part",
    when="the programme chooses sizes of the balancing plant",
    equation=r"c_{part}\, ring\_size",
)
def ring_size_cost(c: Context) -> Named | None:
    """Capital and maintenance of the devices whose sizes are chosen."""
    rows = rows_of(c)
    if rows is None or not rows.sizes:
        return None
    eur = np.array([size.eur for size in rows.sizes.values()])
    return Named({"part": list(rows.sizes)}, c.system.variables["ring_size"].at() * eur)
