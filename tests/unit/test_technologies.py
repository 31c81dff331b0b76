"""Inheritance, carriers and colours of technologies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.model.definition.technologies import PALETTE, Technology, read_technologies
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from small_model import problems, read


def technologies(
    techs: dict[str, Any], groups: dict[str, Any] | None = None
) -> dict[str, Technology]:
    from anello.model.definition.composition import compose

    report = Report()
    tree = compose({"techs": techs, "tech_groups": groups or {}}, None, None, None, report).tree
    found = read_technologies(tree, report)
    report.raise_errors()
    return found


def test_settings_are_inherited_key_by_key_along_the_chain():
    groups = {
        "clean": {"essentials": {"parent": "plant", "color": "#111"}, "constraints.lifetime": 30},
        "plant": {
            "essentials": {"parent": "supply", "carrier": "el", "color": "#222", "stack": 3},
            "constraints": {"lifetime": 20, "energy_eff": 0.5},
            "costs.monetary": {"interest_rate": 0.1, "om_prod": 1},
        },
    }
    techs = {"wind": {"essentials.parent": "clean", "costs.monetary.om_prod": 2}}
    wind = technologies(techs, groups)["wind"]
    assert wind.inheritance == ["clean", "plant", "supply"]
    assert wind.base == "supply"
    assert wind.essentials["color"] == "#111111"
    assert wind.essentials["stack"] == 3
    assert wind.carriers == {"out": ("el",)}
    assert wind.settings["constraints"]["lifetime"] == 30
    assert wind.settings["constraints"]["energy_eff"] == 0.5
    assert wind.settings["constraints"]["energy_prod"] is True
    assert wind.settings["costs"]["monetary"] == {"interest_rate": 0.1, "om_prod": 2}


@pytest.mark.parametrize(
    ("essentials", "carriers", "primary"),
    [
        ({"parent": "supply", "carrier": "a"}, {"out": ("a",)}, ("", "a")),
        ({"parent": "supply_plus", "carrier_out": "a"}, {"out": ("a",)}, ("", "a")),
        ({"parent": "demand", "carrier": "a"}, {"in": ("a",)}, ("a", "")),
        ({"parent": "storage", "carrier": "a"}, {"in": ("a",), "out": ("a",)}, ("a", "a")),
        (
            {"parent": "conversion", "carrier_in": "a", "carrier_out": "b"},
            {"in": ("a",), "out": ("b",)},
            ("a", "b"),
        ),
        (
            {
                "parent": "conversion_plus",
                "carrier_in": ["a", "b"],
                "carrier_out": "c",
                "carrier_out_2": ["d", "e"],
                "primary_carrier_in": "b",
                "primary_carrier_out": "d",
            },
            {"in": ("a", "b"), "out": ("c",), "out_2": ("d", "e")},
            ("b", "d"),
        ),
    ],
)
def test_carriers_of_each_base(
    essentials: dict[str, Any], carriers: dict[str, Any], primary: tuple[str, str]
):
    tech = technologies({"t": {"essentials": essentials}})["t"]
    assert tech.carriers == carriers
    assert (tech.primary_in, tech.primary_out) == primary


def test_colours_come_from_the_palette_and_names_from_the_key(tmp_path: Path):
    data = read(tmp_path)
    assert list(data.inputs["tech_color"].values) == list(PALETTE[:3])
    assert list(data.inputs["tech_name"].values) == ["demand_el", "Grid", "line"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("techs.grid.essentials.parent: suply", "Did you mean `supply`"),
        ("techs.grid.essentials.parent: demand_el", "this is a technology"),
        ("techs.x.essentials.carrier: el", "a parent is missing"),
        ("techs.x: ", "must be a mapping"),
        ("techs.x: [1]", "must be a mapping"),
        ("techs.'x:y': {essentials: {parent: supply, carrier: el}}", "no colon or comma"),
        ("tech_groups.g.constraints.lifetime: 3", "needs `essentials.parent`"),
        ("tech_groups.grid.essentials.parent: supply", "share this name"),
        (
            "tech_groups: {g.essentials.parent: h, h.essentials.parent: g}\n"
            "techs.x.essentials: {parent: g, carrier: el}",
            "inherits from itself: g -> h -> g",
        ),
        ("techs.grid.essentials.carrier_in_9: el", "no such carrier tier"),
        ("techs.grid.essentials.carrier: resource", "called `resource`"),
        ("techs.grid.essentials.carrier: null", "`carrier` or `carrier_out` is missing"),
        ("techs.grid.essentials.carrier_out: [electricity, b]", "only conversion_plus"),
        ("techs.grid.essentials.carrier_in: gas", "no carrier on this side"),
        ("techs.x.essentials: {parent: conversion, carrier: el}", "`carrier_in` is missing"),
        (
            "techs.x.essentials: {parent: conversion_plus, carrier_in: a, carrier_out: [b, c]}",
            "`primary_carrier_out` is missing, and there are several carriers: b, c",
        ),
        (
            "techs.x.essentials: {parent: conversion_plus, carrier_in: a, carrier_out: heat,"
            " primary_carrier_out: heet}",
            "Did you mean `heat`",
        ),
        ("techs.grid.energy_eff: 3", "unknown key of a technology"),
        ("techs.grid.exists: 1", "must be true or false"),
    ],
)
def test_faults_of_technologies_are_told(tmp_path: Path, override: str, message: str):
    assert any(message in p for p in problems(tmp_path, override))


def test_a_key_at_the_wrong_level_only_warns_when_not_strict(tmp_path: Path):
    data = read(tmp_path, "techs.grid.energy_eff: 3", strict=False)
    assert np.isnan(data.value("energy_eff", default=False)).all()
    assert "it is ignored" in data.warnings[0]


def test_a_technology_that_does_not_exist_is_left_out_everywhere(tmp_path: Path):
    data = read(
        tmp_path,
        "techs.gas: {exists: false, essentials: {parent: supply, carrier: electricity}}\n"
        "locations.a.techs.gas: ",
    )
    assert "gas" not in data.inputs["tech"].values
    assert "a::gas" not in data.inputs["node"].values
    assert "left out" in data.warnings[0]


def test_lists_of_what_is_allowed_may_be_extended(tmp_path: Path):
    override = "techs.grid.constraints.my_limit: 3"
    assert "unknown constraint" in problems(tmp_path, override)[0]
    group = "tech_groups.mine: {essentials.parent: supply, allowed_constraints: [my_limit]}"
    data = read(tmp_path, f"{override}\ntechs.grid.essentials.parent: mine\n{group}")
    assert data.value("my_limit")[list(data.inputs["node"].values).index("a::grid")] == 3


def test_required_constraints_may_be_set_for_a_group(tmp_path: Path):
    override = "tech_groups.supply.required_constraints: [lifetime, [energy_cap_max, units_max]]"
    found = problems(tmp_path, override)
    assert any("must define `lifetime`" in p for p in found)
    assert any("`energy_cap_max` or `units_max`" in p for p in found)
    read(tmp_path, override + "\ntechs.grid.constraints: {lifetime: 3, energy_cap_max: 4}")


def test_systemwide_limits_belong_to_the_technology(tmp_path: Path):
    data = read(tmp_path, "techs.grid.constraints.energy_cap_max_systemwide: 7")
    values = data.inputs["tech_energy_cap_max_systemwide"]
    assert values.sel(tech="grid") == 7
    assert np.isnan(values.sel(tech="line"))
    found = problems(tmp_path, "locations.a.techs.grid.constraints.energy_cap_max_systemwide: 7")
    assert "belong to the technology" in found[0]


def test_an_empty_tree_has_no_technologies():
    assert read_technologies(Tree(), Report()) == {}
