"""The problem of a whole period, from which one horizon after the other is cut and solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from anello.errors import ConfigError, InfeasibleError, InputError, SolveError
from anello.errors import Problem as Fault
from anello.optimise.formulation.expression import Array, Block, IntArray
from anello.optimise.formulation.system import TIME_AXIS
from anello.optimise.operate.windows import Window
from anello.optimise.solve.basis import UNKNOWN, Basis, Statuses
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.optimise import optimise_reduced
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.reduction import reduce_problem
from anello.optimise.solve.run import explanation
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import Start

NO_STEP = -1


RAMPING = ("ramping_up", "ramping_down")


@dataclass(frozen=True)
class Horizon:
    """A solved horizon.

    Attributes
    ----------
    window : Window
        Its steps.
    cost : float
        Weighted cost of all its steps, those looked ahead to included, without the ``bigM`` terms.
    seconds : float
        Wall time of the solver [s].
    status : str
        ``optimal``, or with integers also what stopped the solver before.
    gap : float
        How far the objective may be from the best one, relative to it; zero without integers.
    warm : bool
        Whether it started from the basis of the one before.
    """

    window: Window
    cost: float
    seconds: float
    status: str
    gap: float
    warm: bool


class Period:
    """The problem of a whole period, to be solved horizon by horizon in the order of time.

    Parameters
    ----------
    problem : Problem
        The whole period.
    capacities : dict of str to ndarray, shape (n_nodes,)
        Fixed capacities by variable, nodes in the order of the variable ``energy_cap``.
    copy_calliope : bool
        As Calliope 0.6: no standing loss and no ramping limit between windows.
    """

    def __init__(
        self, problem: Problem, capacities: Mapping[str, Array], *, copy_calliope: bool = False
    ) -> None:
        self._copy_calliope = copy_calliope
        self._column_step = _steps(problem.variables, problem.n_columns)
        self._row_step = _steps(problem.constraints, problem.n_rows)
        self._fixed = _with_capacities(problem, capacities, self._column_step)
        self._settle_rows()
        p = self._fixed
        self._x = np.where(p.col_lower == p.col_upper, p.col_lower, 0.0)
        self._row_dual = np.zeros(p.n_rows)
        self._unlimited = np.zeros(p.n_columns, dtype=bool)
        for block, values in _capacity_blocks(p, capacities):
            self._unlimited[block.start : block.stop] = np.isinf(values)
        self._column_status = np.full(p.n_columns, UNKNOWN, dtype=np.int8)
        self._row_status = np.full(p.n_rows, UNKNOWN, dtype=np.int8)
        self._local = np.full(p.n_columns, -1, dtype=np.int64)
        self._last: Window | None = None
        self.logs: list[str] = []

    def _settle_rows(self) -> None:
        """Void rows without a variable in time, and find the step of those that users added.

        A row over more than two steps is a limit on a sum, which then holds in every horizon.
        """
        p = self._fixed
        row_of, step = p.row_of, self._column_step[p.indices]
        used = (p.data != 0) & (step != NO_STEP)
        latest = np.full(p.n_rows, NO_STEP)
        earliest = np.full(p.n_rows, np.iinfo(np.int64).max)
        np.maximum.at(latest, row_of[used], step[used])
        np.minimum.at(earliest, row_of[used], step[used])
        empty = latest == NO_STEP
        p.row_lower[empty & (self._row_step == NO_STEP)] = -np.inf
        p.row_upper[empty & (self._row_step == NO_STEP)] = np.inf
        short = (self._row_step == NO_STEP) & ~empty & (latest - earliest <= 1)
        self._row_step[short] = latest[short]
        self._single = np.flatnonzero(short)
        bound = np.isfinite(p.row_lower) | np.isfinite(p.row_upper)
        sums = (self._row_step == NO_STEP) & ~empty & bound
        self._sums = np.flatnonzero(sums)
        ahead = bound & ~sums & (latest > self._row_step) & ~empty
        if ahead.any():
            name = p.row_name(int(np.flatnonzero(ahead)[0]))
            raise ConfigError(
                Fault(f"{name} looks ahead in time, which no window can", key="run.mode")
            )

    # --- one horizon ----------------------------------------------------------------------------
    def cut(self, window: Window) -> tuple[Problem, IntArray, IntArray]:
        """Cut a horizon out.

        Returns
        -------
        problem : Problem
            The horizon's problem, with all that was decided before it on the right-hand side.
        columns, rows : ndarray of int
            Its columns and rows by their numbers in the whole period.
        """
        p = self._fixed
        span = (window.first, window.end)
        columns, variables = _cut_blocks(p.variables, *span)
        in_time = {name: b for name, b in p.constraints.items() if b.n_time is not None}
        rows, constraints = _cut_blocks(in_time, *span)
        n_blocks = len(rows)
        step = self._row_step[self._single]
        rows = np.concatenate([rows, self._single[(step >= span[0]) & (step < span[1])]])
        n_in_time = len(rows)
        rows = np.concatenate([rows, self._sums])
        count = np.diff(p.indptr)[rows]
        offsets = np.cumsum(count) - count
        entries = np.repeat(p.indptr[rows] - offsets, count) + np.arange(count.sum())
        row_of = np.repeat(np.arange(len(rows)), count)
        data, full = p.data[entries], p.indices[entries]
        self._local[columns] = np.arange(len(columns))
        local = self._local[full]
        self._local[columns] = -1
        lower, upper = p.row_lower[rows], p.row_upper[rows]
        before = (local < 0) & (row_of < n_in_time) & (data != 0)
        carried = data[before] * self._carried(full[before], data[before])
        shift = np.bincount(row_of[before], carried, len(rows))
        lower, upper = lower - shift, upper - shift
        if self._copy_calliope and window.first > 0:
            for name in RAMPING:
                if name in constraints:
                    block = constraints[name]
                    at = block.numbers[:, 0]
                    lower[at], upper[at] = -np.inf, np.inf
        inside = local >= 0
        indptr = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(np.bincount(row_of[inside], minlength=len(rows)), out=indptr[1:])
        problem = replace(
            p,
            indptr=indptr,
            indices=local[inside],
            data=data[inside],
            row_lower=lower,
            row_upper=upper,
            col_lower=p.col_lower[columns],
            col_upper=p.col_upper[columns],
            cost=p.cost[columns],
            penalty=p.penalty[columns],
            integer=p.integer[columns],
            expr_indptr=np.zeros(1, np.int64),
            expr_indices=np.zeros(0, np.int64),
            expr_data=np.zeros(0),
            expr_constant=np.zeros(0),
            offset=0.0,
            variables=variables,
            constraints=constraints,
            expressions={},
            steps={axis: labels[slice(*span)] for axis, labels in p.steps.items()},
            slots=[],
            extra_names={
                "columns": [],
                "rows": [p.row_name(int(row)) for row in rows[n_blocks:]],
            },
        )
        return problem, columns, rows

    def _carried(self, columns: IntArray, entries: Array) -> Array:
        """Values decided before a horizon, for the rows of its first step."""
        values = self._x[columns]
        if self._copy_calliope and "storage" in self._fixed.variables:
            block = self._fixed.variables["storage"]
            stored = (columns >= block.start) & (columns < block.stop)
            # Whatever a row makes of the level before, it gets the level itself.
            values = np.where(stored, values / np.abs(entries), values)
        return values

    def solve(self, window: Window, settings: SolverConfig) -> Horizon:
        """Solve a horizon and keep the decisions of its window.

        Raises
        ------
        SolveError
            If it has no solution, of the class that says why; names its dates.
        """
        problem, columns, rows = self.cut(window)
        try:
            reduction = reduce_problem(problem)
            start = Start(self._start(problem, columns, rows, window))
            found = optimise_reduced(reduction, settings, start=start)
        except InfeasibleError as error:
            text = f"{self._dates(window)}: {error}\n{explanation(problem, settings.time_limit_s)}"
            raise InfeasibleError(text) from error
        except SolveError as error:
            raise type(error)(f"{self._dates(window)}: {error}") from error
        kept = self._kept(self._column_step[columns], window)
        self._x[columns[kept]] = np.clip(found.x, problem.col_lower, problem.col_upper)[kept]
        kept = self._kept(self._row_step[rows], window)
        self._row_dual[rows[kept]] = found.row_dual[kept]
        if found.basis is not None:
            for known, numbers, status in (
                (self._column_status, columns, found.basis.columns),
                (self._row_status, rows, found.basis.rows),
            ):
                seen = status != UNKNOWN
                known[numbers[seen]] = status[seen]
        self._last = window
        self.logs.append(f"{self._dates(window)}\n{found.log}")
        return Horizon(
            window,
            found.cost_objective,
            found.solve_seconds,
            found.status,
            found.gap,
            found.warm,
        )

    @staticmethod
    def _kept(step: IntArray, window: Window) -> npt.NDArray[np.bool_]:
        kept: npt.NDArray[np.bool_] = (step >= window.first) & (step < window.stop)
        return kept

    def _dates(self, window: Window) -> str:
        steps = self._fixed.steps[TIME_AXIS]
        return (
            f"window {steps[window.first]} to {steps[window.stop - 1]} (looking ahead to"
            f" {steps[window.end - 1]})"
        )

    def _start(
        self, problem: Problem, columns: IntArray, rows: IntArray, window: Window
    ) -> Basis | None:
        """Basis to start from: that of the horizon before where both overlap.

        Steps that are new start as the steps did that were as far ahead then.
        """
        if self._last is None:
            return None
        shift = window.first - self._last.first

        def statuses(known: Statuses, numbers: IntArray, step: IntArray) -> Statuses:
            found = known[numbers]
            new = (found == UNKNOWN) & (step != NO_STEP)
            found[new] = known[numbers[new] - shift]
            return found

        return Basis(
            statuses(self._column_status, columns, self._column_step[columns]),
            statuses(self._row_status, rows, self._row_step[rows]),
            problem.signature,
        )

    # --- all of them ----------------------------------------------------------------------------
    def solution(self, solver: str, horizons: list[Horizon], seconds: float) -> Solution:
        """Everything that was kept, as a solution of the whole period.

        Raises
        ------
        SolveError
            If what was kept does not satisfy the period's constraints across windows.
        """
        p = self._fixed
        # A limit on a sum holds in each horizon, which says nothing about the whole period.
        p.row_lower[self._sums], p.row_upper[self._sums] = -np.inf, np.inf
        found = Solution(
            problem=p,
            status=next((one.status for one in horizons if one.status != "optimal"), "optimal"),
            x=self._x,
            row_dual=self._row_dual,
            basis=None,
            solve_seconds=seconds,
            solver=solver,
            gap=max((one.gap for one in horizons), default=0.0),
            log="\n".join(self.logs),
            warm=any(one.warm for one in horizons),
        )
        if not self._copy_calliope:
            found.check_feasibility()
        return replace(found, x=np.where(self._unlimited, np.inf, self._x))


def _steps(blocks: Mapping[str, Block], count: int) -> IntArray:
    """Step of every item of all blocks; `NO_STEP` without a step axis."""
    step = np.full(count, NO_STEP, dtype=np.int64)
    for block in blocks.values():
        if block.n_time is not None:
            step[block.start : block.stop] = np.tile(np.arange(block.n_time), block.count)
    return step


def _cut_blocks(
    blocks: Mapping[str, Block], first: int, end: int
) -> tuple[IntArray, dict[str, Block]]:
    """Numbers of a horizon's items in the whole period, and its own blocks."""
    numbers, cut, start = [np.zeros(0, np.int64)], {}, 0
    for name, block in blocks.items():
        if block.n_time is None:
            own = np.arange(block.start, block.stop)
            n_time = None
        else:
            by_item = block.start + np.arange(block.count)[:, None] * block.n_time
            own = (by_item + np.arange(first, end)).ravel()
            n_time = end - first
        numbers.append(own)
        cut[name] = Block(name, block.keys, n_time, start, block.axis)
        start += len(own)
    return np.concatenate(numbers), cut


def _capacity_blocks(
    problem: Problem, capacities: Mapping[str, Array]
) -> list[tuple[Block, Array]]:
    """Variables without a step axis, with their given values."""
    nodes = problem.variables["energy_cap"].positions()
    found = []
    for name, block in problem.variables.items():
        if block.n_time is None:
            at = np.array([nodes[label] for label in block.labels()], dtype=np.int64)
            found.append((block, capacities[name][at]))
    return found


def _with_capacities(
    problem: Problem, capacities: Mapping[str, Array], column_step: IntArray
) -> Problem:
    """Fix the capacities; constraints that an unlimited one satisfies by itself become void."""
    col_lower, col_upper = problem.col_lower.copy(), problem.col_upper.copy()
    row_lower, row_upper = problem.row_lower.copy(), problem.row_upper.copy()
    unlimited = np.zeros(problem.n_columns, dtype=bool)
    for block, values in _capacity_blocks(problem, capacities):
        span = slice(block.start, block.stop)
        unlimited[span] = np.isinf(values)
        col_lower[span] = np.where(np.isinf(values), 0.0, values)
        col_upper[span] = values
    row_of = problem.row_of
    void = np.zeros(problem.n_rows, dtype=bool)
    void[row_of[unlimited[problem.indices] & (problem.data != 0)]] = True
    in_time = np.zeros(problem.n_rows, dtype=bool)
    in_time[row_of[(column_step[problem.indices] != NO_STEP) & (problem.data != 0)]] = True
    decisive = np.flatnonzero(void & in_time & (row_lower == row_upper))
    if len(decisive):
        raise InputError(
            Fault(
                f"{problem.row_name(int(decisive[0]))} needs a finite capacity, and mode `operate`"
                " is given none",
                suggestion="Give the technology _equals or _max for each of its capacities",
            )
        )
    row_lower[void], row_upper[void] = -np.inf, np.inf
    return replace(
        problem,
        col_lower=col_lower,
        col_upper=col_upper,
        row_lower=row_lower,
        row_upper=row_upper,
    )
