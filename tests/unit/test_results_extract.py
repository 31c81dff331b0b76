"""Laying a solution out as a data set."""

from __future__ import annotations

import numpy as np
import pytest

from anello.errors import EnergyAuditError, SolveError
from anello.optimise.results import extract
from anello.optimise.results.variables import RESULT_VARIABLES, UNIT_SUFFIX, describe
from results_fakes import FakeData, fake_inputs, fake_solution


def test_values_stand_where_the_model_has_the_item_and_nan_elsewhere():
    results = extract(FakeData(fake_inputs()), fake_solution())
    production = results["carrier_prod"]
    assert production.dims == ("node", "carrier", "timestep")
    assert (production.sel(node="a::hp", carrier="heat") > 0).all()
    assert production.sel(node="a::hp", carrier="electricity").isnull().all()
    assert production.sel(node="a::demand_heat").isnull().all()
    # a node that may produce and does not has zeros, not gaps
    assert (production.sel(node="a::line:b", carrier="electricity") == 0).all()
    assert results["storage"].sel(node="a::tes").notnull().all()
    assert results["storage"].drop_sel(node="a::tes").isnull().all()


def test_nodes_carry_location_technology_base_and_partner():
    results = extract(FakeData(fake_inputs()), fake_solution())
    line = results.sel(node="a::line:b")
    found = [str(line[f"node_{part}"].item()) for part in ("loc", "tech", "base", "remote")]
    assert found == ["a", "line:b", "transmission", "b::line:a"]


def test_every_variable_says_its_units_and_its_name():
    results = extract(FakeData(fake_inputs()), fake_solution())
    for name, array in results.data_vars.items():
        assert array.attrs["units"], name
        assert array.attrs["long_name"], name
    assert results["carrier_prod"].attrs["units"] == "kWh"
    assert results["energy_cap"].attrs["units"] == "kW"
    assert results["timestep"].attrs["standard_name"] == "time"


def test_values_below_the_threshold_become_zero_and_that_is_recorded():
    results = extract(FakeData(fake_inputs()), fake_solution())
    assert (results["unmet_demand"].fillna(0) == 0).all()
    assert results.attrs["zero_threshold_applied_to"] == "unmet_demand"
    assert not np.signbit(
        results["carrier_con"].fillna(0).values[results["carrier_con"].values == 0]
    ).any()


def test_a_threshold_of_zero_cleans_nothing():
    data = FakeData(fake_inputs(), {"run": {"zero_threshold": 0}})
    results = extract(data, fake_solution())
    assert results["unmet_demand"].sel(loc="a", carrier="heat").values == pytest.approx(1e-13)


def test_costs_have_their_own_dimension_beside_the_variable_of_that_name():
    results = extract(FakeData(fake_inputs()), fake_solution())
    assert results["cost"].dims == ("cost_class", "node")
    assert float(results["cost"].sel(cost_class="monetary", node="a::hp")) > 50
    assert np.isnan(results["cost"].sel(cost_class="co2", node="a::hp"))


@pytest.mark.parametrize("weight", [1.0, 30.0])
def test_shadow_price_is_the_dual_per_like_step(weight):
    results = extract(FakeData(fake_inputs(weight=weight)), fake_solution())
    price = results["shadow_price"]
    assert price.attrs["display_units"] == "cost unit/kWh"
    assert price.sel(loc="b", carrier="electricity").values == pytest.approx(0.6 / weight)
    assert price.sel(loc="b", carrier="heat").isnull().all()


def test_without_duals_there_is_no_shadow_price():
    solution = fake_solution()
    solution.problem.constraints.clear()
    assert "shadow_price" not in extract(FakeData(fake_inputs()), solution)


def test_a_model_with_integers_has_no_shadow_price_but_all_its_labels():
    solution = fake_solution()
    solution._duals["system_balance"][:] = np.nan
    for name in ("unmet_demand", "unused_supply"):
        del solution.problem.variables[name]
    results = extract(FakeData(fake_inputs()), solution)
    assert "shadow_price" not in results
    assert results["loc"].values.tolist() == ["a", "b"]


def test_duals_of_a_constraint_are_kept_on_request():
    results = extract(FakeData(fake_inputs()), fake_solution(), duals=("system_balance",))
    assert results["dual_system_balance"].attrs["kind"] == "dual"
    assert float(results["dual_system_balance"].sel(loc="a", carrier="heat")[0]) == 0.085


def test_a_user_variable_the_table_does_not_know_is_kept():
    solution = fake_solution()
    solution._values["comfort_gap"] = np.array([1.5])
    block = type(solution.problem.variables["storage_cap"])("comfort_gap", {"loc": ("b",)}, None)
    solution.problem.variables["comfort_gap"] = block
    results = extract(FakeData(fake_inputs()), solution)
    assert results["comfort_gap"].sel(loc="b") == 1.5
    assert results["comfort_gap"].attrs["long_name"] == "Comfort gap"


def test_an_open_balance_is_refused_with_place_time_and_amount():
    solution = fake_solution()
    solution._values["carrier_prod"][1, 3] += 7.0
    with pytest.raises(
        EnergyAuditError, match=r"heat at a .* 7 kWh .* 2015-01-01T03:00 \(1 such step"
    ):
        extract(FakeData(fake_inputs()), solution)
    results = extract(FakeData(fake_inputs()), solution, audit=False)
    assert results.sizes["timestep"] == 6


def test_a_value_that_is_no_number_is_refused():
    solution = fake_solution()
    solution._values["storage_cap"] = np.array([np.nan])
    with pytest.raises(SolveError, match="storage_cap"):
        extract(FakeData(fake_inputs()), solution)


def test_an_item_the_model_does_not_have_is_named():
    solution = fake_solution()
    keys = solution.problem.variables["storage_cap"].keys
    keys["node"] = ("a::tank",)
    with pytest.raises(KeyError, match="a::tank"):
        extract(FakeData(fake_inputs()), solution)


def test_the_table_of_variables_is_complete():
    for name, entry in RESULT_VARIABLES.items():
        assert entry.name == name
        assert entry.long_name[0].isupper()
        assert (entry.display_units or entry.units) in UNIT_SUFFIX
        assert describe(name)["kind"] == entry.kind


def test_the_reference_page_has_the_table_of_this_version(repo_root, tmp_path):
    from anello.optimise.results.variables_page import reference_table, update_reference

    page = repo_root / "docs/reference/results.md"
    assert reference_table() in page.read_text(), (
        "run python -m anello.optimise.results.variables_page docs/reference/results.md"
    )
    copy = tmp_path / "results.md"
    copy.write_text(page.read_text().replace("Carrier production", "Something else"))
    assert update_reference(copy)
    assert copy.read_text() == page.read_text()
    assert not update_reference(copy)


def test_what_else_stands_in_the_balance_is_kept_and_counted():
    solution = fake_solution()
    solution._values["carrier_prod"][0, 2] += 4.0  # drawn by something that is no technology
    problem = solution.problem
    row = problem.constraints["system_balance"].start + 2  # electricity at a, third step
    problem.indptr[row + 1 :] = 1
    problem.indices, problem.data = np.array([100_000]), np.array([-2.0])
    solution.x = np.zeros(100_001)
    solution.x[100_000] = 2.0
    results = extract(FakeData(fake_inputs()), solution)
    other = results["carrier_other"].sel(loc="a", carrier="electricity")
    assert other.values.tolist() == [0, 0, -4.0, 0, 0, 0]


def test_dimensions_that_only_the_problem_has_are_kept():
    solution = fake_solution()
    block = type(solution.problem.variables["storage_cap"])
    keys = {"device": ("wells", "dry_cooler")}
    solution.problem.variables["ring_heat"] = block("ring_heat", keys, 6, 0, "timestep")
    solution._values["ring_heat"] = np.arange(12.0).reshape(2, 6)
    results = extract(FakeData(fake_inputs()), solution)
    assert results["ring_heat"].sel(device="dry_cooler").values.tolist() == [6, 7, 8, 9, 10, 11]
    assert results["device"].attrs["long_name"] == "Device of the balancing plant"
