"""The drawing of a loop: substations in order, pipes between them, branches, the water's way."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from anello.present.report.appearance import GREY, Appearance, temperature_stops
from anello.ring.config import RingConfig
from anello.ring.loop_config import LoopBranchConfig, LoopConfig, PipeConfig, SubstationConfig

Array = npt.NDArray[np.float64]

_WIDTH, _MIDDLE = 900.0, 450.0
_HALF_WIDTH, _CAP, _MARGIN = 170.0, 70.0, 14.0
_LINE, _GAP = 15.0, 62.0  # between lines of text, and at least between substations
_LETTERS = 35  # that have room beside the loop
_RIGHT, _LEFT = 1, -1
_ROW, _BRANCH_X, _BRANCH_LENGTH = 66.0, 150.0, 240.0  # of branches, below the loop
_BRANCHES_WIDTH = 480.0
_BRANCH_LETTERS = 20


def ring_loop(settings: Mapping[str, Any]) -> RingConfig | None:
    """Return a scenario's ring settings if its ring is a loop, else None.

    Parameters
    ----------
    settings : mapping
        The scenario's settings, as they lie with its results.

    Returns
    -------
    RingConfig or None
        With ``loop``; None for a well-mixed ring, which has no places to draw.
    """
    ring = settings.get("ring") or {}
    return RingConfig.model_validate(ring) if ring.get("model") == "loop" else None


def loop_html(config: RingConfig, ring: xr.Dataset | None, look: Appearance) -> str:
    """Draw a loop, with a table of its pipes.

    Parameters
    ----------
    config : RingConfig
        A ring with ``loop``.
    ring : xarray.Dataset or None
        Its simulation, with ``node_degc(state, substation)`` [°C] and ``flow_kg_s(timestep)``
        [kg/s]: which temperatures each substation saw, and which way the water went.
    look : Appearance
        Names of locations and technologies.

    Returns
    -------
    str
        An ``svg`` element in which substations lie in their order and at distances that grow with
        the pipes' lengths, pipes are as wide as their diameters ask, and arrows show the flow;
        branches lie below the loop, each row one, from where it leaves; and a table of the same.
    """
    assert config.loop is not None
    flow = _flow_kg_s(config.loop, ring)
    return (
        f'<div class="wide">{_drawing(config, config.loop, ring, look, flow)}</div>'
        f"<p>{html.escape(_flow_sentence(config.loop, flow))}</p>"
        f"{_pipe_table(config.loop)}"
    )


# --- what the simulation says -------------------------------------------------------------------


def _flow_kg_s(loop: LoopConfig, ring: xr.Dataset | None) -> Array:
    """The flow of every step; before a simulation, what the settings say of its direction."""
    if ring is not None and "flow_kg_s" in ring:
        return np.asarray(ring["flow_kg_s"].values, dtype=np.float64)
    if loop.flow.kind == "fixed":
        return np.array([loop.flow.kg_s])
    return np.array([-1.0 if loop.flow.kind == "proportional" and loop.flow.reversed else 1.0])


def _flow_sentence(loop: LoopConfig, flow: Array) -> str:
    size = np.abs(flow)
    rates = f"{size.min():.3g} to {size.max():.3g}" if np.ptp(size) > 1e-9 else f"{size[0]:.3g}"
    against = float((flow < 0).mean())
    if not against or against == 1.0:
        way = "in" if not against else "against"
        direction = f"always {way} the order of the table"
    else:
        direction = f"in {against * 100:.0f} % of the time against the order of the table"
    length = sum(pipe.length_m for pipe in loop.segments)
    told = f"The loop is {length:,.0f} m long; {rates} kg/s flow, {direction}."
    if not loop.branches:
        return told
    trench = sum(branch.length_m for branch in loop.branches)
    return f"{told} Its branches are {trench:,.0f} m long, with a pipe there and one back."


def _temperatures(ring: xr.Dataset | None, position: int) -> tuple[float, float, float] | None:
    """Lowest, mean and highest temperature that a substation saw [°C]."""
    if ring is None or "node_degc" not in ring:
        return None
    values = ring["node_degc"].isel(substation=position).values
    return float(values.min()), float(values.mean()), float(values.max())


# --- the drawing --------------------------------------------------------------------------------


def _drawing(
    config: RingConfig,
    loop: LoopConfig,
    ring: xr.Dataset | None,
    look: Appearance,
    flow: Array,
) -> str:
    stations, height = _places([pipe.length_m for pipe in loop.segments])
    bottom = height - _MARGIN
    whole = height + _ROW * len(loop.branches)
    parts = [
        f'<svg class="loop" viewBox="0 0 {_WIDTH:.0f} {whole:.0f}" role="img" '
        f'aria-label="{html.escape(_spoken(loop), quote=True)}">'
    ]
    widest = max(pipe.inner_diameter_m for pipe in loop.segments)
    backwards = 180.0 if flow.mean() < 0 else 0.0
    for number, pipe in enumerate(loop.segments):
        (side, y), (next_side, next_y) = stations[number], stations[(number + 1) % len(stations)]
        x = _MIDDLE + side * _HALF_WIDTH
        radii = f"{_HALF_WIDTH:.0f},{_CAP:.0f}"
        way = f"M{x:.1f},{y:.1f}"
        if side == _RIGHT and (next_side == _LEFT or len(stations) == 1):
            way += f"V{bottom - _CAP:.1f}a{radii} 0 0 1 {-2 * _HALF_WIDTH:.1f},0"
            arrow, turn, text, anchor = (_MIDDLE, bottom), 180.0, (_MIDDLE, bottom - 20), "middle"
        if next_side == _RIGHT and (side == _LEFT or len(stations) == 1):
            way += f"V{_MARGIN + _CAP:.1f}a{radii} 0 0 1 {2 * _HALF_WIDTH:.1f},0"
            arrow, turn, text = (_MIDDLE, _MARGIN), 0.0, (_MIDDLE, _MARGIN + 28)
            anchor = "middle"
        elif side == next_side:
            middle = (y + next_y) / 2
            arrow, turn = (x, middle), 90.0 * side
            text, anchor = (x - 18 * side, middle + 4), "end" if side == _RIGHT else "start"
        way += f"V{next_y:.1f}"
        width = max(2.5, 9.0 * pipe.inner_diameter_m / widest)
        parts.append(
            f'<path class="pipe" d="{way}" stroke-width="{width:.1f}"/>'
            f'<path class="way" d="M-7,-8L9,0L-7,8Z" transform="translate({arrow[0]:.1f},'
            f'{arrow[1]:.1f}) rotate({turn + backwards:.0f})"/>'
            f'<text x="{text[0]:.1f}" y="{text[1]:.1f}" text-anchor="{anchor}">'
            f"{html.escape(_pipe_text(pipe))}</text>"
        )
    plant_at = None if config.plant is None else loop.plant_station
    for position, (station, (side, y)) in enumerate(zip(loop.substations, stations, strict=True)):
        x = _MIDDLE + side * _HALF_WIDTH
        seen = _temperatures(ring, position)
        color = _temperature_color(seen[1], config.bounds_degc) if seen else GREY
        parts.append(
            f'<rect class="station" x="{x - 11:.1f}" y="{y - 11:.1f}" width="22" height="22" '
            f'rx="{0 if position == plant_at else 11}" fill="{color}"/>'
        )
        lines = [station.name, *_connected(station, position == plant_at, config, look)]
        if seen:
            lines.append(f"{seen[0]:.1f} to {seen[2]:.1f} °C, mean {seen[1]:.1f}")
        top = y - (len(lines) - 1) * _LINE / 2 + 4
        for row, line in enumerate(lines):
            parts.append(
                f'<text x="{x + 24 * side:.1f}" y="{top + row * _LINE:.1f}" '
                f'text-anchor="{"start" if side == _RIGHT else "end"}" '
                f'class="{"" if row else "t"}">{html.escape(_short(line))}</text>'
            )
    parts += _branches(config, loop, ring, look, height)
    parts.append("</svg>")
    return "".join(parts)


def _branches(
    config: RingConfig, loop: LoopConfig, ring: xr.Dataset | None, look: Appearance, top: float
) -> list[str]:
    """Draw the branches below the loop: each in a row, from the place at which it leaves."""
    count = len(loop.substations)
    widest = max(pipe.inner_diameter_m for pipe in loop.pipes)
    parts, at = [], {station.name: (_BRANCH_X, 0.0) for station in loop.substations}
    length = min(_BRANCH_LENGTH, _BRANCHES_WIDTH / _depth(loop))
    for row, (number, share) in enumerate(_in_rows(loop)):
        branch, y = loop.branches[number], top + (row + 0.35) * _ROW
        x, from_y = at[branch.start]
        if not from_y:  # it leaves the loop itself
            from_y = y
            parts.append(
                f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">'
                f"{html.escape(_short(branch.start, _BRANCH_LETTERS))}</text>"
            )
        end = x + length
        at[branch.end] = (end, y)
        width = max(2.5, 9.0 * branch.inner_diameter_m / widest)
        text = f"{_pipe_text(branch)}, {share * 100:.0f} % of the flow"
        seen = _temperatures(ring, count + number)
        color = _temperature_color(seen[1], config.bounds_degc) if seen else GREY
        parts.append(
            f'<path class="pipe" d="M{x:.1f},{from_y:.1f}V{y:.1f}H{end:.1f}" '
            f'stroke-width="{width:.1f}"/>'
            f'<text x="{x + 8:.1f}" y="{y - 9:.1f}" text-anchor="start">{html.escape(text)}</text>'
            f'<circle class="station" cx="{end:.1f}" cy="{y:.1f}" r="9" fill="{color}"/>'
        )
        words = [_short(branch.end), *_connected(branch, False, config, look)]
        if seen:
            words.append(f"{seen[0]:.1f} to {seen[2]:.1f} °C, mean {seen[1]:.1f}")
        for line, word in enumerate(words):
            parts.append(
                f'<text x="{end + 18:.1f}" y="{y + 4 + line * _LINE:.1f}" text-anchor="start" '
                f'class="{"" if line else "t"}">{html.escape(_short(word))}</text>'
            )
    return parts


def _depth(loop: LoopConfig) -> int:
    """Return how many branches follow each other at most; 1 without any."""
    near = {branch.end: branch.start for branch in loop.branches}
    deepest = 1
    for place in near:
        depth = 0
        while place in near:
            place, depth = near[place], depth + 1
        deepest = max(deepest, depth)
    return deepest


def _in_rows(loop: LoopConfig) -> list[tuple[int, float]]:
    """Return positions and shares of the branches, each before those that leave its end."""
    shares, rows = loop.shares(), []
    numbers = {branch.end: number for number, branch in enumerate(loop.branches)}
    waiting = [place.name for place in reversed(loop.substations)]
    while waiting:
        start = waiting.pop()
        if start in numbers:
            rows.append((numbers[start], shares[numbers[start]]))
        waiting += [branch.end for branch in reversed(loop.branches) if branch.start == start]
    return rows


def _places(lengths_m: Sequence[float]) -> tuple[list[tuple[int, float]], float]:
    """Where the substations are drawn: down the right side of the loop, and up the left one.

    Parameters
    ----------
    lengths_m : sequence of float
        Length of the pipe after each substation [m].

    Returns
    -------
    places : list of (int, float)
        Side and height of each; along a side the distances grow with the pipes' lengths, and none
        is too short for the names.
    height : float
        Height of the drawing.
    """
    on_the_right = (len(lengths_m) + 1) // 2
    span = 1.25 * _GAP * max(on_the_right - 1, 1)
    top = _MARGIN + _CAP + 10.0

    def along(inner: Sequence[float]) -> Array:
        if not inner:
            return np.array([span / 2])
        spare = span - _GAP * len(inner)
        gaps = _GAP + spare * np.asarray(inner) / sum(inner)
        return np.concatenate([[0.0], np.cumsum(gaps)])

    down = along(lengths_m[: on_the_right - 1])
    up = along(lengths_m[on_the_right:-1])[: len(lengths_m) - on_the_right]
    places = [(_RIGHT, top + y) for y in down] + [(_LEFT, top + span - y) for y in up]
    return places, top + span + 10.0 + _CAP + _MARGIN


def _temperature_color(degc: float, bounds: tuple[float, float]) -> str:
    stops = temperature_stops()
    share = (degc - bounds[0]) / (bounds[1] - bounds[0])
    return stops[round(min(max(share, 0.0), 1.0) * (len(stops) - 1))]


# --- words --------------------------------------------------------------------------------------


def _connected(
    station: SubstationConfig | LoopBranchConfig,
    has_plant: bool,
    config: RingConfig,
    look: Appearance,
) -> list[str]:
    """What is connected at a substation, in at most two lines."""
    names = []
    for entry in station.heat_pumps:
        location, _, tech = entry.partition("::")
        place = look.name(location)
        names.append(f"{look.name(tech)}, {place}" if tech else place)
    lines = [", ".join(names)] if names else []
    if has_plant and config.plant is not None:
        devices = [name.replace("_", " ") for name in config.plant.sources]
        devices += [
            name
            for name, limit in (
                ("wells", config.plant.wells.max_flow_kg_s),
                ("central heat pump", config.plant.central_heat_pump.max_kw),
                ("backup heater", config.plant.backup_heater.max_kw),
                ("dry cooler", config.plant.dry_cooler.max_kw),
                ("chiller", config.plant.chiller.max_kw),
                ("borefield", 0.0 if config.plant.borefield is None else 1.0),
            )
            if limit > 0
        ]
        lines.append(", ".join(devices).capitalize() if devices else "Plant switched off")
    return lines


def _short(text: str, letters: int = _LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _pipe_text(pipe: PipeConfig) -> str:
    return f"{pipe.length_m:,.0f} m, ⌀ {pipe.inner_diameter_m * 1000:.0f} mm"


def _spoken(loop: LoopConfig) -> str:
    steps = ", then ".join(
        f"{station.name}, {_pipe_text(pipe)}"
        for station, pipe in zip(loop.substations, loop.segments, strict=True)
    )
    told = f"Loop of {len(loop.substations)} substations: {steps}, back to the first"
    beside = "; ".join(f"{one.start} to {one.end}, {_pipe_text(one)}" for one in loop.branches)
    return f"{told}. Branches: {beside}" if beside else told


def _pipe_table(loop: LoopConfig) -> str:
    names = [station.name for station in loop.substations]
    ends = list(zip(names, [*names[1:], names[0]], strict=True))
    ends += [(branch.start, f"{branch.end} and back") for branch in loop.branches]
    pipes = [*loop.segments, *loop.branches]
    rows = "".join(
        f'<tr><th scope="row">{html.escape(one)} → {html.escape(other)}</th>'
        f"<td>{pipe.length_m:,.0f}</td><td>{pipe.inner_diameter_m * 1000:.0f}</td>"
        f"<td>{_insulation(pipe)}</td><td>{pipe.burial_depth_m:.1f}</td></tr>"
        for (one, other), pipe in zip(ends, pipes, strict=True)
    )
    head = "".join(
        f'<th scope="col">{text}</th>'
        for text in (
            "Pipe",
            "Length [m]",
            "Inner diameter [mm]",
            "Insulation [mm]",
            "Depth [m]",
        )
    )
    return (
        '<details><summary>All pipes</summary><div class="scroll"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _insulation(pipe: PipeConfig) -> str:
    """Thickness of the insulation, unless the loss is given instead of layers."""
    return (
        "–" if pipe.heat_loss_w_per_mk is not None else f"{pipe.insulation_thickness_m * 1e3:.0f}"
    )
