"""Where the water comes from that arrives at each substation of a loop in a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anello.ring.geometry import Floats, Ints
from anello.ring.sweeps import LOCAL_SHARE


@dataclass(frozen=True)
class Arrivals:
    """Where the water of each step comes from, as it lies at the step's start.

    Attributes
    ----------
    here : ndarray of int, shape (T, N)
        Parcel about to pass each station.
    low, high : ndarray of int, shape (T, N)
        First and last parcel of the stretch that will arrive.
    low_part, high_part : ndarray, shape (T, N)
        Position of the stretch's ends within them [parcels].
    turn : ndarray, shape (T, N)
        1 where the stretch runs past the last parcel.
    way : ndarray, shape (T,)
        Length of the stretch [parcels]; 0 stands for the parcel at hand.

    Notes
    -----
    Of a parcel only the mean is known, and of the one at hand some has passed and holds heat of the
    station itself. What arrives is therefore read a parcel behind it, always a whole one, so that
    it follows the way of the water without a jump.
    """

    here: Ints
    low: Ints
    high: Ints
    low_part: Floats
    high_part: Floats
    turn: Floats
    way: Floats


def arrivals(shift: Floats, way: Floats, stations_at: Floats, parcels: int) -> Arrivals:
    """Return where the water of each step comes from.

    Parameters
    ----------
    shift, way : ndarray, shape (T,)
        Displacement of the water at the start of the step, and in it [parcels].
    stations_at : ndarray, shape (N,)
        Position of the stations [parcels].
    parcels : int
        Number of parcels.

    Returns
    -------
    Arrivals
        Indices and positions.
    """
    m = parcels
    place = stations_at - shift[:, None]
    forwards = (way >= 0)[:, None]
    standing = (np.abs(way) <= 1e-6)[:, None]
    # The parcel at hand; rounding must not decide which.
    passing = np.where(forwards, np.floor(place + 1e-9) - 1.0, np.ceil(place - 1e-9))
    stagnant = np.floor(place - LOCAL_SHARE)
    place = np.where(forwards, place - 1.0, place + 1.0)
    width = np.where(np.abs(way) >= m, float(m), np.abs(way))
    low = np.mod(np.where(forwards, place - width[:, None], place), m)
    low[low >= m] = 0.0
    high = low + width[:, None]
    turn = (high >= m).astype(float)
    high -= m * turn
    high = np.clip(high, 0.0, m - 1e-12)
    low_index, high_index = np.floor(low).astype(np.int64), np.floor(high).astype(np.int64)
    return Arrivals(
        here=np.mod(np.where(standing, stagnant, passing), m).astype(np.int64),
        low=low_index,
        high=np.minimum(high_index, m - 1),
        low_part=low - low_index,
        high_part=high - high_index,
        turn=turn,
        way=np.where(width > 1e-6, width, 0.0),
    )
