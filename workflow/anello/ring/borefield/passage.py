"""Water that passes a strong exchanger: it leaves more even than it came."""

from __future__ import annotations

from math import ceil, floor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Stretch(Protocol):
    """Where the water of each step comes from; `anello.ring.loop_run.Arrivals`."""

    @property
    def low(self) -> Ints: ...  # noqa: D102
    @property
    def low_part(self) -> Floats: ...  # noqa: D102
    @property
    def way(self) -> Floats: ...  # noqa: D102


def evened(parcels: Floats, coming: Stretch, step: int, place: int, share: float) -> Floats:
    """Return the parcels with less difference among those that pass a place in a step.

    Heat is spread evenly over the water that passes. An exchanger gives more to the colder part of
    it: of a parcel's difference from the mean, ``1 − share`` is left behind it. Without this, a
    difference that once arose would go around for ever. Energy stays.

    Parameters
    ----------
    parcels : ndarray, shape (M,)
        Temperatures at the start of the step [°C].
    coming : Arrivals
        Where the water of each step comes from.
    step, place : int
        Time step, and station.
    share : float
        Part of the difference to the other side that the exchanger closes [-].

    Returns
    -------
    ndarray, shape (M,)
        Temperatures [°C].
    """
    way, count = float(coming.way[step]), parcels.size
    if way == 0.0 or share <= 0.0:
        return parcels
    if way >= count:
        mixed: Floats = parcels + min(share, 1.0) * (parcels.mean() - parcels)
        return mixed
    start = float(coming.low[step, place] + coming.low_part[step, place])
    cells = np.arange(floor(start), ceil(start + way))
    inside = np.minimum(cells + 1.0, start + way) - np.maximum(cells, start)
    at = cells % count
    mean = float(inside @ parcels[at]) / float(inside.sum())
    change = np.zeros(count)
    np.add.at(change, at, min(share, 1.0) * inside * (mean - parcels[at]))
    found: Floats = parcels + change
    return found
