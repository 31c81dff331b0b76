"""Annual energy from where it comes to where it goes, laid out as a Sankey diagram."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import KWH_PER_MWH, sums_by_tech, weighted_energy_mwh
from anello.present.report.appearance import GREY, Appearance, part_of_ring
from anello.present.report.config import FiguresConfig
from anello.ring.devices import ONE_WAY

NEGLIGIBLE = 2e-4  # of the largest flow: thinner ones are not drawn
RING_COLOR = "#4D9A8C"
_WIDTH, _HEIGHT, _BAR, _GAP = 1000.0, 460.0, 14.0, 16.0
_LETTER = 7.4  # width of a letter, to leave room for the names beside each column
_FLOW = 34.0  # least way from the end of a name to the next column
_ROOM = 240.0  # least height for the flows of a column beside the gaps between them


@dataclass(frozen=True)
class Link:
    """A flow of energy between two places.

    Attributes
    ----------
    source, target : str
        Names of the places.
    energy_mwh : float
        Energy over the time modelled [MWh].
    color : str
        ``#rrggbb``.
    """

    source: str
    target: str
    energy_mwh: float
    color: str


@dataclass
class _Place:
    name: str
    column: int = 0
    value: float = 0.0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    color: str = GREY
    out_y: float = 0.0
    in_y: float = 0.0
    links: list[Link] = field(default_factory=list)


def energy_links(collected: CollectedResults, config: FiguresConfig) -> list[Link]:
    """Follow the energy of a scenario from its sources to its uses.

    Where a ring is simulated it is the place in the middle: heat pumps take heat from it, chillers
    carry into it what they take from the rooms, so that a cooling service runs against its carrier,
    and the balancing plant closes the balance.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    config : FiguresConfig
        Names and colours.

    Returns
    -------
    list of Link
        Flows between places, the negligible ones left out.
    """
    results, ring = collected.results, collected.ring
    look = Appearance(results, collected.inputs, config)
    carriers = {look.name(carrier) for carrier in look.carriers()}

    def named(tech: str) -> str:
        name = look.name(tech)
        return f"{name} ({tech})" if name in carriers else name

    ring_heat = _heat_into_ring_mwh(ring)
    chillers = {tech for tech, heat in ring_heat.items() if heat > 0}
    made = weighted_energy_mwh(results["carrier_prod"])
    taken = weighted_energy_mwh(results["carrier_con"])
    others = ("carrier_export", "unmet_demand", "unused_supply", "carrier_other")
    moved = {name: weighted_energy_mwh(results[name]) for name in others if name in results}
    links: list[Link] = []

    for carrier in look.carriers():
        name = look.name(carrier)
        prod = sums_by_tech(made.sel(carrier=carrier))
        con = {t: -v for t, v in sums_by_tech(taken.sel(carrier=carrier)).items()}
        makers = [t for t in prod if look.base(t) not in ("storage", "transmission")]
        backwards = bool(makers) and all(t in chillers for t in makers)

        def add(
            source: str, target: str, energy: float, color: str, backwards: bool = backwards
        ) -> None:
            ends = (target, source) if backwards else (source, target)
            if energy > 0:
                links.append(Link(*ends, energy, color))
            elif energy < 0:
                links.append(Link(*ends[::-1], -energy, color))

        own = look.carrier_color(carrier)
        for tech in makers:
            add(named(tech), name, prod[tech], look.color(tech))
        lost = {"storage": 0.0, "transmission": 0.0}
        for tech in [*prod, *(t for t in con if t not in prod)]:
            if look.base(tech) in lost:
                lost[look.base(tech)] += con.get(tech, 0.0) - prod.get(tech, 0.0)
        for tech, energy in con.items():
            if look.base(tech) == "demand":
                rooms = "Rooms being cooled" if backwards else named(tech)
                add(name, rooms, energy, own)
            elif look.base(tech) not in lost:
                add(name, named(tech), energy, own)
        gained = "Heat gained by cold stores" if backwards else "Storage losses"
        add(name, gained, max(lost["storage"], 0.0), own)
        add(name, "Network losses", max(lost["transmission"], 0.0), own)
        for variable, place in (
            ("carrier_export", "Export"),
            ("unmet_demand", "Unmet demand"),
            ("unused_supply", "Unused supply"),
            ("carrier_other", "Ring plant"),
        ):
            if variable in moved:
                energy = float(moved[variable].sel(carrier=carrier).sum())
                if variable == "carrier_export":
                    add(name, place, energy, own)
                elif variable == "unmet_demand":
                    add(place, name, energy, GREY)
                else:
                    add(name, place, -energy, GREY)

    if ring is not None:
        for tech, heat in ring_heat.items():
            if heat > 0:
                links.append(Link(named(tech), "Ring", heat, RING_COLOR))
            elif heat < 0:
                links.append(Link("Ring", named(tech), -heat, RING_COLOR))
        links += _plant_links(ring, look)
    largest = max((link.energy_mwh for link in links), default=0.0)
    return [link for link in links if link.energy_mwh > NEGLIGIBLE * largest]


def _heat_into_ring_mwh(ring: xr.Dataset | None) -> dict[str, float]:
    """Heat that each technology puts into the ring (negative: takes) [MWh]."""
    if ring is None or "q_ring_kw" not in ring:
        return {}
    heat = (ring["q_ring_kw"] * ring["step_h"]).sum("timestep") / KWH_PER_MWH
    out: dict[str, float] = {}
    for node, value in zip(ring["node"].values, heat.values, strict=True):
        tech = str(node).split("::", 1)[1]
        out[tech] = out.get(tech, 0.0) + float(value)
    return out


def _plant_links(ring: xr.Dataset, look: Appearance) -> list[Link]:
    """Heat between the ring and everything that is no heat pump."""
    hours = ring["step_h"]
    links = []

    def exchange(energy: xr.DataArray, into: str, out: str, color: str) -> None:
        heat = float(energy.clip(min=0).sum()) / KWH_PER_MWH
        cold = -float(energy.clip(max=0).sum()) / KWH_PER_MWH
        links.append(Link(into, "Ring", heat, color))
        links.append(Link("Ring", out, cold, color))

    if "q_bal_kw" in ring:
        others = {look.name(tech) for tech in look.techs()}
        for device in ring["device"].values:
            name = look.name(part_of_ring(str(device)))
            if name in others:
                name = f"{name} of the ring"
            flow = ring["q_bal_kw"].sel(device=device) * hours
            ways = (name,) if str(device) in ONE_WAY else (f"{name}, heating", f"{name}, cooling")
            exchange(flow, ways[0], ways[-1], "#7FA7C9")
    if "loss_kw" in ring:
        exchange(-ring["loss_kw"] * hours, "Ground, gained", "Ground, lost", "#A58B6F")
    if "pump_heat_kw" in ring:
        exchange(ring["pump_heat_kw"] * hours, "Circulation pump", "Circulation pump", GREY)
    if "held_kw" in ring:
        exchange(ring["held_kw"] * hours, "Held, heating", "Held, cooling", GREY)
    if "reset_kwh" in ring:
        exchange(ring["reset_kwh"], "Resets, heating", "Resets, cooling", "#C44E52")
    return [link for link in links if link.energy_mwh > 0]


# --- layout -------------------------------------------------------------------------------------


def sankey_svg(links: list[Link], title: str) -> str:
    """Draw flows as a Sankey diagram.

    Parameters
    ----------
    links : list of Link
        The flows.
    title : str
        Text for those who do not see the picture.

    Returns
    -------
    str
        An ``svg`` element; each flow has its numbers as a tooltip.
    """
    if not links:
        return "<p>No energy flows.</p>"
    links = _merged(links)
    places = _placed(links)
    width = max(_WIDTH, max(p.x + _BAR + 5.0 + _name_width(p) for p in places.values()))
    parts = [
        f'<svg class="sankey" viewBox="0 0 {width:.0f} {_height(places):.0f}" role="img" '
        f'aria-label="{html.escape(title, quote=True)}">'
    ]
    ordered = sorted(links, key=lambda k: (places[k.source].y, places[k.target].y))
    scale = _scale(places)
    for place in places.values():
        place.out_y = place.in_y = place.y
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    for k in ordered:
        starts[id(k)] = places[k.source].out_y
        places[k.source].out_y += k.energy_mwh * scale
    for k in sorted(links, key=lambda k: (places[k.target].y, places[k.source].y)):
        ends[id(k)] = places[k.target].in_y
        places[k.target].in_y += k.energy_mwh * scale
    for k in ordered:
        a, b = places[k.source], places[k.target]
        width = k.energy_mwh * scale
        thick = max(width, 0.8)
        y0, y1 = starts[id(k)] + (width - thick) / 2, ends[id(k)] + (width - thick) / 2
        x0, x1 = a.x + _BAR, b.x
        middle = (x0 + x1) / 2
        text = html.escape(f"{k.source} to {k.target}: {_mwh(k.energy_mwh)}")
        parts.append(
            f'<path d="M{x0:.1f},{y0:.2f}C{middle:.1f},{y0:.2f} {middle:.1f},{y1:.2f} '
            f"{x1:.1f},{y1:.2f}v{thick:.2f}C{middle:.1f},{y1 + thick:.2f} "
            f'{middle:.1f},{y0 + thick:.2f} {x0:.1f},{y0 + thick:.2f}Z" fill="{k.color}" '
            f'fill-opacity=".5"><title>{text}</title></path>'
        )
    for place in places.values():
        label = html.escape(place.name)
        energy = _mwh(place.value)
        parts.append(
            f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{_BAR:.0f}" '
            f'height="{max(place.height, 1.0):.1f}" fill="#444"><title>{label}: {energy}</title>'
            "</rect>"
        )
    for place in places.values():
        label = html.escape(place.name)
        x, y = place.x + _BAR + 5, place.y + place.height / 2
        parts.append(
            f'<text x="{x:.1f}" y="{y - 1:.1f}">{label}'
            f'<tspan class="n" x="{x:.1f}" dy="1.15em">{_mwh(place.value)}</tspan></text>'
        )
    parts.append("</svg>")
    return "".join(parts)


def _merged(links: list[Link]) -> list[Link]:
    sums: dict[tuple[str, str], tuple[float, str]] = {}
    for k in links:
        energy, color = sums.get((k.source, k.target), (0.0, k.color))
        sums[k.source, k.target] = (energy + k.energy_mwh, color)
    return [Link(a, b, energy, color) for (a, b), (energy, color) in sums.items()]


def _placed(links: list[Link]) -> dict[str, _Place]:
    places = {name: _Place(name) for k in links for name in (k.source, k.target)}
    for place in places.values():
        inwards = sum(k.energy_mwh for k in links if k.target == place.name)
        outwards = sum(k.energy_mwh for k in links if k.source == place.name)
        place.value = max(inwards, outwards)
    forward = _without_cycles(links)
    for _ in places:
        for k in forward:
            a, b = places[k.source], places[k.target]
            b.column = max(b.column, a.column + 1)
    for place in places.values():
        targets = [places[k.target].column for k in forward if k.source == place.name]
        sources = [k for k in forward if k.target == place.name]
        if targets and not sources:
            place.column = max(min(targets) - 1, 0)
    columns: dict[int, list[_Place]] = {}
    for place in places.values():
        columns.setdefault(place.column, []).append(place)
    xs = _columns_x(columns)
    scale, height = _scale(places), _height(places)
    for column, members in sorted(columns.items()):
        members.sort(key=lambda p: -p.value)
        _stack(members, scale, height)
        for place in members:
            place.x = xs[column]
    for sweep in range(8):
        order = sorted(columns, reverse=bool(sweep % 2))
        for column in order:
            members = columns[column]
            members.sort(key=lambda p: _pull(p, links, places))
            _stack(members, scale, height)
    return places


def _name_width(place: _Place) -> float:
    return _LETTER * max(len(place.name), len(_mwh(place.value)))


def _columns_x(columns: dict[int, list[_Place]]) -> dict[int, float]:
    """Left edges of the columns, such that no name reaches the bars of the next one."""
    order = sorted(columns)
    needed = [_BAR + 5.0 + max(_name_width(p) for p in columns[column]) for column in order]
    spare = _WIDTH - sum(needed) - _FLOW * (len(order) - 1)
    gap = _FLOW + max(spare, 0.0) / max(len(order) - 1, 1)
    starts = np.concatenate([[0.0], np.cumsum(np.asarray(needed[:-1]) + gap)])
    return dict(zip(order, map(float, starts), strict=True))


def _height(places: dict[str, _Place]) -> float:
    """Height of the drawing: room for the gaps of the fullest column, and for its flows."""
    counts = [place.column for place in places.values()]
    most = max(counts.count(column) for column in set(counts))
    return max(_HEIGHT, 24.0 + _GAP * 1.9 * (most - 1) + _ROOM)


def _pull(place: _Place, links: list[Link], places: dict[str, _Place]) -> float:
    """Height of what a place is connected with, weighted by energy."""
    total = weight = 0.0
    for k in links:
        if place.name in (k.source, k.target):
            other = places[k.target if k.source == place.name else k.source]
            total += (other.y + other.height / 2) * k.energy_mwh
            weight += k.energy_mwh
    return total / max(weight, 1e-12)


def _scale(places: dict[str, _Place]) -> float:
    """Pixels per MWh, such that the fullest column fits."""
    columns: dict[int, list[float]] = {}
    for place in places.values():
        columns.setdefault(place.column, []).append(place.value)
    return min(
        (_height(places) - 24.0 - _GAP * 1.9 * (len(values) - 1)) / max(sum(values), 1e-12)
        for values in columns.values()
    )


def _stack(members: list[_Place], scale: float, height: float) -> None:
    for place in members:
        place.height = place.value * scale
    used = sum(p.height for p in members) + _GAP * 1.9 * (len(members) - 1)
    y = (height - used) / 2
    for place in members:
        place.y = y
        y += place.height + _GAP * 1.9


def _without_cycles(links: list[Link]) -> list[Link]:
    """Leave out links that close a circle with larger ones."""
    kept: list[Link] = []
    reach: dict[str, set[str]] = {}
    for k in sorted(links, key=lambda k: -k.energy_mwh):
        if k.source == k.target or k.source in reach.get(k.target, set()):
            continue
        kept.append(k)
        ahead = {k.target} | reach.get(k.target, set())
        for name in [k.source, *(n for n, far in reach.items() if k.source in far)]:
            reach.setdefault(name, set()).update(ahead)
    return kept


def _mwh(energy: float) -> str:
    return f"{energy:,.0f} MWh" if energy >= 10 else f"{energy:.2g} MWh"
