"""The IAMC table: its format, and its numbers beside those of the summary."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anello
from anello.optimise.results import CollectedResults, extract, summarise
from anello.optimise.results.prices import set_prices
from anello.present.iamc.mapping import carrier_names, is_bought, source_of
from anello.present.iamc.table import LABELS, iamc_table, write_iamc
from anello.present.report.config import FiguresConfig
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution


@pytest.fixture(scope="module")
def year() -> dict[str, CollectedResults]:
    return {"smart": fake_district()}


@pytest.fixture(scope="module")
def table(year: dict[str, CollectedResults]) -> pd.DataFrame:
    return iamc_table(year)


def value(table: pd.DataFrame, variable: str, region: str = "test", year: int = 2015) -> float:
    found = table[(table["Variable"] == variable) & (table["Region"] == region)]
    assert len(found) == 1, variable
    return float(found[year].iloc[0])


def test_the_file_has_the_columns_that_are_agreed(
    year: dict[str, CollectedResults], tmp_path: Path
) -> None:
    path = write_iamc(year, tmp_path / "iamc.csv")
    with open(path, encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    assert header == [*LABELS, "2015"]
    assert LABELS == ["Model", "Scenario", "Region", "Variable", "Unit"]
    keys = [tuple(row[:4]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(all(row) for row in rows)
    assert {row[0] for row in rows} == {"anello 0.1.0"}
    assert {row[1] for row in rows} == {"smart"}
    assert {row[2] for row in rows} == {"test", "test|buildings", "test|commercial"}
    assert {row[4] for row in rows} == {"MWh/yr", "EUR/yr", "EUR/MWh", "MW", "MWh"}
    assert all(re.fullmatch(r"[A-Za-z0-9 |/.-]+", row[3]) for row in rows)
    assert write_iamc(year, tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_pyam_reads_it_and_finds_that_parts_make_up_wholes(
    year: dict[str, CollectedResults], tmp_path: Path
) -> None:
    pyam = pytest.importorskip("pyam")
    found = pyam.IamDataFrame(write_iamc(year, tmp_path / "iamc.csv"))
    for name in ("Final Energy", "Secondary Energy|Heat", "Cost|Total Energy System Cost"):
        assert found.check_aggregate(name) is None
    found = found.rename(region={"test": "Austria|Graz"}).convert_unit("MWh/yr", "EJ/yr")
    assert "EJ/yr" in found.unit


def test_every_whole_is_the_sum_of_its_parts(table: pd.DataFrame) -> None:
    for (region, unit), rows in table.groupby(["Region", "Unit"]):
        if unit == "EUR/MWh":
            continue
        values = dict(zip(rows["Variable"], rows[2015], strict=True))
        for name, whole in values.items():
            depth = name.count("|") + 1
            parts = [
                v for n, v in values.items() if n.startswith(f"{name}|") and n.count("|") == depth
            ]
            if parts:
                assert sum(parts) == pytest.approx(whole, rel=1e-9), (region, name)


def test_numbers_are_those_of_the_summary(
    table: pd.DataFrame, year: dict[str, CollectedResults]
) -> None:
    summary = summarise(year["smart"])
    made, used = (summary["energy_mwh"][key] for key in ("production", "consumption"))
    assert value(table, "Secondary Energy|Electricity|Solar|PV") == pytest.approx(
        made["electricity"]["pv_rooftop"]
    )
    assert value(table, "Trade|Secondary Energy|Electricity|Volume") == pytest.approx(
        -made["electricity"]["grid"]
    )
    heat = "Secondary Energy|Heat|Electricity|Heat Pump"
    assert value(table, heat) == pytest.approx(made["dhw"]["hp_dhw"] + made["sh"]["hp_clim_hot"])
    assert value(table, "Final Energy|Heat|Water Heating") == pytest.approx(
        -used["dhw"]["demand_dhw"]
    )
    assert value(table, "Final Energy|Cooling") == pytest.approx(-used["air_cond"]["demand_co"])
    assert value(table, "Cost|Total Energy System Cost") == pytest.approx(
        summary["cost_simulated"], rel=1e-9
    )
    sizes = summary["capacity"]
    pv = [size for node, size in sizes["energy_kw"].items() if node.endswith("pv_rooftop")]
    assert value(table, "Capacity|Electricity|Solar|PV") == pytest.approx(sum(pv) / 1000)
    stores = sizes["storage_kwh"]
    assert value(table, "Maximum Storage|Heat|Water Heating") == pytest.approx(
        stores["buildings::tes_dhw"] / 1000
    )
    results = year["smart"].results
    price = set_prices(results).sel(loc="commercial", carrier="sh")
    need = -results["carrier_con"].sel(node="commercial::demand_sh", carrier="sh")
    mean = float((price.fillna(0.0) * need).sum() / need.where(price.notnull()).sum())
    name = "Price|Final Energy|Heat|Space Heating"
    assert value(table, name, "test|commercial") == pytest.approx(1000 * mean)


def test_the_region_is_the_sum_of_its_locations(table: pd.DataFrame) -> None:
    for variable in ("Final Energy", "Capacity|Heat", "Trade|Secondary Energy|Electricity|Volume"):
        places = [value(table, variable, f"test|{loc}") for loc in ("buildings", "commercial")]
        assert value(table, variable) == pytest.approx(sum(places))


def test_less_than_a_year_is_not_called_one() -> None:
    found = iamc_table({"short": fake_district(days=3)})
    assert "MWh/yr" not in set(found["Unit"])
    assert value(found, "Final Energy") > 0


def test_energy_and_cost_fall_into_their_years() -> None:
    district = fake_district(days=4, start="2015-12-30")
    found = iamc_table({"turn": district})
    flow = -district.results["carrier_con"].where(district.results["node_base"] == "demand")
    for year in (2015, 2016):
        energy = flow.sel(timestep=str(year)).sum() / 1000
        assert value(found, "Final Energy", year=year) == pytest.approx(float(energy))
    bought = "Cost|Total Energy System Cost|Variable Operation"
    costs = [value(found, bought, year=year) for year in (2015, 2016)]
    by_step = district.results["cost_var"].sum(("node", "cost_class"))
    assert costs == pytest.approx([float(by_step.sel(timestep=str(y)).sum()) for y in (2015, 2016)])


def test_scenarios_of_different_years_leave_cells_empty(tmp_path: Path) -> None:
    path = write_iamc(
        {"a": fake_district(days=1), "b": fake_district(days=1, start="2020-01-01")},
        tmp_path / "iamc.csv",
    )
    found = pd.read_csv(path)
    assert list(found.columns) == [*LABELS, "2015", "2020"]
    assert found.query("Scenario == 'a'")["2020"].isna().all()
    assert found.query("Scenario == 'b'")["2020"].notna().all()


def test_emissions_are_told_in_the_unit_that_the_settings_give() -> None:
    results = extract(FakeData(fake_inputs()), fake_solution())
    plain = CollectedResults(results=results, inputs=fake_inputs())
    emitted = float(results["cost"].sel(cost_class="co2").sum())
    for config, unit in (
        (FiguresConfig(cost_units={"co2": "kg"}), "kg CO2"),
        (FiguresConfig(), "unit of the model CO2"),
    ):
        found = iamc_table({"only": plain}, config)
        row = found[(found["Variable"] == "Emissions|CO2") & (found["Region"] == "district")]
        assert row["Unit"].tolist() == [unit]
        assert row[2015].tolist() == pytest.approx([emitted])


def test_steps_count_with_their_weights() -> None:
    district = fake_district(days=1)
    heavy = district.results.assign_coords(timestep_weight=("timestep", np.full(24, 365.0)))
    once, often = (
        iamc_table({"x": found}) for found in (district, replace(district, results=heavy))
    )
    assert value(often, "Final Energy") == pytest.approx(365 * value(once, "Final Energy"))
    assert "MWh/yr" in set(often["Unit"])


def test_a_name_cannot_break_the_table(tmp_path: Path) -> None:
    district = fake_district(days=1)
    district = replace(district, attrs={**district.attrs, "run": "=a|b"})
    found = pd.read_csv(write_iamc({"+1": district}, tmp_path / "iamc.csv"))
    assert {r.split("|")[0] for r in found["Region"]} == {"'=a/b"}
    assert set(found["Scenario"].astype(str)) <= {"'+1", "1", "+1"}


def test_a_model_alone_has_a_table(tmp_path: Path) -> None:
    model = anello.examples.urban_scale()
    model.run()
    model.to_iamc(tmp_path / "iamc.csv")
    found = pd.read_csv(tmp_path / "iamc.csv").rename(columns={"2030": 2030})
    region = "Urban-scale example"
    made = model.dispatch["carrier_prod"]
    gas = float(made.sel(node="town_hall::grid_gas").sum()) / 1000
    assert value(found, "Primary Energy|Gas", region, 2030) == pytest.approx(gas)
    pv = made.where(made["node_tech"] == "pv").sum() / 1000
    assert value(found, "Secondary Energy|Electricity|Solar|PV", region, 2030) == pytest.approx(
        float(pv)
    )
    sold = float(model.dispatch["carrier_export"].sum()) / 1000
    bought = float(made.sel(node="town_hall::grid_power").sum()) / 1000
    trade = value(found, "Trade|Secondary Energy|Electricity|Volume", region, 2030)
    assert trade == pytest.approx(sold - bought)


@pytest.mark.parametrize(
    ("carrier", "names"),
    [
        ("electricity", ("Electricity",)),
        ("dhw", ("Heat", "Water Heating")),
        ("space_heat", ("Heat", "Space Heating")),
        ("heat", ("Heat",)),
        ("air_cond", ("Cooling",)),
        ("natural_gas", ("Gas",)),
        ("biogas", ("Biomass",)),
        ("green_hydrogen", ("Hydrogen",)),
        ("process|steam", ("Other", "process/steam")),
    ],
)
def test_carriers_have_names_of_the_iamc(carrier: str, names: tuple[str, ...]) -> None:
    assert carrier_names(carrier) == names


@pytest.mark.parametrize(
    ("tech", "name", "taken", "multiplies", "source"),
    [
        ("pv_rooftop", "Photovoltaics", (), False, "Solar|PV"),
        ("roof", "Photovoltaics", (), False, "Solar|PV"),
        ("hp", "Heat pump", ("electricity",), True, "Electricity|Heat Pump"),
        ("heater", "Boiler", ("electricity",), False, "Electricity|Direct"),
        ("boiler", "Boiler", ("gas",), False, "Gas"),
        ("chp", "CHP", ("electricity", "wood_chips"), True, "Biomass"),
        ("ccgt", "Plant", (), False, "Gas"),
        ("boiler", "", (), False, "Other|boiler"),
        ("collector", "Solar collector", (), False, "Solar"),
        ("hydrogen_cell", "", (), False, "Hydrogen"),
        ("x", "A|B", (), False, "Other|A/B"),
    ],
)
def test_sources_are_told_by_fuel_or_name(
    tech: str, name: str, taken: tuple[str, ...], multiplies: bool, source: str
) -> None:
    assert source_of(tech, name, taken, multiplies) == source


def test_what_is_bought_is_told_by_its_name() -> None:
    assert is_bought("grid", "")
    assert is_bought("supply", "Imported power")
    assert not is_bought("pv", "Photovoltaics")


def test_the_reference_names_every_variable(table: pd.DataFrame, repo_root: Path) -> None:
    page = (repo_root / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    told = page[page.index("## iamc.csv") : page.index("## csv/")].replace("\\|", "|")
    for variable in table["Variable"]:
        stem = "|".join(str(variable).split("|")[:2])
        first = str(variable).split("|")[0]
        assert f"`{stem}" in told or f"`{first}|<carrier>" in told, variable
