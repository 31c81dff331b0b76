"""Several scenarios beside each other: one table, one figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from anello.base.cells import write_table
from anello.base.files import FilePath
from anello.optimise.results.alternatives import one_by_one
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import KWH_PER_MWH, summarise
from anello.optimise.results.whole_cost import imported_kwh
from anello.present.report.appearance import (
    BLUE,
    GREY,
    VERMILION,
    Appearance,
    carrier_kind,
    figure_style,
    save_figure,
    size_inch,
)
from anello.present.report.config import FiguresConfig
from anello.present.report.total import Summary, total_cost

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def draw_comparison(
    scenarios: Scenarios,
    folder: FilePath,
    config: FiguresConfig | None = None,
    summaries: Summaries | None = None,
) -> list[Path]:
    """Draw the scenarios beside each other, as ``scenario_comparison``.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name, in the order in which to show them.
    folder : path-like
        Where the figure goes.
    config : FiguresConfig, optional
        Formats, size, names and colours.
    summaries : mapping of str to mapping, optional
        What :func:`summaries_of` returned, where it is known already.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    config = config or FiguresConfig()
    with figure_style():
        figure = plot_comparison(scenarios, config, summaries)
        stem = Path(folder) / "scenario_comparison"
        return save_figure(figure, stem, config.formats, config.dpi)


def plot_comparison(
    scenarios: Scenarios, config: FiguresConfig, summaries: Summaries | None = None
) -> Figure:
    """Draw cost, electricity and ring temperature of each scenario as horizontal bars."""
    loaded = load(scenarios)
    names = list(loaded)
    summaries = summaries_of(loaded) if summaries is None else summaries
    looks = {n: Appearance(c.results, c.inputs, config) for n, c in loaded.items()}
    figure, axes = plt.subplots(
        1, 3, sharey=True, figsize=size_inch(config, 34 + 9.0 * len(names)), squeeze=False
    )
    cost, energy, ring = axes[0]
    y = np.arange(len(names))
    _cost_bars(cost, y, names, summaries, config)
    _energy_bars(energy, y, names, summaries, looks)
    _ring_ranges(ring, y, names, summaries)
    cost.set_yticks(y, names)
    cost.invert_yaxis()
    for axis in (cost, energy, ring):
        axis.grid(visible=False, axis="y")
        sns.despine(ax=axis)
    handles = [h for axis in (energy, ring) for h in axis.get_legend_handles_labels()[0]]
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(len(handles), 5),
            handlelength=1.3,
        )
    figure.suptitle("Scenarios compared", x=0.01, ha="left", fontsize=9)
    return figure


def _cost_bars(
    axis: Any, y: Any, names: list[str], summaries: Mapping[str, Any], config: FiguresConfig
) -> None:
    totals = [(total_cost(summaries[name], config) or 0.0) / 1000.0 for name in names]
    axis.barh(y, totals, height=0.6, color=BLUE)
    span = max(max(totals, default=1.0), 1e-9)
    for position, total in zip(y, totals, strict=True):
        text = f"{total:,.0f}"
        if position and totals[0]:
            text += f" ({signed_percent(total / totals[0] - 1.0)})"
        axis.text(0.02 * span, position, text, va="center", ha="left", color="white", fontsize=6.5)
    simulated = any(summaries[name]["cost_simulated"] is not None for name in names)
    axis.set_title("Cost" + (" as simulated" if simulated else ""))
    axis.set_xlabel(f"Cost [1000 {config.currency}]")


def _energy_bars(
    axis: Any,
    y: Any,
    names: list[str],
    summaries: Mapping[str, Any],
    looks: Mapping[str, Appearance],
) -> None:
    bands: dict[str, tuple[str, Any]] = {}
    for row, name in enumerate(names):
        look = looks[name]
        made = summaries[name]["energy_mwh"].get("production", {})
        for carrier, techs in made.items():
            if carrier_kind(carrier) != "electricity":
                continue
            for tech, value in techs.items():
                if look.base(tech) in ("supply", "supply_plus"):
                    band = bands.setdefault(look.name(tech), (look.color(tech), np.zeros(len(y))))
                    band[1][row] += value
    left = np.zeros(len(y))
    for label, (color, values) in sorted(bands.items(), key=lambda item: -item[1][1].sum()):
        axis.barh(y, values, left=left, height=0.6, color=color, label=label)
        left = left + values
    axis.set_title("Electricity from")
    axis.set_xlabel("Energy [MWh]")


def _ring_ranges(axis: Any, y: Any, names: list[str], summaries: Mapping[str, Any]) -> None:
    for position, name in zip(y, names, strict=True):
        ring = summaries[name]["ring"] or {}
        found = ring.get("temperature_degc")
        if found is None:
            axis.text(0.5, position, "no ring", color=GREY, va="center")
            continue
        axis.plot(
            [found["min"], found["max"]],
            [position, position],
            color=GREY,
            linewidth=4,
            solid_capstyle="butt",
            label="Lowest to highest" if position == 0 else None,
        )
        axis.plot(
            found["mean"],
            position,
            marker="D",
            markersize=4,
            linestyle="none",
            color=VERMILION,
            label="Mean" if position == 0 else None,
        )
    axis.set_title("Ring temperature")
    axis.set_xlabel("Temperature [°C]")
    axis.margins(x=0.15)
