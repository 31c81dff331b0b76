"""Fitting a computed series to a metered annual total and peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.district.config import Target
from anello.errors import InputError, Problem

Series = NDArray[np.float64]

_EXPONENT_MIN, _EXPONENT_MAX = 0.2, 5.0


def fit(
    series_kw: Series, target: Target | None, label: str, reference_kw: Series | None = None
) -> Series:
    """Return the series reshaped so that its sum and its largest value are those wanted.

    y = P (x / max x)^p: the peak P is met as it stands, and p is the one exponent at which the sum
    is met. Zeros stay zero, the order of hours stays, and p = 1 when the computed load factor was
    right already.

    Parameters
    ----------
    series_kw : ndarray (T,)
        Hourly values >= 0 [kW].
    target : Target or None
        Annual energy and, optionally, peak; without a peak the series is only scaled, and without a
        target it is returned as it is.
    label : str
        What the series is, for an error's text.
    reference_kw : ndarray (T,), optional
        The series that is to meet the target; what it needs is then done to `series_kw`. So a heat
        wave can add to a year that was fitted without it.

    Raises
    ------
    InputError
        If the series is zero throughout, or no exponent from 0.2 to 5 meets the target.
    """
    if target is None:
        return series_kw
    reference = series_kw if reference_kw is None else reference_kw
    total_kwh = target.annual_mwh * 1000.0
    peak = float(reference.max())
    if peak <= 0:
        raise InputError(
            Problem(
                "Nothing to fit: the computed series is zero throughout", key=f"targets.{label}"
            )
        )
    if target.peak_kw is None:
        return np.asarray(series_kw * (total_kwh / float(reference.sum())))
    shape = reference[reference > 0] / peak
    wanted = total_kwh / target.peak_kw

    def surplus(exponent: float) -> float:
        return float((shape**exponent).sum()) - wanted

    low, high = _EXPONENT_MIN, _EXPONENT_MAX
    if surplus(low) < 0 or surplus(high) > 0:
        raise InputError(
            Problem(
                f"{target.annual_mwh} MWh with a peak of {target.peak_kw} kW is out of reach; the "
                f"computed series has {reference.sum() / 1000:.1f} MWh and {peak:.1f} kW",
                key=f"targets.{label}",
                suggestion="Check the target's units, or the buildings' size and insulation",
            )
        )
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if surplus(middle) > 0 else (low, middle)
    exponent = 0.5 * (low + high)
    return np.asarray(np.where(series_kw > 0, target.peak_kw * (series_kw / peak) ** exponent, 0.0))
