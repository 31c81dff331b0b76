"""Trust-region sequential linear programming: the optimiser sees what it does to the ring.

Each iteration solves a linear programme that carries the ring's temperature, the balancing plant
and the marginal effect of both on the heat pumps' COP, all linear about the best dispatch found so
far (the incumbent). The dispatch is then simulated, and its *simulated true cost* decides: a step
that lowers it becomes the incumbent, any other is refused and the trust region shrinks (Conn, Gould
and Toint, Trust-Region Methods, 2000, chapter 6).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.coupling.config import CouplingConfig, SlpConfig
from anello.coupling.convergence import check_slp, require_converged
from anello.coupling.incumbent import CORRECTED_K, Linearisation, linearise
from anello.coupling.merit import Merit, merit
from anello.coupling.plant_sizes import sized, sizes_in
from anello.coupling.prices import Prices
from anello.coupling.record import ConvergenceRecord, CouplingState, SlpStep
from anello.optimise.formulation.ring_rows import RingRows
from anello.ring.config import RingConfig
from anello.ring.cost import TrueCost
from anello.ring.exchange import RingInput, RingResult

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


LARGEST_CHANGE, SMALLEST_CHANGE = 2.0, 0.25
"""Limits of the factor by which one verdict changes the trust region [-]."""

NEAR_ENOUGH = 0.1
"""A promise kept by this much less than wished leaves the trust region as it is [-]."""

NARROW_K, AT_A_KINK = 0.1, 0.25
"""A promise kept in part within so narrow a trust region misses the rest at a kink, such as water
at a bound: a narrower one would keep no more, only gain less [K], [-]."""


def _next_trust_region_k(config: SlpConfig, reach_k: float, rho: float) -> float:
    """Return the trust region within which the next promise should be kept as wished [K].

    What a linear promise leaves out grows with Δ², the promise itself with Δ: 1 − ρ is proportional
    to Δ, so that one verdict tells the Δ at which ρ would have been `kept_share`.
    """
    if config.kept_share - NEAR_ENOUGH <= rho <= config.kept_share:
        return reach_k
    missed = max(1.0 - rho, 1e-9)
    factor = min(max((1.0 - config.kept_share) / missed, SMALLEST_CHANGE), LARGEST_CHANGE)
    if reach_k <= NARROW_K and rho >= AT_A_KINK:
        factor = max(factor, 1.0)
    return min(factor * reach_k, config.trust_region_max_k)


def judge(
    config: SlpConfig,
    about: Linearisation,
    *,
    lp_cost_eur: float,
    simulated_cost_eur: float,
    lp_temperature_degc: Floats,
    result: RingResult,
    parting: str = "",
) -> SlpStep:
    """Compare what a programme promised with what the simulation found.

    Parameters
    ----------
    config : SlpConfig
        Settings of the search.
    about : Linearisation
        The incumbent the programme was linear about.
    lp_cost_eur, simulated_cost_eur : float
        Cost of the programme and simulated true cost, both with the penalty of unmet demand, so
        that no step is good for leaving demand unmet [€].
    lp_temperature_degc : ndarray, shape (T,)
        Ring temperature at the end of each step in the programme [°C].
    result : RingResult
        The simulation.
    parting : str
        Where and when the two differ most, in words.

    Returns
    -------
    SlpStep
        The verdict, with the trust region of the next programme.
    """
    first = not math.isfinite(about.cost_eur)
    predicted = about.cost_eur - (lp_cost_eur + about.given_cost_eur)
    actual = about.cost_eur - simulated_cost_eur
    # A prediction within rounding of nothing says nothing about the model's quality.
    scale = 1e-9 * abs(simulated_cost_eur)
    # A dispatch found once more is taken: its programme knows the COP that the first one's, with
    # the COP that it started from, did not, and the results say what this one knows.
    again = abs(predicted) <= scale and abs(actual) <= scale
    accepted = first or actual > 0.0 or again
    rho = None
    reach = config.trust_region_k if first else about.trust_region_k
    if not first:
        rho = actual / predicted if abs(predicted) > scale else (1.0 if accepted else 0.0)
        reach = _next_trust_region_k(config, reach, rho if accepted else min(rho, 0.0))
    gap = np.abs(lp_temperature_degc - result.temperature_degc[1:])
    return SlpStep(
        trust_region_k=about.trust_region_k if not first else None,
        next_trust_region_k=reach,
        predicted_decrease_eur=None if first else predicted,
        rho=rho,
        accepted=accepted,
        temperature_gap_k=float(gap.max(initial=0.0)),
        parting=parting,
    )


def following(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    step: SlpStep,
    data: RingInput,
    result: RingResult,
    simulated_cost_eur: float,
    given_cost_eur: float,
    iteration: int,
    prices: Prices,
) -> Linearisation:
    """The incumbent of the next programme: this dispatch if it was accepted, else the old one.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent so far.
    step : SlpStep
        The verdict on this iteration.
    data, result : RingInput, RingResult
        This iteration's dispatch and its simulation.
    simulated_cost_eur : float
        Its simulated true cost with the penalty of unmet demand [€].
    given_cost_eur : float
        Cost of plant and pump that its programme did not hold [€].
    iteration : int
        Its number.
    prices : Prices
        What the programme found electricity and bounds to cost.
    """
    if not step.accepted:
        return about.with_trust_region(step.next_trust_region_k)
    return linearise(
        config,
        rows,
        data,
        result,
        trust_region_k=step.next_trust_region_k,
        cost_eur=simulated_cost_eur,
        given_cost_eur=given_cost_eur,
        iteration=iteration,
        prices=prices,
    )


def judge_iteration(
    config: CouplingConfig,
    ring: RingConfig,
    rows: RingRows,
    about: Linearisation,
    dispatch: xr.Dataset,
    data: RingInput,
    result: RingResult,
    cost: TrueCost,
    iteration: int,
) -> tuple[SlpStep, Linearisation]:
    """Judge an iteration, and return the verdict and the incumbent of the next one.

    Parameters
    ----------
    config, ring : CouplingConfig, RingConfig
        Settings.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent the programme was linear about.
    dispatch : xarray.Dataset
        Results of the programme, with `ring_temperature` [°C].
    data, result, cost : RingInput, RingResult, TrueCost
        What the ring saw and did, and the true cost.
    iteration : int
        Number of the iteration.
    """
    found = Found(rows, about, dispatch, data, result, cost)
    step, (incumbent,) = judge_together(config, ring, [found], [1.0], iteration)
    return step, incumbent


@dataclass(frozen=True)
class Found:
    """What an iteration came to, in one year of several; see `judge_iteration`."""

    rows: RingRows
    about: Linearisation
    dispatch: xr.Dataset
    flows: RingInput
    result: RingResult
    cost: TrueCost


def judge_together(
    config: CouplingConfig,
    ring: RingConfig,
    found: Sequence[Found],
    weights: Sequence[float],
    iteration: int,
) -> tuple[SlpStep, tuple[Linearisation, ...]]:
    """Judge an iteration of years with common sizes, and return the verdict and next incumbents.

    Parameters
    ----------
    config, ring : CouplingConfig, RingConfig
        Settings.
    found : sequence of Found
        The years.
    weights : sequence of float
        Their probabilities.
    iteration : int
        Number of the iteration.
    """
    merits = [
        merit(config, one.rows, one.dispatch, one.flows, one.result, one.cost) for one in found
    ]

    def expected(values: Sequence[float]) -> float:
        return math.fsum(w * value for w, value in zip(weights, values, strict=True))

    simulated_eur = expected([m.simulated_eur for m in merits])
    given_eur = expected([one.about.given_cost_eur for one in found])
    steps = [
        judge(
            config.slp,
            replace(one.about, given_cost_eur=given_eur),
            parting=m.parting,
            lp_cost_eur=expected([m.promised_eur for m in merits]),
            simulated_cost_eur=simulated_eur,
            lp_temperature_degc=m.temperature_degc,
            result=one.result,
        )
        for one, m in zip(found, merits, strict=True)
    ]
    step = max(steps, key=lambda one: one.temperature_gap_k)
    step = replace(step, gap_eur=_gap_eur(merits, found, weights))
    if not all(one.about.corrected for one in found):
        total_eur = expected([one.cost.total_eur for one in found])
        step = to_be_corrected(step, config.predicted_decrease * abs(total_eur))
    incumbents = []
    for one, m in zip(found, merits, strict=True):
        incumbent = following(
            sized(ring, one.dispatch),
            one.rows,
            one.about,
            step,
            one.flows,
            one.result,
            simulated_eur,
            m.given_eur,
            iteration,
            Prices.of(one.rows, one.cost.price_eur_per_kwh, one.dispatch),
        )
        if step.accepted:
            incumbent = replace(incumbent, plant_sizes=sizes_in(one.dispatch))
        incumbents.append(incumbent)
    return step, tuple(incumbents)


def _gap_eur(
    merits: Sequence[Merit], found: Sequence[Found], weights: Sequence[float]
) -> float | None:
    """Return how much better other whole numbers might be: the gap is that of all years' cost."""
    if any(m.gap_eur is None for m in merits):
        return None
    objective = [float(one.dispatch.attrs["objective"]) for one in found]
    total = math.fsum(w * value for w, value in zip(weights, objective, strict=True))
    return float(found[0].dispatch.attrs["gap"]) * abs(total)


def to_be_corrected(step: SlpStep, least_eur: float) -> SlpStep:
    """The verdict on a programme that leaves out what it does not see.

    One that finds no more to gain is followed by one within `CORRECTED_K`, which sees all.
    """
    reach = step.next_trust_region_k
    if step.predicted_decrease_eur is not None and step.predicted_decrease_eur <= least_eur:
        reach = min(reach, CORRECTED_K)
    return replace(step, corrected=False, next_trust_region_k=reach)


@dataclass(frozen=True)
class SlpOutcome:
    """What the search found.

    Attributes
    ----------
    record : ConvergenceRecord
        Every iteration.
    incumbent : Linearisation
        About the best dispatch.
    best : CouplingState
        The best dispatch's simulation.
    """

    record: ConvergenceRecord
    incumbent: Linearisation
    best: CouplingState


def run_slp(
    step: Callable[[int, Linearisation], tuple[CouplingState, Linearisation]],
    first: Linearisation,
    config: CouplingConfig,
    *,
    on_iteration: Callable[[CouplingState, ConvergenceRecord], None] | None = None,
    must_converge: bool = True,
) -> SlpOutcome:
    """Run the search in process; the workflow runs the same functions as jobs.

    Parameters
    ----------
    step : callable (iteration, linearisation) -> (CouplingState, Linearisation)
        Solves the programme about an incumbent, simulates it, judges it, and returns the next
        incumbent.
    first : Linearisation
        Where to begin.
    config : CouplingConfig
        The coupling's settings.
    on_iteration : callable, optional
        Called after each iteration, for example to write the record.
    must_converge : bool
        Raise if the criteria are not met within the iterations allowed.

    Returns
    -------
    SlpOutcome
        Record and incumbent.

    Raises
    ------
    NotConvergedError
        If `must_converge` and it did not.
    """
    about, record, previous, best = first, None, None, None
    while record is None or not record.finished:
        state, about = step(0 if record is None else len(record.trace), about)
        record = check_slp(config, state, previous, record)
        if state.slp is not None and state.slp.accepted:
            best = state
        if on_iteration is not None:
            on_iteration(state, record)
        previous = state
    assert best is not None
    if must_converge:
        require_converged(record, "the sequential linear programme")
    return SlpOutcome(record, about, best)
