"""Free sizes that are given first and then freed: the same optimum as all at once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

import linear_programmes as lp
import small_models
from anello.optimise.solve import SolverConfig, Start, solve
from anello.optimise.solve import methods as methods_module
from anello.optimise.solve import optimise as optimise_module
from anello.optimise.solve.basis import BASIC
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece
from anello.optimise.solve.sizes_apart import free_sizes, solve_by_sizes
from wide_search import examples

STEPS = 24
PLAIN = SolverConfig(name="highs")


def random_piece(seed: int, kinds: int = 3) -> Piece:
    """Plants of free size that meet a load with a store; what is unmet costs much.

    Columns are what each plant gives, by plant and step, some counted as negative; the store's
    level and what is unmet, by step; then a size for each plant and one for the store.
    """
    rng = np.random.default_rng(seed)
    load = rng.uniform(1.0, 9.0, STEPS) * (rng.random(STEPS) < 0.8)
    n = (kinds + 2) * STEPS + kinds + 1
    at = np.arange(STEPS)
    signs = np.where(rng.random(kinds) < 0.3, -1.0, 1.0)
    rows, lower, upper = [], [], []

    def add(entries: list[tuple[int, float]], low: float, high: float) -> None:
        row = np.zeros(n)
        for column, value in entries:
            row[column] += value
        rows.append(row)
        lower.append(low)
        upper.append(high)

    level, unmet = kinds * STEPS, (kinds + 1) * STEPS
    for t in at:
        before = level + (t - 1) % STEPS
        flow = [(k * STEPS + t, signs[k]) for k in range(kinds)]
        add([*flow, (before, 0.98), (level + t, -1.0), (unmet + t, 1.0)], load[t], load[t])
    for k in range(kinds):
        share = rng.uniform(0.5, 1.0, STEPS) if rng.random() < 0.5 else np.ones(STEPS)
        for t in at:
            entry, size = (k * STEPS + t, signs[k]), n - kinds - 1 + k
            if rng.random() < 0.5:
                add([entry, (size, -share[t])], -np.inf, 0.0)
            else:
                add([(entry[0], -entry[1]), (size, share[t])], 0.0, np.inf)
    for t in at:
        add([(level + t, 1.0), (n - 1, -1.0)], -np.inf, 0.0)
    cost = np.concatenate(
        [
            *(signs[k] * rng.uniform(0.1, 2.0, STEPS) for k in range(kinds)),
            np.zeros(STEPS),
            np.full(STEPS, 50.0),
            rng.uniform(0.5, 30.0, kinds),
            rng.uniform(0.1, 5.0, 1),
        ]
    )
    own = [np.full(STEPS, -np.inf if sign < 0 else 0.0) for sign in signs]
    high = [np.full(STEPS, 0.0 if sign < 0 else np.inf) for sign in signs]
    sizes = kinds + 1
    return Piece(
        cost=cost,
        col_lower=np.concatenate([*own, np.zeros(2 * STEPS + sizes)]),
        col_upper=np.concatenate(
            [*high, np.full(2 * STEPS, np.inf), rng.choice([4.0, 20.0], sizes)]
        ),
        matrix=sparse.csr_array(np.array(rows)),
        row_lower=np.array(lower),
        row_upper=np.array(upper),
        integer=np.zeros(n, dtype=bool),
    )


def with_sizes(piece: Piece, sizes: np.ndarray) -> Piece:
    values = np.zeros(len(piece.cost))
    values[-len(sizes) :] = sizes
    return dataclasses.replace(piece, values=values)


def require_optimal(piece: Piece, found: PieceSolution) -> None:
    """Rows and bounds are kept, and the duals prove that nothing costs less."""
    activity = piece.matrix @ found.x
    assert (activity <= piece.row_upper + 1e-6).all()
    assert (activity >= piece.row_lower - 1e-6).all()
    assert (found.x <= piece.col_upper + 1e-6).all()
    assert (found.x >= piece.col_lower - 1e-6).all()
    reduced = piece.cost - piece.matrix.T @ found.row_dual
    proven = 0.0
    for price, low, high in (
        (found.row_dual, piece.row_lower, piece.row_upper),
        (reduced, piece.col_lower, piece.col_upper),
    ):
        bound = np.where(price > 0, low, high)
        assert np.isfinite(bound[np.abs(price) > 1e-6]).all()
        proven += float((price * np.where(np.isfinite(bound), bound, 0.0)).sum())
    assert proven == pytest.approx(float(piece.cost @ found.x), rel=1e-6, abs=1e-5)


@settings(max_examples=examples(40))
@given(
    seed=st.integers(0, 10_000),
    share=st.lists(st.floats(0.0, 1.3), min_size=4, max_size=4),
)
@example(seed=0, share=[0.0, 0.0, 0.0, 0.0])
@example(seed=1, share=[1.3, 1.3, 1.3, 1.3])
@example(seed=2, share=[0.5, 0.0, 1.0, 0.2])
def test_the_optimum_is_that_of_all_at_once_from_any_sizes(seed, share):
    piece = random_piece(seed)
    plain = solve_piece(piece)
    sizes = np.minimum(np.array(share) * 8.0, piece.col_upper[-4:])
    found = solve_by_sizes(with_sizes(piece, sizes), STEPS, PLAIN)
    assert found.found
    assert float(piece.cost @ found.x) == pytest.approx(float(piece.cost @ plain.x), rel=1e-7)
    require_optimal(piece, found)


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 10_000))
def test_its_basis_is_one_of_the_whole_from_which_nothing_is_left_to_do(seed):
    piece = random_piece(seed)
    given_sizes = with_sizes(piece, np.minimum(5.0, piece.col_upper[-4:]))
    found = solve_by_sizes(given_sizes, STEPS, PLAIN)
    columns, rows = found.basis
    assert (columns == BASIC).sum() + (rows == BASIC).sum() == len(rows)
    again = solve_piece(dataclasses.replace(piece, start=found.basis))
    assert float(piece.cost @ again.x) == pytest.approx(float(piece.cost @ found.x), rel=1e-7)
    # And from it, and its sizes, the same way once more.
    start = dataclasses.replace(piece, start=found.basis, values=found.x)
    twice = solve_by_sizes(start, STEPS, PLAIN)
    assert twice.warm
    assert float(piece.cost @ twice.x) == pytest.approx(float(piece.cost @ found.x), rel=1e-7)


def test_few_of_the_rows_come_along():
    piece = random_piece(7)
    found = solve_by_sizes(with_sizes(piece, np.full(4, 4.0)), STEPS, PLAIN)
    told = next(line for line in found.log.splitlines() if line.startswith("Sizes freed"))
    words = told.split()
    assert 0 < int(words[2]) < int(words[4]) == 4 * STEPS


def test_sizes_that_nothing_can_be_done_with_are_told():
    """A load that must be met, and given sizes that cannot."""
    piece = random_piece(3)
    unmet = slice(4 * STEPS, 5 * STEPS)
    piece.col_upper[unmet] = 0.0
    piece.col_upper[-4:] = 50.0
    assert solve_piece(piece).found
    assert not solve_by_sizes(with_sizes(piece, np.zeros(4)), STEPS, PLAIN).found


def designed(**changes):
    free = {
        "techs.heat_pump.constraints.energy_cap_equals": None,
        "techs.heat_pump.constraints.energy_cap_max": 50,
    }
    return small_models.problem({**free, **changes}, hours=48)


@pytest.fixture
def small_is_large(monkeypatch):
    monkeypatch.setattr(methods_module, "LEAST_ROWS", 1)
    monkeypatch.setattr(methods_module, "MANY_ROWS", 1)
    monkeypatch.setattr(methods_module, "DENSE_ENTRIES", 10)


def test_a_search_begins_with_the_sizes_of_longer_steps_and_goes_on_with_its_own(
    small_is_large, tmp_path
):
    problem = designed()
    plain = solve(problem, SolverConfig(method="simplex", warm_start=False))
    first = solve(problem, start=Start(followed=True))
    assert "sizes" in first.method
    assert first.objective == pytest.approx(plain.objective, rel=1e-9)
    lp.check_optimality(first)
    carried = first.basis.values
    sizes = np.flatnonzero(carried)
    assert 0 < len(sizes) < 10
    np.testing.assert_array_equal(carried[sizes], first.x[sizes])
    first.basis.save(tmp_path / "basis.npz")
    basis = type(first.basis).load(tmp_path / "basis.npz")
    dearer = dataclasses.replace(problem, cost=problem.cost * 1.1)
    second = solve(dearer, start=Start(basis, followed=True))
    assert "sizes" in second.method
    assert second.warm
    assert second.objective == pytest.approx(1.1 * plain.objective, rel=1e-6)


def test_where_it_finds_nothing_the_simplex_does(small_is_large, monkeypatch, caplog):
    def refuse(piece, entries, settings):
        return dataclasses.replace(solve_piece(piece), status="infeasible", found=False)

    monkeypatch.setattr(methods_module, "solve_by_sizes", refuse)
    found = solve(designed(), start=Start(followed=True))
    assert found.method == "simplex"
    assert "sizes ended after" in caplog.text
    lp.check_optimality(found)


def test_a_programme_far_from_the_one_before_begins_with_longer_steps_again(
    small_is_large, monkeypatch
):
    asked = []
    truly = optimise_module.coarser
    monkeypatch.setattr(optimise_module, "coarser", lambda p: asked.append(p) or truly(p))
    problem = designed()
    first = solve(problem, start=Start(followed=True))
    solve(problem, start=Start(first.basis, followed=True))
    assert len(asked) == 1
    far = dataclasses.replace(first.basis, entries=10 * first.basis.entries)
    solve(problem, start=Start(far, followed=True))
    assert len(asked) == 2


def test_only_a_column_of_every_step_is_a_size():
    piece = random_piece(0)
    assert free_sizes(piece.matrix, STEPS).tolist() == list(range(len(piece.cost)))[-4:]


def test_another_objective_goes_on_from_the_basis_alone(small_is_large):
    problem = designed()
    first = solve(problem, start=Start(followed=True))
    other = dataclasses.replace(problem, cost=np.ones_like(problem.cost))
    found = solve(other, start=Start(first.basis, primal=True))
    assert found.method == "simplex"
