"""What heat at a substation costs by ways that the linear programme does not see.

The programme knows the water of a loop by its mean and a few waves. Its promise would be wrong by
the first order wherever the water does something else. What a kilowatt at each place and hour truly
costs everybody is one pass backwards through the simulation; what it costs in the programme is the
same pass through the programme's own rows. Their difference is a linear term of the objective, so
that programme and simulation have the same gradient whatever the programme leaves out (the additive
correction of Alexandrov and Lewis, 2001; with the adjoint in place of the exact Jacobian as Diehl,
Walther, Bock and Kostina, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.prices import Prices
from anello.coupling.response import Response, respond
from anello.coupling.unseen_flow import (
    FollowingFlow,
    flow_eur_per_kg_s,
    seen_eur_per_parcel,
)
from anello.optimise.formulation.ring_rows import RingRows
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.loop_run import LoopPlan
from anello.ring.waves import Displaced, Waves
from anello.ring.within_step import priced

Floats = NDArray[np.float64]

NEGLIGIBLE = 0.01
"""Cost of heat that the programme misses, relative to the largest, that needs no correction [-]."""


@dataclass(frozen=True)
class Unseen:
    """What a programme does not see of the cost of a loop's heat.

    Attributes
    ----------
    heat_eur_per_kw : ndarray, shape (N, T)
        What heat truly costs, less what it costs in the programme, at each substation [€/kW].
    output_eur_per_kwh : ndarray, shape (H, T)
        The same of output, by the flow it calls for; nothing where the flow does not follow the
        load [€/kWh].
    """

    heat_eur_per_kw: Floats
    output_eur_per_kwh: Floats


def unseen(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    plan: LoopPlan,
    follows: FollowingFlow,
    station_kw: Floats,
    shown: Waves,
    within: Floats,
    by_shift: Displaced,
    prices: Prices,
) -> Unseen:
    """Return what the programme would not see.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    data, result : RingInput, RingResult
        The incumbent dispatch and its simulation.
    plan : LoopPlan
        Of that simulation.
    follows : FollowingFlow
        How its flow follows the load.
    station_kw : ndarray, shape (N, T)
        Heat into the loop at each substation [kW].
    shown, by_shift : Waves, Displaced
        What the programme sees of the water, and of water that is further.
    within : ndarray, shape (N, S, T)
        What it sees of what heat does to the water that arrives in the same step: S is N, or
        nothing [K/kW].
    prices : Prices
        What the programme found electricity and bounds to cost.
    """
    response = respond(config, rows, data, result, prices)
    true, weight, risen = true_heat(plan, response)
    mean = response.mean_eur_per_k.copy()
    mean[1:] += risen
    mean[:-1] -= risen
    heat = true - seen_heat(rows, shown, within, weight, mean)
    # ASSUME: the water of the first step, which the programme takes as given, is one of many.
    later = np.abs(heat[:, 1:]).max(initial=0.0)
    if later <= NEGLIGIBLE * np.abs(true).max():
        heat = np.zeros_like(heat)
    output = np.zeros_like(data.q_kw)
    if follows.kg_s_per_kw.any():
        flow = flow_eur_per_kg_s(config, plan, result, follows, station_kw, response, weight, mean)
        flow -= follows.parcels_per_kg_s * seen_eur_per_parcel(shown, by_shift, weight)
        output = follows.kg_s_per_kw * flow / data.step_h
    return Unseen(heat, output)


def true_heat(plan: LoopPlan, response: Response) -> tuple[Floats, Floats, Floats]:
    """Return what heat costs in the simulation, and what warmer water at a place does.

    Where water comes round to exchangers that are open, what they do follows the rise r of the
    mean in the step, which follows from all heat in it, theirs included: ``∂J/∂r = c + μ·k``, with
    k and c their heat and its cost per kelvin of r, and μ what heat at the plant costs.

    Parameters
    ----------
    plan : LoopPlan
        The simulation.
    response : Response
        What everything does as the water gets warmer.

    Returns
    -------
    heat : ndarray, shape (N, T)
        Cost of heat at each substation [€/kW].
    water : ndarray, shape (N, T)
        Cost of warmer water at each place, all that follows from it included [€/K].
    risen : ndarray, shape (T,)
        Cost of a mean that rises more in a step, all that follows from it included [€/K].
    """
    run, steps = plan.run, response.plant_kw_per_k.size
    count, plant = response.water_eur_per_k.shape[0], plan.plant_station
    heat, water = np.empty((steps, count)), np.empty((steps, count))
    direct = plan.at_places(response.pump_eur_per_kw * response.pump_kw_per_k)
    direct += response.water_eur_per_k.T
    direct[:, plant] += response.plant_eur_per_k
    answers = plan.at_places(response.pump_kw_per_k)
    answers[:, plant] += response.plant_kw_per_k
    risen = np.zeros(steps)
    evenly = run.evenly
    gradient = response.mean_eur_per_k[-1] * evenly
    for step in range(steps - 1, -1, -1):
        gradient, by_heat = run.pull_back(gradient, step)
        within, follows = run.within.k_per_kw(step), float(response.rise_kw_per_k[step])
        if follows:
            by_start, gains = run.pull_back(evenly, step)
            later = by_heat + response.rise_eur_per_k[step] * gains
            by_rise = np.zeros((count, count))
            by_rise[:, plant] = gains * follows
            found = priced(later, within, direct[step], answers[step], by_rise)
            heat[step], water[step] = found
            risen[step] = response.rise_eur_per_k[step] + heat[step, plant] * follows
            gradient = gradient + risen[step] * (by_start - evenly)
        else:
            heat[step], water[step] = priced(by_heat, within, direct[step], answers[step])
        gradient = gradient + run.readings_back(water[step], step)
        gradient += response.mean_eur_per_k[step] * evenly
    return heat.T, water.T, risen


def seen_heat(rows: RingRows, shown: Waves, within: Floats, water: Floats, mean: Floats) -> Floats:
    """Return what heat costs in the programme, if warmer water costs what is given.

    Parameters
    ----------
    rows : RingRows
        The ring's numbers in the formulation.
    shown : Waves
        The waves that it sees.
    within : ndarray, shape (N, S, T)
        What it sees of what heat does to the water that arrives in the same step: S is N, or
        nothing [K/kW].
    water : ndarray, shape (N, T)
        Cost of warmer water at each place [€/K].
    mean : ndarray, shape (T + 1,)
        Cost of a warmer mean at the start of each step, and at the end [€/K].

    Returns
    -------
    ndarray, shape (N, T)
        Cost of heat at each substation [€/kW].
    """
    heat = np.empty_like(water)
    by_mean, by_wave = float(mean[-1]), np.zeros(shown.keep.shape[0])
    for step in range(water.shape[1] - 1, -1, -1):
        now = water[:, step]
        heat[:, step] = rows.psi[step] * by_mean + by_wave @ shown.heat[:, :, step]
        heat[: within.shape[1], step] += now @ within[:, :, step]
        by_mean = rows.phi[step] * by_mean + float(now.sum()) + float(mean[step])
        by_wave = shown.keep[:, step] * by_wave + now @ shown.reading[:, :, step]
    return heat
