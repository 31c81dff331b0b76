"""What sizes that were found for some days leave out."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd

from anello.base.year import hours_modelled, is_a_year
from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance
from anello.present.report.deciding import sizes_are_given


def few_days_html(plan: Sequence[CollectedResults], look: Appearance) -> str:
    """Say for which days sizes were found, and which demands these days do not have.

    Parameters
    ----------
    plan : sequence of CollectedResults
        The proposal, or all its years.
    look : Appearance
        Names of carriers.

    Returns
    -------
    str
        A paragraph; nothing where sizes were given, or found for a year.
    """
    found = [one for one in plan if not is_a_year(hours_modelled(one.results))]
    if not found or all(map(sizes_are_given, found)):
        return ""
    times = pd.DatetimeIndex(np.unique(np.concatenate([one.results["timestep"] for one in found])))
    days = times.normalize().unique()
    first, last = (f"{day.day} {day:%b %Y}" for day in (days[0], days[-1]))
    when = first if len(days) == 1 else f"{first} to {last}"
    count = f"{len(days)} {'day' if len(days) == 1 else 'days'}"
    idle = set.intersection(*(_without_demand(one) for one in found))
    text = (
        f"Sizes were found for {count} alone ({when}): what any other day needs had no say in them."
    )
    if idle:
        names = " and ".join(look.name(carrier).lower() for carrier in sorted(idle))
        text += (
            f" On these days nothing asks for {names}: what would serve it has next to no size, "
            "where that was free."
        )
    return f'<p id="few-days"><strong>{html.escape(text)}</strong> Run a year before you build.</p>'


def _without_demand(collected: CollectedResults) -> set[str]:
    """Return the carriers of demands that take nothing in the time modelled."""
    results = collected.results
    if "carrier_con" not in results:
        return set()
    demands = np.flatnonzero(results["node_base"].values == "demand")
    taken = results["carrier_con"].isel(node=demands).transpose("carrier", "node", "timestep")
    known = np.isfinite(taken.values)
    asked = np.abs(np.nan_to_num(taken.values)).sum(axis=(1, 2)) > 0.0
    carriers = results["carrier"].values
    return {str(name) for name in carriers[known.any(axis=(1, 2)) & ~asked]}


__all__ = ["few_days_html"]
