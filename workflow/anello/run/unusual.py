"""What in the settings of a run is possible but unusual, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anello.base.plausible import remarks
from anello.errors import Problem
from anello.run.config import RunConfig
from anello.run.config_faults import locate_of_scenario


def unusual(config: RunConfig, files: Sequence[str | Path] = ()) -> list[Problem]:
    """Return the numbers of the scenarios to be run that need a second look, each once.

    Parameters
    ----------
    config : RunConfig
        The settings.
    files : sequence of path-like
        Where they come from, the later ones laid over the earlier.
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
    return list(found.values())
