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

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from anello.errors import InputError, Problem
from anello.ring.assembly import Course, PipeCourse, assemble
from anello.ring.borefield.device import FieldOnRing, device_stations, fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.cop import compile_heat_pumps
from anello.ring.devices import PlantDevice, plant_devices
from anello.ring.doublet import DoubletOnRing, doublet_on_ring
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.geometry import Floats, reached_on
from anello.ring.hydraulics import loop_hydraulics, pump_power_kw
from anello.ring.loop_run import LoopPlan, Run, plan_loop
from anello.ring.loop_step import LoopSteps, Plant
from anello.ring.loop_tree_run import TreeRun
from anello.ring.part_load import part_loads
from anello.ring.plant import PlantController
from anello.ring.rounds import weights_of_change


def simulate_loop(
    config: RingConfig,
    data: RingInput,
    *,
    schedule: Mapping[str, Floats] | None = None,
    use_degc: Floats | None = None,
    folder: Path | None = None,
    initial_degc: Floats | None = None,
    field_state_kw: Floats | None = None,
) -> RingResult:
    """Simulate the loop; see `anello.ring.simulate`.

    The temperature that a heat pump meets is the mean of the water that arrives at its substation
    in the step: as it lies on the loop at the step's start, and as the other substations warm it
    until it arrives.

    Parameters
    ----------
    config, data, schedule, use_degc, folder
        See `anello.ring.simulate`.
    initial_degc : ndarray, shape (M,), optional
        Temperature of each parcel at the start, from the first substation on; not with branches
        [°C].
    field_state_kw
        See `anello.ring.simulate`.

    Raises
    ------
    InputError
        If `initial_degc` is not one temperature for each parcel; else see `anello.ring.simulate`.
    """
    loop = config.loop
    assert loop is not None
    pumps = list(compile_heat_pumps(config, data.nodes, folder).values())
    use = use_side(config, data).degc if use_degc is None else use_degc
    plan = plan_loop(config, data)
    run, flow = plan.run, plan.flow_kg_s
    pump_kw = pump_power_kw(loop, config.medium, flow)
    pump_heat_kw = loop.warming_kw(pump_kw)
    steps, count = data.times.size, len(loop.places)
    capacity = plan.shape.capacity_kwh_per_k
    devices = plant_devices(config.plant, data.surroundings)
    device_names = [device.name for device in devices]
    field_config = None if config.plant is None else config.plant.borefield
    places = device_stations(field_config, loop.station_names, device_names, plan.plant_station)
    fields = fields_on_ring(field_config, data.step_h, field_state_kw, folder)
    doublet = doublet_on_ring(config.plant, data.step_h)
    controller = _controller(config, data, plan, devices, schedule, fields, doublet)
    loads = part_loads(config, data)
    plant = None if controller is None else Plant(controller, places, fields)
    stepping = LoopSteps(config, data, plan, pumps, use, loads, plant, pump_heat_kw)

    field = run.start(config.initial_degc)
    if initial_degc is not None:
        field = _parcels(run, initial_degc)
    arriving = np.empty((steps + 1, count))
    means = np.empty(steps + 1)
    balancing = np.zeros((len(devices), steps))
    loss_kw = np.empty(steps)
    stored_kwh = np.empty(steps)
    for step in range(steps):
        before = run.total(field, step)
        means[step] = before / run.units
        done = stepping.settle(field, step, float(means[step]))
        arriving[step] = done.arriving_degc
        if controller is not None:
            balancing[:, step] = done.moved_kw
        field, loss_kw[step] = stepping.advance(field, step, done)
        stored_kwh[step] = run.unit_kwh_per_k * (run.total(field, step + 1) - before)
    means[-1] = run.total(field, steps) / run.units
    arriving[-1] = arriving[-2]

    met = arriving[:-1, places] if controller is None else controller.met_degc
    source = arriving[:-1, plan.station_of].T
    pipes = PipeCourse(
        pump_kw=pump_kw,
        pump_heat_kw=pump_heat_kw,
        node_degc=arriving,
        place_names=tuple(one.name for one in loop.places),
        flow_kg_s=flow,
        plant_degc=arriving[:-1, plan.plant_station],
        hydraulics=loop_hydraulics(loop, config.medium, flow),
    )
    course = Course(
        capacity_kwh_per_k=capacity,
        temperature_degc=means,
        source_degc=source,
        use_degc=use,
        devices=devices,
        balancing_kw=dict(zip(device_names, balancing, strict=True)),
        loss_kw=loss_kw,
        stored_kwh=stored_kwh,
        waters_degc=dict(zip(device_names, met.T, strict=True)),
        fields=fields,
        doublet=doublet,
        loads=loads,
        pipes=pipes,
        shortfall_kwh=0.0 if controller is None else controller.shortfall_kwh(data.step_h),
    )
    return assemble(config, data, pumps, course)


def _controller(
    config: RingConfig,
    data: RingInput,
    plan: LoopPlan,
    devices: Sequence[PlantDevice],
    schedule: Mapping[str, Floats] | None,
    fields: Mapping[str, FieldOnRing],
    doublet: DoubletOnRing | None,
) -> PlantController | None:
    """Return what runs the plant of a loop; None without a plant."""
    if config.plant is None or config.loop is None:
        return None
    flow_kw_per_k = np.abs(plan.flow_kg_s) * config.medium.kj_per_kgk
    return PlantController(
        config.plant,
        devices,
        config.bounds_degc,
        data.times.size,
        schedule,
        fields=fields,
        doublet=doublet,
        loop_kw_per_k=flow_kw_per_k,
        weights_of=partial(
            weights_of_change,
            flow_kw_per_k=flow_kw_per_k,
            k_per_kw=data.step_h / plan.shape.capacity_kwh_per_k,
            reached=reached_on(config.loop, plan.shape, flow_kw_per_k, data.step_h),
        ),
    )


def _parcels(run: Run | TreeRun, initial_degc: Floats) -> Floats:
    """Return given temperatures of a loop's parcels.

    Raises
    ------
    InputError
        If they are not one for each parcel, or the loop has branches, and so no parcels.
    """
    parcels = run.parcels if isinstance(run, Run) else 0
    field = np.array(initial_degc, dtype=float)
    if field.shape != (parcels,):
        raise InputError(
            Problem(f"{field.size} temperatures for {parcels} parcels", key="initial_degc")
        )
    return field
