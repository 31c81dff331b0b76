"""Plots: the numbers they show, what they refuse, the files they write, and what a browser sees."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

import anello
from anello.errors import AnelloError, InputError
from anello.present.plotting.network import flows_chart
from anello.present.plotting.network_map import Link, Map
from anello.present.plotting.selection import Source
from anello.present.plotting.timeseries import TimeAxis
from browser import find_chromium, run_in


def solved(example, **override):
    first = example(override_dict={"model.subset_time": override.pop("days"), **override})
    first.run()
    return first


@pytest.fixture(scope="module")
def island():
    return solved(anello.examples.national_scale, days=["2030-07-01", "2030-07-01"])


@pytest.fixture(scope="module")
def town():
    return solved(anello.examples.urban_scale, days=["2030-04-10", "2030-04-10"])


@pytest.fixture(scope="module")
def district():
    return solved(anello.examples.district_scale, days=["2030-03-12", "2030-03-12"])


def shown(figure):
    return [trace for trace in figure.data if trace.visible]


# --- numbers -------------------------------------------------------------------------------------


def test_stacks_of_a_carrier_balance(town):
    figure = town.plot.timeseries("electricity")
    made = sum(t.y for t in figure.data if t.stackgroup == "made")
    used = sum(t.y for t in figure.data if t.stackgroup == "used")
    demand = next(t.y for t in figure.data if t.name == "Electricity demand")
    links = town.get_formatted_array("carrier_prod").sel(carriers="electricity")
    taken = town.get_formatted_array("carrier_con").sel(carriers="electricity")
    lines = [t for t in links.techs.values if t.startswith("power_line")]
    lost = (links + taken).sel(techs=lines).sum(["locs", "techs"]).values
    np.testing.assert_allclose((made + used - demand)[:-1], -lost, atol=1e-6)
    assert len(made) == 25
    assert made[-1] == made[-2]
    assert figure.layout.yaxis.title.text.endswith("[kW]")


def test_flows_of_one_place_include_what_comes_over_the_links(town):
    figure = town.plot.timeseries("electricity", subset={"locs": ["school"]})
    made = sum(t.y for t in figure.data if t.stackgroup)
    demand = next(t.y for t in figure.data if t.name == "Electricity demand")
    np.testing.assert_allclose(made, demand, atol=1e-6)
    assert "Power line" in {t.name for t in figure.data}


def test_powers_do_not_depend_on_the_length_of_steps():
    axis = TimeAxis(pd.date_range("2030", periods=3, freq="3h"), np.full(3, 3.0), np.ones(3))
    assert axis.points() == {"x0": "2030-01-01T00:00:00", "dx": 3 * 3_600_000.0}
    uneven = TimeAxis(
        pd.DatetimeIndex(["2030-01-01 00:00", "2030-01-01 01:00", "2030-01-01 04:00"]),
        np.array([1.0, 3.0, 1.0]),
        np.ones(3),
    )
    assert uneven.points()["x"][-1] == "2030-01-01T05:00:00"
    assert not len(uneven.gaps)


def test_steps_with_others_left_out_stand_side_by_side():
    days = pd.DatetimeIndex(["2030-01-05", "2030-07-09"])
    starts = pd.DatetimeIndex([d + pd.Timedelta(hours=h) for d in days for h in range(24)])
    axis = TimeAxis(starts, np.ones(48), np.full(48, 182.5))
    assert axis.gaps.tolist() == [24]
    layout = axis.layout(rangeslider=False, zoom=None)
    assert layout["xaxis"]["ticktext"] == ["05 Jan 2030<br>× 182.5", "09 Jul 2030<br>× 182.5"]
    assert layout["xaxis"]["tickvals"] == [0.0, 24.0]
    assert layout["xaxis"]["range"] == [0.0, 48.0]
    assert [shape["x0"] for shape in layout["shapes"]] == [24.0]
    assert len(axis.points()["x"]) == 49
    after = axis.broken(np.arange(49.0), at_end=False)
    assert after["x"][23:28].tolist() == [23, 24, 24, 24, 25]
    np.testing.assert_array_equal(after["y"][23:28], [23, 23, np.nan, 24, 25])
    before = axis.broken(np.arange(49.0), at_end=True)
    assert before["x"][23:27].tolist() == [23, 24, 24, 25]
    np.testing.assert_array_equal(before["y"][23:27], [23, 24, np.nan, 25])


def test_storage_prices_and_inputs_keep_their_values(island):
    stored = {t.name: t.y for t in island.plot.timeseries("storage").data}
    expected = island.get_formatted_array("storage").sum("locs").sel(techs="battery").values
    np.testing.assert_allclose(stored["Batteries"][1:], expected)
    prices = {t.name: t.y for t in island.plot.timeseries("shadow_price").data}
    coast = island.get_formatted_array("shadow_price").sel(locs="coast", carriers="power").values
    np.testing.assert_allclose(prices["coast · power"][:-1], coast)
    sun = island.plot.timeseries("resource", subset={"techs": ["solar_thermal"]})
    assert [t.name for t in sun.data] == [
        "Concentrating solar power · plateau_east",
        "Concentrating solar power · plateau_west",
    ]
    assert "kWh/m²" in sun.layout.yaxis.title.text
    several = island.plot.timeseries("resource").layout.updatemenus[0].buttons
    assert [b.label[-7:] for b in several] == ["e), kWh", " kWh/m²", " kWh/kW"]


def test_capacities_are_those_of_the_results(island):
    figure = island.plot.capacity(array="energy_cap")
    expected = island.get_formatted_array("energy_cap")
    names = {"Gas turbines": "gas", "Batteries": "battery"}
    for trace in figure.data:
        if trace.name not in names:
            continue
        for place, value in zip(trace.y, trace.x, strict=True):
            there = float(expected.sel(locs=place, techs=names[trace.name]).fillna(0))
            assert value == pytest.approx(there)
    assert {t.name for t in figure.data} >= set(names)
    whole = island.plot.capacity("v", "energy_cap", sum_dims="locs")
    batteries = next(t for t in whole.data if t.name == "Batteries")
    assert batteries.y[0] == pytest.approx(float(expected.sel(techs="battery").sum()))
    assert batteries.x == ("All",)


def test_each_cost_class_has_its_view(island):
    labels = [b.label for b in island.plot.capacity().layout.updatemenus[0].buttons]
    assert "Total cost (cost), monetary" in labels
    assert "Total cost (cost), emissions" in labels
    only = island.plot.capacity(array="cost", subset={"costs": ["emissions"]})
    assert not only.layout.updatemenus
    assert sum(sum(t.x) for t in only.data) == pytest.approx(
        float(island.results["cost"].sel(costs="emissions").sum())
    )


def test_colours_and_names_are_those_of_the_essentials(island):
    trace = next(t for t in island.plot.timeseries("power").data if t.legendgroup == "wind")
    assert (trace.name, trace.fillcolor) == ("Wind farms", "#56b4e9")


def test_technologies_of_one_colour_are_told_apart():
    same = {t: {"essentials.color": "#123456"} for t in ("gas", "battery", "demand_power")}
    model = anello.examples.national_scale(override_dict={"techs": same})
    source = Source(model)
    colors = [source.color(t) for t in same]
    assert colors[0] == "#123456"
    assert len(set(colors)) == 3


def test_subset_orders_what_is_stacked(island):
    order = ["wind", "battery", "gas"]
    figure = island.plot.timeseries("power", subset={"techs": order})
    assert list(dict.fromkeys(t.legendgroup for t in figure.data)) == order
    night = island.plot.timeseries(
        "power", subset={"timesteps": ["2030-07-01 00:00", "2030-07-01 05:00"]}
    )
    assert {len(t.y) for t in night.data} == {7}


def test_menus_ranges_and_updates(island):
    figure = island.plot.timeseries(
        ["power", "storage"], timesteps_zoom=6, rangeslider=True, layout_updates={"height": 333}
    )
    assert [b.label for b in figure.layout.updatemenus[0].buttons] == [
        "Flows of power",
        "Stored energy (storage)",
    ]
    assert figure.layout.xaxis.range[1] == "2030-07-01T06:00:00"
    assert figure.layout.xaxis.rangeslider.visible
    assert figure.layout.height == 333
    visible = figure.layout.updatemenus[0].buttons[1].args[0]["visible"]
    assert {t.name for t, v in zip(figure.data, visible, strict=True) if v} == {
        "Batteries",
        "Concentrating solar power",
    }


def test_a_model_that_is_not_run_has_plots_of_its_inputs():
    model = anello.examples.national_scale()
    assert "resource" in model.plot.timeseries().layout.updatemenus[0].buttons[0].label
    assert model.plot.capacity(array="energy_cap_max")
    assert "may have" in model.plot.transmission().layout.title.text
    assert "not run yet" in model.plot.summary()
    with pytest.raises(InputError, match="run"):
        model.plot.flows()
    with pytest.raises(InputError, match="run"):
        model.plot.timeseries("results")


def test_alternatives_stand_beside_each_other():
    model = anello.examples.national_scale(
        scenario="spores",
        override_dict={
            "model.subset_time": ["2030-07-01", "2030-07-01"],
            "run.spores_options.spores_number": 1,
        },
    )
    model.run()
    beside = model.plot.capacity(array="energy_cap")
    assert beside.data[0].y == ("1", "0")
    expected = model.results["energy_cap"].sel(loc_techs="coast::wind").values
    wind = next(t.x for t in beside.data if t.legendgroup == "wind")
    np.testing.assert_allclose(wind[::-1], expected)
    one = model.plot.capacity(array="energy_cap", subset={"spores": [1]})
    assert "coast" in one.data[0].y
    assert "alternative 1" in one.layout.title.text
    made = model.get_formatted_array("carrier_prod").sel(locs="coast", techs="wind")
    for number in (0, 1):
        figure = model.plot.timeseries("power", subset={"spores": [number], "techs": ["wind"]})
        values = made.sel(spores=number, carriers="power").values
        np.testing.assert_allclose(figure.data[0].y[:-1], values)
    usual = model.plot.timeseries("power", subset={"techs": ["wind"]})
    np.testing.assert_allclose(usual.data[0].y[:-1], made.sel(spores=0, carriers="power").values)
    assert "alternative 0" in model.plot.transmission().layout.title.text
    with pytest.raises(InputError, match="spores"):
        model.plot.timeseries("power", subset={"spores": [0, 1]})


def test_typical_days_stand_side_by_side_and_their_stores_by_date(tmp_path):
    options = {"clustering_func": "hierarchical", "how": "mean", "k": 2}
    model = anello.examples.national_scale(
        override_dict={
            "model.subset_time": ["2030-07-01", "2030-07-03"],
            "model.time": {"function": "apply_clustering", "function_options": options},
        }
    )
    model.run()
    figure = model.plot.timeseries(["power", "storage_inter_cluster"])
    assert len(figure.layout.xaxis.ticktext) == 2
    assert any("× 2" in text for text in figure.layout.xaxis.ticktext)
    first, second = figure.layout.updatemenus[0].buttons
    assert first.args[1]["xaxis.type"] == "linear"
    assert second.args[1]["xaxis.type"] == "date"
    stored = next(t for t in figure.data if t.legendgroup == "battery" and len(t.y) == 4)
    expected = model.get_formatted_array("storage_inter_cluster").sel(techs="battery").sum("locs")
    np.testing.assert_allclose(stored.y[:-1], expected.values)
    for array in ("power", "storage", "storage_inter_cluster"):
        model.plot.timeseries(array, to_file=tmp_path / f"{array}.png")


# --- maps ----------------------------------------------------------------------------------------


def test_links_are_drawn_once_and_beside_each_other(town):
    ground = Map.of(Source(town))
    pairs = {(k.start, k.end) for k in ground.links}
    assert pairs == {("homes", "town_hall"), ("school", "town_hall")}
    assert len(ground.links) == len({lines[:2] for lines in ground.links.values()}) == 6
    figure = town.plot.transmission()
    text = next(t.text[0] for t in figure.data if t.text and "Gas pipe" in t.text[0])
    capacity = town.results["energy_cap"].sel(loc_techs="homes::gas_pipe:town_hall")
    assert f"{float(capacity):,.5g} kW" in text


def test_degrees_of_longitude_shrink_towards_the_poles(island):
    ground = Map.of(Source(island))
    assert ground.stretch == pytest.approx(1 / np.cos(np.deg2rad(40.825)), rel=1e-3)
    assert ground.heading(Link("ac_line", "coast", "valley")) == pytest.approx(172, abs=2)


def test_arrows_show_where_energy_goes(town):
    chart = flows_chart(Source(town), timestep_index_subset=(12, 14))
    assert (len(chart.frames), chart.views) == (2, 2)
    texts = [t["text"][0] for t in chart.frames[0]["data"] if "text" in t]
    pipe = next(t for t in texts if "Gas pipe" in t and "homes" in t)
    assert "town_hall → homes" in pipe
    ends = ["homes::gas_pipe:town_hall::gas", "town_hall::gas_pipe:homes::gas"]
    there, back = town.results["carrier_prod"].sel(loc_tech_carriers_prod=ends).values[:, 12]
    assert f"{there - back:,.4g} kW" in pipe
    moving = chart.frames[0]["traces"]
    assert all(chart.data[k]["type"] == "scatter" for k in moving)


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.timeseries("pover"), "Did you mean `power`"),
        (lambda p: p.timeseries("power", subset={"loc": ["coast"]}), "`locs`"),
        (lambda p: p.timeseries("power", subset={"locs": ["coats"]}), "`coast`"),
        (lambda p: p.timeseries("power", subset={"timesteps": ["2031", "2032"]}), "2030-07-01"),
        (lambda p: p.timeseries("power", sum_dims=None), "sum_dims='locs'"),
        (lambda p: p.capacity("x"), "orient"),
        (lambda p: p.capacity(array="resource"), "`resource_cap`"),
        (lambda p: p.flows(timestep_index_subset=[5]), "timestep_index_subset"),
        (lambda p: p.flows(timestep_index_subset=[900, 901]), "none of the"),
    ],
)
def test_wrong_arguments_are_explained(island, call, words):
    with pytest.raises(InputError, match=re.escape(words)):
        call(island.plot)


def test_a_map_needs_coordinates(district, tmp_path):
    with pytest.raises(InputError, match="coordinates"):
        district.plot.transmission()
    assert "no map" in district.plot.summary()


def test_without_plotly_images_are_drawn_and_pages_say_what_to_install(
    island, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "plotly", None)
    for name in [n for n in sys.modules if n.startswith("plotly.")]:
        monkeypatch.delitem(sys.modules, name)
    island.plot.timeseries("power", to_file=tmp_path / "p.svg")
    with pytest.raises(AnelloError, match=re.escape('pip install "anello[report]"')):
        island.plot.timeseries("power")


# --- files ---------------------------------------------------------------------------------------


def test_images_of_every_kind(island, town, tmp_path):
    for ending in ("svg", "pdf", "webp"):
        path = tmp_path / f"power.{ending}"
        assert island.plot.timeseries("power", to_file=path) is None
        assert path.stat().st_size > 4000
    again = tmp_path / "again.svg"
    island.plot.timeseries("power", to_file=again)
    assert again.read_bytes() == (tmp_path / "power.svg").read_bytes()
    assert ElementTree.parse(again).getroot().tag.endswith("svg")
    for number, plot in enumerate(
        (
            lambda to: town.plot.capacity(array="energy_cap", to_file=to),
            lambda to: town.plot.capacity("v", "systemwide_capacity_factor", to_file=to),
            lambda to: town.plot.transmission(to_file=to),
            lambda to: town.plot.flows(timestep_index_subset=[12, 13], to_file=to),
        )
    ):
        path = tmp_path / f"{number}.png"
        plot(path)
        pixels = matplotlib.image.imread(path)
        assert pixels.shape[:2] > (400, 1000)
        assert (pixels[..., :3].min(axis=2) < 0.9).mean() > 0.005


def test_an_image_shows_one_thing(island, tmp_path):
    with pytest.raises(InputError, match="array="):
        island.plot.timeseries(to_file=tmp_path / "all.svg")
    with pytest.raises(InputError, match="timestep_index_subset"):
        island.plot.flows(to_file=tmp_path / "all.svg")
    with pytest.raises(InputError, match="svg"):
        island.plot.timeseries("power", to_file=tmp_path / "power.xls")
    with pytest.raises(InputError, match="html"):
        island.plot.summary(to_file=tmp_path / "page.svg")
    assert not list(tmp_path.iterdir())


def test_results_files_have_the_same_plots(island, tmp_path):
    island.to_netcdf(tmp_path / "island.nc")
    again = anello.read_netcdf(tmp_path / "island.nc")
    assert again.plot.summary() == island.plot.summary()
    assert again.plot.timeseries("power").to_json() == island.plot.timeseries("power").to_json()


def test_a_part_of_a_page_leaves_the_library_to_the_page(island):
    part = island.plot.capacity(html_only=True)
    assert part.startswith("<div")
    assert len(part) < 100_000


def test_a_token_for_maps_is_not_used(island, caplog):
    island.plot.transmission(mapbox_access_token="pk.123")
    assert "mapbox_access_token" in caplog.text


# --- as a browser shows it -----------------------------------------------------------------------

CLICK = """
const part = id => document.getElementById(id);
const click = e => e.dispatchEvent(new MouseEvent('click', {bubbles: true}));
const rest = ms => new Promise(done => setTimeout(done, ms));
const pick = async (id, label) => {
  click(part(id).querySelector('.updatemenu-header'));
  await rest(50);
  const all = [...part(id).querySelectorAll('.updatemenu-dropdown-button')];
  click(all.find(b => b.textContent.startsWith(label)));
  await rest(300);
};
const seen = id => part(id)._fullData.filter(t => t.visible === true).map(t => t.name);
"""


def test_a_summary_opens_offline_and_its_menus_switch(tmp_path):
    evil = "</script><b>\"quoted\" & 'more' @PLOTLY@"
    town = solved(
        anello.examples.urban_scale,
        days=["2030-04-10", "2030-04-10"],
        **{"model.name": evil, "techs.boiler.essentials.name": evil},
    )
    page = tmp_path / "summary.html"
    town.plot.summary(to_file=page)
    text = page.read_text(encoding="utf-8")
    assert "</script><b>" not in text
    assert text.count("plotly.js v") == 1
    found = run_in(
        find_chromium(),
        page,
        CLICK
        + """
        const first = seen('timeseries');
        const layer = '.cartesianlayer .scatterlayer .trace';
        const drawn = part('timeseries').querySelectorAll(layer).length;
        await pick('timeseries', 'Flows of heat');
        const heat = seen('timeseries');
        const title = part('timeseries').querySelector('.ytitle').textContent;
        await pick('timeseries', 'Resource captured');
        const other = part('timeseries').querySelector('.ytitle').textContent;
        await pick('capacity', 'Most energy capacity');
        const built = part('capacity').querySelectorAll('.barlayer .bars').length;

        const plot = part('flows');
        const sizes = () => plot._fullData.filter(t => t.mode === 'markers' && t.text)
          .map(t => JSON.stringify([...[t.marker.size].flat()]));
        const before = sizes();
        const noon = plot.layout.sliders[0].steps[12];
        Plotly.animate(plot, ...noon.args);
        await rest(300);
        return {first, drawn, heat, title, other, built, capacities: seen('capacity').length,
                plots: document.querySelectorAll('.js-plotly-plot').length,
                before, after: sizes(), label: plot.querySelector('.slider-label').textContent,
                active: plot.layout.sliders[0].active,
                heading: document.querySelector('h1').textContent};
        """,
    )
    assert "Electricity demand" in found["first"]
    assert found["drawn"] == len(found["first"])
    assert "Heat demand" in found["heat"]
    assert "Electricity demand" not in found["heat"]
    assert found["title"].endswith("[kW]")
    assert "Resource captured" in found["other"]
    assert found["built"] == found["capacities"] > 0
    assert found["plots"] == 4
    assert found["before"] != found["after"]
    assert found["label"] == "2030-04-10 12:00"
    assert found["active"] == 12
    assert found["heading"] == evil


def test_one_plot_as_a_page_opens_offline(island, tmp_path):
    path = tmp_path / "power.html"
    island.plot.timeseries(to_file=path)
    found = run_in(
        find_chromium(),
        path,
        CLICK + "const a = seen('plot'); await pick('plot', 'Stored'); return [a, seen('plot')];",
    )
    assert found[0] != found[1] == ["Batteries", "Concentrating solar power"]
