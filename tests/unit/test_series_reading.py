"""Time series: files, dataframes, dates, subsets and faults."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from anello.errors import InputError
from anello.model.definition import read_model
from anello.model.timeseries import (
    Reference,
    parse_dates,
    parse_reference,
    resolution_hours,
)
from small_model import HOURS, MODEL, problems, read, write_folder


def frame(values: np.ndarray | float = -1.0, freq: str = "h") -> pd.DataFrame:
    index = pd.date_range("2020-01-01", periods=HOURS, freq=freq)
    return pd.DataFrame({"a": values, "b": values}, index=index)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("file=x.csv", Reference("file", "x.csv", "loc")),
        ("file=x.csv:col", Reference("file", "x.csv", "col")),
        (" file = x.csv : col ", Reference("file", "x.csv", "col")),
        ("df=key:1", Reference("df", "key", "1")),
        ("profile=x.csv", None),
        ("inf", None),
        (3.0, None),
    ],
)
def test_references_to_files_are_parsed(text: object, reference: Reference | None):
    assert parse_reference(text, "loc") == reference


def test_a_column_is_the_location_unless_named(tmp_path: Path):
    data = read(tmp_path, "locations.b.techs.demand_el.constraints.resource: file=demand.csv:a")
    values = data.value("resource", ["a::demand_el", "b::demand_el"])
    np.testing.assert_array_equal(values, np.tile(-np.arange(1.0, HOURS + 1), (2, 1)))


def test_statics_and_series_mix(tmp_path: Path):
    data = read(tmp_path, "locations.b.techs.demand_el.constraints.resource: -2")
    values = data.value("resource", ["b::demand_el", "a::grid"])
    assert (values[0] == -2).all()
    assert np.isinf(values[1]).all()


def test_dataframes_and_tables_in_place_of_files(tmp_path: Path):
    override = "locations.b.techs.demand_el.constraints.resource: df=mine"
    data = read(tmp_path, override, timeseries_dataframes={"mine": frame(-5.0)})
    assert (data.value("resource", ["b::demand_el"]) == -5).all()
    texts = frame(-6.0)
    texts.index = texts.index.astype(str)
    data = read(tmp_path, series={"demand.csv": texts})
    assert (data.value("resource", ["a::demand_el"]) == -6).all()
    data = read(tmp_path, series={"damand.csv": texts})
    assert "Did you mean `demand.csv`" in data.warnings[0]


@pytest.mark.parametrize(
    ("subset", "first", "count"),
    [
        ("null", 0, 24),
        ("2020-01", 0, 24),
        ("'2020-01-01 05:00'", 5, 1),
        ("['2020-01-01', '2020-01-01']", 0, 24),
        ("['2020-01-01 05:00', '2020-01-01 07:00:00']", 5, 3),
    ],
)
def test_a_subset_of_time_keeps_its_hours(tmp_path: Path, subset: str, first: int, count: int):
    data = read(tmp_path, f"model.subset_time: {subset}")
    hours = pd.DatetimeIndex(data.inputs["timestep"].values)
    assert len(hours) == count
    assert hours[0] == pd.Timestamp("2020-01-01") + pd.Timedelta(hours=first)
    assert (data.inputs["timestep_resolution"] == 1).all()


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ("2020-01-02", "selects no time step"),
        ("['2020-01-01']", "or one date"),
        ("['2019-12-31', '2020-01-01']", "outside the data"),
        ("['2020-01-01', '2020-02-31']", "ISO 8601"),
        ("01.01.2020", "ISO 8601"),
    ],
)
def test_faulty_subsets_are_told(tmp_path: Path, subset: str, message: str):
    found = problems(tmp_path, f"model.subset_time: {subset}")
    assert message in found[0]
    assert "`model.subset_time`" in found[0]


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [([0, 15, 30, 45], [0.25] * 4), ([0, 60, 240], [1, 3, 3]), ([0, 1], [1 / 60] * 2)],
)
def test_steps_may_be_short_and_uneven(minutes: list[int], hours: list[float]):
    index = pd.Timestamp("2020-01-01") + pd.to_timedelta(minutes, unit="min")
    np.testing.assert_allclose(resolution_hours(pd.DatetimeIndex(index)), hours)


def test_a_single_step_needs_a_following_one():
    index = pd.DatetimeIndex(["2020-01-01"])
    assert resolution_hours(index, pd.Timestamp("2020-01-01 06:00")) == [6]
    with pytest.raises(ValueError, match="no known length"):
        resolution_hours(index)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2020-01-31 05:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2020-01-31 05:00", "%Y-%m-%d %H:%M:%S"),
        ("2020-01-31T05:00", "%Y-%m-%d %H:%M:%S"),
        ("31.01.2020 05:00", "%d.%m.%Y %H:%M"),
        ("2020013105", "%Y%m%d%H"),
    ],
)
def test_date_formats(text: str, form: str):
    assert parse_dates(pd.Index([text]), form)[0] == pd.Timestamp("2020-01-31 05:00")


def test_the_date_format_of_a_model_is_used(tmp_path: Path):
    rows = "\n".join(f"{d}/01/2020,-1,-1" for d in range(1, 10))
    read(tmp_path)
    path = tmp_path / "other"
    path.mkdir()
    (path / "demand.csv").write_text(f",a,b\n{rows}\n")
    data = read(
        tmp_path, {"model": {"timeseries_data_path": "other", "timeseries_dateformat": "%d/%m/%Y"}}
    )
    assert data.inputs["timestep"].values[-1] == np.datetime64("2020-01-09")
    assert (data.inputs["timestep_resolution"] == 24).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs a header"),
        (";a;b\n2020-01-01;-1;-1\n", "separated by `;`: write commas"),
        ("\ta\tb\n2020-01-01\t-1\t-1\n", "separated by tabs"),
        (",a\r2020-01-01,-1\r", "line ends"),
        (",a\n2020-01-01,-1,5\n", "decimals with a point"),
        (',a\n2020-01-01,"-1,5"\n2020-01-02,-1\n', "decimals with a point"),
        (",a\n01.02.2020,-1\n", "`model.timeseries_dateformat` names another"),
        (
            ",a\n2020-03-29T01:00+01:00,-1\n2020-03-29T03:00+02:00,-1\n",
            "without one, all in the site's standard time",
        ),
        (",a,b\n", "holds no rows"),
        (",b\n2020-01-01,-1\n2020-01-02,-1\n", "has no column `a`"),
        (",a,a\n2020-01-01,-1,-1\n2020-01-02,-1,-1\n", "appears 2 times"),
        (",a\n2020-01-01,-1\n2020-01-01,-1\n", "2020-01-01 00:00:00 in row 2 is given twice"),
        (",a\n2020-01-02,-1\n2020-01-01,-1\n", "goes back in time"),
        (",a\n2020-01-01,-1\n2020-13-02,-1\n", "`2020-13-02` in row 2 does not match"),
        (",a\n2020-01-01,-1\n,-1\n", "the date in row 2 is missing"),
        (",a\n2020-01-01 00:00+01:00,-1\n", "time zone"),
        (",a\n2020-01-01,-1\n2020-01-02,x\n", "not a number at 2020-01-02 00:00:00, in row 2"),
        (",a\n2020-01-01,-1\n2020-01-02,\n", "value missing at 2020-01-02 00:00:00"),
        (",a\n2020-01-01,-1\n2020-01-02,2\n", "must be zero or negative"),
        (",a\n2020-01-01,-1\n2020-01-02,-inf\n", "cannot be forced"),
        (",a\n2020-01-01,-1,7\n2020-01-02,-1\n", "row 1 has more fields"),
        (",a\n2020-01-01,-1\n", "no known length"),
        (b",a\n2020-01-01,\xe4\n", "cannot be read"),
        (b"Zeit \xb0,a\n2020-01-01,-1\n", "Save it as CSV in UTF-8"),
    ],
)
def test_faulty_files_are_told_with_column_and_time(
    tmp_path: Path, content: str | bytes, message: str
):
    read(tmp_path)
    (tmp_path / "other").mkdir()
    target = tmp_path / "other" / "demand.csv"
    target.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = problems(tmp_path, "model.timeseries_data_path: other")
    assert any(message in p for p in found), found


@pytest.mark.parametrize(
    ("dates", "where"),
    [
        (["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00"], None),
        # Local time where clocks are set forward: 2 o'clock is not there.
        (["2020-03-29 00:00", "2020-03-29 01:00", "2020-03-29 03:00", "2020-03-29 04:00"], 1),
        (["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], 2),
    ],
)
def test_missing_rows_are_told(tmp_path: Path, dates: list[str], where: int | None):
    read(tmp_path)
    (tmp_path / "other").mkdir()
    rows = "".join(f"{date},-1\n" for date in dates)
    (tmp_path / "other" / "demand.csv").write_text(f",a\n{rows}")
    told = [w for w in read(tmp_path, "model.timeseries_data_path: other").warnings if "long" in w]
    assert len(told) == (where is not None)
    if where is not None:
        assert told[0].startswith(f"demand.csv: the step at {pd.Timestamp(dates[where])} is ")


def test_files_with_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path):
    read(tmp_path)
    (tmp_path / "other").mkdir()
    text = "\ufeff,a\r\n2020-01-01,-1\r\n2020-01-02,-2\r\n"
    (tmp_path / "other" / "demand.csv").write_bytes(text.encode())
    data = read(tmp_path, "model.timeseries_data_path: other")
    assert list(data.value("resource", ["a::demand_el"])[0]) == [-1, -2]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("techs.grid.constraints.resource: file=none.csv", "does not exist"),
        ("techs.grid.constraints.resource: file=demandd.csv", "Did you mean `demand.csv`"),
        ("techs.grid.constraints.resource: file=../model.yaml:a", "needs a header"),
        ("techs.grid.constraints.resource: file=../../x.csv", "leads out of the model folder"),
        ("techs.grid.constraints.resource: file=/etc/hostname", "must be relative"),
        ("techs.grid.constraints.resource: df=x", "no dataframe `x` was passed"),
        ("techs.grid.constraints.energy_cap_max: file=demand.csv", "may not be a time series"),
        ("model.timeseries_data_path: null", "`model.timeseries_data_path` is missing"),
        ("model.timeseries_data_path: ../..", "leads out of the model folder"),
        ("locations.a.techs.demand_el.constraints.resource: -3", "no parameter is a time series"),
        (
            "links: {'a,b': {techs: {line.constraints.energy_eff: file=demand.csv}}}",
            "must name a column",
        ),
    ],
)
def test_faulty_references_are_told(tmp_path: Path, override: str, message: str):
    folder = tmp_path / "deep" / "er"
    assert any(message in p for p in problems(folder, override))


def test_all_series_share_their_steps(tmp_path: Path):
    override = "locations.b.techs.demand_el.constraints.resource: df=mine"
    for other, message in ((frame(freq="2h"), "stands where"), (frame()[:5], "5 time steps here")):
        found = problems(tmp_path, override, timeseries_dataframes={"mine": other})
        assert message in found[0]


def test_a_table_must_be_a_dataframe(tmp_path: Path):
    with pytest.raises(InputError, match="must be a pandas DataFrame, not list"):
        read(tmp_path, series={"demand.csv": [1, 2]})


def test_a_configuration_may_be_a_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_folder(tmp_path)
    config = yaml.safe_load(MODEL.replace("1e5", "100000"))
    before = copy.deepcopy(config)
    monkeypatch.chdir(tmp_path)
    assert read_model(config).inputs.identical(read_model(path).inputs)
    assert config == before
    config["model"] = {"timeseries_data": {"demand.csv": frame(-7.0)}}
    assert (read_model(config).value("resource", ["a::demand_el"]) == -7).all()
    assert read_model(tmp_path).inputs.identical(read_model(path).inputs)


def test_custom_parameters_may_vary_in_time(tmp_path: Path):
    data = read(tmp_path, "techs.grid.constraints.my_time_varying: file=demand.csv:b")
    assert data.value("my_time_varying", ["a::grid"]).shape == (1, HOURS)
    assert "custom parameter" in data.warnings[0]
    override = "techs.grid.constraints.my_limit: file=demand.csv:b\nmodel.file_allowed: [my_limit]"
    found = problems(tmp_path, override)
    assert any("unknown constraint" in p for p in found)


def test_switches_and_costs_may_be_series(tmp_path: Path):
    frames = {"on": frame(np.arange(HOURS) % 2), "price": frame(np.linspace(0, 1, HOURS))}
    override = "techs.grid: {constraints.energy_prod: df=on, costs.monetary.om_prod: df=price}"
    data = read(tmp_path, override, timeseries_dataframes=frames)
    assert set(data.value("energy_prod", ["a::grid"])[0]) == {0.0, 1.0}
    assert data.value("cost_om_prod").shape == (1, len(data.inputs["node"]), HOURS)
    frames["on"] = frame(0.5)
    assert "neither 0 nor 1" in problems(tmp_path, override, timeseries_dataframes=frames)[0]


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({}, []),
        ({5: None}, ["the step at 2020-01-01 04:00:00 is 2 h long, where most are 1 h; are rows"]),
        (
            {5: None, 9: None},
            ["the step at 2020-01-01 04:00:00 is 2 h long, where most are 1 h, and 1 more like it"],
        ),
        (
            {5: "2020-01-01 05:30:00"},
            ["04:00:00 is 1.5 h long, where most are 1 h", "05:30:00 is 0.5 h long"],
        ),
        ({0: "2020-01-01 00:30:00"}, ["00:30:00 is 0.5 h long, where most are 1 h; are rows off"]),
    ],
)
@pytest.mark.parametrize("how", ["file", "series", "dataframe"])
def test_uneven_steps_are_told(
    tmp_path: Path, moved: dict[int, str | None], told: list[str], how: str
):
    table = frame()
    stamps = [moved.get(row, str(stamp)) for row, stamp in enumerate(table.index)]
    table = table[[stamp is not None for stamp in stamps]]
    table.index = pd.DatetimeIndex([stamp for stamp in stamps if stamp is not None])
    path = write_folder(tmp_path)
    if how == "file":
        table.to_csv(tmp_path / "series" / "demand.csv")
        warnings = read_model(path).warnings
    elif how == "series":
        warnings = read_model(path, series={"demand.csv": table}).warnings
    else:
        column = {"locations.a.techs.demand_el.constraints.resource": "df=mine"}
        frames = {"mine": table}
        warnings = read_model(path, override_dict=column, timeseries_dataframes=frames).warnings
    uneven = [warning for warning in warnings if "h long" in warning]
    assert [part in one for part, one in zip(told, uneven, strict=True)] == [True] * len(told)
