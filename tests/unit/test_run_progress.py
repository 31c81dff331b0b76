"""How far a run is: what is shown of its jobs, and how long they are said to take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from anello.coupling.config import CouplingConfig
from anello.coupling.record import ConvergenceRecord, IterationRecord
from anello.present.report.config import FiguresConfig
from anello.run.config import RunConfig, parse_config
from anello.run.progress import RunProgress, distance, in_words, iterations_left


def step(number: int, **told: Any) -> IterationRecord:
    plain: dict[str, Any] = {
        "iteration": number,
        "max_delta_t_k": 2.0 / number if number else None,
        "rms_delta_t_k": None,
        "mean_relative_change": 0.2 if number else None,
        "max_delta_cop": 0.0,
        "j_lp_eur": 1000.0,
        "j_sim_eur": 1000.0,
        "ring_residual": 0.0,
        "steps_at_bound": 0,
        "converged": False,
    }
    return IterationRecord(**{**plain, **told})


def slp_step(number: int, promise_eur: float) -> IterationRecord:
    return step(number, criticality_eur=promise_eur, temperature_gap_k=0.01)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(repo_root: Path) -> RunConfig:
    return parse_config(yaml.safe_load((repo_root / "config" / "config.yaml").read_text()))


class Jobs:
    """Tells a progress of jobs that take their time."""

    def __init__(self, progress: RunProgress, clock: Clock) -> None:
        self.progress, self.clock, self.number = progress, clock, 0

    def start(self, rule: str, **wildcards: str) -> int:
        self.number += 1
        event = {"event": "start", "job": self.number, "rule": rule, "log": [], **wildcards}
        self.progress.hear(event)
        return self.number

    def run(self, rule: str, seconds: float, **wildcards: str) -> None:
        number = self.start(rule, **wildcards)
        self.clock.now_s += seconds
        self.progress.hear({"event": "end", "job": number})

    def iteration(self, folder: Path, number: int, promises: list[float], scenario: str) -> None:
        which = {"scenario": scenario, "iteration": f"{number:03d}"}
        self.run("solve", 20.0, **which)
        self.run("simulate", 8.0, **which)
        start = self.start("check_convergence", **which)
        record(folder, scenario, promises)
        self.clock.now_s += 2.0
        self.progress.hear({"event": "end", "job": start})


def record(folder: Path, scenario: str, promises: list[float]) -> None:
    trace = [step(0), *(slp_step(number, eur) for number, eur in enumerate(promises, 1))]
    path = folder / "results" / "district" / scenario / "iterations"
    path = path / f"{len(promises):03d}" / "convergence.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    ConvergenceRecord("slp", "slp", 0.5, 30, tuple(trace)).write(path)


def test_a_scenario_from_its_model_to_its_figures(tmp_path, clock, config):
    progress = RunProgress(config, tmp_path, clock)
    jobs = Jobs(progress, clock)
    assert [line.split()[1] for line in progress.lines()] == ["waiting", "waiting"]
    assert progress.milestones() == ["", ""]
    jobs.run("retrieve", 3.0, scenario="smart")
    jobs.start("build", scenario="smart")
    assert progress.lines()[1] == "smart     problem"  # nothing tells how long it will take
    jobs.iteration(tmp_path, 0, [], "smart")
    jobs.iteration(tmp_path, 1, [64.0], "smart")
    before = progress.milestones()
    jobs.start("solve", scenario="smart", iteration="002")
    line = progress.lines()[1]
    assert "2 iterations done of 60 at most, dispatch" in line
    assert "gain in sight 6.4 %, ends at 0.2 %" in line
    assert "about 4 min left" in line  # five more by experience, results and figures
    assert progress.milestones() == before
    jobs.iteration(tmp_path, 2, [64.0, 16.0], "smart")
    jobs.start("solve", scenario="smart", iteration="003")
    # Four times nearer each: two more bring 1.6 % below 0.2 %. Results and figures like two more.
    smart = progress.scenarios["smart"]
    assert progress.left_s(smart) == pytest.approx(2 * 30.0 + 2 * 30.0)
    clock.now_s += 10.0
    assert progress.left_s(smart) == pytest.approx(110.0)
    assert progress.milestones() != before
    # the other knows from the first how long an iteration takes
    jobs.start("preprocess", scenario="baseline")
    assert "left" in progress.lines()[0]


def test_done_says_the_cost(tmp_path, clock, config):
    progress = RunProgress(config, tmp_path, clock)
    jobs = Jobs(progress, clock)
    jobs.iteration(tmp_path, 0, [], "smart")
    jobs.run("collect", 4.0, scenario="smart")
    assert progress.left_s(progress.scenarios["smart"]) == pytest.approx(30.0)
    summary = {
        "cost_simulated": 955486.2,
        "whole_cost": {"total": 1062132.0},  # with the ring's plant, as the report has it
        "costs": {"monetary": {"total": 917004.0}},
        "convergence": {"iterations": 7},
    }
    path = tmp_path / "results" / "district" / "smart" / "summary.json"
    path.write_text(json.dumps(summary))
    jobs.run("draw", 4.0, scenario="smart")
    assert progress.lines()[1] == "smart     done: 1,062,132 €, 7 iterations"
    jobs.start("write_report")
    assert progress.lines()[2] == "report    being written"
    progress.end(succeeded=True)
    assert progress.lines() == [
        "baseline  done",
        "smart     done: 1,062,132 €, 7 iterations",
        "report    done",
    ]


def test_done_says_the_cost_without_a_ring_too_and_in_the_currency_told(tmp_path, clock, config):
    config = config.model_copy(update={"figures": FiguresConfig(currency="CHF")})
    progress = RunProgress(config, tmp_path, clock)
    summary = {
        "cost_simulated": None,
        "whole_cost": {"total": 791918.3, "weights": {"monetary": 1.0}},
        "costs": {"monetary": {"total": 791918.3}},
        "convergence": None,
    }
    path = tmp_path / "results" / "district" / "baseline" / "summary.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(summary))
    progress.end(succeeded=True)
    assert progress.lines()[:2] == ["baseline  done: 791,918 CHF", "smart     done"]


def test_a_failure_and_what_was_stopped(tmp_path, clock, config):
    progress = RunProgress(config, tmp_path, clock)
    jobs = Jobs(progress, clock)
    number = jobs.start("solve", scenario="smart", iteration="003")
    jobs.start("preprocess", scenario="baseline")
    progress.hear({"event": "error", "job": number})
    progress.hear({"event": "error", "job": number})
    progress.end(succeeded=False)
    assert progress.lines()[1] == "smart     failed at: iteration 3, dispatch"
    assert progress.lines()[0] == "baseline  stopped at: series"
    assert [job["rule"] for job in progress.failed] == ["solve"]


def test_a_search_for_several_years_is_told_of_each(tmp_path, clock, repo_root):
    told = yaml.safe_load((repo_root / "config" / "config.yaml").read_text())
    told["scenarios"] = ["smart"]
    told["scenario_definitions"]["smart"]["years"] = {"a": {"weight": 0.5}, "b": {"weight": 0.5}}
    progress = RunProgress(parse_config(told), tmp_path, clock)
    jobs = Jobs(progress, clock)
    jobs.start("search_years", scenario="smart")
    assert progress.lines() == ["smart-a  sizes for all years", "smart-b  sizes for all years"]
    jobs.start("collect_year", scenario="smart-a")
    assert progress.lines()[0] == "smart-a  results"


def test_a_resumed_run_knows_what_was_found_before(tmp_path, clock, config):
    record(tmp_path, "smart", [64.0, 16.0])
    folder = tmp_path / "results" / "district" / "smart" / "benchmarks"
    folder.mkdir()
    for name, seconds in (("solve_000", 9), ("solve_001", 11), ("simulate_000", 4), ("check_0", 1)):
        (folder / f"{name}.tsv").write_text(f"s\th:m:s\n{seconds}\t0:00:00\n")
    (folder / "draw.tsv").write_text("s")  # being written
    progress = RunProgress(config, tmp_path, clock)
    Jobs(progress, clock).start("solve", scenario="smart", iteration="003")
    assert "gain in sight 1.6 %" in progress.lines()[1]
    assert progress.left_s(progress.scenarios["smart"]) == pytest.approx(2 * 15.0 + 2 * 15.0)


def test_points_of_a_sweep_have_one_line(tmp_path, clock, repo_root):
    content = yaml.safe_load((repo_root / "config" / "config.yaml").read_text())
    sweep = {"kind": "list", "points": [{"ring.initial_degc": 12 + k} for k in range(4)]}
    config = parse_config({**content, "scenarios": ["smart"], "sweep": sweep})
    progress = RunProgress(config, tmp_path, clock)
    jobs = Jobs(progress, clock)
    assert progress.lines() == ["0 of 4 points"]
    (tmp_path / "results" / "district" / "points" / "a").mkdir(parents=True)
    (tmp_path / "results" / "district" / "points" / "a" / "point.json").touch()
    jobs.run("point", 100.0, point="a")
    assert progress.lines() == ["1 of 4 points; about 5 min left"]
    progress.hear({"event": "error", "job": jobs.start("point", point="b")})
    assert "1 failed" in progress.lines()[0]


@pytest.mark.parametrize(
    ("told", "criterion", "ratio", "words"),
    [
        ({}, "max_change", 4.0, "water changes by 2 K, ends at 0.5 K"),
        ({}, "mean_relative_change", 2.0, "water changes by 20 %, ends at 10 %"),
        (
            {"criticality_eur": 1.0, "temperature_gap_k": 1.0},
            "slp",
            2.0,
            "water differs by 1 K, ends at 0.5 K",
        ),
        (
            {"criticality_eur": 1.0, "temperature_gap_k": 0.0, "j_lp_eur": 990.0},
            "slp",
            10.0,
            "cost gap 1 %, ends at 0.1 %",
        ),
    ],
)
def test_the_furthest_measure_is_shown(told, criterion, ratio, words):
    coupling = CouplingConfig(tolerance_k=0.5, predicted_decrease=2e-3, cost_gap=1e-3)
    found = distance(step(1, **told), coupling, criterion)
    assert found is not None
    assert found.ratio == pytest.approx(ratio)
    assert found.words == words
    assert distance(step(0), coupling, criterion) is None


def test_iterations_that_are_left():
    assert iterations_left([], 0, 30) == 7
    assert iterations_left([], 0, 4) == 4
    assert iterations_left([4.0, 8.0], 12, 30) == 1  # no nearer: nothing better is known
    assert iterations_left([16.0, 4.0], 2, 30) == 1
    assert iterations_left([256.0, 64.0, 16.0], 3, 30) == 2
    assert iterations_left([10.0, 9.9], 28, 30) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "10 s"),
        (41, "50 s"),
        (70, "1 min"),
        (3000, "50 min"),
        (4700, "1 h 20 min"),
        (7200, "2 h"),
    ],
)
def test_times_as_people_say_them(seconds, words):
    assert in_words(seconds) == words
