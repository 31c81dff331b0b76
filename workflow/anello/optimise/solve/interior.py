"""HiGHS' interior point with direct factorisation (HiPO), made to bear capacities.

A capacity whose size is free stands in a row of every hour, and the normal equations of so dense a
column fill up. Here it is stretched: every few rows have a copy of their own, and each copy equals
the next (Vanderbei, Splitting dense columns in sparse linear systems, Linear Algebra and its
Applications 152, 1991). HiGHS' presolve would undo that, so it comes before, and not again.
"""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.highs import (
    STATUS,
    Piece,
    PieceSolution,
    pass_problem,
    set_option,
)

HIPO = {
    "solver": "hipo",
    "hipo_system": "normaleq",
    # The other orderings end without a verdict at times.
    "hipo_ordering": "metis",
    "run_crossover": "off",
}
DENSE_ENTRIES = 200
"""A column with more entries is stretched."""
COPY_ENTRIES = 8
"""How many entries each of its copies has."""


def hipo_installed() -> bool:
    """Whether this HiGHS has HiPO, and the parts of it that come in a wheel of their own.

    Parts of another version than HiGHS' own are found, but not taken.
    """
    if importlib.util.find_spec("highspy_extras") is None:
        return False
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    needed = {name: HIPO[name] for name in ("hipo_system", "solver")}
    return all(
        highs.setOptionValue(name, value) != highspy.HighsStatus.kError
        for name, value in needed.items()
    )


def stretched(piece: Piece) -> Piece:
    """Return the same problem with no dense column; the copies are its last columns.

    Parameters
    ----------
    piece : Piece
        With m rows and n columns.

    Returns
    -------
    Piece
        Its first m rows and n columns mean what they meant.
    """
    matrix = sparse.csc_array(piece.matrix)
    matrix.sort_indices()
    n_rows, n_columns = matrix.shape
    count = np.diff(matrix.indptr)
    column_of = np.repeat(np.arange(n_columns), count)
    end, first, second = n_columns, [], []
    for dense in np.flatnonzero(count > DENSE_ENTRIES):
        part = np.arange(count[dense]) // COPY_ENTRIES
        copies = np.concatenate([[dense], np.arange(end, end + part[-1])])
        end += part[-1]
        column_of[matrix.indptr[dense] : matrix.indptr[dense + 1]] = copies[part]
        first.append(copies[:-1])
        second.append(copies[1:])
    if not first:
        return piece
    ones, more = np.ones(end - n_columns), end - n_columns
    links = n_rows + np.arange(more)
    wide = sparse.csr_array(
        (
            np.concatenate([matrix.data, ones, -ones]),
            (
                np.concatenate([matrix.indices, links, links]),
                np.concatenate([column_of, *first, *second]),
            ),
        ),
        shape=(n_rows + more, end),
    )
    none = np.zeros(more)
    return Piece(
        cost=np.concatenate([piece.cost, none]),
        col_lower=np.concatenate([piece.col_lower, none - np.inf]),
        col_upper=np.concatenate([piece.col_upper, none + np.inf]),
        matrix=wide,
        row_lower=np.concatenate([piece.row_lower, none]),
        row_upper=np.concatenate([piece.row_upper, none]),
        integer=np.concatenate([piece.integer, none.astype(bool)]),
    )


def solve_interior(piece: Piece, settings: SolverConfig) -> PieceSolution:
    """Solve one piece without integers by HiPO, without a basis at its end.

    Parameters
    ----------
    piece : Piece
        The problem; where it starts from is not used.
    settings : SolverConfig
        Time limit, and options of HiGHS by name, laid over :data:`HIPO`.

    Returns
    -------
    PieceSolution
        Found only where the status is `optimal`.

    Raises
    ------
    SolveError
        When HiGHS refuses the problem or an option.
    """
    outer = highspy.Highs()
    set_option(outer, "output_flag", False)
    for name, option in settings.options.items():
        set_option(outer, name, option)
    pass_problem(outer, piece)
    outer.presolve()
    if outer.getModelPresolveStatus() not in (
        highspy.HighsPresolveStatus.kReduced,
        highspy.HighsPresolveStatus.kNotReduced,
    ):
        return _none(str(outer.getModelPresolveStatus()).rpartition(".k")[2])
    small = _presolved(outer)
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "highs.log"
        inner = highspy.Highs()
        told: dict[str, Any] = {"log_to_console": False, "log_file": str(log_file), "threads": 1}
        if settings.time_limit_s is not None:
            told["time_limit"] = float(settings.time_limit_s)
        for name, option in {**told, **HIPO, **settings.options, "presolve": "off"}.items():
            set_option(inner, name, option)
        pass_problem(inner, stretched(small))
        inner.run()
        log = log_file.read_text(errors="replace") if log_file.exists() else ""
    status = STATUS.get(inner.getModelStatus(), str(inner.getModelStatus()))
    if status != "optimal":
        return replace(_none(status), log=log)
    inside, found = inner.getSolution(), highspy.HighsSolution()
    n_rows, n_columns = small.matrix.shape
    reduced = small.cost - small.matrix.T @ np.array(inside.row_dual)[:n_rows]
    found.col_value = list(inside.col_value)[:n_columns]
    found.row_value = (small.matrix @ np.array(inside.col_value)[:n_columns]).tolist()
    found.row_dual = list(inside.row_dual)[:n_rows]
    found.col_dual = reduced.tolist()
    found.value_valid = found.dual_valid = True
    set_option(outer, "run_crossover", "off")
    outer.postsolve(found)
    whole = outer.getSolution()
    x, row_dual = np.array(whole.col_value), np.array(whole.row_dual)
    if len(x) != len(piece.cost) or len(row_dual) != len(piece.row_lower):
        return replace(_none("postsolve failed"), log=log)
    return PieceSolution("optimal", x, row_dual, None, 0.0, log, warm=False)


def _none(status: str) -> PieceSolution:
    return PieceSolution(status, np.zeros(0), np.zeros(0), None, np.nan, "", False, found=False)


def _presolved(highs: highspy.Highs) -> Piece:
    """Return what HiGHS' presolve leaves."""
    lp = highs.getPresolvedLp()
    parts = [np.array(a) for a in (lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_)]
    by_row = lp.a_matrix_.format_ == highspy.MatrixFormat.kRowwise
    kind = sparse.csr_array if by_row else sparse.csc_array
    matrix = kind(tuple(parts), shape=(lp.num_row_, lp.num_col_))
    return Piece(
        cost=np.array(lp.col_cost_),
        col_lower=np.array(lp.col_lower_),
        col_upper=np.array(lp.col_upper_),
        matrix=sparse.csr_array(matrix),
        row_lower=np.array(lp.row_lower_),
        row_upper=np.array(lp.row_upper_),
        integer=np.zeros(lp.num_col_, dtype=bool),
    )
