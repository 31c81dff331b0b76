"""Taking out of a problem what needs no solver, and putting it back into the solution.

The formulation is written in full, with a row for every bound. Here rows with one entry become
bounds, and columns whose bounds meet become constants, again and again until nothing changes:
fixed capacities, demands and forced resources disappear, and the problem that is solved (and warm
started) has a third of the rows. Primal values and duals of the full problem are recovered exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from anello.errors import InfeasibleError, SolveError
from anello.optimise.formulation.expression import Array, IntArray
from anello.optimise.solve.problem import Problem

# Bounds that cross by less than this (relative to their size) are taken as equal.
CROSSING_TOLERANCE = 1e-7
# Rows that a message names.
MOST_NAMES = 3


@dataclass
class _Pass:
    """What one sweep took out: rows that became bounds."""

    rows: IntArray
    columns: IntArray
    entries: Array
    lower: Array
    upper: Array


@dataclass
class Reduction:
    """A reduced problem and what is needed to go back.

    Attributes
    ----------
    problem : Problem
        The problem it came from.
    rows, columns : ndarray of int
        Full numbers of the rows and columns that are left.
    col_lower, col_upper : ndarray
        Tightened bounds of all columns of the full problem.
    matrix : csr_array
        What is left of ``A``.
    row_lower, row_upper : ndarray
        Bounds of the rows that are left, constants moved over.
    passes : list of _Pass
        What each sweep took out, in order.
    """

    problem: Problem
    rows: IntArray
    columns: IntArray
    col_lower: Array
    col_upper: Array
    matrix: sparse.csr_array
    row_lower: Array
    row_upper: Array
    passes: list[_Pass]

    @property
    def cost(self) -> Array:
        """Objective coefficients of the columns that are left, to be minimised."""
        p = self.problem
        return p.sense * (p.cost + p.penalty)[self.columns]

    def expand(self, values: Array) -> Array:
        """Values of all columns from those of the columns that are left."""
        x = np.where(np.isfinite(self.col_lower), self.col_lower, 0.0)
        x[self.columns] = values
        return x

    def expand_duals(self, row_dual: Array) -> Array:
        """Duals of all rows from those of the rows that are left.

        A row that became a bound inherits the reduced cost of its column when it is the bound
        that binds. Sweeps are undone in reverse, so that columns which became constants first
        are charged with the duals of everything that came out after them.

        Parameters
        ----------
        row_dual : ndarray
            Change of the minimised objective per unit of each row that is left.
        """
        p = self.problem
        full = sparse.csr_array((p.data, p.indices, p.indptr), shape=(p.n_rows, p.n_columns))
        y = np.zeros(p.n_rows)
        y[self.rows] = row_dual
        reduced = p.sense * (p.cost + p.penalty) - full.T @ y
        for sweep in reversed(self.passes):
            if not len(sweep.rows):
                continue
            cost = reduced[sweep.columns]
            at_lower = np.isfinite(sweep.lower) & _reaches(
                sweep.lower, self.col_lower[sweep.columns]
            )
            at_upper = np.isfinite(sweep.upper) & _reaches(
                -sweep.upper, -self.col_upper[sweep.columns]
            )
            binding = np.flatnonzero(((cost > 0) & at_lower) | ((cost < 0) & at_upper))
            _, first = np.unique(sweep.columns[binding], return_index=True)
            binding = binding[first]
            y_new = reduced[sweep.columns[binding]] / sweep.entries[binding]
            y[sweep.rows[binding]] = y_new
            reduced -= full[sweep.rows[binding]].T @ y_new
        return p.sense * y


def _reaches(bound: Array, limit: Array) -> npt.NDArray[np.bool_]:
    """Whether a lower bound is (up to rounding) as high as the final one."""
    return bound >= limit - 1e-9 * (1.0 + np.abs(limit))


def reduce_problem(problem: Problem) -> Reduction:
    """Turn singleton rows into bounds and fixed columns into constants until none is left.

    Parameters
    ----------
    problem : Problem
        The full problem.

    Returns
    -------
    Reduction
        The reduced problem.

    Raises
    ------
    InfeasibleError
        When bounds cross or a row without variables is violated; names the row.
    SolveError
        When the problem holds something that is no number; names the row or column.
    """
    p = problem
    _refuse_nan(p)
    # Half-size numbers: these arrays are the largest there are, and several live at once.
    row_of = np.repeat(np.arange(p.n_rows, dtype=np.int32), np.diff(p.indptr))
    lower, upper = p.col_lower.copy(), p.col_upper.copy()
    row_lower, row_upper = p.row_lower.copy(), p.row_upper.copy()
    live_row = np.isfinite(row_lower) | np.isfinite(row_upper)
    live_column = np.ones(p.n_columns, dtype=bool)
    keep = live_row[row_of] & (p.data != 0)
    row_of, column_of, data = row_of[keep], p.indices[keep].astype(np.int32), p.data[keep]
    del keep
    passes: list[_Pass] = []
    size = np.ones(p.n_rows)
    while True:
        fixed = np.flatnonzero(live_column & (lower == upper))
        live_column[fixed] = False
        if len(fixed):
            gone = ~live_column[column_of]
            parts = data[gone] * lower[column_of[gone]]
            shift = np.bincount(row_of[gone], parts, minlength=p.n_rows)
            size += np.bincount(row_of[gone], np.abs(parts), minlength=p.n_rows)
            row_lower -= shift
            row_upper -= shift
            stay = ~gone
            row_of, column_of, data = row_of[stay], column_of[stay], data[stay]
        count = np.bincount(row_of, minlength=p.n_rows)
        _check_empty(p, live_row & (count == 0), row_lower, row_upper, size)
        live_row &= count > 0
        single = (count == 1) & live_row
        if not single.any():
            break
        entries = np.flatnonzero(single[row_of])
        rows, columns, values = row_of[entries], column_of[entries], data[entries]
        low, high = row_lower[rows] / values, row_upper[rows] / values
        low, high = np.where(values > 0, low, high), np.where(values > 0, high, low)
        np.maximum.at(lower, columns, low)
        np.minimum.at(upper, columns, high)
        _close_crossed(p, rows, columns, lower, upper)
        live_row[rows] = False
        stay = live_row[row_of]
        row_of, column_of, data = row_of[stay], column_of[stay], data[stay]
        passes.append(_Pass(rows, columns, values, low, high))
    if p.integer.any():
        lower[p.integer] = np.ceil(lower[p.integer] - 1e-9)
        upper[p.integer] = np.floor(upper[p.integer] + 1e-9)
        none = np.flatnonzero(lower > upper)
        if len(none):
            raise InfeasibleError(
                f"{p.column_name(int(none[0]))} must be a whole number, and there is none between"
                " its limits"
            )
    rows, columns = np.flatnonzero(live_row), np.flatnonzero(live_column)
    new_column = np.cumsum(live_column, dtype=np.int32) - 1
    count = np.bincount(row_of, minlength=p.n_rows)[rows]
    matrix = sparse.csr_array(
        (
            data,
            new_column[column_of],
            np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
        ),
        shape=(len(rows), len(columns)),
    )
    return Reduction(
        p, rows, columns, lower, upper, matrix, row_lower[rows], row_upper[rows], passes
    )


def _refuse_nan(p: Problem) -> None:
    """Refuse numbers that a comparison would pass over in silence."""
    for name, *arrays in (
        (p.row_name, p.row_lower, p.row_upper),
        (p.column_name, p.col_lower, p.col_upper, p.cost, p.penalty),
    ):
        for values in arrays:
            if np.isnan(values).any():
                number = int(np.flatnonzero(np.isnan(values))[0])
                raise SolveError(f"{name(number)} has a bound or cost that is no number")
    wrong = np.flatnonzero(~np.isfinite(p.data))
    if len(wrong):
        row = int(np.searchsorted(p.indptr, wrong[0], side="right")) - 1
        raise SolveError(f"{p.row_name(row)} has a coefficient that is not finite")


def _check_empty(
    p: Problem, empty: npt.NDArray[np.bool_], row_lower: Array, row_upper: Array, size: Array
) -> None:
    """Name rows that are violated by the constants in them, whose sizes add up to ``size``."""
    tolerance = CROSSING_TOLERANCE * size
    broken = np.flatnonzero(empty & ((row_lower > tolerance) | (row_upper < -tolerance)))
    if len(broken):
        raise InfeasibleError(
            f"{_list(p, broken)} cannot hold: everything in it is fixed by other constraints, and"
            f" misses by {max(row_lower[broken[0]], -row_upper[broken[0]]):g}"
        )


def _close_crossed(
    p: Problem, rows: IntArray, columns: IntArray, lower: Array, upper: Array
) -> None:
    """Meet bounds that cross by rounding; name the row where they cross for good."""
    crossed = lower[columns] > upper[columns]
    if not crossed.any():
        return
    where = columns[crossed]
    gap = lower[where] - upper[where]
    scale = 1.0 + np.abs(upper[where])
    if np.any(gap > CROSSING_TOLERANCE * scale):
        worst = int(np.argmax(gap / scale))
        column = int(where[worst])
        raise InfeasibleError(
            f"{_list(p, rows[crossed][gap > CROSSING_TOLERANCE * scale])} cannot hold:"
            f" {p.column_name(column)} would have to be at least {lower[column]:g}"
            f" and at most {upper[column]:g}"
        )
    lower[where] = upper[where]


def _list(p: Problem, rows: IntArray) -> str:
    names = ", ".join(p.row_name(int(r)) for r in rows[:MOST_NAMES])
    return names if len(rows) <= MOST_NAMES else f"{names} and {len(rows) - MOST_NAMES} more"
