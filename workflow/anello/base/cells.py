"""Text for the cells of tables that people open in a spreadsheet.

Excel and LibreOffice take a cell of a CSV file that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula and compute it, which can start programs and send data away. Names in a model and values in
a series come from whoever made them, so such text gets an apostrophe in front: it is then shown,
and never computed. Numbers are left alone. See OWASP, "CSV Injection"
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from anello.base.files import FilePath, atomic_path

# With a tab or a line's end before the sign too, and with the wide signs of East Asian keyboards.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)


def cell_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        The same, with an apostrophe in front if it began like a formula. :func:`original_text`
        takes it away again.
    """
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def original_text(text: str) -> str:
    """Undo :func:`cell_text`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def cell_value(value: Any) -> Any:
    """Return :func:`cell_text` of a text, and anything else as it is."""
    return cell_text(value) if isinstance(value, str) else value


def for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose headers, labels and text no spreadsheet takes for formulas.

    Parameters
    ----------
    frame : pandas.DataFrame
        What is to be written as CSV. Neither it nor its numbers are changed.

    Returns
    -------
    pandas.DataFrame
        With :func:`cell_text` applied to all text.
    """
    changed = frame.copy()
    for place, kind in enumerate(frame.dtypes):
        if kind.kind in "iufbmMc":
            continue
        column = frame.iloc[:, place]
        of_labels = isinstance(kind, pd.CategoricalDtype)
        known = column.cat.categories if of_labels else column.unique()
        told = {text: cell_text(text) for text in known if isinstance(text, str)}
        told = {text: shown for text, shown in told.items() if text != shown}
        if told and of_labels:
            changed.isetitem(place, column.cat.rename_categories(told).array)
        elif told:
            changed.isetitem(place, column.replace(told).array)
    if frame.index.dtype.kind not in "iufM":
        changed = changed.rename(index=cell_value)
    return changed.rename(columns=cell_value)


def write_table(frame: pd.DataFrame, path: FilePath) -> None:
    """Write a table with its labels as CSV, whole or not at all; see :func:`for_spreadsheets`."""
    with atomic_path(path) as temporary:
        for_spreadsheets(frame).to_csv(temporary, lineterminator="\n")


__all__ = ["cell_text", "cell_value", "for_spreadsheets", "original_text", "write_table"]
