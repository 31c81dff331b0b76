"""Numbers of the settings that nobody can have meant are refused, and unusual ones told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from anello.base.number_words import as_number
from anello.base.plausible import SPANS, remarks
from anello.cli import FAILED, OK, main
from anello.district import load_district
from anello.district.buildings import Buildings
from anello.district.climate import Site
from anello.district.config import DistrictConfig, parse_district
from anello.district.config import unusual as unusual_of_district
from anello.district.costs import HeatPumpCost
from anello.district.equipment import HeatPumps, Loop, Wells
from anello.district.tariffs import Tariffs
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.capital import RingCosts
from anello.ring.config import RingConfig, WaterConfig
from anello.ring.loop_config import PipeConfig
from anello.run.config import RunConfig, read_config
from anello.run.unusual import unusual

FIELD = {"field": {"rows": 2, "columns": 3}, "soil_w_per_mk": 2.1, "surface_degc": 10}
PIPE = {"length_m": 400.0, "inner_diameter_m": 0.2}
HOMES = {"buildings": [{"use": "residential", "floor_area_m2": 2400}]}

# What has no physical size, or both of whose ends its type says.
ELSEWHERE = {
    *("low", "high", "weight", "seed", "samples", "points", "lowest", "part_load", "least"),
    *("one_of", "one_of_eur", "eur_per_year", "build_eur", "kwh_per_k_by_location", "places_m"),
    *("c0", "c1", "c2", "valid_lift_k", "slope_per_k", "min_factor", "max_factor", "share"),
    *("parcels", "count", "audit_tolerance", "days", "max_iterations", "tolerance_k"),
    *("mean_relative_tolerance", "min_repeats", "predicted_decrease", "cost_gap", "relaxation"),
    *("anderson_depth", "window_hours", "horizon_hours", "trust_region_k", "trust_region_max_k"),
    *("kept_share", "loop_waves", "outlier_ratio", "outlier_deviations", "outlier_window_days"),
    *("longest_gap_h", "units_ratio", "time_limit_s", "mip_gap", "dpi", "width_mm"),
    *("latitude_deg", "longitude_deg", "altitude_m", "utc_offset_hours", "tilt_deg"),
    *("azimuth_deg", "mass_fraction", "temperature_shift_k", "daily_persistence"),
    *("year", "diversity_hours", "dhw_degc", "heating_degc", "cooling_degc"),
    *("Tank.temperature_min_degc", "Tank.temperature_max_degc"),
}


def settings_of(root: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Return each numeric setting below a model, by class and name."""
    schema = root.model_json_schema()
    parts = {**schema["$defs"], root.__name__: schema}
    return {
        f"{kind}.{name}": field
        for kind, part in parts.items()
        for name, field in part.get("properties", {}).items()
        if '"number"' in json.dumps(field) or '"integer"' in json.dumps(field)
    }


ALL = {**settings_of(RunConfig), **settings_of(DistrictConfig)}


def test_every_number_has_a_span_or_a_reason_to_have_none():
    names = {name.rpartition(".")[2]: name for name in ALL}
    lacking = {
        name for name in ALL if not {name, name.rpartition(".")[2]} & (SPANS.keys() | ELSEWHERE)
    }
    assert not lacking
    assert not [key for key in {*SPANS, *ELSEWHERE} if key not in ALL and key not in names]


@pytest.mark.parametrize("name", SPANS)
def test_usual_is_possible(name: str):
    span = SPANS[name]
    assert span.possible[0] <= span.usual[0] < span.usual[1] <= span.possible[1]
    assert all(span.fault(end) is None and span.remark(end) is None for end in span.usual)


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        (WaterConfig, {"mass_kg": 1.0}, "1 m³ of water has 1000 kg"),
        (PipeConfig, {**PIPE, "inner_diameter_m": 0.001}, "DN100 has 0.1"),
        (PipeConfig, {**PIPE, "inner_diameter_m": 10.0}, "DN100 has 0.1"),
        (PipeConfig, {**PIPE, "length_m": 1.2e6}, "1.2 km are 1200"),
        (BorefieldConfig, {**FIELD, "depth_m": 1, "flow_kg_s": 5}, "lengths are in m"),
        (BorefieldConfig, {**FIELD, "depth_m": 1e5, "flow_kg_s": 5}, "lengths are in m"),
        (HeatPumps, {"heating_kw": 1e9}, "powers are in kW"),
        (Loop, {"initial_temperature_degc": 283}, "10 °C are 283 K"),
        (Wells, {"temperature_degc": 288.0}, "10 °C are 283 K"),
        (RingConfig, {"heat_pumps": {}, "bounds_degc": [283.0, 293.0]}, "10 °C are 283 K"),
        (HeatPumpCost, {"lifetime_years": 2000.0}, "lifetimes are in years"),
        (HeatPumpCost, {"lifetime_years": 0.0}, "greater than 0"),
        (RingCosts, {"interest_rate": -0.02}, "greater than or equal to 0"),
        (Tariffs, {"import_eur_per_kwh": 300.0}, "300 €/MWh are 0.3"),
        (Tariffs, {"import_eur_per_kwh": -0.3}, "greater than or equal to 0"),
        (Site, {"latitude_deg": 91.0}, "less than or equal to 66"),
        (Buildings, {"use": "office", "floor_area_m2": 1e8}, "1 ha are 10000"),
    ],
)
def test_what_cannot_be_meant_is_refused(kind: type[BaseModel], content: Any, told: str):
    with pytest.raises(ValidationError, match=re.escape(told)):
        kind.model_validate(content)


def loop(flow: float, **pipe: float) -> dict[str, Any]:
    stations = [{"name": "a", "plant": True}, {"name": "b"}]
    pipes = [{**PIPE, **pipe}] * 2
    water = {"kind": "fixed", "kg_s": flow}
    one = {"substations": stations, "segments": pipes, "flow": water}
    return {"heat_pumps": {}, "model": "loop", "loop": one}


def test_water_that_runs_too_fast_is_refused_and_fast_water_told():
    with pytest.raises(ValidationError, match=r"loop\.flow\.kg_s: water would run at 20"):
        RingConfig.model_validate(loop(628.0))
    fast = list(remarks(RingConfig.model_validate(loop(-157.0))))
    assert [(one.keys, "5 m/s" in one.text) for one in fast] == [(("loop", "flow", "kg_s"), True)]
    assert not list(remarks(RingConfig.model_validate(loop(60.0))))


def test_kilometres_in_place_of_metres_are_told():
    told = list(remarks(RingConfig.model_validate(loop(10.0, length_m=1.2))))
    assert [one.keys for one in told] == [("loop", "segments")]
    assert "all together are 2.4 m long" in told[0].text


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"tariffs": {"import_eur_per_kwh": 0}}, "tariffs.import_eur_per_kwh"),
        ({"costs": {"interest_rate": 0.5}}, "costs.interest_rate"),
        ({"costs": {"heat_pump": {"lifetime_years": 1}}}, "costs.heat_pump.lifetime_years"),
        ({"wells": {"temperature_degc": 50}}, "wells.temperature_degc"),
        ({"plant": {"chiller_kw": 200_000}}, "plant.chiller_kw"),
        ({"loop": {"water_mass_kg": 50}}, "loop.water_mass_kg"),
        ({"weather": {"source": "synthetic", "mean_temperature_degc": 37}}, "weather.mean_temp"),
    ],
)
def test_what_is_unusual_is_told_and_taken(changes: dict[str, Any], key: str):
    district = parse_district({"locations": {"quay": HOMES}, **changes})
    found = unusual_of_district(district, "quay.yaml")
    assert [str(one).startswith(f"quay.yaml: `{key}") for one in found] == [True]


def test_what_is_shipped_is_usual():
    assert not unusual_of_district(load_district())
    shipped = sorted(Path("config").glob("*.yaml"))
    base = Path("config/config.yaml")
    for file in shipped:
        alone = file.name in ("config.yaml", "iccep2019.yaml")
        files = [file] if alone else [base, file]
        assert not unusual(read_config(*files), files), file


def test_unusual_settings_are_placed(tmp_path: Path):
    odd = tmp_path / "odd.yaml"
    odd.write_text(
        "ring:\n  water:\n    mass_kg: 50.0\n"
        "scenario_definitions:\n  smart:\n    ring:\n      initial_degc: 45.0\n"
        "      bounds_degc: [10.0, 50.0]\n",
        encoding="utf-8",
    )
    files = ["config/config.yaml", odd]
    told = [str(one) for one in unusual(read_config(*files), files)]
    places = {"`ring.water.mass_kg`": 3, "`ring.initial_degc`": 7, "`ring.bounds_degc`": 8}
    assert len(told) == len(places)
    for key, line in places.items():
        assert any(f"odd.yaml:{line}: {key}" in one for one in told), (key, told)


def test_check_tells_all_of_a_description_and_of_settings(tmp_path: Path, capsys: Any):
    wrong = tmp_path / "district.yaml"
    wrong.write_text(
        "locations:\n  quay:\n    buildings: [{use: residential, floor_area_m2: '1,5'}]\n"
        "loop: {initial_temperature_degc: 283}\nwells: {effectiveness: 95}\n"
        "plant: {chiller_kw: 3e5}\nwels: {}\n",
        encoding="utf-8",
    )
    assert main(["check", str(wrong)]) == FAILED
    err = capsys.readouterr().err
    for words in (
        "Write decimals with a point: `1.5`",
        "10 °C are 283 K",
        "Write 95 % as 0.95",
        "write `300000.0`",
        "Did you mean `wells`",
    ):
        assert words in err
    odd = tmp_path / "odd.yaml"
    odd.write_text("locations: {quay: {buildings: [{use: office, floor_area_m2: 900}]}}\n"
                   "tariffs: {import_eur_per_kwh: 0}\n", encoding="utf-8")  # fmt: skip
    assert main(["check", str(odd)]) == OK
    said = capsys.readouterr()
    assert "the description: no problems" in said.out
    assert "`tariffs.import_eur_per_kwh`: 0 is unusual" in said.err
    assert main(["check", "config/config.yaml"]) == OK
    assert "the settings: no problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("9,5", "`9.5`"),
        ("1 200", "`1200`"),
        ("1'200", "`1200`"),
        ("1,200,000", "`1200000`"),
        ("1,200", "`1.200` or `1200`"),
        ("35 °C", "in the key's unit: `35`"),
        ("2400 m2", "unit: `2400`"),
        ("9° 11' 24\"", "`9.1900`"),
        ("12kW", "unit: `12`"),
        ("95%", "Write 0.95."),
        ("3e5", "`300000.0`"),
        ("12", "without quotes: `12`"),
    ],
)
def test_numbers_written_otherwise_are_shown_as_they_are_written(text: str, written: str):
    assert written in str(as_number(text))


@pytest.mark.parametrize("value", ["warm", "", "1.2.3", None, True, [3]])
def test_what_is_no_number_is_not_read_as_one(value: object):
    assert as_number(value) is None


def test_what_a_scenario_hides_of_a_later_file_is_told(tmp_path: Path):
    base, overlay = tmp_path / "base.yaml", tmp_path / "overlay.yaml"
    shipped = Path("config/config.yaml").read_text(encoding="utf-8")
    base.write_text(shipped, encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "scenario_definitions:\n  smart:\n    ring:\n      initial_degc: 14.0\n", encoding="utf-8"
    )
    overlay.write_text("ring:\n  initial_degc: 16.0\n", encoding="utf-8")
    files = [base, mine, overlay]
    (told,) = (str(one) for one in unusual(read_config(*files), files))
    assert f"{overlay}:2: `ring.initial_degc`: has no effect in `smart`" in told
    assert f"({mine}:4)" in told
    assert "Change `scenario_definitions.smart.ring.initial_degc` too" in told
    overlay.write_text("ring:\n  initial_degc: 14.0\n", encoding="utf-8")
    assert not unusual(read_config(*files), files)
    # Snakemake names files twice; the first is not laid over the second.
    assert not unusual(read_config(base, mine), [base, mine, base, mine])
