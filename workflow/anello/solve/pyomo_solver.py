"""Any solver that Pyomo knows, CBC first among them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression
from pyomo.opt import SolverStatus, TerminationCondition

from anello.errors import SolveError
from anello.solve.highs import Piece, PieceSolution

TIME_LIMIT_OPTION = {"cbc": "seconds", "glpk": "tmlim", "gurobi": "TimeLimit", "cplex": "timelimit"}

_STATUS = {
    TerminationCondition.optimal: "optimal",
    TerminationCondition.infeasible: "infeasible",
    TerminationCondition.unbounded: "unbounded",
    TerminationCondition.infeasibleOrUnbounded: "infeasible or unbounded",
    TerminationCondition.maxTimeLimit: "time limit",
}


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


def _model(piece: Piece) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(len(piece.cost)))
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
        else:
            model.row[r] = pyo.inequality(
                None if low == -np.inf else low, body, None if high == np.inf else high
            )
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


def solve_piece_with_pyomo(
    piece: Piece, name: str, options: Mapping[str, Any], time_limit_s: float | None = None
) -> PieceSolution:
    """Solve one piece with a solver by its Pyomo name.

    Parameters
    ----------
    piece : Piece
        The problem.
    name : str
        Solver name, for example ``cbc``, ``glpk``, ``gurobi``.
    options : mapping
        Solver options by name.
    time_limit_s : float, optional
        Time limit [s].

    Returns
    -------
    PieceSolution
        Solution and status.

    Raises
    ------
    SolveError
        When the solver is unknown, not installed, or breaks off.
    """
    path = {"executable": cbc_executable()} if name == "cbc" else {}
    solver = pyo.SolverFactory(name, **path)
    if not solver.available(exception_flag=False):
        raise SolveError(f"Pyomo finds no solver {name!r}; install it or use `highs` or `cbc`")
    for option, setting in options.items():
        solver.options[option] = setting
    if time_limit_s is not None:
        if name not in TIME_LIMIT_OPTION:
            raise SolveError(
                f"anello does not know how to tell {name!r} a time limit; remove"
                " solver.time_limit_s and set it through solver.options"
            )
        solver.options[TIME_LIMIT_OPTION[name]] = time_limit_s
    model = _model(piece)
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "solver.log"
        outcome = solver.solve(model, load_solutions=False, logfile=str(log_file))
        log = log_file.read_text(errors="replace") if log_file.exists() else ""
    condition = outcome.solver.termination_condition
    status = _STATUS.get(condition, str(condition))
    if outcome.solver.status == SolverStatus.error or len(outcome.solution) == 0:
        status = status if status != "optimal" else "error"
        return PieceSolution(status, np.zeros(0), np.zeros(0), None, 0.0, log, warm=False)
    model.solutions.load_from(outcome)
    x = np.array([v.value if v.value is not None else 0.0 for v in model.x.values()])
    duals = np.full(len(piece.row_lower), np.nan)
    if not piece.integer.any():
        duals = np.array([model.dual.get(row, 0.0) for row in model.row.values()])
    # Solvers print some digits only: values are put back on the bounds they overstep.
    x = np.clip(x, piece.col_lower, piece.col_upper)
    bound = outcome.problem.lower_bound
    gap = 0.0
    if piece.integer.any() and bound is not None and np.isfinite(float(bound)):
        best = float(piece.cost @ x)
        gap = abs(best - float(bound)) / max(1e-10, abs(best))
    return PieceSolution(status, x, duals, None, gap, log, warm=False)
