"""What heat pumps, plant and bounds do about water that gets warmer, or flows faster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.prices import Prices
from anello.coupling.station_water import station_water
from anello.optimise.formulation.ring_rows import MARGIN_K, RingRows
from anello.ring.config import RingConfig
from anello.ring.devices import plant_devices
from anello.ring.exchange import RingInput, RingResult
from anello.ring.hydraulics import pump_power_kw
from anello.ring.plant import passing_each
from anello.ring.rounds import reached_share, weights_of_change

Floats = NDArray[np.float64]

OPEN = 1e-9
"""An exchanger this near to its limit, relative to it, follows the water [-]."""


NUDGE = 1e-6
"""Change of the flow, relative or in kg/s, by which its effects are found [-]."""

TINY = 1e-12
"""Conductance of what conducts nothing [kW/K]."""


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
    flow_kw_per_kg_s, flow_eur_per_kg_s : ndarray, shape (T,)
        Heat of exchangers that are open, into the loop, as its water flows faster [kW·s/kg]; and
        what they and the circulation pump cost more [€·s/kg].
    pump_kw_per_kg_s : ndarray, shape (T,)
        Heat of the circulation pump into the water likewise [kW·s/kg].
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
    flow_kw_per_kg_s: Floats
    flow_eur_per_kg_s: Floats
    pump_kw_per_kg_s: Floats
    water_eur_per_k: Floats
    mean_eur_per_k: Floats


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
    price = prices.of_plant(rows)
    flow_kg_s = np.abs(result.flow_kg_s)
    through = flow_kg_s * config.medium.kj_per_kgk
    assert config.loop is not None
    # ASSUME: how often the water comes round within a step changes little with its flow.
    faster = np.maximum(NUDGE * flow_kg_s, NUDGE)
    pumps_kw, pumps_faster_kw = (
        pump_power_kw(config.loop, config.medium, kg_s) for kg_s in (flow_kg_s, flow_kg_s + faster)
    )
    pump_kw_per_kg_s = (pumps_faster_kw - pumps_kw) / faster
    flow_kw_per_kg_s, flow_eur_per_kg_s = np.zeros_like(hours), pump_kw_per_kg_s * price * hours
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
        grown = passing_each(device.kw_per_k, through + faster * config.medium.kj_per_kgk)
        growth = np.where(opened, (grown / np.maximum(kw_per_k, TINY) - 1.0) / faster, 0.0)
        kw_per_k = np.where(opened, kw_per_k, 0.0)
        paid = device.electricity_kwh_per_kwh * price + device.cost_eur_per_kwh
        plant_kw_per_k -= kw_per_k
        per_k = np.sign(heat) * kw_per_k * paid * hours
        plant_eur_per_k -= per_k
        rise_kw_per_k -= kw_per_k * weight
        rise_eur_per_k -= per_k * weight
        flow_kw_per_kg_s += heat * growth
        flow_eur_per_kg_s += np.abs(heat) * growth * paid * hours
    water, mean = _penalties(rows, result, prices.warmer_eur_per_k)
    return Response(
        pump_kw_per_k=-data.q_kw * result.dcop_dring / result.cop**2,
        pump_eur_per_kw=pump_eur,
        plant_kw_per_k=plant_kw_per_k,
        plant_eur_per_k=plant_eur_per_k,
        rise_kw_per_k=rise_kw_per_k,
        rise_eur_per_k=rise_eur_per_k,
        flow_kw_per_kg_s=flow_kw_per_kg_s,
        flow_eur_per_kg_s=flow_eur_per_kg_s,
        pump_kw_per_kg_s=config.loop.warming_kw(pump_kw_per_kg_s),
        water_eur_per_k=water,
        mean_eur_per_k=mean,
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
        full = np.where(degc > high[row], 1.0, -1.0) * rows.beyond_eur_per_k[row]
        return np.where(outside, full, np.where(inside, 0.0, warmer_eur_per_k[row]))

    mean[1:] += slope(result.temperature_degc[1:], 0)
    degc = station_water(loop, result)
    for row, name in enumerate(loop.used_stations, start=1):
        place = loop.stations.index(name)
        water[place] = slope(degc[place], row)
    return water, mean
