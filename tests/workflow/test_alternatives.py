"""Scenarios without a ring beside one with a ring, from data to the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project


def test_without_a_ring_there_is_one_solution_and_no_simulation(
    new_project: Callable[[], Project],
) -> None:
    project = new_project()
    definitions = project.settings["scenario_definitions"]
    definitions["alone"] = {
        **definitions["smart"],
        "model_scenario": "baseline",
        "coupling": {"method": "none"},
    }
    project.settings["scenarios"] = ["alone"]
    project.settings["figures"] = {"formats": ["svg"]}
    outcome = project.run("all")
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["solve"] == 1
    assert not {"simulate", "check_convergence"} & set(outcome.jobs)
    again = project.run("all")
    assert again.jobs == {}, again.text
    project.settings["ring"] = {"initial_degc": 13.0}
    changed = project.run("all")
    assert not {"solve", "build"} & set(changed.jobs), changed.text
