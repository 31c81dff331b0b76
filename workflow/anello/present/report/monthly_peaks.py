"""The peaks of the months that are billed, as the plan has them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from anello.present.report.appearance import Appearance
from anello.present.report.numbers import exact


def monthly_peaks_html(summary: Mapping[str, Any], look: Appearance) -> str:
    """Return a table of the power that is billed, by supply and month.

    Parameters
    ----------
    summary : mapping
        A scenario's :func:`~anello.optimise.results.summary.summarise`.
    look : Appearance
        Names of locations and technologies.

    Returns
    -------
    str
        Numbers are those of ``peak_kw.billed_by_month`` of the summary; nothing where no supply
        is billed by the month.
    """
    billed = summary["peak_kw"].get("billed_by_month") or {}
    if not billed:
        return ""
    months = list(next(iter(billed.values())))
    head = "".join(f'<th scope="col">{html.escape(month)}</th>' for month in months)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(_name(node, look))}</th>'
        + "".join(f"<td>{exact(peaks[month])}</td>" for month in months)
        + "</tr>"
        for node, peaks in billed.items()
    )
    return (
        '<div class="scroll"><table id="monthly-peaks"><caption>Peaks billed by the month [kW]'
        f'</caption><thead><tr><th scope="col">Supply</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _name(node: str, look: Appearance) -> str:
    loc, _, tech = node.partition("::")
    return f"{look.name(tech)} ({look.name(loc)})"


__all__ = ["monthly_peaks_html"]
