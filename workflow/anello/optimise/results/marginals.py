"""What one more unit of each size, and of each shared limit, would add to the objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_SHARED = (
    "energy_capacity_systemwide",
    "unit_capacity_systemwide_milp",
    "resource_area_capacity_per_loc",
)
"""Rows that limit a sum over several nodes, beside those of groups."""


def shared_limits(solution: Solution) -> list[dict[str, Any]]:
    """Return how near each limit of a sum over several nodes is to being reached.

    Parameters
    ----------
    solution : Solution
        The solution.

    Returns
    -------
    list of dict
        Of each row of a group constraint (but for those of every time step), of a limit over all
        locations and of a location's area: ``constraint``; ``labels``, as of the row; ``slack``,
        what is left to the limit by all that the row adds up [-]; ``dual``, the change of the
        objective per unit of the limit, None where whole numbers decide.
    """
    p = solution.problem
    found = []
    for name, block in p.constraints.items():
        grouped = name.startswith("group_") and not name.startswith("group_share")
        if block.n_time is not None or not (grouped or name in _SHARED):
            continue
        for row, labels in enumerate(block.labels(), start=block.start):
            entries = slice(p.indptr[row], p.indptr[row + 1])
            terms = p.data[entries] * solution.x[p.indices[entries]]
            ends = [end for end in (p.row_lower[row], p.row_upper[row]) if np.isfinite(end)]
            left = min((abs(float(terms.sum()) - end) for end in ends), default=np.inf)
            size = float(np.abs(terms).sum()) + max((abs(end) for end in ends), default=0.0)
            dual = float(solution.row_dual[row])
            found.append(
                {
                    "constraint": name,
                    "labels": list(labels),
                    "slack": left / size if size else 0.0,
                    "dual": dual if np.isfinite(dual) else None,
                }
            )
    return found


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
