"""Calendar months that a model covers: which steps each has, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.optimise.formulation.clusters import Clusters
from anello.optimise.formulation.expression import Array


@dataclass(frozen=True)
class Months:
    """The months in which something is billed.

    Attributes
    ----------
    names : tuple of str
        Year and month, such as ``2015-07``, shape (M,).
    share : ndarray, shape (M,)
        Share of each month that the model covers [-].
    steps : ndarray of bool, shape (M, T)
        Which time steps are, or stand for, part of each month.
    """

    names: tuple[str, ...]
    share: Array
    steps: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, content: xr.Dataset) -> Months:
        """Return the months of a model's data, or of its results.

        A step that reaches into another month is part of both. Representative days belong to the
        months of all original days that they stand for; where these are not known
        (``storage_inter_cluster: false``), to that of the day after which they are named.

        Parameters
        ----------
        content : xarray.Dataset
            With ``timestep``, its resolution [h] and weight [-], and clusters if there are any.
        """
        clusters = Clusters.of(content)
        if clusters is not None and clusters.linked:
            days = pd.DatetimeIndex(clusters.datesteps)
            codes, months = pd.factorize(days.to_period("M"), sort=True)
            of_day = clusters.of_datestep[:, None] == clusters.of_step
            steps = np.stack([of_day[codes == m].any(axis=0) for m in range(len(months))])
            hours: Array = np.asarray(24.0 * np.bincount(codes), dtype=float)
        else:
            times = pd.DatetimeIndex(content["timestep"].values)
            resolution_h = np.asarray(content["timestep_resolution"].values, dtype=float)
            weight = np.asarray(content["timestep_weight"].values, dtype=float)
            ends = times + pd.to_timedelta(resolution_h, unit="h")
            last = (ends - pd.Timedelta(1, "ns")).to_period("M")
            months = pd.period_range(times.to_period("M").min(), last.max(), freq="M")
            of_step = _hours_within(times, ends, months)
            there = np.flatnonzero((of_step > 0.0).any(axis=1))
            months, of_step = months[there], of_step[there]
            steps, hours = of_step > 0.0, of_step @ weight
        whole = 24.0 * np.array([month.days_in_month for month in months], dtype=float)
        return cls(tuple(map(str, months)), hours / whole, steps)


def _hours_within(
    begins: pd.DatetimeIndex, ends: pd.DatetimeIndex, months: pd.PeriodIndex
) -> Array:
    """Return how much of each step lies in each month, shape (M, T) [h]."""
    first = months.to_timestamp().to_numpy()[:, None]
    after = (months + 1).to_timestamp().to_numpy()[:, None]
    within = np.minimum(ends.to_numpy(), after) - np.maximum(begins.to_numpy(), first)
    hours: Array = np.maximum(within / np.timedelta64(1, "h"), 0.0)
    return hours
