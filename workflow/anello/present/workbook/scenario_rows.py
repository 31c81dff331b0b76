"""Sheets with a row per quantity and a column per scenario."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.cost_parts import COLUMNS, cost_parts
from anello.optimise.results.summary import weighted_energy_mwh
from anello.present.report.appearance import Appearance
from anello.present.report.comparison import scenario_table
from anello.present.report.config import FiguresConfig
from anello.present.report.sizes import ring_sizes
from anello.present.workbook.sheet import Column, Kind, Sheet

Loaded = Mapping[str, CollectedResults]
Key = tuple[str, ...]

_SIZES = {
    "energy_cap": ("Power", "kW"),
    "storage_cap": ("Storage", "kWh"),
    "resource_area": ("Area", "m²"),
    "resource_cap": ("Power of the resource", "kW"),
    "resource2_cap": ("Power of the second resource", "kW"),
    "energy_cap_net": ("Power, net", "kW"),
    "units": ("Units", "1"),
    "purchased": ("Purchased", "1"),
}
_FLOWS = {
    "carrier_prod": "made",
    "carrier_con": "used",
    "carrier_export": "exported",
    "unmet_demand": "unmet demand",
    "unused_supply": "unused supply",
}


class Rows:
    """Values by scenario under keys of several labels, in the order in which they come."""

    def __init__(self, scenarios: Sequence[str], labels: Sequence[str]) -> None:
        self._scenarios = list(scenarios)
        self._labels = list(labels)
        self._values: dict[Key, dict[Hashable, Any]] = {}

    def add(self, scenario: str, key: Key, value: Any) -> None:
        """Put a scenario's value under a key; numbers under the same key are added up."""
        row = self._values.setdefault(key, {})
        row[scenario] = row[scenario] + value if scenario in row else value

    def sheet(self, name: str, kind: Kind) -> Sheet:
        """Return a sheet with a column per label and one per scenario."""
        keys = list(self._values)
        labels = [
            Column(header, [key[place] for key in keys])
            for place, header in enumerate(self._labels)
        ]
        missing = None if kind == "mixed" else np.nan
        values = [
            Column(scenario, [self._values[key].get(scenario, missing) for key in keys], kind)
            for scenario in self._scenarios
        ]
        return Sheet(name, [*labels, *values], fixed=len(labels))


def scenarios_sheet(loaded: Loaded, config: FiguresConfig) -> Sheet:
    """Return the numbers that people ask for first, as in ``scenarios.csv``."""
    table = scenario_table(loaded, config)
    rows = Rows([str(name) for name in table.columns], ["Quantity", "Unit"])
    for label, values in table.iterrows():
        found = re.fullmatch(r"(.*) \[(.*)\]", str(label).strip())
        key = (found[1], found[2]) if found else (str(label).strip(), "1")
        for name, value in values.items():
            rows.add(str(name), key, float(value))
    return rows.sheet("scenarios", "fine")


def sizes_sheet(loaded: Loaded, config: FiguresConfig) -> Sheet:
    """Return every capacity by location, and those of the ring's plant, field and pipes."""
    rows = Rows(list(loaded), ["Location", "Technology", "Name", "Kind", "Size of", "Unit"])
    for name, collected in loaded.items():
        results = collected.results
        look = Appearance(results, collected.inputs, config)
        places = list(
            zip(
                *(results[c].values.astype(str) for c in ("node_loc", "node_tech", "node_base")),
                strict=True,
            )
        )
        for variable, (what, unit) in _SIZES.items():
            if variable not in results:
                continue
            for (loc, tech, base), value in zip(places, results[variable].values, strict=True):
                if not np.isnan(value):
                    rows.add(name, (loc, tech, look.name(tech), base, what, unit), float(value))
        for (loc, tech, base), peaks in zip(places, _monthly_peaks(results), strict=True):
            for month, value in peaks.items():
                what = f"Peak of {month}, billed"
                rows.add(name, (loc, tech, look.name(tech), base, what, "kW"), value)
        for size in ring_sizes(collected):
            for value, unit in size.measures:
                rows.add(name, ("", "", size.what, "ring", "Size", unit), float(value))
    return rows.sheet("sizes", "fine")


def _monthly_peaks(results: xr.Dataset) -> list[dict[str, float]]:
    """Return by node the power that is billed in each month, as far as any is [kW]."""
    if "peak_month" not in results:
        return [{} for _ in range(results.sizes["node"])]
    months = [str(month) for month in results["month"].values]
    return [
        dict(zip(months, map(float, peaks), strict=True)) if np.isfinite(peaks).all() else {}
        for peaks in results["peak_month"].values
    ]


def energy_sheet(loaded: Loaded, config: FiguresConfig) -> Sheet:
    """Return what every technology made and used of each carrier over the modelled time."""
    labels = ["Carrier", "What", "Location", "Technology", "Name", "Unit"]
    rows = Rows(list(loaded), labels)
    for name, collected in loaded.items():
        results = collected.results
        look = Appearance(results, collected.inputs, config)
        for variable, what in _FLOWS.items():
            if variable not in results:
                continue
            energy = abs(weighted_energy_mwh(results[variable]))
            for carrier in look.carriers():
                amounts = energy.sel(carrier=carrier)
                for place, value in zip(_places(amounts), amounts.values, strict=True):
                    if not np.isnan(value):
                        loc, tech = place
                        printed = look.name(tech) if tech else ""
                        rows.add(name, (carrier, what, loc, tech, printed, "MWh"), float(value))
    return rows.sheet("energy", "fine")


def _places(amounts: Any) -> list[tuple[str, str]]:
    if "node" in amounts.dims:
        pairs = zip(amounts["node_loc"].values, amounts["node_tech"].values, strict=True)
        return [(str(loc), str(tech)) for loc, tech in pairs]
    return [(str(loc), "") for loc in amounts["loc"].values]


def costs_sheet(loaded: Loaded, config: FiguresConfig) -> Sheet:
    """Return what every scenario's cost is made of (:func:`cost_parts`)."""
    head = ["Cost class", "Unit", "Counted", "Location", "Technology", "Name", "Part"]
    rows = Rows(list(loaded), head)
    for name, collected in loaded.items():
        look = Appearance(collected.results, collected.inputs, config)
        parts = cost_parts(collected)
        for labels, cost in zip(parts[COLUMNS[:-1]].to_numpy(str), parts["cost"], strict=True):
            cost_class, counted, loc, tech, part = map(str, labels)
            printed = look.name(tech) if tech else ""
            unit = config.unit_of(cost_class)
            rows.add(name, (cost_class, unit, counted, loc, tech, printed, part), float(cost))
    return rows.sheet("costs", "fine")


__all__ = [
    "Loaded",
    "Rows",
    "costs_sheet",
    "energy_sheet",
    "scenarios_sheet",
    "sizes_sheet",
]
