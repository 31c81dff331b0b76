"""What heat pumps and plant of a loop do in a step, and the water that they meet.

What a heat pump gives to the water follows from the water that it meets, and that from what the
others give in the same step; see :mod:`anello.ring.within_step`. The two are repeated until they
agree: a kelvin changes little of the heat, so that few rounds do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from anello.errors import NotConvergedError
from anello.ring.borefield.device import FieldOnRing
from anello.ring.config import RingConfig
from anello.ring.cop import MOVING_KW, HeatPumpCop, ScalarCop
from anello.ring.exchange import RingInput
from anello.ring.geometry import Floats
from anello.ring.loop_run import LoopPlan
from anello.ring.part_load import PartLoads
from anello.ring.plant import PlantController
from anello.ring.rounds import rounds

SETTLED_K = 1e-8
"""Water that changes by no more than this from round to round has settled [K]."""

ROUNDS = 200
"""More rounds than any loop takes: exchangers at two places, each as strong as the flow, halve what
is left in each [-]."""


@dataclass(frozen=True)
class Step:
    """What happens in a step.

    Attributes
    ----------
    arriving_degc : ndarray, shape (P,)
        Mean of the water that arrives at each place [°C].
    heat_kw : ndarray, shape (P,)
        Heat into the loop at each place [kW].
    moved_kw : list of float, length D
        What of it each device of the plant brings [kW].
    """

    arriving_degc: Floats
    heat_kw: Floats
    moved_kw: list[float]


@dataclass(frozen=True)
class Plant:
    """The plant of a loop, with D devices.

    Attributes
    ----------
    controller : PlantController
        What runs it.
    places : sequence of int, length D
        Place of each of its devices.
    fields : mapping of str to FieldOnRing
        Its borefields, by name.
    """

    controller: PlantController
    places: Sequence[int]
    fields: Mapping[str, FieldOnRing]


class LoopSteps:
    """What heat pumps and plant do about the water of a loop, step by step.

    Parameters
    ----------
    config, data, plan
        Settings, dispatch, and where water goes.
    pumps : sequence of HeatPumpCop, length H
        The heat pumps.
    use_degc : ndarray, shape (H, T)
        Temperature on the use side [°C].
    loads : PartLoads, optional
        What heat pumps take at part load.
    plant : Plant, optional
        The balancing plant.
    uniform_kw : ndarray, shape (T,)
        Heat of the circulation pump, which warms all water [kW].
    """

    def __init__(
        self,
        config: RingConfig,
        data: RingInput,
        plan: LoopPlan,
        pumps: Sequence[HeatPumpCop],
        use_degc: Floats,
        loads: PartLoads | None,
        plant: Plant | None,
        uniform_kw: Floats,
    ) -> None:
        self._run, self._plant, self._fields = plan.run, plant, _fields(plant)
        self._plant_station = plan.plant_station
        self._count, self._times = plan.place_flow.size, data.times
        self._running = _running(config, data, plan, pumps, use_degc, loads)
        self._ground = plan.run.mean_ground.tolist()
        self._uniform_kw = uniform_kw.tolist()
        self._flow_kw_per_k = (np.abs(plan.flow_kg_s) * config.medium.kj_per_kgk).tolist()
        self._rise = (data.step_h / plan.shape.capacity_kwh_per_k).tolist()
        self._ua = float(plan.shape.ua_kw_per_k.sum())
        self._together = plan.run.within.does_anything
        self._last = np.zeros(self._count)

    def settle(self, field: Floats, step: int, mean_degc: float) -> Step:
        """Return what happens in a step, whose plant is then committed.

        Parameters
        ----------
        field : ndarray
            State of the water at the step's start.
        step : int
            Time step.
        mean_degc : float
            Mean of all water at the step's start [°C].

        Raises
        ------
        NotConvergedError
            If water and heat do not come to agree.
        """
        reading, within = self._run.readings(field, step), self._run.within.k_per_kw(step)
        balance = self._balance(field, step, mean_degc)
        arriving = reading + within @ self._last
        for attempt in range(ROUNDS):
            heat_kw = self._pumps_kw(step, arriving)
            moved = self._plant_kw(step, arriving, heat_kw, mean_degc, balance, attempt == 0)
            for place, kw in moved:
                heat_kw[place] += kw
            heat = np.array(heat_kw)
            if not self._together:
                break
            again = reading + within @ heat
            if np.abs(again - arriving).max() <= SETTLED_K:
                break
            arriving = again
        else:
            raise NotConvergedError(
                f"The water of the loop and what heat pumps and plant do about it do not settle in "
                f"the time step from {str(self._times[step])[:16]} on."
            )
        if self._plant is not None:
            self._plant.controller.commit(step)
        self._last = heat
        return Step(arriving, heat, [kw for _, kw in moved])

    def advance(self, field: Floats, step: int, done: Step) -> tuple[Floats, float]:
        """Return the state of the water at the end of a step, and the mean heat loss in it [kW]."""
        if self._plant is not None:
            for order, device in self._fields:
                times = rounds(self._flow_kw_per_k[step], self._rise[step])
                met_degc = float(self._plant.controller.met_degc[step, order])
                closed = device.closed(step, met_degc, times)
                field = self._run.evened(field, step, self._plant.places[order], closed)
        return self._run.advance(
            field, step, done.heat_kw, self._uniform_kw[step], self._ground[step]
        )

    def _pumps_kw(self, step: int, arriving_degc: Floats) -> list[float]:
        """Return the heat of the heat pumps into the loop at each place [kW]."""
        heat_kw = [0.0] * self._count
        degc = arriving_degc.tolist()
        for place, machine, use_degc, given_kw, works_kw in self._running[step]:
            heat_kw[place] += given_kw + works_kw / machine(degc[place], use_degc)
        return heat_kw

    def _balance(self, field: Floats, step: int, mean_degc: float) -> tuple[float, list[float]]:
        """Return the mean at a step's end without any heat [°C], and its rise by heat [K/kW]."""
        if self._plant is None:
            return mean_degc, []
        uniform_kw, ground_degc = self._uniform_kw[step], self._ground[step]
        if self._plant.controller.comes_round[step]:  # exchangers meet what becomes of the mean
            run, none = self._run, np.zeros(self._count)
            after, _ = run.advance(field, step, none, uniform_kw, ground_degc)
            _, gains = run.pull_back(run.evenly, step)
            return run.total(after, step + 1) / run.units, gains.tolist()
        rise = self._rise[step]
        end_degc = mean_degc + rise * (uniform_kw - self._ua * (mean_degc - ground_degc))
        return end_degc, [rise] * self._count

    def _plant_kw(
        self,
        step: int,
        arriving_degc: Floats,
        heat_kw: Sequence[float],
        mean_degc: float,
        balance: tuple[float, list[float]],
        first: bool,
    ) -> list[tuple[int, float]]:
        """Return place and heat into the loop of each device [kW]."""
        if self._plant is None:
            return []
        end_degc, gains = balance
        drift_degc = end_degc + float(np.dot(gains, heat_kw))
        degc = arriving_degc.tolist()
        places = self._plant.places
        moved = self._plant.controller.decide(
            step,
            degc[self._plant_station],
            drift_degc,
            gains[self._plant_station],
            start_degc=mean_degc,
            loop_kw_per_k=self._flow_kw_per_k[step],
            waters_degc=[degc[place] for place in places],
            each_k_per_kw=[gains[place] for place in places],
            switches=first,
        )
        return list(zip(places, moved, strict=True))


def _fields(plant: Plant | None) -> list[tuple[int, FieldOnRing]]:
    """Return the borefields, each with its number among the devices."""
    if plant is None:
        return []
    devices = enumerate(plant.controller.devices)
    return [(order, plant.fields[one.name]) for order, one in devices if one.name in plant.fields]


def _running(
    config: RingConfig,
    data: RingInput,
    plan: LoopPlan,
    pumps: Sequence[HeatPumpCop],
    use_degc: Floats,
    loads: PartLoads | None,
) -> list[list[tuple[int, ScalarCop, float, float, float]]]:
    """Return which heat pumps run in each step.

    By step and heat pump: its place, its COP, the temperature on its use side [°C], its output into
    the loop or out of it [kW], and the work that this takes at a COP of one [kW].
    """
    works_kw = data.q_kw if loads is None else data.q_kw * loads.works
    given_kw = data.q_kw * config.sigma(data.nodes)[:, None]
    machines = [pump.scalar() for pump in pumps]
    running: list[list[tuple[int, ScalarCop, float, float, float]]] = [
        [] for _ in range(data.times.size)
    ]
    for row, (place, machine) in enumerate(zip(plan.station_of, machines, strict=True)):
        steps = np.flatnonzero(data.q_kw[row] > MOVING_KW)
        told = (use_degc[row, steps], given_kw[row, steps], works_kw[row, steps])
        columns = (column.tolist() for column in (steps, *told))
        for step, use, given, works in zip(*columns, strict=True):
            running[step].append((place, machine, use, given, works))
    return running
