"""Files of results: whole, equal for equal content, and honest about damage."""

from __future__ import annotations

import dataclasses
import json
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from anello.base.files import sha256
from anello.errors import ArtefactError
from anello.optimise.results import (
    collect,
    extract,
    read_netcdf,
    read_results,
    summarise,
    write_netcdf,
    write_results,
    write_tidy_csv,
)
from anello.optimise.results.collection import convergence_dataset, write_tables
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution


@pytest.fixture(scope="module")
def district():
    return fake_district(days=3)


def test_two_writes_give_equal_bytes(tmp_path, district):
    write_results(district, tmp_path / "one.nc")
    time.sleep(1.1)  # a stored time of writing would differ
    write_results(fake_district(days=3), tmp_path / "two.nc")
    assert sha256(tmp_path / "one.nc") == sha256(tmp_path / "two.nc")


def test_writing_what_was_read_gives_equal_bytes(tmp_path, district):
    write_results(district, tmp_path / "one.nc")
    write_results(read_results(tmp_path / "one.nc"), tmp_path / "two.nc")
    assert sha256(tmp_path / "one.nc") == sha256(tmp_path / "two.nc")


def test_read_results_returns_what_was_written(tmp_path, district):
    write_results(district, tmp_path / "results.nc")
    found = read_results(tmp_path / "results.nc")
    for name in ("results", "ring", "convergence", "inputs"):
        other, expected = getattr(found, name), getattr(district, name)
        assert set(other.variables) == set(expected.variables)
        for variable in expected.variables:
            assert (other[variable].values == expected[variable].values).all() or np.array_equal(
                other[variable].values, expected[variable].values, equal_nan=True
            )
    for name in ("record", "quality", "config", "settings", "versions", "checksums", "attrs"):
        assert getattr(found, name) == getattr(district, name), name


def test_the_file_follows_the_cf_conventions_where_other_tools_look(tmp_path, district):
    write_results(district, tmp_path / "results.nc")
    raw = xr.open_datatree(tmp_path / "results.nc", decode_cf=False)
    assert raw.attrs["Conventions"].startswith("CF-1.")
    steps = raw["results"]["timestep"]
    assert steps.attrs["standard_name"] == "time"
    assert steps.attrs["units"] == "seconds since 1970-01-01"
    assert steps.attrs["calendar"] == "proleptic_gregorian"
    for name, array in raw["results"].data_vars.items():
        assert "units" in array.attrs or str(name).startswith("node_"), name
        assert "long_name" in array.attrs, name


@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "text"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, district, damage):
    path = tmp_path / "results.nc"
    write_results(district, path)
    content = path.read_bytes()
    if damage == "absent":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_text("not NetCDF")
    for reader in (read_results, read_netcdf):
        with pytest.raises(ArtefactError, match=r"results\.nc"):
            reader(path)


def test_a_file_of_something_else_is_no_file_of_results(tmp_path):
    write_netcdf(xr.Dataset({"a": ("x", [1.0])}), tmp_path / "other.nc")
    with pytest.raises(ArtefactError, match="no file of collected results"):
        read_results(tmp_path / "other.nc")


def test_flags_and_labels_come_back_as_they_were(tmp_path):
    content = xr.Dataset(
        {"ok": ("node", [True, False]), "name": ("node", np.array(["a", "ü"], dtype=object))},
        coords={"node": ["a::x", "b::y"]},
        attrs={"flag": True},
    )
    write_netcdf(content, tmp_path / "x.nc")
    found = read_netcdf(tmp_path / "x.nc")
    assert found["ok"].dtype == bool
    assert found["ok"].values.tolist() == [True, False]
    assert found["name"].values.tolist() == ["a", "ü"]
    assert found["node"].values.tolist() == ["a::x", "b::y"]


def test_tidy_tables_have_one_value_a_row_and_units_in_the_header(tmp_path):
    results = extract(FakeData(fake_inputs()), fake_solution())
    written = write_tidy_csv(results, tmp_path / "csv")
    assert {path.name for path in written} >= {"carrier_prod.csv", "storage.csv", "cost.csv"}
    table = pd.read_csv(tmp_path / "csv/carrier_prod.csv")
    assert list(table.columns) == ["loc", "tech", "carrier", "timestep", "carrier_prod_kwh"]
    assert len(table) == 5 * 6
    assert table["timestep"][0] == "2015-01-01 00:00:00"
    assert table["carrier_prod_kwh"].sum() == pytest.approx(float(results["carrier_prod"].sum()))
    again = write_tidy_csv(results, tmp_path / "again")
    assert [sha256(p) for p in written] == [sha256(p) for p in again]


def test_tables_of_ring_and_convergence_have_a_row_per_step_and_iteration(tmp_path, district):
    write_tables(district, tmp_path)
    ring = pd.read_csv(tmp_path / "ring.csv")
    assert len(ring) == 72
    assert {"temperature_degc", "q_bal_kw wells", "cop buildings::hp_dhw"} <= set(ring.columns)
    trace = pd.read_csv(tmp_path / "convergence.csv")
    assert trace["iteration"].tolist() == list(range(6))


def test_the_summary_is_plain_json_with_units_in_its_keys(district):
    summary = summarise(district)
    json.dumps(summary, allow_nan=False)
    assert summary["hours_modelled"] == 72
    assert summary["cost_simulated"] == district.record["trace"][-1]["j_sim_eur"]
    assert summary["convergence"]["iterations"] == 6
    made = summary["energy_mwh"]["production"]["dhw"]["hp_dhw"]
    expected = float(district.results["carrier_prod"].sel(node="buildings::hp_dhw").sum()) / 1000
    assert made == pytest.approx(expected)
    assert summary["ring"]["temperature_degc"]["min"] >= 10
    assert summary["data_quality"] == {"policy": "repair", "findings": 1, "by_kind": {"outlier": 1}}


def test_a_loop_is_as_cold_and_as_warm_as_the_water_at_its_substations(district):
    ring = district.ring.copy()
    mean = ring["temperature_degc"]
    ring["node_degc"] = xr.concat([mean - 3.0, mean + 5.0], "substation")
    found = summarise(dataclasses.replace(district, ring=ring))["ring"]["temperature_degc"]
    low, average, high = float(mean.min()), float(mean.mean()), float(mean.max())
    assert found == pytest.approx({"min": low - 3.0, "mean": average, "max": high + 5.0})


def test_the_cost_is_that_of_the_iteration_whose_dispatch_is_the_result(district):
    record = {**district.record, "result_iteration": 3}
    chosen = type(district)(
        results=district.results,
        inputs=district.inputs,
        convergence=district.convergence,
        record=record,
    )
    summary = summarise(chosen)
    assert summary["cost_simulated"] == record["trace"][3]["j_sim_eur"]
    assert summary["convergence"]["result_iteration"] == 3


def test_infinite_capacities_become_null_in_the_summary(district):
    results = district.results.copy(deep=True)
    results["energy_cap"].loc[{"node": "buildings::demand_dhw"}] = np.inf
    changed = type(district)(results=results, inputs=district.inputs)
    summary = summarise(changed)
    assert summary["capacity"]["energy_kw"]["buildings::demand_dhw"] is None
    assert summary["convergence"] is None


def test_a_record_with_odd_entries_becomes_a_data_set():
    found = convergence_dataset(
        {
            "converged": False,
            "trace": [
                {"iteration": 0, "max_delta_t_k": None, "accepted": True, "note": "start"},
                {"iteration": 1, "max_delta_t_k": 2.0, "accepted": False, "rho": 0.5},
            ],
        }
    )
    assert set(found.data_vars) == {"max_delta_t_k", "accepted", "rho"}
    assert found["max_delta_t_k"].attrs["units"] == "K"
    assert np.isnan(found["max_delta_t_k"][0])
    assert found.attrs["converged"] == 0


def test_collect_gathers_the_files_of_a_scenario(tmp_path, district):
    from anello.model.data import ModelData

    files = _artefacts(tmp_path, district, ModelData)
    out = tmp_path / "out"
    found = collect(
        **files,
        run="test",
        scenario="smart",
        settings={"ring": {"mode": "physical"}},
        checksums={"demand.csv": "ab" * 32},
        results_path=out / "results.nc",
        summary_path=out / "summary.json",
        tables_folder=out / "csv",
    )
    assert found.ring["temperature_by_iteration_degc"].shape == (2, 73)
    assert found.checksums["demand.csv"] == "ab" * 32
    assert found.checksums["artefact: dispatch.nc"] == sha256(files["dispatch"])
    again = read_results(out / "results.nc")
    assert again.attrs["scenario"] == "smart"
    assert again.settings == {"ring": {"mode": "physical"}}
    assert json.loads((out / "summary.json").read_text())["scenario"] == "smart"
    assert (out / "csv/carrier_prod.csv").is_file()


def test_a_dispatch_of_another_model_is_refused(tmp_path, district):
    from anello.model.data import ModelData

    files = _artefacts(tmp_path, district, ModelData)
    write_netcdf(fake_district(days=2).results, files["dispatch"])
    with pytest.raises(ArtefactError, match="not a dispatch of this model"):
        collect(**files)


def test_a_broken_record_is_refused(tmp_path, district):
    from anello.model.data import ModelData

    files = _artefacts(tmp_path, district, ModelData)
    files["record"].write_text("{")
    with pytest.raises(ArtefactError, match=r"convergence\.json is not valid JSON"):
        collect(**files)


def _artefacts(folder, district, model_data_class):
    inputs = district.inputs.assign_coords(tier=["in", "in_2", "in_3", "out", "out_2", "out_3"])
    data = model_data_class(inputs=inputs, config=district.config, warnings=[])
    data.save(folder / "model_data.nc")
    write_netcdf(district.results, folder / "dispatch.nc")
    ring = district.ring.drop_vars(["temperature_by_iteration_degc", "iteration"])
    write_netcdf(ring, folder / "ring.nc")
    write_netcdf(
        ring.assign(temperature_degc=ring["temperature_degc"] + 1), folder / "ring_before.nc"
    )
    (folder / "convergence.json").write_text(json.dumps(district.record))
    (folder / "quality.json").write_text(json.dumps(district.quality))
    return {
        "model_data": folder / "model_data.nc",
        "dispatch": folder / "dispatch.nc",
        "ring": folder / "ring.nc",
        "rings": [folder / "ring_before.nc", folder / "ring.nc"],
        "record": folder / "convergence.json",
        "quality": folder / "quality.json",
    }
