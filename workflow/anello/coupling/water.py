"""What the linear programme knows of the water along a loop, about an incumbent dispatch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anello.coupling.prices import Prices
from anello.coupling.station_water import station_water
from anello.coupling.unseen import unseen
from anello.coupling.unseen_flow import FollowingFlow
from anello.optimise.formulation.ring_rows import (
    AT_END,
    AT_START,
    SHIFT_PER_KWH,
    UNSEEN_PER_KW,
    UNSEEN_PER_KWH,
    WATER_PER_KW,
    WATER_PER_SHIFT,
    WATER_PER_WAVE,
    WAVE_KEEP,
    WAVE_PER_KW,
    WAVE_PER_SHIFT,
    LoopRows,
    RingRows,
    pair,
)
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.geometry import stations
from anello.ring.loop_config import LoopConfig
from anello.ring.loop_run import LoopPlan, plan_loop
from anello.ring.loop_tree import branch_flows
from anello.ring.part_load import part_loads
from anello.ring.waves import Displaced, Waves, displaced, waves

Floats = NDArray[np.float64]

MK_PER_K = 1000.0
"""The programme has waves in mK, so that the entries of their rows are of like size [mK/K]."""

SEEN_PLACES = 12
"""Places of a loop up to which a programme sees what each does to the others' water within a step:
their rows grow with the square of it [-]."""

TRACE_WAVE = 1e-3
"""Entry of a wave, relative to the largest, that is left out of the programme [-]."""


@dataclass(frozen=True)
class Water:
    """The water of a loop with N substations and K waves, as it comes to each substation.

    Attributes
    ----------
    station_kw : ndarray, shape (N, T)
        Heat into the loop at each substation [kW].
    station_given_kw : ndarray, shape (N, T)
        What of it the programme does not decide [kW].
    degc : ndarray, shape (N, T)
        Water that comes to each substation [°C].
    given_degc : ndarray, shape (N, T)
        What of it mean, waves and the step's own heat do not say [K].
    wave_keep : ndarray, shape (K, T)
        What is left of a wave after a step [-].
    wave_per_kw : ndarray, shape (K, N, T)
        Amplitude by heat at a substation [K/kW].
    per_wave : ndarray, shape (N, K, T)
        Temperature of the water by amplitude [K/K].
    per_kw : ndarray, shape (N, S, T)
        Temperature of the water by heat at a substation in the same step; S is N where the
        programme sees that, else nothing [K/kW].
    passing_kw_per_k : ndarray, shape (T,)
        Heat per kelvin of the water that passes a place of the loop, however often it comes round
        [kW/K].
    pump_kw : ndarray, shape (T,)
        Electricity of the circulation pump [kW].
    unseen_eur_per_kw : ndarray, shape (N, T)
        Cost of heat at a substation by what mean and waves do not show [€/kW].
    output_kwh, unseen_eur_per_kwh : ndarray, shape (H, T)
        Output of each heat pump [kWh], and what it costs by the flow it calls for, beyond what
        mean and waves show of that [€/kWh].
    shift_per_kwh : ndarray, shape (H, T)
        How much further the water comes by output, where the flow follows the load [parcels/kWh].
    wave_by_start, wave_by_end, water_by_start, water_by_end : ndarray, shape (K, T) and (N, T)
        What that does; see `anello.ring.waves.Displaced` [K/parcel].
    """

    station_kw: Floats
    station_given_kw: Floats
    degc: Floats
    given_degc: Floats
    wave_keep: Floats
    wave_per_kw: Floats
    per_wave: Floats
    per_kw: Floats
    passing_kw_per_k: Floats
    pump_kw: Floats
    unseen_eur_per_kw: Floats
    output_kwh: Floats
    unseen_eur_per_kwh: Floats
    shift_per_kwh: Floats
    wave_by_start: Floats
    wave_by_end: Floats
    water_by_start: Floats
    water_by_end: Floats

    @property
    def shows_all(self) -> bool:
        """Whether mean and waves show all there is."""
        return not (self.unseen_eur_per_kw.any() or self.unseen_eur_per_kwh.any())

    def uncorrected(self) -> Water:
        """The same water, without what mean and waves do not show."""
        return replace(
            self,
            unseen_eur_per_kw=np.zeros_like(self.unseen_eur_per_kw),
            unseen_eur_per_kwh=np.zeros_like(self.unseen_eur_per_kwh),
        )


def loop_rows(loop: LoopConfig, nodes: tuple[str, ...], count: int) -> LoopRows:
    """Where heat pumps and plant are along a loop, and its first waves.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    nodes : tuple of str
        Heat pumps.
    count : int
        How many wave numbers; half of the loop's parcels at most. A loop with branches has none.
    """
    station_of, plant_station = stations(loop, nodes)
    # ASSUME: of a tree the mean is enough, with the price of what it does not show.
    numbers = range(1, 0 if loop.branches else min(count, loop.parcels // 2) + 1)
    return LoopRows(
        stations=tuple(station.name for station in loop.places),
        station_of=tuple(station_of),
        plant_station=plant_station,
        place_flow=tuple(branch_flows(loop).tolist()),
        flow_follows=loop.flow.kind == "proportional",
        within_step=len(loop.places) <= SEEN_PLACES,
        waves=tuple(f"{wave}_{number}" for number in numbers for wave in ("cosine", "sine")),
    )


def water_about(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    prices: Prices,
) -> Water | None:
    """Return the water of a loop about a simulated dispatch; None without a loop.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    data : RingInput
        The dispatch.
    result : RingResult
        Its simulation.
    prices : Prices
        What the programme found electricity and bounds to cost.
    """
    loop = rows.loop
    if loop is None or result.flow_kg_s is None:
        return None
    steps, mean = data.times.size, result.temperature_degc[:-1]
    plan = plan_loop(config, data)
    found = waves(plan, loop.wave_numbers)
    plant_kw = np.zeros((len(loop.stations), steps))
    for name, moved_kw in result.q_bal_kw.items():
        own = loop.field_station if name == "borefield" else None
        plant_kw[loop.plant_station if own is None else own] += moved_kw
    heat_kw = plant_kw.copy()
    np.add.at(heat_kw, list(loop.station_of), result.q_ring_kw)
    given_kw = np.zeros_like(plant_kw) if rows.devices else plant_kw.copy()
    loads = part_loads(config, data)
    if loads is not None:  # in the programme it is part of the electricity, and would be heat
        np.subtract.at(given_kw, list(loop.station_of), loads.standby_kw)
    follows = FollowingFlow.of(config, data, plan)
    by_shift, shift_per_kwh = _by_shift(loop, data.step_h, plan, follows, found, heat_kw)
    found = replace(found, heat=_without_traces(found.heat))
    per_wave = _without_traces(found.reading)
    amplitudes = found.amplitudes(heat_kw)[:, :-1]
    degc = station_water(loop, result)
    shown = replace(found, reading=per_wave)
    per_kw = _per_kw(loop, plan)
    missed = unseen(
        config, rows, data, result, plan, follows, heat_kw, shown, per_kw, by_shift, prices
    )
    told = np.einsum("pkt,kt->pt", per_wave, amplitudes)
    told += np.einsum("pst,st->pt", per_kw, heat_kw[: per_kw.shape[1]])
    return Water(
        station_kw=heat_kw,
        station_given_kw=given_kw,
        degc=degc,
        given_degc=degc - mean - told,
        wave_keep=found.keep,
        wave_per_kw=found.heat,
        per_wave=per_wave,
        per_kw=per_kw,
        passing_kw_per_k=np.abs(result.flow_kg_s) * config.medium.kj_per_kgk,
        pump_kw=result.pump_kw,
        unseen_eur_per_kw=missed.heat_eur_per_kw,
        output_kwh=data.q_kw * data.step_h,
        unseen_eur_per_kwh=missed.output_eur_per_kwh,
        shift_per_kwh=shift_per_kwh,
        wave_by_start=by_shift.wave_by_start,
        wave_by_end=by_shift.wave_by_end,
        water_by_start=by_shift.water_by_start,
        water_by_end=by_shift.water_by_end,
    )


def _per_kw(loop: LoopRows, plan: LoopPlan) -> Floats:
    """Return what the programme sees of a step's heat in its own water, (N, S, T) [K/kW]."""
    if not loop.within_step:
        return np.zeros((len(loop.stations), 0, plan.flow_kg_s.size))
    per_kw = _without_traces(plan.run.within.by_step)
    per_kw[..., 0] = 0.0  # the water of the first step is given
    return per_kw


def _by_shift(
    loop: LoopRows,
    step_h: Floats,
    plan: LoopPlan,
    follows: FollowingFlow,
    found: Waves,
    heat_kw: Floats,
) -> tuple[Displaced, Floats]:
    """Return what water that is further does, and how much further output brings it."""
    if not loop.shifts:
        waves_none, water_none = np.zeros((len(loop.waves), step_h.size)), np.zeros_like(heat_kw)
        none = Displaced(waves_none, waves_none, water_none, water_none)
        return none, np.zeros_like(follows.kg_s_per_kw)
    per_kwh = follows.kg_s_per_kw * follows.parcels_per_kg_s / step_h
    exact = displaced(plan, found, heat_kw)
    return (
        Displaced(
            _without_traces(exact.wave_by_start),
            _without_traces(exact.wave_by_end),
            _without_traces(exact.water_by_start),
            _without_traces(exact.water_by_end),
        ),
        per_kwh,
    )


def _without_traces(values: Floats) -> Floats:
    """Leave out what would only make the programme ill-conditioned."""
    size = np.abs(values)
    return np.where(size < TRACE_WAVE * size.max(initial=0.0), 0.0, values)


def wave_values(rows: RingRows, water: Water) -> dict[str, dict[str, Floats]]:
    """Return what the waves do, and what they hide, by parameter and label of the formulation."""
    loop = rows.loop
    assert loop is not None
    by_output = dict(zip(rows.heat_pumps, water.unseen_eur_per_kwh, strict=True))
    return {
        UNSEEN_PER_KW: dict(zip(loop.stations, water.unseen_eur_per_kw, strict=True)),
        UNSEEN_PER_KWH: by_output if loop.flow_follows else {},
        **(_shift_values(rows, loop, water) if loop.shifts else {}),
        WAVE_KEEP: dict(zip(loop.waves, water.wave_keep, strict=True)),
        WAVE_PER_KW: {
            pair(wave, station): MK_PER_K * water.wave_per_kw[k, n]
            for k, wave in enumerate(loop.waves)
            for n, station in enumerate(loop.stations)
        },
        WATER_PER_WAVE: {
            pair(place, wave): water.per_wave[p, k] / MK_PER_K
            for p, place in enumerate(loop.stations)
            for k, wave in enumerate(loop.waves)
        },
        **(_within_values(loop, water) if loop.within_step else {}),
    }


def _within_values(loop: LoopRows, water: Water) -> dict[str, dict[str, Floats]]:
    """Return what a step's heat does to its own water."""
    return {
        WATER_PER_KW: {
            pair(place, station): water.per_kw[p, s]
            for p, place in enumerate(loop.stations)
            for s, station in enumerate(loop.stations)
        }
    }


def _shift_values(rows: RingRows, loop: LoopRows, water: Water) -> dict[str, dict[str, Floats]]:
    """Return what water that is further does, for the rows of a flow that follows its load."""

    def both(labels: tuple[str, ...], start: Floats, end: Floats) -> dict[str, Floats]:
        pairs = ((AT_START, start), (AT_END, end))
        return {
            pair(label, when): values[k] for when, values in pairs for k, label in enumerate(labels)
        }

    by_wave = both(loop.waves, MK_PER_K * water.wave_by_start, MK_PER_K * water.wave_by_end)
    return {
        SHIFT_PER_KWH: dict(zip(rows.heat_pumps, water.shift_per_kwh, strict=True)),
        WAVE_PER_SHIFT: by_wave,
        WATER_PER_SHIFT: both(loop.stations, water.water_by_start, water.water_by_end),
    }


def row_bounds(rows: RingRows, water: Water) -> dict[str, tuple[Floats, Floats]]:
    """Return what is given, for the rows of the formulation."""
    assert rows.loop is not None
    given = water.given_degc.copy()
    given[:, 0] += rows.initial_degc
    unseen_eur = -(water.unseen_eur_per_kw * water.station_kw).sum(axis=0)
    unseen_eur -= (water.unseen_eur_per_kwh * water.output_kwh).sum(axis=0)
    sides = {
        "ring_water_balance": given,
        "ring_station_balance": water.station_given_kw,
        "ring_unseen_balance": unseen_eur,
    }
    if rows.loop.shifts:
        sides["ring_shift_balance"] = -(water.shift_per_kwh * water.output_kwh).sum(axis=0)
    return {name: (side, side) for name, side in sides.items()}


def trust_region(rows: RingRows, water: Water, reach_k: float) -> dict[str, tuple[Floats, Floats]]:
    """Return bounds on the water, and on heat by what it does to the water that passes.

    Without the second, heat could change in ways that the waves do not show. What comes round is
    warmed once.
    """
    assert rows.loop is not None
    passing_kw_per_k = np.outer(rows.loop.place_flow, water.passing_kw_per_k)
    room_kw = reach_k * np.minimum(passing_kw_per_k, rows.capacity_kwh_per_k / rows.step_h)
    return {
        "ring_water": (water.degc - reach_k, water.degc + reach_k),
        "ring_station_heat": (water.station_kw - room_kw, water.station_kw + room_kw),
    }
