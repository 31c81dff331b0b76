"""What costs are made of: every part by its own formula, and all of them together."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import anello
from anello.optimise.results import CollectedResults, summarise
from anello.optimise.results.cost_parts import OPTIMISED, SIMULATED, cost_parts
from report_fakes import fake_district

YEAR = 48.0 / 8760.0  # the urban example has two days
LINK_FEE = {
    "techs.heat_pipe.costs.monetary.om_annual": 7.0,
    "techs.boiler.costs.monetary.om_annual_investment_fraction": 0.1,
}


def solved(scenario: str | None = None, **changes: object) -> CollectedResults:
    told = {**LINK_FEE, **{key.replace("__", "."): value for key, value in changes.items()}}
    model = anello.examples.urban_scale(scenario=scenario, override_dict=told)
    model.run()
    return CollectedResults(model.dispatch, model.data.inputs, config=model.data.config)


@pytest.fixture(scope="module")
def urban() -> CollectedResults:
    return solved()


def part(parts: pd.DataFrame, node: str, name: str) -> float:
    loc, _, tech = node.partition("::")
    found = parts[(parts.location == loc) & (parts.technology == tech) & (parts.part == name)]
    return float(found["cost"].sum())


def price(collected: CollectedResults, name: str, node: str) -> float:
    return float(collected.inputs[f"cost_{name}"].sel(cost="monetary", node=node).max())


def size(collected: CollectedResults, node: str) -> float:
    return float(collected.results["energy_cap"].sel(node=node))


def test_parts_of_each_technology_add_up_to_its_cost(urban: CollectedResults) -> None:
    sums = cost_parts(urban).groupby(["cost_class", "location", "technology"])["cost"].sum()
    results = urban.results
    for cost_class in results["cost_class"].values:
        for node, loc, tech in zip(
            *(results[c].values for c in ("node", "node_loc", "node_tech")), strict=True
        ):
            expected = float(results["cost"].sel(cost_class=cost_class, node=node))
            if expected == expected and expected != 0.0:
                assert sums[cost_class, loc, tech] == pytest.approx(expected, rel=1e-9)


def test_every_part_is_its_price_times_what_is_charged(urban: CollectedResults) -> None:
    parts = cost_parts(urban)
    results = urban.results
    pv = "school::pv"
    assert part(parts, pv, "Fixed cost") == pytest.approx(
        price(urban, "om_annual", pv) * size(urban, pv) * YEAR
    )
    worth = price(urban, "depreciation_rate", pv) * price(urban, "energy_cap", pv)
    assert part(parts, pv, "Investment in capacity") == pytest.approx(
        worth * size(urban, pv) * YEAR
    )
    boiler = "homes::boiler"
    invested = part(parts, boiler, "Investment in capacity")
    assert invested > 0
    fixed = part(parts, boiler, "Fixed cost, as a share of investment")
    assert fixed == pytest.approx(0.1 * invested)
    chp = "town_hall::chp"
    made = float(results["carrier_prod"].sel(node=chp, carrier="electricity").sum())
    assert made > 0
    assert part(parts, chp, "Output") == pytest.approx(price(urban, "om_prod", chp) * made)
    paid = urban.inputs["cost_export"].sel(cost="monetary", node=chp)  # a series
    income = float((paid * results["carrier_export"].sel(node=chp).sum("carrier")).sum())
    assert part(parts, chp, "Export") == pytest.approx(income)
    gas = "town_hall::grid_gas"
    bought = float(results["carrier_prod"].sel(node=gas).sum())
    assert part(parts, gas, "Intake") == pytest.approx(price(urban, "om_con", gas) * bought)


@pytest.mark.parametrize(("compat", "share"), [(None, 0.5), ("calliope-0.6", 1.0)])
def test_the_fixed_cost_of_a_link_is_split_as_it_was_charged(
    compat: str | None, share: float
) -> None:
    found = solved(**({"run__compat": compat} if compat else {}))
    parts = cost_parts(found)
    for node in ("town_hall::heat_pipe:school", "school::heat_pipe:town_hall"):
        assert size(found, node) > 0
        assert part(parts, node, "Fixed cost") == pytest.approx(
            share * 7.0 * size(found, node) * YEAR
        )


def test_bought_units_are_a_part() -> None:
    found = solved("milp")
    parts = cost_parts(found)
    assert part(parts, "town_hall::chp", "Investment by unit") > 0
    total = summarise(found)["costs"]["monetary"]["total"]
    assert parts["cost"].sum() == pytest.approx(total, rel=1e-9)


def test_the_ring_fills_the_gap_to_the_simulated_cost() -> None:
    district = fake_district(days=3)
    parts = cost_parts(district)
    summary = summarise(district)
    assert parts["cost"].sum() == pytest.approx(summary["cost_simulated"], rel=1e-9)
    planned = parts[parts.counted == OPTIMISED]
    assert planned["cost"].sum() == pytest.approx(summary["cost_in_optimisation"], rel=1e-9)
    placed = parts[parts.location != ""]
    assert placed["cost"].sum() == pytest.approx(summary["costs"]["monetary"]["total"], rel=1e-9)
    ring = district.ring.assign_attrs(plant_electricity_eur=1000.0, electricity_eur=-50.0)
    told = cost_parts(replace(district, ring=ring))
    simulated = told[told.counted == SIMULATED].set_index("part")["cost"]
    assert simulated["Electricity of plant and pump"] == 1000.0
    assert simulated["Electricity of heat pumps beyond the dispatch"] == -50.0
    assert told["cost"].sum() == pytest.approx(summary["cost_simulated"], rel=1e-9)


def test_without_prices_costs_stay_whole() -> None:
    parts = cost_parts(fake_district(days=3))
    assert set(parts[parts.location != ""]["part"]) == {"Other cost of operation"}
