"""Finding faults in time series before a model is built on them.

``check_series_folder`` reads the CSV files of a model folder, looks for faults by itself, refuses
or repairs them as told, and reports each with file, column, time and value. Nothing is repaired
silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use
from anello.model.quality.config import QualityConfig

if TYPE_CHECKING:
    from anello.model.quality.check import check_series_folder
    from anello.model.quality.file import CheckedSeries
    from anello.model.quality.report import Finding, QualityReport

__all__ = ["CheckedSeries", "Finding", "QualityConfig", "QualityReport", "check_series_folder"]

# pandas takes a third of a second to import; checking a configuration does not need it.
__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "CheckedSeries": "check",
        "Finding": "report",
        "QualityReport": "report",
        "check_series_folder": "check",
    },
)
