"""A district's run: settings and model that belong together, and scenarios that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from anello.coupling.iteration import rows_of
from anello.district import load_district, new_project, parse_district
from anello.district.__main__ import main
from anello.district.sizing import water_kg
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.run.config import read_config

OWN = """
name: Two houses and a shop
locations:
  lane:
    buildings:
      - {use: residential, floor_area_m2: 180, count: 2}
    tanks: {heating: {volume_m3: 2, temperature_min_degc: 25, temperature_max_degc: 35}}
  square:
    buildings: [{use: office, floor_area_m2: 300}]
    tanks: {heating: {volume_m3: 5, temperature_min_degc: TMIN, temperature_max_degc: 35}}
loop: {water_mass_kg: 20000}
"""


def test_a_new_project_without_a_description_is_the_embedded_district(tmp_path: Path) -> None:
    settings = new_project(tmp_path / "mine")
    config = read_config(settings)
    assert config.scenarios == ["baseline", "smart", "battery", "air_source", "gas"]
    assert load_district(tmp_path / "mine" / "district.yaml").locations == load_district().locations
    default = read_config("config/config.yaml") if Path("config/config.yaml").exists() else None
    if default is not None:
        assert default.ring.heat_pumps == config.ring.heat_pumps
        assert default.ring.plant.wells == config.ring.plant.wells


def test_the_ring_belongs_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("TMIN", "25"))
    config = read_config(new_project(tmp_path / "mine", tmp_path / "own.yaml"))
    assert config.run == "two-houses-and-a-shop"
    assert config.ring.water.mass_kg == 20000
    pump = config.scenario("smart").ring.heat_pumps["hp_heating"].use_temperature
    capacities = {"lane": pump.kwh_per_k, **pump.kwh_per_k_by_location}
    assert capacities["square"] == pytest.approx(2.5 * capacities["lane"], rel=5e-3)
    data = read_model(tmp_path / "mine" / "model", "smart")
    for place, capacity in capacities.items():
        stored = float(data.inputs.storage_cap_equals.sel(node=f"{place}::tes_heating"))
        assert stored == pytest.approx(10 * capacity, rel=0.01)
    assert set(config.ring.heat_pumps) <= set(data.inputs.node_tech.values)


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("Two houses and a shop", "two-houses-and-a-shop"),
        ("Köln Süd & Straße", "koln-sud-strasse"),
        ("Cité d'Été (2)", "cite-d-ete-2"),
        ("東京", "district"),
    ],
)
def test_any_name_of_a_district_gives_a_run(tmp_path: Path, name: str, run: str) -> None:
    text = OWN.replace("Two houses and a shop", f'"{name}"').replace("TMIN", "25")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    assert read_config(new_project(tmp_path / "mine", tmp_path / "own.yaml")).run == run


def test_the_settings_show_that_the_plant_has_a_meter_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("TMIN", "25"), encoding="utf-8")
    text = new_project(tmp_path / "mine", tmp_path / "own.yaml").read_text(encoding="utf-8")
    assert "\n    electricity_location: null\n" in text
    assert "# `ring.plant.electricity_location` to put them on its meter" in text


def test_water_left_open_follows_the_loads(tmp_path: Path) -> None:
    text = OWN.replace("TMIN", "25").replace("loop: {water_mass_kg: 20000}", "")
    masses = {}
    for count in (2, 20):
        more = text.replace("count: 2", f"count: {count}")
        (tmp_path / "own.yaml").write_text(more)
        ring = read_config(new_project(tmp_path / f"of_{count}", tmp_path / "own.yaml")).ring
        masses[count] = ring.water.mass_kg
    # Homes and an office of 660 m2: some tons, and not the 3,000 t of the embedded district.
    assert 3e3 < masses[2] < 5e4
    assert 3 * masses[2] < masses[20] < 10 * masses[2]
    loop = load_district(changes={"loop": {"water_mass_kg": None}}).loop
    net_kw = np.array([-40.0, 116.1, 3.0])
    assert water_kg(loop, net_kw) == pytest.approx(3600.0 * 116.1 / 4.18, rel=0.1)
    assert water_kg(loop, np.zeros(3)) > 0.0
    assert water_kg(load_district().loop, net_kw) == 3e6


def test_a_location_with_a_name_of_no_file_is_told_how_to_write_it(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("lane:", "Müller Straße:"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_district(tmp_path / "own.yaml")
    text = str(caught.value)
    assert "`locations.Müller Straße`" in text
    assert "letters from a to z" in text
    assert "figures.names" in text
    assert "pattern" not in text


def test_tanks_of_one_service_share_their_temperatures(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("TMIN", "30"))
    with pytest.raises(InputError, match="different temperatures"):
        new_project(tmp_path / "mine", tmp_path / "own.yaml")


def test_only_the_heat_pumps_with_a_tank_follow_its_temperature(tmp_path: Path) -> None:
    text = OWN.replace("TMIN", "25")
    without = text[: text.index("    tanks: {heating: {volume_m3: 5")] + text[text.index("loop:") :]
    (tmp_path / "own.yaml").write_text(without)
    settings = new_project(tmp_path / "mine", tmp_path / "own.yaml")
    ring = read_config(settings).scenario("smart").ring
    assert ring.heat_pump("lane::hp_heating").use_temperature.store == "tes_heating"
    assert ring.heat_pump("square::hp_heating").use_temperature.kind == "fixed"
    days = {"model.subset_time": ["2015-01-10", "2015-01-11"]}
    data = read_model(tmp_path / "mine" / "model", "smart", override_dict=days)
    coupling = read_config(settings).coupling
    assert formulate(data, rows_of(ring, coupling, data)) is not None
    everywhere = ring.heat_pumps["hp_heating"].model_copy(
        update={"use_temperature": ring.heat_pump("lane::hp_heating").use_temperature}
    )
    wrong = ring.model_copy(update={"heat_pumps": {**ring.heat_pumps, "hp_heating": everywhere}})
    with pytest.raises(InputError, match="has no store `square::tes_heating`"):
        formulate(data, rows_of(wrong, coupling, data))


def test_settings_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine: true\n")
    with pytest.raises(InputError, match="settings already"):
        new_project(tmp_path)
    assert (tmp_path / "config.yaml").read_text() == "mine: true\n"


def test_the_scenarios_that_matter_can_all_be_read(repo_root: Path) -> None:
    folder = repo_root / "config"
    config = read_config(folder / "config.yaml", folder / "scenarios.yaml")
    assert len(config.scenarios) == 8
    for name in config.scenarios:
        scenario = config.scenario(name)
        spells = {"heat_wave": 1, "cold_spell": 1}.get(name, 0)
        district = load_district(None, scenario.data.changes)
        assert len(district.weather.spells) == spells
        stores = scenario.ring.heat_pumps["hp_heating"].use_temperature.kind
        assert stores == ("fixed" if name == "baseline" else "store")


def test_the_descriptions_in_the_documentation_are_valid(repo_root: Path) -> None:
    text = (repo_root / "docs" / "how-to" / "describe-your-district.md").read_text()
    blocks = [yaml.safe_load(b) for b in re.findall(r"```yaml.*?\n(.*?)```", text, re.DOTALL)]
    whole, run, uses, sources, boreholes, from_air, prices, targets, scenarios = blocks
    parse_district(whole)
    parse_district({**whole, **sources, **prices})
    parse_district({**whole, **from_air})
    parse_district({**whole, **boreholes})
    parse_district(uses)
    assert run["data"]["source"] == "embedded"
    buildings = whole["locations"]["quay"]["buildings"]
    parse_district(
        {"locations": {"quay": {**targets["locations"]["quay"], "buildings": buildings}}}
    )
    for definition in scenarios["scenario_definitions"].values():
        load_district(None, definition.get("data", {}).get("changes"))


def test_the_command_line_says_how_to_run_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "mine")]) == 0
    assert capsys.readouterr().out.strip().endswith(f"--configfile {tmp_path}/mine/config.yaml")
    assert main([str(tmp_path / "mine")]) == 1
    assert "settings already" in capsys.readouterr().err


def test_described_sources_reach_the_ring_with_their_sun(tmp_path: Path) -> None:
    sources = """
sources:
  racks: {kind: stream, ways: heating, temperature_degc: 28, max_flow_kg_s: 2, available_kw: 15}
  roof: {kind: solar, area_m2: 40, irradiance_kw_per_m2: ghi_kw_per_m2}
"""
    told = tmp_path / "lane.yaml"
    told.write_text(OWN.replace("TMIN", "25") + sources, encoding="utf-8")
    config = read_config(new_project(tmp_path / "mine", told))
    assert set(config.ring.plant.sources) == {"racks", "roof"}
    data = read_model(tmp_path / "mine" / "model", scenario="baseline")
    sun = data.inputs["ring_series_ghi_kw_per_m2"].values
    assert 0.7 < sun.max() < 1.2
    assert sun.min() == 0.0
    # a model without collectors brings no sun along
    told.write_text(OWN.replace("TMIN", "25"), encoding="utf-8")
    new_project(tmp_path / "other", told)
    plain = read_model(tmp_path / "other" / "model", scenario="baseline")
    assert "ring_series_ghi_kw_per_m2" not in plain.inputs


def test_a_described_series_that_no_folder_has_is_refused() -> None:
    text = OWN.replace("TMIN", "25") + (
        "sources: {river: {kind: stream, temperature_degc: river_degc, max_flow_kg_s: 5}}\n"
    )
    with pytest.raises(ConfigError, match="`river_degc`, which a described district does not have"):
        parse_district(yaml.safe_load(text))
