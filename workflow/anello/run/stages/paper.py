"""The step `paper`: a study's figures and tables in one folder, with a manifest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from anello.base.files import FilePath
from anello.optimise.results.collection import read_results
from anello.present.report.config import FiguresConfig
from anello.present.report.paper import PaperScenario, write_paper

logger = logging.getLogger(__name__)

_RAW = (".yaml", ".yml", ".csv")


def gather_paper(
    results: Mapping[str, FilePath],
    models: Mapping[str, FilePath],
    figures: Mapping[str, FilePath],
    *,
    comparison: FilePath,
    folder: FilePath,
    settings: FiguresConfig,
) -> None:
    """Gather the figures and tables of all scenarios.

    Parameters
    ----------
    results, models, figures : mapping of str to path-like
        Results file, folder of the model as it was read, and folder of figures of each scenario.
    comparison : path-like
        The folder with the figures that compare the scenarios.
    folder : path-like
        Where everything goes.
    settings : FiguresConfig
        Names and currency of the tables.

    Raises
    ------
    ArtefactError
        If results cannot be read.
    """
    scenarios = {
        name: PaperScenario(read_results(path), _raw_data(Path(models[name])), Path(figures[name]))
        for name, path in results.items()
    }
    logger.info("%s", write_paper(scenarios, comparison, folder, settings))


def _raw_data(folder: Path) -> dict[str, FilePath]:
    """The files of a model folder, by their names within it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _RAW
    }
