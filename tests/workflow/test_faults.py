"""What a user sees when something is wrong: the key, the file, the hour; never half a result."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Outcome, Project, refused

NewProject = Callable[[], Project]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ring": {"inital_degc": 13}}, ["`ring.inital_degc`", "overlay.yaml:", "`initial_degc`"]),
        ({"scenarios": ["smrt"]}, ["`scenarios.0`", "'smrt'", "`smart`"]),
        ({"coupling": {"tolerance_k": "tiny"}}, ["`coupling.tolerance_k`", "'tiny'"]),
        ({"solvers": {"name": "cbc"}}, ["`solvers`", "Did you mean `solver`?"]),
        (
            {"scenario_definitions": {"smart": {"ring": {"bounds_degc": [20, 10]}}}},
            ["`scenario_definitions.smart.ring", "[low, high]"],
        ),
    ],
)
def test_a_wrong_setting_is_named_before_anything_runs(
    new_project: NewProject, settings: dict[str, Any], said: list[str]
) -> None:
    project = new_project()
    project.settings |= settings
    text = refused(project.run())
    for part in said:
        assert part in text
    assert not (project.folder / "results").exists()


def test_a_model_that_is_not_there_is_named(new_project: NewProject) -> None:
    project = new_project()
    project.settings["data"] = {"source": "folder", "model": "nowhere/model.yaml"}
    text = refused(project.run())
    assert "nowhere/model.yaml" in text
    assert not list(project.results.glob("*.nc"))


def test_a_series_that_is_missing_is_named(new_project: NewProject) -> None:
    project = new_project()
    (project.folder / "modèle d'été" / "timeseries_data" / "demand_cooling.csv").unlink()
    assert "demand_cooling.csv" in refused(project.run())


def test_faulty_series_are_refused_with_a_report_that_stays(new_project: NewProject) -> None:
    project = new_project()
    series = project.folder / "modèle d'été" / "timeseries_data" / "demand_cooling.csv"
    lines = series.read_text(encoding="utf-8").splitlines()
    row = next(n for n, line in enumerate(lines) if line.startswith("2015-07-01 12:00"))
    time = lines[row].partition(",")[0]
    lines[row] = f"{time},-2345678.0,-50.0"
    series.write_text("\n".join(lines) + "\n", encoding="utf-8")

    text = refused(project.run())
    assert "demand_cooling.csv" in text
    assert "2345678" in text
    assert not (project.results / "model_data.nc").exists()
    report = (project.results / "logs" / "quality.json").read_text(encoding="utf-8")
    assert "2345678" in report

    project.settings["quality"] = {"policy": "repair"}
    outcome = project.run("results/small/smart/model_data.nc")
    assert outcome.code == 0, outcome.text
    assert "repaired" in (project.results / "quality.json").read_text(encoding="utf-8")


def test_an_infeasible_dispatch_leaves_its_log_and_no_result(new_project: NewProject) -> None:
    project = new_project()
    project.settings["scenario_definitions"]["smart"]["overrides"] |= {
        "run.ensure_feasibility": False,
        "techs.hp_cooling.constraints.energy_cap_max": 1.0,
        "locations.buildings.techs.hp_cooling.constraints.energy_cap_equals": 1.0,
    }
    text = refused(project.run())
    assert "Dispatch of smart, iteration 000 failed" in text
    first = project.results / "iterations" / "000"
    assert not (first / "dispatch.nc").exists()
    assert not (project.results / "results.nc").exists()
    assert (first / "solver.log").exists()


def test_a_time_limit_that_is_too_short_is_said(finished: Project) -> None:
    (finished.results / "iterations" / "000" / "dispatch.nc").unlink()
    finished.settings["solver"] = {"time_limit_s": 1, "options": {"time_limit": 1e-9}}
    text = refused(finished.run())
    assert "solver.time_limit_s" in text
    assert not (finished.results / "iterations" / "000" / "dispatch.nc").exists()


def test_a_second_run_on_the_same_results_is_told_to_wait(finished: Project) -> None:
    (finished.results / "results.nc").unlink()
    with open(finished.folder / "results" / "small" / ".lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = refused(finished.run())
        assert "Another run" in text
        assert "results/small" in text
    assert finished.run().code == 0


def test_the_plan_can_be_looked_at(new_project: NewProject) -> None:
    project = new_project()
    dry = project.run(flags=("--dry-run",))
    assert dry.code == 0, dry.text
    assert "check_convergence" in dry.text
    dag = project.run("results", flags=("--dag",))
    assert dag.code == 0, dag.text
    assert "digraph" in dag.text
    assert not (project.folder / "results").exists()


def test_the_workflow_passes_its_own_lint(new_project: NewProject) -> None:
    outcome = new_project().run(flags=("--lint",))
    assert outcome.code == 0, outcome.text


def test_one_scenario_fails_and_the_other_ends_on_two_cores_as_on_one(
    new_project: NewProject, finished_run: tuple[Project, Outcome]
) -> None:
    project = new_project()
    definitions = project.settings["scenario_definitions"]
    definitions["hopeless"] = {
        **definitions["smart"],
        "model_scenario": "smart",
        "coupling": {"tolerance_k": 1e-9, "max_iterations": 1},
        "ring": {"initial_degc": 12.0},
    }
    project.settings["scenarios"] = ["hopeless", "smart"]
    text = refused(project.run(cores=2))
    assert "hopeless did not converge within 1 iterations" in text
    assert not (project.results.parent / "hopeless" / "summary.json").exists()
    both = {name: digest for name, digest in project.artefacts().items() if "/smart/" in name}
    assert len(both) > 20
    assert both == finished_run[0].artefacts()


def test_figures_are_drawn_from_the_results(finished: Project) -> None:
    finished.settings["figures"] = {"formats": ["svg"], "only": ["dispatch", "convergence"]}
    outcome = finished.run("all")
    assert outcome.code == 0, outcome.text
    assert not {"solve", "simulate"} & set(outcome.jobs)
    figures = finished.results / "figures"
    assert list(figures.glob("dispatch*.svg"))
    assert (figures / "convergence.svg").stat().st_size > 0


def test_the_embedded_district_is_made_by_the_first_rule(new_project: NewProject) -> None:
    project = new_project()
    project.settings["data"] = {"source": "embedded"}
    outcome = project.run("results/small/smart/model_data.nc")
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == {"preprocess": 1, "retrieve": 1}
    assert (project.results / "model" / "model.yaml").exists()
    assert project.run("results/small/smart/model_data.nc").jobs == {}
