"""Where the locations and links of a network are drawn."""

from __future__ import annotations

import html
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from anello.errors import InputError, Problem
from anello.present.plotting.chart import INK, Trace, axis
from anello.present.plotting.selection import Source

_GAP = 0.02
"""Distance between two links of one pair of locations, as a share of the map's size."""


@dataclass(frozen=True)
class Link:
    """One technology between two locations, named once for both directions."""

    tech: str
    start: str
    end: str


@dataclass
class Map:
    """Where everything lies.

    Attributes
    ----------
    places : dict of str to (float, float)
        Coordinates of each location that has a technology or a link.
    stretch : float
        How long a unit of the vertical axis is drawn in units of the horizontal one.
    size : float
        Larger side of the map, in units of the horizontal axis.
    links : dict of Link to (float, float, float, float)
        Ends of each link's line, drawn beside each other where several join the same locations.
    """

    places: dict[str, tuple[float, float]]
    stretch: float
    size: float
    links: dict[Link, tuple[float, float, float, float]]
    geographic: bool

    @classmethod
    def of(cls, source: Source) -> Map:
        """Lay out the locations and links of a model.

        Raises
        ------
        InputError
            If the locations have no coordinates.
        """
        if "loc_coordinates" not in source.inputs:
            raise InputError(
                Problem(
                    "the locations have no coordinates, which a map needs",
                    key="locations.<name>.coordinates",
                    suggestion="Give each location `coordinates: {lat: ..., lon: ...}` or"
                    " `{x: ..., y: ...}`",
                )
            )
        found = source.inputs["loc_coordinates"]
        geographic = "lat" in found["coordinates"].values
        across, along = ("lon", "lat") if geographic else ("x", "y")
        xs = found.sel(coordinates=across).values.astype(float)
        ys = found.sel(coordinates=along).values.astype(float)
        places = {
            str(name): (float(x), float(y))
            for name, x, y in zip(found["locs"].values, xs, ys, strict=True)
            if not (math.isnan(x) or math.isnan(y))
        }
        stretch = 1 / math.cos(math.radians(float(np.nanmean(ys)))) if geographic else 1.0
        size = max(float(np.ptp(xs)), float(np.ptp(ys)) * stretch) or 1.0
        return cls(places, stretch, size, _laid(source, places, stretch, size), geographic)

    def layout(self) -> dict[str, Any]:
        """Return axes on which the map is not distorted."""
        names = ("Longitude [°]", "Latitude [°]") if self.geographic else ("x [m]", "y [m]")
        xs = [x for x, _ in self.places.values()]
        ys = [y for _, y in self.places.values()]
        edge = 0.18 * self.size
        return {
            "annotations": self.names(),
            "xaxis": axis(names[0], zeroline=False, range=[min(xs) - edge, max(xs) + edge]),
            "yaxis": axis(
                names[1],
                zeroline=False,
                scaleanchor="x",
                scaleratio=self.stretch,
                range=[min(ys) - edge / self.stretch, max(ys) + edge / self.stretch],
            ),
        }

    def nodes(self) -> Trace:
        """Return the locations as points."""
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [x for x, _ in self.places.values()],
            "y": [y for _, y in self.places.values()],
            "text": list(self.places),
            "marker": {"size": 11, "color": INK, "line": {"color": "#FFFFFF", "width": 1.5}},
            "hovertemplate": "%{text}<extra></extra>",
            "showlegend": False,
        }

    def names(self) -> list[dict[str, Any]]:
        """Return the locations' names as annotations at the right of their points."""
        return [
            {
                "x": x,
                "y": y,
                "text": html.escape(name),
                "showarrow": False,
                "xanchor": "left",
                "xshift": 9,
                "bgcolor": "rgba(255,255,255,0.8)",
                "borderpad": 1,
            }
            for name, (x, y) in self.places.items()
        ]

    def heading(self, link: Link) -> float:
        """Return the direction from a link's start to its end, clockwise from upwards [degrees]."""
        x0, y0, x1, y1 = self.links[link]
        return math.degrees(math.atan2(x1 - x0, (y1 - y0) * self.stretch))


def _laid(
    source: Source, places: dict[str, tuple[float, float]], stretch: float, size: float
) -> dict[Link, tuple[float, float, float, float]]:
    pairs: dict[tuple[str, str], list[Link]] = defaultdict(list)
    inputs = source.model.data.inputs
    for loc, tech in zip(inputs["node_loc"].values, inputs["node_tech"].values, strict=True):
        plain, _, remote = str(tech).partition(":")
        if remote in ("", str(loc)) or str(loc) not in places or remote not in places:
            continue
        start, end = sorted((str(loc), remote))
        link = Link(plain, start, end)
        if link not in pairs[start, end]:
            pairs[start, end].append(link)
    laid = {}
    for (start, end), links in pairs.items():
        (x0, y0), (x1, y1) = places[start], places[end]
        dx, dy = x1 - x0, (y1 - y0) * stretch
        length = math.hypot(dx, dy) or 1.0
        for number, link in enumerate(links):
            off = (number - (len(links) - 1) / 2) * _GAP * size / length
            across, up = -dy * off, dx * off / stretch
            laid[link] = (x0 + across, y0 + up, x1 + across, y1 + up)
    return laid
