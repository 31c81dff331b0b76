"""A picture of a district's network on its map."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from shapely.geometry.base import BaseGeometry

from anello.base.files import atomic_path
from anello.district.from_map.network import MapNetwork

USE_COLOURS = {
    "house": "#E8C170", "apartments": "#E69F00", "office": "#56B4E9", "school": "#009E73",
    "retail": "#CC79A7", "supermarket": "#B0508A", "hotel": "#F0E442", "restaurant": "#D55E00",
    "hospital": "#7FB8A4", "gym": "#999999", "home": "#C98B4B", "public": "#8DA0CB",
    "industry_hall": "#7B6D8D", "data_centre": "#3B3B58",
}  # fmt: skip
_PIPE = "#0B3C6F"
_WIDTH_IN = 8.0


def draw_map(network: MapNetwork, path: Path) -> None:
    """Draw streets, buildings by use, pipes with their sizes, substations and plant.

    Parameters
    ----------
    network : MapNetwork
        The network.
    path : pathlib.Path
        Picture to write; its ending says the format.
    """
    with mpl.rc_context({"svg.hashsalt": "anello", "font.size": 9}):
        figure = Figure(figsize=(_WIDTH_IN, _WIDTH_IN), layout="constrained")
        axes = figure.add_subplot()
        for line in network.streets.lines:
            axes.plot(*line.xy, color="#D0D0D0", linewidth=2.0, zorder=1)
        _buildings(axes, network)
        _pipes(axes, network)
        _places(axes, network)
        axes.set_aspect("equal")
        axes.set_axis_off()
        _scale(axes)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, metadata={"Date": None} if path.suffix == ".svg" else None)


def _buildings(axes: Axes, network: MapNetwork) -> None:
    shown: set[str] = set()
    for one in network.substations:
        for building in one.buildings:
            use = max(building.area_by_use_m2, key=lambda name: building.area_by_use_m2[name])
            label = None if use in shown else use
            shown.add(use)
            patch = PathPatch(
                _outline(building.footprint),
                facecolor=USE_COLOURS[use],
                edgecolor="#666666",
                linewidth=0.4,
                label=label,
                zorder=2,
            )
            axes.add_patch(patch)


def _outline(shape: BaseGeometry) -> Outline:
    rings = [
        Outline(list(ring.coords), closed=True)
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*rings)


def _pipes(axes: Axes, network: MapNetwork) -> None:
    widest = max(segment.size.inner_m for segment in network.segments)
    named: set[str] = set()
    for segment in network.segments:
        width = 1.0 + 3.0 * segment.size.inner_m / widest
        label = None if segment.size.dn in named else f"pipe {segment.size.dn}"
        named.add(segment.size.dn)
        axes.plot(*segment.line.xy, color=_PIPE, linewidth=width, label=label, zorder=3)
    if len(named) == 1:
        return
    for segment in network.segments:
        middle = segment.line.interpolate(0.5, normalized=True)
        axes.annotate(
            segment.size.dn,
            (middle.x, middle.y),
            fontsize=6,
            color=_PIPE,
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "linewidth": 0},
            zorder=4,
        )


def _places(axes: Axes, network: MapNetwork) -> None:
    for number, one in enumerate(network.substations):
        label = "substation" if number == 0 else None
        axes.plot(
            *one.node,
            "o",
            markersize=13,
            color="white",
            markeredgecolor=_PIPE,
            label=label,
            zorder=5,
        )
        text = one.name.rpartition("_")[2]
        axes.annotate(text, one.node, ha="center", va="center_baseline", fontsize=7, zorder=6)
    axes.plot(*network.plant, "s", markersize=9, color="#C02020", label="plant", zorder=7)


def _scale(axes: Axes) -> None:
    """Draw a line whose length is told, about a fifth of the picture."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    length = next(
        m for m in (20, 50, 100, 200, 500, 1000, 2000, 5000, 10**9) if m > (east - west) / 8
    )
    y = south - 0.02 * (north - south)
    axes.plot([west, west + length], [y, y], color="black", linewidth=1.5)
    scale = f"{length} m, north is up"
    axes.annotate(
        scale, (west + length, y), (5, 0), textcoords="offset points", va="center", fontsize=8
    )
