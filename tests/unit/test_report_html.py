"""The HTML report: whole in one file, true to the numbers, usable by keyboard and on a phone."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

from anello.base.files import sha256
from anello.errors import ArtefactError
from anello.optimise.results import extract, write_results
from anello.optimise.results.collected import CollectedResults
from anello.present.report import hourly
from anello.present.report import html as report
from anello.present.report.charts import Line, line_chart
from anello.present.report.config import FiguresConfig
from anello.present.report.energy_flows import Link, energy_links, sankey_svg
from anello.present.report.heading import heading_of
from browser import find_chromium
from browser import run_in as run_page
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution


@pytest.fixture(scope="module")
def scenarios():
    options = {"days": 30, "start": "2015-04-01"}  # heating ends, cooling begins
    return {
        "baseline": fake_district(**options, scenario="baseline", stores=False),
        "smart": fake_district(**options),
    }


@pytest.fixture(scope="module")
def page(scenarios, tmp_path_factory):
    return report.write_report(scenarios, tmp_path_factory.mktemp("report") / "report.html")


def payload(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(found.group(1))


def unpacked(part):
    return np.frombuffer(base64.b64decode(part["data"]), "<i2") * part["scale"]


class Outline(HTMLParser):
    VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.outside, self.labelled = [], [], [], 0

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        for key in ("src", "href", "xlink:href", "action"):
            if key in attrs and not attrs[key].startswith("#"):
                self.outside.append((tag, attrs[key]))
        if tag in ("select", "input") and "label" in self.open:
            self.labelled += 1

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(page):
    text = page.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert outline.outside == []
    assert outline.labelled == 6
    assert len(outline.ids) == len(set(outline.ids))
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    shown = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    assert "@" not in re.sub(r"@media|@page", "", shown)
    assert page.stat().st_size < 15e6


def test_the_page_has_every_part(page):
    text = page.read_text(encoding="utf-8")
    for part in (
        "Scenarios compared",
        "Dispatch, hour by hour",
        "Ring temperature",
        'class="sankey"',
        "COP",
        "Prices of energy",
        "Convergence",
        "Findings in the data",
        "2015-10-23 12:00:00",
        "Where this comes from",
        "0" * 64,
    ):
        assert part in text, part
    assert text.count('class="scenario"') == 2


def test_what_the_script_draws_are_the_numbers_of_the_results(page, scenarios):
    smart = payload(page)["scenarios"][1]
    results = scenarios["smart"].results
    found = next(
        f
        for f in smart["flows"]
        if (f["loc"], f["key"], f["carrier"]) == ("buildings", "hp_dhw", "dhw")
    )
    expected = results["carrier_prod"].sel(node="buildings::hp_dhw", carrier="dhw").values
    assert np.abs(unpacked(found) - expected).max() < expected.max() / 30000
    assert found["name"] == "Heat pump, hot water"
    temperature = scenarios["smart"].ring["temperature_degc"].values[:-1]
    assert np.abs(unpacked(smart["ring"]) - temperature).max() < 1e-3
    assert (smart["count"], smart["step"]) == (720, 3_600_000)
    assert smart["start"] == results["timestep"].values[0].astype("datetime64[ms]").astype(int)


def test_equal_results_give_an_equal_page(tmp_path, scenarios, page):
    again = report.write_report(scenarios, tmp_path / "again.html")
    assert sha256(again) == sha256(page)


def test_a_long_run_is_averaged_and_keeps_its_energy(tmp_path, scenarios, monkeypatch):
    whole = payload(report.write_report(scenarios, tmp_path / "whole.html"))
    monkeypatch.setattr(hourly, "MOST_VALUES", 10_000)
    path = report.write_report(scenarios, tmp_path / "coarse.html")
    assert "means of" in path.read_text()
    coarse = payload(path)
    for one, other in zip(
        whole["scenarios"][1]["flows"], coarse["scenarios"][1]["flows"], strict=True
    ):
        values = unpacked(one)
        every = round(len(values) / len(unpacked(other)))
        assert every > 1
        if len(values) % every == 0:
            assert unpacked(other).sum() * every == pytest.approx(values.sum(), rel=1e-3, abs=1)


def test_the_heading_has_the_name_of_the_district_and_that_of_the_run(scenarios):
    smart = scenarios["smart"]
    named = replace(smart, config={"model": {"name": "Köln Süd"}}, attrs={"run": "koln-sud"})
    assert heading_of({"smart": named}) == "Results of Köln Süd, run koln-sud"
    other = replace(named, config={"model": {"name": "Bonn"}})
    assert heading_of({"one": named, "other": other}) == "Results of koln-sud"
    assert heading_of({"smart": replace(named, config={}, attrs={})}) == "Results"
    # Each scenario of a district adds what it is, as generated models do.
    names = ("Milano, Bovisa, gas", "Milano, Bovisa, air source", "Milano, Bovisa, without storage")
    every = {name: replace(named, config={"model": {"name": name}}) for name in names}
    assert heading_of(every) == "Results of Milano, Bovisa, run koln-sud"


def test_names_cannot_break_the_page(tmp_path, scenarios):
    evil = "</script><b>\"quoted\" & 'more'"
    config = FiguresConfig(names={"hp_dhw": evil, "buildings": evil})
    path = report.write_report({evil: scenarios["smart"]}, tmp_path / "evil.html", config)
    text = path.read_text(encoding="utf-8")
    assert "</script><b>" not in text
    assert payload(path)["scenarios"][0]["name"] == evil
    outline = Outline()
    outline.feed(text)
    assert outline.open == []


def test_results_are_read_from_files(tmp_path, scenarios):
    write_results(scenarios["smart"], tmp_path / "results.nc")
    path = report.write_report({"smart": tmp_path / "results.nc"}, tmp_path / "report.html")
    assert payload(path)["scenarios"][0]["name"] == "smart"
    with pytest.raises(ArtefactError):
        report.write_report({}, tmp_path / "none.html")


def test_a_model_without_ring_loop_or_prices_has_a_report_too(tmp_path):
    solution = fake_solution()
    solution.problem.constraints.clear()
    results = extract(FakeData(fake_inputs()), solution)
    plain = CollectedResults(results=results, inputs=fake_inputs())
    text = report.write_report({"only": plain}, tmp_path / "plain.html").read_text()
    for sentence in ("No ring was simulated", "solved once", "not checked", "no prices"):
        assert sentence in text


def test_prices_that_nothing_sets_are_left_out_and_counted(tmp_path, scenarios):
    smart = scenarios["smart"]
    results = smart.results.copy(deep=True)
    results.attrs["penalty_per_kwh"] = 1e6
    results["carrier_con"].loc[{"carrier": "dhw"}] = -1.0
    results["shadow_price"].loc[{"loc": "buildings", "carrier": "dhw"}][:3] = 1e6
    results["source_heat_price"] = ("timestep", np.linspace(0.01, -0.01, 720))
    changed = CollectedResults(results=results, inputs=smart.inputs, ring=smart.ring)
    text = report.write_report({"smart": changed}, tmp_path / "r.html").read_text()
    assert "Source heat from the ring" in text
    assert re.search(r"Of [\d,]+ prices, .*3 set by the penalty", text)
    labels = re.search(r"Prices of one more kWh.*?</figure>", text, re.S).group(0)
    assert "1e6" not in labels


def test_costs_per_kwh_add_up_in_the_report(tmp_path, scenarios):
    text = report.write_report(scenarios, tmp_path / "r.html").read_text()
    assert "Cost of the whole system, shared out to each carrier" in text


def test_energy_in_the_diagram_is_conserved_and_runs_through_the_ring(scenarios):
    links = energy_links(scenarios["smart"], FiguresConfig())
    places = {name for k in links for name in (k.source, k.target)}
    assert {"Ring", "Electricity", "Rooms being cooled", "Heating demand"} <= places
    for name in ("Electricity", "Cooling", "Space heating", "Chiller", "Heat pump, heating"):
        into = sum(k.energy_mwh for k in links if k.target == name)
        out = sum(k.energy_mwh for k in links if k.source == name)
        assert into == pytest.approx(out, rel=2e-3), name
    directions = {(k.source, k.target) for k in links}
    assert ("Chiller", "Ring") in directions
    assert ("Ring", "Heat pump, heating") in directions


@pytest.mark.parametrize(
    ("device", "heat_kw", "names", "link"),
    [
        ("wells", 4.0, {}, ("Wells, heating", "Ring")),
        ("wells", -4.0, {}, ("Ring", "Wells, cooling")),
        ("central_heat_pump", 4.0, {}, ("Central heat pump", "Ring")),
        ("chiller", -4.0, {}, ("Ring", "Chiller of the ring")),
        (
            "central_heat_pump",
            4.0,
            {"hp_clim_hot": "Central heat pump"},
            ("Central heat pump of the ring", "Ring"),
        ),
    ],
)
def test_a_device_with_one_way_goes_by_its_name_alone(scenarios, device, heat_kw, names, link):
    smart = scenarios["smart"]
    heat = xr.DataArray(
        np.full((smart.ring.sizes["timestep"], 1), heat_kw),
        dims=("timestep", "device"),
        coords={"timestep": smart.ring["timestep"], "device": [device]},
    )
    without = smart.ring.drop_vars([v for v in smart.ring if "device" in smart.ring[v].dims])
    ring = without.drop_vars("device", errors="ignore").assign(q_bal_kw=heat)
    changed = CollectedResults(results=smart.results, inputs=smart.inputs, ring=ring)
    links = energy_links(changed, FiguresConfig(names=names))
    assert link in {(k.source, k.target) for k in links}


def test_a_demand_named_like_its_carrier_is_a_place_of_its_own(scenarios):
    config = FiguresConfig(names={"demand_dhw": "Domestic hot water"})
    links = energy_links(scenarios["smart"], config)
    assert all(k.source != k.target for k in links)
    assert any(k.target == "Domestic hot water (demand_dhw)" for k in links)


def test_links_of_a_network_lose_energy_in_the_diagram():
    results = extract(FakeData(fake_inputs()), fake_solution())
    plain = CollectedResults(results=results, inputs=fake_inputs())
    links = energy_links(plain, FiguresConfig())
    lost = next(k for k in links if k.target == "Network losses")
    assert lost.energy_mwh == pytest.approx(6 * 5.0 / 1000)


def test_circles_do_not_hinder_the_diagram():
    links = [
        Link("power", "electrolyser", 3, "#000000"),
        Link("electrolyser", "hydrogen", 2, "#000000"),
        Link("hydrogen", "fuel cell", 1, "#000000"),
        Link("fuel cell", "power", 0.5, "#000000"),
    ]
    drawn = sankey_svg(links, "circle")
    assert drawn.count("<path") == 4
    for number in re.findall(r' (?:x|y|width|height)="([^"]+)"', drawn):
        assert float(number) >= 0
    assert "No energy flows" in sankey_svg([], "nothing")


def test_charts_stand_odd_values():
    flat = Line("flat", np.array([1.0]), np.array([5.0]), "#000000", markers=True)
    gaps = Line("gaps", np.arange(3.0), np.array([np.nan, 0.0, 2.0]), "#111111")
    none = Line("none", np.arange(2.0), np.array([np.nan, np.inf]), "#222222")
    for log in (False, True):
        drawn = line_chart([flat, gaps, none], "x", "y [kW]", "odd", log=log)
        assert "nan" not in drawn.lower()
        assert "inf" not in drawn.lower()
    assert "no values" in line_chart([none], "x", "y", "empty")


# --- as a browser shows it ----------------------------------------------------------------------


HELPERS = """
const key = (id, k) => document.getElementById(id).dispatchEvent(
  new KeyboardEvent('keydown', {key: k, bubbles: true, cancelable: true}));
const $ = id => document.getElementById(id);
"""


@pytest.fixture(scope="module")
def chromium():
    return find_chromium()


def run_in(chromium, page, script, **options):
    return run_page(chromium, page, HELPERS + script, **options)


def test_keys_move_through_hours_and_periods(chromium, page):
    found = run_in(
        chromium,
        page,
        """
        const seen = [$("readout").textContent.slice(0, 24)];
        key("plot", "ArrowRight"); seen.push($("readout").textContent.slice(0, 24));
        key("plot", "ArrowLeft"); key("plot", "ArrowLeft");
        seen.push($("readout").textContent.slice(0, 24));
        key("plot", "Home"); seen.push($("date").value);
        key("plot", "PageDown"); seen.push($("date").value);
        key("plot", "PageUp"); seen.push($("date").value);
        key("plot", "End"); seen.push($("date").value);
        seen.push($("on").disabled);
        return seen;
        """,
    )
    hours = [re.search(r"\d\d:\d\d", text).group(0) for text in found[:3]]
    assert hours == ["12:00", "13:00", "11:00"]
    assert found[3:] == ["2015-04-01", "2015-04-08", "2015-04-01", "2015-04-24", True]


def test_choices_change_what_is_drawn(chromium, page):
    found = run_in(
        chromium,
        page,
        """
        const count = () => document.querySelectorAll("#plot svg .t").length;
        const pick = (id, v) => { $(id).value = v; $(id).dispatchEvent(new Event("change")); };
        const all = count();
        pick("carrier", "electricity"); const one = count();
        pick("loc", "commercial"); pick("span", "1");
        const shown = [...document.querySelectorAll(".scenario")].map(b => b.hidden);
        pick("scenario", "baseline");
        const then = [...document.querySelectorAll(".scenario")].map(b => b.hidden);
        key("carpet", "ArrowRight"); const day = $("ringtext").textContent;
        key("carpet", "Enter");
        return [all, one, shown, then, day.slice(0, 15), $("date").value, location.hash];
        """,
    )
    assert found[0] == 5
    assert found[1] == 2
    assert found[2] == [True, False]
    assert found[3] == [False, True]
    assert found[4].startswith("Thu 2 Apr 2015")
    assert found[5] == "2015-04-02"
    assert found[6] == "#scenario=baseline"


def test_a_link_can_name_the_scenario(chromium, page):
    found = run_in(chromium, page, "return $('scenario').value;", fragment="#scenario=smart")
    assert found == "smart"


def test_a_phone_needs_no_sideways_scrolling(chromium, page):
    script = "return [document.documentElement.scrollWidth, innerWidth, $('plot').clientWidth];"
    wide, inner, plot = run_in(chromium, page, script, width=500)
    assert wide <= inner
    assert 300 <= plot <= inner
