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
        Parcel that is passing each station.
    behind : ndarray of int, shape (T, N)
        The parcel that passes next.
    own : ndarray, shape (T, N)
        How much of what will arrive is read behind the parcel at hand, see Notes [parcels].
    low, high : ndarray of int, shape (T, N)
        First and last parcel of the stretch that will arrive.
    low_part, high_part : ndarray, shape (T, N)
        Position of the stretch's ends within them [parcels].
    turn : ndarray, shape (T, N)
        How often all parcels arrive beside the stretch: whole turns of the water, and one more
        where the stretch runs past the last parcel.
    way : ndarray, shape (T,)
        Length of the stretch with all turns [parcels]; 0 stands for the parcel at hand.

    Notes
    -----
    Of a parcel only the mean is known, and what of it has passed already holds heat of the station
    itself. The less of it has yet to pass, the more is read from the parcel behind it. So what
    arrives follows the way of the water without a jump.
    """

    here: Ints
    behind: Ints
    own: Floats
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
    border = np.where(forwards, np.floor(place), np.ceil(place))
    rest = np.abs(place - border)
    standing = (np.abs(way) <= 1e-6)[:, None]
    here = np.where(forwards, border, border - 1.0)
    behind = np.where(forwards, here - 1.0, here + 1.0)
    stagnant = np.floor(place - LOCAL_SHARE)
    here, behind = np.where(standing, stagnant, here), np.where(standing, stagnant, behind)
    turns = np.floor(np.abs(way) / m)
    width = np.abs(way) - turns * m
    # What is read for the second time is read as it is.
    unread = np.minimum(rest, np.minimum(width, m - width)[:, None])
    unread[turns > 0.0] = 0.0
    low = np.mod(np.where(forwards, place - width[:, None], place), m)
    low[low >= m] = 0.0
    high = low + width[:, None]
    turn = (high >= m).astype(float)
    high -= m * turn
    high = np.clip(high, 0.0, m - 1e-12)
    low_index, high_index = np.floor(low).astype(np.int64), np.floor(high).astype(np.int64)
    return Arrivals(
        here=np.mod(here, m).astype(np.int64),
        behind=np.mod(behind, m).astype(np.int64),
        own=unread * (1.0 - rest),
        low=low_index,
        high=np.minimum(high_index, m - 1),
        low_part=low - low_index,
        high_part=high - high_index,
        turn=turn + turns[:, None],
        way=np.where(np.abs(way) > 1e-6, np.abs(way), 0.0),
    )
