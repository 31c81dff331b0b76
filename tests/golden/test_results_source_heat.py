"""The price of source heat, and the plant's electricity, in a ring whose numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.formulation.ring_rows import Device, RingRows
from anello.optimise.results import extract
from anello.optimise.results.postprocess import check_carrier_balance
from anello.optimise.solve import compile_problem, solve

HEAT_KWH = np.array([40.0, 80.0, 20.0])
COP, PRICE, PLANT_KWH_PER_KWH, KWH_PER_K = 4.0, 0.2, 0.5, 100.0


def solved(location: str | None = "a"):
    """Heat pump on a ring that stands at its lower bound: all source heat is the heater's."""
    index = pd.date_range("2015-01-01", periods=3, freq="h")
    config = {
        "model": {"name": "ring", "calliope_version": "0.6.10"},
        "run": {"solver": "cbc", "mode": "plan", "ensure_feasibility": False},
        "techs": {
            "grid": {
                "essentials": {"name": "Grid", "parent": "supply", "carrier": "electricity"},
                "constraints": {
                    "resource": float("inf"),
                    "energy_cap_equals": 1e3,
                    "lifetime": 20,
                },
                "costs": {"monetary": {"om_prod": PRICE, "interest_rate": 0.1}},
            },
            "hp": {
                "essentials": {
                    "name": "Heat pump",
                    "parent": "conversion_plus",
                    "primary_carrier_in": "electricity",
                    "primary_carrier_out": "heat",
                    "carrier_in": "electricity",
                    "carrier_out": "heat",
                },
                "constraints": {"energy_eff": COP, "energy_cap_equals": 200, "lifetime": 20},
            },
            "load": {
                "essentials": {"name": "Load", "parent": "demand", "carrier": "heat"},
                "constraints": {"resource": "df=heat"},
            },
        },
        "locations": {"a": {"techs": {"grid": None, "hp": None, "load": None}}},
    }
    data = read_model(
        config, timeseries_dataframes={"heat": pd.DataFrame({"a": -HEAT_KWH}, index=index)}
    )
    ring = RingRows(
        heat_pumps=("a::hp",),
        sigma=(-1.0,),
        stores=("",),
        capacity_kw=np.full(1, np.inf),
        step_h=np.ones(3),
        phi=np.ones(3),
        psi=np.full(3, 1 / KWH_PER_K),
        gain_degc=np.zeros(3),
        initial_degc=10.0,
        devices={"backup_heater": Device(1e3, PLANT_KWH_PER_KWH, 0.0)},
        electricity_location=location,
        electricity_price_eur_per_kwh=PRICE,
    )
    problem = compile_problem(formulate(data, ring))
    block = problem.variables["ring_temperature"]
    problem.col_lower[block.start : block.stop] = 10.0
    return data, solve(problem)


def test_source_heat_costs_what_the_heater_takes():
    results = extract(*solved())
    assert results["source_heat_price"].values == pytest.approx(PRICE * PLANT_KWH_PER_KWH)
    assert results["ring_temperature"].values == pytest.approx(10.0)


def test_heat_costs_its_electricity_and_its_source():
    results = extract(*solved())
    heat = results["shadow_price"].sel(loc="a", carrier="heat").values
    expected = PRICE / COP + (1 - 1 / COP) * PRICE * PLANT_KWH_PER_KWH
    assert heat == pytest.approx(expected)


def test_electricity_of_the_plant_is_in_the_balance():
    results = extract(*solved())
    source = HEAT_KWH * (1 - 1 / COP)
    assert results["ring_heat"].sel(device="backup_heater").values == pytest.approx(source)
    other = results["carrier_other"].sel(loc="a", carrier="electricity").values
    assert other == pytest.approx(-PLANT_KWH_PER_KWH * source)
    assert check_carrier_balance(results) < 1e-9


def test_a_plant_with_its_own_supply_is_no_part_of_the_balance():
    results = extract(*solved(location=None))
    assert "carrier_other" not in results
    assert float(results["ring_cost"].sum()) == pytest.approx(
        PRICE * PLANT_KWH_PER_KWH * (HEAT_KWH * (1 - 1 / COP)).sum()
    )
