"""Studies as a user runs them: a tornado and a front of two days, killed and resumed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from anello.present.report.studies import read_study, swings

from .conftest import SUBSET, Outcome, Project

NewProject = Callable[[], Project]
CAPS = ("pareto~cheapest", "pareto~cap-1", "pareto~cap-2")


@pytest.fixture(scope="module")
def studied(new_project: NewProject) -> tuple[Project, Outcome, int]:
    """Both studies of a district whose sizes are free, killed once within the front."""
    project = new_project()
    project.settings |= {
        "data": {"source": "embedded"},
        "scenario_definitions": {
            "smart": {
                "model_scenario": "designed",
                "overrides": {"model.subset_time": SUBSET},
            }
        },
        "coupling": {"method": "slp", "predicted_decrease": 2.0e-3, "tolerance_k": 0.5},
        "sensitivity": {
            "scenario": "smart",
            "vary": {
                "heat_pump_cop": {},
                "well": {"keys": ["ring.plant.wells.well_degc"], "low": 12, "high": 18},
            },
        },
        "pareto": {"scenario": "smart", "points": 3},
    }
    points = project.folder / "results/small/points"
    kept = points / "pareto~cap-2/iterations/000/dispatch.nc"
    project.run_and_kill(points / "pareto~cap-2/iterations/001/dispatch.nc", "pareto")
    before = kept.stat().st_mtime_ns
    return project, project.run("pareto", "sensitivity"), before


def test_a_front_goes_on_where_it_was_killed(studied: tuple[Project, Outcome, int]) -> None:
    project, outcome, before = studied
    assert outcome.code == 0, outcome.text
    # the cheapest and the least were there
    assert outcome.jobs["case"] == 2 + 5
    kept = project.folder / "results/small/points/pareto~cap-2/iterations/000/dispatch.nc"
    assert kept.stat().st_mtime_ns == before
    assert "less co2 than the cheapest costs" in outcome.text
    again = project.run("pareto", "sensitivity")
    assert again.code == 0, again.text
    assert "case" not in again.jobs


def test_the_front_is_monotone_and_within_its_caps(studied: tuple[Project, Outcome, int]) -> None:
    results = studied[0].folder / "results/small"
    table = read_study(results / "pareto.csv")
    assert tuple(table.index) == CAPS
    assert table["cap_met"].all()
    assert (table["dominated_by"] == "").all()
    assert table["emissions_simulated"].is_monotonic_decreasing
    assert (table["cost"].diff().iloc[1:] > -2e-3 * table["cost"].iloc[1:]).all()
    capped = table.iloc[1:]
    assert (capped["emissions"] <= capped["cap"] * (1 + 1e-6)).all()
    # the water follows the programme: what is simulated is what the cap was set for
    assert capped["emissions_simulated"].tolist() == pytest.approx(
        capped["cap"].tolist(), rel=0.015
    )
    for name, row in table.iterrows():
        summary = json.loads((results / "points" / str(name) / "summary.json").read_text())
        assert row["cost"] == pytest.approx(summary["whole_cost"]["total"])
        assert row["emissions"] == pytest.approx(summary["costs"]["co2"]["total"])
    assert (results / "front/front.svg").stat().st_size > 0


def test_a_case_starts_from_another(studied: tuple[Project, Outcome, int]) -> None:
    points = studied[0].folder / "results/small/points"
    started = points / "pareto~cap-1"
    assert (started / "start/cop.nc").exists()
    told = json.loads((started / "iterations/000/solve.json").read_text())
    assert told["warm_start"]
    # keys of one's own may change the programme: the basis is all that is taken over
    assert (points / "sensitivity~well~low/start/basis.npz").exists()
    assert not (points / "sensitivity~well~low/start/cop.nc").exists()


def test_a_worse_machine_costs_more(studied: tuple[Project, Outcome, int]) -> None:
    results = studied[0].folder / "results/small"
    table = read_study(results / "sensitivity.csv")
    assert len(table) == 5
    found = swings(table)
    assert found.loc["heat pump cop", "low"] > 0 > found.loc["heat pump cop", "high"]
    assert (table["change"] == table["cost"] - table["cost"].iloc[0]).all()
    assert (results / "tornado/tornado.svg").stat().st_size > 0


def test_the_report_has_both(studied: tuple[Project, Outcome, int]) -> None:
    project = studied[0]
    outcome = project.run("report")
    assert outcome.code == 0, outcome.text
    page = (project.folder / "results/small/report.html").read_text(encoding="utf-8")
    assert '<section id="tornado">' in page
    assert '<section id="front">' in page
    assert "moves the cost most" in page
