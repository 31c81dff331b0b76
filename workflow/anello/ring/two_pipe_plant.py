"""The central plant of two pipes: what it does to the water that it passes from line to line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anello.ring.borefield.device import FieldOnRing, fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.devices import PlantDevice, plant_devices
from anello.ring.doublet import DoubletOnRing
from anello.ring.exchange import RingInput, RingResult
from anello.ring.plant import PlantController

Floats = NDArray[np.float64]
_TRIES = 60
_AGREES_K = 1e-9


def heat_at_flows(
    config: RingConfig, data: RingInput, result: RingResult, flows: Floats
) -> dict[str, Floats]:
    """Return the heat that each device would move if it met as much water as is told.

    Where the plant feeds a line in the step, the water that reaches it stays as it is; else it is
    the water that stands at its door. The ground around boreholes is as the simulation left it.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data, result : RingInput, RingResult
        The dispatch and its simulation.
    flows : ndarray, shape (2, K, T)
        Heat capacity flow of water that the plant feeds into the warm line, and of water that it
        feeds into the cold one; K of each [kW/K].

    Returns
    -------
    dict of str to ndarray, shape (2, K, T)
        Heat by device, without a sign [kW].
    """
    network = config.two_pipe
    assert network is not None
    assert result.flow_kg_s is not None
    assert result.plant_degc is not None
    assert result.node_degc is not None
    devices = plant_devices(config.plant, data.surroundings)
    if result.doublet is not None:
        supply = result.doublet.supply_degc
        devices = tuple(
            replace(one, body_degc=supply) if one.name == "wells" else one for one in devices
        )
    steps, places = data.times.size, result.node_degc.shape[1] // 2
    warm_degc = network.start_warm_degc(config.initial_degc)
    moved = np.zeros((2, len(devices), *flows.shape[1:]))
    if config.plant is None:
        return {device.name: np.abs(moved[:, k]) for k, device in enumerate(devices)}
    fields = fields_on_ring(config.plant.borefield, data.step_h, None, None)
    plant = LinesPlant(config, devices, steps, warm_degc, network.difference_k, fields=fields)
    doors = result.node_degc[:-1, (places, 0)].T
    feeds = np.array([result.flow_kg_s, -result.flow_kg_s])
    inlets = np.where(feeds > 0.0, result.plant_degc, doors)
    for step in range(steps):
        for field in fields.values():
            field.arrives(step, float(result.plant_degc[step]), abs(float(feeds[0, step])))
        for way, sign in enumerate((1.0, -1.0)):
            inlet = float(inlets[way, step])
            for point, through in enumerate(flows[way, :, step].tolist()):
                if through > 0.0:
                    moved[way, :, point, step] = plant.at_inlet(step, sign * through, inlet)[0]
        for name, field in fields.items():
            field.take(step, float(result.q_bal_kw[name][step]))
    return {device.name: np.abs(moved[:, k]) for k, device in enumerate(devices)}


class LinesPlant:
    """What the central plant does to the water that it passes from one line to the other.

    It heats what it feeds to the warm line to that line's temperature, cools what it feeds to the
    cold line, with its devices in their order, and otherwise only defends the bounds. Boreholes
    that always exchange do so with all water that passes, whatever it is wanted for.
    """

    def __init__(
        self,
        config: RingConfig,
        devices: tuple[PlantDevice, ...],
        steps: int,
        warm_degc: float,
        difference_k: float,
        doublet: DoubletOnRing | None = None,
        fields: Mapping[str, FieldOnRing] | None = None,
    ) -> None:
        self.devices, self.bounds = devices, config.bounds_degc
        self.warm_degc, self.cold_degc = warm_degc, warm_degc - difference_k
        self._fields = [(fields or {}).get(device.name) for device in devices]
        always = [field is not None and field.always for field in self._fields]
        self._order = sorted(
            range(len(devices)), key=lambda k: (not always[k], not devices[k].first)
        )
        self._always = always
        self.controller = (
            None
            if config.plant is None
            else PlantController(
                config.plant,
                devices,
                config.bounds_degc,
                steps,
                fields=fields,
                doublet=doublet,
            )
        )

    def decide(
        self, step: int, feeds_warm: float, alone: Floats, per_kw: Floats
    ) -> tuple[Floats, Floats, float]:
        """Return heat and water of each device, and the water that reaches the plant.

        Parameters
        ----------
        step : int
            Time step.
        feeds_warm : float
            Heat capacity flow into the warm line; negative into the cold one [kW/K].
        alone, per_kw : ndarray, shape (2N,)
            See `TwoLines.flow_out`.

        Returns
        -------
        heat_kw, water_degc : ndarray, shape (D,)
            Heat into the water [kW], and the water that each device meets [°C].
        passing : float
            Water that reaches the plant [°C].
        """
        count, flow = alone.size // 2, abs(feeds_warm)
        at = count if feeds_warm >= 0.0 else 0
        inlet, rise = float(alone[at]), float(per_kw[at])
        for field in self._fields:
            if field is not None:
                field.arrives(step, inlet, flow)
        if self.controller is None:
            return np.zeros(len(self.devices)), np.full(len(self.devices), inlet), inlet
        heat, waters = self.at_inlet(step, feeds_warm, inlet)
        if rise > 0.0 and heat.sum() != 0.0:
            # The plant's own heat comes back in the step: find the inlet that agrees with it.
            # Heat falls with the inlet along straight pieces, which a bracketed secant follows.
            ends = [inlet, inlet + rise * float(heat.sum())]
            back = rise * float(self.at_inlet(step, feeds_warm, ends[1])[0].sum())
            gaps = [ends[1] - ends[0], inlet + back - ends[1]]
            for _ in range(_TRIES):
                spread = gaps[0] - gaps[1]
                share = gaps[0] / spread if spread else 0.5
                middle = ends[0] + share * (ends[1] - ends[0])
                heat, waters = self.at_inlet(step, feeds_warm, middle)
                gap = inlet + rise * float(heat.sum()) - middle
                if abs(gap) < _AGREES_K:
                    break
                side = 0 if gap * gaps[0] > 0.0 else 1
                ends[side], gaps[side] = middle, gap
                gaps[1 - side] *= 0.5
            inlet += rise * float(heat.sum())
        self.controller.take(step, heat.tolist())
        return heat, waters, inlet

    def at_inlet(self, step: int, feeds_warm: float, inlet: float) -> tuple[Floats, Floats]:
        """Return heat [kW] and water [°C] of each device for a given inlet, shape (D,) each."""
        assert self.controller is not None
        flow = abs(feeds_warm)
        heat, waters = np.zeros(len(self.devices)), np.full(len(self.devices), inlet)
        if flow == 0.0:
            return heat, waters
        water = inlet
        for k in self._order:
            waters[k] = water
            limit = self.controller.limits_kw(step, [water] * len(self.devices), flow)[k]
            if self._always[k]:
                heat[k] = limit[0] + limit[1]  # one of them is zero
            else:
                asked = flow * (self._wanted(feeds_warm, water) - water)
                heat[k] = min(max(asked, limit[0]), limit[1])
            water += heat[k] / flow
        return heat, waters

    def _wanted(self, feeds_warm: float, water: float) -> float:
        """Return where water is brought that goes into the warm line, or the cold one [°C]."""
        if feeds_warm > 0.0 and water < self.warm_degc:
            return self.warm_degc
        if feeds_warm < 0.0 and water > self.cold_degc:
            return self.cold_degc
        low, high = self.bounds
        return min(max(water, low), high)
