"""Figures of how the coupling converged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import xarray as xr

from anello.base.files import FilePath
from anello.optimise.results.collection import convergence_dataset
from anello.present.report.appearance import BLUE, GREY, VERMILION
from anello.present.report.config import FiguresConfig
from anello.present.report.drawing import (
    LINE_STYLES,
    decades,
    has_numbers,
)
from anello.present.report.figure_files import figure_style, save_figure, size_inch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_convergence(
    record: Mapping[str, Any],
    path: FilePath | None = None,
    config: FiguresConfig | None = None,
) -> Path | Figure:
    """Draw a convergence record, of a run that has converged or of one that has not.

    Parameters
    ----------
    record : mapping
        As in ``convergence.json``.
    path : path-like, optional
        File to write, whose ending says the format; without it the figure is returned.
    config : FiguresConfig, optional
        Size and currency.

    Returns
    -------
    pathlib.Path or matplotlib.figure.Figure
        The file written, or the figure.
    """
    config = config or FiguresConfig()
    with figure_style():
        figure = convergence_figure(record, config)
        if path is None:
            return figure
        target = Path(path)
        kind = target.suffix.lstrip(".") or "svg"
        return save_figure(figure, target.with_suffix(""), [kind], config.dpi)[0]


def convergence_figure(record: Mapping[str, Any], config: FiguresConfig) -> Figure:
    """Make the figure of :func:`plot_convergence` within the style that is in force."""
    trace = convergence_dataset(record)
    iterations = trace["iteration"].values
    limit = record.get("tolerance", record.get("tolerance_k"))
    relative = record.get("criterion") == "mean_relative_change"
    panels = _panels(trace, config, relative=relative)
    converged = bool(record.get("converged"))
    columns = max(1, len(panels) if len(panels) <= 3 else 2)
    rows = max(1, math.ceil(len(panels) / columns))
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=size_inch(config, 14 + 48.0 * rows)
    )
    flat = list(axes.ravel())
    for axis, panel in zip(flat, panels, strict=False):
        of_limit = panel.title.startswith("Relative" if relative else "Change")
        _draw(axis, panel, trace, float(limit) if of_limit and limit is not None else None)
    for axis in flat[len(panels) :]:
        axis.set_axis_off()
    if not panels:
        flat[0].text(0.5, 0.5, "The record has no iteration", ha="center", color=GREY)
    count = len(iterations)
    word = "iteration" if count == 1 else "iterations"
    text = f"Converged after {count} {word}" if converged else f"Not converged after {count} {word}"
    figure.suptitle(
        text,
        x=0.01,
        ha="left",
        fontsize=9,
        color="black" if converged else VERMILION,
        fontweight="normal" if converged else "bold",
    )
    return figure


@dataclass(frozen=True)
class _Panel:
    """One diagram: its title and unit, which measures it shows and what they are called."""

    title: str
    unit: str
    measures: tuple[tuple[str, str], ...]
    log: bool


def _panels(trace: xr.Dataset, config: FiguresConfig, *, relative: bool) -> list[_Panel]:
    """Return the diagrams for which there are numbers; the relative change where it decides."""
    money = f"Cost [1000 {config.currency}]"
    changes = (("max_delta_t_k", "Largest"), ("rms_delta_t_k", "Root mean square"))
    costs = (("j_lp_eur", "As optimised"), ("j_sim_eur", "As simulated"))
    every = [
        _Panel("Change of ring temperature", "|ΔT| [K]", changes, True),
        _Panel(
            "Relative change of temperature",
            "|ΔT/T| [–]",
            (("mean_relative_change", "Mean"),) if relative else (),
            True,
        ),
        _Panel(
            "COP simulated against COP used", "|ΔCOP| [–]", (("max_delta_cop", "Largest"),), True
        ),
        _Panel("Cost", money, costs, False),
        _Panel("Trust region", "Radius [K]", (("trust_region_k", "Radius"),), False),
    ]
    known = [
        replace(one, measures=tuple(m for m in one.measures if has_numbers(trace, m[0])))
        for one in every
    ]
    return [one for one in known if one.measures]


def _draw(axis: Axes, panel: _Panel, trace: xr.Dataset, limit: float | None) -> None:
    """Draw one diagram, with the limit of its measure where that ends the loop."""
    iterations = trace["iteration"].values
    spread = np.concatenate([trace[name].values for name, _ in panel.measures])
    spread = spread[np.isfinite(spread) & (spread > 0)]
    wide = len(spread) > 0 and float(spread.max() / spread.min()) > 10
    colors = (BLUE, VERMILION)
    for (name, text), color, marker in zip(panel.measures, colors, ("o", "s"), strict=False):
        values = trace[name].values / (1000.0 if name.endswith("_eur") else 1.0)
        known = np.isfinite(values) & ((values > 0) | (not panel.log) | (not wide))
        axis.plot(
            iterations[known],
            values[known],
            color=color,
            marker=marker,
            markersize=4,
            markeredgewidth=0,
            label=text,
        )
    if panel.log and wide:
        axis.set_yscale("log")
    if limit is not None:
        axis.axhline(limit, color="black", linewidth=0.8, linestyle=LINE_STYLES[1], label="Limit")
    axis.set_title(panel.title, y=1.0)  # else its place is sought five times
    axis.set_ylabel(panel.unit)
    axis.set_xlabel("Iteration")
    every = max(1, math.ceil(len(iterations) / 9))
    axis.set_xticks(iterations[::every])
    if len(iterations):
        axis.set_xlim(iterations[0] - 0.3, iterations[-1] + 0.3)
    axis.margins(y=0.12)
    if axis.get_yscale() == "log":
        decades(axis)
    elif panel.log:
        axis.set_ylim(0, 1.15 * axis.dataLim.y1 or 1.0)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="best", fontsize=6.5)
    sns.despine(ax=axis)
