"""Reads the series a model asks for, each file once, and checks them."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from anello.errors import InputError, did_you_mean
from anello.model.schema.mark import Mark
from anello.model.schema.report import Report
from anello.model.timeseries.steps import (
    and_more,
    order_fault,
    parse_dates,
    subset_slice,
    to_numbers,
    uneven_faults,
)


class Reference(NamedTuple):
    """A series a parameter points to.

    Attributes
    ----------
    kind : str
        ``"file"`` or ``"df"``.
    table : str
        File name, or key of a dataframe.
    column : str
        Column; empty if not told.
    """

    kind: str
    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.kind}={self.table}:{self.column}"


def parse_reference(text: Any, column: str = "") -> Reference | None:
    """Return what ``file=x.csv:column`` or ``df=key:column`` points to, or None if it is neither.

    Parameters
    ----------
    text : object
        A parameter's value.
    column : str
        Column where the text names none.
    """
    if not isinstance(text, str):
        return None
    kind, equals, rest = text.strip().partition("=")
    if not equals or kind.strip() not in ("file", "df"):
        return None
    table, _, told = rest.strip().rpartition(":")
    if not table:
        table, told = rest.strip(), ""
    return Reference(kind.strip(), table.strip(), told.strip() or column)


class _Table(NamedTuple):
    """A table's wanted columns, before the modelled part of time is cut out."""

    values: dict[str, np.ndarray]
    steps: pd.DatetimeIndex


def _long_row(content: bytes, width: int) -> int | None:
    """Return the first row with more fields than the header, counted from 1 below it, or None.

    pandas would drop the surplus without a word when it reads some columns only.
    """
    if b'"' in content or content.count(b",") <= content.count(b"\n") * (width - 1):
        return None
    lines = content.splitlines()[1:]
    return next((i for i, line in enumerate(lines, 1) if line.count(b",") >= width), None)


def _header(content: bytes) -> list[str]:
    """Return the names in the first row; raises ValueError where it is not of the text wanted."""
    try:
        first = content.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as err:
        raise ValueError(f"it is not text in UTF-8 ({err}). Save it as CSV in UTF-8") from None
    if "\r" in first:
        raise ValueError("its rows end as on old Macs (CR). Save it with the line ends of today")
    return next(csv.reader([first]), [])


def _separator_fault(header: list[str]) -> str | None:
    """Return what to do about a header whose columns are parted by something else than commas."""
    text = "".join(header)
    for separator, word in ((";", "`;`"), ("\t", "tabs")):
        if separator in text:
            return f"Its columns are separated by {word}: write commas, and decimals with a point"
    return None


class SeriesReader:
    """Reads all series of a model onto one index.

    Parameters
    ----------
    locate : callable
        Turns a file name into a path; raises `InputError` when it may not be read.
    dateformat : str
        Format of dates in files.
    subset : tuple
        ``model.subset_time`` and its origin.
    replacements : mapping of str to DataFrame
        Tables that stand in place of files of that name.
    frames : mapping of str to DataFrame, or None
        Tables for ``df=``.
    report : Report
        Receives faults.
    """

    def __init__(
        self,
        locate: Callable[[str], Path],
        dateformat: str,
        subset: tuple[Any, Mark | None],
        replacements: Mapping[str, pd.DataFrame],
        frames: Mapping[str, pd.DataFrame] | None,
        report: Report,
    ) -> None:
        self.locate = locate
        self.dateformat = dateformat
        self.subset, self.subset_mark = subset
        self.replacements = replacements
        self.frames = frames
        self.report = report
        self.wanted: dict[tuple[str, str], dict[str, tuple[str, Mark | None]]] = {}
        self._parsed: dict[int, pd.DatetimeIndex] = {}

    def want(self, reference: Reference, key: str, mark: Mark | None) -> None:
        """Ask for a series, telling which parameter (dotted key and origin) needs it."""
        columns = self.wanted.setdefault((reference.kind, reference.table), {})
        columns.setdefault(reference.column, (key, mark))

    def read(self) -> tuple[pd.DatetimeIndex, pd.Timestamp | None, dict[Reference, np.ndarray]]:
        """Read everything asked for.

        Returns
        -------
        index : pandas.DatetimeIndex
            The common time steps; empty if no series could be read.
        following : pandas.Timestamp or None
            The first step in the data after the modelled part.
        series : dict of Reference to numpy.ndarray
            Values, shape (T,).
        """
        common: pd.DatetimeIndex | None = None
        common_name = ""
        following: Any = None
        series: dict[Reference, np.ndarray] = {}
        slices: dict[int, slice | None] = {}
        for (kind, name), columns in self.wanted.items():
            key, mark = next(iter(columns.values()))
            table = self._load(kind, name, columns, key, mark)
            if table is None:
                continue
            if id(table.steps) not in slices:
                slices[id(table.steps)] = self._checked_slice(table.steps, name)
            part = slices[id(table.steps)]
            if part is None:
                continue
            index = table.steps[part]
            if common is None:
                common, common_name = index, name
                self._tell_uneven(index, name)
                if part.stop < len(table.steps):
                    following = table.steps[part.stop]
            elif not common.equals(index):
                self._mismatch(common, common_name, index, name)
                continue
            for column, values in table.values.items():
                series[Reference(kind, name, column)] = values[part]
        if common is None:
            common = pd.DatetimeIndex([], dtype="datetime64[ns]")
        return common, following, series

    def read_apart(
        self, reference: Reference, key: str, mark: Mark | None
    ) -> pd.Series[Any] | None:
        """Read a column whose rows need not be the time steps, such as one with a row per day.

        Returns
        -------
        pandas.Series or None
            The modelled part, by date; None after a fault.
        """
        columns = {reference.column: (key, mark)}
        table = self._load(reference.kind, reference.table, columns, key, mark)
        if table is None or reference.column not in table.values:
            return None
        part = self._checked_slice(table.steps, reference.table)
        if part is None:
            return None
        return pd.Series(table.values[reference.column][part], index=table.steps[part])

    def _checked_slice(self, index: pd.DatetimeIndex, name: str) -> slice | None:
        if not len(index):
            self.report.error("holds no rows", mark=Mark(name))
            return None
        fault = order_fault(index)
        if fault:
            self.report.error(fault, mark=Mark(name))
            return None
        try:
            return subset_slice(index, self.subset)
        except ValueError as err:
            self.report.error(
                f"cannot be cut out of `{name}`: {err}",
                key="model.subset_time",
                mark=self.subset_mark,
                value=self.subset,
            )
            return None

    def _tell_uneven(self, index: pd.DatetimeIndex, name: str) -> None:
        for fault in uneven_faults(index):
            self.report.warn(
                fault,
                mark=Mark(name),
                suggestion="Fill them, in standard time where clocks change, unless this is meant",
            )

    def _mismatch(
        self,
        common: pd.DatetimeIndex,
        common_name: str,
        index: pd.DatetimeIndex,
        name: str,
    ) -> None:
        shared = min(len(common), len(index))
        differs = np.flatnonzero(common[:shared].to_numpy() != index[:shared].to_numpy())
        if differs.size:
            row = int(differs[0])
            what = f"{index[row]} stands where the other has {common[row]}"
        else:
            what = f"{len(index)} time steps here, {len(common)} there"
        self.report.error(
            f"time steps differ from those of `{common_name}`: {what}", mark=Mark(name)
        )

    def _load(
        self,
        kind: str,
        name: str,
        columns: Mapping[str, tuple[str, Mark | None]],
        key: str,
        mark: Mark | None,
    ) -> _Table | None:
        frame: pd.DataFrame | None
        if kind == "df":
            frame = self._frame(name, key, mark)
        elif name in self.replacements:
            frame = self._checked_frame(self.replacements[name], name, key, mark)
        else:
            return self._load_file(name, columns, key, mark)
        if frame is None:
            return None
        index = self._dates(frame.index, name)
        if index is None:
            return None
        values = {}
        names = [str(c) for c in frame.columns]
        for column, (user, where) in columns.items():
            if names.count(column) != 1:
                self._no_column(name, column, names, user, where)
                continue
            numbers = self._numbers(frame.iloc[:, names.index(column)], name, column, index)
            if numbers is not None:
                values[column] = numbers
        return _Table(values, index)

    def _frame(self, name: str, key: str, mark: Mark | None) -> pd.DataFrame | None:
        if self.frames is None or name not in self.frames:
            known = sorted(self.frames or {})
            given = ", ".join(f"`{k}`" for k in known) or "none"
            self.report.error(
                f"no dataframe `{name}` was passed in `timeseries_dataframes`; passed are: {given}",
                key=key,
                mark=mark,
                suggestion=did_you_mean(name, known),
            )
            return None
        return self._checked_frame(self.frames[name], name, key, mark)

    def _checked_frame(
        self, frame: Any, name: str, key: str, mark: Mark | None
    ) -> pd.DataFrame | None:
        if isinstance(frame, pd.DataFrame):
            return frame
        self.report.error(
            f"`{name}` must be a pandas DataFrame, not {type(frame).__name__}", key=key, mark=mark
        )
        return None

    def _load_file(
        self,
        name: str,
        columns: Mapping[str, tuple[str, Mark | None]],
        key: str,
        mark: Mark | None,
    ) -> _Table | None:
        try:
            path = self.locate(name)
            content = path.read_bytes()
            header = _header(content)
        except InputError as err:
            for problem in err.problems:
                self.report.error(
                    problem.message, key=key, mark=mark, value=name, suggestion=problem.suggestion
                )
            return None
        except FileNotFoundError:
            self.report.error(
                f"the file `{path}` does not exist",
                key=key,
                mark=mark,
                suggestion=self._similar_file(path),
            )
            return None
        except (OSError, ValueError, csv.Error) as err:
            self.report.error(f"the file `{path}` cannot be read: {err}", key=key, mark=mark)
            return None
        if len(header) < 2:
            self.report.error(
                "needs a header with dates and at least one column",
                mark=Mark(name),
                value=header[0][:40] if header else None,
                suggestion=_separator_fault(header),
            )
            return None
        long = _long_row(content, len(header))
        if long:
            self.report.error(
                f"row {long} has more fields than the header",
                mark=Mark(name),
                suggestion="Write decimals with a point, and end no row with a comma",
            )
            return None
        positions: dict[str, int] = {}
        for column, (user, where) in columns.items():
            if header[1:].count(column) != 1:
                self._no_column(name, column, header[1:], user, where)
            else:
                positions[column] = header.index(column, 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                raw = pd.read_csv(
                    io.BytesIO(content),
                    header=0,
                    names=range(len(header)),
                    usecols=[0, *positions.values()],
                    index_col=False,
                    dtype={0: str},
                    encoding="utf-8",
                )
        except (ValueError, pd.errors.ParserWarning) as err:
            self.report.error(f"cannot be read as CSV: {err}", mark=Mark(name))
            return None
        index = self._dates(pd.Index(raw[0]), name)
        if index is None:
            return None
        values: dict[str, np.ndarray] = {}
        for column, position in positions.items():
            numbers = self._numbers(raw[position], name, column, index)
            if numbers is not None:
                values[column] = numbers
        return _Table(values, index)

    def _similar_file(self, path: Path) -> str | None:
        names = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        return did_you_mean(path.name, names)

    def _no_column(
        self, name: str, column: str, names: list[str], user: str, where: Mark | None
    ) -> None:
        if column in names:
            message = f"column `{column}` appears {names.count(column)} times in `{name}`"
        elif not column:
            message = f"must name a column of `{name}`, as in `{name}:column`"
        else:
            message = f"`{name}` has no column `{column}`"
        listed = ", ".join(f"`{n}`" for n in names[:12]) + (", ..." if len(names) > 12 else "")
        self.report.error(
            message,
            key=user,
            mark=where,
            suggestion=(None if column in names else did_you_mean(column, names))
            or f"Its columns are {listed}",
        )

    def _dates(self, texts: pd.Index, name: str) -> pd.DatetimeIndex | None:
        content: Any = texts.to_numpy()
        digest = hash((content.dtype.kind, tuple(content.tolist())))
        if digest not in self._parsed:
            try:
                self._parsed[digest] = parse_dates(texts, self.dateformat)
            except ValueError as err:
                self.report.error(str(err), mark=Mark(name))
                return None
        return self._parsed[digest]

    def _numbers(
        self, column: pd.Series[Any], name: str, label: str, index: pd.DatetimeIndex
    ) -> np.ndarray | None:
        if column.dtype.kind in "bif":
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        numbers = to_numbers(column)
        bad = np.flatnonzero((numbers.isna() & column.notna()).to_numpy())
        if not bad.size:
            return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        row = int(bad[0])
        self.report.error(
            f"not a number at {index[row]}, in row {row + 1}{and_more(bad.size)}",
            key=label,
            mark=Mark(name),
            value=str(column.iloc[row]),
            suggestion=(
                "Write decimals with a point, and no separator of thousands"
                if "," in str(column.iloc[row])
                else None
            ),
        )
        return None
