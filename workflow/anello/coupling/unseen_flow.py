"""What a faster flow costs, where the flow of a loop follows its load.

The programme keeps the incumbent's flow. Another flow in one hour brings all water further, then
and ever after; what that does is one more pass backwards through the simulation, beside two that
are the same but for water that is a little further at all times, and by the end of each step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.response import Response
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.geometry import flow_by_output
from anello.ring.loop_run import LoopPlan, Run
from anello.ring.waves import NUDGE, Displaced, Waves

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FollowingFlow:
    """How the flow of a loop, and the way of its water, follow the output of H heat pumps.

    Attributes
    ----------
    kg_s_per_kw : ndarray, shape (H, T)
        How much faster the water flows by output; nothing where it does not follow [kg/(s·kW)].
    parcels_per_kg_s : ndarray, shape (T,)
        How much further it comes in a step by a faster flow [parcels·s/kg].
    """

    kg_s_per_kw: Floats
    parcels_per_kg_s: Floats

    @classmethod
    def of(cls, config: RingConfig, data: RingInput, plan: LoopPlan) -> FollowingFlow:
        """Return how the flow follows in a simulation.

        Parameters
        ----------
        config : RingConfig
            The ring's settings.
        data, plan : RingInput, LoopPlan
            The dispatch, and the plan of its simulation.
        """
        towards = np.sign(plan.flow_kg_s) * config.medium.kj_per_kgk * data.step_h
        return cls(flow_by_output(config, data), towards / plan.run.unit_kwh_per_k)


def flow_eur_per_kg_s(
    config: RingConfig,
    plan: LoopPlan,
    result: RingResult,
    follows: FollowingFlow,
    station_kw: Floats,
    response: Response,
    water_eur_per_k: Floats,
    mean_eur_per_k: Floats,
) -> Floats:
    """Return what a faster flow in each step costs, shape (T,) [€·s/kg].

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    plan, result : LoopPlan, RingResult
        The simulation of the incumbent.
    follows : FollowingFlow
        How its flow follows the load.
    station_kw : ndarray, shape (N, T)
        Heat into the loop at each substation [kW].
    response : Response
        What everything does as the water gets warmer, or flows faster.
    water_eur_per_k : ndarray, shape (N, T)
        Cost of warmer water at each place, all that follows from it included [€/K].
    mean_eur_per_k : ndarray, shape (T + 1,)
        Cost of a warmer mean at the start of each step, and at the end, likewise [€/K].
    """
    # ASSUME: with branches, whose water mixes at each place, where water is changes little.
    run = plan.run
    if not isinstance(run, Run):
        return response.flow_eur_per_kg_s
    further, longer = run.displaced(NUDGE, 0.0), run.displaced(0.0, NUDGE)
    fields = _fields(config, plan, result, station_kw)
    cost = response.flow_eur_per_kg_s.copy()
    gradient, ever_after = mean_eur_per_k[-1] * run.evenly, 0.0
    for step in range(result.step_h.size - 1, -1, -1):
        weight = water_eur_per_k[:, step]
        (start, by_heat), *others = (
            _start(one, gradient, weight, step) for one in (run, further, longer)
        )
        by_further, by_longer = (
            float((other - start) @ fields[step] + (heat - by_heat) @ station_kw[:, step]) / NUDGE
            for other, heat in others
        )
        cost[step] += follows.parcels_per_kg_s[step] * (by_longer + ever_after)
        cost[step] += by_heat[plan.plant_station] * response.flow_kw_per_kg_s[step]
        by_all = float(gradient.sum()) * result.step_h[step] / (run.unit_kwh_per_k * run.parcels)
        cost[step] += by_all * response.pump_kw_per_kg_s[step]
        ever_after += by_further
        gradient = start + mean_eur_per_k[step] * run.evenly
    return cost


def seen_eur_per_parcel(shown: Waves, by_shift: Displaced, water_eur_per_k: Floats) -> Floats:
    """Return what water costs in the programme that comes further in a step, (T,) [€/parcel].

    Parameters
    ----------
    shown : Waves
        The waves that it sees.
    by_shift : Displaced
        What it sees of water that is further.
    water_eur_per_k : ndarray, shape (N, T)
        Cost of warmer water at each place [€/K].
    """
    steps = water_eur_per_k.shape[1]
    cost, by_wave, ever_after = np.empty(steps), np.zeros(shown.keep.shape[0]), 0.0
    for step in range(steps - 1, -1, -1):
        now = water_eur_per_k[:, step]
        by_end = now @ by_shift.water_by_end[:, step] + by_wave @ by_shift.wave_by_end[:, step]
        cost[step] = by_end + ever_after
        by_start = by_shift.water_by_start[:, step] @ now
        by_start += by_shift.wave_by_start[:, step] @ by_wave
        ever_after += float(by_end + by_start)
        by_wave = shown.keep[:, step] * by_wave + now @ shown.reading[:, :, step]
    return cost


def _start(run: Run, gradient: Floats, weight: Floats, step: int) -> tuple[Floats, Floats]:
    """Return the derivative by the parcels at a step's start [€/K], and by heat in it [€/kW]."""
    start, heat = run.pull_back(gradient, step)
    heat = heat + weight @ run.within.k_per_kw(step)
    return start + run.readings_back(weight, step), heat


def _fields(
    config: RingConfig, plan: LoopPlan, result: RingResult, station_kw: Floats
) -> list[Floats]:
    """Return the parcels at the start of each step [°C], which no result of a simulation keeps."""
    # ASSUME: a borefield that evens the water which passes it changes little of where it is warm.
    run = plan.run
    field, fields = run.start(config.initial_degc), []
    for step in range(result.step_h.size):
        fields.append(field)
        pump_heat_kw, ground_degc = float(result.pump_heat_kw[step]), float(run.mean_ground[step])
        field, _ = run.advance(field, step, station_kw[:, step], pump_heat_kw, ground_degc)
    return fields
