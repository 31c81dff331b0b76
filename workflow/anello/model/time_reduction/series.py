"""What masks and functions share: the time-dependent part of the inputs, and frequencies."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem
from anello.model.schema.parameters import parameter

Array = npt.NDArray[np.float64]

TIME = "timestep"
_OLD_UNITS = {"H": "h", "T": "min", "S": "s", "M": "ME", "Q": "QE", "Y": "YE", "A": "YE"}


def varying(inputs: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield each parameter that has a series, but for the steps' own length and weight."""
    for name, array in inputs.data_vars.items():
        if TIME in array.dims and not str(name).startswith("timestep_"):
            yield str(name), array.transpose(..., TIME)


def joined(name: str, values: Array, starts: npt.NDArray[np.int64]) -> Array:
    """Join steps of a parameter as the table of parameters says: sum, mean, or any.

    Parameters
    ----------
    name : str
        The parameter.
    values : ndarray, shape (..., T)
        Its values.
    starts : ndarray of int
        Where each joined step begins.
    """
    rule = aggregation(name)
    if rule == "any":
        return np.asarray(np.maximum.reduceat(values, starts, axis=-1), dtype=np.float64)
    total: Array = np.add.reduceat(values, starts, axis=-1)
    return total if rule == "sum" else total / np.diff(np.append(starts, values.shape[-1]))


def aggregation(name: str) -> str:
    """Return what happens to a parameter when steps are joined: ``sum``, ``mean`` or ``any``."""
    entry = parameter(name)
    return "mean" if entry is None else entry.aggregate


def with_steps(
    inputs: xr.Dataset, index: pd.DatetimeIndex, arrays: Mapping[Hashable, xr.DataArray | Array]
) -> xr.Dataset:
    """Return the inputs on other time steps.

    Parameters
    ----------
    inputs : xarray.Dataset
        The inputs as they were.
    index : pandas.DatetimeIndex
        Starts of the new steps, shape (T,).
    arrays : mapping of str to array
        Every variable that has time steps, its last axis being the new ones.
    """
    new = inputs.drop_dims(TIME).assign_coords({TIME: index.to_numpy()})
    for name, values in arrays.items():
        old = inputs[name]
        dims = [d for d in old.dims if d != TIME] + [TIME]
        new[name] = (dims, np.asarray(values), old.attrs)
    return new


def normalised(array: xr.DataArray) -> xr.DataArray:
    """Return absolute values as shares of each technology's largest, over all its locations."""
    if "node" not in array.dims:
        return abs(array)
    out = array.transpose("node", ...).copy()
    values = np.abs(np.asarray(out.values, dtype=np.float64))
    finite = np.where(np.isfinite(values), values, np.nan)
    techs = np.asarray(array["node_tech"].values, dtype=str)
    for tech in np.unique(techs):
        rows = techs == tech
        if not np.isfinite(finite[rows]).any():
            continue
        largest = float(np.nanmax(finite[rows]))
        finite[rows] /= largest or 1.0
    out.values = finite
    return out.transpose(*array.dims)


def frequency(text: str, key: str) -> str:
    """Return a frequency such as ``6H`` in the words of today's pandas.

    Raises
    ------
    InputError
        If it is none.
    """
    found = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+(?:-[A-Za-z]+)?)\s*", str(text))
    if found:
        count, unit = found.groups()
        name = count + _OLD_UNITS.get(unit, unit)
        try:
            pd.tseries.frequencies.to_offset(name)
        except ValueError:
            pass
        else:
            return name
    raise InputError(
        Problem("is no length of time", key=key, value=text, suggestion="Write `6H`, `1D` or `1W`")
    )


def duration(text: str, key: str) -> pd.Timedelta:
    """Return a fixed length of time such as ``2D`` or ``12H``.

    Raises
    ------
    InputError
        If it is none, not longer than nothing, or not the same everywhere in the calendar.
    """
    found = re.fullmatch(r"\s*(\d*)\s*([HhTSDWdw]|min|s)\s*", str(text))
    if found:
        count, unit = found.groups()
        unit = {"H": "h", "T": "min", "S": "s", "d": "D", "w": "W"}.get(unit, unit)
        length = pd.to_timedelta(f"{count or 1}{unit}")
        if length > pd.Timedelta(0):
            return length
    raise InputError(
        Problem(
            "must be a fixed length of time", key=key, value=text, suggestion="Write `1D` or `12H`"
        )
    )
