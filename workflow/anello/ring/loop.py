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
from anello.ring.borefield.device import FieldOnRing, device_stations, fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.cop import MOVING_KW, ScalarCop, compile_heat_pumps
from anello.ring.devices import PlantDevice, plant_devices
from anello.ring.doublet import DoubletOnRing, doublet_on_ring
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.geometry import Floats, reached_on
from anello.ring.hydraulics import loop_hydraulics, pump_power_kw
from anello.ring.loop_run import LoopPlan, Run, plan_loop
from anello.ring.loop_tree_run import TreeRun
from anello.ring.mixed import assemble
from anello.ring.part_load import PartLoads, part_loads
from anello.ring.plant import PlantController
from anello.ring.rounds import rounds, weights_of_change


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

    The temperature a heat pump meets in a step is the mean of the water that will arrive at its
    substation in that step, as it is at the step's start.

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
    station_of, plant_station = plan.station_of, plan.plant_station
    pump_kw = pump_power_kw(loop, config.medium, flow)
    pump_heat_kw = loop.warming_kw(pump_kw)
    kj_per_kgk = config.medium.kj_per_kgk
    steps, count = data.times.size, len(loop.places)
    capacity = plan.shape.capacity_kwh_per_k
    devices = plant_devices(config.plant, data.surroundings)
    device_names = [device.name for device in devices]
    field_config = None if config.plant is None else config.plant.borefield
    substations = [substation.name for substation in loop.substations]
    places = device_stations(field_config, substations, device_names, plant_station)
    fields = fields_on_ring(field_config, data.step_h, field_state_kw, folder)
    doublet = doublet_on_ring(config.plant, data.step_h)
    controller = _controller(config, data, plan, devices, schedule, fields, doublet)

    field = run.start(config.initial_degc)
    if initial_degc is not None:
        field = _parcels(run, initial_degc)

    machines: list[ScalarCop] = [pump.scalar() for pump in pumps]
    signs = config.sigma(data.nodes).tolist()
    loads = part_loads(config, data)
    running = _running(data, loads)
    use_columns = np.ascontiguousarray(use.T)
    arriving = np.empty((steps, count))
    means = np.empty(steps + 1)
    at_stations = np.empty((steps + 1, count))
    balancing = np.zeros((len(devices), steps))
    loss_kw = np.empty(steps)
    stored_kwh = np.empty(steps)
    ua_total = float(plan.shape.ua_kw_per_k.sum())
    grounds = run.mean_ground.tolist()
    hours_of, flow_of, pump_of = data.step_h.tolist(), flow.tolist(), pump_heat_kw.tolist()
    for step in range(steps):
        now, here = run.readings(field, step)
        at_stations[step], arriving[step] = now, here
        before = run.total(field, step)
        means[step] = mean = before / run.units
        heat_list = [0.0] * count
        use_now, degc = use_columns[step].tolist(), here.tolist()
        for row, q, work in running[step]:
            place = station_of[row]
            heat_list[place] += q * (signs[row] + work / machines[row](degc[place], use_now[row]))
        hours = hours_of[step]
        if controller is not None:
            rise, each = hours / capacity, None
            drift = mean + rise * (
                sum(heat_list) + pump_of[step] - ua_total * (mean - grounds[step])
            )
            if controller.comes_round[step]:  # then exchangers meet what becomes of the mean
                drift, gains = _alone(run, field, step, heat_list, pump_of[step], grounds[step])
                each = [gains[place] for place in places]
                rise = gains[plant_station]
            moved = controller.decide(
                step,
                degc[plant_station],
                drift,
                rise,
                loop_kw_per_k=abs(flow_of[step]) * kj_per_kgk,
                waters_degc=[degc[place] for place in places],
                start_degc=mean,
                each_k_per_kw=each,
            )
            balancing[:, step] = moved
            for place, kw in zip(places, moved, strict=True):
                heat_list[place] += kw
            for name, device in fields.items():
                order = device_names.index(name)
                met_degc = float(controller.met_degc[step, order])
                times = rounds(abs(flow_of[step]) * kj_per_kgk, hours / capacity)
                closed = device.closed(step, met_degc, times)
                field = run.evened(field, step, places[order], closed)
        field, loss_kw[step] = run.advance(
            field, step, np.array(heat_list), pump_of[step], grounds[step]
        )
        stored_kwh[step] = run.unit_kwh_per_k * (run.total(field, step + 1) - before)
    means[-1] = run.total(field, steps) / run.units
    at_stations[-1] = run.readings(field, steps)[0]

    met = arriving[:, places] if controller is None else controller.met_degc
    source = arriving[:, station_of].T
    return assemble(
        config,
        data,
        pumps,
        temperature=means,
        source=source,
        use=use,
        fixed_heat=None,
        devices=devices,
        balancing=dict(zip(device_names, balancing, strict=True)),
        loss_kw=loss_kw,
        stored_kwh=stored_kwh,
        pump_kw=pump_kw,
        pump_heat_kw=pump_heat_kw,
        shortfall_kwh=0.0 if controller is None else controller.shortfall_kwh(data.step_h),
        node_degc=at_stations,
        flow_kg_s=flow,
        hydraulics=loop_hydraulics(loop, config.medium, flow),
        plant_degc=arriving[:, plant_station],
        fields=fields,
        doublet=doublet,
        loads=loads,
        capacity_kwh_per_k=capacity,
        place_names=tuple(one.name for one in loop.places),
        waters_degc=dict(zip(device_names, met.T, strict=True)),
    )


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


def _running(data: RingInput, loads: PartLoads | None) -> list[list[tuple[int, float, float]]]:
    """Return which heat pumps run in each step: row, output [kW], and work by that of the map."""
    works = np.ones_like(data.q_kw) if loads is None else loads.works
    running: list[list[tuple[int, float, float]]] = [[] for _ in range(data.times.size)]
    for row, outputs_kw in enumerate(data.q_kw):
        for step in np.flatnonzero(outputs_kw > MOVING_KW).tolist():
            running[step].append((row, float(outputs_kw[step]), float(works[row, step])))
    return running


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


def _alone(
    run: Run | TreeRun,
    field: Floats,
    step: int,
    heat_kw: list[float],
    uniform_kw: float,
    ground_degc: float,
) -> tuple[float, list[float]]:
    """Return the mean at a step's end without the plant [°C], and its rise by heat [K/kW]."""
    after, _ = run.advance(field, step, np.array(heat_kw), uniform_kw, ground_degc)
    _, gains = run.pull_back(run.evenly, step)
    return run.total(after, step + 1) / run.units, gains.tolist()
