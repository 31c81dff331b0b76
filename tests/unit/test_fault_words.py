"""Which key a fault of the settings stands at, and what to write there."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.base.fault_words import own_path
from anello.district import load_district
from anello.errors import ConfigError
from anello.run.config import read_config

ROOT = Path(__file__).resolve().parents[2]


def fault(tmp_path: Path, ring: str) -> str:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"scenario_definitions:\n  designed:\n    ring:\n      {ring}\n", "utf-8")
    with pytest.raises(ConfigError) as error:
        read_config(ROOT / "config" / "config.yaml", mine)
    return str(error.value)


def test_a_check_of_several_keys_names_the_one_at_fault_and_its_line(tmp_path):
    told = fault(tmp_path, "plant:\n        sizes:\n          borefield: {most: 2}")
    assert (
        "mine.yaml:6: `scenario_definitions.designed.ring.plant.sizes.borefield`: there is" in told
    )
    assert "(value: {'most': 2})" in told


def test_the_kind_of_a_use_temperature_is_no_key(tmp_path):
    told = fault(
        tmp_path,
        "heat_pumps:\n        hp_dhw:\n          use_temperature:\n            kwh_per_k:\n"
        "            span_k: 0",
    )
    key = "scenario_definitions.designed.ring.heat_pumps.hp_dhw.use_temperature.span_k"
    assert f"mine.yaml:8: `{key}`: input should be greater than 0 (value: 0)" in told


def test_two_prices_of_a_list_have_to_agree(tmp_path):
    sizes = "{one_of: [0, 1], one_of_eur: [0, 1000], eur_per_year: [0, 3]}"
    told = fault(tmp_path, f"plant: {{sizes: {{wells: {sizes}}}}}")
    assert "ring.plant.sizes.wells.one_of_eur`: `eur_per_year` says already" in told


SOURCE = "ring.plant.central_heat_pump.source_degc"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("283", "input should be less than or equal to 60 (value: 283)"),
        (".nan", "should be a finite number (value: nan)"),
        ("[3]", "should be a number or text (value: [3])"),
    ],
)
def test_a_value_of_several_types_has_one_fault(tmp_path, written, told):
    said = fault(
        tmp_path, f"plant: {{central_heat_pump: {{max_kw: 1, source_degc: {written}}}}}"
    ).splitlines()
    assert [line for line in said if SOURCE in line] == [
        f"  - {tmp_path / 'mine.yaml'}:4: `scenario_definitions.designed.{SOURCE}`: {told}"
    ]


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("size", "should be a number or `sized` (value: 'size'). Did you mean `sized`?"),
        ("7 kW", "should be a number or `sized` (value: '7 kW'). Write the number alone"),
        (None, "is empty, and should be a number or `sized`. Give it"),
        (-4, "input should be greater than or equal to 0 (value: -4)"),
    ],
)
def test_a_number_or_a_word_has_one_fault(told, fault):
    with pytest.raises(ConfigError) as error:
        load_district(changes={"plant": {"central_heat_pump_kw": told}})
    (said,) = str(error.value).splitlines()
    assert f"`plant.central_heat_pump_kw`: {fault}" in said


def test_a_fault_within_a_list_is_told_alone(tmp_path):
    price = "{one_of: [0, 1], eur_per_year: [0, -3]}"
    said = fault(tmp_path, f"plant: {{sizes: {{wells: {price}}}}}")
    assert "sizes.wells.eur_per_year.1`: input should be greater than or equal to 0" in said
    assert "a number" not in said


@pytest.mark.parametrize(
    "message",
    ["needed: heat_below ≤ heat_to", "least 2 is above most 1", "a.c: no", "store `x`: no"],
)
def test_words_before_a_colon_that_are_no_key_stay(message):
    assert own_path(message, {"a": {"b": 1}}) == ((), message, {"a": {"b": 1}})


def test_a_path_is_followed_to_its_value():
    assert own_path("a.b: is wrong", {"a": {"b": 1}}) == (("a", "b"), "is wrong", 1)
    below = {"a": [{"b": 1}, {"b": 2}]}
    assert own_path("a.1.b: is wrong", below) == (("a", 1, "b"), "is wrong", 2)
    assert own_path("a.2.b: is wrong", below) == ((), "a.2.b: is wrong", below)
