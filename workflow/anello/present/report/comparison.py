"""Several scenarios beside each other: their numbers in one table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anello.base.cells import write_table
from anello.base.files import FilePath
from anello.optimise.results.alternatives import one_by_one
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import KWH_PER_MWH, summarise
from anello.optimise.results.whole_cost import imported_kwh
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.total import Summary

Scenarios = Mapping[str, FilePath | CollectedResults]
Summaries = Mapping[str, Summary]


def load(scenarios: Scenarios) -> dict[str, CollectedResults]:
    """Read those of the scenarios that are given by the path of their results.

    Each alternative of mode `spores` is a scenario.
    """
    loaded: dict[str, CollectedResults] = {}
    for name, found in scenarios.items():
        collected = found if isinstance(found, CollectedResults) else read_results(found)
        loaded |= one_by_one(name, collected)
    return loaded


def summaries_of(scenarios: Mapping[str, CollectedResults]) -> Summaries:
    """Sum up each of some scenarios, as :func:`anello.optimise.results.summary.summarise` does."""
    return {name: summarise(collected) for name, collected in scenarios.items()}


def scenario_table(
    scenarios: Scenarios,
    config: FiguresConfig | None = None,
    summaries: Summaries | None = None,
) -> pd.DataFrame:
    """Set the numbers of several scenarios side by side.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name.
    config : FiguresConfig, optional
        Says which cost class, and what its unit is called.
    summaries : mapping of str to mapping, optional
        What :func:`summaries_of` returned, where it is known already.

    Returns
    -------
    pandas.DataFrame
        A row per quantity, with its unit in the index, and a column per scenario; NaN where a
        scenario does not have the quantity.
    """
    config = config or FiguresConfig()
    loaded = load(scenarios)
    summaries = summaries_of(loaded) if summaries is None else summaries
    columns = {
        name: _numbers(summaries[name], collected, config) for name, collected in loaded.items()
    }
    rows = list(dict.fromkeys(key for column in columns.values() for key in column))
    return pd.DataFrame(
        {name: [column.get(key, np.nan) for key in rows] for name, column in columns.items()},
        index=pd.Index(rows, name="quantity"),
        dtype=float,
    )


def signed_percent(share: float) -> str:
    """Return a relative change in words, such as ``+1.2 %``, with a true minus sign."""
    text = f"{share * 100:+.1f} %"
    return "0.0 %" if text in ("+0.0 %", "-0.0 %") else text.replace("-", "\u2212")


def _numbers(
    summary: Mapping[str, Any], collected: CollectedResults, config: FiguresConfig
) -> dict[str, float]:
    unit = config.currency
    look = Appearance(collected.results, collected.inputs, config)
    out: dict[str, float] = {}
    if summary.get("year"):
        out["Weight of the year [-]"] = summary["year"]["weights"][summary["year"]["year"]]
    if summary["cost_simulated"] is not None:
        out[f"Cost as simulated [{unit}]"] = summary["cost_simulated"]
    whole = summary["whole_cost"]
    if whole is not None:
        out[f"Whole cost [{unit}]"] = whole["total"]
        for part, value in whole["parts"].items():
            out[f"  Of which {part} [{unit}]"] = value
    cost = summary["costs"].get(config.cost_class)
    if cost is not None:
        # what the ring's plant costs is no technology's cost
        total = (summary["convergence"] or {}).get("j_lp_eur", cost["total"])
        out[f"Cost as optimised [{unit}]"] = total
        if "investment" in cost:
            out[f"  Investment and fixed [{unit}]"] = cost["investment"]
            out[f"  Operation [{unit}]"] = cost["operation"]
        if abs(total - cost["total"]) > 1e-6 * abs(total):
            out[f"  Ring plant [{unit}]"] = total - cost["total"]
    for name, of_class in summary["costs"].items():
        if name != config.cost_class:
            emitted = of_class.get("total_simulated", of_class["total"])
            out[f"{name} [{config.unit_of(name)}]"] = emitted
    if {"carrier_prod", "carrier_con"} <= set(collected.results):
        out["Electricity bought [MWh]"] = imported_kwh(collected) / KWH_PER_MWH
    made = summary["energy_mwh"].get("production", {})
    products = [tech for techs in made.values() for tech in techs]
    for carrier in look.carriers():
        for tech, energy in made.get(carrier, {}).items():
            if look.base(tech) in ("supply", "supply_plus", "conversion", "conversion_plus"):
                several = products.count(tech) > 1
                which = f" ({look.name(carrier).lower()})" if several else ""
                out[f"{look.name(tech)}{which} [MWh]"] = energy
    grid = summary["peak_kw"].get("production", {})
    for carrier in look.carriers():
        for tech, power in grid.get(carrier, {}).items():
            if look.base(tech) == "supply":
                out[f"Peak of {look.name(tech).lower()} [kW]"] = power
    for name, text in (("unmet_demand", "Unmet demand"), ("unused_supply", "Unused supply")):
        parts = summary["energy_mwh"].get(name)
        if parts is not None:
            total = sum(value for by_carrier in parts.values() for value in by_carrier.values())
            out[f"{text} [MWh]"] = abs(total)
    ring = summary["ring"]
    if ring:
        for key, text in (("min", "lowest"), ("mean", "mean"), ("max", "highest")):
            if "temperature_degc" in ring:
                out[f"Ring temperature, {text} [°C]"] = ring["temperature_degc"][key]
        for node, cop in ring.get("seasonal_cop", {}).items():
            loc, tech = node.split("::", 1)
            out[f"Seasonal COP, {look.name(tech)}, {look.name(loc)} [–]"] = cop
    if summary["convergence"]:
        out["Iterations"] = summary["convergence"]["iterations"]
    return out


def write_scenario_table(
    scenarios: Scenarios,
    path: FilePath,
    config: FiguresConfig | None = None,
    summaries: Summaries | None = None,
) -> Path:
    """Write :func:`scenario_table` as CSV in one step."""
    table = scenario_table(scenarios, config, summaries)
    table.index = pd.Index([str(label).strip() for label in table.index], name="quantity")
    write_table(table, path)
    return Path(path)
