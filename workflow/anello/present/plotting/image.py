"""Plots as images, drawn with matplotlib.

Plotly makes images in a browser, which a cluster does not have. matplotlib is here anyway, and its
files are the same bytes for the same results. It draws what this package's charts consist of:
stacked steps, lines, bars, points and names.
"""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from anello.base.files import atomic_path
from anello.present.plotting.chart import Chart, Trace
from anello.present.report.figure_files import figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 150
_PX_PER_INCH = 96
_DASHES = {
    "solid": "-",
    "dash": "--",
    "dot": ":",
    "dashdot": "-.",
    "longdash": (0, (9, 3)),
}


def write_image(chart: Chart, path: Path) -> None:
    """Draw a chart of one view into a file whose ending says the format.

    Parameters
    ----------
    chart : Chart
        With one view.
    path : pathlib.Path
        ``.svg``, ``.pdf``, ``.png``, ``.jpeg``, ``.jpg`` or ``.webp``.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kind = path.suffix.lstrip(".").lower()
    layout = chart.layout
    size = (layout.get("width", 1100) / _PX_PER_INCH, layout.get("height", 560) / _PX_PER_INCH)
    with figure_style():
        # larger than in the figures of a paper, since these fill a screen
        mpl.rcParams.update(
            {
                "font.size": 10,
                "axes.labelsize": 10,
                "axes.titlesize": 12,
                "xtick.labelsize": 9.5,
                "ytick.labelsize": 9.5,
                "legend.fontsize": 10,
            }
        )
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _draw(axes, chart)
        metadata: dict[str, dict[str, Any]] = {
            "svg": {"Date": None, "Creator": "anello"},
            "pdf": {"CreationDate": None, "ModDate": None, "Creator": "anello"},
            "png": {"Software": "anello"},
        }
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=_DPI, metadata=metadata.get(kind))


def _draw(axes: Axes, chart: Chart) -> None:
    layout = chart.layout
    stacks: dict[tuple[str, str], np.ndarray] = {}
    handles: dict[str, Any] = {}
    dates = layout["xaxis"].get("type") == "date"
    grouped = layout.get("barmode") == "group"
    bars = [t for t in chart.data if t["type"] == "bar"]
    for trace in chart.data:
        if trace["type"] == "bar":
            drawn = _bars(axes, trace, bars, stacks, grouped)
        elif "stackgroup" in trace:
            drawn = _stack(axes, trace, stacks, dates)
        elif isinstance(trace.get("x"), list) and trace["x"] == [None]:  # only in the legend
            (drawn,) = axes.plot([], [], **_pen(trace))
        elif trace["mode"] == "markers":
            drawn = _points(axes, trace)
        else:
            style = "steps-post" if trace["line"].get("shape") == "hv" else "default"
            (drawn,) = axes.plot(_xs(trace, dates), trace["y"], drawstyle=style, **_pen(trace))
        if trace.get("showlegend", True) and "name" in trace:
            handles.setdefault(trace["name"], drawn)
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    for note in layout.get("annotations", ()):
        axes.annotate(
            html.unescape(note["text"]),
            (note["x"], note["y"]),
            xytext=(7, 0),
            textcoords="offset points",
            verticalalignment="center",
            bbox=box,
        )
    _frame(axes, layout, dates)
    if handles:
        axes.legend(
            list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(1.01, 1.0)
        )


def _frame(axes: Axes, layout: dict[str, Any], dates: bool) -> None:
    """Set title, axes and scales."""
    title = layout.get("title", "")
    axes.set_title(title.get("text", "") if isinstance(title, dict) else str(title))
    for side in ("x", "y"):
        told = layout[f"{side}axis"]
        getattr(axes, f"set_{side}label")(told.get("title", {}).get("text", ""))
        if "range" in told:
            ends = pd.to_datetime(told["range"]) if side == "x" and dates else told["range"]
            getattr(axes, f"set_{side}lim")(*ends)
        if told.get("ticktext"):
            texts = [text.replace("<br>", "\n") for text in told["ticktext"]]
            getattr(axes, f"set_{side}ticks")(told["tickvals"], texts)
        elif told.get("type") == "category":
            axes.grid(False, axis="x" if side == "x" else "y")
        elif not (side == "x" and dates):
            getattr(axes, f"{side}axis").set_major_formatter(_thousands)
    for shape in layout.get("shapes", ()):
        axes.axvline(shape["x0"], color=shape["line"]["color"], linestyle=":", linewidth=0.8)
    if dates:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(
            ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        )
    if "scaleratio" in layout["yaxis"]:
        axes.set_aspect(layout["yaxis"]["scaleratio"], adjustable="box", anchor="W")
    elif layout["yaxis"].get("type") != "category":
        axes.axhline(0, color="#8A979B", linewidth=0.8, zorder=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _thousands(value: float, _position: int) -> str:
    return f"{value:,.10g}"


def _xs(trace: Trace, dates: bool) -> Any:
    if "x0" in trace:
        step = pd.Timedelta(milliseconds=trace["dx"])
        return pd.date_range(trace["x0"], periods=len(trace["y"]), freq=step)
    return pd.to_datetime(trace["x"]) if dates else trace["x"]


def _pen(trace: Trace) -> dict[str, Any]:
    line = trace["line"]
    dot = {"marker": "o", "linestyle": "none"} if trace["mode"] == "markers" else {}
    points = 72 / _PX_PER_INCH  # line widths are in pixels there, in points here
    return {
        "color": line["color"],
        "linewidth": line.get("width", 2) * points,
        "linestyle": _DASHES[line.get("dash", "solid")],
        "solid_capstyle": "butt",
        **dot,
    }


def _stack(axes: Axes, trace: Trace, stacks: dict[tuple[str, str], np.ndarray], dates: bool) -> Any:
    key = (trace["stackgroup"], "")
    values = np.asarray(trace["y"], dtype=float)
    base = stacks.get(key, np.zeros(len(values)))
    stacks[key] = base + values
    return axes.fill_between(
        _xs(trace, dates), base, base + values, step="post", color=trace["fillcolor"], linewidth=0
    )


def _bars(
    axes: Axes,
    trace: Trace,
    every: list[Trace],
    stacks: dict[tuple[str, str], np.ndarray],
    grouped: bool,
) -> Any:
    upright = trace["orientation"] == "v"
    names, amounts = (trace["x"], trace["y"]) if upright else (trace["y"], trace["x"])
    places = list(dict.fromkeys(n for t in every for n in t["x" if upright else "y"]))
    at = np.array([places.index(name) for name in names], dtype=float)
    amounts = np.asarray(amounts, dtype=float)
    width, base = 0.8, np.zeros(len(names))
    if grouped:
        width = 0.8 / len(every)
        at = at + (every.index(trace) - (len(every) - 1) / 2) * width
    else:
        for sign, part in (("+", amounts > 0), ("-", amounts < 0)):
            for k in np.flatnonzero(part):
                total = stacks.setdefault((sign, names[k]), np.zeros(1))
                base[k] = total[0]
                total += amounts[k]
    draw = axes.bar if upright else axes.barh
    drawn = draw(at, amounts, width, base, color=trace["marker"]["color"], linewidth=0, zorder=2)
    (axes.set_xticks if upright else axes.set_yticks)(range(len(places)), places)
    return drawn


def _points(axes: Axes, trace: Trace) -> Any:
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import Affine2D

    marker = trace["marker"]
    sizes = np.atleast_1d(np.asarray(marker["size"], dtype=float)) * 72 / _PX_PER_INCH
    edge = marker.get("line", {})
    style: Any = "o"
    if marker.get("symbol") == "triangle-up":
        turned = Affine2D().rotate_deg(-float(marker["angle"][0]))
        style = MarkerStyle("^", transform=turned)
    edge_pt = float(edge.get("width", 0)) * 72 / _PX_PER_INCH
    return axes.scatter(
        trace["x"], trace["y"], s=sizes**2, c=marker["color"], marker=style,
        edgecolors=edge.get("color", "none") if edge_pt else "none", linewidths=edge_pt,
        alpha=marker.get("opacity", 1.0), zorder=3 + (0 if math.isclose(edge_pt, 0) else 1),
    )  # fmt: skip
