"""Derived quantities, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from anello.optimise.results import capacity_factor, extract
from anello.optimise.results.postprocess import carrier_balance_residual, check_carrier_balance
from results_fakes import FakeData, fake_inputs, fake_solution


def solved(hours: float = 1.0, weight: float = 1.0):
    return extract(FakeData(fake_inputs(hours, weight)), fake_solution(scale=hours))


def test_capacity_factor_is_a_share_of_the_power():
    # the heat pump gives 48 and 32 kWh by turns from 50 kW
    factor = solved()["capacity_factor"].sel(node="a::hp", carrier="heat")
    assert factor.values[:2] == pytest.approx([0.96, 0.64])


def test_capacity_factor_does_not_depend_on_the_length_of_the_step():
    hourly = solved(1.0)["capacity_factor"]
    half_hourly = solved(0.5)["capacity_factor"]
    np.testing.assert_allclose(half_hourly.values, hourly.values)


def test_calliope_leaves_the_length_of_the_step_out():
    results = solved(3.0)
    there = capacity_factor(results, compat="calliope-0.6").sel(node="a::hp", carrier="heat")
    here = results["capacity_factor"].sel(node="a::hp", carrier="heat")
    assert there.values == pytest.approx(3.0 * here.values)


def test_a_model_can_ask_for_the_oddity():
    data = FakeData(fake_inputs(3.0), {"run": {"compat": "calliope-0.6"}})
    factor = extract(data, fake_solution(scale=3.0))["capacity_factor"]
    assert float(factor.sel(node="a::hp", carrier="heat")[0]) == pytest.approx(3 * 0.96)


def test_capacity_factor_without_capacity_is_zero_and_without_production_absent():
    solution = fake_solution()
    solution._values["energy_cap"][5] = 0.0  # b::line:a
    factor = extract(FakeData(fake_inputs()), solution)["capacity_factor"]
    assert (factor.sel(node="b::line:a", carrier="electricity") == 0).all()
    assert factor.sel(node="b::line:a", carrier="heat").isnull().all()


def test_infinite_capacity_is_used_to_nothing():
    solution = fake_solution()
    solution._values["energy_cap"][0] = np.inf
    results = extract(FakeData(fake_inputs()), solution)
    assert (results["capacity_factor"].sel(node="a::grid", carrier="electricity") == 0).all()
    assert results["systemwide_capacity_factor"].sel(tech="grid", carrier="electricity") == 0


@pytest.mark.parametrize(("hours", "weight"), [(1.0, 1.0), (0.5, 1.0), (1.0, 7.0)])
def test_systemwide_capacity_factor(hours, weight):
    found = solved(hours, weight)["systemwide_capacity_factor"]
    assert float(found.sel(tech="hp", carrier="heat")) == pytest.approx(0.8)
    assert np.isnan(found.sel(tech="hp", carrier="electricity"))


def test_levelised_cost_counts_production_with_its_weight():
    # 6 steps make 240 kWh of heat; cost is given, already weighted
    for weight in (1.0, 4.0):
        results = solved(weight=weight)
        cost = float(results["cost"].sel(cost_class="monetary", node="a::hp"))
        found = results["systemwide_levelised_cost"].sel(tech="hp", carrier="heat")
        assert float(found.sel(cost_class="monetary")) == pytest.approx(cost / (240.0 * weight))


def test_total_levelised_cost_leaves_storage_and_links_out():
    results = solved()
    made = 240.0 / 4 + 60.0  # what the grid gives: the heat pump's input and the line's
    cost = float(results["cost"].sel(cost_class="monetary").sum())
    found = results["total_levelised_cost"].sel(carrier="electricity", cost_class="monetary")
    assert float(found) == pytest.approx(cost / made)


def test_cost_without_production_is_infinitely_dear():
    solution = fake_solution()
    solution._values["carrier_prod"][1] = 0.0
    results = extract(FakeData(fake_inputs()), solution, audit=False)
    found = results["systemwide_levelised_cost"].sel(
        tech="hp", carrier="heat", cost_class="monetary"
    )
    assert np.isinf(found)


def test_the_balance_counts_unmet_demand_unused_supply_and_export():
    solution = fake_solution()
    solution._values["carrier_prod"][0, 0] += 3.0
    results = extract(FakeData(fake_inputs()), solution, audit=False)
    assert float(carrier_balance_residual(results).sel(loc="a", carrier="electricity")[0]) == 3.0
    spilt = results.copy(deep=True)
    spilt["unused_supply"].loc[{"loc": "a", "carrier": "electricity"}][0] = -3.0
    assert check_carrier_balance(spilt) < 1e-12
    sold = results.copy(deep=True)
    sold["carrier_export"] = sold["carrier_prod"] * np.nan
    sold["carrier_export"].loc[{"node": "a::grid", "carrier": "electricity"}] = [3.0, 0, 0, 0, 0, 0]
    assert check_carrier_balance(sold) < 1e-12
