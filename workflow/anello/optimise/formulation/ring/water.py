"""Temperature of a ring's water: where a step begins, and at each place of a loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, Parameter
from anello.optimise.formulation.ring.unknowns import loop_of


def later(c: Context) -> Array:
    """One in every step, but nothing in the first, whose beginning is given."""
    later = np.ones((1, c.n_time))
    later[0, 0] = 0.0
    return later


def temperature_before(c: Context) -> Expression:
    """Ring temperature at the start of each step, the first excepted (it is given)."""
    return c.system.variables["ring_temperature"].at(steps=c.previous) * later(c)


def risen(c: Context, count: int) -> Expression:
    """What the water's mean rises by in each step, `count` times (the first start is given)."""
    end = c.system.variables["ring_temperature"].at()
    return copies(end - temperature_before(c), count)


def water_at(c: Context, places: Sequence[int]) -> Expression:
    """Temperature of the water at places of a loop, or of well-mixed water, row by row."""
    if loop_of(c) is not None:
        return c.system.variables["ring_water"].at(list(places)) * later(c)
    return copies(temperature_before(c), len(places))


def met_by(
    c: Context, places: Sequence[int], per_start: Parameter, per_end: Parameter
) -> Expression:
    """What the water that exchangers meet does, row by row.

    Of a loop that is the water at their places, and what its mean rises by in the step. Well-mixed
    water is the same at all places, so that it is that at the start and at the end: a coefficient
    belongs to one parameter only.
    """
    water = water_at(c, places) * per_start
    if loop_of(c) is not None:
        return water + risen(c, len(places)) * per_end
    return water + copies(c.system.variables["ring_temperature"].at(), len(places)) * per_end


def copies(one: Expression, count: int) -> Expression:
    """The same single row, several times."""
    total = one.sum_into([0], count)
    for row in range(1, count):
        total = total + one.sum_into([row], count)
    return total
