"""What a Pyomo model is told of its solution: values at once, multipliers when asked for."""

from __future__ import annotations

import numpy as np
from pyomo.common.collections import ComponentMap

from anello.optimise.formulation.pyomo_model import ArrayConstraint, ArrayModel, ArrayVar
from anello.optimise.solve.solution import Solution


def hand_back(model: ArrayModel, solution: Solution) -> None:
    """Let a Pyomo model hold a solution.

    Variables, expressions and the objective have values then, and ``model.dual[row]`` and
    ``model.rc[variable]`` are there where the solution has multipliers: change of the objective per
    unit of a bound.

    Parameters
    ----------
    model : ArrayModel
        What the problem was compiled from.
    solution : Solution
        Its solution.
    """
    count = model.n_array_columns
    names = solution.problem.extra_names.get("columns", [])
    own = dict(zip(names, solution.x[count:].tolist(), strict=True))

    def multipliers(kind: str) -> ComponentMap:
        if not np.isfinite(solution.row_dual).all():
            return ComponentMap()
        if kind == "dual":
            return _duals(model, solution)
        reduced, found = solution.problem.reduced_cost(solution.row_dual), ComponentMap()
        for variable in model.array_components(ArrayVar):
            part = reduced[variable.block.start : variable.block.stop]
            found.update(zip(variable.values(), part.tolist(), strict=True))
        return found

    model.take(solution.x[:count], own, multipliers)


def _duals(model: ArrayModel, solution: Solution) -> ComponentMap:
    found = ComponentMap()
    for constraint in model.array_components(ArrayConstraint):
        name = constraint.local_name.removesuffix("_constraint")
        if name not in solution.problem.constraints or not constraint.active:
            continue
        dual = np.ravel(solution.dual(name))
        for row in constraint.values():
            if row.from_array:
                found[row] = float(dual[row._expr])
    return found
