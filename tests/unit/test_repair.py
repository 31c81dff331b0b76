"""The basis of one problem, made a basis of a similar one."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import structural_rank

import linear_programmes as lp
from anello.optimise.solve import Start, solve
from anello.optimise.solve.basis import BASIC, NONBASIC, UNKNOWN
from anello.optimise.solve.highs import Piece
from anello.optimise.solve.reduction import reduce_problem
from anello.optimise.solve.repair import SMALLEST_PIVOT, repaired

INF = np.inf


def piece(matrix, columns, rows, *, free=(), equal=()):
    """Return a piece with these statuses; columns are not negative, rows limited from above."""
    matrix = sparse.csr_array(np.atleast_2d(np.array(matrix, dtype=float)))
    m, n = matrix.shape
    lower, least = np.zeros(n), np.full(m, -INF)
    lower[list(free)], least[list(equal)] = -INF, 1.0
    start = np.array(columns, np.int8), np.array(rows, np.int8)
    return Piece(
        np.zeros(n), lower, np.full(n, INF), matrix, least, np.ones(m), np.zeros(n, bool), start
    )


def basis_of(given, columns, rows):
    """Return the columns of the basis, slacks included."""
    slack = sparse.eye_array(len(rows), format="csc")[:, rows == BASIC]
    return sparse.hstack([given.matrix.tocsc()[:, columns == BASIC], slack], format="csc")


def test_a_regular_basis_stays_what_it_is():
    given = piece([[2, 0, 1], [1, 3, 0]], [BASIC, BASIC, 0], [0, 2])
    columns, rows = repaired(given)
    np.testing.assert_array_equal(columns, given.start[0])
    np.testing.assert_array_equal(rows, given.start[1])


@pytest.mark.parametrize("entry", [0.0, SMALLEST_PIVOT, 1e-12])
def test_a_row_whose_entry_vanished_gets_its_slack(entry):
    given = piece([[2, 0], [1, entry]], [BASIC, BASIC], [0, 0])
    columns, rows = repaired(given)
    assert list(columns).count(BASIC) == 1
    assert list(rows).count(BASIC) == 1
    assert columns[1] == NONBASIC  # nothing is left of it


def test_new_free_columns_are_what_new_equations_make_them():
    # A recursion that came into force: level[t] - 0.9 level[t-1] = 1.
    recursion = np.eye(4) - 0.9 * np.eye(4, k=-1)
    matrix = np.block([[np.ones((1, 1)), np.zeros((1, 4))], [np.zeros((4, 1)), recursion]])
    status = [BASIC, *[UNKNOWN] * 4], [0, *[UNKNOWN] * 4]
    columns, rows = repaired(piece(matrix, *status, free=range(1, 5), equal=range(1, 5)))
    assert list(columns) == [BASIC] * 5
    assert list(rows[1:]) == [NONBASIC] * 4


def test_other_new_rows_get_their_slack_and_other_new_columns_stay_out():
    matrix = [[1, 1], [1, 1]]
    columns, rows = repaired(piece(matrix, [BASIC, UNKNOWN], [0, UNKNOWN]))
    assert list(columns) == [BASIC, NONBASIC]
    assert list(rows) == [0, BASIC]


@given(st.integers(0, 10_000))
def test_any_statuses_become_a_basis_with_a_pivot_in_every_row(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 12, 2)
    matrix = rng.normal(size=(m, n)) * (rng.random((m, n)) < 0.3)
    choices = [UNKNOWN, 0, BASIC, 2, NONBASIC]
    free, equal = np.flatnonzero(rng.random(n) < 0.5), np.flatnonzero(rng.random(m) < 0.5)
    given = piece(matrix, rng.choice(choices, n), rng.choice(choices, m), free=free, equal=equal)
    columns, rows = repaired(given)
    basis = basis_of(given, columns, rows)
    assert basis.shape == (m, m)
    assert structural_rank(basis) == m
    assert UNKNOWN not in columns
    assert UNKNOWN not in rows


def test_the_simplex_goes_on_where_an_entry_vanished(caplog):
    """Two columns that were basic in two rows have one row left between them."""

    def problem(entry):
        return lp.problem([[1, 1], [1, entry]], [4, 3], [4, INF], 0, 9, [1, 2])

    before = solve(problem(0.5))
    after = solve(problem(0.0), start=Start(before.basis))
    assert after.warm
    assert after.objective == pytest.approx(solve(problem(0.0)).objective)
    assert not caplog.records


def test_a_basis_is_taken_on_where_other_rows_are_in_force(caplog):
    """A row without bounds comes into force; a column fixed before may move."""

    def problem(least, most):
        rows = [[1, 1, 1], [1, -1, 0]]
        return lp.problem(rows, [4, least], [INF, INF], 0, [9, 9, most], [1, 2, 0.5])

    before, then = problem(-INF, 0), problem(1, 2)
    assert len(reduce_problem(before).columns) < len(reduce_problem(then).columns)
    with caplog.at_level(logging.WARNING):
        found = solve(then, start=Start(solve(before).basis))
    assert found.warm
    assert found.objective == pytest.approx(solve(then).objective)
    assert not caplog.records
