"""Results: from a solution to labelled data, checks, files and tables.

:func:`extract` lays a solution out as an xarray data set with one dimension per index;
:func:`separate_dimensions` and :func:`calliope_view` give it other shapes; :func:`write_netcdf` and
:func:`read_netcdf` keep it; :func:`collect` gathers everything about one scenario into one file.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

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
    "write_tidy_csv": "anello.results.tidy_csv",
}

__all__ = sorted(_LAZY)


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
