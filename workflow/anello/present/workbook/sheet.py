"""Sheets of a workbook as columns, and their way into an Excel file.

Text is always written as text, never as a formula or a link, whatever it begins with. Equal sheets
give equal bytes: the file holds no time of writing.
"""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from anello.base.files import FilePath, atomic_path
from anello.errors import ArtefactError

Kind = Literal["text", "number", "money", "fine", "count", "time", "mixed"]
"""What a column holds: ``fine`` shows three decimals, ``mixed`` numbers and text."""

ROWS, COLUMNS, LETTERS = 1_048_576, 16_384, 31
"""What Excel can hold: rows and columns of a sheet, letters of its name."""

_TEXT = 32_767
_FORMATS: dict[Kind, str] = {
    "text": "@",
    "number": "#,##0.0",
    "money": "#,##0",
    "fine": "#,##0.000",
    "count": "#,##0",
    "time": "yyyy-mm-dd hh:mm",
    "mixed": "General",
}
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))
_EPOCH = np.datetime64("1899-12-30", "ms")  # day 0 of Excel, right from March 1900 on
_FIRST = np.datetime64("1900-03-01", "ms")
_DAY_MS = 86_400_000.0
_WRITTEN = dt.datetime(2000, 1, 1)
_WIDEST = 70


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Parameters
    ----------
    header : str
        What it holds, with its unit in brackets.
    values : sequence
        Text, numbers or times; NaN and None give an empty cell, infinite ones ``unlimited``.
    kind : str
        How they are shown.
    width : float, optional
        In letters; as wide as the content by default.
    """

    header: str
    values: Sequence[Any] | np.ndarray[Any, Any]
    kind: Kind = "text"
    width: float | None = None


@dataclass(frozen=True)
class Sheet:
    """One sheet: a row of headers, and columns of equal length below it.

    Parameters
    ----------
    name : str
        Not yet cut to what Excel allows.
    columns : sequence of Column
        From left to right.
    fixed : int
        How many columns stay in sight when one scrolls to the right.
    """

    name: str
    columns: Sequence[Column]
    fixed: int = field(default=0)

    @property
    def rows(self) -> int:
        """How many rows there are below the headers."""
        return len(self.columns[0].values) if self.columns else 0


def sheet_names(names: Iterable[str]) -> list[str]:
    """Return names that Excel allows: short, without brackets and the like, each only once.

    Parameters
    ----------
    names : iterable of str
        As they should be. Excel does not tell small letters from capitals.
    """
    taken: set[str] = set()
    given = []
    for name in names:
        plain = name.translate(_FORBIDDEN).strip() or "sheet"
        short, number = plain[:LETTERS], 1
        while short.lower() in taken:
            number += 1
            short = f"{plain[: LETTERS - len(str(number)) - 1]} {number}"
        taken.add(short.lower())
        given.append(short)
    return given


def write_sheets(sheets: Sequence[Sheet], path: FilePath, title: str) -> None:
    """Write sheets into one Excel file, row by row; memory holds no more than the packed file.

    Parameters
    ----------
    sheets : sequence of Sheet
        In their order.
    path : path-like
        The file, whole or not at all.
    title : str
        Of the document.

    Raises
    ------
    ArtefactError
        If a sheet has more rows or columns than Excel can hold.
    OSError
        If the file cannot be written.
    """
    for sheet in sheets:
        if sheet.rows + 1 > ROWS or len(sheet.columns) > COLUMNS:
            raise ArtefactError(
                f"the sheet `{sheet.name}` would have {sheet.rows + 1:,} rows and"
                f" {len(sheet.columns):,} columns, and Excel holds {ROWS:,} and {COLUMNS:,}:"
                " use the NetCDF and CSV files, or fewer time steps"
            )
    packed = io.BytesIO()  # a ZIP file on a full disk would not end without a traceback
    with atomic_path(path) as temporary, tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(
            packed,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        book.set_properties({"title": title, "author": "anello", "created": _WRITTEN})
        formats = {kind: book.add_format({"num_format": f}) for kind, f in _FORMATS.items()}
        head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
        )
        for sheet, name in zip(sheets, sheet_names(s.name for s in sheets), strict=True):
            _write(book.add_worksheet(name), sheet, formats, head)
        try:
            book.close()
        except FileCreateError as error:
            cause = error.args[0] if error.args else error
            raise cause if isinstance(cause, OSError) else OSError(str(cause)) from None
        temporary.write_bytes(packed.getbuffer())


def _write(page: Any, sheet: Sheet, formats: dict[Kind, Any], head: Any) -> None:
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width or _width(column), formats[column.kind])
    page.freeze_panes(1, sheet.fixed)
    lines = max((_lines(c, c.width or _width(c)) for c in sheet.columns), default=1)
    page.set_row(0, 15.0 * lines)
    if sheet.rows:
        page.autofilter(0, 0, sheet.rows, len(sheet.columns) - 1)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.header, head)
    plain = formats["text"]
    writers = [(place, *_writer(page, column, plain)) for place, column in enumerate(sheet.columns)]
    write = [writer for _, writer, _ in writers]
    rows = zip(*(values for *_, values in writers), strict=True)
    for row, cells in enumerate(rows, start=1):
        for place, value in enumerate(cells):
            if value is not None:
                write[place](row, place, value)


def _writer(
    page: Any, column: Column, plain: Any
) -> tuple[Callable[[int, int, Any], Any], list[Any]]:
    """Return what writes a column's values, and the values ready for it, None where there is none.

    A column's format is that of its cells, so none is given for each. Text among numbers is told
    to be text, so that it also stays text when somebody edits the cell.
    """
    if column.kind == "text":
        return page.write_string, [_text(value) for value in column.values]
    if column.kind == "time":
        times = np.asarray(column.values, dtype="datetime64[ms]")
        if bool((times < _FIRST).any()):  # Excel has no dates before it
            return page.write_string, [str(t).replace("T", " ")[:16] for t in times]
        return page.write_number, ((times - _EPOCH).astype(np.int64) / _DAY_MS).tolist()
    if column.kind != "mixed":
        numbers = np.asarray(column.values, dtype=float)
        if bool(np.isfinite(numbers).all()):
            return page.write_number, numbers.tolist()

    def write(row: int, place: int, value: Any) -> None:
        if isinstance(value, str):
            page.write_string(row, place, value, plain)
        elif isinstance(value, bool):
            page.write_boolean(row, place, value)
        else:
            page.write_number(row, place, value)

    return write, [_any(value) for value in column.values]


def _any(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int)) or value is None:
        return value
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return value if np.isfinite(value) else "unlimited" if value > 0 else "-unlimited"
    return _text(value)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = str(value)
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 2]} …"


def _width(column: Column) -> float:
    """As wide as the longest word of the header and the longest of the first values."""
    words = max((len(word) for word in column.header.split()), default=0)
    if column.kind == "time":
        return 17.0
    if column.kind not in ("text", "mixed"):
        return float(min(max(words + 2, 12), 24))
    longest = max(
        (len(str(value)) for value in column.values[:5000] if value is not None), default=0
    )
    return float(min(max(words, longest, 8) + 2, _WIDEST))


def _lines(column: Column, width: float) -> int:
    """How many lines a header takes in a column of this width."""
    lines, used = 1, 0
    for word in column.header.split():
        if used and used + 1 + len(word) > width - 1:
            lines, used = lines + 1, len(word)
        else:
            used += (1 if used else 0) + len(word)
    return lines


__all__ = ["Column", "Kind", "Sheet", "sheet_names", "write_sheets"]
