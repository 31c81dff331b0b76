"""What a scenario costs with all that belongs to it, and what that is made of.

Technologies are charged by the model, what the ring truly takes by its simulation, and the ring's
own plant and pipes by the settings (`ring_costs`). The parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from anello.base.labelled import labels_of, total_of
from anello.base.year import hours_modelled
from anello.model.data import ModelData
from anello.optimise.formulation.capacity_prices import CapacityPrices
from anello.optimise.results.collected import CollectedResults
from anello.ring.capital import RingCapital, RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant import device_cost

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

PARTS = ("capital", "electricity", "fuel", "maintenance", "revenue")
"""What a cost is made of: interest and repayment; what supplies of electricity and of anything else
charge, by energy and by the year; yearly and running costs of all other devices; income from
exports, which is negative, and what the ring holds at the end, where that has a price."""

_EMISSIONS = ("co2", "carbon", "ghg", "emission")
_ELECTRIC = ("electricity", "power", "elec")


def cost_parts(collected: CollectedResults, cost_class: str) -> dict[str, float]:
    """Return what the technologies' cost is made of.

    Parameters
    ----------
    collected : CollectedResults
        One scenario, with costs.
    cost_class : str
        The class.

    Returns
    -------
    dict of str to float
        By part, in the class's unit; the sum is the class's total.
    """
    results, inputs = collected.results, collected.inputs
    total = _by_node(results["cost"].sel(cost_class=cost_class))
    fixed = np.zeros_like(total)
    if "cost_investment" in results:
        fixed = _by_node(results["cost_investment"].sel(cost_class=cost_class))
    running = total - fixed
    yearly = _yearly(collected, cost_class, fixed)
    income = _income(results, inputs, cost_class)
    base = [str(name) for name in results["node_base"].values]
    supply = np.array([name == "supply" for name in base])
    electric = _electric_nodes(results)
    charged = running - income
    return {
        "capital": float((fixed - yearly).sum()),
        "electricity": float((charged + yearly)[supply & electric].sum()),
        "fuel": float((charged + yearly)[supply & ~electric].sum()),
        "maintenance": float((charged + yearly)[~supply].sum()),
        "revenue": float(income.sum()),
    }


def whole_cost(collected: CollectedResults, simulated: float | None) -> dict[str, Any] | None:
    """Return what a scenario costs in all, with the ring's own plant and pipes.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    simulated : float, optional
        Simulated true cost of its dispatch, without what the ring costs to build.

    Returns
    -------
    dict or None
        ``total``, ``parts`` that add up to it, the ``weights`` of the cost classes that count as
        money, and ``ring``: what it costs ``to_build`` and by
        part, and which parts are ``missing`` for want of a price; None without a ring, or where the
        settings know no such prices. None altogether where the model has no cost.
    """
    if "cost" not in collected.results:
        return None
    weights = objective_weights(collected)
    parts = dict.fromkeys(PARTS, 0.0)
    charged = 0.0
    for name, weight in weights.items():
        for part, value in cost_parts(collected, name).items():
            parts[part] += weight * value
        total = float(collected.results["cost"].sel(cost_class=name).sum())
        charged += weight * total
    whole = charged
    if simulated is not None:
        # ASSUME: what the simulation adds is electricity, but for what its devices cost per heat.
        other, end = _devices_other(collected), _end(collected)
        simulated -= _sizes(collected)
        parts["maintenance"] += other
        parts["revenue"] += end
        parts["electricity"] += simulated - charged - other - end
        whole = simulated
    ring = priced_ring(collected)
    if ring is not None:
        parts["capital"] += ring.capital_eur
        parts["maintenance"] += ring.maintenance_eur
        whole += ring.capital_eur + ring.maintenance_eur
    return {
        "total": whole,
        "parts": parts,
        "weights": weights,
        "ring": None
        if ring is None
        else {
            "to_build": ring.build_eur,
            "capital": ring.capital_eur,
            "maintenance": ring.maintenance_eur,
            "to_build_by_part": {part.name: part.build_eur for part in ring.parts},
            "missing": list(ring.missing),
        },
    }


def priced_ring(collected: CollectedResults) -> RingCapital | None:
    """Return what the ring's plant and pipes cost; None without a ring, or settings of prices."""
    settings = collected.settings
    if collected.ring is None or not settings.get("ring") or "ring_costs" not in settings:
        return None
    return ring_capital(
        RingConfig.model_validate(settings["ring"]),
        RingCosts.model_validate(settings["ring_costs"]),
        hours_modelled(collected.results),
    )


def simulated_emissions(collected: CollectedResults, cost_class: str) -> float | None:
    """Return what a class that does not count as money adds up to with the simulated electricity.

    What the ring's simulation buys beyond the dispatch, its plant and pump among it, is charged
    with what the dispatch's electricity is on average.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    cost_class : str
        The class, such as ``co2``.

    Returns
    -------
    float or None
        In the class's unit; None without a ring, or where the class says nothing of electricity.
    """
    # ASSUME: a kWh beyond the dispatch emits as much as one that was bought in it, on average, or
    # where none was, as the supplies' own rates say on average.
    ring, results = collected.ring, collected.results
    if ring is None or "grid_kwh" not in ring.attrs:
        return None
    if cost_class in objective_weights(collected) and not counts_emissions(cost_class):
        return None
    grids = _grids(collected)
    if not len(grids):
        return None
    bought = _bought_kwh(collected, grids)
    cost = results["cost"].sel(cost_class=cost_class)
    emitted = float(_by_node(cost)[grids].sum())
    if bought > 0.0:
        rate = emitted / bought
    else:
        data = ModelData(collected.inputs, collected.config)
        nodes = [str(node) for node in results["node"].values[grids]]
        k = labels_of(data.inputs, "cost").index(cost_class)
        rates = [data.value(name, nodes)[k] for name in ("cost_om_prod", "cost_om_con")]
        rate = sum(float(np.nan_to_num(each).mean()) for each in rates)
    if rate == 0.0:
        return None
    return float(cost.sum()) + rate * beyond_dispatch_kwh(collected)


def counts_emissions(cost_class: str) -> bool:
    """Return whether a cost class counts emissions, by its name; also where they have a price."""
    return any(word in cost_class.lower() for word in _EMISSIONS)


def imported_kwh(collected: CollectedResults) -> float:
    """Return the electricity that is bought, where a ring is simulated with what its plant takes.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.

    Returns
    -------
    float
        As simulated, or as dispatched without a ring [kWh].
    """
    return _bought_kwh(collected, _grids(collected)) + beyond_dispatch_kwh(collected)


def beyond_dispatch_kwh(collected: CollectedResults) -> float:
    """Return what a ring's simulation buys beyond the dispatch; its plant's, for the most part.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.

    Returns
    -------
    float
        Electricity; 0 without a ring, or where its file does not say [kWh].
    """
    if collected.ring is None or "grid_kwh" not in collected.ring.attrs:
        return 0.0
    bought = _bought_kwh(collected, _grids(collected))
    return float(collected.ring.attrs["grid_kwh"]) - bought


def _bought_kwh(collected: CollectedResults, grids: Ints) -> float:
    """Return what supplies give in the dispatch [kWh]."""
    results = collected.results
    made = results["carrier_prod"] * results["timestep_weight"]
    return float(_by_node(made.sum(("carrier", "timestep")))[grids].sum())


def _grids(collected: CollectedResults) -> Ints:
    """Return the supplies of electricity without a limited resource, as positions in the results.

    Electricity is what the ring's heat pumps take; without any, what is called so.
    """
    results, ring = collected.results, collected.ring
    flows = [
        results[name].transpose("node", "carrier", "timestep").values
        for name in ("carrier_prod", "carrier_con")
    ]
    makes, takes = (np.isfinite(flow).any(axis=2) for flow in flows)
    if ring is not None and "node" in ring:
        pumps = results.get_index("node").get_indexer(ring.get_index("node"))
        electric = takes[pumps].any(axis=0)
    else:
        electric = np.array([_is_electric(str(name)) for name in results["carrier"].values])
    supply = np.isin(results["node_base"].values, ("supply", "supply_plus"))
    grids = np.flatnonzero(supply & (makes & electric).any(axis=1))
    nodes = [str(node) for node in results["node"].values[grids]]
    resource = ModelData(collected.inputs, collected.config).value("resource", nodes)
    endless = np.isinf(resource.reshape(len(nodes), -1)).any(axis=1)
    found: Ints = grids[endless]
    return found


def objective_weights(collected: CollectedResults) -> dict[str, float]:
    """Return the classes that count as money, and how much."""
    options = (collected.config.get("run") or {}).get("objective_options") or {}
    known = [str(name) for name in collected.results["cost_class"].values]
    chosen: Mapping[str, float | None] = options.get("cost_class") or {"monetary": 1.0}
    return {
        name: 1.0 if weight is None else float(weight)
        for name, weight in chosen.items()
        if name in known
    }


def _devices_other(collected: CollectedResults) -> float:
    """Return what the ring's devices cost beside electricity, as simulated."""
    ring, settings = collected.ring, collected.settings.get("ring")
    if ring is None or not settings or not {"q_bal_kw", "step_h"} <= set(ring.data_vars):
        return 0.0
    if settings.get("mode", "physical") != "physical" or not settings.get("heat_pumps"):
        return 0.0
    plant = RingConfig.model_validate(settings).plant
    heat = {str(name): ring["q_bal_kw"].sel(device=name).values for name in ring["device"].values}
    weight = collected.results["timestep_weight"].values.astype(float)
    return device_cost(plant, heat, ring["step_h"].values * weight)


def _end(collected: CollectedResults) -> float:
    """Return what a ring that ends colder than it began costs, where that has a price."""
    return 0.0 if collected.ring is None else float(collected.ring.attrs.get("end_cost_eur", 0.0))


def _sizes(collected: CollectedResults) -> float:
    """Return what sizes cost that the search has chosen, which the ring's prices count as well."""
    return total_of(collected.results, "ring_size_cost")


def _yearly(collected: CollectedResults, cost_class: str, fixed: Floats) -> Floats:
    """Return the maintenance within fixed cost, by node."""
    results, inputs = collected.results, collected.inputs
    known = [str(name) for name in inputs["cost"].values] if "cost" in inputs.dims else []
    if cost_class not in known:
        return np.zeros_like(fixed)
    prices, k = CapacityPrices.of(inputs, collected.config), known.index(cost_class)
    where = inputs.get_index("node").get_indexer(results.get_index("node"))
    per_kw = prices.yearly(k, where)[:, 0]
    sizes = np.zeros_like(fixed)
    if "energy_cap" in results:
        sizes = np.where(per_kw != 0.0, results["energy_cap"].values, 0.0)
    by_power = per_kw * sizes * (fixed != 0.0)
    fraction = prices.price("om_annual_investment_fraction", k, where)[:, 0]
    maintained: Floats = by_power + (fixed - by_power) * fraction / (1.0 + fraction)
    return maintained


def _income(results: xr.Dataset, inputs: xr.Dataset, cost_class: str) -> Floats:
    """Return what exports cost, by node: negative where they are paid for."""
    nothing = np.zeros(results.sizes["node"])
    if "carrier_export" not in results or "cost_export" not in inputs:
        return nothing
    price = inputs["cost_export"].sel(cost=cost_class).reindex(node=results["node"].values)
    given = results["carrier_export"].sum("carrier") * results["timestep_weight"]
    values = price.fillna(0.0).drop_vars(list(price.coords)) * given.drop_vars(list(given.coords))
    return _by_node(values.sum("timestep"))


def _electric_nodes(results: xr.Dataset) -> NDArray[np.bool_]:
    """Whether each node gives electricity."""
    if "carrier_prod" not in results:
        return np.zeros(results.sizes["node"], dtype=bool)
    names = [str(name) for name in results["carrier"].values]
    electric = [name for name in names if _is_electric(name)]
    flows = results["carrier_prod"].sel(carrier=electric).transpose("node", ...)
    gives: NDArray[np.bool_] = np.isfinite(flows.values).any(axis=(1, 2))
    return gives


def _is_electric(carrier: str) -> bool:
    name = carrier.lower()
    return name == "el" or any(part in name for part in _ELECTRIC)


def _by_node(values: xr.DataArray) -> Floats:
    known: Floats = np.nan_to_num(np.asarray(values.values, dtype=float))
    return known
