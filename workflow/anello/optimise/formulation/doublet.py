"""Wells that tire inside the linear programme: what they gave back, and their supply because of it.

A day's supply departs from the undisturbed groundwater by a weighted mean of what was injected on
the days before (:mod:`anello.ring.doublet`), and what was injected follows from the heat that was
taken: two rows a day, and one more entry in each row that limits the wells.
"""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, Parameter, Term
from anello.optimise.formulation.registry import Columns, Rows, constraint, variable
from anello.optimise.formulation.ring_rows import EXCHANGE_PER_SHIFT, DoubletRows

INF = float("inf")


def _doublet(c: Context) -> DoubletRows | None:
    return c.ring.doublet if c.ring is not None else None


def _days(doublet: DoubletRows) -> dict[str, list[str]]:
    return {"block": [f"day_{number}" for number in range(doublet.block_h.size)]}


@variable(
    "ring_well_heat",
    index="block",
    when="the programme schedules wells that tire",
    domain=r"\in \mathbb{R} \; [\mathrm{kW}]",
)
def ring_well_heat(c: Context) -> Columns | None:
    """Heat that the wells give to the ring, mean of a day."""
    doublet = _doublet(c)
    return None if doublet is None else Columns(_days(doublet), lower=-INF)


@variable(
    "ring_well_shift",
    index="block",
    when="the programme schedules wells that tire",
    domain=r"\in \mathbb{R} \; [\mathrm{K}]",
)
def ring_well_shift(c: Context) -> Columns | None:
    """By how much the wells' supply of a day is warmer than undisturbed groundwater."""
    doublet = _doublet(c)
    return None if doublet is None else Columns(_days(doublet), lower=-INF)


@constraint(
    "ring_well_heat_balance",
    index="block",
    when="the programme schedules wells that tire",
    equation=r"ring\_well\_heat_d = \frac{1}{h_d} \sum_{t \in d} \sigma\, ring\_heat_t",
)
def ring_well_heat_balance(c: Context) -> Rows | None:
    """What the wells give on a day is the sum over its steps."""
    doublet = _doublet(c)
    if doublet is None or c.ring is None:
        return None
    order = list(c.ring.devices)
    numbers = c.system.variables["ring_heat"].block.numbers
    per_kwh = 1.0 / doublet.block_h[doublet.block_of]
    terms = [
        Term(doublet.block_of, numbers[order.index(way)], (-sign * per_kwh)[:, None])
        for way, sign in zip(doublet.ways, doublet.signs, strict=True)
    ]
    given = c.system.variables["ring_well_heat"].at()
    return Rows(_days(doublet), given + Expression(given.count, None, terms) == 0.0)


@constraint(
    "ring_well_balance",
    index="block",
    when="the programme schedules wells that tire",
    equation=r"ring\_well\_shift_d = \sum_{e<d} w_{d,e}\,"
    r"(ring\_well\_shift_e - ring\_well\_heat_e / (\dot{m} c))",
)
def ring_well_balance(c: Context) -> Rows | None:
    """The wells' supply follows what was injected before it breaks through."""
    doublet = _doublet(c)
    if doublet is None:
        return None
    shift, heat = (c.system.variables[f"ring_well_{name}"] for name in ("shift", "heat"))
    later, before = np.nonzero(doublet.weight)
    weight = doublet.weight[later, before][:, None]
    terms = [
        Term(later, shift.block.numbers[before], -weight),
        Term(later, heat.block.numbers[before], weight / doublet.flow_kw_per_k),
    ]
    end = shift.at()
    return Rows(_days(doublet), end + Expression(end.count, None, terms) == 0.0)


def supply_shift(c: Context, names: tuple[str, ...]) -> Expression | None:
    """What the shift of the wells' supply takes from the limits of exchangers, row by row [kW].

    The coefficients start at zero and are patched.
    """
    doublet = _doublet(c)
    if doublet is None:
        return None
    numbers = c.system.variables["ring_well_shift"].block.numbers[doublet.block_of]
    rows = np.array([names.index(way) for way in doublet.ways], dtype=np.int64)
    signs = -np.array(doublet.signs)[:, None]
    shift = Expression(len(names), c.n_time, [Term(rows, np.tile(numbers, (rows.size, 1)), signs)])
    return shift * Parameter(EXCHANGE_PER_SHIFT, names, np.zeros((len(names), c.n_time)))
