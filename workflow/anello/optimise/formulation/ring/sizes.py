"""Sizes of the ring's parts that the programme chooses together with their heat."""

from __future__ import annotations

from collections.abc import Sequence

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
from anello.optimise.formulation.ring_rows import (
    EXCHANGE_PER_CHOICE,
    EXCHANGE_PER_SIZE,
    POINT_AWAY,
    POINTS,
    SIZE_PER_REACH,
    SIZE_REACH_KW,
    RingRows,
    pair,
)
from anello.optimise.formulation.system import TIME_AXIS


@variable(
    "ring_size",
    index="part",
    when="the programme chooses sizes of the ring's plant or of exchangers for free cooling",
    domain=r"\ge 0 \; [-]",
)
def ring_size(c: Context) -> Columns | None:
    """Size of a part of the ring, as a share of that described."""
    rows = rows_of(c)
    if rows is None or not rows.sizes:
        return None
    # Each device's own limits come with the numbers of an iteration.
    return Columns({"part": list(rows.sizes)}, upper=max(s.most for s in rows.sizes.values()))


@variable(
    "ring_size_choice",
    index="part, choice",
    when="a size of the ring's plant or of an exchanger is one of a list",
    domain=r"\in \{0, 1\} \; [-]",
)
def ring_size_choice(c: Context) -> Columns | None:
    """Whether a part of the ring has this size of those that there are."""
    rows = rows_of(c)
    listed = [] if rows is None else rows.size_choices
    if not listed:
        return None
    parts, names = zip(*listed, strict=True)
    return Columns({"part": parts, "choice": names}, upper=1.0, integer=True)


def _listed(rows: RingRows) -> list[str]:
    """Parts whose size is one of a list."""
    return [part for part, size in rows.sizes.items() if size.one_of]


def _chosen(c: Context, rows: RingRows, each: list[float]) -> Expression:
    """The number of the size that is chosen, by part that has a list."""
    listed = _listed(rows)
    where = [listed.index(part) for part, _ in rows.size_choices]
    chosen = c.system.variables["ring_size_choice"].at() * np.array(each)
    return chosen.sum_into(where, len(listed))


@constraint(
    "ring_size_chosen",
    index="part",
    when="a size of the ring's plant or of an exchanger is one of a list",
    equation=r"\sum_{choice} ring\_size\_choice = 1",
)
def ring_size_chosen(c: Context) -> Rows | None:
    """Of the sizes that there are, a part has one."""
    rows = rows_of(c)
    if rows is None or not _listed(rows):
        return None
    ones = [1.0] * len(rows.size_choices)
    return Rows({"part": _listed(rows)}, _chosen(c, rows, ones) == 1.0)


@constraint(
    "ring_size_one_of",
    index="part",
    when="a size of the ring's plant or of an exchanger is one of a list",
    equation=r"ring\_size = \sum_{choice} s_{choice}\, ring\_size\_choice",
)
def ring_size_one_of(c: Context) -> Rows | None:
    """A part's size is the one that is chosen."""
    rows = rows_of(c)
    if rows is None or not _listed(rows):
        return None
    order = list(rows.sizes)
    size = c.system.variables["ring_size"].at([order.index(part) for part in _listed(rows)])
    shares = [one for part in rows.sizes.values() for one in part.one_of]
    return Rows({"part": _listed(rows)}, size - _chosen(c, rows, shares) == 0.0)


@variable(
    "ring_size_weight",
    index="part, point",
    when="the size of an exchanger for free cooling is between two",
    domain=r"\in [0, 1] \; [-]",
)
def ring_size_weight(c: Context) -> Columns | None:
    """Weight of a size near the incumbent's in that of an exchanger."""
    rows = rows_of(c)
    if rows is None or not rows.size_points:
        return None
    parts, names = zip(*rows.size_points, strict=True)
    return Columns({"part": parts, "point": names}, upper=1.0)


def _by_part(rows: RingRows, weights: Expression) -> Expression:
    """The sum of the weights of each exchanger's sizes, or of what they are multiplied by."""
    where = [rows.weighed.index(part) for part, _ in rows.size_points]
    return weights.sum_into(where, len(rows.weighed))


@constraint(
    "ring_size_weighed",
    index="part",
    when="the size of an exchanger for free cooling is between two",
    equation=r"\sum_{point} ring\_size\_weight = 1",
)
def ring_size_weighed(c: Context) -> Rows | None:
    """Weights of an exchanger's sizes add up to one."""
    rows = rows_of(c)
    if rows is None or not rows.size_points:
        return None
    total = _by_part(rows, c.system.variables["ring_size_weight"].at())
    return Rows({"part": rows.weighed}, total == 1.0)


@constraint(
    "ring_size_between",
    index="part",
    when="the size of an exchanger for free cooling is between two",
    equation=r"(ring\_size - \overline{ring\_size}) / r = \sum_{point} a_{point}\,"
    r" ring\_size\_weight",
)
def ring_size_between(c: Context) -> Rows | None:
    """An exchanger's size is that of its points, which lie a of its trust region r away."""
    rows = rows_of(c)
    if rows is None or not rows.size_points:
        return None
    labels = tuple(pair(part, name) for part, name in rows.size_points)
    away = np.array([[POINTS[name]] for _, name in rows.size_points])
    parts = rows.weighed
    weights = c.system.variables["ring_size_weight"].at() * Parameter(POINT_AWAY, labels, away)
    per_reach = Parameter(SIZE_PER_REACH, tuple(parts), np.ones((len(parts), 1)))
    size = sizes_of(c, rows, parts) * per_reach
    first = np.array([rows.sizes[part].first for part in parts])
    return Rows({"part": parts}, _by_part(rows, weights) - size == -first)


def sizes_of(c: Context, rows: RingRows, parts: list[str]) -> Expression:
    """The size of each part, row by row."""
    order = list(rows.sizes)
    return c.system.variables["ring_size"].at([order.index(part) for part in parts])


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
    if not ways:
        return None
    parts = [rows.devices[way].sized for way in ways]
    order = list(rows.devices)
    reach = np.array([rows.devices[way].reach_kw for way in ways])
    most = Parameter(SIZE_REACH_KW, tuple(ways), reach)
    heat = c.system.variables["ring_heat"].at([order.index(way) for way in ways])
    relation = heat * (1.0 / c.resolution) - sizes_of(c, rows, parts) * most <= 0.0
    return Rows({"device": ways}, relation, TIME_AXIS)


def more_by_size(
    c: Context, rows: RingRows, labels: Sequence[str], parts: Sequence[str]
) -> Expression | None:
    """How much more limits allow as parts become larger, row by row [kW].

    Parameters
    ----------
    c, rows
        Model and ring.
    labels, parts : sequence of str
        Name of each limit, and the part that it is of; empty where that is given.
    """
    more: Expression | None = None
    free = [k for k, part in enumerate(parts) if part and not rows.sizes[part].one_of]
    if free:
        names = tuple(labels[k] for k in free)
        per_size = Parameter(EXCHANGE_PER_SIZE, names, np.zeros((len(free), c.n_time)))
        by_size = sizes_of(c, rows, [parts[k] for k in free]) * per_size
        more = by_size.sum_into(free, len(labels))
    listed = [
        (k, name) for k, part in enumerate(parts) if part for name in rows.sizes[part].choices
    ]
    if listed:
        order = rows.size_choices
        chosen = c.system.variables["ring_size_choice"].at(
            [order.index((parts[k], name)) for k, name in listed]
        )
        names = tuple(pair(labels[k], name) for k, name in listed)
        per_choice = Parameter(EXCHANGE_PER_CHOICE, names, np.zeros((len(names), c.n_time)))
        total = (chosen * per_choice).sum_into([k for k, _ in listed], len(labels))
        more = total if more is None else more + total
    return more


@expression(
    "ring_size_cost",
    index="part",
    when="the programme chooses sizes of the ring's plant or of exchangers for free cooling",
    equation=r"c_{part}\, ring\_size + \sum_{choice} c_{choice}\, ring\_size\_choice",
)
def ring_size_cost(c: Context) -> Named | None:
    """Capital and maintenance of the parts whose sizes are chosen."""
    rows = rows_of(c)
    if rows is None or not rows.sizes:
        return None
    order = list(rows.sizes)
    eur = np.array([0.0 if size.one_of else size.eur for size in rows.sizes.values()])
    cost = c.system.variables["ring_size"].at() * eur
    listed = _listed(rows)
    if listed:
        each = [price for size in rows.sizes.values() for price in size.eur_of]
        where = [order.index(part) for part in listed]
        cost = cost + _chosen(c, rows, each).sum_into(where, len(order))
    return Named({"part": order}, cost)
