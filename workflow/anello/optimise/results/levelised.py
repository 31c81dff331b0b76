"""What a kWh that a demand takes costs, with the ring's own plant and pipes."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.prices import allocated_cost
from anello.optimise.results.whole_cost import objective_weights


def levelised_cost(
    collected: CollectedResults, whole: float | None, prices: xr.DataArray | None = None
) -> dict[str, Any]:
    """Share the whole cost of a scenario out among what it delivers to demands.

    The model's cost is shared as :func:`~anello.optimise.results.prices.allocated_cost` does. What
    the whole is beyond it, the ring's plant and pipes and what the simulation adds, falls on the
    carriers that heat pumps of the ring make, by their shares; on all carriers where demands take
    none of these. The parts add up to the whole.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    whole : float, optional
        ``total`` of :func:`~anello.optimise.results.whole_cost.whole_cost`.
    prices : xarray.DataArray, optional
        What :func:`~anello.optimise.results.prices.set_prices` returned, where it is known already.

    Returns
    -------
    dict
        As of ``allocated_cost``; where the whole is known, each carrier also has ``whole_cost`` and
        ``whole_cost_per_kwh``.
    """
    found = allocated_cost(collected.results, prices)
    if not found or whole is None:
        return found
    weights = objective_weights(collected)
    carriers: dict[str, dict[str, Any]] = found["carriers"]
    charged = {
        name: sum(weight * entry["cost"][of] for of, weight in weights.items())
        for name, entry in carriers.items()
    }
    more = whole - sum(charged.values())
    served = _made_from_the_ring(collected) & set(carriers) or set(carriers)
    key = "share" if any(carriers[name]["share"] > 0.0 for name in served) else "delivered_kwh"
    total = sum(carriers[name][key] for name in served)
    for name, entry in carriers.items():
        part = entry[key] / total if name in served else 0.0
        entry["whole_cost"] = charged[name] + more * part
        entry["whole_cost_per_kwh"] = entry["whole_cost"] / entry["delivered_kwh"]
    return found


def _made_from_the_ring(collected: CollectedResults) -> set[str]:
    """Return the carriers that heat pumps of the ring make."""
    ring, results = collected.ring, collected.results
    if ring is None or "node" not in ring.coords or "carrier_prod" not in results:
        return set()
    pumps = [name for name in ring["node"].values if name in results["node"].values]
    made = results["carrier_prod"].sel(node=pumps).transpose("carrier", ...).values
    gives = np.isfinite(made).any(axis=(1, 2))
    return {str(name) for name in results["carrier"].values[gives]}


__all__ = ["levelised_cost"]
