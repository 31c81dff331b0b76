"""Whatever a CSV file holds, the check ends in a report, and what it lets pass is fit for use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anello.model.quality import QualityConfig, check_series_folder

HOURS = pd.date_range("2015-03-20", periods=24 * 12, freq="h", unit="ns")
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = ["0", "-0", "nan", "inf", "-1e308", "1e-300", "-164029", "-5", "5", "2015"]
TEXTS = ["", "12,5", '"12,5"', "x", "1,2,3", '"', "é", "2015-03-29 02:00:00", "2015-02-31"]
CELLS = st.sampled_from([*NUMBERS, *TEXTS])
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["cell", "time", "delete", "double", "swap", "cut", "blank"]),
        st.integers(0, len(HOURS)),
        CELLS,
    ),
    min_size=1,
    max_size=6,
)


def _lines() -> list[str]:
    demand = -20 - 10 * np.cos(2 * np.pi * (HOURS.hour.to_numpy() - 8) / 24)
    table = pd.DataFrame({"a": demand, "b": demand / 2}, index=HOURS)
    return table.to_csv(date_format="%Y-%m-%d %H:%M:%S").splitlines()


def _edited(edits: list[tuple[str, int, str]]) -> str:
    lines = _lines()
    for what, at, cell in edits:
        row = min(at, len(lines) - 1)
        cells = lines[row].split(",")
        if what == "cell":
            lines[row] = ",".join([*cells[:-1], cell])
        elif what == "time":
            lines[row] = ",".join([cell, *cells[1:]])
        elif what == "delete" and len(lines) > 1:
            del lines[row]
        elif what == "double":
            lines.insert(row, lines[row])
        elif what == "swap":
            lines[row], lines[-1] = lines[-1], lines[row]
        elif what == "cut":
            lines = lines[: row + 1]
        elif what == "blank":
            lines.insert(row, "")
    return "\n".join(lines) + "\n"


@QUICK
@given(edits=EDITS, policy=st.sampled_from(["refuse", "repair", "accept"]))
def test_every_file_ends_in_a_report(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, int, str]], policy: str
) -> None:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    (folder / "demand_a.csv").write_text(_edited(edits), encoding="utf-8")
    (folder / "demand_b.csv").write_text("\n".join(_lines()) + "\n")
    checked = check_series_folder(folder, QualityConfig.model_validate({"policy": policy}))
    checked.report.save(folder / "quality.json")
    checked.report.save_csv(folder / "quality.csv")
    if policy != "repair":
        assert checked.repaired == {}
    if policy == "repair" and not checked.report.refused:
        for name, table in checked.repaired.items():
            assert table.index.is_unique, name
            assert table.index.is_monotonic_increasing, name
            assert np.isfinite(table.to_numpy()).all(), name
            assert (table <= 0).all(axis=None), name


@QUICK
@given(edits=EDITS)
def test_repaired_series_pass_the_check(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, int, str]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("again")
    (folder / "demand_a.csv").write_text(_edited(edits), encoding="utf-8")
    checked = check_series_folder(folder, QualityConfig(policy="repair"))
    if checked.report.refused or not checked.repaired:
        return
    checked.repaired["demand_a.csv"].to_csv(
        folder / "demand_a.csv", date_format="%Y-%m-%d %H:%M:%S"
    )
    again = check_series_folder(folder, QualityConfig(policy="refuse"))
    assert [f for f in again.report.refused if f.kind != "outlier"] == []
