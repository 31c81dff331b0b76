"""What passes a place while the water moves: sweeps, and the heat lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anello.ring.geometry import Floats, Geometry, Ints

LOCAL_SHARE = 0.05  # heat into standing water goes to this share of a parcel's width


@dataclass(frozen=True)
class Sweep:
    """How the substations' heat spreads over the parcels, for S substeps, N stations, M parcels.

    Attributes
    ----------
    turns : ndarray, shape (S,)
        Whole turns of the water in the substep [-].
    share : ndarray, shape (S,)
        Share of the substep's heat that falls into the remaining part of a turn [-].
    index, weight : ndarray, shape (S, 4·N) and (S, 4, N)
        Where and how the heat of each station enters the first running sum.
    tilt_index, tilt_weight : ndarray, shape (S, 2·N) and (S, 2, N)
        Likewise the second running sum, which carries slopes.
    """

    turns: Floats
    share: Floats
    index: Ints
    weight: Floats
    tilt_index: Ints
    tilt_weight: Floats


def sweeps(
    start: Floats, length: Floats, stations_at: Floats, parcels: int, decay: Floats
) -> Sweep:
    """Return how heat of each station spreads over the parcels that pass it.

    A parcel that passed early in the step loses more of the heat until its end; since losses act
    half before and half after the heat arrives, the density of heat is tilted by that exponent,
    without changing its total.

    Parameters
    ----------
    start : ndarray, shape (S,)
        Displacement of the water at the start of the substep [parcels].
    length : ndarray, shape (S,)
        Displacement in the substep; negative against the order of the stations [parcels].
    stations_at : ndarray, shape (N,)
        Position of the stations [parcels].
    parcels : int
        Number of parcels M.
    decay : ndarray, shape (S, N)
        Loss exponent of the substep behind each station [-].

    Returns
    -------
    Sweep
        Indices and weights for unit heat.
    """
    magnitude = np.abs(length)
    turns = np.floor(magnitude / parcels)
    rest = magnitude - turns * parcels
    share = np.where(turns > 0, rest / np.maximum(magnitude, 1e-300), 1.0)
    width = np.maximum(rest, LOCAL_SHARE)
    forwards = length >= 0
    # Parcels upstream of a station pass it; whole turns do not change which ones.
    low = stations_at - start[:, None] - np.where(forwards, width, 0.0)[:, None]
    low = np.mod(low, parcels)
    low[low >= parcels] = 0.0
    high = low + width[:, None]
    tilt = np.where(forwards[:, None], decay, -decay) * share[:, None]
    tilt[rest < LOCAL_SHARE] = 0.0
    density = 1.0 / width[:, None]
    slope = -tilt / width[:, None] ** 2

    def entries(at: Floats, jump: Floats, bend: Floats) -> tuple[Ints, Floats, Floats]:
        whole = np.floor(at)
        part = at - whole
        first = jump * (1.0 - part) + bend * (1.0 - part) ** 2 / 2.0
        second = jump * part + bend * ((1.5 - part) - (1.0 - part) ** 2 / 2.0)
        return whole.astype(np.int64), first, second

    low_index, low_first, low_second = entries(low, density * (1.0 + tilt / 2.0), slope)
    high_index, high_first, high_second = entries(high, -density * (1.0 - tilt / 2.0), -slope)
    return Sweep(
        turns=turns,
        share=share,
        index=np.concatenate([low_index, low_index + 1, high_index, high_index + 1], axis=1),
        weight=np.stack([low_first, low_second, high_first, high_second], axis=1),
        tilt_index=np.concatenate([low_index + 2, high_index + 2], axis=1),
        tilt_weight=np.stack([slope, -slope], axis=1),
    )


class WaterPath:
    """Loss exponents and ground temperatures along the water's way.

    The exponent of a parcel is its loss coefficient per unit of way, averaged over its length and
    its way, times the time this takes. Parcels are evenly spaced, so tables of running totals on a
    fine grid serve all of them. The ground temperature is split into products of a function of
    time and one of place (a Kusuda wave has three), each with a table of its own.
    """

    FINE = 16
    BLOCK = 256

    def __init__(self, shape: Geometry, parcels: int, ground: Floats) -> None:
        self.parcel_kwh_per_k = shape.capacity_kwh_per_k / parcels
        self.parcels = parcels
        self.borders = shape.position_kwh_per_k / self.parcel_kwh_per_k
        self.rate = shape.ua_kw_per_k / np.diff(self.borders) / self.parcel_kwh_per_k
        self.worst_rate = float(self.rate.max())
        self.even = bool(
            np.ptp(self.rate) <= 1e-12 * self.worst_rate and (np.ptp(ground, axis=1) <= 1e-12).all()
        )
        self.mean_ground = ground @ shape.ua_kw_per_k / max(float(shape.ua_kw_per_k.sum()), 1e-300)
        if self.even:
            return
        left, size, right = np.linalg.svd(ground, full_matrices=False)
        rank = max(1, int((size > 1e-12 * size[0]).sum()))
        self.in_time = left[:, :rank] * size[:rank]
        self._tables = [self._table(self.rate)]
        self._tables += [self._table(self.rate * row) for row in right[:rank]]

    def _table(self, rate: Floats) -> Floats:
        """Return ∫ of the running total over one parcel length, on a fine grid over three turns."""
        m = self.parcels
        borders = np.concatenate([self.borders[:-1] + turn * m for turn in range(4)] + [[4.0 * m]])
        slope = np.tile(rate, 4)
        width = np.diff(borders)
        once = np.concatenate([[0.0], np.cumsum(slope * width)])
        twice = np.concatenate([[0.0], np.cumsum(once[:-1] * width + slope * width**2 / 2.0)])

        def integral(at: Floats) -> Floats:
            cell = np.clip(np.searchsorted(borders, at, side="right") - 1, 0, width.size - 1)
            inside = at - borders[cell]
            value: Floats = twice[cell] + inside * (once[cell] + slope[cell] * inside / 2.0)
            return value

        grid = np.arange((4 * m - 1) * self.FINE + 1) / self.FINE
        return integral(grid + 1.0) - integral(grid)

    @property
    def passed(self) -> Floats:
        """Loss rate summed along the way to each station, and of a turn, (N + 1,) [parcels/h]."""
        return np.concatenate([[0.0], np.cumsum(self.rate * np.diff(self.borders))])

    def behind(self, way: Floats, hours: Floats) -> Floats:
        """Return the loss exponent of a substep from each station on, shape (S, N)."""
        running = self.passed
        start = self.borders[:-1]

        def total(at: Floats) -> Floats:
            turns = np.floor(at / self.parcels)
            inside = np.interp(at - turns * self.parcels, self.borders, running)
            value: Floats = turns * running[-1] + inside
            return value

        moved = np.where(np.abs(way) > 1e-3, way, 1e-3)[:, None]
        exponent: Floats = (total(start + moved) - total(start)) / moved * hours[:, None]
        return exponent

    def until_arrival(self, way: Floats, hours: Floats) -> Floats:
        """Return the loss exponent of water from a step's start until it arrives, (T, N).

        It is the mean over all water that arrives at a station in the step; where that comes round,
        of its last turn, as what the mean of all water loses before counts from the next step on.
        """
        once, m = self.passed, self.parcels
        width = np.diff(self.borders)
        twice = np.concatenate([[0.0], np.cumsum(width * (once[:-1] + once[1:]) / 2.0)])

        def integral(at: Floats) -> Floats:
            """Return ∫ of the summed rate, over any number of turns."""
            turns = np.floor(at / m)
            inside = at - turns * m
            cell = np.clip(
                np.searchsorted(self.borders, inside, side="right") - 1, 0, width.size - 1
            )
            part = inside - self.borders[cell]
            value: Floats = twice[cell] + part * (once[cell] + self.rate[cell] * part / 2.0)
            value += turns * (twice[-1] + once[-1] * (m * (turns - 1.0) / 2.0 + inside))
            return value

        at = self.borders[:-1]
        turns = np.maximum(np.abs(way) / m, 1.0)
        moved, hours = way / turns, hours / turns
        moved = np.where(np.abs(moved) > 1e-3, moved, 1e-3)[:, None]
        mean = (integral(at + np.zeros_like(moved)) - integral(at - moved)) / moved
        exponent: Floats = (once[:-1] - mean) / moved * hours[:, None]
        return exponent

    def block(
        self, start: Floats, way: Floats, hours: Floats, steps: Ints
    ) -> tuple[Floats, Floats]:
        """Return loss exponent and ground temperature of each parcel.

        Parameters
        ----------
        start, way : ndarray, shape (B,)
            Displacement of the water at the start, and still to come [parcels].
        hours : ndarray, shape (B,)
            Time this takes [h].
        steps : ndarray of int, shape (B,)
            Time step, for the ground temperature.

        Returns
        -------
        exponent, ground : ndarray, shape (B, M)
            Loss exponent [-] and the ground temperature it pulls to [°C].
        """
        m = self.parcels
        # Beyond a turn every parcel meets the same; standing water meets where it stands.
        way = np.clip(way, -float(m), float(m))
        way = np.where(np.abs(way) < 0.25, 0.25, way)
        low = np.mod(np.minimum(start, start + way), m)
        width = np.abs(way)
        origin = np.arange(m) * self.FINE

        def read(table: Floats, at: Floats) -> Floats:
            place = at * self.FINE
            whole = place.astype(np.int64)
            index = whole[:, None] + origin
            low_value: Floats = table[index]
            low_value += (place - whole)[:, None] * (table[index + 1] - low_value)
            return low_value

        slopes = [read(table, low + width) - read(table, low) for table in self._tables]
        # Where nothing is lost, rounding must not decide to what temperature.
        lossy = slopes[0] > 1e-9 * self.worst_rate * width[:, None]
        exponent = np.where(lossy, slopes[0] * (hours / width)[:, None], 0.0)
        pull = np.zeros_like(exponent)
        for column, slope in enumerate(slopes[1:]):
            pull += self.in_time[steps, column][:, None] * slope
        around = np.where(
            lossy, pull / np.where(lossy, slopes[0], 1.0), self.mean_ground[steps][:, None]
        )
        return exponent, around
