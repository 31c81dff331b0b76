"""What the next programme knows of tanks whose sizes are open, and how far they may change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.coupling.incumbent import Linearisation
from anello.coupling.tank_sizes import SMALLEST, largest_kwh
from anello.optimise.formulation.ring_rows import RingRows
from anello.optimise.solve.problem import Problem

Floats = NDArray[np.float64]

WIDE = 0.25
"""Share of the largest size by which, times reach by span, any tank may grow or shrink [-]."""


def about_kwh(rows: RingRows, about: Linearisation) -> Floats:
    """Return the size about which each heat pump's tank is linear; NaN where given, (H,) [kWh]."""
    return np.maximum(about.tank_kwh, SMALLEST * largest_kwh(rows))


def tank_numbers(rows: RingRows, about: Linearisation) -> tuple[dict[str, Floats], Floats]:
    """Return what a larger tank does to its heat pump's output, for rows and right-hand side.

    Returns
    -------
    per_kwh : dict of str to ndarray, shape (T,)
        Change of output per kWh of size, by heat pump [kWh/kWh].
    known : ndarray, shape (H, T)
        What that is at the incumbent [kWh].
    """
    known = np.zeros_like(about.output_per_kwh)
    per_kwh: dict[str, Floats] = {}
    for k, size in enumerate(about_kwh(rows, about)):
        if np.isfinite(size):
            level = np.roll(about.storage_kwh[k], 1)
            slope = -about.output_per_kwh[k] * level / size
            per_kwh[about.nodes[k]] = slope
            known[k] = slope * about.tank_kwh[k]
    return per_kwh, known


def tank_bounds(
    problem: Problem, rows: RingRows, about: Linearisation
) -> dict[str, tuple[Floats, Floats]]:
    """Return within what the next programme may choose sizes of tanks; all before any is simulated.

    A tank may grow by as much of itself as the trust region is of its span, and one that is small
    by as much of a quarter of the largest.
    """
    reach = about.trust_region_k
    if not rows.tank_largest_kwh or not np.isfinite(reach):
        return {}
    block = problem.variables["storage_cap"]
    lower, upper = np.full((2, *block.shape), np.nan)
    positions = block.positions()
    for k, room in enumerate(grows_by_kwh(rows, about)):
        if np.isfinite(room):
            item = positions[(rows.stores[k],)]
            lower[item] = max(about.tank_kwh[k] - room, 0.0)
            upper[item] = about.tank_kwh[k] + room
    return {"storage_cap": (lower, upper)}


def grows_by_kwh(rows: RingRows, about: Linearisation) -> Floats:
    """Return by how much each heat pump's tank may grow or shrink; NaN where given, (H,) [kWh]."""
    size = about_kwh(rows, about)
    span_k = np.where(np.isnan(size), np.nan, np.abs(about.degc_per_kwh) * size)
    room: Floats = about.trust_region_k / span_k * np.maximum(size, WIDE * largest_kwh(rows))
    return room
