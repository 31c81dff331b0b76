"""Settings: scenarios laid over sections, and faults with file, line, key, value and a way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from anello.base import setting_faults
from anello.base.yaml_lines import locate
from anello.errors import ConfigError
from anello.run import schemas as configuration
from anello.run.config import RunConfig, parse_config, read_config
from anello.run.scenario_config import merge
from shipped_config import DEFAULT, ROOT, read_with

BRANCHED = """ring:
  model: loop
  loop:
    substations: [{{name: place}}]
    segments: [{{length_m: 100, inner_diameter_m: 0.3}}]
    flow: {{kind: fixed, kg_s: 5}}
    branches:
    - start: {start}
      end: b
      heat_pumps: [homes]
      <<: {{length_m: 9, inner_diameter_m: 0.1}}
"""


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_the_configurations_we_ship_are_valid(file: Path) -> None:
    # One that does not say where its data come from is laid over the default one.
    alone = "data" in yaml.safe_load(file.read_text(encoding="utf-8"))
    settings = read_config(file) if alone else read_config(DEFAULT, file)
    for name in settings.scenario_definitions:
        assert settings.scenario(name).name == name


def test_schema_and_table_are_those_of_the_models() -> None:
    schema = ROOT / configuration.SCHEMA_FILE
    table = ROOT / configuration.TABLE_FILE
    assert schema.read_text(encoding="utf-8") == configuration.schema_text()
    assert configuration.settings_table() in table.read_text(encoding="utf-8")


def test_every_setting_is_described() -> None:
    missing = [
        f"{model.__name__}.{name}"
        for model in setting_faults._models(RunConfig)
        for name, field in model.model_fields.items()
        if not field.description and name != "kind"
    ]
    assert missing == []


def test_the_json_schema_accepts_what_the_models_accept() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / configuration.SCHEMA_FILE).read_text(encoding="utf-8"))
    content = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "rin": 1}, schema)


def test_a_scenario_changes_what_it_names_and_keeps_the_rest() -> None:
    settings = read_config(DEFAULT)
    base, smart = settings.scenario("baseline"), settings.scenario("smart")
    assert base.ring.heat_pumps["hp_dhw"].use_temperature.kind == "fixed"
    assert smart.ring.heat_pumps["hp_dhw"].use_temperature.kind == "store"
    assert smart.ring.heat_pumps["hp_dhw"].cop_map == base.ring.heat_pumps["hp_dhw"].cop_map
    assert smart.ring.plant == base.ring.plant


def test_laying_over_merges_mappings_and_replaces_the_rest() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    assert merge(base, {"a": {"y": [3]}, "c": {}}) == {"a": {"x": 1, "y": [3]}, "b": 1, "c": {}}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 1}


def test_another_kind_replaces_the_whole_mapping() -> None:
    base = {"kind": "fixed", "degc": 45}
    assert merge(base, {"kind": "store", "store": "tes"}) == {"kind": "store", "store": "tes"}
    assert merge(base, {"degc": 50}) == {"kind": "fixed", "degc": 50}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rin: 1\n", ["mine.yaml:1", "`rin`", "Did you mean `ring`?"]),
        ("\nring:\n  inital_degc: 13\n", ["mine.yaml:3", "`ring.inital_degc`", "value: 13"]),
        ("scenarios: [smart, smrt]\n", ["`scenarios.1`", "'smrt'", "`smart`"]),
        ("scenarios: [smart, smart]\n", ["`scenarios`", "named twice"]),
        ("scenarios: []\n", ["`scenarios`"]),
        ("run: ../outside\n", ["`run`", "'../outside'"]),
        ("data: {source: embeded}\n", ["`data.source`", "Did you mean `embedded`?"]),
        ("ring: {heat_pumps: {hp_dhw: {service: heatin}}}\n", ["hp_dhw.service", "`heating`"]),
        (
            "scenario_definitions:\n  smart:\n    ring: {plant: {wells: {well_deg: 1}}}\n",
            [
                "mine.yaml:3",
                "`scenario_definitions.smart.ring.plant.wells.well_deg`",
                "`well_degc`",
            ],
        ),
        ("scenario_definitions: {smart: {rings: {}}}\n", ["smart.rings", "`ring`"]),
        (
            "coupling: {operation: {window_hours: 48, horizon_hours: 24}}\n",
            ["mine.yaml:1", "`coupling.operation`", "window_hours ≤ horizon_hours"],
        ),
        (
            "coupling: {operation: {}}\n"
            "scenario_definitions: {baseline: {ring: {mode: iccep2019}}}\n",
            ["scenario_definitions.baseline", "as one temperature"],
        ),
        (
            BRANCHED.format(start="plce"),
            ["mine.yaml:8", "`ring.loop.branches.0.start`: `plce` is no place; there are place, b"],
        ),
        (
            BRANCHED.format(start="place") + "coupling: {slp: {loop_waves: 4}}\n",
            ["mine.yaml:12", "baseline.coupling.slp.loop_waves`: 4 waves are asked for"],
        ),
    ],
)
def test_faults_are_located_and_explained(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_with(tmp_path, text)
    for part in said:
        assert part in str(caught.value)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_with(tmp_path, "rin: 1\nring: {initial_deg: 1}\ncoupling: {tolerance_k: x}\n")
    assert len(caught.value.problems) == 3


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="`ring`: is missing"):
        parse_config({"run": "a", "scenarios": ["b"], "scenario_definitions": {"b": {}},
                      "data": {"source": "embedded"}})  # fmt: skip


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "5\n"])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        read_with(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("loc", "expected"),
    [(("a", "b"), 2), (("a", "c", 1), 5), (("a", "none"), 1), (("z",), None)],
)
def test_keys_are_found_in_files(tmp_path: Path, loc: tuple[Any, ...], expected: int) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a:\n  b: 1\n  c:\n    - 1\n    - 2\n")
    assert locate([file], loc) == ((str(file) if expected else None), expected)
