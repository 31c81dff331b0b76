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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.coupling.station_water import station_water
from anello.optimise.formulation.ring_rows import MARGIN_K, RingRows
from anello.optimise.solve.problem import Problem
from anello.ring.config import RingConfig
from anello.ring.devices import plant_devices
from anello.ring.exchange import RingInput, RingResult
from anello.ring.loop_run import LoopPlan
from anello.ring.plant import passing_each
from anello.ring.rounds import reached_share, weights_of_change
from anello.ring.waves import Waves

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

OPEN = 1e-9
"""An exchanger this near to its limit, relative to it, follows the water [-]."""


BOUNDS = ("ring_temperature_max", "ring_temperature_min")
"""Rows whose duals say what a bound is worth."""

NEGLIGIBLE = 0.01
"""Cost of heat that the programme misses, relative to the largest, that needs no correction [-]."""


@dataclass(frozen=True)
class Prices:
    """What a programme found more electricity, and warmer water at a bound, to cost.

    Attributes
    ----------
    electricity_eur_per_kwh : mapping of str to ndarray, shape (T,)
        Price of one more kWh of electricity, by location [€/kWh].
    warmer_eur_per_k : ndarray, shape (P, T)
        Cost of warmer water at each place that is kept within the bounds: positive at the upper
        one, negative at the lower one, zero between them [€/K].
    """

    electricity_eur_per_kwh: Mapping[str, Floats]
    warmer_eur_per_k: Floats

    @classmethod
    def of(cls, rows: RingRows, electricity: Mapping[str, Floats], dispatch: xr.Dataset) -> Prices:
        """Return the prices of a dispatch, with the duals of its bounds where it has any."""
        warmer = np.zeros((len(rows.kept_within), rows.step_h.size))
        for name, sign in zip(BOUNDS, (-1.0, 1.0), strict=True):
            if f"dual_{name}" in dispatch:
                found = dispatch[f"dual_{name}"].sel(place=list(rows.kept_within))
                warmer += sign * found.transpose("place", "timestep").values
        return cls(electricity, warmer)


@dataclass(frozen=True)
class Response:
    """What H heat pumps, the plant and the bounds do as the water gets warmer.

    Attributes
    ----------
    pump_kw_per_k : ndarray, shape (H, T)
        Electricity of each heat pump, which is heat into the loop as well [kW/K].
    pump_eur_per_kw : ndarray, shape (H, T)
        What that electricity costs [€/kW].
    plant_kw_per_k : ndarray, shape (T,)
        Heat of exchangers that are open, into the loop [kW/K].
    plant_eur_per_k : ndarray, shape (T,)
        What all devices cost more [€/K].
    rise_kw_per_k, rise_eur_per_k : ndarray, shape (T,)
        Heat of exchangers that are open, and what it costs, where the mean of the water rises in
        the step; nothing where the water does not come round [kW/K, €/K].
    water_eur_per_k : ndarray, shape (N, T)
        Penalty of water beyond the bounds [€/K].
    mean_eur_per_k : ndarray, shape (T + 1,)
        Penalty of the mean at the start of each step, and at the end [€/K].
    """

    pump_kw_per_k: Floats
    pump_eur_per_kw: Floats
    plant_kw_per_k: Floats
    plant_eur_per_k: Floats
    rise_kw_per_k: Floats
    rise_eur_per_k: Floats
    water_eur_per_k: Floats
    mean_eur_per_k: Floats


def bound_rows(problem: Problem) -> tuple[str, ...]:
    """Names of the rows whose duals :meth:`Prices.of` wants, as far as a problem has them."""
    return tuple(name for name in BOUNDS if name in problem.constraints)


def unseen_eur_per_kw(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    plan: LoopPlan,
    shown: Waves,
    prices: Prices,
) -> Floats:
    """Return what heat truly costs, less what it costs in the programme, shape (N, T) [€/kW].

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
    shown : Waves
        What the programme sees.
    prices : Prices
        What the programme found electricity and bounds to cost.
    """
    response = respond(config, rows, data, result, prices)
    true, weight, risen = true_heat(plan, response)
    mean = response.mean_eur_per_k.copy()
    mean[1:] += risen
    mean[:-1] -= risen
    unseen = true - seen_heat(rows, shown, weight, mean)
    if np.abs(unseen).max() <= NEGLIGIBLE * np.abs(true).max():
        return np.zeros_like(unseen)
    return unseen


def respond(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    prices: Prices,
) -> Response:
    """Return what everything that the water's warmth concerns does about a dispatch."""
    hours, loop, electricity = data.step_h, rows.loop, prices.electricity_eur_per_kwh
    assert loop is not None
    assert result.flow_kg_s is not None
    assert result.plant_degc is not None
    pump_eur = np.array([electricity[node.partition("::")[0]] for node in data.nodes]) * hours
    plant_kw_per_k = np.zeros_like(hours)
    plant_eur_per_k = np.zeros_like(hours)
    rise_kw_per_k, rise_eur_per_k = np.zeros_like(hours), np.zeros_like(hours)
    if rows.electricity_location is None:
        price = np.full_like(hours, rows.electricity_price_eur_per_kwh)
    else:
        price = electricity[rows.electricity_location]
    through = np.abs(result.flow_kg_s) * config.medium.kj_per_kgk
    risen = np.diff(result.temperature_degc)
    for device in plant_devices(config.plant, data.surroundings):
        heat = result.q_bal_kw[device.name]
        plant_eur_per_k += np.abs(heat) * hours * price * result.de_bal_dring[device.name]
        if not (device.is_exchanger and device.body_degc is not None and rows.devices):
            continue
        kw_per_k = passing_each(device.kw_per_k, through)
        per_kw = hours / rows.capacity_kwh_per_k
        weight = weights_of_change(kw_per_k, through, per_kw, reached_by(rows, through))
        body_degc = device.body_degc
        if device.name == "wells" and result.doublet is not None:
            body_degc = body_degc + result.doublet.shift_k
        most = kw_per_k * np.abs(body_degc - result.plant_degc - weight * risen)
        size = np.where(heat > 0, device.heating_kw, device.cooling_kw)
        opened = (np.abs(heat) >= (1.0 - OPEN) * most) & (most < size) & (heat != 0.0)
        kw_per_k = np.where(opened, kw_per_k, 0.0)
        paid = device.electricity_kwh_per_kwh * price + device.cost_eur_per_kwh
        plant_kw_per_k -= kw_per_k
        per_k = np.sign(heat) * kw_per_k * paid * hours
        plant_eur_per_k -= per_k
        rise_kw_per_k -= kw_per_k * weight
        rise_eur_per_k -= per_k * weight
    water, mean = _penalties(rows, result, prices.warmer_eur_per_k)
    return Response(
        -data.q_kw * result.dcop_dring / result.cop**2,
        pump_eur,
        plant_kw_per_k,
        plant_eur_per_k,
        rise_kw_per_k,
        rise_eur_per_k,
        water,
        mean,
    )


def reached_by(rows: RingRows, flow_kw_per_k: Floats) -> Floats | None:
    """Return the share of a loop's water that comes by in each step, (T,); None for all [-]."""
    loop = rows.loop
    if loop is None or not any(loop.branch_kwh_per_k):
        return None
    return reached_share(
        rows.capacity_kwh_per_k,
        np.array(loop.branch_kwh_per_k),
        np.array(loop.place_flow),
        flow_kw_per_k,
        rows.step_h,
    )


def _penalties(
    rows: RingRows, result: RingResult, warmer_eur_per_k: Floats
) -> tuple[Floats, Floats]:
    """Return what water beyond the bounds costs by its temperature, at places and in the mean."""
    loop = rows.loop
    assert loop is not None
    steps = result.step_h.size
    water, mean = np.zeros((len(loop.stations), steps)), np.zeros(steps + 1)
    mean[-1] = -rows.end_credit_eur_per_k
    if not rows.kept_within:
        return water, mean
    low, high = rows.limits_degc

    def slope(degc: Floats, row: int) -> Floats:
        # At a bound the penalty has a kink; how much of it counts, the programme has found.
        outside = (degc > high[row] + MARGIN_K) | (degc < low[row] - MARGIN_K)
        inside = (degc < high[row] - 2 * MARGIN_K) & (degc > low[row] + 2 * MARGIN_K)
        full = np.where(degc > high[row], 1.0, -1.0) * rows.beyond_eur_per_k
        return np.where(outside, full, np.where(inside, 0.0, warmer_eur_per_k[row]))

    mean[1:] += slope(result.temperature_degc[1:], 0)
    degc = station_water(loop, result)
    for row, name in enumerate(loop.used_stations, start=1):
        place = loop.stations.index(name)
        water[place] = slope(degc[place], row)
    return water, mean


def true_heat(plan: LoopPlan, response: Response) -> tuple[Floats, Floats, Floats]:
    """Return what heat costs in the simulation, and what warmer water at a place does.

    Where water comes round to exchangers that are open, what they do follows the rise r of the
    mean in the step, which follows from all heat in it, theirs included:
    ``∂J/∂r = (c + λ·k)/(1 − g·k)``, with k and c their heat and its cost per kelvin of r, λ what
    heat at the plant costs by all later steps, and g the rise per kW of it.

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
    count = response.water_eur_per_k.shape[0]
    heat, water = np.empty((steps, count)), np.empty((steps, count))
    place = np.asarray(plan.station_of)
    plant = plan.plant_station
    risen = np.zeros(steps)
    evenly = run.evenly
    gradient = response.mean_eur_per_k[-1] * evenly
    for step in range(steps - 1, -1, -1):
        gradient, by_heat = run.pull_back(gradient, step)
        follows = float(response.rise_kw_per_k[step])
        if follows:
            by_start, gains = run.pull_back(evenly, step)
            own = float(response.rise_eur_per_k[step] + by_heat[plant] * follows)
            risen[step] = own / (1.0 - float(gains[plant]) * follows)
            gradient = gradient + risen[step] * (by_start - evenly)
            by_heat = by_heat + risen[step] * gains
        heat[step] = by_heat
        by_pump = response.pump_eur_per_kw[:, step] + by_heat[place]
        warmed = by_pump * response.pump_kw_per_k[:, step]
        weight = np.bincount(place, warmed, minlength=count).astype(float)
        weight += response.water_eur_per_k[:, step]
        weight[plant] += by_heat[plant] * response.plant_kw_per_k[step]
        weight[plant] += response.plant_eur_per_k[step]
        water[step] = weight
        gradient = gradient + run.readings_back(weight, step)
        gradient += response.mean_eur_per_k[step] * evenly
    return heat.T, water.T, risen


def seen_heat(rows: RingRows, shown: Waves, water: Floats, mean: Floats) -> Floats:
    """Return what heat costs in the programme, if warmer water costs what is given.

    Parameters
    ----------
    rows : RingRows
        The ring's numbers in the formulation.
    shown : Waves
        The waves that it sees.
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
        heat[:, step] = rows.psi[step] * by_mean + by_wave @ shown.heat[:, :, step]
        now = water[:, step]
        by_mean = rows.phi[step] * by_mean + float(now.sum()) + float(mean[step])
        by_wave = shown.keep[:, step] * by_wave + now @ shown.reading[:, :, step]
    return heat
