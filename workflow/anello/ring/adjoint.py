"""Exact derivatives of what a dispatch truly costs, through the simulation of the ring.

One pass backwards over the hours gives the derivative of J = Σ w·P with respect to every thermal
output, every use temperature and every heat flow into the ring, at any place and hour. The last of
these is the price of source heat: what one more kilowatt-hour in the ring is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.loop_run import plan_loop
from anello.ring.mixed import step_coefficients
from anello.ring.part_load import part_loads
from anello.ring.within_step import priced

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sensitivity:
    """Derivatives of the cost of the heat pumps' electricity.

    Attributes
    ----------
    source_eur_per_kwh : ndarray, shape (T, N)
        Cost of one more kWh of heat into the ring in a step, at each substation; N = 1 for the
        well-mixed ring. Negative where heat is worth something [€/kWh].
    plant_eur_per_kwh : ndarray, shape (T,)
        The same at the balancing plant [€/kWh].
    output_eur_per_kwh : ndarray, shape (H, T)
        Cost of one more kWh of thermal output, now and by what it does to the ring [€/kWh].
    use_eur_per_k : ndarray, shape (H, T)
        Cost of a use temperature one kelvin higher in the step [€/K].
    """

    source_eur_per_kwh: Floats
    plant_eur_per_kwh: Floats
    output_eur_per_kwh: Floats
    use_eur_per_k: Floats


def sensitivity(
    config: RingConfig, data: RingInput, result: RingResult, price_eur_per_kwh: Floats
) -> Sensitivity:
    """Return the derivatives of Σ price·P·Δt through the simulation.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.
    result : RingResult
        Its simulation.
    price_eur_per_kwh : ndarray, shape (H, T)
        Price of one more kWh of electricity at each heat pump [€/kWh].

    Returns
    -------
    Sensitivity
        The derivatives.

    Raises
    ------
    InputError
        If the ring is a two-pipe network.
    """
    # ASSUME: the balancing plant keeps to what it did, and a flow in proportion to the load stays.
    # A plant that follows a schedule does so; a dead band would answer to a change.
    hours = data.step_h
    spent = price_eur_per_kwh * hours
    loads = part_loads(config, data)
    worked = per_output = 1.0 / result.cop
    if loads is not None:
        per_output = loads.kw_per_kw(result.cop)
        worked = per_output - loads.standby_per_kw
    by_source = -data.q_kw * result.dcop_dring / result.cop**2
    by_use = -data.q_kw * result.dcop_duse / result.cop**2
    sigma = config.sigma(data.nodes)[:, None]
    if config.model == "two_pipe":
        raise InputError(
            Problem(
                "there are no derivatives of a two-pipe network",
                key="ring.model",
                value=config.model,
                suggestion="Simulate it twice, with a little more heat, and compare",
            )
        )
    if config.model == "loop":
        heat, station_of, plant_station = _loop(config, data, spent, by_source)
    else:
        heat = _mixed(config, data, spent, by_source)
        station_of, plant_station = [0] * len(data.nodes), 0
    at_pump = heat[:, station_of].T
    return Sensitivity(
        source_eur_per_kwh=heat / hours[:, None],
        plant_eur_per_kwh=heat[:, plant_station] / hours,
        output_eur_per_kwh=(spent * per_output + at_pump * (worked + sigma)) / hours,
        use_eur_per_k=(spent + at_pump) * by_use,
    )


def _mixed(config: RingConfig, data: RingInput, spent: Floats, by_source: Floats) -> Floats:
    """Return the derivative with respect to heat into the well-mixed ring, shape (T, 1) [€/kW]."""
    phi, psi = (values.tolist() for values in step_coefficients(config, data.step_h))
    direct = (spent * by_source).sum(axis=0).tolist()
    through = by_source.sum(axis=0).tolist()
    heat = np.empty((data.times.size, 1))
    state = 0.0
    for step in range(data.times.size - 1, -1, -1):
        by_heat = psi[step] * state
        heat[step, 0] = by_heat
        state = phi[step] * state + direct[step] + by_heat * through[step]
    return heat


def _loop(
    config: RingConfig, data: RingInput, spent: Floats, by_source: Floats
) -> tuple[Floats, list[int], int]:
    """Return the derivative with respect to heat at each substation, shape (T, N) [€/kW]."""
    plan = plan_loop(config, data)
    run = plan.run
    count = plan.place_flow.size
    heat = np.empty((data.times.size, count))
    gradient = np.zeros_like(run.evenly)
    direct, answers = plan.at_places(spent * by_source), plan.at_places(by_source)
    for step in range(data.times.size - 1, -1, -1):
        gradient, by_heat = run.pull_back(gradient, step)
        within = run.within.k_per_kw(step)
        heat[step], water = priced(by_heat, within, direct[step], answers[step])
        gradient = gradient + run.readings_back(water, step)
    return heat, plan.station_of, plan.plant_station
