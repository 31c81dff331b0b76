"""The basis of one problem, made a basis of a similar one."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import structural_rank

import linear_programmes as lp
from anello.optimise.solve import Start, solve
from anello.optimise.solve.basis import BASIC, NONBASIC, UNKNOWN
from anello.optimise.solve.highs import Piece, solve_piece
from anello.optimise.solve.reduction import reduce_problem
from anello.optimise.solve.repair import SMALLEST_PIVOT, repaired

INF = np.inf


def repair(matrix, columns, rows, *, free=(), equation=()):
    """Return the matrix, and the statuses repaired."""
    matrix = sparse.csr_array(np.atleast_2d(np.array(matrix, dtype=float)))
    m, n = matrix.shape
    flags = {"free": np.isin(np.arange(n), free), "equation": np.isin(np.arange(m), equation)}
    return repaired(matrix, np.array(columns, np.int8), np.array(rows, np.int8), **flags)


def basis_of(matrix, columns, rows):
    """Return the columns of the basis, slacks included."""
    return np.hstack([matrix[:, columns == BASIC], np.eye(len(rows))[:, rows == BASIC]])


def test_a_regular_basis_stays_what_it_is():
    given = [BASIC, BASIC, 0], [0, 2]
    columns, rows = repair([[2, 0, 1], [1, 3, 0]], *given)
    np.testing.assert_array_equal(columns, given[0])
    np.testing.assert_array_equal(rows, given[1])


@pytest.mark.parametrize("entry", [0.0, SMALLEST_PIVOT, 1e-12])
def test_a_row_whose_entry_vanished_gets_its_slack(entry):
    columns, rows = repair([[2, 0], [1, entry]], [BASIC, BASIC], [0, 0])
    assert list(columns).count(BASIC) == 1
    assert list(rows).count(BASIC) == 1
    assert columns[1] == NONBASIC  # nothing is left of it


def test_new_free_columns_are_what_new_equations_make_them():
    # A recursion that came into force: level[t] - 0.9 level[t-1] = 1.
    recursion = np.eye(4) - 0.9 * np.eye(4, k=-1)
    matrix = np.block([[np.ones((1, 1)), np.zeros((1, 4))], [np.zeros((4, 1)), recursion]])
    status = [BASIC, *[UNKNOWN] * 4], [0, *[UNKNOWN] * 4]
    columns, rows = repair(matrix, *status, free=range(1, 5), equation=range(1, 5))
    assert list(columns) == [BASIC] * 5
    assert list(rows[1:]) == [NONBASIC] * 4


def test_other_new_rows_get_their_slack_and_other_new_columns_stay_out():
    matrix = [[1, 1], [1, 1]]
    columns, rows = repair(matrix, [BASIC, UNKNOWN], [0, UNKNOWN])
    assert list(columns) == [BASIC, NONBASIC]
    assert list(rows) == [0, BASIC]


@given(st.integers(0, 10_000))
def test_any_statuses_become_a_basis_with_a_pivot_in_every_row(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 12, 2)
    matrix = rng.normal(size=(m, n)) * (rng.random((m, n)) < 0.3)
    choices = [UNKNOWN, 0, BASIC, 2, NONBASIC]
    which = {"free": np.flatnonzero(rng.random(n) < 0.5)}
    which["equation"] = np.flatnonzero(rng.random(m) < 0.5)
    columns, rows = repair(matrix, rng.choice(choices, n), rng.choice(choices, m), **which)
    basis = basis_of(matrix, columns, rows)
    assert basis.shape == (m, m)
    assert structural_rank(sparse.csr_array(basis)) == m
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


@pytest.mark.parametrize("seed", range(5))
def test_a_basis_whose_numbers_cancel_is_one_to_begin_with(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 4, (3, 5)).astype(float)
    matrix[1] = 2.0 * matrix[0]  # every row has its pivot, and no inverse is there
    sums = matrix @ rng.random(5)
    piece = Piece(
        cost=rng.normal(size=5),
        col_lower=np.zeros(5),
        col_upper=np.full(5, 5.0),
        matrix=sparse.csr_array(matrix),
        row_lower=sums,
        row_upper=sums,
        integer=np.zeros(5, dtype=bool),
    )
    cold = solve_piece(piece)
    start = (np.array([1, 1, 1, 0, 0], np.int8), np.zeros(3, np.int8))
    warm = solve_piece(replace(piece, start=start))
    assert warm.warm
    assert warm.status == cold.status == "optimal"
    assert piece.cost @ warm.x == pytest.approx(piece.cost @ cold.x, rel=1e-9)
