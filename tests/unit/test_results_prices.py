"""Prices that something sets, and costs per kWh that add up to the system's cost."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import anello
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.results import extract
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.prices import (
    allocated_cost,
    price_states,
    set_prices,
    steps_without_price,
)
from anello.optimise.results.summary import summarise
from anello.optimise.results.tidy_csv import write_tidy_csv
from anello.optimise.solve import compile_problem, solve
from small_model import write_folder

MODEL = """
model: {timeseries_data_path: series}
run: {ensure_feasibility: true, bigM: 1e6}
techs:
  need: {essentials: {parent: demand, carrier: power}, constraints.resource: file=demand.csv:b}
  want: {essentials: {parent: demand, carrier: heat}, constraints.resource: df=want}
  plant:
    essentials: {parent: supply, carrier: power}
    constraints: {energy_cap_max: 100, lifetime: 10}
    costs.monetary: {om_prod: 0.2, energy_cap: 0.1, interest_rate: 0.1}
  boiler:
    essentials: {parent: conversion, carrier_in: power, carrier_out: heat}
    constraints: {energy_cap_max: 3, energy_eff: 0.9, lifetime: 10}
    costs.emissions.om_prod: 2
locations.a.techs: {need: , want: , plant: , boiler: }
"""


def solved(folder, want, override=None) -> xr.Dataset:
    import pandas as pd

    steps = pd.date_range("2020-01-01", periods=24, freq="h")
    data = read_model(
        write_folder(folder, MODEL),
        override_dict=override,
        timeseries_dataframes={"want": pd.DataFrame({"a": want}, index=steps)},
    )
    return extract(data, solve(compile_problem(formulate(data))))


@pytest.fixture
def day(tmp_path):
    want = np.full(24, -2.0)
    want[:6] = 0.0  # nobody needs heat
    want[20] = -5.0  # more than the boiler can give
    return solved(tmp_path, want)


def test_only_prices_that_something_sets_are_kept(day):
    states = price_states(day).sel(loc="a", carrier="heat").values
    assert list(states[:6]) == ["idle"] * 6
    assert states[20] == "penalty"
    assert (np.delete(states, [*range(6), 20]) == "set").all()
    prices = set_prices(day)
    assert np.nanmax(prices) < 10
    assert int(np.isnan(prices.sel(carrier="heat")).sum()) == 7
    assert steps_without_price(day)["a"] == {
        "heat": {"idle": 6, "penalty": 1},
        "power": {"idle": 0, "penalty": 0},
    }


def test_means_and_tables_hold_only_such_prices(day, tmp_path):
    summary = summarise(collected(day))
    mean = summary["mean_shadow_price_per_kwh"]["a"]
    assert mean["heat"] == pytest.approx(0.2 / 0.9, rel=1e-6)
    assert summary["steps_without_price"]["a"]["heat"] == {"idle": 6, "penalty": 1}
    (path,) = write_tidy_csv(day, tmp_path, ["shadow_price"])
    assert len(path.read_text().splitlines()) == 1 + 48 - 7


def collected(results):
    return CollectedResults(results=results, inputs=xr.Dataset())


@pytest.mark.parametrize("prices", [True, False])
def test_costs_per_kwh_add_up_to_the_cost_of_the_system(day, prices):
    results = day if prices else day.drop_vars("shadow_price")
    found = allocated_cost(results)
    assert found["rule"] == ("value" if prices else "energy")
    for name in results["cost_class"].values:
        total = float(results["cost"].sel(cost_class=name).sum())
        parts = found["carriers"].values()
        assert sum(p["cost"][name] for p in parts) == pytest.approx(total, rel=1e-9)
        sums = (p["cost_per_kwh"][name] * p["delivered_kwh"] for p in parts)
        assert sum(sums) == pytest.approx(total, rel=1e-9)
    assert sum(p["share"] for p in found["carriers"].values()) == pytest.approx(1, rel=1e-12)
    heat, power = found["carriers"]["heat"], found["carriers"]["power"]
    assert heat["delivered_kwh"] == pytest.approx(17 * 2 + 5)
    if prices:  # heat comes from power with losses
        assert heat["cost_per_kwh"]["monetary"] > power["cost_per_kwh"]["monetary"]
    else:
        assert heat["cost_per_kwh"] == pytest.approx(power["cost_per_kwh"])


def test_steps_of_several_hours_have_factors_of_at_most_one_in_every_layout():
    time = {"function": "resample", "function_options": {"resolution": "3h"}}
    override = {"model": {"time": time}}
    model = anello.examples.national_scale(override_dict=override)
    model.run()
    assert float(model.results["capacity_factor"].max()) <= 1 + 1e-9
    copied = anello.examples.national_scale(
        override_dict={**override, "run": {"compat": "calliope-0.6"}}
    )
    copied.run()
    assert float(copied.results["capacity_factor"].max()) == pytest.approx(3.0)
