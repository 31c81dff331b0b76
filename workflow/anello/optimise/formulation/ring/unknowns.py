"""Decision variables of a ring, and its part of a model."""

from __future__ import annotations

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.registry import Columns, variable
from anello.optimise.formulation.ring_rows import LoopRows, RingRows
from anello.optimise.formulation.system import TIME_AXIS

INF = float("inf")


def rows_of(c: Context) -> RingRows | None:
    """Return what the programme knows of the ring; None where it has none."""
    return c.ring


def loop_of(c: Context) -> LoopRows | None:
    """Return what it knows of a loop; None where the ring is well mixed."""
    rows = rows_of(c)
    return rows.loop if rows is not None else None


def one(name: str = "ring") -> dict[str, list[str]]:
    """Return the label of what there is once in a ring."""
    return {"ring": [name]}


@variable(
    "ring_temperature",
    index="ring, timestep",
    when="the ring is part of the programme",
    domain=r"\in \mathbb{R} \; [\mathrm{°C}]",
)
def ring_temperature(c: Context) -> Columns | None:
    """Temperature of the ring at the end of a step."""
    return Columns(one(), TIME_AXIS, lower=-INF) if rows_of(c) else None


@variable(
    "ring_heat",
    index="device, timestep",
    when="the programme schedules the balancing plant",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def ring_heat(c: Context) -> Columns | None:
    """Heat that a device of the balancing plant moves in a step."""
    rows = rows_of(c)
    return Columns({"device": list(rows.devices)}, TIME_AXIS) if rows and rows.devices else None


@variable(
    "ring_power",
    index="device, timestep",
    when="the programme schedules a chiller or a central heat pump",
    domain=r"\in \mathbb{R} \; [\mathrm{kWh}]",
)
def ring_power(c: Context) -> Columns | None:
    """Electricity of a device of the plant whose COP follows the water's temperature."""
    rows = rows_of(c)
    if rows is None or not rows.machines:
        return None
    return Columns({"device": list(rows.machines)}, TIME_AXIS, lower=-INF)


@variable(
    "ring_beyond",
    index="place, timestep",
    when="the programme schedules the balancing plant",
    domain=r"\ge 0 \; [\mathrm{K}]",
)
def ring_beyond(c: Context) -> Columns | None:
    """How far water is beyond the ring's bounds; penalised, so that no ring is impossible."""
    rows = rows_of(c)
    if rows is None or not rows.kept_within:
        return None
    return Columns({"place": list(rows.kept_within)}, TIME_AXIS)


@variable(
    "ring_wave",
    index="wave, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{mK}]",
)
def ring_wave(c: Context) -> Columns | None:
    """Amplitude of a wave of temperature along the loop's water at the end of a step."""
    loop = loop_of(c)
    if loop is None or not loop.waves:
        return None
    return Columns({"wave": list(loop.waves)}, TIME_AXIS, lower=-INF)


@variable(
    "ring_station_heat",
    index="station, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{kW}]",
)
def ring_station_heat(c: Context) -> Columns | None:
    """Heat that enters the loop at a substation."""
    loop = loop_of(c)
    return Columns({"station": list(loop.stations)}, TIME_AXIS, lower=-INF) if loop else None


@variable(
    "ring_water",
    index="place, timestep",
    when="the ring is a loop",
    domain=r"\in \mathbb{R} \; [\mathrm{°C}]",
)
def ring_water(c: Context) -> Columns | None:
    """Temperature of the water that comes to a place in a step, on its mean."""
    loop = loop_of(c)
    return Columns({"place": list(loop.stations)}, TIME_AXIS, lower=-INF) if loop else None


@variable(
    "ring_shift",
    index="ring, timestep",
    when="the flow of a loop follows its load",
    domain=r"\in \mathbb{R} \; [\mathrm{parcels}]",
)
def ring_shift(c: Context) -> Columns | None:
    """How much further a loop's water is, at the end of a step, than at the incumbent."""
    loop = loop_of(c)
    if loop is None or not loop.shifts:
        return None
    return Columns(one(), TIME_AXIS, lower=-INF)


@variable(
    "ring_unseen",
    index="ring, timestep",
    when="the ring is a loop, or two pipes",
    domain=r"\in \mathbb{R} \; [€]",
)
def ring_unseen(c: Context) -> Columns | None:
    """Cost of heat by what the programme does not show of water and plant."""
    rows = rows_of(c)
    hidden = rows is not None and (rows.loop is not None or not rows.sees_water)
    return Columns(one(), TIME_AXIS, lower=-INF) if hidden else None


@variable(
    "ring_net_heat",
    index="ring, timestep",
    when="the ring is two pipes",
    domain=r"\in \mathbb{R} \; [\mathrm{kWh}]",
)
def ring_net_heat(c: Context) -> Columns | None:
    """Heat of all heat pumps into water that the programme does not see, on balance."""
    rows = rows_of(c)
    return Columns(one(), TIME_AXIS, lower=-INF) if rows and not rows.sees_water else None


@variable(
    "ring_pump",
    index="ring, timestep",
    when="the ring is a loop, and a location's electricity balance carries plant and pump",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def ring_pump(c: Context) -> Columns | None:
    """Electricity of the circulation pump; it follows from the flow and is given."""
    rows = rows_of(c)
    return Columns(one(), TIME_AXIS, upper=0.0) if rows and rows.pays_for_pump else None
