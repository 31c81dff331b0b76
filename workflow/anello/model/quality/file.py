"""One CSV file while it is being checked: its rows, its times, what was found in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.model.quality.config import FaultKind, QualityConfig
from anello.model.quality.report import Action, Finding, QualityReport

TIME = object()  # label of the first column, which no column of the file can have


_SHORT_RUN_STEPS = 3
_EMPTY = {"", "nan", "na", "n/a", "null", "none", "-"}


@dataclass(frozen=True)
class CheckedSeries:
    """What a check gives back.

    Parameters
    ----------
    report : QualityReport
        All findings.
    repaired : dict of str to pandas.DataFrame
        For each file in which something was repaired, the whole file as numbers on an hourly (or
        other regular) index; to be handed to the reader of the model in the file's place.
    """

    report: QualityReport
    repaired: dict[str, pd.DataFrame]


@dataclass
class File:
    """A file on its way through the check."""

    name: str
    path: Path
    config: QualityConfig
    columns: list[str] = field(default_factory=list)
    index: pd.DatetimeIndex = field(default_factory=lambda: pd.DatetimeIndex([]))
    text: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    lines: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    step: pd.Timedelta | None = None
    findings: list[Finding] = field(default_factory=list)
    changed: bool = False

    @property
    def readable(self) -> bool:
        """Whether the times could be read, so that values can be checked."""
        return self.step is not None

    def add(
        self,
        kind: FaultKind,
        message: str,
        *,
        column: str | None = None,
        position: int | None = None,
        time: pd.Timestamp | None = None,
        time_end: pd.Timestamp | None = None,
        cells: int = 1,
        value: str | None = None,
        repair: str | None = None,
        new_value: float | None = None,
        warn: bool = False,
    ) -> bool:
        """Note a finding; return whether it is to be repaired."""
        policy = self.config.policy_for(kind)
        action: Action
        if kind == "unreadable":
            action = "refused"  # there is nothing to accept
        elif warn and kind not in self.config.policies:
            action = "warned"
        elif policy == "accept":
            action = "accepted"
        elif policy == "repair" and repair is not None:
            action = "repaired"
        else:
            action = "refused"
        repaired = action == "repaired"
        self.changed |= repaired
        line = None
        if position is not None and 0 <= position < len(self.lines):
            line = int(self.lines[position]) or None
            time = self.index[position] if time is None else time
        self.findings.append(
            Finding(
                kind=kind,
                file=self.name,
                column=column,
                line=line,
                time=None if time is None else str(time),
                time_end=None if time_end is None else str(time_end),
                cells=cells,
                value=value,
                message=message,
                action=action,
                repair=repair if repaired else None,
                new_value=None if new_value is None or not repaired else float(new_value),
            )
        )
        return repaired


def is_empty(text: object) -> bool:
    """Whether a cell holds no value."""
    return str(text).strip().lower() in _EMPTY


def take(file: File, rows: NDArray[np.int64]) -> None:
    """Keep the given rows, in the given order."""
    file.index = file.index[rows]
    file.lines = file.lines[rows]
    file.text = {column: text[rows] for column, text in file.text.items()}


def duration(step: pd.Timedelta) -> str:
    """Say how long a step is, in hours."""
    hours = step / pd.Timedelta(hours=1)
    return f"{hours:g} h"


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of every run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def hours(steps: int, file: File) -> float:
    """Length of some of a file's steps [h]."""
    assert file.step is not None
    return float(steps * (file.step / pd.Timedelta(hours=1)))


def steps_per_day(file: File) -> int:
    """How many of a file's steps make a day, at least one."""
    assert file.step is not None
    return max(1, round(pd.Timedelta(days=1) / file.step))


def as_text(file: File, column: str, position: int) -> str:
    """What a cell says, as it was read."""
    return str(file.text[column][position])


def gap_method(file: File, start: int, stop: int, count: int) -> str | None:
    """Return how a hole would be filled, or None if it is too long."""
    if hours(stop - start, file) > file.config.longest_gap_h:
        return None
    if stop - start <= _SHORT_RUN_STEPS and start > 0 and stop < count:
        return "interpolated"
    return "same hour of the nearest days"
