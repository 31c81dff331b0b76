"""A loop of pipes in numbers: where its water and its substations are, and how it flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anello.errors import ConfigError, InputError, Problem
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput
from anello.ring.fluid import Medium
from anello.ring.loop_config import FixedFlow, LoopConfig, ProportionalFlow
from anello.ring.loop_tree import branch_flows
from anello.ring.pipe import loss_w_per_mk, wall_capacity_kj_per_mk
from anello.ring.rounds import reached_share
from anello.ring.two_pipe_config import TwoPipeConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MAX_DECAY = 0.05  # largest loss exponent of a substep; errors grow with its square


@dataclass(frozen=True)
class Geometry:
    """The loop as heat capacities along the way of the water.

    Attributes
    ----------
    position_kwh_per_k : ndarray, shape (n + 1,)
        Heat capacity up to each substation, of the whole loop, and on with each pipe of its
        branches [kWh/K].
    ua_kw_per_k : ndarray, shape (n,)
        Loss coefficient of each pipe, segments first [kW/K].
    volume_m3 : ndarray, shape (n,)
        Water in each pipe [m³].
    """

    position_kwh_per_k: Floats
    ua_kw_per_k: Floats
    volume_m3: Floats

    def branch_kwh_per_k(self, substations: int) -> Floats:
        """Heat capacity of the branch to each place, 0 for the loop's own, shape (P,) [kWh/K]."""
        both = np.diff(self.position_kwh_per_k)[substations:].reshape(-1, 2).sum(axis=1)
        return np.concatenate([np.zeros(substations), both])

    @property
    def capacity_kwh_per_k(self) -> float:
        """Heat capacity of water and walls [kWh/K]."""
        return float(self.position_kwh_per_k[-1])


def geometry(loop: LoopConfig, medium: Medium) -> Geometry:
    """Return the loop's heat capacities and losses.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    medium : Medium
        What flows in it.

    Returns
    -------
    Geometry
        Positions [kWh/K], losses [kW/K], volumes [m³].
    """
    length = np.array([pipe.length_m for pipe in loop.pipes])
    area = np.array([np.pi * pipe.inner_diameter_m**2 / 4.0 for pipe in loop.pipes])
    wall = np.array([wall_capacity_kj_per_mk(pipe) for pipe in loop.pipes])
    water = medium.density_kg_per_m3 * area * medium.kj_per_kgk
    loss = np.array([loss_w_per_mk(pipe) for pipe in loop.pipes])
    capacity = (water + wall) * length / 3600.0
    return Geometry(
        np.concatenate([[0.0], np.cumsum(capacity)]), loss * length / 1000.0, area * length
    )


def reached_on(loop: LoopConfig, shape: Geometry, flow_kw_per_k: Floats, step_h: Floats) -> Floats:
    """Return the share of a loop's water that comes by in each step, shape (T,) [-].

    Parameters
    ----------
    loop, shape : LoopConfig, Geometry
        The loop, and in numbers.
    flow_kw_per_k, step_h : ndarray, shape (T,)
        Heat capacity flow [kW/K], and length of each step [h].
    """
    branches = shape.branch_kwh_per_k(len(loop.substations))
    whole = shape.capacity_kwh_per_k
    return reached_share(whole, branches, branch_flows(loop), flow_kw_per_k, step_h)


def flow_series(config: RingConfig, data: RingInput) -> Floats:
    """Return the flow of a loop in every step.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch, and the scheduled flow if there is one.

    Returns
    -------
    ndarray, shape (T,)
        Flow, negative against the order of the substations [kg/s].

    Raises
    ------
    InputError
        If a scheduled flow was not given.
    """
    assert config.loop is not None
    flow = config.loop.flow
    if isinstance(flow, FixedFlow):
        return np.full(data.times.size, flow.kg_s)
    if isinstance(flow, ProportionalFlow):
        taken, rejected = _taken_and_rejected_kw(config, data)
        series = np.clip(
            flow.kg_s_per_kw * np.maximum(taken, rejected), flow.min_kg_s, flow.max_kg_s
        )
        towards: Floats = -series if flow.reversed else series
        return towards
    if data.flow_kg_s is None:
        raise InputError(
            Problem("a scheduled flow needs a series with the data", key="ring.loop.flow")
        )
    return data.flow_kg_s


def _taken_and_rejected_kw(config: RingConfig, data: RingInput) -> tuple[Floats, Floats]:
    """Return the output of heat pumps that take heat, and of those that reject it, (T,) [kW]."""
    sigma = config.sigma(data.nodes)
    return data.q_kw[sigma < 0].sum(axis=0), data.q_kw[sigma > 0].sum(axis=0)


def flow_by_output(config: RingConfig, data: RingInput) -> Floats:
    """Return how much faster the water flows by each heat pump's output, (H, T) [kg/(s·kW)].

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.
    """
    assert config.loop is not None
    flow = config.loop.flow
    if not isinstance(flow, ProportionalFlow):
        return np.zeros_like(data.q_kw)
    taken, rejected = _taken_and_rejected_kw(config, data)
    called = flow.kg_s_per_kw * np.maximum(taken, rejected)
    within = (called > flow.min_kg_s) & (called < flow.max_kg_s)
    takes = config.sigma(data.nodes)[:, None] < 0.0
    counts = np.where(takes, taken >= rejected, taken < rejected)
    return np.where(counts & within, flow.kg_s_per_kw, 0.0)


def stations(loop: LoopConfig, nodes: tuple[str, ...]) -> tuple[list[int], int]:
    """Return the substation of each heat pump, and that of the balancing plant.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    nodes : tuple of str
        Heat pumps, `location::technology`.

    Returns
    -------
    substation : list of int
        Position of each heat pump's substation; ends of branches come after those of the loop.
    plant : int
        Position of the plant's substation; the first unless another is marked.

    Raises
    ------
    ConfigError
        If a heat pump is connected nowhere or twice, or a name fits no heat pump.
    """
    keys = ["ring.loop.substations"] * len(loop.substations)
    keys += ["ring.loop.branches"] * len(loop.branches)
    return connected(loop.places, nodes, keys), loop.plant_station


def require_connected(config: RingConfig, nodes: tuple[str, ...]) -> None:
    """Refuse a network on which heat pumps stand nowhere or twice, before anything is computed.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : tuple of str
        Heat pumps, `location::technology`.

    Raises
    ------
    ConfigError
        If a heat pump is connected nowhere or twice, or a name fits no heat pump.
    """
    if config.model == "loop" and config.loop is not None:
        stations(config.loop, nodes)
    if config.model == "two_pipe" and config.two_pipe is not None:
        on_two_pipes(config.two_pipe, nodes)


def on_two_pipes(network: TwoPipeConfig, nodes: tuple[str, ...]) -> list[int]:
    """Return the substation of each heat pump on two pipes; see `connected`."""
    keys = ["ring.two_pipe.substations"] * len(network.substations)
    return connected(network.substations, nodes, keys)


class _Station(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def heat_pumps(self) -> list[str]: ...


def connected(
    substations: Sequence[_Station], nodes: tuple[str, ...], keys: Sequence[str]
) -> list[int]:
    """Return the substation of each heat pump.

    Parameters
    ----------
    substations : sequence
        Places with `name` and `heat_pumps`.
    nodes : tuple of str
        Heat pumps, `location::technology`.
    keys : sequence of str
        Where each of the places stands in the settings, for messages.

    Raises
    ------
    ConfigError
        If a heat pump is connected nowhere or twice, or a name fits no heat pump.
    """
    problems = []
    found: list[int] = []
    used: set[str] = set()
    for node in nodes:
        location = node.partition("::")[0]
        exact = [i for i, s in enumerate(substations) if node in s.heat_pumps]
        places = exact or [i for i, s in enumerate(substations) if location in s.heat_pumps]
        used.add(node if exact else location)
        if len(places) != 1:
            at = ", ".join(f"{keys[i]}.{substations[i].name}" for i in places)
            problems.append(
                Problem(
                    f"connected more than once, at {at}" if at else "not connected to the ring",
                    key=node,
                    suggestion="Name it, or its location, at exactly one substation",
                )
            )
        found.append(places[0] if places else 0)
    problems += [
        Problem("no heat pump has this name", key=f"{key}.{s.name}", value=name)
        for key, s in zip(keys, substations, strict=True)
        for name in s.heat_pumps
        if name not in used
    ]
    if problems:
        raise ConfigError(problems)
    return found


def dispersion(loop: LoopConfig, parcels: int) -> float:
    """Return the exchange of neighbouring parcels per hour, D·3600/Δx² [1/h]."""
    if loop.dispersion_m2_s == 0.0:
        return 0.0
    # ASSUME: parcels are equally long for mixing, whatever the diameters of the segments.
    spacing = sum(pipe.length_m for pipe in loop.segments) / parcels
    return loop.dispersion_m2_s * 3600.0 / spacing**2
