"""What the steps of a run depend on: settings, code and files of each scenario and point.

A step is made again when what it is told here changes, so each is told its own part only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from anello.base.files import sha256
from anello.errors import SweepError
from anello.optimise.solve.config import SolverConfig
from anello.run.config import Point, RunConfig
from anello.run.iterations import RING_FILES, iteration_file, remembered
from anello.run.preprocess.config import DataConfig
from anello.run.provenance import code_digest
from anello.run.scenario_config import ScenarioConfig
from anello.run.stages.gather import ExpectedPoint
from anello.run.studies.cases import Case
from anello.run.sweep.points import point_labels

# A solver may take five times its limit, for the rounds after trouble and the search for a cause.
_PATIENCE = 5


class RunPlan:
    """Scenarios and points of a run, and what each of their steps is told.

    Parameters
    ----------
    settings : RunConfig
        The run's settings.
    scripts : Path
        Folder of the steps' scripts, whose code counts as a setting.

    Attributes
    ----------
    run : str
        Name of the run.
    scenarios : list of str
        The scenarios to run; of one with years, each year is one.
    years : dict
        The scenarios that the years of each scenario are, where it has any.
    points : dict
        The points of the sweep by their names, such as ``point~0001_initial_degc~15``.
    cases : dict
        The computations of studies by their names, such as ``sensitivity~interest~low``.
    """

    def __init__(self, settings: RunConfig, scripts: Path) -> None:
        self.settings = settings
        self.run = settings.run
        self.scenarios = settings.computed
        self.years: dict[str, list[str]] = {
            name: years
            for name in settings.scenario_definitions
            if (years := settings.years_of(name))
        }
        self.points = named_points(settings)
        self.cases: dict[str, Case] = {case.name: case for case in settings.cases()}
        self._scripts = scripts
        self.scenario: Callable[[str], ScenarioConfig] = cache(self._scenario)
        self.plain: Callable[[str], dict[str, Any]] = cache(self._plain)
        self.code: Callable[[str], str] = cache(self._code)
        self.case_fingerprint: Callable[[str], str] = cache(self._case_fingerprint)

    @property
    def places(self) -> list[str]:
        """Folders that hold results of their own: of scenarios, and of points."""
        below = (*self.points, *self.cases)
        found = [name for name in self.settings.scenarios if name in self.years]
        return [*found, *self.scenarios, *self.points, *(f"points/{name}" for name in below)]

    @property
    def known(self) -> list[str]:
        """Names of all scenarios that are defined, and of their years."""
        return [*self.settings.scenario_definitions, *self.of_years]

    @property
    def of_years(self) -> list[str]:
        """Names of the scenarios that are years of another."""
        return [name for years in self.years.values() for name in years]

    @property
    def alone(self) -> list[str]:
        """Names of the scenarios that are solved alone: they have no years, and are none."""
        return [name for name in self.settings.scenario_definitions if name not in self.years]

    def base_of(self, scenario: str) -> str:
        """Return the scenario that another one is a year of."""
        return next(name for name, years in self.years.items() if scenario in years)

    def point(self, name: str) -> Point:
        """Return a point of the sweep, or of a study, by its name.

        Raises
        ------
        SweepError
            If there is none.
        """
        if name in self.cases:
            case = self.cases[name]
            return Point(case.scenario, dict(case.values), 0)
        if name not in self.points:
            raise SweepError(f"The sweep has no point {name}.")
        return self.points[name]

    def _scenario(self, name: str) -> ScenarioConfig:
        """Settings of a scenario or point, with its changes laid over those of the run."""
        if name in self.known:
            return self.settings.scenario(name)
        return self.settings.at_points([self.point(name)])[0]

    def _plain(self, name: str) -> dict[str, Any]:
        """The same as plain values; never to be changed."""
        return self.scenario(name).model_dump(mode="json")

    def _code(self, script: str) -> str:
        """Checksum of a step's script and of all it reaches within the package."""
        return code_digest(self._scripts / script)

    def sections(self, scenario: str, *sections: str, **parts: tuple[str, ...]) -> dict[str, Any]:
        """Return some sections of a scenario's settings, as plain values.

        Parameters
        ----------
        scenario : str
            A scenario or a point.
        *sections : str
            Sections to return whole.
        **parts : tuple of str
            Sections of which only these keys are returned.
        """
        whole = self.plain(scenario)
        chosen = {section: whole[section] for section in sections}
        chosen |= {name: {key: whole[name][key] for key in keys} for name, keys in parts.items()}
        return chosen

    def problem(self, scenario: str, **parts: tuple[str, ...]) -> dict[str, Any]:
        """Return as much of ring and coupling as the dispatch problem sees, beside other parts.

        A fixed point's problem knows which heat pumps there are, and nothing else of the ring; that
        of a scenario without a ring knows nothing of one.
        """
        coupling = self.scenario(scenario).coupling
        chosen = self.sections(scenario, **parts)
        if not coupling.coupled:
            nothing: dict[str, Any] = {"ring": {"heat_pumps": {}}}
            return chosen | nothing | self.sections(scenario, coupling=("method",))
        if coupling.sees_ring:
            keys = ("method", "fixed_point", "slp")
            return chosen | self.sections(scenario, "ring", coupling=keys)
        seen = ("mode", "heat_pumps", "oddities")
        return chosen | self.sections(scenario, ring=seen, coupling=("method",))

    def solving(self, scenario: str) -> dict[str, Any]:
        """Return what a dispatch's solution depends on: its problem, and what the solver is asked.

        A longer time limit must not make finished solutions run again, and is left out.
        """
        asked = tuple(name for name in SolverConfig.model_fields if name != "time_limit_s")
        return self.problem(scenario, solver=asked)

    # --- years ------------------------------------------------------------------------------------

    def told_search(self, scenario: str) -> dict[str, Any]:
        """Return what the search for the sizes of several years depends on, beside their models."""
        coupling = ("method", "max_iterations", "tolerance_k", "predicted_decrease", "cost_gap")
        chosen = self.solving(scenario) | self.sections(scenario, coupling=(*coupling, "slp"))
        weights = self.scenario(self.years[scenario][0]).year
        assert weights is not None
        return chosen | {"weights": weights.weights}

    # --- models -----------------------------------------------------------------------------------

    def model_folder(self, scenario: str) -> str | None:
        """Return the folder that a step makes a model in; None where the user names their own."""
        own = self.scenario(scenario).data.source == "folder"
        return None if own else f"results/{self.run}/{scenario}/model"

    def model_files(self, scenario: str) -> list[str]:
        """Return the local files that a model comes from, so that a change to one is noticed."""
        return local_model_files(self.scenario(scenario).data)

    def own_model_files(self, scenario: str) -> list[str]:
        """Return the files of the user's own model; none where a step makes it."""
        own = self.scenario(scenario).data.source == "folder"
        return self.model_files(scenario) if own else []

    def raw_folder(self, scenario: str) -> Path | None:
        """Return the folder of the user's own model; None where a step makes it."""
        data = self.scenario(scenario).data
        return data.model.parent if data.source == "folder" else None

    def shared_model(self, point: str) -> str | None:
        """Return the model folder of a point's scenario; None where it has a model of its own."""
        data = self.scenario(point).data
        base = self.point(point).scenario
        shared = data.source != "folder" and data == self.scenario(base).data
        return self.model_folder(base) if shared else None

    # --- iterations -------------------------------------------------------------------------------

    def coupled(self, scenario: str) -> bool:
        """Return whether a scenario has a ring, and iterates with it."""
        return self.scenario(scenario).coupling.coupled

    def iteration_files(self, scenario: str, number: int, names: Sequence[str]) -> list[str]:
        """Return files of an iteration; without a ring, only those that a solution leaves."""
        kept = [name for name in names if self.coupled(scenario) or name not in RING_FILES]
        return [iteration_file(self.run, scenario, number, name) for name in kept]

    def remembered_rings(self, scenario: str, number: int) -> list[str]:
        """Return the rings of those earlier iterations that Anderson acceleration combines."""
        depth = self.scenario(scenario).coupling.fixed_point.anderson_depth
        earlier = remembered(number, depth)
        return [iteration_file(self.run, scenario, n, "ring.nc") for n in earlier]

    def operations(self) -> list[str]:
        """Return the operations of the scenarios whose settings ask for one."""
        return [
            f"results/{self.run}/{name}/operation.nc"
            for name in self.scenarios
            if self.scenario(name).coupling.operation is not None
        ]

    # --- resources --------------------------------------------------------------------------------

    def time_limit_s(self, scenario: str) -> int:
        """Return the solver's time limit [s]; 0 where there is none."""
        return int(self.scenario(scenario).solver.time_limit_s or 0)

    def least_solve_min(self, scenario: str) -> int:
        """Return how long a solution may take by the solver's own time limit [min]."""
        limit_s = self.scenario(scenario).solver.time_limit_s or 0
        return int(_PATIENCE * limit_s / 60) + 10 if limit_s else 0

    def solver_threads(self, scenario: str) -> int:
        """Return as many threads as the solver's options ask for; one by default."""
        return int(self.scenario(scenario).solver.options.get("threads", 1))

    # --- points -----------------------------------------------------------------------------------

    def point_settings(self, point: str) -> dict[str, Any]:
        """Return the settings of a point, but for those of figures, which it has none of."""
        return {**self.plain(point), "figures": {}}

    def fingerprint(self, point: str) -> str:
        """Return a checksum of all that a point's outcome depends on: settings, code and files."""
        about = [
            self.point_settings(point),
            self.point(point).values,
            self.code("point.py"),
            [_file_digest(path) for path in self.model_files(point)],
        ]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def study(self, name: str) -> list[str]:
        """Return the cases of a study."""
        return [case.name for case in self.cases.values() if case.study == name]

    def told_case(self, name: str) -> dict[str, Any]:
        """Return a case as plain values."""
        return self.cases[name].told()

    def case_records(self, names: Iterable[str]) -> list[str]:
        """Return the records of cases."""
        return [f"results/{self.run}/points/{name}/point.json" for name in names]

    def told_study(self, name: str) -> dict[str, Any]:
        """Return what a study's table and figure depend on beside the records; plain values."""
        cases = self.study(name)
        if not cases:
            return {}
        scenario = self.cases[cases[0]].scenario
        return {
            "cases": [self.told_case(case) for case in cases],
            "figures": self.sections(scenario, "figures")["figures"],
            "tolerance": self.search_tolerance(scenario),
        }

    def search_tolerance(self, scenario: str) -> float:
        """Return how well a scenario's search knows its cost, as a share of it [-]."""
        coupling = self.scenario(scenario).coupling
        if coupling.method == "none":
            return 0.0
        return max(coupling.predicted_decrease, coupling.cost_gap)

    def _case_fingerprint(self, name: str) -> str:
        """Return a checksum of all that a case's outcome depends on, other cases among it."""
        case = self.cases[name]
        about = [
            self.fingerprint(name),
            self.code("case.py"),
            case.told(),
            [self.case_fingerprint(other) for other in case.needs],
        ]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def expected_points(self, folder: Path) -> list[ExpectedPoint]:
        """Return what a run whose results lie in `folder` was to compute."""
        one_job = self.settings.sweep is not None and self.settings.sweep.one_job_per_point
        return [
            ExpectedPoint(
                point=name,
                scenario=point.scenario,
                values=point.values,
                fingerprint=self.fingerprint(name),
                record=folder / "points" / name / "point.json",
                logs=folder / ("points" if one_job else "") / name / "logs",
            )
            for name, point in self.points.items()
        ]


def named_points(settings: RunConfig) -> dict[str, Point]:
    """Return the points of a sweep by their names, as Snakemake's `Paramspace` writes them."""
    points = settings.points()
    several = len(settings.scenarios) > 1
    labels = point_labels(
        [({"scenario": p.scenario} if several else {}) | p.values for p in points]
    )
    names = ["_".join(f"{key}~{value}" for key, value in label.items()) for label in labels]
    return dict(zip(names, points, strict=True))


def local_model_files(data: DataConfig) -> list[str]:
    """Return the local files that a model comes from, sorted."""
    if data.source == "folder":
        return _text_files(data.root or data.model.parent)
    if data.source == "embedded":
        return [str(data.district)] if data.district else []
    folder = data.folder or os.environ.get("ANELLO_ICCEP2019")
    return _text_files(Path(folder) / data.model_folder) if folder else []


@cache
def _text_files(folder: Path) -> list[str]:
    """YAML and CSV files below a folder."""
    suffixes = (".yaml", ".yml", ".csv")
    return sorted(str(path) for path in folder.rglob("*") if path.suffix in suffixes)


@cache
def _file_digest(path: str) -> str:
    """Checksum of a file as it is when the run is planned."""
    return sha256(path)
