"""Reading NetCDF files in one go: what lies in a file, as arrays in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.conventions import decode_cf_variable

if TYPE_CHECKING:
    import netCDF4

# Attributes that say how to read the numbers, not what they are.
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
