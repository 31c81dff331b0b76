"""The step `draw`: a scenario's figures."""

from __future__ import annotations

import logging
from pathlib import Path

from anello.base.files import FilePath
from anello.present.report.config import FiguresConfig
from anello.present.report.figures import draw_figures

logger = logging.getLogger(__name__)


def draw_scenario(results: FilePath, folder: FilePath, settings: FiguresConfig) -> None:
    """Draw the figures of one scenario.

    Parameters
    ----------
    results : path-like
        The scenario's results, as `collect_scenario` writes them.
    folder : path-like
        Where the figures go.
    settings : FiguresConfig
        Which figures, in which formats.

    Raises
    ------
    ArtefactError
        If the results cannot be read.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in draw_figures(results, folder, settings):
        logger.info("%s", path)
