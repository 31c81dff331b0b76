"""Finding faults in time series before a model is built on them.

``check_series_folder`` reads the CSV files of a model folder, looks for faults by itself, refuses
or repairs them as told, and reports each with file, column, time and value. Nothing is repaired
silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anello.model.quality.config import QualityConfig

if TYPE_CHECKING:
    from anello.model.quality.check import check_series_folder
    from anello.model.quality.file import CheckedSeries
    from anello.model.quality.report import Finding, QualityReport

__all__ = ["CheckedSeries", "Finding", "QualityConfig", "QualityReport", "check_series_folder"]


def __getattr__(name: str) -> Any:
    # pandas takes a third of a second to import; checking a configuration does not need it.
    if name in ("CheckedSeries", "check_series_folder"):
        from anello.model.quality import check

        return getattr(check, name)
    if name in ("Finding", "QualityReport"):
        from anello.model.quality import report

        return getattr(report, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
