"""Solving a compiled problem."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anello.errors import InfeasibleError, SolveError
from anello.optimise.formulation.expression import Array
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.diagnose import explain_infeasibility
from anello.optimise.solve.methods import Method
from anello.optimise.solve.optimise import optimise
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution


def solve(
    problem: Problem,
    solver: str = "highs",
    *,
    method: Method = "auto",
    basis: Basis | None = None,
    values: Array | None = None,
    primal: bool = False,
    options: Mapping[str, Any] | None = None,
    time_limit_s: float | None = None,
    mip_gap: float | None = None,
    log_path: str | Path | None = None,
    explain: bool = True,
) -> Solution:
    """Solve a compiled problem to optimality.

    Parameters
    ----------
    problem : Problem
        What to solve.
    solver : str
        ``highs`` (in process), or the name of a solver that Pyomo knows, such as ``cbc``.
    method : {"auto", "simplex", "ipm", "hipo"}
        How HiGHS solves what has no integers; by default what size and structure speak for.
    basis : Basis, optional
        Basis of a similar problem to start from (HiGHS only). One that does not fit is logged and
        the problem is solved from scratch.
    values : ndarray, shape (n_columns,), optional
        Solution of a similar problem with integers, from which the search may start (HiGHS and
        CBC).
    primal : bool
        Whether only the objective is another one than the basis is of, so that the basis is still
        feasible and the primal simplex can go on from it (HiGHS only).
    options : mapping, optional
        Options handed to the solver as they are.
    time_limit_s : float, optional
        Time limit [s].
    mip_gap : float, optional
        Relative gap at which a problem with integers counts as solved; the solver's own by default.
    log_path : path, optional
        Where to write the solver's log, whatever the outcome.
    explain : bool
        Whether to find out, when there is no solution, which constraints are to blame; takes a few
        more solves.

    Returns
    -------
    Solution
        Verified against every row of the full problem. With integers, the best solution found
        before a limit is one too: its `status` names the limit, its `gap` what may be missing.

    Raises
    ------
    InfeasibleError, UnboundedError, TimeLimitError
        When there is no optimal solution, or none at all was found in time.
    SolveError
        When the solver fails, is unknown, or returns something that violates the problem.
    """
    try:
        return optimise(
            problem,
            solver,
            method=method,
            basis=basis,
            values=values,
            primal=primal,
            options=options,
            time_limit_s=time_limit_s,
            mip_gap=mip_gap,
            log_path=log_path,
        )
    except InfeasibleError as error:
        if not explain:
            raise
        raise InfeasibleError(f"{error}\n{explanation(problem, time_limit_s)}") from error


def explanation(problem: Problem, time_limit_s: float | None = None) -> str:
    """Say which constraints are to blame for a problem without a solution."""
    try:
        return str(explain_infeasibility(problem, time_limit_s))
    except SolveError as error:
        return f"No explanation was found: {error}"
