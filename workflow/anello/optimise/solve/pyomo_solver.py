"""Any solver that Pyomo knows, CBC first among them."""

from __future__ import annotations

import functools
import logging
import math
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.errors import ApplicationError
from pyomo.core.expr.numeric_expr import LinearExpression
from pyomo.opt import SolverStatus, TerminationCondition
from pyomo.opt.solver import shellcmd

from anello.errors import SolveError
from anello.optimise.formulation.expression import Array
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece
from anello.optimise.solve.options import GAP_OPTION
from anello.optimise.solve.solution import FEASIBILITY_TOLERANCE, WHOLE_TOLERANCE, duality_gap

logger = logging.getLogger(__name__)

# How long beyond its limit a solver may take to hand over what it has before it is killed [s].
shellcmd.SUBPROCESS_TIMEOUT_ABS_ADJUST = 15

# What Pyomo raises when a solver's program or its answer is not what it should be.
_BREAKDOWN = (
    ApplicationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)

_STATUS = {
    TerminationCondition.optimal: "optimal",
    TerminationCondition.infeasible: "infeasible",
    TerminationCondition.unbounded: "unbounded",
    TerminationCondition.infeasibleOrUnbounded: "infeasible or unbounded",
    TerminationCondition.maxTimeLimit: "time limit",
    TerminationCondition.intermediateNonInteger: "time limit",
}


CERTIFIED = 1e-6
"""Gap between a solution and what its duals prove, relative to the money moved [-]."""


def cbc_executable() -> str:
    """Path of CBC: the one on the PATH, else the one in the ``cbcbox`` package.

    Raises
    ------
    SolveError
        When there is neither.
    """
    found = shutil.which("cbc")
    if found:
        return found
    try:
        import cbcbox
    except ImportError:
        raise SolveError(
            "CBC is neither on the PATH nor installed as a package; install it with"
            " `pip install anello[cbc]`, `conda install coin-or-cbc` or `apt install coinor-cbc`,"
            " or use solver `highs`"
        ) from None
    return str(cbcbox.cbc_bin_path())


@functools.cache
def cbc_safeguards(executable: str) -> dict[str, str]:
    """Return the options without which a CBC calls problems infeasible that have a solution.

    CBC 3 propagates bounds through rows, and takes it for a proof that one of them moves by as much
    in 15 rounds, which ends later as a rule. CBC 2 knows neither fault nor option.
    """
    asked = [executable, "-boundPropLevel", "singletons", "-quit"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}  # what is wrong with it, the attempt to solve tells
    if re.search(r"No match|Unrecognized|Version: 2", said):
        return {}
    return {"boundPropLevel": "singletons", "nodeBoundProp": "off"}


def _model(piece: Piece) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(len(piece.cost)))
    # A row with two limits is written as two rows: Pyomo's CBC interface loses its dual otherwise.
    model.least = pyo.Constraint(range(len(piece.row_lower)))
    model.row = pyo.Constraint(range(len(piece.row_lower)))
    columns = list(model.x.values())
    for k, (low, high, whole) in enumerate(
        zip(piece.col_lower.tolist(), piece.col_upper.tolist(), piece.integer.tolist(), strict=True)
    ):
        columns[k].setlb(None if low == -np.inf else low)
        columns[k].setub(None if high == np.inf else high)
        if whole:
            columns[k].domain = pyo.Integers
    matrix = piece.matrix
    for r, (low, high) in enumerate(
        zip(piece.row_lower.tolist(), piece.row_upper.tolist(), strict=True)
    ):
        part = slice(matrix.indptr[r], matrix.indptr[r + 1])
        body = LinearExpression(
            constant=0.0,
            linear_coefs=matrix.data[part].tolist(),
            linear_vars=[columns[j] for j in matrix.indices[part].tolist()],
        )
        if low == high:
            model.row[r] = body == low
            continue
        if low != -np.inf:
            model.least[r] = body >= low
        if high != np.inf:
            model.row[r] = body <= high
    used = np.flatnonzero(piece.cost)
    model.objective = pyo.Objective(
        expr=LinearExpression(
            constant=0.0,
            linear_coefs=piece.cost[used].tolist(),
            linear_vars=[columns[j] for j in used.tolist()],
        )
    )
    model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    return model


def _gap(piece: Piece, x: Array, duals: Array) -> float:
    """How far a solution may be from the optimum by its duals, relative to the money moved [-].

    CBC 3 tightens bounds before it solves and charges those, not the rows they came from. Duals
    are what an optimum is verified by, so that they are needed all the same.
    """
    reduced = piece.cost - piece.matrix.T @ duals
    return duality_gap(
        (duals, piece.matrix @ x, piece.row_lower, piece.row_upper),
        (reduced, x, piece.col_lower, piece.col_upper),
        float(np.abs(piece.cost) @ np.abs(x)),
    )


def _certified(piece: Piece, x: Array, duals: Array, settings: SolverConfig) -> Array:
    """Return duals that certify a solution: the solver's own, else those that HiGHS finds."""
    if _gap(piece, x, duals) <= CERTIFIED:
        return duals
    name = settings.name
    logger.info("the duals of %s are those of another problem; HiGHS computes them", name)
    limit = SolverConfig(time_limit_s=settings.time_limit_s)
    other = solve_piece(replace(piece, start=None), limit)
    if other.status != "optimal":
        return duals
    more = _gap(piece, x, other.row_dual)
    if more > CERTIFIED:
        logger.warning(
            "the solution of %s costs up to %.1e of all costs more than the optimum", name, more
        )
    return other.row_dual


def _bound(outcome: Any, log: str) -> float:
    """Least objective that is not ruled out; NaN if the solver does not tell.

    Pyomo loses the bound that CBC prints when it stops before it closed the gap.
    """
    printed = re.search(r"^Lower bound:\s+(\S+)", log, re.MULTILINE)
    bound = printed.group(1) if printed else outcome.problem.lower_bound
    return float(bound) if bound is not None and np.isfinite(float(bound)) else np.nan


def _feasible(piece: Piece, x: Array) -> bool:
    """Whether values satisfy all rows and are whole where they have to be."""
    whole = x[piece.integer]
    if np.abs(whole - np.round(whole)).max(initial=0.0) > WHOLE_TOLERANCE:
        return False
    rows = piece.matrix @ x
    size = 1.0 + abs(piece.matrix) @ np.abs(x)
    miss = np.maximum(piece.row_lower - rows, rows - piece.row_upper)
    return bool((miss <= FEASIBILITY_TOLERANCE * size).all())


def _limit(name: str, seconds: float) -> float:
    """A time limit as the solver takes it: GLPK knows whole seconds only."""
    return math.ceil(seconds) if name == "glpk" else seconds


def _nothing(status: str, log: str) -> PieceSolution:
    return PieceSolution(
        status, np.zeros(0), np.zeros(0), None, np.nan, log, warm=False, found=False
    )


def _text(log_file: Path) -> str:
    return log_file.read_text(errors="replace") if log_file.exists() else ""


def _last_lines(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()][-3:]
    return f". Its last words: {' / '.join(lines)}" if lines else ""


def solve_piece_with_pyomo(piece: Piece, settings: SolverConfig) -> PieceSolution:
    """Solve one piece with a solver by its Pyomo name.

    Parameters
    ----------
    piece : Piece
        The problem.
    settings : SolverConfig
        Solver, for example ``cbc``, ``glpk``, ``gurobi``, its options by name, and limits.

    Returns
    -------
    PieceSolution
        Solution and status.

    Raises
    ------
    SolveError
        When the solver is unknown, not installed, or breaks off.
    """
    name, time_limit_s = settings.name, settings.time_limit_s
    path = {"executable": cbc_executable()} if name == "cbc" else {}
    solver = pyo.SolverFactory(name, **path)
    if not solver.available(exception_flag=False):
        raise SolveError(f"Pyomo finds no solver {name!r}; install it or use `highs` or `cbc`")
    safeguards = cbc_safeguards(path["executable"]) if path else {}
    for option, setting in {**safeguards, **settings.options}.items():
        solver.options[option] = setting
    if settings.mip_gap is not None:
        if name not in GAP_OPTION:
            raise SolveError(
                f"anello does not know how to tell {name!r} a gap; remove solver.mip_gap and set it"
                " through solver.options"
            )
        solver.options[GAP_OPTION[name]] = settings.mip_gap
    model = _model(piece)
    extra = {}
    # Pyomo asks CBC for its version first, which builds of CBC's next release do not tell.
    takes_start = name == "cbc" or solver.warm_start_capable()
    if piece.values is not None and piece.integer.any() and takes_start:
        for variable, number in zip(model.x.values(), piece.values.tolist(), strict=True):
            variable.set_value(number, skip_validation=True)
        extra = {"warmstart": True}
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "solver.log"
        # Pyomo's interfaces in process keep no log file.
        files = {} if name.startswith("appsi_") else {"logfile": str(log_file)}
        # Pyomo tells the solver its limit, and kills one that goes on regardless.
        limit = {} if time_limit_s is None else {"timelimit": _limit(name, time_limit_s)}
        try:
            outcome = solver.solve(model, load_solutions=False, **files, **limit, **extra)
        except subprocess.TimeoutExpired:
            return _nothing("time limit", _text(log_file))
        except _BREAKDOWN as error:
            raise SolveError(
                f"{name} broke off, or returned what Pyomo cannot read:"
                f" {error or type(error).__name__}{_last_lines(_text(log_file))}"
            ) from error
        log = _text(log_file)
    condition = outcome.solver.termination_condition
    status = _STATUS.get(condition, str(condition))
    if outcome.solver.status == SolverStatus.error or len(outcome.solution) == 0:
        return _nothing(status if status != "optimal" else "error", log)
    try:
        model.solutions.load_from(outcome)
    except _BREAKDOWN as error:
        raise SolveError(f"{name} returned what Pyomo cannot read: {error}") from error
    x = np.array([v.value if v.value is not None else 0.0 for v in model.x.values()])
    duals = np.full(len(piece.row_lower), np.nan)
    if not piece.integer.any():
        duals = np.zeros(len(piece.row_lower))
        for rows in (model.least, model.row):
            for r, row in rows.items():
                duals[r] += model.dual.get(row, 0.0)
    # Solvers print some digits only: values are put back on the bounds they overstep.
    x = np.clip(x, piece.col_lower, piece.col_upper)
    if status == "optimal" and not np.isnan(duals).any():
        duals = _certified(piece, x, duals, settings)
    gap, found = 0.0, status == "optimal"
    if piece.integer.any():
        gap = float(np.maximum(0.0, float(piece.cost @ x) - _bound(outcome, log)))
        # CBC hands over whatever it holds at a limit, also the relaxation's values.
        found = found or _feasible(piece, x)
    return PieceSolution(status, x, duals, None, gap, log, warm=False, found=found)
