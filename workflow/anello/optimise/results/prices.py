"""Prices that a supply or a demand sets, and the cost of the system per kWh that it delivers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr

_FLOWS = ("carrier_prod", "carrier_con", "carrier_export")
_SOFT = ("unmet_demand", "unused_supply")
_IDLE = 1e-9
"""Share of a carrier's largest flow below which a location counts as idle in a step."""

_PENALTY_SHARE = 0.01
"""Share of ``bigM`` from which on a price is a penalty, passed on by efficiencies and storage."""

Rule = Literal["value", "energy"]


def price_states(results: xr.Dataset) -> xr.DataArray:
    """Return what sets each shadow price.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``shadow_price`` [cost unit/kWh] and flows [kWh]; the attribute
        ``penalty_per_kwh`` is the price of unmet demand and unused supply, where they are allowed.

    Returns
    -------
    xarray.DataArray
        Dimensions (loc, carrier, timestep), text: ``set`` by a supply or a demand; ``idle``, where
        the carrier neither comes nor goes, so that any price between two bounds is right;
        ``penalty``, where unmet demand or unused supply sets it; ``none`` where there is no price.
    """
    price = results["shadow_price"]
    dims = ("loc", "carrier", "timestep")
    values = price.transpose(*dims).values
    moved = np.zeros(values.shape)
    for name in _FLOWS:
        if name in results:
            flow = _by_location(abs(results[name]).fillna(0.0), results)
            moved = moved + flow.transpose(*dims).values
    least = _IDLE * moved.max(axis=(0, 2), initial=0.0)[:, np.newaxis]
    forced = np.zeros(values.shape, dtype=bool)
    penalty = float(results.attrs.get("penalty_per_kwh", 0.0))
    if penalty > 0.0:
        forced = np.abs(values) >= _PENALTY_SHARE * penalty
        for name in _SOFT:
            if name in results:
                forced |= np.nan_to_num(np.abs(results[name].transpose(*dims).values)) > least
    states = np.select(
        [np.isnan(values), moved <= least, forced], ["none", "idle", "penalty"], "set"
    )
    of_price = {name: one for name, one in price.coords.items() if set(one.dims) <= set(dims)}
    found = xr.DataArray(states, of_price, dims, name=price.name)
    return found.transpose(*price.dims).drop_attrs()


def set_prices(results: xr.Dataset, states: xr.DataArray | None = None) -> xr.DataArray:
    """Return the shadow prices that a supply or a demand sets, NaN elsewhere.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`price_states`.
    states : xarray.DataArray, optional
        What that returned, where it is known already.

    Returns
    -------
    xarray.DataArray
        Dimensions (loc, carrier, timestep) [cost unit/kWh].
    """
    price = results["shadow_price"]
    found = price_states(results) if states is None else states
    return price.where(found == "set").assign_attrs(price.attrs)


def steps_without_price(
    results: xr.Dataset, states: xr.DataArray | None = None
) -> dict[str, dict[str, dict[str, int]]]:
    """Count the steps in which nothing sets a price, by location, carrier and reason.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`price_states`.
    states : xarray.DataArray, optional
        What that returned, where it is known already.
    """
    states = price_states(results) if states is None else states
    found: dict[str, dict[str, dict[str, int]]] = {}
    for loc in states["loc"].values:
        for carrier in states["carrier"].values:
            here = states.sel(loc=loc, carrier=carrier).values
            if (here != "none").any():
                counts = {why: int((here == why).sum()) for why in ("idle", "penalty")}
                found.setdefault(str(loc), {})[str(carrier)] = counts
    return found


def allocated_cost(results: xr.Dataset, prices: xr.DataArray | None = None) -> dict[str, Any]:
    """Share the cost of the whole system out among what it delivers to demands.

    A carrier's share is the value of what its demands took, at the prices of each step and place.
    Without such prices (whole-number decisions), or where one carrier's value is negative or all
    are zero, it is the carrier's share of the energy delivered. Steps in which nothing sets a
    price count with the mean of the carrier's other prices. Shares add up to 1, so the costs add up
    to the system's.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``cost`` and ``carrier_con`` [kWh].
    prices : xarray.DataArray, optional
        What :func:`set_prices` returned, where it is known already.

    Returns
    -------
    dict
        ``rule`` (``value`` or ``energy``) and, by carrier, ``delivered_kwh``, ``share`` [1],
        ``cost`` and ``cost_per_kwh`` by cost class; empty if nothing is delivered.
    """
    if "cost" not in results or "carrier_con" not in results:
        return {}
    demand = -results["carrier_con"].where(results["node_base"] == "demand").fillna(0.0)
    taken = _by_location(demand, results) * results["timestep_weight"]
    energy = taken.sum(("loc", "timestep"))
    energy = energy[np.flatnonzero(energy.values > 0.0)]
    if not energy.size:
        return {}
    value = _values(results, taken.sel(carrier=energy["carrier"]), prices)
    rule: Rule = "energy" if value is None else "value"
    weights = energy if value is None else value
    shares = weights / weights.sum()
    total = results["cost"].sum("node")
    classes, costs = list(map(str, total["cost_class"].values)), total.values
    found = {}
    for carrier, kwh, share in zip(
        energy["carrier"].values, energy.values, shares.values, strict=True
    ):
        cost = costs * share
        found[str(carrier)] = {
            "delivered_kwh": float(kwh),
            "share": float(share),
            "cost": dict(zip(classes, cost.tolist(), strict=True)),
            "cost_per_kwh": dict(zip(classes, (cost / kwh).tolist(), strict=True)),
        }
    return {"rule": rule, "carriers": found}


def _values(
    results: xr.Dataset, taken: xr.DataArray, prices: xr.DataArray | None
) -> xr.DataArray | None:
    """Return what each carrier's demands took is worth; None where prices do not tell."""
    if "shadow_price" not in results:
        return None
    price = (set_prices(results) if prices is None else prices).sel(carrier=taken["carrier"])
    priced = taken.where(price.notnull(), 0.0)
    energy = priced.sum(("loc", "timestep"))
    if bool((energy <= 0.0).any()):
        return None
    mean = (price.fillna(0.0) * priced).sum(("loc", "timestep")) / energy
    value = mean * taken.sum(("loc", "timestep"))
    usable = bool((value >= 0.0).all()) and float(value.sum()) > 0.0
    return value if usable else None


def _by_location(flow: xr.DataArray, results: xr.Dataset) -> xr.DataArray:
    """Add up the nodes of each location, in the order of the locations."""
    place = results["node_loc"].values
    flow = flow.transpose("node", ...)
    sums = [flow.values[place == name].sum(axis=0) for name in results["loc"].values]
    rest = flow.dims[1:]
    coords = {name: one for name, one in flow.coords.items() if set(one.dims) <= set(rest)}
    return xr.DataArray(np.array(sums), {**coords, "loc": results["loc"]}, ("loc", *rest))


__all__ = ["allocated_cost", "price_states", "set_prices", "steps_without_price"]
