"""Peaks that are billed by the month: costs worked out by hand, and what a ring's search does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anello.coupling.electricity import location_electricity
from anello.district import load_district, write_district
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.formulation import formulate
from anello.optimise.formulation.assemble import assemble
from anello.optimise.formulation.months import Months
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.optimise.results.cost_parts import cost_parts
from anello.optimise.results.extraction import extract
from anello.optimise.results.summary import summarise
from anello.optimise.solve import compile_problem, solve
from anello.present.iamc.table import iamc_table
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.monthly_peaks import monthly_peaks_html
from anello.present.workbook.scenario_rows import sizes_sheet
from anello.ring.cost import Connection, LocationElectricity
from anello.run.config import parse_config
from anello.run.stages.scenario import run_scenario
from ring_districts import coupled, random_district

EUR_PER_KW, EUR_PER_KWH = 10.0, 0.1
INDEX = pd.date_range("2019-01-01", "2019-02-28 23:00", freq="h")


def demand_kw(**spikes: float) -> pd.Series:
    """Five kilowatts, and others in the hours that are named `mmddhh`."""
    power = pd.Series(5.0, INDEX)
    for name, kw in spikes.items():
        power[pd.Timestamp(f"2019-{name[1:3]}-{name[3:5]} {name[5:7]}:00")] = kw
    return power


SPIKES = demand_kw(t011012=20.0, t021418=12.0)


def read(power: pd.Series, changes: dict[str, Any] | None = None) -> ModelData:
    """Return a place that buys what it needs, with a battery if the changes say so."""
    model = {
        "model": {"name": "bill"},
        "run": {"solver": "highs", "ensure_feasibility": False},
        "techs": {
            "need": {
                "essentials": {"name": "Need", "parent": "demand", "carrier": "electricity"},
                "constraints": {"resource": "df=power"},
            },
            "grid": {
                "essentials": {"name": "Grid", "parent": "supply", "carrier": "electricity"},
                "constraints": {"energy_cap_equals": 1000.0},
                "costs": {"monetary": {"om_prod": EUR_PER_KWH, "monthly_peak": EUR_PER_KW}},
            },
            "battery": {
                "essentials": {"name": "Battery", "parent": "storage", "carrier": "electricity"},
                "constraints": {"energy_cap_equals": 100.0, "storage_cap_equals": 6.0},
            },
        },
        "locations": {"a": {"techs": {"need": None, "grid": None}}},
    }
    series = {"power": pd.DataFrame({"a": -power})}
    return read_model(model, override_dict=changes, timeseries_dataframes=series)


def town(power: pd.Series, changes: dict[str, Any] | None = None) -> CollectedResults:
    data = read(power, changes)
    found = extract(data, solve(compile_problem(formulate(data))))
    return CollectedResults(found, data.inputs, config=dict(data.config))


def peaks_kw(found: CollectedResults) -> dict[str, float]:
    peaks = found.results["peak_month"].sel(node="a::grid")
    return dict(zip(peaks["month"].values.tolist(), peaks.values.tolist(), strict=True))


def cost_eur(found: CollectedResults) -> float:
    return float(found.results["cost"].sel(cost_class="monetary", node="a::grid"))


def test_each_month_is_billed_by_its_own_peak() -> None:
    found = town(SPIKES)
    assert peaks_kw(found) == pytest.approx({"2019-01": 20.0, "2019-02": 12.0})
    expected = EUR_PER_KWH * SPIKES.sum() + EUR_PER_KW * (20.0 + 12.0)
    assert cost_eur(found) == pytest.approx(expected, rel=1e-9)
    assert found.results.attrs["cost_objective"] == pytest.approx(expected, rel=1e-9)


def test_a_battery_is_kept_for_the_peak_of_every_month() -> None:
    found = town(SPIKES, {"locations.a.techs.battery": None})
    assert peaks_kw(found) == pytest.approx({"2019-01": 14.0, "2019-02": 6.0}, abs=1e-6)
    expected = EUR_PER_KWH * SPIKES.sum() + EUR_PER_KW * (14.0 + 6.0)
    assert cost_eur(found) == pytest.approx(expected, rel=1e-9)


def test_of_a_part_of_a_month_that_part_is_charged() -> None:
    days = {"model.subset_time": ["2019-01-10", "2019-02-14"]}
    found = town(SPIKES, days)
    part = SPIKES["2019-01-10":"2019-02-14"]
    expected = EUR_PER_KWH * part.sum() + EUR_PER_KW * (20.0 * 22 / 31 + 12.0 * 14 / 28)
    assert cost_eur(found) == pytest.approx(expected, rel=1e-9)


def test_a_step_across_the_end_of_a_month_is_billed_in_both() -> None:
    """Hours of a day of January, the last of which lasts until 2 February, and its hours."""
    power = demand_kw(t013012=20.0, t020212=12.0)
    power = pd.concat([power["2019-01-30":"2019-01-30"], power["2019-02-02":"2019-02-02"]])
    found = town(power)
    months = Months.of(found.results)
    assert months.names == ("2019-01", "2019-02")
    assert months.share == pytest.approx([2 / 31, 2 / 28])
    assert months.steps.sum(axis=1).tolist() == [24, 25]
    assert peaks_kw(found) == pytest.approx({"2019-01": 20.0, "2019-02": 12.0})
    expected = EUR_PER_KWH * power.sum() + EUR_PER_KW * (20.0 * 2 / 31 + 12.0 * 2 / 28)
    assert cost_eur(found) == pytest.approx(expected, rel=1e-9)


def test_longer_steps_have_their_mean_power() -> None:
    longer = {"model.time": {"function": "resample", "function_options": {"resolution": "2h"}}}
    assert peaks_kw(town(SPIKES, longer)) == pytest.approx({"2019-01": 12.5, "2019-02": 8.5})


def test_a_yearly_charge_comes_on_top() -> None:
    changes = {
        "techs.grid.constraints.energy_cap_equals": None,
        "techs.grid.constraints.energy_cap_max": 1000.0,
        "techs.grid.costs.monetary.om_annual": 50.0,
    }
    found = town(SPIKES, changes)
    expected = EUR_PER_KWH * SPIKES.sum() + EUR_PER_KW * 32.0 + 50.0 * 20.0 * len(INDEX) / 8760
    assert cost_eur(found) == pytest.approx(expected, rel=1e-9)


def test_what_is_operated_pays_for_no_peak() -> None:
    operated = assemble(read(SPIKES, {"run.mode": "operate"}))
    assert "peak_month" not in operated.variables
    assert "cost_peak" not in operated.expressions


@pytest.mark.parametrize("linked", [True, False])
def test_representative_days_are_billed_in_the_months_that_they_stand_for(linked: bool) -> None:
    options = {
        "clustering_func": "kmeans",
        "how": "closest",
        "k": 4,
        "storage_inter_cluster": linked,
        "scale_clusters": None,
    }
    changes = {"model.time": {"function": "apply_clustering", "function_options": options}}
    rng = np.random.default_rng(3)
    power = SPIKES + pd.Series(np.repeat(rng.uniform(0.0, 8.0, len(INDEX) // 24), 24), INDEX)
    found = town(power, changes)
    grid = found.results["carrier_prod"].sel(node="a::grid", carrier="electricity").values
    months = Months.of(found.results)
    assert months.share @ [31.0, 28.0] == pytest.approx(59.0)
    if linked:
        assert months.share == pytest.approx([1.0, 1.0])
        day = found.results["datestep_cluster"].to_series()
        step = found.results["timestep_cluster"].values
        for name, kw in peaks_kw(found).items():
            used = day[day.index.astype(str).str.startswith(name)].unique()
            assert kw == pytest.approx(grid[np.isin(step, used)].max())
    bill = sum(
        EUR_PER_KW * share * grid[steps].max()
        for share, steps in zip(months.share, months.steps, strict=True)
    )
    assert float(found.results["cost_peak"].sum()) == pytest.approx(bill, rel=1e-9)


def test_parts_and_summary_know_the_peaks() -> None:
    found = town(SPIKES)
    parts = cost_parts(found).set_index("part")["cost"]
    assert parts["Peaks of the months"] == pytest.approx(EUR_PER_KW * 32.0)
    told = summarise(found)
    assert told["whole_cost"]["parts"]["electricity"] == pytest.approx(cost_eur(found))
    assert told["peak_kw"]["billed_by_month"] == {"a::grid": pytest.approx(peaks_kw(found))}
    look = Appearance(found.results, found.inputs, FiguresConfig())
    page = monthly_peaks_html({"x": 1.0}, {"x": told}, look, FiguresConfig())
    assert "2019-01" in page
    assert [float(v) for v in re.findall(r'data-value="([^"]+)"', page)] == pytest.approx(
        [20, 12, EUR_PER_KW * 32.0]
    )
    cold = {
        "year": {"year": "cold"},
        "costs": {},
        "peak_kw": {"billed_by_month": {"a::grid": {"2018-02": 31}}},
    }
    both = {"x": told, "c": cold}
    years = monthly_peaks_html({"x": 0.7, "c": 0.3}, both, look, FiguresConfig())
    assert re.findall(r'<th scope="col">(\d.*?)</th>', years) == ["2018-02", "2019-01", "2019-02"]
    assert [float(v) for v in re.findall(r'data-value="([^"]+)"', years)] == pytest.approx(
        [20, 12, EUR_PER_KW * 32.0, 31]
    )
    assert ", cold</th>" in years
    levelised = told["levelised_cost"]["carriers"]["electricity"]["cost_per_kwh"]["monetary"]
    assert levelised == pytest.approx(cost_eur(found) / SPIKES.sum())


@pytest.mark.parametrize("loop", [False, True])
def test_the_search_lowers_the_peaks_of_both_months(loop: bool) -> None:
    """Two days about the end of a month."""
    over = {"loop": loop, "start": "2015-05-31"}
    free, billed = coupled(1, **over).run(), coupled(1, **over, monthly_charge=EUR_PER_KW).run()
    assert billed.record.converged
    peaks = billed.best.dispatch["peak_month"]
    assert peaks["month"].values.tolist() == ["2015-05", "2015-06"]
    grids = [str(node) for node in peaks["node"].values]
    before = free.best.dispatch["carrier_prod"].sel(node=grids, carrier="electricity")
    assert float(peaks.sum()) < 0.95 * float(before.resample(timestep="MS").max().sum())
    owed = EUR_PER_KW * float((peaks.sum("node") * [1 / 31, 1 / 30]).sum())
    assert billed.best.state.investment_eur == pytest.approx(owed, rel=1e-6)
    assert float(billed.best.dispatch["cost_peak"].sum()) == pytest.approx(owed, rel=1e-9)
    assert billed.best.cost.total_eur - owed >= free.best.cost.total_eur * (1.0 - 1e-3)
    assert abs(billed.best.cost.connection_eur) < 1e-3 * owed


@pytest.mark.parametrize("yearly", [None, 90.0])
def test_the_true_cost_of_what_was_planned_is_that_of_the_programme(yearly: float | None) -> None:
    """Where the simulation buys what the dispatch does, its bill is the programme's."""
    data, _ = random_district(
        1, start="2015-05-31", monthly_charge=EUR_PER_KW, demand_charge=yearly
    )
    dispatch = extract(data, solve(compile_problem(formulate(data))))
    owed = 0.0
    for place in location_electricity(data, dispatch, {"electricity"}).values():
        for connection in place.connections:
            owed += connection.eur_per_kw * connection.capacity_kw
            assert connection.cost_eur(place.grid_kwh) == pytest.approx(0.0, abs=1e-9)
            more = place.grid_kwh + 7.0 * (place.grid_kwh == connection_peak(connection, place))
            assert connection.cost_eur(more) == pytest.approx(7.0 * connection.eur_per_kw)
    charged = [
        dispatch[name].sum() for name in ("cost_peak", "cost_investment") if name in dispatch
    ]
    assert owed == pytest.approx(float(sum(charged)), rel=1e-9)
    assert owed > 0.0


CHEAP_AND_SMALL = {
    "essentials": {"name": "Second grid", "parent": "supply", "carrier": "electricity"},
    "constraints": {"energy_cap_equals": 7.0},
    "costs": {"monetary": {"om_prod": 0.05}},
}
DEAR_WITHOUT_PEAKS = {
    "essentials": {"name": "Second grid", "parent": "supply", "carrier": "electricity"},
    "constraints": {"energy_cap_equals": 1000.0},
    "costs": {"monetary": {"om_prod": 0.4}},
}
CHOSEN = {
    "essentials": {"name": "Second grid", "parent": "supply", "carrier": "electricity"},
    "constraints": {"energy_cap_max": 1000.0},
    "costs": {"monetary": {"om_prod": 0.09, "om_annual": 100.0}},
}


@pytest.mark.parametrize("name", ["a_second", "second"])
@pytest.mark.parametrize("second", [CHEAP_AND_SMALL, DEAR_WITHOUT_PEAKS, CHOSEN])
def test_each_of_several_grids_is_billed_for_what_comes_through_it(
    second: dict[str, Any], name: str
) -> None:
    """One more kWh costs what the programme says of it, in whichever order the grids stand.

    Of two grids whose capacities are billed the programme would share it out anew, and pay less.
    """
    changes = {f"techs.{name}": second, f"locations.a.techs.{name}": None}

    def plan(power: pd.Series) -> tuple[float, LocationElectricity]:
        data = read(power, changes)
        found = extract(data, solve(compile_problem(formulate(data))))
        places = location_electricity(data, found, {"electricity"})
        return found.attrs["cost_objective"], places["a"]

    planned_eur, place = plan(SPIKES)
    assert place.grid_kwh == pytest.approx(SPIKES.to_numpy())
    assert len(place.connections) > 1
    assert sum(c.cost_eur(place.grid_kwh) for c in place.connections) == pytest.approx(0, abs=1e-6)
    for hour in ("2019-01-10 12:00", "2019-01-11 12:00", "2019-02-14 18:00"):
        more = SPIKES.copy()
        more[pd.Timestamp(hour)] += 1.0
        at = INDEX.get_loc(hour)
        extra = sum(c.cost_eur(more.to_numpy()) for c in place.connections)
        simulated = float(place.price_eur_per_kwh[at]) + extra
        programme = plan(more)[0] - planned_eur
        assert simulated >= programme - 1e-6
        assert second is CHOSEN or simulated == pytest.approx(programme, abs=1e-6)


def connection_peak(connection: Connection, place: LocationElectricity) -> float:
    return float(connection.power_kw(place.grid_kwh).max())


@pytest.mark.parametrize("scenario", ["smart", "air_source"])
def test_the_steps_of_the_workflow_bill_what_a_description_says(
    repo_root: Path, tmp_path: Path, scenario: str
) -> None:
    district = load_district()
    tariffs = district.tariffs.model_copy(update={"demand_charge_eur_per_kw_month": EUR_PER_KW})
    district = district.model_copy(update={"tariffs": tariffs})
    model = write_district(district, tmp_path / "town").model
    told = read_settings(repo_root / "config" / "config.yaml")
    told["data"] = {"source": "folder", "model": str(model)}
    days = {"model.subset_time": ["2015-06-30", "2015-07-01"]}
    told["scenario_definitions"][scenario]["overrides"] = days
    run_scenario(parse_config(told).scenario(scenario), tmp_path / "run", run="r", name=scenario)
    found = read_results(tmp_path / "run" / "results.nc")
    told = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    billed = told["peak_kw"]["billed_by_month"]
    assert {tuple(peaks) for peaks in billed.values()} == {("2015-06", "2015-07")}
    share = {"2015-06": 1 / 30, "2015-07": 1 / 31}
    owed = sum(EUR_PER_KW * kw * share[m] for peaks in billed.values() for m, kw in peaks.items())
    assert owed == pytest.approx(float(found.results["cost_peak"].sum()), rel=1e-9)
    whole = told["whole_cost"]
    assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)
    kwh = found.results["carrier_prod"].sel(carrier="electricity")
    priced = found.inputs["cost_om_prod"].sel(cost="monetary")
    grids = [node for node in billed if node.endswith("::grid")]
    energy_eur = float((kwh.sel(node=grids) * priced.sel(node=grids)).sum())
    planned = told["costs"]["monetary"]["parts"]["electricity"]
    assert planned == pytest.approx(energy_eur + owed, rel=1e-9)
    rows = cost_parts(found)
    assert rows[rows["part"] == "Peaks of the months"]["cost"].sum() == pytest.approx(owed)
    places = sizes_sheet({scenario: found}, FiguresConfig()).columns
    table = iamc_table({scenario: found})
    emitted = table[
        (table["Variable"] == "Emissions|CO2") & ~table["Region"].str.contains("|", regex=False)
    ]
    co2 = told["costs"]["co2"]
    assert emitted[2015].tolist() == pytest.approx([co2.get("total_simulated", co2["total"])])
    assert any("Peak of 2015-07, billed" in map(str, column.values) for column in places)
