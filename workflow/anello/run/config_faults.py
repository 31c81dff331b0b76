"""Where a fault of the settings stands in its file, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from anello.errors import Problem, did_you_mean
from anello.ring.plant_config import PlantConfig
from anello.ring.plant_sizes import without_price
from anello.run.fault_words import in_words, own_path
from anello.run.sweep.config import CsvPoints, PointList, SweepConfig


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
    return _deepest(files, loc)[1:]


def locate_of_scenario(
    files: Sequence[str | Path], loc: Sequence[str | int], own: int
) -> tuple[str | None, int | None]:
    """Find a key of a scenario, or of a year of it, which the run's own sections may have given.

    Parameters
    ----------
    files, loc
        See `locate`.
    own : int
        How many keys lead to the scenario or year.

    Returns
    -------
    tuple of (str or None, int or None)
        File and line (from 1); of the run's section where the scenario does not say the key.
    """
    depth, file, line = _deepest(files, loc)
    shared = _deepest(files, loc[own:])
    if depth < len(loc) and shared[0] == len(loc) - own > 0:
        return shared[1:]
    return file, line


def _deepest(
    files: Sequence[str | Path], loc: Sequence[str | int]
) -> tuple[int, str | None, int | None]:
    """Return how many of the keys a file has, and where the last of them stands."""
    best: tuple[int, str | None, int | None] = (0, None, None)
    for file in reversed(files):
        try:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            continue  # Snakemake has read this file, or has complained about it already
        depth, line = _descend(root, loc)
        if depth > best[0]:
            best = (depth, str(file), line)
    return best


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


def at_line(problem: Problem, file: str | None, line: int | None) -> Problem:
    """Return a problem with the file and line where it stands."""
    return Problem(problem.message, file, line, problem.key, problem.value, problem.suggestion)


def without_prices(
    plant: PlantConfig | None, scenario: str, files: Sequence[str | Path]
) -> list[Problem]:
    """Say which sizes a scenario's search is to choose for nothing."""
    where = locate(files, ("scenario_definitions", scenario))
    return [
        at_line(without_price(part, size), *where)
        for part, size in ({} if plant is None else plant.sizes).items()
        if size.eur_per_year is None
    ]


def placed_in_sweep(problem: Problem, sweep: SweepConfig, files: Sequence[str | Path]) -> Problem:
    """Say where a key of the parameter space stands: in the configuration, or in its CSV file."""
    key = problem.key or ""
    if problem.file is not None:
        return problem
    if isinstance(sweep, CsvPoints):
        return at_line(problem, str(sweep.file), 1)
    if isinstance(sweep, PointList):
        places: list[tuple[str | int, ...]] = [
            ("sweep", "points", i, k) for i, point in enumerate(sweep.points) for k in point
        ]
    else:
        places = [("sweep", "parameters", k) for k in sweep.parameters]
    # A fault may lie deeper than the key that the sweep names, where its value is a mapping.
    near = [place for place in places if f"{key}.".startswith(f"{place[-1]}.")]
    return at_line(problem, *locate(files, near[0] if near else ("sweep",)))


def placed_in_study(problem: Problem, study: str, files: Sequence[str | Path]) -> Problem:
    """Say where a fault of a study stands; one of a changed key, where the key is named."""
    if problem.file is not None:
        return problem
    loc: tuple[str | int, ...] = tuple((problem.key or "").split("."))
    if study:
        loc = (study,)
    return at_line(problem, *locate(files, loc))


def unknown_scenario(
    name: str,
    known: Iterable[str],
    key: str = "scenarios",
    file: str | None = None,
    line: int | None = None,
    years: Mapping[str, str] | None = None,
) -> Problem:
    """Return the problem of a name that no scenario has, with the name that was probably meant.

    Parameters
    ----------
    name : str
        What no scenario is called.
    known : iterable of str
        Scenarios that there are.
    key, file, line : str, str, int
        Where the name stands.
    years : mapping of str to str, optional
        By what the years of scenarios are called, the scenario of each.
    """
    names = sorted(known)
    if years and name in years:
        of = years[name]
        hint = f"It is a year of `{of}`, whose years belong together: name `{of}`."
        return Problem("is not among `scenario_definitions`", file, line, key, name, hint)
    hint = did_you_mean(name, names) or f"Defined are {', '.join(f'`{n}`' for n in names)}."
    return Problem("is not among `scenario_definitions`", file, line, key, name, hint)


def problem_of(
    model: type[BaseModel],
    item: Mapping[str, Any],
    files: Sequence[str | Path],
    prefix: tuple[str, ...] = (),
) -> Problem:
    """Return one of pydantic's faults in anello's words.

    Parameters
    ----------
    model : type
        The settings that were read.
    item : mapping
        The fault, as pydantic reports it.
    files : sequence of path-like
        Files that the settings come from, the later ones laid over the earlier.
    prefix : tuple of str
        Keys above those that pydantic names.

    Returns
    -------
    Problem
        With file, line, key, value and, where a key was misspelt, what was probably meant.
    """
    loc = prefix + _keys_only(model, item["loc"])
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
    below = _sibling_keys(model, (*item["loc"], ""))
    message, hint = in_words(kind, item["msg"], item.get("input"), below)
    own, message, value = own_path(message, item.get("input"))
    if own:
        file, line = locate(files, (*loc, *own))
        key = ".".join((key, *map(str, own))).lstrip(".")
    return Problem(message, file, line, key, value, hint)


def _keys_only(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str | int, ...]:
    """Drop what pydantic puts into a location beside keys: tags of unions, names of types."""
    tags, keys, chosen = _union_tags(model)
    kept: list[str | int] = []
    for before, part in zip(("", *loc), loc, strict=False):
        if isinstance(part, str) and ("[" in part or part == "function"):
            continue
        # A tag may be spelt as a key is, such as `store`; then it follows what it tells apart.
        if part in tags and (part not in keys or before in chosen):
            continue
        kept.append(part)
    return tuple(kept)


@cache
def _union_tags(
    root: type[BaseModel],
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return tags of unions anywhere below a model, all keys, and those with one of a union."""
    schema = root.model_json_schema()
    found: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            found.update(node.get("discriminator", {}).get("mapping", {}))
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    fields = [pair for model in _models(root) for pair in model.model_fields.items()]
    chosen = frozenset(key for key, field in fields if field.discriminator is not None)
    return frozenset(found), frozenset(key for key, _ in fields), chosen


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
