"""From what a simulation found to its result: heat pumps evaluated, both audits, one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring import audit as energy_audit
from anello.ring import second_law
from anello.ring.borefield.device import FieldOnRing
from anello.ring.config import RingConfig
from anello.ring.cop import HeatPumpCop
from anello.ring.devices import PlantDevice
from anello.ring.doublet import DoubletOnRing, DoubletResult
from anello.ring.exchange import Audit, RingInput, RingResult
from anello.ring.heat_paths import plant_exchanges, pump_exchanges
from anello.ring.hydraulics import Hydraulics
from anello.ring.part_load import PartLoads
from anello.ring.plant import device_electricity
from anello.ring.second_law import Exchange, SecondLawAudit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PipeCourse:
    """What a simulation with pipes finds beside the temperature of all water.

    Attributes
    ----------
    pump_kw, pump_heat_kw : ndarray, shape (T,)
        Electricity of the circulation pump, and its heat in the water [kW].
    node_degc : ndarray, shape (T + 1, N)
        Water at each place [°C].
    place_names : tuple of str
        A loop's substations, or places of two lines.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].
    plant_degc : ndarray, shape (T,)
        Water that passes the plant [°C].
    hydraulics : Hydraulics
        Pressure along the pipes.
    branch_kg_s : ndarray, shape (S, T), optional
        Flow in each pipe, where it is not the same in all [kg/s].
    """

    pump_kw: Floats
    pump_heat_kw: Floats
    node_degc: Floats
    place_names: tuple[str, ...]
    flow_kg_s: Floats
    plant_degc: Floats
    hydraulics: Hydraulics
    branch_kg_s: Floats | None = None


@dataclass(frozen=True)
class Course:
    """What a simulation finds, hour by hour.

    Attributes
    ----------
    capacity_kwh_per_k : float
        Heat capacity of the water [kWh/K].
    temperature_degc : ndarray, shape (T + 1,)
        (Mean) ring temperature [°C].
    source_degc, use_degc : ndarray, shape (H, T)
        Temperatures on both sides of each heat pump [°C].
    devices : sequence of PlantDevice
        The balancing plant.
    balancing_kw : dict of str to ndarray, shape (T,)
        Heat of each device into the ring [kW].
    loss_kw, stored_kwh : ndarray, shape (T,)
        Heat to the ground [kW] and rise of heat content [kWh].
    waters_degc : dict of str to ndarray, shape (T,)
        Water that each device met [°C].
    fields : mapping of str to FieldOnRing
        Devices with a memory, after the run.
    doublet : DoubletOnRing, optional
        Wells that tire, after the run.
    loads : PartLoads, optional
        What heat pumps take at part load, and while they stand.
    pipes : PipeCourse, optional
        What well-mixed water has not.
    shortfall_kwh : float
        Scheduled balancing heat that was not delivered [kWh].
    fixed_heat_kw : ndarray, shape (H, T), optional
        Heat into the ring when it does not follow from the simulated COP [kW].
    reset_kwh : ndarray, shape (T,), optional
        Energy of resets [kWh].
    held : bool
        The ring is held at constant temperature.
    """

    capacity_kwh_per_k: float
    temperature_degc: Floats
    source_degc: Floats
    use_degc: Floats
    devices: Sequence[PlantDevice]
    balancing_kw: dict[str, Floats]
    loss_kw: Floats
    stored_kwh: Floats
    waters_degc: Mapping[str, Floats]
    fields: Mapping[str, FieldOnRing] = field(default_factory=dict)
    doublet: DoubletOnRing | None = None
    loads: PartLoads | None = None
    pipes: PipeCourse | None = None
    shortfall_kwh: float = 0.0
    fixed_heat_kw: Floats | None = None
    reset_kwh: Floats | None = None
    held: bool = False


def assemble(
    config: RingConfig, data: RingInput, pumps: Sequence[HeatPumpCop], course: Course
) -> RingResult:
    """Evaluate heat pumps along the course of the water, audit it, and make the result.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.
    pumps : sequence of HeatPumpCop
        Compiled heat pumps in the order of the dispatch.
    course : Course
        What the simulation found.

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
    loads, pipes, source, use = course.loads, course.pipes, course.source_degc, course.use_degc
    cop, d_ring, d_use, free_kw, clipped = _evaluated(data, pumps, source, use)
    if loads is not None:
        cop, d_ring, d_use = cop / loads.works, d_ring / loads.works, d_use / loads.works
    work_kw = data.q_kw / cop
    q_ring_kw = course.fixed_heat_kw
    if q_ring_kw is None:
        q_ring_kw = config.sigma(data.nodes)[:, None] * data.q_kw + work_kw
    factor, over = _capacities(config, data, source)
    reset_kwh = zeros if course.reset_kwh is None else course.reset_kwh
    pump_heat_kw = zeros if pipes is None else pipes.pump_heat_kw
    held_kw = -q_ring_kw.sum(axis=0) if course.held else zeros
    further_kwh = {
        "pump": pump_heat_kw * data.step_h,
        "resets": reset_kwh,
        "held_constant": held_kw * data.step_h,
    }
    water = course.temperature_degc[:-1] if pipes is None else pipes.plant_degc
    per_kwh = {device.name: device.electricity(water) for device in course.devices}
    by_pumps = pump_exchanges(data, pumps, source, use, work_kw, free_kw)
    result = RingResult(
        nodes=data.nodes,
        times=data.times,
        step_h=data.step_h,
        temperature_degc=course.temperature_degc,
        source_degc=np.ascontiguousarray(source),
        use_degc=use,
        cop=cop,
        dcop_dring=d_ring,
        dcop_duse=d_use,
        cop_dispatch=data.cop_dispatch,
        q_kw=data.q_kw,
        p_kw=work_kw if loads is None else work_kw + loads.standby_kw,
        q_ring_kw=q_ring_kw,
        free_kw=free_kw,
        q_bal_kw=course.balancing_kw,
        p_bal_kw=device_electricity(course.devices, course.balancing_kw, water),
        e_bal={name: taken for name, (taken, _) in per_kwh.items()},
        de_bal_dring={name: slope for name, (_, slope) in per_kwh.items()},
        loss_kw=course.loss_kw,
        pump_kw=zeros if pipes is None else pipes.pump_kw,
        pump_heat_kw=pump_heat_kw,
        reset_kwh=reset_kwh,
        held_kw=held_kw,
        clipped=clipped,
        over_capacity=over,
        capacity_factor=factor,
        shortfall_kwh=course.shortfall_kwh,
        audit=_energy(config, data, course, q_ring_kw, further_kwh),
        second_law=_entropy(config, data, course, by_pumps, per_kwh),
        bounds_degc=config.bounds_degc,
        capacity_kwh_per_k=course.capacity_kwh_per_k,
        node_degc=None if pipes is None else pipes.node_degc,
        place_names=None if pipes is None else pipes.place_names,
        flow_kg_s=None if pipes is None else pipes.flow_kg_s,
        branch_kg_s=None if pipes is None else pipes.branch_kg_s,
        hydraulics=None if pipes is None else pipes.hydraulics,
        plant_degc=None if pipes is None else pipes.plant_degc,
        field=course.fields["borefield"].result() if "borefield" in course.fields else None,
        doublet=_doublet_result(course),
    )
    _require_within(config, result)
    return result


def _energy(
    config: RingConfig,
    data: RingInput,
    course: Course,
    q_ring_kw: Floats,
    further_kwh: dict[str, Floats],
) -> Audit:
    """Return the balance of energy, which must close."""
    balance = energy_audit.balance(
        data.step_h,
        q_ring_kw,
        course.balancing_kw,
        course.loss_kw,
        course.stored_kwh,
        further_kwh,
    )
    return energy_audit.require(balance, config.audit_tolerance)


def _entropy(
    config: RingConfig,
    data: RingInput,
    course: Course,
    by_pumps: Iterable[Exchange],
    per_kwh: Mapping[str, tuple[Floats, Floats]],
) -> SecondLawAudit:
    """Return the entropy that each device makes, none of which may destroy any."""
    by_plant = plant_exchanges(
        course.devices,
        course.balancing_kw,
        per_kwh,
        course.waters_degc,
        course.fields,
        course.doublet,
    )
    entropy = second_law.audit([*by_pumps, *by_plant], data.times)
    if config.mode == "physical":
        second_law.require(entropy)
    return entropy


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


def _doublet_result(course: Course) -> DoubletResult | None:
    if course.doublet is None:
        return None
    (well_degc,) = (device.body_degc for device in course.devices if device.name == "wells")
    assert well_degc is not None
    return course.doublet.result(well_degc)
