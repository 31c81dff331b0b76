"""Values that rounding has spoilt are computed afresh from the optimal basis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from anello.optimise.solve import highs
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.highs import Piece, solve_piece


@pytest.fixture
def piece():
    """Least x + 2y with x + y ≥ 3 and x ≤ 2: x = 2, y = 1."""
    return Piece(
        cost=np.array([1.0, 2.0]),
        col_lower=np.zeros(2),
        col_upper=np.array([2.0, np.inf]),
        matrix=sparse.csr_array(np.array([[1.0, 1.0]])),
        row_lower=np.array([3.0]),
        row_upper=np.array([np.inf]),
        integer=np.zeros(2, dtype=bool),
    )


def test_a_cold_or_warm_solution_that_violates_a_row_is_computed_again(piece, monkeypatch):
    runs = []
    truly = highs._run

    def spoilt(given, settings, begin=None):
        answer, basis = truly(given, settings, begin)
        runs.append((begin, settings.options))
        return (answer if len(runs) > 1 else replace(answer, x=answer.x - 0.1)), basis

    monkeypatch.setattr(highs, "_run", spoilt)
    found = solve_piece(piece, SolverConfig(options={"primal_feasibility_tolerance": 1e-8}))
    assert found.x == pytest.approx([2.0, 1.0])
    assert not found.warm
    assert found.basis is not None
    (start, first), (again, second) = runs
    assert start is None
    assert again is not None
    assert second == {**first, "factor_pivot_threshold": 0.5}


def test_a_good_solution_is_taken_at_once(piece, monkeypatch):
    runs = []
    truly = highs._run
    monkeypatch.setattr(highs, "_run", lambda *given: runs.append(given) or truly(*given))
    assert solve_piece(piece).x == pytest.approx([2.0, 1.0])
    assert len(runs) == 1
