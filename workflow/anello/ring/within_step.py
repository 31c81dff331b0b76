"""What the substations of a loop do to one another's water within a time step.

Water that a substation warms in a step may reach the next ones in the same step, and where it comes
round within the step, all of them. With heat that is constant over a step, and water that moves by
a share n of the loop in it, what arrives at place p is warmer on average, by each kilowatt at place
j and a heat capacity flow of ṁc, by

    B_pj = 1/(ṁc·n) · Σ_{k ≥ 0} max(0, n − u_pj − k)

with the way u_pj from j on to p as a share of the loop, which is one whole turn for p = j: water
passes j, comes to p when it has moved by u, and again with each turn. Of this ``(n − 1)/(2·ṁc)`` is
what the mean of all water rises until the middle of the step, where it comes round. All water has
that; it is left to the next step, as that of well-mixed water is (what exchangers see of it is in
:mod:`anello.ring.rounds`). The rest, A = B − max(0, n − 1)/(2·ṁc), is what the order of the places
makes: with much flow ``(1 − u_pj)/ṁc``, the temperatures that a loop has at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anello.ring.geometry import Floats, Ints

STANDING = 1e-6
"""Water that moves by less in a step takes no heat anywhere [parcels]."""


@dataclass(frozen=True)
class WithinStep:
    """What heat does to the water that arrives in the same step, for P places.

    Attributes
    ----------
    kinds : ndarray, shape (U, P, P)
        How much warmer the water is that arrives at each place (rows), by heat at each (columns),
        for each way that the water moves in some step [K/kW].
    kind_of : ndarray of int, shape (T,)
        Which of these a step has.
    """

    kinds: Floats
    kind_of: Ints

    @property
    def does_anything(self) -> bool:
        """Whether any place warms another's water within a step."""
        return bool(self.kinds.any())

    def k_per_kw(self, step: int) -> Floats:
        """Return what heat does in one step, shape (P, P) [K/kW]."""
        at: Floats = self.kinds[self.kind_of[step]]
        return at

    def of(self, heat_kw: Floats) -> Floats:
        """Return how much warmer water arrives by heat, both of shape (P, T) [K, kW]."""
        warmer: Floats = np.einsum("tpj,jt->pt", self.kinds[self.kind_of], heat_kw)
        return warmer

    @property
    def by_step(self) -> Floats:
        """What heat does in each step, shape (P, P, T) [K/kW]."""
        each: Floats = np.ascontiguousarray(self.kinds[self.kind_of].transpose(1, 2, 0))
        return each


def within_step(
    way: Floats,
    step_h: Floats,
    stations_at: Floats,
    parcels: int,
    parcel_kwh_per_k: float,
    exchanging: Sequence[int] = (),
    passed: Floats | None = None,
) -> WithinStep:
    """Return what heat does to the water that arrives in the same step.

    Parameters
    ----------
    way : ndarray, shape (T,)
        How far the water moves in each step; negative against the order of the places [parcels].
    step_h : ndarray, shape (T,)
        Length of each step [h].
    stations_at : ndarray, shape (P,)
        Position of the places [parcels].
    parcels : int
        Number of parcels.
    parcel_kwh_per_k : float
        Heat capacity of a parcel [kWh/K].
    exchanging : sequence of int
        Places of exchangers, whose own heat in water that comes back to them
        :mod:`anello.ring.rounds` tells.
    passed : ndarray, shape (P + 1,), optional
        Loss rate summed along the way up to each place, and of a turn; no loss by default
        [parcels/h].
    """
    (moved, hours), kind_of = np.unique(np.stack([way, step_h]), axis=1, return_inverse=True)
    running = np.zeros(stations_at.size + 1) if passed is None else passed

    def onwards(at: Floats, turn: float) -> Floats:
        """Return what lies on the way to each place from each; all of it to the same place."""
        apart = at[:, None] - at[None, :]
        order = np.arange(at.size)
        over = order[:, None] <= order[None, :]  # over the end of the loop
        on: Floats = np.where(over, apart + turn, apart)
        # Against the order, the way from j to p is that from p to j.
        return np.where(moved[:, None, None] < 0.0, on.T, on)

    ways = onwards(stations_at, float(parcels)) / parcels
    turns = np.abs(moved)[:, None, None] / parcels
    slowness = (hours / np.maximum(np.abs(moved), STANDING))[:, None, None]
    left = turns - ways
    passes = np.floor(np.maximum(left, -1.0)) + 1.0  # how often the water comes by
    arrives = passes * left - 0.5 * passes * (passes - 1.0)
    arrives *= np.exp(-slowness * onwards(running[:-1], running[-1]))
    still = np.abs(moved) <= STANDING
    flow = np.where(still, np.inf, np.abs(moved) * parcel_kwh_per_k / hours)[:, None, None]
    turns = np.where(still[:, None, None], 1.0, turns)
    kinds = (arrives / turns - 0.5 * np.maximum(turns - 1.0, 0.0)) / flow
    kinds[:, exchanging, exchanging] = 0.0
    return WithinStep(kinds, kind_of.reshape(-1).astype(np.int64))


def priced(
    later: Floats, k_per_kw: Floats, direct: Floats, answers: Floats, risen: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return what heat and water of a step cost, with all that follows from them.

    Heat Q costs λ by what comes later, and warms water of its own step by A; water costs a where it
    arrives, and calls for k more heat there: ``μ = λ + Aᵀ·ω`` and ``ω = a + k·μ``.

    Parameters
    ----------
    later : ndarray, shape (P,)
        Cost of heat at each place by all that comes after the step, λ [€/kW].
    k_per_kw : ndarray, shape (P, P)
        What heat does to the water that arrives in the step, A [K/kW].
    direct, answers : ndarray, shape (P,)
        What warmer water at a place costs, a [€/K], and the heat that it calls for, k [kW/K].
    risen : ndarray, shape (P, P), optional
        What heat at a place (rows) costs by heat at another (columns) that follows the mean of all
        water in the step; nothing unless told [-].

    Returns
    -------
    heat, water : ndarray, shape (P,)
        Cost of heat, μ [€/kW], and of warmer water, ω [€/K].
    """
    coupled = k_per_kw.T * answers
    known = later + k_per_kw.T @ direct
    if risen is not None:
        coupled = coupled + risen
    heat = known
    if coupled.any():
        heat = np.linalg.solve(np.eye(later.size) - coupled, known).astype(np.float64)
    return heat, direct + answers * heat
