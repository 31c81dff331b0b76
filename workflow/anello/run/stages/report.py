"""The step `report`: a run's scenarios side by side, as a page, a table and a figure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from anello.base.files import FilePath
from anello.optimise.results.collection import read_results
from anello.present.report.comparison import (
    summaries_of,
    write_scenario_table,
)
from anello.present.report.comparison_figure import draw_comparison
from anello.present.report.config import FiguresConfig
from anello.present.report.html import write_report
from anello.present.report.studies import FRONT, TORNADO, read_study

logger = logging.getLogger(__name__)


def report_run(
    scenarios: Mapping[str, FilePath],
    *,
    page: FilePath,
    table: FilePath,
    figures: FilePath,
    settings: FiguresConfig,
    sensitivity: FilePath | None = None,
    pareto: FilePath | None = None,
) -> None:
    """Set the scenarios of a run side by side.

    Parameters
    ----------
    scenarios : mapping of str to path-like
        The results of each scenario, as `collect_scenario` writes them.
    page, table, figures : path-like
        Where the HTML page, the CSV table and the folder of figures go.
    settings : FiguresConfig
        Names, colours, formats.
    sensitivity, pareto : path-like, optional
        Tables of studies, each of which becomes a section of the page.

    Raises
    ------
    ArtefactError
        If results cannot be read.
    """
    loaded = {name: read_results(path) for name, path in scenarios.items()}
    told = {TORNADO: sensitivity, FRONT: pareto}
    studies = {kind: read_study(path) for kind, path in told.items() if path is not None}
    summaries = summaries_of(loaded)
    Path(figures).mkdir(parents=True, exist_ok=True)
    for path in (
        write_report(loaded, page, settings, summaries=summaries, studies=studies),
        write_scenario_table(loaded, table, settings, summaries),
        *draw_comparison(loaded, figures, settings, summaries),
    ):
        logger.info("%s", path)
