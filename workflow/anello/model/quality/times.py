"""Checks of a file's time column: order, grid, duplicates, gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anello.model.quality.config import FaultKind
from anello.model.quality.file import File, duration, gap_method, runs, take

_DAYLIGHT_SAVING_HOURS = range(1, 4)


def check_times(file: File) -> None:
    """Check order, grid, duplicates and gaps of a file's times, in this order."""
    _check_order(file)
    _check_grid(file)
    _check_duplicates(file)
    _check_missing(file)


def _check_order(file: File) -> None:
    if file.index.is_monotonic_increasing:
        return
    back = np.flatnonzero(np.diff(file.index.asi8) < 0)
    message = f"The time stamps are not in order: {len(back)} of them lie before their predecessor"
    if file.add(
        "irregular_step", message, position=int(back[0]) + 1, cells=len(back), repair="sorted"
    ):
        take(file, np.argsort(file.index.asi8, kind="stable"))


def _check_grid(file: File) -> None:
    assert file.step is not None
    step = file.step
    offsets = (file.index - file.index.normalize()) % step
    usual = offsets.value_counts().index[0]
    off = np.flatnonzero(offsets != usual)
    if off.size == 0:
        return
    nearest = (file.index - usual).round(step) + usual
    occupied = set(file.index[offsets == usual])
    free = all(nearest[p] not in occupied for p in off) and nearest[off].is_unique
    message = f"{off.size} time stamps are not on the grid of {duration(step)}"
    method = "moved to the nearest step" if free else None
    if file.add(
        "irregular_step",
        message,
        position=int(off[0]),
        cells=int(off.size),
        value=str(file.index[off[0]]),
        repair=method,
    ):
        file.index = nearest


def _check_duplicates(file: File) -> None:
    again = file.index.duplicated(keep="first")
    if not again.any():
        return
    keep = ~again
    repaired = False
    for position in np.flatnonzero(again).tolist():
        stamp = file.index[position]
        first = int(np.argmax(file.index == stamp))
        saving = _is_daylight_saving(stamp, autumn=True) and int((file.index == stamp).sum()) == 2
        kind: FaultKind = "daylight_saving" if saving else "duplicate_time"
        message = (
            "The hour occurs twice, as when clocks are set back from daylight saving time"
            if saving
            else "The time stamp occurs more than once"
        )
        method = "mean of both hours" if saving else "the first row kept"
        done = file.add(
            kind,
            message,
            position=position,
            cells=len(file.columns),
            value=str(stamp),
            repair=method,
        )
        repaired |= done
        if done and saving:
            for text in file.text.values():
                text[first] = _mean_text(text[first], text[position])
    if repaired:
        take(file, np.flatnonzero(keep))


def _mean_text(first: object, second: object) -> object:
    try:
        return repr(0.5 * (float(str(first)) + float(str(second))))
    except ValueError:
        return first


def _check_missing(file: File) -> None:
    assert file.step is not None
    if not (file.index.is_unique and file.index.is_monotonic_increasing):
        return
    full = pd.date_range(file.index[0], file.index[-1], freq=file.step)
    if len(full) == len(file.index):
        return
    if not file.index.isin(full).all():
        return  # off the grid, which has been reported
    present = full.isin(file.index)
    repaired = False
    for start, stop in runs(~present):
        stamp = full[start]
        saving = stop - start == 1 and _is_daylight_saving(stamp, autumn=False)
        kind: FaultKind = "daylight_saving" if saving else "missing_time"
        message = (
            "The hour is missing, as when clocks are set to daylight saving time"
            if saving
            else f"{stop - start} time stamps are missing"
        )
        repaired |= file.add(
            kind,
            message,
            time=stamp,
            time_end=full[stop - 1] if stop - start > 1 else None,
            cells=(stop - start) * len(file.columns),
            repair=gap_method(file, start, stop, len(full)),
        )
    if repaired:
        expand(file, full)


def expand(file: File, full: pd.DatetimeIndex) -> None:
    """Put the file on a complete index; rows that it lacks are marked as added."""
    rows = file.index.get_indexer(full)
    new = rows < 0
    file.index = full
    file.lines = np.where(new, 0, file.lines[rows])
    for column, text in file.text.items():
        filled = text[rows]
        filled[new] = _ADDED
        file.text[column] = filled


class Added(str):
    """Stands in a cell that the file does not have, so that it is not reported a second time."""


_ADDED = Added("")


def _is_daylight_saving(stamp: pd.Timestamp, *, autumn: bool) -> bool:
    """Whether clocks are changed at that hour in Europe (last Sunday) or North America."""
    if stamp.day_of_week != 6 or stamp.hour not in _DAYLIGHT_SAVING_HOURS:
        return False
    last_sunday = stamp.day + 7 > stamp.days_in_month
    if autumn:
        return (stamp.month == 10 and last_sunday) or (stamp.month == 11 and stamp.day <= 7)
    return stamp.month == 3 and (last_sunday or 8 <= stamp.day <= 14)
