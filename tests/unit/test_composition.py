"""Imports, overrides and scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.errors import InputError
from anello.model.definition.composition import compose, expand_scenario
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from small_model import write_folder


def composed(
    source: Any, scenario: str | None = None, override: Any = None, root: Path | None = None
) -> tuple[Tree, list[str], Report]:
    report = Report()
    configuration = compose(source, scenario, override, root, report)
    report.raise_errors()
    return configuration.tree, configuration.overrides, report


def test_the_importing_file_wins_and_paths_are_relative_to_it(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    path = write_folder(tmp_path, "import: [sub/one.yaml]\nx: {a: 1}")
    (tmp_path / "sub" / "one.yaml").write_text("import: [two.yaml]\nx: {a: 2, b: 2}")
    (tmp_path / "sub" / "two.yaml").write_text("x: {b: 3, c: 3}")
    tree, _, _ = composed(path)
    assert tree["x"] == {"a": 1, "b": 2, "c": 3}
    assert tree.locate("x.c") == (str(tmp_path / "sub" / "two.yaml"), 1)


def test_two_imports_may_not_set_the_same_key(tmp_path: Path):
    path = write_folder(
        tmp_path, "import: [one.yaml, two.yaml]", one__yaml="x.a: 1", two__yaml="x.a: 2"
    )
    with pytest.raises(InputError, match=r"two\.yaml:1: `x\.a`: given by two imported files"):
        composed(path)
    path.write_text("import: [one.yaml, two.yaml]\nx.a: 3")
    assert composed(path)[0]["x"] == {"a": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import: one.yaml", "must be a list"),
        ("import: [3]", "must be a list"),
        ("import: [none.yaml]", "cannot be read"),
        ("import: [model.yaml]", "in a circle"),
        ("import: [../model.yaml]", "leads out of the model folder"),
    ],
)
def test_faulty_imports_are_told(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        composed(write_folder(tmp_path / "m", text))


def test_files_outside_need_an_explicit_wish(tmp_path: Path):
    path = write_folder(tmp_path / "m", "import: [../shared.yaml]")
    (tmp_path / "shared.yaml").write_text("x: 1")
    (tmp_path / "m" / "link.yaml").symlink_to(tmp_path / "shared.yaml")
    assert composed(path, root=tmp_path)[0]["x"] == 1
    for name in ("../shared.yaml", tmp_path / "shared.yaml", "link.yaml"):
        path.write_text(f"import: [{name}]")
        with pytest.raises(InputError, match="leads out"):
            composed(path)
        assert composed(path, root=tmp_path)[0]["x"] == 1


@pytest.mark.parametrize("name", ['"a\\0b.yaml"', "a" * 5000, "loop.yaml"])
def test_what_is_no_path_is_told(tmp_path: Path, name: str):
    path = write_folder(tmp_path / "m", f"import: [{name}]")
    (tmp_path / "m" / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(InputError, match=r"is no path|cannot be read"):
        composed(path)


def test_an_override_may_import(tmp_path: Path):
    path = write_folder(
        tmp_path,
        "x: {a: 1, b: 1}\noverrides: {o: {import: [more.yaml], x.b: 2}}",
        more__yaml="x: {a: 5, b: 5, c: 5}",
    )
    assert composed(path, "o")[0]["x"] == {"a": 5, "b": 2, "c": 5}


OVERRIDES = {
    "x": {"a": 1, "d": {"e": 1}},
    "overrides": {"one": {"x.a": 2}, "two": {"x.b": 3}, "three": {"x.a": 4}, "empty": None},
    "scenarios": {"both": ["one", "two"], "text": "one, two", "nested": ["both", "empty"]},
}


@pytest.mark.parametrize(
    ("scenario", "names"),
    [
        ("one", ["one"]),
        ("one,two", ["one", "two"]),
        ("two, one", ["two", "one"]),
        ("both", ["one", "two"]),
        ("text", ["one", "two"]),
        ("nested", ["one", "two", "empty"]),
        ("both,one", ["one", "two"]),
    ],
)
def test_scenarios_expand_to_overrides(scenario: str, names: list[str]):
    tree, found, _ = composed(OVERRIDES, scenario)
    assert found == names
    expected = {"a": 2, "d": {"e": 1}} | ({"b": 3} if "two" in names else {})
    assert tree["x"] == expected


def test_two_overrides_may_not_set_one_key():
    with pytest.raises(InputError, match="sets a key that another override"):
        composed(OVERRIDES, "one,three")


def test_unknown_and_circular_scenarios_are_told():
    with pytest.raises(InputError, match="Did you mean `three`"):
        composed(OVERRIDES, "thre")
    circular = {"scenarios": {"p": ["q"], "q": ["p"]}}
    with pytest.raises(InputError, match="p -> q -> p"):
        composed(circular, "p")
    with pytest.raises(InputError, match="must be a list of overrides"):
        composed({"scenarios": {"p": [{"x": 1}]}}, "p")


def test_a_scenario_and_an_override_of_one_name_are_an_error_unless_not_strict():
    config = {"overrides": {"s": {"x": 1}, "t": {"x": 2}}, "scenarios": {"s": ["t"]}}
    with pytest.raises(InputError, match="share this name"):
        composed(config, "s")
    report = Report(strict=False)
    tree = Tree.from_mapping(config, "<test>", report)
    assert expand_scenario(tree, "s", report) == ["t"]
    assert "share this name" in report.warnings[0]


def test_override_dict_is_applied_before_and_after_the_scenario():
    tree, names, _ = composed(OVERRIDES, "new", "scenarios.new: [one]\nx.a: 9")
    assert names == ["one"]
    assert tree["x"]["a"] == 9


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("x: {_REPLACE_: null, z: 1}", {"z": 1}),
        ("x: {_REPLACE_: {z: 1}}", {"z": 1}),
        ("x: {_REPLACE_: null}", {}),
        ("x.d: {_REPLACE_: null, z: 1}", {"a": 1, "d": {"z": 1}}),
        ("x: null", {"a": 1, "d": {"e": 1}}),
        ("x: {}", {"a": 1, "d": {"e": 1}}),
        ("x.a: [1, 2]", {"a": [1, 2], "d": {"e": 1}}),
        ("x.a: null", {"a": None, "d": {"e": 1}}),
        ("x.d: 5", {"a": 1, "d": 5}),
    ],
)
def test_merge_rules(override: str, expected: dict[str, Any]):
    assert composed(OVERRIDES, None, override)[0]["x"] == expected


def test_a_mapping_over_a_plain_value_is_told():
    with pytest.raises(InputError, match="plain value where it was first given"):
        composed(OVERRIDES, None, "x.a.b: 1")


def test_another_coordinate_system_drops_the_old_coordinates():
    config = {
        "locations": {
            "a": {"coordinates": {"x": 1, "y": 2}},
            "b": {"coordinates": {"x": 1, "y": 1}},
        }
    }
    tree, _, report = composed(config, None, "locations.a.coordinates: {lat: 1, lon: 2}")
    assert tree["locations"] == {"a": {"coordinates": {"lat": 1, "lon": 2}}, "b": {}}
    assert "coordinates change" in report.warnings[0]
    tree, _, report = composed(config, None, "locations.a.coordinates.x: 5")
    assert tree["locations"]["a"] == {"coordinates": {"x": 5, "y": 2}}
    assert not report.warnings


def test_defaults_stand_below_and_carry_no_origin():
    tree, _, _ = composed({"run": {"solver": "highs"}})
    assert tree["run"]["solver"] == "highs"
    assert tree["run"]["bigM"] == 1e9
    assert tree["run"].mark("bigM") is None
    assert set(tree["tech_groups"]) >= {"supply", "conversion_plus"}


NEARER = """
tech_groups.metered: {essentials.parent: supply, constraints.lifetime: 20}
techs:
  grid: {essentials.parent: metered, costs.monetary.om_prod: 0.1}
  pv: {essentials.parent: metered, constraints.lifetime: 25}
  line: {essentials.parent: transmission, constraints.energy_cap_max: 5}
locations:
  a.techs.grid:
  b.techs.grid.costs.monetary.om_prod: 0.3
  c,d.techs.grid.costs.monetary.om_prod: 0.4
links.a,b.techs.line.constraints.energy_cap_max: 3
overrides:
  dear: {techs.grid.costs.monetary.om_prod: 0.2}
  dear_at_b: {locations.b.techs.grid.costs.monetary.om_prod: 0.25}
  same:
    techs.grid.costs.monetary.om_prod: 0.3
    locations.c,d.techs.grid.costs.monetary.om_prod: 1
scenarios: {both: [dear, dear_at_b]}
"""


@pytest.mark.parametrize(
    ("scenario", "override", "behind"),
    [
        ("dear", None, [("model.yaml:13", "`locations.b.", "model.yaml:9"), ("`locations.c,d.",)]),
        ("both", None, [("here the same is given nearer by: `locations.c,d.",)]),
        ("same", None, []),
        (None, {"techs.grid.costs.monetary.om_prod": 0.2}, [("locations.b.",)]),
        (None, {"techs.grid.costs.monetary.om_con": 0.2}, []),
        (None, {"locations.b.techs.grid.costs.monetary.om_prod": 0.2}, []),
        ("dear_at_b", {"techs.grid.costs.monetary.om_prod": 0.2}, [("locations.b.",)]),
        (None, {"techs.line.constraints.energy_cap_max": 9}, [("links.a,b.techs.line.",)]),
        (None, {"tech_groups.metered.constraints.lifetime": 9}, [("techs.pv.constraints",)]),
        (None, {"tech_groups.supply.constraints.lifetime": 9}, [("tech_groups.metered.",)]),
        (None, {"tech_groups.supply.costs.monetary.om_prod": 9}, [("`techs.grid.costs",)]),
    ],
)
def test_an_override_behind_a_nearer_value_is_told(
    tmp_path: Path, scenario: str | None, override: Any, behind: list[tuple[str, ...]]
):
    warnings = composed(write_folder(tmp_path, NEARER), scenario, override)[2].warnings
    assert len(warnings) == bool(behind)
    for words in behind:
        assert all(word in warnings[0] for word in words), warnings
    if behind:
        assert "Give the value there too: `" in warnings[0]


def test_an_override_that_takes_the_nearer_value_away_is_not_told(tmp_path: Path):
    path = write_folder(tmp_path, NEARER)
    none = {f"locations.{place}.techs.grid.costs.monetary.om_prod": None for place in ("b", "c,d")}
    assert not composed(path, "dear", none)[2].warnings
