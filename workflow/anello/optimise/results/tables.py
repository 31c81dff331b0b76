"""A NetCDF file as a folder of tables, and back, without loss.

Each group of the file is a folder, each variable in it a table: a column per dimension, the value
last, no row where a value is missing. ``description.json`` holds what tables cannot: types,
dimensions and attributes. Values that were changed in a table are read as they stand.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.base.cells import cell_text, cell_value, original_text
from anello.base.files import FilePath, write_json
from anello.base.progress import report
from anello.errors import ArtefactError, Problem, did_you_mean
from anello.optimise.results.netcdf import read_groups, write_netcdf

DESCRIPTION = "description.json"
_FORMAT = "anello tables 1"
_ROOT = "root"
_NUMBER = "number"


def netcdf_to_tables(path: FilePath, folder: FilePath) -> Path:
    """Write every variable of a file as a table.

    Parameters
    ----------
    path : path-like
        A model or results as anello writes them.
    folder : path-like
        The folder to make.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ArtefactError
        If the file cannot be read.
    FileExistsError
        If the folder exists.
    """
    groups = read_groups(path)
    target = Path(folder)
    if target.exists():
        raise FileExistsError(f"{target} exists already; choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _write(groups, temporary)
        temporary.chmod(0o755)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _write(groups: Mapping[str, xr.Dataset], folder: Path) -> None:
    description: dict[str, Any] = {"format": _FORMAT, "groups": {}}
    total = sum(len(group.variables) for group in groups.values())
    done = 0
    for group_name, group in groups.items():
        place = folder / (_ROOT if group_name == "/" else group_name)
        place.mkdir()
        described: dict[str, Any] = {}
        for key, variable in group.variables.items():
            name = str(key)
            table = _table(group, name)
            table.to_csv(place / f"{name}.csv", index=False, lineterminator="\n")
            described[name] = {
                "dims": [str(d) for d in variable.dims],
                "sizes": list(variable.shape),
                "dtype": variable.dtype.str if variable.dtype.kind != "U" else "text",
                "coordinate": name in group.coords,
                "attrs": _plain_attrs(variable.attrs),
            }
            done += 1
            report("tables", done, total)
        description["groups"][group_name] = {
            "variables": described,
            "attrs": _plain_attrs(group.attrs),
        }
    write_json(folder / DESCRIPTION, description)


def tables_to_netcdf(folder: FilePath, path: FilePath) -> None:
    """Undo :func:`netcdf_to_tables`.

    Parameters
    ----------
    folder : path-like
        Written by :func:`netcdf_to_tables`.
    path : path-like
        The file to make.

    Raises
    ------
    ArtefactError
        If the folder was not written so, or a table does not fit its description.
    """
    source = Path(folder)
    groups = _read_description(source)
    total = sum(len(group["variables"]) for group in groups.values())
    done = 0
    content: dict[str, xr.Dataset] = {}
    for group_name, group in groups.items():
        place = source / (_ROOT if group_name == "/" else group_name)
        described: Mapping[str, Any] = group["variables"]
        values: dict[str, np.ndarray] = {}
        # the labels of dimensions first, for the tables name them
        for name in sorted(described, key=lambda n: described[n]["dims"] != [n]):
            values[name] = _values(place / f"{name}.csv", name, described[name], values)
            done += 1
            report("tables", done, total)
        arrays: dict[bool, dict[str, Any]] = {True: {}, False: {}}
        for name, told in described.items():
            attrs = _attrs_of(told["attrs"])
            arrays[told["coordinate"]][name] = (told["dims"], values[name], attrs)
        attrs = _attrs_of(group["attrs"])
        content[group_name] = xr.Dataset(arrays[False], arrays[True], attrs=attrs)
    write_netcdf(content, path)


def _read_description(folder: Path) -> dict[str, Any]:
    file = folder / DESCRIPTION
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(
            f"{folder} has no {DESCRIPTION}: only what `anello convert-results` wrote can be"
            " converted back; the tables of `anello run --save_csv` hold no settings"
        ) from None
    except json.JSONDecodeError as error:
        raise ArtefactError(f"{file} is not valid JSON: {error}") from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise ArtefactError(f"{file} does not describe tables of this version of anello")
    groups: dict[str, Any] = found["groups"]
    return groups


def _plain_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    plain = {}
    for key, value in attrs.items():
        content = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        if isinstance(content, float) and not math.isfinite(content):
            content = {_NUMBER: str(content)}  # which JSON does not know
        plain[str(key)] = content
    return plain


def _attrs_of(plain: Mapping[str, Any]) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    for key, value in plain.items():
        if isinstance(value, dict):
            attrs[key] = float(value[_NUMBER])
        else:
            attrs[key] = np.array(value) if isinstance(value, list) else value
    return attrs


def _table(group: xr.Dataset, name: str) -> pd.DataFrame:
    variable = group[name].variable
    values = variable.values
    known = np.ones(values.shape, dtype=bool)
    if values.dtype.kind == "f" and variable.dims != (name,):
        known = ~np.isnan(values)
    at = np.nonzero(known) if values.ndim else ()
    columns: dict[str, Any] = {}
    for dim, places in zip(map(str, variable.dims), at, strict=True):
        if dim != name:
            columns[dim] = _cells(_labels(group, dim))[places]
    picked = values[at] if values.ndim else values.reshape(1)
    columns[f"{name} (value)" if name in columns else name] = _cells(_text_of(picked))
    return pd.DataFrame(columns)


def _labels(group: xr.Dataset, dim: str) -> np.ndarray:
    """Return the labels of a dimension, or positions where they do not tell its items apart."""
    if dim in group.variables and group[dim].dims == (dim,):
        labels = _text_of(group[dim].values)
        if len(pd.unique(labels)) == len(labels):
            return labels
    return np.arange(group.sizes[dim])


def _text_of(values: np.ndarray) -> np.ndarray:
    """Times as text, to the second where that is exact; numbers and text as they are."""
    if values.dtype.kind == "M":
        whole = (values == values.astype("datetime64[s]")).all()
        text: np.ndarray = np.datetime_as_string(values, unit="s" if whole else "ns")
        return text
    return values


def _cells(values: np.ndarray) -> np.ndarray:
    """Text as a spreadsheet may show it; numbers as they are."""
    if values.dtype.kind not in "UO":
        return values
    shown: np.ndarray = np.array([cell_value(value) for value in values.tolist()], dtype=object)
    return shown


def _values(
    file: Path, name: str, told: Mapping[str, Any], others: Mapping[str, np.ndarray]
) -> np.ndarray:
    try:
        frame = pd.read_csv(
            file, dtype=str, keep_default_na=False, encoding="utf-8", skip_blank_lines=False
        )
    except FileNotFoundError:
        raise ArtefactError(f"{file} is missing, though {DESCRIPTION} names it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ArtefactError(f"{file} is not a table: {error}") from error
    kind, sizes = told["dtype"], tuple(told["sizes"])
    given = _parsed(file, name, frame.iloc[:, -1], kind)
    if told["dims"] == [name] or not told["dims"]:
        if len(given) != int(np.prod(sizes)):
            raise ArtefactError(f"{file} has {len(given)} rows in place of {int(np.prod(sizes))}")
        return given.reshape(sizes)
    where = tuple(
        _positions(file, frame, dim, size, others.get(dim))
        for dim, size in zip(told["dims"], sizes, strict=True)
    )
    out = np.zeros(sizes, dtype=given.dtype)
    if given.dtype.kind == "f":
        out[...] = np.nan
    elif len(given) != out.size:
        raise ArtefactError(f"{file} has {len(given)} rows in place of {out.size}")
    out[where] = given
    return out


def _parsed(file: Path, name: str, column: pd.Series[str], kind: str) -> np.ndarray:
    text = column.to_numpy(dtype=str)
    if kind == "text":
        return np.array([original_text(value) for value in text.tolist()], dtype=str)
    if np.dtype(kind).kind == "b":
        return np.asarray(text == "True")
    try:
        if np.dtype(kind).kind == "f":  # a number that is missing stands as an empty cell
            text = np.where(text == "", "nan", text)
        return np.asarray(text.astype(kind))
    except ValueError as error:
        raise ArtefactError(
            str(Problem(f"holds a value that is not what it was: {error}", str(file), key=name))
        ) from error


def _positions(
    file: Path, frame: pd.DataFrame, dim: str, size: int, labels: np.ndarray | None
) -> np.ndarray:
    if dim not in frame:
        raise ArtefactError(
            str(
                Problem(
                    f"has no column `{dim}`",
                    str(file),
                    suggestion=did_you_mean(dim, map(str, frame.columns)),
                )
            )
        )
    known = np.arange(size).astype(str) if labels is None else _text_of(labels).astype(str)
    if len(pd.unique(known)) != size:
        known = np.arange(size).astype(str)
    at = pd.Index([cell_text(str(label)) for label in known]).get_indexer(pd.Index(frame[dim]))
    if (at < 0).any():
        row = int(np.flatnonzero(at < 0)[0])
        value = frame[dim].iloc[row]
        raise ArtefactError(
            str(
                Problem(
                    f"has a label that {dim}.csv lacks",
                    str(file),
                    row + 2,
                    dim,
                    value,
                    did_you_mean(value, known[:5000]),
                )
            )
        )
    return np.asarray(at)
