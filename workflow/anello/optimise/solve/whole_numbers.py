"""Prices of a problem with whole numbers: those that hold where the numbers are fixed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from anello.errors import SolveError
from anello.optimise.solve.basis import NO_BASIS
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution

logger = logging.getLogger(__name__)


def fixed(problem: Problem, solution: Solution) -> Problem:
    """Return the linear problem that is left where a solution's whole numbers are given.

    Parameters
    ----------
    problem : Problem
        A problem with integers.
    solution : Solution
        Its solution.
    """
    whole = problem.integer
    numbers = np.round(solution.x[whole])
    lower, upper = problem.col_lower.copy(), problem.col_upper.copy()
    lower[whole] = upper[whole] = numbers
    return replace(problem, col_lower=lower, col_upper=upper, integer=np.zeros_like(whole))


def priced(problem: Problem, found: Solution, linear: Callable[[Problem], Solution]) -> Solution:
    """Return the same whole numbers with the cheapest rest, which has duals.

    Parameters
    ----------
    problem : Problem
        A problem with integers.
    found : Solution
        Its solution, whose gap and status are kept.
    linear : callable (Problem) -> Solution
        Solves a problem without integers.

    Returns
    -------
    Solution
        Of the problem with the numbers fixed: what one unit more of a bound is worth as long as
        they stay. Its basis carries the values from which the next search may start. Where the
        solver finds none, which is logged, `found` itself, without duals.
    """
    try:
        rest = linear(fixed(problem, found))
    except SolveError as error:
        logger.warning("no prices with the whole numbers fixed: %s", error)
        return found
    basis = rest.basis or NO_BASIS
    return replace(
        rest,
        status=found.status,
        basis=replace(basis, values=rest.x),
        solve_seconds=found.solve_seconds + rest.solve_seconds,
        gap=found.gap,
        numbers_fixed=True,
        log=f"{found.log}\n{rest.log}",
    )
