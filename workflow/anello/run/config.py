"""The configuration of a run: what `config/config.yaml` may say, checked before anything starts.

Each part of the package brings the model of its own settings; here they are put together,
scenarios are laid over them, and every fault is reported at once with file, line, key, value and a
suggestion.

``python -m anello.run.config`` writes the JSON schema and the table of settings that belong to this
module; with ``--check`` it compares instead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from anello.api.attrdict import AttrDict
from anello.base.files import write_text
from anello.coupling.config import CouplingConfig
from anello.errors import ConfigError, Problem, did_you_mean
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.solve.config import SolverConfig
from anello.present.report.config import FiguresConfig
from anello.ring.config import RingConfig
from anello.run.preprocess.config import DataConfig, QualityConfig
from anello.run.sweep.config import CsvPoints, PointList, SweepConfig
from anello.run.sweep.points import point_values, set_path

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
SECTIONS = ("data", "quality", "ring", "coupling", "solver", "figures")
SCHEMA_FILE = Path("workflow/schemas/config.schema.json")
TABLE_FILE = Path("config/README.md")
_TABLE_START = "<!-- settings: made by `make schemas` -->"
_TABLE_END = "<!-- end of settings -->"


class Strict(BaseModel):
    """Base of the settings: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScenarioDefinition(Strict):
    """What a scenario changes; everything it leaves out is as in the sections of the run."""

    description: str = Field("", description="For readers of the results.")
    model_scenario: str | None = Field(
        None, description="Scenario, override or comma list of overrides of the Calliope model."
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the Calliope model, as an override would be."
    )
    data: dict[str, Any] = Field(default_factory=dict, description="Laid over the section `data`.")
    quality: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `quality`."
    )
    ring: dict[str, Any] = Field(default_factory=dict, description="Laid over the section `ring`.")
    coupling: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `coupling`."
    )
    solver: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `solver`."
    )
    figures: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `figures`."
    )


class ScenarioConfig(Strict):
    """The settings of one scenario, with nothing left to merge."""

    name: Name
    description: str
    model_scenario: str | None
    overrides: dict[str, Any]
    data: DataConfig
    quality: QualityConfig
    ring: RingConfig
    coupling: CouplingConfig
    solver: SolverConfig
    figures: FiguresConfig

    @model_validator(mode="after")
    def _operable(self) -> Self:
        one_temperature = self.ring.mode == "physical" and self.ring.model == "mixed"
        if self.coupling.operation is not None and not one_temperature:
            raise ValueError(
                "`coupling.operation` carries the ring from window to window as one temperature:"
                " needed are `ring.mode: physical` and `ring.model: mixed`"
            )
        return self


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

    def scenario(self, name: str) -> ScenarioConfig:
        """Return the settings of one scenario, its changes laid over the run's sections.

        Raises
        ------
        ConfigError
            If there is no such scenario, or its changes make a section invalid.
        """
        if name not in self.scenario_definitions:
            raise ConfigError(_unknown_scenario(name, self.scenario_definitions))
        try:
            return ScenarioConfig.model_validate(self._content(name))
        except ValidationError as error:
            prefix = ("scenario_definitions", name)
            raise ConfigError(
                [_problem(ScenarioConfig, item, (), prefix) for item in error.errors()]
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
        return content

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
        raise ConfigError([_problem(ScenarioConfig, item, ()) for item in error.errors()]) from None


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


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it.

    Mappings are merged key by key and all else is replaced. A mapping whose `kind` or `source`
    changes is replaced as well, since the other keys belong to the former kind.
    """
    for selector in ("kind", "source"):
        if selector in base and selector in changes and base[selector] != changes[selector]:
            return dict(changes)
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


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
    try:
        config = RunConfig.model_validate(dict(content))
    except ValidationError as error:
        raise ConfigError(
            [_problem(RunConfig, item, files) for item in error.errors()],
            summary="The configuration is wrong",
        ) from None
    problems: list[str | Problem] = []
    for position, name in enumerate(config.scenarios):
        if name not in config.scenario_definitions:
            file, line = locate(files, ("scenarios", position))
            known = config.scenario_definitions
            problems.append(_unknown_scenario(name, known, f"scenarios.{position}", file, line))
    problems += [
        Problem("is named twice", *locate(files, ("scenarios",)), "scenarios", name)
        for name in dict.fromkeys(config.scenarios)
        if config.scenarios.count(name) > 1
    ]
    for name in config.scenario_definitions:
        try:
            config.scenario(name)
        except ConfigError as error:
            for problem in error.problems:
                loc = tuple((problem.key or "").split("."))
                file, line = locate(files, loc)
                problems.append(_placed(problem, file, line))
    if problems:
        raise ConfigError(problems, summary="The configuration is wrong")
    if config.sweep is not None:
        try:
            config.at_points(config.points())
        except ConfigError as error:
            placed = [_placed_in_sweep(problem, config.sweep, files) for problem in error.problems]
            raise ConfigError(placed, error.summary) from None
    return config


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


# --- where a fault is, and what was meant -------------------------------------------------------


def locate(files: Sequence[str | Path], loc: Sequence[str | int]) -> tuple[str | None, int | None]:
    """Find a key in configuration files.

    Parameters
    ----------
    files : sequence of path-like
        Searched from the last one, which overrides the others.
    loc : sequence of str or int
        The keys, from the top; positions in lists as integers.

    Returns
    -------
    tuple of (str or None, int or None)
        File and line (from 1) of the key, or of the deepest of its parents that a file has. Both
        are None when no file has any part of it: it came from the command line, or is missing.
    """
    best: tuple[int, str | None, int | None] = (0, None, None)
    for file in reversed(files):
        try:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            continue  # Snakemake has read this file, or has complained about it already
        depth, line = _descend(root, loc)
        if depth > best[0]:
            best = (depth, str(file), line)
    return best[1], best[2]


def _descend(node: yaml.Node | None, loc: Sequence[str | int]) -> tuple[int, int | None]:
    line: int | None = None
    for depth, part in enumerate(loc):
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if getattr(key, "value", None) == str(part):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and str(part).isdecimal():
            position = int(part)
            if position < len(node.value):
                found = node.value[position]
                line = found.start_mark.line + 1
        if found is None:
            return depth, line
        node = found
    return len(loc), line


def _placed(problem: Problem, file: str | None, line: int | None) -> Problem:
    return Problem(problem.message, file, line, problem.key, problem.value, problem.suggestion)


def _placed_in_sweep(problem: Problem, sweep: SweepConfig, files: Sequence[str | Path]) -> Problem:
    """Say where a key of the parameter space stands: in the configuration, or in its CSV file."""
    key = problem.key or ""
    if problem.file is not None:
        return problem
    if isinstance(sweep, CsvPoints):
        return _placed(problem, str(sweep.file), 1)
    if isinstance(sweep, PointList):
        places: list[tuple[str | int, ...]] = [
            ("sweep", "points", i, k) for i, point in enumerate(sweep.points) for k in point
        ]
    else:
        places = [("sweep", "parameters", k) for k in sweep.parameters]
    # A fault may lie deeper than the key that the sweep names, where its value is a mapping.
    near = [place for place in places if f"{key}.".startswith(f"{place[-1]}.")]
    return _placed(problem, *locate(files, near[0] if near else ("sweep",)))


def _unknown_scenario(
    name: str,
    known: Iterable[str],
    key: str = "scenarios",
    file: str | None = None,
    line: int | None = None,
) -> Problem:
    names = sorted(known)
    hint = did_you_mean(name, names) or f"Defined are {', '.join(f'`{n}`' for n in names)}."
    return Problem("is not among `scenario_definitions`", file, line, key, name, hint)


def _problem(
    model: type[BaseModel],
    item: Mapping[str, Any],
    files: Sequence[str | Path],
    prefix: tuple[str, ...] = (),
) -> Problem:
    loc = prefix + _keys_only(item["loc"], item.get("input"))
    file, line = locate(files, loc)
    key = ".".join(str(part) for part in loc)
    kind = item["type"]
    if kind == "extra_forbidden":
        known = _sibling_keys(model, tuple(item["loc"]))
        hint = did_you_mean(str(loc[-1]), known)
        if hint is None and known:
            hint = f"Known here are {', '.join(f'`{k}`' for k in sorted(known))}."
        return Problem("is not a setting", file, line, key, item.get("input"), hint)
    if kind == "missing":
        return Problem(
            "is missing", file, line, key, None, "Add it; config/README.md describes it."
        )
    if kind in ("literal_error", "union_tag_invalid"):
        context = item.get("ctx", {})
        expected = str(context.get("expected") or context.get("expected_tags") or "")
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        value = context.get("tag", item.get("input"))
        hint = did_you_mean(str(value), options) or f"Allowed are {expected}."
        if kind == "union_tag_invalid":
            key = f"{key}.{str(context.get('discriminator', 'kind')).strip(chr(39))}"
        return Problem("has a value that is not allowed", file, line, key, value, hint)
    message = item["msg"].removeprefix("Value error, ")
    return Problem(message[:1].lower() + message[1:], file, line, key, item.get("input"))


def _keys_only(loc: Sequence[str | int], _value: Any) -> tuple[str | int, ...]:
    """Drop what pydantic puts into a location beside keys: tags of unions, names of types."""
    kept: list[str | int] = []
    for part in loc:
        if isinstance(part, str) and (part in _union_tags() or "[" in part or part == "function"):
            continue
        kept.append(part)
    return tuple(kept)


def _union_tags() -> frozenset[str]:
    global _TAGS
    if _TAGS is None:
        schema = RunConfig.model_json_schema()
        found: set[str] = set()
        stack: list[Any] = [schema]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                found.update(node.get("discriminator", {}).get("mapping", {}))
                stack.extend(node.values())
            elif isinstance(node, list):
                stack.extend(node)
        keys = {key for model in _models(RunConfig) for key in model.model_fields}
        _TAGS = frozenset(found - keys)
    return _TAGS


_TAGS: frozenset[str] | None = None


def _models(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and all models its fields hold, each once."""
    seen: set[type[BaseModel]] = set()
    stack: list[Any] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item in seen:
                continue
            seen.add(item)
            yield item
            stack.extend(field.annotation for field in item.model_fields.values())
        else:
            stack.extend(getattr(item, "__args__", ()))


def _sibling_keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """Return the keys known beside the last part of a location within a model."""
    current: list[Any] = [model]
    for part in loc[:-1]:
        following: list[Any] = []
        for candidate in current:
            fields = candidate.model_fields
            if isinstance(part, str) and part in fields:
                following += _reachable(fields[part].annotation)
        # An integer, a name in a dict or a union's tag chooses within what is already at hand.
        current = following or current
    tagged = [m for m in current if _has_tag(m, loc)]
    return {key for candidate in (tagged or current) for key in candidate.model_fields}


def _has_tag(model: type[BaseModel], loc: tuple[str | int, ...]) -> bool:
    for selector in ("kind", "source"):
        field = model.model_fields.get(selector)
        if field is not None and set(getattr(field.annotation, "__args__", ())) & set(loc):
            return True
    return False


def _reachable(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _reachable(part)]


# --- schema and table -----------------------------------------------------------------------------


def schema_text() -> str:
    """Return the JSON schema of the configuration file, as it is kept in `workflow/schemas`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RunConfig.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def settings_table() -> str:
    """Return the table of all settings as Markdown, one section per top-level key."""
    schema = RunConfig.model_json_schema()
    lines: list[str] = []
    for name, part in schema["properties"].items():
        lines += [f"### `{name}`", "", part.get("description", ""), ""]
        rows = list(_rows(schema, part, "", ()))
        if rows:
            lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
            lines += [f"| {' | '.join(row)} |" for row in rows]
        else:
            lines.append(f"Value: {_type_name(schema, part)}.")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].rpartition("/")[2]]
        return {**target, **{k: v for k, v in part.items() if k != "$ref"}}
    return dict(part)


def _alternatives(schema: Mapping[str, Any], part: Mapping[str, Any]) -> list[dict[str, Any]]:
    part = _resolve(schema, part)
    options = part.get("oneOf") or part.get("anyOf")
    if options is None:
        return [part]
    return [found for option in options for found in _alternatives(schema, option)]


def _rows(
    schema: Mapping[str, Any], part: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, str, str]]:
    objects = [a for a in _alternatives(schema, part) if "properties" in a]
    for item in objects:
        if item["title"] in above:
            continue
        tag = next((p["const"] for p in item["properties"].values() if "const" in p), None)
        label = f" ({tag})" if tag is not None and len(objects) > 1 else ""
        for name, child in item["properties"].items():
            key = f"{path}.{name}" if path else name
            resolved = _resolve(schema, child)
            yield (
                f"`{key}`{label}",
                _cell(_type_name(schema, child)),
                _cell(_default(child, name in item.get("required", ()))),
                _cell(resolved.get("description", "")),
            )
            yield from _rows(schema, child, key, (*above, item["title"]))
    for item in _alternatives(schema, part):
        extra = item.get("additionalProperties")
        if isinstance(extra, dict):
            yield from _rows(schema, extra, f"{path}.<name>" if path else "<name>", above)
        if isinstance(item.get("items"), dict):
            yield from _rows(schema, item["items"], f"{path}[]", above)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(part: Mapping[str, Any], required: bool) -> str:
    if required:
        return "needed"
    if "default" not in part:
        return ""
    value = part["default"]
    if isinstance(value, dict) and value:
        return "see its keys"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _type_name(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    names: list[str] = []
    for item in _alternatives(schema, part):
        if "enum" in item:
            name = ", ".join(f"`{value}`" for value in item["enum"])
        elif "const" in item:
            name = f"`{item['const']}`"
        elif item.get("type") == "array":
            inner = item.get("items") or (item.get("prefixItems") or [{}])[0]
            name = f"list of {_type_name(schema, inner)}"
        elif item.get("type") == "object":
            name = "mapping"
        else:
            name = _plain_type(item)
        if name not in names:
            names.append(name)
    return " or ".join(names)


def _plain_type(item: Mapping[str, Any]) -> str:
    name = {
        "number": "number", "integer": "whole number", "string": "text", "boolean": "true or false",
        "null": "null",
    }.get(str(item.get("type")), "any")  # fmt: skip
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {item[key]:g}" for key, sign in signs.items() if key in item]
    return f"{name} {', '.join(limits)}".rstrip()


def _with_table(text: str) -> str:
    head, start, rest = text.partition(_TABLE_START)
    _, end, tail = rest.partition(_TABLE_END)
    if not (start and end):
        raise ConfigError(
            Problem("lacks the marks between which the table goes", file=str(TABLE_FILE))
        )
    return f"{head}{start}\n\n{settings_table()}\n{end}{tail}"


def main(arguments: Sequence[str] | None = None) -> Literal[0, 1]:
    """Write or check the schema and the table; run from the repository's top folder."""
    parser = argparse.ArgumentParser(prog="python -m anello.run.config", description=main.__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only compare, and fail if they differ"
    )
    options = parser.parse_args(arguments)
    wanted = {
        SCHEMA_FILE: schema_text(),
        TABLE_FILE: _with_table(TABLE_FILE.read_text(encoding="utf-8")),
    }
    stale = [
        file
        for file, text in wanted.items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    for file in stale:
        if options.check:
            print(f"{file} is not what anello.run.config says: run `make schemas`", file=sys.stderr)
        else:
            write_text(file, wanted[file])
            print(f"wrote {os.fspath(file)}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
