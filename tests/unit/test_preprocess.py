"""From the settings of a run to model data: every source, both policies, and the start COP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from anello.errors import DataQualityError, InputError
from anello.run.preprocess import preprocess
from anello.run.preprocess.config import DataConfig, QualityConfig

MODEL = """
import: [techs.yaml]
model: {name: small, timeseries_data_path: series}
run: {mode: plan, solver: cbc, ensure_feasibility: true, bigM: 1000000.0}
overrides:
  other: {techs.heat_demand.constraints.resource: file=other.csv}
"""
TECHS = """
techs:
  grid:
    essentials: {name: Grid, parent: supply, carrier_out: electricity}
    constraints: {resource: .inf, lifetime: 10}
    costs.monetary: {om_prod: 0.3, interest_rate: 0.1}
  hp:
    essentials:
      {name: Heat pump, parent: conversion, carrier_in: electricity, carrier_out: heat}
    constraints: {energy_eff: file=cop.csv, energy_cap_equals: 50, lifetime: 10}
    costs.monetary: {om_prod: 0.01, interest_rate: 0.1}
  heat_demand:
    essentials: {name: Demand, parent: demand, carrier: heat}
    constraints: {resource: file=demand.csv}
locations:
  home: {techs: {grid: , hp: , heat_demand: }}
"""


def _series(values: list[str]) -> str:
    rows = [f"2015-01-{1 + h // 24:02d} {h % 24:02d}:00:00,{v}" for h, v in enumerate(values)]
    return "\n".join([",home", *rows]) + "\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "series").mkdir(parents=True)
    (folder / "model.yaml").write_text(MODEL)
    (folder / "techs.yaml").write_text(TECHS)
    (folder / "series" / "demand.csv").write_text(_series(["-10"] * 48))
    (folder / "series" / "other.csv").write_text(_series(["-10"] * 30 + [""] + ["-10"] * 17))
    (folder / "series" / "cop_start.csv").write_text(_series(["4.25"] * 48))
    return folder / "model.yaml"


def _data(**settings: Any) -> DataConfig:
    data: DataConfig = TypeAdapter(DataConfig).validate_python(settings)
    return data


def _own(model: Path) -> DataConfig:
    return _data(source="folder", model=model, start_cop={"cop.csv": "cop_start.csv"})


def test_a_folder_is_read_where_it_is_with_its_start_cop(model: Path, tmp_path: Path) -> None:
    done = preprocess(_own(model), QualityConfig(), tmp_path / "unused")
    assert not (tmp_path / "unused").exists()
    assert (done.model_data.inputs.energy_eff.sel(node="home::hp") == 4.25).all()
    assert set(done.report.files) == {"demand.csv", "cop_start.csv"}


def test_only_the_series_that_the_scenario_reads_are_checked(model: Path, tmp_path: Path) -> None:
    done = preprocess(_own(model), QualityConfig(), tmp_path)
    assert done.report.findings == ()
    with pytest.raises(DataQualityError, match=r"other\.csv"):
        preprocess(_own(model), QualityConfig(), tmp_path, "other")


def test_the_report_is_there_also_if_the_series_are_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DataQualityError):
        preprocess(
            _own(model),
            QualityConfig(),
            tmp_path,
            "other",
            report_json=tmp_path / "quality.json",
            report_csv=tmp_path / "quality.csv",
        )
    assert json.loads((tmp_path / "quality.json").read_text())["refused"] == 1
    assert "other.csv" in (tmp_path / "quality.csv").read_text()


def test_repaired_series_reach_the_model(model: Path, tmp_path: Path) -> None:
    done = preprocess(_own(model), QualityConfig(policy="repair"), tmp_path, "other")
    assert [f.action for f in done.report.findings] == ["repaired"]
    assert (done.model_data.inputs.resource.sel(node="home::heat_demand") == -10).all()


def test_a_repaired_start_cop_reaches_the_model(model: Path, tmp_path: Path) -> None:
    values = ["4"] * 48
    values[20] = "4000"
    (model.parent / "series" / "cop_start.csv").write_text(_series(values))
    done = preprocess(_own(model), QualityConfig(policy="repair"), tmp_path)
    assert (done.model_data.inputs.energy_eff.sel(node="home::hp") == 4).all()


def test_overrides_win(model: Path, tmp_path: Path) -> None:
    limits = {"techs.hp.constraints.energy_cap_equals": 77}
    done = preprocess(_own(model), QualityConfig(), tmp_path, overrides=limits)
    assert float(done.model_data.inputs.energy_cap_equals.sel(node="home::hp")) == 77


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    data = _data(source="folder", model=tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"none\.yaml"):
        preprocess(data, QualityConfig(), tmp_path)


def test_a_missing_start_cop_is_named(model: Path, tmp_path: Path) -> None:
    data = _data(source="folder", model=model, start_cop={"cop.csv": "nowhere.csv"})
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        preprocess(data, QualityConfig(), tmp_path)


def test_the_embedded_district_passes_its_own_check(tmp_path: Path) -> None:
    done = preprocess(_data(source="embedded"), QualityConfig(), tmp_path / "model", "smart")
    assert done.report.findings == ()
    assert done.model_data.warnings == []
    assert done.model_data.inputs.sizes["timestep"] == 8760
    cop = done.model_data.inputs.energy_eff.sel(node="buildings::hp_dhw")
    assert np.allclose(cop, 3.747)


@pytest.mark.parametrize(
    ("folder", "scenario", "stores"), [("smart", "different_storage", 5), ("baseline", "no_TES", 0)]
)
def test_the_original_models_are_read_as_they_are(
    repo_root: Path, iccep2019: Path, tmp_path: Path, folder: str, scenario: str, stores: int
) -> None:
    data = _data(
        source="iccep2019",
        model_folder=folder,
        folder=iccep2019,
        manifest=repo_root / "data" / "iccep2019" / "manifest.yaml",
    )
    with pytest.raises(DataQualityError, match="164029"):
        preprocess(data, QualityConfig(), tmp_path, scenario)
    done = preprocess(data, QualityConfig(policy="repair"), tmp_path, scenario)
    inputs = done.model_data.inputs
    assert done.report.counts() == {"gap": {"repaired": 2}, "outlier": {"repaired": 1}}
    assert int((inputs.node_base == "storage").sum()) == stores
    cop = inputs.energy_eff.sel(node=["buildings::hp_dhw", "commercial::hp_clim_cold"])
    assert np.allclose(cop, [[3.35], [7.0]])


def test_the_environment_names_the_local_copy(
    repo_root: Path, iccep2019: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANELLO_ICCEP2019", str(iccep2019))
    manifest = repo_root / "data" / "iccep2019" / "manifest.yaml"
    data = _data(source="iccep2019", manifest=manifest)
    done = preprocess(data, QualityConfig(policy="repair"), tmp_path, "different_storage")
    assert done.model_data.inputs.sizes["timestep"] == 8760
