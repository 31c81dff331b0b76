"""The step `gather`: the table of all points of a sweep, those that failed among them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

from anello.base.cells import write_table
from anello.base.files import FilePath
from anello.errors import ArtefactError, SweepError
from anello.optimise.results.netcdf import write_netcdf
from anello.run.seals import seal
from anello.run.sweep.record import PointRecord
from anello.run.sweep.table import point_dataset, point_table

logger = logging.getLogger(__name__)

_SHOWN = 10


@dataclass(frozen=True)
class ExpectedPoint:
    """A point that a run was to compute.

    Attributes
    ----------
    point, scenario : str
        Its name, and the scenario that it changes.
    values : dict
        The keys that it changes, with their values.
    fingerprint : str
        What its record bears if it is about the current settings.
    record, logs : path-like
        Where its record and its logs are.
    """

    point: str
    scenario: str
    fingerprint: str
    record: FilePath
    logs: FilePath
    values: dict[str, Any] = field(default_factory=dict)


def gather_points(records: Iterable[FilePath], *, netcdf: FilePath, table: FilePath) -> str:
    """Write the table of all points.

    Parameters
    ----------
    records : iterable of path-like
        The records, in the order of the points.
    netcdf, table : path-like
        Where the table goes, as NetCDF and as CSV.

    Returns
    -------
    str
        How many points succeeded, and which failed.

    Raises
    ------
    ArtefactError
        If a record cannot be read.
    SweepError
        If every point failed: what they share is wrong then.
    """
    outcomes = [PointRecord.read(path) for path in records]
    text = _write(outcomes, netcdf, table)
    if all(outcome.error for outcome in outcomes):
        raise SweepError(f"no point succeeded; the first: {outcomes[0].error}")
    return text


def gather_interrupted(
    points: Iterable[ExpectedPoint], *, netcdf: FilePath, table: FilePath
) -> str:
    """Write the table after a run that did not finish every point.

    Points without a record of the current settings are listed as failed. Parameters and return
    value are those of :func:`gather_points`.
    """
    text = _write([_outcome(point) for point in points], netcdf, table)
    for written in (netcdf, table):
        seal(written)
    return text


def _outcome(point: ExpectedPoint) -> PointRecord:
    try:
        found = PointRecord.read(point.record)
    except ArtefactError:
        found = None
    if found is not None and found.fingerprint == point.fingerprint:
        return found
    why = _last_error(Path(point.logs)) or f"not computed; logs, if any, are in {point.logs}"
    return PointRecord(point.point, point.scenario, point.values, point.fingerprint, None, why)


def _last_error(logs: Path) -> str | None:
    """Return the error that the newest log of a point ends with."""
    files = sorted(logs.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        return None
    _, mark, text = files[-1].read_text(encoding="utf-8").rpartition("\nanello.errors.")
    return text.strip() if mark else None


def _write(outcomes: Sequence[PointRecord], netcdf: FilePath, table: FilePath) -> str:
    frame = point_table(outcomes)
    write_netcdf(point_dataset(frame), netcdf)
    write_table(frame, table)
    failed = [outcome for outcome in outcomes if outcome.error]
    lines = [
        f"{len(outcomes) - len(failed)} of {len(outcomes)} points succeeded; see {table}",
        *(f"  failed: {o.point}: {shorten(str(o.error), 200)}" for o in failed[:_SHOWN]),
    ]
    if len(failed) > _SHOWN:
        lines.append(f"  ... and {len(failed) - _SHOWN} more")
    text = "\n".join(lines)
    logger.info("%s", text)
    return text
