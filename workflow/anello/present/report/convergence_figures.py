"""Figures of how the coupling converged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from anello.base.files import FilePath
from anello.optimise.results.collection import convergence_dataset
from anello.present.report.appearance import (
    BLUE,
    GREY,
    VERMILION,
    figure_style,
    save_figure,
    size_inch,
)
from anello.present.report.config import FiguresConfig
from anello.present.report.drawing import (
    LINE_STYLES,
    decades,
    has_numbers,
)

if TYPE_CHECKING:
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
    panels: list[tuple[str, str, list[tuple[str, str]], bool]] = []
    for title, unit, measures, log in (
        (
            "Change of ring temperature",
            "|ΔT| [K]",
            [("max_delta_t_k", "Largest"), ("rms_delta_t_k", "Root mean square")],
            True,
        ),
        ("Relative change of temperature", "|ΔT/T| [–]", [("mean_relative_change", "Mean")], True),
        ("COP simulated against COP used", "|ΔCOP| [–]", [("max_delta_cop", "Largest")], True),
        (
            "Cost",
            f"Cost [1000 {config.currency}]",
            [("j_lp_eur", "As optimised"), ("j_sim_eur", "As simulated")],
            False,
        ),
        ("Trust region", "Radius [K]", [("trust_region_k", "Radius")], False),
    ):
        if title.startswith("Relative") and not relative:
            continue
        present = [(name, text) for name, text in measures if has_numbers(trace, name)]
        if present:
            panels.append((title, unit, present, log))
    converged = bool(record.get("converged"))
    columns = max(1, len(panels) if len(panels) <= 3 else 2)
    rows = max(1, math.ceil(len(panels) / columns))
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=size_inch(config, 14 + 48.0 * rows)
    )
    flat = list(axes.ravel())
    for axis, (title, unit, measures, log) in zip(flat, panels, strict=False):
        spread = np.concatenate([trace[name].values for name, _ in measures])
        spread = spread[np.isfinite(spread) & (spread > 0)]
        wide = len(spread) > 0 and float(spread.max() / spread.min()) > 10
        colors = (BLUE, VERMILION)
        for (name, text), color, marker in zip(measures, colors, ("o", "s"), strict=False):
            values = trace[name].values / (1000.0 if name.endswith("_eur") else 1.0)
            known = np.isfinite(values) & ((values > 0) | (not log) | (not wide))
            sns.lineplot(
                x=iterations[known],
                y=values[known],
                ax=axis,
                color=color,
                marker=marker,
                markersize=4,
                markeredgewidth=0,
                label=text,
                legend=False,
            )
        if log and wide:
            axis.set_yscale("log")
        of_limit = title.startswith("Relative") if relative else title.startswith("Change")
        if limit is not None and of_limit:
            axis.axhline(
                float(limit), color="black", linewidth=0.8, linestyle=LINE_STYLES[1], label="Limit"
            )
        axis.set_title(title)
        axis.set_ylabel(unit)
        axis.set_xlabel("Iteration")
        every = max(1, math.ceil(len(iterations) / 9))
        axis.set_xticks(iterations[::every])
        if len(iterations):
            axis.set_xlim(iterations[0] - 0.3, iterations[-1] + 0.3)
        axis.margins(y=0.12)
        if axis.get_yscale() == "log":
            decades(axis)
        elif log:
            axis.set_ylim(0, 1.15 * axis.dataLim.y1 or 1.0)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="best", fontsize=6.5)
        sns.despine(ax=axis)
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
