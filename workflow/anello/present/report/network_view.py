"""The network in its worst week, hour by hour: what the page's slider shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.hourly import packed
from anello.present.report.loop_drawing import ring_loop
from anello.present.report.tree_view import place_names, tree_payload
from anello.present.report.worst_week import worst_week
from anello.ring.config import RingConfig

Array = npt.NDArray[np.float64]
WIDTH, HEIGHT = 640.0, 420.0
_MARGIN_X, _MARGIN_Y = 90.0, 70.0
_INWARD, _INNERMOST = 0.58, 0.3  # how far from the middle branches end: one, the last of more [-]
_SIDE_BY_SIDE = 0.6  # from one end to the next [rad]
PLANT = "Plant"


def network_payload(collected: CollectedResults, config: FiguresConfig) -> dict[str, Any] | None:
    """Hold the stations of a ring, where they lie, and what they saw in the worst week.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    config : FiguresConfig
        Names.

    Returns
    -------
    dict or None
        ``times`` [ms], ``stations`` with place, water temperature [°C] and heat into the water
        [kW], ``flow`` [kg/s] of a loop, ``low`` and ``high`` bounds [°C]; None without a simulated
        ring. A loop's stations are its substations; a well-mixed ring's are the locations; those of
        a tree of two pipes are its places (`tree_payload`).
    """
    ring = collected.ring
    week = worst_week(collected)
    if ring is None or week is None or not {"temperature_degc", "q_ring_kw"} <= set(ring.data_vars):
        return None
    look = Appearance(collected.results, collected.inputs, config)
    part = ring.isel(timestep=slice(week.first, week.stop), state=slice(week.first, week.stop))
    shown = _tree(collected.settings, part) or _around(collected.settings, part, look)
    bounds = ring.attrs.get("bounds_degc", (None, None))
    times = part["timestep"].values.astype("datetime64[ms]").astype(np.int64)
    return {
        "times": times.tolist(),
        "text": week.text,
        "low": None if bounds[0] is None else float(bounds[0]),
        "high": None if bounds[1] is None else float(bounds[1]),
        **shown,
    }


def _tree(settings: Mapping[str, Any], part: xr.Dataset) -> dict[str, Any] | None:
    """What is shown of a tree of two pipes; None of any other ring."""
    told = settings.get("ring") or {}
    if told.get("model") != "two_pipe":
        return None
    config = RingConfig.model_validate(told)
    assert config.two_pipe is not None
    pumps = {station.name: station.heat_pumps for station in config.two_pipe.substations}
    heat = np.array([_heat(part, pumps.get(name, [])) for name in place_names(config)])
    if "q_bal_kw" in part:
        heat[0] += part["q_bal_kw"].sum("device").values
    none: dict[str, Any] = {"loop": False, "lengths": None, "flow": None}
    return {**none, **tree_payload(config, part, heat)}


def _around(settings: Mapping[str, Any], part: xr.Dataset, look: Appearance) -> dict[str, Any]:
    """What is shown of a loop or a well-mixed ring: stations around it."""
    loop = ring_loop(settings)
    nears: list[int] = []
    if loop is not None and loop.loop is not None:
        names = [place.name for place in loop.loop.places]
        pumps = [place.heat_pumps for place in loop.loop.places]
        nears = [names.index(branch.start) for branch in loop.loop.branches]
        lengths = [pipe.length_m for pipe in loop.loop.segments]
        plant_at = None if loop.plant is None else loop.loop.plant_station
        water = part["node_degc"].transpose("substation", "state").values
    else:
        nodes = [str(node) for node in part["node"].values]
        locations = list(dict.fromkeys(node.partition("::")[0] for node in nodes))
        names = [look.name(loc) for loc in locations]
        pumps = [[loc] for loc in locations]
        plant_at = None
        if "q_bal_kw" in part:
            names, pumps, plant_at = [*names, PLANT], [*pumps, []], len(names)
        lengths = [1.0] * len(names)
        water = np.tile(part["temperature_degc"].values, (len(names), 1))
    plant = part["q_bal_kw"].sum("device").values if "q_bal_kw" in part else None
    stations = []
    places = _laid(lengths, nears)
    for number, (x, y) in enumerate(places):
        heat = _heat(part, pumps[number])
        at_plant = number == plant_at and plant is not None
        stations.append(
            {
                "name": names[number],
                "x": round(x, 1),
                "y": round(y, 1),
                "plant": at_plant,
                "near": None if number < len(lengths) else nears[number - len(lengths)],
                "degc": packed(np.asarray(water[number], dtype=float)),
                "kw": packed(heat + plant if at_plant and plant is not None else heat),
            }
        )
    return {
        "loop": loop is not None,
        "lengths": lengths if loop is not None else None,
        "flow": packed(part["flow_kg_s"].values) if loop and "flow_kg_s" in part else None,
        "stations": stations,
    }


def _laid(lengths: Sequence[float], nears: Sequence[int]) -> list[tuple[float, float]]:
    """Return where substations lie, on an ellipse, and the ends of branches, within it.

    Each branch leads nearer to the middle, in as many steps as the longest way from there has.
    Ends that nothing leaves lie side by side, within what their substation has of the ellipse.
    """
    count = len(lengths)
    turn = _turns(lengths)
    gaps = np.diff(np.append(turn, turn[0] + 2 * np.pi))
    leaving: list[list[int]] = [[] for _ in range(count + len(nears))]
    for number, near in enumerate(nears):
        leaving[near].append(count + number)
    at, far = [*turn.tolist(), *[0.0] * len(nears)], [1.0] * (count + len(nears))
    for root in range(count):
        order, steps = [root], {root: 0}
        for place in order:  # grows: the branches behind each place
            order += leaving[place]
            steps |= dict.fromkeys(leaving[place], steps[place] + 1)
        deepest = max(steps.values())
        inward = 1.0 - (_INWARD if deepest == 1 else _INNERMOST)
        for place in order[1:]:
            far[place] = 1.0 - inward * steps[place] / deepest
        last = [place for place in order if not leaving[place]]
        room = float(min(gaps[root - 1], gaps[root]))
        apart = min(_SIDE_BY_SIDE, room / len(last))
        for number, place in enumerate(last):
            at[place] = float(turn[root]) + (number - (len(last) - 1) / 2.0) * apart
        for place in reversed(order[1:]):
            if leaving[place]:
                at[place] = sum(at[end] for end in leaving[place]) / len(leaving[place])
        at[root] = float(turn[root])
    return [
        (
            float(WIDTH / 2 + r * (WIDTH / 2 - _MARGIN_X) * np.sin(a)),
            float(HEIGHT / 2 - r * (HEIGHT / 2 - _MARGIN_Y) * np.cos(a)),
        )
        for r, a in zip(far, at, strict=True)
    ]


def _heat(part: xr.Dataset, connected: Sequence[str]) -> Array:
    """Heat into the water from heat pumps, named one by one or by their location [kW]."""
    nodes = [str(node) for node in part["node"].values]
    chosen = [i for i, n in enumerate(nodes) if n in connected or n.partition("::")[0] in connected]
    total: Array = part["q_ring_kw"].isel(node=chosen).sum("node").values
    return np.asarray(total, dtype=np.float64)


def _turns(lengths: Sequence[float]) -> Array:
    """Spread stations along an ellipse, clockwise from the top, as far apart as pipes are long.

    No gap is less than a third of the mean one, so that names have room.
    """
    gaps = np.maximum(np.asarray(lengths, dtype=float), np.mean(lengths) / 3.0)
    turns: Array = np.concatenate([[0.0], np.cumsum(gaps)[:-1]]) / gaps.sum() * 2 * np.pi
    return turns
