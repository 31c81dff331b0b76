"""The first screens: sizes, costs, CO2, worst week and alternatives, as the results have them."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from anello.optimise.results import extract
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.overnight import overnight_cost
from anello.optimise.results.summary import summarise
from anello.optimise.results.whole_cost import PARTS
from anello.present.report.appearance import Appearance
from anello.present.report.comparison import signed_percent
from anello.present.report.comparison_table import comparison_html
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import cost_per_kwh
from anello.present.report.decision import cheapest_of, decision_html, plan_of
from anello.present.report.differences import _apart, differences_html
from anello.present.report.energy_flows import Link, sankey_svg
from anello.present.report.few_days import few_days_html
from anello.present.report.html import write_report
from anello.present.report.sizes import ring_sizes
from anello.present.report.total import total_cost
from anello.present.report.worst_week import worst_week
from browser import WATER_OF_THE_HOUR, find_chromium, run_in
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution

SETTINGS = {
    "coupling": {"method": "fixed_point"},
    "ring": {
        "model": "mixed",
        "initial_degc": 15.0,
        "bounds_degc": [10.0, 20.0],
        "water": {"mass_kg": 3.0e6},
        "plant": {
            "wells": {"max_flow_kg_s": 60.0, "well_degc": 14.0},
            "backup_heater": {"max_kw": 0.0},
            "dry_cooler": {"max_kw": 3100.0},
            "borefield": {
                "field": {"kind": "rectangle", "rows": 4, "columns": 5},
                "depth_m": 120.0,
                "soil_w_per_mk": 2.0,
                "soil_kj_per_m3k": 2300.0,
                "surface_degc": 12.0,
                "flow_kg_s": 20.0,
            },
        },
    },
}


def priced(collected, factor=1.0):
    """Give a made-up district prices and a class that counts CO2."""
    inputs = collected.inputs.drop_dims("cost").assign_coords(cost=["monetary", "co2"])
    nodes = collected.inputs["node"].values
    price = np.full((2, len(nodes)), np.nan)
    price[0] = [800.0 if "hp_" in str(n) else np.nan for n in nodes]
    inputs["cost_energy_cap"] = (("cost", "node"), price)
    inputs["cost_interest_rate"] = (("cost", "node"), np.where(np.isnan(price), np.nan, 0.05))
    inputs["lifetime"] = ("node", np.where(np.isnan(price[0]), np.nan, 20.0))
    results = collected.results.drop_dims("cost_class")
    cost = collected.results["cost"] * factor
    both = xr.concat([cost, cost * 0.4], "cost_class").assign_coords(cost_class=["monetary", "co2"])
    results["cost"] = both
    results["cost_investment"] = both * 0.25
    collected.inputs, collected.results = inputs, results
    collected.settings = json.loads(json.dumps(SETTINGS))
    collected.ring.attrs["second_law"] = json.dumps(
        {"devices": 8, "least_kw_per_k": 0.25, "steps": 720, "violations": 0, "worst": ""}
    )
    collected.ring.attrs["audit"] = json.dumps(
        {"residual_kwh": 2e-9, "throughput_kwh": 5000.0, "worst_step_kwh": 1e-12}
    )
    return collected


@pytest.fixture(scope="module")
def scenarios():
    options = {"days": 30, "start": "2015-04-01"}
    alone = priced(fake_district(**options, scenario="air_source", stores=False), 1.5)
    alone.ring = alone.convergence = None
    alone.record, alone.settings = {}, {}
    return {
        "baseline": priced(fake_district(**options, scenario="baseline", stores=False), 1.2),
        "smart": priced(fake_district(**options)),
        "air_source": alone,
    }


@pytest.fixture(scope="module")
def page(scenarios, tmp_path_factory):
    return write_report(scenarios, tmp_path_factory.mktemp("decision") / "report.html")


@pytest.fixture(scope="module")
def chromium():
    return find_chromium()


def test_five_questions_are_answered_on_the_first_two_screens(chromium, page, scenarios):
    found = run_in(
        chromium,
        page,
        """
        const at = e => e.getBoundingClientRect().bottom + scrollY;
        const bottom = s => Math.max(0, ...[...document.querySelectorAll(s)].map(at));
        const all = s => [...document.querySelectorAll(s)];
        const value = e => e.querySelector('[data-value]')?.dataset.value ?? null;
        return {
          answers: Object.fromEntries(
            all('[data-answer]').map(e => [e.dataset.answer, value(e)])),
          words: Object.fromEntries(
            all('[data-answer]').map(e => [e.dataset.answer, e.textContent])),
          last: bottom('#decide .figures, #alternatives, #sizes, #ring-sizes'),
          rows: all('#alternatives tbody tr').map(r =>
            [r.cells[0].textContent, ...[...r.cells].slice(1).map(value)]),
          sizes: all('#sizes tbody [data-value]').map(e => e.dataset.value),
          ring: document.getElementById('ring-sizes').textContent,
          screen: innerHeight,
        };
        """,
    )
    assert found["last"] <= 2 * 900
    summary = summarise(scenarios["smart"])
    answers = {key: None if v is None else float(v) for key, v in found["answers"].items()}
    assert answers["cost"] == summary["cost_simulated"]
    assert answers["invest"] == summary["costs"]["monetary"]["to_build"]
    assert answers["co2"] == summary["costs"]["co2"]["total"]
    for carrier in ("dhw", "sh", "air_cond"):
        entry = summary["levelised_cost"]["carriers"][carrier]
        assert answers[f"levelised-{carrier}"] == entry["whole_cost_per_kwh"]
    assert worst_week(scenarios["smart"]).text == found["words"]["worst"]
    rows = {row[0]: row[1:] for row in found["rows"]}
    assert list(rows) == list(scenarios)
    for name, collected in scenarios.items():
        one = summarise(collected)
        cost = one["cost_simulated"] or one["costs"]["monetary"]["total"]
        assert float(rows[name][0]) == cost
        assert float(rows[name][2]) == one["costs"]["monetary"]["to_build"]
        assert float(rows[name][-2]) == one["costs"]["co2"]["total"]
    capacity = summary["capacity"]
    told = {float(v) for v in found["sizes"]}
    assert told <= {*capacity["energy_kw"].values(), *capacity["storage_kwh"].values()}
    assert set(capacity["storage_kwh"].values()) <= told
    for text in ("60 kg/s", "20 × 120 m", "3\u202f100 kW", "3\u202f000 t"):
        assert text in found["ring"], text


def test_the_time_view_opens_at_the_worst_week(chromium, page, scenarios):
    date, told, after = run_in(
        chromium,
        page,
        """
        const $ = id => document.getElementById(id);
        const first = $("date").value, text = $("worst").textContent;
        $("on").click(); $("toworst").click();
        return [first, text, $("date").value];
        """,
        fragment="#scenario=smart",
    )
    week = worst_week(scenarios["smart"])
    start = str(scenarios["smart"].results["timestep"].values[week.first])[:10]
    assert date == after == start
    assert week.text in told


def test_the_slider_shows_the_water_of_the_hour(chromium, page, scenarios):
    found = run_in(
        chromium,
        page,
        WATER_OF_THE_HOUR
        + """
        const shown = [$("network").hidden];
        $("scenario").value = "air_source"; $("scenario").dispatchEvent(new Event("change"));
        return [slider.getAttribute("aria-valuetext"), Number(slider.max), rows,
          [...shown, $("network").hidden]];
        """,
        fragment="#scenario=smart",
    )
    spoken, most, rows, hidden = found
    smart = scenarios["smart"]
    week = worst_week(smart)
    assert most == week.stop - week.first - 1
    assert "06:00" in spoken
    degc = float(smart.ring["temperature_degc"].values[week.first + 30])
    assert {row[1] for row in rows} == {f"{degc:.2f}"}
    assert [row[0] for row in rows] == ["1 Buildings", "2 Commercial", "3 Plant"]
    balance = float(smart.ring["q_bal_kw"].isel(timestep=week.first + 30).sum())
    read = float(rows[2][2].replace("\u202f", "").replace("\u2212", "-"))
    assert read == pytest.approx(balance, rel=2e-3, abs=1.0)
    assert hidden == [False, True]


def test_names_in_the_energy_diagram_keep_off_the_bars(chromium, page, tmp_path):
    crossing = """
        const hits = [];
        for (const svg of document.querySelectorAll("svg.sankey")) {
          if (svg.closest("[hidden]")) continue;
          const bars = [...svg.querySelectorAll("rect")].map(r => r.getBoundingClientRect());
          for (const t of svg.querySelectorAll("text")) {
            const a = t.getBoundingClientRect();
            for (const b of bars) if (a.left < b.right - .5 && a.right > b.left + .5 &&
              a.top < b.bottom - .5 && a.bottom > b.top + .5) hits.push(t.textContent);
            const all = svg.getBoundingClientRect();
            if (a.right > all.right + 1) hits.push("beyond: " + t.textContent);
          }
        }
        return hits;
    """
    assert run_in(chromium, page, crossing) == []
    long = [
        Link(f"A source with a long name, number {i}", f"Middle {i % 3} of the network", 1, "#000")
        for i in range(20)
    ]
    long += [Link(f"Middle {i} of the network", "The only use of all", 6, "#111") for i in range(3)]
    odd = tmp_path / "odd.html"
    odd.write_text(f"<html><head></head><body>{sankey_svg(long, 'odd')}</body></html>")
    assert run_in(chromium, odd, crossing) == []


def test_a_phone_shows_the_first_screen_without_scrolling_sideways(chromium, page):
    wide, inner, boxes = run_in(
        chromium,
        page,
        """return [document.documentElement.scrollWidth, innerWidth,
          [...document.querySelectorAll('#decide .figures dd, #nethour')]
            .map(e => e.getBoundingClientRect().right)];""",
        width=500,
    )
    assert wide <= inner
    assert max(boxes) <= inner


def test_audits_and_assumptions_are_told(page):
    text = page.read_text(encoding="utf-8")
    assert "8 devices in 720 steps, none breaks it" in text
    assert "5,000 kWh passed through the ring" in text
    for key in (
        "techs.hp_dhw.costs.monetary.energy_cap",
        "techs.hp_dhw.costs.monetary.interest_rate",
        "techs.hp_dhw.constraints.lifetime",
        "ring.plant.wells.well_degc",
    ):
        assert f"<code>{key}</code>" in text, key


def test_the_plan_is_named_or_the_cheapest(scenarios):
    config = FiguresConfig()
    every = {name: summarise(collected) for name, collected in scenarios.items()}
    assert plan_of(every, config) == "smart"
    assert plan_of({**every, "designed": every["baseline"]}, config) == "designed"
    others = {"one": every["air_source"], "two": every["baseline"]}
    assert plan_of(others, config) == cheapest_of(others, config)
    short = json.loads(json.dumps(others))
    short[cheapest_of(others, config)]["energy_mwh"]["unmet_demand"] = {"a": {"sh": 1.0}}
    assert cheapest_of(short, config) != cheapest_of(others, config)


def test_the_page_opens_at_the_plan(chromium, page):
    opened = "return [document.getElementById('scenario').value, location.hash];"
    assert run_in(chromium, page, opened) == ["smart", "#scenario=smart"]
    other = run_in(chromium, page, opened, fragment="#scenario=baseline")
    assert other == ["baseline", "#scenario=baseline"]


def test_costs_per_kwh_hold_the_ring_and_add_up_to_the_cost_shown(scenarios):
    config = FiguresConfig()
    for collected in scenarios.values():
        told = summarise(collected)
        carriers = told["levelised_cost"]["carriers"]
        shown = [
            cost_per_kwh(one, config, whole=True) * one["delivered_kwh"]
            for one in carriers.values()
        ]
        assert sum(shown) == pytest.approx(total_cost(told, config), rel=1e-12)
        power = carriers["electricity"]
        # what the ring adds is no matter of lamps and machines
        assert power["whole_cost"] == pytest.approx(power["cost"]["monetary"], rel=1e-12)
    smart = summarise(scenarios["smart"])
    more = smart["whole_cost"]["total"] - smart["costs"]["monetary"]["total"]
    for name, one in smart["levelised_cost"]["carriers"].items():
        if name != "electricity":
            part = one["share"] / (1.0 - power_share(smart))
            assert one["whole_cost"] - one["cost"]["monetary"] == pytest.approx(more * part)


def power_share(summary):
    return summary["levelised_cost"]["carriers"]["electricity"]["share"]


def test_the_sentence_at_the_top_and_the_table_have_the_same_percentages(scenarios):
    summaries = {name: summarise(one) for name, one in scenarios.items()}
    summaries["baseline"]["whole_cost"]["total"] *= 1.116
    page = decision_html(scenarios, FiguresConfig(), summaries)
    lead, rest = page.split("</p>", 1)
    told = dict(re.findall(r"(\w+) ([+−][\d.]+ %)", lead))
    rows = re.findall(r'<a href="#scenario=(\w+)">.*?<td>.*?</td><td>(.*?)</td>', rest)
    assert told == {name: percent for name, percent in rows if name != "smart"}
    assert told["baseline"] == "+11.6 %"
    assert set(told) == {"baseline", "air_source"}


def test_alternatives_of_nearly_the_same_cost_are_told_to_be_no_different(scenarios):
    told = {name: summarise(one) for name, one in scenarios.items()}
    cost = told["smart"]["whole_cost"]["total"]
    told["smart"]["cost_simulated"] = told["baseline"]["cost_simulated"] = cost
    for name, factor in (("baseline", 1.009), ("smart", 1.0)):
        told[name]["whole_cost"]["total"] = factor * cost
    told["air_source"]["whole_cost"]["total"] = 1.02 * cost
    lead = decision_html(scenarios, FiguresConfig(), told).split("</p>", 1)[0]
    assert "It costs least of the 3 scenarios; baseline within 1 %, which is no difference." in lead
    told["baseline"]["whole_cost"]["total"] = 1.011 * cost
    assert "no difference" not in decision_html(scenarios, FiguresConfig(), told)
    assert signed_percent(-1e-5) == signed_percent(1e-5) == "0.0 %"


def test_scenarios_are_told_in_the_words_of_the_settings(scenarios):
    assert 'id="described"' not in decision_html(scenarios, FiguresConfig())
    named = dict(scenarios)
    named["smart"] = copy.copy(scenarios["smart"])
    named["smart"].settings = {**scenarios["smart"].settings, "description": "Tanks & a ring."}
    page = decision_html(named, FiguresConfig())
    assert "<li>smart: Tanks &amp; a ring.</li>" in page


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "[€]"), (1e4, "[1000 €]")])
def test_bars_count_in_thousands_where_there_are_some(factor, unit):
    def parts(cost):
        return {**dict.fromkeys(PARTS, 0.0), "electricity": cost}

    whole = {
        name: {"whole_cost": {"total": cost * factor, "parts": parts(cost * factor)}}
        for name, cost in (("one", 40.0), ("two", 48.6))
    }
    page = differences_html(whole, "one", FiguresConfig())
    assert f"More than one {unit}</text>" in page
    assert f">+{8.6 if factor == 1.0 else 86.0:#.3g}</text>" in page


def test_sizes_of_an_alternative_stand_among_its_sections(page):
    text = page.read_text(encoding="utf-8")
    blocks = dict(re.findall(r'data-scenario="(\w+)">(.*?)(?=<div class="scenario"|$)', text, re.S))
    assert set(blocks) == {"baseline", "smart", "air_source"}
    assert '<table id="ring-sizes-baseline"' in blocks["baseline"]
    assert "60 kg/s" in blocks["baseline"]
    assert "<h2>Sizes</h2>" in blocks["air_source"]
    assert "60 kg/s" not in blocks["air_source"]
    assert "<h2>Sizes</h2>" not in blocks["smart"]  # on the first screen


def test_settings_at_the_top_stand_in_their_own_type(scenarios):
    told = {name: summarise(one) for name, one in scenarios.items()}
    told["smart"]["ring"]["beyond_bounds"] = {"text": "A larger `ring.plant` & more."}
    lead = decision_html(scenarios, FiguresConfig(), told).split("</p>", 1)[0]
    assert "A larger <code>ring.plant</code> &amp; more." in lead


def test_an_alternative_whose_ring_leaves_its_bounds_is_told_below_the_table(scenarios):
    told = {name: summarise(one) for name, one in scenarios.items()}
    assert "beyond-bounds" not in decision_html(scenarios, FiguresConfig(), told)
    fact = "The ring leaves its bounds in 7 time steps."
    for name in ("smart", "baseline"):
        told[name]["ring"]["beyond_bounds"] = {"fact": fact, "text": f"{fact} Ways out."}
    page = decision_html(scenarios, FiguresConfig(), told)
    assert f'<ul class="hint" id="beyond-bounds"><li>baseline: {fact}</li></ul>' in page
    assert page.count(fact) == 2  # the plan's is in the first sentence
    assert page.index(f"{fact} Ways out.") < page.index("</p>")


def test_the_worst_week_is_the_one_with_most_demand():
    year = fake_district(days=365)
    week = worst_week(year)
    assert week.stop - week.first == 7 * 24
    assert week.service in ("heat", "cold")
    carriers = ["air_cond"] if week.service == "cold" else ["dhw", "sh"]
    taken = -year.results["carrier_con"].sel(carrier=carriers)
    taken = taken.where(year.results["node_base"] == "demand").sum(("node", "carrier")).values
    weeks = [taken[24 * d : 24 * (d + 7)].sum() for d in range(359)]
    assert week.first == 24 * int(np.argmax(weeks))
    assert week.energy_mwh == pytest.approx(max(weeks) / 1000)
    assert (week.title, "with most" in week.text) == ("Worst week", True)
    few = worst_week(fake_district(days=3))
    assert few.stop == 72
    assert (few.title, "with most" in few.text) == ("The days modelled", False)


def test_sizes_that_were_found_for_some_days_are_told_with_what_these_leave_out():
    few = fake_district(days=2, start="2015-01-05")
    look = Appearance(few.results, few.inputs, FiguresConfig())
    results = few.results.copy(deep=True)
    cold = {"node": results["node_base"] == "demand", "carrier": "air_cond"}
    results["carrier_con"].loc[cold] = results["carrier_con"].loc[cold] * 0.0
    said = few_days_html([replace(few, results=results)], look)
    assert "found for 2 days alone (5 Jan 2015 to 6 Jan 2015)" in said
    assert "nothing asks for cooling: what would serve it has next to no size" in said
    results["carrier_con"].loc[cold] = -1.0
    assert "nothing asks for" not in few_days_html([replace(few, results=results)], look)
    for kind in ("energy_cap", "storage_cap"):
        few.inputs[f"{kind}_equals"] = few.results[kind].fillna(0.0)
    assert few_days_html([few], look) == ""
    assert few_days_html([fake_district(days=365)], look) == ""


def test_no_ring_no_prices_no_co2_are_said(tmp_path):
    results = extract(FakeData(fake_inputs()), fake_solution())
    plain = CollectedResults(results=results, inputs=fake_inputs())
    text = write_report({"only": plain}, tmp_path / "plain.html").read_text(encoding="utf-8")
    assert 'id="alternatives"' in text
    assert "Against the alternatives" not in text
    assert "<caption>The only scenario of this run</caption>" in text
    assert re.search(r'data-answer="(co2)"', text)
    assert ring_sizes(plain) == []


def test_building_costs_every_priced_capacity_and_half_a_link_at_each_end():
    inputs = xr.Dataset(
        {
            "cost_energy_cap": (("cost", "node"), [[100.0, 40.0, np.nan]]),
            "cost_storage_cap": (("cost", "node"), [[np.nan, np.nan, 7.0]]),
            "cost_purchase": (("cost", "node"), [[500.0, np.nan, np.nan]]),
        },
        coords={
            "cost": ["monetary"],
            "node": ["a::pump", "a::pipe:b", "a::tank"],
            "node_base": ("node", ["conversion", "transmission", "storage"]),
        },
    )
    results = xr.Dataset(
        {
            "energy_cap": ("node", [3.0, 10.0, np.inf]),
            "storage_cap": ("node", [np.nan, np.nan, 50.0]),
            "purchased": ("node", [1.0, np.nan, np.nan]),
        },
        coords={"node": inputs["node"].values},
    )
    found = overnight_cost(inputs, results).sel(cost="monetary").values
    assert found.tolist() == [800.0, 200.0, 350.0]
    assert overnight_cost(inputs.drop_vars(list(inputs.data_vars)), results) is None


def test_a_scenario_without_a_simulated_cost_has_no_share_of_it(scenarios):
    page = comparison_html(scenarios, FiguresConfig())
    assert "nan %" not in page
    assert "air_source" in page


def test_a_difference_of_the_last_digits_is_none():
    assert _apart(459.32780382465774, 459.3278038246577) == 0.0
    assert _apart(460.0, 459.0) == 1.0
