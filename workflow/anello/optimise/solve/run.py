"""Solving a compiled problem."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from anello.errors import InfeasibleError, SolveError
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.diagnose import explain_infeasibility
from anello.optimise.solve.optimise import optimise
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import SCRATCH, Start
from anello.optimise.solve.whole_numbers import priced


def solve(
    problem: Problem,
    solver: SolverConfig | str = "highs",
    *,
    start: Start = SCRATCH,
    prices: bool = False,
    log_path: str | Path | None = None,
    explain: bool = True,
) -> Solution:
    """Solve a compiled problem to optimality.

    Parameters
    ----------
    problem : Problem
        What to solve.
    solver : SolverConfig or str
        Settings of the solver, or its name: ``highs`` (in process), or one that Pyomo knows, such
        as ``cbc``.
    start : Start
        Where to begin; by default from scratch.
    prices : bool
        Whether a problem with integers is solved once more with these fixed, so that it has duals.
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
    settings = SolverConfig(name=solver) if isinstance(solver, str) else solver
    try:
        found = optimise(problem, settings, start=_of_use(problem, start), log_path=log_path)
        if prices and problem.integer.any():
            return priced(problem, found, lambda rest: optimise(rest, settings))
        return found
    except InfeasibleError as error:
        if not explain:
            raise
        because = explanation(problem, settings.time_limit_s)
        raise InfeasibleError(f"{error}\n{because}") from error


def _of_use(problem: Problem, start: Start) -> Start:
    """Return what of a start a problem can use: with integers, only the values of a basis."""
    # Where only the objective is another one, the basis says all.
    if start.basis is None or (start.primal and not problem.integer.any()):
        return start
    carried = start.basis.values
    fits = len(carried) == problem.n_columns
    values = carried if start.values is None and fits else start.values
    return Start(values=values) if problem.integer.any() else replace(start, values=values)


def explanation(problem: Problem, time_limit_s: float | None) -> str:
    """Say which constraints are to blame for a problem without a solution."""
    try:
        return str(explain_infeasibility(problem, time_limit_s))
    except SolveError as error:
        return f"No explanation was found: {error}"
