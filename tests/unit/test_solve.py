"""Solving: solvers agree, history and machine do not matter, failures leave no result."""

from __future__ import annotations

import dataclasses
import gc
import logging
import os
import weakref

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import linear_programmes as lp
import small_models
from anello.errors import (
    InfeasibleError,
    NumericalError,
    SolveError,
    TimeLimitError,
    UnboundedError,
)
from anello.optimise.solve import Basis, Problem, SolverConfig, Start, pyomo_solver, solve, ways
from anello.optimise.solve import optimise as optimise_module
from anello.optimise.solve.highs import Piece, solve_piece
from anello.optimise.solve.reduction import reduce_problem

HOURS = 12
INF = np.inf
PROBLEM = small_models.problem(hours=HOURS)
COLD = solve(PROBLEM)


def patched(factor: float) -> Problem:
    cop = factor * small_models.series(HOURS)["cop"]
    return PROBLEM.patch(
        {"energy_eff": {f"{loc}::heat_pump": cop[loc].to_numpy() for loc in ("a", "b")}}
    )


# --- the solution -------------------------------------------------------------------------------
def test_parts_add_up():
    assert COLD.status == "optimal"
    assert COLD.value("cost").sum() == pytest.approx(COLD.objective)
    assert COLD.cost_objective == COLD.objective
    assert COLD.value("cost_var").shape[1] == HOURS
    assert COLD.value("storage").shape == (2, HOURS)
    assert COLD.dual("system_balance").shape[1] == HOURS
    assert COLD.gap == 0.0
    assert not COLD.warm
    assert "HiGHS" in COLD.log


def test_money_and_penalty_are_apart():
    changes = {
        "run.ensure_feasibility": True,
        "run.bigM": 1e4,
        "techs.grid.constraints.energy_cap_max": 3,
        "techs.heat_pump.exists": False,
        "techs.boiler.constraints.energy_cap_equals": 1,
    }
    solution = solve(small_models.problem(changes, HOURS))
    missing = solution.value("unmet_demand").sum() - solution.value("unused_supply").sum()
    assert missing > 10
    assert solution.cost_objective == pytest.approx(solution.value("cost").sum())
    assert solution.objective == pytest.approx(solution.cost_objective + 1e4 * missing)


def test_duals_of_another_problem_are_replaced(monkeypatch):
    """CBC 3 tightens bounds by itself if let, and then has no duals of the problem it was given."""
    monkeypatch.setattr(pyomo_solver, "cbc_safeguards", lambda _: {})
    solution = solve(
        lp.problem([[-3, -1], [2, -1]], [-1, 4], [1, INF], [1, -5], [3, -3], [-3, 1]), "cbc"
    )
    assert solution.x.tolist() == [2.0, -5.0]
    np.testing.assert_allclose(solution.row_dual, [1.0, 0.0])


@pytest.mark.parametrize("changes", [{}, {"techs.boiler.constraints.energy_cap_equals": 25}])
def test_cbc_agrees_with_highs(changes):
    problem = small_models.problem(changes, HOURS)
    highs, cbc = solve(problem), solve(problem, "cbc")
    assert cbc.objective == pytest.approx(highs.objective, rel=1e-6)
    np.testing.assert_allclose(cbc.x, highs.x, atol=1e-4)
    lp.check_optimality(cbc, 1e-5)
    assert cbc.basis is None
    assert "Cbc" in cbc.log or "CBC" in cbc.log.upper()


# Bounds creep towards each other through the rows, which CBC 3 takes for a proof of infeasibility.
CREEPING = lp.problem(
    [[0, -4, 1, 1], [0, 1, 2, 0], [3, 0, -3, 0], [-2, -4, 0, 0], [0, -2, 1, 0], [-2, 0, 2, -3]],
    *([3, 2, 0, -INF, -INF, -6], [3, 5, 0, -1, 1, -6]),
    *([-2, -1, -2, -2], [2, 4, 4, 3], [2, 4, -1, -4]),
)


@settings(max_examples=10, deadline=None)
@given(lp.bounded_problems())
@example(CREEPING)
def test_cbc_agrees_with_highs_on_any_problem(problem):
    cbc = solve(problem, "cbc")
    assert cbc.objective == pytest.approx(lp.optimum(problem), abs=1e-6)
    lp.check_optimality(cbc, 1e-5)


def test_integers_agree():
    changes = {
        "techs.heat_pump.constraints": {"units_max": 4, "energy_cap_per_unit": 7},
        "techs.heat_pump.costs.monetary.purchase": 30,
    }
    data = small_models.district()
    del data["techs"]["heat_pump"]["constraints"]["energy_cap_max"]
    problem = small_models.problem(changes, HOURS, model=data)
    exact = solve(problem, SolverConfig(options={"mip_rel_gap": 0.0}))
    assert exact.objective == pytest.approx(solve(problem, "cbc").objective, rel=1e-5)
    assert np.allclose(exact.value("units") % 1, 0)
    assert np.isnan(exact.row_dual).all()


# --- warm starts --------------------------------------------------------------------------------
@pytest.mark.parametrize("factor", [1.0, 1.02, 0.9, 1.4])
def test_warm_equals_cold(factor):
    problem = patched(factor)
    cold = solve(problem)
    warm = solve(problem, start=Start(COLD.basis))
    assert warm.warm
    assert warm.objective == pytest.approx(cold.objective, rel=5e-9)
    np.testing.assert_allclose(warm.x, cold.x, atol=1e-6)


def test_a_warm_start_saves_work():
    iterations = [
        solution.log.split("Simplex   iterations: ")[1].split()[0]
        for solution in (COLD, solve(patched(1.01), start=Start(COLD.basis)))
    ]
    assert int(iterations[1]) < 0.3 * int(iterations[0])


def test_results_do_not_depend_on_the_history():
    direct = solve(patched(1.1))
    basis = COLD.basis
    for factor in (0.8, 1.3, 1.05):
        basis = solve(patched(factor), start=Start(basis)).basis
    through = solve(patched(1.1), start=Start(basis))
    assert through.objective == pytest.approx(direct.objective, rel=5e-9)
    np.testing.assert_allclose(through.x, direct.x, atol=1e-6)


@pytest.mark.parametrize(
    "basis",
    [
        solve(small_models.problem(hours=6)).basis,
        Basis(COLD.basis.columns[:-1], COLD.basis.rows, COLD.basis.signature),
        Basis(COLD.basis.columns, COLD.basis.rows, "another"),
    ],
    ids=["another model", "too short", "another signature"],
)
def test_a_basis_that_does_not_fit_is_logged_and_not_used(basis, caplog):
    with caplog.at_level(logging.WARNING, logger="anello"):
        solution = solve(PROBLEM, start=Start(basis))
    assert [r.getMessage() for r in caplog.records] == [
        "the starting basis belongs to another problem; solving from scratch"
    ]
    assert not solution.warm
    assert solution.objective == pytest.approx(COLD.objective, rel=1e-12)


def test_a_basis_of_nonsense_still_leads_to_the_optimum(caplog):
    rng = np.random.default_rng(1)
    wrong = Basis(
        rng.permutation(COLD.basis.columns), rng.permutation(COLD.basis.rows), COLD.basis.signature
    )
    solution = solve(PROBLEM, start=Start(wrong))
    assert solution.objective == pytest.approx(COLD.objective, rel=1e-9)
    everything_basic = Basis(
        np.ones_like(COLD.basis.columns), np.ones_like(COLD.basis.rows), COLD.basis.signature
    )
    with caplog.at_level(logging.WARNING, logger="anello"):
        solution = solve(PROBLEM, start=Start(everything_basic))
    assert solution.objective == pytest.approx(COLD.objective, rel=1e-9)


def test_warm_starting_other_solvers_is_no_fault():
    assert not solve(PROBLEM, "cbc", start=Start(COLD.basis)).warm


# --- parts and threads ----------------------------------------------------------------------------
def islands() -> Problem:
    """Two districts without a link: two independent parts."""
    return small_models.problem({"techs.line.exists": False}, HOURS)


def test_parts_without_a_link_are_solved_apart(monkeypatch):
    together = solve(islands())
    monkeypatch.setattr(optimise_module, "SMALL_PIECE_ROWS", 10)
    problem = islands()
    groups = optimise_module.independent_groups(reduce_problem(problem))
    assert len(groups) >= 2
    rows = np.concatenate([rows for rows, _ in groups])
    columns = np.concatenate([columns for _, columns in groups])
    assert len(np.unique(rows)) == len(rows) == reduce_problem(problem).matrix.shape[0]
    assert len(np.unique(columns)) == len(columns) == reduce_problem(problem).matrix.shape[1]
    apart = solve(problem)
    assert apart.objective == pytest.approx(together.objective, rel=1e-9)
    np.testing.assert_allclose(apart.x, together.x, atol=1e-6)
    lp.check_optimality(apart)
    warm = solve(problem, start=Start(together.basis))
    assert warm.warm
    assert warm.objective == pytest.approx(together.objective, rel=5e-9)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    monkeypatch.setattr(optimise_module, "SMALL_PIECE_ROWS", 10)
    found = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(solve(islands()))
    for other in found[1:]:
        np.testing.assert_array_equal(other.x, found[0].x)
        np.testing.assert_array_equal(other.row_dual, found[0].row_dual)
        np.testing.assert_array_equal(other.basis.columns, found[0].basis.columns)


def test_solving_twice_gives_equal_bytes():
    again = solve(small_models.problem(hours=HOURS))
    np.testing.assert_array_equal(again.x, COLD.x)


def test_a_problem_without_rows_or_free_columns():
    assert solve(lp.problem(np.zeros((0, 2)), [], [], 0, 3, [1, -1])).objective == -3
    assert solve(lp.problem([[1, 0]], [2], [2], 2, 2, [1, 1])).objective == 4


# --- failures -------------------------------------------------------------------------------------
NO_FIT = lp.problem([[1, 1], [1, -1]], [5, 3], [INF, INF], 0, 2, [1, 1])
NO_END = lp.problem([[1, -1]], [-INF], [1], 0, INF, [-1, -1])


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_infeasible_and_unbounded(solver):
    with pytest.raises(InfeasibleError):
        solve(NO_FIT, solver)
    with pytest.raises(UnboundedError, match="without limit"):
        solve(NO_END, solver)


def knapsacks(n: int = 120):
    rng = np.random.default_rng(0)
    return lp.problem(
        rng.integers(10, 99, (30, n)), -INF, 800, 0, 1, rng.integers(10, 99, n),
        sense=-1, integer=np.ones(n, bool),
    )  # fmt: skip


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_the_best_solution_before_a_time_limit_is_kept_with_its_gap(solver, tmp_path, caplog):
    log = tmp_path / "solver.log"
    found = solve(knapsacks(), SolverConfig(name=solver, time_limit_s=0.5), log_path=log)
    assert found.status == "time limit"
    assert 1e-3 < found.gap < 1.0
    assert "time limit" in caplog.text
    assert f"{found.gap:.2%}" in caplog.text
    assert log.stat().st_size > 100
    # The bound that the gap promises: no solution is better, the relaxation's least of all.
    assert found.objective * (1 + found.gap) >= solve(knapsacks(20), solver).objective


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_time_limit_before_any_solution(solver):
    # Two subset sums at once: a solution exists, and is hard to find.
    rng = np.random.default_rng(3)
    weights = rng.integers(10**5, 10**6, (4, 60)).astype(float)
    total = (weights[:, ::2]).sum(axis=1)
    hard = lp.problem(weights, total, total, 0, 1, np.ones(60), integer=np.ones(60, bool))
    with pytest.raises(TimeLimitError, match=r"no solution found within 0\.5 s"):
        solve(hard, SolverConfig(name=solver, time_limit_s=0.5))


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_gap_stops_early_and_is_told(solver):
    problem = knapsacks(40)
    best = solve(problem, SolverConfig(name=solver, mip_gap=0.0))
    loose = solve(problem, SolverConfig(name=solver, mip_gap=0.05))
    assert (best.status, loose.status) == ("optimal", "optimal")
    assert best.gap <= 1e-6 < loose.gap <= 0.05
    assert loose.objective <= best.objective <= loose.objective * (1 + loose.gap) + 1e-9


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_search_starts_from_a_known_solution(solver):
    problem = knapsacks()
    known = solve(problem, SolverConfig(name=solver, time_limit_s=1.0))
    # Without time for a search of its own, what is found is no worse than what was known.
    again = solve(problem, SolverConfig(name=solver, time_limit_s=0.3), start=Start(values=known.x))
    assert again.objective >= known.objective - 1e-6


def test_the_log_says_when_no_solver_was_needed_to_see_it(tmp_path):
    log = tmp_path / "solver.log"
    contradiction = lp.problem([[1], [1]], [3, -INF], [INF, 2], 0, 9, [1])
    with pytest.raises(InfeasibleError):
        solve(contradiction, log_path=log)
    assert "No solver was started" in log.read_text()
    solve(PROBLEM, log_path=log)
    assert "HiGHS" in log.read_text()


def test_any_pyomo_solver_by_name():
    assert solve(PROBLEM, "appsi_highs").objective == pytest.approx(COLD.objective, rel=1e-9)


def test_unknown_solvers_and_options():
    with pytest.raises(SolveError, match="no solver 'nonsense'"):
        solve(PROBLEM, "nonsense")
    with pytest.raises(SolveError, match="no option 'presolver'"):
        solve(PROBLEM, SolverConfig(options={"presolver": "on"}))
    with pytest.raises(SolveError, match="HiGHS knows no option 'presolve' with value 3"):
        solve(PROBLEM, SolverConfig(options={"presolve": 3}))


def test_options_reach_the_solver():
    assert "Presolving model" in solve(PROBLEM, SolverConfig(options={"presolve": "on"})).log
    assert "Presolving model" not in solve(PROBLEM, SolverConfig(options={"presolve": "off"})).log


def test_numbers_that_are_not_finite_never_reach_a_result():
    broken = PROBLEM.patch({"energy_eff": {"a::heat_pump": 3.0}})
    broken.data[100] = np.nan
    with pytest.raises(SolveError, match=r"system_balance\[.*\] has a coefficient"):
        solve(broken)
    for sides in ("row_upper", "col_lower", "cost"):
        values = getattr(PROBLEM, sides).copy()
        values[7] = np.nan
        with pytest.raises(SolveError, match="is no number"):
            solve(dataclasses.replace(PROBLEM, **{sides: values}))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, PROBLEM.n_columns - 1), st.sampled_from([0.05, -0.05, 30.0, np.nan, np.inf]))
def test_corrupted_values_are_refused(column, change):
    """Whatever column is changed, a row or bound of the district notices (or cannot mind)."""
    x = COLD.x.copy()
    x[column] += change
    rows = np.flatnonzero(PROBLEM.indices == column)
    low, high = PROBLEM.row_lower, PROBLEM.row_upper
    values = PROBLEM.row_values(np.nan_to_num(x, posinf=1e30))
    harmless = np.isfinite(change) and (
        PROBLEM.col_lower[column] - 1e-9 <= x[column] <= PROBLEM.col_upper[column] + 1e-9
        and np.all(values >= low - 1e-6)
        and np.all(values <= high + 1e-6)
    )
    assert len(rows)
    corrupted = dataclasses.replace(COLD, x=x)
    if harmless:
        corrupted.check_feasibility()
    else:
        with pytest.raises(SolveError, match=r"not used|not finite"):
            corrupted.check()


@pytest.mark.parametrize("cbc", [False, True])
def test_a_solver_that_returns_nonsense_is_not_believed(monkeypatch, caplog, cbc):
    def liar(piece: Piece, *how):
        answer = solve_piece(piece, *how)
        answer.x = answer.x * 1.01
        return answer

    monkeypatch.setattr(optimise_module, "solve_piece", liar)
    monkeypatch.setattr(ways, "cbc_installed", lambda: cbc)
    if cbc:
        found = solve(PROBLEM)
        assert found.solver == "cbc"
        assert found.objective == pytest.approx(COLD.objective, rel=1e-6)
    else:
        with pytest.raises(NumericalError, match=r"highs says optimal, but .* is violated"):
            solve(PROBLEM)
    tried = [way.name for way in ways.ways_out(warm=False, integer=False)]
    assert [record.message.rpartition("; ")[2] for record in caplog.records] == tried
    assert len(tried) == 4 + cbc


@pytest.mark.parametrize("way", ways.WAYS_OUT, ids=lambda way: way.name)
def test_every_way_out_finds_the_optimum_by_itself(monkeypatch, way):
    """HiGHS takes the options of each, and the first that passes the check is used."""
    truly, tried = optimise_module._attempt, []

    def only(task, settings):
        tried.append((settings.name, {**settings.options}))
        if tried[-1] != (way.solver, dict(way.options)):
            raise NumericalError("kNotset")
        return truly(task, settings)

    monkeypatch.setattr(optimise_module, "_attempt", only)
    found = solve(PROBLEM, start=Start(COLD.basis))
    assert found.objective == pytest.approx(COLD.objective, rel=1e-6)
    assert len(tried) == 4 + ways.WAYS_OUT.index(way)
    # After a warm start, the basis is tried once more, and then none.
    assert tried[1:3] == [("highs", {"simplex_scale_strategy": 0}), ("highs", {})]


def test_a_start_that_fails_goes_on_from_its_basis_before_it_goes_back_to_scratch(monkeypatch):
    truly, starts = optimise_module._attempt, []

    def first_fails(task, settings):
        starts.append(task.start.basis is not None)
        if len(starts) == 1:
            raise NumericalError("kNotset")
        return truly(task, settings)

    monkeypatch.setattr(optimise_module, "_attempt", first_fails)
    found = solve(PROBLEM, start=Start(COLD.basis))
    assert found.warm
    assert starts == [True, True]


def test_limits_that_were_asked_for_open_no_way_out(caplog):
    with pytest.raises(SolveError, match="iteration limit"):
        solve(PROBLEM, SolverConfig(options={"simplex_iteration_limit": 1, "presolve": "off"}))
    with pytest.raises(SolveError, match="no option"):
        solve(PROBLEM, SolverConfig(options={"no_such_option": 1}))
    assert not caplog.records


# --- memory and settings ------------------------------------------------------------------------
def test_problems_and_solutions_are_freed():
    problem = patched(1.2)
    solution = solve(problem)
    gone = [weakref.ref(problem), weakref.ref(solution)]
    del problem, solution
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_memory_stays_flat_over_many_solves():
    import resource

    basis = COLD.basis
    for k in range(10):
        basis = solve(patched(1 + 0.01 * k), start=Start(basis)).basis
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(40):
        basis = solve(patched(1 + 0.01 * (k % 10)), start=Start(basis)).basis
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 8_000, "kB"


def test_settings_refuse_what_they_do_not_know():
    assert SolverConfig(name="cbc", options={"ratio": 0.1}).warm_start
    with pytest.raises(ValueError, match="extra"):
        SolverConfig(solver="cbc")
    with pytest.raises(ValueError, match="greater than 0"):
        SolverConfig(time_limit_s=0)


def test_a_saved_problem_is_solved_without_pyomo(tmp_path):
    import subprocess
    import sys

    PROBLEM.save(tmp_path / "p.npz")
    code = (
        "import sys; from anello.optimise.solve import Problem, solve;"
        f" s = solve(Problem.load({str(tmp_path / 'p.npz')!r}));"
        " assert 'pyomo' not in sys.modules and 'xarray' not in sys.modules; print(s.objective)"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert float(done.stdout) == pytest.approx(COLD.objective, rel=1e-12)
