"""Heat made in order to be lost: tanks that hold what no load will take.

A tank loses heat. In July an optimiser may fill it for that alone: the heat pump cools the ring,
and the tank's walls give the heat away. So a tank holds no more than loads within its storage time
will take, be it heat or cold: a programme that sees the ring keeps to that, and what any other
dispatch does beyond it is counted.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import labels_of

if TYPE_CHECKING:
    import xarray as xr

    from anello.model.data import ModelData
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]

SHORTEST_H, LONGEST_H = 24.0, 720.0
"""Between these is a tank's storage time, however much it loses, or how little [h]."""
TOLD_KWH = 1.0
"""Less heat than this is not worth telling [kWh]."""


@dataclass(frozen=True)
class LostHeat:
    """Heat, or cold, that was made in order to be lost.

    Attributes
    ----------
    tank : str
        The store, `location::technology`.
    kwh : float
        What was put into it beyond what loads within its storage time take [kWh].
    hours : float
        Hours in which that was done [h].
    first : str
        The first of them.
    """

    tank: str
    kwh: float
    hours: float
    first: str

    def __str__(self) -> str:
        return (
            f"{self.tank}: {self.kwh:,.0f} kWh in {self.hours:,.0f} hours, the first on "
            f"{self.first}, that no load within the tank's storage time takes"
        )


def ring_tanks(ring: RingConfig, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stores that a ring's heat pumps fill, `location::technology`."""
    found = dict.fromkeys(ring.store_of(node) for node in nodes)
    return tuple(tank for tank in found if tank is not None)


def tank_limits(ring: RingConfig, data: ModelData, nodes: tuple[str, ...]) -> dict[str, Floats]:
    """Return the most that each of a ring's tanks may hold at the end of each step [kWh].

    Infinite in the season in which a tank may be a dump, and for tanks whose loads nobody knows.

    Parameters
    ----------
    ring : RingConfig
        The ring's settings.
    data : ModelData
        The model.
    nodes : tuple of str
        Heat pumps.
    """
    times = data.inputs.variables["timestep"].values
    free = ring.in_dumping_season(times)
    names = labels_of(data.inputs, "node")
    known = {names[place] for place in data.nodes("storage").tolist()}
    return {
        tank: np.where(free, np.inf, _useful_kwh(data, tank))
        for tank in ring_tanks(ring, nodes)
        if tank in known
    }


def made_to_be_lost(
    ring: RingConfig, data: ModelData, dispatch: xr.Dataset, nodes: tuple[str, ...]
) -> tuple[LostHeat, ...]:
    """Return what a dispatch put into tanks that no load takes, whether that was allowed or not.

    Parameters
    ----------
    ring, data, nodes
        See `tank_limits`.
    dispatch : xarray.Dataset
        Results, with `storage` and `carrier_con` [kWh].
    """
    inputs, found = data.inputs, []
    hours = np.asarray(inputs.variables["timestep_resolution"].values, dtype=float)
    limits = tank_limits(ring.model_copy(update={"dumping_season": None}), data, nodes)
    for tank, most in limits.items():
        level = np.nan_to_num(dispatch["storage"].sel(node=tank).values)
        taken = -np.nansum(dispatch["carrier_con"].sel(node=tank).values, axis=0)
        into = taken.reshape(-1) * _steps(data, "energy_eff", tank)
        lost = np.minimum(into, np.maximum(level - most, 0.0))
        when = lost > TOLD_KWH * 1e-3
        if lost.sum() < TOLD_KWH:
            continue
        first = str(inputs["timestep"].values[int(when.argmax())])[:16].replace("T", " ")
        found.append(LostHeat(tank, float(lost.sum()), float(hours[when].sum()), first))
    for one in found:
        logger.warning("heat made in order to be lost: %s", one)
    return tuple(found)


def _steps(data: ModelData, name: str, node: str) -> Floats:
    """Return a parameter of a node in every step, shape (T,)."""
    value = np.asarray(data.value(name, [node]), dtype=float).reshape(-1)
    series: Floats = np.broadcast_to(value, data.inputs.sizes["timestep"])
    return series


def _useful_kwh(data: ModelData, tank: str) -> Floats:
    """Return what a tank may hold for the loads that follow, and what it must hold, (T,) [kWh].

    That is the load within its storage time, the time in which it loses half of what it holds;
    twice as much, since half may be lost on the way. A cyclic run goes on where it began. To it
    comes the tank's least level, and the level with which it has to begin or to end.
    """
    hours = np.asarray(data.inputs.variables["timestep_resolution"].values, dtype=float)
    load = _load_kwh(data, tank)
    if load is None:
        return np.full(hours.size, np.inf)
    losses = np.minimum(_steps(data, "storage_loss", tank), 0.999)
    least, most = float(losses.min()), float(losses.max())
    cyclic = bool(data.config["run"].get("cyclic_storage"))
    half_h = math.inf if least <= 0.0 else -math.log(2.0) / math.log1p(-least)
    window_h = min(max(half_h, SHORTEST_H), LONGEST_H)
    efficiency = _steps(data, "energy_eff", tank)
    given = max(float(efficiency[efficiency > 0].min(initial=1.0)), 1e-3)
    reserve = 1.0 / ((1.0 - most) ** window_h * given)
    useful: Floats = _coming(load, hours, window_h, cyclic=cyclic) * reserve
    kept = (1.0 - most) ** -hours[-1] if cyclic else (1.0 - least) ** (np.cumsum(hours) - hours)
    return useful + _held_kwh(data, tank, np.broadcast_to(kept, hours.shape))


def _coming(load_kwh: Floats, hours: Floats, window_h: float, *, cyclic: bool) -> Floats:
    """Return the load in the steps that begin within a time after each step, (T,) [kWh]."""
    total_h = float(hours.sum())
    rounds = 1 + (math.ceil(window_h / total_h) if cyclic else 0)
    ends = np.cumsum(hours)
    starts = np.concatenate([ends - hours + number * total_h for number in range(rounds)])
    so_far = np.concatenate([[0.0], np.cumsum(np.tile(load_kwh, rounds))])
    last = np.searchsorted(starts, ends + window_h - 1e-9)
    coming: Floats = so_far[last] - so_far[1 : hours.size + 1]
    return coming


def _held_kwh(data: ModelData, tank: str, kept: Floats) -> Floats:
    """Return what a tank must hold whatever comes: least level, and first or last level [kWh].

    `kept` is what is left of the first level, or needed for the last, as a share of it, (T,).
    """
    size = _steps(data, "storage_cap_equals", tank)[0]
    if np.isnan(size):
        size = _steps(data, "storage_cap_max", tank)[0]
    initial = float(np.nan_to_num(data.value("storage_initial", [tank], default=False)[0]))
    share = initial * kept + np.nan_to_num(_steps(data, "storage_discharge_depth", tank))
    held: Floats = np.where(share > 0.0, share * (np.inf if np.isnan(size) else size), 0.0)
    return held


def _load_kwh(data: ModelData, tank: str) -> Floats | None:
    """Return the demand for what a tank holds, at its place [kWh]; None where more may take it.

    Whatever takes it beside demand, such as a link or another store, has needs that nobody knows
    beforehand.
    """
    inputs, known = data.inputs, data.inputs.variables
    (position,) = data.positions([tank])
    flows = known["tier_carrier"].transpose("tier", "node", "carrier").values.astype(bool)
    tiers = labels_of(inputs, "tier")
    held = flows[tiers.index("out"), position]
    takes = np.any([flows[k] for k, name in enumerate(tiers) if name.startswith("in")], axis=0)
    here = known["node_loc"].values == known["node_loc"].values[position]
    nodes, bases = labels_of(inputs, "node"), known["node_base"].values
    load = np.zeros(inputs.sizes["timestep"])
    for node in np.flatnonzero(here & (takes & held).any(axis=1)).tolist():
        if node == position:
            continue
        unit = data.value("resource_unit", [node])[0] if "resource_unit" in known else "energy"
        if bases[node] != "demand" or unit not in ("energy", ""):
            return None
        name = nodes[node]
        load = load - _steps(data, "resource", name) * _steps(data, "resource_scale", name)
    if "export_carrier" in known:
        carriers = known["carrier"].values[held]
        if np.isin(known["export_carrier"].values[here], carriers).any():
            return None
    return np.maximum(np.nan_to_num(load, neginf=0.0), 0.0)
