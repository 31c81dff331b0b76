"""Time series from CSV files and dataframes."""

from anello.model.timeseries.reader import Reference, SeriesReader, parse_reference
from anello.model.timeseries.steps import parse_dates, resolution_hours, subset_slice

__all__ = [
    "Reference",
    "SeriesReader",
    "parse_dates",
    "parse_reference",
    "resolution_hours",
    "subset_slice",
]
