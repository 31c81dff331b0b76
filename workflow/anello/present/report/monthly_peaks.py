"""The peaks of the months that are billed, as the plan has them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.numbers import exact


def monthly_peaks_html(
    weights: Mapping[str, float],
    summaries: Mapping[str, Mapping[str, Any]],
    look: Appearance,
    config: FiguresConfig,
) -> str:
    """Return a table of the power that is billed, by supply and month; of all years.

    Parameters
    ----------
    weights : mapping of str to float
        The results of what is proposed, one or several years, and their probabilities [-].
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`.
    look : Appearance
        Names of locations and technologies.
    config : FiguresConfig
        Currency and cost class.

    Returns
    -------
    str
        Numbers are those of ``peak_kw.billed_by_month`` of the summaries, and of their costs'
        ``monthly_peaks``; nothing where no supply is billed by the month.
    """
    billed = [
        (_name(node, look, summaries[name]), peaks, _paid(summaries[name], config, node))
        for name in weights
        for node, peaks in (summaries[name]["peak_kw"].get("billed_by_month") or {}).items()
    ]
    if not billed:
        return ""
    months = sorted({month for _, peaks, _ in billed for month in peaks})
    head = "".join(f'<th scope="col">{html.escape(month)}</th>' for month in months)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{exact(peaks.get(month))}</td>" for month in months)
        + f"<td>{exact(paid)}</td></tr>"
        for name, peaks, paid in billed
    )
    return (
        '<div class="scroll"><table id="monthly-peaks"><caption>Peaks billed by the month, as '
        f'planned [kW]</caption><thead><tr><th scope="col">Supply</th>{head}'
        f'<th scope="col">Cost [{html.escape(config.currency)}]</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _name(node: str, look: Appearance, summary: Mapping[str, Any]) -> str:
    loc, _, tech = node.partition("::")
    year = summary.get("year")
    return f"{look.name(tech)} ({look.name(loc)})" + (f", {year['year']}" if year else "")


def _paid(summary: Mapping[str, Any], config: FiguresConfig, node: str) -> float | None:
    costs = summary["costs"].get(config.cost_class) or {}
    return (costs.get("monthly_peaks") or {}).get(node)
