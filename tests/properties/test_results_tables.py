"""Files become tables and tables files, and nothing is lost on the way."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anello.errors import ArtefactError
from anello.optimise.results.netcdf import read_groups, write_netcdf
from anello.optimise.results.tables import netcdf_to_tables, tables_to_netcdf

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8
)
ATTRS = st.dictionaries(
    st.sampled_from(["units", "long_name", "value", "list"]),
    st.one_of(
        TEXT.filter(bool),
        st.floats(width=64),
        st.integers(-(2**31), 2**31),
        st.lists(st.floats(-9, 9), min_size=2, max_size=3),
    ),
    max_size=3,
)


@st.composite
def data_sets(draw):
    locs = draw(st.lists(TEXT.filter(bool), min_size=1, max_size=3, unique=True))
    steps = draw(st.integers(1, 4))
    times = pd.date_range("2030-01-01", periods=steps, freq=draw(st.sampled_from(["h", "15min"])))
    shape = (len(locs), steps)
    variables = {
        "kw": (("loc", "timestep"), draw(arrays("f8", shape))),
        "count": (("loc",), draw(arrays("i8", len(locs)))),
        "on": (("timestep",), draw(arrays("?", steps))),
        "said": (("loc",), np.array(draw(st.lists(TEXT, min_size=len(locs), max_size=len(locs))))),
        "spare": (("place",), draw(arrays("f8", 2))),
        "one": ((), draw(st.floats())),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(variables)), unique=True))
    return xr.Dataset(
        {name: (*variables[name], draw(ATTRS)) for name in chosen},
        coords={"loc": locs, "timestep": times, "node_loc": ("loc", np.array(locs))},
        attrs=draw(ATTRS),
    )


@settings(max_examples=15, deadline=None)
@given(data_sets(), data_sets())
def test_files_survive_being_tables(tmp_path_factory, results, inputs):
    folder = tmp_path_factory.mktemp("tables")
    root = xr.Dataset(attrs={"title": "made up"})
    write_netcdf({"/": root, "results": results, "inputs": inputs}, folder / "first.nc")
    netcdf_to_tables(folder / "first.nc", folder / "tables")
    tables_to_netcdf(folder / "tables", folder / "again.nc")
    first, again = read_groups(folder / "first.nc"), read_groups(folder / "again.nc")
    assert list(first) == list(again)
    for name in first:
        xr.testing.assert_identical(first[name], again[name])


@pytest.fixture
def tables(tmp_path):
    found = xr.Dataset(
        {"kw": (("loc", "timestep"), [[1.0, np.nan], [3.0, np.inf]]), "n": ("loc", [1, 2])},
        coords={"loc": ["a", "b"], "timestep": pd.date_range("2030-01-01", periods=2, freq="h")},
    )
    write_netcdf({"/": xr.Dataset(), "results": found}, tmp_path / "first.nc")
    return netcdf_to_tables(tmp_path / "first.nc", tmp_path / "tables")


def test_tables_are_made_to_be_read(tables):
    text = (tables / "results" / "kw.csv").read_text().splitlines()
    assert text == [
        "loc,timestep,kw",
        "a,2030-01-01T00:00:00,1.0",
        "b,2030-01-01T00:00:00,3.0",
        "b,2030-01-01T01:00:00,inf",
    ]


def test_changed_values_are_read(tables, tmp_path):
    table = tables / "results" / "kw.csv"
    table.write_text(table.read_text().replace("3.0", "4.5"))
    tables_to_netcdf(tables, tmp_path / "again.nc")
    assert read_groups(tmp_path / "again.nc")["results"]["kw"].values[1, 0] == 4.5


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("kw", "b,2030-01-01T01", "b,2031-01-01T01", "timestep"),
        ("kw", "loc,", "lok,", "no column `loc`"),
        ("kw", "3.0", "three", "three"),
        ("n", "b,2\n", "", "1 rows in place of 2"),
        ("loc", "b\n", "", "1 rows in place of 2"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables, tmp_path, name, old, new, words):
    table = tables / "results" / f"{name}.csv"
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(ArtefactError, match=words) as told:
        tables_to_netcdf(tables, tmp_path / "again.nc")
    assert f"{name}.csv" in str(told.value)
    assert not (tmp_path / "again.nc").exists()


def test_folders_of_something_else_are_refused(tables, tmp_path):
    (tables / "results" / "n.csv").unlink()
    with pytest.raises(ArtefactError, match=r"n\.csv is missing"):
        tables_to_netcdf(tables, tmp_path / "again.nc")
    description = tables / "description.json"
    description.write_text(json.dumps({"format": "another"}))
    with pytest.raises(ArtefactError, match="does not describe"):
        tables_to_netcdf(tables, tmp_path / "again.nc")
    description.unlink()
    with pytest.raises(ArtefactError, match="convert-results"):
        tables_to_netcdf(tables, tmp_path / "again.nc")


@pytest.mark.parametrize("number", [np.nan, np.inf, -0.0, 1e-320])
def test_a_single_number_survives_even_if_it_is_none(tmp_path, number):
    found = xr.Dataset({"one": ((), number)}, coords={"place": [1.0, number]})
    write_netcdf({"/": found}, tmp_path / "first.nc")
    netcdf_to_tables(tmp_path / "first.nc", tmp_path / "tables")
    tables_to_netcdf(tmp_path / "tables", tmp_path / "again.nc")
    xr.testing.assert_identical(
        read_groups(tmp_path / "first.nc")["/"], read_groups(tmp_path / "again.nc")["/"]
    )
