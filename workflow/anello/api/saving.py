"""A model's inputs and results as tables, and as what is collected of a scenario."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from anello import __version__
from anello.api.calliope_layout import table
from anello.base.cells import for_spreadsheets
from anello.base.files import PathLike
from anello.model.data import ModelData
from anello.optimise.results.alternatives import one_by_one
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import versions


def write_csv(views: Mapping[str, xr.Dataset], path: PathLike, dropna: bool) -> None:
    """Write each variable of some views as a table, ``<view>_<variable>.csv``.

    Parameters
    ----------
    views : mapping of str to xarray.Dataset
        ``inputs``, and ``results`` if there are any; variables of the inputs are not written twice.
    path : path-like
        The folder to make; it appears whole or not at all.
    dropna : bool
        Whether rows without a value are left out.

    Raises
    ------
    FileExistsError
        If the folder exists.
    """
    target = Path(path)
    if target.exists():
        raise FileExistsError(f"{target} exists already; choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        rows = []
        for kind, view in views.items():
            for name, array in view.data_vars.items():
                if kind == "results" and name in views["inputs"]:
                    continue
                file = f"{kind}_{name}.csv"
                shown = for_spreadsheets(table(array, dropna))
                shown.to_csv(temporary / file, index=False, lineterminator="\n")
                told = array.attrs.get
                rows.append((file, name, told("units", ""), told("long_name", "")))
        columns = ["file", "variable", "units", "meaning"]
        index = for_spreadsheets(pd.DataFrame(rows, columns=columns))
        index.to_csv(temporary / "variables.csv", index=False, lineterminator="\n")
        temporary.chmod(0o755)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def as_scenarios(data: ModelData, dispatch: xr.Dataset) -> dict[str, CollectedResults]:
    """Return a solved model as what a workflow collects of its scenarios.

    Parameters
    ----------
    data : ModelData
        The inputs.
    dispatch : xarray.Dataset
        The results. Each alternative (``spore``) becomes a scenario.

    Returns
    -------
    dict of str to CollectedResults
        By the name of the model's scenario, ``base`` where it has none.
    """
    name = str(data.config.get("scenario") or "base")
    title = str(data.config["model"].get("name") or "")
    whole = CollectedResults(
        results=dispatch,
        inputs=data.inputs,
        config=data.config,
        versions=versions(),
        attrs={"run": title, "scenario": name, "anello_version": __version__},
    )
    return one_by_one(name, whole)
