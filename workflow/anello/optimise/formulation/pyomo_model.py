"""A real Pyomo model over arrays.

Variables, constraints, named expressions and the objective are ordinary Pyomo components, so
people can add, deactivate, overwrite and fix, write LP files, and use any solver that Pyomo knows.
The core components keep their numbers in numpy arrays, and make Pyomo's data objects and
expressions only when somebody looks at them; :func:`anello.compile_problem` reads the arrays
directly and asks Pyomo only about what was changed or added.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pyomo.common.collections import ComponentMap
from pyomo.core.base.constraint import ConstraintData, IndexedConstraint
from pyomo.core.base.expression import ExpressionData, IndexedExpression
from pyomo.core.base.objective import ScalarObjective, maximize, minimize
from pyomo.core.base.PyomoModel import ConcreteModel
from pyomo.core.base.set_types import Any as AnyIndex
from pyomo.core.base.set_types import Binary, Integers, Reals
from pyomo.core.base.suffix import Suffix
from pyomo.core.base.var import IndexedVar, VarData
from pyomo.core.expr.numeric_expr import LinearExpression
from pyomo.core.expr.relational_expr import EqualityExpression, InequalityExpression

from anello.optimise.formulation.expression import Array, Block, IntArray
from anello.optimise.formulation.system import RowBlock, System, Variable, compress


def _index_keys(block: Block, steps: dict[str, tuple[str, ...]]) -> Iterator[Any]:
    """Pyomo index of each item of a block: labels, then the step; a lone label stays bare."""
    labels = block.labels()
    if block.n_time is None:
        yield from (label[0] if len(label) == 1 else label for label in labels)
        return
    times = steps[block.axis]
    for label in labels:
        yield from ((*label, t) for t in times)


class _Lazy:
    """Shared part of components whose data objects are made on first sight.

    ``_data`` is what Pyomo's ``IndexedComponent`` reads; here it is a property over ``_made``,
    which is ``None`` until somebody looks.
    """

    block: Block
    _made: dict[Any, Any] | None

    def _make(self) -> dict[Any, Any]:
        raise NotImplementedError

    @property
    def _data(self) -> dict[Any, Any]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @_data.setter
    def _data(self, value: dict[Any, Any]) -> None:
        self._made = value

    @property
    def seen(self) -> bool:
        """Whether anybody has looked at single items, which could then have been changed."""
        return self._made is not None

    def construct(self, data: Any = None) -> None:  # noqa: ARG002  (Pyomo's signature)
        """Mark the component as constructed; there is no rule to run."""
        self._constructed = True

    def _create_objects_for_deepcopy(self, memo: dict[int, Any], components: list[Any]) -> Any:
        """Copy items that were looked at; others are made from the copied arrays when needed."""
        if self.seen:
            return super()._create_objects_for_deepcopy(memo, components)  # type: ignore[misc]
        copied = memo.setdefault(id(self), self.__class__.__new__(self.__class__))
        copied._made = None
        components.append((self, copied))
        return copied

    def _getitem_when_not_present(self, index: Any) -> Any:
        """Refuse to make an item up: Pyomo would add a variable that stands in no constraint."""
        raise KeyError(f"{self.name} has no item {index!r}")  # type: ignore[attr-defined]


class ArrayVar(_Lazy, IndexedVar):  # type: ignore[misc]
    """Decision variables numbered by a block, with bounds in arrays."""

    def __init__(self, variable: Variable, steps: dict[str, tuple[str, ...]]) -> None:
        super().__init__(AnyIndex, dense=False)
        self._made = None
        self.block = variable.block
        self.lower_bounds = variable.lower
        self.upper_bounds = variable.upper
        self.integer = variable.integer
        self.solution: Array | None = None
        self._steps = steps

    def _make(self) -> dict[Any, VarData]:
        binary = self.integer and float(np.max(self.upper_bounds, initial=0.0)) <= 1.0
        domain = Reals if not self.integer else Binary if binary else Integers
        made = {}
        bounds = zip(
            np.ravel(self.lower_bounds).tolist(), np.ravel(self.upper_bounds).tolist(), strict=True
        )
        for key, (lower, upper) in zip(_index_keys(self.block, self._steps), bounds, strict=True):
            item = VarData(self)
            item._index = key
            item._domain = domain
            item._lb = None if lower == -np.inf else lower
            item._ub = None if upper == np.inf else upper
            made[key] = item
        _give_values(made, self.solution)
        return made

    def take(self, values: Array) -> None:
        """Hold a solution's values; items that were looked at get theirs at once."""
        self.solution = values
        if self._made is not None:
            _give_values(self._made, values)


def _give_values(items: dict[Any, Any], values: Array | None) -> None:
    if values is not None:
        for item, value in zip(items.values(), np.ravel(values).tolist(), strict=True):
            item.set_value(value, skip_validation=True)


class ArrayRow(ConstraintData):  # type: ignore[misc]
    """One row of an :class:`ArrayConstraint`; its ``_expr`` is the row's number until changed.

    Assigning an expression turns it into an ordinary constraint.
    """

    __slots__ = ()

    @property
    def from_array(self) -> bool:
        """Whether the row still is the one in the arrays."""
        return type(self._expr) is int

    def to_bounded_expression(self, evaluate_bounds: bool = False) -> Any:
        """Lower bound, body and upper bound, made from the arrays on demand."""
        if not self.from_array:
            return super().to_bounded_expression(evaluate_bounds)
        return self.parent_component().bounded_expression(self._expr)

    @property
    def expr(self) -> Any:
        """The relation as a Pyomo expression."""
        if not self.from_array:
            return self._expr
        lower, body, upper = self.to_bounded_expression()
        if lower is not None and lower == upper:
            return EqualityExpression((body, upper))
        if lower is None:
            return InequalityExpression((body, upper), False)
        if upper is None:
            return InequalityExpression((lower, body), False)
        return lower <= (body <= upper)


class ArrayConstraint(_Lazy, IndexedConstraint):  # type: ignore[misc]
    """A constraint whose rows stay in compressed sparse row arrays."""

    _ComponentDataClass = ArrayRow

    def __init__(self, rows: RowBlock, steps: dict[str, tuple[str, ...]]) -> None:
        super().__init__(AnyIndex)
        self._made = None
        self.block = rows.block
        self.rows = rows
        self._steps = steps

    def _make(self) -> dict[Any, ArrayRow]:
        made = {}
        bounded = self.rows.bounded.tolist()
        keys = _index_keys(self.block, self._steps)
        for number, (key, keep) in enumerate(zip(keys, bounded, strict=True)):
            if keep:
                row = ArrayRow(component=self)
                row._index = key
                row._expr = number
                made[key] = row
        return made

    def bounded_expression(self, number: int) -> tuple[float | None, Any, float | None]:
        """Lower bound, body and upper bound of one row."""
        rows = self.rows
        entries = slice(rows.indptr[number], rows.indptr[number + 1])
        columns = self.model().columns
        body = LinearExpression(
            constant=0.0,
            linear_coefs=rows.data[entries].tolist(),
            linear_vars=[columns[j] for j in rows.indices[entries].tolist()],
        )
        lower, upper = float(rows.lower[number]), float(rows.upper[number])
        return (
            lower if np.isfinite(lower) else None,
            body,
            upper if np.isfinite(upper) else None,
        )


class ArrayExpression(_Lazy, IndexedExpression):  # type: ignore[misc]
    """Named linear expressions (costs) over arrays."""

    def __init__(
        self,
        block: Block,
        sparse: tuple[IntArray, IntArray, Array, Array],
        steps: dict[str, tuple[str, ...]],
    ) -> None:
        super().__init__(AnyIndex)
        self._made = None
        self.block = block
        self.indptr, self.indices, self.data, self.constant = sparse
        self._steps = steps

    def _make(self) -> dict[Any, ExpressionData]:
        columns = self.model().columns
        made = {}
        for number, key in enumerate(_index_keys(self.block, self._steps)):
            entries = slice(self.indptr[number], self.indptr[number + 1])
            made[key] = ExpressionData(
                LinearExpression(
                    constant=float(self.constant[number]),
                    linear_coefs=self.data[entries].tolist(),
                    linear_vars=[columns[j] for j in self.indices[entries].tolist()],
                ),
                component=self,
            )
        return made


class ArrayObjective(ScalarObjective):  # type: ignore[misc]
    """The objective, kept as a coefficient for each column until somebody looks or changes it."""

    def __init__(self, coefficients: Array, penalty: Array, offset: float, sense: int) -> None:
        self._expression: Any = None
        self._own: Any = None
        self.coefficients = coefficients
        self.penalty = penalty
        self.offset = offset
        self._direction = minimize if sense > 0 else maximize
        super().__init__(sense=self._direction)

    def construct(self, data: Any = None) -> None:  # noqa: ARG002  (Pyomo's signature)
        """Mark the objective as constructed; there is no rule to run."""
        self._constructed = True
        self._data[None] = self
        self.set_sense(self._direction)

    @property
    def _args_(self) -> Sequence[Any]:
        return _Unwritten(self) if self._expression is None else (self._expression,)

    @_args_.setter
    def _args_(self, value: Sequence[Any]) -> None:
        # Copying and unpickling hand back what they read; that changes nothing.
        if not isinstance(value, _Unwritten):
            self._expression = value[0]

    def write_out(self) -> Any:
        """Make the expression from the arrays."""
        if self._expression is None:
            total = self.coefficients + self.penalty
            numbers = np.flatnonzero(total)
            columns = self.model().columns
            self._own = self._expression = LinearExpression(
                constant=self.offset,
                linear_coefs=total[numbers].tolist(),
                linear_vars=[columns[j] for j in numbers.tolist()],
            )
        return self._expression

    @property
    def from_array(self) -> bool:
        """Whether the objective still is the one in the arrays."""
        return self._expression is self._own


class _Unwritten(Sequence[Any]):
    """The only argument of an untouched objective, written out when somebody reads it."""

    def __init__(self, objective: ArrayObjective) -> None:
        self._objective = objective

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return (self._objective.write_out(),)[index]


class ArrayModel(ConcreteModel):  # type: ignore[misc]
    """A Pyomo model of an energy system whose core components are arrays.

    Constraints carry their documentation name with ``_constraint`` behind it
    (``model.system_balance_constraint["loc", "carrier", "2015-01-01 00:00"]``), variables and cost
    expressions their plain name, and the objective is ``model.obj``.

    Parameters
    ----------
    system : System
        The assembled formulation.
    """

    def __init__(self, system: System) -> None:
        super().__init__(name="anello")
        self.steps = system.steps
        self.n_array_columns = system.n_columns
        self._columns: _Columns | None = None
        for name, variable in system.variables.items():
            self.add_component(name, ArrayVar(variable, system.steps))
        for name, (block, expression) in system.expressions.items():
            indptr, indices, data, _ = compress(expression, system.n_columns)
            sparse = (indptr, indices, data, expression.constants())
            self.add_component(name, ArrayExpression(block, sparse, system.steps))
        for rows in system.row_blocks():
            self.add_component(f"{rows.block.name}_constraint", ArrayConstraint(rows, system.steps))
        coefficients, offset = dense_row(system.objective, system.n_columns)
        penalty, _ = dense_row(system.penalty, system.n_columns)
        self.add_component("obj", ArrayObjective(coefficients, penalty, offset, system.sense))
        self._multipliers: Callable[[str], ComponentMap] | None = None

    def take(
        self,
        values: Array,
        own: Mapping[str, float],
        multipliers: Callable[[str], ComponentMap],
    ) -> None:
        """Hold a solution, for whoever looks at variables, expressions, objective or duals.

        Parameters
        ----------
        values : ndarray, shape (n,)
            Values of the array-backed columns.
        own : mapping of str to float
            Values of variables that were added, by name.
        multipliers : callable
            Returns the suffix ``dual`` or ``rc`` as a map of components; called when
            somebody first asks for it.
        """
        for variable in self.array_components(ArrayVar):
            block = variable.block
            variable.take(values[block.start : block.stop])
        for name, value in own.items():
            item = self.find_component(name)
            if item is not None:
                item.set_value(value, skip_validation=True)
        for name in ("dual", "rc"):
            if self.component(name) is not None:
                self.del_component(name)
        self._multipliers = multipliers

    def __getattr__(self, name: str) -> Any:
        """Make the suffixes ``dual`` and ``rc`` when they are first looked at."""
        if name in ("dual", "rc"):
            find = self.__dict__.get("_multipliers")
            if find is not None:
                suffix = Suffix(direction=Suffix.IMPORT, datatype=Suffix.FLOAT)
                self.add_component(name, suffix)
                suffix.update(find(name))
                return suffix
        return super().__getattr__(name)

    def array_components(self, kind: type) -> list[Any]:
        """Return the model's array-backed components of one class, in the order they were built."""
        return [c for c in self.component_objects(descend_into=False) if isinstance(c, kind)]

    @property
    def columns(self) -> _Columns:
        """Pyomo variable of each column number."""
        if self._columns is None:
            self._columns = _Columns(self.array_components(ArrayVar))
        return self._columns


class _Columns:
    """Looks up the Pyomo variable of a column number."""

    def __init__(self, variables: list[ArrayVar]) -> None:
        self._starts = [v.block.start for v in variables]
        self._items = [list(v.values()) for v in variables]

    def __getitem__(self, number: int) -> VarData:
        k = bisect_right(self._starts, number) - 1
        return self._items[k][number - self._starts[k]]


def dense_row(expression: Any, n_columns: int) -> tuple[Array, float]:
    """Coefficients by column and constant of a single expression."""
    row: npt.NDArray[np.float64] = np.zeros(n_columns)
    for _, columns, values, _ in expression.entries():
        np.add.at(row, columns, values)
    return row, float(expression.constants()[0])
