"""Names and colours: what everything drawn has in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from anello.present.report.config import FiguresConfig
from anello.ring.exchanger_parts import is_exchanger, pump_of

# Okabe and Ito (2008): eight colours that people with any colour vision can tell apart
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8C8C8C"
WHEEL = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, GREY)

# What carriers of this kind of model are called, and how they are shown.
_SERVICES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # kind, name to print, colour, names and parts of names
    ("dhw", "Domestic hot water", PURPLE, ("dhw", "hot_water", "hotwater")),
    ("heating", "Space heating", VERMILION, ("sh", "heating", "space_heat", "heat")),
    ("cooling", "Cooling", BLUE, ("air_cond", "cooling", "cool", "cold", "co")),
    ("electricity", "Electricity", ORANGE, ("electricity", "power", "elec", "el")),
    ("gas", "Gas", GREY, ("gas",)),
)
_ORDER = [kind for kind, *_ in _SERVICES]


def part_of_ring(name: str) -> str:
    """Return what a part of a ring is called beside what buildings have."""
    if is_exchanger(name):
        return f"exchanger for free cooling ({pump_of(name)})"
    return "chiller of the ring" if name == "chiller" else name.replace("_", " ")


def capital(text: str) -> str:
    """Return a text with a capital first letter, and all others as they are."""
    return text[:1].upper() + text[1:]


def carrier_kind(carrier: str) -> str:
    """Return what a carrier is for (``dhw``, ``heating``, …), or "" if its name does not tell."""
    name = carrier.lower()
    for kind, _, _, parts in _SERVICES:
        if name in parts:
            return kind
    for kind, _, _, parts in _SERVICES:
        if any(len(part) > 2 and part in name for part in parts):
            return kind
    return ""


@dataclass
class Appearance:
    """Names and colours of a model's technologies, carriers and locations.

    Parameters
    ----------
    results : xarray.Dataset
        Results with dimension ``node``.
    inputs : xarray.Dataset
        Model data, for the names and colours that the model gives.
    config : FiguresConfig
        The user's wishes, which come first.
    """

    results: xr.Dataset
    inputs: xr.Dataset
    config: FiguresConfig

    def __post_init__(self) -> None:
        self._names = self._essentials("tech_name")
        self._model_colors = self._essentials("tech_color")
        self._bases = dict(
            zip(
                (str(t) for t in self.results["node_tech"].values),
                (str(b) for b in self.results["node_base"].values),
                strict=True,
            )
        )
        self._colors = self._assign_colors()

    def _essentials(self, name: str) -> dict[str, str]:
        if name not in self.inputs or "tech" not in self.inputs:
            return {}
        pairs = zip(self.inputs["tech"].values, self.inputs[name].values, strict=True)
        return {str(tech): str(value) for tech, value in pairs if str(value) not in ("", "nan")}

    def name(self, label: str) -> str:
        """Return the name to print for a technology, carrier, location or device."""
        if label in self.config.names:
            return self.config.names[label]
        plain, _, remote = label.partition(":")
        if plain in self._names:
            name = self._names[plain]
            return f"{name} to {self.name(remote)}" if remote else name
        for kind, name, _, _ in _SERVICES:
            if carrier_kind(label) == kind and label in self._carriers():
                return name
        text = label.replace("_", " ").replace(":", " to ")
        return text[:1].upper() + text[1:]

    def _carriers(self) -> list[str]:
        return [str(c) for c in self.results["carrier"].values]

    def carriers(self) -> list[str]:
        """Return the carriers in the order to show them: services, then electricity."""
        known = self._carriers()

        def place(carrier: str) -> tuple[int, int]:
            kind = carrier_kind(carrier)
            rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
            return (rank, known.index(carrier))

        return sorted(known, key=place)

    def carrier_color(self, carrier: str) -> str:
        """Return the colour of a carrier."""
        if carrier in self.config.colors:
            return self.config.colors[carrier]
        kind = carrier_kind(carrier)
        for known, _, color, _ in _SERVICES:
            if kind == known:
                return color
        unknown = [c for c in self._carriers() if not carrier_kind(c)]
        return WHEEL[(unknown.index(carrier) + 2) % len(WHEEL)]

    def color(self, tech: str) -> str:
        """Return the colour of a technology; all links of one kind share theirs."""
        return self._colors[tech]

    def techs(self) -> set[str]:
        """Return the names of all technologies."""
        return set(self._bases)

    def base(self, tech: str) -> str:
        """Return the base of a technology."""
        return self._bases[tech]

    def _assign_colors(self) -> dict[str, str]:
        """Give converters their carrier's colour, stores a light and the rest a spare one of it."""
        colors: dict[str, str] = {}
        used: dict[str, int] = {}
        for tech in sorted(self._bases, key=lambda t: (self._rank(t), t)):
            plain = tech.partition(":")[0]
            given = self.config.colors.get(tech) or self.config.colors.get(plain)
            if given is None and self.config.use_model_colors:
                given = self._model_colors.get(plain)
            if given is not None:
                colors[tech] = given
                continue
            base = self._bases[tech]
            if base == "transmission":
                colors[tech] = GREY
                continue
            own = self.carrier_color(self.main_carrier(tech))
            if base == "storage":
                colors[tech] = lightened(own, 0.5)
            elif base == "demand":
                colors[tech] = "#333333"
            elif base in ("supply", "supply_plus"):
                wheel = (SKY, YELLOW, GREEN, GREY, PURPLE)
                preferred = YELLOW if _is_solar(plain, self._names.get(plain, "")) else None
                n = used.setdefault("supply", 0)
                choices = [c for c in wheel if c != YELLOW or preferred]
                colors[tech] = preferred or choices[n % len(choices)]
                used["supply"] += preferred is None
            else:
                n = used.get(own, 0)
                used[own] = n + 1
                colors[tech] = own if n == 0 else lightened(own, min(0.25 * n, 0.7))
        return colors

    def _rank(self, tech: str) -> int:
        order = ("conversion_plus", "conversion", "supply_plus", "supply", "storage")
        base = self._bases[tech]
        return order.index(base) if base in order else len(order)

    def main_carrier(self, tech: str) -> str:
        """Return the carrier to show a technology with: its largest product, else what it takes."""
        mine = self.results["node_tech"].values == tech
        for known, kwh in self._flows:
            there = known[mine].any(axis=0)
            if there.any():
                amounts = np.where(there, kwh[mine].sum(axis=0), -1.0)
                return self._carriers()[int(np.argmax(amounts))]
        return self._carriers()[0]

    @cached_property
    def _flows(self) -> list[tuple[Any, Any]]:
        """Whether each node has a flow of a carrier, and how much of it over the time [kWh]."""
        found = []
        for name in ("carrier_prod", "carrier_con"):
            if name in self.results:
                flow = self.results[name].transpose("node", "carrier", "timestep").values
                known = ~np.isnan(flow)
                found.append((known.any(axis=2), np.abs(flow).sum(axis=2, where=known)))
        return found


def _is_solar(tech: str, name: str) -> bool:
    text = f"{tech} {name}".lower()
    return tech.lower().startswith("pv") or any(w in text for w in ("photovolt", "solar", " pv"))


def lightened(color: str, share: float) -> str:
    """Mix a colour with white.

    Parameters
    ----------
    color : str
        ``#rrggbb``.
    share : float
        0 leaves it as it is, 1 makes it white.

    Returns
    -------
    str
        ``#rrggbb``.
    """
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(p + (255 - p) * share):02X}" for p in parts)


def temperature_stops() -> list[str]:
    """Return colours from cold to warm, evenly spaced, that any colour vision tells apart."""
    return ["#08306B", "#0072B2", "#8CC5E3", "#F4F4EC", "#F2B85B", "#D55E00", "#7F2704"]
