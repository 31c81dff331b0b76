"""Streets as a graph in whose edges pipes are laid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString, Point
from shapely.ops import substring

from anello.district.from_map.features import Projection, read_features
from anello.errors import InputError, Problem

GAP_M = 1.0
"""A street that ends this near to another one joins it [m]."""
NO_PIPES = frozenset(
    [
        "motorway",
        "motorway_link",
        "trunk",
        "trunk_link",
        "steps",
        "construction",
        "proposed",
        "corridor",
        "elevator",
        "platform",
        "raceway",
        "bus_guideway",
        "bridleway",
        "via_ferrata",
        "abandoned",
        "razed",
    ]
)
"""Values of `highway` along which no pipe is laid."""
_END_M = 0.05

Node = tuple[float, float]


@dataclass(frozen=True)
class Streets:
    """The largest connected part of a map's streets.

    Attributes
    ----------
    lines : list of LineString
        Streets between crossings [m].
    notes : list of str
        What was left out.
    file : str
        The file.
    left_out : list of LineString
        Streets that are not connected with them [m].
    """

    lines: list[LineString]
    notes: list[str]
    file: str
    left_out: list[LineString]

    def nearest(self, point: Point) -> tuple[int, float, float]:
        """Return the nearest street, the way along it, and the distance to it [m]."""
        tree = shapely.STRtree(self.lines)
        index = int(tree.nearest(point))
        line = self.lines[index]
        return index, float(line.project(point)), float(line.distance(point))


def read_streets(path: Path, projection: Projection) -> Streets:
    """Read the streets of a map.

    Lines are joined where they cross, and where one ends within a metre of another. If lines have
    the key `highway`, only those are streets.

    Raises
    ------
    InputError
        If there is no street.
    """
    features = [
        feature
        for feature in read_features(path)
        if feature.shape.geom_type in ("LineString", "MultiLineString")
    ]
    if any("highway" in feature.tags for feature in features):
        features = [f for f in features if f.tags.get("highway", "steps") not in NO_PIPES]
    lines = [
        line
        for feature in features
        for line in shapely.get_parts(projection.to_metres(feature.shape))
        if line.length > _END_M
    ]
    if not lines:
        raise InputError(
            Problem(
                "the file has no streets along which a pipe can be laid",
                file=str(path),
                key="features",
                suggestion="Give streets as lines; in OpenStreetMap's form with the key `highway`",
            )
        )
    joined = _joined(lines)
    graph = nx.Graph()
    for index, line in enumerate(joined):
        graph.add_edge(*_ends(line), index=index)
    parts = [
        sorted({data["index"] for *_, data in graph.subgraph(part).edges(data=True)})
        for part in nx.connected_components(graph)
    ]
    lengths = [sum(joined[i].length for i in part) for part in parts]
    kept = parts[int(np.argmax(lengths))]
    notes = []
    if len(parts) > 1:
        left = sum(lengths) - max(lengths)
        notes.append(
            f"{path.name}: {left:.0f} m of streets are not connected with the other "
            f"{max(lengths):.0f} m and are left out"
        )
    left_out = [line for index, line in enumerate(joined) if index not in set(kept)]
    return Streets([joined[i] for i in kept], notes, str(path), left_out)


def _joined(lines: list[LineString]) -> list[LineString]:
    """Split lines where they cross, and close gaps at their ends."""
    split = _noded(lines)
    ends: dict[Node, list[int]] = {}
    for index, line in enumerate(split):
        for end in _ends(line):
            ends.setdefault(end, []).append(index)
    tree = shapely.STRtree(split)
    bridges = []
    for end, of in sorted(ends.items()):
        if len(of) > 1:
            continue
        point = Point(end)
        near = [i for i in tree.query(point, predicate="dwithin", distance=GAP_M) if i != of[0]]
        if near:
            other = split[min(near, key=lambda i: split[i].distance(point))]
            foot = other.interpolate(other.project(point))
            bridges.append(LineString([point, foot]))
            split.append(LineString([foot, point]))
    return _noded(split) if bridges else split


def _noded(lines: list[LineString]) -> list[LineString]:
    """Return lines that meet at their ends only, on a grid of centimetres, each once."""
    merged = shapely.set_precision(shapely.MultiLineString(lines), 0.01)
    parts = shapely.get_parts(shapely.unary_union(merged, grid_size=0.01))
    found: dict[tuple[Node, Node], LineString] = {}
    for part in parts:
        first, last = _ends(part)
        if first == last:  # a ring: cut it, so that its ends differ
            middle = part.length / 2.0
            halves = [substring(part, 0.0, middle), substring(part, middle, part.length)]
        else:
            halves = [part]
        for half in halves:
            key = (min(_ends(half)), max(_ends(half)))
            if key not in found or half.length < found[key].length:
                found[key] = half
    return [found[key] for key in sorted(found)]


def node_of(point: Point) -> Node:
    """Return the name of a place in the graph: its coordinates to the centimetre."""
    return round(point.x, 2) + 0.0, round(point.y, 2) + 0.0


def _ends(line: LineString) -> tuple[Node, Node]:
    return node_of(Point(line.coords[0])), node_of(Point(line.coords[-1]))


class StreetGraph:
    """Streets cut at the places that are to be connected.

    Parameters
    ----------
    streets : Streets
        The streets.
    places : list of Point
        Places to be connected, each at its nearest point of a street [m].
    """

    def __init__(self, streets: Streets, places: list[Point]) -> None:
        cuts: dict[int, set[float]] = {}
        at: list[tuple[int, float]] = []
        for place in places:
            index, way, _ = streets.nearest(place)
            length = streets.lines[index].length
            way = 0.0 if way < _END_M else length if length - way < _END_M else way
            way = next((w for w in cuts.get(index, set()) if abs(w - way) < _END_M), way)
            cuts.setdefault(index, set()).add(way)
            at.append((index, way))
        self.graph = nx.Graph()
        for index, line in enumerate(streets.lines):
            stops = sorted({0.0, line.length, *cuts.get(index, ())})
            for begin, end in pairwise(stops):
                self._add(substring(line, begin, end))
        self.nodes = [node_of(streets.lines[i].interpolate(way)) for i, way in at]
        """Where the places are connected."""

    def _add(self, line: LineString) -> None:
        first, last = _ends(line)
        old = self.graph.get_edge_data(first, last)
        if first != last and (old is None or line.length < old["length"]):
            self.graph.add_edge(first, last, length=line.length, line=line)

    def distances_m(self, nodes: list[Node]) -> NDArray[np.float64]:
        """Return the way along streets between nodes [m], shape (N, N)."""
        order = {node: i for i, node in enumerate(self.graph)}
        edges = [(order[a], order[b], d["length"]) for a, b, d in self.graph.edges(data=True)]
        rows, columns, lengths = (np.array(one) for one in zip(*edges, strict=True))
        size = len(order)
        matrix = coo_array((lengths, (rows, columns)), shape=(size, size)).tocsr()
        wanted = [order[node] for node in nodes]
        found: NDArray[np.float64] = dijkstra(matrix, directed=False, indices=wanted)[:, wanted]
        return found

    def way(self, start: Node, end: Node) -> LineString:
        """Return the shortest way along streets [m]."""
        nodes = nx.shortest_path(self.graph, start, end, weight="length")
        return self.line(nodes)

    def line(self, nodes: list[Node]) -> LineString:
        """Return the line along a walk of nodes [m]."""
        points: list[Node] = []
        for first, last in pairwise(nodes):
            line = self.graph.edges[first, last]["line"]
            coords = list(line.coords)
            if node_of(Point(coords[0])) != first:
                coords.reverse()
            points += coords if not points else coords[1:]
        return LineString(points)
