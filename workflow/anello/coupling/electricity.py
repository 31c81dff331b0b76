"""What electricity a dispatch left at each location: the basis of the simulated true cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import labels_of, values_of
from anello.errors import InputError, Problem
from anello.optimise.formulation.capacity_prices import CapacityPrices
from anello.optimise.formulation.months import Months
from anello.ring.cost import (
    NOTHING_KWH,
    Connection,
    LocationElectricity,
    Through,
    marginal_price,
)

if TYPE_CHECKING:
    import xarray as xr

    from anello.model.data import ModelData

Floats = NDArray[np.float64]
FLOW = ("node", "carrier", "timestep")
AT_PLACES = ("loc", "carrier", "timestep")


def electricity_inputs(
    data: ModelData, dispatch: xr.Dataset, nodes: tuple[str, ...]
) -> tuple[Floats, set[str]]:
    """Return what heat pumps took in the dispatch, and which carriers that was.

    Parameters
    ----------
    data : ModelData
        The model.
    dispatch : xarray.Dataset
        Results with `carrier_con(node, carrier, timestep)` [kWh per step, negative].
    nodes : tuple of str
        Heat pumps, `location::technology`; H of them.

    Returns
    -------
    tuple of (ndarray, shape (H, T); set of str)
        Electricity [kWh per step, positive], and the carriers' names.
    """
    dims = ("tier", "node", "carrier")
    takes = values_of(data.inputs, "tier_carrier", dims, tier=["in"], node=nodes).any(axis=(0, 1))
    every = labels_of(data.inputs, "carrier")
    carriers = {every[k] for k in np.flatnonzero(takes)}
    taken = values_of(dispatch, "carrier_con", FLOW, node=nodes, carrier=sorted(carriers))
    values: Floats = -np.nansum(taken, axis=1)
    return values, carriers


def location_electricity(
    data: ModelData, dispatch: xr.Dataset, carriers: set[str]
) -> dict[str, LocationElectricity]:
    """Return, by location, electricity bought, its price, and what could be had beside it.

    A supply without a limited resource counts as bought, at its variable cost; one with a limited
    resource (sun, wind) counts with what of its resource the dispatch left, unless that is forced.

    Parameters
    ----------
    data : ModelData
        The model.
    dispatch : xarray.Dataset
        Results with `carrier_prod` [kWh per step] and `energy_cap` [kW].
    carriers : set of str
        Carriers that count as electricity.

    Returns
    -------
    dict of str to LocationElectricity
        Every location of the model.

    Raises
    ------
    InputError
        If a location has heat pumps, or others that convert electricity, but nothing to buy it
        from.
    """
    inputs = data.inputs
    steps = inputs.sizes["timestep"]
    locations = labels_of(inputs, "loc")
    bought = {loc: np.zeros(steps) for loc in locations}
    surplus = {loc: np.zeros(steps) for loc in locations}
    surplus_price = dict.fromkeys(locations, 0.0)
    grids: dict[str, list[int]] = {}
    places = [str(loc) for loc in inputs.variables["node_loc"].values]
    makers = set(np.flatnonzero(_has(data, "out", carriers)).tolist())
    nodes = labels_of(inputs, "node")
    flows = values_of(dispatch, "carrier_prod", FLOW, node=nodes, carrier=sorted(carriers))
    produced = np.nansum(flows, axis=1)
    for k in data.nodes(("supply", "supply_plus")):
        if k not in makers:
            continue
        loc = places[k]
        resource = _series(data.value("resource", [k]), steps)
        if np.isinf(resource).any():
            bought[loc] += produced[k]
            grids.setdefault(loc, []).append(k)
        elif not np.asarray(data.value("force_resource", [k])).item():
            surplus[loc] += np.maximum(_available(data, dispatch, k, resource) - produced[k], 0.0)
            # ASSUME: all surplus at a location costs as much as the dearest, on average.
            surplus_price[loc] = max(surplus_price[loc], float(_price(data, k).mean()))
    if "unused_supply" in dispatch:
        unused = values_of(dispatch, "unused_supply", AT_PLACES, carrier=sorted(carriers))
        for loc, lost in zip(labels_of(dispatch, "loc"), unused, strict=True):
            if loc in surplus:
                surplus[loc] += -np.nansum(lost, axis=0)
    missing = [loc for loc in locations if loc not in grids and _takes(data, loc, carriers)]
    if missing:
        raise InputError(
            [
                Problem(
                    "has heat pumps but no supply with an unlimited resource, so that more "
                    "electricity than dispatched has no price",
                    key=f"locations.{loc}",
                    suggestion=f"Give it a supply of {' or '.join(sorted(carriers))}",
                )
                for loc in missing
            ]
        )
    found = {}
    bills = _Bills(data, dispatch)
    for loc in locations:
        here = grids.get(loc, [])
        most_kw = [_most_kw(data, dispatch, k) for k in here]
        price, connections, margin = _of_grids(bills, here, produced, most_kw)
        most_kwh = (sum(most_kw) if here else np.inf) * bills.step_h
        found[loc] = LocationElectricity(
            bought[loc],
            price,
            surplus[loc],
            surplus_price[loc],
            connections,
            most_kwh,
            {nodes[k]: share for k, share in zip(here, margin, strict=True)},
        )
    return found


def marginal_prices(
    supplies: Mapping[str, LocationElectricity], dispatch: xr.Dataset, carriers: set[str]
) -> dict[str, Floats]:
    """Return what one more kWh of electricity costs at each location, shape (T,) [€/kWh].

    Parameters
    ----------
    supplies : mapping of str to LocationElectricity
        What the dispatch left.
    dispatch : xarray.Dataset
        Results, with `shadow_price(loc, carrier, timestep)` where the solver gives one.
    carriers : set of str
        Carriers that count as electricity.
    """
    worth: dict[str, Floats] = {}
    if "shadow_price" in dispatch:
        wanted = {"loc": list(supplies), "carrier": sorted(carriers)}
        found = values_of(dispatch, "shadow_price", AT_PLACES, **wanted)
        every = zip(supplies, np.nanmean(found, axis=1), strict=True)
        worth = {name: each for name, each in every if np.isfinite(each).all()}
    return {name: marginal_price(supply, worth.get(name)) for name, supply in supplies.items()}


def _series(values: NDArray[Any], steps: int) -> Floats:
    """Return one node's parameter as a series, shape (T,)."""
    flat = np.asarray(values, dtype=float).reshape(-1)
    return np.full(steps, flat[0]) if flat.size == 1 else flat


def prices_by_class(data: ModelData, k: int) -> list[Floats]:
    """Return a supply's variable cost of output in each cost class, each of shape (T,) [1/kWh].

    What a cost of consumption charges is what output takes of the resource.
    """
    steps = data.inputs.sizes["timestep"]
    output = _of_classes(data, "cost_om_prod", k, steps)
    intake = _of_classes(data, "cost_om_con", k, steps)
    if not np.any(intake):
        return output
    efficiency = _series(data.value("energy_eff", [k]), steps)
    if str(data.inputs.variables["node_base"].values[k]) == "supply_plus":
        for name in ("resource_eff", "parasitic_eff"):
            efficiency = efficiency * _series(data.value(name, [k]), steps)
    per = np.divide(1.0, efficiency, out=np.zeros(steps), where=efficiency > 0.0)
    return [out + taken * per for out, taken in zip(output, intake, strict=True)]


def _price(data: ModelData, k: int) -> Floats:
    """Return a supply's variable cost of output, weighted as in the objective, shape (T,)."""
    return _weighted(data, prices_by_class(data, k))


def _weighted(data: ModelData, prices: list[Floats]) -> Floats:
    """Return prices of all cost classes in one, as the objective weighs them, shape (T,)."""
    weights = data.config["run"]["objective_options"]["cost_class"]
    total = np.zeros_like(prices[0])
    for name, price in zip(labels_of(data.inputs, "cost"), prices, strict=True):
        total += float(weights.get(name, 0.0)) * price
    return total


def _of_classes(data: ModelData, name: str, k: int, steps: int = 1) -> list[Floats]:
    """Return one node's prices by cost class, nothing where there is none, each of shape (T,)."""
    return [np.nan_to_num(_series(values, steps)) for values in data.value(name, [k])]


@dataclass(frozen=True)
class _Bills:
    """What the supplies of a model, as dispatched, are billed by; the same for all of them."""

    data: ModelData
    dispatch: xr.Dataset

    @cached_property
    def capacity(self) -> CapacityPrices:
        return CapacityPrices.of(self.data.inputs, self.data.config)

    @cached_property
    def months(self) -> Months:
        return Months.of(self.data.inputs)

    @cached_property
    def step_h(self) -> Floats:
        hours: Floats = self.data.inputs["timestep_resolution"].values.astype(float)
        return hours

    @cached_property
    def weight(self) -> Floats:
        weight: Floats = self.data.inputs["timestep_weight"].values.astype(float)
        return weight


def _of_grids(
    bills: _Bills, grids: list[int], produced: Floats, most_kw: list[float]
) -> tuple[Floats, tuple[Connection, ...], Floats]:
    """Return the price of what a location buys, what it comes through, and from which grids.

    The price is of shape (T,) [€/kWh]; of how much of one more kWh comes from each of the G grids,
    the shape is (G, T) [-].
    """
    steps = produced.shape[1]
    prices = [_price(bills.data, k) for k in grids]
    connections = [_connections(bills, k) for k in grids]
    if not grids:
        return np.zeros(steps), (), np.ones((0, steps))
    if len(grids) == 1:
        return prices[0], connections[0], np.ones((1, steps))
    # ASSUME: of several grids at a location, what the simulation needs beyond the dispatch comes
    # from the one where one more kWh costs least, with what a higher peak then costs, and what it
    # does not need is saved there; from the others all is bought as dispatched.
    own = produced[grids]
    most_kwh = np.multiply.outer(most_kw, bills.step_h)
    peaks = [
        sum((c.peak_eur_per_kwh(bought) for c in found), np.zeros(steps))
        for bought, found in zip(own, connections, strict=True)
    ]
    more = np.where(own < most_kwh - NOTHING_KWH, np.add(prices, peaks), np.inf)
    at_margin = (np.arange(len(grids))[:, None] == more.argmin(axis=0)).astype(float)
    fixed_kwh = own - at_margin * own.sum(axis=0)
    through = tuple(
        replace(connection, through=Through(margin, fixed))
        for margin, fixed, found in zip(at_margin, fixed_kwh, connections, strict=True)
        for connection in found
    )
    return (at_margin * prices).sum(axis=0), through, at_margin


def _is_given(data: ModelData, k: int) -> bool:
    """Whether the dispatch could not choose a supply's capacity."""
    given = (data.value(f"energy_cap_{way}", [k], default=False) for way in ("equals", "per_unit"))
    operated = data.config["run"]["mode"] == "operate"
    return operated or any(np.isfinite(cap).any() for cap in given)


def _most_kw(data: ModelData, dispatch: xr.Dataset, k: int) -> float:
    """Return the highest power that a supply may have: its capacity, or how large that may be."""
    if _is_given(data, k):
        return _chosen(data, dispatch, "energy_cap", k)
    largest, scale = (data.value(f"energy_cap_{name}", [k]) for name in ("max", "scale"))
    return float((largest * scale)[0])


def _connections(bills: _Bills, k: int) -> tuple[Connection, ...]:
    """Return what a supply's capacity and its monthly peaks cost, as the dispatch chose them."""
    data, dispatch, prices = bills.data, bills.dispatch, bills.capacity
    if data.config["run"]["mode"] == "operate":
        return ()
    node, at = labels_of(data.inputs, "node")[k], np.array([k])
    classes = range(data.inputs.sizes["cost"])

    def charge(by_class: list[Floats]) -> float:
        return float(_weighted(data, [price[0] for price in by_class])[0])

    found = []
    eur_per_kw = charge(
        [prices.capacity("energy_cap", c, at) + prices.yearly(c, at) for c in classes]
    )
    if eur_per_kw > 0.0 and not _is_given(data, k):
        least_kw = float(np.nan_to_num(data.value("energy_cap_min", [k])[0]))
        capacity_kw = _chosen(data, dispatch, "energy_cap", k)
        found.append(Connection(capacity_kw, least_kw, eur_per_kw, bills.step_h, bills.weight))
    eur_per_kw = charge([prices.price("monthly_peak", c, at) for c in classes])
    if eur_per_kw > 0.0:
        months = bills.months
        wanted = {"node": [node], "month": months.names}
        (peaks_kw,) = values_of(dispatch, "peak_month", ("node", "month"), **wanted).tolist()
        for peak_kw, share, counts in zip(
            peaks_kw, months.share.tolist(), months.steps, strict=True
        ):
            eur = eur_per_kw * share
            found.append(Connection(peak_kw, 0.0, eur, bills.step_h, bills.weight, counts))
    return tuple(found)


def _available(data: ModelData, dispatch: xr.Dataset, k: int, resource: Floats) -> Floats:
    """Return what a supply with a limited resource could have produced, shape (T,) [kWh]."""

    def value(name: str) -> float | Floats:
        found = data.value(name, [k])
        return float(found[0]) if found.shape == (1,) else _series(found, resource.size)

    capacity_kw = _chosen(data, dispatch, "energy_cap", k)
    hours = data.inputs.variables["timestep_resolution"].values
    energy = resource * value("resource_scale") * value("energy_eff")
    unit = str(data.inputs.variables["resource_unit"].values[k])
    if unit == "energy_per_cap":
        energy = energy * capacity_kw
    elif unit == "energy_per_area":
        energy = energy * _chosen(data, dispatch, "resource_area", k)
    if str(data.inputs.variables["node_base"].values[k]) == "supply_plus":
        energy = energy * value("resource_eff") * value("parasitic_eff")
    available: Floats = np.clip(energy, 0.0, capacity_kw * hours)
    return available


def _takes(data: ModelData, loc: str, carriers: set[str]) -> bool:
    here = data.inputs.variables["node_loc"].values == loc
    bases = np.isin(data.inputs.variables["node_base"].values, ("conversion", "conversion_plus"))
    return bool((here & bases & _has(data, "in", carriers)).any())


def _has(data: ModelData, tier: str, carriers: set[str]) -> NDArray[np.bool_]:
    """Whether each node has one of some carriers in a tier."""
    dims, wanted = ("tier", "node", "carrier"), sorted(carriers)
    found = values_of(data.inputs, "tier_carrier", dims, tier=[tier], carrier=wanted)
    return np.asarray(found.any(axis=(0, 2)), dtype=bool)


def _chosen(data: ModelData, dispatch: xr.Dataset, size: str, k: int) -> float:
    """Return a size of a node as dispatched."""
    node = labels_of(data.inputs, "node")[k]
    return float(values_of(dispatch, size, ("node",), node=[node])[0])
