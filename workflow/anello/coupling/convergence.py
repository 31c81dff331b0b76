"""When the coupling has converged, and the record that says so.

Nothing slow is imported: the check runs as a small job of its own after every iteration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anello.coupling.config import CouplingConfig
from anello.coupling.record import (
    CRITICAL_REACH_K,
    ConvergenceRecord,
    CouplingState,
    IterationRecord,
    SlpStep,
)
from anello.errors import NotConvergedError

Floats = NDArray[np.float64]

COLLAPSED_K = 1e-3
"""A trust region that broken promises have made smaller than this will find nothing more [K]."""

KEPT = 0.5
"""A promise is kept where the simulation finds at least this share of it [-]."""

TELLING = 0.01
"""A promise of this share of what is worth while still tells whether the gradient is right [-]."""

SETTLED_COP = 1e-9
"""A simulated COP this close to the one used is the fixed point itself [-]."""


@dataclass(frozen=True)
class Criterion:
    """The stopping rule of a fixed point.

    Attributes
    ----------
    name : str
        `max_change` or `mean_relative_change`.
    tolerance : float
        Its limit [K] or [-].
    min_repeats : int
        Iterations after the first before the loop may stop.
    """

    name: str
    tolerance: float
    min_repeats: int


def criterion_of(config: CouplingConfig, active_oddities: frozenset[str]) -> Criterion:
    """Return the stopping rule that settings and compatibility mode imply.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    active_oddities : frozenset of str
        Oddities of the ring that are on.

    Returns
    -------
    Criterion
        The rule.
    """
    original = "eleven_iterations_at_least" in active_oddities
    name = config.criterion or ("mean_relative_change" if original else "max_change")
    repeats = config.min_repeats if config.min_repeats is not None else (11 if original else 0)
    limit = config.mean_relative_tolerance if name == "mean_relative_change" else config.tolerance_k
    return Criterion(name, limit, repeats)


def compare(
    iteration: int, current: CouplingState, previous: CouplingState | None
) -> IterationRecord:
    """Measure what an iteration changed; whether that is converged is decided elsewhere.

    Parameters
    ----------
    iteration : int
        Number of the current iteration, from 0.
    current : CouplingState
        This iteration.
    previous : CouplingState or None
        The iteration before it.

    Returns
    -------
    IterationRecord
        The measures, with `converged` false.
    """
    max_delta = rms = relative = None
    if previous is not None:
        delta = current.temperature_degc - previous.temperature_degc
        max_delta = float(np.abs(delta).max())
        rms = float(np.sqrt(np.mean(delta**2)))
        before = previous.temperature_degc[:-1]
        if (np.abs(before) > 1e-9).all():
            relative = float(np.mean(np.abs(delta[:-1] / before)))
    running = current.q_kw > 1e-6
    change = np.abs(current.cop_simulated - current.cop_used)[running]
    return IterationRecord(
        iteration=iteration,
        max_delta_t_k=max_delta,
        rms_delta_t_k=rms,
        mean_relative_change=relative,
        max_delta_cop=float(change.max(initial=0.0)),
        j_lp_eur=float(current.j_lp_eur),
        j_sim_eur=float(current.j_sim_eur),
        ring_residual=float(current.audit_relative),
        steps_at_bound=int(current.steps_at_bound),
        converged=False,
        investment_eur=float(current.investment_eur),
    )


def check_fixed_point(
    config: CouplingConfig,
    active_oddities: frozenset[str],
    current: CouplingState,
    previous: CouplingState | None,
    record: ConvergenceRecord | None,
) -> ConvergenceRecord:
    """Append an iteration to the record of a fixed point, and decide whether it has converged.

    A relaxed step changes less than a full one by the factor ω; the temperature change is divided
    by ω before it is compared, so that relaxing cannot feign convergence.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    active_oddities : frozenset of str
        Oddities of the ring that are on.
    current, previous : CouplingState
        This iteration and the one before; None in the first.
    record : ConvergenceRecord or None
        The record so far; None in the first.

    Returns
    -------
    ConvergenceRecord
        With one iteration more.
    """
    rule = criterion_of(config, active_oddities)
    trace = record.trace if record is not None else ()
    step = compare(len(trace), current, previous)
    settled = (
        float(np.abs(current.cop_simulated - current.cop_used).max(initial=0.0)) <= SETTLED_COP
    )
    if settled:
        done = True
    elif step.iteration < rule.min_repeats or previous is None:
        done = False
    elif rule.name == "mean_relative_change":
        done = step.mean_relative_change is not None and step.mean_relative_change <= rule.tolerance
    else:
        assert step.max_delta_t_k is not None
        done = step.max_delta_t_k / config.fixed_point.relaxation <= rule.tolerance
    return ConvergenceRecord(
        method="fixed_point",
        criterion=rule.name,
        tolerance=rule.tolerance,
        max_iterations=config.max_iterations,
        trace=(*trace, replace(step, converged=done)),
    )


def check_slp(
    config: CouplingConfig,
    current: CouplingState,
    previous: CouplingState | None,
    record: ConvergenceRecord | None,
) -> ConvergenceRecord:
    """Append an iteration to the record of an SLP, and decide whether it has converged.

    Converged means stationary: within a fixed small reach the programme promises less than
    `predicted_decrease` of the cost of operation (see :attr:`SlpStep.criticality_eur`), or no more
    than the gap of a programme with whole numbers, with the simulation's gradient, a promise has
    been kept where there were any, programme and simulation agree on the cost within
    `cost_gap`, and on the ring's temperature within `tolerance_k` in every step. A trust region
    that broken promises have made smaller than `COLLAPSED_K` without this is stalled.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    current, previous : CouplingState
        This iteration and the one before; None in the first.
    record : ConvergenceRecord or None
        The record so far; None in the first.

    Returns
    -------
    ConvergenceRecord
        With one iteration more.
    """
    trace = record.trace if record is not None else ()
    base = compare(len(trace), current, previous)
    step = current.slp
    assert step is not None
    # Within the gap of a programme with whole numbers, a promise may be the solver's alone.
    least_eur = max(config.predicted_decrease * abs(base.operation_eur), step.gap_eur or 0.0)
    critical_eur = step.criticality_eur
    done = (
        critical_eur is not None
        and step.corrected
        and critical_eur <= least_eur
        and _promises_kept(least_eur, step, trace)
        and base.cost_gap <= config.cost_gap
        and step.temperature_gap_k <= config.tolerance_k
    )
    broken = step.rho is not None and step.rho < KEPT
    collapsed = broken and step.next_trust_region_k < COLLAPSED_K
    finished = replace(
        base,
        converged=done,
        trust_region_k=step.trust_region_k,
        rho=step.rho,
        predicted_decrease_eur=step.predicted_decrease_eur,
        accepted=step.accepted,
        temperature_gap_k=step.temperature_gap_k,
        criticality_eur=critical_eur,
        stalled=collapsed and not done,
        parting=step.parting,
        gap_eur=step.gap_eur,
    )
    return ConvergenceRecord(
        method="slp",
        criterion="slp",
        tolerance=config.tolerance_k,
        max_iterations=config.max_iterations,
        trace=(*trace, finished),
    )


def _promises_kept(least_eur: float, step: SlpStep, trace: Sequence[IterationRecord]) -> bool:
    """Whether the simulation kept a promise, if any was of more than `least_eur`."""
    verdicts = [(one.rho, one.predicted_decrease_eur) for one in trace]
    verdicts.append((step.rho, step.predicted_decrease_eur))
    made = [(rho, promise or 0.0) for rho, promise in verdicts if rho is not None]
    large = any(promise > least_eur for _, promise in made)
    return not large or any(rho >= KEPT and promise > TELLING * least_eur for rho, promise in made)


def require_converged(record: ConvergenceRecord, name: str = "the coupling") -> ConvergenceRecord:
    """Raise unless the record ends converged.

    Parameters
    ----------
    record : ConvergenceRecord
        The record.
    name : str
        What did not converge, for the message.

    Returns
    -------
    ConvergenceRecord
        The same record.

    Raises
    ------
    NotConvergedError
        If the last iteration does not meet the criterion.
    """
    if record.converged:
        return record
    if not record.trace:
        raise NotConvergedError(f"{name}: no iteration was run")
    last, best = record.trace[-1], record.best
    changes = ", ".join(
        "–" if step.max_delta_t_k is None else f"{step.max_delta_t_k:.3g}" for step in record.trace
    )
    if record.stalled:
        worst = f" Programme and simulation part most at {last.parting}." if last.parting else ""
        raise NotConvergedError(
            f"{name} is stalled in iteration {last.iteration}: the trust region has shrunk to "
            f"{last.trust_region_k:.2g} K because the simulation does not keep what the programme "
            f"promises (last promise {last.predicted_decrease_eur:.2f} €, ρ = {last.rho:.2g}), and "
            f"within {CRITICAL_REACH_K:g} K it still promises up to {last.criticality_eur:.2f} €. "
            f"Best simulated true cost {best.j_sim_eur:.2f} € in iteration {best.iteration}, which "
            f"is no optimum.{worst} {_remedy(record)}"
        )
    raise NotConvergedError(
        f"{name} did not converge within {record.max_iterations} iterations "
        f"({record.method}, {record.criterion} ≤ {record.tolerance:g}). "
        f"max |ΔT| by iteration [K]: {changes}. Last simulated true cost {last.j_sim_eur:.2f} € "
        f"(the optimiser reported {last.j_lp_eur:.2f} €); best {best.j_sim_eur:.2f} € in iteration "
        f"{best.iteration}. Raise `coupling.max_iterations`, relax the steps, or choose "
        "`coupling.method: slp`"
    )


def _remedy(record: ConvergenceRecord) -> str:
    """What to do about a stalled search."""
    kept = any((one.rho or 0.0) >= KEPT for one in record.trace)
    if kept:
        return "Widen the ring's bounds or the plant where they part, or relax `coupling.cost_gap`"
    return (
        "No promise was ever kept: on a loop without branches, let the programme see where the "
        "water is warm (`coupling.slp.loop_waves: 1` or more), run fewer days, or use "
        "`coupling.method: fixed_point`"
    )
