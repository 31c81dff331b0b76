"""The fixed point: solve with the COP of the iteration before, simulate, repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anello.coupling.config import CouplingConfig, FixedPointConfig
from anello.coupling.convergence import check_fixed_point, require_converged
from anello.coupling.oscillation import LOOKED_AT, OscillationReport, oscillation_report
from anello.coupling.record import ConvergenceRecord, CouplingState

Floats = NDArray[np.float64]


class CopPair(NamedTuple):
    """COP an iteration used, and COP its simulation found, shape (H, T) [-]."""

    used: Floats
    simulated: Floats


def next_cop(history: Sequence[CopPair], config: FixedPointConfig) -> Floats:
    """Return the COP with which the next iteration is solved.

    Relaxation: x + ω·(g(x) − x) with x the COP used and g(x) the one simulated. Anderson
    acceleration of depth m takes that step from the combination of the last m + 1 iterations whose
    residual g(x) − x is least (Walker and Ni 2011, doi:10.1137/10078356X).

    Parameters
    ----------
    history : sequence of CopPair
        Iterations in order; only the last `anderson_depth` + 1 are used.
    config : FixedPointConfig
        Relaxation and depth.

    Returns
    -------
    ndarray, shape (H, T)
        COP [-]; never far outside the range that each heat pump has shown in the history used.
    """
    last = history[-1]
    omega = config.relaxation
    depth = min(config.anderson_depth, len(history) - 1)
    if depth == 0:
        if omega == 1.0:
            return last.simulated.copy()
        relaxed: Floats = last.used + omega * (last.simulated - last.used)
        return relaxed
    recent = history[-depth - 1 :]
    x = np.array([pair.used.ravel() for pair in recent])
    residual = np.array([pair.simulated.ravel() for pair in recent]) - x
    steps, changes = np.diff(x, axis=0), np.diff(residual, axis=0)
    # A small ridge keeps nearly parallel differences from giving huge steps.
    gram = changes @ changes.T
    ridge = 1e-10 * max(float(np.trace(gram)), 1e-30)
    gamma = np.linalg.solve(gram + ridge * np.eye(depth), changes @ residual[-1])
    mixed = x[-1] + omega * residual[-1] - gamma @ (steps + omega * changes)
    shape = last.used.shape
    # ASSUME: COP far beyond all values met so far are artefacts of the acceleration: half the width
    # of the range seen is room enough for a good extrapolation.
    seen = np.array([values for pair in recent for values in pair])
    low, high = seen.min(axis=(0, 2))[:, None], seen.max(axis=(0, 2))[:, None]
    room = 0.5 * (high - low)
    clipped: Floats = np.clip(mixed.reshape(shape), np.maximum(low - room, 0.5 * low), high + room)
    return clipped


@dataclass(frozen=True)
class FixedPointOutcome:
    """What the loop did.

    Attributes
    ----------
    record : ConvergenceRecord
        Every iteration.
    last, best : CouplingState
        The last iteration, and the one with the least simulated true cost.
    oscillation : OscillationReport
        Whether it chatters.
    """

    record: ConvergenceRecord
    last: CouplingState
    best: CouplingState
    oscillation: OscillationReport


def run_fixed_point(
    step: Callable[[int, Floats], CouplingState],
    start_cop: Floats,
    config: CouplingConfig,
    *,
    active_oddities: frozenset[str] = frozenset(),
    on_iteration: Callable[[CouplingState, ConvergenceRecord], None] | None = None,
    must_converge: bool = True,
) -> FixedPointOutcome:
    """Run the loop in process; the workflow runs the same functions as jobs.

    Parameters
    ----------
    step : callable (iteration, cop) -> CouplingState
        Solves the dispatch with this COP, shape (H, T) [-], simulates the ring, and says what came
        of it.
    start_cop : ndarray, shape (H, T)
        COP of iteration 0 [-].
    config : CouplingConfig
        The coupling's settings.
    active_oddities : frozenset of str
        Oddities of the ring that are on.
    on_iteration : callable, optional
        Called after each iteration, for example to write the record.
    must_converge : bool
        Raise if the criterion is not met within the iterations allowed.

    Returns
    -------
    FixedPointOutcome
        Record, last and best iteration, oscillation report.

    Raises
    ------
    NotConvergedError
        If `must_converge` and it did not; the record has then gone to `on_iteration`.
    """
    keep = config.fixed_point.anderson_depth + 1
    history: list[CopPair] = []
    window: list[CouplingState] = []
    record: ConvergenceRecord | None = None
    best: CouplingState | None = None
    cop = start_cop
    while record is None or not record.finished:
        state = step(0 if record is None else len(record.trace), cop)
        record = check_fixed_point(
            config, active_oddities, state, window[-1] if window else None, record
        )
        window = [*window, state][-LOOKED_AT:]
        if best is None or state.j_sim_eur < best.j_sim_eur:
            best = state
        if on_iteration is not None:
            on_iteration(state, record)
        history = [*history, CopPair(state.cop_used, state.cop_simulated)][-keep:]
        cop = next_cop(history, config.fixed_point)
    assert best is not None
    if must_converge:
        require_converged(record, "the fixed point")
    return FixedPointOutcome(record, window[-1], best, oscillation_report(window))
