"""What is read from a NetCDF file is what xarray reads."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from anello.base.netcdf import variables_of


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A file as others may save it: numbers packed, times in hours, a label beside a dimension."""
    content = xr.Dataset(
        {
            "heat": (("node", "timestep"), [[1.5, np.nan, 2.5]], {"units": "kW"}),
            "runs": ("node", [True]),
            "count": ((), 7, {"long_name": "how many since noon"}),
        },
        {
            "node": ["a::pump"],
            "timestep": pd.date_range("2015-07-01", periods=3, freq="h"),
            "tech": ("node", ["Wärme"]),
        },
        {"title": "of others"},
    )
    encoding = {
        "heat": {"dtype": "i2", "scale_factor": 0.5, "_FillValue": -1},
        "timestep": {"units": "hours since 2015-01-01"},
    }
    path = tmp_path / "packed.nc"
    content.to_netcdf(path, engine="netcdf4", encoding=encoding)
    return path


def test_a_file_of_others_is_read_as_xarray_reads_it(packed: Path) -> None:
    with netCDF4.Dataset(packed) as file:
        data, coords, attrs = variables_of(file)
    with xr.open_dataset(packed, engine="netcdf4") as opened:
        opened.load()
        xr.testing.assert_identical(xr.Dataset(data, coords, attrs), opened)
    assert list(data) == ["heat", "runs", "count"]
    assert coords["timestep"].dtype == np.dtype("datetime64[ns]")
    assert coords["tech"].dtype.kind == "U"


def test_some_variables_are_read_with_the_coordinates_of_their_dimensions(packed: Path) -> None:
    with netCDF4.Dataset(packed) as file:
        data, coords, _ = variables_of(file, only=["runs", "not there"])
    assert list(data) == ["runs"]
    assert set(coords) == {"node", "tech"}
