"""Making the basis of one problem a basis of a similar one: a pivot in every row.

From one programme of a search to the next, entries vanish (what a heat pump gains from warmer water
while it stands still) and rows come into force. Columns that were a basis may then be singular, and
the simplex begins at values of 1e30, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from anello.optimise.solve.basis import BASIC, NONBASIC, UNKNOWN

if TYPE_CHECKING:
    from anello.optimise.solve.highs import Piece

SMALLEST_PIVOT = 1e-7
"""Entries up to this are taken as none: HiGHS drops the smallest, and divides by no other well."""

Statuses = npt.NDArray[np.int8]


def repaired(piece: Piece) -> tuple[Statuses, Statuses]:
    """Return the basis that a piece starts from, with a pivot in every row.

    New rows get their slack, new free columns the new equations that define them. Then columns and
    rows are matched: a row without a match gets its slack, and a column without one leaves. What
    is left is regular unless numbers cancel, which no pattern shows.

    Parameters
    ----------
    piece : Piece
        With a start, in which the status of new columns and rows is
        :data:`~anello.optimise.solve.basis.UNKNOWN`.

    Returns
    -------
    tuple of ndarray
        Status of the n columns and of the m rows, m of them basic.
    """
    assert piece.start is not None
    columns, rows = (status.copy() for status in piece.start)
    matrix = _without_small(piece.matrix)
    _enter_new(piece, matrix, columns, rows)
    inside, slack = np.flatnonzero(columns == BASIC), np.flatnonzero(rows == BASIC)
    n_rows = len(rows)
    slacks = sparse.csc_array(
        (np.ones(len(slack)), (slack, np.arange(len(slack)))), shape=(n_rows, len(slack))
    )
    row_of, unused = _matched(sparse.hstack([slacks, matrix[:, inside]], format="csr"))
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


def _enter_new(piece: Piece, matrix: sparse.csc_array, columns: Statuses, rows: Statuses) -> None:
    """Give new columns and rows a status, in place."""
    free = np.isneginf(piece.col_lower) & np.isposinf(piece.col_upper)
    defined = np.flatnonzero((columns == UNKNOWN) & free)
    equations = np.flatnonzero((rows == UNKNOWN) & (piece.row_lower == piece.row_upper))
    columns[columns == UNKNOWN] = NONBASIC
    rows[rows == UNKNOWN] = BASIC
    if len(defined) and len(equations):
        alone, undefined = _matched(matrix[:, defined].tocsr()[equations])
        rows[np.delete(equations, alone)] = NONBASIC
        columns[np.delete(defined, undefined)] = BASIC


def _matched(pattern: sparse.csr_array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows and the columns that a largest matching leaves alone."""
    column_of = maximum_bipartite_matching(pattern, perm_type="column")
    used = np.zeros(pattern.shape[1], dtype=bool)
    used[column_of[column_of >= 0]] = True
    return np.flatnonzero(column_of < 0), np.flatnonzero(~used)
