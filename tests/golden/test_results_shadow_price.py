"""A shadow price is what one more kWh of demand costs: told by the dual, proved by asking."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.results import extract
from anello.optimise.solve import compile_problem, solve

DEMAND = [30.0, 60.0, 90.0, 45.0]
PRICE = {"cheap": 0.1, "dear": 0.4}


def model(extra_step: int | None = None, extra_kwh: float = 0.0):
    demand = np.array(DEMAND)
    if extra_step is not None:
        demand[extra_step] += extra_kwh
    index = pd.date_range("2015-01-01", periods=4, freq="h")
    frame = pd.DataFrame({"a": -demand}, index=index)
    supply = {
        name: {
            "essentials": {"name": name, "parent": "supply", "carrier": "electricity"},
            "constraints": {
                "resource": float("inf"),
                "energy_cap_equals": cap,
                "lifetime": 20,
            },
            "costs": {"monetary": {"om_prod": PRICE[name], "interest_rate": 0.1}},
        }
        for name, cap in (("cheap", 50.0), ("dear", 100.0))
    }
    config = {
        "model": {"name": "two plants", "calliope_version": "0.6.10"},
        "run": {"solver": "cbc", "mode": "plan", "ensure_feasibility": True, "bigM": 1e3},
        "techs": {
            **supply,
            "load": {
                "essentials": {"name": "Load", "parent": "demand", "carrier": "electricity"},
                "constraints": {"resource": "df=demand"},
            },
        },
        "locations": {"a": {"techs": {"cheap": None, "dear": None, "load": None}}},
    }
    return read_model(config, timeseries_dataframes={"demand": frame})


def solved(**changes):
    data = model(**changes)
    return data, solve(compile_problem(formulate(data)))


def test_the_price_is_that_of_the_plant_at_the_margin():
    results = extract(*solved())
    price = results["shadow_price"].sel(loc="a", carrier="electricity").values
    assert price == pytest.approx([0.1, 0.4, 0.4, 0.1], abs=1e-6)


@pytest.mark.parametrize("step", range(4))
def test_one_more_kwh_costs_what_the_shadow_price_says(step):
    before_data, before = solved()
    _, after = solved(extra_step=step, extra_kwh=1.0)
    price = extract(before_data, before)["shadow_price"].sel(loc="a", carrier="electricity")
    assert after.objective - before.objective == pytest.approx(float(price[step]), abs=1e-6)


def test_unserved_demand_has_the_price_of_its_penalty():
    data, solution = solved(extra_step=2, extra_kwh=100.0)
    results = extract(data, solution)
    unmet = results["unmet_demand"].sel(loc="a", carrier="electricity").values
    assert unmet == pytest.approx([0, 0, 40, 0])
    assert float(results["shadow_price"].sel(loc="a", carrier="electricity")[2]) == pytest.approx(
        1e3
    )
    assert results.attrs["objective"] - results.attrs["cost_objective"] == pytest.approx(40e3)
