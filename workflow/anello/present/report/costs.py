"""What a kWh costs, and which hours have no price, in the report."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.levelised import levelised_cost
from anello.optimise.results.prices import price_states
from anello.optimise.results.summary import simulated_cost
from anello.optimise.results.whole_cost import whole_cost
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.total import shows_whole

_RULES = {
    "value": "by the value of what its demands took, at the prices of each hour",
    "energy": "by the energy its demands took, as there are no prices to value it with",
}


RING_SHARED = "what the ring adds to the cost falls on the heat and cold that its heat pumps make"


def unpriced_note(results: xr.Dataset, states: xr.DataArray | None = None) -> str:
    """Return a sentence that counts the prices that nothing sets, which are not drawn.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``shadow_price``.
    states : xarray.DataArray, optional
        What `anello.optimise.results.prices.price_states` says of them, where it is known already.
    """
    found = (price_states(results) if states is None else states).values
    idle, penalty = int((found == "idle").sum()), int((found == "penalty").sum())
    priced = int((found != "none").sum())
    told = [
        f"{count:,} {why}"
        for count, why in (
            (idle, "where the carrier neither comes nor goes"),
            (penalty, "set by the penalty of unmet demand or unused supply"),
        )
        if count
    ]
    holds = _holding(results)
    if not told:
        return holds
    return (
        f"{holds}<p>Of {priced:,} prices, those that nothing sets are left out: "
        f"{', '.join(told)}.</p>"
    )


def _holding(results: xr.Dataset) -> str:
    """Say what prices depend on, where that is more than the hour."""
    held = results.attrs.get("prices_hold")
    if held is None:
        return ""
    return f"<p>Prices hold {html.escape(str(held))}; another number may have others.</p>"


def cost_table(
    collected: CollectedResults,
    look: Appearance,
    config: FiguresConfig,
    prices: xr.DataArray | None = None,
) -> str:
    """Return a table of the system's cost shared out among what it delivers.

    Parameters
    ----------
    collected : CollectedResults
        One scenario, with costs.
    look : Appearance
        Names of carriers.
    config : FiguresConfig
        Currency and the cost class that is shown.
    prices : xarray.DataArray, optional
        What `anello.optimise.results.prices.set_prices` returned, where it is known already.
    """
    results, simulated = collected.results, simulated_cost(collected)
    if "cost" not in results or config.cost_class not in results["cost_class"].values:
        return ""
    whole = whole_cost(collected, simulated)
    shared = shows_whole(whole, simulated, config)
    found = levelised_cost(collected, None if whole is None else whole["total"], prices)
    if not found:
        return ""
    money = html.escape(config.currency)
    rows = "".join(
        f"<tr><th>{html.escape(look.name(carrier))}</th>"
        f"<td>{entry['delivered_kwh'] / 1000:,.1f}</td>"
        f"<td>{entry['whole_cost'] if shared else entry['cost'][config.cost_class]:,.0f}</td>"
        f"<td>{cost_per_kwh(entry, config, whole=shared):,.4f}</td></tr>"
        for carrier, entry in found["carriers"].items()
    )
    ring = "" if simulated is None else f"; {RING_SHARED}"
    return (
        f"<p>Cost of the whole system, shared out to each carrier {_RULES[found['rule']]}{ring}:"
        '</p><div class="scroll"><table><thead><tr><th>Carrier</th><th>Delivered [MWh]</th>'
        f"<th>Cost [{money}]</th><th>[{money}/kWh]</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def cost_per_kwh(entry: Mapping[str, Any], config: FiguresConfig, *, whole: bool) -> float | None:
    """Return what a kWh of a carrier costs, of the same cost that the first screen shows.

    Parameters
    ----------
    entry : mapping
        The carrier's of ``levelised_cost.carriers`` in ``summary.json``.
    config : FiguresConfig
        The cost class that is shown.
    whole : bool
        Whether that is the whole cost, as `anello.present.report.total.shows_whole` says.

    Returns
    -------
    float or None
        Per kWh; None where the class has no cost.
    """
    if whole and "whole_cost_per_kwh" in entry:
        return float(entry["whole_cost_per_kwh"])
    found: float | None = entry["cost_per_kwh"].get(config.cost_class)
    return found
