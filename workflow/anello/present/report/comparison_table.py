"""All numbers of all scenarios beside each other, as a table and bars of the page."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from anello.optimise.results.collected import CollectedResults
from anello.present.report.comparison import Summaries, scenario_table, signed_percent
from anello.present.report.config import FiguresConfig
from anello.present.report.numbers import figure_text


def comparison_html(
    loaded: Mapping[str, CollectedResults],
    config: FiguresConfig,
    summaries: Summaries | None = None,
) -> str:
    """Return the table of :func:`scenario_table`, and bars of the cost if there are several."""
    table = scenario_table(loaded, config, summaries)
    parts = []
    cost = next((label for label in table.index if label.startswith("Cost as")), None)
    if cost is not None and len(loaded) > 1:
        parts.append(_bars(table.loc[cost], str(cost)))
    parts.append('<div class="scroll"><table><caption>All numbers</caption><thead><tr>')
    parts.append('<th scope="col">Quantity</th>')
    parts += [f'<th scope="col">{html.escape(str(name))}</th>' for name in table.columns]
    parts.append("</tr></thead><tbody>")
    for label, row in table.iterrows():
        indented = ' class="in"' if str(label).startswith("  ") else ""
        parts.append(f'<tr><th scope="row"{indented}>{html.escape(str(label).strip())}</th>')
        counted = "[" not in str(label)
        parts += [f"<td>{figure_text(float(value), counted)}</td>" for value in row]
        parts.append("</tr>")
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _bars(row: pd.Series[Any], label: str) -> str:
    """Horizontal bars, each with its number and its difference to the first."""
    largest = max(float(np.nanmax(row.to_numpy(dtype=float))), 1e-9)
    first = float(row.iloc[0])
    parts = [f"<h3>{html.escape(label)}</h3>", '<dl class="bars">']
    for position, (name, value) in enumerate(row.items()):
        number = float(value)
        known = position and first and np.isfinite(number / first)
        change = f" ({signed_percent(number / first - 1)})" if known else ""
        width = max(0.0, number / largest * 100) if np.isfinite(number) else 0.0
        parts.append(
            f'<dt>{html.escape(str(name))}</dt><dd><span class="bar" style="width:{width:.2f}%">'
            f"</span><span>{figure_text(number)}{change}</span></dd>"
        )
    parts.append("</dl>")
    return "".join(parts)
