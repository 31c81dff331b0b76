"""Results: from a solution to labelled data, checks, files and tables.

:func:`extract` lays a solution out as an xarray data set with one dimension per index;
:func:`separate_dimensions` and :func:`calliope_view` give it other shapes; :func:`write_netcdf` and
:func:`read_netcdf` keep it; :func:`collect` gathers everything about one scenario into one file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

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

__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "CollectedResults": "collected",
        "calliope_view": "views",
        "capacity_factor": "postprocess",
        "check_carrier_balance": "postprocess",
        "collect": "collection",
        "extract": "extraction",
        "from_calliope_view": "views",
        "join_dimensions": "views",
        "read_netcdf": "netcdf",
        "read_results": "collection",
        "separate_dimensions": "views",
        "summarise": "summary",
        "write_netcdf": "netcdf",
        "write_results": "collection",
        "write_tidy_csv": "tidy_csv",
    },
)
