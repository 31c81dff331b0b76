"""Water of one pipe in plug flow, of either direction, that loses heat to ground on its way.

The water is a row of parcels that never mix. Each holds its heat as a base and an exponential along
it, which is what a stretch of water has that entered evenly warm and lost heat since; so outlet and
loss are those of plug flow, exactly, for an inlet that is constant in each step, however long the
step is against the time the water stays. Only where a row grows too long do neighbours merge.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def along(slope: Floats, length: Floats) -> Floats:
    """Return ∫ exp(a·s) ds from 0 to a length: its length where a is nothing."""
    exponent = slope * length
    exponent[exponent == 0.0] = 1e-300
    result: Floats = length * np.expm1(exponent) / exponent
    return result


class Line:
    """One pipe of a line.

    Parameters
    ----------
    capacity_kwh_per_k : float
        Heat capacity of its water and wall [kWh/K].
    ua_kw_per_k : float
        Loss to the ground [kW/K].
    degc : float
        Temperature at the start [°C].
    most : int
        Parcels at most.
    """

    def __init__(
        self, capacity_kwh_per_k: float, ua_kw_per_k: float, degc: float, most: int
    ) -> None:
        self.capacity, self.most = capacity_kwh_per_k, max(most, 2)
        self.rate = ua_kw_per_k / capacity_kwh_per_k
        # From the outlet on: heat capacity, base, exponential at the parcel's outlet side, slope.
        self._size = np.array([capacity_kwh_per_k])
        self._base, self._extra = np.array([degc]), np.zeros(1)
        self._slope = np.zeros(1)
        self._outward = True
        self._flow = self._ground = self._passing = self._entering = 0.0
        self.lost_kwh = 0.0

    # --- what it holds ----------------------------------------------------------------------------

    def heat_kwh(self) -> float:
        """Return the heat content above 0 °C [kWh]."""
        held = self._base * self._size + self._extra * along(self._slope, self._size)
        return float(held.sum())

    def filled(self) -> float:
        """Return the heat capacity of all parcels, which is the pipe's [kWh/K]."""
        return float(self._size.sum())

    def end_degc(self, outward: bool) -> float:
        """Return the water at the far end (or the near one) [°C]."""
        if outward == self._outward:
            return float(self._base[0] + self._extra[0])
        last = self._extra[-1] * np.exp(self._slope[-1] * self._size[-1])
        return float(self._base[-1] + last)

    def from_the_near_end(self) -> tuple[Floats, Floats]:
        """Return heat capacity and heat up to each parcel's end, shape (P + 1,) [kWh/K, kWh]."""
        held = self._base * self._size + self._extra * along(self._slope, self._size)
        size = self._size
        if self._outward:
            size, held = size[::-1], held[::-1]
        zero = np.zeros(1)
        return np.concatenate([zero, size.cumsum()]), np.concatenate([zero, held.cumsum()])

    def warm(self, heat_kwh: Floats) -> None:
        """Add heat to each parcel, from the near end on, shape (P,) [kWh]."""
        self._base = self._base + (heat_kwh[::-1] if self._outward else heat_kwh) / self._size

    # --- a step -----------------------------------------------------------------------------------

    def begin(self, flow_kw_per_k: float, hours: float, ground_degc: float) -> tuple[float, float]:
        """Let a step's water flow out, and say what it is like.

        Parameters
        ----------
        flow_kw_per_k : float
            Heat capacity flow, positive away from the near end [kW/K].
        hours : float
            Length of the step [h].
        ground_degc : float
            Temperature around the pipe [°C].

        Returns
        -------
        constant, gain : float
            Mean of the water that flows out is constant + gain·(mean of what flows in) [°C, -].
        """
        self._ground, self._flow = ground_degc, abs(flow_kw_per_k)
        moved = self._flow * hours
        keep = float(np.exp(-self.rate * hours))
        self._entering = self._passing = 0.0
        if moved == 0.0:
            self.lost_kwh = (1.0 - keep) * (self.heat_kwh() - ground_degc * self.capacity)
            self._fade(keep)
            return 0.0, 0.0
        if (flow_kw_per_k > 0.0) != self._outward:
            self._turn()
        per = self.rate / self._flow  # loss exponent per heat capacity on the way
        out = min(moved, self.capacity)
        first = np.concatenate([np.zeros(1), self._size.cumsum()])[:-1]
        going = first < out
        start, size = first[going], np.minimum(self._size[going], out - first[going])
        if out == self.capacity:  # whatever the sum of the parcels rounds to
            size = self._size
        base, extra = self._base[going] - ground_degc, self._extra[going]
        slope = self._slope[going]
        before = float((base * size + extra * along(slope, size)).sum())
        steep = np.full(size.size, -per)
        kept = np.exp(-per * start) * (base * along(steep, size) + extra * along(slope - per, size))
        after = float(kept.sum())
        self.lost_kwh = before - after
        self._leave(size, int(going.sum()), out)
        rest = self.heat_kwh() - ground_degc * self.filled()
        self.lost_kwh += (1.0 - keep) * rest
        self._fade(keep)
        self._entering, self._passing = out, moved - out
        through = float(np.exp(-per * self.capacity)) if self._passing > 0.0 else 0.0
        constant = ground_degc * (out + self._passing * (1.0 - through)) + after
        return constant / moved, self._passing * through / moved

    def finish(self, inlet_degc: float) -> None:
        """Let the step's water flow in, at its mean temperature [°C]."""
        if self._entering == 0.0:
            return
        above, per = inlet_degc - self._ground, self.rate / self._flow
        size, exponent = self._entering, max(per * self._entering, 1e-300)
        stays = -size * math.expm1(-exponent) / exponent
        self.lost_kwh += above * (size - stays)
        self.lost_kwh -= above * self._passing * math.expm1(-per * self.capacity)
        self._size = np.concatenate([self._size, [size]])
        self._base = np.concatenate([self._base, [self._ground]])
        self._extra = np.concatenate([self._extra, [above * math.exp(-per * size)]])
        self._slope = np.concatenate([self._slope, [per]])
        while self._size.size > self.most:
            self._merge()

    # --- parts ------------------------------------------------------------------------------------

    def _leave(self, gone: Floats, count: int, out: float) -> None:
        if out == self.capacity:
            count, left = self._size.size, 0.0
        else:
            left = float(self._size[count - 1] - gone[-1])
        if left > 1e-12 * self.capacity:
            place = count - 1
            self._extra = self._extra.copy()
            self._extra[place] *= np.exp(self._slope[place] * gone[-1])
            self._size = self._size.copy()
            self._size[place] = left
            count = place
        elif count < self._size.size:  # a crumb goes with the parcel behind it
            self._size = self._size.copy()
            self._size[count] += left
        self._size, self._base = self._size[count:], self._base[count:]
        self._extra, self._slope = self._extra[count:], self._slope[count:]

    def _fade(self, keep: float) -> None:
        self._base = self._ground + (self._base - self._ground) * keep
        self._extra = self._extra * keep

    def _turn(self) -> None:
        self._extra = (self._extra * np.exp(self._slope * self._size))[::-1]
        self._slope = -self._slope[::-1]
        self._size, self._base = self._size[::-1], self._base[::-1]
        self._outward = not self._outward

    def _merge(self) -> None:
        """Join the two neighbours that are most alike, with all of their heat."""
        means = self._base + self._extra * along(self._slope, self._size) / self._size
        one, other = self._size[:-1], self._size[1:]
        spoilt = one * other / (one + other) * np.diff(means) ** 2
        at = int(spoilt.argmin())
        whole = self._size[at] + self._size[at + 1]
        mean = (means[at] * self._size[at] + means[at + 1] * self._size[at + 1]) / whole
        keep = np.arange(self._size.size) != at + 1
        self._size, self._base = self._size[keep], self._base[keep]
        self._extra, self._slope = self._extra[keep], self._slope[keep]
        self._size[at], self._base[at] = whole, mean
        self._extra[at] = self._slope[at] = 0.0


def exchange(
    warm: Line, cold: Line, kw_per_k: float, hours: float, flow_kw_per_k: float = 0.0
) -> None:
    """Let two pipes that lie side by side exchange heat over a step, before its water flows.

    What stays in the pipes for the whole step comes nearer by exp(−2·X·h/C). Where the water is
    renewed in the step, each filling does so for the time it stays, and all of it is booked on the
    water that is there at the start, which leaves in this step.

    Parameters
    ----------
    warm, cold : Line
        The pipes, of the same heat capacity.
    kw_per_k : float
        Conductance X between them [kW/K].
    hours : float
        Length of the step [h].
    flow_kw_per_k : float
        Heat capacity flow of the step, of either sign [kW/K].
    """
    # ASSUME: a parcel takes its part of the exchange as a whole, once a step: an error of second
    # order in X·h/C, a thousandth of the exchange where that is 0.05.
    if kw_per_k == 0.0:
        return
    capacity = warm.capacity
    (at_warm, heat_warm), (at_cold, heat_cold) = warm.from_the_near_end(), cold.from_the_near_end()
    cuts = np.union1d(at_warm, at_cold)
    difference = np.diff(np.interp(cuts, at_warm, heat_warm))
    difference -= np.diff(np.interp(cuts, at_cold, heat_cold))
    fillings = max(abs(flow_kw_per_k) * hours / capacity, 1.0)
    share = fillings * 0.5 * -np.expm1(-2.0 * kw_per_k * hours / (capacity * fillings))
    passed = np.concatenate([np.zeros(1), (share * difference).cumsum()])
    warm.warm(-np.diff(np.interp(at_warm, cuts, passed)))
    cold.warm(np.diff(np.interp(at_cold, cuts, passed)))
