"""Districts without a ring: COP by hand, sizes that serve, costs that are what was described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from anello.district import load_district, parse_district, write_district
from anello.district.alternatives import MACHINES, WAYS, air_cop, air_machine_kw
from anello.district.config import DistrictConfig
from anello.district.cop import air_cooled_cop, air_source_cop
from anello.district.costs import RING_PARTS, Costs, catalogue, cost_table, told_costs
from anello.district.model_folder import DistrictFolder
from anello.district.project import ring_costs
from anello.district.technologies import technologies
from anello.errors import ConfigError
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.run.config import read_config


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> DistrictFolder:
    return write_district(load_district(), tmp_path_factory.mktemp("alternatives") / "model")


@pytest.mark.parametrize(
    ("air_degc", "supply_degc", "by_hand"),
    [
        (7.0, 35.0, 6.81 - 0.121 * 28 + 0.00063 * 784),  # 3.916
        (-5.0, 45.0, 6.81 - 0.121 * 50 + 0.00063 * 2500),  # 2.335
        (30.0, 35.0, 6.81 - 0.121 * 15 + 0.00063 * 225),  # held at 15 K
        (-30.0, 45.0, 6.81 - 0.121 * 60 + 0.00063 * 3600),  # held at 60 K
    ],
)
def test_an_air_source_heat_pump_follows_its_fit(
    air_degc: float, supply_degc: float, by_hand: float
) -> None:
    assert float(air_source_cop(air_degc, supply_degc)) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(
    ("air_degc", "by_hand"),
    [(35.0, 0.31 * 280.15 / 28), (27.0, 0.31 * 280.15 / 20), (10.0, 0.31 * 280.15 / 15)],
)
def test_a_chiller_reaches_a_share_of_carnot(air_degc: float, by_hand: float) -> None:
    assert float(air_cooled_cop(air_degc, 7.0)) == pytest.approx(by_hand, abs=1e-12)


def test_no_machine_beats_carnot() -> None:
    air = np.linspace(-40.0, 45.0, 500)
    for supply in (25.0, 35.0, 45.0, 60.0, 80.0):
        lift = supply - air
        warm = lift > 0
        assert (air_source_cop(air, supply)[warm] <= (supply + 273.15) / lift[warm]).all()
        assert (air_source_cop(air, supply) > 1.0).all()
    for chilled in (4.0, 7.0, 15.0):
        lift = air - chilled
        hot = lift > 0
        assert (air_cooled_cop(air, chilled)[hot] <= (chilled + 273.15) / lift[hot]).all()


def test_the_series_are_the_fit_in_the_air_of_each_hour(district: DistrictFolder) -> None:
    config, air = load_district(), district.series.weather.temperature_degc
    data = read_model(district.model, "air_source")
    for service, tech in MACHINES["air_source"].items():
        told = data.value("energy_eff", [f"buildings::{tech}"])[0]
        assert told == pytest.approx(air_cop(config, service, air), abs=1e-4)
        assert told.std() > 0.1


def test_sizes_serve_the_peak_in_the_worst_hour(district: DistrictFolder) -> None:
    config, air = load_district(), district.series.weather.temperature_degc
    for place in district.series.locations.values():
        for service, demand in place.demand_kw.items():
            if service == "electricity":
                continue
            size = air_machine_kw(config, service, demand, air)
            assert size >= 1.15 * demand.max()
            # what the compressor takes at its rating drives the peak at the coldest or hottest air
            rated = air_cop(config, service, 35.0 if service == "cooling" else 7.0)
            worst = air_cop(config, service, air.max() if service == "cooling" else air.min())
            assert size / rated * worst >= 1.15 * demand.max() * (1 - 1e-12)
            assert (demand / air_cop(config, service, air) <= size / rated).all()


@pytest.mark.parametrize("way", WAYS)
def test_a_district_without_a_ring_has_no_part_of_one(district: DistrictFolder, way: Any) -> None:
    data = read_model(district.model, way)
    techs = set(data.inputs["node_tech"].values)
    assert not {tech for tech in techs if tech.startswith(("hp_", "tes_"))}
    assert set(MACHINES[way].values()) <= techs
    assert "pv_rooftop" in techs
    assert ("gas_supply" in techs) == (way == "gas")
    with_ring = read_model(district.model, "baseline")
    for service in ("dhw", "heating", "cooling"):
        node = f"buildings::demand_{service}"
        assert (demand_of(data, node) == demand_of(with_ring, node)).all()
        size = data.value("energy_cap_equals", [f"buildings::{MACHINES[way][service]}"])
        assert size >= 1.15 * -demand_of(data, node).min()


def demand_of(data: ModelData, node: str) -> np.ndarray:
    return np.asarray(data.value("resource", [node]), dtype=float).reshape(-1)


def test_a_building_without_a_service_gets_no_machine_for_it(tmp_path: Path) -> None:
    config = parse_district(
        {"locations": {"shop": {"buildings": [{"use": "office", "floor_area_m2": 400}]}}}
    )
    folder = write_district(config, tmp_path / "model")
    techs = set(read_model(folder.model, "gas").inputs["node_tech"].values)
    assert "boiler_heating" in techs
    assert "boiler_dhw" not in techs


def test_every_cost_has_a_year_and_a_source() -> None:
    for name, entry in catalogue().items():
        assert entry["source"], name
        assert 2000 <= entry["year"] <= 2030, name


def test_the_table_and_the_description_have_the_same_keys() -> None:
    for name, entry in catalogue().items():
        keys = set(entry) - {"year", "source"}
        if name == "interest_rate":
            continue
        assert set(Costs.model_fields[name].annotation.model_fields) == keys, name


KEYS = [
    (name, key)
    for name, entry in catalogue().items()
    for key in entry
    if key not in ("year", "source")
]


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_every_cost_that_is_described_is_used(name: str, key: str) -> None:
    before = made(parse_district(SMALL))
    value = 0.5 * catalogue()[name][key]
    described: Any = value if name == "interest_rate" else {key: value}
    config = parse_district({**SMALL, "costs": {name: described}})
    assert made(config) != before
    assert cost_table(config.costs)[name][key] == value
    assert (
        f"{key}: description of the district"
        in (yaml.safe_load(told_costs(config.costs))[name]["source"])
    )


SMALL = {"locations": {"shop": {"buildings": [{"use": "office", "floor_area_m2": 400}]}}}


def made(config: DistrictConfig) -> str:
    return yaml.safe_dump([technologies(config), ring_costs(config)])


def test_a_wrong_cost_is_named() -> None:
    with pytest.raises(ConfigError, match="capital_eur_per_kw"):
        parse_district({**SMALL, "costs": {"heat_pump": {"capital_eur_kw": 1}}})


def test_the_demo_has_the_costs_and_definitions_of_a_new_project(repo_root: Path) -> None:
    file = repo_root / "config" / "config.yaml"
    told = read_settings(file)
    wanted = ring_costs(load_district())
    assert {name: told["ring_costs"][name] for name in RING_PARTS} == {
        name: wanted[name] for name in RING_PARTS
    }
    config = read_config(file)
    assert not set(WAYS) & set(config.scenarios)
    for way, text in WAYS.items():
        scenario = config.scenario(way)
        assert scenario.description == text
        assert scenario.model_scenario == way
        assert not scenario.coupling.coupled


def test_the_page_says_what_can_be_run(repo_root: Path, tmp_path: Path) -> None:
    text = (repo_root / "docs" / "how-to" / "compare-alternatives.md").read_text(encoding="utf-8")
    overlay, definition, costs = re.findall(r"```yaml.*?\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "compare.yaml"
    file.write_text(overlay, encoding="utf-8")
    config = read_config(repo_root / "config" / "config.yaml", file)
    assert config.scenarios == ["baseline", "smart", *WAYS]
    assert yaml.safe_load(definition)["scenario_definitions"]["air_source"] == {
        key: value
        for key, value in config.scenario_definitions["air_source"].model_dump().items()
        if value
    }
    described = parse_district({**SMALL, **yaml.safe_load(costs)})
    assert cost_table(described.costs)["gas"]["price_eur_per_kwh"] == 0.09
