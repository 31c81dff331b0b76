"""What a scenario's cost is made of: by cost class, location, technology and kind of price.

The parts of one technology at one location add up to its ``cost``. Investment is split by what each
price of a capacity contributes, with the interest, lifetime and yearly share that all of them have
in common; operation by what each price per kWh contributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import result_position
from anello.optimise.results.whole_cost import priced_ring, simulated_emissions

Floats = npt.NDArray[np.float64]
Values = Mapping[str, Any]
"""Of one node: a number, or a series, by the name of its variable."""

OPTIMISED, SIMULATED, BUILT = "as optimised", "as simulated", "as built"
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
    *("carrier_prod", "carrier_export", "resource2_con"),
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
        ``cost_simulated``. What the ring's plant and pipes cost to build and to keep (``as built``)
        makes it ``whole_cost.total``. A class that is no money, such as CO2, has what the simulated
        electricity adds to it ``as simulated``, and adds up to ``costs.<class>.total_simulated``.
        Parts of nothing are left out.
    """
    rows = [
        *_of_nodes(collected),
        *_of_ring(collected),
        *_of_ring_built(collected),
        *_of_ring_emitted(collected),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


Row = tuple[str, str, str, str, str, float]


def _of_nodes(collected: CollectedResults) -> Iterator[Row]:
    if "cost" not in collected.results:
        return
    results, inputs = collected.results, collected.inputs
    inputs = inputs[[n for n in inputs if str(n).startswith("cost_") or n == _PRIMARY]]
    full_links = collected.config.get("run", {}).get("compat") == "calliope-0.6"
    found = _by_node(results[[n for n in _READ if n in results]])
    carriers = [str(carrier) for carrier in results["carrier"].values]
    weight = results["timestep_weight"].values
    nodes, places, techs, bases = (
        [str(label) for label in results[name].values]
        for name in ("node", "node_loc", "node_tech", "node_base")
    )
    for cost_class in map(str, results["cost_class"].values):
        totals = results["cost"].sel(cost_class=cost_class).values
        investments = _known(results, "cost_investment", cost_class)
        peaks = _known(results, "cost_peak", cost_class)
        of_class = _of_class(inputs, cost_class)
        prices = _by_node(of_class)
        priced = {str(n): k for k, n in enumerate(of_class["node"].values)} if prices else {}
        for position in np.flatnonzero(~np.isnan(totals)).tolist():
            node = {name: values[position] for name, values in found.items()}
            total, invested = float(totals[position]), float(investments[position])
            at = priced.get(nodes[position])
            given = {} if at is None else {name: values[at] for name, values in prices.items()}
            doubled = full_links and bases[position] == "transmission"
            weights = _invested(given, node, 2.0 if doubled else 1.0)
            parts = [
                *_shared(invested, weights),
                *_added(
                    total - invested,
                    _running(given, node, carriers, weight, float(peaks[position])),
                ),
            ]
            for part, cost in parts:
                if abs(cost) > _NOTHING * abs(total):
                    yield (cost_class, OPTIMISED, places[position], techs[position], part, cost)


def _known(results: xr.Dataset, name: str, cost_class: str) -> Floats:
    """Values of a cost by node; zero where there are none, (N,) [€]."""
    if name not in results:
        return np.zeros(results.sizes["node"])
    values = results[name].sel(cost_class=cost_class).values
    return np.where(np.isfinite(values), values, 0.0)


def _by_node(content: xr.Dataset) -> dict[str, Floats]:
    """Values of all variables that nodes have: by node, then by carrier, then by step."""
    return {
        str(name): array.transpose("node", "carrier", ..., missing_dims="ignore").values
        for name, array in content.data_vars.items()
        if "node" in array.dims
    }


def _of_class(inputs: xr.Dataset, cost_class: str) -> xr.Dataset:
    """Prices of one cost class, none where the model does not have it."""
    if "cost" in inputs.dims and cost_class in inputs["cost"].values:
        return inputs.sel(cost=cost_class)
    return inputs.drop_dims("cost", errors="ignore")


def _invested(given: Values, node: Values, fixed_share: float) -> dict[str, float]:
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


def _running(
    given: Values, node: Values, carriers: Sequence[str], weight: Floats, peaks: float
) -> dict[str, float]:
    """What each price per kWh contributes, and the months' peaks."""
    primary = str(given.get(_PRIMARY, ""))
    made = carriers.index(primary) if primary in carriers else None

    def charged(price: str, flow: str, of: int | None = None) -> float:
        return _charged(given, price, _flow(node[flow], of), weight) if flow in node else 0.0

    weights = {
        "Export": charged("export", "carrier_export"),
        "Second resource": charged("om_resource2", "resource2_con"),
        "Peaks of the months": peaks,
        "Output": charged("om_prod", "carrier_prod", made),
    }
    # What is taken in is counted in several ways (carrier, resource, fuel): it is what remains.
    if _given(given, "om_con"):
        weights["Intake"] = np.nan
    return weights


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


def _given(given: Values, name: str) -> bool:
    return bool(np.any(np.nan_to_num(given.get(f"cost_{name}", 0.0))))


def _price(given: Values, name: str, missing: float = 0.0) -> float:
    value = float(given.get(f"cost_{name}", np.nan))
    return value if np.isfinite(value) else missing


def _priced(given: Values, name: str, node: Values, capacity: str) -> float:
    """A price times the size it is for; nothing without a price, however large that is."""
    price = _price(given, name)
    return price * _size(node, capacity) if price else 0.0


def _charged(given: Values, name: str, flow: Floats, weight: Floats) -> float:
    if not _given(given, name):
        return 0.0
    return float((np.nan_to_num(given[f"cost_{name}"]) * flow * weight).sum())


def _size(node: Values, name: str) -> float:
    value = float(node.get(name, np.nan))
    return 0.0 if np.isnan(value) else value


def _flow(flow: Floats, carrier: int | None) -> Floats:
    """A flow by step [kWh]; of one carrier, or of all."""
    known = np.nan_to_num(flow)
    if known.ndim == 1:
        return known
    kept: Floats = known.sum(axis=0) if carrier is None else known[carrier]
    return kept


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
            yield main, OPTIMISED, "", str(device), "Chosen size", float(cost)
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


def _of_ring_built(collected: CollectedResults) -> Iterator[Row]:
    """What the ring's plant and pipes cost, in place of what the programme charged their sizes."""
    ring = priced_ring(collected)
    if ring is None:
        return
    main, _ = _objective(collected)
    results = collected.results
    if "ring_size_cost" in results:
        below = "Chosen size, priced below"
        for device, cost in results["ring_size_cost"].to_series().items():
            yield main, BUILT, "", str(device), below, -float(cost)
    for one in ring.parts:
        yield main, BUILT, "", one.name, "Investment in the ring", one.capital_eur
        if one.maintenance_eur:
            yield main, BUILT, "", one.name, "Maintenance of the ring", one.maintenance_eur


def _of_ring_emitted(collected: CollectedResults) -> Iterator[Row]:
    """What the electricity of the simulation, the ring's plant among it, adds to other classes."""
    results = collected.results
    if "cost" not in results:
        return
    for cost_class in map(str, results["cost_class"].values):
        simulated = simulated_emissions(collected, cost_class)
        if simulated is not None:
            more = simulated - float(results["cost"].sel(cost_class=cost_class).sum())
            yield cost_class, SIMULATED, "", "", "Electricity beyond the dispatch", more


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


__all__ = ["BUILT", "COLUMNS", "OPTIMISED", "SIMULATED", "cost_parts"]
