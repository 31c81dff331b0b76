"""The method of a linear problem: same optimum by each, simplex where an interior point fails."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse

import linear_programmes as lp
import small_models
from anello.optimise.solve import SolverConfig, interior, methods, solve
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece

PROBLEM = small_models.problem(hours=12)
COLD = solve(PROBLEM, SolverConfig(method="simplex"))
needs_hipo = pytest.mark.skipif(not interior.hipo_installed(), reason="no highspy-extras")


@pytest.fixture(autouse=True)
def unsaid():
    methods._say_missing.cache_clear()


@pytest.mark.parametrize("method", ["ipm", pytest.param("hipo", marks=needs_hipo)])
def test_a_method_that_is_asked_for_finds_the_same_optimum(method):
    found = solve(PROBLEM, SolverConfig(method=method))
    assert found.method == method
    assert found.objective == pytest.approx(COLD.objective, rel=1e-6)
    assert found.optimality_error is not None
    assert found.optimality_error < 1e-5


@needs_hipo
@given(lp.bounded_problems())
@settings(max_examples=25, deadline=None)
def test_hipo_finds_the_optimum_of_any_bounded_problem(problem):
    expected = lp.optimum(problem)
    assert solve(problem, SolverConfig(method="hipo")).objective == pytest.approx(
        expected, rel=1e-5, abs=1e-4
    )


def failing(*_: object) -> PieceSolution:
    none = np.zeros(0)
    return PieceSolution("unknown", none, none, None, np.nan, "", warm=False, found=False)


def test_what_an_interior_point_fails_on_the_simplex_solves(monkeypatch, caplog):
    monkeypatch.setattr(methods, "hipo_installed", lambda: True)
    monkeypatch.setattr(methods, "solve_interior", failing)
    found = solve(PROBLEM, SolverConfig(method="hipo"))
    assert found.method == "simplex"
    assert found.objective == pytest.approx(COLD.objective)
    assert "hipo ended" in caplog.text
    assert "unknown; solving by simplex" in caplog.text


def test_an_interior_solution_that_fails_the_check_is_not_used(monkeypatch, caplog):
    def liar(piece: Piece, *how: object) -> PieceSolution:
        answer = solve_piece(piece)
        answer.x = answer.x * 1.01
        return answer

    monkeypatch.setattr(methods, "hipo_installed", lambda: True)
    monkeypatch.setattr(methods, "solve_interior", liar)
    assert solve(PROBLEM, SolverConfig(method="hipo")).method == "simplex"
    assert "is violated" in caplog.text


def test_without_the_package_the_simplex_is_used_and_that_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(methods, "hipo_installed", lambda: False)
    for _ in range(2):
        assert solve(PROBLEM, SolverConfig(method="hipo")).method == "simplex"
    said = [r for r in caplog.records if "highspy-extras" in r.message]
    assert [r.levelno for r in said] == [logging.WARNING]


def test_only_large_programmes_with_free_sizes_go_to_hipo():
    assert methods.best_method(methods.Shape(rows=374_817, free_sizes=7)) == "hipo"
    assert methods.best_method(methods.Shape(rows=374_817, free_sizes=0)) == "simplex"
    assert methods.best_method(methods.Shape(rows=31_085, free_sizes=7)) == "simplex"


def test_a_free_size_stands_in_every_step():
    steps = 300
    sometimes = np.zeros((steps, 1))
    sometimes[: steps - 1] = 1.0
    matrix = sparse.csr_array(np.hstack([np.ones((steps, 1)), sometimes, np.eye(steps)]))
    assert methods.Shape.of(matrix, steps) == methods.Shape(rows=steps, free_sizes=1)


def test_a_stretched_column_leaves_the_optimum_as_it_is():
    n = 3 * interior.DENSE_ENTRIES
    dense = np.hstack([np.ones((n, 1)), -np.eye(n)])
    need = np.linspace(1.0, 2.0, n)
    piece = Piece(
        cost=np.r_[1.0, np.zeros(n)],
        col_lower=np.r_[0.0, need],
        col_upper=np.full(n + 1, np.inf),
        matrix=sparse.csr_array(dense),
        row_lower=np.zeros(n),
        row_upper=np.full(n, np.inf),
        integer=np.zeros(n + 1, dtype=bool),
    )
    wide = interior.stretched(piece)
    entries = np.diff(sparse.csc_array(wide.matrix).indptr)
    assert entries.max() <= interior.COPY_ENTRIES + 2
    x = solve_piece(wide).x
    assert x[0] == pytest.approx(2.0)


def test_a_programme_with_a_basis_is_not_for_hipo_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(methods, "MANY_ROWS", 0)
    monkeypatch.setattr(methods, "hipo_installed", lambda: True)
    matrix = sparse.csr_array(np.ones((400, 1)))
    none = np.zeros(1, dtype=np.int8), np.zeros(400, dtype=np.int8)
    piece = Piece(
        np.ones(1), np.zeros(1), np.ones(1), matrix, *np.zeros((2, 400)), np.zeros(1, bool)
    )
    assert methods.method_of("auto", piece, 400) == "hipo"
    warm = dataclasses.replace(piece, start=none)
    assert methods.method_of("auto", warm, 400) == "simplex"
    assert methods.method_of("hipo", warm, 400) == "hipo"


def test_waves_along_a_loop_are_for_hipo_with_a_basis_or_without(monkeypatch):
    monkeypatch.setattr(methods, "LEAST_ROWS", 300)
    monkeypatch.setattr(methods, "hipo_installed", lambda: True)
    matrix = sparse.csr_array(np.eye(400))
    none = np.zeros(400, dtype=np.int8), np.zeros(400, dtype=np.int8)
    piece = Piece(*np.ones((3, 400)), matrix, *np.zeros((2, 400)), np.zeros(400, bool), start=none)
    assert methods.method_of("auto", piece, 400, waves=2) == "hipo"
    assert methods.method_of("simplex", piece, 400, waves=2) == "simplex"
    monkeypatch.setattr(methods, "LEAST_ROWS", 500)
    assert methods.method_of("auto", piece, 400, waves=2) == "simplex"
    monkeypatch.setattr(methods, "LEAST_ROWS", 300)
    monkeypatch.setattr(methods, "hipo_installed", lambda: False)
    assert methods.method_of("auto", piece, 400, waves=2) == "simplex"
