"""What a solver found, checked and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from anello.errors import NumericalError
from anello.optimise.formulation.expression import Array
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.problem import Problem

# Largest violation of a row or bound that is taken as rounding, relative to the row's size.
FEASIBILITY_TOLERANCE = 1e-5
# How far from a whole number a solver may leave an integer.
WHOLE_TOLERANCE = 1e-5

# Largest error of optimality that is taken as rounding, relative to the money that is moved.
OPTIMALITY_TOLERANCE = 1e-5


@dataclass
class Solution:
    """A solution of a problem: the optimal one, or the best found before a limit.

    Attributes
    ----------
    problem : Problem
        The problem that was solved.
    status : str
        ``optimal`` (within the gap asked for), or with integers also what stopped the solver
        before that, such as ``time limit``.
    x : ndarray
        Value of every column.
    row_dual : ndarray
        Change of the objective per unit of each row's bound; NaN with integers.
    basis : Basis or None
        Where a similar problem can start; only from HiGHS without integers, or with them fixed.
    solve_seconds : float
        Wall time of the solver [s].
    solver : str
        Name of the solver.
    gap : float
        How far the objective may be from the best possible one, relative to it; zero without
        integers, NaN where the solver does not tell.
    log : str
        The solver's own log.
    warm : bool
        Whether a starting basis was used.
    method : str
        How a linear problem was solved by HiGHS: `simplex`, `ipm` or `hipo`; with independent parts
        also two of them, joined by `+`.
    numbers_fixed : bool
        Whether `problem` is one with whole numbers in which these were fixed for the duals' sake.
    """

    problem: Problem
    status: str
    x: Array
    row_dual: Array
    basis: Basis | None
    solve_seconds: float
    solver: str
    gap: float
    log: str
    warm: bool
    method: str = "simplex"
    numbers_fixed: bool = False

    @cached_property
    def objective(self) -> float:
        """Objective with the ``bigM`` terms."""
        p = self.problem
        return _sum_of(p.cost + p.penalty, self.x) + p.offset

    @cached_property
    def cost_objective(self) -> float:
        """Objective without the ``bigM`` terms of unmet demand and unused supply."""
        return _sum_of(self.problem.cost, self.x) + self.problem.offset

    @cached_property
    def _expressions(self) -> Array:
        return self.problem.expression_values(self.x)

    def value(self, name: str) -> Array:
        """Values of a variable or a named expression, shape (K,) or (K, T)."""
        p = self.problem
        if name in p.variables:
            block = p.variables[name]
            return self.x[block.start : block.stop].reshape(block.shape)
        block = p.expressions[name]
        return self._expressions[block.start : block.stop].reshape(block.shape)

    def dual(self, name: str) -> Array:
        """Duals of a constraint, (K,) or (K, T): change of the objective per unit of its bound."""
        block = self.problem.constraints[name]
        return self.row_dual[block.start : block.stop].reshape(block.shape)

    @cached_property
    def _row_values(self) -> Array:
        return self.problem.row_values(self.x)

    @cached_property
    def optimality_error(self) -> float | None:
        """How far the objective may be from the optimum, relative to the money that is moved [-].

        By weak duality no feasible point costs less than what the duals charge for the bounds.
        What the solution costs beyond that is the sum of each multiplier times the distance from
        the bound that it charges, whoever found either. A multiplier of a bound that does not exist
        is charged with the value itself. None where there are no duals, as with integers.
        """
        p, x = self.problem, self.x
        if not np.isfinite(self.row_dual).all():
            return None
        return duality_gap(
            (p.sense * self.row_dual, self._row_values, p.row_lower, p.row_upper),
            (p.sense * p.reduced_cost(self.row_dual), x, p.col_lower, p.col_upper),
            float(np.abs(p.cost + p.penalty) @ np.abs(x)),
        )

    def check(self) -> None:
        """Verify feasibility in every row and bound of the full problem, and optimality by duals.

        Raises
        ------
        NumericalError
            When a row or bound is violated by more than rounding; names it. When the duals show
            that there may be something better.
        """
        self.check_feasibility()
        error = self.optimality_error
        if error is not None and error > OPTIMALITY_TOLERANCE:
            raise NumericalError(
                f"{self.solver} says {self.status}, but its duals leave a gap of {error:.1e} of the"
                " cost to the optimum; the solution is not used"
            )

    def check_feasibility(self) -> None:
        """Verify feasibility in every row and bound of the full problem.

        Raises
        ------
        NumericalError
            When a row or bound is violated by more than rounding; names it.
        """
        p = self.problem
        if not np.all(np.isfinite(self.x)):
            raise NumericalError(f"{self.solver} returned values that are not finite")
        low = np.where(np.isfinite(p.col_lower), p.col_lower, self.x)
        high = np.where(np.isfinite(p.col_upper), p.col_upper, self.x)
        miss = np.maximum(low - self.x, self.x - high) / (1.0 + np.abs(self.x))
        self._refuse(miss, p.column_name)
        values = self._row_values
        size = 1.0 + np.bincount(p.row_of, np.abs(p.data * self.x[p.indices]), p.n_rows)
        low = np.where(np.isfinite(p.row_lower), p.row_lower, values)
        high = np.where(np.isfinite(p.row_upper), p.row_upper, values)
        self._refuse(np.maximum(low - values, values - high) / size, p.row_name)
        off = np.where(p.integer, np.abs(self.x - np.round(self.x)), 0.0)
        if off.max(initial=0.0) > WHOLE_TOLERANCE:
            worst = p.column_name(int(off.argmax()))
            raise NumericalError(
                f"{self.solver} says {self.status}, but {worst} is no whole number"
            )

    def _refuse(self, miss: Array, name: Callable[[int], str]) -> None:
        if len(miss) and miss.max() > FEASIBILITY_TOLERANCE:
            worst = int(miss.argmax())
            raise NumericalError(
                f"{self.solver} says {self.status}, but {name(worst)} is violated by a share of"
                f" {miss[worst]:.1e}; the solution is not used"
            )


Side = tuple[Array, Array, Array, Array]


def duality_gap(rows: Side, columns: Side, moved: float) -> float:
    """How far a solution may be from the optimum, by weak duality.

    Parameters
    ----------
    rows, columns : tuple of ndarray
        Multipliers, values, lower and upper bounds of all rows, and of all columns.
    moved : float
        Sum of the magnitudes of all costs times values.

    Returns
    -------
    float
        Relative to `moved` [-].
    """
    error = 0.0
    for multiplier, at, lower, upper in (rows, columns):
        bound = np.where(multiplier > 0, lower, upper)
        miss = np.where(np.isfinite(bound), np.abs(at - bound), 1.0 + np.abs(at))
        error += float(np.abs(multiplier) @ miss)
    return error / (1.0 + moved)


def _sum_of(prices: Array, x: Array) -> float:
    """Sum of prices times values; given capacities without a limit are infinite and free."""
    priced = prices != 0
    return float(prices[priced] @ x[priced])
