"""The iterations of a scenario as files: where they lie, and what their records say."""

from __future__ import annotations

import json
from pathlib import Path

from anello.base.files import FilePath
from anello.run.seals import damage

RING_FILES = ("ring.nc", "cop.nc", "convergence.json")
"""Files of an iteration that only a scenario with a ring has."""


def iteration_file(run: str, scenario: str, number: int, name: str) -> str:
    """Return the path of a file of one of a scenario's iterations."""
    return f"results/{run}/{scenario}/iterations/{number:03d}/{name}"


def remembered(number: int, depth: int) -> range:
    """Return the earlier iterations that Anderson acceleration of some depth combines."""
    return range(max(number - depth, 0), number)


def says_settled(record: FilePath) -> bool:
    """Return whether a convergence record ends the loop.

    A damaged one does not: the rule that reads it as its trace fails, with a message that names it.
    """
    if damage(record):
        return False
    try:
        content = json.loads(Path(record).read_text(encoding="utf-8"))
        return bool(content["converged"] or content["stalled"])
    except (ValueError, KeyError, TypeError):
        return False


def result_iteration(record: FilePath, last: int) -> int:
    """Return the iteration that a convergence record chose, which for an SLP need not be the last.

    Parameters
    ----------
    record : path-like
        The record of the last iteration.
    last : int
        Its number, which stands in where the record says nothing: its reader names the fault.
    """
    try:
        return int(json.loads(Path(record).read_text(encoding="utf-8"))["result_iteration"])
    except (ValueError, KeyError, TypeError):
        return last
