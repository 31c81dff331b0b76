"""How the limit of an exchanger follows its size, in numbers for the programme's rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anello.coupling.plant_sizes import size_of
from anello.optimise.formulation.ring_rows import (
    EXCHANGE_PER_CHOICE,
    EXCHANGE_PER_SIZE,
    RingRows,
    pair,
)

Floats = NDArray[np.float64]

TRACE = 1e-3
"""Slope that keeps an entry where a limit depends on nothing; relative to a conductance [-]."""
STEP = 1e-4
"""Half the change of size over which a limit is differentiated, relative to it [-]."""


def limit_by_size(
    rows: RingRows,
    label: str,
    part: str,
    sizes: dict[str, float],
    driven_kw: Callable[[float], Floats],
    idle: NDArray[np.bool_],
    room_kw: Floats,
    values: dict[str, dict[str, Floats]],
) -> Floats:
    """Let a limit follow the size, and return what that adds to it at the incumbent [kW].

    ``Q(s, T) ≈ Q(s̄, T) + Q'(s̄, T̄)·(s − s̄)`` for a size between two, and ``Q(s̄, T) + Q(s, T̄) −
    Q(s̄, T̄)`` for one of a list: exact at the incumbent, and for each size of the list at the
    incumbent's water.

    Parameters
    ----------
    rows : RingRows
        The ring's numbers in the formulation.
    label, part : str
        Name of the limit, and the part of the plant that it is of and whose size is open.
    sizes : dict of str to float
        The incumbent's sizes; empty before there are any.
    driven_kw : callable (float) -> ndarray, shape (T,)
        What a size can move at the incumbent's temperatures [kW].
    idle : ndarray of bool, shape (T,)
        Where nothing drives heat and the row never binds; a trace keeps its entry there.
    room_kw : ndarray, shape (T,)
        By how much water and ground may move the limit of the incumbent's size. A size of 0, whose
        heat is 0 by a row of its own, must not be held by what they do to the incumbent's [kW].
    values : dict
        Numbers of the next programme, by parameter and label; those of this limit are added.
    """
    size, limits = size_of(rows, part, sizes), rows.sizes[part]
    if limits.one_of:
        each = values.setdefault(EXCHANGE_PER_CHOICE, {})
        for name, one in zip(limits.choices, limits.one_of, strict=True):
            allowed = driven_kw(one) if one else np.abs(driven_kw(size)) + room_kw
            each[pair(label, name)] = np.where(idle, TRACE, _no_zero(allowed))
        now: Floats = np.where(idle, 0.0, _no_zero(driven_kw(size)))
        return now
    more, less = driven_kw(size * (1.0 + STEP)), driven_kw(size * (1.0 - STEP))
    grows: Floats = np.where(idle, 0.0, (more - less) / (2.0 * STEP * size))
    values.setdefault(EXCHANGE_PER_SIZE, {})[label] = np.where(idle, TRACE, grows)
    held: Floats = grows * size
    return held


def _no_zero(values: Floats) -> Floats:
    """Return values of which none is so small that its entry would vanish."""
    return np.where(np.abs(values) < TRACE, TRACE, values)
