"""What became of a point: its summary, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from anello.base.files import FilePath, write_json
from anello.errors import ArtefactError


@dataclass(frozen=True)
class PointRecord:
    """The outcome of one point of a sweep.

    Attributes
    ----------
    point : str
        Name of the point, which is that of its folder.
    scenario : str
        The scenario that it changes.
    values : mapping
        The keys that it changes, with their values.
    fingerprint : str
        Stands for all that the outcome depends on.
    summary : mapping or None
        The numbers of ``summary.json``; None if the point failed.
    error : str or None
        Why it failed; None if it did not.
    """

    point: str
    scenario: str
    values: Mapping[str, Any]
    fingerprint: str
    summary: Mapping[str, Any] | None = None
    error: str | None = None

    @classmethod
    def read(cls, path: FilePath) -> Self:
        """Read a record.

        Raises
        ------
        ArtefactError
            If the file is missing or is not a whole record.
        """
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ArtefactError(f"{path} is not the record of a point: {error}") from error

    def write(self, path: FilePath) -> None:
        """Write the record in one step."""
        write_json(path, asdict(self))
