"""The step `point`: one point of a sweep, whose failure is a result too."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.base.files import FilePath
from anello.errors import AnelloError, ArtefactError
from anello.run.stages.scenario import Begin, run_scenario
from anello.run.sweep.record import PointRecord

if TYPE_CHECKING:
    from anello.run.scenario_config import ScenarioConfig

logger = logging.getLogger(__name__)


def run_point(
    settings: ScenarioConfig,
    record: FilePath,
    *,
    run: str,
    point: str,
    scenario: str,
    values: Mapping[str, Any],
    fingerprint: str,
    model_folder: FilePath | None = None,
    begin: Begin | None = None,
) -> PointRecord:
    """Run a point from its data to its results, and record what became of it.

    Parameters
    ----------
    settings : ScenarioConfig
        The settings at the point.
    record : path-like
        Where its record goes; everything else goes beside it.
    run, point, scenario : str
        What the run, the point and the scenario that it changes are called.
    values : mapping
        The keys that the point changes, with their values.
    fingerprint : str
        Stands for all that the results depend on.
    model_folder : path-like, optional
        Where the model is in place already.
    begin : Begin, optional
        Another point that it starts from; from scratch by default.

    Returns
    -------
    PointRecord
        Also where the point failed for a reason that lies in the point: data, infeasibility, no
        convergence. Faults of the program and of the machine are raised.
    """
    folder = Path(record).parent
    error: str | None = None
    try:
        run_scenario(
            settings,
            folder,
            run=run,
            name=point,
            model_folder=model_folder,
            fingerprint=fingerprint,
            begin=begin,
        )
    except ArtefactError:
        raise  # a damaged file says nothing about the point
    except AnelloError as failure:
        logger.exception("point %s failed", point)
        error = f"{type(failure).__name__}: {failure}"
    summary = None if error else _read_summary(folder / "summary.json")
    outcome = PointRecord(point, scenario, values, fingerprint, summary, error)
    outcome.write(record)
    return outcome


def record_point(
    summary: FilePath,
    record: FilePath,
    *,
    point: str,
    scenario: str,
    values: Mapping[str, Any],
    fingerprint: str,
) -> PointRecord:
    """Record a point whose steps were jobs of their own; parameters are as in `run_point`."""
    outcome = PointRecord(point, scenario, values, fingerprint, _read_summary(summary))
    outcome.write(record)
    return outcome


def _read_summary(path: FilePath) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ArtefactError(f"{path} is not a summary")
    return content
