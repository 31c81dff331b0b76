"""How far a run is: what each scenario does, how near to its end it is, how long that may take."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from anello.coupling.config import CouplingConfig
from anello.coupling.record import ConvergenceRecord, IterationRecord
from anello.errors import ArtefactError
from anello.present.report.total import total_cost
from anello.run.config import RunConfig

Event = Mapping[str, Any]
Clock = Callable[[], float]

STEPS = {
    "retrieve": "model folder",
    "preprocess": "series",
    "build": "problem",
    "solve": "dispatch",
    "simulate": "ring",
    "check_convergence": "convergence",
    "search_years": "sizes for all years",
    "collect": "results",
    "collect_year": "results",
    "draw": "figures",
    "operate": "operation",
    "write_report": "report",
}
LOOP = ("solve", "simulate", "check_convergence")
AFTER = ("collect", "draw", "operate")
USUAL_ITERATIONS = 7
"""What a scenario takes where nothing else is known yet: those of the embedded district need it."""
_TREND = 4


@dataclass(frozen=True)
class Distance:
    """How far an iteration is from the end of its loop.

    Attributes
    ----------
    ratio : float
        The measure that is furthest from its limit, divided by that limit [-].
    words : str
        The same for people.
    """

    ratio: float
    words: str


def distance(step: IterationRecord, coupling: CouplingConfig, criterion: str) -> Distance | None:
    """Return how far an iteration is from the end; None in the first, which has no measure.

    Parameters
    ----------
    step : IterationRecord
        The iteration.
    coupling : CouplingConfig
        The stopping rule.
    criterion : str
        Its name: `max_change`, `mean_relative_change` or `slp`.
    """
    found: list[tuple[float, float, str, str]] = []
    if criterion == "slp":
        if step.criticality_eur is None or step.temperature_gap_k is None:
            return None
        promise = step.criticality_eur / max(abs(step.operation_eur), 1e-9)
        found += [
            (promise, coupling.predicted_decrease, "gain in sight", "%"),
            (step.cost_gap, coupling.cost_gap, "cost gap", "%"),
            (step.temperature_gap_k, coupling.tolerance_k, "water differs by", "K"),
        ]
    elif criterion == "mean_relative_change":
        if step.mean_relative_change is None:
            return None
        limit = coupling.mean_relative_tolerance
        found.append((step.mean_relative_change, limit, "water changes by", "%"))
    else:
        if step.max_delta_t_k is None:
            return None
        change = step.max_delta_t_k / coupling.fixed_point.relaxation
        found.append((change, coupling.tolerance_k, "water changes by", "K"))
    value, limit, what, unit = max(found, key=lambda one: one[0] / one[1])
    scale = 100.0 if unit == "%" else 1.0
    words = f"{what} {value * scale:.2g} {unit}, ends at {limit * scale:.2g} {unit}"
    return Distance(value / limit, words)


def iterations_left(ratios: Sequence[float], done: int, most: int) -> int:
    """Return about how many iterations follow, by how fast the last ones came nearer.

    Parameters
    ----------
    ratios : sequence of float
        Distance of each iteration that has one, in order [-].
    done : int
        Iterations that have ended without ending the loop.
    most : int
        The limit of iterations.
    """
    left = max(USUAL_ITERATIONS - done, 1)
    if len(ratios) > 1 and min(ratios[-_TREND:]) > 0:
        recent = ratios[-_TREND:]
        shrinks = (recent[-1] / recent[0]) ** (1 / (len(recent) - 1))
        if shrinks < 1:
            left = math.ceil(math.log(max(recent[-1], 1.0)) / -math.log(shrinks))
    return max(min(left, most - done), 1)


def in_words(seconds: float) -> str:
    """Return a time as people say it: `40 s`, `3 min`, `1 h 20 min`."""
    if seconds < 55:
        return f"{max(10 * math.ceil(seconds / 10), 10)} s"
    minutes = max(round(seconds / 60), 1)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


@dataclass
class ScenarioProgress:
    """What one scenario does.

    Attributes
    ----------
    name : str
        The scenario.
    folder : Path
        Its results.
    coupling : CouplingConfig
        Its settings.
    state : str
        `waiting`, `running`, `done` or `failed`.
    step : str
        The step that runs, in words.
    iteration : int or None
        The iteration that runs, or ran last.
    ratios : list of float
        See :func:`iterations_left`.
    words : str
        The last iteration's distance in words.
    began_s : float or None
        When the iteration that runs began, by the clock of the run [s].
    walls_s : list of float
        Wall time of each iteration that has ended [s].
    ended : set of str
        Rules of the scenario's jobs that have ended.
    """

    name: str
    folder: Path
    coupling: CouplingConfig
    state: str = "waiting"
    step: str = ""
    iteration: int | None = None
    ratios: list[float] = field(default_factory=list)
    words: str = ""
    began_s: float | None = None
    walls_s: list[float] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def look(self, number: int) -> None:
        """Read what the record of an iteration says."""
        path = self.folder / "iterations" / f"{number:03d}" / "convergence.json"
        try:
            record = ConvergenceRecord.read(path)
        except ArtefactError:
            return  # the step that reads it names the fault
        found = [distance(step, self.coupling, record.criterion) for step in record.trace]
        self.ratios = [one.ratio for one in found if one is not None]
        self.words = found[-1].words if found and found[-1] is not None else ""

    @property
    def last_rule(self) -> str:
        """The rule after which nothing is left to do for the scenario."""
        return "operate" if self.coupling.operation is not None else "draw"


class RunProgress:
    """What a run does, by the events of its jobs.

    Parameters
    ----------
    config : RunConfig
        The run's settings.
    folder : Path
        The working folder.
    clock : callable
        Tells the time [s].
    """

    def __init__(self, config: RunConfig, folder: Path, clock: Clock = time.monotonic) -> None:
        results = folder / "results" / config.run
        self.results = results
        self._clock = clock
        self._figures = config.figures
        self._start_s = clock()
        self._jobs: dict[int, tuple[Event, float]] = {}
        self._durations_s: dict[str, list[float]] = {}
        self._report = ""
        self.failed: list[Event] = []
        self.points = len(config.points())
        self._points_done = 0
        self._cases = [results / "points" / case.name / "point.json" for case in config.cases()]
        names = [] if self.points else config.computed
        self._years = {name: config.years_of(name) for name in config.scenarios}
        self.scenarios = {
            name: ScenarioProgress(name, results / name, config.scenario(name).coupling)
            for name in names
        }

    # --- events -----------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take in an event of `snakemake_logger_plugin_anello`."""
        if event["event"] == "start":
            self._jobs[event["job"]] = (event, self._clock())
            self._started(event)
            return
        if event["job"] not in self._jobs:
            return
        job, began_s = self._jobs.pop(event["job"])
        if event["event"] == "error":
            self._failed(job)
        else:
            self._durations_s.setdefault(job["rule"], []).append(self._clock() - began_s)
            self._ended(job)

    def _started(self, job: Event) -> None:
        if job["rule"] == "write_report":
            self._report = "being written"
        for other in self._subjects(job):
            if job["rule"] in STEPS:
                other.state, other.step = "running", STEPS[job["rule"]]
        one = self.scenarios.get(job.get("scenario", ""))
        if one is None or "iteration" not in job:
            return
        number = int(job["iteration"])
        if number != one.iteration and number > 0:
            one.look(number - 1)
        one.iteration = number
        if one.began_s is None:
            one.began_s = self._clock()

    def _ended(self, job: Event) -> None:
        rule = job["rule"]
        if rule == "point":
            self._points_done += 1
        if rule == "write_report":
            self._report = "done"
        one = self.scenarios.get(job.get("scenario", ""))
        if one is None:
            return
        one.ended.add(rule)
        if rule == "check_convergence":
            one.look(int(job["iteration"]))
            if one.began_s is not None:
                one.walls_s.append(self._clock() - one.began_s)
            one.began_s = None
        if rule == one.last_rule and one.state != "failed":
            one.state = "done"

    def _failed(self, job: Event) -> None:
        self.failed.append(job)
        for one in self._subjects(job):
            rule: str = job["rule"]
            one.state, one.step = "failed", STEPS.get(rule, rule)

    def _subjects(self, job: Event) -> list[ScenarioProgress]:
        """Return what a job works on: a scenario, or all years of one."""
        name = job.get("scenario", "")
        names = self._years.get(name) or [name]
        return [self.scenarios[one] for one in names if one in self.scenarios]

    def end(self, succeeded: bool) -> None:
        """Take in that the run has ended."""
        for one in self.scenarios.values():
            if succeeded:
                one.state = "done"
            elif one.state == "running":
                one.state = "stopped"
        if succeeded and not self.points:
            self._report = "done"

    # --- lines ------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Return one line for each scenario, or one for all points of a sweep."""
        if self.points:
            return [self._line_of_points()]
        width = max(map(len, [*self.scenarios, "report", *(["studies"] if self._cases else [])]))
        lines = [f"{one.name:<{width}}  {self._line(one)}" for one in self.scenarios.values()]
        if self._cases:
            made = sum(record.exists() for record in self._cases)
            lines.append(f"{'studies':<{width}}  {made} of {len(self._cases)} cases")
        return [*lines, f"{'report':<{width}}  {self._report}"] if self._report else lines

    def milestones(self) -> list[str]:
        """Return the lines, each without what changes while nothing is finished."""
        if self.points:
            return [f"{self._points_done} {len(self.failed)}"]
        seen = [
            "" if one.state == "waiting" else f"{one.state} {len(one.walls_s)}"
            for one in self.scenarios.values()
        ]
        if self._cases:
            seen.append(str(sum(record.exists() for record in self._cases)))
        return [*seen, self._report] if self._report else seen

    def _line(self, one: ScenarioProgress) -> str:
        if one.state == "done":
            return self._done(one)
        if one.state == "waiting":
            return "waiting"
        if one.state in {"failed", "stopped"}:
            where = "" if one.iteration is None else f"iteration {one.iteration}"
            return f"{one.state} at: {', '.join(filter(None, [where, one.step]))}"
        where = ""
        if one.iteration is not None:
            done = one.iteration + (one.began_s is None)
            many = "iteration" if done == 1 else "iterations"
            where = f"{done} {many} done of {one.coupling.max_iterations} at most"
        left_s = self.left_s(one)
        left = "" if left_s is None else f"about {in_words(left_s)} left"
        return "; ".join(
            filter(None, [", ".join(filter(None, [where, one.step])), one.words, left])
        )

    def _done(self, one: ScenarioProgress) -> str:
        try:
            told = json.loads((one.folder / "summary.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "done"
        said = []
        cost = total_cost(told, self._figures)
        if cost is not None:
            said.append(f"{cost:,.0f} {self._figures.currency}")
        if told["convergence"] is not None:
            count = told["convergence"]["iterations"]
            said.append(f"{count} {'iteration' if count == 1 else 'iterations'}")
        return f"done: {', '.join(said)}" if said else "done"

    def _line_of_points(self) -> str:
        made = len(list(self.results.glob("points/*/point.json")))
        words = [f"{made} of {self.points} points"]
        if self.failed:
            words.append(f"{len(self.failed)} failed")
        if self._points_done and made < self.points:
            each_s = (self._clock() - self._start_s) / self._points_done
            words.append(f"about {in_words(each_s * (self.points - made))} left")
        return "; ".join(words)

    # --- time -------------------------------------------------------------------------------------

    def left_s(self, one: ScenarioProgress) -> float | None:
        """Return about how long a scenario still takes [s]; None where nothing tells."""
        if one.step == STEPS["search_years"]:
            return None
        iteration_s = self._iteration_s(one)
        if iteration_s is None:
            return None
        after_s = sum(
            self._rule_s(one, rule, iteration_s)
            for rule in AFTER
            if rule not in one.ended and (rule != "operate" or one.last_rule == "operate")
        )
        if one.ended & {"collect", "collect_year"} or one.step == STEPS["collect"]:
            return after_s
        done = one.iteration or 0
        left = iterations_left(one.ratios, done, one.coupling.max_iterations)
        gone_s = 0.0 if one.began_s is None else self._clock() - one.began_s
        return max(left * iteration_s - gone_s, 0.0) + after_s

    def _iteration_s(self, one: ScenarioProgress) -> float | None:
        """Time of an iteration: this scenario's, else that of another run, else of the others."""
        if one.walls_s:
            return mean(one.walls_s)
        past = [_benchmark_s(one.folder, rule) for rule in LOOP]
        if all(value is not None for value in past):
            return sum(value for value in past if value is not None)
        others = [wall for other in self.scenarios.values() for wall in other.walls_s]
        return mean(others) if others else None

    def _rule_s(self, one: ScenarioProgress, rule: str, otherwise_s: float) -> float:
        if rule in self._durations_s:
            return mean(self._durations_s[rule])
        past_s = _benchmark_s(one.folder, rule)
        return otherwise_s if past_s is None else past_s


def _benchmark_s(folder: Path, rule: str) -> float | None:
    """Return what a step took in an earlier run, on average [s]; None if it has not run."""
    name = "check" if rule == "check_convergence" else rule
    found = []
    for path in folder.glob(f"benchmarks/{name}*.tsv"):
        try:
            found.append(float(path.read_text(encoding="utf-8").splitlines()[1].split("\t")[0]))
        except (OSError, ValueError, IndexError):
            continue  # being written
    return mean(found) if found else None
