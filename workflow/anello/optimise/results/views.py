"""Other shapes of the same results: separate dimensions, and Calliope 0.6's joined labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from anello.base.year import hours_modelled
from anello.optimise.results.coordinates import COORDINATE_ATTRS

SEPARATE_ORDER = ("loc", "tech", "carrier", "cost_class", "timestep")

CALLIOPE_SETS = {
    "energy_cap": "loc_techs",
    "carrier_prod": "loc_tech_carriers_prod",
    "carrier_con": "loc_tech_carriers_con",
    "carrier_export": "loc_tech_carriers_export",
    "capacity_factor": "loc_tech_carriers_prod",
    "demand_share_per_timestep_decision": "loc_tech_carriers_prod",
    "storage": "loc_techs_store",
    "storage_cap": "loc_techs_store",
    "storage_inter_cluster": "loc_techs_store",
    "storage_intra_cluster_max": "loc_techs_store",
    "storage_intra_cluster_min": "loc_techs_store",
    "resource_con": "loc_techs_supply_plus",
    "resource_cap": "loc_techs_supply_plus",
    "resource_area": "loc_techs_area",
    "cost": "loc_techs_cost",
    "cost_investment": "loc_techs_investment_cost",
    "cost_var": "loc_techs_om_cost",
    "purchased": "loc_techs_purchase",
    "units": "loc_techs_milp",
    "spore_score": "loc_techs_investment_cost",
    "operating_units": "loc_techs_milp",
    "prod_con_switch": "loc_techs_asynchronous_prod_con",
    "unmet_demand": "loc_carriers",
    "shadow_price": "loc_carriers",
}
_PLURAL = {
    "timestep": "timesteps",
    "datestep": "datesteps",
    "cluster": "clusters",
    "cost_class": "costs",
    "carrier": "carriers",
    "tech": "techs",
    "loc": "locs",
}
_SINGULAR = {plural: single for single, plural in _PLURAL.items()}
_ATTRS_THERE = {
    "status": "termination_condition",
    "objective": "objective_function_value",
}

T = TypeVar("T", xr.Dataset, xr.DataArray)


def separate_dimensions(results: T) -> T:
    """Give locations and technologies a dimension each.

    Parameters
    ----------
    results : xarray.Dataset or xarray.DataArray
        Results with dimension ``node``.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        The same values on ``(loc, tech, carrier, cost_class, timestep)``, NaN where a technology
        does not stand at a location. Technologies of a link are ``technology:other location``.
    """
    if isinstance(results, xr.DataArray):
        name = results.name
        return separate_dimensions(results.to_dataset(name="_values"))["_values"].rename(name)
    if "node" not in results.dims:
        return results
    node_loc = pd.Index(results["node_loc"].values)
    node_tech = pd.Index(results["node_tech"].values)
    # a single array has no `loc` coordinate of its own, a data set has
    locs = results.indexes["loc"] if "loc" in results.indexes else node_loc.unique()
    techs = node_tech.unique()
    if "tech" in results.indexes:
        techs = results.indexes["tech"].union(techs, sort=False)
    at = (locs.get_indexer(node_loc), techs.get_indexer(node_tech))

    dropped = [c for c in results.coords if "node" in results[c].dims]
    others = results.drop_dims("node").drop_vars(dropped, errors="ignore")
    out = others.reindex(tech=techs) if "tech" in others.dims else others.assign_coords(tech=techs)
    out = out.assign_coords(loc=locs) if "loc" not in out.dims else out
    separated: dict[Hashable, xr.DataArray] = {}
    for name, array in results.data_vars.items():
        if "node" not in array.dims:
            separated[name] = out[name]
            continue
        rest: list[Hashable] = [d for d in array.dims if d != "node"]
        values: np.ndarray = array.transpose("node", *rest).values
        filled = np.full((len(locs), len(techs), *values.shape[1:]), np.nan)
        filled[at] = values
        coords = {d: results.indexes[d] for d in rest if d in results.indexes}
        separated[name] = xr.DataArray(
            filled,
            dims=("loc", "tech", *rest),
            coords={"loc": locs, "tech": techs, **coords},
            attrs=array.attrs,
        )
    ordered = {}
    for name, array in separated.items():
        first = [d for d in SEPARATE_ORDER if d in array.dims and d != "timestep"]
        middle = [d for d in array.dims if d not in SEPARATE_ORDER]
        last = [d for d in ("timestep",) if d in array.dims]
        ordered[name] = array.transpose(*first, *middle, *last)
    final = out.drop_vars(list(out.data_vars)).assign(ordered)
    for name in ("loc", "tech"):
        final[name].attrs = dict(COORDINATE_ATTRS[name])
    final.attrs = dict(results.attrs)
    return final


def join_dimensions(separate: xr.Dataset) -> xr.Dataset:
    """Undo :func:`separate_dimensions`: one ``node`` per technology at a location.

    Parameters
    ----------
    separate : xarray.Dataset
        Results with dimensions ``loc`` and ``tech``.

    Returns
    -------
    xarray.Dataset
        Results with dimension ``node``, in the order of locations, then technologies. Nodes are the
        pairs at which any variable has a value.
    """
    spread = [n for n, a in separate.data_vars.items() if {"loc", "tech"} <= set(a.dims)]
    if not spread:
        return separate
    exists = np.zeros((separate.sizes["loc"], separate.sizes["tech"]), dtype=bool)
    for name in spread:
        known = separate[name].notnull()
        exists |= known.any([d for d in known.dims if d not in ("loc", "tech")]).values
    where_loc, where_tech = np.nonzero(exists)
    pick = {
        "loc": xr.DataArray(where_loc, dims="node"),
        "tech": xr.DataArray(where_tech, dims="node"),
    }
    node_loc = separate["loc"].values[where_loc].astype(str)
    node_tech = separate["tech"].values[where_tech].astype(str)
    joined = {
        name: (
            array.isel(pick).drop_vars(["loc", "tech"]).transpose("node", ...)
            if name in spread
            else array
        )
        for name, array in separate.data_vars.items()
    }
    out = xr.Dataset(joined, attrs=separate.attrs)
    labels = [f"{loc}::{tech}" for loc, tech in zip(node_loc, node_tech, strict=True)]
    return out.assign_coords(
        node=("node", labels, COORDINATE_ATTRS["node"]),
        node_loc=("node", node_loc, COORDINATE_ATTRS["node_loc"]),
        node_tech=("node", node_tech, COORDINATE_ATTRS["node_tech"]),
    )


def calliope_view(results: xr.Dataset) -> xr.Dataset:
    """Results as Calliope 0.6 would lay them out, for scripts written for it.

    Labels are joined (``loc::tech::carrier``), each variable has the dimension of its own set
    (``loc_techs_store``, ``loc_tech_carriers_prod``, …), and unused supply is merged into
    ``unmet_demand`` as its negative part.

    Parameters
    ----------
    results : xarray.Dataset
        Results with dimension ``node``.

    Returns
    -------
    xarray.Dataset
        Labels are sorted. Alternatives get a first dimension ``spores``.
        Levelised costs and system-wide capacity factors are given for every pair
        of technology and carrier, as there: infinite or 0 where the technology never makes the
        carrier.
    """
    if "spore" in results.dims:
        views = [
            calliope_view(results.isel(spore=k, drop=True)) for k in range(results.sizes["spore"])
        ]
        index = pd.Index(results["spore"].values, name="spores")
        steps = [name for name in views[0].data_vars if str(name).startswith("timestep_")]
        together = xr.concat(
            [view.drop_vars(steps) for view in views],
            dim=index,
            data_vars="all",
            coords="minimal",
            compat="override",
            join="outer",
            combine_attrs="override",
        )
        return together.assign({name: views[0][name] for name in steps})
    arrays: dict[Hashable, xr.DataArray] = {}
    for name, array in results.data_vars.items():
        if name == "unused_supply":
            continue
        values = array
        if name == "unmet_demand" and "unused_supply" in results:
            values = array + results["unused_supply"]
        arrays[name] = _joined(values.rename(name))
    if "unmet_demand" not in arrays and "unused_supply" in results:
        arrays["unmet_demand"] = _joined(results["unused_supply"].rename("unmet_demand"))
    if "capacity_factor" in results:
        arrays["capacity_factor"] = arrays["capacity_factor"].transpose("timesteps", ...)
    if "systemwide_capacity_factor" in results:
        arrays.update(_for_every_pair(results))
    out = xr.Dataset(
        {name: array.assign_attrs(is_result=1) for name, array in arrays.items()},
        coords={"timesteps": ("timesteps", results["timestep"].values)},
    )
    for name in ("resolution", "weight"):
        coord = results[f"timestep_{name}"]
        there = "timestep_resolution" if name == "resolution" else "timestep_weights"
        out[there] = ("timesteps", coord.values, {"is_result": 0})
    if "timestep_cluster" in results.coords:
        out["timestep_cluster"] = (
            "timesteps",
            results["timestep_cluster"].values,
            {"is_result": 0},
        )
    out.attrs = {_ATTRS_THERE.get(str(key), str(key)): v for key, v in results.attrs.items()}
    return out


def from_calliope_view(view: xr.Dataset) -> xr.Dataset:
    """Read results in Calliope 0.6's layout, its own files included, into anello's.

    Parameters
    ----------
    view : xarray.Dataset
        Results with joined labels.

    Returns
    -------
    xarray.Dataset
        The variables of :data:`CALLIOPE_SETS` that `view` holds, with dimensions ``node``,
        ``carrier``, ``cost_class``, ``loc``, ``timestep``; ``unmet_demand`` split by sign
        into it and ``unused_supply``.
    """
    singular = {
        dim: _SINGULAR[str(dim)]
        for dim in (*view.dims, *view.coords)
        if str(dim) in _SINGULAR and _SINGULAR[str(dim)] not in view.variables
    }
    parts: dict[str, xr.DataArray] = {}
    for name, set_name in CALLIOPE_SETS.items():
        if name not in view:
            continue
        array = view[name].reset_coords(drop=True)
        array = array.rename({k: v for k, v in singular.items() if k in array.dims})
        if set_name in array.dims:
            names = ("loc", "carrier") if set_name == "loc_carriers" else ("node", "carrier")
            array = _split(array, set_name, names)
        parts[name] = array
    if "unmet_demand" in parts:
        both = parts["unmet_demand"]
        parts["unmet_demand"] = both.where(~(both < 0), 0.0)
        parts["unused_supply"] = both.where(~(both > 0), 0.0)
    out = xr.merge(
        [array.rename(name).to_dataset() for name, array in parts.items()],
        join="outer",
        compat="no_conflicts",
        combine_attrs="drop",
    )
    labels = [str(v) for v in out["node"].values]
    split = [label.split("::", 1) for label in labels]
    back = {there: here for here, there in _ATTRS_THERE.items()}
    out.attrs = {back.get(str(k), str(k)): v for k, v in view.attrs.items()}
    return out.assign_coords(
        node_loc=("node", [loc for loc, _ in split]),
        node_tech=("node", [tech for _, tech in split]),
    )


def _joined(array: xr.DataArray) -> xr.DataArray:
    """Join the label dimensions of one variable into the one of its set, sorted."""
    name = str(array.name)
    joint = [d for d in ("loc", "node", "carrier") if d in array.dims]
    plain = array.reset_coords(drop=True)
    if not {"loc", "node"} & set(joint):
        return plain.rename({d: _PLURAL[str(d)] for d in plain.dims if str(d) in _PLURAL})
    rest = [d for d in plain.dims if d not in joint]
    values = plain.transpose(*joint, *rest).values
    lengths = values.shape[: len(joint)]
    flat = values.reshape(int(np.prod(lengths)), *values.shape[len(joint) :])
    present = ~np.isnan(flat).reshape(len(flat), -1).all(axis=1)
    grids = np.meshgrid(*[plain[d].values for d in joint], indexing="ij")
    columns = [grid.ravel()[present] for grid in grids]
    labels = np.array(["::".join(map(str, row)) for row in zip(*columns, strict=True)], dtype=str)
    order = np.argsort(labels, kind="stable")
    default = "loc_tech" if "node" in joint else "loc"
    default += ("_carriers_" if "carrier" in joint else "s_") + name
    set_name = CALLIOPE_SETS.get(name, default)
    out = xr.DataArray(
        flat[present][order],
        dims=(set_name, *[_PLURAL.get(str(d), str(d)) for d in rest]),
        coords={
            set_name: labels[order],
            **{_PLURAL.get(str(d), str(d)): plain[d].values for d in rest if d in plain.coords},
        },
        name=name,
        attrs=plain.attrs,
    )
    return out.transpose("costs", ...) if "costs" in out.dims else out


def _split(array: xr.DataArray, set_name: str, names: Sequence[str]) -> xr.DataArray:
    """Undo the joining of one variable: spread its labels over their own dimensions."""
    labels = [str(v).split("::") for v in array[set_name].values]
    has_carrier = "carrier" in set_name
    first = ["::".join(p[:-1] if has_carrier else p) for p in labels]
    if not has_carrier:
        return array.rename({set_name: names[0]}).assign_coords({names[0]: first})
    second = [p[-1] for p in labels]
    rows, columns = pd.Index(first).unique(), pd.Index(second).unique().sort_values()
    rest = [d for d in array.dims if d != set_name]
    values = array.transpose(set_name, *rest).values
    filled = np.full((len(rows), len(columns), *values.shape[1:]), np.nan)
    filled[rows.get_indexer(pd.Index(first)), columns.get_indexer(pd.Index(second))] = values
    return xr.DataArray(
        filled,
        dims=(*names, *rest),
        coords={
            names[0]: rows,
            names[1]: columns,
            **{d: array[d].values for d in rest if d in array.coords},
        },
    )


def _for_every_pair(results: xr.Dataset) -> dict[Hashable, xr.DataArray]:
    """System-wide quantities for each technology and carrier, made or not."""
    production = results["carrier_prod"]
    made = (production.fillna(0.0) * results["timestep_weight"]).sum("timestep")
    made = made.where(production.notnull().any(["timestep", "carrier"]))
    by_tech = made.groupby("node_tech").sum("node", min_count=1)
    capacity = results["energy_cap"].groupby("node_tech").sum("node", min_count=1)
    hours = hours_modelled(results)
    names = {"node_tech": "techs", "carrier": "carriers", "cost_class": "costs"}
    found: dict[Hashable, xr.DataArray] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = by_tech / (capacity * hours)
        found["systemwide_capacity_factor"] = factor.rename(
            {k: v for k, v in names.items() if k in factor.dims}
        ).transpose("carriers", "techs")
        if "cost" in results:
            cost = results["cost"].groupby("node_tech").sum("node", min_count=1)
            levelised = (cost / by_tech).rename(names)
            found["systemwide_levelised_cost"] = levelised.transpose("carriers", "costs", "techs")
    for name, array in found.items():
        array.attrs = results[name].attrs
        array.name = str(name)
    return found
