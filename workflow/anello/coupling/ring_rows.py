"""The ring's settings as plain numbers for the formulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anello.coupling.borefield import field_rows
from anello.coupling.doublet import doublet_rows
from anello.coupling.linearisation import Floats
from anello.coupling.plant_sizes import open_sizes, reach_kw
from anello.coupling.water import loop_rows
from anello.errors import InputError
from anello.errors import Problem as InputProblem
from anello.optimise.formulation.ring_rows import Device, FieldRows, LoopRows, OpenSize, RingRows
from anello.ring.config import RingConfig
from anello.ring.devices import plant_devices
from anello.ring.exchanger_parts import part_of
from anello.ring.geometry import geometry
from anello.ring.ground import days_into_year, ground_temperature_degc
from anello.ring.mixed import decay
from anello.ring.surroundings import Surroundings


def ring_rows(
    config: RingConfig,
    nodes: tuple[str, ...],
    capacity_kw: Floats,
    times: NDArray[np.datetime64],
    step_h: Floats,
    *,
    scheduled: bool,
    waves_seen: int = 0,
    around: Surroundings | None = None,
) -> RingRows:
    """Put the ring's settings into plain numbers for the formulation.

    Parameters
    ----------
    config : RingConfig
        The ring's settings; a loop enters the programme as its mean temperature and the first
        waves along the water.
    nodes : tuple of str
        Heat pumps, `location::technology`.
    capacity_kw : ndarray, shape (H,)
        Their nominal capacity, the largest where it is still to be chosen [kW].
    times : ndarray of datetime64, shape (T,)
        Start of each time step.
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    scheduled : bool
        Whether the programme decides the heat of the balancing plant.
    waves_seen : int
        Wave numbers by which it knows where on a loop the water is warm.
    around : Surroundings, optional
        Outdoor air, and the series that the plant's sources name.

    Returns
    -------
    RingRows
        Numbers for :func:`anello.optimise.formulation.formulate`.

    Raises
    ------
    InputError
        In `mode: iccep2019`, whose resets no linear programme can describe, or where the plant of
        two pipes is to be scheduled.
    """
    _require_seen(config, scheduled=scheduled)
    loop = _loop(config, nodes, waves_seen)
    capacity, ua, ground = _mean_water(config, times, step_h)
    phi, psi = decay(capacity, ua, step_h)
    sees_water = config.model != "two_pipe"
    if not sees_water:
        # ASSUME: the water stays as the incumbent's, whatever heat pumps do; the plant brings both
        # lines to their temperatures. The row that the programme has for it says nothing.
        phi, psi, ground = np.ones_like(step_h), np.zeros_like(step_h), np.zeros_like(step_h)
    plant = config.plant
    sizes = open_sizes(config, float(step_h.sum())) if scheduled else {}
    field = field_rows(config, step_h) if scheduled else None
    if loop is not None and field is not None:
        loop = replace(loop, field_station=field.station)
    around = around or Surroundings(len(times))
    return RingRows(
        heat_pumps=nodes,
        sigma=tuple(config.sigma(nodes).tolist()),
        stores=tuple(config.store_of(node) or "" for node in nodes),
        capacity_kw=capacity_kw,
        step_h=step_h,
        phi=phi,
        psi=psi,
        gain_degc=(1.0 - phi) * ground,
        initial_degc=config.initial_degc,
        devices=_devices(config, around, sizes, field) if scheduled else {},
        electricity_location=plant.electricity_location if plant is not None else None,
        electricity_price_eur_per_kwh=(
            plant.electricity_price_eur_per_kwh if plant is not None else 0.0
        ),
        loop=loop,
        bounds_degc=config.bounds_degc,
        capacity_kwh_per_k=capacity,
        loss_kw_per_k=ua,
        field=field,
        sizes=sizes,
        free_cooling=tuple(part_of(config, node) if scheduled else "" for node in nodes),
        doublet=doublet_rows(config, step_h) if scheduled else None,
        sees_water=sees_water,
        cyclic=config.ends_as_it_began(float(step_h.sum())),
        end_credit_eur_per_kwh=config.end_credit_eur_per_kwh,
    )


def _require_seen(config: RingConfig, *, scheduled: bool) -> None:
    """Refuse a ring that no programme can see, or whose plant none can schedule."""
    if config.mode != "physical":
        raise InputError(
            InputProblem(
                "a programme cannot see a ring that is reset for free",
                key="ring.mode",
                value=config.mode,
                suggestion="use `mode: physical`, or `coupling.method: fixed_point`",
            )
        )
    if config.model == "two_pipe" and scheduled:
        raise InputError(
            InputProblem(
                "a programme cannot schedule the plant of two pipes, in which each place has two "
                "temperatures and a flow of its own",
                key="ring.model",
                value=config.model,
                suggestion="use `coupling.slp.balancing: deadband`, or `coupling.method: "
                "fixed_point` without `scheduled_balancing`, or `ring.model: loop`",
            )
        )


def _loop(config: RingConfig, nodes: tuple[str, ...], waves_seen: int) -> LoopRows | None:
    """Return what a programme knows of a loop; None of any other ring."""
    if config.loop is None or config.model != "loop":
        return None
    shape = geometry(config.loop, config.medium)
    by_branch = shape.branch_kwh_per_k(len(config.loop.substations))
    loop = loop_rows(config.loop, nodes, waves_seen)
    return replace(loop, branch_kwh_per_k=tuple(by_branch.tolist()))


def _mean_water(
    config: RingConfig, times: NDArray[np.datetime64], step_h: Floats
) -> tuple[float, float, Floats]:
    """Return the water's heat capacity [kWh/K], its loss [kW/K], and the ground, (T,) [°C]."""
    day_of_year = days_into_year(times, step_h)
    if config.loop is None or config.model != "loop":
        ground = ground_temperature_degc(config.loss.ground, day_of_year)
        return config.mixed_kwh_per_k, config.loss.ua_kw_per_k, ground
    # ASSUME: the programme leaves short waves out, and lets losses act on the mean; what they
    # are at the incumbent is given, and the simulation decides whether the step is good.
    shape = geometry(config.loop, config.medium)
    ua = float(shape.ua_kw_per_k.sum())
    depth = np.array([pipe.burial_depth_m for pipe in config.loop.pipes])
    by_segment = ground_temperature_degc(config.loop.ground, day_of_year, depth)
    return shape.capacity_kwh_per_k, ua, by_segment @ shape.ua_kw_per_k / max(ua, 1e-300)


def _devices(
    config: RingConfig,
    around: Surroundings,
    sizes: Mapping[str, OpenSize],
    field: FieldRows | None,
) -> dict[str, Device]:
    """Return the ways of the plant's devices, of the sizes described."""
    devices: dict[str, Device] = {}
    for device in plant_devices(config.plant, around):
        for name, sign, most_kw in device.ways:
            if field is not None and name in field.ways:
                most_kw = field.most_kw
            made = Device(
                most_kw,
                device.electricity_kwh_per_kwh,
                device.cost_eur_per_kwh,
                sign=sign,
                body_degc=device.body_degc,
                kw_per_k=device.kw_per_k,
                start_kwh_per_kwh=(
                    None
                    if device.machine is None
                    else device.electricity(np.full(around.steps, config.initial_degc))[0]
                ),
                sized=device.name if device.name in sizes else "",
            )
            if made.sized:
                made = replace(made, reach_kw=reach_kw(made, config.bounds_degc, around.steps))
            devices[name] = made
    return devices
