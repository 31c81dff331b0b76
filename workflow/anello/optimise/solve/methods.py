"""Which method solves a linear programme: by its size and structure, or the one asked for."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import sparse

from anello.errors import NumericalError
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece
from anello.optimise.solve.interior import DENSE_ENTRIES, hipo_installed, solve_interior
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.reduction import Reduction
from anello.optimise.solve.sizes_apart import free_sizes, solve_by_sizes
from anello.optimise.solve.solution import OPTIMALITY_TOLERANCE, Solution
from anello.optimise.solve.start import Start

logger = logging.getLogger(__name__)

Method = Literal["auto", "simplex", "ipm", "hipo", "sizes"]
"""What is asked for, and what is chosen: `sizes` is for `auto` alone."""

MANY_ROWS = 90_000
"""Rows of a programme with free sizes from which on other methods were measured to be faster."""


WAVE_ROWS = "ring_wave_balance"
"""Rows that tie every hour to all others, in which the simplex gets lost."""

LEAST_ROWS = 10_000
"""Rows from which on a first basis with several steps in one was measured to pay."""


@dataclass(frozen=True)
class Shape:
    """What the rule looks at.

    Attributes
    ----------
    rows : int
        Rows that presolved bounds leave.
    free_sizes : int
        Columns that stand in as many rows as there are time steps, as only a capacity does.
    """

    rows: int
    free_sizes: int

    @classmethod
    def of(cls, matrix: sparse.csr_array, n_steps: int) -> Shape:
        """Measure the matrix of a programme of so many time steps."""
        return cls(matrix.shape[0], len(free_sizes(matrix, entries_of_a_size(n_steps))))

    @property
    def large(self) -> bool:
        """Whether so large with free sizes that the simplex alone takes long."""
        return bool(self.free_sizes) and self.rows >= MANY_ROWS


def entries_of_a_size(n_steps: int) -> int:
    """Return in how many rows a column stands at least that is a free size."""
    return max(n_steps, DENSE_ENTRIES)


def best_method(shape: Shape) -> Method:
    """Return `simplex` or `hipo`, whichever was measured to be the faster for its kind.

    The rule looks at the programme alone, never at the machine, so that results do not depend on
    where they are computed. Its measurements stand in docs/reference/lp-methods.md.
    """
    return "hipo" if shape.large else "simplex"


def begins_coarse(reduction: Reduction, settings: SolverConfig, start: Start) -> bool:
    """Whether a first basis is sought with several steps in one, which was measured to pay.

    It does for the simplex, where no size is free; where sizes are, HiPO is as fast, but has no
    basis to hand on to the programmes of a search. There it pays once more for the first programme
    that knows the water, which the basis of the one before is far from.
    """
    simplex = settings.name == "highs" and "solver" not in settings.options
    asked = settings.method in ("auto", "simplex") and settings.warm_start
    if not (simplex and asked) or reduction.problem.integer.any():
        return False
    if len(reduction.rows) < LEAST_ROWS:
        return False
    if waves_of(reduction.problem) and hipo_installed():  # see `method_of`
        return False
    if start.basis is not None and (
        not start.followed or start.basis.is_near(reduction.matrix.nnz)
    ):
        return False
    shape = Shape.of(reduction.matrix, steps_of(reduction.problem))
    return (shape.large and start.followed) or (start.basis is None and not shape.free_sizes)


def steps_of(problem: Problem) -> int:
    """Return the number of time steps of a problem."""
    return max((block.n_time or 1 for block in problem.constraints.values()), default=1)


def waves_of(problem: Problem) -> int:
    """Return how many waves of temperature along a loop a problem follows through its steps."""
    rows = problem.constraints.get(WAVE_ROWS)
    return 0 if rows is None else rows.count


def method_of(asked: Method, piece: Piece, n_steps: int, waves: int = 0) -> Method:
    """Return the method by which a piece is solved: the one asked for, where it can be had.

    A piece that starts from a basis is left to the simplex unless another method is asked for: HiPO
    hands none on, so that the programme before was not for HiPO either, or it failed on it. One
    that follows waves along a loop is for HiPO, with a basis or without. A large one with free
    sizes, and sizes to begin with, is solved with these given first.

    Parameters
    ----------
    asked : str
        `solver.method`.
    piece : Piece
        The programme, or an independent part of it.
    n_steps : int
        Its time steps.
    waves : int
        The waves of temperature along a loop that it follows.
    """
    if piece.integer.any() or not len(piece.row_lower):
        return "simplex"
    if asked == "auto" and waves and len(piece.row_lower) >= LEAST_ROWS:
        asked = "hipo"
    if asked == "auto" and piece.start is not None:
        known = piece.values is not None
        return "sizes" if known and Shape.of(piece.matrix, n_steps).large else "simplex"
    method = best_method(Shape.of(piece.matrix, n_steps)) if asked == "auto" else asked
    if method == "hipo" and not hipo_installed():
        _say_missing()
        return "simplex"
    return method


@functools.cache
def _say_missing() -> None:
    """Say once per process that HiPO cannot be had."""
    logger.warning(
        "HiPO would be used, but the package highspy-extras, or a HiGHS of 1.12 or later, is not"
        " installed: the simplex is used, which takes longer; `pip install highspy-extras` of the"
        " same version as highspy"
    )


IPM = {"solver": "ipm", "run_crossover": "on"}
"""The interior point that every HiGHS has, with crossover to a basis."""


def solve_by(piece: Piece, method: Method, n_steps: int, settings: SolverConfig) -> PieceSolution:
    """Solve a piece of so many time steps by a method that :func:`method_of` returned.

    Raises
    ------
    SolveError
        When HiGHS refuses the problem or an option.
    """
    if method == "hipo":
        return solve_interior(piece, settings)
    if method == "ipm":
        found = solve_piece(replace(piece, start=None), settings.with_defaults(IPM))
        return replace(found, found=found.status == "optimal")
    if method == "sizes":
        return solve_by_sizes(piece, entries_of_a_size(n_steps), settings)
    return solve_piece(piece, settings)


def refuse_swamped(solution: Solution) -> None:
    """Refuse an interior solution whose gap to the optimum shows beside the real cost.

    An interior point ends when its gap is small relative to the whole objective: where demand stays
    unmet at ``bigM``, what is left of the gap may be large beside the rest. So it is held against
    the money that is moved without ``bigM``.

    Raises
    ------
    NumericalError
        When it does.
    """
    p, error = solution.problem, solution.optimality_error
    assert error is not None
    size = np.abs(np.where(np.isfinite(solution.x), solution.x, 0.0))
    money = 1.0 + float(np.abs(p.cost) @ size)
    of_money = error * (money + float(np.abs(p.penalty) @ size)) / money
    if of_money > OPTIMALITY_TOLERANCE:
        raise NumericalError(
            f"beside what unmet demand costs at bigM, a gap of {of_money:.1e} of the real cost is"
            " left to the optimum"
        )
