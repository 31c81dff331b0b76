"""From a Pyomo model, edited or not, to a compiled problem."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pyomo.core.base.action import BuildAction
from pyomo.core.base.block import Block as PyomoBlock
from pyomo.core.base.check import BuildCheck
from pyomo.core.base.constraint import Constraint
from pyomo.core.base.expression import Expression
from pyomo.core.base.objective import Objective, minimize
from pyomo.core.base.param import Param
from pyomo.core.base.set import RangeSet, Set
from pyomo.core.base.suffix import Suffix
from pyomo.core.base.var import Var
from pyomo.core.expr.numvalue import value
from pyomo.repn import generate_standard_repn
from pyomo.repn.util import categorize_valid_components

from anello.errors import SolveError
from anello.optimise.formulation.expression import Array, Block
from anello.optimise.formulation.pyomo_model import (
    ArrayConstraint,
    ArrayExpression,
    ArrayModel,
    ArrayObjective,
    ArrayVar,
)
from anello.optimise.formulation.system import Slot
from anello.optimise.solve.problem import Problem

# What a model may hold besides variables, constraints and objectives: no part of the programme.
_HARMLESS = {PyomoBlock, BuildAction, BuildCheck, Expression, Param, RangeSet, Set, Suffix}


class _Columns:
    """Numbers, bounds and domain of all columns, array-backed ones first."""

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
                if len(items) != block.size:
                    raise SolveError(f"an item of {block.name} was deleted; fix it instead")
                self._read(part, items)
            else:
                self.lower[part] = np.ravel(component.lower_bounds)
                self.upper[part] = np.ravel(component.upper_bounds)
                self.integer[part] = component.integer
        if sum(block.size for block in self.variables.values()) != n:
            raise SolveError("a variable of the formulation was deleted; fix it instead")
        # Constraints may use variables of blocks that are switched off.
        self.own = list(_own_items(model, Var, active=None))
        more = len(self.own)
        self.lower = np.append(self.lower, np.zeros(more))
        self.upper = np.append(self.upper, np.zeros(more))
        self.integer = np.append(self.integer, np.zeros(more, dtype=bool))
        self._read(slice(n, None), self.own)
        self._numbers = {id(v): n + k for k, v in enumerate(self.own)}
        self._model = model

    def _read(self, part: slice, items: list[Any]) -> None:
        for v in items:
            if not (v.is_continuous() or v.is_integer()):
                raise SolveError(f"{v.name} is neither continuous nor whole: {v.domain}")
        self.lower[part] = [_lower(v) for v in items]
        self.upper[part] = [_upper(v) for v in items]
        self.integer[part] = [not v.is_continuous() for v in items]

    def number(self, variable: Any) -> int:
        """Column number of a Pyomo variable."""
        if id(variable) not in self._numbers:
            component = variable.parent_component()
            if not isinstance(component, ArrayVar) or component.model() is not self._model:
                raise SolveError(f"{variable.name} is used in the model but not part of it")
            items = enumerate(component.values(), component.block.start)
            self._numbers.update((id(v), number) for number, v in items)
        return self._numbers[id(variable)]


def _own_items(model: ArrayModel, kind: type, active: bool | None = True) -> Iterator[Any]:
    """Items of one kind that users added, on the model itself or on blocks of their own."""
    for block in model.block_data_objects(active=active, descend_into=True):
        for component in block.component_objects(kind, active=active, descend_into=False):
            if isinstance(component, (ArrayVar, ArrayConstraint)) or component.is_reference():
                continue
            yield from (v for v in component.values() if active is None or v.active)


def _refuse_others(model: ArrayModel) -> None:
    """Refuse active components that no linear programme can hold, such as ordered sets."""
    _, others = categorize_valid_components(
        model, active=True, valid=_HARMLESS | {Var, Constraint, Objective}
    )
    for kind, items in others.items():
        raise SolveError(f"{items[0].name}: a {kind.__name__} cannot be compiled")


def _lower(variable: Any) -> float:
    if variable.fixed:
        return float(value(variable))
    return -np.inf if variable.lb is None else float(variable.lb)


def _upper(variable: Any) -> float:
    if variable.fixed:
        return float(value(variable))
    return np.inf if variable.ub is None else float(variable.ub)


def _linear(expression: Any, name: str, columns: _Columns) -> tuple[list[int], list[float], float]:
    """Columns, coefficients and constant of a Pyomo expression."""
    repn = generate_standard_repn(expression, compute_values=True)
    if not repn.is_linear():
        raise SolveError(f"{name} is not linear; only linear constraints can be compiled")
    # A fixed variable is a constant for Pyomo, which is what the bounds say as well.
    numbers = [columns.number(v) for v in repn.linear_vars]
    return numbers, [float(c) for c in repn.linear_coefs], float(repn.constant)


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
    _refuse_others(model)
    columns = _Columns(model)
    n_columns = len(columns.lower)
    indptr, indices, data = [np.zeros(1, np.int64)], [], []
    lower, upper, slots = [], [], []
    constraints: dict[str, Block] = {}
    replaced: list[Any] = []
    start = entries = 0
    for component in model.array_components(ArrayConstraint):
        rows = component.rows
        block = Block(rows.block.name, rows.block.keys, rows.block.n_time, start, rows.block.axis)
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
    names = []
    for row in [*replaced, *_own_items(model, Constraint)]:
        low_bound, body, high_bound = row.to_bounded_expression(evaluate_bounds=True)
        numbers, coefficients, constant = _linear(body, row.name, columns)
        lower.append(np.array([-np.inf if low_bound is None else low_bound - constant]))
        upper.append(np.array([np.inf if high_bound is None else high_bound - constant]))
        entries += len(numbers)
        indptr.append(np.array([entries]))
        indices.append(np.array(numbers, dtype=np.int64))
        data.append(np.array(coefficients))
        names.append(row.name)
    cost, penalty, offset, sense = _objective(model, columns, n_columns)
    expressions, sparse = _expressions(model)
    return Problem(
        indptr=np.concatenate(indptr),
        indices=np.concatenate([np.zeros(0, np.int64), *indices]),
        data=np.concatenate([np.zeros(0), *data]),
        row_lower=np.concatenate([np.zeros(0), *lower]),
        row_upper=np.concatenate([np.zeros(0), *upper]),
        col_lower=columns.lower,
        col_upper=columns.upper,
        cost=cost,
        penalty=penalty,
        integer=columns.integer,
        expr_indptr=sparse[0],
        expr_indices=sparse[1],
        expr_data=sparse[2],
        expr_constant=sparse[3],
        offset=offset,
        sense=sense,
        variables=columns.variables,
        constraints=constraints,
        expressions=expressions,
        steps=dict(model.steps),
        slots=slots,
        extra_names={"columns": [v.name for v in columns.own], "rows": names},
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
    model: ArrayModel, columns: _Columns, n_columns: int
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
        numbers, coefficients, offset = _linear(objective.expr, objective.name, columns)
        np.add.at(cost, numbers, coefficients)
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
