"""Finding faults in the CSV series of a model folder, and repairing them if told to.

`check_series_folder` reads every file as text, so that nothing is lost in conversion; looks at the
time stamps first and at the values then; and gives back a report together with the series that it
repaired.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.base.files import sha256
from anello.model.quality.config import FaultKind, QualityConfig
from anello.model.quality.outliers import fill_value, find_outliers
from anello.model.quality.report import Action, Finding, QualityReport
from anello.model.timeseries.steps import ISO_FORMAT, parse_dates, to_numbers

Series = NDArray[np.float64]

_TIME = object()  # label of the first column, which no column of the file can have
_EMPTY = {"", "nan", "na", "n/a", "null", "none", "-"}
_SHORT_RUN_STEPS = 3
_HUGE_DEMAND_KW = 1.0e5
_COP_RANGE = (1.0, 30.0)
_STRAY_SIGN_SHARE = 0.05
_DAYLIGHT_SAVING_HOURS = range(1, 4)


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
class _File:
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


def check_series_folder(
    folder: Path | str,
    config: QualityConfig | None = None,
    files: Iterable[str] | None = None,
    date_format: str = ISO_FORMAT,
) -> CheckedSeries:
    """Check the CSV series of a folder.

    Parameters
    ----------
    folder : path-like
        Folder of CSV files: time stamps in the first column, a header with the columns' names.
    config : QualityConfig, optional
        Policy and thresholds; by default every fault is refused.
    files : iterable of str, optional
        Names, relative to the folder, of the files to check; all CSV files in it by default.
    date_format : str, optional
        Format of the time stamps as in `strptime`; by default any ISO 8601 form is read.

    Returns
    -------
    CheckedSeries
        The report, and the repaired files. Nothing is raised for faults: see
        `QualityReport.raise_if_refused`.
    """
    root = Path(folder)
    settings = config or QualityConfig()
    names = sorted(files) if files is not None else sorted(p.name for p in root.glob("*.csv"))
    checked = [_read(root / name, name, settings, date_format) for name in names]
    readable = [file for file in checked if file.readable]
    for file in readable:
        _check_times(file)
    _check_lengths(readable)
    frames: dict[str, pd.DataFrame] = {}
    for file in readable:
        values = _check_values(file)
        if file.changed:
            frames[file.name] = pd.DataFrame(values, index=file.index)
    report = QualityReport(
        policy=settings.policy,
        files={
            file.name: {
                "rows": len(file.index),
                "columns": file.columns,
                "sha256": sha256(file.path) if file.path.is_file() else None,
            }
            for file in checked
        },
        findings=tuple(finding for file in checked for finding in file.findings),
    )
    return CheckedSeries(report, frames)


# --- reading ------------------------------------------------------------------------------------


def _read(path: Path, name: str, config: QualityConfig, date_format: str) -> _File:
    file = _File(name, path, config)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        file.add("unreadable", "The file does not exist")
        return file
    except UnicodeDecodeError as error:
        file.add("unreadable", f"The file is not text in UTF-8 ({error.reason})")
        return file
    header = next(csv.reader(io.StringIO(content)), [])
    columns = [column.strip() for column in header[1:]]
    twice = sorted(column for column, number in Counter(columns).items() if number > 1)
    if not columns:
        file.add("unreadable", "There are no columns")
        return file
    if twice or "" in columns:
        what = f"Columns named twice: {', '.join(twice)}" if any(twice) else "A column has no name"
        file.add("unreadable", what)
        return file
    try:
        with warnings.catch_warnings():
            # pandas would drop what a row has more than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(content),
                header=None,
                skiprows=1,
                names=[_TIME, *columns],
                index_col=False,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        file.add("unreadable", f"Not a table: {error}")
        return file
    stamps = table[_TIME].to_numpy(object)
    lines = np.arange(2, len(table) + 2)
    blank = np.asarray([str(stamp).strip() == "" for stamp in stamps], dtype=bool)
    if blank.any():
        blank &= (table[columns].map(_is_empty)).all(axis=1).to_numpy()
        table, lines = table[~blank], lines[~blank]
    try:
        times = parse_dates(pd.Index(table[_TIME]), date_format)
    except ValueError as error:
        file.add("unreadable", f"The first column does not hold time stamps: {error}")
        return file
    if len(table) < 2:
        file.add("unreadable", f"{len(table)} rows are too few for a series")
        return file
    file.columns = columns
    file.index = times.rename(None)
    file.text = {column: table[column].to_numpy(object) for column in columns}
    file.lines = lines
    forward = np.diff(np.sort(file.index.asi8))
    forward = forward[forward > 0]
    if forward.size == 0:
        file.add("duplicate_time", "All rows have the same time stamp")
        return file
    steps, counts = np.unique(forward, return_counts=True)
    file.step = _timedelta(int(steps[np.argmax(counts)]), file.index.unit)
    return file


def _timedelta(ticks: int, unit: str) -> pd.Timedelta:
    return pd.Timedelta(np.timedelta64(ticks, unit))  # type: ignore[call-overload]


def _is_empty(text: object) -> bool:
    return str(text).strip().lower() in _EMPTY


# --- time stamps --------------------------------------------------------------------------------


def _check_times(file: _File) -> None:
    _check_order(file)
    _check_grid(file)
    _check_duplicates(file)
    _check_missing(file)


def _take(file: _File, rows: NDArray[np.int64]) -> None:
    file.index = file.index[rows]
    file.lines = file.lines[rows]
    file.text = {column: text[rows] for column, text in file.text.items()}


def _check_order(file: _File) -> None:
    if file.index.is_monotonic_increasing:
        return
    back = np.flatnonzero(np.diff(file.index.asi8) < 0)
    message = f"The time stamps are not in order: {len(back)} of them lie before their predecessor"
    if file.add(
        "irregular_step", message, position=int(back[0]) + 1, cells=len(back), repair="sorted"
    ):
        _take(file, np.argsort(file.index.asi8, kind="stable"))


def _check_grid(file: _File) -> None:
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
    message = f"{off.size} time stamps are not on the grid of {_duration(step)}"
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


def _check_duplicates(file: _File) -> None:
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
        _take(file, np.flatnonzero(keep))


def _mean_text(first: object, second: object) -> object:
    try:
        return repr(0.5 * (float(str(first)) + float(str(second))))
    except ValueError:
        return first


def _check_missing(file: _File) -> None:
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
    for start, stop in _runs(~present):
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
            repair=_gap_method(file, start, stop, len(full)),
        )
    if repaired:
        _expand(file, full)


def _expand(file: _File, full: pd.DatetimeIndex) -> None:
    """Put the file on a complete index; rows that it lacks are marked as added."""
    rows = file.index.get_indexer(full)
    new = rows < 0
    file.index = full
    file.lines = np.where(new, 0, file.lines[rows])
    for column, text in file.text.items():
        filled = text[rows]
        filled[new] = _ADDED
        file.text[column] = filled


class _Added(str):
    """Stands in a cell that the file does not have, so that it is not reported a second time."""


_ADDED = _Added("")


def _is_daylight_saving(stamp: pd.Timestamp, *, autumn: bool) -> bool:
    """Whether clocks are changed at that hour in Europe (last Sunday) or North America."""
    if stamp.day_of_week != 6 or stamp.hour not in _DAYLIGHT_SAVING_HOURS:
        return False
    last_sunday = stamp.day + 7 > stamp.days_in_month
    if autumn:
        return (stamp.month == 10 and last_sunday) or (stamp.month == 11 and stamp.day <= 7)
    return stamp.month == 3 and (last_sunday or 8 <= stamp.day <= 14)


def _duration(step: pd.Timedelta) -> str:
    hours = step / pd.Timedelta(hours=1)
    return f"{hours:g} h"


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of every run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


# --- length -------------------------------------------------------------------------------------


def _check_lengths(files: list[_File]) -> None:
    """Compare each file's span with the span that most files have."""
    if len(files) < 2:
        return
    spans = Counter((file.index[0], file.index[-1], file.step) for file in files)
    # Most files decide; among equally many, the longer span.
    start, end, step = max(spans, key=lambda span: (spans[span], span[1] - span[0]))
    assert step is not None
    for file in files:
        if file.step != step:
            message = f"Steps of {_duration(file.step or step)}; most files have {_duration(step)}"
            file.add("irregular_step", message)
            continue
        if (file.index[0], file.index[-1]) == (start, end):
            continue
        full = pd.date_range(start, end, freq=step)
        missing = ~full.isin(file.index)
        message = (
            f"{len(file.index)} rows from {file.index[0]} to {file.index[-1]}; most files have "
            f"{len(full)} from {start} to {end}"
        )
        shared = full[~missing]
        longest = max((stop - begin for begin, stop in _runs(missing)), default=0)
        fits = len(shared) > 0 and _hours(longest, file) <= file.config.longest_gap_h
        method = "cut or filled to the same span" if fits else None
        cells = abs(len(full) - len(file.index)) * len(file.columns)
        if (
            file.add("wrong_length", message, cells=cells, repair=method)
            and file.index.is_unique
            and file.index.is_monotonic_increasing
        ):
            _expand(file, full)


def _hours(steps: int, file: _File) -> float:
    assert file.step is not None
    return float(steps * (file.step / pd.Timedelta(hours=1)))


def _steps_per_day(file: _File) -> int:
    assert file.step is not None
    return max(1, round(pd.Timedelta(days=1) / file.step))


# --- values -------------------------------------------------------------------------------------


def _check_values(file: _File) -> dict[str, Series]:
    return_values: dict[str, Series] = {}
    for column in file.columns:
        values = _numbers(file, column)
        if np.isfinite(values).any():
            _check_outliers(file, column, values)
            _check_sign(file, column, values)
            _fill(file, column, values)
        return_values[column] = values
    _check_units(file, return_values)
    return return_values


def _numbers(file: _File, column: str) -> Series:
    """Turn a column's text into numbers; NaN stands for what is empty or is not one."""
    text = file.text[column]
    try:
        values = text.astype(np.float64)
        if np.isfinite(values).all():
            return np.asarray(values)
    except ValueError:
        pass
    values = to_numbers(pd.Series(text)).to_numpy(np.float64).copy()
    for position in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = str(text[position])
        values[position] = np.nan
        if isinstance(text[position], _Added) or _is_empty(cell):
            continue
        comma = re.fullmatch(r"\s*[-+]?\d+,\d+\s*", cell)
        mended = float(cell.replace(",", ".")) if comma else None
        if file.add(
            "not_a_number",
            "The cell does not hold a finite number",
            column=column,
            position=position,
            value=cell,
            repair="decimal comma read as a point" if comma else "filled as a gap",
            new_value=mended,
        ):
            values[position] = np.nan if mended is None else mended
    return values


def _check_outliers(file: _File, column: str, values: Series) -> None:
    for outlier in find_outliers(values, _steps_per_day(file), file.config):
        value = values[outlier.position]
        relation = "at most" if abs(value) > outlier.neighbours else "at least"
        repaired = _sign(value, values) * abs(outlier.repaired)
        if file.add(
            "outlier",
            f"Most neighbouring hours and days have {relation} {outlier.neighbours:.6g}",
            column=column,
            position=outlier.position,
            value=_as_text(file, column, outlier.position),
            repair=outlier.method,
            new_value=repaired,
        ):
            values[outlier.position] = repaired


def _sign(value: float, values: Series) -> float:
    """Return the sign a repaired value must have: its own, or the column's if it is zero."""
    if value != 0:
        return float(np.sign(value))
    return -1.0 if np.nansum(values) < 0 else 1.0


def _as_text(file: _File, column: str, position: int) -> str:
    return str(file.text[column][position])


def _check_sign(file: _File, column: str, values: Series) -> None:
    """Demands are negative, and generation and COP positive; other files may hold either sign."""
    stem = Path(file.name).stem.lower()
    if stem.startswith("demand"):
        right, rule = -1.0, "a demand is negative"
    elif stem.startswith(("cop", "solar", "pv", "wind")):
        right, rule = 1.0, "a resource or COP is positive"
    else:
        return
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(values * right < 0)
        correct = int((values * right > 0).sum())
    if wrong.size == 0:
        return
    if wrong.size > _STRAY_SIGN_SHARE * max(correct, 1) and wrong.size > 1:
        message = f"{wrong.size} values have the wrong sign, {correct} the right one: {rule}"
        first = int(wrong[0])
        if file.add(
            "wrong_sign",
            message,
            column=column,
            position=first,
            cells=int(wrong.size),
            value=_as_text(file, column, first),
            repair="sign reversed",
            new_value=-values[first],
        ):
            values[wrong] = -values[wrong]
        return
    for position in wrong.tolist():
        if file.add(
            "wrong_sign",
            f"The value has the wrong sign: {rule}",
            column=column,
            position=position,
            value=_as_text(file, column, position),
            repair="sign reversed",
            new_value=-values[position],
        ):
            values[position] = -values[position]


def _gap_method(file: _File, start: int, stop: int, count: int) -> str | None:
    """Return how a hole would be filled, or None if it is too long."""
    if _hours(stop - start, file) > file.config.longest_gap_h:
        return None
    if stop - start <= _SHORT_RUN_STEPS and start > 0 and stop < count:
        return "interpolated"
    return "same hour of the nearest days"


def _fill(file: _File, column: str, values: Series) -> None:
    """Report empty cells, and fill them and those of missing rows."""
    holes = ~np.isfinite(values)
    if not holes.any():
        return
    text = file.text[column]
    source = values.copy()
    for start, stop in _runs(holes):
        method = _gap_method(file, start, stop, len(values))
        filled = _filled(source, start, stop, _steps_per_day(file), method)
        empty = [
            p
            for p in range(start, stop)
            if not isinstance(text[p], _Added) and _is_empty(str(text[p]))
        ]
        repair = True
        if empty:
            first, last = empty[0], empty[-1]
            number = "The cell is empty" if len(empty) == 1 else f"{len(empty)} cells are empty"
            repair = file.add(
                "gap",
                number,
                column=column,
                position=first,
                time_end=file.index[last] if last > first else None,
                cells=len(empty),
                value=str(text[first]),
                repair=method,
                new_value=filled[first - start] if method else None,
            )
        elif not _is_hole_repaired(file, column, start):
            repair = False
        if repair and method is not None:
            values[start:stop] = filled


def _is_hole_repaired(file: _File, column: str, position: int) -> bool:
    """Whether a hole that is not an empty cell comes from a fault that is being repaired."""
    if isinstance(file.text[column][position], _Added):
        return True
    return file.config.policy_for("not_a_number") == "repair"


def _filled(
    values: Series, start: int, stop: int, steps_per_day: int, method: str | None
) -> Series:
    if method is None:
        return np.full(stop - start, np.nan)
    if method == "interpolated":
        ends = [start - 1, stop]
        return np.interp(np.arange(start, stop), ends, values[ends])
    return np.asarray([fill_value(values, p, steps_per_day)[0] for p in range(start, stop)])


def _check_units(file: _File, values: Mapping[str, Series]) -> None:
    """Warn of levels that suggest another unit; it takes a person to know."""
    levels: dict[str, float] = {}
    for column, numbers in values.items():
        size = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
        if size.size:
            levels[column] = float(np.median(size))
    if levels:
        low, high = min(levels, key=lambda c: levels[c]), max(levels, key=lambda c: levels[c])
        if levels[high] > file.config.units_ratio * levels[low]:
            message = (
                f"The usual level is {levels[high]:.4g}, that of `{low}` only {levels[low]:.4g}; "
                "one of them may be in another unit, for example W in place of kW"
            )
            file.add("units", message, column=high, warn=True)
    stem = Path(file.name).stem.lower()
    for column, level in levels.items():
        if stem.startswith("cop") and not _COP_RANGE[0] <= level <= _COP_RANGE[1]:
            message = f"A COP of {level:.4g} is unusual; it may be in per cent"
            file.add("units", message, column=column, warn=True)
        elif stem.startswith("demand") and level > _HUGE_DEMAND_KW:
            message = f"A demand of {level:.4g} kW is unusual; it may be in W"
            file.add("units", message, column=column, warn=True)
