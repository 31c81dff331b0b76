"""Tidy CSV tables: one file per variable, one value per row, units in the header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.base.cells import for_spreadsheets
from anello.base.files import FilePath, atomic_path
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
        Which variables; all but the hourly capacity factor and the duals by default.

    Returns
    -------
    list of pathlib.Path
        The files written, in the order of the variables.
    """
    names = list(variables) if variables is not None else default_variables(results)
    written = []
    for name in names:
        path = Path(folder) / f"{name}.csv"
        frame = tidy_frame(set_prices(results) if name == "shadow_price" else results[name])
        with atomic_path(path) as temporary:
            for_spreadsheets(frame).to_csv(
                temporary, index=False, lineterminator="\n", encoding="utf-8"
            )
        written.append(path)
    return written


def default_variables(results: xr.Dataset) -> list[str]:
    """Names of the variables that :func:`write_tidy_csv` writes if it is not told which."""
    return [
        str(name)
        for name in results.data_vars
        if name not in NOT_BY_DEFAULT and not str(name).startswith("dual_")
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
    dims = [str(d) for d in array.dims]
    known = array.notnull().values
    at = np.nonzero(known)
    columns: dict[str, object] = {}
    for dim, places in zip(dims, at, strict=True):
        if dim == "node":
            columns["loc"] = _repeated(array["node_loc"].values, places)
            columns["tech"] = _repeated(array["node_tech"].values, places)
        elif array[dim].dtype.kind == "M":
            text = pd.DatetimeIndex(array[dim].values).strftime("%Y-%m-%d %H:%M:%S")
            columns[dim] = _repeated(text.to_numpy(), places)
        else:
            columns[dim] = _repeated(array[dim].values, places)
    ordered = [c for c in ORDER if c in columns] + [c for c in columns if c not in ORDER]
    frame = pd.DataFrame({c: columns[c] for c in ordered})
    frame[value_column(array)] = array.values[at]
    return frame


def value_column(array: xr.DataArray) -> str:
    """Return the header of a variable's values, with its units."""
    name = str(array.name)
    known = RESULT_VARIABLES.get(name)
    return f"{name}{known.unit_suffix}" if known is not None else name


def _repeated(labels: np.ndarray, places: np.ndarray) -> pd.Series[Any]:
    """Labels of the rows; a category is turned into text once, not once per row."""
    values, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    kind = pd.CategoricalDtype([str(v) for v in values])
    return pd.Series(pd.Categorical.from_codes(codes[places].astype(int), dtype=kind))
