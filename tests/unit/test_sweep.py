"""Parameter spaces: points, their names and settings, and the table of what came out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from anello.errors import ArtefactError, ConfigError, SweepError
from anello.optimise.results.netcdf import read_netcdf
from anello.run.stages.gather import ExpectedPoint, gather_interrupted, gather_points
from anello.run.sweep.config import SweepConfig
from anello.run.sweep.points import point_labels, point_values, set_path
from anello.run.sweep.record import PointRecord
from anello.run.sweep.table import point_dataset, point_table
from shipped_config import read_with


def points_of(**sweep: Any) -> list[dict[str, Any]]:
    return point_values(TypeAdapter(SweepConfig).validate_python(sweep))


# --- spaces ---------------------------------------------------------------------------------------


def test_a_grid_has_every_combination_and_its_last_key_changes_fastest() -> None:
    points = points_of(kind="grid", parameters={"ring.a": [1, 2], "ring.b": ["x", "y"]})
    assert [tuple(point.values()) for point in points] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]


def test_a_latin_hypercube_is_even_in_every_parameter() -> None:
    count = 50
    sweep = {
        "kind": "latin_hypercube",
        "samples": count,
        "parameters": {
            "a": {"low": -1.0, "high": 1.0},
            "b": {"low": 0.01, "high": 100.0, "scale": "log"},
            "c": {"low": 1, "high": 5, "whole": True},
            "d": ["x", "y"],
        },
    }
    points = points_of(seed=3, **sweep)
    assert points == points_of(seed=3, **sweep)
    assert points != points_of(seed=4, **sweep)
    strata = {
        "a": [(point["a"] + 1.0) / 2.0 for point in points],
        "b": [math.log(point["b"] / 0.01) / math.log(1e4) for point in points],
    }
    for shares in strata.values():
        # One point in each of as many slices as there are points.
        assert sorted(int(share * count) for share in shares) == list(range(count))
    for value in range(1, 6):
        assert sum(point["c"] == value for point in points) == count / 5
    assert sum(point["d"] == "x" for point in points) == count / 2


def test_points_from_a_table_keep_their_types_and_leave_out_empty_cells(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text(
        "ring.a,ring.b,data.c,overrides.model.subset_time\n"
        "1e6,true,text,\"['2030-07-01', '2030-07-02']\"\n2,,2030-01-01,\n\n",
        encoding="utf-8",
    )
    assert points_of(kind="csv", file=file) == [
        {
            "ring.a": 1e6,
            "ring.b": True,
            "data.c": "text",
            "overrides.model.subset_time": ["2030-07-01", "2030-07-02"],
        },
        {"ring.a": 2, "data.c": "2030-01-01"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no points"),
        ("ring.a\n", "has no points"),
        ("ring.a,ring.a\n1,2\n", "twice in the header"),
        ("ring.a,\n1,2\n", "is empty or there twice"),
        ("ring.a\n1\n1,2\n", "points.csv:3: has 2 cells, and the header 1"),
        ("ring.a\n[1\n", "points.csv:2: `ring.a`: is not a value"),
    ],
)
def test_a_table_that_is_no_table_of_points_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "points.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said.replace("[", r"\[")):
        points_of(kind="csv", file=file)


def test_a_table_that_is_missing_or_binary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.csv.*No such file"):
        points_of(kind="csv", file=tmp_path / "nowhere.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        points_of(kind="csv", file=tmp_path / "bytes.csv")


# --- names ----------------------------------------------------------------------------------------


def test_labels_use_as_few_parts_of_a_key_as_tell_it_apart() -> None:
    labels = point_labels(
        [{"techs.pv.cost": 0.5, "techs.battery.cost": 1.5e6, "ring.mass_kg": 12345678.9}]
    )
    assert labels == [
        {"point": "0001", "pv_cost": "0.5", "battery_cost": "1.5e6", "mass_kg": "1.235e7"}
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.from_regex(r"[^.\s]{1,8}(\.[^.\s]{1,8}){0,3}", fullmatch=True),
            st.one_of(
                st.integers(),
                st.floats(allow_nan=False),
                st.booleans(),
                st.none(),
                st.text(),
                st.lists(st.text()),
            ),
            max_size=6,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_names_of_points_are_safe_and_unique_whatever_the_values(
    points: list[dict[str, Any]],
) -> None:
    from snakemake.utils import Paramspace

    pd = pytest.importorskip("pandas")
    space = Paramspace(pd.DataFrame(point_labels(points)), filename_params="*")
    names = list(space.instance_patterns)
    assert len(set(names)) == len(points)
    for name in names:
        assert set(name) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.~-"
        )
        assert name.startswith("point~0")
        assert len(name) < 200


# --- settings -------------------------------------------------------------------------------------


def test_setting_a_path_leaves_what_was_there() -> None:
    before = {"a": {"b": [1, {"c": 2}]}, "d": 3}
    assert set_path(before, "a.b.1.c", 4) == {"a": {"b": [1, {"c": 4}]}, "d": 3}
    assert set_path(before, "x.y", 1) == {**before, "x": {"y": 1}}
    assert before == {"a": {"b": [1, {"c": 2}]}, "d": 3}
    with pytest.raises(ConfigError, match="plain value 3"):
        set_path(before, "d.e", 1)
    with pytest.raises(ConfigError, match="ends with 1"):
        set_path(before, "a.b.2", 1)


def test_a_point_changes_its_keys_of_the_scenario_and_no_others(tmp_path: Path) -> None:
    config = read_with(
        tmp_path,
        """
scenario_definitions:
  smart: {overrides: {techs.grid.costs.monetary.om_prod: 0.3, model.name: x}}
sweep:
  kind: grid
  parameters:
    ring.water.mass_kg: [1.0e+6, 2.0e+6]
    overrides.techs.grid.costs.monetary.om_prod: [0.5]
    model_scenario: [smart_export]
""",
    )
    points = config.points()
    assert [point.scenario for point in points] == ["baseline"] * 2 + ["smart"] * 2
    at = config.at_points(points)[3]
    smart = config.scenario("smart")
    assert at.ring.water.mass_kg == 2e6
    assert at.model_scenario == "smart_export"
    assert at.overrides == {
        "techs": {"grid": {"costs": {"monetary": {"om_prod": 0.5}}}},
        "model": {"name": "x"},
    }
    assert at.ring.heat_pumps == smart.ring.heat_pumps
    assert at.coupling == smart.coupling


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ("kind: gird", ["mine.yaml:1: `sweep.kind`", "Did you mean `grid`?"]),
        ("kind: grid", ["`sweep.parameters`: is missing"]),
        ("{kind: grid, parameters: {ring.initial_degc: []}}", ["at least 1 item"]),
        (
            "{kind: grid, parameters: {ring.inital_degc: [15]}}",
            ["mine.yaml:2: `ring.inital_degc`: is not a setting", "`initial_degc`"],
        ),
        (
            "{kind: grid, parameters: {rnig.initial_degc: [15]}}",
            ["mine.yaml:2: `rnig.initial_degc`: does not start with a section", "`ring`"],
        ),
        (
            "{kind: list, points: [{ring.initial_degc: 15}, {ring.water.mass_kg: -1}]}",
            ["mine.yaml:2: `ring.water.mass_kg`", "(value: -1)"],
        ),
        (
            "{kind: grid, parameters: {overrides.tech.pv.x: [1]}}",
            ["`overrides.tech.pv.x`: `tech` is not a section of a model", "`techs`"],
        ),
        (
            "{kind: grid, parameters: {ring.initial_degc.x: [1]}}",
            ["`ring.initial_degc.x`: `x` would lie within the plain value"],
        ),
        (
            "{kind: latin_hypercube, samples: 3, seed: 1, parameters: "
            "{ring.initial_degc: {low: 2, high: 1}}}",
            ["`low` must be less than `high`"],
        ),
        (
            "{kind: latin_hypercube, samples: 3, seed: 1, parameters: "
            "{ring.initial_degc: {low: 0, high: 1, scale: log}}}",
            ["must be above 0"],
        ),
        (
            "{kind: latin_hypercube, samples: 900, seed: 1, parameters: "
            "{ring.water.mass_kg: {low: -2, high: -1}}}",
            ["`ring.water.mass_kg`: input should be greater than 0"],
        ),
    ],
)
def test_a_wrong_sweep_is_refused_with_place_key_value_and_a_way_out(
    tmp_path: Path, sweep: str, said: list[str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_with(tmp_path, f"sweep:\n  {sweep}\n")
    for part in said:
        assert part in str(refused.value)
    assert len(refused.value.problems) == 1


def test_a_fault_in_a_table_of_points_is_placed_in_that_table(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("ring.inital_degc\n15\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"points\.csv:1: `ring\.inital_degc`"):
        read_with(tmp_path, f"sweep: {{kind: csv, file: '{file}'}}\n")


def test_a_quantity_per_unit_has_no_unit_of_a_whole() -> None:
    """Costs per kWh stood in the sweep's NetCDF file as energies."""
    units = {
        "data.changes.tariffs.import_eur_per_kwh": "EUR/kWh",
        "levelised_cost.carriers.dhw.cost_per_kwh.monetary": "1/kWh",
        "ring.plant.dry_cooler.kw_per_k": "kW/K",
        "energy_mwh.production.heating.hp_heating": "MWh",
        "ring.plant.wells.max_flow_kg_s": None,
    }
    row = PointRecord("p1", "smart", dict.fromkeys(units, 0.1), "f1", {})
    found = point_dataset(point_table([row]))
    assert {name: found[name].attrs.get("units") for name in units} == units


# --- records and the table ------------------------------------------------------------------------

OUTCOMES = [
    PointRecord(
        "p1",
        "smart",
        {"ring.water.mass_kg": 1e6, "model_scenario": "a"},
        "f1",
        {"solver": "highs", "peak_kw": {"demand": 2}, "ring": {"temperature_degc": {"min": 9.5}}},
    ),
    PointRecord("p2", "smart", {"ring.water.mass_kg": 2e6}, "f2", None, "InfeasibleError: no\nway"),
]


def test_the_table_has_a_row_per_point_and_failed_ones_say_why(tmp_path: Path) -> None:
    table = point_table(OUTCOMES)
    assert list(table["status"]) == ["ok", "failed"]
    assert list(table["error"]) == ["", "InfeasibleError: no\nway"]
    assert list(table["ring.water.mass_kg"]) == [1e6, 2e6]
    assert list(table["model_scenario"]) == ["a", ""]
    assert table.loc["p1", "peak_kw.demand"] == 2.0
    assert np.isnan(table.loc["p2", "ring.temperature_degc.min"])
    units = {
        str(name): array.attrs.get("units")
        for name, array in point_dataset(table).data_vars.items()
    }
    assert units["ring.water.mass_kg"] == "kg"
    assert units["peak_kw.demand"] == "kW"
    assert units["ring.temperature_degc.min"] == "degC"
    assert units["status"] is None


def test_gathering_writes_the_same_table_twice_and_names_what_failed(tmp_path: Path) -> None:
    records = []
    for outcome in OUTCOMES:
        records.append(tmp_path / outcome.point / "point.json")
        outcome.write(records[-1])
        assert PointRecord.read(records[-1]) == outcome
    said = gather_points(records, netcdf=tmp_path / "a.nc", table=tmp_path / "a.csv")
    assert "1 of 2 points succeeded" in said
    assert "failed: p2: InfeasibleError: no way" in said
    gather_points(records, netcdf=tmp_path / "b.nc", table=tmp_path / "b.csv")
    for suffix in ("nc", "csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    stored = read_netcdf(tmp_path / "a.nc")
    assert list(stored["point"].values) == ["p1", "p2"]
    assert float(stored["ring.temperature_degc.min"][0]) == 9.5

    with pytest.raises(SweepError, match=r"no point succeeded.*InfeasibleError"):
        gather_points(records[1:], netcdf=tmp_path / "c.nc", table=tmp_path / "c.csv")
    records[0].write_text("{}")
    with pytest.raises(ArtefactError, match="is not the record of a point"):
        gather_points(records, netcdf=tmp_path / "c.nc", table=tmp_path / "c.csv")


def test_a_record_of_other_settings_never_stands_for_a_point_that_was_not_computed(
    tmp_path: Path,
) -> None:
    OUTCOMES[0].write(tmp_path / "p1.json")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "solve.log").write_text("Traceback\nanello.errors.SolveError: out of memory\n")

    def said(fingerprint: str, folder: Path) -> str:
        point = ExpectedPoint("p1", "smart", fingerprint, tmp_path / "p1.json", folder)
        return gather_interrupted([point], netcdf=tmp_path / "t.nc", table=tmp_path / "t.csv")

    assert "1 of 1 points succeeded" in said("f1", logs)
    assert "failed: p1: SolveError: out of memory" in said("other", logs)
    assert "failed: p1: not computed" in said("other", tmp_path / "none")
