"""The ring that meets all substations, and the tree that reaches them."""

from __future__ import annotations

import numpy as np
from networkx.algorithms.approximation import steiner_tree
from numpy.typing import NDArray

from anello.district.from_map.streets import Node, StreetGraph

Floats = NDArray[np.float64]


def shortest_round(distance_m: Floats) -> list[int]:
    """Return a short round trip through all places, from the first one on.

    Farthest insertion, then exchanges of two ways and moves of one to three places until neither
    shortens the trip.

    Parameters
    ----------
    distance_m : ndarray, shape (N, N)
        Distances, symmetric [m].

    Returns
    -------
    list of int
        The places in order; starts with 0.
    """
    size = len(distance_m)
    tour = [0]
    while len(tour) < size:
        left = [i for i in range(size) if i not in tour]
        place = max(left, key=lambda i: (float(distance_m[i, tour].min()), -i))
        costs = [
            distance_m[tour[k], place]
            + distance_m[place, tour[(k + 1) % len(tour)]]
            - distance_m[tour[k], tour[(k + 1) % len(tour)]]
            for k in range(len(tour))
        ]
        tour.insert(int(np.argmin(costs)) + 1, place)
    better = True
    while better:
        shorter = _two_ways(tour, distance_m) or _moved(tour, distance_m)
        better = shorter is not None
        tour = shorter or tour
    begin = tour.index(0)
    return tour[begin:] + tour[:begin]


def round_length_m(tour: list[int], distance_m: Floats) -> float:
    """Return the length of a round trip [m]."""
    return float(sum(distance_m[tour[k - 1], tour[k]] for k in range(len(tour))))


def _two_ways(tour: list[int], distance_m: Floats) -> list[int] | None:
    size = len(tour)
    for i in range(size - 1):
        for j in range(i + 2, size):
            a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % size]
            gain = distance_m[a, b] + distance_m[c, d] - distance_m[a, c] - distance_m[b, d]
            if gain > 1e-6:
                return tour[: i + 1] + tour[i + 1 : j + 1][::-1] + tour[j + 1 :]
    return None


def _moved(tour: list[int], distance_m: Floats) -> list[int] | None:
    now = round_length_m(tour, distance_m)
    for length in (1, 2, 3):
        for begin in range(len(tour) - length + 1):
            piece = tour[begin : begin + length]
            rest = tour[:begin] + tour[begin + length :]
            for k in range(1, len(rest)):
                for turned in (piece, piece[::-1]):
                    tried = rest[:k] + turned + rest[k:]
                    if round_length_m(tried, distance_m) < now - 1e-6:
                        return tried
    return None


def tree_branches(streets: StreetGraph, root: Node, ends: list[Node]) -> list[list[Node]]:
    """Return the branches of a short tree along streets that joins a root and its ends.

    Mehlhorn's approximation of the Steiner tree, at most twice the shortest one (Mehlhorn 1988,
    doi:10.1016/0020-0190(88)90066-X).

    Parameters
    ----------
    streets : StreetGraph
        The streets.
    root : Node
        Where the plant is connected.
    ends : list of Node
        Where substations are connected.

    Returns
    -------
    list of list of Node
        Walks from one fork, substation or the root to the next, away from the root.
    """
    stops = dict.fromkeys([root, *ends])
    if len(stops) == 1:
        return []
    tree = steiner_tree(streets.graph, list(stops), weight="length", method="mehlhorn")
    branches: list[list[Node]] = []
    waiting = [root]
    seen = {root}
    while waiting:
        start = waiting.pop(0)
        for step in sorted(tree[start]):
            if step in seen:
                continue
            walk = [start, step]
            seen.add(step)
            while walk[-1] not in stops and tree.degree[walk[-1]] == 2:
                ahead = next(n for n in tree[walk[-1]] if n != walk[-2])
                walk.append(ahead)
                seen.add(ahead)
            branches.append(walk)
            waiting.append(walk[-1])
    return branches
