"""HiGHS, in process, straight from arrays."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from anello.errors import SolveError
from anello.optimise.formulation.expression import Array
from anello.optimise.solve.basis import Statuses
from anello.optimise.solve.config import HIGHS, SolverConfig
from anello.optimise.solve.repair import repaired

logger = logging.getLogger(__name__)

STATUS = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible or unbounded",
    highspy.HighsModelStatus.kTimeLimit: "time limit",
    highspy.HighsModelStatus.kIterationLimit: "iteration limit",
    highspy.HighsModelStatus.kSolutionLimit: "solution limit",
    highspy.HighsModelStatus.kModelEmpty: "optimal",
}
# A violation of a row that HiGHS' own tolerance (1e-7) does not explain.
ROUNDING = 1e-6

FEASIBLE = highspy.SolutionStatus.kSolutionStatusFeasible

# The largest pivots that HiGHS offers to choose: more fill, less rounding.
STABLE = {"factor_pivot_threshold": 0.5}


@dataclass
class Piece:
    """An independent part of a linear programme, to be minimised.

    Attributes
    ----------
    cost, col_lower, col_upper : ndarray, shape (n,)
        Columns.
    matrix : csr_array, shape (m, n)
        Rows.
    row_lower, row_upper : ndarray, shape (m,)
        Row bounds.
    integer : ndarray of bool, shape (n,)
        Columns that take whole numbers only.
    start : tuple of ndarray, optional
        Basis status of columns and rows to start from, of a similar problem.
    values : ndarray, shape (n,), optional
        Solution of a similar problem: with integers, from which the search may start; with free
        sizes, for :mod:`anello.optimise.solve.sizes_apart`.
    """

    cost: Array
    col_lower: Array
    col_upper: Array
    matrix: sparse.csr_array
    row_lower: Array
    row_upper: Array
    integer: npt.NDArray[np.bool_]
    start: tuple[Statuses, Statuses] | None = None
    values: Array | None = None


@dataclass
class PieceSolution:
    """What a solver returned for a :class:`Piece`.

    Attributes
    ----------
    status : str
        Why it stopped.
    x, row_dual : ndarray
        Values and duals; empty where there are none.
    basis : tuple of ndarray or None
        Basis status of columns and rows.
    gap : float
        How far the objective may be from the best one, in its own unit; NaN if unknown.
    log : str
        The solver's own log.
    warm : bool
        Whether it started from a basis.
    found : bool
        Whether ``x`` satisfies all constraints, though it may not be proven best.
    """

    status: str
    x: Array
    row_dual: Array
    basis: tuple[Statuses, Statuses] | None
    gap: float
    log: str
    warm: bool
    found: bool = True


def solve_piece(piece: Piece, settings: SolverConfig = HIGHS) -> PieceSolution:
    """Solve one piece with HiGHS.

    A long walk from a starting basis, or the way back from presolve, can pile up rounding in the
    values. They are then computed afresh from the optimal basis it ended in, with larger pivots.

    Parameters
    ----------
    piece : Piece
        The problem.
    settings : SolverConfig
        Options of HiGHS by name, and limits.

    Returns
    -------
    PieceSolution
        Solution and status.

    Raises
    ------
    SolveError
        When HiGHS refuses the problem or an option.
    """
    if settings.mip_gap is not None:
        settings = settings.with_defaults({"mip_rel_gap": float(settings.mip_gap)})
    found, basis = _run(piece, settings)
    vague = basis is not None and _residual(piece, found.x) > ROUNDING
    if vague and found.status == "optimal":
        logger.info("computing the values afresh from the optimal basis")
        again, basis = _run(piece, settings.with_defaults(STABLE), basis)
        found = replace(again, log=found.log + again.log, warm=found.warm)
    return found if basis is None else replace(found, basis=statuses_of(basis))


def statuses_of(basis: highspy.HighsBasis) -> tuple[Statuses, Statuses]:
    """Status of columns and rows as numbers; HiGHS makes an object of each, which takes long."""
    columns, rows = basis.col_status, basis.row_status
    return (
        np.fromiter(map(int, columns), np.int8, len(columns)),
        np.fromiter(map(int, rows), np.int8, len(rows)),
    )


def _residual(piece: Piece, x: Array) -> float:
    """Largest violation of a row."""
    rows = piece.matrix @ x
    miss = np.maximum(piece.row_lower - rows, rows - piece.row_upper)
    return float(miss.max(initial=0.0))


def _run(
    piece: Piece, settings: SolverConfig, begin: highspy.HighsBasis | None = None
) -> tuple[PieceSolution, highspy.HighsBasis | None]:
    """Solve a piece from a basis of its own, or else from its start; return the optimal one too."""
    highs = highspy.Highs()
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "highs.log"
        set_option(highs, "log_to_console", False)
        set_option(highs, "log_file", str(log_file))
        # Simplex: interior point without crossover stops at a wrong cost where bigM swamps it.
        set_options(highs, settings, "simplex" if not piece.integer.any() else "choose")
        pass_problem(highs, piece)
        warm = _start(highs, _basis_to_begin(piece) if begin is None else begin)
        if piece.values is not None and piece.integer.any():
            known = highspy.HighsSolution()
            known.col_value = piece.values.tolist()
            highs.setSolution(known)
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            # Presolve cannot tell which; the simplex can.
            set_option(highs, "presolve", "off")
            highs.run()
        log = log_file.read_text(errors="replace") if log_file.exists() else ""
    status = STATUS.get(highs.getModelStatus(), str(highs.getModelStatus()))
    solution, basis, info = highs.getSolution(), highs.getBasis(), highs.getInfo()
    whole = piece.integer.any()
    gap = info.objective_function_value - info.mip_dual_bound if whole else 0.0
    found = PieceSolution(
        status=status,
        x=np.array(solution.col_value, dtype=float),
        row_dual=np.array(solution.row_dual, dtype=float),
        basis=None,
        gap=max(0.0, gap) if np.isfinite(gap) else np.nan,
        log=log,
        warm=warm,
        # Without integers, what the simplex holds at a limit satisfies the constraints by chance.
        found=status == "optimal" or bool(whole and info.primal_solution_status == FEASIBLE),
    )
    return found, basis if basis.valid and not whole else None


def set_option(highs: highspy.Highs, name: str, value: Any) -> None:
    """Set an option of HiGHS.

    Raises
    ------
    SolveError
        If it has none of that name, or not with that value.
    """
    if highs.setOptionValue(name, value) == highspy.HighsStatus.kError:
        raise SolveError(f"HiGHS knows no option {name!r} with value {value!r}")


def set_options(highs: highspy.Highs, settings: SolverConfig, solver: str) -> None:
    """Set one thread, a solver of HiGHS, the time limit, and the options that are asked for.

    Raises
    ------
    SolveError
        If HiGHS has none of such a name, or not with that value.
    """
    set_option(highs, "threads", 1)
    set_option(highs, "solver", solver)
    if settings.time_limit_s is not None:
        set_option(highs, "time_limit", float(settings.time_limit_s))
    for name, option in settings.options.items():
        set_option(highs, name, option)


def pass_problem(highs: highspy.Highs, piece: Piece) -> None:
    """Hand the arrays over as they are, as a ``HighsLp`` would copy them.

    Raises
    ------
    SolveError
        If HiGHS refuses them.
    """
    matrix = piece.matrix
    status = highs.passModel(
        len(piece.cost),
        len(piece.row_lower),
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        piece.cost,
        piece.col_lower,
        piece.col_upper,
        piece.row_lower,
        piece.row_upper,
        matrix.indptr.astype(np.int32, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data,
        piece.integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise SolveError("HiGHS refused the problem; its coefficients may not be finite")


def _basis_to_begin(piece: Piece) -> highspy.HighsBasis | None:
    """Return a piece's start with a pivot in every row; None where there is none."""
    if piece.start is None or piece.integer.any():
        return None
    columns, rows = repaired(
        piece.matrix,
        *piece.start,
        free=np.isneginf(piece.col_lower) & np.isposinf(piece.col_upper),
        equation=piece.row_lower == piece.row_upper,
    )
    return basis_of(columns, rows)


def basis_of(columns: Statuses, rows: Statuses) -> highspy.HighsBasis:
    """Return the basis of these statuses, as many of them basic as there are rows."""
    basis = highspy.HighsBasis()
    statuses = {int(s): s for s in highspy.HighsBasisStatus.__members__.values()}
    basis.col_status = [statuses[s] for s in columns.tolist()]
    basis.row_status = [statuses[s] for s in rows.tolist()]
    basis.valid = True
    # One from elsewhere would be factorised once more, only to see that it has as many as rows.
    basis.alien = False
    return basis


def _start(highs: highspy.Highs, basis: highspy.HighsBasis | None) -> bool:
    """Hand a basis over; false when there is none or HiGHS does not take it."""
    if basis is None:
        return False
    if highs.setBasis(basis) == highspy.HighsStatus.kError:
        logger.warning("HiGHS does not take the starting basis; solving from scratch")
        return False
    return True
