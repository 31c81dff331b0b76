"""Results: from a solution to labelled data, checks, files and tables.

:func:`extract` lays a solution out as an xarray data set with one dimension per index;
:func:`separate_dimensions` and :func:`calliope_view` give it other shapes; :func:`write_netcdf` and
:func:`read_netcdf` keep it; :func:`collect` gathers everything about one scenario into one file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.optimise.results.collected import CollectedResults
    from anello.optimise.results.collection import collect, read_results, write_results
    from anello.optimise.results.extraction import extract
    from anello.optimise.results.netcdf import read_netcdf, write_netcdf
    from anello.optimise.results.postprocess import capacity_factor, check_carrier_balance
    from anello.optimise.results.summary import summarise
    from anello.optimise.results.tidy_csv import write_tidy_csv
    from anello.optimise.results.views import (
        calliope_view,
        from_calliope_view,
        join_dimensions,
        separate_dimensions,
    )

_LAZY = {
    "CollectedResults": "anello.optimise.results.collected",
    "calliope_view": "anello.optimise.results.views",
    "capacity_factor": "anello.optimise.results.postprocess",
    "check_carrier_balance": "anello.optimise.results.postprocess",
    "collect": "anello.optimise.results.collection",
    "extract": "anello.optimise.results.extraction",
    "from_calliope_view": "anello.optimise.results.views",
    "join_dimensions": "anello.optimise.results.views",
    "read_netcdf": "anello.optimise.results.netcdf",
    "read_results": "anello.optimise.results.collection",
    "separate_dimensions": "anello.optimise.results.views",
    "summarise": "anello.optimise.results.summary",
    "write_netcdf": "anello.optimise.results.netcdf",
    "write_results": "anello.optimise.results.collection",
    "write_tidy_csv": "anello.optimise.results.tidy_csv",
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
