"""Balancing plant: what its devices do in each step of a simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import expm1, inf, isinf

import numpy as np
from numpy.typing import NDArray

from anello.ring.borefield.device import FieldOnRing
from anello.ring.devices import PlantDevice
from anello.ring.doublet import DoubletOnRing
from anello.ring.plant_config import PlantConfig
from anello.ring.rounds import settled, weights_of_change

Floats = NDArray[np.float64]


class PlantController:
    """Decides each step what the balancing plant does.

    The controller sees the ring as it is at the start of the step and where it would drift without
    balancing. The devices that balance (wells) work first, between the thresholds of the dead band;
    the others only keep the ring at its bounds, in their order. Where a loop's water comes round
    several times in a step, exchangers meet what all devices and other heat make of it meanwhile;
    see :mod:`anello.ring.rounds`.

    Parameters
    ----------
    config : PlantConfig
        The plant's settings.
    devices : sequence of PlantDevice
        Its devices; D of them.
    bounds_degc : (float, float)
        Temperatures that the plant defends [°C].
    steps : int
        Number T of time steps.
    schedule : mapping of str to ndarray, shape (T,), optional
        Heat into the ring by device, as the optimiser wants it; infinite for all that an exchanger
        can move [kW].
    k_per_kw : ndarray, shape (T,), optional
        Rise of well-mixed water per kW over each step [K/kW]: an exchanger then works against
        water that comes nearer to its other side during the step; see `over_a_step`.
    fields : mapping of str to FieldOnRing, optional
        Devices with a memory; they say themselves what they can do in a step.
    doublet : DoubletOnRing, optional
        Wells that tire.
    loop_kw_per_k : ndarray, shape (T,), optional
        Heat capacity flow of a loop's water [kW/K].
    loop_k_per_kw : ndarray, shape (T,), optional
        Rise of the mean of a loop's water per kW over each step, h/C [K/kW].

    Attributes
    ----------
    met_degc : ndarray, shape (T, D)
        Water that each device met on average in the steps that are decided [°C].
    """

    def __init__(
        self,
        config: PlantConfig,
        devices: Sequence[PlantDevice],
        bounds_degc: tuple[float, float],
        steps: int,
        schedule: Mapping[str, Floats] | None = None,
        k_per_kw: Floats | None = None,
        fields: Mapping[str, FieldOnRing] | None = None,
        doublet: DoubletOnRing | None = None,
        loop_kw_per_k: Floats | None = None,
        loop_k_per_kw: Floats | None = None,
    ) -> None:
        self._fields = [(fields or {}).get(device.name) for device in devices]
        self._doublets = [doublet if device.name == "wells" else None for device in devices]
        self.config = config
        self.devices = tuple(devices)
        self.low = min(bounds_degc[0], config.heat_below_degc)
        self.high = max(bounds_degc[1], config.cool_above_degc)
        self._heating = False
        self._cooling = False
        self.shortfall_kw: list[float] = []
        follows = config.control in ("schedule", "both") and schedule is not None
        self._schedule = (
            [
                np.asarray(schedule[d.name], float).tolist() if d.name in schedule else None
                for d in self.devices
            ]
            if follows and schedule is not None
            else None
        )
        self._deadband = config.control in ("deadband", "both")
        self._bodies = [_bodies(device) for device in self.devices]
        self._kw_per_k = [
            [] if bodies is None else _conductances(device.kw_per_k, k_per_kw, len(bodies))
            for device, bodies in zip(self.devices, self._bodies, strict=True)
        ]
        self._most_kw = [_most_kw(device, steps) for device in self.devices]
        self.met_degc = np.empty((steps, len(self.devices)))
        weights = np.zeros((steps, len(self.devices)))
        if loop_kw_per_k is not None and loop_k_per_kw is not None:
            for k, (device, field) in enumerate(zip(self.devices, self._fields, strict=True)):
                if field is not None:
                    conductance = field.conductances(loop_kw_per_k)
                elif self._bodies[k] is not None:
                    conductance = passing_each(device.kw_per_k, loop_kw_per_k)
                else:
                    continue
                weights[:, k] = weights_of_change(conductance, loop_kw_per_k, loop_k_per_kw)
        self._weights = weights.tolist()
        self.comes_round: list[bool] = [bool(row.any()) for row in weights]

    def shortfall_kwh(self, step_h: Floats) -> float:
        """Return the scheduled heat that was not delivered, for steps of this length [h]."""
        if not self.shortfall_kw:
            return 0.0
        return float((np.array(self.shortfall_kw) * step_h).sum())

    def limits_kw(
        self, step: int, water_degc: Sequence[float], loop_kw_per_k: float
    ) -> list[tuple[float, float]]:
        """Return the most that each device can take out of the ring (≤ 0) and put in [kW].

        Parameters
        ----------
        step : int
            Time step.
        water_degc : sequence of float, length D
            Water that each device meets on average in the step [°C].
        loop_kw_per_k : float
            Heat capacity flow of the water that passes; infinite for well-mixed water [kW/K].
        """
        limits = []
        for k, (most, bodies, kw_per_k, field, water) in enumerate(
            zip(self._most_kw, self._bodies, self._kw_per_k, self._fields, water_degc, strict=True)
        ):
            if field is not None:
                limits.append(field.limits_kw(step, water, loop_kw_per_k))
                continue
            cooling, heating = most[step]
            if bodies is not None:
                exchange, body = passing(kw_per_k[step], loop_kw_per_k), bodies[step]
                doublet = self._doublets[k]
                if doublet is not None:
                    body += doublet.shift_k(step)
                heating = min(max(0.0, exchange * (body - water)), heating)
                cooling = min(max(0.0, exchange * (water - body)), cooling)
            limits.append((-cooling, heating))
        return limits

    def decide(
        self,
        step: int,
        water_degc: float,
        drift_degc: float,
        k_per_kw: float,
        *,
        loop_kw_per_k: float = float("inf"),
        waters_degc: Sequence[float] | None = None,
        start_degc: float = 0.0,
        each_k_per_kw: Sequence[float] | None = None,
    ) -> list[float]:
        """Return the heat that each device puts into the ring.

        Parameters
        ----------
        step : int
            Time step.
        water_degc : float
            Mean of the water that passes the plant in this step, as it is at the start; the ring
            temperature when mixed [°C].
        drift_degc : float
            (Mean) ring temperature at the end of the step without balancing [°C].
        k_per_kw : float
            Rise of that temperature per kW over the step [K/kW].
        loop_kw_per_k : float
            Heat capacity flow of a loop's water that passes; an exchanger brings it nearer to the
            temperature on its other side, see `passing` [kW/K].
        waters_degc : sequence of float, length D, optional
            Water that passes each device, where they are not all at one place [°C].
        start_degc : float
            Mean ring temperature at the start of a step in which water comes round [°C].
        each_k_per_kw : sequence of float, length D, optional
            `k_per_kw` by device, where they are not all at one place [K/kW].

        Returns
        -------
        list of float, length D
            Heat into the ring; negative where it is cooled [kW].
        """
        waters = [water_degc] * len(self.devices) if waters_degc is None else waters_degc
        gains = [k_per_kw] * len(self.devices) if each_k_per_kw is None else each_k_per_kw
        for field, water in zip(self._fields, waters, strict=True):
            if field is not None:
                field.arrives(step, water)
        returns, weights = self.comes_round[step], self._weights[step]

        def met(end_degc: float) -> Sequence[float]:
            if not returns:
                return waters
            risen = end_degc - start_degc
            return [water + w * risen for water, w in zip(waters, weights, strict=True)]

        def end_of(heat: Sequence[float]) -> float:
            return drift_degc + sum(k * kw for k, kw in zip(gains, heat, strict=True))

        def scheduled(end_degc: float) -> tuple[list[float], list[tuple[float, float]]]:
            limits = self.limits_kw(step, met(end_degc), loop_kw_per_k)
            return self._scheduled(step, limits), limits

        def balanced(end_degc: float) -> list[float]:
            heat, limits = scheduled(end_degc)
            self._balance(step, heat, limits, end_of(heat), gains)
            return heat

        end_degc = drift_degc
        if returns:
            end_degc = settled(lambda end: end_of(scheduled(end)[0]), end_degc)
        heat, limits = scheduled(end_degc)
        if self._schedule is not None:
            self.shortfall_kw.append(self._missing(step, heat))
        if self._deadband:
            self._switch(end_of(heat))
            if returns:
                end_degc = settled(lambda end: end_of(balanced(end)), end_degc)
                heat = balanced(end_degc)
            else:
                self._balance(step, heat, limits, end_of(heat), gains)
        self.met_degc[step] = met(end_degc)
        self.take(step, heat)
        return heat

    def _scheduled(self, step: int, limits: list[tuple[float, float]]) -> list[float]:
        """Return what devices do that always work, or are told to, within their limits [kW]."""
        heat = [0.0] * len(self.devices)
        for k, field in enumerate(self._fields):
            if field is not None and field.always:
                heat[k] = limits[k][0] + limits[k][1]  # one of them is zero
            elif self._schedule is not None:
                series = self._schedule[k]
                want = 0.0 if series is None else series[step]
                heat[k] = min(max(want, limits[k][0]), limits[k][1])
        return heat

    def _missing(self, step: int, heat: Sequence[float]) -> float:
        """Return what devices do not deliver of what they are told to [kW]."""
        missing = 0.0
        for series, field, moved in zip(self._schedule or (), self._fields, heat, strict=True):
            want = 0.0 if series is None else series[step]
            if not isinf(want) and not (field is not None and field.always):  # inf: all it can
                missing += abs(want - moved)
        return missing

    def take(self, step: int, heat_kw: Sequence[float]) -> None:
        """Tell devices with a memory what heat they gave to the ring in a step [kW]."""
        for memory in (self._fields, self._doublets):
            for device, heat in zip(memory, heat_kw, strict=True):
                if device is not None:
                    device.take(step, heat)

    def _body(self, k: int, step: int) -> float | None:
        """Return the temperature on the other side of a device; None for what is none [°C]."""
        field, bodies = self._fields[k], self._bodies[k]
        if field is not None:
            return field.body_degc
        if bodies is None:
            return None
        doublet = self._doublets[k]
        return bodies[step] + (0.0 if doublet is None else doublet.shift_k(step))

    def _switch(self, drift_degc: float) -> None:
        """Begin or stop to heat or cool, as the thresholds say [°C]."""
        config = self.config
        if drift_degc < config.heat_below_degc:
            self._heating = True
        elif drift_degc >= config.heat_to_degc:
            self._heating = False
        if drift_degc > config.cool_above_degc:
            self._cooling = True
        elif drift_degc <= config.cool_to_degc:
            self._cooling = False

    def _balance(
        self,
        step: int,
        heat: list[float],
        limits: list[tuple[float, float]],
        drift_degc: float,
        gains: Sequence[float],
    ) -> None:
        """Add what the dead band asks of the first devices, and the bounds of the others."""
        config = self.config
        target = drift_degc
        if self._heating:
            target = config.heat_to_degc
        elif self._cooling:
            target = config.cool_to_degc
        for first in (True, False):
            if not first:
                target = min(max(drift_degc, self.low), self.high)
            for k, device in enumerate(self.devices):
                if device.first is not first or target == drift_degc:
                    continue
                goal, body = target, self._body(k, step)
                if body is not None:  # no need to carry the ring past the other side
                    goal = min(goal, body) if target > drift_degc else max(goal, body)
                more = (goal - drift_degc) / gains[k]
                if target > drift_degc:
                    more = max(0.0, min(more, limits[k][1] - heat[k]))
                else:
                    more = min(0.0, max(more, limits[k][0] - heat[k]))
                heat[k] += more
                drift_degc += gains[k] * more


def _most_kw(device: PlantDevice, steps: int) -> list[tuple[float, float]]:
    """Return the most that a device takes out of the ring and puts in, in each step [kW]."""
    both = (np.broadcast_to(kw, steps).tolist() for kw in (device.cooling_kw, device.heating_kw))
    return list(zip(*both, strict=True))


def _bodies(device: PlantDevice) -> list[float] | None:
    """Return the temperatures on the other side of an exchanger; None for what is none [°C]."""
    if not device.is_exchanger or device.body_degc is None or not device.ways:
        return None
    return [float(degc) for degc in device.body_degc]


def over_a_step(kw_per_k: float | Floats, k_per_kw: Floats) -> Floats:
    """Return an exchanger's conductance to well-mixed water as it was at the start of a step.

    Water of heat capacity C comes nearer to the other side by ``exp(−UA·h/C)`` in h hours, so that
    ``Q = (C/h)·(1 − exp(−UA·h/C))·(T_body − T_start)``, which never passes the body.

    Parameters
    ----------
    kw_per_k : float or ndarray, shape (T,)
        Conductance UA [kW/K].
    k_per_kw : ndarray, shape (T,)
        Rise of the water per kW over each step, h/C [K/kW].

    Returns
    -------
    ndarray, shape (T,)
        Heat per kelvin between body and water at the start [kW/K].
    """
    conductance: Floats = -np.expm1(-kw_per_k * k_per_kw) / k_per_kw
    return conductance


def passing(kw_per_k: float, loop_kw_per_k: float) -> float:
    """Return an exchanger's conductance to the mean of the water that passes it.

    ``Q = ṁc·(1 − exp(−UA/(ṁc)))·(T_body − T_water)``, an exchanger whose other side keeps its
    temperature (VDI Heat Atlas, C1).

    Parameters
    ----------
    kw_per_k : float
        Conductance UA [kW/K].
    loop_kw_per_k : float
        Heat capacity flow ṁc of the water [kW/K].
    """
    # ASSUME: the heat spreads evenly over the water that passes in a step. Its mean never passes
    # the body, but where warm and cold water pass in one step, the warmer part may.
    if loop_kw_per_k == inf:
        return kw_per_k
    return -loop_kw_per_k * expm1(-kw_per_k / loop_kw_per_k) if loop_kw_per_k > 0.0 else 0.0


def passing_each(kw_per_k: float | Floats, loop_kw_per_k: Floats) -> Floats:
    """Return `passing` for each step, shape (T,) [kW/K]."""
    own = np.broadcast_to(kw_per_k, loop_kw_per_k.shape).tolist()
    pairs = zip(own, loop_kw_per_k.tolist(), strict=True)
    return np.array([passing(one, through) for one, through in pairs])


def _conductances(kw_per_k: float | Floats, k_per_kw: Floats | None, steps: int) -> list[float]:
    """Return an exchanger's conductance in each step [kW/K]."""
    each = kw_per_k if k_per_kw is None else over_a_step(kw_per_k, k_per_kw)
    values: list[float] = np.broadcast_to(each, steps).tolist()
    return values


def device_electricity(
    devices: Sequence[PlantDevice], heat_kw: Mapping[str, Floats], water_degc: Floats
) -> dict[str, Floats]:
    """Return the electricity of each device.

    Parameters
    ----------
    devices : sequence of PlantDevice
        The plant.
    heat_kw : mapping of str to ndarray, shape (T,)
        Heat that each moves; the sign does not matter [kW].
    water_degc : ndarray, shape (T,)
        Water that passes the plant [°C].

    Returns
    -------
    dict of str to ndarray, shape (T,)
        Electricity [kW].
    """
    return {
        d.name: d.electricity(water_degc)[0] * np.abs(heat_kw[d.name])
        for d in devices
        if d.name in heat_kw
    }


def device_cost(config: PlantConfig | None, heat_kw: Mapping[str, Floats], step_h: Floats) -> float:
    """Return the cost of moving heat, apart from electricity.

    Parameters
    ----------
    config : PlantConfig or None
        The plant's settings.
    heat_kw : mapping of str to ndarray, shape (T,)
        Heat into the ring [kW].
    step_h : ndarray, shape (T,)
        Length of the time steps, times their weight if they are weighted [h].

    Returns
    -------
    float
        Cost [€].
    """
    if config is None:
        return 0.0
    return float(
        sum(
            config.cost_eur_per_kwh(device) * (np.abs(heat) * step_h).sum()
            for device, heat in heat_kw.items()
        )
    )
