"""Two pipes as the page's slider shows them: places, both waters, flow in each trench."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from anello.present.report.hourly import packed
from anello.ring.config import RingConfig
from anello.ring.two_pipe_network import Network, seen_from_plant

Array = npt.NDArray[np.float64]
WIDTH = 640.0
_MARGIN_X, _MARGIN_Y, _ROW, _LEAST_HEIGHT = 60.0, 50.0, 54.0, 420.0


def tree_payload(config: RingConfig, part: xr.Dataset, heat_kw: Array) -> dict[str, Any]:
    """Hold the places of a network, where they are drawn, and what they and its trenches saw.

    Parameters
    ----------
    config : RingConfig
        A ring with ``two_pipe``.
    part : xarray.Dataset
        Its simulation in the hours to be shown, with ``node_degc(state, substation)`` [°C],
        ``branch_kg_s(segment, timestep)`` and ``flow_kg_s(timestep)`` [kg/s].
    heat_kw : ndarray, shape (N, T)
        Heat into the water at each place, the plant first [kW].

    Returns
    -------
    dict
        ``stations`` with place, water of the warm line ``degc`` and of the cold one ``cold`` [°C],
        heat into the water ``kw``, water that it takes from the warm line ``kg_s`` (of the plant:
        less what it feeds); ``trenches`` with the stations at their ends, ``near`` the plant and
        ``far``, and what flows in the warm line, ``kg_s``; ``height`` of the drawing.
    """
    assert config.two_pipe is not None
    shape = seen_from_plant(config.two_pipe, config.medium)
    lengths = [config.two_pipe.branches[number].length_m for number in shape.order]
    places, height = tree_places(shape, lengths)
    water = part["node_degc"].transpose("substation", "state").values
    away = shape.sign[:, None] * part["branch_kg_s"].transpose("segment", "timestep").values
    count = len(shape.places)
    taken = shape.taken(away)
    stations = [
        {
            "name": name,
            "x": round(x, 1),
            "y": round(y, 1),
            "plant": number == 0,
            "degc": packed(np.asarray(water[number], dtype=float)),
            "cold": packed(np.asarray(water[count + number], dtype=float)),
            "kg_s": packed(taken[number]),
            "kw": packed(heat_kw[number]),
        }
        for number, (name, (x, y)) in enumerate(zip(shape.places, places, strict=True))
    ]
    trenches = [
        {"near": near, "far": far, "kg_s": packed(flow)}
        for near, far, flow in zip(shape.near, shape.far, away, strict=True)
    ]
    return {"stations": stations, "trenches": trenches, "height": round(height, 1)}


def place_names(config: RingConfig) -> tuple[str, ...]:
    """Return the places of a network as `tree_payload` has them, the plant first."""
    assert config.two_pipe is not None
    return seen_from_plant(config.two_pipe, config.medium).places


def tree_places(
    shape: Network, lengths_m: Sequence[float]
) -> tuple[list[tuple[float, float]], float]:
    """Return where the places of a network are drawn, so that no trench of a tree crosses another.

    Parameters
    ----------
    shape : Network
        The network.
    lengths_m : sequence of float
        Length of each branch, in the network's order [m].

    Returns
    -------
    places : list of (float, float)
        From left to right as far from the plant as the trenches are long, none shorter than two
        thirds of the mean; each end of its tree has a row of its own.
    height : float
        Height of the drawing.
    """
    count = len(shape.places)
    steps = np.maximum(np.asarray(lengths_m, dtype=float), np.mean(lengths_m) / 1.5)
    away, row = np.zeros(count), np.zeros(count)
    behind: list[list[int]] = [[] for _ in range(count)]
    for place in range(1, count):
        near = shape.near[place - 1]
        away[place] = away[near] + steps[place - 1]
        behind[near].append(place)
    ends, waiting = 0, [0]
    while waiting:
        place = waiting.pop()
        waiting += reversed(behind[place])
        if not behind[place]:
            row[place] = ends
            ends += 1
    for place in reversed(range(count)):  # every place comes after the one before it
        if behind[place]:
            row[place] = np.mean([row[after] for after in behind[place]])
    height = max(_LEAST_HEIGHT, 2.0 * _MARGIN_Y + _ROW * (ends - 1))
    x = _MARGIN_X + (WIDTH - 2.6 * _MARGIN_X) * away / away.max()
    y = np.full(count, height / 2.0)
    if ends > 1:
        y = _MARGIN_Y + (height - 2.0 * _MARGIN_Y) * row / (ends - 1)
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)], height
