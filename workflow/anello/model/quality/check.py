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
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.base.files import sha256
from anello.model.quality.config import QualityConfig
from anello.model.quality.file import (
    TIME,
    CheckedSeries,
    File,
    as_text,
    duration,
    gap_method,
    hours,
    is_empty,
    runs,
    steps_per_day,
)
from anello.model.quality.outliers import fill_value, find_outliers
from anello.model.quality.report import QualityReport
from anello.model.quality.times import Added, check_times, expand
from anello.model.timeseries.steps import ISO_FORMAT, parse_dates, to_numbers

Series = NDArray[np.float64]

_HUGE_DEMAND_KW = 1.0e5
_COP_RANGE = (1.0, 30.0)
_STRAY_SIGN_SHARE = 0.05


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
        check_times(file)
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


def _read(path: Path, name: str, config: QualityConfig, date_format: str) -> File:
    file = File(name, path, config)
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
                names=[TIME, *columns],
                index_col=False,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        file.add("unreadable", f"Not a table: {error}")
        return file
    stamps = table[TIME].to_numpy(object)
    lines = np.arange(2, len(table) + 2)
    bare = list(map(str.strip, map(str, stamps)))
    if "" in bare:
        blank = np.array([stamp == "" for stamp in bare])
        blank &= (table[columns].map(is_empty)).all(axis=1).to_numpy()
        table, lines = table[~blank], lines[~blank]
    try:
        times = parse_dates(pd.Index(table[TIME]), date_format)
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


# --- time stamps --------------------------------------------------------------------------------


# --- length -------------------------------------------------------------------------------------


def _check_lengths(files: list[File]) -> None:
    """Compare each file's span with the span that most files have."""
    if len(files) < 2:
        return
    spans = Counter((file.index[0], file.index[-1], file.step) for file in files)
    # Most files decide; among equally many, the longer span.
    start, end, step = max(spans, key=lambda span: (spans[span], span[1] - span[0]))
    assert step is not None
    for file in files:
        if file.step != step:
            message = f"Steps of {duration(file.step or step)}; most files have {duration(step)}"
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
        longest = max((stop - begin for begin, stop in runs(missing)), default=0)
        fits = len(shared) > 0 and hours(longest, file) <= file.config.longest_gap_h
        method = "cut or filled to the same span" if fits else None
        cells = abs(len(full) - len(file.index)) * len(file.columns)
        if (
            file.add("wrong_length", message, cells=cells, repair=method)
            and file.index.is_unique
            and file.index.is_monotonic_increasing
        ):
            expand(file, full)


# --- values -------------------------------------------------------------------------------------


def _check_values(file: File) -> dict[str, Series]:
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


def _numbers(file: File, column: str) -> Series:
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
        if isinstance(text[position], Added) or is_empty(cell):
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


def _check_outliers(file: File, column: str, values: Series) -> None:
    for outlier in find_outliers(values, steps_per_day(file), file.config):
        value = values[outlier.position]
        relation = "at most" if abs(value) > outlier.neighbours else "at least"
        repaired = _sign(value, values) * abs(outlier.repaired)
        if file.add(
            "outlier",
            f"Most neighbouring hours and days have {relation} {outlier.neighbours:.6g}",
            column=column,
            position=outlier.position,
            value=as_text(file, column, outlier.position),
            repair=outlier.method,
            new_value=repaired,
        ):
            values[outlier.position] = repaired


def _sign(value: float, values: Series) -> float:
    """Return the sign a repaired value must have: its own, or the column's if it is zero."""
    if value != 0:
        return float(np.sign(value))
    return -1.0 if np.nansum(values) < 0 else 1.0


def _check_sign(file: File, column: str, values: Series) -> None:
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
            value=as_text(file, column, first),
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
            value=as_text(file, column, position),
            repair="sign reversed",
            new_value=-values[position],
        ):
            values[position] = -values[position]


def _fill(file: File, column: str, values: Series) -> None:
    """Report empty cells, and fill them and those of missing rows."""
    holes = ~np.isfinite(values)
    if not holes.any():
        return
    text = file.text[column]
    source = values.copy()
    for start, stop in runs(holes):
        method = gap_method(file, start, stop, len(values))
        filled = _filled(source, start, stop, steps_per_day(file), method)
        empty = [
            p
            for p in range(start, stop)
            if not isinstance(text[p], Added) and is_empty(str(text[p]))
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


def _is_hole_repaired(file: File, column: str, position: int) -> bool:
    """Whether a hole that is not an empty cell comes from a fault that is being repaired."""
    if isinstance(file.text[column][position], Added):
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


def _check_units(file: File, values: Mapping[str, Series]) -> None:
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
