"""Each kind of fault is found, and refused or repaired as told; good data raises no alarm."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anello.district import load_district, write_district
from anello.errors import DataQualityError
from anello.model.quality import CheckedSeries, Finding, QualityConfig, check_series_folder

DAYS = 30
HOURS = pd.date_range(
    "2015-03-10", periods=24 * DAYS, freq="h", unit="ns"
)  # has both clock changes' weekday


def _demand() -> pd.DataFrame:
    hour = HOURS.hour.to_numpy()
    shape = 100 + 60 * np.cos(2 * np.pi * (hour - 8) / 24) + 5 * np.sin(np.arange(len(HOURS)))
    return pd.DataFrame({"homes": -shape, "offices": -0.5 * shape}, index=HOURS)


def _write(folder: Path, name: str, table: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    table.to_csv(path, date_format="%Y-%m-%d %H:%M:%S")
    return path


def _edited(path: Path, edit: Callable[[list[str]], list[str]]) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join(edit(lines)) + "\n")


def _cell(path: Path, row: int, column: int, text: str) -> None:
    """Overwrite one cell; row 0 follows the header, column 0 follows the time."""

    def edit(lines: list[str]) -> list[str]:
        cells = lines[row + 1].split(",")
        cells[column + 1] = text
        return [*lines[: row + 1], ",".join(cells), *lines[row + 2 :]]

    _edited(path, edit)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, "demand_heat.csv", _demand())
    return tmp_path


def _check(folder: Path, policy: str) -> CheckedSeries:
    return check_series_folder(folder, QualityConfig.model_validate({"policy": policy}))


def _only(checked: CheckedSeries) -> Finding:
    assert len(checked.report.findings) == 1, checked.report.findings
    return checked.report.findings[0]


def _both(folder: Path) -> tuple[Finding, Finding, pd.DataFrame]:
    """Return the only finding under `refuse` and under `repair`, and the repaired file."""
    refused = _check(folder, "refuse")
    assert refused.repaired == {}
    with pytest.raises(DataQualityError):
        refused.report.raise_if_refused()
    repaired = _check(folder, "repair")
    repaired.report.raise_if_refused()
    one, other = _only(refused), _only(repaired)
    assert one.action == "refused"
    assert other.action == "repaired"
    assert one.repair is None
    assert other.repair
    table = repaired.repaired["demand_heat.csv"]
    assert table.notna().all(axis=None)
    return one, other, table


def test_good_data_raises_no_alarm(folder: Path) -> None:
    checked = _check(folder, "refuse")
    assert checked.report.findings == ()
    assert checked.repaired == {}
    assert checked.report.files["demand_heat.csv"]["rows"] == len(HOURS)


@pytest.mark.parametrize("factor", [10, 100, 1000])
def test_a_lost_decimal_point(folder: Path, factor: int) -> None:
    row = 200  # eight in the morning, near the daily peak
    right = float(_demand().iloc[row, 0])
    _cell(folder / "demand_heat.csv", row, 0, repr(right * factor))
    refused, repaired, table = _both(folder)
    assert refused.kind == "outlier"
    assert (refused.file, refused.column, refused.line) == ("demand_heat.csv", "homes", row + 2)
    assert refused.time == str(HOURS[row])
    assert refused.value == repr(right * factor)
    assert repaired.repair == f"decimal point moved by {len(str(factor)) - 1}"
    assert table.iloc[row, 0] == pytest.approx(right)
    assert repaired.new_value == pytest.approx(right)


def test_a_decimal_point_too_far_left(folder: Path) -> None:
    right = float(_demand().iloc[200, 1])
    _cell(folder / "demand_heat.csv", 200, 1, repr(right / 1000))
    _, repaired, table = _both(folder)
    assert repaired.kind == "outlier"
    assert table.iloc[200, 1] == pytest.approx(right)


def test_an_absurd_value_is_filled_from_its_neighbours(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "-4321")
    _, repaired, table = _both(folder)
    assert repaired.repair == "interpolated"
    expected = _demand().iloc[[199, 201], 0].mean()
    assert table.iloc[200, 0] == pytest.approx(expected)


def test_a_dropout_to_zero(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "0")
    _, repaired, table = _both(folder)
    assert repaired.kind == "outlier"
    assert table.iloc[200, 0] == pytest.approx(_demand().iloc[200, 0], rel=0.1)


def test_a_run_of_outliers_does_not_vouch_for_itself(folder: Path) -> None:
    for row in range(200, 206):
        _cell(folder / "demand_heat.csv", row, 0, repr(1000 * float(_demand().iloc[row, 0])))
    checked = _check(folder, "repair")
    assert [f.kind for f in checked.report.findings] == ["outlier"] * 6
    table = checked.repaired["demand_heat.csv"]
    assert np.allclose(table["homes"], _demand()["homes"])


@pytest.mark.parametrize("text", ["", "nan", "NA", "null"])
def test_an_empty_cell(folder: Path, text: str) -> None:
    _cell(folder / "demand_heat.csv", 50, 0, text)
    refused, repaired, table = _both(folder)
    assert refused.kind == "gap"
    assert refused.value == text
    assert repaired.repair == "interpolated"
    assert table.iloc[50, 0] == pytest.approx(_demand().iloc[[49, 51], 0].mean())


def test_an_empty_last_hour_takes_the_same_hour_of_the_days_before(folder: Path) -> None:
    last = len(HOURS) - 1
    _cell(folder / "demand_heat.csv", last, 1, "")
    _, repaired, table = _both(folder)
    assert repaired.repair == "same hour of the nearest days"
    expected = _demand().iloc[[last - 24, last - 48], 1].mean()
    assert table.iloc[last, 1] == pytest.approx(expected)


def test_a_gap_of_hours_is_one_finding(folder: Path) -> None:
    for row in range(100, 110):
        _cell(folder / "demand_heat.csv", row, 0, "")
    _, repaired, table = _both(folder)
    assert repaired.cells == 10
    assert (repaired.time, repaired.time_end) == (str(HOURS[100]), str(HOURS[109]))
    assert np.allclose(table.iloc[100:110, 0], _demand().iloc[100:110, 0], rtol=0.1)


def test_a_gap_of_days_is_refused_even_under_repair(folder: Path) -> None:
    for row in range(100, 130):
        _cell(folder / "demand_heat.csv", row, 0, "")
    finding = _only(_check(folder, "repair"))
    assert (finding.kind, finding.action, finding.repair) == ("gap", "refused", None)


@pytest.mark.parametrize("text", ["n.a. (meter broken)", "inf", "12 kW", "#REF!"])
def test_a_cell_that_is_no_number(folder: Path, text: str) -> None:
    _cell(folder / "demand_heat.csv", 77, 0, text)
    refused, repaired, table = _both(folder)
    assert refused.kind == "not_a_number"
    assert refused.value == text
    assert repaired.repair == "filled as a gap"
    assert table.iloc[77, 0] == pytest.approx(_demand().iloc[[76, 78], 0].mean())


def test_a_decimal_comma(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 77, 0, "-123.5")
    path = folder / "demand_heat.csv"
    path.write_text(path.read_text().replace("-123.5,", '"-123,5",'))
    _, repaired, table = _both(folder)
    assert repaired.repair == "decimal comma read as a point"
    assert table.iloc[77, 0] == -123.5


def test_one_positive_demand(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 30, 0, "120")
    refused, _, table = _both(folder)
    assert refused.kind == "wrong_sign"
    assert table.iloc[30, 0] == -120


def test_a_column_of_positive_demand_is_one_finding(folder: Path) -> None:
    table = _demand()
    table["homes"] = -table["homes"]
    _write(folder, "demand_heat.csv", table)
    refused, _, mended = _both(folder)
    assert refused.cells == len(HOURS)
    assert np.allclose(mended, _demand())


def test_negative_sun_is_a_wrong_sign(tmp_path: Path) -> None:
    table = pd.DataFrame({"roof": 0.3 + 0 * HOURS.hour}, index=HOURS)
    table.iloc[5, 0] = -0.3
    _write(tmp_path, "solar_resource.csv", table)
    assert _only(_check(tmp_path, "refuse")).kind == "wrong_sign"


def test_prices_may_be_negative(tmp_path: Path) -> None:
    price = pd.DataFrame({"grid": 0.1 + 0.15 * np.cos(HOURS.hour / 4)}, index=HOURS)
    _write(tmp_path, "price.csv", price)
    assert _check(tmp_path, "refuse").report.findings == ()


def test_a_duplicate_time(folder: Path) -> None:
    _edited(folder / "demand_heat.csv", lambda lines: [*lines[:51], lines[50], *lines[51:]])
    refused, _, table = _both(folder)
    assert refused.kind == "duplicate_time"
    assert refused.line == 52
    pd.testing.assert_frame_equal(table, _demand(), check_freq=False)


def test_a_missing_hour(folder: Path) -> None:
    _edited(folder / "demand_heat.csv", lambda lines: [*lines[:50], *lines[51:]])
    refused, _, table = _both(folder)
    assert refused.kind == "missing_time"
    assert refused.time == str(HOURS[49])
    assert len(table) == len(HOURS)
    assert table.iloc[49, 0] == pytest.approx(_demand().iloc[[48, 50], 0].mean())


def test_too_many_missing_hours_are_refused_even_under_repair(folder: Path) -> None:
    _edited(folder / "demand_heat.csv", lambda lines: [*lines[:50], *lines[90:]])
    finding = _only(_check(folder, "repair"))
    assert (finding.kind, finding.action) == ("missing_time", "refused")


def test_rows_out_of_order(folder: Path) -> None:
    _edited(
        folder / "demand_heat.csv",
        lambda lines: [*lines[:50], lines[51], lines[50], *lines[52:]],
    )
    refused, _, table = _both(folder)
    assert refused.kind == "irregular_step"
    pd.testing.assert_frame_equal(table, _demand(), check_freq=False)


def test_a_time_off_the_grid(folder: Path) -> None:
    _edited(
        folder / "demand_heat.csv",
        lambda lines: [*lines[:50], lines[50].replace(":00:00", ":07:00"), *lines[51:]],
    )
    refused, _, table = _both(folder)
    assert refused.kind == "irregular_step"
    pd.testing.assert_frame_equal(table, _demand(), check_freq=False)


def _year_part(first: str) -> pd.DataFrame:
    table = _demand()
    table.index = pd.date_range(first, periods=len(table), freq="h")
    return table


def test_the_hour_that_is_missing_in_spring(tmp_path: Path) -> None:
    table = _year_part("2015-03-10")
    change = pd.Timestamp("2015-03-29 02:00")
    _write(tmp_path, "demand_heat.csv", table.drop(change))
    refused, _, mended = _both(tmp_path)
    assert refused.kind == "daylight_saving"
    assert refused.time == str(change)
    assert len(mended) == len(table)


def test_the_hour_that_comes_twice_in_autumn(tmp_path: Path) -> None:
    table = _year_part("2015-10-10")
    change = pd.Timestamp("2015-10-25 02:00")
    twice = table.loc[[change]] * 1.1
    both = pd.concat([table.loc[:change], twice, table.loc[change:].iloc[1:]])
    _write(tmp_path, "demand_heat.csv", both)
    refused, repaired, mended = _both(tmp_path)
    assert refused.kind == "daylight_saving"
    assert repaired.repair == "mean of both hours"
    assert mended.loc[change, "homes"] == pytest.approx(1.05 * table.loc[change, "homes"])
    assert len(mended) == len(table)


def test_a_file_shorter_than_the_others(tmp_path: Path) -> None:
    for name in ("demand_a.csv", "demand_b.csv"):
        _write(tmp_path, name, _demand())
    _write(tmp_path, "demand_heat.csv", _demand().iloc[:-6])
    refused, _, table = _both(tmp_path)
    assert refused.kind == "wrong_length"
    assert len(table) == len(HOURS)


def test_a_file_longer_than_the_others(tmp_path: Path) -> None:
    for name in ("demand_a.csv", "demand_b.csv"):
        _write(tmp_path, name, _demand().iloc[:-6])
    _write(tmp_path, "demand_heat.csv", _demand())
    _, _, table = _both(tmp_path)
    assert len(table) == len(HOURS) - 6


def test_another_step_than_the_others_cannot_be_repaired(tmp_path: Path) -> None:
    for name in ("demand_a.csv", "demand_b.csv"):
        _write(tmp_path, name, _demand())
    _write(tmp_path, "demand_heat.csv", _demand().iloc[::2])
    finding = _only(_check(tmp_path, "repair"))
    assert (finding.kind, finding.file, finding.action) == (
        "irregular_step",
        "demand_heat.csv",
        "refused",
    )


def test_a_column_in_watts_is_a_warning(folder: Path) -> None:
    table = _demand()
    table["homes"] *= 1000
    _write(folder, "demand_heat.csv", table)
    for policy in ("refuse", "repair"):
        checked = _check(folder, policy)
        finding = _only(checked)
        assert (finding.kind, finding.column, finding.action) == ("units", "homes", "warned")
        checked.report.raise_if_refused()


def test_a_suspected_unit_can_be_refused(folder: Path) -> None:
    table = _demand()
    table["homes"] *= 1000
    _write(folder, "demand_heat.csv", table)
    config = QualityConfig(policies={"units": "refuse"})
    with pytest.raises(DataQualityError, match="another unit"):
        check_series_folder(folder, config).report.raise_if_refused()


def test_a_cop_in_per_cent_is_a_warning(tmp_path: Path) -> None:
    _write(tmp_path, "cop_dhw.csv", pd.DataFrame({"homes": 350.0}, index=HOURS))
    assert _only(_check(tmp_path, "refuse")).kind == "units"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no columns"),
        (b",a,a\n2015-01-01,1,2\n", "named twice"),
        (b",a\nyesterday,1\ntoday,2\n", "`yesterday` in row 1"),
        (b",a\n2015-01-01 00:00+01:00,1\n2015-01-01 01:00+01:00,2\n", "time zone"),
        (b",a\n2015-01-01 00:00:00,1\n", "too few"),
        (b"\xff\xfe\x00\x01", "not text"),
        (b",a\n2015-01-01 00:00:00,1\n2015-01-01 01:00:00,1,2,3\n", "Not a table"),
    ],
)
def test_an_unreadable_file_is_refused_under_every_policy(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "demand_heat.csv").write_bytes(content)
    for policy in ("refuse", "repair", "accept"):
        finding = _only(_check(tmp_path, policy))
        assert finding.action == "refused"
        assert message in finding.message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    checked = check_series_folder(tmp_path, files=["demand_x.csv"])
    assert _only(checked).message == "The file does not exist"


def test_accepting_leaves_everything_as_it_is(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "-164029")
    checked = _check(folder, "accept")
    checked.report.raise_if_refused()
    assert _only(checked).action == "accepted"
    assert checked.repaired == {}


def test_a_policy_for_one_kind(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "-164029")
    _cell(folder / "demand_heat.csv", 300, 0, "")
    config = QualityConfig(policy="repair", policies={"outlier": "accept"})
    checked = check_series_folder(folder, config)
    actions = {f.kind: f.action for f in checked.report.findings}
    assert actions == {"outlier": "accepted", "gap": "repaired"}
    assert checked.repaired["demand_heat.csv"].iloc[200, 0] == -164029


def test_the_error_names_file_line_column_time_and_value(folder: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "-164029")
    with pytest.raises(DataQualityError) as raised:
        _check(folder, "refuse").report.raise_if_refused()
    text = str(raised.value)
    for part in ("demand_heat.csv:202", "`homes`", str(HOURS[200]), "-164029", "outlier"):
        assert part in text


def test_the_report_on_disk_says_what_was_done(folder: Path, tmp_path: Path) -> None:
    _cell(folder / "demand_heat.csv", 200, 0, "-164029")
    report = _check(folder, "repair").report
    report.save(tmp_path / "q" / "quality.json")
    report.save_csv(tmp_path / "q" / "quality.csv")
    saved = json.loads((tmp_path / "q" / "quality.json").read_text())
    assert saved["policy"] == "repair"
    assert saved["counts"] == {"outlier": {"repaired": 1}}
    assert saved["files"]["demand_heat.csv"]["columns"] == ["homes", "offices"]
    assert len(saved["files"]["demand_heat.csv"]["sha256"]) == 64
    with open(tmp_path / "q" / "quality.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows[0]["file"] == "demand_heat.csv"
    assert rows[0]["value"] == "-164029"
    assert rows[0]["repair"] == "decimal point moved by 3"


@pytest.mark.parametrize("stamps", ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y%m%d %H:%M:%S"])
def test_other_iso_forms_of_time_are_read(tmp_path: Path, stamps: str) -> None:
    _demand().to_csv(tmp_path / "demand_heat.csv", date_format=stamps)
    assert _check(tmp_path, "refuse").report.findings == ()


def test_the_date_format_of_the_model_is_followed(tmp_path: Path) -> None:
    _demand().to_csv(tmp_path / "demand_heat.csv", date_format="%d/%m/%Y %H:%M")
    checked = check_series_folder(tmp_path, date_format="%d/%m/%Y %H:%M")
    assert checked.report.findings == ()
    assert _only(check_series_folder(tmp_path)).kind == "unreadable"


def test_a_blank_last_line_is_no_fault(folder: Path) -> None:
    path = folder / "demand_heat.csv"
    path.write_text(path.read_text() + "\n")
    assert _check(folder, "refuse").report.findings == ()


def test_steps_other_than_hours(tmp_path: Path) -> None:
    index = pd.date_range("2015-01-01", periods=96 * 20, freq="15min")
    shape = 100 + 50 * np.cos(2 * np.pi * index.hour / 24)
    table = pd.DataFrame({"homes": -np.asarray(shape)}, index=index)
    table.iloc[700, 0] *= 1000
    _write(tmp_path, "demand_heat.csv", table)
    finding = _only(_check(tmp_path, "repair"))
    assert (finding.kind, finding.repair) == ("outlier", "decimal point moved by 3")


# --- whole folders ------------------------------------------------------------------------------


def test_the_embedded_district_raises_no_alarm_and_is_checked_in_a_second(tmp_path: Path) -> None:
    folder = write_district(load_district(), tmp_path / "model").series_folder
    _check(folder, "refuse")  # the first call pays for imports
    start = time.process_time()
    checked = _check(folder, "refuse")
    assert time.process_time() - start < 1.0
    assert checked.report.findings == ()


@pytest.mark.parametrize("model", ["smart", "baseline"])
def test_the_faults_of_the_original_data_are_found_and_no_others(
    iccep2019: Path, model: str
) -> None:
    checked = _check(iccep2019 / model / "timeseries_data", "repair")
    found = [(f.kind, f.file, f.column, f.time, f.value) for f in checked.report.findings]
    assert found == [
        ("outlier", "demand_co.csv", "commercial", "2015-10-23 12:00:00", "-164029"),
        ("gap", "solar_resource.csv", "buildings", "2015-12-31 23:00:00", ""),
        ("gap", "solar_resource.csv", "commercial", "2015-12-31 23:00:00", ""),
    ]
    cooling = checked.repaired["demand_co.csv"]["commercial"]
    assert cooling["2015-10-23 12:00:00"] == pytest.approx(-164.029)
    assert -3 * cooling.sum() / 1000 == pytest.approx(915.4, rel=2e-4)
    assert (checked.repaired["solar_resource.csv"].iloc[-1] == 0).all()
    assert set(checked.repaired) == {"demand_co.csv", "solar_resource.csv"}
