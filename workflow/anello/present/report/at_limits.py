"""Which sizes ended at a limit that the planner gave, and what the next unit would save."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from anello.base.year import is_a_year
from anello.optimise.results.at_limits import NOTHING_SAVED
from anello.present.report.appearance import Appearance, capital, part_of_ring
from anello.present.report.config import FiguresConfig
from anello.present.report.numbers import exact
from anello.present.report.total import Summary
from anello.ring.exchanger_parts import is_exchanger

_SHARED = {
    "group_constraints.": "Group {}",
    "techs.": "{} at all locations",
    "locations.": "Collecting areas ({})",
}
"""How those are called who share a limit, by the section that gives it."""


def at_limits_html(
    weights: Mapping[str, float],
    summaries: Mapping[str, Summary],
    look: Appearance,
    config: FiguresConfig,
) -> str:
    """Return a sentence for each size that a limit holds, and one on sizes without a price.

    Parameters
    ----------
    weights : mapping of str to float
        The results of what is proposed, one or several years, and their probabilities [-].
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`, with
        ``sizes_at_limits``.
    look : Appearance
        Names of locations and technologies.
    config : FiguresConfig
        Currency.

    Returns
    -------
    str
        Nothing where no free size ended at a limit.
    """
    held = []
    free = []
    for size, saves in _of_all(weights, summaries):
        if size["has_price"] if saves is None else saves > NOTHING_SAVED:
            held.append(f"<li>{_sentence(size, saves, look, config)}</li>")
        elif not size["has_price"]:
            free.append(f"{_name(size, look)}, {exact(size['size'])} {html.escape(size['unit'])}")
    told = f'<ul id="at-limits">{"".join(held)}</ul>' if held else ""
    if held and not all(is_a_year(summaries[name]["hours_modelled"]) for name in weights):
        told += (
            '<p id="scaled-to-a-year">What is saved a year is what the days modelled save, as if '
            "the whole year were like them.</p>"
        )
    if free:
        told += (
            '<p id="without-price">A size that has no price ends at its largest, which says '
            f"nothing about what is needed: {'; '.join(free)}.</p>"
        )
    return told


def _of_all(
    weights: Mapping[str, float], summaries: Mapping[str, Summary]
) -> list[tuple[Mapping[str, Any], float | None]]:
    """Return each size at a limit once, with what is to be expected from the next unit.

    A year in which a size is not at its limit, as connections may be, expects nothing from more.
    """
    found: dict[tuple[str, ...], list[tuple[float, Mapping[str, Any]]]] = {}
    for name, weight in weights.items():
        for size in summaries[name].get("sizes_at_limits") or ():
            key = tuple(size[part] for part in ("what", "key"))
            found.setdefault(key, []).append((weight, size))
    out = []
    for sizes in found.values():
        saves = [size["saves_per_year"] for _, size in sizes]
        known = None not in saves
        expected = math.fsum(w * size["saves_per_year"] for w, size in sizes) if known else None
        out.append((sizes[0][1], expected))
    return out


def _sentence(
    size: Mapping[str, Any], saves: float | None, look: Appearance, config: FiguresConfig
) -> str:
    money = html.escape(config.currency)
    unit = money if size["unit"] == "monetary" else html.escape(size["unit"])
    shown = f"{exact(size['size'])} {unit}".strip()
    larger = size["limit"] == "largest"
    text = (
        f"<strong>{_name(size, look)}</strong>: the {size['limit']} that is allowed, "
        f"{shown} (<code>{html.escape(size['key'])}</code>)"
    )
    if saves is None:
        return f"{text}, and perhaps {'a larger' if larger else 'a smaller'} one would pay."
    if larger:
        text += f"; the next {unit} would save {exact(saves)} {money} a year"
        return f"{text}." if size["has_price"] else f"{text}, before its price, which is not known."
    return f"{text}; the last {unit} costs {exact(saves)} {money} a year more than it saves."


def _name(size: Mapping[str, Any], look: Appearance) -> str:
    for section, words in _SHARED.items():
        if str(size["what"]).startswith(section):
            name = str(size["what"]).removeprefix(section)
            known = name if section == "group_constraints." else look.name(name)
            return html.escape(words.format(known))
    if is_exchanger(str(size["what"])):
        return html.escape(capital(part_of_ring(str(size["what"]))))
    loc, _, tech = str(size["what"]).partition("::")
    if not tech:
        return html.escape(f"{loc.replace('_', ' ').capitalize()} of the ring")
    tech, _, other = tech.partition(":")
    where = f"{look.name(loc)} to {look.name(other)}" if other else look.name(loc)
    return html.escape(f"{look.name(tech)} ({where})")
