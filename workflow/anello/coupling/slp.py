"""Trust-region sequential linear programming: the optimiser sees what it does to the ring.

Each iteration solves a linear programme that carries the ring's temperature, the balancing plant
and the marginal effect of both on the heat pumps' COP, all linear about the best dispatch found so
far (the incumbent). The dispatch is then simulated, and its *simulated true cost* decides: a step
that lowers it becomes the incumbent, any other is refused and the trust region shrinks (Conn, Gould
and Toint, Trust-Region Methods, 2000, chapter 6).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import values_of
from anello.coupling.borefield import beyond_at_horizon_k
from anello.coupling.config import CouplingConfig, SlpConfig
from anello.coupling.convergence import check_slp, require_converged
from anello.coupling.incumbent import CORRECTED_K, Linearisation, linearise
from anello.coupling.linearisation import schedule_kw
from anello.coupling.plant_sizes import sized, sizes_in
from anello.coupling.prices import Prices
from anello.coupling.record import ConvergenceRecord, CouplingState, SlpStep
from anello.coupling.station_water import station_water
from anello.optimise.formulation.ring_rows import FIELD, RingRows
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


def parting(rows: RingRows, dispatch: xr.Dataset, data: RingInput, result: RingResult) -> str:
    """Say where and when programme and simulation differ most: water, and the plant's heat.

    Parameters
    ----------
    rows : RingRows
        The ring's numbers in the formulation.
    dispatch : xarray.Dataset
        Results of the programme.
    data, result : RingInput, RingResult
        What the ring saw, and its simulation.
    """
    if not rows.sees_water:
        return ""
    if rows.loop is not None:
        stations = [rows.loop.stations[n] for n in rows.loop.station_of]
        water = values_of(dispatch, "ring_water", ("place", "timestep"), place=stations)
        at = [f" (substation {name})" for name in stations]
    else:
        ends = dispatch["ring_temperature"].values.reshape(-1)
        water = np.tile(np.r_[result.temperature_degc[0], ends[:-1]], (len(data.nodes), 1))
        at = [""] * len(data.nodes)
    gap = np.abs(water - result.source_degc)
    k, step = np.unravel_index(int(gap.argmax()), gap.shape)
    text = (
        f"{data.nodes[k]}{at[k]} on {_moment(data, int(step))}: water of {water[k, step]:.1f} °C "
        f"in the programme, {result.source_degc[k, step]:.1f} °C simulated"
    )
    schedule = schedule_kw(dispatch, data.step_h)
    missed = {
        device: np.abs(planned - result.q_bal_kw[device])
        for device, planned in (schedule or {}).items()
        if device in result.q_bal_kw
    }
    device = max(missed, key=lambda one: float(missed[one].max()), default=None)
    if device is not None and missed[device].max() >= 0.5:  # beyond rounding
        when = int(missed[device].argmax())
        text += (
            f"; {device} on {_moment(data, when)}: {missed[device][when]:.0f} kW beside the "
            "programme's schedule"
        )
    return text


def _moment(data: RingInput, step: int) -> str:
    return str(data.times[step].astype("datetime64[m]")).replace("T", " ")


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


OVER_CAPACITY_EUR = 10.0
"""Price of heat that a heat pump is too small to give: more than any that it can give [€/kWh]."""

UNMET_EUR = 100.0
"""Price of unmet demand in the merit, `bigM` where that is less: far more than demand that is met
ever costs. At a high `bigM` the last digits of what is unmet outweigh all that a search could gain
[€/kWh]."""


def _beyond_kwh(data: RingInput, result: RingResult) -> float:
    """Return the output beyond what the ring's temperature lets the heat pumps give [kWh]."""
    if data.capacity_kw is None:
        return 0.0
    limited = (result.capacity_factor != 1.0).any(axis=1)
    most_kw = result.capacity_factor[limited] * data.capacity_kw[limited, None]
    return float((np.maximum(data.q_kw[limited] - most_kw, 0.0) * data.step_h).sum())


def _unmet_price(dispatch: xr.Dataset) -> float:
    """Return what unmet demand costs in the merit [€/kWh]."""
    return min(UNMET_EUR, float(dispatch.attrs.get("penalty_per_kwh", UNMET_EUR)))


def _unmet_eur(dispatch: xr.Dataset) -> float:
    """Return what to add to a programme's penalty so that unmet demand costs that much [€]."""
    price = _unmet_price(dispatch)
    weight, dims = dispatch["timestep_weight"].values, ("loc", "carrier", "timestep")
    unmet_kwh = sum(
        abs(float(np.nansum(values_of(dispatch, name, dims) * weight)))
        for name in ("unmet_demand", "unused_supply")
        if name in dispatch
    )
    return (price - float(dispatch.attrs.get("penalty_per_kwh", price))) * unmet_kwh


def _beyond_bounds_k(rows: RingRows, result: RingResult) -> float:
    """Return how far all water is beyond the bounds, summed over places and steps [K]."""
    low, high = rows.limits_degc
    water = [result.temperature_degc[1:]]
    if rows.loop is not None:
        at_stations = station_water(rows.loop, result)
        water += [at_stations[rows.loop.stations.index(s)] for s in rows.loop.used_stations]
    degc = np.array(water)
    return float((np.maximum(degc - high, 0.0) + np.maximum(low - degc, 0.0)).sum())


@dataclass(frozen=True)
class Merit:
    """What an iteration promised, and what the simulation made of it.

    Attributes
    ----------
    promised_eur, simulated_eur : float
        Cost of the programme and simulated true cost, both with the penalty of unmet demand [€].
    given_eur : float
        Cost of plant and pump that the next programme does not hold [€].
    temperature_degc : ndarray, shape (T,)
        Ring temperature at the end of each step in the programme [°C].
    parting : str
        Where and when programme and simulation differ most, in words.
    gap_eur : float or None
        How much better another choice of whole numbers might be in the programme [€].
    """

    promised_eur: float
    simulated_eur: float
    given_eur: float
    temperature_degc: Floats
    parting: str
    gap_eur: float | None


def merit(
    config: CouplingConfig,
    rows: RingRows,
    dispatch: xr.Dataset,
    data: RingInput,
    result: RingResult,
    cost: TrueCost,
) -> Merit:
    """Return what an iteration promised and kept; parameters are as in `judge_iteration`."""
    penalty = float(dispatch.attrs["objective"]) - float(dispatch.attrs["cost_objective"])
    penalty -= cost.unseen_eur
    penalty += _unmet_eur(dispatch)
    simulated_eur = cost.total_eur + penalty + OVER_CAPACITY_EUR * _beyond_kwh(data, result)
    # Electricity that no grid can give is demand unmet.
    simulated_eur += _unmet_price(dispatch) * cost.beyond_grid_kwh
    if rows.kept_within:  # what is beyond the bounds truly, and in a programme that has them
        beyond_k = _beyond_bounds_k(rows, result)
        if "ring_beyond" in dispatch:
            beyond_k -= float(dispatch["ring_beyond"].sum())
        simulated_eur += rows.beyond_eur_per_k * beyond_k
    if "ring_field_beyond" in dispatch and rows.field is not None:
        size = sizes_in(dispatch).get(FIELD, 1.0)
        beyond_k = beyond_at_horizon_k(rows.field, result.q_bal_kw[FIELD], size)
        beyond_k -= float(dispatch["ring_field_beyond"].sum())
        simulated_eur += rows.field.beyond_eur_per_k * beyond_k
    # A schedule is paid for in the next programme; where the plant did not quite follow this one,
    # the difference is no saving that the next programme could count on.
    given_eur = cost.plant_electricity_eur + cost.plant_other_eur
    if config.slp.balancing == "scheduled":
        given_eur = 0.0 if rows.pays_for_pump else cost.pump_eur
    gap_eur = float(dispatch.attrs["gap"]) * abs(float(dispatch.attrs["objective"]))
    return Merit(
        promised_eur=cost.dispatch_eur + cost.unseen_eur + penalty,
        simulated_eur=simulated_eur,
        given_eur=given_eur,
        temperature_degc=(
            dispatch["ring_temperature"].values.reshape(-1)
            if rows.sees_water
            else result.temperature_degc[1:]
        ),
        parting=parting(rows, dispatch, data, result),
        gap_eur=gap_eur if math.isfinite(gap_eur) else None,
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
    found = merit(config, rows, dispatch, data, result, cost)
    step = judge(
        config.slp,
        about,
        parting=found.parting,
        lp_cost_eur=found.promised_eur,
        simulated_cost_eur=found.simulated_eur,
        lp_temperature_degc=found.temperature_degc,
        result=result,
    )
    step = replace(step, gap_eur=found.gap_eur)
    if not about.corrected:
        step = to_be_corrected(step, config.predicted_decrease * abs(cost.total_eur))
    incumbent = following(
        sized(ring, dispatch),
        rows,
        about,
        step,
        data,
        result,
        found.simulated_eur,
        found.given_eur,
        iteration,
        Prices.of(rows, cost.price_eur_per_kwh, dispatch),
    )
    if step.accepted:
        incumbent = replace(incumbent, plant_sizes=sizes_in(dispatch))
    return step, incumbent


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
