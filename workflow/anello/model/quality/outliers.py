"""Values that do not belong among their neighbours.

A value's neighbours are the hours around it and the same hours of the days around it. Peaks come
with company: a cold morning is cold for hours, and the next one resembles it. A lost decimal point
does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.model.quality.config import QualityConfig

Series = NDArray[np.float64]

_SIDE_HOURS = 3
# A run of faults, half a dozen hours long, must not vouch for itself: as many of the largest
# neighbours are left out of the comparison.
_LEFT_OUT_SHARE = 1 / 6
_LEAST_NEIGHBOURS = 5
_PASSES = 5
_UNUSUAL_PEAKS = 3.0  # beyond this many usual peaks a value is suspect in itself
# Below these shares of the usual peak a value, or its neighbours, are too small to judge by.
_SMALL_PEAK_SHARE = 0.2
_LOW_LEVEL_SHARE = 0.2
_TINY_LEVEL_SHARE = 0.002
_STRONGER = 5.0  # by how much more a value below the usual peak must stand out
_DECIMAL_FIT = 1.6


@dataclass(frozen=True)
class Outlier:
    """A value out of place.

    Parameters
    ----------
    position : int
        Its place in the series.
    neighbours : float
        The level it was compared with.
    repaired : float
        What should stand there.
    method : str
        How that was found.
    """

    position: int
    neighbours: float
    repaired: float
    method: str


def find_outliers(values: Series, steps_per_day: int, config: QualityConfig) -> list[Outlier]:
    """Find values that are far above or below all their neighbours.

    Parameters
    ----------
    values : ndarray (T,)
        The series; NaN where there is no value.
    steps_per_day : int
        Number of steps per day.
    config : QualityConfig
        Thresholds.

    Returns
    -------
    list of Outlier
        In order of time.
    """
    size = np.abs(values)
    known = size[np.isfinite(size) & (size > 0)]
    if known.size == 0 or known.max() <= config.outlier_ratio * np.nanmin(size):
        return []
    usual_peak = float(np.percentile(known, 95))
    found: dict[int, float] = {}
    for _ in range(_PASSES):
        fresh = _pass(size, usual_peak, steps_per_day, config)
        if not fresh:
            break
        found.update(fresh)
        # What was found no longer speaks for its neighbours.
        size[list(fresh)] = np.nan
    clean = values.copy()
    clean[list(found)] = np.nan
    return [
        _repair(values, clean, position, level, steps_per_day)
        for position, level in sorted(found.items())
    ]


def neighbours(
    values: Series, positions: NDArray[np.intp], steps_per_day: int, days: int
) -> Series:
    """Return the neighbours of some values, shape (K, P); NaN beyond the ends of the series."""
    offsets = [o for o in range(-_SIDE_HOURS, _SIDE_HOURS + 1) if o]
    if steps_per_day > 1:
        offsets += [
            day * steps_per_day + side
            for day in range(-days, days + 1)
            if day
            for side in ((-1, 0, 1) if steps_per_day > 4 else (0,))
        ]
    places = positions + np.array(offsets)[:, np.newaxis]
    inside = (places >= 0) & (places < len(values))
    return np.where(inside, values[np.where(inside, places, 0)], np.nan)


def _suspects(size: Series, usual_peak: float, ratio: float) -> NDArray[np.intp]:
    """Return the positions of all values that :func:`_pass` may find, and few others.

    What is far above or below all neighbours is so beside the two in the next steps.
    """
    beside = np.full((2, size.size), np.nan)
    beside[0, 1:], beside[1, :-1] = size[:-1], size[1:]
    known = np.isfinite(beside)
    above = ratio * np.where(known, beside, 0.0).max(axis=0)
    below = np.where(known, beside, np.inf).min(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        suspect = size > _UNUSUAL_PEAKS * usual_peak
        suspect |= (size > min(1.0, _SMALL_PEAK_SHARE) * usual_peak) & (size > above)
        suspect |= 2 * ratio * size < below
    return np.flatnonzero(suspect & np.isfinite(size))


def _pass(
    every: Series, usual_peak: float, steps_per_day: int, config: QualityConfig
) -> dict[int, float]:
    ratio = config.outlier_ratio
    suspects = _suspects(every, usual_peak, ratio)
    if suspects.size == 0:
        return {}
    size = every[suspects]
    around = neighbours(every, suspects, steps_per_day, config.outlier_window_days)
    known = np.isfinite(around)
    enough = known.sum(axis=0) >= _LEAST_NEIGHBOURS
    left_out = max(1, round(_LEFT_OUT_SHARE * around.shape[0]))
    upper = np.partition(np.where(known, around, -np.inf), -left_out - 1, axis=0)[-left_out - 1]
    upper = np.maximum(upper, 0.0)
    highest = np.where(known, around, 0.0).max(axis=0)
    lower = np.where(known, around, np.inf).min(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        # Far above anything usual: a few neighbours may be wrong as well.
        high = (size > _UNUSUAL_PEAKS * usual_peak) & (size > ratio * upper)
        # Among the usual peaks: no neighbour at all may come near.
        high |= (size > usual_peak) & (size > ratio * highest)
        high |= (
            (size > _SMALL_PEAK_SHARE * usual_peak)
            & (highest > _TINY_LEVEL_SHARE * usual_peak)
            & (size > _STRONGER * ratio * highest)
        )
        low = (lower > _LOW_LEVEL_SHARE * usual_peak) & (2 * ratio * size < lower)
    candidates = np.flatnonzero(enough & (high | low))
    found: dict[int, float] = {}
    for position in candidates.tolist():
        here = around[known[:, position], position]
        middle = float(np.median(here))
        spread = 1.4826 * float(np.median(np.abs(here - middle)))
        scale = max(spread, 0.01 * usual_peak) if high[position] else 0.01 * middle
        if abs(size[position] - middle) > config.outlier_deviations * scale:
            level = upper if high[position] else lower
            found[int(suspects[position])] = float(level[position])
    return found


def _repair(
    values: Series, clean: Series, position: int, level: float, steps_per_day: int
) -> Outlier:
    """Move the decimal point if that makes the value fit, else fill the hole."""
    filled, method = fill_value(clean, position, steps_per_day)
    value = float(values[position])
    if value != 0 and filled != 0:
        exponent = round(math.log10(abs(value / filled)))
        moved = value / 10.0**exponent if exponent >= 0 else value * 10.0**-exponent
        if exponent != 0 and 1 / _DECIMAL_FIT < moved / filled < _DECIMAL_FIT:
            return Outlier(position, level, moved, f"decimal point moved by {abs(exponent)}")
    return Outlier(position, level, filled, method)


def fill_value(values: Series, position: int, steps_per_day: int) -> tuple[float, str]:
    """Return what a single hole is filled with, and the name of the method.

    Between two known values the hole is interpolated; at an end of the series, or in a longer hole,
    the same hour of the nearest days stands in.

    Parameters
    ----------
    values : ndarray (T,)
        The series with NaN in its holes.
    position : int
        The hole.
    steps_per_day : int
        Number of steps per day.
    """
    inside = 0 < position < len(values) - 1
    if inside and np.isfinite(values[position - 1]) and np.isfinite(values[position + 1]):
        return float(0.5 * (values[position - 1] + values[position + 1])), "interpolated"
    same_hour = [
        float(values[p])
        for day in (1, 2, 3)
        for p in (position - day * steps_per_day, position + day * steps_per_day)
        if 0 <= p < len(values) and np.isfinite(values[p])
    ]
    if same_hour:
        return float(np.mean(same_hour[:2])), "same hour of the nearest days"
    known = np.flatnonzero(np.isfinite(values))
    nearest = known[np.argmin(np.abs(known - position))]
    return float(values[nearest]), "nearest value"
