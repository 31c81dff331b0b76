"""The well-mixed ring: one temperature, integrated exactly over each step.

C·dT/dt = ΣQ_hp + Q_bal − UA·(T − T_ground). COP follow from the temperature at the start of the
step, and exchangers from what the step makes of it (:mod:`anello.ring.rounds`), so one forward pass
over the hours is self-consistent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring import audit as energy_audit
from anello.ring import second_law
from anello.ring.borefield.device import FieldOnRing, fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.cop import HeatPumpCop, ScalarCop, compile_heat_pumps
from anello.ring.cop_config import FixedUse
from anello.ring.devices import PlantDevice, plant_devices
from anello.ring.doublet import DoubletOnRing, DoubletResult, doublet_on_ring
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.ground import ground_temperature_degc
from anello.ring.heat_paths import plant_exchanges, pump_exchanges
from anello.ring.hydraulics import Hydraulics
from anello.ring.part_load import PartLoads, part_loads
from anello.ring.plant import PlantController, device_electricity
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
    active = config.active_oddities
    pumps = list(compile_heat_pumps(config, data.nodes, folder).values())
    use = use_side(config, data).degc if use_degc is None else use_degc
    phi, psi = step_coefficients(config, data.step_h)
    ground = ground_temperature_degc(config.loss.ground, data.day_of_year)

    held = _is_held(config, data.nodes)
    fixed_heat = None
    if "ring_heat_from_dispatch_cop" in active or held:
        fixed_heat = data.q_kw * (config.sigma(data.nodes)[:, None] + 1.0 / data.cop_dispatch)
    reset = "reset_at_bounds" in active
    plant = None if reset or held else config.plant
    devices = plant_devices(plant, data.surroundings)
    names = [device.name for device in devices]
    doublet = doublet_on_ring(plant, data.step_h)
    field_config = None if plant is None else plant.borefield
    fields = fields_on_ring(field_config, data.step_h, field_state_kw, folder)
    controller = None
    if plant is not None:
        controller = PlantController(
            plant,
            devices,
            config.bounds_degc,
            data.times.size,
            schedule,
            fields,
            doublet,
            weights_of=partial(
                weights_in_mixed_water,
                loss_kw_per_k=config.loss.ua_kw_per_k,
                k_per_kw=data.step_h / config.mixed_kwh_per_k,
            ),
        )

    loads = part_loads(config, data)
    if held:
        temperature = np.full(data.times.size + 1, config.initial_degc)
        balancing = np.zeros((len(devices), data.times.size))
        reset_kwh = np.zeros(data.times.size)
    else:
        temperature, balancing, reset_kwh = _forward(
            config,
            data,
            pumps,
            use,
            phi,
            psi,
            ground,
            fixed_heat,
            controller,
            len(devices),
            reset,
            loads,
        )

    source = np.broadcast_to(temperature[:-1], data.q_kw.shape)
    loss_kw = _lost_kw(config, temperature, reset_kwh, ground, data.step_h)
    return assemble(
        config,
        data,
        pumps,
        temperature=temperature,
        source=source,
        use=use,
        fixed_heat=fixed_heat,
        devices=devices,
        balancing=dict(zip(names, balancing, strict=True)),
        loss_kw=np.zeros_like(loss_kw) if held else loss_kw,
        stored_kwh=config.mixed_kwh_per_k * np.diff(temperature),
        reset_kwh=reset_kwh,
        held=held,
        shortfall_kwh=0.0 if controller is None else controller.shortfall_kwh(data.step_h),
        fields=fields,
        doublet=doublet,
        loads=loads,
        waters_degc=(
            None if controller is None else dict(zip(names, controller.met_degc.T, strict=True))
        ),
    )


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


def _forward(
    config: RingConfig,
    data: RingInput,
    pumps: list[HeatPumpCop],
    use: Floats,
    phi: Floats,
    psi: Floats,
    ground: Floats,
    fixed_heat: Floats | None,
    controller: PlantController | None,
    count: int,
    reset: bool,
    loads: PartLoads | None,
) -> tuple[Floats, Floats, Floats]:
    # Plain floats: a step depends on the one before it, and lists are faster than arrays here.
    low, high = config.bounds_degc
    capacity = config.mixed_kwh_per_k
    state = config.initial_degc
    states = [state]
    balancing: list[list[float]] = []
    resets: list[float] = []
    none = [0.0] * count
    keep, rise = phi.tolist(), psi.tolist()
    gain = ((1.0 - phi) * ground).tolist()
    steps = data.times.size
    if fixed_heat is not None:
        heat_by_step = fixed_heat.sum(axis=0).tolist()
        running: list[list[tuple[float, float, float, float, ScalarCop]]] = []
    else:
        heat_by_step = [0.0] * steps
        machines = [pump.scalar() for pump in pumps]
        signs = config.sigma(data.nodes).tolist()
        running = [[] for _ in range(steps)]
        works = np.ones_like(data.q_kw) if loads is None else loads.works
        for machine, sign, q_row, work_row, use_row in zip(
            machines, signs, data.q_kw, works, use, strict=True
        ):
            for step in np.flatnonzero(q_row).tolist():
                running[step].append(
                    (
                        float(q_row[step]),
                        float(work_row[step]),
                        float(use_row[step]),
                        sign,
                        machine,
                    )
                )
    for step in range(steps):
        heat = heat_by_step[step]
        if running:
            for q, work, use_degc, sign, machine in running[step]:
                heat += q * (sign + work / machine(state, use_degc))
        drift = keep[step] * state + gain[step] + rise[step] * heat
        if controller is not None:
            moved = controller.decide(step, state, drift, rise[step], start_degc=state)
            controller.commit(step)
            drift += rise[step] * sum(moved)
            balancing.append(moved)
        else:
            balancing.append(none)
        if reset and (drift < low or drift > high):
            resets.append(capacity * (config.initial_degc - drift))
            drift = config.initial_degc
        else:
            resets.append(0.0)
        state = drift
        states.append(state)
    return np.array(states), np.array(balancing).reshape(steps, -1).T.copy(), np.array(resets)


def assemble(
    config: RingConfig,
    data: RingInput,
    pumps: list[HeatPumpCop],
    *,
    temperature: Floats,
    source: Floats,
    use: Floats,
    fixed_heat: Floats | None,
    devices: Sequence[PlantDevice],
    balancing: dict[str, Floats],
    loss_kw: Floats,
    stored_kwh: Floats,
    reset_kwh: Floats | None = None,
    held: bool = False,
    pump_kw: Floats | None = None,
    pump_heat_kw: Floats | None = None,
    shortfall_kwh: float = 0.0,
    node_degc: Floats | None = None,
    place_names: tuple[str, ...] | None = None,
    flow_kg_s: Floats | None = None,
    branch_kg_s: Floats | None = None,
    hydraulics: Hydraulics | None = None,
    plant_degc: Floats | None = None,
    fields: Mapping[str, FieldOnRing] | None = None,
    doublet: DoubletOnRing | None = None,
    loads: PartLoads | None = None,
    waters_degc: Mapping[str, Floats] | None = None,
    capacity_kwh_per_k: float | None = None,
) -> RingResult:
    """Evaluate heat pumps along a temperature trajectory, audit it, and make the result.

    Parameters
    ----------
    config, data, pumps
        Settings, dispatch, compiled heat pumps in the order of the dispatch.
    temperature : ndarray, shape (T + 1,)
        (Mean) ring temperature [°C].
    source, use : ndarray, shape (H, T)
        Temperatures on both sides of each heat pump [°C].
    fixed_heat : ndarray, shape (H, T), optional
        Heat into the ring when it does not follow from the simulated COP [kW].
    devices : sequence of PlantDevice
        The balancing plant.
    balancing : dict of str to ndarray, shape (T,)
        Heat of each device into the ring [kW].
    loss_kw, stored_kwh : ndarray, shape (T,)
        Heat to the ground [kW] and rise of heat content [kWh].
    reset_kwh : ndarray, shape (T,), optional
        Energy of resets [kWh].
    held : bool
        The ring is held at constant temperature.
    pump_kw, pump_heat_kw : ndarray, shape (T,), optional
        Electricity of the circulation pump, and its heat in the water [kW].
    shortfall_kwh : float
        Scheduled balancing heat that was not delivered [kWh].
    node_degc, flow_kg_s, plant_degc : ndarray, optional
        Temperatures and flow of a loop, and the water that passes its plant.
    place_names : tuple of str, optional
        Names of what has a temperature: a loop's substations, or places of two lines.
    branch_kg_s : ndarray, shape (S, T), optional
        Flow in each pipe, where it is not the same in all [kg/s].
    hydraulics : Hydraulics, optional
        Pressure along the pipes.
    fields : mapping of str to FieldOnRing, optional
        Devices with a memory, after the run.
    doublet : DoubletOnRing, optional
        Wells that tire, after the run.
    loads : PartLoads, optional
        What heat pumps take at part load, and while they stand.
    waters_degc : mapping of str to ndarray, shape (T,), optional
        Water that passes each device, where they are not all at one place [°C].
    capacity_kwh_per_k : float, optional
        Heat capacity of a loop; by default that of the well-mixed water [kWh/K].

    Returns
    -------
    RingResult
        The result, audited.

    Raises
    ------
    CopRangeError
        If a running heat pump leaves the range of its map.
    EnergyAuditError
        If energy is not conserved.
    SecondLawError
        If a device moves heat from cold to warm for less than Carnot's work.
    InputError
        If the ring leaves its bounds and the settings call that an error.
    """
    zeros = np.zeros(data.times.size)
    cop, d_ring, d_use, free_kw, clipped = _evaluated(data, pumps, source, use)
    factor, over = _capacities(config, data, source)
    sigma = config.sigma(data.nodes)[:, None]
    if loads is not None:
        cop, d_ring, d_use = cop / loads.works, d_ring / loads.works, d_use / loads.works
    work_kw = data.q_kw / cop
    p_kw = work_kw if loads is None else work_kw + loads.standby_kw
    q_ring_kw = sigma * data.q_kw + work_kw if fixed_heat is None else fixed_heat
    reset_kwh = zeros if reset_kwh is None else reset_kwh
    pump_kw = zeros if pump_kw is None else pump_kw
    pump_heat_kw = zeros if pump_heat_kw is None else pump_heat_kw
    held_kw = -q_ring_kw.sum(axis=0) if held else zeros
    checked = energy_audit.require(
        energy_audit.balance(
            data.step_h,
            q_ring_kw,
            balancing,
            loss_kw,
            stored_kwh,
            {
                "pump": pump_heat_kw * data.step_h,
                "resets": reset_kwh,
                "held_constant": held_kw * data.step_h,
            },
        ),
        config.audit_tolerance,
    )
    water = temperature[:-1] if plant_degc is None else plant_degc
    waters = waters_degc or {device.name: water for device in devices}
    per_kwh = {device.name: device.electricity(water) for device in devices}
    fields = fields or {}
    exchanges = [
        *pump_exchanges(data, pumps, source, use, work_kw, free_kw),
        *plant_exchanges(devices, balancing, per_kwh, waters, fields, doublet),
    ]
    entropy = second_law.audit(exchanges, data.times)
    if config.mode == "physical":
        second_law.require(entropy)
    result = RingResult(
        nodes=data.nodes,
        times=data.times,
        step_h=data.step_h,
        temperature_degc=temperature,
        source_degc=np.ascontiguousarray(source),
        use_degc=use,
        cop=cop,
        dcop_dring=d_ring,
        dcop_duse=d_use,
        cop_dispatch=data.cop_dispatch,
        q_kw=data.q_kw,
        p_kw=p_kw,
        q_ring_kw=q_ring_kw,
        free_kw=free_kw,
        q_bal_kw=balancing,
        p_bal_kw=device_electricity(devices, balancing, water),
        e_bal={name: taken for name, (taken, _) in per_kwh.items()},
        de_bal_dring={name: slope for name, (_, slope) in per_kwh.items()},
        loss_kw=loss_kw,
        pump_kw=pump_kw,
        pump_heat_kw=pump_heat_kw,
        reset_kwh=reset_kwh,
        held_kw=held_kw,
        clipped=clipped,
        over_capacity=over,
        capacity_factor=factor,
        shortfall_kwh=shortfall_kwh,
        audit=checked,
        second_law=entropy,
        bounds_degc=config.bounds_degc,
        capacity_kwh_per_k=(
            config.mixed_kwh_per_k if capacity_kwh_per_k is None else capacity_kwh_per_k
        ),
        node_degc=node_degc,
        place_names=place_names,
        flow_kg_s=flow_kg_s,
        branch_kg_s=branch_kg_s,
        hydraulics=hydraulics,
        plant_degc=plant_degc,
        field=fields["borefield"].result() if "borefield" in fields else None,
        doublet=_doublet_result(devices, doublet),
    )
    _require_within(config, result)
    return result


def _evaluated(
    data: RingInput, pumps: Sequence[HeatPumpCop], source: Floats, use: Floats
) -> tuple[Floats, Floats, Floats, Floats, dict[str, int]]:
    """Return what the maps of the heat pumps say along their temperatures.

    COP and its derivatives by ring and use temperature, free cooling [kW], each of shape (H, T),
    and in how many steps each heat pump is evaluated at the edge of its map.
    """
    cop, d_ring, d_use = np.empty((3, *data.q_kw.shape))
    free_kw, clipped = np.zeros(data.q_kw.shape), {}
    for row, (node, pump) in enumerate(zip(data.nodes, pumps, strict=True)):
        clipped[node] = pump.count_outside(node, source[row], use[row], data.q_kw[row], data.times)
        cop[row], d_ring[row], d_use[row] = pump.evaluate(source[row], use[row])
        free_kw[row] = pump.free_share(source[row], use[row]) * data.q_kw[row]
    return cop, d_ring, d_use, free_kw, clipped


def _capacities(
    config: RingConfig, data: RingInput, source: Floats
) -> tuple[Floats, dict[str, int]]:
    """Return capacities relative to nominal, (H, T) [-], and how many steps each is exceeded in."""
    factor, over = np.ones(data.q_kw.shape), dict.fromkeys(data.nodes, 0)
    for row, node in enumerate(data.nodes):
        settings = config.heat_pump(node)
        if settings is None or settings.capacity is None:
            continue
        factor[row] = settings.capacity.factor(source[row])
        if data.capacity_kw is not None:
            excess = data.q_kw[row] > factor[row] * data.capacity_kw[row] * (1 + 1e-9)
            over[node] = int(excess.sum())
    return factor, over


def _require_within(config: RingConfig, result: RingResult) -> None:
    """Refuse a ring that leaves its bounds, where the settings call that an error."""
    if config.outside_bounds == "error" and result.steps_outside:
        state = result.temperature_degc
        raise InputError(
            Problem(
                f"the ring leaves its bounds in {result.steps_outside} steps: it runs from "
                f"{state.min():.2f} to {state.max():.2f} °C",
                key="ring.bounds_degc",
                value=list(config.bounds_degc),
                suggestion="Give the balancing plant more capacity, or `outside_bounds: report`",
            )
        )


def _doublet_result(
    devices: Sequence[PlantDevice], doublet: DoubletOnRing | None
) -> DoubletResult | None:
    if doublet is None:
        return None
    (well_degc,) = (device.body_degc for device in devices if device.name == "wells")
    assert well_degc is not None
    return doublet.result(well_degc)
