"""The step `study`: the table and the figure of a study, from the records of its cases."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from anello.base.cells import write_table
from anello.base.files import FilePath
from anello.errors import SweepError
from anello.present.report.config import FiguresConfig
from anello.present.report.studies import draw_front, draw_tornado, front_said, tornado_said
from anello.run.studies.cases import Case
from anello.run.studies.tables import pareto_table, sensitivity_table
from anello.run.sweep.record import PointRecord

logger = logging.getLogger(__name__)


def finish_study(
    told: Sequence[Mapping[str, Any]],
    records: Iterable[FilePath],
    *,
    table: FilePath,
    figures: FilePath,
    settings: FiguresConfig,
    tolerance: float,
) -> str:
    """Write the table of a study, and its figure: a tornado, or a front.

    Parameters
    ----------
    told : sequence of mapping
        Its cases, as `Case.told` gives them.
    records : iterable of path-like
        Their records, in the same order.
    table, figures : path-like
        Where the CSV table and the folder of the figure go.
    settings : FiguresConfig
        Formats, currency, cost class, units.
    tolerance : float
        How well the search knows a cost, as a share of it [-].

    Returns
    -------
    str
        The outcome in sentences.

    Raises
    ------
    ArtefactError
        If a record cannot be read.
    SweepError
        If the first case failed, or all others did.
    """
    cases = [Case.from_told(content) for content in told]
    read = _read(records)
    folder = Path(figures)
    folder.mkdir(parents=True, exist_ok=True)
    capped = [case.cap.cost_class for case in cases if case.cap is not None]
    if capped:
        frame = pareto_table(
            cases,
            read,
            cost_class=capped[0],
            money=settings.cost_class,
            units=(settings.currency, settings.unit_of(capped[0])),
            tolerance=tolerance,
        )
        draw_front(frame, folder, settings)
        said = front_said(frame)
    else:
        frame = sensitivity_table(cases, read, settings.cost_class, settings.currency, tolerance)
        draw_tornado(frame, folder, settings)
        said = tornado_said(frame)
    write_table(frame, table)
    text = " ".join(said)
    logger.info("%s", text)
    return text


def _read(records: Iterable[FilePath]) -> list[PointRecord]:
    read = [PointRecord.read(path) for path in records]
    if read[0].error is not None:
        raise SweepError(f"{read[0].point}, which all is compared with, failed: {read[0].error}")
    if len(read) > 1 and all(one.error is not None for one in read[1:]):
        raise SweepError(f"nothing but {read[0].point} succeeded; the first: {read[1].error}")
    return read
