"""A first basis from the same problem with several steps in one.

A year of hours is first solved in steps of four: columns of one step take one value, and rows are
the means of those that they stand for (aggregation as in Zipkin, Bounds on the effect of
aggregating variables in linear programs, Operations Research 28, 1980). Its basis, every status
repeated for each hour, is near the one that is sought. The optimum is that of the hours alone:
where the coarse problem has none, or misleads, only time is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from anello.optimise.formulation.expression import Array, Block, IntArray
from anello.optimise.formulation.system import TIME_AXIS
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.problem import Problem

STEPS = 4
"""How many steps become one."""


@dataclass(frozen=True)
class Coarse:
    """A problem with fewer steps.

    Attributes
    ----------
    problem : Problem
        The coarse one.
    columns, rows : ndarray of int
        Of each column and row of the fine problem, the number of the coarse one it became part of.
    """

    problem: Problem
    columns: IntArray
    rows: IntArray

    def refined(self, basis: Basis, fine: Problem) -> Basis:
        """Return a start for the fine problem: the coarse one's statuses, repeated."""
        return Basis(basis.columns[self.columns], basis.rows[self.rows], fine.signature)


def coarser(problem: Problem, steps: int = STEPS) -> Coarse:
    """Return a problem without integers with so many steps in one.

    Parameters
    ----------
    problem : Problem
        With T steps.
    steps : int
        How many become one; the last may stand for fewer.

    Returns
    -------
    Coarse
        With ⌈T / steps⌉ steps. What has no step axis stays as it is.
    """
    columns, variables, n_columns = _joined(problem.variables, problem.n_columns, steps)
    rows, constraints, n_rows = _joined(problem.constraints, problem.n_rows, steps)
    fine = sparse.csr_array(
        (problem.data, problem.indices, problem.indptr), shape=(problem.n_rows, problem.n_columns)
    )
    spread = _membership(columns, n_columns)
    of_columns, of_rows = _means(columns, n_columns), _means(rows, n_rows)
    matrix = sparse.csr_array(of_rows @ fine @ spread)
    matrix.sum_duplicates()
    nothing = np.zeros(0)
    coarse = replace(
        problem,
        indptr=matrix.indptr.astype(np.int64),
        indices=matrix.indices.astype(np.int64),
        data=matrix.data,
        row_lower=of_rows @ problem.row_lower,
        row_upper=of_rows @ problem.row_upper,
        col_lower=of_columns @ problem.col_lower,
        col_upper=of_columns @ problem.col_upper,
        cost=spread.T @ problem.cost,
        penalty=spread.T @ problem.penalty,
        integer=np.zeros(n_columns, dtype=bool),
        expr_indptr=np.zeros(1, np.int64),
        expr_indices=np.zeros(0, np.int64),
        expr_data=nothing,
        expr_constant=nothing,
        variables=variables,
        constraints=constraints,
        expressions={},
        steps={
            axis: labels[::steps] if _of_time(axis) else labels
            for axis, labels in problem.steps.items()
        },
        slots=[],
    )
    return Coarse(coarse, columns, rows)


def _joined(
    blocks: Mapping[str, Block], count: int, steps: int
) -> tuple[IntArray, dict[str, Block], int]:
    """Return the coarse number of each of so many items, the coarse blocks, and their count."""
    number, joined, start = np.full(count, -1, dtype=np.int64), {}, 0
    for name, block in blocks.items():
        n_time = block.n_time
        if n_time is None or not _of_time(block.axis):
            number[block.start : block.stop] = start + np.arange(block.size)
        else:
            step = np.arange(n_time) // steps
            n_time = int(step[-1]) + 1
            number[block.numbers] = start + np.arange(block.count)[:, None] * n_time + step
        joined[name] = replace(block, start=start, n_time=n_time)
        start += joined[name].size
    added = np.flatnonzero(number < 0)
    number[added] = start + np.arange(len(added))
    return number, joined, start + len(added)


def _of_time(axis: str) -> bool:
    """Whether steps of an axis follow one another, in a problem or in a part of a joint one."""
    return axis.rpartition(": ")[2] == TIME_AXIS


def _membership(number: IntArray, count: int) -> sparse.csr_array:
    """Return the matrix that gives each fine item the value of its coarse one."""
    n_fine = len(number)
    entries = (np.ones(n_fine), (np.arange(n_fine), number))
    return sparse.csr_array(entries, shape=(n_fine, count))


def _means(number: IntArray, count: int) -> sparse.csr_array:
    """Return the matrix that takes the means of the fine items of each coarse one."""
    share: Array = 1.0 / np.bincount(number, minlength=count)[number]
    entries = (share, (number, np.arange(len(number))))
    return sparse.csr_array(entries, shape=(count, len(number)))
