"""Balancing plant: what its devices do in each step of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import expm1, inf, isinf

import numpy as np
from numpy.typing import NDArray

from anello.ring.borefield.device import FieldOnRing
from anello.ring.devices import PlantDevice
from anello.ring.doublet import DoubletOnRing
from anello.ring.plant_config import PlantConfig
from anello.ring.rounds import settled

Floats = NDArray[np.float64]


class PlantController:
    """Decides each step what the balancing plant does.

    The controller sees the ring as it is at the start of the step and where it would drift without
    balancing. The devices that balance (wells) work first, between the thresholds of the dead band;
    the others only keep the ring at its bounds, in their order. Where water is well mixed, or comes
    round several times in a step, exchangers meet what all devices and other heat make of it
    meanwhile; see :mod:`anello.ring.rounds`.

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
    fields : mapping of str to FieldOnRing, optional
        Devices with a memory; they say themselves what they can do in a step.
    doublet : DoubletOnRing, optional
        Wells that tire.
    loop_kw_per_k : ndarray, shape (T,), optional
        Heat capacity flow of the water; infinite where it is well mixed, as by default [kW/K].
    weights_of : callable, optional
        Of a conductance to that water, shape (T,) [kW/K]: how much of the water's change in each
        step an exchanger meets, shape (T,) [-]. Nothing by default.

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
        fields: Mapping[str, FieldOnRing] | None = None,
        doublet: DoubletOnRing | None = None,
        loop_kw_per_k: Floats | None = None,
        weights_of: Callable[[Floats], Floats] | None = None,
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
            np.broadcast_to(device.kw_per_k, len(bodies)).tolist()
            for device, bodies in zip(self.devices, self._bodies, strict=True)
        ]
        self._exchange = [
            k for k, field in enumerate(self._fields) if self._bodies[k] or field is not None
        ]
        self._most_kw = [_most_kw(device, steps) for device in self.devices]
        self.met_degc = np.empty((steps, len(self.devices)))
        weights = np.zeros((steps, len(self.devices)))
        self._series = [(k, one) for k, one in enumerate(self._schedule or ()) if one is not None]
        self._always = [k for k, one in enumerate(self._fields) if one is not None and one.always]
        self._told = self._schedule is not None or bool(self._always)
        moves = [k for k, device in enumerate(self.devices) if device.ways]
        self._in_order = [
            [k for k in moves if self.devices[k].first is first] for first in (True, False)
        ]
        if weights_of is not None:
            through = np.full(steps, inf) if loop_kw_per_k is None else loop_kw_per_k
            for k, (device, field) in enumerate(zip(self.devices, self._fields, strict=True)):
                if field is not None:
                    conductance = field.conductances(through)
                elif self._bodies[k]:
                    conductance = passing_each(device.kw_per_k, through)
                else:
                    continue
                weights[:, k] = weights_of(conductance)
        self._weights = weights.tolist()
        self.comes_round: list[bool] = [bool(row.any()) for row in weights]
        self._found: tuple[list[float], Sequence[float], float] = ([], [], 0.0)

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
        limits = [most[step] for most in self._most_kw]
        for k in self._exchange:
            field, water = self._fields[k], water_degc[k]
            if field is not None:
                limits[k] = field.limits_kw(water, loop_kw_per_k)
                continue
            out, into = limits[k]
            offer = self._offer_kw(k, step, water, loop_kw_per_k)
            limits[k] = (0.0, min(offer, into)) if offer > 0.0 else (max(offer, out), 0.0)
        return limits

    def _offer_kw(self, k: int, step: int, water_degc: float, loop_kw_per_k: float) -> float:
        """Return what temperatures let an exchanger put into the water, whatever its size [kW]."""
        body = self._bodies[k][step]
        doublet = self._doublets[k]
        if doublet is not None:
            body += doublet.shift_k(step)
        kw_per_k: float = self._kw_per_k[k][step]
        if loop_kw_per_k != inf:
            kw_per_k = passing(kw_per_k, loop_kw_per_k)
        return kw_per_k * (body - water_degc)

    def decide(
        self,
        step: int,
        water_degc: float,
        drift_degc: float,
        k_per_kw: float,
        *,
        start_degc: float,
        loop_kw_per_k: float = inf,
        waters_degc: Sequence[float] | None = None,
        each_k_per_kw: Sequence[float] | None = None,
        switches: bool = True,
    ) -> list[float]:
        """Return the heat that each device puts into the ring, once this is committed.

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
        start_degc : float
            (Mean) ring temperature at the start of the step [°C].
        loop_kw_per_k : float
            Heat capacity flow of a loop's water that passes; an exchanger brings it nearer to the
            temperature on its other side, see `passing` [kW/K].
        waters_degc : sequence of float, length D, optional
            Water that passes each device, where they are not all at one place [°C].
        each_k_per_kw : sequence of float, length D, optional
            `k_per_kw` by device, where they are not all at one place [K/kW].
        switches : bool
            Whether the dead band may begin or stop to heat or cool; not where the same step is
            considered again.

        Returns
        -------
        list of float, length D
            Heat into the ring; negative where it is cooled [kW].
        """
        count = len(self.devices)
        waters = [water_degc] * count if waters_degc is None else waters_degc
        gains = [k_per_kw] * count if each_k_per_kw is None else each_k_per_kw
        for field, water in zip(self._fields, waters, strict=True):
            if field is not None:
                field.arrives(step, water, loop_kw_per_k)
        returns, weights = self.comes_round[step], self._weights[step]
        heat, met = [0.0] * count, waters

        def end_of(balanced: bool, end_degc: float) -> float:
            """Where the water ends, if devices do what they would if it ended there [°C]."""
            nonlocal heat, met
            if returns:
                risen = end_degc - start_degc
                met = [water + w * risen for water, w in zip(waters, weights, strict=True)]
            limits = self.limits_kw(step, met, loop_kw_per_k)
            heat = self._scheduled(step, limits)
            end = drift_degc
            for gain, kw in zip(gains, heat, strict=True):
                end += gain * kw
            return self._balance(step, heat, limits, end, gains) if balanced else end

        guess = partial(self._guess, step, waters, drift_degc, start_degc, gains, loop_kw_per_k)

        def settle(balanced: bool, guess_degc: float) -> float:
            if returns:
                return settled(partial(end_of, balanced), guess_degc)
            return end_of(balanced, guess_degc)

        end_degc = drift_degc
        if self._told:
            end_degc = settle(False, guess(0.0))
        missing_kw = 0.0 if self._schedule is None else self._missing(step, heat)
        if self._deadband:
            if switches:
                self._switch(end_degc)
            goal_degc = self._goal(end_degc)
            if goal_degc != end_degc:
                if returns and (self._heating or self._cooling):
                    opened = guess(1.0 if self._heating else -1.0)
                    goal_degc = (min if self._heating else max)(goal_degc, opened)
                end_degc = settle(True, goal_degc)
        self._found = (heat, met, missing_kw)
        return heat

    def commit(self, step: int) -> None:
        """Let the devices do what they were last considered to do in a step."""
        heat, self.met_degc[step], missing_kw = self._found
        if self._schedule is not None:
            self.shortfall_kw.append(missing_kw)
        self.take(step, heat)

    def _guess(
        self,
        step: int,
        waters_degc: Sequence[float],
        drift_degc: float,
        start_degc: float,
        gains: Sequence[float],
        loop_kw_per_k: float,
        opened: float = 0.0,
    ) -> float:
        """Return where the water ends if devices do what they are told, as far as they can [°C].

        With `opened` the first devices heat (+1) or cool (−1) all they can. For open exchangers
        ``E = drift + k·G·(T_body − T − w·(E − start))``, which is linear in E; which are open is
        judged by the water at the start.
        """
        wants = [(k, series[step]) for k, series in self._series]
        if opened:
            wants = [(k, want) for k, want in wants if not self.devices[k].first]
            wants += [(k, opened * inf) for k in self._in_order[0]]
        end, pull = drift_degc, 0.0
        for k, want in wants:
            if want == 0.0:
                continue
            most = self._most_kw[k][step][want > 0.0]
            if abs(most) < abs(want):
                want = most
            if self._bodies[k]:
                offer = self._offer_kw(k, step, waters_degc[k], loop_kw_per_k)
                if offer * want <= 0.0:
                    continue
                if abs(offer) < abs(want):
                    want = offer
                    kw_per_k = passing(self._kw_per_k[k][step], loop_kw_per_k)
                    pull += gains[k] * kw_per_k * self._weights[step][k]
            if not isinf(want):  # a borefield says later what it can
                end += gains[k] * want
        return start_degc + (end - start_degc) / (1.0 + pull)

    def _scheduled(self, step: int, limits: list[tuple[float, float]]) -> list[float]:
        """Return what devices do that always work, or are told to, within their limits [kW]."""
        heat = [0.0] * len(self.devices)
        for k, series in self._series:
            out, into = limits[k]
            heat[k] = min(max(series[step], out), into)
        for k in self._always:
            heat[k] = limits[k][0] + limits[k][1]  # one of them is zero
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
        if not bodies:
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

    def _goal(self, drift_degc: float) -> float:
        """Return where the dead band wants water that drifts somewhere, or the bounds [°C]."""
        if self._heating:
            return self.config.heat_to_degc
        if self._cooling:
            return self.config.cool_to_degc
        return min(max(drift_degc, self.low), self.high)

    def _balance(
        self,
        step: int,
        heat: list[float],
        limits: list[tuple[float, float]],
        drift_degc: float,
        gains: Sequence[float],
    ) -> float:
        """Add what the dead band asks of the first devices, and the bounds of the others.

        Returns where the water ends [°C].
        """
        target = self._goal(drift_degc) if self._heating or self._cooling else drift_degc
        for place, devices in enumerate(self._in_order):
            if place:
                target = min(max(drift_degc, self.low), self.high)
            for k in devices:
                if target == drift_degc:
                    break
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
        return drift_degc


def _most_kw(device: PlantDevice, steps: int) -> list[tuple[float, float]]:
    """Return the most that a device takes out of the ring (≤ 0) and puts in, by step [kW]."""
    ways = (-np.asarray(device.cooling_kw, dtype=float), device.heating_kw)
    both = (np.broadcast_to(kw, steps).tolist() for kw in ways)
    return list(zip(*both, strict=True))


def _bodies(device: PlantDevice) -> list[float]:
    """Return the temperatures on the other side of an exchanger; empty for what is none [°C]."""
    if not device.is_exchanger or device.body_degc is None or not device.ways:
        return []
    return [float(degc) for degc in device.body_degc]


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
