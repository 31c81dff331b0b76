"""Plots on a map: the links between locations, and what flows along them step by step.

A map is the locations' own coordinates and nothing else, since outlines and tiles would have to be
loaded from elsewhere. A degree of longitude is drawn as long as it is at the locations' latitude.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from anello.errors import InputError, Problem
from anello.present.plotting.chart import Chart, Trace, base_layout, title_of
from anello.present.plotting.network_map import Link, Map
from anello.present.plotting.selection import Source

Array = npt.NDArray[np.float64]

_WIDEST_PX, _THINNEST_PX = 12.0, 1.5
_LARGEST_PX = 46.0


def transmission_chart(source: Source) -> Chart:
    """Return the plot that :meth:`anello.present.plotting.ModelPlots.transmission` describes."""
    ground = Map.of(source)
    capacities = _link_capacities(source, ground)
    unit = "kW"
    known = [c for c in capacities.values() if math.isfinite(c)]
    largest = max(known, default=0.0) or 1.0
    data: list[Trace] = []
    seen: set[str] = set()
    for link, (x0, y0, x1, y1) in ground.links.items():
        capacity = capacities.get(link)
        if capacity == 0:
            continue
        color = source.color(link.tech)
        share = min(capacity / largest, 1.0) if capacity is not None else 0.0
        text = f"{source.name(link.tech)}<br>{link.start} – {link.end}<br>{_amount(capacity, unit)}"
        width = _THINNEST_PX + share * (_WIDEST_PX - _THINNEST_PX)
        line = _line_between(x0, y0, x1, y1, color, width)
        line |= {"legendgroup": link.tech, "name": source.name(link.tech)}
        line["showlegend"] = link.tech not in seen
        seen.add(link.tech)
        data += [line, _hover_point(x0, y0, x1, y1, color, text, link.tech)]
    solved = source.model.is_solved
    title = (
        f"Capacity of the links{source.which({})}"
        if solved
        else "Links and the most capacity they may have"
    )
    layout = base_layout(hovermode="closest", height=620, title=title_of(title))
    return Chart([*data, ground.nodes()], {**layout, **ground.layout()})


def _amount(capacity: float | None, unit: str) -> str:
    if capacity is None:
        return "no capacity given"
    return f"{capacity:,.5g} {unit}" if math.isfinite(capacity) else "no limit"


def _link_capacities(source: Source, ground: Map) -> dict[Link, float]:
    found: dict[Link, float] = {}
    names = ["energy_cap"] if source.model.is_solved else ["energy_cap_equals", "energy_cap_max"]
    for name in names:
        view = source.results if source.model.is_solved else source.inputs
        if name not in view:
            continue
        values = view[name]
        spare = [d for d in values.dims if d != "loc_techs"]
        values = values.isel(dict.fromkeys(spare, 0))
        for label, value in zip(values["loc_techs"].values, values.values, strict=True):
            loc, _, tech = str(label).partition("::")
            plain, _, remote = tech.partition(":")
            if remote and not math.isnan(float(value)):
                link = Link(plain, *sorted((loc, remote)))
                found[link] = max(found.get(link, 0.0), float(value))
    return {link: value for link, value in found.items() if link in ground.links}


def _line_between(x0: float, y0: float, x1: float, y1: float, color: str, width: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x0, x1],
        "y": [y0, y1],
        "line": {"color": color, "width": width},
        "hoverinfo": "skip",
    }


def _hover_point(
    x0: float, y0: float, x1: float, y1: float, color: str, text: str, group: str
) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [(x0 + x1) / 2],
        "y": [(y0 + y1) / 2],
        "text": [text],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 9, "color": "#FFFFFF", "line": {"color": color, "width": 2}},
        "legendgroup": group,
        "showlegend": False,
    }


# --- flows, step by step -------------------------------------------------------------------------


def flows_chart(
    source: Source, *, timestep_cycle: int = 1, timestep_index_subset: Sequence[int] = ()
) -> Chart:
    """Return the plot that :meth:`anello.present.plotting.ModelPlots.flows` describes."""
    if not source.model.is_solved:
        raise InputError("the model has no results to plot yet: call `run()` first")
    ground = Map.of(source)
    times, picked = _picked_steps(source, timestep_cycle, timestep_index_subset)
    hours = source.inputs["timestep_resolution"].values.astype(float)[picked]
    made, moved = _production(source, picked, hours, ground), _net(source, picked, hours, ground)
    largest_made = max((float(v.max()) for v in made.values()), default=0.0) or 1.0
    largest_moved = max((float(abs(v).max()) for v in moved.values()), default=0.0) or 1.0

    techs = sorted({tech for tech, _ in made})
    spots = _spots(ground, made)

    def traces(step: int) -> list[Trace]:
        out: list[Trace] = []
        for link, power in moved.items():
            out += _link_at(source, ground, link, float(power[step]), largest_moved)
        for tech in techs:
            here = {loc: float(v[step]) for (t, loc), v in made.items() if t == tech}
            out.append(_makers_at(source, tech, here, spots, largest_made))
        return out

    first = [{**trace, "showlegend": False} for trace in traces(0)]
    labels = [f"{t:%Y-%m-%d %H:%M}" for t in times]
    only = f", {labels[0]}" if len(labels) == 1 else ""
    layout = base_layout(
        hovermode="closest",
        height=680,
        title=title_of(f"Production and flows{source.which({})}{only}"),
    )
    layout |= ground.layout()
    links = dict.fromkeys(link.tech for link in moved)
    keys = [_key(source, tech, "lines") for tech in links]
    keys += [_key(source, tech, "markers") for tech in techs]
    whole = [*first, ground.nodes(), *keys]
    if len(labels) == 1:
        return Chart(whole, layout)
    moving = list(range(len(first)))
    frames = []
    for step, label in enumerate(labels):
        changed = [{k: v for k, v in t.items() if k in _MOVING} for t in traces(step)]
        frames.append({"name": label, "data": changed, "traces": moving})
    layout |= _controls(labels)
    layout["margin"] = {**layout["margin"], "b": 110}
    return Chart(whole, layout, frames, views=len(labels))


_MOVING = ("x", "y", "line", "marker", "text", "type")


def _picked_steps(
    source: Source, cycle: int, between: Sequence[int]
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.intp]]:
    times = pd.DatetimeIndex(source.inputs["timesteps"].values)
    if len(between) not in (0, 2) or cycle < 1:
        raise InputError(
            Problem(
                "must be a first step and the one after the last, and every so many of them",
                key="timestep_index_subset, timestep_cycle",
                value=(list(between), cycle),
                suggestion="For the second day of hours: timestep_index_subset=[24, 48]",
            )
        )
    first, end = between or (0, len(times))
    picked = np.arange(len(times))[first:end:cycle]
    if not len(picked):
        raise InputError(
            Problem(
                f"leaves none of the {len(times)} time steps",
                key="timestep_index_subset",
                value=list(between),
            )
        )
    return times[picked], picked


def _production(
    source: Source, picked: npt.NDArray[np.intp], hours: Array, ground: Map
) -> dict[tuple[str, str], Array]:
    """Return the power [kW] that technologies make, by technology and location."""
    found: dict[tuple[str, str], Array] = {}
    for loc, tech, values in _labelled(source, "carrier_prod", picked):
        if ":" not in tech and loc in ground.places and values.any():
            key = (tech, loc)
            found[key] = found.get(key, np.zeros(len(picked))) + values / hours
    return found


def _net(
    source: Source, picked: npt.NDArray[np.intp], hours: Array, ground: Map
) -> dict[Link, Array]:
    """Return the power [kW] that arrives over each link, positive from its start to its end."""
    found: dict[Link, Array] = {}
    for loc, tech, values in _labelled(source, "carrier_prod", picked):
        plain, _, remote = tech.partition(":")
        if not remote:
            continue
        link = Link(plain, *sorted((loc, remote)))
        if link in ground.links and values.any():
            sign = 1.0 if loc == link.end else -1.0
            found[link] = found.get(link, np.zeros(len(picked))) + sign * values / hours
    return found


def _labelled(
    source: Source, var: str, picked: npt.NDArray[np.intp]
) -> list[tuple[str, str, Array]]:
    values = source.results[var]
    dim = next(str(d) for d in values.dims if str(d).startswith("loc_tech"))
    spare = [d for d in values.dims if d not in (dim, "timesteps")]
    table = values.isel(dict.fromkeys(spare, 0)).transpose(dim, "timesteps").values[:, picked]
    out = []
    for label, row in zip(values[dim].values, np.nan_to_num(table), strict=True):
        loc, tech, _ = str(label).split("::")
        out.append((loc, tech, row))
    return out


def _spots(
    ground: Map, made: dict[tuple[str, str], Array]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Stand the technologies of a location beside each other, on the side with fewer links."""
    upwards: dict[str, float] = defaultdict(float)
    for link in ground.links:
        (_, y0), (_, y1) = ground.places[link.start], ground.places[link.end]
        upwards[link.start] += y1 - y0
        upwards[link.end] += y0 - y1
    by_loc: dict[str, list[str]] = defaultdict(list)
    for tech, loc in sorted(made):
        by_loc[loc].append(tech)
    spots = {}
    for loc, techs in by_loc.items():
        x, y = ground.places[loc]
        for number, tech in enumerate(techs):
            across = (number - (len(techs) - 1) / 2) * 0.06 * ground.size
            away = 0.07 if upwards[loc] < 0 else -0.07
            spots[tech, loc] = (x + across, y + away * ground.size / ground.stretch)
    return spots


def _makers_at(
    source: Source,
    tech: str,
    power: dict[str, float],
    spots: dict[tuple[str, str], tuple[float, float]],
    largest: float,
) -> Trace:
    locs = list(power)
    name = source.name(tech)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [spots[tech, loc][0] for loc in locs],
        "y": [spots[tech, loc][1] for loc in locs],
        "text": [f"{name}<br>{loc}: {power[loc]:,.4g} kW" for loc in locs],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            # areas, not diameters, are what eyes compare
            "size": [_LARGEST_PX * math.sqrt(max(power[loc], 0.0) / largest) for loc in locs],
            "color": source.color(tech),
            "opacity": 0.85,
            "line": {"width": 0},
        },
        "legendgroup": tech,
    }


def _key(source: Source, tech: str, mode: str) -> Trace:
    """Return an entry of the legend, whose size does not change with the step."""
    return {
        "type": "scatter",
        "mode": mode,
        "x": [None],
        "y": [None],
        "name": source.name(tech),
        "legendgroup": tech,
        "line": {"color": source.color(tech), "width": 4},
        "marker": {"color": source.color(tech), "size": 11},
        "hoverinfo": "skip",
    }


def _link_at(source: Source, ground: Map, link: Link, power: float, largest: float) -> list[Trace]:
    x0, y0, x1, y1 = ground.links[link]
    share = abs(power) / largest
    color = source.color(link.tech)
    line = _line_between(x0, y0, x1, y1, color, 1.0 + share * (_WIDEST_PX - 1.0))
    line |= {"name": source.name(link.tech), "legendgroup": link.tech}
    start, end = (link.start, link.end) if power >= 0 else (link.end, link.start)
    arrow = _hover_point(
        x0, y0, x1, y1, color,
        f"{source.name(link.tech)}<br>{start} → {end}: {abs(power):,.4g} kW", link.tech,
    )  # fmt: skip
    arrow["marker"] = {
        "symbol": "triangle-up",
        "angle": [ground.heading(link) + (0.0 if power >= 0 else 180.0)],
        "size": [0.0 if power == 0 else 11.0 + 7.0 * share],
        "color": "#FFFFFF",
        "line": {"color": color, "width": 2.5},
    }
    return [line, arrow]


def _controls(labels: Sequence[str]) -> dict[str, Any]:
    """Return a slider over the steps, and buttons that run through them."""
    at_once = {"mode": "immediate", "transition": {"duration": 0}}
    steps = [
        {
            "label": label,
            "method": "animate",
            "args": [[label], {**at_once, "frame": {"duration": 0, "redraw": False}}],
        }
        for label in labels
    ]
    play = {**at_once, "fromcurrent": True, "frame": {"duration": 200, "redraw": False}}
    stop = {**at_once, "frame": {"duration": 0, "redraw": False}}
    return {
        "sliders": [
            {
                "active": 0,
                "steps": steps,
                "currentvalue": {"prefix": "", "font": {"size": 14}},
                "x": 0.16,
                "len": 0.84,
                "pad": {"t": 45, "b": 10},
                "ticklen": 3,
                "font": {"size": 11},
            }
        ],
        "updatemenus": [
            {
                "type": "buttons",
                "direction": "right",
                "showactive": False,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "pad": {"t": 65},
                "bgcolor": "#FFFFFF",
                "bordercolor": "#8A979B",
                "buttons": [
                    {"label": "Play", "method": "animate", "args": [None, play]},
                    {"label": "Stop", "method": "animate", "args": [[None], stop]},
                ],
            }
        ],
    }
