"""The first screen of a run with years: one proposal, its expected cost, which year decides."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest
import xarray as xr

from anello.optimise.results.summary import summarise
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.deciding import _used_in_full
from anello.present.report.decision import cheapest_of, decision_html, plan_of
from anello.present.report.total import total_cost
from anello.present.report.years import expected_cost, proposals
from anello.ring.held import DRAINED_ADVICE
from report_fakes import fake_district

WEIGHTS = {"typical": 0.7, "hard": 0.3}
PUMP, OTHER = "buildings::hp_clim_cold", "commercial::hp_clim_cold"


@pytest.fixture(scope="module")
def scenarios():
    """Two years of `designed`, the hard one dearer, and a scenario of a cost between them."""
    base = fake_district(days=3, start="2015-07-01")
    found = {}
    for name, factor in (("typical", 1.0), ("hard", 2.0), ("other", 1.4)):
        one = copy.deepcopy(base)
        one.results["cost"] = one.results["cost"] * factor
        one.ring = one.convergence = None
        one.record = {}
        one.settings = {}
        if name in WEIGHTS:
            one.settings["year"] = {"scenario": "designed", "year": name, "weights": WEIGHTS}
        found[f"designed-{name}" if name in WEIGHTS else name] = one
    peak_kw = base.results["carrier_prod"].max(("carrier", "timestep"))
    for name in WEIGHTS:
        cap = found[f"designed-{name}"].results["energy_cap"]
        cap.loc[{"node": cap["node"]}] = 2.0 * peak_kw
        cap.loc[{"node": OTHER}] = float(peak_kw.sel(node=OTHER))
    cap = found["designed-hard"].results["energy_cap"]
    cap.loc[{"node": PUMP}] = float(peak_kw.sel(node=PUMP))
    return found


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_years_are_one_proposal_at_the_cost_to_be_expected(scenarios):
    config = FiguresConfig()
    told = {name: summarise(one) for name, one in scenarios.items()}
    offered = proposals(told)
    assert offered == {
        "designed": {"designed-typical": 0.7, "designed-hard": 0.3},
        "other": {"other": 1.0},
    }
    costs = {name: total_cost(one, config) for name, one in told.items()}
    expected = expected_cost(offered["designed"], told, config)
    assert expected == pytest.approx(1.3 * costs["designed-typical"], rel=1e-12)
    # The typical year alone costs less than `other` as well, and twice that is more.
    assert cheapest_of(told, config) == plan_of(told, config) == "designed-typical"
    page = decision_html(scenarios, config, told)
    lead = page[: page.index("</p>")]
    assert float(re.search(r'data-value="([^"]+)"', lead)[1]) == pytest.approx(expected, rel=1e-12)
    assert words(lead).startswith("Proposed: designed, at an expected ")
    assert "(beside it, other +7.7 %). It costs least of the 2 scenarios." in words(lead)
    assert "designed-hard" not in lead
    described = copy.copy(scenarios)
    for name in ("designed-typical", "designed-hard"):
        described[name] = copy.copy(scenarios[name])
        described[name].settings = {**scenarios[name].settings, "description": "All sizes found."}
    assert decision_html(described, config, told).count("<li>designed: All sizes found.</li>") == 1
    assert "What to build: designed<" in page
    assert "Cost, 3 days modelled, typical" in page
    assert "<caption>Against the alternatives</caption>" in page
    years = {name: one for name, one in scenarios.items() if name != "other"}
    assert "<caption>Each year</caption>" in decision_html(years, config)


def test_what_any_year_leaves_unmet_is_on_the_first_line(scenarios):
    config = FiguresConfig()
    told = {name: summarise(one) for name, one in scenarios.items()}
    told["designed-hard"]["energy_mwh"]["unmet_demand"] = {"buildings": {"dhw": 1.5}}
    lead = words(decision_html(scenarios, config, told))
    assert "1.50 MWh of demand stay unmet in hard" in lead
    # What does not meet all demand in each year is not called the cheapest.
    assert cheapest_of(told, config) == "other"


def test_what_to_do_about_the_water_is_said_once_for_all_years(scenarios):
    told = {name: summarise(one) for name, one in scenarios.items()}
    for name, mwh in (("designed-typical", "1.0"), ("designed-hard", "2.0")):
        drained = f"The water itself gives {mwh} MWh. {DRAINED_ADVICE}"
        told[name]["ring"] = {"drained": drained, "beyond_bounds": None}
    page = words(decision_html(scenarios, FiguresConfig(), told))
    for year, mwh in (("typical", "1.0"), ("hard", "2.0")):
        assert page.count(f"In {year}: The water itself gives {mwh} MWh.") == 1
    assert page.count("Nobody pays for that") == 1
    told["designed-hard"]["ring"]["beyond_bounds"] = {"fact": "It leaves.", "text": "It leaves. So"}
    first = words(decision_html(scenarios, FiguresConfig(), told)).split("Year by year")[0]
    assert "In hard: It leaves. In hard: The water itself gives 2.0 MWh." in first


def test_the_year_that_uses_a_size_in_full_decides_it(scenarios):
    said = words(decision_html(scenarios, FiguresConfig()))
    name = "Chiller"
    assert "Used in full in hard only: " in said
    full = said[said.index("Used in full in hard only") :]
    assert full.split("; in every year: ")[0].count(name) == 1
    assert full.split("; in every year: ")[1].split(". A year")[0].count(name) == 1


def test_a_year_that_is_not_in_the_report_leaves_the_expectation_open(scenarios):
    config = FiguresConfig()
    alone = {"designed-hard": scenarios["designed-hard"]}
    told = {name: summarise(one) for name, one in alone.items()}
    assert expected_cost(proposals(told)["designed"], told, config) is None
    page = words(decision_html(alone, config, told))
    assert "Used in full" not in page
    assert page.startswith("Proposed: designed")


def test_sizes_that_were_given_are_not_said_to_be_found(scenarios):
    given = {name: copy.deepcopy(one) for name, one in scenarios.items() if name != "other"}
    assert "were found for typical (70 %)" in words(decision_html(given, FiguresConfig()))
    for one in given.values():
        for kind in ("energy_cap", "storage_cap"):
            one.inputs[f"{kind}_equals"] = one.results[kind].fillna(0.0)
    said = words(decision_html(given, FiguresConfig()))
    assert "are as described, and were operated in typical (70 %) and hard (30 %)" in said
    assert "Used in full" not in said


@pytest.mark.parametrize("source_degc", [None, "river", -3.0])
@pytest.mark.parametrize(("moved_kw", "full"), [(80.0, True), (79.0, False)])
def test_a_heat_pump_is_used_in_full_where_its_source_allows_no_more(
    scenarios, source_degc, moved_kw, full
):
    """Of 100 kW, 80 are left of a source 10 K below the one that they are rated at."""
    year = copy.deepcopy(scenarios["designed-hard"])
    times = year.results["timestep"]
    cold = xr.full_like(times, -3.0, dtype=float)
    device = {"device": ["central_heat_pump"]}
    heat = np.zeros((times.size, 1))
    heat[7] = moved_kw
    year.results["ring_size"] = ("part", [1.0])
    year.results["part"] = ["central_heat_pump"]
    year.inputs = year.inputs.assign(outdoor_degc=cold, ring_series_river=cold)
    year.ring = xr.Dataset(
        {"q_bal_kw": (("timestep", "device"), heat)}, coords={"timestep": times, **device}
    )
    pump = {"max_kw": 100.0, "source_degc": source_degc}
    year.settings = {"ring": {"plant": {"central_heat_pump": pump}}}
    said = list(_used_in_full(year, Appearance(year.results, year.inputs, FiguresConfig())))
    assert ("central heat pump" in said) == full
