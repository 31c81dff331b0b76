"""Missing values of weather files: what marks them, and what is done about them."""

from __future__ import annotations

import logging
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.errors import InputError, Problem

logger = logging.getLogger(__name__)

Series = NDArray[np.float64]

MISSING_FROM = {
    # EnergyPlus Auxiliary Programs, "EPW data dictionary": a value as large as this is missing.
    "temp_air": 99.9,
    "temp_dew": 99.9,
    "relative_humidity": 999.0,
    "ghi": 9999.0,
    "dni": 9999.0,
    "dhi": 9999.0,
    "wind_speed": 999.0,
}
"""Smallest number that stands for a missing value, by column."""

NAMED = 3
"""How many gaps a message names."""

SHORT_H = 3
"""Gaps up to this length are bridged by a straight line; longer ones take the days around [h]."""


def without_gaps(
    name: str, values: Series, index: pd.DatetimeIndex, file: str, gaps: Literal["refuse", "repair"]
) -> Series:
    """Return a weather file's column without missing values.

    Parameters
    ----------
    name : str
        The column, as pvlib calls it.
    values : ndarray, shape (T,)
        What the file says.
    index : pandas.DatetimeIndex
        Start of each hour.
    file : str
        Its name, for messages.
    gaps : {"refuse", "repair"}
        What to do where values are missing.

    Returns
    -------
    ndarray, shape (T,)
        Short gaps bridged, long ones filled with the mean of the nearest days at the same hour.

    Raises
    ------
    InputError
        If values are missing and not to be repaired, or nothing is left to repair them with.
    """
    missing = ~np.isfinite(values) | (values >= MISSING_FROM.get(name, np.inf) - 1e-6)
    if not missing.any():
        return values
    where = _spans(missing, index)
    if gaps == "refuse" or missing.all():
        raise InputError(
            Problem(
                f"{int(missing.sum())} hours have no value: {where}",
                file=file,
                key=name,
                suggestion="Take another file, or fill them with `weather: {gaps: repair}`",
            )
        )
    count = int(missing.sum())
    logger.warning("%s: %s has no value in %d hours (%s); repaired", file, name, count, where)
    return _repaired(values, missing)


def _repaired(values: Series, missing: NDArray[np.bool_]) -> Series:
    known = pd.Series(np.where(missing, np.nan, values))
    # The file's year follows itself.
    around = pd.concat([known] * 3, ignore_index=True)
    short = around.interpolate(limit_area="inside")
    by_hour = around.groupby(np.arange(len(around)) % 24)
    long = 0.5 * (by_hour.ffill() + by_hour.bfill())
    length = missing.astype(int)
    group = np.cumsum(np.diff(np.concatenate([[0], length])) != 0)
    size = pd.Series(length).groupby(group).transform("sum").to_numpy()
    middle = slice(len(values), 2 * len(values))
    filled = np.where(size <= SHORT_H, short.to_numpy()[middle], long.to_numpy()[middle])
    return np.where(missing, filled, values)


def _spans(missing: NDArray[np.bool_], index: pd.DatetimeIndex) -> str:
    """Name the first gaps, each by its first and last hour."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
    pairs = list(zip(edges[::2], edges[1::2] - 1, strict=True))
    words = [
        f"{index[a]:%d %b %H:00}" + ("" if a == b else f" to {index[b]:%d %b %H:00}")
        for a, b in pairs[:NAMED]
    ]
    return ", ".join(words) + (f" and {len(pairs) - NAMED} more gaps" if len(pairs) > NAMED else "")
