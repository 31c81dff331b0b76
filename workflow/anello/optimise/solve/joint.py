"""Several problems as one: some of their columns are the same, all else is each one's own.

With probabilities as weights this is the extensive form of a two-stage stochastic programme (Birge
and Louveaux, Introduction to Stochastic Programming, 2011, section 2.4): what is shared is decided
before it is known which of the problems comes true, and the expected objective decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from anello.errors import InfeasibleError
from anello.optimise.formulation.expression import Block, IntArray
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.run import solve
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import SCRATCH, Start

Shared = Mapping[str, Sequence[tuple[str, ...]]]
"""Items that all problems share, by the name of their variable."""


@dataclass(frozen=True)
class Joint:
    """Several problems as one.

    Attributes
    ----------
    problem : Problem
        All of them; an objective is what it is to expect.
    names : tuple of str
        What its parts are called.
    parts : tuple of Problem
        What it was made from.
    weights : tuple of float
        Weight of each in the objective.
    columns : tuple of ndarray of int
        Number that each column of a part has in the whole.
    """

    problem: Problem
    names: tuple[str, ...]
    parts: tuple[Problem, ...]
    weights: tuple[float, ...]
    columns: tuple[IntArray, ...]

    def solve(
        self,
        solver: SolverConfig,
        *,
        start: Start = SCRATCH,
        prices: bool = False,
    ) -> Solution:
        """Solve the whole; parameters and errors are as in `anello.optimise.solve.solve`.

        Where there is no solution, the explanation is that of the first part that has none alone.
        """
        try:
            return solve(self.problem, solver, start=start, prices=prices, explain=False)
        except InfeasibleError as error:
            for name, part in zip(self.names, self.parts, strict=True):
                try:
                    solve(part, solver)
                except InfeasibleError as alone:
                    raise InfeasibleError(f"{name}: {alone}") from error
            raise InfeasibleError(
                f"{error}; each of {', '.join(self.names)} has a solution alone, so that no sizes"
                " serve all of them"
            ) from error

    def split(self, solution: Solution) -> tuple[Solution, ...]:
        """Return the solution of each part as if it had been solved alone.

        Duals are changes of the part's own objective, not of what is to be expected. The gap is
        that of the whole.

        Parameters
        ----------
        solution : Solution
            Of the whole.
        """
        return tuple(self._parts_of(solution))

    def _parts_of(self, solution: Solution) -> Iterator[Solution]:
        first = 0
        for part, weight, columns in zip(self.parts, self.weights, self.columns, strict=True):
            rows = slice(first, first + part.n_rows)
            first = rows.stop
            yield replace(
                solution,
                problem=part,
                x=solution.x[columns],
                row_dual=solution.row_dual[rows] / weight,
                basis=None,
                log="",
            )


def join(parts: Mapping[str, Problem], weights: Sequence[float], shared: Shared) -> Joint:
    """Put problems together.

    Parameters
    ----------
    parts : mapping of str to Problem
        The problems, by names that people see where one of their rows or columns is named.
    weights : sequence of float
        Weight of each in the objective, positive.
    shared : mapping of str to sequence of tuple
        Labels of the items that are one for all, by variable without time steps; each problem has
        all of them. Bounds of every problem hold.

    Returns
    -------
    Joint
        The whole. It knows no named expressions and cannot be patched: its parts can.

    Raises
    ------
    InfeasibleError
        If the bounds of a shared column exclude each other.
    ValueError
        If the problems are not of one sense, or have rows or columns of a user.
    """
    problems = tuple(parts.values())
    if len({p.sense for p in problems}) != 1 or any(any(p.extra_names.values()) for p in problems):
        raise ValueError("only problems of one sense, without a user's own rows, can be joined")
    layout = _Layout(shared)
    numbers = tuple(layout.take(name, p) for name, p in parts.items())
    n = layout.count
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    cost, penalty, integer = np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool)
    for p, weight, columns in zip(problems, weights, numbers, strict=True):
        lower[columns] = np.maximum(lower[columns], p.col_lower)
        upper[columns] = np.minimum(upper[columns], p.col_upper)
        cost[columns] += weight * p.cost
        penalty[columns] += weight * p.penalty
        integer[columns] |= p.integer
    constraints, steps, indptr = _rows(parts)
    whole = Problem(
        indptr=indptr,
        indices=np.concatenate([c[p.indices] for p, c in zip(problems, numbers, strict=True)]),
        data=np.concatenate([p.data for p in problems]),
        row_lower=np.concatenate([p.row_lower for p in problems]),
        row_upper=np.concatenate([p.row_upper for p in problems]),
        col_lower=lower,
        col_upper=upper,
        cost=cost,
        penalty=penalty,
        integer=integer,
        expr_indptr=np.zeros(1, dtype=np.int64),
        expr_indices=np.zeros(0, dtype=np.int64),
        expr_data=np.zeros(0),
        expr_constant=np.zeros(0),
        offset=sum(w * p.offset for w, p in zip(weights, problems, strict=True)),
        sense=problems[0].sense,
        variables=layout.variables,
        constraints=constraints,
        expressions={},
        steps=steps,
        extra_names={"columns": [], "rows": []},
    )
    crossed = np.flatnonzero(lower > upper)
    if len(crossed):
        worst = int(crossed[0])
        raise InfeasibleError(
            f"{whole.column_name(worst)} is one size for {', '.join(parts)}, but would have to be"
            f" at least {lower[worst]:g} by one and at most {upper[worst]:g} by another"
        )
    return Joint(whole, tuple(parts), problems, tuple(weights), numbers)


def _rows(
    parts: Mapping[str, Problem],
) -> tuple[dict[str, Block], dict[str, tuple[str, ...]], IntArray]:
    """Return the blocks of all rows, the labels of their steps, and where each row begins."""
    steps: dict[str, tuple[str, ...]] = {}
    constraints: dict[str, Block] = {}
    rows = entries = 0
    indptr = [np.zeros(1, dtype=np.int64)]
    for name, p in parts.items():
        steps |= {_of(name, axis): labels for axis, labels in p.steps.items()}
        for block in p.constraints.values():
            constraints[_of(name, block.name)] = _moved(name, block, block.start + rows)
        rows += p.n_rows
        indptr.append(p.indptr[1:] + entries)
        entries += len(p.data)
    return constraints, steps, np.concatenate(indptr)


def _of(part: str, name: str) -> str:
    return f"{part}: {name}"


def _moved(part: str, block: Block, start: int) -> Block:
    axis = _of(part, block.axis) if block.axis else ""
    return Block(_of(part, block.name), block.keys, block.n_time, start, axis)


class _Layout:
    """Numbers of the columns: what is shared first, by its plain name, then each part's own."""

    def __init__(self, shared: Shared) -> None:
        self.variables: dict[str, Block] = {}
        self.count = 0
        self._shared = shared
        self._known: dict[str, dict[tuple[str, ...], int]] = {}

    def take(self, part: str, problem: Problem) -> IntArray:
        """Give the columns of one more part their numbers."""
        numbers = np.empty(problem.n_columns, dtype=np.int64)
        for name, labels in self._shared.items():
            if labels and name not in self._known:
                keys = problem.variables[name].keys
                self._add(Block(name, _columns(keys, labels), None, self.count))
                self._known[name] = self.variables[name].positions()
        for name, block in problem.variables.items():
            known = self._known.get(name, {})
            own = [label for label in block.labels() if label not in known]
            start = self.count
            if own:
                keys = block.keys if len(own) == block.count else _columns(block.keys, own)
                axis = _of(part, block.axis) if block.axis else ""
                self._add(Block(_of(part, name), keys, block.n_time, start, axis))
            if not known:
                numbers[block.start : block.stop] = np.arange(start, self.count)
                continue
            first = self.variables[name].start
            place = {label: start + k for k, label in enumerate(own)}
            place |= {label: first + k for label, k in known.items()}
            numbers[block.start : block.stop] = [place[label] for label in block.labels()]
        return numbers

    def _add(self, block: Block) -> None:
        self.variables[block.name] = block
        self.count = block.stop


def _columns(
    keys: Mapping[str, tuple[str, ...]], labels: Sequence[tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    return dict(zip(keys, map(tuple, zip(*labels, strict=True)), strict=True))


__all__ = ["Joint", "Shared", "join"]
