"""Masks: which time steps keep their full resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.model.time_reduction.series import TIME, duration, frequency, normalised

_DIMS = {
    "costs": "cost",
    "carriers": "carrier",
    "carrier_tiers": "tier",
    "cost": "cost",
    "carrier": "carrier",
    "tier": "tier",
}
Labels = str | Sequence[str]


def zero(data: xr.Dataset, *, tech: Labels, var: str = "resource", **dims: Any) -> pd.DatetimeIndex:
    """Return the steps in which a technology's series is zero.

    Parameters
    ----------
    data : xarray.Dataset
        Inputs of a model.
    tech : str or list of str
        The technology.
    var : str
        The parameter; costs are called ``cost_om_prod`` and so on.
    **dims
        Which ``locs``, ``costs``, ``carriers`` or ``carrier_tiers`` to look at; the mean over what
        is left counts.
    """
    series = _series(data, var, tech, dims, normalise=False)
    return pd.DatetimeIndex(series.index[series.to_numpy() == 0])


def extreme(
    data: xr.Dataset,
    *,
    tech: Labels,
    var: str = "resource",
    how: str = "max",
    length: str = "1D",
    n: int = 1,
    groupby_length: str | None = None,
    padding: str | None = None,
    normalize: bool = True,
    compat: bool = False,
    **dims: Any,
) -> pd.Index[Any]:
    """Return the periods in which the mean of a technology's series is extreme.

    Parameters
    ----------
    data : xarray.Dataset
        Inputs of a model.
    tech : str or list of str
        The technology.
    var : str
        The parameter; costs are called ``cost_om_prod`` and so on.
    how : {"max", "min"}
        Which extreme. Normalised values have no sign: ``max`` is the largest demand.
    length : str
        Length of a period: ``1D``, ``12H``.
    n : int
        How many periods.
    groupby_length : str, optional
        Look for `n` periods in each part of this length, for example ``1M`` for every month.
    padding : str, optional
        Time to keep before and after each period, or ``calendar_week``: the week, from Monday to
        Sunday, in which the day lies.
    normalize : bool
        Whether values are divided by the technology's largest.
    compat : bool
        Count the week's days from the wrong end, as Calliope 0.6 does.
    **dims
        As for :func:`zero`.
    """
    series = _series(data, var, tech, dims, normalise=normalize)
    return _extreme_steps(series, how, length, n, groupby_length, padding, compat)


def extreme_diff(
    data: xr.Dataset,
    *,
    tech0: Labels,
    tech1: Labels,
    var: str = "resource",
    how: str = "max",
    length: str = "1D",
    n: int = 1,
    groupby_length: str | None = None,
    padding: str | None = None,
    normalize: bool = True,
    compat: bool = False,
    **dims: Any,
) -> pd.Index[Any]:
    """Return the periods in which the difference between two technologies is extreme.

    Parameters are those of :func:`extreme`; the difference is that of `tech0` less that of `tech1`.
    """
    first = _series(data, var, tech0, dims, normalise=normalize)
    second = _series(data, var, tech1, dims, normalise=normalize)
    difference = first - second
    return _extreme_steps(difference, how, length, n, groupby_length, padding, compat)


def _series(
    data: xr.Dataset, var: str, tech: Labels, dims: dict[str, Any], *, normalise: bool
) -> pd.Series[float]:
    """Return the mean of a parameter over all but time."""
    known = [str(k) for k, v in data.data_vars.items() if TIME in v.dims and "node" in v.dims]
    if var not in known:
        hint = did_you_mean(var, known) or f"Series are: {', '.join(sorted(known))}"
        raise InputError(
            Problem("no technology has a series of this", key="var", value=var, suggestion=hint)
        )
    array = normalised(data[var]) if normalise else data[var]
    # Values without limit, such as the resource of a grid, are no part of a mean.
    array = array.where(np.isfinite(array))
    for name, wanted in {"tech": tech, **dims}.items():
        labels = [wanted] if isinstance(wanted, str) else [str(w) for w in wanted]
        where = {"tech": "node_tech", "locs": "node_loc"}.get(name, _DIMS.get(name, ""))
        if not where or where not in array.coords or array[where].dims[0] not in array.dims:
            raise InputError(Problem(f"`{var}` has no such dimension", key=name, value=wanted))
        there = np.asarray(array[where].values, dtype=str)
        missing = [label for label in labels if label not in there]
        if missing:
            raise InputError(
                Problem(
                    f"`{var}` has no such label",
                    key=name,
                    value=missing[0],
                    suggestion=did_you_mean(missing[0], set(there)),
                )
            )
        array = array.isel({array[where].dims[0]: np.isin(there, labels)})
    mean = array.mean([d for d in array.dims if d != TIME])
    values = np.asarray(mean.values, dtype=np.float64)
    if np.isnan(values).any():
        raise InputError(
            Problem(f"`{var}` of this technology is not given", key="tech", value=tech)
        )
    return pd.Series(values, index=pd.DatetimeIndex(data[TIME].values))


def _extreme_steps(
    series: pd.Series[float],
    how: str,
    length: str,
    n: int,
    groupby_length: str | None,
    padding: str | None,
    compat: bool,
) -> pd.Index[Any]:
    if how not in ("max", "min"):
        raise InputError(Problem("must be max or min", key="how", value=how))
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(Problem("must be a number of periods", key="n", value=n))
    weeks = padding == "calendar_week"
    if weeks and (n != 1 or length != "1D"):
        raise InputError(
            Problem("`calendar_week` goes with `n: 1` and `length: 1D`", key="padding")
        )
    period = duration(length, "length")
    margin = pd.Timedelta(0) if weeks or padding is None else duration(padding, "padding")
    parts = [series]
    if groupby_length is not None:
        grouper = pd.Grouper(freq=frequency(groupby_length, "groupby_length"))
        parts = [part for _, part in series.groupby(grouper) if len(part)]
    found: pd.Index[Any] = series.index[:0]
    for part in parts:
        means = (
            part.groupby(pd.Grouper(freq=pd.tseries.frequencies.to_offset(period))).mean().dropna()
        )
        if n > len(means):
            raise InputError(
                Problem(f"there are only {len(means)} periods of {length}", key="n", value=n)
            )
        sign = -1.0 if how == "max" else 1.0
        ranked = pd.DatetimeIndex(means.index)[np.argsort(sign * means.to_numpy(), kind="stable")]
        for start in ranked[:n]:
            if weeks:
                first, last = _week(start, compat)
                within = series.index
            else:
                first, last = start - margin, start + period + margin
                within = part.index
            found = found.union(within[(within >= first) & (within < last)])
    return found


def _week(day: pd.Timestamp, compat: bool) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the start of the calendar week of a day, and of the next."""
    before = 6 - day.day_of_week if compat else day.day_of_week
    start = day.normalize() - pd.Timedelta(before, "D")
    return start, start + pd.Timedelta(7, "D")
