"""What the reduction takes out comes back, values and duals alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import linear_programmes as lp
import small_models
from anello.errors import InfeasibleError
from anello.optimise.solve import solve
from anello.optimise.solve.reduction import reduce_problem

INF = np.inf


@settings(max_examples=150, deadline=None)
@given(lp.bounded_problems())
def test_reduced_and_full_problem_have_the_same_optimum_and_duals(problem):
    solution = solve(problem)
    assert solution.objective == pytest.approx(lp.optimum(problem), abs=1e-7)
    lp.check_optimality(solution)


def test_a_chain_of_equalities_is_solved_without_a_solver():
    n = 6
    matrix = np.eye(n) - 2 * np.eye(n, k=-1)  # x0 = 1, x(k) = 2 x(k-1)
    right = np.r_[1.0, np.zeros(n - 1)]
    problem = lp.problem(matrix, right, right, -INF, INF, np.arange(1.0, n + 1))
    reduction = reduce_problem(problem)
    assert reduction.matrix.shape == (0, 0)
    solution = solve(problem)
    np.testing.assert_allclose(solution.x, 2.0 ** np.arange(n))
    # The dual of the last row is its column's cost; going back each link passes on twice the next.
    expected = [6.0]
    for cost in (5, 4, 3, 2, 1):
        expected.append(cost + 2 * expected[-1])
    np.testing.assert_allclose(solution.row_dual, expected[::-1])
    lp.check_optimality(solution)


def test_the_row_that_binds_gets_the_dual():
    # min -x with x <= 5 (row 0), 2x <= 6 (row 1), x <= 4 (row 2), x in [0, 9]
    problem = lp.problem([[1], [2], [1]], -INF, [5, 6, 4], 0, 9, [-1])
    solution = solve(problem)
    assert solution.x.tolist() == [3.0]
    assert solution.row_dual.tolist() == [0.0, -0.5, 0.0]
    lp.check_optimality(solution)


def test_a_limit_below_zero_turns_the_sides_round():
    problem = lp.problem([[-2]], [-INF], [-6], 0, 9, [1])  # x >= 3
    solution = solve(problem)
    assert solution.x.tolist() == [3.0]
    assert solution.row_dual.tolist() == [-0.5]


def test_maximising_gives_duals_per_unit_of_the_objective_itself():
    # max 3x + 2y with x + y <= 4, x <= 3: one unit more of the first row is worth 2, the second 1.
    problem = lp.problem([[1, 1], [1, 0]], -INF, [4, 3], 0, INF, [3, 2], sense=-1, offset=1.0)
    solution = solve(problem)
    assert solution.objective == pytest.approx(12.0)
    np.testing.assert_allclose(solution.row_dual, [2.0, 1.0])
    lp.check_optimality(solution)


def test_a_column_fixed_by_two_rows():
    # x <= 2 and x >= 2 from different rows; the objective pulls it up, so the upper one binds.
    problem = lp.problem([[1, 0], [1, 0], [1, 1]], [-INF, 2, 5], [2, INF, 5], 0, 10, [-3, 1])
    solution = solve(problem)
    np.testing.assert_allclose(solution.x, [2, 3])
    np.testing.assert_allclose(solution.row_dual, [-4, 0, 1])
    lp.check_optimality(solution)


def test_duals_are_those_of_the_problem_with_every_row():
    """The district's own duals, against HiGHS on the unreduced problem (the optimum is unique)."""
    problem = small_models.problem(hours=12)
    solution = solve(problem)
    lp.check_optimality(solution)
    assert solution.objective == pytest.approx(lp.optimum(problem), rel=1e-9)
    price = solution.dual("system_balance")
    assert price.shape == (len(problem.constraints["system_balance"].labels()), 12)
    assert np.abs(price).max() > 0.05


def test_a_dual_is_the_change_of_the_objective():
    problem = small_models.problem(hours=12)
    base = solve(problem)
    step = 1e-4
    for name in ("balance_demand", "carrier_production_max_conversion_plus"):
        block = problem.constraints[name]
        number = block.start + 5
        changed = small_models.problem(hours=12)
        for side in (changed.row_lower, changed.row_upper):
            side[number] += step
        gain = (solve(changed).objective - base.objective) / step
        assert gain == pytest.approx(base.row_dual[number], rel=1e-3, abs=1e-6)


def test_the_reduced_district_is_much_smaller():
    problem = small_models.problem(hours=24)
    assert len(reduce_problem(problem).rows) < 0.6 * problem.n_rows


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (lp.problem([[1, 0], [1, 0]], [3, -INF], [INF, 2], 0, 9, [1, 1]), r"x\[0\].*at least 3"),
        (lp.problem([[1, 1]], [5], [INF], 0, [1, 2], [1, 1]), None),
        (lp.problem([[1, 1]], [5], [5], [1, 2], [1, 2], [1, 1]), r"r\[0\].*misses by 2"),
        (lp.problem([[0, 0]], [1], [INF], 0, 1, [1, 1]), r"r\[0\] cannot hold"),
    ],
)
def test_contradictions_are_named(problem, reason):
    with pytest.raises(InfeasibleError, match=reason):
        solve(problem)


def test_bounds_that_cross_by_rounding_are_taken_as_equal():
    problem = lp.problem(
        [[1, 0], [3, 0], [1, 1]], [1 / 3, -INF, 1], [INF, 1 - 1e-9, 1], 0, 9, [1, 1]
    )
    solution = solve(problem)
    np.testing.assert_allclose(solution.x, [1 / 3, 2 / 3], atol=1e-8)
    lp.check_optimality(solution)


def test_large_constants_may_leave_a_rounding_difference():
    # 1e9 - 1e9·(1/3)·3 is not exactly zero, and no contradiction either.
    matrix = [[1, 0], [0, 1], [1, -3.3]]
    x, y = 1e9 / 7, 1e9 / 7 / 3.3
    solution = solve(lp.problem(matrix, [x, y, 0], [x, y, 0], -INF, INF, [1, 1]))
    assert solution.x.tolist() == [x, y]


@pytest.mark.parametrize(("low", "high"), [(0.2, 0.8), (1.5, 1.5)])
def test_no_whole_number_between_the_limits(low, high):
    problem = lp.problem(
        [[1, 0], [1, 1]], [low, 1], [high, INF], 0, 9, [1, 1], integer=[True, False]
    )
    with pytest.raises(InfeasibleError, match=r"x\[0\] must be a whole number"):
        solve(problem)


def test_integers_are_kept():
    problem = lp.problem([[2, 1]], [3.5], [INF], 0, 9, [1, 0.9], integer=[True, True])
    solution = solve(problem)
    assert solution.x.tolist() == [2.0, 0.0]
    assert np.isnan(solution.row_dual).all()
    assert solution.basis is None
