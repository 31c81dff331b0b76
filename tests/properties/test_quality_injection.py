"""A fault put into the embedded district at any place is found there, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from anello.district import load_district, synthesise
from anello.model.quality import QualityConfig, check_series_folder
from anello.model.quality.outliers import find_outliers

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def series() -> list[NDArray[np.float64]]:
    district = synthesise(load_district())
    return [-kw for place in district.locations.values() for kw in place.demand_kw.values()]


@QUICK
@given(
    which=st.integers(0, 5),
    at=st.integers(0, 8759),
    factor=st.sampled_from([100.0, 1000.0, 1.0e4, 1.0e6]),
)
def test_a_lost_decimal_point_is_found_wherever_it_is(
    series: list[NDArray[np.float64]], which: int, at: int, factor: float
) -> None:
    values = series[which].copy()
    known = np.flatnonzero(-values > 0.2 * np.percentile(-values[values < 0], 95))
    position = int(known[at % len(known)])
    right = values[position]
    values[position] = right * factor
    found = find_outliers(values, 24, QualityConfig())
    assert [outlier.position for outlier in found] == [position]
    repaired = abs(found[0].repaired)
    assert repaired <= 3 * np.abs(series[which]).max()


@QUICK
@given(which=st.integers(0, 5), at=st.integers(0, 8759), jump=st.floats(20, 1e6))
def test_a_spike_of_any_size_above_twenty_peaks_is_found(
    series: list[NDArray[np.float64]], which: int, at: int, jump: float
) -> None:
    values = series[which].copy()
    values[at] = -jump * np.abs(values).max()
    assert [o.position for o in find_outliers(values, 24, QualityConfig())] == [at]


@QUICK
@given(
    row=st.integers(1, 24 * 30 - 2),
    column=st.integers(0, 1),
    fault=st.sampled_from(["gap", "text", "sign", "twice", "missing"]),
)
def test_any_fault_is_found_where_it_is(
    tmp_path_factory: pytest.TempPathFactory,
    series: list[NDArray[np.float64]],
    row: int,
    column: int,
    fault: str,
) -> None:
    index = pd.date_range("2015-01-01", periods=24 * 30, freq="h")
    hot_water = series[0][: len(index)]
    table = pd.DataFrame({"a": hot_water - 1, "b": hot_water - 2}, index=index)
    lines = table.to_csv(date_format="%Y-%m-%d %H:%M:%S").splitlines()
    cells = lines[row + 1].split(",")
    if fault == "gap":
        cells[column + 1] = ""
    elif fault == "text":
        cells[column + 1] = "?"
    elif fault == "sign":
        cells[column + 1] = cells[column + 1].removeprefix("-")
    lines[row + 1] = ",".join(cells)
    if fault == "twice":
        lines.insert(row + 1, lines[row + 1])
    elif fault == "missing":
        del lines[row + 1]
    folder: Path = tmp_path_factory.mktemp("series")
    (folder / "demand_dhw.csv").write_text("\n".join(lines) + "\n")
    checked = check_series_folder(folder, QualityConfig(policy="repair"))
    kind = {
        "gap": "gap",
        "text": "not_a_number",
        "sign": "wrong_sign",
        "twice": "duplicate_time",
        "missing": "missing_time",
    }[fault]
    assert [(f.kind, f.time) for f in checked.report.findings] == [(kind, str(index[row]))]
    mended = checked.repaired["demand_dhw.csv"]
    assert mended.index.equals(index)
    assert (mended < 0).all(axis=None)
    assert np.abs(mended - table).max(axis=None) < 500


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    shift=st.sampled_from([0.0, -8.0, 8.0]),
    day=st.sampled_from(["01-20", "07-10"]),
)
def test_other_years_hardly_raise_an_alarm(seed: int, shift: float, day: str) -> None:
    # One hour in a hundred thousand of good data may be doubted; two in one series may not.
    spells = [{"start": day, "days": 12, "temperature_shift_k": shift}]
    district = synthesise(load_district(None, {"seed": seed, "weather": {"spells": spells}}))
    for name, place in district.locations.items():
        assert place.photovoltaics_kw is not None
        for service, kw in {**place.demand_kw, "sun": place.photovoltaics_kw}.items():
            assert len(find_outliers(kw.copy(), 24, QualityConfig())) <= 1, (name, service)
