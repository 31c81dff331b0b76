"""A g-function as a chain of thermal resistors and capacitors in parallel pairs (Foster)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem

Floats = NDArray[np.float64]
SHORTEST_H = 0.5
"""Shortest time constant [h]."""
KERNEL_H = 72.0
"""Span in which the answer to a varying load is fitted hour by hour [h]."""
KERNEL_WITHIN = 0.05
"""Largest root of the summed squares of what the hourly answers deviate by [-]: 0.04 K for a load
that varies at random by 10 W/m in soil of 2 W/(m·K)."""
STEADY_WITHIN = 0.003
"""Largest deviation of the answer to a steady load after `KERNEL_H`, relative to it [-]."""
_FEWEST, _MOST = 8, 24
_TIMES = 300
_VARYING = 2.0  # weight of hourly growth beside the relative deviation of g


@dataclass(frozen=True)
class Foster:
    """``g(t) ≈ Σ R_j·(1 − exp(−t/τ_j))``.

    Attributes
    ----------
    resistance : ndarray, shape (J,)
        R_j, positive [-].
    tau_h : ndarray, shape (J,)
        Time constants τ_j, rising [h].
    varying : float
        Root of the summed squares of what the hourly answers deviate by, within `KERNEL_H` [-].
    steady : float
        Largest relative deviation of g after `KERNEL_H` [-].
    """

    resistance: Floats
    tau_h: Floats
    varying: float
    steady: float

    def g(self, hours: Floats) -> Floats:
        """Return the fitted g-function at times of shape (P,) [h]."""
        grown: Floats = -np.expm1(-np.asarray(hours)[:, None] / self.tau_h) @ self.resistance
        return grown


def fit_foster(hours: Floats, g: Floats) -> Foster:
    """Fit a Foster chain to a g-function, with as many states as it needs.

    Time constants are spaced evenly in their logarithm from half an hour to the last time; the
    resistances follow from non-negative least squares (Lawson and Hanson 1974). What is fitted is
    the growth of g from hour to hour, which a varying load meets, and g itself, which a steady load
    meets. States are added until both are met.

    Parameters
    ----------
    hours, g : ndarray, shape (P,)
        The g-function, both rising.

    Returns
    -------
    Foster
        The chain; states without resistance are left out.

    Raises
    ------
    InputError
        If no chain comes close: a g-function that is not the answer of a passive body.
    """
    # Half a second that only a ring with a borefield pays.
    from scipy.interpolate import PchipInterpolator

    start = max(float(hours[0]), 1.0)
    times = np.union1d(
        np.arange(start, min(KERNEL_H, hours[-1])), np.geomspace(start, hours[-1], _TIMES)
    )
    curve = PchipInterpolator(np.log(hours), g)(np.log(times))
    chains = []
    for states in range(_FEWEST, _MOST + 1, 2):
        chain = _fit(times, curve, states)
        if chain.varying <= KERNEL_WITHIN and chain.steady <= STEADY_WITHIN:
            return chain
        chains.append(chain)
    best = min(chains, key=_misfit)
    if _misfit(best) > 5.0:
        raise InputError(
            Problem(
                f"cannot be met by {_MOST} thermal masses: they deviate by "
                f"{100 * best.steady:.1f} % from a g-function that does not grow as heat "
                "conduction does",
                key="ring.plant.borefield.field",
                suggestion="Smooth the g-function, or give more of its times",
            )
        )
    return best


def _misfit(chain: Foster) -> float:
    """Return the larger of the two deviations in units of what is allowed [-]."""
    return max(chain.varying / KERNEL_WITHIN, chain.steady / STEADY_WITHIN)


def _fit(times: Floats, curve: Floats, states: int) -> Foster:
    from scipy.optimize import nnls

    tau = np.geomspace(SHORTEST_H, times[-1], states)
    answers = -np.expm1(-times[:, None] / tau)
    relative = 1.0 / (curve + 0.05 * curve[-1] * (times < KERNEL_H) + 1e-3)
    growth = np.diff(answers, axis=0, prepend=0.0)
    grown = np.diff(curve, prepend=0.0)
    early = times <= KERNEL_H
    rows = np.vstack([answers * relative[:, None], _VARYING * growth[early]])
    found, _ = nnls(rows, np.concatenate([curve * relative, _VARYING * grown[early]]))
    kept = found > 1e-9 * found.sum()
    hourly = np.arange(0.0, KERNEL_H + 1.0)
    known = np.interp(hourly, np.append(0.0, times), np.append(0.0, curve))
    fitted = -np.expm1(-hourly[:, None] / tau) @ found
    late = times > KERNEL_H
    deviates = np.abs(answers @ found - curve)[late] / curve[late]
    return Foster(
        found[kept],
        tau[kept],
        varying=float(np.sqrt((np.diff(fitted - known) ** 2).sum())),
        steady=float(deviates.max(initial=0.0)),
    )
