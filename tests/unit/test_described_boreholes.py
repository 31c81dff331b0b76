"""Boreholes of a description: from a word for the soil to a field that holds the ring."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from anello.district.boreholes import SOILS, Boreholes, FieldSize, Need, field_size
from anello.district.config import DistrictConfig, Loop, load_district, parse_district
from anello.district.project import new_project
from anello.district.sizing import MARGIN, network_plant, plant_sizes
from anello.errors import AnelloError, ConfigError, InputError
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import compile_borefield, repeat
from anello.ring.borefield.g_function import g_function
from anello.run.config import read_config

HOUR = np.arange(8760)
WINTER = np.cos(2 * np.pi * HOUR / 8760)
DAY = 1.0 + 0.5 * np.cos(2 * np.pi * HOUR / 24)
NET_KW = np.where(WINTER > 0, -60.0 * WINTER, -50.0 * WINTER) * DAY
LOOP = Loop(temperature_min_degc=5.0)


@cache
def sized(**told) -> FieldSize:
    return field_size(Boreholes(**told), need())


def need(net_kw=NET_KW, heating_kw: float = 70.0, loop: Loop = LOOP, air: float = 11.0) -> Need:
    return Need(loop, net_kw, heating_kw, air)


def water_degc(settings: dict, heat_kw: np.ndarray) -> np.ndarray:
    """Return the water that gets a load from a field, hour by hour in each year, (N, T)."""
    field = compile_borefield(BorefieldConfig.model_validate(settings))
    walls = repeat(field, heat_kw, np.ones(heat_kw.size), 25).walls_degc
    per_kw = (
        1.0 / field.to_wall_kw_per_k() + (1.0 / field.effectiveness - 1.0) / field.flow_kw_per_k
    )
    return walls - per_kw * heat_kw


def test_a_single_borehole_gives_what_eskilsons_formula_lets_it():
    """Constant heat for 25 years: ΔT = q/(2πk)·g(25 a) + Q·(1/G + exchanger)."""
    found = field_size(Boreholes(soil="granite", count=1), need(np.full(8760, -50.0), 50.0))
    settings = BorefieldConfig.model_validate(found.settings)
    field = compile_borefield(settings)
    hours, g = g_function(settings)
    at_the_end = float(np.interp(np.log(25 * 8760.0), np.log(hours), g))
    ground = 11.0 + 0.025 * 76.0
    per_kw = 1000.0 * at_the_end / (2 * np.pi * 3.2 * 150.0)
    per_kw += 1.0 / field.to_wall_kw_per_k() + 0.25 / (0.4 * 4.18)
    assert found.heating_kw == pytest.approx((ground - 5.0) / per_kw, rel=0.02)
    assert found.cooling_kw == 0.0


def test_as_many_as_the_heating_needs_until_the_horizon_and_no_more():
    found = sized(soil="sand")
    assert found.heating_kw >= 70.0
    carried = np.clip(-NET_KW, -found.cooling_kw, found.heating_kw)
    degc = water_degc(found.settings, carried)
    assert 4.7 < degc.min() < 6.0  # by hours, of which four were taken together
    assert degc.max() < 20.5
    rows, columns = (found.settings["field"][key] for key in ("rows", "columns"))
    assert rows * columns == found.count
    fewer = field_size(Boreholes(soil="sand", count=rows * columns - rows), need())
    assert fewer.heating_kw < 70.0


def test_what_cooling_brings_back_is_counted():
    with_cooling = sized(soil="sand")
    without = field_size(Boreholes(soil="sand"), need(np.minimum(NET_KW, 0.0)))
    assert without.count > 1.3 * with_cooling.count
    assert without.cooling_kw == 0.0


@pytest.mark.parametrize(
    ("changes", "fewer"), [({"soil": "granite"}, True), ({"depth_m": 90.0}, False)]
)
def test_better_soil_needs_fewer_and_shorter_ones_are_more(changes, fewer):
    plain = {"soil": "sand"}
    base, other = (sized(**told) for told in (plain, plain | changes))
    assert (other.count < base.count) is fewer


@pytest.mark.parametrize(
    ("count", "rows", "columns", "share"),
    [(1, 1, 1, None), (12, 3, 4, None), (18, 3, 6, None), (41, 6, 7, 41 / 42), (7, 3, 3, 7 / 9)],
)
def test_boreholes_lie_on_a_grid_as_square_as_can_be(count, rows, columns, share):
    told = field_size(Boreholes(soil="till", count=count), need()).settings
    assert (told["field"]["rows"], told["field"]["columns"]) == (rows, columns)
    assert told.get("built_share") == (None if share is None else pytest.approx(share, abs=1e-6))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("soil", "sand"),
        ("soil_w_per_mk", 2.0),
        ("ground_degc", 9.0),
        ("count", 13),
        ("depth_m", 120.0),
        ("spacing_m", 9.0),
    ],
)
def test_every_key_makes_another_field(key, value):
    plain = {"soil": "granite", "count": 12}
    base, other = (
        field_size(Boreholes.model_validate(told), need()) for told in (plain, plain | {key: value})
    )
    assert other.settings != base.settings
    assert other.heating_kw != base.heating_kw


def test_every_soil_conducts_as_such_soil_does():
    for conductivity, capacity in SOILS.values():
        assert 0.4 <= conductivity <= 3.5
        assert 1.4 <= capacity <= 2.6
    told = field_size(Boreholes(soil="wet sand", soil_w_per_mk=2.1, count=2), need()).settings
    assert (told["soil_w_per_mk"], told["soil_kj_per_m3k"]) == (2.1, 2500.0)


def test_a_cold_ring_has_its_own_glycol_in_the_ground():
    glycol = {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.3}
    cold = Loop.model_validate({"temperature_min_degc": -2.0, "fluid": glycol})
    told = field_size(Boreholes(soil="granite"), need(loop=cold))
    assert told.settings["fluid"] == glycol
    assert told.count < sized(soil="granite").count


def test_a_field_that_cannot_be_is_told_with_ways_out():
    with pytest.raises(InputError, match=r"cannot hold a ring between 15 and 20.*loop\."):
        field_size(Boreholes(soil="clay"), need(loop=Loop(temperature_min_degc=15.0), air=5.0))
    with pytest.raises(InputError, match=r"930 boreholes of 20 m give .* kW until.*Say how many"):
        field_size(
            Boreholes(soil="dry sand", depth_m=20.0), need(60 * np.minimum(NET_KW, 0), 4000.0)
        )
    with pytest.raises(AnelloError, match=r"needs `soil`, a word .*gneiss"):
        load_district(changes={"boreholes": {"depth_m": 100.0}})


# --- in a district --------------------------------------------------------------------------------


def described(boreholes: dict, **plant: object) -> DistrictConfig:
    told = {"loop": {"temperature_min_degc": 5.0}, "wells": {"flow_kg_per_s": 0.0}}
    return load_district(changes={**told, "boreholes": boreholes, "plant": plant})


def test_the_plant_gives_what_boreholes_do_not():
    air = np.full(8760, 11.0)
    net_kw = 4.0 * NET_KW
    none = plant_sizes(load_district(changes={"wells": {"flow_kg_per_s": 0.0}}), net_kw, air)
    sized = plant_sizes(described({"soil": "granite"}), net_kw, air)
    assert sized.borefield is not None
    assert sized.backup_heater_kw == 0.0
    few = plant_sizes(described({"soil": "granite", "count": 2}), net_kw, air)
    assert 0.0 < few.backup_heater_kw < none.backup_heater_kw
    assert few.backup_heater_kw == pytest.approx(few.heating_kw - few.borefield.heating_kw, rel=0.1)
    assert few.chiller_kw == pytest.approx(few.cooling_kw - few.borefield.cooling_kw, rel=0.1)
    pump = plant_sizes(
        described({"soil": "granite", "count": 2}, central_heat_pump_kw="sized"), net_kw, air
    )
    assert pump.central_heat_pump_kw == few.backup_heater_kw


def test_a_network_gets_its_boreholes_counted():
    found = network_plant(described({"soil": "granite"}), NET_KW, 4.0, np.full(8760, 11.0))
    count = found["boreholes"]["count"]
    field = field_size(Boreholes(soil="granite"), need(heating_kw=MARGIN * float((-NET_KW).max())))
    assert count == field.count
    assert "backup_heater_kw" not in found.get("plant", {})


OWN = """
locations:
  lane:
    buildings: [{use: residential, floor_area_m2: 900, count: 2}]
loop: {temperature_min_degc: 6}
"""


def test_a_district_with_boreholes_has_no_wells_unless_it_says_so(tmp_path: Path):
    told = tmp_path / "lane.yaml"
    told.write_text(OWN + "boreholes: {soil: limestone}\n", encoding="utf-8")
    config = read_config(new_project(tmp_path / "mine", told))
    plant = config.ring.plant
    assert plant.wells.max_flow_kg_s == 0.0
    assert plant.borefield.soil_w_per_mk == 2.7
    assert plant.borefield.surface_degc == pytest.approx(13.8, abs=0.3)
    assert config.ring_costs.borefield is not None
    designed = config.scenario("designed").ring.plant
    assert "borefield" in designed.sizes
    both = "boreholes: {soil: limestone, count: 3}\nwells: {flow_kg_per_s: 0.5}\n"
    told.write_text(OWN + both, encoding="utf-8")
    plant = read_config(new_project(tmp_path / "both", told)).ring.plant
    assert plant.wells.max_flow_kg_s == 0.5
    assert plant.borefield is not None


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"boreholes": {"soil": "mud"}}, r"boreholes\.soil"),
        ({"boreholes": {"soil": "sand", "count": 0}}, r"boreholes\.count"),
        ({"boreholes": {"soil": "sand", "count": "many"}}, r"boreholes\.count"),
        ({"boreholes": {"soil": "sand", "depth_m": 0.15}}, "depth_m"),
        ({"boreholes": {"soil": "sand", "ground_degc": 284.0}}, "283 K"),
        ({"boreholes": {"soil": "sand"}, "wells": {}}, r"say `wells\.flow_kg_per_s`"),
        (
            {"boreholes": {"soil": "sand"}, "plant": {"central_heat_pump_kw": "sized"}},
            r"say `boreholes\.count`",
        ),
    ],
)
def test_what_boreholes_cannot_be_is_refused(told, match):
    building = {"use": "office", "floor_area_m2": 500.0}
    with pytest.raises(ConfigError, match=match):
        parse_district({"locations": {"a": {"buildings": [building]}}, **told})
