"""A scenario with years, from its settings to the page: one search, results of each year."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from anello.optimise.results import read_results
from anello.run.kept_sizes import kept_sizes

if TYPE_CHECKING:
    from conftest import Project

SUMMER, WINTER = (["2015-07-01", "2015-07-02"], ["2015-01-14", "2015-01-15"])
YEARS = {
    "summer": {"weight": 0.6},
    "winter": {"weight": 0.4, "overrides": {"model.subset_time": WINTER}},
}
NAMES = [f"{name}-{year}" for name in ("designed", "air_source") for year in YEARS]


@pytest.fixture(scope="module")
def made(new_project: Callable[[], Project]) -> Project:
    """Two days of summer and of winter, with a ring and without one."""
    project = new_project()
    told: dict[str, Any] = {"overrides": {"model.subset_time": SUMMER}, "years": YEARS}
    slp = {"method": "slp", "tolerance_k": 0.5, "predicted_decrease": 2e-3, "max_iterations": 40}
    project.settings |= {
        "scenarios": ["designed", "air_source"],
        "scenario_definitions": {
            "designed": {**told, "coupling": slp},
            "air_source": told,
        },
    }
    outcome = project.run("results", "report", cores=2)
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["search_years"] == 2
    assert outcome.jobs["collect_year"] == outcome.jobs["preprocess"] == 4
    assert not {"build", "solve", "simulate", "collect"} & set(outcome.jobs)
    return project


def test_each_year_has_results_with_the_same_sizes(made: Project) -> None:
    run = made.results.parent
    for name in ("designed", "air_source"):
        summer, winter = (read_results(run / f"{name}-{year}" / "results.nc") for year in YEARS)
        assert (summer.ring is None) is (name == "air_source")
        for one, first in ((summer, SUMMER[0]), (winter, WINTER[0])):
            assert str(one.results["timestep"].values[0]).startswith(first)
        for node, kw in summer.results["energy_cap"].to_series().items():
            if not str(node).split("::")[1].startswith(("demand", "grid", "gas")):
                assert float(winter.results["energy_cap"].sel(node=node)) == kw, node
    designed = run / "designed" / "logs" / "convergence.json"
    assert json.loads(designed.read_text(encoding="utf-8"))["converged"]


def test_the_page_says_for_which_years_and_what_is_expected(made: Project) -> None:
    run = made.results.parent
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Proposed: <strong>designed</strong>, at an expected " in page
    said = "The sizes of <strong>designed</strong> were found for summer (60 %) and winter (40 %)"
    assert said in page
    costs = [
        json.loads((run / f"designed-{year}" / "summary.json").read_text(encoding="utf-8"))
        for year in YEARS
    ]
    assert [cost["year"]["year"] for cost in costs] == list(YEARS)
    expected = 0.6 * costs[0]["whole_cost"]["total"] + 0.4 * costs[1]["whole_cost"]["total"]
    shown = page[page.index(said) :].split('data-value="')[1].split('"')[0]
    assert float(shown) == pytest.approx(expected, rel=1e-12)


def test_tables_and_kept_sizes_know_the_year(made: Project) -> None:
    run = made.results.parent
    table = (run / "scenarios.csv").read_text(encoding="utf-8")
    assert "Weight of the year [-],0.6,0.4,0.6,0.4" in table
    kept = kept_sizes(read_results(run / "designed-winter" / "results.nc"), "built")
    overrides = kept["scenario_definitions"]["built"]["overrides"]
    assert overrides["model.subset_time"] == WINTER
    assert not any("grid" in key or "demand" in key for key in overrides)
    assert any("hp_cooling" in key for key in overrides)


def test_another_weight_searches_anew_and_reads_nothing_anew(made: Project) -> None:
    assert made.run("results", "report").jobs == {}
    years = made.settings["scenario_definitions"]["air_source"]["years"]
    made.settings["scenario_definitions"]["air_source"]["years"] = {
        **years,
        "summer": {"weight": 0.5},
        "winter": {**years["winter"], "weight": 0.5},
    }
    planned = made.run("results", flags=("--dry-run",)).planned
    assert planned == {"search_years": 1, "collect_year": 2, "results": 1}
    made.settings["scenario_definitions"]["air_source"]["years"] = years


def test_a_search_that_does_not_converge_leaves_its_record(made: Project) -> None:
    made.settings["coupling"]["max_iterations"] = 2
    coupling = made.settings["scenario_definitions"]["designed"]["coupling"]
    coupling["max_iterations"] = 2
    outcome = made.run("results")
    coupling["max_iterations"] = 40
    assert outcome.code != 0
    assert "scenario designed did not converge within 2 iterations" in outcome.text
    run = made.results.parent
    record = json.loads((run / "designed" / "logs" / "convergence.json").read_text("utf-8"))
    assert len(record["trace"]) == 2
    assert not (run / "designed-summer" / "results.nc").exists()
