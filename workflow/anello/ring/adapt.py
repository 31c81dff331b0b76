"""Bridges between labelled datasets and the ring's plain arrays."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import labels_of, values_of
from anello.errors import ArtefactError, InputError, Problem
from anello.ring.borefield.adapt import field_result, field_variables
from anello.ring.config import RingConfig
from anello.ring.doublet import doublet_result, doublet_variables
from anello.ring.exchange import Audit, RingInput, RingResult
from anello.ring.hydraulics import hydraulic_result, hydraulic_variables
from anello.ring.loop_config import ScheduledFlow
from anello.ring.second_law import SecondLawAudit

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


def ring_nodes(config: RingConfig, nodes: list[str]) -> tuple[str, ...]:
    """Return those of these `location::technology` labels that are the ring's heat pumps.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : list of str
        Every node of the model.

    Returns
    -------
    tuple of str
        The heat pumps, in the model's order.

    Raises
    ------
    InputError
        If a configured heat pump matches no node.
    """
    found = tuple(node for node in nodes if config.heat_pump(node) is not None)
    known = set(found) | {node.partition("::")[2] for node in found}
    missing = [key for key in config.heat_pumps if key not in known]
    if missing:
        raise InputError(
            [
                Problem("no node of the model is this heat pump", key=f"ring.heat_pumps.{key}")
                for key in missing
            ]
        )
    return found


def read_flow(path: Path, times: NDArray[np.datetime64]) -> Floats:
    """Read a scheduled flow.

    Parameters
    ----------
    path : Path
        CSV file: header, then a time and a flow [kg/s] in each row.
    times : ndarray of datetime64, shape (T,)
        Time steps of the dispatch; the file may hold more.

    Returns
    -------
    ndarray, shape (T,)
        Flow [kg/s].

    Raises
    ------
    InputError
        If the file is missing or faulty, or lacks a time step.
    """
    if not path.is_file():
        raise InputError(Problem("no such flow schedule", file=str(path)))
    found: dict[np.datetime64, float] = {}
    problems = []
    with path.open(newline="", encoding="utf-8") as handle:
        rows = csv.reader(handle)
        next(rows, None)
        for line, row in enumerate(rows, start=2):
            if not row:
                continue
            try:
                time, flow = np.datetime64(row[0].strip(), "ns"), float(row[1])
            except (ValueError, IndexError) as fault:
                problems.append(Problem(f"no time and flow: {fault}", file=str(path), line=line))
                continue
            if time in found:
                problems.append(Problem("time given twice", file=str(path), line=line))
            if not math.isfinite(flow):
                problems.append(Problem("flow is not a number", file=str(path), line=line))
            found[time] = flow
    missing = [time for time in times if time not in found]
    if missing:
        problems.append(
            Problem(f"{len(missing)} time steps are missing, first {missing[0]}", file=str(path))
        )
    if problems:
        raise InputError(problems)
    return np.array([found[time] for time in times])


def ring_input(
    config: RingConfig,
    dispatch: xr.Dataset,
    cop: Mapping[str, Floats],
    *,
    storage_start_kwh: Mapping[str, float] | None = None,
    outdoor_degc: Floats | None = None,
    wet_bulb_degc: Floats | None = None,
    series: Mapping[str, Floats] | None = None,
) -> RingInput:
    """Take from a dispatch what the ring needs.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    dispatch : xarray.Dataset
        Results with `carrier_prod(node, carrier, timestep)` [kWh per step], `storage(node,
        timestep)` [kWh], and if present `timestep_resolution(timestep)` [h].
    cop : mapping of str to ndarray, shape (T,)
        COP the dispatch was computed with, by heat pump [-].
    storage_start_kwh : mapping of str to float, optional
        Level of each store before the first step, by node; 0 where absent [kWh].
    outdoor_degc, wet_bulb_degc : ndarray, shape (T,), optional
        See `RingInput`.
    series : mapping of str to ndarray, shape (T,), optional
        Series that the plant's sources name.

    Returns
    -------
    RingInput
        Plain arrays.

    Raises
    ------
    InputError
        If a heat pump, its store or its COP is missing, or a scheduled flow cannot be read.
    """
    labels = labels_of(dispatch, "node")
    position = {label: i for i, label in enumerate(labels)}
    nodes = ring_nodes(config, labels)
    times = dispatch["timestep"].values.astype("datetime64[ns]")
    step_h = _step_h(dispatch, times)
    produced = np.nansum(
        values_of(dispatch, "carrier_prod", ("node", "carrier", "timestep")), axis=1
    )
    has_stores = "storage" in dispatch
    storage = values_of(dispatch, "storage", ("node", "timestep")) if has_stores else None
    if has_stores and dispatch["storage"].sizes["node"] != len(labels):
        raise InputError(Problem("`storage` and `carrier_prod` differ in their nodes"))

    levels = np.full((len(nodes), times.size), np.nan)
    starts = np.zeros(len(nodes))
    sizes = np.full(len(nodes), np.nan)
    problems = []
    for row, node in enumerate(nodes):
        if node not in cop:
            problems.append(Problem("no COP series for this heat pump", key=node))
        store = config.store_of(node)
        if store is None:
            continue
        if storage is None or store not in position:
            problems.append(
                Problem(
                    f"the dispatch has no store `{store}`, whose temperature this follows", key=node
                )
            )
            continue
        levels[row] = storage[position[store]]
        starts[row] = (storage_start_kwh or {}).get(store, 0.0)
        if "storage_cap" in dispatch:
            sizes[row] = values_of(dispatch, "storage_cap", ("node",))[position[store]]
    if problems:
        raise InputError(problems)
    rows = [position[node] for node in nodes]
    capacity_kw = None
    if "energy_cap" in dispatch:
        capacity_kw = values_of(dispatch, "energy_cap", ("node",))[rows].astype(float)
    return RingInput(
        nodes=nodes,
        times=times,
        step_h=step_h,
        # Solvers leave outputs of −1e-12; they are zeros.
        q_kw=np.maximum(produced[rows], 0.0) / step_h,
        cop_dispatch=np.array([cop[node] for node in nodes], dtype=float).reshape(
            len(nodes), times.size
        ),
        storage_kwh=levels,
        storage_start_kwh=starts,
        capacity_kw=capacity_kw,
        storage_cap_kwh=sizes,
        outdoor_degc=outdoor_degc,
        wet_bulb_degc=wet_bulb_degc,
        flow_kg_s=_scheduled_kg_s(config, times),
        series=series or {},
    )


def _step_h(dispatch: xr.Dataset, times: NDArray[np.datetime64]) -> Floats:
    """Return the length of the time steps, shape (T,) [h]; by default from one to the next."""
    if "timestep_resolution" in dispatch:
        given_h: Floats = dispatch["timestep_resolution"].values.astype(float)
        return given_h
    gaps = np.diff(times) / np.timedelta64(3600, "s")
    last = gaps[-1:] if gaps.size else np.ones(1)
    return np.concatenate([gaps, last])


def _scheduled_kg_s(config: RingConfig, times: NDArray[np.datetime64]) -> Floats | None:
    """Return the flow of a loop that follows a file, shape (T,) [kg/s]; None of all other rings."""
    if config.model != "loop" or config.loop is None:
        return None
    flow = config.loop.flow
    if not isinstance(flow, ScheduledFlow) or flow.file is None:
        return None
    return read_flow(Path(flow.file), times)


_BY_DEVICE = {
    "q_bal_kw": ("kW", "heat of the balancing plant into the ring"),
    "p_bal_kw": ("kW", "electricity of the balancing plant"),
    "e_bal": ("1", "electricity of the balancing plant per heat"),
    "de_bal_dring": ("K-1", "its derivative to the temperature of the passing water"),
}
_BY_STEP = {
    "loss_kw": ("kW", "heat lost to the ground"),
    "pump_kw": ("kW", "electricity of the circulation pump"),
    "pump_heat_kw": ("kW", "pump electricity that warms the water"),
    "reset_kwh": ("kWh", "energy of resets, free of charge"),
    "held_kw": ("kW", "heat that holds the ring constant, free of charge"),
}
_BY_PUMP = {
    "source_degc": ("degC", "water at the heat pump: mixed, at the step's start; loop, its mean"),
    "use_degc": ("degC", "use temperature, start of step"),
    "cop": ("1", "simulated coefficient of performance"),
    "dcop_dring": ("K-1", "derivative of COP with respect to ring temperature"),
    "dcop_duse": ("K-1", "derivative of COP with respect to use temperature"),
    "cop_dispatch": ("1", "coefficient of performance the dispatch used"),
    "q_kw": ("kW", "thermal output"),
    "p_kw": ("kW", "electricity needed at the simulated COP, and while standing"),
    "q_ring_kw": ("kW", "heat into the ring"),
    "free_kw": ("kW", "thermal output by free cooling, without a compressor"),
    "capacity_factor": ("1", "thermal capacity relative to nominal"),
}


def ring_dataset(result: RingResult) -> xr.Dataset:
    """Return a ring result as a labelled dataset.

    Parameters
    ----------
    result : RingResult
        The simulation.

    Returns
    -------
    xarray.Dataset
        Dimensions `node` (heat pumps), `timestep`, `state` (T + 1 instants), `device`, and for a
        loop `substation` and `segment`; every variable with `units` and `long_name`.
    """
    import xarray as xr

    def variable(dims: tuple[str, ...], values: Any, units: str, name: str) -> Any:
        return (dims, values, {"units": units, "long_name": name})

    devices = list(result.q_bal_kw)
    ends = result.times + (result.step_h * 3.6e12).astype("timedelta64[ns]")
    data: dict[str, Any] = {
        "temperature_degc": variable(
            ("state",), result.temperature_degc, "degC", "mean ring temperature"
        ),
        "step_h": variable(("timestep",), result.step_h, "h", "length of the time step"),
    }
    for name, (units, long_name) in _BY_DEVICE.items():
        values = np.array([getattr(result, name)[device] for device in devices])
        data[name] = variable(("device", "timestep"), values, units, long_name)
    data |= {
        "clipped_steps": variable(
            ("node",),
            np.array([result.clipped[n] for n in result.nodes], dtype=np.int64),
            "1",
            "running steps evaluated at the edge of the COP range",
        ),
        "over_capacity_steps": variable(
            ("node",),
            np.array([result.over_capacity[n] for n in result.nodes], dtype=np.int64),
            "1",
            "steps beyond the temperature-dependent capacity",
        ),
    }
    for name, (units, long_name) in _BY_STEP.items():
        data[name] = variable(("timestep",), getattr(result, name), units, long_name)
    for name, (units, long_name) in _BY_PUMP.items():
        data[name] = variable(("node", "timestep"), getattr(result, name), units, long_name)
    data |= _of_some_rings(result, variable)
    return xr.Dataset(
        data,
        coords={
            "node": list(result.nodes),
            "timestep": result.times,
            "state": np.concatenate([result.times, ends[-1:]]),
            "device": devices,
        },
        attrs={
            "bounds_degc": list(result.bounds_degc),
            "capacity_kwh_per_k": result.capacity_kwh_per_k,
            "shortfall_kwh": result.shortfall_kwh,
            "resets_low": result.resets_low,
            "resets_high": result.resets_high,
            "second_law": json.dumps(asdict(result.second_law), sort_keys=True),
            "audit": json.dumps(
                {
                    "terms_kwh": dict(result.audit.terms_kwh),
                    "residual_kwh": result.audit.residual_kwh,
                    "throughput_kwh": result.audit.throughput_kwh,
                    "worst_step_kwh": result.audit.worst_step_kwh,
                },
                sort_keys=True,
            ),
        },
    )


def _of_some_rings(result: RingResult, variable: Callable[..., Any]) -> dict[str, Any]:
    """Return the variables that only some rings have: of places, pipes, ground and wells."""
    data: dict[str, Any] = {}
    if result.node_degc is not None:
        data["node_degc"] = variable(
            ("state", "substation"), result.node_degc, "degC", "water at the substation"
        )
    if result.place_names is not None:
        data["substation"] = (("substation",), list(result.place_names))
    if result.branch_kg_s is not None:
        data["branch_kg_s"] = variable(
            ("segment", "timestep"), result.branch_kg_s, "kg s-1", "flow in the branch's warm line"
        )
    if result.flow_kg_s is not None:
        data["flow_kg_s"] = variable(("timestep",), result.flow_kg_s, "kg s-1", "flow")
    if result.plant_degc is not None:
        data["plant_degc"] = variable(
            ("timestep",), result.plant_degc, "degC", "water that comes to the plant"
        )
    if result.field is not None:
        data |= field_variables(result.field, variable)
    if result.doublet is not None:
        data |= doublet_variables(result.doublet, variable)
    if result.hydraulics is not None:
        data |= hydraulic_variables(result.hydraulics, variable)
    return data


def ring_result(dataset: xr.Dataset) -> RingResult:
    """Return the ring result that `ring_dataset` wrote.

    Parameters
    ----------
    dataset : xarray.Dataset
        The labelled dataset, loaded.

    Returns
    -------
    RingResult
        Equal to the one written.

    Raises
    ------
    ArtefactError
        If something is missing.
    """
    try:
        nodes = tuple(str(node) for node in dataset["node"].values)
        low, high = (float(value) for value in dataset.attrs["bounds_degc"])
        devices = [str(d) for d in dataset["device"].values]
        arrays = {name: dataset[name].values for name in (*_BY_STEP, *_BY_PUMP)}
        return RingResult(
            nodes=nodes,
            times=dataset["timestep"].values,
            step_h=dataset["step_h"].values,
            temperature_degc=dataset["temperature_degc"].values,
            q_bal_kw=dict(zip(devices, dataset["q_bal_kw"].values, strict=True)),
            p_bal_kw=dict(zip(devices, dataset["p_bal_kw"].values, strict=True)),
            e_bal=dict(zip(devices, dataset["e_bal"].values, strict=True)),
            de_bal_dring=dict(zip(devices, dataset["de_bal_dring"].values, strict=True)),
            clipped=dict(zip(nodes, dataset["clipped_steps"].values.tolist(), strict=True)),
            over_capacity=dict(
                zip(nodes, dataset["over_capacity_steps"].values.tolist(), strict=True)
            ),
            shortfall_kwh=float(dataset.attrs["shortfall_kwh"]),
            audit=Audit(**json.loads(dataset.attrs["audit"])),
            second_law=SecondLawAudit(**json.loads(dataset.attrs["second_law"])),
            bounds_degc=(low, high),
            capacity_kwh_per_k=float(dataset.attrs["capacity_kwh_per_k"]),
            node_degc=dataset["node_degc"].values if "node_degc" in dataset else None,
            place_names=place_names(dataset),
            branch_kg_s=dataset["branch_kg_s"].values if "branch_kg_s" in dataset else None,
            flow_kg_s=dataset["flow_kg_s"].values if "flow_kg_s" in dataset else None,
            plant_degc=dataset["plant_degc"].values if "plant_degc" in dataset else None,
            field=field_result(dataset),
            doublet=doublet_result(dataset),
            hydraulics=hydraulic_result(dataset),
            **arrays,
        )
    except KeyError as missing:
        raise ArtefactError(f"the ring's dataset lacks {missing}") from missing


def place_names(dataset: xr.Dataset) -> tuple[str, ...] | None:
    """Return the names of the places that `node_degc` is of; None for a well-mixed ring."""
    if "substation" not in dataset.coords:
        return None
    return tuple(str(name) for name in dataset["substation"].values)
