"""Tidy CSV tables: one file per variable, one value per row, units in the header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.base.cells import cell_text
from anello.base.files import FilePath
from anello.base.tables import Labels, write_columns
from anello.optimise.results.prices import set_prices
from anello.optimise.results.variables import RESULT_VARIABLES

ORDER = ("loc", "tech", "carrier", "cost_class", "iteration", "timestep")
NOT_BY_DEFAULT = ("capacity_factor",)


def write_tidy_csv(
    results: xr.Dataset,
    folder: FilePath,
    variables: Iterable[str] | None = None,
) -> list[Path]:
    """Write results as tidy CSV files, ``<variable>.csv``.

    Rows without a value are left out, also those of prices that nothing sets
    (:func:`anello.optimise.results.prices.price_states`). Columns are the labels, then the value,
    whose header ends in its units: ``loc,tech,carrier,timestep,carrier_prod_kwh``. Labels that
    begin like a formula get an apostrophe in front (:mod:`anello.base.cells`).

    Parameters
    ----------
    results : xarray.Dataset
        Results with dimension ``node``.
    folder : path-like
        Where the files go.
    variables : iterable of str, optional
        Which variables; all but the hourly capacity factor and the duals of rows and of sizes by
        default.

    Returns
    -------
    list of pathlib.Path
        The files written, in the order of the variables.
    """
    names = list(variables) if variables is not None else default_variables(results)
    written = []
    for name in names:
        path = Path(folder) / f"{name}.csv"
        array = set_prices(results) if name == "shadow_price" else results[name]
        labels, values = _parts(array)
        columns: dict[str, Any] = {
            header: Labels([cell_text(text) for text in known], places)
            for header, (known, places) in labels.items()
        }
        write_columns(columns | {value_column(array): values}, path)
        written.append(path)
    return written


def default_variables(results: xr.Dataset) -> list[str]:
    """Names of the variables that :func:`write_tidy_csv` writes if it is not told which."""
    return [
        str(name)
        for name in results.data_vars
        if name not in NOT_BY_DEFAULT
        and not str(name).startswith("dual_")
        and not str(name).endswith("_marginal")
    ]


def tidy_frame(array: xr.DataArray) -> pd.DataFrame:
    """Turn one variable into a table with a row per value.

    Parameters
    ----------
    array : xarray.DataArray
        A variable of the results.

    Returns
    -------
    pandas.DataFrame
        One column per label and the value's column last; rows in the order of the labels.
    """
    labels, values = _parts(array)
    frame = pd.DataFrame({header: _repeated(*column) for header, column in labels.items()})
    frame[value_column(array)] = values
    return frame


def _parts(array: xr.DataArray) -> tuple[dict[str, tuple[list[str], np.ndarray]], np.ndarray]:
    """Labels of a table's columns with the place of each row among them, and its values."""
    at = np.nonzero(array.notnull().values)
    columns: dict[str, tuple[list[str], np.ndarray]] = {}
    for dim, places in zip(map(str, array.dims), at, strict=True):
        if dim == "node":
            columns["loc"] = (_text(array["node_loc"].values), places)
            columns["tech"] = (_text(array["node_tech"].values), places)
        elif array[dim].dtype.kind == "M":
            seconds = np.datetime_as_string(array[dim].values, unit="s")
            columns[dim] = ([str(moment).replace("T", " ") for moment in seconds], places)
        else:
            columns[dim] = (_text(array[dim].values), places)
    ordered = [c for c in ORDER if c in columns] + [c for c in columns if c not in ORDER]
    return {c: columns[c] for c in ordered}, array.values[at]


def _text(labels: np.ndarray) -> list[str]:
    return [str(label) for label in np.asarray(labels, dtype=str)]


def value_column(array: xr.DataArray) -> str:
    """Return the header of a variable's values, with its units."""
    name = str(array.name)
    known = RESULT_VARIABLES.get(name)
    return f"{name}{known.unit_suffix}" if known is not None else name


def _repeated(labels: list[str], places: np.ndarray) -> pd.Series[Any]:
    """Labels of the rows; a category is turned into text once, not once per row."""
    values, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    kind = pd.CategoricalDtype([str(v) for v in values])
    return pd.Series(pd.Categorical.from_codes(codes[places].astype(int), dtype=kind))
