"""Group constraints whose technologies and locations have nothing that they limit."""

from __future__ import annotations

import logging
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


@pytest.mark.parametrize(
    ("group", "lacking"),
    [
        ({"techs": ["demand_el"], "energy_cap_min": 5}, "the `energy_cap` of supply"),
        ({"storage_cap_equals": 5}, "the `storage_cap` of storage"),
        ({"techs": ["line"], "carrier_prod_min": {"electricity": 5}}, "`electricity` from supply"),
        ({"techs": ["grid"], "carrier_con_min": {"electricity": 5}}, "`electricity` into conver"),
        ({"techs": ["demand_el"], "locs": ["b"], "cost_min": {"co2": 5}}, "the costs of supply"),
        ({"locs": ["b"], "demand_share_max": {"electricity": 0.5}}, "no demand for `electricity`"),
    ],
)
def test_a_limit_on_nothing_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, group: dict[str, Any], lacking: str
):
    with caplog.at_level(logging.WARNING, logger="anello"):
        found = solved(tmp_path, group)
    assert [lacking in message for message in caplog.messages] == [True]
    assert found == pytest.approx(solved(tmp_path, {"energy_cap_min": 0}))


def test_a_limit_that_nothing_meets_as_well_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, logger="anello"):
        solved(tmp_path, {"techs": ["demand_el"], "energy_cap_max": 5})
    assert not caplog.messages
