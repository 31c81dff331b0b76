"""NetCDF-4 files whose bytes depend on nothing but their content and the library's version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.base.files import FilePath, atomic_path
from anello.base.netcdf import variables_of, write_variables
from anello.errors import ArtefactError

if TYPE_CHECKING:
    import netCDF4

CONVENTIONS = "CF-1.11"


def write_netcdf(content: xr.Dataset | Mapping[str, xr.Dataset], path: FilePath) -> None:
    """Write one data set, or several as groups, in one step.

    No time of writing is stored, so that equal content gives equal bytes. The file appears whole or
    not at all.

    Parameters
    ----------
    content : xarray.Dataset or mapping of str to xarray.Dataset
        With a mapping, each key is a group; ``"/"`` is the root.
    path : path-like
        The file to make; missing parent folders are made.
    """
    import netCDF4

    groups = {"/": content} if isinstance(content, xr.Dataset) else dict(content)
    root = groups.pop("/", xr.Dataset()).assign_attrs(Conventions=CONVENTIONS)
    with (
        atomic_path(path) as temporary,
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _write(file, root)
        for name, group in groups.items():
            _write(file.createGroup(name), group)


def read_netcdf(
    path: FilePath, group: str | None = None, only: Sequence[str] | None = None
) -> xr.Dataset:
    """Read one data set, fully into memory.

    Parameters
    ----------
    path : path-like
        A file written by :func:`write_netcdf`.
    group : str, optional
        Group to read; the root by default.
    only : sequence of str, optional
        Variables to read, of which those are left out that the file lacks; all by default.

    Returns
    -------
    xarray.Dataset
        Labels as text, times as ``datetime64[ns]``.

    Raises
    ------
    ArtefactError
        If the file is missing, empty, cut short, not NetCDF, or has no such group.
    """
    import netCDF4

    file = _checked(path)
    try:
        with netCDF4.Dataset(file) as opened:
            place = opened if group in (None, "/") else opened.groups[group.strip("/")]
            return _restored(place, only)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ArtefactError(_not_readable(file, error, group)) from error


def read_groups(path: FilePath) -> dict[str, xr.Dataset]:
    """Read every group of a file, fully into memory.

    Parameters
    ----------
    path : path-like
        A file written by :func:`write_netcdf`.

    Returns
    -------
    dict of str to xarray.Dataset
        Group name (the root is ``"/"``) to content.

    Raises
    ------
    ArtefactError
        If the file is missing, empty, cut short or not NetCDF.
    """
    import netCDF4

    file = _checked(path)
    try:
        with netCDF4.Dataset(file) as opened:
            return {"/": _restored(opened)} | {
                name: _restored(group) for name, group in opened.groups.items()
            }
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ArtefactError(_not_readable(file, error)) from error


def _checked(path: FilePath) -> Path:
    file = Path(path)
    if not file.is_file():
        raise ArtefactError(f"{file} does not exist: has the step that writes it been run?")
    if file.stat().st_size == 0:
        raise ArtefactError(f"{file} is empty: delete it and run the step that writes it again")
    return file


def _not_readable(file: Path, error: Exception, group: str | None = None) -> str:
    part = f", or has no group {group!r}" if group else ""
    return (
        f"{file} cannot be read as NetCDF ({error}): it was cut short or damaged{part}. Delete it "
        "and run the step that writes it again"
    )


def _write(place: netCDF4.Dataset | netCDF4.Group, content: xr.Dataset) -> None:
    """Write a data set in what the file format can hold: plain text, numbers and attributes."""
    plain: dict[str, xr.Variable] = {}
    holed: set[str] = set()
    for key in (*content.data_vars, *content.coords):
        variable = content.variables[key]
        name, kind = str(key), variable.dtype.kind
        values, attrs = variable.values, dict(variable.attrs)
        if kind == "O" or isinstance(variable.dtype, pd.StringDtype):
            values = values.astype(str).astype(object)
        elif kind == "b":
            values = values.astype("i1")
            attrs["flag_values"] = np.array([0, 1], "i1")
            attrs["flag_meanings"] = "false true"
        elif kind == "f" and name not in content.dims:
            holed.add(name)
            # NaN has many bit patterns: one of them, for equal content to give equal bytes
            unknown = np.isnan(values)
            if unknown.any():
                values = np.where(unknown, np.nan, values).astype(variable.dtype)
        kept = {key: _attr(v) for key, v in attrs.items() if v is not None}
        plain[name] = xr.Variable(variable.dims, values, kept)
    labels = [str(name) for name in content.coords]
    told = {str(key): _attr(v) for key, v in content.attrs.items() if v is not None}
    write_variables(place, plain, labels, told, holed)


def _attr(value: Any) -> Any:
    return np.int8(value) if isinstance(value, (bool, np.bool_)) else value


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _restored(
    group: netCDF4.Dataset | netCDF4.Group, only: Sequence[str] | None = None
) -> xr.Dataset:
    """Read a group, and turn what the file format made of flags back into what was written."""
    data, coords, attrs = variables_of(group, only)
    for variable in (*data.values(), *coords.values()):
        told = variable.attrs
        if told.get("flag_meanings") == "false true":
            told = {key: v for key, v in told.items() if not key.startswith("flag_")}
            variable.data = variable.values.astype(bool)
        variable.attrs = {key: _plain(v) for key, v in told.items()}
    told = {key: _plain(v) for key, v in attrs.items() if key != "Conventions"}
    return xr.Dataset(data, coords, told)
