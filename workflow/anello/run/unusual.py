"""What in the settings of a run is allowed but unusual, or without effect, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anello.base.plausible import remarks
from anello.base.yaml_lines import locate
from anello.errors import Problem
from anello.model.schema.yaml_reader import read_settings
from anello.run.config import RunConfig
from anello.run.config_faults import locate_of_scenario
from anello.run.scenario_config import SECTIONS


def unusual(config: RunConfig, files: Sequence[str | Path] = ()) -> list[Problem]:
    """Return what needs a second look in the settings of the scenarios to be run, each once.

    Parameters
    ----------
    config : RunConfig
        The settings.
    files : sequence of path-like
        Where they come from, the later ones laid over the earlier.

    Returns
    -------
    list of Problem
        Unusual numbers; then what a later file changes for all scenarios in vain, as a scenario has
        its own value.
    """
    found: dict[tuple[str, float], Problem] = {}
    for name in config.scenarios:
        for remark in remarks(config.scenario(name)):
            key = ".".join(str(part) for part in remark.keys)
            if (key, remark.value) in found:
                continue
            loc = ("scenario_definitions", name, *remark.keys)
            file, line = locate_of_scenario(files, loc, own=2)
            found[key, remark.value] = Problem(remark.text, file, line, key)
    return [*found.values(), *_hidden(config, files)]


def _hidden(config: RunConfig, files: Sequence[str | Path]) -> Iterator[Problem]:
    """Yield what files after the first set in a section, and scenarios set otherwise."""
    every = config.scenario_definitions
    definitions = {name: every[name].model_dump() for name in config.scenarios}
    for file in list(dict.fromkeys(files))[1:]:
        content = read_settings(Path(file))
        own = content.get("scenario_definitions") or {}
        for section in SECTIONS:
            for path, value in _leaves(content.get(section), (section,)):
                behind = [
                    name
                    for name, told in definitions.items()
                    if (nearer := _at(told, path)) is not None
                    and nearer != value
                    and _at(own.get(name), path) is None
                ]
                if not behind:
                    continue
                there = ("scenario_definitions", behind[0], *path)
                where, line = locate(files, there)
                yield Problem(
                    f"has no effect in {', '.join(f'`{name}`' for name in behind)}, where the "
                    f"scenario gives its own ({where}:{line})",
                    *locate([file], path),
                    ".".join(path),
                    value,
                    f"Change `{'.'.join(there)}` too",
                )


def _leaves(content: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _leaves(value, (*path, str(key)))
    elif content is not None:
        yield path, content


def _at(content: Any, path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(content, Mapping):
            return None
        content = content.get(key)
    return content
