"""Which heat pumps go back and forth when a coupling does not converge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from anello.coupling.record import CouplingState

LOOKED_AT = 6
"""Iterations in which a to and fro is looked for."""


@dataclass(frozen=True)
class Flip:
    """How a heat pump's dispatch chatters.

    Attributes
    ----------
    node : str
        The heat pump, `location::technology`.
    steps : int
        Time steps whose output goes up and down again over the last iterations.
    energy_kwh : float
        Thermal energy moved by these steps, mean per iteration [kWh].
    worst_steps : tuple of int
        Positions of the time steps that swing most.
    largest_kw : float
        Largest swing [kW].
    """

    node: str
    steps: int
    energy_kwh: float
    worst_steps: tuple[int, ...]
    largest_kw: float


@dataclass(frozen=True)
class OscillationReport:
    """Whether, where and at what cost a fixed point chatters.

    Attributes
    ----------
    oscillating : bool
        Temperature changes no longer shrink, and outputs go to and fro.
    period : int or None
        Iterations after which the ring temperature nearly returns; None if no cycle shows.
    cost_spread_eur : float
        Largest less smallest simulated true cost over the last iterations [€].
    best_j_sim_eur : float
        Smallest simulated true cost over them [€].
    flips : tuple of Flip
        Heat pumps, the worst first.
    advice : str
        What to do.
    """

    oscillating: bool
    period: int | None
    cost_spread_eur: float
    best_j_sim_eur: float
    flips: tuple[Flip, ...]
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def text(self, times: Sequence[object] | None = None) -> str:
        """Return the report as a few sentences; `times` labels the time steps."""
        if not self.oscillating:
            return f"No oscillation: {self.advice}"
        cycle = (
            f"returns after {self.period} iterations"
            if self.period is not None
            else "does not settle on a cycle"
        )
        lines = [
            f"The fixed point oscillates: the ring temperature {cycle}; the simulated true cost "
            f"swings by {self.cost_spread_eur:.2f} € above {self.best_j_sim_eur:.2f} €."
        ]
        for flip in self.flips:
            where = ", ".join(
                str(times[step]) if times is not None else f"step {step}"
                for step in flip.worst_steps
            )
            lines.append(
                f"- {flip.node}: {flip.steps} steps flip, {flip.energy_kwh:.0f} kWh per iteration, "
                f"up to {flip.largest_kw:.0f} kW; worst at {where}"
            )
        lines.append(self.advice)
        return "\n".join(lines)


def oscillation_report(states: Sequence[CouplingState]) -> OscillationReport:
    """Say whether the last iterations chatter, where, and what that costs.

    A time step flips when its output changes direction from one iteration to the next by more than
    1 % of the heat pump's peak.

    Parameters
    ----------
    states : sequence of CouplingState
        Iterations in order; the last `LOOKED_AT` are looked at.

    Returns
    -------
    OscillationReport
        The finding.
    """
    recent = list(states[-LOOKED_AT:])
    costs = [state.j_sim_eur for state in recent]
    spread = max(costs) - min(costs) if costs else 0.0
    best = min(costs) if costs else math.nan
    if len(recent) < 3:
        return OscillationReport(
            False, None, spread, best, (), "fewer than three iterations show nothing."
        )
    temperature = np.array([state.temperature_degc for state in recent])
    change = np.abs(np.diff(temperature, axis=0)).max(axis=1)
    q = np.array([state.q_kw for state in recent])
    hours = recent[-1].step_h
    peak = q.max(axis=(0, 2))
    swing = np.diff(q, axis=0)
    counts = np.abs(swing) > np.maximum(0.01 * peak, 1e-6)[None, :, None]
    back = (swing[1:] * swing[:-1] < 0) & counts[1:] & counts[:-1]
    flipping = back.any(axis=0)
    size = np.abs(swing).max(axis=0) * flipping
    flips = []
    for row, node in enumerate(recent[-1].nodes):
        steps = int(flipping[row].sum())
        if not steps:
            continue
        order = np.argsort(-size[row], kind="stable")[: min(5, steps)]
        moved = (np.abs(swing[:, row]).mean(axis=0) * flipping[row] * hours).sum()
        flips.append(
            Flip(
                node,
                steps,
                float(moved),
                tuple(int(step) for step in order),
                float(size[row].max()),
            )
        )
    flips.sort(key=lambda flip: -flip.energy_kwh)

    shrinking = change[-1] < 0.5 * change[0]
    small = change[-1] < 1e-3
    oscillating = bool(not shrinking and not small and (flips or change[-1] > 1e-3))
    period = None
    if oscillating:
        for lag in range(2, len(recent)):
            distance = np.abs(temperature[-1] - temperature[-1 - lag]).max()
            if distance < 0.1 * change.max():
                period = lag
                break
    if not oscillating:
        advice = "the changes shrink from iteration to iteration; more iterations will help."
    elif period == 2:
        advice = (
            "Two dispatches take turns. Relax the step (`coupling.fixed_point.relaxation: 0.5`), "
            "or use `coupling.method: slp`, in which the optimiser sees the COP it causes."
        )
    else:
        advice = (
            "The optimum jumps between vertices of the linear programme, which relaxation only "
            "smears. Use `coupling.method: slp`, in which the optimiser sees the COP it causes; "
            "the best iteration so far is on disk."
        )
    return OscillationReport(oscillating, period, spread, best, tuple(flips), advice)
