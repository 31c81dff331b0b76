"""Longer time steps, and steps left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem
from anello.model.time_reduction.series import (
    TIME,
    Array,
    aggregation,
    frequency,
    joined,
    varying,
    with_steps,
)

KEY = "model.time.function_options"


def resample(
    data: xr.Dataset,
    timesteps: pd.DatetimeIndex | None,
    *,
    resolution: str,
) -> xr.Dataset:
    """Join time steps into longer ones.

    Energies are summed and all else is averaged, as the table of parameters says
    (``aggregate``). Only steps that follow each other are joined, and a joined step is named after
    its first.

    Parameters
    ----------
    data : xarray.Dataset
        Inputs of a model.
    timesteps : pandas.DatetimeIndex or None
        The steps to join; the others stay as they are. All by default.
    resolution : str
        The new length as pandas writes it: ``6H``, ``1D``. Bins start at midnight, as there.

    Returns
    -------
    xarray.Dataset
        The same inputs on fewer steps; the hours they stand for are the same.

    Raises
    ------
    InputError
        If the resolution cannot be understood.
    """
    freq = frequency(resolution, f"{KEY}.resolution")
    index = pd.DatetimeIndex(data[TIME].values)
    chosen = np.ones(len(index), dtype=bool) if timesteps is None else index.isin(timesteps)
    positions = pd.Series(np.flatnonzero(chosen), index=index[chosen])
    bins = np.full(len(index), -1, dtype=np.int64)
    bins[positions.to_numpy()] = positions.groupby(pd.Grouper(freq=freq)).ngroup().to_numpy()
    first = ~chosen
    first[0] = True
    first[1:] |= bins[1:] != bins[:-1]
    starts = np.flatnonzero(first)
    hours = np.asarray(data["timestep_resolution"].values, dtype=np.float64)
    weights = np.asarray(data["timestep_weight"].values, dtype=np.float64)
    arrays: dict[Any, Array] = {
        "timestep_resolution": np.add.reduceat(hours, starts),
        "timestep_weight": joined("timestep_weight", weights, starts),
    }
    whole = _static_energies_as_series(data)
    for name, array in varying(whole):
        arrays[name] = joined(name, np.asarray(array.values, dtype=np.float64), starts)
    return with_steps(whole, index[starts], arrays)


def _static_energies_as_series(data: xr.Dataset) -> xr.Dataset:
    """Give amounts per step that are one number the time axis along which they are summed."""
    out = data
    for name, array in data.data_vars.items():
        if TIME in array.dims or array.dtype.kind != "f" or aggregation(str(name)) != "sum":
            continue
        if (np.isfinite(array.values) & (array.values != 0)).any():
            series = array.expand_dims({TIME: data[TIME]}, axis=-1)
            out = out.assign({name: series.assign_attrs(array.attrs)})
    return out


def drop(data: xr.Dataset, timesteps: pd.DatetimeIndex | Sequence[str]) -> xr.Dataset:
    """Leave time steps out; the others stand for their hours too.

    Parameters
    ----------
    data : xarray.Dataset
        Inputs of a model.
    timesteps : pandas.DatetimeIndex or sequence of str
        The steps to leave out.

    Returns
    -------
    xarray.Dataset
        The other steps. The weight of each grows by the same amount, so that the hours they all
        stand for are the hours there were.

    Raises
    ------
    InputError
        If a step is no date or no step of the model, or if none is left.
    """
    index = pd.DatetimeIndex(data[TIME].values)
    try:
        gone = pd.DatetimeIndex(pd.to_datetime(pd.Index(timesteps)))
    except (ValueError, TypeError) as err:
        raise InputError(
            Problem(
                f"must be a list of time steps: {err}",
                key=f"{KEY}.timesteps",
                suggestion="Write them as in the series, such as '2005-01-01 00:00'",
            )
        ) from err
    strange = gone.difference(index)
    if len(strange):
        raise InputError(
            Problem("is no time step of the model", key=f"{KEY}.timesteps", value=str(strange[0]))
        )
    keep = ~index.isin(gone)
    if not keep.any():
        raise InputError(
            Problem("leaves no time step over", key=f"{KEY}.timesteps", value=f"{len(gone)} steps")
        )
    hours = np.asarray(data["timestep_resolution"].values, dtype=np.float64)
    weight = np.asarray(data["timestep_weight"].values, dtype=np.float64)
    more = float((hours * weight)[~keep].sum() / hours[keep].sum())
    left = data.isel({TIME: keep})
    left["timestep_weight"] = left["timestep_weight"].copy(data=weight[keep] + more)
    return left
