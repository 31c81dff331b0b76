"""A loop's parcels step by step, forwards and backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anello.errors import InputError, Problem
from anello.ring import audit as energy_audit
from anello.ring.arrivals import arrivals
from anello.ring.borefield.device import device_stations
from anello.ring.borefield.passage import evened
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput
from anello.ring.geometry import (
    MAX_DECAY,
    Floats,
    Geometry,
    dispersion,
    flow_series,
    geometry,
    stations,
)
from anello.ring.ground import ground_temperature_degc
from anello.ring.hydraulics import pipe_pumps_kw
from anello.ring.loop_config import LoopConfig
from anello.ring.loop_tree import loop_tree
from anello.ring.loop_tree_run import TreeRun
from anello.ring.plug_flow import Clock, plug_flow
from anello.ring.sweeps import WaterPath, sweeps
from anello.ring.within_step import within_step


class Run:
    """The arrays of one simulation, and what happens to the parcels in a step.

    Parameters
    ----------
    path : WaterPath
        What the water loses on its way.
    pieces : int
        Substeps of each step.
    step_h, length : ndarray, shape (S,)
        Length of the substeps [h], and displacement of the water in each [parcels].
    start : ndarray, shape (S + 1,)
        Displacement of the water at the start of each substep, and at the end [parcels].
    spread : float
        Rate at which neighbouring parcels mix [1/h].
    exchanging : sequence of int
        Places of the plant's exchangers.
    """

    def __init__(
        self,
        *,
        path: WaterPath,
        pieces: int,
        step_h: Floats,
        length: Floats,
        start: Floats,
        spread: float,
        exchanging: Sequence[int],
    ) -> None:
        self.exchanging = exchanging
        self.path, self.pieces = path, pieces
        self.hours = step_h
        self.step_h, self.length, self.displacement = step_h.tolist(), length, start
        at = path.borders[:-1]
        sweep = sweeps(start[:-1], length, at, path.parcels, path.behind(length, step_h))
        way = length.reshape(-1, pieces).sum(axis=1)
        coming = arrivals(start[::pieces], np.append(way, way[-1:]), at, path.parcels)
        self.sweep, self.coming = sweep, coming
        hours = step_h.reshape(-1, pieces).sum(axis=1)
        self.within = within_step(
            way, hours, at, path.parcels, path.parcel_kwh_per_k, exchanging, path.passed
        )
        self.arrives_with = np.exp(-path.until_arrival(way, hours))
        self.parcels = path.parcels
        self.units, self.unit_kwh_per_k = float(path.parcels), path.parcel_kwh_per_k
        self.mean_ground = path.mean_ground
        self.evenly = np.full(path.parcels, 1.0 / path.parcels)
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
        self.first = self.after_last = 0
        self.exponent = self.keep = self.weight = self.around = np.empty((0, 0))

    def displaced(self, further: float, longer: float) -> Run:
        """Return the same run, where the water moves otherwise.

        Parameters
        ----------
        further : float
            How much further the water is at all times [parcels].
        longer : float
            How much further it comes in each step, without being further in the next [parcels].
        """
        each = longer / self.pieces
        within = np.tile(np.arange(self.pieces), self.hours.size // self.pieces) * each
        return Run(
            path=self.path,
            pieces=self.pieces,
            step_h=self.hours,
            length=self.length + each,
            start=self.displacement + further + np.append(within, 0.0),
            spread=self.spread,
            exchanging=self.exchanging,
        )

    def start(self, initial_degc: float) -> Floats:
        """Return the parcels at the start, all as warm as is told [°C]."""
        return np.full(self.parcels, initial_degc)

    def total(self, field: Floats, step: int) -> float:
        """Return the sum of the parcels at the start of a step; of the mean, `units` times [K]."""
        del step
        return float(field.sum())

    def evened(self, field: Floats, step: int, place: int, share: float) -> Floats:
        """Return the parcels as an exchanger leaves them; see `anello.ring.borefield.passage`."""
        return evened(field, self.coming, step, place, share)

    def readings(self, field: Floats, step: int) -> Floats:
        """Return the mean of what arrives at each place in a step, if nobody warms any in it."""
        ground_degc = float(self.mean_ground[step])
        found = self._lying(field, step) - ground_degc
        found *= self.arrives_with[step]
        found += ground_degc
        return found

    def _lying(self, field: Floats, step: int) -> Floats:
        """Return the mean of the same water as it lies at the step's start."""
        coming = self.coming
        behind: Floats = field[coming.behind[step]]
        way = self.ways[step]
        if way == 0.0:
            return behind
        running = np.empty(self.parcels + 1)
        running[0] = 0.0
        np.cumsum(field, out=running[1:])
        low, high = coming.low[step], coming.high[step]
        mean: Floats = running[high] + coming.high_part[step] * field[high]
        mean += coming.turn[step] * running[-1]
        mean -= running[low] + coming.low_part[step] * field[low]
        mean += coming.own[step] * (behind - field[coming.here[step]])
        mean /= way
        return mean

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
        """Apply the transpose of `readings`.

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
        weight = weight * self.arrives_with[step]
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
        own = weight * coming.own[step]
        result += np.bincount(coming.behind[step], own, minlength=m)
        result -= np.bincount(coming.here[step], own, minlength=m)
        return result


@dataclass(frozen=True)
class LoopPlan:
    """Everything about a simulation of the loop that is known before it starts.

    Attributes
    ----------
    shape : Geometry
        Heat capacities and losses.
    run : Run or TreeRun
        Where water goes and heat spreads, step by step; a `TreeRun` where there are branches.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].
    station_of : list of int
        Place of each heat pump: a substation, or the end of a branch.
    plant_station : int
        Substation of the balancing plant.
    place_flow : ndarray, shape (P,)
        Flow at each place by that of the loop [-].
    """

    shape: Geometry
    run: Run | TreeRun
    flow_kg_s: Floats
    station_of: list[int]
    plant_station: int
    place_flow: Floats

    def at_places(self, by_pump: Floats) -> Floats:
        """Return a sum over the heat pumps of each place, (T, P), of what each has, (H, T)."""
        total = np.zeros((by_pump.shape[1], self.place_flow.size))
        np.add.at(total.T, self.station_of, by_pump)
        return total


def plan_loop(config: RingConfig, data: RingInput) -> LoopPlan:
    """Work out flow, displacement and loss exponents of every step.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.

    Returns
    -------
    LoopPlan
        What the simulation and its derivatives need.

    Raises
    ------
    InputError
        If there are branches, and water stands or turns round.
    """
    loop = config.loop
    assert loop is not None
    station_of, plant_station = stations(loop, data.nodes)
    shape = geometry(loop, config.medium)
    flow = flow_series(config, data)
    depth = np.array([pipe.burial_depth_m for pipe in loop.pipes])
    ground = ground_temperature_degc(loop.ground, data.day_of_year, depth)
    if loop.branches:
        tree = _tree_run(config, loop, shape, flow, ground, data.step_h)
        return LoopPlan(shape, tree, flow, station_of, plant_station, tree.tree.place_flow)
    path = WaterPath(shape, loop.parcels, ground)
    per_hour = flow * config.medium.kj_per_kgk / path.parcel_kwh_per_k  # parcels per hour
    pieces = max(1, int(np.ceil(path.worst_rate * data.step_h.max() / MAX_DECAY)))
    step_h = np.repeat(data.step_h / pieces, pieces)
    length = np.repeat(per_hour, pieces) * step_h
    run = Run(
        path=path,
        pieces=pieces,
        step_h=step_h,
        length=length,
        start=np.concatenate([[0.0], np.cumsum(length)]),
        spread=dispersion(loop, loop.parcels),
        exchanging=_exchanging(config, plant_station),
    )
    alike = np.ones(len(loop.substations))
    return LoopPlan(shape, run, flow, station_of, plant_station, alike)


def _exchanging(config: RingConfig, plant_station: int) -> list[int]:
    """Return the places of the plant's devices."""
    if config.plant is None or config.loop is None:
        return []
    names = config.loop.station_names
    return sorted(
        {
            *device_stations(config.plant.borefield, names, ["borefield"], plant_station),
            plant_station,
        }
    )


def _tree_run(
    config: RingConfig,
    loop: LoopConfig,
    shape: Geometry,
    flow_kg_s: Floats,
    ground_degc: Floats,
    step_h: Floats,
) -> TreeRun:
    """Work out what each pipe of a loop with branches does to the water that enters it."""
    if flow_kg_s.min() < 0.0 < flow_kg_s.max() or not flow_kg_s.all():
        wrong = 0.0 if not flow_kg_s.all() else "both ways"
        raise InputError(
            Problem(
                "the water of a loop with branches flows one way at all times",
                key="ring.loop.flow",
                value=wrong,
                suggestion="Give a flow of one sign that is never 0, or leave `branches` out",
            )
        )
    tree = loop_tree(loop, backwards=bool(flow_kg_s[0] < 0.0))
    # One step more, for the water at the end.
    hours, flow = np.append(step_h, step_h[-1]), np.append(flow_kg_s, flow_kg_s[-1])
    around = np.vstack([ground_degc, ground_degc[-1:]])
    clock = Clock(hours, np.abs(flow) * config.medium.kj_per_kgk)
    capacity, ua = np.diff(shape.position_kwh_per_k), shape.ua_kw_per_k
    lines = [
        plug_flow(
            clock,
            float(capacity[pipe]),
            float(ua[pipe]),
            float(tree.pipe_flow[pipe]),
            around[:, pipe],
            config.initial_degc,
        )
        for pipe in range(len(loop.pipes))
    ]
    pumps_kw = pipe_pumps_kw(loop, config.medium, flow)
    pump_share = pumps_kw / np.maximum(pumps_kw.sum(axis=0), 1e-300)
    mean_ground = ground_degc @ ua / max(float(ua.sum()), 1e-300)
    return TreeRun(tree, clock, lines, capacity, pump_share, mean_ground)
