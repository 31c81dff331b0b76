"""Sheets of what a run was told: its settings, and the parameters of its model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.present.workbook.scenario_rows import Loaded, Rows
from anello.present.workbook.sheet import Sheet

_NOT_TOLD = frozenset({"tech_color", "tech_inheritance", "tech_name", "tech_base"})


def settings_sheet(loaded: Loaded) -> Sheet:
    """Return every setting of the run, of the model's options, and the checksums of the files."""
    rows = Rows(list(loaded), ["Setting"])
    for name, collected in loaded.items():
        told: dict[str, Any] = dict(collected.settings)
        told |= {f"model: {key}": value for key, value in collected.config.items()}
        told |= {f"SHA-256, {file}": digest for file, digest in collected.checksums.items()}
        for key, value in _flat(told):
            rows.add(name, (key,), value)
    return rows.sheet("settings", "mixed")


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and plain values, sorted; lists stay together, as JSON."""
    for key, value in sorted(content.items(), key=lambda item: str(item[0])):
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, (list, tuple, Mapping)):
            yield (
                f"{above}{key}",
                json.dumps(value, ensure_ascii=False, sort_keys=True, default=str),
            )
        else:
            yield f"{above}{key}", "" if value is None else value


def inputs_sheet(loaded: Loaded) -> Sheet:
    """Return every parameter of the models; of a series its mean, least and largest value."""
    labels = ["Parameter", "Location", "Technology", "For", "Unit", "Value"]
    rows = Rows(list(loaded), labels)
    for name, collected in loaded.items():
        for key, value in _parameters(collected):
            rows.add(name, key, value)
    return rows.sheet("inputs", "mixed")


Key = tuple[str, str, str, str, str, str]


def _parameters(collected: CollectedResults) -> Iterator[tuple[Key, Any]]:
    inputs = collected.inputs
    for variable in sorted(map(str, inputs.data_vars)):
        array = inputs[variable]
        if variable in _NOT_TOLD or array.dtype.kind not in "fiuUO":
            continue
        unit = str(array.attrs.get("units", ""))
        if "timestep" not in array.dims:
            yield from _told(array, unit, "value")
            continue
        for told, values in (
            ("mean of the series", array.mean("timestep")),
            ("least of the series", array.min("timestep")),
            ("largest of the series", array.max("timestep")),
        ):
            yield from _told(values.rename(variable), unit, told)


def _told(array: xr.DataArray, unit: str, what: str) -> Iterator[tuple[Key, Any]]:
    """Yield the values that there are, under the labels of their dimensions."""
    values = array.values
    known = values.astype(str) != "" if values.dtype.kind in "UO" else ~np.isnan(values)
    for place in zip(*np.nonzero(known), strict=True) if values.ndim else [()]:
        loc = tech = ""
        labels = []
        for dim, position in zip(map(str, array.dims), place, strict=True):
            if dim == "node":
                loc = str(array["node_loc"].values[position])
                tech = str(array["node_tech"].values[position])
            elif dim == "loc":
                loc = str(array["loc"].values[position])
            elif dim == "tech":
                tech = str(array["tech"].values[position])
            elif dim in array.coords:
                labels.append(str(array[dim].values[position]))
            else:
                labels.append(str(position))
        key = (str(array.name), loc, tech, ", ".join(labels), unit, what)
        yield key, values[place].item() if values.ndim else values.item()


__all__ = ["inputs_sheet", "settings_sheet"]
