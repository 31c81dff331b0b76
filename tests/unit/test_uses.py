"""What buildings are used for: sources, demands in published ranges, diversity, emitters."""

from __future__ import annotations

import re
from typing import Any, get_args

import numpy as np
import pytest

from anello.district import load_district, start_cop, synthesise, thermal, write_district
from anello.district.buildings import Buildings
from anello.district.config import parse_district
from anello.district.emitters import EMITTERS
from anello.district.profiles import calendar, electricity_kw, hot_water_kw, presence
from anello.district.project import run_settings
from anello.district.thermal import setpoints
from anello.district.uses import Use, building_uses, use_aliases, use_sources
from anello.district.weather import HOURS, weather_year
from anello.errors import ConfigError

CLASSES = ("nzeb", "good", "average", "poor")
SERVICES = {
    "heating": "heating",
    "cooling": "cooling",
    "dhw": "hot_water",
    "electricity": "electricity",
}
NAMES = [name for name in get_args(Use) if name not in use_aliases()]
MILAN = load_district()


def district(locations: dict[str, Any], **keys: Any):
    """The embedded district's climate with other buildings."""
    site = {**MILAN.site.model_dump(mode="json"), "summer_break": ["08-08", "08-23"]}
    return parse_district({"site": site, "locations": locations, **keys})


def demands(buildings: list[dict[str, Any]], **keys: Any) -> dict[str, np.ndarray]:
    """The demands of one location [kW]."""
    return dict(
        synthesise(district({"quay": {"buildings": buildings}}, **keys)).locations["quay"].demand_kw
    )


def test_the_data_hold_just_the_uses_that_a_description_knows():
    assert set(building_uses()) == set(get_args(Use))


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_a_source(name):
    known = [*use_sources(), "assumption", "EN 16798-1", "IEA HPT Annex 44"]
    content = building_uses()[name].model_dump(exclude_none=True)
    for block, told in content.items():
        if block == "title":
            continue
        assert any(re.search(rf"\b{word}\b", told["source"]) for word in known), (name, block)


@pytest.mark.parametrize("name", NAMES)
def test_a_year_needs_what_publications_say(name):
    """In Milan, in every class of insulation, with a building of the typical size."""
    use = building_uses()[name]
    area = use.floor.typical_m2
    places = {
        one: {"buildings": [{"use": name, "floor_area_m2": area, "insulation": one}]}
        for one in CLASSES
    }
    found = synthesise(district(places)).locations
    for service, key in SERVICES.items():
        low, high = getattr(use.annual_kwh_per_m2, key)
        for one in CLASSES:
            kw = found[one].demand_kw.get(service, np.zeros(1))
            assert low <= kw.sum() / area <= high, (name, one, service)
    heat = [found[one].demand_kw.get("heating", np.zeros(1)).sum() for one in CLASSES]
    assert heat == sorted(heat)  # better insulation never needs more heat


# The formulas of flats and offices before uses were data, to which they hold bit for bit.
HOME_WORKDAY = (
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.7, 0.5, 0.4, 0.4, 0.4,
    0.5, 0.5, 0.4, 0.4, 0.5, 0.6, 0.8, 0.9, 0.9, 1.0, 1.0, 1.0,
)  # fmt: skip
HOME_WEEKEND = (
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 0.7, 0.7, 0.7,
    0.8, 0.7, 0.6, 0.6, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 1.0, 1.0,
)  # fmt: skip
WORK = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 0.65, 0.95, 1.0, 1.0,
    0.75, 0.8, 1.0, 1.0, 0.95, 0.75, 0.35, 0.1, 0.0, 0.0, 0.0, 0.0,
)  # fmt: skip
WATER_WORKDAY = (
    0.8, 0.4, 0.3, 0.3, 0.6, 2.2, 6.2, 8.2, 6.6, 4.8, 4.0, 4.0,
    4.6, 4.4, 3.4, 3.0, 3.0, 4.0, 6.2, 8.6, 8.4, 6.4, 4.6, 2.4,
)  # fmt: skip


def _year():
    config = district({"quay": {"buildings": [{"use": "office", "floor_area_m2": 100}]}})
    weather = weather_year(config)
    return weather, calendar(weather.index, config.site)


def test_homes_and_offices_are_what_they_were():
    weather, days = _year()
    away = np.where(days.summer_break, 0.5, 1.0)
    home = np.where(
        days.free, np.asarray(HOME_WEEKEND)[days.hour], np.asarray(HOME_WORKDAY)[days.hour]
    )
    home = home * away
    work = np.where(days.free, 0.0, np.asarray(WORK)[days.hour]) * away
    np.testing.assert_array_equal(presence("residential", days), home)
    np.testing.assert_array_equal(presence("office", days), work)

    sun = weather.ghi_w_m2
    awake = np.asarray([0.25] * 6 + [0.7] * 11 + [1.0] * 5 + [0.6] * 2)[days.hour]
    equipment = 2.0 * (0.3 + 0.7 * home * awake)
    light = 1.5 * home * awake * (1 - np.clip(sun / 150.0, 0, 1))
    np.testing.assert_array_equal(
        electricity_kw("residential", 700.0, sun, days), 700.0 * (equipment + light) / 1000.0
    )
    equipment = 7.0 * (0.12 + (1 - 0.12) * work)
    light = 5.0 * work * (1 - 0.6 * np.clip(sun / 250.0, 0, 1))
    np.testing.assert_array_equal(
        electricity_kw("office", 700.0, sun, days), 700.0 * (equipment + light) / 1000.0
    )
    water = hot_water_kw("residential", 10.0, days, weather.temperature_degc)
    by_hour = water[~days.free & (days.day_of_year == 14)]
    np.testing.assert_allclose(
        by_hour / by_hour.sum(), np.asarray(WATER_WORKDAY) / sum(WATER_WORKDAY), rtol=0.02
    )


def test_comfort_of_homes_and_offices_is_what_it_was():
    _, days = _year()
    always = np.full(HOURS, True)
    config = district(
        {
            "quay": {
                "buildings": [
                    {"use": "residential", "floor_area_m2": 100},
                    {"use": "office", "floor_area_m2": 100},
                ]
            }
        }
    )
    home, office = config.locations["quay"].buildings
    night = (days.hour >= 23) | (days.hour < 5)
    found = setpoints(home, days, always, always)
    np.testing.assert_array_equal(found.heating_degc, np.where(night, 19.0, 20.0))
    np.testing.assert_array_equal(found.cooling_degc, np.where(night, 27.0, 26.0))
    ready = np.clip((days.hour - 4) / 3.0, 0.0, 1.0)
    ready = np.where(~days.free & (days.hour < 19), ready, 0.0)
    found = setpoints(office, days, always, ~always)
    np.testing.assert_array_equal(found.heating_degc, 18.0 + 2.0 * ready)
    np.testing.assert_array_equal(found.cooling_degc, 29.0 - 3.0 * ready)


# Sum and peak of a year in Milan before uses were data: 7 blocks of flats of 1,500 m2, and 3
# offices of 3,000 m2, insulation good, no diversity [kWh, kW].
BEFORE = {
    "residential": {
        "heating": (313391.5839613278, 255.74129486753444),
        "cooling": (167428.6155774003, 207.85632959236605),
        "dhw": (215379.3599583331, 57.71573695361417),
        "electricity": (157016.29507812756, 36.75),
    },
    "office": {
        "heating": (179115.7026033022, 283.47332596721526),
        "cooling": (255203.0392248631, 344.8707069768447),
        "dhw": (455373.5039119043, 122.02755813049855),
        "electricity": (255591.7666238231, 106.9261424169157),
    },
}


@pytest.mark.parametrize(("use", "count", "area"), [("residential", 7, 1500), ("office", 3, 3000)])
def test_a_year_of_homes_and_offices_is_what_it_was(use, count, area):
    group = {"use": use, "count": count, "floor_area_m2": area, "insulation": "good"}
    for service, kw in demands([{**group, "hot_water": True}], diversity_hours=0).items():
        assert (kw.sum(), kw.max()) == pytest.approx(BEFORE[use][service], rel=1e-9)


def test_residential_is_another_name_of_an_apartment_house():
    one = demands([{"use": "residential", "floor_area_m2": 900}])
    other = demands([{"use": "apartment_house", "floor_area_m2": 900}])
    for service, kw in one.items():
        np.testing.assert_array_equal(kw, other[service])


def test_a_school_is_empty_in_its_holidays_and_a_shop_on_sundays():
    _, days = _year()
    assert presence("school", days)[days.month == 7].max() == 0.0
    assert presence("school", days)[days.month == 6].max() > 0.5
    shop = presence("retail", days)
    assert shop[(days.weekday == 6) | days.holiday].max() == 0.0
    assert shop[(days.weekday == 5) & ~days.holiday].max() > 0.5


def test_a_data_centre_turns_electricity_into_heat_day_and_night():
    found = demands([{"use": "data_centre", "floor_area_m2": 2000}])
    assert set(found) == {"cooling", "electricity"}
    assert found["electricity"].min() > 0.99 * found["electricity"].max()
    assert found["cooling"].min() > 0


def test_air_that_comes_evenly_is_air_that_changes_at_a_constant_rate():
    """The room with a conductance by the hour is the room of the standard, if it never changes."""
    weather, _ = _year()
    group = Buildings(use="school", floor_area_m2=900)
    limits = thermal.Setpoints(np.full(HOURS, 20.0), np.full(HOURS, 26.0))
    gain = np.full(HOURS, 3000.0)
    constant, hourly = (
        thermal._run(thermal._Room.of(group, air), weather.temperature_degc, gain, gain, limits)
        for air in (350.0, np.full(HOURS, 350.0))
    )
    assert constant.max() > 0 > constant.min()
    np.testing.assert_allclose(hourly, constant, rtol=1e-6, atol=1e-3)


def test_people_bring_air_that_has_to_be_heated():
    """A full school loses more heat than one that is half empty, in its hours."""
    config = district({"quay": {"buildings": [{"use": "school", "floor_area_m2": 900}]}})
    weather = weather_year(config)
    days = calendar(weather.index, config.site)
    few, many = (
        thermal._air_w_per_k(
            config.locations["quay"].buildings[0], count * presence("school", days), days,
            weather.temperature_degc,
        )
        for count in (50.0, 150.0)
    )  # fmt: skip
    night = days.hour < 5
    np.testing.assert_array_equal(few[night], many[night])
    full = (days.hour == 10) & ~days.free & (days.month == 1)
    # 100 more people of whom 0.8 are there: 25 m3/h each, a fifth of their heat recovered.
    np.testing.assert_allclose((many - few)[full], 0.34 * 100 * 0.8 * 25 * 0.8)


def test_cabinets_cool_the_shop():
    shop = demands([{"use": "retail", "floor_area_m2": 1500}])
    market = demands([{"use": "supermarket", "floor_area_m2": 1500}])
    assert market["cooling"].sum() < 0.5 * shop["cooling"].sum()
    assert market["electricity"].min() > 30.0 * 1500 / 1000.0


def test_hot_water_where_nobody_draws_any_is_refused():
    group = {"use": "data_centre", "floor_area_m2": 2000, "hot_water": True}
    with pytest.raises(ConfigError, match="leave `hot_water` out"):
        district({"quay": {"buildings": [group]}})


# Diversity


def test_sixty_buildings_do_not_peak_together():
    """Of the sum of their peaks, the peak of the sum is at most what each line says."""
    group = {"use": "residential", "floor_area_m2": 900, "count": 60}
    together = demands([group], diversity_hours=0)
    diverse = demands([group])
    factor = {service: diverse[service].max() / kw.max() for service, kw in together.items()}
    assert factor["dhw"] < 0.87
    assert factor["electricity"] < 0.90
    assert factor["heating"] < 0.95
    for service, kw in together.items():
        assert diverse[service].sum() == pytest.approx(kw.sum(), rel=0.01)


def test_each_of_them_peaks_as_high_as_before():
    """So that all which is gained is gained by not peaking together."""
    group = {"use": "residential", "floor_area_m2": 900}
    one = demands([group])["dhw"]
    sum_of_peaks = 60 * one.max()
    assert demands([{**group, "count": 60}], diversity_hours=0)["dhw"].max() == pytest.approx(
        sum_of_peaks
    )


def test_one_building_alone_is_never_shifted():
    group = {"use": "office", "floor_area_m2": 900}
    for service, kw in demands([group], diversity_hours=0).items():
        np.testing.assert_array_equal(demands([group], diversity_hours=3)[service], kw)


def test_groups_of_one_use_are_drawn_together():
    """Two groups of one are two buildings, which differ."""
    group = {"use": "residential", "floor_area_m2": 900}
    both = demands([group, {**group, "insulation": "average"}], diversity_hours=3)
    alone = demands([group], diversity_hours=3)
    assert not np.allclose(both["dhw"], 2 * alone["dhw"])


def test_diversity_is_seeded():
    group = {"use": "residential", "floor_area_m2": 900, "count": 9}
    weather = {"source": "synthetic", "mean_temperature_degc": 14}
    one, same = (demands([group], seed=5, weather=weather)["electricity"] for _ in range(2))
    np.testing.assert_array_equal(one, same)


def test_the_embedded_district_has_no_diversity():
    assert MILAN.diversity_hours == 0


# Emitters


@pytest.mark.parametrize("emitter", EMITTERS)
def test_an_emitter_sets_the_supply(emitter):
    group = {"use": "office", "floor_area_m2": 900}
    by_group = district({"quay": {"buildings": [{**group, "emitter": emitter}]}})
    by_district = district({"quay": {"buildings": [group]}}, emitter=emitter)
    for config in (by_group, by_district):
        assert config.supply_degc("heating") == EMITTERS[emitter].heating_degc
        assert config.supply_degc("cooling") == EMITTERS[emitter].cooling_degc
        assert config.supply_degc("dhw") == 45.0


def test_free_cooling_works_against_the_emitters_supply(tmp_path):
    place = {"quay": {"buildings": [{"use": "office", "floor_area_m2": 900}]}}
    config = district(place, emitter="ceilings", free_cooling={})
    settings = run_settings(config, write_district(config, tmp_path / "model"), "quay.yaml")
    pump = settings["ring"]["heat_pumps"]["hp_cooling"]
    assert pump["use_temperature"]["degc"] == 16.0
    assert "free_cooling" in pump


def test_the_supply_serves_whoever_needs_most():
    group = {"use": "office", "floor_area_m2": 900}
    config = district(
        {
            "quay": {"buildings": [{**group, "emitter": "floor_heating"}]},
            "hill": {"buildings": [{**group, "emitter": "fan_coils"}, group]},
        }
    )
    assert config.supply_degc("heating") == 45.0
    assert config.supply_degc("cooling") == 7.0
    floors = district({"quay": {"buildings": [{**group, "emitter": "floor_heating"}]}})
    assert start_cop(config)["heating"] < start_cop(floors)["heating"]


def test_a_rings_heat_pumps_are_those_that_take_heat_from_water():
    """Staffell et al. (2012) at W10/W35: 5.48 from the ground, 4.18 from the air."""
    told = {
        "locations": {"quay": {"buildings": [{"use": "office", "floor_area_m2": 900}]}},
        "supply": {"heating_degc": 35.0},
        "loop": {"initial_temperature_degc": 10.0},
    }
    water, air = (
        start_cop(parse_district(told | fit)) for fit in ({}, {"heat_pump_fit": "air_source"})
    )
    assert water["heating"] == pytest.approx(8.77 - 0.150 * 25 + 0.000734 * 625)
    assert air["heating"] == pytest.approx(6.81 - 0.121 * 25 + 0.000630 * 625)


def test_what_is_told_comes_before_the_emitter():
    config = district(
        {"quay": {"buildings": [{"use": "office", "floor_area_m2": 9}]}},
        emitter="radiators",
        supply={"heating_degc": 50},
    )
    assert config.supply_degc("heating") == 50.0


def test_a_tank_that_is_too_cold_for_its_emitter_is_refused():
    tank = {"volume_m3": 9, "temperature_min_degc": 28, "temperature_max_degc": 40}
    place = {"buildings": [{"use": "office", "floor_area_m2": 900}], "tanks": {"heating": tank}}
    with pytest.raises(ConfigError, match="emitter asks for 55, and the tank of `quay`"):
        district({"quay": place}, emitter="radiators")
