"""Descriptions and settings that no planner can have meant are refused, with what to mend."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from anello.district import synthesise
from anello.district.config import DistrictConfig, merge, parse_district
from anello.errors import ConfigError, InputError
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.capital import RingCosts
from small_model import read

HOMES = {
    "buildings": [{"use": "residential", "floor_area_m2": 2400}],
    "roofs": [{"peak_kw": 80}],
}
DESCRIPTION: dict[str, Any] = {"locations": {"quay": HOMES}}
FIELD: dict[str, Any] = {"depth_m": 120, "soil_w_per_mk": 2.1, "surface_degc": 10, "flow_kg_s": 5}


def described(**changes: Any) -> DistrictConfig:
    return parse_district(merge(DESCRIPTION, changes))


def tank(service: str, cold: float, warm: float) -> dict[str, Any]:
    sizes = {"volume_m3": 5, "temperature_min_degc": cold, "temperature_max_degc": warm}
    return {"locations": {"quay": {**HOMES, "tanks": {service: sizes}}}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"loop": {"temperature_min_degc": 20, "temperature_max_degc": 10}}, "is not below"),
        ({"loop": {"initial_temperature_degc": 30}}, "lies outside 10 to 20"),
        ({"supply": {"cooling_degc": 40}}, "`cooling_degc` 40: water for cooling has 0 to 30"),
        ({"supply": {"heating_degc": 308.15}}, "`heating_degc` 308.15"),
        ({"weather": {"mean_temperature_degc": 9}}, "`weather`: needs `source`, which says"),
        (tank("heating", 40, 500), "from 40 to 500"),
        (tank("heating", 5, 10), "a tank for heating from 5 to 10"),
        (tank("cooling", 30, 40), "a tank for cooling from 30 to 40"),
        ({"site": {"longitude_deg": -73.9}}, "noon 6 hours off at `longitude_deg` -73.9"),
        ({"site": {"utc_offset_hours": 9}}, "noon 8 hours off"),
        ({"site": {"summer_break": ["02-30", "03-10"]}}, "`02-30` is no day of a year"),
        (
            {
                "weather": {
                    "source": "synthetic",
                    "spells": [{"start": "02-29", "days": 3, "temperature_shift_k": 5}],
                }
            },
            "`02-29` is no day of a year",
        ),
    ],
)
def test_a_description_is_refused(changes: dict[str, Any], told: str):
    with pytest.raises(ConfigError) as error:
        described(**changes)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("longitude", "offset"), [(9.19, 1.0), (76.0, 8.0), (-157.4, 14.0), (-21.9, 0.0), (178.4, 12.0)]
)
def test_standard_times_in_use_are_taken(longitude: float, offset: float):
    site = {"longitude_deg": longitude, "utc_offset_hours": offset}
    assert described(site=site).site.utc_offset_hours == offset


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"heating": {"annual_mwh": 90_000}}, "MWh, not kWh"),
        ({"electricity": {"annual_mwh": 0.05}}, "MWh, not kWh"),
        ({"photovoltaics": {"annual_mwh": 800}}, "the roofs' 80 kW let through"),
    ],
)
def test_a_target_out_of_all_proportion_is_refused(target: dict[str, Any], told: str):
    with pytest.raises(InputError, match=r"targets\.quay") as error:
        synthesise(described(locations={"quay": {**HOMES, "targets": target}}))
    assert told in str(error.value)


@pytest.mark.parametrize(
    "layout",
    [
        {"kind": "rectangle", "rows": 2, "columns": 3, "spacing_m": 0.1},
        {"kind": "coordinates", "places_m": [[0, 0], [6, 0], [6, 0.1]]},
    ],
)
def test_boreholes_that_cut_into_each_other_are_refused(layout: dict[str, Any]):
    with pytest.raises(ValidationError, match=r"0\.1 m apart, each 0\.15 m wide"):
        BorefieldConfig.model_validate({**FIELD, "field": layout})


def test_a_single_borehole_has_no_neighbour():
    layout = {"kind": "rectangle", "rows": 1, "columns": 1, "spacing_m": 0.1}
    assert BorefieldConfig.model_validate({**FIELD, "field": layout}).depth_m == 120


@pytest.mark.parametrize(
    "costs",
    [
        {"interest_rate": 5.0},
        {
            "borefield": {
                "capital_eur_per_m": 60,
                "lifetime_years": 50,
                "maintenance_share_per_year": 2.0,
            }
        },
    ],
)
def test_percentages_in_place_of_shares_are_refused(costs: dict[str, Any]):
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        RingCosts.model_validate(costs)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            "techs.grid: {constraints: {lifetime: 20, energy_cap_max: 5}, "
            "costs.monetary: {energy_cap: 9, interest_rate: 5}}",
            "Write 5 % as 0.05",
        ),
        (
            "group_constraints.g: {techs: [grid], demand_share_max: {electricity: 60}}",
            "Write 60 % as 0.6",
        ),
    ],
)
def test_a_model_with_percentages_is_warned_of(tmp_path, override: str, told: str):
    assert sum(told in warning for warning in read(tmp_path, override).warnings) == 1
