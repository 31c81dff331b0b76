"""The assembled linear system: numbered variables, row blocks and named expressions in arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from anello.errors import InputError
from anello.optimise.formulation.expression import (
    Array,
    Block,
    Expression,
    IntArray,
    Relation,
    Term,
)

TIME_AXIS = "timestep"
CLUSTER_AXIS = "cluster"
DATE_AXIS = "datestep"


@dataclass
class Variable:
    """A block of decision variables with bounds."""

    block: Block
    lower: Array
    upper: Array
    integer: bool = False

    def at(
        self,
        positions: Sequence[int] | IntArray | None = None,
        steps: Sequence[int] | IntArray | None = None,
    ) -> Expression:
        """Variables of some items, as an expression with one row an item.

        Parameters
        ----------
        positions : sequence of int, optional
            Items ``k`` in the order of the rows wanted; all by default.
        steps : sequence of int, optional
            Step ``t`` to read at each step of the row (for example the previous one).
        """
        numbers = self.block.numbers
        if positions is not None:
            numbers = numbers[np.asarray(positions, dtype=np.int64)]
        if steps is not None:
            numbers = numbers[:, np.asarray(steps, dtype=np.int64)]
        rows = np.arange(len(numbers), dtype=np.int64)
        n_time = numbers.shape[1] if numbers.ndim == 2 else None
        return Expression(len(numbers), n_time, [Term(rows, numbers, np.ones((1, 1)))])

    def at_step(self, positions: Sequence[int] | IntArray, step: int) -> Expression:
        """Variables of some items at one step, without a step axis."""
        numbers = self.block.numbers[np.asarray(positions, dtype=np.int64), step]
        rows = np.arange(len(numbers), dtype=np.int64)
        return Expression(len(numbers), None, [Term(rows, numbers, np.ones((1, 1)))])


@dataclass(frozen=True)
class Slot:
    """Matrix entries that follow a parameter: ``entry = base + multiplier · value**power``.

    Attributes
    ----------
    parameter : str
        Parameter name.
    nodes : tuple of str
        Node label of each row of ``entries``.
    entries : ndarray of int, shape (k, T) or (k, 1)
        Positions in the data array of the row block (later of the compiled matrix).
    multiplier, base : ndarray
        Same shape as ``entries``.
    power : int
        +1 or −1.
    """

    parameter: str
    nodes: tuple[str, ...]
    entries: IntArray
    multiplier: Array
    base: Array
    power: int


@dataclass
class RowBlock:
    """Rows of one constraint in compressed sparse row form."""

    block: Block
    indptr: IntArray
    indices: IntArray
    data: Array
    lower: Array
    upper: Array
    slots: list[Slot] = field(default_factory=list)

    @property
    def bounded(self) -> npt.NDArray[np.bool_]:
        """Rows that are constraints: at least one side is finite."""
        return np.isfinite(self.lower) | np.isfinite(self.upper)


def compress(
    expression: Expression, n_columns: int
) -> tuple[IntArray, IntArray, Array, list[Slot]]:
    """Turn an expression into sparse rows, adding up entries that meet.

    Returns
    -------
    indptr, indices, data : ndarray
        Compressed sparse rows; column numbers ascend within a row.
    slots : list of Slot
        Where tagged parameters stand in ``data``.
    """
    n_rows = expression.count * (1 if expression.n_time is None else expression.n_time)
    parts = [part for part in expression.entries() if len(part[0])]
    if not parts:
        empty = np.zeros(0)
        return np.zeros(n_rows + 1, np.int64), empty.astype(np.int64), empty, []
    keys = np.concatenate([rows * n_columns + cols for rows, cols, _, _ in parts])
    values = np.concatenate([v for _, _, v, _ in parts])
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    first = np.empty(len(keys), dtype=bool)
    first[0] = True
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    data = values[order] if len(starts) == len(keys) else np.add.reduceat(values[order], starts)
    unique = sorted_keys[starts]
    rows_of = unique // n_columns
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows_of, minlength=n_rows), out=indptr[1:])
    slots = []
    if any(t.tag is not None for *_, t in parts):
        place = np.empty(len(keys), dtype=np.int64)
        place[order] = np.cumsum(first) - 1
        offset = 0
        for rows, _, v, t in parts:
            if t.tag is not None:
                shape = (len(t.rows), len(rows) // max(1, len(t.rows)))
                entries = place[offset : offset + len(rows)].reshape(shape)
                multiplier = np.broadcast_to(t.coef, shape).copy()
                base = data[entries] - v.reshape(shape)
                slots.append(Slot(t.tag.name, t.tag.nodes, entries, multiplier, base, t.tag.power))
            offset += len(rows)
    return indptr, unique - rows_of * n_columns, data, slots


class System:
    """Variables, constraints, named expressions and the objective of one model.

    Parameters
    ----------
    steps : mapping of str to sequence of str
        Labels of each step axis, for example ``{"timestep": ("2015-01-01 00:00", …)}``.
    """

    def __init__(self, steps: Mapping[str, Sequence[str]]) -> None:
        self.steps = {axis: tuple(labels) for axis, labels in steps.items()}
        self.variables: dict[str, Variable] = {}
        self.expressions: dict[str, tuple[Block, Expression]] = {}
        self.relations: dict[str, tuple[Mapping[str, tuple[str, ...]], Relation, str]] = {}
        self.objective = Expression(1, None)
        self.penalty = Expression(1, None)
        self.sense = 1
        self.n_columns = 0
        self._n_expressions = 0

    def add_variable(
        self,
        name: str,
        keys: Mapping[str, Sequence[str]],
        axis: str = "",
        *,
        lower: float | Array = 0.0,
        upper: float | Array = np.inf,
        integer: bool = False,
    ) -> Variable:
        """Number a new block of variables; bounds broadcast to its shape."""
        n_time = len(self.steps[axis]) if axis else None
        block = Block(name, {k: tuple(v) for k, v in keys.items()}, n_time, self.n_columns, axis)
        variable = Variable(
            block,
            np.broadcast_to(np.asarray(lower, float), block.shape),
            np.broadcast_to(np.asarray(upper, float), block.shape),
            integer,
        )
        self.n_columns = block.stop
        self.variables[name] = variable
        return variable

    def add_constraint(
        self, name: str, keys: Mapping[str, Sequence[str]], relation: Relation, axis: str = ""
    ) -> None:
        """Add the rows of one constraint; ``axis`` names the step axis if it has one."""
        self.relations[name] = ({k: tuple(v) for k, v in keys.items()}, relation, axis)

    def add_expression(
        self, name: str, keys: Mapping[str, Sequence[str]], expression: Expression, axis: str = ""
    ) -> None:
        """Name an expression that results report and other constraints use."""
        block = Block(
            name,
            {k: tuple(v) for k, v in keys.items()},
            expression.n_time,
            self._n_expressions,
            axis,
        )
        self._n_expressions = block.stop
        self.expressions[name] = (block, expression)

    def row_blocks(self) -> list[RowBlock]:
        """Assemble all constraints, numbering rows in the order they were added.

        Raises
        ------
        InputError
            When a parameter puts a number into a row that is not finite; names the row.
        """
        blocks = []
        start = 0
        for name, (keys, relation, axis) in self.relations.items():
            e = relation.expression
            block = Block(name, keys, e.n_time, start, axis)
            if block.count != e.count:
                raise ValueError(f"{name}: {block.count} labels for {e.count} rows")
            indptr, indices, data, slots = compress(e, self.n_columns)
            lower, upper = relation.bounds()
            # A row that is no number would be no constraint: the fault would pass unseen.
            wrong = np.isnan(lower) | np.isnan(upper)
            wrong[np.repeat(np.arange(block.size), np.diff(indptr))[~np.isfinite(data)]] = True
            if wrong.any():
                row = block.describe(start + int(np.flatnonzero(wrong)[0]), self.steps)
                raise InputError(
                    f"{row} holds a number that is not finite; look for gaps and infinite values"
                    " in the parameters that it is made of"
                )
            blocks.append(RowBlock(block, indptr, indices, data, lower, upper, slots))
            start = block.stop
        return blocks
