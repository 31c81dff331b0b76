"""What a dispatch is worth to a search: its simulated true cost, with what must not pay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import total_of, values_of
from anello.coupling.borefield import beyond_at_horizon_k
from anello.coupling.config import CouplingConfig
from anello.coupling.linearisation import schedule_kw
from anello.coupling.plant_sizes import sizes_in
from anello.coupling.station_water import station_water
from anello.optimise.formulation.ring_rows import FIELD, RingRows
from anello.ring.cost import TrueCost
from anello.ring.exchange import RingInput, RingResult

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

OVER_CAPACITY_EUR = 10.0
"""Price of heat that a heat pump is too small to give: more than any that it can give [€/kWh]."""

BEYOND_CAP = 2.0
"""Price of exceeding a cap, in costs of the whole for the whole cap: where a kilogram of CO2 is
allowed for every 2 € that the dispatch costs, one more costs 4 €. At a smaller price, to break a
cap near the least that is possible would pay; a larger one makes steps small [-]."""

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


def _beyond_bounds_eur(rows: RingRows, result: RingResult) -> float:
    """Return the penalty of all water beyond the bounds, summed over places and steps [€]."""
    low, high = rows.limits_degc
    water = [result.temperature_degc[1:]]
    if rows.loop is not None:
        at_stations = station_water(rows.loop, result)
        water += [at_stations[rows.loop.stations.index(s)] for s in rows.loop.used_stations]
    degc = np.array(water)
    beyond_k = (np.maximum(degc - high, 0.0) + np.maximum(low - degc, 0.0)).sum(axis=1)
    return float(rows.beyond_eur_per_k @ beyond_k)


def _foreseen_eur(rows: RingRows, dispatch: xr.Dataset) -> float:
    """Return what a programme has of that penalty; nothing where it does not see the water [€]."""
    if "ring_beyond" not in dispatch:
        return 0.0
    known_k = values_of(
        dispatch, "ring_beyond", ("place", "timestep"), place=list(rows.kept_within)
    ).sum(axis=1)
    return float(rows.beyond_eur_per_k @ known_k)


def _penalty_eur(dispatch: xr.Dataset, cost: TrueCost) -> float:
    """Return what a programme holds besides cost, with what the merit asks for unmet demand [€]."""
    penalty = float(dispatch.attrs["objective"]) - float(dispatch.attrs["cost_objective"])
    return penalty - cost.unseen_eur + _unmet_eur(dispatch)


def judged_eur(
    rows: RingRows, dispatch: xr.Dataset, data: RingInput, result: RingResult, cost: TrueCost
) -> float:
    """Return a simulated true cost as a search judges it, for a dispatch of any coupling.

    Water beyond the bounds counts, by how far and how long, demand that is not met, and what the
    electricity of the simulation adds beyond a cap.

    Parameters
    ----------
    rows : RingRows
        The ring's numbers in the formulation.
    dispatch : xarray.Dataset
        Results of a programme.
    data, result, cost : RingInput, RingResult, TrueCost
        What the ring saw and did, and the true cost.

    Returns
    -------
    float
        Cost with penalties [€].
    """
    judged = cost.total_eur + _penalty_eur(dispatch, cost)
    judged += OVER_CAPACITY_EUR * _beyond_kwh(data, result)
    judged += BEYOND_CAP * abs(cost.total_eur) * cost.beyond_caps
    # Electricity that no grid can give is demand unmet.
    judged += _unmet_price(dispatch) * cost.beyond_grid_kwh
    if rows.kept_within:  # what is beyond the bounds truly, for what a programme has of it
        judged += _beyond_bounds_eur(rows, result) - _foreseen_eur(rows, dispatch)
    if "ring_field_beyond" in dispatch and rows.field is not None:
        size = sizes_in(dispatch).get(FIELD, 1.0)
        beyond_k = beyond_at_horizon_k(rows.field, result.q_bal_kw[FIELD], size)
        beyond_k -= total_of(dispatch, "ring_field_beyond")
        judged += rows.field.beyond_eur_per_k * beyond_k
    return judged


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
    penalty = _penalty_eur(dispatch, cost)
    simulated_eur = judged_eur(rows, dispatch, data, result, cost)
    # A schedule is paid for in the next programme; where the plant did not quite follow this one,
    # the difference is no saving that the next programme could count on.
    given_eur = cost.plant_electricity_eur + cost.plant_other_eur
    if config.schedules_plant:
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
