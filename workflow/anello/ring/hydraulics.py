"""Pressure that flowing water loses in pipes, and the head that its pump must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anello.ring.fluid import Medium
from anello.ring.loop_config import LoopConfig, PipeConfig
from anello.ring.loop_tree import pipe_flows
from anello.ring.pipe import friction_factor

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True)
class Hydraulics:
    """Pressure along the pipes of a ring.

    Attributes
    ----------
    segments : tuple of str, length S
        Pipes by name, from place to place.
    pressure_loss_kpa : ndarray, shape (S, T)
        Pressure that each loses, whichever way the water goes [kPa].
    head_m : ndarray, shape (T,)
        Head of the pump: what the critical path loses, as height of water [m].
    critical_path : tuple of str
        Pipes that the head is needed for, in the hour in which it is largest.
    """

    segments: tuple[str, ...]
    pressure_loss_kpa: Floats
    head_m: Floats
    critical_path: tuple[str, ...]


def pressure_loss_pa(pipe: PipeConfig, flow_kg_s: Floats, medium: Medium) -> Floats:
    """Return the pressure that a pipe loses, (f·L/D + ζ)·ρ·u²/2 after Darcy and Weisbach.

    Parameters
    ----------
    pipe : PipeConfig
        The pipe.
    flow_kg_s : ndarray, shape (T,)
        Flow, of either sign [kg/s].
    medium : Medium
        What flows.

    Returns
    -------
    ndarray, shape (T,)
        Loss, not negative [Pa].
    """
    diameter, density_kg_per_m3 = pipe.inner_diameter_m, medium.density_kg_per_m3
    velocity = np.abs(flow_kg_s) / (density_kg_per_m3 * np.pi * diameter**2 / 4.0)
    reynolds = density_kg_per_m3 * velocity * diameter / medium.viscosity_pa_s
    factor = friction_factor(reynolds, pipe.roughness_mm / 1000.0 / diameter)
    resistance = factor * pipe.length_m / diameter + pipe.minor_loss_factor
    pressure: Floats = resistance * density_kg_per_m3 * velocity**2 / 2.0
    return pressure


def segment_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a loop's pipes, from each substation to the next."""
    return tuple(
        f"{one} → {other}" for one, other in zip(names, [*names[1:], *names[:1]], strict=True)
    )


def loop_hydraulics(loop: LoopConfig, medium: Medium, flow_kg_s: Floats) -> Hydraulics:
    """Return the pressure along a loop; all of it is the critical path unless it has branches.

    A branch has a pump of its own, which overcomes its pipe there and back. The head is that of the
    pump with most to do, and its pipes are the critical path.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    medium : Medium
        What flows in it.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].
    """
    lost_pa = _lost_pa(loop, medium, flow_kg_s)
    names = segment_names([station.name for station in loop.substations])
    count, by_head = len(names), medium.density_kg_per_m3 * GRAVITY_M_S2
    around_m = lost_pa[:count].sum(axis=0) / by_head
    if not loop.branches:
        return Hydraulics(names, lost_pa / 1000.0, around_m, names)
    # Of a branch both pipes, as of two pipes.
    beside_pa = lost_pa[count::2] + lost_pa[count + 1 :: 2]
    heads_m = np.vstack([around_m, beside_pa / by_head])
    head_m = heads_m.max(axis=0)
    most = int(heads_m[:, int(head_m.argmax())].argmax())
    branches = tuple(f"{branch.start} → {branch.end}" for branch in loop.branches)
    path = (branches[most - 1],) if most else names
    lost = np.vstack([lost_pa[:count], beside_pa])
    return Hydraulics((*names, *branches), lost / 1000.0, head_m, path)


def _lost_pa(loop: LoopConfig, medium: Medium, flow_kg_s: Floats) -> Floats:
    """Return what each pipe of a loop loses, branches there and back, shape (n, T) [Pa]."""
    flows = pipe_flows(loop)[:, None] * flow_kg_s
    return np.array(
        [pressure_loss_pa(pipe, flow, medium) for pipe, flow in zip(loop.pipes, flows, strict=True)]
    )


def pipe_pumps_kw(loop: LoopConfig, medium: Medium, flow_kg_s: Floats) -> Floats:
    """Return the electricity that goes into each pipe of a loop, Δp·V̇/η, shape (n, T) [kW].

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    medium : Medium
        What flows in it.
    flow_kg_s : ndarray, shape (T,)
        Flow of the loop [kg/s].
    """
    pressure_kpa = _lost_pa(loop, medium, flow_kg_s) / 1000.0
    flows = pipe_flows(loop)[:, None] * np.abs(flow_kg_s)
    power: Floats = pressure_kpa * flows / medium.density_kg_per_m3 / loop.pump_efficiency
    return power


def pump_power_kw(loop: LoopConfig, medium: Medium, flow_kg_s: Floats) -> Floats:
    """Return the electricity of a loop's circulation pump, and of its branches', Δp·V̇/η.

    Parameters
    ----------
    loop : LoopConfig
        The loop.
    medium : Medium
        What flows in it.
    flow_kg_s : ndarray, shape (T,)
        Flow [kg/s].

    Returns
    -------
    ndarray, shape (T,)
        Electricity [kW].
    """
    power: Floats = pipe_pumps_kw(loop, medium, flow_kg_s).sum(axis=0)
    return power


# --- in files -------------------------------------------------------------------------------------


def hydraulic_variables(found: Hydraulics, variable: Callable[..., Any]) -> dict[str, Any]:
    """Return the variables of a ring's dataset, on the dimension `segment`.

    Parameters
    ----------
    found : Hydraulics
        What the pipes lose.
    variable : callable
        Makes a variable from dimensions, values, units and a name.
    """
    path = np.array([name in found.critical_path for name in found.segments])
    return {
        "segment": (("segment",), list(found.segments)),
        "pressure_loss_kpa": variable(
            ("segment", "timestep"), found.pressure_loss_kpa, "kPa", "pressure lost in the pipe"
        ),
        "pump_head_m": variable(
            ("timestep",), found.head_m, "m", "head of the circulation pump, in metres of water"
        ),
        "on_critical_path": variable(
            ("segment",), path.astype(np.int8), "1", "the pump's largest head is for this pipe"
        ),
    }


def hydraulic_result(dataset: xr.Dataset) -> Hydraulics | None:
    """Return what `hydraulic_variables` wrote; None without pipes."""
    if "pressure_loss_kpa" not in dataset:
        return None
    names = tuple(str(name) for name in dataset["segment"].values)
    on_path = dataset["on_critical_path"].values.astype(bool).tolist()
    return Hydraulics(
        segments=names,
        pressure_loss_kpa=dataset["pressure_loss_kpa"].values,
        head_m=dataset["pump_head_m"].values,
        critical_path=tuple(name for name, on in zip(names, on_path, strict=True) if on),
    )


def hydraulic_summary(dataset: xr.Dataset) -> Mapping[str, Any] | None:
    """Return the largest and mean pressures of a run, for its summary; None without pipes.

    Parameters
    ----------
    dataset : xarray.Dataset
        A ring's dataset.

    Returns
    -------
    mapping or None
        `max_head_m` [m], `at` (its hour), `critical_path` (names of pipes), and by pipe
        `pressure_loss_kpa`, its largest and mean [kPa].
    """
    found = hydraulic_result(dataset)
    if found is None:
        return None
    worst = int(found.head_m.argmax())
    return {
        "max_head_m": float(found.head_m[worst]),
        "at": str(dataset["timestep"].values[worst])[:16],
        "critical_path": list(found.critical_path),
        "pressure_loss_kpa": {
            name: {"max": float(lost.max()), "mean": float(lost.mean())}
            for name, lost in zip(found.segments, found.pressure_loss_kpa, strict=True)
        },
    }
