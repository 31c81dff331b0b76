"""What each step of a run is told, and which files it depends on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snakemake.utils import Paramspace

from anello.errors import SweepError
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.solve.config import SolverConfig
from anello.run.config import parse_config
from anello.run.iterations import iteration_file, remembered, result_iteration, says_settled
from anello.run.plan import RunPlan
from anello.run.seals import seal
from anello.run.sweep.points import point_labels

PARAMETERS = {"ring.initial_degc": [12, 15.5], "coupling.max_iterations": [7]}
SWEEP = {"kind": "grid", "parameters": PARAMETERS}


@pytest.fixture
def plan(repo_root: Path) -> Any:
    content = read_settings(repo_root / "config" / "config.yaml")

    def make(**changes: Any) -> RunPlan:
        return RunPlan(parse_config({**content, **changes}), repo_root / "scripts")

    return make


def test_infinite_values_of_overrides_reach_the_model(plan: Any, repo_root: Path) -> None:
    """An unlimited resource that is lost on the way is a supply that gives nothing."""
    smart = read_settings(repo_root / "config" / "config.yaml")["scenario_definitions"]["smart"]
    over = {"techs.grid.constraints.resource": math.inf}
    made = plan(scenarios=["smart"], scenario_definitions={"smart": smart | {"overrides": over}})
    told = made.sections("smart", "overrides")
    assert told["overrides"] == over


def test_points_are_named_as_snakemake_names_them(plan: Any) -> None:
    made = plan(sweep=SWEEP)
    points = made.settings.points()
    labels = point_labels([{"scenario": p.scenario} | p.values for p in points])
    space = Paramspace(pd.DataFrame(labels), filename_params="*", single_wildcard="point")
    assert list(made.points) == list(space.instance_patterns)
    assert len(made.places) == 2 + 2 * len(points) == 10
    with pytest.raises(SweepError, match="no point"):
        made.point("point~9")


def test_a_point_is_a_scenario_with_its_values(plan: Any) -> None:
    made = plan(sweep=SWEEP)
    name = list(made.points)[1]
    assert made.scenario(name).ring.initial_degc == 15.5
    assert made.shared_model(name) == "results/district/baseline/model"
    expected = made.expected_points(Path("results/district"))
    assert [point.point for point in expected] == list(made.points)
    assert len({point.fingerprint for point in expected}) == len(expected)


def test_a_fingerprint_follows_settings_and_not_figures(plan: Any) -> None:
    name = next(iter(plan(sweep=SWEEP).points))
    plain = plan(sweep=SWEEP).fingerprint(name)
    assert plan(sweep=SWEEP, figures={"formats": ["svg"]}).fingerprint(name) == plain
    assert plan(sweep=SWEEP, solver={"time_limit_s": 7}).fingerprint(name) != plain


def test_a_step_is_told_its_own_part_only(plan: Any) -> None:
    made = plan()
    told = made.sections("smart", "data", coupling=("method",))
    assert set(told) == {"data", "coupling"}
    assert set(told["coupling"]) == {"method"}
    assert "initial_degc" in made.problem("smart")["ring"]
    fixed = plan(coupling={"method": "fixed_point"}).problem("smart")
    assert set(fixed["ring"]) == {"mode", "heat_pumps", "oddities"}


def test_files_of_an_own_model_are_watched(plan: Any, tmp_path: Path) -> None:
    for name in ("model.yaml", "series/demand.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    made = plan(data={"source": "folder", "model": str(tmp_path / "model.yaml")})
    expected = [str(tmp_path / "model.yaml"), str(tmp_path / "series" / "demand.csv")]
    assert made.own_model_files("smart") == made.model_files("smart") == expected
    assert made.model_folder("smart") is None
    assert made.raw_folder("smart") == tmp_path
    assert plan().own_model_files("smart") == []
    assert plan().model_folder("smart") == "results/district/smart/model"


def test_a_solution_depends_on_all_that_the_solver_is_asked(plan: Any) -> None:
    asked = {"name": "highs", "method": "simplex", "mip_gap": 0.01, "warm_start": False}
    made = plan(solver={**asked, "options": {"threads": 2}, "time_limit_s": 7})
    told = made.solving("smart")["solver"]
    assert told == {**asked, "options": {"threads": 2}}
    assert set(told) | {"time_limit_s"} == set(SolverConfig.model_fields)


@pytest.mark.parametrize(("limit_s", "least_min"), [(None, 0), (600, 60)])
def test_a_job_may_take_what_its_solver_may(
    plan: Any, limit_s: float | None, least_min: int
) -> None:
    made = plan(solver={"time_limit_s": limit_s, "options": {"threads": 2}})
    assert made.time_limit_s("smart") == (limit_s or 0)
    assert made.least_solve_min("smart") == least_min
    assert made.solver_threads("smart") == 2


def test_records_say_when_a_loop_has_ended_and_damaged_ones_do_not(tmp_path: Path) -> None:
    record = tmp_path / "convergence.json"
    record.write_text(json.dumps({"converged": False, "stalled": True, "result_iteration": 2}))
    seal(record)
    assert says_settled(record)
    assert result_iteration(record, 4) == 2
    record.write_text("{}")
    assert not says_settled(record)
    assert result_iteration(record, 4) == 4


def test_earlier_iterations_begin_with_the_first() -> None:
    assert list(remembered(0, 3)) == []
    assert list(remembered(2, 3)) == [0, 1]
    assert list(remembered(5, 3)) == [2, 3, 4]
    assert iteration_file("a", "b", 7, "ring.nc") == "results/a/b/iterations/007/ring.nc"
