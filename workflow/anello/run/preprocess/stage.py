"""From the settings of a run to checked model data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from anello.errors import InputError, Problem
from anello.model.definition import read_model
from anello.model.definition.composition import Configuration, compose, locate_series
from anello.model.quality.check import check_series_folder
from anello.model.quality.report import QualityReport
from anello.model.schema.report import Report
from anello.model.timeseries.reader import parse_reference
from anello.model.timeseries.steps import ISO_FORMAT
from anello.run.home import here_or_at_home
from anello.run.preprocess.config import DataConfig, EmbeddedData, FolderData, QualityConfig
from anello.run.retrieve import read_manifest
from anello.run.retrieve import retrieve as retrieve_files

if TYPE_CHECKING:
    from anello.model.data import ModelData

LOCAL_COPY_VARIABLE = "ANELLO_ICCEP2019"
_MODEL_PARTS = ("techs.", "tech_groups.", "locations.", "links.")


@dataclass(frozen=True)
class Preprocessed:
    """What the first stage gives to the others.

    Parameters
    ----------
    model_data : ModelData
        The model with checked series and the start COP.
    report : QualityReport
        What the check of the series found and did.
    """

    model_data: ModelData
    report: QualityReport


def retrieve(data: DataConfig, folder: Path | str) -> Path:
    """Put the model folder in place, and return its main YAML file.

    Parameters
    ----------
    data : DataConfig
        Where the model comes from.
    folder : path-like
        Where a computed or retrieved model folder is put; a folder of the user's own is used where
        it is.

    Raises
    ------
    InputError
        If a file cannot be had or is not the expected one.
    ConfigError
        If the description of a district is wrong.
    """
    if isinstance(data, EmbeddedData):
        from anello.district import load_district, write_district

        return write_district(load_district(data.district, data.changes), folder).model
    if isinstance(data, FolderData):
        if not data.model.is_file():
            raise InputError(
                Problem("The model does not exist", file=str(data.model), key="data.model")
            )
        return data.model
    local = data.folder or os.environ.get(LOCAL_COPY_VARIABLE) or None
    manifest = read_manifest(here_or_at_home(data.manifest))
    retrieve_files(manifest, data.model_folder, folder, local)
    return Path(folder) / "model_op.yaml"


def preprocess(
    data: DataConfig,
    quality: QualityConfig,
    folder: Path | str,
    model_scenario: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    report_json: Path | str | None = None,
    report_csv: Path | str | None = None,
) -> Preprocessed:
    """Get the model, check its series, repair them if told to, and read it.

    Parameters
    ----------
    data : DataConfig
        Where the model comes from.
    quality : QualityConfig
        What happens to faults in its series.
    folder : path-like
        Where a computed or retrieved model folder is put.
    model_scenario : str, optional
        Scenario, override, or comma list of overrides of the model.
    overrides : mapping, optional
        Laid over the model, as an override would be.
    report_json, report_csv : path-like, optional
        Where the report on the series is written, also if they are refused.

    Returns
    -------
    Preprocessed

    Raises
    ------
    DataQualityError
        If a fault is refused; all of them are listed.
    InputError
        If the model cannot be had or read.
    """
    model = retrieve(data, folder)
    start_cop = {} if isinstance(data, EmbeddedData) else dict(data.start_cop)
    strict = data.strict if isinstance(data, FolderData) else isinstance(data, EmbeddedData)
    root = data.root if isinstance(data, FolderData) else None
    series_folder, date_format, named = named_series(model, model_scenario, overrides, root)
    wanted = {start_cop.get(name, name) for name in named}
    present = {name for name in wanted if (series_folder / name).is_file()}
    checked = check_series_folder(series_folder, quality, present, date_format)
    if report_json is not None:
        checked.report.save(report_json)
    if report_csv is not None:
        checked.report.save_csv(report_csv)
    checked.report.raise_if_refused()
    series = dict(checked.repaired)
    for name in named & start_cop.keys():
        stand_in = start_cop[name]
        repaired = series.pop(stand_in, None)
        series[name] = repaired if repaired is not None else _read_stand_in(series_folder, stand_in)
    model_data = read_model(
        model,
        model_scenario,
        overrides or None,
        strict=strict,
        series=series or None,
        time_modules=data.time_modules if isinstance(data, FolderData) else (),
        root=root,
    )
    return Preprocessed(model_data, checked.report)


def named_series(
    model: Path,
    scenario: str | None,
    overrides: Mapping[str, Any] | None,
    root: Path | None = None,
) -> tuple[Path, str, frozenset[str]]:
    """Return the folder, the date format and the names of the CSV files that a model reads.

    Parameters
    ----------
    model : pathlib.Path
        The main YAML file.
    scenario : str or None
        Scenario of the model, which may name other files.
    overrides : mapping or None
        Laid over the model; may name other files too.
    root : pathlib.Path, optional
        Folder that the model's paths may not leave; its own by default. What leaves it is not
        among the names: the reader refuses it.
    """
    # Whatever is wrong with the definition is reported by the reader proper, in full.
    configuration = compose(model, scenario, overrides or None, root, Report(strict=False))
    tree = configuration.tree
    # Overrides that are not in force stay in the tree, but what they name is not read.
    references = (
        parse_reference(value) for key, value, _ in tree.leaves() if key.startswith(_MODEL_PARTS)
    )
    named = {r.table for r in references if r is not None and r.kind == "file"}
    names = frozenset(name for name in named if _may_be_read(configuration, name))
    told = tree.find("model.timeseries_data_path") or "."
    folder = Path(configuration.folder) / str(told)
    date_format = str(tree.find("model.timeseries_dateformat") or ISO_FORMAT)
    return folder, date_format, names


def _may_be_read(configuration: Configuration, name: str) -> bool:
    try:
        locate_series(configuration, name)
    except InputError:
        return False
    return True


def _read_stand_in(folder: Path, name: str) -> pd.DataFrame:
    try:
        return pd.read_csv(folder / name, index_col=0)
    except FileNotFoundError as error:
        raise InputError(
            Problem("The start COP's file does not exist", file=str(folder / name), key="start_cop")
        ) from error
