"""Linear expressions over arrays: how the formulation writes a whole constraint at once.

A :class:`Block` numbers the items of a variable, a constraint or a named expression: ``K`` items
(a location and technology, say) times ``T`` steps of an axis (usually time), row-major. An
:class:`Expression` is a linear expression for each of ``K`` (times ``T``) rows; adding, scaling and
comparing expressions reads like the equation in the documentation, while everything stays in
numpy arrays and time is never a Python loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """The numbering of one variable, constraint or named expression.

    Attributes
    ----------
    name : str
        Name as in the documentation, for example ``carrier_prod``.
    keys : dict of str to tuple of str
        One column of ``K`` labels per index set, for example ``{"node": (…), "carrier": (…)}``.
    n_time : int or None
        Number of steps ``T`` of the block's axis; ``None`` when the block has no such axis.
    start : int
        Number of the first item; item ``k`` at step ``t`` has number ``start + k·T + t``.
    axis : str
        Name of the step axis (``timestep`` or ``datestep``); empty when there is none.
    """

    name: str
    keys: Mapping[str, tuple[str, ...]]
    n_time: int | None
    start: int
    axis: str = ""

    @property
    def count(self) -> int:
        """Number of items ``K``."""
        return len(next(iter(self.keys.values()))) if self.keys else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """``(K, T)``, or ``(K,)`` without a step axis."""
        return (self.count,) if self.n_time is None else (self.count, self.n_time)

    @property
    def size(self) -> int:
        """Number of scalar items."""
        return self.count * (1 if self.n_time is None else self.n_time)

    @property
    def stop(self) -> int:
        """Number after the last item."""
        return self.start + self.size

    @property
    def numbers(self) -> IntArray:
        """All numbers of the block in its shape."""
        return np.arange(self.start, self.stop, dtype=np.int64).reshape(self.shape)

    def labels(self) -> list[tuple[str, ...]]:
        """The ``K`` label tuples in order."""
        return list(zip(*self.keys.values(), strict=True)) if self.keys else [()]

    def positions(self) -> dict[tuple[str, ...], int]:
        """Label tuple to position ``k``."""
        return {label: k for k, label in enumerate(self.labels())}

    def describe(self, number: int, steps: Mapping[str, Sequence[str]]) -> str:
        """Name one item for people, for example ``storage[b::tes, 2015-01-01 00:00]``."""
        k, t = divmod(number - self.start, self.n_time or 1)
        label = [*self.labels()[k]]
        if self.n_time is not None:
            label.append(str(steps[self.axis][t]))
        return f"{self.name}[{', '.join(label)}]"


def reciprocal(values: Array) -> Array:
    """One over the values; zero where they are zero, as nothing flows where an efficiency is."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values != 0)


@dataclass(frozen=True)
class Parameter:
    """Values of a model parameter that remember where they came from.

    A coefficient built from one can later be *patched* in a compiled problem.

    Attributes
    ----------
    name : str
        Parameter name, for example ``energy_eff``.
    nodes : tuple of str
        Node label of each row; empty where the values must stay what they are.
    values : ndarray, shape (K, 1) or (K, T)
        The values.
    power : int
        +1, or −1 once the parameter has been divided by.
    """

    name: str
    nodes: tuple[str, ...]
    values: Array
    power: int = 1

    def inverse(self) -> Parameter:
        """One over the parameter."""
        return replace(self, power=-self.power)

    @property
    def coefficient(self) -> Array:
        """The numbers that stand in the matrix."""
        return self.values if self.power == 1 else reciprocal(self.values)


@dataclass
class Term:
    """Entries of an expression that share one variable.

    ``rows`` (k,) gives the expression's item of each entry row, ``cols`` (k,) or (k, T) the column
    numbers and ``coef`` (k, 1) or (k, T) the coefficients (without the tagged parameter).
    """

    rows: IntArray
    cols: IntArray
    coef: Array
    tag: Parameter | None = None

    def values(self) -> Array:
        """Coefficients with the tagged parameter, shape (k, 1) or (k, T)."""
        return self.coef if self.tag is None else self.coef * self.tag.coefficient


def _column(value: float | Array, count: int) -> Array:
    """Bring a scalar, (K,), (K, 1), (1, T) or (K, T) array to two dimensions."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return array.reshape(1, 1)
    if array.ndim == 1:
        if array.shape[0] != count:
            raise ValueError(f"expected {count} values, one an item, got {array.shape[0]}")
        return array[:, None]
    return array


@dataclass(eq=False)
class Expression:
    """A linear expression for each of ``count`` items, with a step axis or not.

    Attributes
    ----------
    count : int
        Number of items ``K``.
    n_time : int or None
        Number of steps of each item, ``None`` without a step axis.
    terms : list of Term
        The variable part.
    constant : ndarray, shape (1, 1), (K, 1) or (K, T)
        The constant part.
    """

    count: int
    n_time: int | None
    terms: list[Term] = field(default_factory=list)
    constant: Array = field(default_factory=lambda: np.zeros((1, 1)))

    # numpy hands `array * expression` over to the methods below.
    __array_ufunc__ = None

    # --- arithmetic ---------------------------------------------------------------------------
    def _steps_with(self, other: Expression) -> int | None:
        if self.count != other.count:
            raise ValueError(f"cannot add expressions of {self.count} and {other.count} items")
        return self.n_time if other.n_time is None else other.n_time

    def __add__(self, other: Expression | float | Array) -> Expression:
        if isinstance(other, Expression):
            n_time = self._steps_with(other)
            return Expression(
                self.count, n_time, self.terms + other.terms, self.constant + other.constant
            )
        constant = self.constant + _column(other, self.count)
        n_time = self.n_time if constant.shape[1] == 1 else constant.shape[1]
        return Expression(self.count, n_time, list(self.terms), constant)

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return self * -1.0

    def __sub__(self, other: Expression | float | Array) -> Expression:
        return self + (-other)

    def __rsub__(self, other: float | Array) -> Expression:
        return (-self) + other

    def __mul__(self, factor: float | Array | Parameter) -> Expression:
        if isinstance(factor, Parameter):
            return self._tagged(factor)
        column = _column(factor, self.count)
        n_time = self.n_time if column.shape[1] == 1 else column.shape[1]
        if self.n_time is None and n_time is not None and any(t.cols.ndim == 2 for t in self.terms):
            raise ValueError("a sum over time cannot be scaled by a series")
        terms = [
            replace(t, coef=t.coef * (column if column.shape[0] == 1 else column[t.rows]))
            for t in self.terms
        ]
        return Expression(self.count, n_time, terms, self.constant * column)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float | Array | Parameter) -> Expression:
        if isinstance(divisor, Parameter):
            return self._tagged(divisor.inverse())
        return self * (1.0 / np.asarray(divisor, dtype=float))

    def _tagged(self, parameter: Parameter) -> Expression:
        if any(t.tag is not None for t in self.terms) or np.any(self.constant):
            # A second parameter in one coefficient would make a patch ambiguous.
            return self * parameter.coefficient
        terms = [
            replace(
                t,
                tag=replace(
                    parameter,
                    values=parameter.values[t.rows],
                    nodes=tuple(parameter.nodes[i] for i in t.rows),
                ),
            )
            for t in self.terms
        ]
        n_time = self.n_time if parameter.values.shape[1] == 1 else parameter.values.shape[1]
        return Expression(self.count, n_time, terms, self.constant)

    # --- reshaping ----------------------------------------------------------------------------
    def sum_into(self, target: Sequence[int] | IntArray, count: int) -> Expression:
        """Sum items into ``count`` new items: item ``k`` is added to item ``target[k]``."""
        where = np.asarray(target, dtype=np.int64)
        terms = [replace(t, rows=where[t.rows]) for t in self.terms]
        constant = np.zeros((count, self.constant.shape[1]))
        np.add.at(constant, where, np.broadcast_to(self.constant, (self.count, constant.shape[1])))
        return Expression(count, self.n_time, terms, constant)

    def pick(self, target: IntArray, count: int) -> Expression:
        """Keep items: item ``k`` becomes item ``target[k]``, or is left out where that is −1."""
        terms = []
        for t in self.terms:
            keep = target[t.rows] >= 0
            coef = t.coef if t.coef.shape[0] == 1 else t.coef[keep]
            tag = t.tag
            if tag is not None:
                nodes = tuple(n for n, k in zip(tag.nodes, keep, strict=True) if k)
                tag = replace(tag, values=tag.values[keep], nodes=nodes)
            terms.append(Term(target[t.rows[keep]], t.cols[keep], coef, tag))
        source = np.empty(count, dtype=np.int64)
        source[target[target >= 0]] = np.flatnonzero(target >= 0)
        constant = self.constant if self.constant.shape[0] == 1 else self.constant[source]
        return Expression(count, self.n_time, terms, constant)

    def sum_items(self) -> Expression:
        """Sum over all items, keeping the step axis."""
        return self.sum_into(np.zeros(self.count, dtype=np.int64), 1)

    def sum_time(self) -> Expression:
        """Sum over the step axis."""
        if self.n_time is None:
            return self
        terms = []
        for t in self.terms:
            if t.cols.ndim == 2:
                terms.append(t)
            else:
                values = np.broadcast_to(t.values(), (len(t.rows), self.n_time))
                terms.append(Term(t.rows, t.cols, values.sum(axis=1, keepdims=True)))
        constant = np.broadcast_to(self.constant, (self.constant.shape[0], self.n_time))
        return Expression(self.count, None, terms, constant.sum(axis=1, keepdims=True))

    # --- relations ----------------------------------------------------------------------------
    def __le__(self, other: Expression | float | Array) -> Relation:
        return Relation(self - other, -np.inf, 0.0)

    def __ge__(self, other: Expression | float | Array) -> Relation:
        return Relation(self - other, 0.0, np.inf)

    def __eq__(self, other: Expression | float | Array) -> Relation:  # type: ignore[override]
        return Relation(self - other, 0.0, 0.0)

    __hash__ = None  # type: ignore[assignment]

    def between(self, lower: float | Array, upper: float | Array) -> Relation:
        """``lower ≤ expression ≤ upper``."""
        return Relation(self, _column(lower, self.count), _column(upper, self.count))

    # --- entries ------------------------------------------------------------------------------
    def entries(self) -> Iterator[tuple[IntArray, IntArray, Array, Term]]:
        """Yield row numbers, column numbers and values of each term, all flat."""
        for t in self.terms:
            if self.n_time is not None:
                shape = (len(t.rows), self.n_time)
                cols = t.cols if t.cols.ndim == 2 else t.cols[:, None]
                rows = t.rows[:, None] * self.n_time + np.arange(self.n_time)
            else:
                shape = t.cols.shape if t.cols.ndim == 2 else (len(t.rows), 1)
                cols = t.cols.reshape(shape)
                rows = t.rows[:, None]
            yield (
                np.broadcast_to(rows, shape).ravel(),
                np.broadcast_to(cols, shape).ravel(),
                np.broadcast_to(t.values(), shape).ravel(),
                t,
            )

    def constants(self) -> Array:
        """The constant of every scalar row, flat."""
        shape = (self.count, 1 if self.n_time is None else self.n_time)
        return np.broadcast_to(self.constant, shape).ravel()


@dataclass
class Relation:
    """Bounds on an expression: ``lower ≤ expression ≤ upper`` for every row.

    A row without any finite bound is no constraint and never reaches the solver.
    """

    expression: Expression
    lower: float | Array
    upper: float | Array

    def where(self, mask: npt.NDArray[np.bool_]) -> Relation:
        """Keep the rows where ``mask``, shape (K,), (K, 1), (1, T) or (K, T), is true."""
        keep = mask[:, None] if mask.ndim == 1 else mask
        return Relation(
            self.expression, np.where(keep, self.lower, -np.inf), np.where(keep, self.upper, np.inf)
        )

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bound of every scalar row with the constant moved over, flat."""
        e = self.expression
        shape = (e.count, 1 if e.n_time is None else e.n_time)
        constant = e.constants()
        lower = np.broadcast_to(self.lower, shape).ravel()
        upper = np.broadcast_to(self.upper, shape).ravel()
        # An infinite limit stands in the constant: where there is no bound, there stays none.
        return (
            np.subtract(lower, constant, out=lower.astype(float), where=np.isfinite(lower)),
            np.subtract(upper, constant, out=upper.astype(float), where=np.isfinite(upper)),
        )
