"""What one more unit of each size would add to the objective, whatever limit that size has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from anello.optimise.solve import Solution

Array = npt.NDArray[np.float64]

OWN_LIMITS = {
    "energy_cap": "energy_capacity",
    "storage_cap": "storage_capacity",
    "resource_cap": "resource_capacity",
    "resource_area": "resource_area",
    "ring_size": "",
}
"""The rows that give each size its limits, each of one size alone; the ring's have bounds only."""
_WHOLE = ("units", "purchased", "ring_size_choice")
"""What decides in whole numbers on the size of the same node or part."""


def marginals(solution: Solution) -> dict[str, Array]:
    """Return the change of the objective per unit of each size, all other decisions following.

    It is the reduced cost of the size with its own limits left out of account: below nought in a
    minimum where a larger size would pay, above where a smaller one would, nought between its
    limits. A trust region of an iteration counts as a limit.

    Parameters
    ----------
    solution : Solution
        The solution.

    Returns
    -------
    dict of str to ndarray, shape (K,)
        By variable, in the order of its items [cost unit per unit of the size]; NaN where whole
        numbers decide. Empty where the solution has no duals.
    """
    p = solution.problem
    if not np.isfinite(solution.row_dual).all():
        return {}
    dual = solution.row_dual.copy()
    for rows in OWN_LIMITS.values():
        if rows in p.constraints:
            limits = p.constraints[rows]
            dual[limits.start : limits.stop] = 0.0
    adds = p.reduced_cost(dual)
    whole = {
        label[0] for name in _WHOLE if name in p.variables for label in p.variables[name].labels()
    }
    found = {}
    for name in OWN_LIMITS:
        if name in p.variables:
            block = p.variables[name]
            decided = [label[0] in whole for label in block.labels()]
            found[name] = np.where(decided, np.nan, adds[block.start : block.stop])
    return found
