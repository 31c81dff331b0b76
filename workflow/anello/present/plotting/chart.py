"""A plot before it is drawn: traces and layout in plotly's words, and a menu to switch them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Trace = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
GRID = "#E2E6E7"
INK = "#1C2426"


@dataclass
class View:
    """What is seen at once: one entry of a plot's menu.

    Attributes
    ----------
    title : str
        Its name in the menu, and its title where there is no menu.
    traces : list of dict
        Plotly traces.
    layout : dict
        What it needs of the layout beyond what all views share.
    """

    title: str
    traces: list[Trace] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)


@dataclass
class Chart:
    """A plot as data, its arrays still NumPy's.

    Attributes
    ----------
    data : list of dict
        Traces of all views; only those of the first are visible.
    layout : dict
        The layout.
    frames : list of dict
        Frames of an animation.
    views : int
        How many views or frames there are: an image can hold one.
    """

    data: list[Trace]
    layout: dict[str, Any]
    frames: list[dict[str, Any]] = field(default_factory=list)
    views: int = 1


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis in the house style."""
    return {
        "title": {"text": title, "standoff": 10},
        "gridcolor": GRID,
        "zerolinecolor": "#8A979B",
        "automargin": True,
        **more,
    }


def base_layout(**more: Any) -> dict[str, Any]:
    """Return the layout that all plots share."""
    return {
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "margin": {"l": 70, "r": 20, "t": 60, "b": 50},
        "legend": {
            "traceorder": "grouped",
            "tracegroupgap": 0,
            "x": 1.01,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
        },
        "hoverlabel": {"namelength": -1, "font": {"family": FONT}},
        "autosize": True,
        **more,
    }


def title_of(text: str) -> dict[str, Any]:
    """Return a title at the left above the plot."""
    place = {"x": 0, "xanchor": "left", "xref": "paper", "y": 1, "yanchor": "bottom"}
    return {"text": text, **place, "yref": "paper", "pad": {"b": 12}, "font": {"size": 15}}


def assemble(views: Sequence[View], layout: dict[str, Any]) -> Chart:
    """Put views behind one menu; a single one gets a title instead.

    Parameters
    ----------
    views : sequence of View
        At least one.
    layout : dict
        What they share.
    """
    data: list[Trace] = []
    spans = []
    for number, view in enumerate(views):
        spans.append((len(data), len(data) + len(view.traces)))
        data += [{**trace, "visible": number == 0} for trace in view.traces]
    whole = merged(layout, views[0].layout)
    if len(views) == 1:
        return Chart(data, {**whole, "title": title_of(views[0].title)})
    buttons = [
        {
            "label": view.title,
            "method": "update",
            "args": [{"visible": [first <= k < end for k in range(len(data))]}, flat(view.layout)],
        }
        for view, (first, end) in zip(views, spans, strict=True)
    ]
    menu = {
        "buttons": buttons,
        "active": 0,
        "type": "dropdown",
        "direction": "down",
        "showactive": True,
        "bgcolor": "#FFFFFF",
        "bordercolor": "#8A979B",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": 10},
    }
    return Chart(data, {**whole, "updatemenus": [menu]}, views=len(views))


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, level by level."""
    out = dict(first)
    for key, value in second.items():
        old = out.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        out[key] = merged(old, value) if both and isinstance(old, dict) else value
    return out


def flat(layout: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested settings with dots, so that an update leaves their neighbours alone."""
    out: dict[str, Any] = {}
    for key, value in layout.items():
        if isinstance(value, dict):
            out.update(flat(value, f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = value
    return out
