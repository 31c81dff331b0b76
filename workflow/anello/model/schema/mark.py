"""Where a key of a model's files stands."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """Where a key stands: a file's name and its line, counted from 1."""

    file: str
    line: int | None = None
