"""Sweeps as a user runs them: one folder per point, one table, failures in it and not fatal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from .conftest import Outcome, Project

NewProject = Callable[[], Project]
POINTS: list[dict[str, Any]] = [
    {"ring.initial_degc": 15},
    {"overrides.techs.gird.costs.monetary.om_prod": 1},
]


def prepared(project: Project, **more: Any) -> Project:
    """Two points, one of which fails, with a tolerance that two iterations reach."""
    project.settings["coupling"]["tolerance_k"] = 100.0
    project.settings["sweep"] = {"kind": "list", "points": POINTS, **more}
    return project


def table(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.folder / "results/small/sweep.csv", index_col="point")


@pytest.fixture(scope="module")
def swept(new_project: NewProject) -> tuple[Project, Outcome]:
    project = prepared(new_project())
    return project, project.run("sweep")


def test_a_failed_point_is_listed_and_not_fatal(swept: tuple[Project, Outcome]) -> None:
    project, outcome = swept
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == {"gather": 1, "point": 2, "sweep": 1}
    assert "1 of 2 points succeeded" in outcome.text
    found = table(project)
    assert list(found["status"]) == ["ok", "failed"]
    assert "gird" in found["error"].iloc[1]
    good, bad = sorted((project.folder / "results/small/points").iterdir())
    assert good.name == "point~0001_initial_degc~15_om_prod~base"
    assert (good / "results.nc").stat().st_size > 0
    assert not (bad / "results.nc").exists()
    assert "InputError" in json.loads((bad / "point.json").read_text())["error"]


def test_steps_as_jobs_of_their_own_compute_the_same(
    swept: tuple[Project, Outcome], new_project: NewProject
) -> None:
    project = prepared(new_project(), one_job_per_point=False)
    outcome = project.run("sweep")
    # Snakemake says that a job failed, and the table is there all the same.
    assert outcome.code != 0
    assert "1 of 2 points succeeded" in outcome.text
    assert outcome.jobs["point"] == 1
    assert outcome.jobs["solve"] == 2
    pd.testing.assert_frame_equal(table(project), table(swept[0]))
    name = "point~0001_initial_degc~15_om_prod~base"
    for file in ("dispatch.nc", "ring.nc", "cop.nc", "basis.npz"):
        one = project.folder / f"results/small/{name}/iterations/001/{file}"
        other = swept[0].folder / f"results/small/points/{name}/iterations/001/{file}"
        assert one.read_bytes() == other.read_bytes(), file


def test_a_thousand_points_are_planned(new_project: NewProject) -> None:
    project = new_project()
    project.settings["sweep"] = {
        "kind": "latin_hypercube",
        "samples": 1000,
        "seed": 1,
        "parameters": {"ring.water.mass_kg": {"low": 1e6, "high": 9e6}},
    }
    plan = project.run("sweep", flags=("--dry-run", "--quiet"))
    assert plan.code == 0, plan.text
    assert not (project.folder / "results").exists()
