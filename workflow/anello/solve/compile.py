"""From a Pyomo model, edited or not, to a compiled problem."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.core.base.constraint import Constraint
from pyomo.core.base.objective import Objective, minimize
from pyomo.core.base.var import Var
from pyomo.core.expr.numvalue import value
from pyomo.repn import generate_standard_repn

from anello.errors import SolveError
from anello.formulation.expression import Array, Block
from anello.formulation.pyomo_model import (
    ArrayConstraint,
    ArrayExpression,
    ArrayModel,
    ArrayObjective,
    ArrayVar,
)
from anello.formulation.system import Slot
from anello.solve.problem import Problem


class _Bounds:
    """Bounds and domain of all columns, array-backed ones first."""

    def __init__(self, model: ArrayModel) -> None:
        n = model.n_array_columns
        self.lower, self.upper = np.zeros(n), np.zeros(n)
        self.integer = np.zeros(n, dtype=bool)
        self.variables: dict[str, Block] = {}
        for component in model.array_components(ArrayVar):
            block = component.block
            part = slice(block.start, block.stop)
            self.variables[block.name] = block
            if component.seen:
                items = list(component.values())
                self.lower[part] = [_lower(v) for v in items]
                self.upper[part] = [_upper(v) for v in items]
                self.integer[part] = [not v.is_continuous() for v in items]
            else:
                self.lower[part] = np.ravel(component.lower_bounds)
                self.upper[part] = np.ravel(component.upper_bounds)
                self.integer[part] = component.integer
        self.own = [
            v
            for v in model.component_data_objects(Var, descend_into=True)
            if not isinstance(v.parent_component(), ArrayVar)
        ] if _has_own(model, Var, ArrayVar) else []
        self.lower = np.append(self.lower, [_lower(v) for v in self.own])
        self.upper = np.append(self.upper, [_upper(v) for v in self.own])
        whole = np.array([not v.is_continuous() for v in self.own], dtype=bool)
        self.integer = np.append(self.integer, whole)
        self._number = {id(v): n + k for k, v in enumerate(self.own)}
        self._model = model

    def number(self, variable: Any) -> int:
        """Column number of a Pyomo variable."""
        component = variable.parent_component()
        if isinstance(component, ArrayVar):
            if not hasattr(component, "_numbers"):
                component._numbers = {
                    id(v): component.block.start + k for k, v in enumerate(component.values())
                }
            return int(component._numbers[id(variable)])
        return self._number[id(variable)]


def _has_own(model: ArrayModel, ctype: type, array_type: type) -> bool:
    """Whether users added a component of this kind, or blocks that may hold one."""
    return any(
        not isinstance(component, array_type)
        for block in model.block_data_objects()
        for component in block.component_objects(ctype, descend_into=False)
    )


def _lower(variable: Any) -> float:
    if variable.fixed:
        return float(value(variable))
    return -np.inf if variable.lb is None else float(variable.lb)


def _upper(variable: Any) -> float:
    if variable.fixed:
        return float(value(variable))
    return np.inf if variable.ub is None else float(variable.ub)


def _linear(expression: Any, name: str, bounds: _Bounds) -> tuple[list[int], list[float], float]:
    """Columns, coefficients and constant of a Pyomo expression."""
    repn = generate_standard_repn(expression, compute_values=True)
    if not repn.is_linear():
        raise SolveError(f"{name} is not linear; only linear constraints can be compiled")
    # A fixed variable is a constant for Pyomo, which is what the bounds say as well.
    columns = [bounds.number(v) for v in repn.linear_vars]
    return columns, [float(c) for c in repn.linear_coefs], float(repn.constant)


def compile_problem(model: ArrayModel) -> Problem:
    """Read a Pyomo model into arrays for a solver.

    Core components nobody has touched are taken over as they are. Where items were fixed,
    deactivated, overwritten or added, Pyomo is asked about those items only.

    Parameters
    ----------
    model : ArrayModel
        The model, with any edits.

    Returns
    -------
    Problem
        The compiled problem.

    Raises
    ------
    SolveError
        When an added constraint or objective is not linear, or there is not exactly one active
        objective.
    """
    bounds = _Bounds(model)
    n_columns = len(bounds.lower)
    indptr, indices, data = [np.zeros(1, np.int64)], [], []
    lower, upper, slots = [], [], []
    constraints: dict[str, Block] = {}
    replaced: list[Any] = []
    start = entries = 0
    for component in model.array_components(ArrayConstraint):
        rows = component.rows
        block = Block(
            rows.block.name, rows.block.keys, rows.block.n_time, start, rows.block.axis
        )
        constraints[block.name] = block
        low, high = rows.lower, rows.upper
        if not component.active or component.seen:
            low, high = low.copy(), high.copy()
            off = _switched_off(component, replaced)
            low[off], high[off] = -np.inf, np.inf
        lower.append(low)
        upper.append(high)
        indptr.append(rows.indptr[1:] + entries)
        indices.append(rows.indices)
        data.append(rows.data)
        slots += [
            Slot(s.parameter, s.nodes, s.entries + entries, s.multiplier, s.base, s.power)
            for s in rows.slots
        ]
        start, entries = block.stop, entries + len(rows.data)
    own = [
        c
        for c in model.component_data_objects(Constraint, active=True, descend_into=True)
        if not isinstance(c.parent_component(), ArrayConstraint)
    ] if _has_own(model, Constraint, ArrayConstraint) else []
    names = []
    for row in [*replaced, *own]:
        low_bound, body, high_bound = row.to_bounded_expression(evaluate_bounds=True)
        columns, coefficients, constant = _linear(body, row.name, bounds)
        lower.append(np.array([-np.inf if low_bound is None else low_bound - constant]))
        upper.append(np.array([np.inf if high_bound is None else high_bound - constant]))
        entries += len(columns)
        indptr.append(np.array([entries]))
        indices.append(np.array(columns, dtype=np.int64))
        data.append(np.array(coefficients))
        names.append(row.name)
    cost, penalty, offset, sense = _objective(model, bounds, n_columns)
    expressions, sparse = _expressions(model)
    return Problem(
        indptr=np.concatenate(indptr),
        indices=np.concatenate([np.zeros(0, np.int64), *indices]),
        data=np.concatenate([np.zeros(0), *data]),
        row_lower=np.concatenate([np.zeros(0), *lower]),
        row_upper=np.concatenate([np.zeros(0), *upper]),
        col_lower=bounds.lower,
        col_upper=bounds.upper,
        cost=cost,
        penalty=penalty,
        integer=bounds.integer,
        expr_indptr=sparse[0],
        expr_indices=sparse[1],
        expr_data=sparse[2],
        expr_constant=sparse[3],
        offset=offset,
        sense=sense,
        variables=bounds.variables,
        constraints=constraints,
        expressions=expressions,
        steps=dict(model.steps),
        slots=slots,
        extra_names={"columns": [v.name for v in bounds.own], "rows": names},
    )


def _switched_off(component: ArrayConstraint, replaced: list[Any]) -> Any:
    """Rows of a component that are off: deactivated, deleted, or overwritten (then collected)."""
    off = np.ones(component.block.size, dtype=bool)
    if not component.active and not component.seen:
        return off
    for row in component.values():
        if not row.active:
            continue
        if row.from_array:
            off[row._expr] = False
        else:
            replaced.append(row)
    return off


def _objective(
    model: ArrayModel, bounds: _Bounds, n_columns: int
) -> tuple[Array, Array, float, int]:
    active = list(model.component_data_objects(Objective, active=True, descend_into=True))
    if len(active) != 1:
        raise SolveError(f"the model has {len(active)} active objectives; exactly one is needed")
    objective = active[0]
    cost, penalty = np.zeros(n_columns), np.zeros(n_columns)
    if isinstance(objective, ArrayObjective) and objective.from_array:
        cost[: model.n_array_columns] = objective.coefficients
        penalty[: model.n_array_columns] = objective.penalty
        offset = objective.offset
    else:
        columns, coefficients, offset = _linear(objective.expr, objective.name, bounds)
        np.add.at(cost, columns, coefficients)
    return cost, penalty, offset, 1 if objective.sense == minimize else -1


def _expressions(
    model: ArrayModel,
) -> tuple[dict[str, Block], tuple[Any, Any, Any, Any]]:
    blocks: dict[str, Block] = {}
    indptr, entries = [np.zeros(1, np.int64)], 0
    indices, data, constant = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    for component in model.array_components(ArrayExpression):
        blocks[component.block.name] = component.block
        indptr.append(component.indptr[1:] + entries)
        indices.append(component.indices)
        data.append(component.data)
        constant.append(component.constant)
        entries += len(component.data)
    parts = (indptr, indices, data, constant)
    return blocks, tuple(np.concatenate(p) for p in parts)  # type: ignore[return-value]
