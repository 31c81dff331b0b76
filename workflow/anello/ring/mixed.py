"""The well-mixed ring: one temperature, integrated exactly over each step.

C·dT/dt = ΣQ_hp + Q_bal − UA·(T − T_ground). COP follow from the temperature at the start of the
step, and exchangers from what the step makes of it (:mod:`anello.ring.rounds`), so one forward pass
over the hours is self-consistent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.ring import audit as energy_audit
from anello.ring.assembly import Course, assemble
from anello.ring.borefield.device import fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.cop import HeatPumpCop, ScalarCop, compile_heat_pumps
from anello.ring.cop_config import FixedUse
from anello.ring.devices import plant_devices
from anello.ring.doublet import doublet_on_ring
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.ground import ground_temperature_degc
from anello.ring.part_load import PartLoads, part_loads
from anello.ring.plant import PlantController
from anello.ring.rounds import weights_in_mixed_water

Floats = NDArray[np.float64]


def step_coefficients(config: RingConfig, step_h: Floats) -> tuple[Floats, Floats]:
    """Return φ and ψ of T_next = φ·T + (1 − φ)·T_ground + ψ·Q, exact for constant heat.

    φ = exp(−UA·Δt/C), ψ = (1 − φ)/UA, which is Δt/C without loss. The same row, over variables,
    is what a linear programme needs to carry the ring.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    step_h : ndarray, shape (T,)
        Length of the time steps [h].

    Returns
    -------
    phi : ndarray, shape (T,)
        Share of the temperature that remains [-].
    psi : ndarray, shape (T,)
        Rise of temperature per heat flow [K/kW].
    """
    return decay(config.mixed_kwh_per_k, config.loss.ua_kw_per_k, step_h)


def decay(capacity_kwh_per_k: float, ua_kw_per_k: float, step_h: Floats) -> tuple[Floats, Floats]:
    """Return φ and ψ of `step_coefficients` for a heat capacity [kWh/K] and a loss [kW/K]."""
    exponent = ua_kw_per_k * step_h / capacity_kwh_per_k
    # (1 − e⁻ˣ)/x loses its digits in a tiny x, where the first terms of its series are exact.
    tiny = exponent < 1e-8
    share = -np.expm1(-exponent) / np.where(tiny, 1.0, exponent)
    share = np.where(tiny, 1.0 - exponent / 2.0, share)
    return np.exp(-exponent), step_h / capacity_kwh_per_k * share


def simulate_mixed(
    config: RingConfig,
    data: RingInput,
    *,
    schedule: Mapping[str, Floats] | None = None,
    use_degc: Floats | None = None,
    folder: Path | None = None,
    field_state_kw: Floats | None = None,
) -> RingResult:
    """Simulate the well-mixed ring; see `anello.ring.simulate`."""
    pumps = list(compile_heat_pumps(config, data.nodes, folder).values())
    use = use_side(config, data).degc if use_degc is None else use_degc
    held = _is_held(config, data.nodes)
    reset = "reset_at_bounds" in config.active_oddities
    plant = None if reset or held else config.plant
    devices = plant_devices(plant, data.surroundings)
    names = [device.name for device in devices]
    doublet = doublet_on_ring(plant, data.step_h)
    field_config = None if plant is None else plant.borefield
    fields = fields_on_ring(field_config, data.step_h, field_state_kw, folder)
    controller = None
    if plant is not None:
        weights = partial(
            weights_in_mixed_water,
            loss_kw_per_k=config.loss.ua_kw_per_k,
            k_per_kw=data.step_h / config.mixed_kwh_per_k,
        )
        bounds, steps = config.bounds_degc, data.times.size
        controller = PlantController(
            plant, devices, bounds, steps, schedule, fields, doublet, weights_of=weights
        )
    loads = part_loads(config, data)
    fixed_heat_kw = None
    if "ring_heat_from_dispatch_cop" in config.active_oddities or held:
        fixed_heat_kw = data.q_kw * (config.sigma(data.nodes)[:, None] + 1.0 / data.cop_dispatch)
    ground = ground_temperature_degc(config.loss.ground, data.day_of_year)
    if held:
        temperature = np.full(data.times.size + 1, config.initial_degc)
        balancing = np.zeros((len(devices), data.times.size))
        reset_kwh, loss_kw = np.zeros((2, data.times.size))
    else:
        heat = _HeatOfPumps(config, data, pumps, use, loads, fixed_heat_kw)
        temperature, balancing, reset_kwh = _forward(
            config, heat, controller, ground, data.step_h, len(devices), reset=reset
        )
        loss_kw = _lost_kw(config, temperature, reset_kwh, ground, data.step_h)
    water = temperature[:-1]
    met = [water] * len(names) if controller is None else controller.met_degc.T
    course = Course(
        capacity_kwh_per_k=config.mixed_kwh_per_k,
        temperature_degc=temperature,
        source_degc=np.broadcast_to(water, data.q_kw.shape),
        use_degc=use,
        devices=devices,
        balancing_kw=dict(zip(names, balancing, strict=True)),
        loss_kw=loss_kw,
        stored_kwh=config.mixed_kwh_per_k * np.diff(temperature),
        waters_degc=dict(zip(names, met, strict=True)),
        fields=fields,
        doublet=doublet,
        loads=loads,
        shortfall_kwh=0.0 if controller is None else controller.shortfall_kwh(data.step_h),
        fixed_heat_kw=fixed_heat_kw,
        reset_kwh=reset_kwh,
        held=held,
    )
    return assemble(config, data, pumps, course)


def _is_held(config: RingConfig, nodes: tuple[str, ...]) -> bool:
    """Whether the original study's ring without stores stays as warm as it is."""
    pumps = [config.heat_pump(node) for node in nodes]
    fixed = all(isinstance(p.use_temperature, FixedUse) for p in pumps if p is not None)
    return "baseline_ring_constant" in config.active_oddities and fixed


def _lost_kw(
    config: RingConfig, temperature: Floats, reset_kwh: Floats, ground: Floats, step_h: Floats
) -> Floats:
    """Return the heat lost to the ground in each step, from the water's mean, shape (T,) [kW]."""
    # A reset hides the temperature the step really ended with.
    ended = temperature[1:] - reset_kwh / config.mixed_kwh_per_k
    weight = energy_audit.mean_weight(config.loss.ua_kw_per_k * step_h / config.mixed_kwh_per_k)
    mean = temperature[:-1] + weight * (ended - temperature[:-1])
    lost: Floats = config.loss.ua_kw_per_k * (mean - ground)
    return lost


class _HeatOfPumps:
    """Heat of all heat pumps into the water of a step, whose temperature sets their COP.

    Plain floats: a step depends on the one before it, and lists are faster than arrays here.
    """

    def __init__(
        self,
        config: RingConfig,
        data: RingInput,
        pumps: list[HeatPumpCop],
        use_degc: Floats,
        loads: PartLoads | None,
        fixed_heat_kw: Floats | None,
    ) -> None:
        steps = data.times.size
        self._fixed_kw = [0.0] * steps
        self._running: list[list[tuple[float, float, float, float, ScalarCop]]] = [
            [] for _ in range(steps)
        ]
        if fixed_heat_kw is not None:
            self._fixed_kw = fixed_heat_kw.sum(axis=0).tolist()
            return
        machines = [pump.scalar() for pump in pumps]
        signs = config.sigma(data.nodes).tolist()
        works = np.ones_like(data.q_kw) if loads is None else loads.works
        rows = zip(machines, signs, data.q_kw, works, use_degc, strict=True)
        for machine, sign, q_row, work_row, use_row in rows:
            for step in np.flatnonzero(q_row).tolist():
                output = float(q_row[step]), float(work_row[step]), float(use_row[step])
                self._running[step].append((*output, sign, machine))

    def at(self, step: int, water_degc: float) -> float:
        """Return the heat into water of a temperature [kW]."""
        heat = self._fixed_kw[step]
        for q, work, use_degc, sign, machine in self._running[step]:
            heat += q * (sign + work / machine(water_degc, use_degc))
        return heat


def _forward(
    config: RingConfig,
    pumps: _HeatOfPumps,
    controller: PlantController | None,
    ground_degc: Floats,
    step_h: Floats,
    devices: int,
    *,
    reset: bool,
) -> tuple[Floats, Floats, Floats]:
    """Return the water (T + 1,) [°C], the plant's heat (D, T) [kW], and resets (T,) [kWh]."""
    low, high = config.bounds_degc
    phi, psi = step_coefficients(config, step_h)
    keep, rise = phi.tolist(), psi.tolist()
    gain = ((1.0 - phi) * ground_degc).tolist()
    state = config.initial_degc
    states, balancing, resets = [state], [[0.0] * devices for _ in keep], [0.0] * len(keep)
    for step, (kept, risen) in enumerate(zip(keep, rise, strict=True)):
        drift = kept * state + gain[step] + risen * pumps.at(step, state)
        if controller is not None:
            balancing[step] = controller.decide(step, state, drift, risen, start_degc=state)
            controller.commit(step)
            drift += risen * sum(balancing[step])
        if reset and (drift < low or drift > high):
            resets[step] = config.mixed_kwh_per_k * (config.initial_degc - drift)
            drift = config.initial_degc
        state = drift
        states.append(state)
    moved = np.array(balancing).reshape(len(keep), -1).T.copy()
    return np.array(states), moved, np.array(resets)
