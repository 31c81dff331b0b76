"""The ring as two pipes: a warm and a cold line in a network, with a plant that balances them.

A substation takes water from the warm line, cools it by the design difference and returns it to
the cold line, where its heat pumps heat; where they cool on balance, it is the other way. What
flows in a branch is the balance of the substations behind it, of either sign; among the branches of
a mesh it divides by pressure. The plant feeds whichever line lacks water. See
`anello.ring.plug_line` for what happens in a pipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.errors import EnergyAuditError, InputError, Problem
from anello.ring.assembly import Course, PipeCourse, assemble
from anello.ring.borefield.device import fields_on_ring
from anello.ring.config import RingConfig
from anello.ring.cop import MOVING_KW, HeatPumpCop, ScalarCop, compile_heat_pumps
from anello.ring.devices import plant_devices
from anello.ring.doublet import doublet_on_ring
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.geometry import on_two_pipes
from anello.ring.ground import ground_temperature_degc
from anello.ring.part_load import PartLoads, part_loads
from anello.ring.two_pipe_network import Network, TwoLines, seen_from_plant
from anello.ring.two_pipe_plant import LinesPlant
from anello.ring.two_pipe_pressure import Pressures

Floats = NDArray[np.float64]
_MASS = 1e-9


def simulate_two_pipe(
    config: RingConfig,
    data: RingInput,
    *,
    schedule: Mapping[str, Floats] | None = None,
    use_degc: Floats | None = None,
    folder: Path | None = None,
    field_state_kw: Floats | None = None,
) -> RingResult:
    """Simulate the two-pipe network; see `anello.ring.simulate`.

    Heat pumps for heating meet the water that their place of the warm line had in the step before,
    those for cooling that of the cold line. `temperature_degc` is the mean of all water.

    Raises
    ------
    InputError
        If the plant's heat is scheduled, which no programme can do here.
    EnergyAuditError
        If energy or water is not conserved.
    """
    network = config.two_pipe
    assert network is not None
    if schedule is not None:
        raise InputError(
            Problem(
                "a two-pipe network balances its plant itself",
                key="ring.model",
                value="two_pipe",
                suggestion="Leave out `coupling.fixed_point.scheduled_balancing`",
            )
        )
    pumps = list(compile_heat_pumps(config, data.nodes, folder).values())
    use = use_side(config, data).degc if use_degc is None else use_degc
    shape = seen_from_plant(network, config.medium)
    devices = plant_devices(config.plant, data.surroundings)
    pressures = Pressures(network, config.medium, shape)
    doublet = doublet_on_ring(config.plant, data.step_h)
    field_config = None if config.plant is None else config.plant.borefield
    fields = fields_on_ring(field_config, data.step_h, field_state_kw, folder)
    warm_degc = network.start_warm_degc(config.initial_degc)
    plant = LinesPlant(
        config, devices, data.times.size, warm_degc, network.difference_k, doublet, fields
    )
    loads = part_loads(config, data)
    steps = _march(config, data, pumps, use, shape, pressures, plant, loads)
    capacity_kwh_per_k = 2.0 * float(shape.capacity_kwh_per_k.sum())
    device_names = [device.name for device in devices]
    pipes = PipeCourse(
        pump_kw=steps.pump_kw,
        pump_heat_kw=network.warming_kw(steps.pump_kw),
        node_degc=steps.place_degc,
        place_names=line_places(shape.places),
        flow_kg_s=steps.drawn_kg_s.sum(axis=0),
        plant_degc=steps.plant_degc,
        hydraulics=pressures.over_time(steps.drawn_kg_s, steps.branch_kg_s),
        branch_kg_s=shape.sign[:, None] * steps.branch_kg_s,
    )
    course = Course(
        capacity_kwh_per_k=capacity_kwh_per_k,
        temperature_degc=steps.held_kwh / capacity_kwh_per_k,
        source_degc=steps.source_degc,
        use_degc=use,
        devices=devices,
        balancing_kw=dict(zip(device_names, steps.balancing_kw, strict=True)),
        loss_kw=steps.loss_kw,
        stored_kwh=np.diff(steps.held_kwh),
        waters_degc=dict(zip(device_names, steps.device_degc, strict=True)),
        fields=fields,
        doublet=doublet,
        loads=loads,
        pipes=pipes,
    )
    return assemble(config, data, pumps, course)


class _Steps:
    """What happened in each step; places are those of the tree, the plant's own flow left out."""

    def __init__(self, pumps: int, places: int, branches: int, devices: int, steps: int) -> None:
        self.source_degc = np.empty((pumps, steps))
        self.drawn_kg_s, self.branch_kg_s = np.zeros((places, steps)), np.empty((branches, steps))
        self.place_degc = np.empty((steps + 1, 2 * places))
        self.balancing_kw, self.device_degc = np.zeros((2, devices, steps))
        self.pump_kw, self.loss_kw, self.plant_degc = np.empty((3, steps))
        self.held_kwh = np.empty(steps + 1)


def _march(
    config: RingConfig,
    data: RingInput,
    pumps: Sequence[HeatPumpCop],
    use: Floats,
    shape: Network,
    pressures: Pressures,
    plant: LinesPlant,
    loads: PartLoads | None,
) -> _Steps:
    """Go through the steps: heat, flow, pumps, water at the places, plant."""
    network = config.two_pipe
    assert network is not None
    names = [station.name for station in network.substations]
    station_of = on_two_pipes(network, data.nodes)
    place_of = [shape.places.index(names[station]) for station in station_of]
    depth = np.array([network.branches[number].burial_depth_m for number in shape.order])
    ground = ground_temperature_degc(network.ground, data.day_of_year, depth)
    lines = TwoLines(network, shape, plant.warm_degc, ground)
    machines: list[ScalarCop] = [pump.scalar() for pump in pumps]
    signs = config.sigma(data.nodes).tolist()
    works = np.ones_like(data.q_kw) if loads is None else loads.works
    count = len(shape.places)
    course = _Steps(len(pumps), count, len(shape.order), len(plant.devices), data.times.size)
    course.held_kwh[0] = lines.heat_kwh()
    for step, hours in enumerate(data.step_h.tolist()):
        now = lines.warm_degc, lines.cold_degc
        course.place_degc[step] = np.concatenate(now)
        heat = np.zeros(count)
        for row, place in enumerate(place_of):
            degc = float(now[0 if signs[row] < 0 else 1][place])
            course.source_degc[row, step] = degc
            q = float(data.q_kw[row, step])
            if q > MOVING_KW:
                work = float(works[row, step])
                heat[place] += q * (signs[row] + work / machines[row](degc, float(use[row, step])))
        drawn = -heat / network.difference_k
        course.drawn_kg_s[:, step] = drawn / config.medium.kj_per_kgk
        course.branch_kg_s[:, step] = pressures.branch_kg_s(course.drawn_kg_s[:, step])
        branch = course.branch_kg_s[:, step] * config.medium.kj_per_kgk
        electricity = pressures.pump_kw(course.drawn_kg_s[:, step], course.branch_kg_s[:, step])
        course.pump_kw[step] = electricity.sum()
        feeds_warm = float(drawn.sum())
        drawn[0] = -feeds_warm
        alone, per_kw = lines.flow_out(step, hours, drawn, branch, network.warming_kw(electricity))
        heat_kw, device_degc, course.plant_degc[step] = plant.decide(
            step, feeds_warm, alone, per_kw
        )
        course.balancing_kw[:, step], course.device_degc[:, step] = heat_kw, device_degc
        lost_kwh = lines.flow_in(alone + per_kw * float(heat_kw.sum()), branch)
        course.loss_kw[step] = lost_kwh / hours
        course.held_kwh[step + 1] = lines.heat_kwh()
    course.place_degc[-1] = np.concatenate([lines.warm_degc, lines.cold_degc])
    _require_water(lines, shape, course.drawn_kg_s, course.branch_kg_s)
    return course


def line_places(places: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the places of both lines, in the order of `node_degc`."""
    return tuple(f"{place}, {line}" for line in ("warm", "cold") for place in places)


def _require_water(lines: TwoLines, shape: Network, drawn: Floats, branch: Floats) -> None:
    """Refuse a run in which water got lost: at a place, or in a pipe."""
    left = drawn - shape.taken(branch)
    left[0] -= drawn.sum(axis=0)
    lost = np.abs(left).max() / max(float(np.abs(branch).max()), 1e-9)
    worst = max(float(lost), lines.overfilled())
    if not worst <= _MASS:
        raise EnergyAuditError(
            f"the two-pipe network does not keep its water: {worst:.3g} of it, allowed {_MASS:.0e}"
        )
