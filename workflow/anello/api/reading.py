"""Reading a model back from a file."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import xarray as xr

from anello import __version__
from anello.api.model import Model
from anello.errors import ArtefactError
from anello.model.data import ModelData
from anello.optimise.results.netcdf import read_groups

logger = logging.getLogger(__name__)


def read_netcdf(path: str | os.PathLike[str]) -> Model:
    """Read a model, with its results if it has any, from a file.

    Parameters
    ----------
    path : path-like
        Written by :meth:`Model.to_netcdf`, or a workflow's ``results.nc``.

    Returns
    -------
    Model
        Can be run again with ``run(force_rerun=True)``.

    Raises
    ------
    ArtefactError
        If the file is missing, damaged, or holds something else.
    """
    groups = read_groups(Path(path))
    if "inputs" not in groups or "config" not in groups["inputs"].attrs:
        raise ArtefactError(f"{path} holds no model: it has no group `inputs` with settings")
    inputs = groups["inputs"]
    config = json.loads(inputs.attrs["config"])
    warnings = json.loads(inputs.attrs.get("warnings", "[]"))
    inputs.attrs = {}
    model = Model.from_data(ModelData(inputs, config, warnings), groups.get("results"))
    root, provenance = groups["/"].attrs, groups.get("provenance", xr.Dataset()).attrs
    written = root.get("anello_version")
    if written not in (None, __version__):
        logger.warning("%s was written by anello %s, this is %s", path, written, __version__)
    settings = json.loads(provenance.get("settings", "{}"))
    solver = settings.get("solver", {}).get("name") if isinstance(settings, dict) else None
    if solver:
        model.run_config["solver"] = solver
    model._yaml = provenance.get("model_yaml") or None
    return model
