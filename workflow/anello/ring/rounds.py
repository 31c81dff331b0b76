"""Water that exchangers meet more than once in a step: it comes round, or is well mixed.

Water that other heat warms evenly over a step, and that passes an exchanger n times in it, obeys

    T_{k+1} = T_k + (x/n)·(T_body − T_k) + p

from round to round, with ``x = G·h/C`` for an exchanger of conductance G, a step of h hours and all
water's heat capacity C. What arrives at the exchanger is on average over the step

    T̃ = T_arriving + w·(T_end − T_start),   w(x, n) = 1/(1 − (1 − x/n)^n) − 1/x,

with what arrives as it is at the step's start, and the change of the mean of all water in the step.
With one round w is nothing; with ever more rounds the loop becomes well-mixed water, which has
``w = 1/(1 − e^(−x)) − 1/x``, and more where it loses heat itself; see `weights_in_mixed_water`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from anello.ring.audit import mean_weight

Floats = NDArray[np.float64]

_SMALL = 1e-3
"""Below this x, the first terms of its series are more exact than w itself [-]."""
_SETTLED_K = 1e-12
"""Two ends of a step that are this near are one [K]."""
_TRIES = 100
"""Trials after which the end of a step is as near as rounding lets it be [-]."""


def rounds(flow_kw_per_k: float, k_per_kw: float) -> float:
    """Return how often all water passes in a step, at least once [-].

    Parameters
    ----------
    flow_kw_per_k : float
        Heat capacity flow of the water [kW/K].
    k_per_kw : float
        Rise of the mean of all water per kW over the step, h/C [K/kW].
    """
    return max(1.0, flow_kw_per_k * k_per_kw)


def weight_of_change(x: float, n: float) -> float:
    """Return how much of the water's change in a step an exchanger has met on average, w [-].

    Parameters
    ----------
    x : float
        Conductance of the exchanger relative to the water's heat capacity in the step, G·h/C;
        from 0 to n [-].
    n : float
        How often the water comes round, at least once [-].

    Returns
    -------
    float
        ``1/(1 − (1 − x/n)^n) − 1/x``: 0 for n = 1, ``½·(1 − 1/n)`` for x → 0, ``1 − 1/n`` for
        x = n.
    """
    if n <= 1.0:
        return 0.0
    least = 1.0 / n
    if x < _SMALL:
        bend = (1.0 - least * least) / 12.0
        return 0.5 * (1.0 - least) + x * bend * (1.0 + 0.5 * least * x)
    left = 1.0 - x / n
    return (-1.0 / expm1(n * log1p(-x / n)) if left > 0.0 else 1.0) - 1.0 / x


def weights_of_change(
    conductance: Floats, flow_kw_per_k: Floats, k_per_kw: Floats, reached: Floats | None = None
) -> Floats:
    """Return `weight_of_change` of each step, shape (T,) [-].

    Parameters
    ----------
    conductance, flow_kw_per_k : ndarray, shape (T,)
        Of the exchanger, and heat capacity flow of the water [kW/K].
    k_per_kw : ndarray, shape (T,)
        Rise of the mean of all water per kW over each step, h/C [K/kW].
    reached : ndarray, shape (T,), optional
        Share of all water that comes by in the step, see `reached_share`; all of it unless told
        [-]. What comes by has all of the change.
    """
    share = np.ones_like(k_per_kw) if reached is None else reached
    rises = k_per_kw / share
    steps = zip(conductance.tolist(), flow_kw_per_k.tolist(), rises.tolist(), strict=True)
    weights = np.array(
        [weight_of_change(each * rise, rounds(flow, rise)) for each, flow, rise in steps]
    )
    return weights / share


def reached_share(
    capacity_kwh_per_k: float,
    branch_kwh_per_k: Floats,
    branch_flow: Floats,
    flow_kw_per_k: Floats,
    step_h: Floats,
) -> Floats:
    """Return the share of all water that comes by in a step, or could, shape (T,) [-].

    Of a branch it is what flows in within the step, if that is less than what the branch holds.

    Parameters
    ----------
    capacity_kwh_per_k : float
        Heat capacity of all water [kWh/K].
    branch_kwh_per_k, branch_flow : ndarray, shape (P,)
        Heat capacity of each branch's two pipes [kWh/K], and its flow by that of the loop [-].
    flow_kw_per_k, step_h : ndarray, shape (T,)
        Heat capacity flow of the loop [kW/K], and length of each step [h].
    """
    comes = np.outer(branch_flow, np.abs(flow_kw_per_k) * step_h)
    stays = np.maximum(branch_kwh_per_k[:, None] - comes, 0.0).sum(axis=0)
    share: Floats = 1.0 - stays / capacity_kwh_per_k
    return share


def weights_in_mixed_water(conductance: Floats, loss_kw_per_k: float, k_per_kw: Floats) -> Floats:
    """Return how much of well-mixed water's change in a step an exchanger meets, shape (T,) [-].

    Water that an exchanger and a loss pull at, and other heat warms evenly, follows an exponential
    with a = x + b, of the exchanger's x = G·h/C and the loss's b = UA·h/C. Its balance over a step
    holds the exchanger's heat as an even flow (:func:`anello.ring.mixed.step_coefficients`), and
    ends where the exponential does with

    ``w = (a/(1 − e^(−a)) − b/(1 − e^(−b)))/x``,

    which is ``1/(1 − e^(−x)) − 1/x`` without loss, and from ½ for little exchange to 1 for much.

    Parameters
    ----------
    conductance : ndarray, shape (T,)
        Of the exchanger, G [kW/K].
    loss_kw_per_k : float
        Of the water to the ground, UA [kW/K].
    k_per_kw : ndarray, shape (T,)
        Rise of the water per kW over each step without loss, h/C [K/kW].
    """
    x, b = conductance * k_per_kw, loss_kw_per_k * k_per_kw
    # Of little exchange a slope, over more of it: the difference of nearly equal terms is noise.
    width = np.maximum(x, _SMALL)
    low = b + 0.5 * (x - width)
    high = low + width
    weights: Floats = (high * mean_weight(high) - low * mean_weight(low)) / width
    return weights


def settled(end_of: Callable[[float], float], guess_degc: float) -> float:
    """Return the end of a step that leads to itself [°C].

    What exchangers do in a step depends on where the water ends, and where it ends on what they do.

    Parameters
    ----------
    end_of : callable
        Where the water ends, if exchangers do what they would if it ended somewhere [°C]. It must
        not rise: the warmer the end, the less heat they bring.
    guess_degc : float
        Where to begin [°C].
    """
    low = high = guess_degc
    below = above = end_of(guess_degc) - guess_degc
    if abs(below) <= _SETTLED_K:
        return guess_degc
    # An end that does not rise with the guess lies no further than the first answer.
    if below > 0.0:
        high = guess_degc + below
        above = end_of(high) - high
    else:
        low = guess_degc + below
        below = end_of(low) - low
    if abs(above) <= _SETTLED_K:
        return high
    if abs(below) <= _SETTLED_K:
        return low
    # Straight pieces, which a bracketed secant follows (Illinois).
    side = 0
    for _ in range(_TRIES):
        middle = (low * above - high * below) / (above - below)
        gap = end_of(middle) - middle
        if abs(gap) <= _SETTLED_K or not low < middle < high:
            return middle
        if gap > 0.0:
            low, below = middle, gap
            above *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            high, above = middle, gap
            below *= 0.5 if side == -1 else 1.0
            side = -1
    return middle
