"""Nodes, values and series, put together as one dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.model.definition.node_values import NodeValues, Value, as_number
from anello.model.definition.places import Places
from anello.model.definition.technologies import Technology
from anello.model.schema.parameters import TIERS, parameter
from anello.model.schema.report import Report
from anello.model.timeseries import Reference

Series = Mapping[Reference, np.ndarray]
Content = dict[str, tuple[str | tuple[str, ...], np.ndarray, dict[str, Any]]]


def names_of(techs: Mapping[str, Technology], nodes: list[NodeValues]) -> dict[str, list[str]]:
    """Return the names of all carriers (``carrier``) and cost classes (``cost``) of a model."""
    carriers = (c for t in techs.values() for names in t.carriers.values() for c in names)
    classes = (c for n in nodes for c, name in n.costs if name != "interest_rate")
    return {"carrier": list(dict.fromkeys(carriers)), "cost": list(dict.fromkeys(classes))}


def build_dataset(
    places: Places,
    techs: Mapping[str, Technology],
    nodes: list[NodeValues],
    index: pd.DatetimeIndex,
    hours: np.ndarray,
    series: Series,
    report: Report,
) -> xr.Dataset:
    """Return the dataset of a model.

    Parameters
    ----------
    places : Places
        Locations.
    techs : mapping of str to Technology
        All that exist.
    nodes : list of NodeValues
        What each node defines.
    index : pandas.DatetimeIndex
        Time steps.
    hours : numpy.ndarray
        Their length, shape (T,) [h].
    series : mapping of Reference to numpy.ndarray
        Series that were read, shape (T,) each.
    report : Report
        Receives faults.
    """
    used = {n.node.tech.name for n in nodes}
    names = names_of(techs, nodes)
    carriers, classes = names["carrier"], names["cost"]
    # Made at once: each variable that a data set is given on its own takes a millisecond.
    content: Content = {}
    _add_lengths(content, nodes)
    _add_time(content, hours)
    _add_locations(content, places, report)
    _add_technologies(content, techs, report)
    _add_carriers(content, nodes, carriers, len(index), series)
    builder = _Columns(len(nodes), len(index), series)
    for row, entry in enumerate(nodes):
        for name, value in entry.numbers.items():
            builder.put(name, row, value, entry.factors.get(name, 1.0))
    for name, values in builder.arrays():
        dims = ("node", "timestep") if values.ndim == 2 else ("node",)
        content[name] = (dims, values, _attributes(name))
    _add_costs(content, nodes, classes, len(index), series)
    assert used <= set(techs)
    coords = {
        "node": _labels(n.node.label for n in nodes),
        "timestep": index.to_numpy(),
        "loc": _labels(places.locations),
        "tech": _labels(techs),
        "carrier": _labels(carriers),
        "cost": _labels(classes),
        "tier": _labels(TIERS),
        "node_loc": ("node", _labels(n.node.location for n in nodes)),
        "node_tech": ("node", _labels(n.node.label.split("::", 1)[1] for n in nodes)),
        "node_base": ("node", _labels(n.node.tech.base for n in nodes)),
        "node_remote": ("node", _labels(n.node.partner for n in nodes)),
    }
    return xr.Dataset(coords=coords).assign(content)


def _labels(names: Iterable[str]) -> np.ndarray:
    return np.array(list(names), dtype=np.str_)


def _attributes(variable: str) -> dict[str, Any]:
    entry = parameter(variable)
    if entry is None:
        return {"units": "", "long_name": variable, "default": np.nan}
    default = entry.default if isinstance(entry.default, str) else entry.default_number
    return {"units": entry.unit, "long_name": entry.long_name, "default": default}


def _add_lengths(content: Content, nodes: list[NodeValues]) -> None:
    lengths = [np.nan if n.node.distance is None else n.node.distance for n in nodes]
    content["distance"] = (
        "node",
        np.array(lengths, dtype=np.float64),
        {"units": "m", "long_name": "Length of the link", "default": np.nan},
    )


def _add_time(content: Content, hours: np.ndarray) -> None:
    content["timestep_resolution"] = (
        "timestep",
        hours,
        {"units": "h", "long_name": "Length of the time step"},
    )
    content["timestep_weight"] = (
        "timestep",
        np.ones(len(hours)),
        {"units": "1", "long_name": "How many such steps it stands for"},
    )


def _add_locations(content: Content, places: Places, report: Report) -> None:
    units = {"lat": "degrees_north", "lon": "degrees_east"}
    for axis, name in enumerate(places.system):
        values = [places.coordinates.get(loc, (np.nan, np.nan))[axis] for loc in places.locations]
        attributes = {"units": units.get(name, ""), "long_name": f"Coordinate {name}"}
        content[f"loc_{name}"] = ("loc", np.array(values, dtype=np.float64), attributes)
    areas = np.full(len(places.locations), np.nan)
    for row, (name, config) in enumerate(places.locations.items()):
        raw = config.get("available_area")
        if raw is None:
            continue
        area = None if isinstance(raw, bool) else as_number(raw)
        if area is None or not area >= 0:
            report.error(
                "must be a number of at least 0",
                key=f"locations.{name}.available_area",
                mark=config.mark("available_area"),
                value=raw,
            )
            continue
        areas[row] = area
    content["loc_available_area"] = (
        "loc",
        areas,
        {"units": "m2", "long_name": "Area for all technologies", "default": np.inf},
    )


def _add_technologies(content: Content, techs: Mapping[str, Technology], report: Report) -> None:
    def attach(name: str, long_name: str, of: Callable[[Technology], str]) -> None:
        values = _labels(of(t) for t in techs.values())
        content[f"tech_{name}"] = ("tech", values, {"units": "", "long_name": long_name})

    attach("name", "Name for people", lambda t: str(t.essentials.get("name") or t.name))
    attach("color", "Colour in figures", lambda t: str(t.essentials["color"]))
    attach("base", "Base technology", lambda t: t.base)
    attach("inheritance", "Parents, nearest first", lambda t: ".".join(t.inheritance))
    names = dict.fromkeys(k for t in techs.values() for k in t.systemwide)
    for name in names:
        values = np.full(len(techs), np.nan)
        entry = parameter(name)
        for row, tech in enumerate(techs.values()):
            raw = tech.systemwide.get(name)
            if raw is None:
                continue
            path, mark = f"techs.{tech.name}.constraints.{name}", tech.systemwide.mark(name)
            if entry is None:
                report.unknown(
                    "unknown constraint", name, tech.allowed_constraints, key=path, mark=mark
                )
                continue
            if tech.base not in entry.bases and name not in tech.allowed_constraints:
                report.error(f"a {tech.base} technology may not define this", key=path, mark=mark)
                continue
            number = None if isinstance(raw, bool) else as_number(raw)
            if number is None or not number >= 0:
                report.error("must be a number of at least 0", key=path, mark=mark, value=raw)
                continue
            values[row] = number
        if entry is not None:
            content[f"tech_{name}"] = ("tech", values, _attributes(name))


def _add_carriers(
    content: Content, nodes: list[NodeValues], carriers: list[str], steps: int, series: Series
) -> None:
    position = {c: i for i, c in enumerate(carriers)}
    shape = (len(nodes), len(TIERS), len(carriers))
    present = np.zeros(shape, dtype=bool)
    varies = any(isinstance(v, Reference) for n in nodes for v in n.ratios.values())
    ratios = np.full((*shape, steps) if varies else shape, np.nan)
    for row, entry in enumerate(nodes):
        for tier, names in entry.node.tech.carriers.items():
            for name in names:
                spot = (row, TIERS.index(tier), position[name])
                present[spot] = True
                value = entry.ratios.get((tier, name), 1.0)
                ratios[spot] = series.get(value, np.nan) if isinstance(value, Reference) else value
    dims = ("node", "tier", "carrier")
    content["tier_carrier"] = (
        dims,
        present,
        {"units": "", "long_name": "Whether the node takes or gives the carrier in the tier"},
    )
    content["carrier_ratios"] = (
        (*dims, "timestep") if varies else dims,
        ratios,
        _attributes("carrier_ratios"),
    )

    def attach(name: str, long_name: str, of: Callable[[NodeValues], str]) -> None:
        values = _labels(of(n) for n in nodes)
        content[name] = ("node", values, {"units": "", "long_name": long_name, "default": ""})

    attach("primary_carrier_in", "Primary carrier taken", lambda n: n.node.tech.primary_in)
    attach("primary_carrier_out", "Primary carrier given", lambda n: n.node.tech.primary_out)
    attach("export_carrier", "Exported carrier", lambda n: n.texts.get("export_carrier", ""))
    attach("resource_unit", "Unit of the resource", lambda n: n.texts.get("resource_unit", ""))


class _Columns:
    """Arrays over nodes that gain a time axis when the first series arrives."""

    def __init__(self, count: int, steps: int, series: Series) -> None:
        self.count, self.steps, self.series = count, steps, series
        self.static: dict[str, np.ndarray] = {}
        self.varying: dict[str, dict[int, np.ndarray]] = {}

    def put(self, name: str, row: int, value: Value, factor: float = 1.0) -> None:
        if name not in self.static:
            self.static[name] = np.full(self.count, np.nan)
        if not isinstance(value, Reference):
            self.static[name][row] = value
        elif value in self.series:
            values = self.series[value]
            self.varying.setdefault(name, {})[row] = values if factor == 1 else values * factor

    def arrays(self) -> Iterable[tuple[str, np.ndarray]]:
        for name in sorted(self.static):
            if name not in self.varying:
                yield name, self.static[name]
                continue
            full = np.repeat(self.static[name][:, None], self.steps, axis=1)
            for row, values in self.varying[name].items():
                full[row] = values
            yield name, full


def _add_costs(
    content: Content, nodes: list[NodeValues], classes: list[str], steps: int, series: Series
) -> None:
    columns = {c: _Columns(len(nodes), steps, series) for c in classes}
    for row, entry in enumerate(nodes):
        for (cost_class, name), value in entry.costs.items():
            if cost_class in columns:
                columns[cost_class].put(name, row, value)
    found = {c: dict(columns[c].arrays()) for c in classes}
    for name in sorted({n for arrays in found.values() for n in arrays}):
        parts = [found[c].get(name, np.full(len(nodes), np.nan)) for c in classes]
        varies = any(p.ndim == 2 for p in parts)
        if varies:
            parts = [p if p.ndim == 2 else np.repeat(p[:, None], steps, axis=1) for p in parts]
        dims = ("cost", "node", "timestep") if varies else ("cost", "node")
        content[f"cost_{name}"] = (dims, np.stack(parts), _attributes(f"cost_{name}"))
