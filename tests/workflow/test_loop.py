"""The coupled loop as a user runs it: finished, resumed, tightened, changed, not converged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from .conftest import Outcome, Project

FINAL = ("results.nc", "summary.json", "quality.json")


def iterations(project: Project) -> list[str]:
    """Names of the iterations that have a convergence record."""
    return sorted(p.parent.name for p in project.results.glob("iterations/*/convergence.json"))


def stamps(project: Project) -> dict[str, tuple[int, int]]:
    """Identity and time of every file of the iterations."""
    return {
        str(p.relative_to(project.results)): (p.stat().st_ino, p.stat().st_mtime_ns)
        for p in project.results.glob("iterations/*/*")
        if not p.name.endswith((".log", ".sha256"))
    }


def test_a_run_leaves_results_tables_and_a_record(finished_run: tuple[Project, Outcome]) -> None:
    project, outcome = finished_run
    number = len(iterations(project))
    assert number >= 2
    assert outcome.jobs["build"] == 1
    assert outcome.jobs["solve"] == outcome.jobs["simulate"] == number
    assert outcome.jobs["check_convergence"] == number
    for name in FINAL:
        assert (project.results / name).stat().st_size > 0
    assert list((project.results / "csv").glob("*.csv"))
    record = json.loads((project.results / "logs" / "convergence.json").read_text())
    assert record["converged"] is True
    assert len(record["trace"]) == number
    assert record["trace"][-1]["max_delta_t_k"] <= 1.0


def test_every_job_leaves_a_log_and_a_benchmark(finished_run: tuple[Project, Outcome]) -> None:
    project, outcome = finished_run
    jobs = sum(count for name, count in outcome.jobs.items() if name != "results")
    assert len(list((project.results / "benchmarks").glob("*.tsv"))) == jobs
    assert (project.results / "iterations" / "000" / "solver.log").stat().st_size > 0
    assert "warm start" in (project.results / "logs" / "solve_001.log").read_text()


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    outcome = finished.run()
    assert outcome.code == 0
    assert outcome.jobs == {}
    assert "Nothing to be done" in outcome.text


def test_a_tightened_tolerance_computes_exactly_the_missing_iterations(
    finished: Project, finished_run: tuple[Project, Outcome]
) -> None:
    before, known = stamps(finished), iterations(finished)
    trace = json.loads((finished.results / "logs" / "convergence.json").read_text())["trace"]
    finished.settings["coupling"] = {
        **finished.settings["coupling"],
        "tolerance_k": trace[-1]["max_delta_t_k"] * 0.9,
    }
    outcome = finished.run()
    new = [name for name in iterations(finished) if name not in known]
    assert outcome.code == 0, outcome.text
    assert new
    assert outcome.jobs["solve"] == outcome.jobs["simulate"] == len(new)
    after = stamps(finished)
    computed = [name for name in before if not name.endswith("convergence.json")]
    assert {name: after[name] for name in computed} == {name: before[name] for name in computed}

    # Going back judges the same iterations by the former rule, and solves nothing.
    finished.settings["coupling"]["tolerance_k"] = 1.0
    back = finished.run()
    assert back.code == 0, back.text
    assert not {"solve", "simulate"} & set(back.jobs)
    for name in FINAL:
        assert (finished.results / name).read_bytes() == (
            finished_run[0].results / name
        ).read_bytes(), name


def test_a_loop_that_does_not_converge_fails_with_its_record_and_goes_on_later(
    finished: Project,
) -> None:
    tight = {**finished.settings["coupling"], "tolerance_k": 1e-6, "max_iterations": 3}
    finished.settings["coupling"] = tight
    failed = finished.run()
    assert failed.code != 0
    assert "scenario smart did not converge within 3 iterations" in failed.text
    assert "Traceback" not in failed.text
    assert not (finished.results / "results.nc").exists()
    assert not (finished.results / "summary.json").exists()
    kept = json.loads((finished.results / "logs" / "convergence.json").read_text())
    assert kept["converged"] is False
    assert (finished.results / "logs" / "convergence.svg").stat().st_size > 0
    assert finished.run("results", flags=("--dry-run",)).code == 0

    tight["max_iterations"] = 4
    outcome = finished.run()
    assert outcome.jobs.get("solve", 0) == 4 - max(3, len(kept["trace"]))
    assert "within 4 iterations" in outcome.text


def test_a_change_of_the_ring_simulates_anew_and_builds_nothing(finished: Project) -> None:
    finished.settings["ring"] = {"initial_degc": 14.0}
    outcome = finished.run()
    assert outcome.code == 0, outcome.text
    assert not {"preprocess", "build"} & set(outcome.jobs)
    # The first dispatch knows nothing of the ring.
    assert outcome.jobs["solve"] == outcome.jobs["simulate"] - 1


def test_limits_and_colours_do_not_touch_finished_iterations(finished: Project) -> None:
    finished.settings["solver"] = {"time_limit_s": 1000.0}
    finished.settings["coupling"] = {**finished.settings["coupling"], "max_iterations": 40}
    outcome = finished.run()
    assert outcome.code == 0, outcome.text
    assert not {"preprocess", "build", "solve", "simulate", "check_convergence"} & set(outcome.jobs)


def test_a_changed_series_is_noticed(finished: Project) -> None:
    series = finished.folder / "modèle d'été" / "timeseries_data" / "demand_cooling.csv"
    text = series.read_text(encoding="utf-8")
    series.write_text(text.rstrip().rpartition(",")[0] + ",-1.0\n", encoding="utf-8")
    outcome = finished.run("results", flags=("--dry-run",))
    assert "preprocess" in outcome.text


def test_killed_in_every_rule_a_run_ends_in_the_same_bytes(
    new_project: Callable[[], Project], finished_run: tuple[Project, Outcome]
) -> None:
    project = new_project()
    logs = project.results / "logs"
    for sign in ("preprocess", "build", "solve_000", "simulate_000", "check_000", "solve_001"):
        project.run_and_kill(logs / f"{sign}.log")
        done = stamps(project)
    project.run_and_kill(logs / "simulate_001.log", children=False)
    time.sleep(3.0)  # the job that was left behind ends, and writes what it has
    project.run_and_kill(logs / "collect.log")
    done = stamps(project)
    last = project.run()
    assert last.code == 0, last.text
    assert not {"preprocess", "build"} & set(last.jobs)
    assert {name: stamp for name, stamp in stamps(project).items() if name in done} == done
    assert iterations(project) == iterations(finished_run[0])
    for name in FINAL:
        expected = (finished_run[0].results / name).read_bytes()
        assert (project.results / name).read_bytes() == expected, name
