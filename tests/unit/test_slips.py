"""What a planner gets to read who types a description or settings with a typical slip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.cli import FAILED, OK, main
from anello.district import load_district
from anello.errors import ConfigError
from anello.run.config import parse_config, read_config

GOOD = """\
locations:
  quay:
    buildings: [{use: residential, floor_area_m2: 2400}]
"""
ROOT = Path(__file__).resolve().parents[2]


def told(tmp_path: Path, text: str) -> str:
    file = tmp_path / "quay.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_district(file)
    return str(error.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("2400", "'1200,5'"), ":3: `locations.quay.buildings.0.floor_area_m2`"),
        (GOOD.replace("2400", "'1200,5'"), "Write decimals with a point: `1200.5`"),
        (GOOD.replace("2400", "1200,5"), "a decimal comma makes a key of what follows"),
        (GOOD.replace("2400", "2400 m2"), "Write the number alone, in the key's unit: `2400`"),
        (GOOD.replace("2400", "2.4e3"), "write `2400.0`"),
        (GOOD + "  quay: {}\n", ":4: `locations.quay`: is given twice, first in line 2"),
        (GOOD.replace("  quay:", "  - quay:"), "Write `name:` in place of each `-`"),
        (GOOD.replace("[{", "{").replace("}]", "}"), "Begin each entry with `- `"),
        (GOOD.replace("  quay", "\tquay"), "Indent with spaces, and not with tabs"),
        (GOOD.replace("quay:", "quay"), "Is a colon missing in the line above"),
        (GOOD.replace("}]", "}"), "Is a bracket or a quote not closed"),
        (GOOD.replace("floor_area_m2", "floor_area"), "Did you mean `floor_area_m2`?"),
        (GOOD.replace("residential", "Residential"), "Did you mean `residential`?"),
        (GOOD.replace("quay", "Höfe"), "Use letters from a to z"),
        (GOOD.replace("2400", "2400, hot_water: maybe"), "should be `true` or `false`"),
        (GOOD + "site: {country: NO}", "YAML reads yes, no, on and off as true or false"),
        (GOOD + "site: {country: Italy}", "two capital letters, as `IT` for Italy"),
        (GOOD + "site: {latitude_deg: 45° 28'}", "Write degrees with decimals: `45.4667`"),
        (GOOD + "site: {summer_break: [15-07, 31-08]}", '`"07-15"` for 15 July'),
        (GOOD + "site: {summer_break: [2015-07-15, 08-31]}", 'write `"07-15"`'),
        (GOOD + "loop.temperature_min_degc: 8", "write `loop: {temperature_min_degc: …}`"),
        (GOOD + "site:\n  wells: {}", ":5: `site.wells`: is not a setting. It stands at the top"),
        (GOOD + "wells: {effectiveness: 80%}", "Write 0.8."),
        (GOOD + "tariffs:", ":4: `tariffs`: is empty, and should be keys with values"),
        (GOOD + "weather: {source: synthetic, spells: [{start: 1}]}", ":4: `weather.spells.0."),
    ],
)
def test_a_slip_is_told_with_what_to_write(tmp_path: Path, text: str, words: str):
    assert words in told(tmp_path, text)


def test_what_is_missing_is_told_without_all_that_is_there(tmp_path: Path):
    assert "residential" not in told(tmp_path, GOOD.replace("locations", "Locations"))
    assert "residential" not in told(tmp_path, GOOD + "year: 2016")


def test_aliases_and_merged_keys_are_not_given_twice(tmp_path: Path):
    file = tmp_path / "quay.yaml"
    file.write_text(
        GOOD.replace("quay:", "quay: &one") + "  mole:\n    <<: *one\n    battery:"
        " {capacity_kwh: 10, power_kw: 5}\n  pier:\n    <<: *one\n",
        encoding="utf-8",
    )
    assert list(load_district(file).locations) == ["quay", "mole", "pier"]


def test_a_key_twice_in_settings_is_told_by_whoever_reads_them(tmp_path: Path):
    base, twice = ROOT / "config" / "config.yaml", tmp_path / "twice.yaml"
    twice.write_text("ring:\n  initial_degc: 14.0\nring: {initial_degc: 16.0}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"twice\.yaml:3: `ring`: is given twice"):
        read_config(base, twice)
    # Snakemake has read the files itself, and kept the last.
    merged: dict[str, Any] = {"ring": {"initial_degc": 16.0}}
    with pytest.raises(ConfigError, match=r"twice\.yaml:3: `ring`: is given twice"):
        parse_config(merged, [base, twice])


def test_check_looks_for_the_weather_file(tmp_path: Path, capsys: Any):
    file = tmp_path / "quay.yaml"
    file.write_text(GOOD + "weather: {source: epw, file: turin.epw}\n", encoding="utf-8")
    assert main(["check", str(file)]) == FAILED
    assert "`weather.file`: there is no such file" in capsys.readouterr().err
    (tmp_path / "turin.epw").touch()
    assert main(["check", str(file)]) == OK
