"""Whole days of a model's series, and how they are put into clusters."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.model.time_reduction.series import TIME, Array, varying

KEY = "model.time.function_options"
HARTIGAN = 10.0
"""Gain from one more cluster below which Hartigan's rule stops [-]."""
RESTARTS = 10
"""Starts of k-means, of which the best counts."""
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Days:
    """The days to be clustered, all alike in their steps.

    Attributes
    ----------
    dates : pandas.DatetimeIndex
        Midnight of each, shape (D,).
    steps : ndarray of int
        Their positions among the model's steps, shape (D, n).
    """

    dates: pd.DatetimeIndex
    steps: IntArray

    @property
    def per_day(self) -> int:
        """Steps of a day."""
        return int(self.steps.shape[1])


# --- days -----------------------------------------------------------------------------------------
def whole_days(data: xr.Dataset, timesteps: pd.DatetimeIndex | None) -> Days:
    """Return the days that are to be clustered.

    Raises
    ------
    InputError
        If a day has other steps than the rest, or is masked in part.
    """
    index = pd.DatetimeIndex(data[TIME].values)
    hours = np.asarray(data["timestep_resolution"].values, dtype=np.float64)
    chosen = np.ones(len(index), dtype=bool) if timesteps is None else index.isin(timesteps)
    date = index.normalize()
    partly = date[chosen].intersection(date[~chosen])
    if len(partly):
        raise InputError(
            Problem(
                f"masks keep a part of {partly[0]:%Y-%m-%d}; with clusters they must keep whole"
                " days",
                key="model.time.masks",
                suggestion="Use `length: 1D` without padding in hours, or the function `resample`",
            )
        )
    positions = np.flatnonzero(chosen)
    if not len(positions):
        raise InputError(Problem("masks keep every day, none is left", key="model.time.masks"))
    starts = np.flatnonzero(np.append(True, date[positions][1:] != date[positions][:-1]))
    groups = np.split(positions, starts[1:])
    shape = [((index[g] - date[g]).to_numpy(), hours[g]) for g in groups]
    sizes = [len(g) for g in groups]
    usual = shape[int(np.argmax(np.array(sizes) == max(set(sizes), key=sizes.count)))]
    for group, (clock, length) in zip(groups, shape, strict=True):
        if not (np.array_equal(clock, usual[0]) and np.array_equal(length, usual[1])):
            raise InputError(
                Problem(
                    f"the steps of {date[group[0]]:%Y-%m-%d} are not those of the other days;"
                    " days can only be clustered if they are",
                    key="model.time.function",
                    value="apply_clustering",
                    suggestion="Choose whole days with `model.subset_time`",
                )
            )
    if abs(usual[1].sum() - 24.0) > 1e-9:
        raise InputError(
            Problem(
                f"the steps of a day are {usual[1].sum():g} h long together, not 24 h",
                key="model.time.function",
                value="apply_clustering",
            )
        )
    return Days(date[positions[starts]], np.array(groups, dtype=np.int64))


def _by_day(array: xr.DataArray, days: Days) -> Array:
    """Return a series' values, shape (rows, D, n), without limitless and empty rows."""
    values = np.asarray(array.values, dtype=np.float64)[..., days.steps]
    values = values.reshape(-1, *days.steps.shape)
    return values[np.isfinite(values).all(axis=(1, 2))]


def day_matrix(arrays: Iterator[xr.DataArray], days: Days) -> Array:
    """Return one row per day with the values of all series in its steps, shape (D, columns)."""
    columns = [_by_day(a, days).transpose(1, 0, 2).reshape(len(days.dates), -1) for a in arrays]
    matrix: Array = np.concatenate([np.zeros((len(days.dates), 0)), *columns], axis=1)
    if not matrix.shape[1]:
        raise InputError(Problem("there is no series by which days could be compared", key=KEY))
    return matrix


def selection(
    data: xr.Dataset, tech: str | Sequence[str] | None, variables: str | Sequence[str] | None
) -> Iterator[xr.DataArray]:
    """Yield the series by which days are compared."""
    series = dict(varying(data))
    wanted = [variables] if isinstance(variables, str) else variables
    for name in wanted or ():
        if name not in series:
            raise InputError(
                Problem(
                    "no technology has a series of this",
                    key=f"{KEY}.variables",
                    value=name,
                    suggestion=did_you_mean(name, series),
                )
            )
    techs = [tech] if isinstance(tech, str) else tech
    nodes = np.asarray(data["node"].values, dtype=str)
    names = np.asarray(data["node_tech"].values, dtype=str)
    for name in techs or ():
        if name not in nodes and name not in names:
            raise InputError(
                Problem(
                    "no such technology",
                    key=f"{KEY}.tech",
                    value=name,
                    suggestion=did_you_mean(name, {*nodes, *names}),
                )
            )
    for name in wanted or series:
        array = series[name]
        if techs:
            array = array.isel(node=np.isin(names, techs) | np.isin(nodes, techs))
        yield array


# --- which days are alike -------------------------------------------------------------------------
def _learner() -> Any:
    if importlib.util.find_spec("sklearn") is None:
        raise InputError(
            Problem(
                "clustering needs scikit-learn, which is not installed",
                key=f"{KEY}.clustering_func",
                suggestion="Install it with `pip install 'anello[clustering]'`, or give the"
                " clusters in a file",
            )
        )
    import sklearn.cluster

    return sklearn.cluster


def computed(
    matrix: Array, function: str, k: int | None, seed: int | None, notes: list[str]
) -> IntArray:
    """Return the cluster of each day, as a function of scikit-learn finds it."""
    cluster = _learner()
    if k is not None and k > len(matrix):
        raise InputError(Problem(f"there are only {len(matrix)} days", key=f"{KEY}.k", value=k))
    if function == "hierarchical":
        if k is None:
            raise InputError(
                Problem(
                    "hierarchical clustering needs the number of clusters",
                    key=f"{KEY}.k",
                    suggestion="Write `k: 10`",
                )
            )
        return np.asarray(cluster.AgglomerativeClustering(k).fit(matrix).labels_, dtype=np.int64)
    # One stream of random numbers for all fits, as Calliope 0.6 draws them. Without a seed the
    # same model still gives the same clusters.
    random = np.random.RandomState(seed or 0)

    def fit(count: int) -> Any:
        means = cluster.KMeans(count, init=spread_centres, n_init=RESTARTS, random_state=random)
        return means.fit(matrix)

    if k is None:
        k = _hartigan(fit, matrix)
        notes.append(f"`{KEY}.k`: Hartigan's rule finds {k} clusters")
    return np.asarray(fit(k).labels_, dtype=np.int64)


def spread_centres(points: Array, n_clusters: int, random_state: np.random.RandomState) -> Array:
    """Choose centres for k-means to start from, far from each other (k-means++).

    D. Arthur and S. Vassilvitskii, k-means++ (2007), with 2 + log(k) candidates for each centre, of
    which the best is taken. scikit-learn has drawn the first centre in another way since its
    version 1.3; the draws are written out here so that a seed means the same clusters with every
    version, those of Calliope 0.6 too.

    Parameters
    ----------
    points : ndarray, shape (n, columns)
        What is clustered.
    n_clusters : int
        Number of centres.
    random_state : numpy.random.RandomState
        Where the draws come from.

    Returns
    -------
    ndarray, shape (n_clusters, columns)
        The centres, each one of the points.
    """
    candidates = 2 + int(np.log(n_clusters))
    square = np.einsum("ij,ij->i", points, points)

    def distances(rows: IntArray) -> Array:
        far = square[rows, None] - 2.0 * points[rows] @ points.T + square[None, :]
        return np.asarray(np.maximum(far, 0.0), dtype=np.float64)

    chosen = [int(random_state.randint(len(points)))]
    nearest = distances(np.array(chosen))[0]
    for _ in range(1, n_clusters):
        draws = random_state.uniform(size=candidates) * nearest.sum()
        rows = np.searchsorted(np.cumsum(nearest), draws).clip(max=len(points) - 1)
        reached = np.minimum(nearest, distances(rows))
        best = int(np.argmin(reached.sum(axis=1)))
        nearest = reached[best]
        chosen.append(int(rows[best]))
    return np.asarray(points[chosen], dtype=np.float64)


def _hartigan(fit: Any, matrix: Array) -> int:
    """Return the number of clusters after which one more gains little.

    J. A. Hartigan, Clustering Algorithms (1975): one more cluster is worth it while
    (W_k / W_{k+1} - 1) (n - k - 1) > 10, with W the sum of squared distances to the centres.
    """
    n_days = len(matrix)
    none = 1e-12 * float(((matrix - matrix.mean(axis=0)) ** 2).sum())
    for k in range(1, n_days - 1):
        here, one_more = float(fit(k).inertia_), float(fit(k + 1).inertia_)
        if here <= none:
            return k
        if one_more > none and (here / one_more - 1.0) * (n_days - k - 1) <= HARTIGAN:
            return k
    return max(1, n_days - 1)


def clusters_of(given: pd.Series[Any], dates: pd.DatetimeIndex, where: str) -> IntArray:
    """Return the cluster of each day from a file with rows for days or for time steps."""
    key = f"{KEY}.clustering_func"
    by_date = given.groupby(pd.DatetimeIndex(given.index).normalize())
    missing = dates.difference(pd.DatetimeIndex(list(by_date.groups)))
    if len(missing):
        raise InputError(
            Problem(f"no cluster is given for {missing[0]:%Y-%m-%d}", key=key, value=where)
        )
    several = by_date.nunique(dropna=False).loc[dates]
    if (several > 1).any():
        day = several.index[int(np.argmax(several.to_numpy() > 1))]
        raise InputError(
            Problem(f"more than one cluster is given for {day:%Y-%m-%d}", key=key, value=where)
        )
    values = by_date.first().loc[dates].to_numpy(dtype=np.float64)
    whole = np.isfinite(values) & (values == np.round(values)) & (values >= 0)
    if not whole.all():
        day = dates[int(np.argmin(whole))]
        raise InputError(
            Problem(
                f"the cluster of {day:%Y-%m-%d} must be a whole number of at least 0",
                key=key,
                value=where,
            )
        )
    return values.astype(np.int64)
