"""Snakemake's job events as lines of JSON, for `anello district run` to read as they are written.

Snakemake finds the plugin by the package's name: ``snakemake --logger anello
--logger-anello-events FILE``. Annotations are evaluated here: Snakemake makes options of them.
"""

import json
from dataclasses import dataclass, field
from logging import LogRecord
from typing import Any, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

WILDCARDS = ("scenario", "iteration", "point")


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """Options of the plugin."""

    events: str = field(
        default="",
        metadata={
            "help": "File to which job events are appended, one JSON object a line.",
            "env_var": False,
            "required": True,
        },
    )


class LogHandler(LogHandlerBase):
    """Appends one line per job that starts, ends or fails."""

    settings: LogHandlerSettings
    _file: TextIO

    def __post_init__(self) -> None:
        """Open the file of events."""
        self._file = open(self.settings.events, "a", encoding="utf-8")  # noqa: SIM115

    def emit(self, record: LogRecord) -> None:
        """Write the event of a record, if it is one of a job."""
        event = event_of(record.__dict__)
        if event is not None:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """Snakemake's own log stays on the standard error output."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """Nothing that Snakemake should name as its log."""
        return False

    @property
    def has_filter(self) -> bool:
        """All records are looked at, whatever Snakemake is quiet about."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Lines are JSON."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No graph is drawn."""
        return False


def event_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a record of Snakemake's log says of a job.

    Parameters
    ----------
    record : dict
        The record's attributes.

    Returns
    -------
    dict or None
        With `event` (`start`, `end` or `error`), `job` (its number), and for a start `rule`, `log`
        and the job's wildcards; None for all other records.
    """
    kind = record.get("event")
    if kind == LogEvent.JOB_INFO:
        wildcards = dict(record.get("wildcards") or {})
        told = {name: str(wildcards[name]) for name in WILDCARDS if name in wildcards}
        logs = [str(path) for path in record.get("log") or []]
        return {
            "event": "start",
            "job": record["jobid"],
            "rule": record["rule_name"],
            "log": logs,
        } | told
    if kind == LogEvent.JOB_FINISHED:
        return {"event": "end", "job": record["job_id"]}
    if kind == LogEvent.JOB_ERROR:
        return {"event": "error", "job": record["jobid"]}
    return None
