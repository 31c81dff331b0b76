"""Energy audit: what went into the ring, what left it, and what it stored.

The audit repeats none of the integration: it takes the recorded temperatures, the first law of
each heat pump, and the loss that the mean temperature of each step implies, and adds them up. A
ring that was integrated wrongly does not pass.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.errors import EnergyAuditError
from anello.ring.exchange import Audit

Floats = NDArray[np.float64]


def mean_weight(decay: ArrayLike) -> Floats:
    """Return how far the mean of a step lies between its first and last temperature.

    A body with loss coefficient UA, capacity C and constant heat follows
    T(t) = T∞ + (T₀ − T∞)·exp(−t·UA/C); with a = UA·Δt/C its mean over the step is
    T₀ + w·(T₁ − T₀), w = 1/(1 − e⁻ᵃ) − 1/a, which is 1/2 without loss.

    Parameters
    ----------
    decay : array_like
        a = UA·Δt/C [-].

    Returns
    -------
    ndarray
        w [-].
    """
    a = np.asarray(decay, dtype=float)
    small = a < 1e-2
    safe = np.where(small, 1.0, a)
    series = 0.5 + a / 12.0 - a**3 / 720.0
    result: Floats = np.where(small, series, -1.0 / np.expm1(-safe) - 1.0 / safe)
    return result


def balance(
    step_h: Floats,
    q_hp_kw: Floats,
    q_bal_kw: dict[str, Floats],
    loss_kw: Floats,
    stored_kwh: Floats,
    other_kwh: dict[str, Floats],
) -> Audit:
    """Add up the energy of a run.

    Parameters
    ----------
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    q_hp_kw : ndarray, shape (H, T)
        Heat of the heat pumps into the ring [kW].
    q_bal_kw : dict of str to ndarray, shape (T,)
        Heat of the balancing devices into the ring [kW].
    loss_kw : ndarray, shape (T,)
        Heat to the ground [kW].
    stored_kwh : ndarray, shape (T,)
        Rise of the ring's heat content in each step [kWh].
    other_kwh : dict of str to ndarray, shape (T,)
        Further energy into the ring, by name [kWh].

    Returns
    -------
    Audit
        Terms, imbalance and throughput.
    """
    flows = {
        "heat_pumps_heating": np.minimum(q_hp_kw, 0.0).sum(axis=0) * step_h,
        "heat_pumps_cooling": np.maximum(q_hp_kw, 0.0).sum(axis=0) * step_h,
        **{device: heat * step_h for device, heat in q_bal_kw.items()},
        "ground": -loss_kw * step_h,
        **other_kwh,
    }
    by_step = sum(flows.values()) - stored_kwh
    terms = {name: float(values.sum()) for name, values in flows.items()}
    return Audit(
        terms_kwh={**terms, "stored": float(stored_kwh.sum())},
        residual_kwh=float(by_step.sum()),
        throughput_kwh=float(sum(np.abs(values).sum() for values in flows.values())),
        worst_step_kwh=float(np.abs(by_step).max(initial=0.0)),
    )


def require(audit: Audit, tolerance: float) -> Audit:
    """Raise unless energy is conserved, over the run and in every step.

    Parameters
    ----------
    audit : Audit
        The balance.
    tolerance : float
        Largest imbalance relative to the throughput [-].

    Returns
    -------
    Audit
        The same balance.

    Raises
    ------
    EnergyAuditError
        If the run, or any step of it, is out of balance by more than the tolerance.
    """
    # A ring at rest exchanges nothing; then a watt-hour is already too much.
    allowed = max(tolerance * audit.throughput_kwh, 1e-6)
    worst = max(abs(audit.residual_kwh), audit.worst_step_kwh)
    if not worst <= allowed:
        terms = ", ".join(f"{name} {value:.6g}" for name, value in audit.terms_kwh.items())
        raise EnergyAuditError(
            f"the ring's energy balance does not close: residual {audit.residual_kwh:.6g} kWh, "
            f"worst step {audit.worst_step_kwh:.6g} kWh, allowed {allowed:.3g} kWh "
            f"(throughput {audit.throughput_kwh:.6g} kWh; terms in kWh: {terms})"
        )
    return audit
