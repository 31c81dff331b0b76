"""Quantities worked out from a solution, and the check that it conserves energy."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from anello.base.labelled import labels_of, values_of
from anello.base.year import hours_modelled
from anello.errors import EnergyAuditError
from anello.optimise.results.variables import describe

SUPPLY_AND_CONVERSION = ("supply", "supply_plus", "conversion", "conversion_plus")
FLOW = ("node", "carrier", "timestep")
BALANCE = ("loc", "carrier", "timestep")
Compat = Literal["anello", "calliope-0.6"]
Floats = NDArray[np.float64]


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
    techs = np.unique(results.variables["node_tech"].values)
    derived = {"capacity_factor": _capacity_factor(results, compat)}
    derived["systemwide_capacity_factor"] = systemwide_capacity_factor(results)
    if "cost" in results:
        derived["systemwide_levelised_cost"] = systemwide_levelised_cost(results)
        derived["total_levelised_cost"] = total_levelised_cost(results)
    return results.assign_coords(tech=techs).assign(derived)


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
    factor = _capacity_factor(results, compat)
    coords = {dim: results[dim].variable for dim in factor.dims}
    return xr.DataArray(factor, coords, name="capacity_factor")


def _capacity_factor(results: xr.Dataset, compat: Compat) -> xr.Variable:
    full = values_of(results, "energy_cap", ("node",))[:, np.newaxis, np.newaxis]
    if compat == "anello":
        full = full * values_of(results, "timestep_resolution", ("timestep",))
    production = values_of(results, "carrier_prod", FLOW)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((full > 0) | np.isnan(production), production / full, 0.0)
    return xr.Variable(FLOW, factor, describe("capacity_factor"))


def systemwide_capacity_factor(results: xr.Dataset) -> xr.Variable:
    """Capacity factor of each technology over all its locations and all steps.

    Steps count with their weights.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`capacity_factor`.

    Returns
    -------
    xarray.Variable
        Dimensions (carrier, tech) [1]; NaN where the technology has no capacity or never makes the
        carrier.
    """
    production = _by_tech(results, _weighted_production(results))
    makes = ~np.isnan(values_of(results, "carrier_prod", FLOW)).all(axis=2)
    installed = values_of(results, "energy_cap", ("node",))[:, np.newaxis]
    capacity = _by_tech(results, np.where(makes, installed, np.nan))
    hours = hours_modelled(results)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = production / (capacity * hours)
    name = "systemwide_capacity_factor"
    return xr.Variable(("carrier", "tech"), factor.T, describe(name))


def systemwide_levelised_cost(results: xr.Dataset) -> xr.Variable:
    """Cost of each technology over its production of each carrier.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``cost`` and ``carrier_prod`` [kWh]. Costs already contain the steps' weights;
        production is weighted here.

    Returns
    -------
    xarray.Variable
        Dimensions (carrier, cost_class, tech) [cost unit/kWh]; infinite where a technology costs
        something and produces nothing, NaN where it never makes the carrier.
    """
    cost = _by_tech(results, values_of(results, "cost", ("node", "cost_class"))).T
    production = _by_tech(results, _weighted_production(results)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        levelised = cost / production[:, np.newaxis]
    name = "systemwide_levelised_cost"
    return xr.Variable(("carrier", "cost_class", "tech"), levelised, describe(name))


def total_levelised_cost(results: xr.Dataset) -> xr.Variable:
    """Cost of the whole system over each carrier's production by supply and conversion.

    Parameters
    ----------
    results : xarray.Dataset
        As for :func:`systemwide_levelised_cost`.

    Returns
    -------
    xarray.Variable
        Dimensions (carrier, cost_class) [cost unit/kWh].
    """
    is_source = np.isin(results.variables["node_base"].values, SUPPLY_AND_CONVERSION)
    made = _known(_weighted_production(results)[is_source]).sum(axis=0)
    cost = _known(values_of(results, "cost", ("cost_class", "node"))).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        levelised = cost / made[:, np.newaxis]
    return xr.Variable(("carrier", "cost_class"), levelised, describe("total_levelised_cost"))


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
    residual = _residual(results)
    coords = {dim: results[dim].variable for dim in BALANCE}
    attrs = {"units": "kWh", "long_name": "Residual of the carrier balance"}
    return xr.DataArray(residual, coords, BALANCE, attrs=attrs)


def _residual(results: xr.Dataset) -> Floats:
    flows = _known(values_of(results, "carrier_prod", FLOW))
    if "carrier_con" in results:
        flows = flows + _known(values_of(results, "carrier_con", FLOW))
    if "carrier_export" in results:
        flows = flows - _known(values_of(results, "carrier_export", FLOW))
    residual = _by_location(results, flows)
    for name in ("unmet_demand", "unused_supply", "carrier_other"):
        if name in results:
            residual = residual + _known(values_of(results, name, BALANCE))
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
    residual = np.abs(_residual(results))
    flows = _known(np.abs(values_of(results, "carrier_prod", FLOW)))
    if "carrier_con" in results:
        taken = _known(np.abs(values_of(results, "carrier_con", FLOW)))
        flows = np.maximum(flows, taken)
    base = np.maximum(_by_location(results, flows, how="max").max(axis=2, initial=0.0), 1.0)
    relative = residual / base[..., np.newaxis]
    worst = float(relative.max(initial=0.0))
    if worst > tolerance:
        at = np.unravel_index(int(relative.argmax()), relative.shape)
        loc, carrier, step = (results[d].values[i] for d, i in zip(BALANCE, at, strict=True))
        count = int((relative > tolerance).sum())
        raise EnergyAuditError(
            f"the balance of {carrier} at {loc} does not close: {residual[at]:g} kWh are left over "
            f"at {np.datetime_as_string(step, unit='m')} ({count} such steps in all)"
        )
    return worst


def _known(values: Floats) -> Floats:
    """Return the values with 0 in place of NaN."""
    return np.where(np.isnan(values), 0.0, values)


def _weighted_production(results: xr.Dataset) -> Floats:
    """Production over all steps, (N, C), NaN where a node never makes a carrier [kWh]."""
    made = values_of(results, "carrier_prod", FLOW)
    weighted = made * values_of(results, "timestep_weight", ("timestep",))
    never = np.isnan(weighted).all(axis=2)
    return np.where(never, np.nan, _known(weighted).sum(axis=2))


def _by_tech(results: xr.Dataset, values: Floats) -> Floats:
    """Sum over the locations of each technology, from (N, …); NaN where none has a value."""
    labels = results.variables["node_tech"].values
    never, plain = np.isnan(values), _known(values)
    sums = []
    for tech in np.unique(labels):
        here = np.flatnonzero(labels == tech)
        sums.append(np.where(never[here].all(axis=0), np.nan, plain[here].sum(axis=0)))
    return np.stack(sums)


def _by_location(results: xr.Dataset, values: Floats, how: str = "sum") -> Floats:
    """Sum (or largest) over the nodes of each location of the model, from (N, …)."""
    labels = results.variables["node_loc"].values
    pieces = []
    for loc in labels_of(results, "loc"):
        here = values[np.flatnonzero(labels == loc)]
        pieces.append(here.sum(axis=0) if how == "sum" else here.max(axis=0, initial=0.0))
    return np.stack(pieces)
