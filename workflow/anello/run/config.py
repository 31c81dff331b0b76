"""The configuration of a run: what `config/config.yaml` may say, checked before anything starts.

Each part of the package brings the model of its own settings; here they are put together,
scenarios are laid over them, and every fault is reported at once with file, line, key, value and a
suggestion.

``python -m anello.run.config`` writes the JSON schema and the table of settings that belong to this
module; with ``--check`` it compares instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from anello.api.attrdict import AttrDict
from anello.base.setting_faults import problem_of, told_once
from anello.base.yaml_lines import locate, repeated_in
from anello.coupling.config import CouplingConfig, chosen_by
from anello.coupling.years import ring_fault
from anello.errors import ConfigError, Problem, did_you_mean
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.solve.config import SolverConfig
from anello.present.report.config import FiguresConfig
from anello.ring.capital import RingCosts
from anello.ring.config import RingConfig
from anello.run.config_faults import (
    at_line,
    locate_of_scenario,
    placed_in_study,
    placed_in_sweep,
    unknown_scenario,
    without_prices,
)
from anello.run.preprocess.config import DataConfig, QualityConfig
from anello.run.scenario_config import (
    SECTIONS,
    Name,
    ScenarioConfig,
    ScenarioDefinition,
    Strict,
    merge,
)
from anello.run.studies.cases import PARETO, SENSITIVITY, Case, pareto_cases, sensitivity_cases
from anello.run.studies.config import ParetoConfig, SensitivityConfig
from anello.run.sweep.config import SweepConfig
from anello.run.sweep.points import point_values, set_path
from anello.run.years import name_of_year, year_called, year_faults


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes
    ----------
    scenario : str
        The scenario whose settings the point changes.
    values : dict
        For each changed key, a dotted path as in a scenario's definition, its value.
    position : int
        Where in the parameter space it is, counted from 0.
    """

    scenario: str
    values: dict[str, Any]
    position: int


class RunConfig(Strict):
    """Everything a run of the workflow needs to know."""

    run: Name = Field(description="Name of the run; its results lie in `results/<run>`.")
    scenarios: Annotated[list[Name], Field(min_length=1)] = Field(
        description="Scenarios to run, from those that `scenario_definitions` defines."
    )
    scenario_definitions: Annotated[dict[Name, ScenarioDefinition], Field(min_length=1)] = Field(
        description="What each scenario changes, by its name."
    )
    data: DataConfig = Field(description="Where the model and its series come from.")
    quality: QualityConfig = Field(
        default_factory=QualityConfig, description="What happens to faults in the series."
    )
    ring: RingConfig = Field(description="The ring and what exchanges heat with it.")
    ring_costs: RingCosts = Field(
        default_factory=RingCosts, description="What the ring itself costs to build and to keep."
    )
    coupling: CouplingConfig = Field(
        default_factory=CouplingConfig, description="How dispatch and ring are brought together."
    )
    solver: SolverConfig = Field(
        default_factory=SolverConfig, description="The solver and its limits."
    )
    figures: FiguresConfig = Field(
        default_factory=FiguresConfig, description="Which figures are drawn, and of what."
    )
    sweep: SweepConfig | None = Field(
        None,
        description="A parameter space; each of the scenarios is then run at each of its points. "
        "Keys are dotted paths as in a scenario's definition.",
    )
    sensitivity: SensitivityConfig | None = Field(
        None, description="Which assumption moves a scenario's cost most; not asked by default."
    )
    pareto: ParetoConfig | None = Field(
        None,
        description="What less of another cost class, such as CO₂, costs; not asked by default.",
    )

    def years_of(self, name: str) -> list[str]:
        """Return the scenarios that the years of a scenario are; none where there are none."""
        known = self.scenario_definitions
        return [name_of_year(name, year) for year in known[name].years] if name in known else []

    @property
    def years_by_name(self) -> dict[str, str]:
        """By what each year of a scenario is called, its scenario."""
        return {year: name for name in self.scenario_definitions for year in self.years_of(name)}

    def with_years(self, names: Sequence[str]) -> list[str]:
        """Return scenarios with those that have years replaced by their years."""
        return [one for name in names for one in self.years_of(name) or [name]]

    @property
    def computed(self) -> list[str]:
        """Names of all scenarios that have results of their own in this run."""
        return self.with_years(self.scenarios)

    def scenario(self, name: str) -> ScenarioConfig:
        """Return the settings of one scenario, its changes laid over the run's sections.

        A scenario with years stands for what these have in common.

        Raises
        ------
        ConfigError
            If there is no such scenario, or its changes make a section invalid.
        """
        definitions = self.scenario_definitions
        year = year_called(name, {one: told.years for one, told in definitions.items()})
        if year is None and name not in definitions:
            raise ConfigError(unknown_scenario(name, definitions))
        try:
            content = self._content(name) if year is None else self._content_of_year(name, *year)
            return ScenarioConfig.model_validate(content)
        except ValidationError as error:
            at = (name,) if year is None else (year[0], "years", year[1])
            prefix = ("scenario_definitions", *at)
            raise ConfigError(
                [problem_of(ScenarioConfig, item, (), prefix) for item in told_once(error.errors())]
            ) from None

    def _content(self, name: str) -> dict[str, Any]:
        definition = self.scenario_definitions[name]
        content: dict[str, Any] = {
            "name": name,
            "description": definition.description,
            "model_scenario": definition.model_scenario,
            "overrides": definition.overrides,
        }
        for section in SECTIONS:
            base = getattr(self, section).model_dump(mode="json", exclude_unset=True)
            content[section] = merge(base, getattr(definition, section))
        if content["coupling"].get("method") == "none" and "operation" not in definition.coupling:
            # What the run says of operation is for its scenarios with a ring.
            content["coupling"].pop("operation", None)
        return content

    def _content_of_year(self, name: str, scenario: str, year: str) -> dict[str, Any]:
        years = self.scenario_definitions[scenario].years
        content, told = self._content(scenario), years[year]
        weights = {other: one.weight for other, one in years.items()}
        return content | {
            "name": name,
            "description": told.description or content["description"],
            "overrides": merge(content["overrides"], told.overrides),
            "data": merge(content["data"], told.data),
            "year": {"scenario": scenario, "year": year, "weights": weights},
        }

    def points(self) -> list[Point]:
        """Return the points of the sweep: each scenario in turn at each point of the space.

        Raises
        ------
        ConfigError
            If the points cannot be read.
        """
        if self.sweep is None:
            return []
        values = point_values(self.sweep)
        return [
            Point(name, changed, position)
            for name in self.scenarios
            for position, changed in enumerate(values)
        ]

    def cases(self) -> list[Case]:
        """Return the computations of all studies, those first that others wait for.

        Raises
        ------
        ConfigError
            If a study names a scenario or an assumption that is not there, or a wrong class.
        """
        studies = {SENSITIVITY: self.sensitivity, PARETO: self.pareto}
        for study, asked in studies.items():
            if asked is not None and asked.scenario not in self.scenario_definitions:
                known = self.scenario_definitions
                key = f"{study}.scenario"
                raise ConfigError(
                    unknown_scenario(asked.scenario, known, key, years=self.years_by_name)
                )
        cases: list[Case] = []
        if self.sensitivity is not None:
            settings = self.scenario(self.sensitivity.scenario).model_dump(mode="json")
            cases += sensitivity_cases(self.sensitivity, settings)
        if self.pareto is not None:
            found = self.scenario(self.pareto.scenario)
            money = found.figures.cost_class
            cases += pareto_cases(self.pareto, found.model_dump(mode="json"), money)
        return cases

    def at_points(self, points: Sequence[Point]) -> list[ScenarioConfig]:
        """Return the settings at points of the sweep.

        Raises
        ------
        ConfigError
            With one problem per key and fault, and the first value that shows it.
        """
        contents: dict[str, dict[str, Any]] = {}
        settings: list[ScenarioConfig] = []
        problems: dict[tuple[str | None, str], Problem] = {}
        for point in points:
            if point.scenario not in contents:
                content = self._content(point.scenario)
                content["overrides"] = AttrDict(content["overrides"]).as_dict()
                contents[point.scenario] = content
            try:
                settings.append(_at_point(contents[point.scenario], point))
            except ConfigError as error:
                for problem in error.problems:
                    problems.setdefault((problem.key, problem.message), problem)
        if problems:
            raise ConfigError(list(problems.values()), summary="The sweep is wrong")
        return settings


def _at_point(content: dict[str, Any], point: Point) -> ScenarioConfig:
    problems = [problem for key in point.values if (problem := _wrong_root(key, point)) is not None]
    if problems:
        raise ConfigError(problems)
    for key, value in point.values.items():
        content = set_path(content, key, value)
    try:
        return ScenarioConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(
            [problem_of(ScenarioConfig, item, ()) for item in told_once(error.errors())]
        ) from None


def _wrong_root(key: str, point: Point) -> Problem | None:
    root, _, rest = key.partition(".")
    roots = ("model_scenario", "overrides", *SECTIONS)
    if root not in roots:
        hint = did_you_mean(root, roots) or f"Sections are {', '.join(f'`{n}`' for n in roots)}."
        told = "does not start with a section of a scenario"
        return Problem(told, None, None, key, point.values[key], hint)
    if root == "overrides":
        known = model_sections()
        part = rest.partition(".")[0]
        if part not in known:
            hint = did_you_mean(part, known) or f"Sections are {', '.join(sorted(known))}."
            told = f"`{part}` is not a section of a model"
            return Problem(told, None, None, key, point.values[key], hint)
    return None


@cache
def model_sections() -> frozenset[str]:
    """Return the names of a model's sections, such as `techs`."""
    from anello.model.schema.parameters import options

    return frozenset(options()["top_level"])


def parse_config(content: Mapping[str, Any], files: Sequence[str | Path] = ()) -> RunConfig:
    """Check a configuration that has been read and merged already.

    Parameters
    ----------
    content : mapping
        The configuration.
    files : sequence of path-like, optional
        The files it came from, later ones overriding earlier ones; used to say where a fault is.

    Returns
    -------
    RunConfig

    Raises
    ------
    ConfigError
        With one problem per fault, in the sections and in the scenarios.
    """
    repeated = repeated_in(files)
    if repeated:
        raise ConfigError(repeated, summary="The configuration is wrong")
    try:
        config = RunConfig.model_validate(dict(content))
    except ValidationError as error:
        raise ConfigError(
            [problem_of(RunConfig, item, files) for item in told_once(error.errors())],
            summary="The configuration is wrong",
        ) from None
    problems: list[str | Problem] = []
    for position, name in enumerate(config.scenarios):
        if name not in config.scenario_definitions:
            file, line = locate(files, ("scenarios", position))
            known = config.scenario_definitions
            key = f"scenarios.{position}"
            problems.append(unknown_scenario(name, known, key, file, line, config.years_by_name))
    problems += [
        Problem("is named twice", *locate(files, ("scenarios",)), "scenarios", name)
        for name in dict.fromkeys(config.scenarios)
        if config.scenarios.count(name) > 1
    ]
    problems += _year_faults(config, files)
    every = list(config.scenario_definitions)
    told: set[tuple[str, str, str]] = set()
    for name in dict.fromkeys([*every, *config.with_years(every)]):
        try:
            settings = config.scenario(name)
            # One that is only defined, such as `designed`, may need another coupling than this run.
            fault = chosen_by(settings.ring, settings.coupling)
            if settings.year is not None:
                fault = ring_fault(settings.ring)
            if fault is not None and name in (*config.scenarios, *config.computed):
                at = ("scenario_definitions", name)
                problems.append(Problem(fault, *locate(files, at), ".".join(at)))
            if name in config.scenarios and settings.coupling.coupled:
                problems += without_prices(settings.ring, name, files)
        except ConfigError as error:
            scenario = config.years_by_name.get(name, name)
            for problem in error.problems:
                loc = tuple((problem.key or "").split("."))
                own = 2 if scenario == name else 4
                within = ".".join(loc[own:])
                if (scenario, within, problem.message) in told:
                    continue  # what is wrong with a scenario is wrong with each of its years
                told.add((scenario, within, problem.message))
                problems.append(at_line(problem, *locate_of_scenario(files, loc, own)))
    if problems:
        raise ConfigError(problems, summary="The configuration is wrong")
    _check_studies(config, files)
    if config.sweep is not None:
        try:
            config.at_points(config.points())
        except ConfigError as error:
            placed = [placed_in_sweep(problem, config.sweep, files) for problem in error.problems]
            raise ConfigError(placed, error.summary) from None
    return config


def _year_faults(config: RunConfig, files: Sequence[str | Path]) -> list[Problem]:
    definitions = config.scenario_definitions
    methods = {
        name: str(told.coupling.get("method", config.coupling.method))
        for name, told in definitions.items()
    }
    studied = {
        study: [told.scenario]
        for study, told in ((SENSITIVITY, config.sensitivity), (PARETO, config.pareto))
        if told is not None
    }
    if config.sweep is not None:
        studied["sweep"] = config.scenarios
    years = {name: told.years for name, told in definitions.items()}
    return year_faults(years, methods, studied, files)


def _check_studies(config: RunConfig, files: Sequence[str | Path]) -> None:
    """Raise the faults of all studies, placed where they stand in the files."""
    try:
        for case in config.cases():
            try:
                config.at_points([Point(case.scenario, dict(case.values), 0)])
            except ConfigError as error:
                raise ConfigError(
                    [placed_in_study(problem, case.study, files) for problem in error.problems],
                    summary="A study is wrong",
                ) from None
    except ConfigError as error:
        raise ConfigError(
            [placed_in_study(problem, "", files) for problem in error.problems], error.summary
        ) from None


def read_config(*files: str | Path) -> RunConfig:
    """Read and check a configuration file, with overlays merged over it in turn.

    Raises
    ------
    ConfigError
        If a file is missing, is not YAML, or what they say together is wrong.
    """
    content: dict[str, Any] = {}
    for file in files:
        content = merge(content, read_settings(Path(file)))
    return parse_config(content, files)
