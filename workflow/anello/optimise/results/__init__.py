"""Results: from a solution to labelled data, checks, files and tables.

:func:`extract` lays a solution out as an xarray data set with one dimension per index;
:func:`separate_dimensions` and :func:`calliope_view` give it other shapes; :func:`write_netcdf` and
:func:`read_netcdf` keep it; :func:`collect` gathers everything about one scenario into one file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.results.collection import CollectedResults, collect, read_results, write_results
    from anello.results.extraction import extract
    from anello.results.netcdf import read_netcdf, write_netcdf
    from anello.results.postprocess import capacity_factor, check_carrier_balance
    from anello.results.summary import summarise
    from anello.results.tidy_csv import write_tidy_csv
    from anello.results.views import (
        calliope_view,
        from_calliope_view,
        join_dimensions,
        separate_dimensions,
    )

_LAZY = {
    "CollectedResults": "anello.results.collection",
    "calliope_view": "anello.results.views",
    "capacity_factor": "anello.results.postprocess",
    "check_carrier_balance": "anello.results.postprocess",
    "collect": "anello.results.collection",
    "extract": "anello.results.extraction",
    "from_calliope_view": "anello.results.views",
    "join_dimensions": "anello.results.views",
    "read_netcdf": "anello.results.netcdf",
    "read_results": "anello.results.collection",
    "separate_dimensions": "anello.results.views",
    "summarise": "anello.results.summary",
    "write_netcdf": "anello.results.netcdf",
    "write_results": "anello.results.collection",
    "write_tidy_csv": "anello.results.tidy_csv",
}

__all__ = [
    "CollectedResults",
    "calliope_view",
    "capacity_factor",
    "check_carrier_balance",
    "collect",
    "extract",
    "from_calliope_view",
    "join_dimensions",
    "read_netcdf",
    "read_results",
    "separate_dimensions",
    "summarise",
    "write_netcdf",
    "write_results",
    "write_tidy_csv",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
