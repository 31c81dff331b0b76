"""What a scenario's cost is made of: by cost class, location, technology and kind of price.

The parts of one technology at one location add up to its ``cost``. Investment is split by what each
price of a capacity contributes, with the interest, lifetime and yearly share that all of them have
in common; operation by what each price per kWh contributes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import result_position

Floats = npt.NDArray[np.float64]

OPTIMISED, SIMULATED = "as optimised", "as simulated"
COLUMNS = ["cost_class", "counted", "location", "technology", "part", "cost"]
_CAPACITIES = {
    "energy_cap": "Investment in capacity",
    "storage_cap": "Investment in storage",
    "resource_cap": "Investment in the resource's capacity",
    "resource_area": "Investment in area",
    "resource2_cap": "Investment in the second resource's capacity",
}
_UNITS = ("units", "purchased")
_PRIMARY = "primary_carrier_out"
_READ = (
    *("cost", "cost_investment", "cost_peak", "carrier_prod", "carrier_export", "resource2_con"),
    *_CAPACITIES,
    *_UNITS,
)
_NOTHING = 1e-12
"""Share of a cost below which a part is the rounding of sums."""


def cost_parts(collected: CollectedResults) -> pd.DataFrame:
    """Split a scenario's cost.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.

    Returns
    -------
    pandas.DataFrame
        Columns ``cost_class``, ``counted``, ``location``, ``technology``, ``part`` and ``cost``
        [cost unit]. Rows counted ``as optimised`` that name a location add up to the summary's
        ``costs.<class>.total``. In a run with a ring they give, with those of the ring's plant,
        ``cost_in_optimisation`` and, with what the simulation adds (``as simulated``),
        ``cost_simulated``. Parts of nothing are left out.
    """
    rows = [*_of_nodes(collected), *_of_ring(collected)]
    return pd.DataFrame(rows, columns=COLUMNS)


Row = tuple[str, str, str, str, str, float]


def _of_nodes(collected: CollectedResults) -> Iterator[Row]:
    if "cost" not in collected.results:
        return
    results = collected.results[[n for n in _READ if n in collected.results]]
    inputs = collected.inputs
    inputs = inputs[[n for n in inputs if str(n).startswith("cost_") or n == _PRIMARY]]
    full_links = collected.config.get("run", {}).get("compat") == "calliope-0.6"
    for cost_class in map(str, results["cost_class"].values):
        totals = results["cost"].sel(cost_class=cost_class)
        prices = _of_class(inputs, cost_class)
        for position in np.flatnonzero(totals.notnull().values):
            node = results.isel(node=int(position))
            total = float(totals.values[position])
            invested = 0.0
            if "cost_investment" in results:
                found = float(node["cost_investment"].sel(cost_class=cost_class))
                invested = found if np.isfinite(found) else 0.0
            label = str(node["node"].values)
            priced = "node" in prices.dims and label in prices["node"].values
            given = prices.sel(node=label) if priced else xr.Dataset()
            doubled = full_links and str(node["node_base"].values) == "transmission"
            weights = _invested(given, node, 2.0 if doubled else 1.0)
            parts = [
                *_shared(invested, weights),
                *_added(total - invested, _running(given, node, cost_class)),
            ]
            place = (str(node["node_loc"].values), str(node["node_tech"].values))
            for part, cost in parts:
                if abs(cost) > _NOTHING * abs(total):
                    yield (cost_class, OPTIMISED, *place, part, cost)


def _of_class(inputs: xr.Dataset, cost_class: str) -> xr.Dataset:
    """Prices of one cost class, none where the model does not have it."""
    if "cost" in inputs.dims and cost_class in inputs["cost"].values:
        return inputs.sel(cost=cost_class)
    return inputs.drop_dims("cost", errors="ignore")


def _invested(given: xr.Dataset, node: xr.Dataset, fixed_share: float) -> dict[str, float]:
    """What each price of a capacity contributes, up to the factor that all have in common.

    Calliope 0.6, and what copies it, charges the fixed cost of a link in full at both of its ends.
    """
    yearly = _price(given, "depreciation_rate", 1.0)
    fraction = _price(given, "om_annual_investment_fraction")
    weights: dict[str, float] = {}
    invested = 0.0
    for name, part in _CAPACITIES.items():
        weights[part] = yearly * _priced(given, name, node, name)
        invested += weights[part]
    weights["Fixed cost, as a share of investment"] = invested * fraction
    weights["Fixed cost"] = fixed_share * _priced(given, "om_annual", node, "energy_cap")
    weights["Investment by unit"] = yearly * sum(
        _priced(given, "purchase", node, name) for name in _UNITS
    )
    return weights


def _running(given: xr.Dataset, node: xr.Dataset, cost_class: str) -> dict[str, float]:
    """What each price per kWh contributes, and the months' peaks."""
    weight = node["timestep_weight"].values
    primary = str(given[_PRIMARY].values) if _PRIMARY in given else ""
    weights = {
        "Export": _charged(given, "export", _flow(node, "carrier_export"), weight),
        "Second resource": _charged(given, "om_resource2", _flow(node, "resource2_con"), weight),
        "Peaks of the months": _peaks(node, cost_class),
        "Output": _charged(given, "om_prod", _flow(node, "carrier_prod", primary), weight),
    }
    # What is taken in is counted in several ways (carrier, resource, fuel): it is what remains.
    if _given(given, "om_con"):
        weights["Intake"] = np.nan
    return weights


def _peaks(node: xr.Dataset, cost_class: str) -> float:
    if "cost_peak" not in node:
        return 0.0
    charged = float(node["cost_peak"].sel(cost_class=cost_class))
    return charged if np.isfinite(charged) else 0.0


def _shared(total: float, weights: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Split an investment by its weights; it stays whole where none explains it."""
    known = {part: weight for part, weight in weights.items() if weight != 0.0}
    explained = sum(known.values())
    if not known or explained == 0.0 or not np.isfinite(explained):
        yield "Investment and fixed cost", total
        return
    *first, last = known
    given = {part: total * known[part] / explained for part in first}
    yield from given.items()
    yield last, total - sum(given.values())


def _added(total: float, parts: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Split the cost of operation into its parts; the one that is unknown is what remains."""
    known = {part: cost for part, cost in parts.items() if np.isfinite(cost) and cost != 0.0}
    rest = next((part for part, cost in parts.items() if np.isnan(cost)), None)
    if rest is None and known and np.isclose(sum(known.values()), total, rtol=1e-9, atol=1e-9):
        *_, rest = known
        del known[rest]
    yield from known.items()
    yield rest or "Other cost of operation", total - sum(known.values())


def _given(given: xr.Dataset, name: str) -> bool:
    prices = given.get(f"cost_{name}")
    return prices is not None and bool((prices.fillna(0.0) != 0.0).any())


def _price(given: xr.Dataset, name: str, missing: float = 0.0) -> float:
    value = float(given[f"cost_{name}"].values) if f"cost_{name}" in given else np.nan
    return value if np.isfinite(value) else missing


def _priced(given: xr.Dataset, name: str, node: xr.Dataset, capacity: str) -> float:
    """A price times the size it is for; nothing without a price, however large that is."""
    price = _price(given, name)
    return price * _size(node, capacity) if price else 0.0


def _charged(given: xr.Dataset, name: str, flow: Floats, weight: Floats) -> float:
    if not _given(given, name):
        return 0.0
    return float((np.nan_to_num(given[f"cost_{name}"].values) * flow * weight).sum())


def _size(node: xr.Dataset, name: str) -> float:
    value = float(node[name].values) if name in node else np.nan
    return 0.0 if np.isnan(value) else value


def _flow(node: xr.Dataset, name: str, carrier: str = "") -> Floats:
    """A flow by step [kWh]; of one carrier if the node has it, else of all."""
    if name not in node:
        return np.zeros(node.sizes["timestep"])
    flow = node[name]
    if carrier and carrier in node["carrier"].values:
        flow = flow.sel(carrier=carrier)
    elif "carrier" in flow.dims:
        flow = flow.sum("carrier")
    values: Floats = np.nan_to_num(flow.values)
    return values


def _of_ring(collected: CollectedResults) -> Iterator[Row]:
    """What the ring's plant costs in the programme, and what the simulation adds to it."""
    results, ring, trace = collected.results, collected.ring, collected.convergence
    main, weighed = _objective(collected)
    planned = 0.0
    if "ring_cost" in results:
        for device, cost in results["ring_cost"].to_series().items():
            planned += float(cost)
            if cost != 0.0:
                yield main, OPTIMISED, "", str(device), "Balancing plant", float(cost)
    if "ring_size_cost" in results:
        for device, cost in results["ring_size_cost"].to_series().items():
            planned += float(cost)
            yield main, OPTIMISED, "", str(device), "Chosen size of the plant", float(cost)
    if "ring_end" in results:
        held = float(results["ring_end"].sum())
        planned += held
        yield main, OPTIMISED, "", "", "What the ring holds at the end", held
    if trace is None or "j_sim_eur" not in trace:
        return
    promised = float(results.attrs.get("cost_objective", weighed + planned))
    rest = promised - weighed - planned
    if abs(rest) > _NOTHING * abs(promised):
        yield main, OPTIMISED, "", "", "Other cost of the ring", rest
    simulated = float(trace["j_sim_eur"].values[result_position(collected.record)])
    more = simulated - promised
    told = {} if ring is None else ring.attrs
    parts = {
        "Electricity of heat pumps beyond the dispatch": told.get("electricity_eur", 0.0),
        "Electricity of plant and pump": told.get("plant_electricity_eur", 0.0),
        "Other cost of the plant": told.get("plant_other_eur", 0.0),
        "Grid connections beyond the dispatch": told.get("connection_eur", 0.0),
        "What the ring holds at the end": told.get("end_eur", 0.0),
    }
    for part, cost in parts.items():
        more -= float(cost)
        if cost:
            yield main, SIMULATED, "", "", part, float(cost)
    if abs(more) > _NOTHING * abs(promised):
        yield main, SIMULATED, "", "", "Other cost of the ring", more


def _objective(collected: CollectedResults) -> tuple[str, float]:
    """The cost class that weighs most in the objective, and the weighted sum of all classes."""
    results = collected.results
    classes = [str(name) for name in results["cost_class"].values] if "cost" in results else []
    options = collected.config.get("run", {}).get("objective_options", {})
    weights = options.get("cost_class") or dict.fromkeys(classes[:1], 1.0)
    known = {str(name): 1.0 if w is None else float(w) for name, w in weights.items()}
    total = sum(
        known.get(name, 0.0) * float(results["cost"].sel(cost_class=name).sum()) for name in classes
    )
    main = max(known, key=lambda name: abs(known[name])) if known else "monetary"
    return main, total


__all__ = ["COLUMNS", "OPTIMISED", "SIMULATED", "cost_parts"]
