"""The steps `retrieve` and `preprocess`: a model folder, its series checked, and the model data."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anello.base.files import FilePath, atomic_path
from anello.run.preprocess.config import DataConfig, EmbeddedData, FolderData, QualityConfig
from anello.run.preprocess.stage import preprocess, retrieve

logger = logging.getLogger(__name__)


def retrieve_model(data: DataConfig, folder: FilePath) -> None:
    """Put a model folder in place: compute it, or retrieve it and check its checksums.

    Parameters
    ----------
    data : DataConfig
        Where the model comes from; not a folder of the user's own, which is used where it is.
    folder : path-like
        The folder to make.

    Raises
    ------
    InputError
        If a file cannot be had, or is not the expected one.
    """
    logger.info("the model is %s", retrieve(data, folder))


def model_file(data: DataConfig, folder: FilePath) -> Path:
    """Return the main YAML file of a model that `retrieve_model` put into a folder."""
    if isinstance(data, FolderData):
        return data.model
    name = "model.yaml" if isinstance(data, EmbeddedData) else "model_op.yaml"
    return Path(folder) / name


def preprocess_scenario(
    *,
    data: DataConfig,
    quality: QualityConfig,
    folder: FilePath,
    model_scenario: str | None,
    overrides: Mapping[str, Any],
    model_data: FilePath,
    report_json: FilePath,
    report_csv: FilePath,
    kept_report: FilePath,
) -> None:
    """Check a model's series, repair them if told to, and write the model data.

    Parameters
    ----------
    data, quality : DataConfig, QualityConfig
        Where the model comes from, and what happens to faults in its series.
    folder : path-like
        Where `retrieve_model` put the model.
    model_scenario : str, optional
        Scenario, override, or comma list of overrides of the model.
    overrides : mapping
        Laid over the model, as an override would be.
    model_data, report_json, report_csv : path-like
        Where the model data and the report on the series go.
    kept_report : path-like
        Where a copy of the report goes that is there also if the series are refused.

    Raises
    ------
    DataQualityError
        If a fault is refused; all of them are listed.
    InputError
        If the model cannot be read.
    """
    in_place = FolderData(
        source="folder",
        model=model_file(data, folder),
        root=data.root if isinstance(data, FolderData) else None,
        strict=data.strict if isinstance(data, FolderData) else isinstance(data, EmbeddedData),
        start_cop={} if isinstance(data, EmbeddedData) else data.start_cop,
    )
    kept = Path(kept_report)
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = preprocess(
        in_place,
        quality,
        folder,
        model_scenario,
        overrides or None,
        report_json=kept,
        report_csv=Path(report_csv),
    )
    with atomic_path(report_json) as temporary:
        shutil.copyfile(kept, temporary)
    done.model_data.save(model_data)
    for warning in done.model_data.warnings:
        logger.warning("%s", warning)
