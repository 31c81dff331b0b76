"""Quantities worked out from a solution, and the check that it conserves energy."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from anello.base.year import hours_modelled
from anello.errors import EnergyAuditError
from anello.optimise.results.variables import describe

SUPPLY_AND_CONVERSION = ("supply", "supply_plus", "conversion", "conversion_plus")
Compat = Literal["anello", "calliope-0.6"]


def add_derived(results: xr.Dataset, compat: Compat = "anello") -> xr.Dataset:
    """Return the results with capacity factors and levelised costs added.

    Parameters
    ----------
    results : xarray.Dataset
        Results with dimension ``node``, as :func:`anello.optimise.results.extract` lays them out.
    compat : {"anello", "calliope-0.6"}
        Which capacity factor; see :func:`capacity_factor`.

    Returns
    -------
    xarray.Dataset
        A new data set; the one given is not changed.
    """
    derived = {"capacity_factor": capacity_factor(results, compat)}
    derived["systemwide_capacity_factor"] = systemwide_capacity_factor(results)
    if "cost" in results:
        derived["systemwide_levelised_cost"] = systemwide_levelised_cost(results)
        derived["total_levelised_cost"] = total_levelised_cost(results)
    return results.assign(derived)


def capacity_factor(results: xr.Dataset, compat: Compat = "anello") -> xr.DataArray:
    """Production of each step over what full capacity would have produced in it.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``carrier_prod`` [kWh], ``energy_cap`` [kW] and ``timestep_resolution`` [h].
    compat : {"anello", "calliope-0.6"}
        Calliope 0.6 does not divide by the step's length, so a plant at full power has a factor
        of 3 in 3-hour steps.

    Returns
    -------
    xarray.DataArray
        Dimensions (node, carrier, timestep) [1]; 0 where there is no capacity, NaN where the node
        does not make the carrier.
    """
    full = results["energy_cap"]
    if compat == "anello":
        full = full * results["timestep_resolution"]
    production = results["carrier_prod"]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = (production / full).transpose(*production.dims)
    factor = factor.where((full > 0) | production.isnull(), 0.0)
    return _finished(factor, "capacity_factor")


def systemwide_capacity_factor(results: xr.Dataset) -> xr.DataArray:
    """Capacity factor of each technology over all its locations and all steps.

    Steps count with their weights.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`capacity_factor`.

    Returns
    -------
    xarray.DataArray
        Dimensions (carrier, tech) [1]; NaN where the technology has no capacity or never makes the
        carrier.
    """
    production = _by_tech(_weighted_production(results))
    makes = results["carrier_prod"].notnull().any("timestep")
    capacity = _by_tech(results["energy_cap"].where(makes))
    hours = hours_modelled(results)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = production / (capacity * hours)
    return _finished(factor.transpose("carrier", "tech"), "systemwide_capacity_factor")


def systemwide_levelised_cost(results: xr.Dataset) -> xr.DataArray:
    """Cost of each technology over its production of each carrier.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``cost`` and ``carrier_prod`` [kWh]. Costs already contain the steps' weights;
        production is weighted here.

    Returns
    -------
    xarray.DataArray
        Dimensions (carrier, cost_class, tech) [cost unit/kWh]; infinite where a technology costs
        something and produces nothing, NaN where it never makes the carrier.
    """
    cost = _by_tech(results["cost"])
    production = _by_tech(_weighted_production(results))
    with np.errstate(divide="ignore", invalid="ignore"):
        levelised = cost / production
    levelised = levelised.transpose("carrier", "cost_class", "tech")
    return _finished(levelised, "systemwide_levelised_cost")


def total_levelised_cost(results: xr.Dataset) -> xr.DataArray:
    """Cost of the whole system over each carrier's production by supply and conversion.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`systemwide_levelised_cost`.

    Returns
    -------
    xarray.DataArray
        Dimensions (carrier, cost_class) [cost unit/kWh].
    """
    is_source = results["node_base"].isin(SUPPLY_AND_CONVERSION)
    made = _weighted_production(results).where(is_source).sum("node")
    with np.errstate(divide="ignore", invalid="ignore"):
        levelised = results["cost"].sum("node") / made
    return _finished(levelised.transpose("carrier", "cost_class"), "total_levelised_cost")


def carrier_balance_residual(results: xr.Dataset) -> xr.DataArray:
    """Return what is left over in each location's carrier balance.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``carrier_prod``, ``carrier_con`` and, if there are any, ``carrier_export``,
        ``unmet_demand``, ``unused_supply`` and ``carrier_other`` [kWh].

    Returns
    -------
    xarray.DataArray
        Dimensions (loc, carrier, timestep) [kWh]; zero in a solution that conserves energy.
    """
    flows = results["carrier_prod"].fillna(0.0)
    if "carrier_con" in results:
        flows = flows + results["carrier_con"].fillna(0.0)
    if "carrier_export" in results:
        flows = flows - results["carrier_export"].fillna(0.0)
    residual = _by_location(flows, results)
    for name in ("unmet_demand", "unused_supply", "carrier_other"):
        if name in results:
            residual = residual + results[name].fillna(0.0)
    residual.attrs = {"units": "kWh", "long_name": "Residual of the carrier balance"}
    return residual


def check_carrier_balance(results: xr.Dataset, tolerance: float = 1e-6) -> float:
    """Check that every location's balance of every carrier closes in every step.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`carrier_balance_residual`.
    tolerance : float, default 1e-6
        Largest residual allowed, relative to the largest flow of the carrier at the location
        (and at least that many kWh).

    Returns
    -------
    float
        Largest residual relative to its allowance's base [1].

    Raises
    ------
    EnergyAuditError
        With location, carrier, step and residual of the worst step.
    """
    residual = abs(carrier_balance_residual(results))
    flows = abs(results["carrier_prod"]).fillna(0.0)
    if "carrier_con" in results:
        taken = abs(results["carrier_con"]).fillna(0.0)
        flows = flows.where(flows > taken, taken)
    base = _by_location(flows, results, how="max").max("timestep").clip(min=1.0)
    relative = (residual / base).transpose("loc", "carrier", "timestep")
    worst = float(relative.max()) if relative.size else 0.0
    if worst > tolerance:
        at = np.unravel_index(int(relative.values.argmax()), relative.shape)
        loc, carrier, step = (relative[d].values[i] for d, i in zip(relative.dims, at, strict=True))
        amount = float(residual.sel(loc=loc, carrier=carrier, timestep=step))
        count = int((relative > tolerance).sum())
        raise EnergyAuditError(
            f"the balance of {carrier} at {loc} does not close: {amount:g} kWh are left over at "
            f"{np.datetime_as_string(step, unit='m')} ({count} such steps in all)"
        )
    return worst


def _weighted_production(results: xr.Dataset) -> xr.DataArray:
    """Production over all steps, NaN where a node never makes a carrier [kWh]."""
    weighted = results["carrier_prod"] * results["timestep_weight"]
    return weighted.sum("timestep", min_count=1)


def _by_tech(values: xr.DataArray) -> xr.DataArray:
    """Sum over the locations of each technology; NaN where none has a value."""
    axis = values.dims.index("node")
    labels = values["node_tech"].values
    techs = np.unique(labels)
    known = ~np.isnan(values.values)
    plain = np.where(known, values.values, 0.0)
    sums = []
    for tech in techs:
        here = np.flatnonzero(labels == tech)
        total = plain.take(here, axis).sum(axis)
        sums.append(np.where(known.take(here, axis).any(axis), total, np.nan))
    dims = ["tech" if dim == "node" else dim for dim in values.dims]
    others = {dim: values[dim].values for dim in values.dims if dim != "node"}
    return xr.DataArray(np.stack(sums, axis), dims=dims, coords={**others, "tech": techs})


def _by_location(values: xr.DataArray, results: xr.Dataset, how: str = "sum") -> xr.DataArray:
    """Sum (or largest) over the nodes of each location of the model."""
    axis, labels = values.dims.index("node"), values["node_loc"].values
    plain, locs = values.values, results["loc"].values
    pieces = []
    for loc in locs:
        here = plain.take(np.flatnonzero(labels == loc), axis)
        pieces.append(here.sum(axis) if how == "sum" else here.max(axis, initial=0.0))
    others = {dim: values[dim].values for dim in values.dims if dim != "node"}
    return xr.DataArray(np.stack(pieces), {"loc": locs, **others}, ("loc", *others))


def _finished(values: xr.DataArray, name: str) -> xr.DataArray:
    values = values.reset_coords(drop=True)
    values.name = name
    values.attrs = describe(name)
    return values
