"""Scenarios without a ring beside one with a ring, from data to the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

NAMES = ("smart", "air_source", "gas")


@pytest.fixture(scope="module")
def compared(new_project: Callable[[], Project]) -> Project:
    """Two days with the ring, and as they would be without one."""
    project = new_project()
    days = project.settings["scenario_definitions"]["smart"]["overrides"]
    for name in NAMES:
        project.settings["scenario_definitions"][name] = {"overrides": days}
    project.settings["scenarios"] = list(NAMES)
    project.settings["figures"] = {"formats": ["svg"], "only": ["dispatch"]}
    outcome = project.run("all", cores=2)
    assert outcome.code == 0, outcome.text
    jobs = outcome.jobs
    assert jobs["simulate"] == jobs["check_convergence"] == jobs["solve"] - 2
    return project


def test_without_a_ring_there_is_one_solution_and_no_simulation(compared: Project) -> None:
    run = compared.results.parent
    for name in ("air_source", "gas"):
        steps = sorted(path.name for path in (run / name / "iterations").iterdir())
        assert steps == ["000"]
        assert not (run / name / "iterations" / "000" / "ring.nc").exists()
        assert (run / name / "figures").is_dir()


def test_a_second_run_has_nothing_to_do_and_another_ring_changes_nothing_without_one(
    compared: Project,
) -> None:
    again = compared.run("all")
    assert again.jobs == {}, again.text
    compared.settings["scenarios"] = ["air_source"]
    compared.settings["ring"] = {"initial_degc": 13.0}
    changed = compared.run("all", flags=("--dry-run",))
    assert changed.code == 0, changed.text
    assert changed.planned["collect"] == 1
    assert not {"solve", "build"} & set(changed.planned), changed.text
    compared.settings["scenarios"] = list(NAMES)
    del compared.settings["ring"]


def test_costs_of_a_ring_change_the_results_and_nothing_before_them(compared: Project) -> None:
    summary = compared.results / "summary.json"
    before = json.loads(summary.read_text(encoding="utf-8"))["whole_cost"]
    compared.settings["ring_costs"] = {"wells": {"capital_eur_per_kg_s": 9800}}
    changed = compared.run("results")
    assert set(changed.jobs) == {"collect", "results"}, changed.text
    after = json.loads(summary.read_text(encoding="utf-8"))["whole_cost"]
    assert after["ring"]["to_build"] == before["ring"]["to_build"] + 60 * 4900
    assert after["total"] > before["total"]


def test_the_page_lays_them_side_by_side(compared: Project) -> None:
    assert compared.run("report").code == 0
    run = compared.results.parent
    page = (run / "report.html").read_text(encoding="utf-8")
    alternatives = page[page.index('id="alternatives"') :]
    alternatives = alternatives[: alternatives.index("</table>")]
    for name in NAMES:
        assert f"scenario={name}" in alternatives
        summary = json.loads((run / name / "summary.json").read_text(encoding="utf-8"))
        whole = summary["whole_cost"]
        assert repr(whole["total"]) in alternatives
        assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)
        assert summary["costs"]["co2"]["total"] > 0
    assert 'id="differences"' in page
    assert 'id="difference-bars"' in page
