"""The step `share`: a run's results for people without anello, as a workbook and an IAMC table."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from anello.base.files import FilePath
from anello.optimise.results.collection import read_results
from anello.present.iamc.table import write_iamc
from anello.present.report.config import FiguresConfig
from anello.present.workbook.write import write_workbook

logger = logging.getLogger(__name__)


def share_run(
    scenarios: Mapping[str, FilePath],
    *,
    workbook: FilePath,
    table: FilePath,
    settings: FiguresConfig,
) -> None:
    """Write the results of a run for others to open.

    Parameters
    ----------
    scenarios : mapping of str to path-like
        The results of each scenario, as `collect_scenario` writes them.
    workbook, table : path-like
        Where the Excel workbook and the IAMC table go.
    settings : FiguresConfig
        Names and units.

    Raises
    ------
    ArtefactError
        If results cannot be read, or Excel cannot hold them.
    """
    loaded = {name: read_results(path) for name, path in scenarios.items()}
    for path in (
        write_workbook(loaded, workbook, settings),
        write_iamc(loaded, table, settings),
    ):
        logger.info("%s", path)
