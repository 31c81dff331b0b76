"""A scenario without a ring: solved once, nothing simulated, and results like any other's."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.iteration import rows_of
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import summarise
from anello.present.report.html import write_report
from anello.run.config import parse_config
from anello.run.plan import RunPlan
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

DAYS = ["2015-01-22", "2015-01-22"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("without") / "district"
    embedded_model(folder)
    return folder / "model.yaml"


def content(repo_root: Path, model: Path) -> dict:
    settings = read_settings(repo_root / "config" / "config.yaml")
    alone = {
        "model_scenario": "baseline",
        "coupling": {"method": "none"},
        "overrides": {"model.subset_time": DAYS},
    }
    return {
        **settings,
        "scenarios": ["alone", "smart"],
        "scenario_definitions": {**settings["scenario_definitions"], "alone": alone},
        "data": {"source": "folder", "model": str(model)},
    }


def test_its_steps_know_nothing_of_a_ring(repo_root: Path, model: Path) -> None:
    settings = content(repo_root, model)
    plan = RunPlan(parse_config(settings), repo_root / "scripts")
    assert plan.coupled("smart")
    assert not plan.coupled("alone")
    names = ["dispatch.nc", "ring.nc", "cop.nc", "convergence.json", "solve.json"]
    assert [Path(p).name for p in plan.iteration_files("alone", 0, names)] == [
        "dispatch.nc",
        "solve.json",
    ]
    assert len(plan.iteration_files("smart", 0, names)) == 5
    told = plan.problem("alone")
    other = RunPlan(
        parse_config({**settings, "ring": {**settings["ring"], "initial_degc": 12}}),
        repo_root / "scripts",
    )
    assert other.problem("alone") == told
    assert other.problem("smart") != plan.problem("smart")


def test_it_is_solved_once_and_reported(repo_root: Path, model: Path, tmp_path: Path) -> None:
    settings = parse_config(content(repo_root, model)).scenario("alone")
    run_scenario(settings, tmp_path / "alone", run="test", name="alone")
    steps = sorted(p.name for p in (tmp_path / "alone" / "iterations").iterdir())
    assert steps == ["000"]
    left = {p.name for p in (tmp_path / "alone" / "iterations" / "000").iterdir()}
    assert "dispatch.nc" in left
    assert not {"ring.nc", "cop.nc", "convergence.json"} & left
    found = read_results(tmp_path / "alone" / "results.nc")
    assert found.ring is None
    assert found.convergence is None
    assert found.settings["ring"] is None
    summary = summarise(found)
    assert summary["cost_simulated"] is None
    assert summary["costs"]["monetary"]["total"] == pytest.approx(
        summary["cost_in_optimisation"], rel=1e-9
    )
    text = write_report({"alone": found}, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "solved once, without a loop" in text
    for section in ("COP", "The loop", "Audits"):
        assert f"<h2>{section}</h2>" not in text


def test_it_may_take_time_steps_that_no_ring_could(model: Path) -> None:
    days = {
        "model.subset_time": ["2015-01-01", "2015-01-14"],
        "model.time": {
            "function": "apply_clustering",
            "function_options": {"clustering_func": "kmeans", "how": "mean", "k": 2},
        },
    }
    data = read_model(model, "baseline", override_dict=days)
    settings = read_settings(Path(__file__).parents[2] / "config" / "config.yaml")
    ring = parse_config(settings).ring
    with pytest.raises(InputError, match="cannot be simulated"):
        rows_of(ring, CouplingConfig(), data)
    assert rows_of(ring, CouplingConfig(method="none"), data) is None


def test_without_a_ring_there_is_nothing_to_iterate_or_operate(
    repo_root: Path, model: Path
) -> None:
    settings = content(repo_root, model)
    data = read_model(model, "baseline", override_dict={"model.subset_time": DAYS})
    with pytest.raises(InputError, match="no ring to iterate with"):
        CoupledDistrict(data, parse_config(settings).ring, CouplingConfig(method="none"))
    settings["scenario_definitions"]["alone"]["coupling"]["operation"] = {}
    with pytest.raises(ConfigError, match="needed is a ring"):
        parse_config(settings)


def test_what_a_run_says_of_operation_is_for_its_scenarios_with_a_ring(
    repo_root: Path, model: Path
) -> None:
    settings = content(repo_root, model)
    settings["coupling"] = {"operation": {"window_hours": 24, "horizon_hours": 36}}
    config = parse_config(settings)
    assert config.scenario("alone").coupling.operation is None
    ringed = [name for name in config.scenario_definitions if name != "alone"]
    assert any(config.scenario(name).coupling.operation is not None for name in ringed)
