"""Sizes of what is to be built: technologies by location, and the ring's plant and pipes."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance, capital, part_of_ring
from anello.present.report.numbers import exact, figure_text, grouped
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.g_function import borehole_count
from anello.ring.cop_config import FreeCooling
from anello.ring.exchanger_parts import part_before

NOTHING_BUILT = 0.01
"""Plant smaller than this is none: what a search leaves of a size that it gives up [kW, kg/s]."""

_BUILT = ("conversion", "conversion_plus", "supply_plus", "storage", "supply")


def sizes_html(
    collected: CollectedResults, summary: Mapping[str, Any], look: Appearance, mark: str = "sizes"
) -> str:
    """Return a table of sizes by location, and one of the ring's plant, field and pipes.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    summary : mapping
        Its :func:`~anello.optimise.results.summary.summarise`.
    look : Appearance
        Names of locations and technologies.
    mark : str
        The table's name in the page; the ring's is ``ring-`` and that.

    Returns
    -------
    str
        Numbers are those of ``capacity`` of the summary. What buys from outside without limit (a
        grid) shows the power it gives at most.
    """
    inputs = collected.inputs
    bases = dict(
        zip(map(str, inputs["node"].values), map(str, inputs["node_base"].values), strict=True)
    )
    power = summary["capacity"].get("energy_kw", {})
    energy = summary["capacity"].get("storage_kwh", {})
    area = summary["capacity"].get("resource_area_m2", {})
    table: dict[str, dict[str, str]] = {}
    places: list[str] = []
    for node, base in bases.items():
        loc, _, tech = node.partition("::")
        if base not in _BUILT:
            continue
        if base == "storage":
            size = f"{exact(energy.get(node))} kWh" if node in energy else ""
        elif base == "supply":
            continue
        else:
            size = f"{exact(power.get(node))} kW" if node in power else ""
        if node in area:
            size += f", {exact(area[node])} m²"
        if size:
            table.setdefault(tech, {})[loc] = size
            places.append(loc)
    places = list(dict.fromkeys(places))
    head = "".join(f'<th scope="col">{html.escape(look.name(loc))}</th>' for loc in places)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(look.name(tech))}</th>'
        + "".join(f"<td>{sizes.get(loc, '–')}</td>" for loc in places)
        + "</tr>"
        for tech, sizes in table.items()
    )
    parts = []
    if rows:
        parts.append(
            f'<div class="scroll"><table id="{mark}"><thead><tr><th scope="col">Technology</th>'
            f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    ring = "".join(
        f'<tr><th scope="row">{html.escape(size.what)}</th><td>{html.escape(size.text)}</td></tr>'
        for size in ring_sizes(collected)
    )
    if ring:
        parts.append(
            f'<div class="scroll"><table id="ring-{mark}" class="text"><caption>Ring</caption>'
            f"<tbody>{ring}</tbody></table></div>"
        )
    return '<div class="sizes">' + ("".join(parts) or "<p>Nothing is built.</p>") + "</div>"


@dataclass(frozen=True)
class RingSize:
    """How large one part of a ring is: as text, and as numbers with their units."""

    what: str
    text: str
    measures: tuple[tuple[float, str], ...]


_SOURCE_SIZES = {
    "stream": ("max_flow_kg_s", "kg/s"),
    "air": ("max_kw", "kW"),
    "solar": ("area_m2", "m²"),
}


def _source_size(name: str, source: dict[str, Any]) -> RingSize:
    """Return what a source's size is, as its settings give it."""
    what = name.replace("_", " ").capitalize()
    key, unit = _SOURCE_SIZES[source["kind"]]
    size = source[key]
    if isinstance(size, str):
        return RingSize(what, f"by series `{size}`", ())
    return RingSize(what, f"{size:g} {unit}", ((size, unit),))


def ring_sizes(collected: CollectedResults) -> list[RingSize]:
    """Return sizes of a ring's plant, exchangers for free cooling and pipes as its settings say.

    Parameters
    ----------
    collected : CollectedResults
        One scenario; without a simulated ring there are none.
    """
    if collected.ring is None:
        return []
    ring = collected.settings.get("ring") or {}
    plant = ring.get("plant") or {}
    out = []
    for name, source in (plant.get("sources") or {}).items():
        out.append(_source_size(name, source))
    flow = (plant.get("wells") or {}).get("max_flow_kg_s")
    if flow and flow >= NOTHING_BUILT:
        out.append(RingSize("Wells", f"{_size_text(flow)} kg/s", ((flow, "kg/s"),)))
    for key in ("central_heat_pump", "backup_heater", "dry_cooler", "chiller"):
        text = part_of_ring(key).capitalize()
        size = (plant.get(key) or {}).get("max_kw")
        if size and size >= NOTHING_BUILT:
            out.append(RingSize(text, f"{_size_text(size)} kW", ((size, "kW"),)))
    field = plant.get("borefield")
    if field:
        described, depth = borehole_count(BorefieldConfig.model_validate(field)), field["depth_m"]
        count = described * field.get("built_share", 1.0)
        text = f"{_size_text(count)} × {depth:g} m, {grouped(count * depth)} m"
        measures = ((count, "boreholes"), (depth, "m deep"), (count * depth, "m"))
        out.append(RingSize("Borefield", text, measures))
    out += _exchangers(ring)
    if pipes := _pipes(ring):
        pipes = sorted(pipes, key=lambda p: -p["inner_diameter_m"])
        for diameter, group in groupby(pipes, key=lambda p: p["inner_diameter_m"]):
            length = sum(pipe["length_m"] for pipe in group)
            what = f"Pipe, ⌀ {diameter * 1000:.0f} mm inside"
            out.append(RingSize(what, f"{grouped(length)} m", ((length, "m"),)))
    elif (ring.get("water") or {}).get("mass_kg"):
        mass_t = ring["water"]["mass_kg"] / 1000.0
        out.append(RingSize("Water in the ring", f"{figure_text(mass_t)} t", ((mass_t, "t"),)))
    return out


def _exchangers(ring: dict[str, Any]) -> list[RingSize]:
    """Return the exchangers for free cooling whose design is said."""
    out = []
    for key, pump in (ring.get("heat_pumps") or {}).items():
        if not pump.get("free_cooling"):
            continue
        exchanger = FreeCooling.model_validate(pump["free_cooling"])
        ua = exchanger.ua_kw_per_k
        if ua is not None:
            what = capital(part_of_ring(part_before(key)))
            text = f"{_size_text(ua)} kW/K, effectiveness {exchanger.effectiveness:.2f}"
            out.append(RingSize(what, text, ((ua, "kW/K"),)))
    return out


def _pipes(ring: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all pipes of a ring's model, a branch's both; none of well-mixed water."""
    if ring.get("model") == "two_pipe":
        return [pipe for pipe in ring["two_pipe"]["branches"] for _ in ("warm", "cold")]
    if ring.get("model") != "loop":
        return []  # a section `loop` may be there all the same, of another scenario
    loop = ring["loop"]
    return [*loop["segments"], *(pipe for pipe in loop.get("branches", ()) for _ in range(2))]


def _size_text(size: float) -> str:
    """Return a whole number as it was described, and a size that was found in three digits."""
    return figure_text(size, float(size).is_integer())
