"""Plain linear programmes for tests of the solver bridge, without any energy system."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from anello.optimise.formulation.expression import Block
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution


def problem(
    matrix: Any,
    row_lower: Any,
    row_upper: Any,
    col_lower: Any,
    col_upper: Any,
    cost: Any,
    *,
    sense: int = 1,
    offset: float = 0.0,
    integer: Any = None,
) -> Problem:
    """Wrap ``row_lower ≤ A x ≤ row_upper`` as a compiled problem with names x[0], r[0], …"""
    rows = sparse.csr_array(np.atleast_2d(np.asarray(matrix, float)))
    m, n = rows.shape

    def array(values: Any, size: int) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, float), (size,)).copy()

    return Problem(
        indptr=rows.indptr.astype(np.int64),
        indices=rows.indices.astype(np.int64),
        data=rows.data,
        row_lower=array(row_lower, m),
        row_upper=array(row_upper, m),
        col_lower=array(col_lower, n),
        col_upper=array(col_upper, n),
        cost=array(cost, n),
        penalty=np.zeros(n),
        integer=np.zeros(n, bool) if integer is None else np.asarray(integer, bool),
        expr_indptr=np.zeros(1, np.int64),
        expr_indices=np.zeros(0, np.int64),
        expr_data=np.zeros(0),
        expr_constant=np.zeros(0),
        offset=offset,
        sense=sense,
        variables={"x": Block("x", {"i": tuple(str(k) for k in range(n))}, None, 0)},
        constraints={"r": Block("r", {"i": tuple(str(k) for k in range(m))}, None, 0)},
        expressions={},
        steps={},
    )


def optimum(p: Problem) -> float:
    """Objective that HiGHS finds for the whole problem, nothing taken out of it."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = p.n_columns, p.n_rows
    lp.col_cost_ = p.sense * (p.cost + p.penalty)
    lp.col_lower_, lp.col_upper_ = p.col_lower, p.col_upper
    lp.row_lower_, lp.row_upper_ = p.row_lower, p.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = p.n_columns, p.n_rows
    lp.a_matrix_.start_ = p.indptr.astype(np.int32)
    lp.a_matrix_.index_ = p.indices.astype(np.int32)
    lp.a_matrix_.value_ = p.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.passModel(lp)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return p.sense * highs.getObjectiveValue() + p.offset


def check_optimality(solution: Solution, tolerance: float = 1e-6) -> None:
    """Assert the Karush-Kuhn-Tucker conditions of the full problem.

    Stationarity ``Aᵀ y + d = c`` defines the reduced costs ``d``; a multiplier may only differ
    from zero where its bound binds, with the sign of that bound.
    """
    p, x = solution.problem, solution.x
    cost = p.sense * (p.cost + p.penalty)
    y = p.sense * solution.row_dual
    matrix = sparse.csr_array((p.data, p.indices, p.indptr), shape=(p.n_rows, p.n_columns))
    reduced = cost - matrix.T @ y
    scale = tolerance * (1.0 + np.abs(cost).max(initial=0.0))
    for multiplier, at, lower, upper in (
        (y, p.row_values(x), p.row_lower, p.row_upper),
        (reduced, x, p.col_lower, p.col_upper),
    ):
        near = tolerance * (1.0 + np.abs(at))
        at_lower, at_upper = at <= lower + near, at >= upper - near
        assert np.all((multiplier <= scale) | at_lower), "positive multiplier off its lower bound"
        assert np.all((multiplier >= -scale) | at_upper), "negative multiplier off its upper bound"


SMALL = st.integers(-4, 4)


@st.composite
def bounded_problems(draw: st.DrawFn, maximise: bool | None = None) -> Problem:
    """Feasible, bounded problems full of singleton rows, chains, equalities and fixed columns."""
    n = draw(st.integers(1, 7))
    m = draw(st.integers(0, 9))
    inside = np.array(draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), float)
    rows = np.zeros((m, n))
    lower, upper = np.full(m, -np.inf), np.full(m, np.inf)
    for r in range(m):
        used = draw(st.integers(0, min(n, 3)))
        for j in draw(st.permutations(range(n)))[:used]:
            rows[r, j] = draw(SMALL)
        at = rows[r] @ inside
        kind = draw(st.sampled_from(["=", "<", ">", "both", "free", "tight"]))
        if kind in ("=", ">", "both", "tight"):
            lower[r] = at if kind in ("=", "tight") else at - draw(st.integers(0, 3))
        if kind in ("=", "<", "both", "tight"):
            upper[r] = at if kind in ("=", "tight") else at + draw(st.integers(0, 3))
    below = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), float)
    above = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), float)
    cost = np.array(draw(st.lists(SMALL, min_size=n, max_size=n)), float)
    sense = draw(st.sampled_from([1, -1])) if maximise is None else -1 if maximise else 1
    return problem(
        rows.reshape(m, n), lower, upper, inside - below, inside + above, cost,
        sense=sense, offset=float(draw(SMALL)),
    )  # fmt: skip
