"""Pipes along streets: one around, or a pair in each trench of a tree; their flows and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Point

from anello.district.from_map.buildings import Building, access_shape
from anello.district.from_map.catalogue import Size
from anello.district.from_map.cheapest import PipePrices, chosen
from anello.district.from_map.routes import tree_branches
from anello.district.from_map.streets import Node, StreetGraph
from anello.errors import InputError, Problem

Layout = Literal["loop", "tree"]
PLANT, JUNCTION = "plant", "junction"
NEXT_DOOR_M = 5.0
"""Length of the pipe to a substation that stands where the plant stands [m]."""


@dataclass(frozen=True)
class MapOptions:
    """How a network is laid.

    Attributes
    ----------
    substations : int
        Most substations; buildings that lie near each other share one.
    layout : str
        ``loop``: one pipe around; ``tree``: two pipes, warm and cold, in a branched trench.
    pipe : str
        Kind of pipe in the catalogue.
    spread_k : float
        How far the water differs along the loop, or between the pipes, in the worst hour [K].
    gradient_pa_per_m : float, optional
        Largest loss of pressure along a pipe in the worst hour; by default pipes are as wide as
        costs least over their life, with what is pumped through them [Pa/m].
    """

    substations: int = 8
    layout: Layout = "loop"
    pipe: str = "pe100"
    spread_k: float = 4.0
    gradient_pa_per_m: float | None = None

    @property
    def pipes_per_trench(self) -> int:
        """Pipes that a segment stands for: one of a loop, two of a tree."""
        return 1 if self.layout == "loop" else 2


@dataclass(frozen=True)
class Substation:
    """A place at which buildings are connected.

    Attributes
    ----------
    name : str
        Its name, also the location's in the description.
    node : tuple of float
        Its place in the street [m].
    buildings : tuple of Building
        What it serves.
    """

    name: str
    node: Node
    buildings: tuple[Building, ...]


@dataclass(frozen=True)
class Segment:
    """A pipe, or a pair of them, from one place to the next.

    Attributes
    ----------
    start, end : str
        Names of the places.
    line : LineString
        Its way along streets [m].
    flow_kg_s : float
        Flow in the worst hour [kg/s].
    size : Size
        The pipe.
    """

    start: str
    end: str
    line: LineString
    flow_kg_s: float
    size: Size

    @property
    def length_m(self) -> float:
        """Length, to the decimetre, and one at least [m]."""
        return max(round(float(self.line.length), 1), 0.1)


def access_point(building: Building) -> Point:
    """Return the point of a building that is connected to the nearest street [m]."""
    point: Point = access_shape(building).representative_point()
    return point


def loop_segments(
    graph: StreetGraph,
    plant: Node,
    substations: list[Substation],
    net_kw: dict[str, NDArray[np.float64]],
    options: MapOptions,
    prices: PipePrices,
    kj_per_kgk: float,
) -> list[Segment]:
    """Return one pipe around; its water nowhere differs by more than the spread.

    It flows at all hours as the worst one needs it.
    """
    along = np.cumsum([net_kw[one.name] for one in substations], axis=0)
    span = np.maximum(along.max(axis=0), 0.0) - np.minimum(along.min(axis=0), 0.0)
    flow = float(span.max()) / (kj_per_kgk * options.spread_k)
    size = chosen(options.pipe, np.array([flow]), options.gradient_pa_per_m, prices)
    stops = [(PLANT, plant), *((one.name, one.node) for one in substations)]
    if substations[0].node == plant:
        stops = stops[1:]  # the plant stands at the first substation
    ways = zip(stops, [*stops[1:], stops[0]], strict=True)
    if len(stops) == 1:
        raise InputError(
            Problem(
                "all buildings are connected where the plant is, so that there is no loop",
                key="--substations",
                value=options.substations,
                suggestion="Give more substations, or move the plant",
            )
        )
    return [Segment(start, end, graph.way(a, b), flow, size) for (start, a), (end, b) in ways]


def tree_segments(
    graph: StreetGraph,
    plant: Node,
    substations: list[Substation],
    net_kw: dict[str, NDArray[np.float64]],
    options: MapOptions,
    prices: PipePrices,
    kj_per_kgk: float,
) -> list[Segment]:
    """Return pairs of pipes, each as wide as what lies behind it needs; away from the plant.

    Their flow follows what is asked for.
    """
    branches = tree_branches(graph, plant, [one.node for one in substations])
    at = {one.node: one.name for one in substations}
    names: dict[Node, str] = {plant: PLANT}
    for walk in branches:
        forks = sum(name.startswith(JUNCTION) for name in names.values())
        names[walk[-1]] = at.get(walk[-1], f"{JUNCTION}_{forks + 1}")
    own = {node: net_kw[name] for node, name in at.items()}
    behind = dict(own)

    def segment(start: str, end: str, line: LineString, kw: NDArray[np.float64]) -> Segment:
        flow = np.abs(kw) / (kj_per_kgk * options.spread_k)
        size = chosen(options.pipe, flow, options.gradient_pa_per_m, prices)
        return Segment(start, end, line, float(flow.max()), size)

    segments = []
    for walk in reversed(branches):
        start, end = walk[0], walk[-1]
        behind[start] = behind.get(start, np.zeros(1)) + behind[end]
        segments.append(segment(names[start], names[end], graph.line(walk), behind[end]))
    # ASSUME: where the plant stands at a substation, a short pipe leads from one to the other.
    segments += [
        segment(PLANT, one.name, _next_door(one), own[plant])
        for one in substations
        if one.node == plant
    ]
    return segments[::-1]


def _next_door(substation: Substation) -> LineString:
    """Return a line from a substation's place towards the first of its buildings."""
    here, there = Point(substation.node), access_point(substation.buildings[0])
    away = max(here.distance(there), 1e-9)
    east, north = (there.x - here.x) / away, (there.y - here.y) / away
    if not (east or north):
        north = 1.0
    return LineString([here, (here.x + NEXT_DOOR_M * east, here.y + NEXT_DOOR_M * north)])
