"""The whole cost of scenarios with and without a ring: by hand, and as the page shows it."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.optimise.results.cost_parts import cost_parts
from anello.optimise.results.summary import summarise
from anello.optimise.results.whole_cost import PARTS, simulated_emissions
from anello.present.iamc.table import iamc_table
from anello.present.report.comparison import scenario_table
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import cost_per_kwh
from anello.present.report.decision import cheapest_of
from anello.present.report.differences import ring_note
from anello.present.report.html import write_report
from anello.present.report.total import total_cost
from anello.ring.capital import PipesCost, PowerCost, RingCosts, annuity, ring_capital
from anello.run.config import parse_config
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

DAYS = ["2015-07-01", "2015-07-02"]
YEARS = 2 / 365
ANNUITY_20 = 0.05 * 1.05**20 / (1.05**20 - 1)
ANNUITY_25 = 0.05 * 1.05**25 / (1.05**25 - 1)
ANNUITY_30 = 0.05 * 1.05**30 / (1.05**30 - 1)
WEIGHTS = {"monetary": 1.0, "co2": 0.2}
PV_KW = 1440 + 540


@pytest.fixture(scope="module")
def found(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CollectedResults]:
    """Two days of the embedded district with its ring, without one, and selling electricity."""
    folder = tmp_path_factory.mktemp("whole")
    model = folder / "model"
    embedded_model(model)
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(model / "model.yaml")}
    definitions = settings["scenario_definitions"]
    definitions["selling"] = {"model_scenario": "smart_export", "coupling": {"method": "none"}}
    definitions["baseline"]["coupling"] = {"method": "fixed_point", "tolerance_k": 2.0}
    for name in ("baseline", "air_source", "gas", "selling"):
        definitions[name]["overrides"] = {"model.subset_time": DAYS}
    config = parse_config(settings)
    for name in ("baseline", "air_source", "gas", "selling"):
        run_scenario(config.scenario(name), folder / name, run="test", name=name)
    return {
        name: read_results(folder / name / "results.nc")
        for name in ("baseline", "air_source", "gas", "selling")
    }


@pytest.fixture(scope="module")
def summaries(found: dict[str, CollectedResults]) -> dict[str, Any]:
    return {name: summarise(collected) for name, collected in found.items()}


def test_the_parts_add_up_to_the_whole(summaries: dict[str, Any]) -> None:
    for name, summary in summaries.items():
        whole = summary["whole_cost"]
        assert set(whole["parts"]) == set(PARTS)
        assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9), name
        for entry in summary["costs"].values():
            assert sum(entry["parts"].values()) == pytest.approx(entry["total"], rel=1e-9), name


def test_workbook_and_iamc_table_have_the_cost_of_the_report(
    found: dict[str, CollectedResults], summaries: dict[str, Any]
) -> None:
    table = iamc_table(found).set_index(["Scenario", "Region", "Variable"])[2015]
    for name, summary in summaries.items():
        whole = summary["whole_cost"]["total"]
        parts = cost_parts(found[name])
        money = parts[parts.cost_class == "monetary"]
        assert money["cost"].sum() == pytest.approx(whole, rel=1e-9), name
        assert table[name, "test", "Cost|Total Energy System Cost"] == pytest.approx(whole), name
    built = cost_parts(found["baseline"]).query("counted == 'as built'")
    ring = summaries["baseline"]["whole_cost"]["ring"]
    assert ring["capital"] > 0.0
    assert built["cost"].sum() == pytest.approx(ring["capital"] + ring["maintenance"], rel=1e-9)
    assert set(built["technology"]) == set(ring["to_build_by_part"])


def test_a_size_that_the_programme_paid_is_not_paid_twice(
    found: dict[str, CollectedResults],
) -> None:
    sized = copy.copy(found["baseline"])
    sizes = xr.DataArray([7.0, 2.0], {"plant": ["wells", "chiller"]}, "plant")
    sized.results = sized.results.assign(ring_size_cost=sizes)
    paid = cost_parts(sized).query("technology == 'wells' and part.str.startswith('Chosen size')")
    assert paid["cost"].tolist() == [7.0, -7.0]


def produced_kwh(summary: Any, carrier: str, tech: str) -> float:
    return 1000.0 * summary["energy_mwh"]["production"][carrier][tech]


def test_without_a_ring_each_part_is_what_it_is_by_hand(summaries: dict[str, Any]) -> None:
    made = summaries["air_source"]
    parts, size = made["whole_cost"]["parts"], made["capacity"]["energy_kw"]
    machines = {"ashp_dhw": 469, "ashp_heating": 469, "chiller_cooling": 290}
    capital = sum(
        machines[node.split("::")[1]] * kw * ANNUITY_20
        for node, kw in size.items()
        if node.split("::")[1] in machines
    )
    capital += 1300 * PV_KW * ANNUITY_25
    assert parts["capital"] == pytest.approx(capital * YEARS, rel=1e-9)
    grid = produced_kwh(made, "electricity", "grid")
    assert parts["electricity"] == pytest.approx(0.30 * grid, rel=1e-9)
    carriers = {"ashp_dhw": "dhw", "ashp_heating": "heating", "chiller_cooling": "cooling"}
    useful = sum(produced_kwh(made, carrier, tech) for tech, carrier in carriers.items())
    kept = 18 * PV_KW * YEARS + 0.004 * useful
    assert parts["maintenance"] == pytest.approx(kept, rel=1e-9)
    assert parts["fuel"] == parts["revenue"] == 0.0
    assert made["whole_cost"]["ring"] is None
    assert made["costs"]["co2"]["total"] == pytest.approx(0.25 * grid, rel=1e-9)


def test_gas_is_paid_and_counted(summaries: dict[str, Any]) -> None:
    made = summaries["gas"]
    burnt = produced_kwh(made, "gas", "gas_supply")
    heat = produced_kwh(made, "dhw", "boiler_dhw") + produced_kwh(made, "heating", "boiler_heating")
    assert burnt == pytest.approx(heat / 0.87, rel=1e-9)
    assert burnt > 100
    assert made["whole_cost"]["parts"]["fuel"] == pytest.approx(0.11 * burnt, rel=1e-9)
    emitted = 0.182 * burnt + 0.25 * produced_kwh(made, "electricity", "grid")
    assert made["costs"]["co2"]["total"] == pytest.approx(emitted, rel=1e-9)


def test_what_is_sold_is_revenue(summaries: dict[str, Any]) -> None:
    made = summaries["selling"]
    sold = 1000.0 * made["energy_mwh"]["export"]["electricity"]["pv_rooftop"]
    assert sold > 100
    revenue = made["whole_cost"]["parts"]["revenue"]
    assert revenue == pytest.approx(-0.08 * sold, rel=1e-9)


def test_a_ring_costs_its_plant_too(
    found: dict[str, CollectedResults], summaries: dict[str, Any]
) -> None:
    made, ring = summaries["baseline"], found["baseline"].ring
    assert ring is not None
    whole = made["whole_cost"]
    build = {"wells": 60 * 4900, "dry_cooler": 3100 * 80, "chiller": 2100 * 290}
    assert whole["ring"]["to_build_by_part"] == build
    assert whole["ring"]["missing"] == ["pipes"]
    capital = build["wells"] * ANNUITY_30 + (build["dry_cooler"] + build["chiller"]) * ANNUITY_20
    kept = 0.01 * build["wells"] + 0.02 * (build["dry_cooler"] + build["chiller"])
    assert whole["ring"]["capital"] == pytest.approx(capital * YEARS, rel=1e-9)
    assert whole["ring"]["maintenance"] == pytest.approx(kept * YEARS, rel=1e-9)
    expected = made["cost_simulated"] + (capital + kept) * YEARS
    assert whole["total"] == pytest.approx(expected, rel=1e-9)
    # all electricity that the simulation buys has one price, and emits alike
    bought = float(ring.attrs["grid_kwh"])
    assert whole["parts"]["electricity"] == pytest.approx(0.30 * bought, rel=1e-6)
    assert made["costs"]["co2"]["total_simulated"] == pytest.approx(0.25 * bought, rel=1e-9)
    assert made["costs"]["co2"]["total_simulated"] != made["costs"]["co2"]["total"]


def test_what_the_ring_buys_and_emits_is_the_same_wherever_it_stands(
    found: dict[str, CollectedResults], summaries: dict[str, Any]
) -> None:
    config = FiguresConfig(cost_units={"co2": "kg"})
    table, iamc = scenario_table(found, config, summaries), iamc_table(found, config)
    for name, collected in found.items():
        of_class = summaries[name]["costs"]["co2"]
        emitted = of_class.get("total_simulated", of_class["total"])
        rows = cost_parts(collected)
        assert rows[rows["cost_class"] == "co2"]["cost"].sum() == pytest.approx(emitted, rel=1e-9)
        assert table.loc["co2 [kg]", name] == emitted
        whole = iamc[(iamc["Scenario"] == name) & ~iamc["Region"].str.contains("|", regex=False)]
        told = whole.set_index("Variable")[2015]
        assert told["Emissions|CO2"] == pytest.approx(emitted, rel=1e-9)
        if name in ("baseline", "air_source"):  # neither gas nor exports; the grid: 0.25 kg/kWh
            bought = table.loc["Electricity bought [MWh]", name]
            assert bought == pytest.approx(emitted / 250.0, rel=1e-9)
            traded = told["Trade|Secondary Energy|Electricity|Volume"]
            assert traded == pytest.approx(-bought, rel=1e-9)


def test_emissions_that_have_a_price_count_with_and_without_a_ring(
    found: dict[str, CollectedResults],
) -> None:
    """A ring stood with its CO2 priced beside machines whose CO2 was free."""
    config = FiguresConfig(cost_units={"co2": "kg"})
    priced = {}
    for name in ("baseline", "air_source"):
        run = {**found[name].config["run"], "objective_options": {"cost_class": WEIGHTS}}
        priced[name] = replace(found[name], config={**found[name].config, "run": run})
    told = {name: summarise(one) for name, one in priced.items()}
    costs = told["air_source"]["costs"]
    expected = costs["monetary"]["total"] + 0.2 * costs["co2"]["total"]
    assert total_cost(told["air_source"], config) == pytest.approx(expected, rel=1e-9)
    assert told["baseline"]["costs"]["co2"]["total_simulated"] > 0.0
    shared = told["air_source"]["levelised_cost"]["carriers"].values()
    per_kwh = [cost_per_kwh(one, config, whole=True) * one["delivered_kwh"] for one in shared]
    assert sum(per_kwh) == pytest.approx(expected, rel=1e-9)
    table = iamc_table(priced, config)
    whole = table[
        (table["Scenario"] == "air_source")
        & (table["Variable"] == "Cost|Total Energy System Cost")
        & ~table["Region"].str.contains("|", regex=False)
    ]
    assert whole[2015].tolist() == pytest.approx([expected], rel=1e-9)


def test_roofs_that_a_model_calls_a_supply_are_not_bought_from(
    found: dict[str, CollectedResults], summaries: dict[str, Any]
) -> None:
    """Their output counted as bought, and the district's emissions fell by what they make."""
    made, emitted = found["baseline"], summaries["baseline"]["costs"]["co2"]["total_simulated"]

    def renamed(content: xr.Dataset) -> xr.Dataset:
        base = content["node_base"].str.replace("supply_plus", "supply")
        return content.assign_coords(node_base=base)

    roofs = replace(made, results=renamed(made.results), inputs=renamed(made.inputs))
    assert simulated_emissions(roofs, "co2") == pytest.approx(emitted, rel=1e-12)


def test_a_plant_that_alone_buys_electricity_emits_too(found: dict[str, CollectedResults]) -> None:
    made = found["baseline"]
    results = made.results.copy(deep=True)
    grids = results["node_tech"] == "grid"
    results["carrier_prod"] = results["carrier_prod"].where(~grids, results["carrier_prod"] * 0.0)
    results["cost"] = results["cost"].where(~grids, 0.0)
    assert made.ring is not None
    alone = replace(made, results=results, ring=made.ring.assign_attrs(grid_kwh=800.0))
    assert simulated_emissions(alone, "co2") == pytest.approx(0.25 * 800.0, rel=1e-9)


def test_the_page_shows_what_the_difference_is_made_of(
    found: dict[str, CollectedResults], summaries: dict[str, Any], tmp_path: Path
) -> None:
    config = FiguresConfig(cost_units={"co2": "kg"})
    text = write_report(found, tmp_path / "report.html", config).read_text(encoding="utf-8")
    table = text[text.index('id="differences"') :]
    rows = re.findall(r"<tr.*?</tr>", table[: table.index("</table>")])[1:]
    cheapest = cheapest_of(summaries, config)
    assert len(rows) == len(found)
    for row in rows:
        name = re.search(r'scope="row">(\w+),', row).group(1)
        shown = [float(v) for v in re.findall(r'data-value="([^"]+)"', row)]
        assert sum(shown[:-1]) == pytest.approx(shown[-1], rel=1e-9, abs=1e-6)
        own = summaries[name]["whole_cost"]["total"]
        base = summaries[cheapest]["whole_cost"]["total"]
        assert shown[-1] == pytest.approx(own if name == cheapest else own - base, rel=1e-9)
    assert 'id="difference-bars"' in text
    note = re.search(r'id="ring-priced">(.*?)</p>', text).group(1)
    assert "wells, dry cooler and chiller" in note
    assert "Missing: its pipes" in note
    assert "CO₂ [kg]" in text


def test_a_source_without_a_price_is_named_in_words() -> None:
    ring = {"to_build_by_part": {"wells": 1.0}, "missing": ["data_centre", "pipes"]}
    note = ring_note({"smart": {"ring": {}, "whole_cost": {"ring": ring}}})
    assert "Missing: its data centre and pipes" in note


def test_pipes_are_priced_by_length_and_diameter(repo_root: Path) -> None:
    settings = parse_config(read_settings(repo_root / "config" / "config.yaml")).ring
    loop = {
        "substations": [{"name": "plant", "plant": True}, {"name": "quay", "heat_pumps": ["b"]}],
        "segments": [
            {"length_m": 100, "inner_diameter_m": 0.2},
            {"length_m": 50.0, "inner_diameter_m": 0.1},
        ],
        "flow": {"kind": "fixed", "kg_s": 40},
    }
    content = settings.model_dump(mode="json") | {"model": "loop", "loop": loop}
    ring = type(settings).model_validate(content)
    pipes = PipesCost(lifetime_years=40, capital_eur_per_m=200, capital_eur_per_m2=1000)
    priced = ring_capital(ring, RingCosts(pipes=pipes), 8760.0)
    assert {part.name: part.build_eur for part in priced.parts} == {"pipes": 100 * 400 + 50 * 300}
    assert priced.missing == ("wells", "dry_cooler", "chiller")
    assert priced.capital_eur == pytest.approx(55000 * annuity(0.05, 40))
    assert annuity(0.0, 40) == 1 / 40
    heater = RingCosts(backup_heater=PowerCost(lifetime_years=20, capital_eur_per_kw=94))
    assert ring_capital(ring, heater, 8760.0).parts == ()
