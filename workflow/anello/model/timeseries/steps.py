"""Time steps: dates, the part of them that is modelled, and their length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

ISO_FORMAT = "%Y-%m-%d %H:%M:%S"
"""Date format of Calliope 0.6 unless a model says otherwise; any ISO 8601 date is read under it."""

_ZONE = (
    "dates carry a time zone; write them without one, all in the site's standard time or all in UTC"
)


def parse_dates(texts: pd.Index, dateformat: str = ISO_FORMAT) -> pd.DatetimeIndex:
    """Return the dates an index of text stands for.

    Parameters
    ----------
    texts : pandas.Index
        Text, or dates already.
    dateformat : str
        As for ``strptime``. Under the default any ISO 8601 date is read.

    Raises
    ------
    ValueError
        If an entry does not match the format; the message names the first that does not.
    """
    if isinstance(texts, pd.DatetimeIndex):
        if texts.tz is not None:
            raise ValueError(_ZONE)
        return texts.as_unit("ns")
    form = "ISO8601" if dateformat == ISO_FORMAT else dateformat
    plain = texts.astype(str)
    try:
        parsed = pd.to_datetime(plain, format=form)
    except ValueError:
        # Of several zones, as where clocks change, pandas makes dates only when they end in one.
        parsed = pd.DatetimeIndex(pd.to_datetime(plain, format=form, errors="coerce", utc=True))
        bad = np.flatnonzero(np.asarray(parsed.isna()))
        if not bad.size:
            raise ValueError(_ZONE) from None
        row = int(bad[0])
        raise ValueError(
            f"`{plain[row]}` in row {row + 1} does not match the date format `{dateformat}`"
            f"{and_more(bad.size)}; `model.timeseries_dateformat` names another"
        ) from None
    index = pd.DatetimeIndex(parsed)
    if index.tz is not None:
        raise ValueError(_ZONE)
    missing = np.flatnonzero(np.asarray(index.isna()))
    if missing.size:
        raise ValueError(f"the date in row {int(missing[0]) + 1} is missing")
    return index.as_unit("ns")


def to_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Return the numbers that texts stand for, NaN where one stands for none."""
    try:
        return pd.to_numeric(texts, errors="coerce")
    except OverflowError:  # a whole number of hundreds of digits
        return texts.map(_number)


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def and_more(count: int) -> str:
    """Return words for the rest of `count` faults of which one was told."""
    return "" if count < 2 else f", and {count - 1} more like it"


def order_fault(index: pd.DatetimeIndex) -> str | None:
    """Return what is wrong with the order of time steps, or None.

    Steps must increase: a repeated or backward step has no length.
    """
    steps = np.diff(index.to_numpy())
    bad = np.flatnonzero(steps <= np.timedelta64(0, "ns"))
    if not bad.size:
        return None
    row = int(bad[0]) + 1
    what = "is given twice" if steps[row - 1] == np.timedelta64(0, "ns") else "goes back in time"
    return f"time step {index[row]} in row {row + 1} {what}{and_more(bad.size)}"


def uneven_faults(index: pd.DatetimeIndex) -> list[str]:
    """Return where increasing time steps are longer, and where shorter, than most of them.

    A row that is missing makes the step before it longer, and what a series says for that step
    then counts for all of it; a row off the grid makes one shorter and one longer.
    """
    steps = np.diff(index.to_numpy())
    if len(steps) < 2:
        return []
    lengths, counts = np.unique(steps, return_counts=True)
    usual = lengths[np.argmax(counts)]
    told = []
    for odd, why in (
        (
            steps > usual,
            "are rows missing? Energy that a series gives for such a step is all that there is in "
            "its hours",
        ),
        (
            steps < usual,
            "are rows off the grid? Energy that a series gives for such a step is taken as it is",
        ),
    ):
        rows = np.flatnonzero(odd)
        if not rows.size:
            continue
        row = int(rows[0])
        hours, most = (float(step / np.timedelta64(1, "h")) for step in (steps[row], usual))
        told.append(
            f"the step at {index[row]} is {hours:.4g} h long, where most are {most:.4g} h"
            f"{and_more(rows.size)}; {why}"
        )
    return told


def subset_slice(index: pd.DatetimeIndex, subset: Any) -> slice:
    """Return the rows that ``model.subset_time`` selects.

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Increasing time steps.
    subset : None, str or list of two
        ISO dates. A single one such as ``"2005-01"`` selects all steps in it; of two the second is
        included in full.

    Raises
    ------
    ValueError
        If it is neither, not ISO, outside the index, or selects nothing.
    """
    if subset is None:
        return slice(0, len(index))
    pair = isinstance(subset, (list, tuple))
    ends = [str(s) for s in subset] if pair else [str(subset)]
    if pair and len(ends) != 2:
        raise ValueError("must be [first, last] or one date")
    try:
        dates = [pd.Timestamp(pd.to_datetime(e, format="ISO8601")) for e in ends]
    except ValueError as err:
        raise ValueError("dates must be ISO 8601, such as 2005-01-31") from err
    if any(pd.isna(date) for date in dates):
        raise ValueError("a date is missing")
    if not all(1 <= date.year <= 9999 for date in dates):
        raise ValueError("a year must have four digits, as in 2005-01-31")
    if pair and (dates[0].date() < index[0].date() or dates[1].date() > index[-1].date()):
        raise ValueError(f"outside the data, which reach from {index[0]} to {index[-1]}")
    try:
        chosen = index.slice_indexer(ends[0], ends[-1])
    except (TypeError, LookupError, OverflowError) as err:
        raise ValueError("dates must be ISO 8601, such as 2005-01-31") from err
    if len(index[chosen]) == 0:
        raise ValueError(f"selects no time step; the data reach from {index[0]} to {index[-1]}")
    return slice(
        int(chosen.start or 0), int(chosen.stop if chosen.stop is not None else len(index))
    )


def resolution_hours(index: pd.DatetimeIndex, following: pd.Timestamp | None = None) -> np.ndarray:
    """Return the length of each time step [h], shape (T,).

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Increasing time steps, which may be uneven.
    following : pandas.Timestamp, optional
        The step after the last; only used where there is but one step. Otherwise the last step is
        as long as the one before it, as in Calliope 0.6.

    Raises
    ------
    ValueError
        If there is one step and nothing tells its length.
    """
    times = index.to_numpy()
    if len(times) < 2:
        if following is None:
            raise ValueError("a single time step has no known length; use at least two")
        times = np.append(times, np.datetime64(following, "ns"))
        return np.asarray(np.diff(times) / np.timedelta64(1, "h"), dtype=np.float64)
    hours = np.diff(times) / np.timedelta64(1, "h")
    return np.asarray(np.append(hours, hours[-1]), dtype=np.float64)
