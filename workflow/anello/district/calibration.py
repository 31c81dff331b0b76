"""Fitting a computed series to a metered annual total and peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.district.config import Target
from anello.errors import InputError, Problem

Series = NDArray[np.float64]

_EXPONENT_MIN, _EXPONENT_MAX = 0.2, 5.0
# ASSUME: beyond this factor a target has another unit, or belongs to other buildings.
_MOST_TIMES = 20.0


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
        If the series is zero throughout, if the target is more than twenty times what was computed
        or less than a twentieth, or if no exponent from 0.2 to 5 meets it.
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
        _refuse_other_units(target, reference, label)
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
    _refuse_other_units(target, reference, label)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if surplus(middle) > 0 else (low, middle)
    exponent = 0.5 * (low + high)
    return np.asarray(np.where(series_kw > 0, target.peak_kw * (series_kw / peak) ** exponent, 0.0))


def _refuse_other_units(target: Target, reference: Series, label: str) -> None:
    """Refuse a target that is out of all proportion to what was computed."""
    computed_mwh = float(reference.sum()) / 1000.0
    times = target.annual_mwh / computed_mwh
    if not 1.0 / _MOST_TIMES <= times <= _MOST_TIMES:
        raise InputError(
            Problem(
                f"{target.annual_mwh:g} MWh is {times:.3g} times the {computed_mwh:.1f} computed",
                key=f"targets.{label}",
                suggestion="Check the target's unit (MWh, not kWh), or the sizes of what it is of",
            )
        )
