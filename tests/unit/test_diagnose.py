"""Infeasible models are explained: the right constraint, place, carrier and hour, in words."""

from __future__ import annotations

import time

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linear_programmes as lp
import small_models
from anello.errors import InfeasibleError
from anello.optimise.formulation import formulate
from anello.optimise.solve import compile_problem, explain_infeasibility, solve
from anello.optimise.solve.optimise import optimise

HOURS = 12
INF = np.inf


def problem(changes, hours=HOURS):
    """Compile a model that reading would refuse as certainly short of something."""
    data = small_models.data({**changes, "run.ensure_feasibility": True}, hours)
    data.config["run"]["ensure_feasibility"] = False
    return compile_problem(formulate(data))


def only(diagnosis):
    assert len(diagnosis.findings) == 1, str(diagnosis)
    return diagnosis.findings[0]


def test_demand_above_capacity_names_place_carrier_hour_amount_and_limits():
    p = problem({
        "techs.boiler.constraints.energy_cap_equals": 0,
        "techs.heat_pump.constraints.energy_cap_max": 37,
        "techs.tank.exists": False,
    })  # fmt: skip
    found = only(explain_infeasibility(p))
    # a wants 30 - 9 sin((t-7)·2π/24): 39 at 01:00, and more than 37 from 00:00 to 03:00.
    assert (found.constraint, found.labels) == ("system_balance", ("a", "heat"))
    assert found.steps[0] == "2019-03-04 01:00"
    assert sorted(found.steps) == [f"2019-03-04 0{t}:00" for t in range(4)]
    assert found.amounts[0] == pytest.approx(2.0)
    assert found.text.startswith(
        "at a, carrier heat is short of 2 kWh at 2019-03-04 01:00 and in 3 more steps"
    )
    assert "demand_heat takes 39 kWh" in found.text
    assert "heat_pump gives 37 kWh (at most 37 kW)" in found.text
    parties = "\n".join(explain_infeasibility(p).parties)
    assert "heat_pump at a has a capacity of at most 37 kW" in parties
    assert "demand_heat at a wants exactly 39 kWh (balance_demand) at 2019-03-04 01:00" in parties


def test_a_store_that_runs_empty_is_short_in_few_hours():
    p = problem({
        "techs.boiler.constraints.energy_cap_equals": 0,
        "techs.heat_pump.constraints.energy_cap_max": 30,
    })  # fmt: skip
    found = only(explain_infeasibility(p))
    assert found.labels == ("a", "heat")
    assert len(found.steps) <= 4


def test_supply_that_nothing_takes():
    p = problem({
        "techs.pv.constraints.force_resource": True,
        "techs.pv.constraints.resource_area_equals": 900,
        "techs.grid.constraints.energy_cap_max": 100,
        "techs.line.exists": False,
    })  # fmt: skip
    diagnosis = explain_infeasibility(p)
    assert "left with" in str(diagnosis)
    assert "that nothing takes" in str(diagnosis)
    assert {f.labels for f in diagnosis.findings} == {("b", "electricity")}


def test_groups_that_contradict_each_other():
    p = problem({
        "group_constraints.low": {"techs": ["pv"], "energy_cap_min": 9},
        "group_constraints.high": {"techs": ["pv"], "energy_cap_max": 5},
    })  # fmt: skip
    diagnosis = explain_infeasibility(p)
    names = {only(diagnosis).labels[0]} | {
        name for name in ("low", "high") if any(f"[{name}]" in q for q in diagnosis.parties)
    }
    assert names == {"low", "high"}
    assert only(diagnosis).amounts[0] == pytest.approx(4, abs=1e-6) or only(diagnosis).amounts[
        0
    ] == pytest.approx(-4, abs=1e-6)


def test_shares_that_add_up_to_more_than_one():
    p = problem({
        "group_constraints.x": {"techs": ["heat_pump"], "demand_share_min": {"heat": 0.7}},
        "group_constraints.y": {"techs": ["boiler"], "demand_share_min": {"heat": 0.7}},
    })  # fmt: skip
    diagnosis = explain_infeasibility(p)
    assert only(diagnosis).constraint == "group_demand_share_min"
    other = "[y, heat]" if only(diagnosis).labels[0] == "x" else "[x, heat]"
    assert any(other in party for party in diagnosis.parties)


def test_a_budget_that_is_too_small():
    p = problem({"group_constraints.cheap.cost_max.monetary": 10})
    found = only(explain_infeasibility(p))
    assert found.constraint == "group_cost_max"
    least = solve(problem({})).objective
    assert -found.amounts[0] == pytest.approx(least - 10, rel=1e-6)
    assert "asks for at most 10 and is exceeded at" in found.text


def test_initial_level_against_depth_of_discharge():
    p = problem({"techs.tank.constraints.storage_initial": 0.5})
    rows = p.constraints["storage_max"]
    p.row_upper[rows.start + HOURS - 1] = -25  # the last level is at most 15 of 40
    found = only(explain_infeasibility(p))
    assert found.constraint == "storage_initial"
    assert found.labels == ("a::tank",)


def test_minimum_load_above_demand():
    p = problem({
        "techs.chp.constraints.energy_cap_min_use": 1.0,
        "techs.chp.constraints.energy_cap_equals": 40,
    })  # fmt: skip
    found = only(explain_infeasibility(p))
    assert found.constraint == "carrier_production_min_conversion_plus"
    assert found.labels == ("b::chp",)
    assert len(found.steps) == HOURS
    assert "falls short by" in found.text


def test_a_users_own_constraint():
    model = small_models.model(hours=HOURS)
    model.wish = pyo.Constraint(expr=model.storage["a::tank", "2019-03-04 03:00"] >= 55)
    found = only(explain_infeasibility(compile_problem(model)))
    assert found.text == "your constraint wish asks for at least 55 and falls short at 40"


def test_capacities_give_way_when_wishes_do_not_suffice():
    p = problem({"techs.tank.constraints.energy_cap_per_storage_cap_equals": 0.1})
    # 12 kW, 40 kWh and 0.1 kW/kWh cannot all hold; the ratio is the wish among them.
    found = only(explain_infeasibility(p))
    assert found.constraint == "energy_capacity_storage_equals"
    p.col_upper[p.variables["energy_cap"].start] = 3.0
    p.row_lower[p.constraints["energy_capacity"].start] = 8.0
    diagnosis = explain_infeasibility(p)
    assert "energy_capacity" in {f.constraint for f in diagnosis.findings}


def test_whole_numbers_in_the_way():
    p = lp.problem([[2, 2]], [3], [3], 0, 5, [1, 1], integer=[True, True])
    found = only(explain_infeasibility(p))
    assert abs(found.amounts[0]) == pytest.approx(1)


def test_crossed_bounds_of_a_variable():
    with pytest.raises(InfeasibleError, match=r"x\[0\] has a lower bound above"):
        explain_infeasibility(lp.problem([[1]], [0], [9], 3, 2, [1]))


def test_a_feasible_problem_is_said_to_be():
    diagnosis = explain_infeasibility(problem({}))
    assert diagnosis.feasible
    assert not diagnosis.findings


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_the_error_of_a_solve_carries_the_explanation(solver, tmp_path):
    p = problem({"group_constraints.cheap.cost_max.monetary": 10})
    with pytest.raises(InfeasibleError, match=r"The smallest change[\s\S]*group_cost_max\[cheap"):
        solve(p, solver, log_path=tmp_path / "log")
    with pytest.raises(InfeasibleError) as caught:
        solve(p, solver, explain=False)
    assert "smallest change" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(lp.bounded_problems(), st.data())
def test_giving_way_as_told_makes_any_problem_feasible(p, data):
    """Loosen the rows found by the amounts found, and there is a solution."""
    if not p.n_rows:
        return
    row = data.draw(st.integers(0, p.n_rows - 1))
    p.row_lower[row] = p.row_upper[row] = data.draw(st.integers(-40, 40))
    diagnosis = explain_infeasibility(p)
    if diagnosis.feasible:
        optimise(p)
        return
    for found in diagnosis.findings:
        number = p.constraints["r"].positions()[found.labels]
        for amount in found.amounts:
            p.row_lower[number] -= max(amount, 0) + 1e-6
            p.row_upper[number] += max(-amount, 0) + 1e-6
    optimise(p)


def test_a_quarter_of_a_year_takes_seconds():
    hours = 24 * 91
    p = problem({
        "techs.boiler.constraints.energy_cap_equals": 9,
        "techs.heat_pump.constraints.energy_cap_max": 18,
    }, hours)  # fmt: skip
    start = time.process_time()
    diagnosis = explain_infeasibility(p)
    assert time.process_time() - start < 20
    assert diagnosis.findings
    assert len(str(diagnosis)) < 3000
