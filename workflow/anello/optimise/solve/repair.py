"""Making the basis of one problem a basis of a similar one: a pivot in every row.

From one programme of a search to the next, entries vanish (what a heat pump gains from warmer water
while it stands still) and rows come into force. Columns that were a basis may then be singular, and
the simplex begins at values of 1e30, or not at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from anello.optimise.solve.basis import BASIC, NONBASIC, UNKNOWN, Statuses

SMALLEST_PIVOT = 1e-7
"""Entries up to this are taken as none: HiGHS drops the smallest, and divides by no other well."""

Flags = npt.NDArray[np.bool_]


def repaired(
    matrix: sparse.csr_array, columns: Statuses, rows: Statuses, *, free: Flags, equation: Flags
) -> tuple[Statuses, Statuses]:
    """Return a basis of a problem that begins with the statuses of a similar one's.

    New rows get their slack, new free columns the new equations that define them. Then columns and
    rows are matched: a row without a match gets its slack, and a column without one leaves. What
    is left is regular unless numbers cancel, which no pattern shows.

    Parameters
    ----------
    matrix : csr_array, shape (m, n)
        The problem's.
    columns, rows : ndarray of int8, shapes (n,) and (m,)
        Statuses to begin with, :data:`~anello.optimise.solve.basis.UNKNOWN` of what is new.
    free : ndarray of bool, shape (n,)
        Columns without bounds.
    equation : ndarray of bool, shape (m,)
        Rows whose bounds are equal.

    Returns
    -------
    tuple of ndarray
        Status of the columns and of the rows, m of them basic.
    """
    pattern = _without_small(matrix)
    columns, rows = _entered(pattern, columns, rows, free, equation)
    inside, slack = np.flatnonzero(columns == BASIC), np.flatnonzero(rows == BASIC)
    n_rows = len(rows)
    slacks = sparse.csc_array(
        (np.ones(len(slack)), (slack, np.arange(len(slack)))), shape=(n_rows, len(slack))
    )
    row_of, unused = _matched(sparse.hstack([slacks, pattern[:, inside]], format="csr"))
    rows[slack[unused[unused < len(slack)]]] = NONBASIC
    columns[inside[unused[unused >= len(slack)] - len(slack)]] = NONBASIC
    rows[row_of] = BASIC
    return columns, rows


def _without_small(matrix: sparse.csr_array) -> sparse.csc_array:
    """Return the matrix without entries that are no pivots, by columns."""
    kept = sparse.csc_array(matrix, copy=True)
    kept.data[np.abs(kept.data) <= SMALLEST_PIVOT] = 0.0
    kept.eliminate_zeros()
    return kept


def _entered(
    pattern: sparse.csc_array, columns: Statuses, rows: Statuses, free: Flags, equation: Flags
) -> tuple[Statuses, Statuses]:
    """Return the statuses with one for each new column and row."""
    defined = np.flatnonzero((columns == UNKNOWN) & free)
    equations = np.flatnonzero((rows == UNKNOWN) & equation)
    columns = np.where(columns == UNKNOWN, NONBASIC, columns).astype(np.int8)
    rows = np.where(rows == UNKNOWN, BASIC, rows).astype(np.int8)
    if len(defined) and len(equations):
        alone, undefined = _matched(pattern[:, defined].tocsr()[equations])
        rows[np.delete(equations, alone)] = NONBASIC
        columns[np.delete(defined, undefined)] = BASIC
    return columns, rows


def _matched(pattern: sparse.csr_array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows and the columns that a largest matching leaves alone."""
    column_of = maximum_bipartite_matching(pattern, perm_type="column")
    used = np.zeros(pattern.shape[1], dtype=bool)
    used[column_of[column_of >= 0]] = True
    return np.flatnonzero(column_of < 0), np.flatnonzero(~used)
