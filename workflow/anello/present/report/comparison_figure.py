"""Several scenarios beside each other: one figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from anello.base.files import FilePath
from anello.present.report.appearance import BLUE, GREY, VERMILION, Appearance, carrier_kind
from anello.present.report.comparison import (
    Scenarios,
    Summaries,
    load,
    signed_percent,
    summaries_of,
)
from anello.present.report.config import FiguresConfig
from anello.present.report.figure_files import figure_style, save_figure, size_inch
from anello.present.report.total import total_cost

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
