"""Representative days: which days are alike, and inputs on one day of each kind.

The chain of storage levels over the original days follows L. Kotzur et al., Applied Energy 213
(2018) 123, https://doi.org/10.1016/j.apenergy.2018.01.023; its rows are in
:mod:`anello.optimise.formulation.representative_days`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.model.time_reduction.days import (
    KEY,
    Days,
    IntArray,
    clusters_of,
    computed,
    day_matrix,
    selection,
    whole_days,
)
from anello.model.time_reduction.series import (
    TIME,
    Array,
    aggregation,
    normalised,
    varying,
    with_steps,
)

_SCALES = ("mean", "sum", "max", "min")


def apply_clustering(
    data: xr.Dataset,
    timesteps: pd.DatetimeIndex | None,
    *,
    clustering_func: str,
    how: str,
    normalize: bool = True,
    scale_clusters: str | None = "mean",
    storage_inter_cluster: bool = True,
    k: int | None = None,
    tech: str | Sequence[str] | None = None,
    variables: str | Sequence[str] | None = None,
    compat: bool = False,
    seed: int | None = None,
    given: pd.Series[Any] | None = None,
    notes: list[str] | None = None,
) -> xr.Dataset:
    """Put representative days in place of all days.

    Parameters
    ----------
    data : xarray.Dataset
        Inputs of a model.
    timesteps : pandas.DatetimeIndex or None
        The steps of the days to cluster; the other days stay, each for itself. All by default.
    clustering_func : str
        ``kmeans``, ``hierarchical``, or ``file=name.csv:column``, read into `given`.
    how : {"mean", "closest"}
        A cluster becomes the mean of its days, or the real day that is closest to this mean.
    normalize : bool
        Whether each technology's series are divided by their largest value before days are
        compared.
    scale_clusters : {"mean", "sum", "max", "min"} or None
        What of each series is the same before and after. Days count once here, whatever their
        weight, as in Calliope 0.6.
    storage_inter_cluster : bool
        Whether stores carry energy from day to day through the original year.
    k : int, optional
        Number of clusters; for k-means Hartigan's rule finds one.
    tech, variables : str or list of str, optional
        Technologies (or ``location::technology``) and parameters by which days are compared.
    compat : bool
        Scale series that are nowhere above zero, or whose measure is zero, as Calliope 0.6 does:
        to zero.
    seed : int, optional
        Of k-means' random starts.
    given : pandas.Series, optional
        Cluster of each day, from a file.
    notes : list of str, optional
        Receives what the user should know.

    Returns
    -------
    xarray.Dataset
        The same inputs on the steps of the representative days, with their weights, the coordinate
        ``cluster``, ``timestep_cluster``, and with `storage_inter_cluster` the original days
        ``datestep`` and the cluster of each, ``datestep_cluster``.

    Raises
    ------
    InputError
        If an option makes no sense, days are not alike in their steps, or scikit-learn is not
        installed.
    """
    said: list[str] = notes if notes is not None else []
    _check_options(how, scale_clusters, k, clustering_func)
    days = whole_days(data, timesteps)
    if given is not None:
        labels = clusters_of(given, days.dates, clustering_func)
    else:
        picked = selection(data, tech, variables)
        matrix = day_matrix((normalised(a) if normalize else a for a in picked), days)
        labels = computed(matrix, clustering_func, k, seed, said)

    means = _mean_days(data, days, labels)
    names = np.unique(labels)
    if how == "mean":
        chosen = np.array([_middle(np.flatnonzero(labels == c)) for c in names])
    else:
        chosen = _closest(data, days, means)
        labels, names, chosen = _merged(labels, names, chosen, said)
        means = {}

    reduced = _on_days(data, days, labels, names, chosen, means, storage_inter_cluster)
    return _scaled(data, reduced, scale_clusters, compat, said) if scale_clusters else reduced


def _check_options(how: str, scale: str | None, k: int | None, function: str) -> None:
    if how not in ("mean", "closest"):
        raise InputError(Problem("must be mean or closest", key=f"{KEY}.how", value=how))
    if scale is not None and scale not in _SCALES:
        raise InputError(
            Problem(
                "must be mean, sum, max, min or null",
                key=f"{KEY}.scale_clusters",
                value=scale,
                suggestion=did_you_mean(str(scale), _SCALES),
            )
        )
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
        raise InputError(Problem("must be a number of clusters", key=f"{KEY}.k", value=k))
    if "=" not in function and function not in ("kmeans", "hierarchical"):
        raise InputError(
            Problem(
                "must be kmeans, hierarchical or file=name.csv:column",
                key=f"{KEY}.clustering_func",
                value=function,
                suggestion=did_you_mean(function, ("kmeans", "hierarchical")),
            )
        )


# --- what stands for them -------------------------------------------------------------------------
def _middle(members: IntArray) -> int:
    """Return the day after which a mean day is named: the middle one of its cluster."""
    return int(members[len(members) // 2])


def _mean_days(data: xr.Dataset, days: Days, labels: IntArray) -> dict[str, Array]:
    """Return the mean day of each cluster, shape (..., C, n) for each parameter."""
    members = [days.steps[labels == c] for c in np.unique(labels)]
    return {
        name: np.stack(
            [_mean_or_any(name, np.asarray(array.values[..., m], np.float64)) for m in members],
            axis=-2,
        )
        for name, array in varying(data)
    }


def _mean_or_any(name: str, of_days: Array) -> Array:
    """Join days of a parameter, shape (..., days, n), into one."""
    joint = np.max if aggregation(name) == "any" else np.mean
    return np.asarray(joint(of_days, axis=-2), dtype=np.float64)


def _closest(data: xr.Dataset, days: Days, means: dict[str, Array]) -> IntArray:
    """Return the real day next to each cluster's mean, by the squared difference of all series."""
    error = np.zeros((means[next(iter(means))].shape[-2], len(days.dates)))
    for name, array in varying(data):
        values = np.asarray(array.values, dtype=np.float64)[..., days.steps]
        values = values.reshape(-1, *days.steps.shape)
        targets = means[name].reshape(-1, *means[name].shape[-2:])
        finite = np.isfinite(values).all(axis=(1, 2))
        for c in range(len(error)):
            gap = values[finite] - targets[finite][:, c, None, :]
            error[c] += (gap**2).sum(axis=(0, 2))
    return np.asarray(error.argmin(axis=1), dtype=np.int64)


def _merged(
    labels: IntArray, names: IntArray, chosen: IntArray, notes: list[str]
) -> tuple[IntArray, IntArray, IntArray]:
    """Join clusters that the same day is closest to, under the first one's name."""
    _, first = np.unique(chosen, return_index=True)
    first.sort()
    if len(first) < len(chosen):
        notes.append(
            f"`{KEY}.how`: {len(chosen) - len(first)} clusters fewer, as the same day is closest to"
            " more than one"
        )
    new_name = {int(chosen[i]): int(names[i]) for i in first}
    lookup = {int(c): new_name[int(day)] for c, day in zip(names, chosen, strict=True)}
    joined = np.array([lookup[int(c)] for c in labels], dtype=np.int64)
    order = np.argsort(chosen[first])
    return joined, names[first][order], chosen[first][order]


def _on_days(
    data: xr.Dataset,
    days: Days,
    labels: IntArray,
    names: IntArray,
    chosen: IntArray,
    means: dict[str, Array],
    inter_cluster: bool,
) -> xr.Dataset:
    """Lay the inputs out on representative days, beside the days that masks keep.

    `names` tells in which order the days follow each other where one step needs another before it.
    """
    index = pd.DatetimeIndex(data[TIME].values)
    kept = np.setdiff1d(np.arange(len(index)), days.steps.ravel())
    kept_dates = index[kept].normalize()
    own_days = kept_dates.unique()
    # A day that a mask keeps is a cluster of its own, so that stores see every day of the year.
    own_names = int(labels.max()) + 1 + np.arange(len(own_days))
    positions = np.concatenate([days.steps[chosen].ravel(), kept])
    cluster = np.concatenate(
        [np.repeat(names, days.per_day), own_names[own_days.get_indexer(kept_dates)]]
    )
    weight = np.concatenate(
        [
            np.repeat([float((labels == c).sum()) for c in names], days.per_day),
            np.ones(len(kept)),
        ]
    )
    order = np.argsort(positions)
    positions = positions[order]
    arrays: dict[Any, Any] = {
        "timestep_weight": weight[order],
        "timestep_resolution": data["timestep_resolution"].values[positions],
    }
    for name, array in varying(data):
        values = np.array(array.values[..., positions], dtype=np.float64)
        if name in means:
            mean = means[name].reshape(*values.shape[:-1], -1)
            whole = np.concatenate([mean, array.values[..., kept]], axis=-1)
            values = whole[..., order]
        arrays[name] = values
    new = with_steps(data, index[positions], arrays)
    all_names = np.concatenate([names, own_names])
    if len(own_names):
        all_names = pd.unique(cluster[order])
    new = new.assign_coords(cluster=all_names.astype(np.int64))
    new["timestep_cluster"] = (
        TIME,
        cluster[order].astype(np.int64),
        {"units": "", "long_name": "Cluster that the step's day stands for"},
    )
    if inter_cluster:
        dates = days.dates.append(own_days)
        of_day = np.concatenate([labels, own_names])
        by_date = np.argsort(dates.to_numpy())
        new = new.assign_coords(datestep=dates[by_date].to_numpy())
        new["datestep_cluster"] = (
            "datestep",
            of_day[by_date].astype(np.int64),
            {"units": "", "long_name": "Cluster that the original day belongs to"},
        )
    return new


def _scaled(
    old: xr.Dataset, new: xr.Dataset, scale: str, compat: bool, notes: list[str]
) -> xr.Dataset:
    """Multiply each series by the factor that brings a measure of it back to what it was."""
    key = f"{KEY}.scale_clusters"
    for name, array in varying(old):
        if aggregation(name) == "any":
            continue
        values = np.asarray(new[name].values, dtype=np.float64)
        before = getattr(np.asarray(array.values, dtype=np.float64), scale)(axis=-1)
        after = getattr(values, scale)(axis=-1)
        usable = np.isfinite(before) & np.isfinite(after)
        nothing = usable & (before == 0) & (after == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(usable & ~nothing, before / after, 0.0 if compat else 1.0)
        factor = np.where(usable, factor, 1.0)
        lost = ~np.isfinite(factor)
        if lost.any():
            notes.append(
                f"`{key}`: the {scale} of {int(lost.sum())} series of `{name}` is zero on the"
                " representative days, so that they cannot be scaled; they are left as they are"
            )
            factor = np.where(lost, 1.0, factor)
        new[name] = new[name].copy(data=values * factor[..., None])
    return new
