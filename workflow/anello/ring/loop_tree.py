"""A loop with branches in numbers: its places, its pipes, and what flows in each.

From a place on the loop, or at the end of a branch, water goes on in one pipe: the next segment, or
the pipe back. Branches leave it behind the place's own exchanger, and come back to where they left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.ring.loop_config import LoopConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LoopTree:
    """P places and n pipes of a loop with N substations and B branches.

    Places are the substations, then the ends of the branches; pipes the segments, then of each
    branch the pipe there and the pipe back.

    Attributes
    ----------
    feeds : tuple of int, length P
        Pipe that leads to each place.
    place_flow : ndarray, shape (P,)
        Flow at each place by that of the loop [-].
    pipe_flow : ndarray, shape (n,)
        Flow in each pipe by that of the loop [-].
    by_outlet : ndarray, shape (n, n)
        What enters each pipe, by what comes out of the pipes [K/K].
    by_rise : ndarray, shape (n, P)
        What enters each pipe, by what a place's exchanger adds to the water that comes to it [K/K].
    """

    feeds: tuple[int, ...]
    place_flow: Floats
    pipe_flow: Floats
    by_outlet: Floats
    by_rise: Floats


def loop_tree(loop: LoopConfig, *, backwards: bool) -> LoopTree:
    """Return a loop with branches as seen from its flow.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    backwards : bool
        Whether water runs against the order of the substations.
    """
    count, branches = len(loop.substations), loop.branches
    names = [place.name for place in loop.places]
    start = [names.index(branch.start) for branch in branches]
    there = [count + 2 * number for number in range(len(branches))]
    before = [(place - 1) % count for place in range(count)]
    feeds = list(range(count)) if backwards else list(before)
    leaves = list(before) if backwards else list(range(count))
    feeds += there
    leaves += [pipe + 1 for pipe in there]
    shares = loop.shares()
    place_flow = branch_flows(loop)
    pipe_flow = pipe_flows(loop)
    by_outlet = np.zeros((pipe_flow.size, pipe_flow.size))
    by_rise = np.zeros((pipe_flow.size, len(names)))
    stays = np.ones(len(names))
    for number, (place, share) in enumerate(zip(start, shares, strict=True)):
        stays[place] -= share
        by_outlet[leaves[place], there[number] + 1] += share
        by_outlet[there[number], feeds[place]] = 1.0
        by_rise[there[number], place] = 1.0
    stays = np.maximum(stays, 0.0)
    for place, pipe in enumerate(leaves):
        by_outlet[pipe, feeds[place]] += stays[place]
        by_rise[pipe, place] += stays[place]
    return LoopTree(tuple(feeds), place_flow, pipe_flow, by_outlet, by_rise)


def branch_flows(loop: LoopConfig) -> Floats:
    """Return the flow at each place by that of the loop, shape (P,) [-]."""
    flows = {station.name: 1.0 for station in loop.substations}
    shares = {branch.end: share for branch, share in zip(loop.branches, loop.shares(), strict=True)}
    waiting = list(loop.branches)
    while waiting:  # the settings have no circle
        branch = waiting.pop(0)
        if branch.start in flows:
            flows[branch.end] = flows[branch.start] * shares[branch.end]
        else:
            waiting.append(branch)
    return np.array([flows[place.name] for place in loop.places])


def pipe_flows(loop: LoopConfig) -> Floats:
    """Return the flow in each pipe by that of the loop, shape (n,) [-]."""
    flows, count = branch_flows(loop), len(loop.substations)
    return np.concatenate([flows[:count], np.repeat(flows[count:], 2)])
