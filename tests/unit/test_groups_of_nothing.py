"""Group constraints whose technologies and locations have nothing that they limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.errors import InfeasibleError
from anello.optimise.formulation import formulate
from anello.optimise.solve import compile_problem, solve
from small_model import read

# Demand is at `a` alone, and no technology has a cost of investment or gives heat.
PRICED = {"techs": {"grid": {"costs": {"co2": {"om_prod": 0.3}}}}}


def solved(folder: Path, group: dict[str, Any]) -> float:
    data = read(folder, {**PRICED, "group_constraints": {"g": group}})
    return float(solve(compile_problem(formulate(data))).objective)


@pytest.mark.parametrize("limit", ["cost", "cost_var", "cost_investment"])
@pytest.mark.parametrize("cost_class", ["monetary", "co2"])
def test_no_minimum_of_a_cost_holds_where_no_technology_has_it(
    tmp_path: Path, limit: str, cost_class: str
):
    """Calliope 0.6.10 finds these infeasible, too."""
    techs = ["demand_el"] if limit != "cost_investment" else ["grid"]
    group = {"techs": techs, f"{limit}_min": {cost_class: 5}}
    with pytest.raises(InfeasibleError):
        solved(tmp_path, group)
    group = {"techs": techs, f"{limit}_max": {cost_class: 5}}
    assert solved(tmp_path, group) == pytest.approx(solved(tmp_path, {"energy_cap_min": 0}))


MIXED = """
model: {timeseries_data_path: series}
run: {ensure_feasibility: false}
techs:
  demand_el: {essentials: {parent: demand, carrier: electricity}}
  grid:
    essentials: {parent: supply, carrier: electricity}
    constraints: {energy_cap_max: 1000, lifetime: 10}
    costs.monetary: {om_prod: 0.1, energy_cap: 1, interest_rate: 0.1}
  dear:
    essentials: {parent: supply, carrier: electricity}
    constraints.energy_cap_max: 1000
    costs.monetary.om_prod: 0.2
  battery:
    essentials: {parent: storage, carrier: electricity}
    constraints: {energy_cap_max: 50, storage_cap_max: 50, energy_eff: 0.95}
  pv:
    essentials: {parent: supply_plus, carrier: electricity}
    constraints: {resource: 1, energy_cap_max: 3, resource_unit: energy}
  nowhere: {essentials: {parent: supply, carrier: electricity}}
  line:
    essentials: {parent: transmission, carrier: electricity}
    constraints.energy_cap_max: 100
locations:
  a.techs:
    demand_el.constraints.resource: file=demand.csv
    grid:
    battery:
  b.techs: {dear: , pv: }
links.a,b.techs.line:
"""


def told(folder: Path, override: Any, model: str = MIXED) -> list[str]:
    warnings = read(folder, override, model).warnings
    return [warning for warning in warnings if "group" in warning]


@pytest.mark.parametrize(
    ("group", "lacking"),
    [
        ({"techs": ["demand_el"], "energy_cap_max": 5}, "`demand_el` is a `demand`"),
        ({"techs": ["pv"], "storage_cap_max": 5}, "`pv` has no store"),
        ({"techs": ["grid"], "resource_area_equals": 5}, "`grid` has no area"),
        ({"techs": ["battery"], "carrier_prod_max.electricity": 5}, "`battery` is a `storage`"),
        ({"techs": ["grid"], "carrier_con_min.electricity": 5}, "`grid` is a `supply`"),
        ({"techs": ["line"], "net_import_share_max.electricity": 0.1}, "no location outside"),
        ({"techs": ["nowhere"], "energy_cap_max": 5}, "none of its `techs` is at any location"),
        ({"techs": ["dear"], "locs": ["a"], "energy_cap_max": 5}, "at none of its locations"),
        ({"locs": ["b"], "storage_cap_equals": 5}, "there is none at its locations"),
        ({"locs": ["b"], "demand_share_max.electricity": 0.5}, "no demand for `electricity`"),
        ({"techs": ["demand_el"], "cost_max.monetary": 5}, "`demand_el` has none of these"),
        ({"techs": ["demand_el"], "cost_min.monetary": 5}, "cannot be met: it counts costs"),
        ({"techs": ["demand_el"], "cost_investment_min.monetary": 5}, "is a `demand`"),
        (
            {"techs": ["battery"], "demand_share_per_timestep_decision.electricity": 0.5},
            "`battery` is a `storage`",
        ),
        ({"techs": ["grid"]}, "limits nothing"),
    ],
)
def test_a_limit_on_nothing_is_told(tmp_path: Path, group: dict[str, Any], lacking: str):
    found = told(tmp_path, {"group_constraints": {"g": group}})
    assert [("`group_constraints.g" in one, lacking in one) for one in found] == [(True, True)]


@pytest.mark.parametrize(
    ("group", "lacking"),
    [
        (
            {"techs": ["grid", "battery"], "carrier_prod_max.electricity": 200},
            "`battery` is not counted by `carrier_prod_max`: it is a `storage`",
        ),
        (
            {"techs": ["grid", "dear"], "locs": ["a"], "energy_cap_max": 30},
            "`dear` is not counted by `energy_cap_max`: it is at none of its locations",
        ),
        (
            {"techs": ["grid", "dear"], "cost_investment_max.monetary": 30},
            "`dear` is not counted by `cost_investment_max`: it has none of these",
        ),
    ],
)
def test_a_technology_that_is_not_counted_is_told(
    tmp_path: Path, group: dict[str, Any], lacking: str
):
    found = told(tmp_path, {"group_constraints": {"g": group}})
    assert [lacking in one for one in found] == [True]


def test_limits_of_one_group_count_what_each_may(tmp_path: Path):
    group = {"techs": ["grid", "battery"], "energy_cap_max": 30, "storage_cap_max": 10}
    first, second = told(tmp_path, {"group_constraints": {"g": group}})
    assert "`grid` is not counted by `energy_cap_max`: it is a `supply`, which another" in first
    assert "`grid` is not counted by `storage_cap_max`: it is a `supply`." in second


@pytest.mark.parametrize(
    "group",
    [
        {"techs": ["grid", "battery", "line"], "energy_cap_max": 30},
        {"techs": ["grid", "nowhere"], "energy_cap_max": 30},
        {"techs": ["battery"], "carrier_prod_min.electricity": 0},
        {"techs": ["battery"], "carrier_prod_max.electricity": float("inf")},
        {"techs": ["battery"], "carrier_prod_max": None},
        {"techs": ["battery"], "carrier_prod_max.electricity": 3, "exists": False},
        {"techs": ["line"], "locs": ["a"], "net_import_share_max.electricity": 0.1},
        {"techs": ["grid", "line", "demand_el"], "cost_max.monetary": 1e4, "locs": ["c"]},
    ],
)
def test_a_group_that_says_what_it_can_is_not_told(tmp_path: Path, group: dict[str, Any]):
    dear = {"techs.line.costs.monetary.om_prod": 0, "techs.demand_el.costs.monetary.om_con": 0}
    both = {"locations.c.techs": {"grid": None, "demand_el.constraints.resource": -1}}
    links = {"links.c,a.techs.line": None}
    assert not told(tmp_path, {"group_constraints": {"g": group}, **dear, **both, **links})


def test_a_list_of_nothing_limits_nothing(tmp_path: Path):
    """Calliope 0.6.10 leaves such a group out; it is not one of all technologies."""
    free = solved(tmp_path, {"energy_cap_min": 0})
    for empty in ({"techs": []}, {"locs": []}, {"techs": ["line"], "locs": ["a"]}):
        assert solved(tmp_path, {**empty, "energy_cap_max": 0.0}) == pytest.approx(free)


@pytest.mark.parametrize(
    ("groups", "optimum"),
    [
        ({}, 27.610255),
        (
            {"techs": ["grid", "dear"], "demand_share_per_timestep_decision.electricity": None},
            27.667486,
        ),
        ({"techs": ["grid", "battery"], "carrier_prod_max.electricity": 200}, 35.204979),
    ],
)
def test_groups_have_the_optimum_of_calliope(
    tmp_path: Path, groups: dict[str, Any], optimum: float
):
    """Calliope 0.6.10 with CBC: shares without a given sum are decided, storage is not counted."""
    override = {"group_constraints": {"g": groups}} if groups else {}
    data = read(tmp_path, override, MIXED)
    found = float(solve(compile_problem(formulate(data))).objective)
    assert found == pytest.approx(optimum, rel=1e-6)


@pytest.mark.parametrize(
    ("listed", "limit", "what"),
    [
        ("grid,battery", {"energy_cap_max": 0.5}, "`battery` adds nothing"),
        ("grid,battery", {"carrier_prod_max": {"electricity": 0.5}}, "this is a `storage`"),
        ("line", {"energy_cap_min": 0.5}, "`line` adds nothing"),
    ],
)
def test_what_adds_nothing_to_a_share_is_told(
    tmp_path: Path, listed: str, limit: dict[str, Any], what: str
):
    shares = {"model": {"group_share": {listed: limit}}}
    assert [what in one for one in told(tmp_path, shares) if "deprecated" not in one] == [True]
    good = {"model": {"group_share": {"grid,dear": limit}}}
    assert all("deprecated" in one for one in told(tmp_path, good))
