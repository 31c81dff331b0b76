"""The ring as a loop: substations in order, pipes between them, water in plug flow.

The water is divided into parcels of equal heat capacity that move around the loop without mixing.
Seen from the water it is the substations that move: in a step, each of them sweeps a stretch of
parcels and spreads its heat over it. No parcel ever takes a share of its neighbour's temperature,
so a step in temperature stays as sharp as one parcel for any time.

The pipe wall follows the water at once, so that a thermal front moves with the speed of water
times (water capacity)/(water + wall capacity). Each stretch of pipe loses heat to undisturbed
ground at its own depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.errors import ConfigError, InputError, Problem
from anello.ring import audit as energy_audit
from anello.ring.config import (
    WATER_KJ_PER_KGK,
    FixedFlow,
    LoopConfig,
    ProportionalFlow,
    RingConfig,
)
from anello.ring.cop import RUNNING_KW, ScalarCop, compile_heat_pumps
from anello.ring.exchange import DEVICES, PLANT_WATERS, RingInput, RingResult, use_side
from anello.ring.ground import ground_temperature_degc
from anello.ring.mixed import assemble
from anello.ring.pipe import friction_factor, loss_w_per_mk, wall_capacity_kj_per_mk
from anello.ring.plant import PlantController

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_DECAY = 0.05  # largest loss exponent of a substep; errors grow with its square
LOCAL_SHARE = 0.05  # heat into standing water goes to this share of a parcel's width


@dataclass(frozen=True)
class Geometry:
    """The loop as heat capacities along the way of the water.

    Attributes
    ----------
    position_kwh_per_k : ndarray, shape (N + 1,)
        Heat capacity up to each substation, and of the whole loop [kWh/K].
    ua_kw_per_k : ndarray, shape (N,)
        Loss coefficient of each segment [kW/K].
    volume_m3 : ndarray, shape (N,)
        Water in each segment [m³].
    """

    position_kwh_per_k: Floats
    ua_kw_per_k: Floats
    volume_m3: Floats

    @property
    def capacity_kwh_per_k(self) -> float:
        """Heat capacity of water and walls [kWh/K]."""
        return float(self.position_kwh_per_k[-1])


def geometry(loop: LoopConfig) -> Geometry:
    """Return the loop's heat capacities and losses.

    Parameters
    ----------
    loop : LoopConfig
        The loop.

    Returns
    -------
    Geometry
        Positions [kWh/K], losses [kW/K], volumes [m³].
    """
    length = np.array([pipe.length_m for pipe in loop.segments])
    area = np.array([np.pi * pipe.inner_diameter_m**2 / 4.0 for pipe in loop.segments])
    wall = np.array([wall_capacity_kj_per_mk(pipe) for pipe in loop.segments])
    water = loop.density_kg_per_m3 * area * WATER_KJ_PER_KGK
    loss = np.array([loss_w_per_mk(pipe) for pipe in loop.segments])
    capacity = (water + wall) * length / 3600.0
    return Geometry(
        np.concatenate([[0.0], np.cumsum(capacity)]), loss * length / 1000.0, area * length
    )


def flow_series(loop: LoopConfig, data: RingInput, sigma: Floats) -> Floats:
    """Return the flow in every step.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    data : RingInput
        The dispatch, and the scheduled flow if there is one.
    sigma : ndarray, shape (H,)
        −1 for heat pumps that take heat from the ring, +1 for those that reject it.

    Returns
    -------
    ndarray, shape (T,)
        Flow, negative against the order of the substations [kg/s].

    Raises
    ------
    InputError
        If a scheduled flow was not given.
    """
    flow = loop.flow
    if isinstance(flow, FixedFlow):
        return np.full(data.times.size, flow.kg_s)
    if isinstance(flow, ProportionalFlow):
        taken = data.q_kw[sigma < 0].sum(axis=0)
        rejected = data.q_kw[sigma > 0].sum(axis=0)
        series = np.clip(
            flow.kg_s_per_kw * np.maximum(taken, rejected), flow.min_kg_s, flow.max_kg_s
        )
        towards: Floats = -series if flow.reversed else series
        return towards
    if data.flow_kg_s is None:
        raise InputError(
            Problem("a scheduled flow needs a series with the data", key="ring.loop.flow")
        )
    return data.flow_kg_s


def pump_power_kw(loop: LoopConfig, flow_kg_s: Floats) -> Floats:
    """Return the electricity of the circulation pump, Δp·V̇/η.

    Δp = Σ (f·L/D + ζ)·ρ·u²/2 over the segments, after Darcy and Weisbach.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].

    Returns
    -------
    ndarray, shape (T,)
        Electricity [kW].
    """
    speed_flow = np.abs(flow_kg_s)
    pressure = np.zeros_like(speed_flow)
    for pipe in loop.segments:
        diameter = pipe.inner_diameter_m
        velocity = speed_flow / (loop.density_kg_per_m3 * np.pi * diameter**2 / 4.0)
        reynolds = loop.density_kg_per_m3 * velocity * diameter / loop.viscosity_pa_s
        factor = friction_factor(reynolds, pipe.roughness_mm / 1000.0 / diameter)
        resistance = factor * pipe.length_m / diameter + pipe.minor_loss_factor
        pressure += resistance * loop.density_kg_per_m3 * velocity**2 / 2.0
    power: Floats = pressure * speed_flow / loop.density_kg_per_m3 / loop.pump_efficiency / 1000.0
    return power


def stations(loop: LoopConfig, nodes: tuple[str, ...]) -> tuple[list[int], int]:
    """Return the substation of each heat pump, and that of the balancing plant.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    nodes : tuple of str
        Heat pumps, `location::technology`.

    Returns
    -------
    substation : list of int
        Position of each heat pump's substation.
    plant : int
        Position of the plant's substation; the first unless another is marked.

    Raises
    ------
    ConfigError
        If a heat pump is connected nowhere or twice, or a name fits no heat pump.
    """
    problems = []
    found: list[int] = []
    used: set[str] = set()
    for node in nodes:
        location = node.partition("::")[0]
        exact = [i for i, s in enumerate(loop.substations) if node in s.heat_pumps]
        places = exact or [i for i, s in enumerate(loop.substations) if location in s.heat_pumps]
        used.add(node if exact else location)
        if len(places) != 1:
            problems.append(
                Problem(
                    "not connected to the loop" if not places else "connected more than once",
                    key=node,
                    suggestion="Name it, or its location, at exactly one substation",
                )
            )
        found.append(places[0] if places else 0)
    problems += [
        Problem("no heat pump has this name", key=f"ring.loop.substations.{s.name}", value=name)
        for s in loop.substations
        for name in s.heat_pumps
        if name not in used
    ]
    if problems:
        raise ConfigError(problems)
    plant = next((i for i, s in enumerate(loop.substations) if s.plant), 0)
    return found, plant


@dataclass(frozen=True)
class Sweep:
    """How the substations' heat spreads over the parcels, for S substeps, N stations, M parcels.

    Attributes
    ----------
    turns : ndarray, shape (S,)
        Whole turns of the water in the substep [-].
    share : ndarray, shape (S,)
        Share of the substep's heat that falls into the remaining part of a turn [-].
    index, weight : ndarray, shape (S, 4·N) and (S, 4, N)
        Where and how the heat of each station enters the first running sum.
    tilt_index, tilt_weight : ndarray, shape (S, 2·N) and (S, 2, N)
        Likewise the second running sum, which carries slopes.
    """

    turns: Floats
    share: Floats
    index: Ints
    weight: Floats
    tilt_index: Ints
    tilt_weight: Floats


def sweeps(
    start: Floats, length: Floats, stations_at: Floats, parcels: int, decay: Floats
) -> Sweep:
    """Return how heat of each station spreads over the parcels that pass it.

    A parcel that passed early in the step loses more of the heat until its end; since losses act
    half before and half after the heat arrives, the density of heat is tilted by that exponent,
    without changing its total.

    Parameters
    ----------
    start : ndarray, shape (S,)
        Displacement of the water at the start of the substep [parcels].
    length : ndarray, shape (S,)
        Displacement in the substep; negative against the order of the stations [parcels].
    stations_at : ndarray, shape (N,)
        Position of the stations [parcels].
    parcels : int
        Number of parcels M.
    decay : ndarray, shape (S, N)
        Loss exponent of the substep behind each station [-].

    Returns
    -------
    Sweep
        Indices and weights for unit heat.
    """
    magnitude = np.abs(length)
    turns = np.floor(magnitude / parcels)
    rest = magnitude - turns * parcels
    share = np.where(turns > 0, rest / np.maximum(magnitude, 1e-300), 1.0)
    width = np.maximum(rest, LOCAL_SHARE)
    forwards = length >= 0
    # Parcels upstream of a station pass it; whole turns do not change which ones.
    low = stations_at - start[:, None] - np.where(forwards, width, 0.0)[:, None]
    low = np.mod(low, parcels)
    low[low >= parcels] = 0.0
    high = low + width[:, None]
    tilt = np.where(forwards[:, None], decay, -decay) * share[:, None]
    tilt[rest < LOCAL_SHARE] = 0.0
    density = 1.0 / width[:, None]
    slope = -tilt / width[:, None] ** 2

    def entries(at: Floats, jump: Floats, bend: Floats) -> tuple[Ints, Floats, Floats]:
        whole = np.floor(at)
        part = at - whole
        first = jump * (1.0 - part) + bend * (1.0 - part) ** 2 / 2.0
        second = jump * part + bend * ((1.5 - part) - (1.0 - part) ** 2 / 2.0)
        return whole.astype(np.int64), first, second

    low_index, low_first, low_second = entries(low, density * (1.0 + tilt / 2.0), slope)
    high_index, high_first, high_second = entries(high, -density * (1.0 - tilt / 2.0), -slope)
    return Sweep(
        turns=turns,
        share=share,
        index=np.concatenate([low_index, low_index + 1, high_index, high_index + 1], axis=1),
        weight=np.stack([low_first, low_second, high_first, high_second], axis=1),
        tilt_index=np.concatenate([low_index + 2, high_index + 2], axis=1),
        tilt_weight=np.stack([slope, -slope], axis=1),
    )


class _Path:
    """Loss exponents and ground temperatures along the water's way.

    The exponent of a parcel is its loss coefficient per unit of way, averaged over its length and
    its way, times the time this takes. Parcels are evenly spaced, so tables of running totals on a
    fine grid serve all of them. The ground temperature is split into products of a function of
    time and one of place (a Kusuda wave has three), each with a table of its own.
    """

    FINE = 16
    BLOCK = 256

    def __init__(self, shape: Geometry, parcels: int, ground: Floats) -> None:
        self.parcel_kwh_per_k = shape.capacity_kwh_per_k / parcels
        self.parcels = parcels
        self.borders = shape.position_kwh_per_k / self.parcel_kwh_per_k
        self.rate = shape.ua_kw_per_k / np.diff(self.borders) / self.parcel_kwh_per_k
        self.worst_rate = float(self.rate.max())
        self.even = bool(
            np.ptp(self.rate) <= 1e-12 * self.worst_rate and (np.ptp(ground, axis=1) <= 1e-12).all()
        )
        self.mean_ground = ground @ shape.ua_kw_per_k / max(float(shape.ua_kw_per_k.sum()), 1e-300)
        if self.even:
            return
        left, size, right = np.linalg.svd(ground, full_matrices=False)
        rank = max(1, int((size > 1e-12 * size[0]).sum()))
        self.in_time = left[:, :rank] * size[:rank]
        self._tables = [self._table(self.rate)]
        self._tables += [self._table(self.rate * row) for row in right[:rank]]

    def _table(self, rate: Floats) -> Floats:
        """Return ∫ of the running total over one parcel length, on a fine grid over three turns."""
        m = self.parcels
        borders = np.concatenate([self.borders[:-1] + turn * m for turn in range(4)] + [[4.0 * m]])
        slope = np.tile(rate, 4)
        width = np.diff(borders)
        once = np.concatenate([[0.0], np.cumsum(slope * width)])
        twice = np.concatenate([[0.0], np.cumsum(once[:-1] * width + slope * width**2 / 2.0)])

        def integral(at: Floats) -> Floats:
            cell = np.clip(np.searchsorted(borders, at, side="right") - 1, 0, width.size - 1)
            inside = at - borders[cell]
            value: Floats = twice[cell] + inside * (once[cell] + slope[cell] * inside / 2.0)
            return value

        grid = np.arange((4 * m - 1) * self.FINE + 1) / self.FINE
        return integral(grid + 1.0) - integral(grid)

    def behind(self, way: Floats, hours: Floats) -> Floats:
        """Return the loss exponent of a substep from each station on, shape (S, N)."""
        running = np.concatenate([[0.0], np.cumsum(self.rate * np.diff(self.borders))])
        start = self.borders[:-1]

        def total(at: Floats) -> Floats:
            turns = np.floor(at / self.parcels)
            inside = np.interp(at - turns * self.parcels, self.borders, running)
            value: Floats = turns * running[-1] + inside
            return value

        moved = np.where(np.abs(way) > 1e-3, way, 1e-3)[:, None]
        exponent: Floats = (total(start + moved) - total(start)) / moved * hours[:, None]
        return exponent

    def block(
        self, start: Floats, way: Floats, hours: Floats, steps: Ints
    ) -> tuple[Floats, Floats]:
        """Return loss exponent and ground temperature of each parcel.

        Parameters
        ----------
        start, way : ndarray, shape (B,)
            Displacement of the water at the start, and still to come [parcels].
        hours : ndarray, shape (B,)
            Time this takes [h].
        steps : ndarray of int, shape (B,)
            Time step, for the ground temperature.

        Returns
        -------
        exponent, ground : ndarray, shape (B, M)
            Loss exponent [-] and the ground temperature it pulls to [°C].
        """
        m = self.parcels
        # Beyond a turn every parcel meets the same; standing water meets where it stands.
        way = np.clip(way, -float(m), float(m))
        way = np.where(np.abs(way) < 0.25, 0.25, way)
        low = np.mod(np.minimum(start, start + way), m)
        width = np.abs(way)
        origin = np.arange(m) * self.FINE

        def read(table: Floats, at: Floats) -> Floats:
            place = at * self.FINE
            whole = place.astype(np.int64)
            index = whole[:, None] + origin
            low_value: Floats = table[index]
            low_value += (place - whole)[:, None] * (table[index + 1] - low_value)
            return low_value

        slopes = [read(table, low + width) - read(table, low) for table in self._tables]
        # Where nothing is lost, rounding must not decide to what temperature.
        lossy = slopes[0] > 1e-9 * self.worst_rate * width[:, None]
        exponent = np.where(lossy, slopes[0] * (hours / width)[:, None], 0.0)
        pull = np.zeros_like(exponent)
        for column, slope in enumerate(slopes[1:]):
            pull += self.in_time[steps, column][:, None] * slope
        around = np.where(
            lossy, pull / np.where(lossy, slopes[0], 1.0), self.mean_ground[steps][:, None]
        )
        return exponent, around


def simulate_loop(
    config: RingConfig,
    data: RingInput,
    *,
    schedule: Mapping[str, Floats] | None = None,
    use_degc: Floats | None = None,
    folder: Path | None = None,
    initial_degc: Floats | None = None,
) -> RingResult:
    """Simulate the loop; see `anello.ring.simulate`.

    The temperature a heat pump meets in a step is the mean of the water that will arrive at its
    substation in that step, as it is at the step's start.

    Parameters
    ----------
    config, data, schedule, use_degc, folder
        See `anello.ring.simulate`.
    initial_degc : ndarray, shape (M,), optional
        Temperature of each parcel at the start, from the first substation on [°C].
    """
    loop = config.loop
    assert loop is not None
    pumps = list(compile_heat_pumps(config, data.nodes, folder).values())
    use = use_side(config, data).degc if use_degc is None else use_degc
    plan = plan_loop(config, data, np.array([float(pump.sigma) for pump in pumps]))
    run, path, flow = plan.run, plan.run.path, plan.flow_kg_s
    station_of, plant_station = plan.station_of, plan.plant_station
    pump_kw = pump_power_kw(loop, flow)
    pump_heat_kw = pump_kw if loop.pump_heat_to_water else np.zeros_like(flow)
    parcels = loop.parcels
    steps, count = data.times.size, len(loop.substations)
    controller = None
    if config.plant is not None:
        controller = PlantController(config.plant, config.bounds_degc, schedule, data.outdoor_degc)

    field = np.full(parcels, config.initial_degc)
    if initial_degc is not None:
        field = np.array(initial_degc, dtype=float)
        if field.shape != (parcels,):
            raise InputError(
                Problem(f"{field.size} temperatures for {parcels} parcels", key="initial_degc")
            )

    machines: list[ScalarCop] = [pump.scalar() for pump in pumps]
    signs = [float(pump.sigma) for pump in pumps]
    running: list[list[tuple[int, float]]] = [[] for _ in range(steps)]
    for row in range(len(pumps)):
        for step in np.flatnonzero(data.q_kw[row] > RUNNING_KW * 1e-3).tolist():
            running[step].append((row, float(data.q_kw[row, step])))
    use_columns = np.ascontiguousarray(use.T)
    arriving = np.empty((steps, count))
    means = np.empty(steps + 1)
    at_stations = np.empty((steps + 1, count))
    balancing = np.zeros((3, steps))
    passing_parcel = np.zeros((len(PLANT_WATERS), steps), dtype=np.int64)
    passing_parcel[2:] = run.samples(steps, plant_station)
    passing = np.zeros(passing_parcel.shape)
    loss_kw = np.empty(steps)
    stored_kwh = np.empty(steps)
    ua_total = float(plan.shape.ua_kw_per_k.sum())
    capacity = plan.shape.capacity_kwh_per_k
    grounds = path.mean_ground.tolist()
    hours_of, flow_of, pump_of = data.step_h.tolist(), flow.tolist(), pump_heat_kw.tolist()
    for step in range(steps):
        now, here = run.readings(field, step)
        at_stations[step], arriving[step] = now, here
        before = float(field.sum())
        means[step] = mean = before / parcels
        heat_list = [0.0] * count
        use_now, degc = use_columns[step].tolist(), here.tolist()
        for row, q in running[step]:
            place = station_of[row]
            heat_list[place] += q * (signs[row] + 1.0 / machines[row](degc[place], use_now[row]))
        hours = hours_of[step]
        if controller is not None:
            passing_parcel[:2, step] = run.extremes(field, step, plant_station)
            passing[:, step] = field[passing_parcel[:, step]]
            coldest, warmest = passing[:2, step].tolist()
            rise = hours / capacity
            drift = mean + rise * (
                sum(heat_list) + pump_of[step] - ua_total * (mean - grounds[step])
            )
            devices = controller.decide(
                step,
                coldest,
                warmest,
                drift,
                rise,
                loop_kw_per_k=abs(flow_of[step]) * WATER_KJ_PER_KGK,
                passes_whole=run.ways[step] >= parcels - 1,
            )
            balancing[:, step] = devices
            heat_list[plant_station] += devices[0] + devices[1] + devices[2]
        field, loss_kw[step] = run.advance(
            field, step, np.array(heat_list), pump_of[step], grounds[step]
        )
        stored_kwh[step] = path.parcel_kwh_per_k * (float(field.sum()) - before)
    means[-1] = field.mean()
    at_stations[-1] = run.readings(field, steps)[0]

    source = arriving[:, station_of].T
    return assemble(
        config,
        data,
        pumps,
        temperature=means,
        source=source,
        use=use,
        fixed_heat=None,
        balancing=dict(zip(DEVICES, balancing, strict=True)),
        loss_kw=loss_kw,
        stored_kwh=stored_kwh,
        pump_kw=pump_kw,
        pump_heat_kw=pump_heat_kw,
        shortfall_kwh=0.0 if controller is None else controller.shortfall_kwh(data.step_h),
        node_degc=at_stations,
        flow_kg_s=flow,
        plant_degc=None if controller is None else passing,
        plant_parcel=None if controller is None else passing_parcel,
    )


def _dispersion(loop: LoopConfig, parcels: int) -> float:
    """Return the exchange of neighbouring parcels per hour, D·3600/Δx² [1/h]."""
    if loop.dispersion_m2_s == 0.0:
        return 0.0
    # ASSUME: parcels are equally long for mixing, whatever the diameters of the segments.
    spacing = sum(pipe.length_m for pipe in loop.segments) / parcels
    return loop.dispersion_m2_s * 3600.0 / spacing**2


@dataclass(frozen=True)
class Arrivals:
    """Where the water of each step comes from, as it lies at the step's start.

    Attributes
    ----------
    here : ndarray of int, shape (T, N)
        Parcel about to pass each station.
    low, high : ndarray of int, shape (T, N)
        First and last parcel of the stretch that will arrive.
    low_part, high_part : ndarray, shape (T, N)
        Position of the stretch's ends within them [parcels].
    turn : ndarray, shape (T, N)
        1 where the stretch runs past the last parcel.
    way : ndarray, shape (T,)
        Length of the stretch [parcels]; 0 stands for the parcel at hand.
    """

    here: Ints
    low: Ints
    high: Ints
    low_part: Floats
    high_part: Floats
    turn: Floats
    way: Floats


def arrivals(shift: Floats, way: Floats, stations_at: Floats, parcels: int) -> Arrivals:
    """Return where the water of each step comes from.

    Parameters
    ----------
    shift, way : ndarray, shape (T,)
        Displacement of the water at the start of the step, and in it [parcels].
    stations_at : ndarray, shape (N,)
        Position of the stations [parcels].
    parcels : int
        Number of parcels.

    Returns
    -------
    Arrivals
        Indices and positions.
    """
    m = parcels
    place = stations_at - shift[:, None]
    forwards = (way >= 0)[:, None]
    # A parcel of which a part has passed already holds heat of the station itself: begin behind it.
    place = np.where(forwards, np.floor(place + 1e-9), np.ceil(place - 1e-9))
    standing = (np.abs(way) <= 1e-6)[:, None]
    upstream = np.where(forwards, place - 1.0, place)
    stagnant = np.floor(stations_at - shift[:, None] - LOCAL_SHARE)
    here = np.mod(np.where(standing, stagnant, upstream), m).astype(np.int64)
    width = np.where(np.abs(way) >= m, float(m), np.abs(way))
    low = np.mod(np.where(forwards, place - width[:, None], place), m)
    low[low >= m] = 0.0
    high = low + width[:, None]
    turn = (high >= m).astype(float)
    high -= m * turn
    high = np.clip(high, 0.0, m - 1e-12)
    low_index, high_index = np.floor(low).astype(np.int64), np.floor(high).astype(np.int64)
    return Arrivals(
        here=here,
        low=low_index,
        high=np.minimum(high_index, m - 1),
        low_part=low - low_index,
        high_part=high - high_index,
        turn=turn,
        way=np.where(width > 1e-6, width, 0.0),
    )


class Run:
    """The arrays of one simulation, and what happens to the parcels in a step."""

    def __init__(
        self,
        *,
        path: _Path,
        pieces: int,
        step_h: Floats,
        length: Floats,
        displacement: Floats,
        sweep: Sweep,
        coming: Arrivals,
        spread: float,
    ) -> None:
        self.path, self.pieces = path, pieces
        self.hours = step_h
        self.step_h, self.length, self.displacement = step_h.tolist(), length, displacement
        self.sweep, self.coming = sweep, coming
        self.parcels = path.parcels
        self.spread = spread
        self.share = sweep.share.tolist()
        self.turns = sweep.turns.tolist()
        self.tilted = bool(np.abs(sweep.tilt_weight).max(initial=0.0) > 0.0)
        self.waves = 4.0 * np.sin(np.pi * np.arange(self.parcels // 2 + 1) / self.parcels) ** 2
        self.no_loss = path.worst_rate == 0.0
        half = 0.5 * float(path.rate[0]) * step_h
        self.half = half.tolist()
        self.keep_half = np.exp(-half).tolist()
        self.weight_half = energy_audit.mean_weight(half).tolist()
        self.ways = coming.way.tolist()
        # A stretch that ends at a border ends with the parcel before it.
        ends = (coming.high_part <= 1e-9) & (coming.way > 0)[:, None]
        self.last = np.mod(coming.high - ends, self.parcels)
        self.first = self.after_last = 0
        self.exponent = self.keep = self.weight = self.around = np.empty((0, 0))

    def readings(self, field: Floats, step: int) -> tuple[Floats, Floats]:
        """Return the water at each station now, and the mean of what arrives in the step."""
        coming = self.coming
        now = field[coming.here[step]]
        way = self.ways[step]
        if way == 0.0:
            return now, now
        running = np.empty(self.parcels + 1)
        running[0] = 0.0
        np.cumsum(field, out=running[1:])
        low, high = coming.low[step], coming.high[step]
        mean = running[high] + coming.high_part[step] * field[high]
        mean += coming.turn[step] * running[-1]
        mean -= running[low] + coming.low_part[step] * field[low]
        mean /= way
        return now, mean

    def extremes(self, field: Floats, step: int, station: int) -> tuple[int, int]:
        """Return which parcels that pass a station in the step are the coldest and warmest."""
        if self.ways[step] >= self.parcels - 1:
            return int(field.argmin()), int(field.argmax())
        low, last = int(self.coming.low[step, station]), int(self.last[step, station])
        if last >= low:
            part = field[low : last + 1]
        else:
            part = np.concatenate([field[low:], field[: last + 1]])
        coldest, warmest = low + int(part.argmin()), low + int(part.argmax())
        return coldest % self.parcels, warmest % self.parcels

    def samples(self, steps: int, station: int) -> Ints:
        """Return the first, middle and last parcel of what passes a station, shape (3, T)."""
        low, last = self.coming.low[:steps, station], self.last[:steps, station]
        middle = (low + np.mod(last - low, self.parcels) // 2) % self.parcels
        return np.stack([low, middle, last])

    def advance(
        self, field: Floats, step: int, heat_kw: Floats, uniform_kw: float, ground_degc: float
    ) -> tuple[Floats, float]:
        """Return the parcels at the end of a step, and the mean heat loss in it [kW]."""
        sweep, m = self.sweep, self.parcels
        capacity = self.path.parcel_kwh_per_k
        lost_kwh = hours = 0.0
        for piece in range(step * self.pieces, (step + 1) * self.pieces):
            duration = self.step_h[piece]
            hours += duration
            rise = heat_kw * (duration / capacity)
            if not self.no_loss:
                field, lost = self._lose(field, piece, ground_degc, late=0)
                lost_kwh += lost
            share = self.share[piece]
            even = uniform_kw * duration / (capacity * m)
            if self.turns[piece] > 0:
                even += float(rise.sum()) * (1.0 - share) / m
            if share > 0:
                strength = rise * share
                entering = np.bincount(
                    sweep.index[piece],
                    (sweep.weight[piece] * strength).ravel(),
                    minlength=2 * m + 4,
                )
                if self.tilted:
                    slopes = np.bincount(
                        sweep.tilt_index[piece],
                        (sweep.tilt_weight[piece] * strength).ravel(),
                        minlength=2 * m + 4,
                    )
                    entering += slopes.cumsum()
                added = entering.cumsum()
                field = field + added[:m]
                field += added[m : 2 * m]
                field += even
            elif even:
                field = field + even
            if not self.no_loss:
                field, lost = self._lose(field, piece, ground_degc, late=1)
                lost_kwh += lost
            if self.spread and m > 1:
                waves = np.fft.rfft(field)
                waves *= np.exp(-self.spread * duration * self.waves)
                field = np.fft.irfft(waves, m)
        return field, lost_kwh / hours

    def _lose(
        self, field: Floats, piece: int, ground_degc: float, *, late: int
    ) -> tuple[Floats, float]:
        """Let half a substep's loss act, and return it as its mean temperature implies [kWh]."""
        capacity = self.path.parcel_kwh_per_k
        if self.path.even:
            after = field - ground_degc
            after *= self.keep_half[piece]
            after += ground_degc
            first, last = float(field.sum()), float(after.sum())
            mean = first + self.weight_half[piece] * (last - first)
            return after, capacity * self.half[piece] * (mean - ground_degc * field.size)
        row = self._row(piece, late)
        around = self.around[row]
        after = field - around
        after *= self.keep[row]
        after += around
        above = after - field
        above *= self.weight[row]
        above += field
        above -= around
        return after, capacity * float(self.exponent[row] @ above)

    def _row(self, piece: int, late: int) -> int:
        """Return the row of the tables for half a substep, and make the tables if need be."""
        if not self.first <= piece < self.after_last:
            self._prepare(piece - piece % self.path.BLOCK)
        return 2 * (piece - self.first) + late

    def _prepare(self, piece: int) -> None:
        """Tabulate loss exponents and ground temperatures for the next substeps."""
        self.first = piece
        self.after_last = min(piece + self.path.BLOCK, self.hours.size)
        pieces = np.repeat(np.arange(self.first, self.after_last), 2)
        way = self.length[pieces] / 2.0
        start = self.displacement[pieces] + np.where(np.arange(pieces.size) % 2 == 1, way, 0.0)
        self.exponent, self.around = self.path.block(
            start, way, 0.5 * self.hours[pieces], pieces // self.pieces
        )
        self.keep = np.exp(-self.exponent)
        self.weight = energy_audit.mean_weight(self.exponent)

    def pull_back(self, gradient: Floats, step: int) -> tuple[Floats, Floats]:
        """Apply the transpose of `advance`: carry a derivative from a step's end to its start.

        Parameters
        ----------
        gradient : ndarray, shape (M,)
            Derivative with respect to the parcels at the end of the step [1/K].
        step : int
            Time step.

        Returns
        -------
        gradient : ndarray, shape (M,)
            Derivative with respect to the parcels at the start [1/K].
        heat : ndarray, shape (N,)
            Derivative with respect to the heat at each station [1/kW].
        """
        sweep, m = self.sweep, self.parcels
        heat = np.zeros(sweep.weight.shape[2])
        for piece in range((step + 1) * self.pieces - 1, step * self.pieces - 1, -1):
            duration = self.step_h[piece]
            if self.spread and m > 1:
                waves = np.fft.rfft(gradient)
                waves *= np.exp(-self.spread * duration * self.waves)
                gradient = np.fft.irfft(waves, m)
            gradient = self._kept(gradient, piece, late=1)
            share = self.share[piece]
            by_rise = np.zeros_like(heat)
            if self.turns[piece] > 0:
                by_rise += (1.0 - share) / m * float(gradient.sum())
            if share > 0:
                unfolded = np.zeros(2 * m + 4)
                unfolded[:m] = unfolded[m : 2 * m] = gradient
                behind = np.cumsum(unfolded[::-1])[::-1]
                reached = behind[sweep.index[piece]].reshape(4, -1)
                by_rise += share * (sweep.weight[piece] * reached).sum(axis=0)
                if self.tilted:
                    twice = np.cumsum(behind[::-1])[::-1]
                    reached = twice[sweep.tilt_index[piece]].reshape(2, -1)
                    by_rise += share * (sweep.tilt_weight[piece] * reached).sum(axis=0)
            heat += by_rise * (duration / self.path.parcel_kwh_per_k)
            gradient = self._kept(gradient, piece, late=0)
        return gradient, heat

    def _kept(self, gradient: Floats, piece: int, *, late: int) -> Floats:
        if self.no_loss:
            return gradient
        if self.path.even:
            evenly: Floats = gradient * self.keep_half[piece]
            return evenly
        row = self._row(piece, late)  # may make the tables anew
        kept: Floats = gradient * self.keep[row]
        return kept

    def readings_back(self, weight: Floats, step: int) -> Floats:
        """Apply the transpose of the second of `readings`.

        Parameters
        ----------
        weight : ndarray, shape (N,)
            Derivative with respect to the water that arrives at each station [1/K].
        step : int
            Time step.

        Returns
        -------
        ndarray, shape (M,)
            Derivative with respect to the parcels at the start of the step [1/K].
        """
        coming, m = self.coming, self.parcels
        way = self.ways[step]
        if way == 0.0:
            standing: Floats = np.bincount(coming.here[step], weight, minlength=m).astype(float)
            return standing
        weight = weight / way
        low, high = coming.low[step], coming.high[step]
        ends = np.bincount(high, weight, minlength=m) - np.bincount(low, weight, minlength=m)
        after = np.zeros(m)
        after[:-1] = np.cumsum(ends[:0:-1])[::-1]
        result: Floats = after + float((coming.turn[step] * weight).sum())
        result += np.bincount(high, weight * coming.high_part[step], minlength=m)
        result -= np.bincount(low, weight * coming.low_part[step], minlength=m)
        return result


@dataclass(frozen=True)
class LoopPlan:
    """Everything about a simulation of the loop that is known before it starts.

    Attributes
    ----------
    shape : Geometry
        Heat capacities and losses.
    run : Run
        Where water goes and heat spreads, step by step.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].
    ground_degc : ndarray, shape (T, N)
        Ground temperature at each segment [°C].
    station_of : list of int
        Substation of each heat pump.
    plant_station : int
        Substation of the balancing plant.
    """

    shape: Geometry
    run: Run
    flow_kg_s: Floats
    ground_degc: Floats
    station_of: list[int]
    plant_station: int


def plan_loop(config: RingConfig, data: RingInput, sigma: Floats) -> LoopPlan:
    """Work out flow, displacement and loss exponents of every step.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.
    sigma : ndarray, shape (H,)
        −1 for heat pumps that take heat from the ring, +1 for those that reject it.

    Returns
    -------
    LoopPlan
        What the simulation and its derivatives need.
    """
    loop = config.loop
    assert loop is not None
    station_of, plant_station = stations(loop, data.nodes)
    shape = geometry(loop)
    flow = flow_series(loop, data, sigma)
    depth = np.array([pipe.burial_depth_m for pipe in loop.segments])
    ground = ground_temperature_degc(loop.ground, data.day_of_year, depth)
    path = _Path(shape, loop.parcels, ground)
    per_hour = flow * WATER_KJ_PER_KGK / path.parcel_kwh_per_k  # parcels per hour
    pieces = max(1, int(np.ceil(path.worst_rate * data.step_h.max() / MAX_DECAY)))
    step_h = np.repeat(data.step_h / pieces, pieces)
    length = np.repeat(per_hour, pieces) * step_h
    displacement = np.concatenate([[0.0], np.cumsum(length)])
    stations_at = path.borders[:-1]
    whole = per_hour * data.step_h
    run = Run(
        path=path,
        pieces=pieces,
        step_h=step_h,
        length=length,
        displacement=displacement,
        sweep=sweeps(
            displacement[:-1], length, stations_at, loop.parcels, path.behind(length, step_h)
        ),
        coming=arrivals(
            displacement[::pieces], np.append(whole, whole[-1:]), stations_at, loop.parcels
        ),
        spread=_dispersion(loop, loop.parcels),
    )
    return LoopPlan(shape, run, flow, ground, station_of, plant_station)
