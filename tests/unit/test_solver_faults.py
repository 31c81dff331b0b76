"""Solvers that crash, hang, lie or print nonsense: a clear error, and nothing written."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyomo.opt.solver import shellcmd

import linear_programmes as lp
import small_models
from anello.errors import SolveError, TimeLimitError
from anello.optimise.solve import SolverConfig, solve
from fake_solver import BROKEN, FAKE

PROBLEM = small_models.problem(hours=6)
REAL = solve(PROBLEM, "cbc")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program called `cbc` in front of all others."""

    def install(body: str) -> None:
        program = tmp_path / "cbc"
        program.write_text(FAKE.format(python=sys.executable, body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return install


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_solver_leaves_an_error_of_one_kind(
    fake: Callable[[str], None], body: str, tmp_path: Path
) -> None:
    fake(body)
    with pytest.raises(SolveError) as told:
        solve(PROBLEM, "cbc", log_path=tmp_path / "solver.log")
    assert "cbc" in str(told.value)


def test_a_solver_that_ignores_its_limit_is_killed(
    fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shellcmd, "SUBPROCESS_TIMEOUT_ABS_ADJUST", 1)
    fake("time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"within 0\.5 s"):
        solve(PROBLEM, SolverConfig(name="cbc", time_limit_s=0.5))
    assert time.monotonic() - start < 20


def test_what_is_feasible_but_not_the_best_is_not_believed() -> None:
    """Buying at the dearer of two suppliers satisfies every row."""
    problem = lp.problem([[1, 1]], [4], [4], 0, 9, [1, 3])
    best = solve(problem)
    assert best.optimality_error == pytest.approx(0, abs=1e-12)
    dear = dataclasses.replace(best, x=np.array([0.0, 4.0]))
    with pytest.raises(SolveError, match=r"gap of .* to the optimum"):
        dear.check()


@pytest.mark.parametrize("factor", [1.1, -1.0, 0.0])
def test_wrong_duals_are_not_believed(factor: float) -> None:
    good = solve(PROBLEM)
    wrong = dataclasses.replace(good, row_dual=good.row_dual * factor)
    with pytest.raises(SolveError, match="its duals leave a gap"):
        wrong.check()


def test_an_optimum_is_proved_whoever_found_it() -> None:
    assert REAL.optimality_error is not None
    assert REAL.optimality_error < 1e-6
    error = solve(PROBLEM).optimality_error
    assert error is not None
    assert error < 1e-9


def test_a_step_that_hangs_is_ended(tmp_path: Path) -> None:
    code = (
        "import time; from anello.run.stages.reporting import ended_after, reporting\n"
        f"with reporting({str(tmp_path / 'a.log')!r}, 'Dispatch'), ended_after(0.3, 'Dispatch'):\n"
        "    time.sleep(60)"
    )
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 1
    assert "Dispatch failed: the solver went on beyond its time limit" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - start < 30
