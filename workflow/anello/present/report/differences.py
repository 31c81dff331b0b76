"""What makes a scenario dearer than the cheapest: capital, energy, maintenance, revenue."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from anello.optimise.results.whole_cost import PARTS
from anello.present.report.appearance import BLUE, GREEN, GREY, ORANGE, PURPLE, part_of_ring
from anello.present.report.charts import ticks_between
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import RING_SHARED
from anello.present.report.numbers import exact, figure_text
from anello.present.report.total import Summary
from anello.ring.exchanger_parts import is_exchanger

_NAMES = {
    "capital": "Capital",
    "electricity": "Electricity",
    "fuel": "Gas and other fuels",
    "maintenance": "Maintenance",
    "revenue": "Revenue",
}
_COLORS = {
    "capital": BLUE,
    "electricity": ORANGE,
    "fuel": GREY,
    "maintenance": GREEN,
    "revenue": PURPLE,
}
_WIDTH, _ROW, _LEFT, _RIGHT, _BOTTOM = 720.0, 34.0, 130.0, 76.0, 46.0


def differences_html(
    summaries: Mapping[str, Summary], cheapest: str | None, config: FiguresConfig
) -> str:
    """Return a table and a figure of what the difference from the cheapest is made of.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`.
    cheapest : str or None
        The scenario that the others are held against.
    config : FiguresConfig
        The currency.

    Returns
    -------
    str
        Nothing where there is no other scenario, or costs are not known. The table's first row is
        the cheapest scenario itself; numbers carry the exact ones in ``data-value``.
    """
    whole = {name: s["whole_cost"] for name, s in summaries.items() if s["whole_cost"] is not None}
    if cheapest not in whole or len(whole) < 2:
        return ""
    base = whole[cheapest]
    others = {
        name: {
            **{part: _apart(cost["parts"][part], base["parts"][part]) for part in PARTS},
            "total": cost["total"] - base["total"],
        }
        for name, cost in whole.items()
        if name != cheapest
    }
    return (
        "<h3>What the difference is made of</h3>"
        + _table(cheapest, base, others, config)
        + _bars(cheapest, others, config)
    )


def _apart(one: float, other: float) -> float:
    """Return a difference; 0 where it is but the last digits of both."""
    return 0.0 if math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) else one - other


def ring_note(summaries: Mapping[str, Summary]) -> str:
    """Say what the cost of scenarios with a ring holds of the ring itself, and what is missing.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Each scenario's summary.

    Returns
    -------
    str
        A paragraph; nothing where no scenario has a ring.
    """
    told = []
    groups: dict[tuple[tuple[str, ...], tuple[str, ...], bool], list[str]] = {}
    for name, summary in summaries.items():
        if summary["ring"] is None:
            continue
        ring = (summary["whole_cost"] or {}).get("ring")
        key = (
            tuple(ring["to_build_by_part"]) if ring else (),
            tuple(ring["missing"]) if ring else (),
            ring is None,
        )
        groups.setdefault(key, []).append(name)
    for (priced, missing, unknown), names in groups.items():
        who = html.escape(", ".join(names))
        if unknown:
            told.append(
                f"The ring of {who} has no prices (<code>ring_costs</code>): what its plant and "
                "pipes cost to build is missing."
            )
            continue
        text = f"Cost and investment of {who} hold "
        text += f"the ring's {_listed(priced)}." if priced else "nothing of the ring itself."
        if missing:
            text += f" <strong>Missing: its {_listed(missing)}</strong>{_why(missing)}."
        told.append(text)
    if not told:
        return ""
    told.append(
        "The investment is else that of the technologies which the model prices. The cost per kWh "
        f"shares out the whole cost: {RING_SHARED}."
    )
    return f'<p class="hint" id="ring-priced">{" ".join(told)}</p>'


def _why(missing: Sequence[str]) -> str:
    """Say why something has no price."""
    whys = []
    if any(map(is_exchanger, missing)):
        whys.append("an exchanger's needs its <code>design_kw</code>")
    if "pipes" in missing:
        whys.append("the settings describe no pipes, or do not price them")
    if missing == ("pipes",):
        return f" ({whys[0]})"
    return f", for want of prices ({'; '.join(whys)})" if whys else ", for want of prices"


def _listed(parts: Sequence[str]) -> str:
    names = [
        html.escape(part_of_ring(part)) if is_exchanger(part) else part.replace("_", " ")
        for part in parts
    ]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table(
    cheapest: str,
    base: Mapping[str, Any],
    others: Mapping[str, Mapping[str, float]],
    config: FiguresConfig,
) -> str:
    money = html.escape(config.currency)
    head = "".join(f'<th scope="col">{_NAMES[part]}</th>' for part in PARTS)
    cells = "".join(f"<td>{exact(base['parts'][part])}</td>" for part in PARTS)
    rows = (
        f'<tr class="plan"><th scope="row">{html.escape(cheapest)}, the cheapest</th>{cells}'
        f"<td>{exact(base['total'])}</td></tr>"
    )
    for name, parts in others.items():
        cells = "".join(f"<td>{_signed(parts[part])}</td>" for part in (*PARTS, "total"))
        rows += f'<tr><th scope="row">{html.escape(name)}, more by</th>{cells}</tr>'
    return (
        '<div class="scroll"><table id="differences">'
        f"<caption>Cost [{money}], and by how much the others are dearer</caption>"
        f'<thead><tr><th scope="col">Scenario</th>{head}<th scope="col">Total</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _signed(value: float) -> str:
    text = exact(value)
    return text.replace(">", ">+", 1) if value > 0 else text


FROM_THOUSANDS = 10_000.0
"""Largest difference from which on bars count in thousands."""


def _bars(cheapest: str, others: Mapping[str, Mapping[str, float]], config: FiguresConfig) -> str:
    """Draw stacked bars to both sides of the cheapest scenario's cost."""
    largest = max(abs(value) for parts in others.values() for value in parts.values())
    unit, money = (1.0, "") if largest < FROM_THOUSANDS else (1000.0, "1000 ")
    money += html.escape(config.currency)
    scaled = {name: {k: v / unit for k, v in parts.items()} for name, parts in others.items()}
    low = min(0.0, *(sum(min(p[k], 0.0) for k in PARTS) for p in scaled.values()))
    high = max(0.0, *(sum(max(p[k], 0.0) for k in PARTS) for p in scaled.values()))
    if high - low < 1e-9:
        return ""
    ticks = ticks_between(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    height = _ROW * len(scaled) + _BOTTOM

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    title = f"What each scenario costs more than {cheapest}, by part"
    out = [
        f'<figure class="chart" id="difference-bars"><svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" '
        f'role="img" aria-label="{html.escape(title, quote=True)}">'
    ]
    floor = _ROW * len(scaled)
    for tick in ticks:
        out.append(f'<path class="grid" d="M{x(tick):.1f},0V{floor:.1f}"/>')
        out.append(
            f'<text x="{x(tick):.1f}" y="{floor + 16:.1f}" text-anchor="middle">'
            f"{figure_text(tick)}</text>"
        )
    for row, (name, parts) in enumerate(scaled.items()):
        top = row * _ROW + 6
        out.append(
            f'<text x="{_LEFT - 6:.1f}" y="{top + 15:.1f}" text-anchor="end">'
            f"{html.escape(name)}</text>"
        )
        up = down = 0.0
        for part in PARTS:
            value = parts[part]
            start = up if value >= 0 else down + value
            up, down = up + max(value, 0.0), down + min(value, 0.0)
            wide = x(start + abs(value)) - x(start)
            if wide >= 0.05:
                out.append(
                    f'<rect x="{x(start):.1f}" y="{top:.1f}" width="{wide:.1f}" height="22" '
                    f'fill="{_COLORS[part]}"><title>{_NAMES[part]}: {figure_text(value * unit)}'
                    "</title></rect>"
                )
        out.append(
            f'<path class="axis" d="M{x(parts["total"]):.1f},{top - 3:.1f}v28"/>'
            f'<text x="{x(up) + 5:.1f}" y="{top + 15:.1f}">{_plus(parts["total"])}</text>'
        )
    out.append(f'<path class="axis" d="M{x(0.0):.1f},0V{floor:.1f}"/>')
    out.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.1f}" y="{height - 8:.1f}" text-anchor="middle">'
        f"More than {html.escape(cheapest)} [{money}]</text></svg>"
    )
    out.append('<ul class="legend">')
    out.extend(
        '<li><svg viewBox="0 0 14 12" width="14" height="12" aria-hidden="true">'
        f'<rect width="14" height="12" fill="{_COLORS[part]}"/></svg>{_NAMES[part]}</li>'
        for part in PARTS
        if any(abs(parts[part]) > 0 for parts in scaled.values())
    )
    out.append("</ul></figure>")
    return "".join(out)


def _plus(value: float) -> str:
    return f"{'+' if value > 0 else ''}{figure_text(value)}"
