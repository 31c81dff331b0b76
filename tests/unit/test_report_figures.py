"""Figures: all there, labelled with units, legible, and the same every time."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pytest

from anello.base.files import sha256
from anello.errors import ArtefactError
from anello.optimise.results import extract, write_results
from anello.optimise.results.collected import CollectedResults
from anello.present.report import comparison, comparison_figure, dispatch_figures, figures
from anello.present.report.appearance import Appearance, carrier_kind, lightened
from anello.present.report.config import FiguresConfig, Period
from anello.present.report.figure_files import figure_style
from report_fakes import fake_district
from results_fakes import FakeData, fake_inputs, fake_solution

PNG = FiguresConfig(formats=["png"], dpi=72)


@pytest.fixture(scope="module")
def year():
    return fake_district(days=365)


@pytest.fixture(scope="module")
def days():
    return fake_district(days=3, start="2015-07-01")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def made(collected, config=PNG):
    with figure_style():
        return dict(figures._figures(collected, config))


def texts_of(figure):
    """Every text that can be seen, with where it stands on the page."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    found = [*figure.texts]
    if figure._suptitle is not None:
        found.append(figure._suptitle)
    legends = list(figure.legends)
    for axis in figure.axes:
        low, high = sorted(axis.get_xlim()), sorted(axis.get_ylim())
        if axis.axison:
            ticks = [*axis.get_xticklabels(), *axis.get_yticklabels()]
            ticks += [*axis.get_xticklabels(minor=True), *axis.get_yticklabels(minor=True)]
            found += [
                t
                for t in ticks
                if low[0] - 1e-6 <= t.get_position()[0] <= low[1] + 1e-6
                and high[0] - 1e-6 <= t.get_position()[1] <= high[1] + 1e-6
            ]
            found += [axis.xaxis.label, axis.yaxis.label]
        found += [axis._left_title, axis.title, axis._right_title, *axis.texts]
        legends += [axis.get_legend()]
    for legend in filter(None, legends):
        found += [*legend.get_texts(), legend.get_title()]
    seen = dict.fromkeys(t for t in found if t.get_visible() and t.get_text().strip())
    return [(text, text.get_window_extent(renderer)) for text in seen]


def check_legible(figure):
    """No text touches another, sticks out of the page or is too small to read in print."""
    page = figure.bbox.padded(1.0)
    texts = texts_of(figure)
    for text, box in texts:
        assert text.get_fontsize() >= 6.0, text.get_text()
        assert page.x0 <= box.x0, text.get_text()
        assert page.y0 <= box.y0, text.get_text()
        assert box.x1 <= page.x1, text.get_text()
        assert box.y1 <= page.y1, text.get_text()
    for (one, box), (other, its_box) in itertools.combinations(texts, 2):
        assert not box.shrunk(0.98, 0.9).overlaps(its_box.shrunk(0.98, 0.9)), (
            one.get_text(),
            other.get_text(),
        )


def check_units(figure):
    """Every axis with numbers says what they are and in which unit."""
    for axis in figure.axes:
        if not axis.axison:
            continue
        for side in (axis.xaxis, axis.yaxis):
            shown = [
                t.get_text()
                for t in [*side.get_ticklabels(), *side.get_ticklabels(minor=True)]
                if t.get_visible()
                and t.get_text()
                and side.get_tick_params().get("labelleft", True)
            ]
            numbers = [t for t in shown if re.fullmatch(r"[−-]?[\d.,]+", t)]
            label = side.get_label().get_text()
            counted = label.startswith(("Iteration", "Day of", "Month"))
            shared = not side.get_tick_params().get("labelbottom", True)
            if numbers and not counted and not shared:
                assert re.search(r"\[.+\]$", label), (label, numbers)


def test_a_year_gives_every_figure(year):
    found = made(year)
    assert set(found) == {
        "dispatch_winter_all",
        "dispatch_summer_all",
        "monthly_balance",
        "ring_iterations",
        "ring_carpet",
        "cop_duration",
        "convergence",
    }
    for name, figure in found.items():
        check_legible(figure)
        check_units(figure)
        assert any(axis.get_ylabel() for axis in figure.axes), name


def test_the_price_of_source_heat_is_drawn_where_the_optimiser_saw_the_ring(year):
    times = year.results["timestep"]
    wave = 0.02 * np.cos(np.arange(len(times)) / len(times) * 2 * np.pi)
    results = year.results.assign(source_heat_price=("timestep", wave))
    seen = CollectedResults(results=results, inputs=year.inputs, ring=year.ring)
    config = FiguresConfig(only=["source_heat_price"], currency="CHF")
    figure = made(seen, config)["source_heat_price"]
    check_legible(figure)
    assert "Price [CHF/kWh]" in {axis.get_ylabel() for axis in figure.axes}


def test_the_dispatch_has_the_five_panels_of_the_study(year):
    config = FiguresConfig(
        only=["dispatch"],
        locations=["buildings", "commercial"],
        periods=[Period(name="march", start="2015-03-02T00:00", days=3)],
    )
    found = made(year, config)
    assert set(found) == {"dispatch_march_buildings", "dispatch_march_commercial"}
    titles = [a.get_title(loc="left") for a in found["dispatch_march_buildings"].axes]
    assert titles == [
        "Domestic hot water",
        "Space heating",
        "Cooling",
        "Electricity",
        "Ring temperature",
    ]
    for figure in found.values():
        check_legible(figure)


def test_bands_of_the_dispatch_add_up_to_the_demand(year):
    results = year.results
    for location in ("all", "buildings"):
        for carrier in ("dhw", "electricity", "air_cond"):
            flows = figures.carrier_flows(results, carrier, location)
            total = sum(flow.values for flow in flows)
            assert np.abs(total).max() < 1e-6


def test_a_short_run_gives_figures_too(days):
    found = made(days)
    assert "dispatch_whole_all" in found
    for figure in found.values():
        check_legible(figure)


def test_without_a_ring_there_is_no_panel_of_it(days):
    plain = CollectedResults(results=days.results, inputs=days.inputs)
    found = made(plain)
    assert set(found) == {"dispatch_whole_all", "monthly_balance"}
    titles = [a.get_title(loc="left") for a in found["dispatch_whole_all"].axes]
    assert "Ring temperature" not in titles


def test_any_model_can_be_drawn_not_only_districts():
    results = extract(FakeData(fake_inputs(steps=48)), fake_solution(steps=48))
    found = made(CollectedResults(results=results, inputs=fake_inputs(steps=48)))
    for figure in found.values():
        check_legible(figure)


def test_links_are_left_out_where_locations_are_added_up():
    results = extract(FakeData(fake_inputs()), fake_solution())
    everywhere = {f.label for f in figures.carrier_flows(results, "electricity", "all")}
    at_a = {f.label for f in figures.carrier_flows(results, "electricity", "a")}
    assert "line:b" not in everywhere
    assert "line:b" in at_a


def test_files_are_written_in_every_format_with_equal_bytes(tmp_path, days):
    config = FiguresConfig(only=["dispatch", "ring_carpet"], dpi=72)
    one = figures.draw_figures(days, tmp_path / "one", config)
    two = figures.draw_figures(days, tmp_path / "two", config)
    assert {p.suffix for p in one} == {".svg", ".pdf", ".png"}
    assert [p.name for p in one] == [p.name for p in two]
    for a, b in zip(one, two, strict=True):
        assert sha256(a) == sha256(b), a.name
        assert a.stat().st_size > 4000
        if a.suffix == ".svg":
            ET.parse(a)
            assert "<dc:date>" not in a.read_text()


def test_figures_are_drawn_from_the_file_alone(tmp_path, days):
    write_results(days, tmp_path / "results.nc")
    config = FiguresConfig(only=["monthly_balance"], formats=["svg"])
    written = figures.draw_figures(tmp_path / "results.nc", tmp_path / "figures", config)
    assert [p.name for p in written] == ["monthly_balance.svg"]
    manifest = json.loads((tmp_path / "figures/manifest.json").read_text())
    assert manifest["sources"] == {"results.nc": sha256(tmp_path / "results.nc")}
    assert manifest["figures"] == {"monthly_balance.svg": sha256(written[0])}
    assert "matplotlib" in manifest["versions"]
    with pytest.raises(ArtefactError):
        figures.draw_figures(tmp_path / "nothing.nc", tmp_path)


@pytest.mark.parametrize("converged", [True, False])
def test_a_record_of_convergence_is_drawn_alone(tmp_path, converged):
    record = {
        "converged": converged,
        "tolerance": 0.05,
        "criterion": "max_change",
        "trace": [
            {
                "iteration": i,
                "max_delta_t_k": None if i == 0 else 5.0,
                "rms_delta_t_k": None if i == 0 else 1.5,
                "mean_relative_change": None if i == 0 else 0.1,
                "max_delta_cop": 0.4,
                "j_lp_eur": 42.5e3,
                "j_sim_eur": 47.5e3,
                "trust_region_k": None,
                "accepted": None,
                "converged": False,
            }
            for i in range(4)
        ],
    }
    path = figures.plot_convergence(record, tmp_path / "convergence.svg")
    assert path == tmp_path / "convergence.svg"
    figure = figures.plot_convergence(record)
    assert figure.get_suptitle().startswith("Converged" if converged else "Not converged")
    check_legible(figure)


@pytest.mark.parametrize("trace", [[], [{"iteration": 0, "max_delta_cop": 0.0, "j_sim_eur": 1.0}]])
def test_a_record_with_next_to_nothing_is_drawn_too(trace):
    check_legible(figures.plot_convergence({"converged": False, "trace": trace}))


def test_an_unknown_location_or_period_is_named(days):
    with pytest.raises(ValueError, match=r"figures\.locations: no location moon"):
        made(days, FiguresConfig(locations=["moon"]))
    period = Period(name="xmas", start="2015-12-24T00:00", days=2)
    with pytest.raises(ValueError, match=r"figures\.periods: no hour of `xmas`.*2015-07-01T00:00"):
        made(days, FiguresConfig(periods=[period]))


def test_settings_refuse_unknown_keys_and_twins():
    with pytest.raises(ValueError, match="extra"):
        FiguresConfig(format="png")
    with pytest.raises(ValueError, match="share the name a"):
        FiguresConfig(
            periods=[Period(name="a", start="2015-01-01"), Period(name="a", start="2015-02-01")]
        )


def test_names_and_colours_come_from_the_user_then_the_model_then_the_palette(days):
    config = FiguresConfig(
        names={"hp_dhw": "Boiler replacement", "dhw": "Showers"}, colors={"grid": "#123456"}
    )
    look = Appearance(days.results, days.inputs, config)
    assert look.name("hp_dhw") == "Boiler replacement"
    assert look.name("hp_clim_cold") == "Chiller"
    assert look.name("dhw") == "Showers"
    assert look.color("grid") == "#123456"
    assert look.color("tes_dhw") == lightened(look.color("hp_dhw"), 0.5)
    inputs = days.inputs.copy()
    inputs["tech_color"] = ("tech", ["#ABCDEF"] * inputs.sizes["tech"])
    theirs = Appearance(days.results, inputs, FiguresConfig(use_model_colors=True))
    assert theirs.color("hp_dhw") == "#ABCDEF"


def test_colours_of_a_panel_differ(year):
    look = Appearance(year.results, year.inputs, FiguresConfig())
    for carrier in look.carriers():
        flows = figures.carrier_flows(year.results, carrier, "all")
        styles = {dispatch_figures.flow_style(f, look)[1:] for f in flows if f.role != "demand"}
        names = {f.label for f in flows if f.role != "demand"}
        assert len(styles) == len(names), carrier


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dhw", "dhw"),
        ("sh", "heating"),
        ("air_cond", "cooling"),
        ("electricity", "electricity"),
        ("power", "electricity"),
        ("heat", "heating"),
        ("hydrogen", ""),
    ],
)
def test_services_are_known_by_their_names(name, kind):
    assert carrier_kind(name) == kind


def test_steps_without_flow_are_said_to_have_none(year):
    config = FiguresConfig(
        only=["dispatch"],
        periods=[Period(name="january", start="2015-01-10T00:00", days=2)],
    )
    figure = made(year, config)["dispatch_january_all"]
    cooling = next(a for a in figure.axes if a.get_title(loc="left") == "Cooling")
    assert any("No flow" in t.get_text() for t in cooling.texts)


def test_scenarios_are_compared_in_a_table_and_a_figure(tmp_path, days):
    other = fake_district(days=3, start="2015-07-01", scenario="baseline", stores=False)
    scenarios = {"baseline": other, "smart": days}
    table = comparison.scenario_table(scenarios)
    assert list(table.columns) == ["baseline", "smart"]
    assert table.loc["Cost as simulated [€]"].notna().all()
    assert "Peak of electricity grid [kW]" in table.index
    path = comparison.write_scenario_table(scenarios, tmp_path / "scenarios.csv")
    assert path.read_text().startswith("quantity,baseline,smart\n")
    with figure_style():
        figure = comparison_figure.plot_comparison(scenarios, FiguresConfig())
    assert len(figure.axes) == 3
    check_legible(figure)
    written = comparison_figure.draw_comparison(scenarios, tmp_path, PNG)
    assert [p.name for p in written] == ["scenario_comparison.png"]
