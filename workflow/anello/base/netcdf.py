"""NetCDF files read and written in one go, from and to arrays in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.conventions import decode_cf_variable, encode_cf_variable

if TYPE_CHECKING:
    import netCDF4

# Attributes that say how to read the numbers, not what they are.
# Level 4 takes half as long again, for files a twentieth smaller.
COMPRESSION: dict[str, Any] = {"zlib": True, "complevel": 1, "shuffle": True}
# Below a block of the disk, the index of a packed array takes more room than packing it saves.
PACKED_FROM_BYTES = 4096
_TIME = {
    "units": "seconds since 1970-01-01",
    "dtype": "int64",
    "calendar": "proleptic_gregorian",
    "_FillValue": None,
}
_CODES = {"scale_factor", "add_offset", "missing_value", "_FillValue", "_Unsigned", "dtype"}


def variables_of(
    group: netCDF4.Dataset | netCDF4.Group, only: Iterable[str] | None = None
) -> tuple[dict[str, xr.Variable], dict[str, xr.Variable], dict[str, Any]]:
    """Read the variables of a group fully into memory.

    `xarray.open_dataset` prepares to read each of them in parts and later, which takes most of the
    time that small files need.

    Parameters
    ----------
    group : netCDF4.Dataset or netCDF4.Group
        An open file, or a group in it.
    only : iterable of str, optional
        Variables to read, with the coordinates of their dimensions; those that the group lacks are
        left out. All by default.

    Returns
    -------
    data, coords : dict of str to xarray.Variable
        By name, in the order of the file. Text is text, times are ``datetime64[ns]``.
    attrs : dict
        The group's own attributes.
    """
    group.set_auto_maskandscale(False)
    attrs = {name: group.getncattr(name) for name in group.ncattrs()}
    told = {name: _attributes(variable) for name, variable in group.variables.items()}
    lines = [
        attrs.pop("coordinates", ""),
        *(found.pop("coordinates", "") for found in told.values()),
    ]
    labels = {name for line in lines for name in line.split()}
    labels |= {name for name, v in group.variables.items() if v.dimensions == (name,)}
    wanted = set(told) if only is None else set(only) & set(told)
    dims = {dim for name in wanted for dim in group.variables[name].dimensions}
    data: dict[str, xr.Variable] = {}
    coords: dict[str, xr.Variable] = {}
    for name, variable in group.variables.items():
        if name in wanted or (name in labels and dims.issuperset(variable.dimensions)):
            place = coords if name in labels else data
            place[name] = _decoded(name, variable, told[name])
    return data, coords, attrs


def _attributes(variable: netCDF4.Variable[Any]) -> dict[str, Any]:
    return {name: variable.getncattr(name) for name in variable.ncattrs()}


def _decoded(name: str, variable: netCDF4.Variable[Any], attrs: dict[str, Any]) -> xr.Variable:
    values = variable[...]
    if variable.dtype is str:
        return xr.Variable(variable.dimensions, np.asarray(values, dtype=object).astype(str), attrs)
    fill = attrs.get("_FillValue")
    if fill is not None and np.isnan(fill):
        del attrs["_FillValue"]
    if _CODES.isdisjoint(attrs) and " since " not in str(attrs.get("units")):
        return xr.Variable(variable.dimensions, values, attrs)
    read = decode_cf_variable(name, xr.Variable(variable.dimensions, values, attrs))
    told = read.values
    if told.dtype.kind == "M":
        told = told.astype("datetime64[ns]", copy=False)
    return xr.Variable(read.dims, told, read.attrs)


def write_variables(
    group: netCDF4.Dataset | netCDF4.Group,
    variables: Mapping[str, xr.Variable],
    coords: Iterable[str],
    attrs: Mapping[str, Any],
    holed: Collection[str] = (),
) -> None:
    """Write variables to a group that has none yet, as `xarray.Dataset.to_netcdf` would.

    Parameters
    ----------
    group : netCDF4.Dataset or netCDF4.Group
        A file that is open for writing, or a group in it.
    variables : mapping of str to xarray.Variable
        By name: text, numbers, truth values, and ``datetime64`` of whole seconds.
    coords : iterable of str
        Which of them are coordinates.
    attrs : mapping
        The group's own attributes.
    holed : collection of str
        Those whose NaN are told to stand for no value.
    """
    sizes = _dims(variables)
    labels = {name: variables[name].dims for name in sorted(coords) if name not in sizes}
    alone = set(labels)
    for dim, size in sizes.items():
        group.createDimension(dim, size)
    values: dict[str, Any] = {}
    for name, variable in variables.items():
        told, kind = variable, variable.dtype.kind
        if kind in "Mb":
            how = _TIME if kind == "M" else {}
            coded = xr.Variable(variable.dims, variable.values, variable.attrs, how)
            told = encode_cf_variable(coded, name=name)
        values[name] = told.values.astype(object) if kind == "U" else told.values
        packed = kind in "fiub" and values[name].nbytes >= PACKED_FROM_BYTES
        made = group.createVariable(
            name,
            str if kind in "OU" else told.dtype,
            tuple(map(str, told.dims)),
            fill_value=np.nan if name in holed else None,
            **(COMPRESSION if packed else {}),
        )
        own = dict(told.attrs)
        if name not in labels and name not in sizes:
            found = [label for label, dims in labels.items() if set(dims) <= set(told.dims)]
            alone.difference_update(found)
            if found:
                own["coordinates"] = " ".join(found)
        made.setncatts(own)
    group.setncatts(dict(attrs) | ({"coordinates": " ".join(sorted(alone))} if alone else {}))
    # All are defined before the first is filled: between the two, the library goes over all it has.
    group.set_auto_maskandscale(False)
    for name, filling in values.items():
        group.variables[name][...] = filling


def _dims(variables: Mapping[str, xr.Variable]) -> dict[str, int]:
    """Return the length of every dimension, in the order in which they occur."""
    return {
        str(dim): size for variable in variables.values() for dim, size in variable.sizes.items()
    }
