"""Inputs and results with the names and labels that Calliope 0.6's documentation uses."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.model.schema.parameters import BASES
from anello.optimise.formulation.clusters import Clusters
from anello.optimise.operate.windows import days_are_alike
from anello.optimise.results.views import CALLIOPE_SETS

IndexFormat = Literal["index", "multiindex"]

_TECH_NAMES = {"tech_name": "names", "tech_color": "colors", "tech_base": "base_tech"}
_LOC_NAMES = {"loc_available_area": "available_area"}
_COORDINATES = ("lat", "lon", "x", "y")
_INPUT_SETS = (
    "loc_techs_area",
    "loc_techs_export",
    "loc_techs_finite_resource",
    "loc_techs_investment_cost",
    "loc_techs_milp",
    "loc_techs_om_cost",
    "loc_techs_purchase",
    "loc_techs_store",
)
_DIMS = {"timestep": "timesteps", "cost": "costs", "carrier": "carriers", "tier": "carrier_tiers"}


def input_set(name: str) -> str:
    """Return the set of labels on which Calliope 0.6 keeps a parameter, such as `loc_techs`."""
    if name.startswith("cost_"):
        cost = name.removeprefix("cost_")
        fixed = ("_cap", "depreciation_rate", "purchase", "area", "om_annual")
        if any(mark in cost for mark in fixed):
            return "loc_techs_investment_cost"
        return "loc_techs_om_cost" if "om_" in cost or "export" in cost else "loc_techs"
    rules: tuple[tuple[tuple[str, ...], str], ...] = (
        (("_area",), "loc_techs_area"),
        (("resource_cap", "parasitic", "resource_min_use"), "loc_techs_supply_plus"),
        (("resource",), "loc_techs_finite_resource"),
        (("storage", "charge_rate"), "loc_techs_store"),
        (("purchase",), "loc_techs_purchase"),
        (("units_",), "loc_techs_milp"),
        (("export",), "loc_techs_export"),
        (("distance",), "loc_techs_transmission"),
    )
    for marks, found in rules:
        if any(mark in name for mark in marks):
            return found
    return "loc_techs"


def inputs_view(data: ModelData) -> xr.Dataset:
    """Return a model's inputs as Calliope 0.6 would lay them out.

    Parameters
    ----------
    data : ModelData
        The model.

    Returns
    -------
    xarray.Dataset
        Parameters on joined labels (``loc::tech``) of their own sets, NaN where the model gives no
        value; ``names`` and ``colors`` on ``techs``; ``loc_coordinates``, ``timestep_resolution``,
        ``timestep_weights``, and with representative days ``timestep_cluster`` and the lookups
        between steps, clusters and original days.
    """
    inputs = data.inputs
    arrays: dict[Hashable, xr.DataArray] = {}
    members = _members(data)
    labels = inputs["node"].values.astype(str)
    for key, array in inputs.data_vars.items():
        name = str(key)
        plain = array.reset_coords(drop=True)
        if name in ("tier_carrier", "carrier_ratios"):
            continue
        if "node" in plain.dims:
            set_name = input_set(name)
            at = members[set_name]
            part = plain.isel(node=at).rename(node=set_name).assign_coords({set_name: labels[at]})
            arrays[name] = part.rename({k: v for k, v in _DIMS.items() if k in part.dims})
        elif "tech" in plain.dims:
            arrays[_TECH_NAMES.get(name, name.removeprefix("tech_"))] = _by_tech(data, plain)
        elif "loc" in plain.dims and name.removeprefix("loc_") not in _COORDINATES:
            arrays[_LOC_NAMES.get(name, name)] = plain.rename(loc="locs")
    for name in ("tech_name", "tech_color", "tech_base", "tech_inheritance"):
        if name in inputs.coords:
            called = _TECH_NAMES.get(name, name.removeprefix("tech_"))
            arrays[called] = _by_tech(data, inputs[name].reset_coords(drop=True))
    known = [c for c in _COORDINATES if f"loc_{c}" in inputs.variables]
    if known:
        stacked = np.stack([inputs[f"loc_{c}"].values for c in known])
        arrays["loc_coordinates"] = xr.DataArray(
            stacked,
            dims=("coordinates", "locs"),
            coords={"coordinates": known, "locs": inputs["loc"].values.astype(str)},
        )
    ratios = _carrier_ratios(data)
    if ratios is not None:
        arrays["carrier_ratios"] = ratios
    out = xr.Dataset(
        {name: array.assign_attrs(is_result=0) for name, array in arrays.items()},
        coords={"timesteps": ("timesteps", inputs["timestep"].values)},
    )
    for here, there in (("resolution", "resolution"), ("weight", "weights")):
        values = inputs[f"timestep_{here}"]
        attrs = {**values.attrs, "is_result": 0}
        out[f"timestep_{there}"] = ("timesteps", values.values, attrs)
    out.attrs["allow_operate_mode"] = int(days_are_alike(inputs))
    return out.assign(_cluster_lookups(inputs))


def _cluster_lookups(inputs: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return which steps and days belong to which cluster; nothing without clusters."""
    clusters = Clusters.of(inputs)
    if clusters is None:
        return {}
    steps = inputs["timestep"].values
    last = steps[clusters.last_step]
    last_of_first = np.full(len(steps), np.datetime64("NaT"), dtype=steps.dtype)
    last_of_first[clusters.first] = last[clusters.of_step[clusters.first]]
    found = {
        "timestep_cluster": ("timesteps", inputs["timestep_cluster"].values),
        "lookup_cluster_first_timestep": ("timesteps", clusters.first.astype(int)),
        "lookup_cluster_last_timestep": ("timesteps", last_of_first),
    }
    coords = {"timesteps": steps}
    if clusters.linked:
        coords["datesteps"] = inputs["datestep"].values
        found["lookup_datestep_cluster"] = ("datesteps", inputs["datestep_cluster"].values)
        found["lookup_datestep_last_cluster_timestep"] = ("datesteps", last[clusters.of_datestep])
    return {
        name: xr.DataArray(values, dims=dim, coords={dim: coords[dim]}, attrs={"is_result": 0})
        for name, (dim, values) in found.items()
    }


def written_back(data: ModelData, view: xr.Dataset) -> xr.Dataset:
    """Return a model's inputs with the changes that were made to their view.

    Parameters
    ----------
    data : ModelData
        The model.
    view : xarray.Dataset
        What :func:`inputs_view` returned, changed since or not.

    Returns
    -------
    xarray.Dataset
        ``data.inputs`` itself if nothing differs.

    Raises
    ------
    InputError
        If something else than numbers of technologies at locations was changed.
    """
    before = inputs_view(data)
    fixed = [n for n in view.data_vars if n not in before]
    changes: dict[str, xr.DataArray] = {}
    for key, old in before.data_vars.items():
        if key in view and view[key].equals(old):
            continue
        name, dim = str(key), joined_dimension(old)
        own = data.inputs.variables.get(name)
        same = key in view and view[key].dims == old.dims and view[key].shape == old.shape
        if own is None or dim is None or own.dtype.kind != "f" or not same:
            fixed.append(key)
            continue
        back = {there: here for here, there in _DIMS.items()} | {dim: "node"}
        new = view[key].rename({d: back[str(d)] for d in old.dims if str(d) in back})
        values = own.values.copy()
        axis = own.dims.index("node")
        at = data.positions([str(label) for label in old[dim].values])
        values[(slice(None),) * axis + (at,)] = new.transpose(*own.dims).values
        changes[name] = xr.DataArray(values, dims=own.dims, attrs=own.attrs)
    if fixed:
        raise InputError(
            [
                Problem(
                    "cannot be changed in `inputs`; only numbers of technologies at locations can",
                    key=str(name),
                    suggestion="Change the configuration, or use `override_dict`",
                )
                for name in fixed
            ]
        )
    return data.inputs.assign(changes) if changes else data.inputs


def _members(data: ModelData) -> dict[str, np.ndarray]:
    """Positions of the nodes of each set: those to which any of its parameters gives a value."""
    count = data.inputs.sizes["node"]
    found: dict[str, np.ndarray] = {}
    for name, array in data.inputs.data_vars.items():
        if "node" not in array.dims or name in ("tier_carrier", "carrier_ratios"):
            continue
        set_name = input_set(str(name))
        if set_name == "loc_techs":
            given = np.ones(count, dtype=bool)
        elif name == "resource":
            others = tuple(k for k, d in enumerate(array.dims) if d != "node")
            given = np.asarray(np.isfinite(array.values).any(axis=others), dtype=bool)
        else:
            given = data.defined(str(name))
        if set_name == "loc_techs_finite_resource" and name != "resource":
            given = np.zeros(count, dtype=bool) if "resource" in data.inputs else given
        found[set_name] = found.get(set_name, np.zeros(count, dtype=bool)) | given
    return {name: np.flatnonzero(given) for name, given in found.items()}


def _by_tech(data: ModelData, array: xr.DataArray) -> xr.DataArray:
    """Give what is known of a technology to each of its links (``line:other``) as well."""
    plain = [str(v) for v in data.inputs["tech"].values]
    linked = sorted({str(v) for v in data.inputs["node_tech"].values} - set(plain))
    at = [*range(len(plain)), *(plain.index(v.split(":")[0]) for v in linked)]
    return array.isel(tech=at).rename(tech="techs").assign_coords(techs=[*plain, *linked])


def _carrier_ratios(data: ModelData) -> xr.DataArray | None:
    nodes = data.nodes("conversion_plus")
    if not len(nodes):
        return None
    inputs = data.inputs
    ratios = inputs["carrier_ratios"].reset_coords(drop=True).isel(node=nodes)
    tiers = inputs["tier_carrier"].isel(node=nodes).any(["node", "carrier"])
    ratios = ratios.isel(tier=np.flatnonzero(tiers.values))
    used = inputs["tier_carrier"].isel(node=nodes).any("tier").transpose("node", "carrier").values
    where_node, where_carrier = np.nonzero(used)
    labels = [
        f"{inputs['node'].values[nodes[n]]}::{inputs['carrier'].values[c]}"
        for n, c in zip(where_node, where_carrier, strict=True)
    ]
    dim = "loc_tech_carriers_conversion_plus"
    picked = ratios.drop_vars(["node", "carrier"], errors="ignore").isel(
        node=xr.DataArray(where_node, dims=dim), carrier=xr.DataArray(where_carrier, dims=dim)
    )
    picked = picked.assign_coords({dim: labels})
    picked = picked.rename({k: v for k, v in _DIMS.items() if k in picked.dims})
    return picked.transpose("carrier_tiers", dim, ...)


def joined_dimension(array: xr.DataArray) -> str | None:
    """Return the dimension whose labels are joined with ``::``, if there is one."""
    found = [str(d) for d in array.dims if str(d).startswith(("loc_tech", "loc_carrier"))]
    return found[0] if found else None


def label_columns(dim: str, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Split joined labels into a column for locations, and ones for technologies and carriers."""
    names = [f"{part}s" for part in ("loc", "tech", "carrier") if part in dim]
    # A technology of a link is `tech:other`: colons are never doubled inside a part.
    parts = [str(label).split("::") for label in labels]
    return {name: np.array([p[k] for p in parts], dtype=str) for k, name in enumerate(names)}


def formatted(array: xr.DataArray, index_format: IndexFormat = "index") -> xr.DataArray:
    """Split joined labels into dimensions of their own.

    Parameters
    ----------
    array : xarray.DataArray
        A variable of an inputs or results view.
    index_format : {"index", "multiindex"}
        ``"index"``: dimensions ``locs``, ``techs``, ``carriers``, in alphabetical order with
        ``timesteps`` last, and NaN where there is no such item; ``"multiindex"``: one dimension
        with a multi-index, which takes less memory.

    Raises
    ------
    ValueError
        For another format.
    """
    if index_format not in ("index", "multiindex"):
        raise ValueError(f"index_format must be 'index' or 'multiindex', not {index_format!r}")
    dim = joined_dimension(array)
    if dim is None:
        return array
    columns = label_columns(dim, array[dim].values)
    if index_format == "multiindex":
        index = pd.MultiIndex.from_arrays(list(columns.values()), names=list(columns))
        coords = xr.Coordinates.from_pandas_multiindex(index, dim)
        return array.drop_vars(dim).assign_coords(coords)
    indexes = {name: pd.Index(values).unique().sort_values() for name, values in columns.items()}
    at = tuple(indexes[name].get_indexer(values) for name, values in columns.items())
    rest = [str(d) for d in array.dims if d != dim]
    values = array.transpose(dim, *rest).values
    blank: Any = np.nan if values.dtype.kind == "f" else "" if values.dtype.kind == "U" else None
    kind = values.dtype if values.dtype.kind in "fU" else object
    filled = np.full((*map(len, indexes.values()), *values.shape[1:]), blank, dtype=kind)
    filled[at] = values
    out = xr.DataArray(
        filled,
        dims=(*indexes, *rest),
        coords={**indexes, **{d: array.indexes[d] for d in rest if d in array.indexes}},
        name=array.name,
        attrs=array.attrs,
    )
    ordered = sorted(d for d in map(str, out.dims) if d != "timesteps")
    return out.transpose(*ordered, *[d for d in ("timesteps",) if d in out.dims])


def table(array: xr.DataArray, dropna: bool = True) -> pd.DataFrame:
    """Return a variable of a view as a table with one row per value.

    Parameters
    ----------
    array : xarray.DataArray
        A variable of an inputs or results view.
    dropna : bool
        Whether rows without a value are left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``locs``, ``techs``, ``carriers``, … and last the value, by the variable's name.
    """
    values = array.values
    keep = np.ones(values.shape, dtype=bool)
    if dropna:
        keep = values.astype(str) != "" if values.dtype.kind in "UO" else ~pd.isna(values)
    at = np.nonzero(keep)
    columns: dict[str, Any] = {}
    for dim, places in zip(map(str, array.dims), at, strict=True):
        labels = array[dim].values
        if dim == joined_dimension(array):
            for name, split in label_columns(dim, labels).items():
                columns[name] = split[places]
        elif labels.dtype.kind == "M":
            text = pd.DatetimeIndex(labels).strftime("%Y-%m-%d %H:%M:%S").to_numpy()
            columns[dim] = text[places]
        else:
            columns[dim] = labels[places]
    order = sorted(c for c in columns if c != "timesteps")
    order += [c for c in ("timesteps",) if c in columns]
    frame = pd.DataFrame({name: columns[name] for name in order})
    frame[str(array.name)] = values[at]
    return frame


def set_members(
    data: ModelData, name: str, variables: Mapping[str, list[tuple[str, ...]]]
) -> list[Any]:
    """Return the members of a set by the name Calliope 0.6 gives it.

    Parameters
    ----------
    data : ModelData
        The model.
    name : str
        For example ``loc_techs_supply``, ``loc_tech_carriers_prod`` or ``timesteps``.
    variables : mapping of str to list of tuple of str
        Label tuples of each decision variable; they make the sets named after them.

    Returns
    -------
    list
        Joined labels; time steps as ``pandas.Timestamp``.

    Raises
    ------
    InputError
        If no set has this name.
    """
    inputs = data.inputs
    if name == "timesteps":
        return list(pd.DatetimeIndex(inputs["timestep"].values))
    simple = {"locs": "loc", "carriers": "carrier", "costs": "cost"}
    if name in simple:
        return [str(v) for v in inputs[simple[name]].values]
    labels = [str(v) for v in inputs["node"].values]
    if name == "techs":
        return sorted({label.split("::", 1)[1] for label in labels})
    if name == "loc_techs":
        return labels
    if name.removeprefix("loc_techs_") in BASES:
        return [labels[n] for n in data.nodes(name.removeprefix("loc_techs_"))]
    for variable, set_name in CALLIOPE_SETS.items():
        if set_name == name and variable in variables:
            kept = variables[variable]
            # costs carry their class in front
            kept = [k[1:] for k in kept] if "cost" in variable else kept
            return list(dict.fromkeys("::".join(k) for k in kept))
    members = _members(data)
    if name in members:
        return [labels[n] for n in members[name]]
    if name in CALLIOPE_SETS.values() or name in _INPUT_SETS:
        return []
    known = [
        *("timesteps", "techs", "loc_techs", *simple),
        *(f"loc_techs_{base}" for base in BASES),
        *dict.fromkeys([*CALLIOPE_SETS.values(), *_INPUT_SETS]),
    ]
    raise InputError(Problem("no such set", key=name, suggestion=did_you_mean(name, known)))
