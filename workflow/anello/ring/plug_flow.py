"""Plug flow through a pipe as a sum over what flowed in, for a flow that is known beforehand.

What leaves a pipe in a step is what entered in a few steps before it, each part by its share and by
what its way has left of it. With water that enters at one temperature in each step, and ground that
has one in each, the mean outlet follows exactly:

    T_out,t = c_t + Σ_τ w_t,τ·T_in,τ

The ground's part is told by water that never moved: h' = −k·(h − T_ground), k = UA/C. Whatever
enters differs from h by T_in − h, and this difference fades by e^(−k·r) in the time r that it
stays, wherever it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Clock:
    """When how much water flows through all pipes, in S steps.

    Attributes
    ----------
    hours : ndarray, shape (S,)
        Length of the steps [h].
    flow_kw_per_k : ndarray, shape (S,)
        Heat capacity flow, positive [kW/K].
    """

    hours: Floats
    flow_kw_per_k: Floats

    @property
    def times_h(self) -> Floats:
        """Start of each step, and end of the last, shape (S + 1,) [h]."""
        return np.concatenate([np.zeros(1), np.cumsum(self.hours)])

    @property
    def moved_kwh_per_k(self) -> Floats:
        """Heat capacity that flows in each step, shape (S,) [kWh/K]."""
        moved: Floats = self.flow_kw_per_k * self.hours
        return moved


@dataclass(frozen=True)
class PlugFlow:
    """What a pipe does to the temperatures that enter it, in S steps.

    `into` is the mean of what enters in each step. The pipe holds C·still + held, which follows
    ``held' = fades·held + enters·into_t + starts − Σ_τ left·into_τ`` [kWh].

    Attributes
    ----------
    constant_degc : ndarray, shape (S,)
        Mean outlet, if 0 °C entered [°C].
    passes : ndarray, shape (S,)
        Share of a step's inlet in its own outlet: water that passes within the step [-].
    step, source : ndarray of int, shape (E,)
        Steps in which water leaves, and entered before.
    share : ndarray, shape (E,)
        Share of that inlet in that outlet [-].
    left : ndarray, shape (E,)
        Its heat, as it would be at the step's end, by its temperature [kWh/K].
    fades : ndarray, shape (S,)
        What a step leaves of a difference to still water [-].
    enters : ndarray, shape (S,)
        Heat of a step's inlet that is there at the step's end [kWh/K].
    starts_kwh : ndarray, shape (S,)
        Heat that the pipe holds more at the step's end, if 0 °C entered [kWh].
    still_degc : ndarray, shape (S + 1,)
        Water that never moved, at the start of each step and the end of the last [°C].
    """

    constant_degc: Floats
    passes: Floats
    step: Ints
    source: Ints
    share: Floats
    left: Floats
    fades: Floats
    enters: Floats
    starts_kwh: Floats
    still_degc: Floats


def plug_flow(
    clock: Clock,
    capacity_kwh_per_k: float,
    ua_kw_per_k: float,
    flow_share: float,
    ground_degc: Floats,
    initial_degc: float,
) -> PlugFlow:
    """Return what a pipe does to the temperatures that enter it.

    Parameters
    ----------
    clock : Clock
        Flow of the loop.
    capacity_kwh_per_k : float
        Heat capacity C of the pipe's water and wall [kWh/K].
    ua_kw_per_k : float
        Loss to the ground [kW/K].
    flow_share : float
        Flow in the pipe by that of the loop [-].
    ground_degc : ndarray, shape (S,)
        Temperature around the pipe [°C].
    initial_degc : float
        Water at the start [°C].
    """
    rate = ua_kw_per_k / capacity_kwh_per_k
    times, hours, moved = clock.times_h, clock.hours, clock.moved_kwh_per_k
    pumped = np.concatenate([np.zeros(1), np.cumsum(moved)])
    size = capacity_kwh_per_k / flow_share
    still = _still(rate, hours, ground_degc, initial_degc)
    above = still[:-1] - ground_degc
    # Water between two cuts entered in one step and leaves in one.
    cuts = np.union1d(pumped, np.minimum(pumped + size, pumped[-1]))
    low, high, middle = cuts[:-1], cuts[1:], 0.5 * (cuts[1:] + cuts[:-1])
    entered = middle > size  # the rest was there at the start, and is as warm as still water
    low, high, middle = low[entered], high[entered], middle[entered]
    step = np.clip(np.searchsorted(pumped, middle) - 1, 0, hours.size - 1).astype(np.int64)
    source = np.clip(np.searchsorted(pumped, middle - size) - 1, 0, step).astype(np.int64)

    def when(at: Floats, within: Ints) -> Floats:
        part = np.clip((at - pumped[within]) / moved[within], 0.0, 1.0)
        moment: Floats = times[within] + part * hours[within]
        return moment

    out = when(low, step), when(high, step)
    into = when(low - size, source), when(high - size, source)
    parts = (high - low) / moved[step]
    share = parts * _mean_keep(rate, out[0] - into[0], out[1] - into[1])
    since = [moment - times[source] for moment in out]
    fixed = share * ground_degc[source]
    fixed += parts * above[source] * _mean_keep(rate, since[0], since[1])
    end = times[step + 1]
    mass = flow_share * (high - low)
    left = mass * _mean_keep(rate, end - into[0], end - into[1])
    left_fixed = left * ground_degc[source]
    left_fixed += mass * above[source] * np.exp(-rate * (end - times[source]))
    fades = np.exp(-rate * hours)
    fresh = flow_share * moved
    enters = fresh * _mean_keep(rate, hours, np.zeros_like(hours))
    starts = -enters * ground_degc - fresh * above * fades
    steps = hours.size
    constant = ground_degc + above * _mean_keep(rate, np.zeros_like(hours), hours)
    constant -= np.bincount(step, fixed, minlength=steps)
    starts += np.bincount(step, left_fixed, minlength=steps)
    own = step == source
    passes = np.bincount(step[own], share[own], minlength=steps).astype(np.float64)
    enters = enters - np.bincount(step[own], left[own], minlength=steps)
    other = ~own
    return PlugFlow(
        constant,
        passes,
        step[other],
        source[other],
        share[other],
        left[other],
        fades,
        enters,
        starts,
        still,
    )


def _still(rate: float, hours: Floats, ground_degc: Floats, initial_degc: float) -> Floats:
    """Return the temperature of water that never moves, shape (S + 1,) [°C]."""
    still = np.empty(hours.size + 1)
    still[0] = now = initial_degc
    keeps = np.exp(-rate * hours).tolist()
    for step, (keep, ground) in enumerate(zip(keeps, ground_degc.tolist(), strict=True)):
        now = ground + (now - ground) * keep
        still[step + 1] = now
    return still


def _mean_keep(rate: float, first_h: Floats, last_h: Floats) -> Floats:
    """Return the mean of e^(−k·r) over stays r from the first to the last, shape (E,) [-]."""
    exponent = rate * (last_h - first_h)
    small = np.abs(exponent) < 1e-8
    safe = np.where(small, 1.0, exponent)
    mean = np.where(small, 1.0 - 0.5 * exponent, -np.expm1(-safe) / safe)
    kept: Floats = np.exp(-rate * first_h) * mean
    return kept
