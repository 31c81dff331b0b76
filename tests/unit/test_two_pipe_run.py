"""A two-pipe network in a run: the coupling that it takes, its results, its part of the report."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.prices import Prices
from anello.coupling.unseen_plant import plant_price
from anello.errors import InputError
from anello.optimise.results.summary import _ring as ring_summary
from anello.present.report.config import FiguresConfig
from anello.present.report.html import write_report
from anello.present.report.hydraulics_table import hydraulics_html
from anello.present.report.network_view import network_payload
from anello.present.report.scenario_sections import scenario_block
from anello.present.report.sizes import ring_sizes
from anello.present.report.tree_view import tree_places
from anello.present.report.two_lines import two_lines_html
from anello.present.workbook.hourly import _waters
from anello.ring import RingConfig, RingInput, sensitivity, simulate
from anello.ring.adapt import ring_dataset
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.two_pipe_config import TwoPipeConfig
from anello.ring.two_pipe_network import seen_from_plant
from anello.run.scenario_config import ScenarioConfig
from browser import WATER_OF_THE_HOUR, find_chromium, run_in
from report_fakes import fake_district
from ring_districts import coupled_two_pipes, random_district

FIXED = {"method": "fixed_point", "fixed_point": {"relaxation": 0.7}, "max_iterations": 4}
MACHINE = {
    "service": "heating",
    "cop_map": {"kind": "carnot"},
    "use_temperature": {"kind": "fixed", "degc": 35},
}


def two_pipe(places: list[str]) -> dict:
    return {
        "substations": [{"name": f"at_{name}", "heat_pumps": [name]} for name in places],
        "branches": [
            {
                "start": "plant" if number == 0 else f"at_{places[number - 1]}",
                "end": f"at_{name}",
                "length_m": 200.0,
                "pipe": "PE100 SDR11 DN160",
            }
            for number, name in enumerate(places)
        ],
    }


SETTINGS = {
    "model": "two_pipe",
    "heat_pumps": {"hp_clim_hot": MACHINE},
    "plant": {"backup_heater": {"max_kw": 900.0}},
    "two_pipe": two_pipe(["buildings", "commercial"]),
}


def district(seed: int, coupling: dict) -> CoupledDistrict:
    data, ring = random_district(seed)
    places = sorted({str(n).partition("::")[0] for n in data.inputs["node"].values if "hp_" in n})
    plant = {
        "backup_heater": {"max_kw": 500.0},
        "chiller": {"max_kw": 500.0, "outdoor_degc": 22.0},
    }
    told = ring.model_dump(mode="json") | {
        "model": "two_pipe",
        "two_pipe": two_pipe(places),
        "plant": plant,
    }
    return CoupledDistrict(
        data, RingConfig.model_validate(told), CouplingConfig.model_validate(coupling)
    )


@pytest.mark.parametrize("seed", [1, 3])
def test_the_fixed_point_iterates_with_two_pipes(seed):
    outcome = district(seed, FIXED).run(must_converge=False)
    for done in (outcome.best, outcome.last):
        assert done.ring.audit.relative < 1e-6
        assert done.ring.second_law.violations == 0
        assert done.ring.branch_kg_s.shape[1] == done.ring.times.size
        assert done.cost.total_eur > 0.0
    assert len(outcome.record.trace) == FIXED["max_iterations"]
    # A programme is solved with the COP that simulations found, no longer with the start's.
    first = outcome.last.ring.cop_dispatch
    assert np.ptp(first, axis=1).max() > 0.1


SLP = {"method": "slp", "slp": {"balancing": "deadband"}, "max_iterations": 12}


def test_the_search_is_cheaper_than_any_iteration_of_the_fixed_point():
    fixed = coupled_two_pipes(3, FIXED | {"max_iterations": 8}).run(must_converge=False)
    found = coupled_two_pipes(3, SLP).run(must_converge=False)
    costs = [one.j_sim_eur for one in found.record.trace if one.accepted]
    assert costs == sorted(costs, reverse=True)
    assert found.best.cost.total_eur < 0.8 * min(one.j_sim_eur for one in fixed.record.trace)
    assert found.best.ring.audit.relative < 1e-6


@pytest.mark.parametrize("seed", [2, 4])
def test_the_search_ends_where_the_cost_of_the_plant_bends(seed):
    """With one line for each way it crept, keeping half of each promise, beyond 40 iterations."""
    found = coupled_two_pipes(seed, SLP | {"max_iterations": 16}).run(must_converge=False)
    assert found.record.converged


def test_the_price_of_heat_is_what_the_plant_pays_for_more_of_it():
    near = {"balancing": "deadband", "trust_region_k": 1.0}  # away from where the plant starts
    made = coupled_two_pipes(0, SLP | {"slp": near, "max_iterations": 2}, days=1)
    found = made.run(must_converge=False).best
    rows, data, result = made.rows, found.flows, found.ring
    prices = Prices.of(rows, found.cost.price_eur_per_kwh, found.dispatch)
    heat_kwh = result.q_ring_kw.sum(axis=0) * data.step_h
    paid = plant_price(made.ring, rows, data, result, prices, heat_kwh)
    assert (paid.eur_per_kwh[0::2] <= 1e-12).all()
    assert (paid.eur_per_kwh[1::2] >= -1e-12).all()
    # Nothing at the incumbent on its own way, and no more than that on any other.
    lines = paid.eur_per_kwh * heat_kwh + paid.known_eur
    np.testing.assert_allclose(lines.max(axis=0), 0.0, atol=1e-9)
    own = np.where(heat_kwh <= 0.0, lines[0], lines[1])
    np.testing.assert_allclose(own, 0.0, atol=1e-9)

    def cost_eur(step: int, more: float) -> float:
        q = data.q_kw.copy()
        q[:, step] *= 1.0 + more
        moved = simulate(made.ring, replace(data, q_kw=q))
        plant = made.ring.plant
        price = plant.electricity_price_eur_per_kwh
        assert plant.electricity_location is None
        return price * sum(float((kw * data.step_h).sum()) for kw in moved.p_bal_kw.values())

    steps = [4, 12, 20]
    for step in steps:
        for more in (-0.3, 0.15, 0.3):  # the lines follow the bend of the cost
            lines = paid.eur_per_kwh[:, step] * heat_kwh[step] * (1.0 + more)
            moved = float((lines + paid.known_eur[:, step]).max())
            truly = cost_eur(step, more) - cost_eur(step, 0.0)
            assert moved == pytest.approx(truly, rel=0.1, abs=0.02)
        slope = paid.eur_per_kwh[0 if heat_kwh[step] <= 0.0 else 1, step] * heat_kwh[step]
        truly = (cost_eur(step, 1e-3) - cost_eur(step, -1e-3)) / 2e-3
        assert slope == pytest.approx(truly, rel=0.1, abs=2e-3)


def test_what_is_dispatched_alone_decides_what_is_simulated():
    """With a given dispatch the fixed point is there after one simulation."""
    times = np.datetime64("2015-01-01", "ns") + np.arange(30) * np.timedelta64(1, "h")
    config, data, result = simulated(SETTINGS, times)
    again = simulate(config, replace(data, cop_dispatch=result.cop))
    assert np.array_equal(again.cop, result.cop)
    assert np.array_equal(again.temperature_degc, result.temperature_degc)


@pytest.mark.parametrize(
    "coupling", [{"method": "slp"}, {**FIXED, "fixed_point": {"scheduled_balancing": True}}]
)
def test_no_programme_schedules_the_plant_of_two_pipes_and_says_so(coupling):
    with pytest.raises(InputError, match=r"slp.balancing: deadband.*scheduled_balancing"):
        district(1, coupling)
    _, ring = random_district(1)
    told = ring.model_dump(mode="json") | {"model": "two_pipe", "two_pipe": two_pipe(["a"])}
    with pytest.raises(ValidationError, match=r"no programme schedules the plant.*fixed_point"):
        ScenarioConfig.model_validate(
            {
                "name": "s",
                "description": "",
                "model_scenario": None,
                "overrides": {},
                "data": {"source": "folder", "model": "model.yaml"},
                "quality": {},
                "ring": told,
                "coupling": coupling,
                "solver": {},
                "figures": {},
            }
        )


def simulated(settings: dict, times: np.ndarray):
    steps, nodes = times.size, ("buildings::hp_clim_hot", "commercial::hp_clim_hot")
    data = RingInput(
        nodes=nodes,
        times=times,
        step_h=np.ones(steps),
        q_kw=np.full((2, steps), 80.0),
        cop_dispatch=np.full((2, steps), 4.0),
        storage_kwh=np.full((2, steps), np.nan),
        storage_start_kwh=np.zeros(2),
    )
    config = RingConfig.model_validate(settings)
    return config, data, simulate(config, data)


@pytest.fixture(scope="module")
def collected():
    fake = fake_district(days=3, start="2015-07-01")
    config, _, result = simulated(SETTINGS, fake.ring["timestep"].values)
    told = {**fake.settings, "ring": config.model_dump(mode="json")}
    return replace(fake, ring=ring_dataset(result), settings=told)


def test_the_report_tells_of_the_two_lines_and_is_whole(collected):
    page = scenario_block("smart", collected, FiguresConfig())
    assert "The two lines" in page
    assert "The loop<" not in page
    lines = two_lines_html(collected.settings, collected.ring)
    assert "plant → at_buildings" in lines
    assert "at_commercial, cold" in lines
    assert "400 m of trench" in lines
    assert hydraulics_html(collected.ring) in lines
    assert "head of" in lines
    assert two_lines_html({"ring": {"model": "mixed"}}, collected.ring) == ""
    assert "–" in two_lines_html(collected.settings, None)
    assert hydraulics_html(None) == ""


def unpacked(told: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(told["data"]), "<i2") * told["scale"]


def test_the_network_view_shows_both_lines_of_every_place_and_what_flows_there(collected):
    shown = network_payload(collected, FiguresConfig())
    assert shown is not None
    assert shown["loop"] is False
    assert shown["flow"] is None
    assert [s["name"] for s in shown["stations"]] == ["plant", "at_buildings", "at_commercial"]
    assert [(t["near"], t["far"]) for t in shown["trenches"]] == [(0, 1), (1, 2)]
    assert [s["plant"] for s in shown["stations"]] == [True, False, False]
    assert len({(s["x"], s["y"]) for s in shown["stations"]}) == 3
    ring = collected.ring
    for station in shown["stations"]:
        for key, line in (("degc", "warm"), ("cold", "cold")):
            name = f"{station['name']}, {line}"
            degc = ring["node_degc"].sel(substation=name).values[:-1]
            np.testing.assert_allclose(unpacked(station[key]), degc, atol=1e-2)
    last = ring["branch_kg_s"].sel(segment="at_buildings → at_commercial").values
    np.testing.assert_allclose(unpacked(shown["trenches"][1]["kg_s"]), last, rtol=1e-3)
    np.testing.assert_allclose(unpacked(shown["stations"][2]["kg_s"]), last, rtol=1e-3)
    fed = unpacked(shown["stations"][0]["kg_s"])
    np.testing.assert_allclose(-fed, ring["flow_kg_s"].values, rtol=1e-3)
    # What heat pumps take out of the water and what the plant gives are all of its heat.
    heat = ring["q_ring_kw"].sum("node") + ring["q_bal_kw"].sum("device")
    total = sum(unpacked(station["kw"]) for station in shown["stations"])
    np.testing.assert_allclose(total, heat.values, atol=0.1)


def test_a_branch_that_is_named_towards_the_plant_is_shown_away_from_it(collected):
    turned = copy.deepcopy(collected.settings["ring"])
    first = turned["two_pipe"]["branches"][0]
    first["start"], first["end"] = first["end"], first["start"]
    ring = collected.ring.assign(
        branch_kg_s=collected.ring["branch_kg_s"] * np.array([[-1.0], [1.0]])
    )
    there = network_payload(
        replace(collected, ring=ring, settings={**collected.settings, "ring": turned}),
        FiguresConfig(),
    )
    assert there == network_payload(collected, FiguresConfig())


def test_trenches_are_drawn_without_a_crossing():
    """A tree of three ends: each has a row of its own, and what lies between them the mean."""
    pipe = {"length_m": 100.0, "pipe": "PE100 SDR11 DN160"}
    ways = [("plant", "a"), ("a", "b"), ("a", "fork"), ("fork", "c"), ("fork", "d")]
    network = TwoPipeConfig.model_validate(
        {
            "substations": [{"name": n, "heat_pumps": [n]} for n in "abcd"],
            "branches": [{"start": one, "end": other, **pipe} for one, other in ways],
        }
    )
    shape = seen_from_plant(network, RingConfig.model_validate({"heat_pumps": {}}).medium)
    places, height = tree_places(shape, [100.0] * 5)
    at = dict(zip(shape.places, places, strict=True))
    rows = [at[name][1] for name in ("b", "c", "d")]
    assert rows == sorted(rows)
    assert len(set(rows)) == 3
    assert at["fork"][1] == pytest.approx((at["c"][1] + at["d"][1]) / 2)
    assert at["plant"][0] < at["a"][0] < at["fork"][0] < at["d"][0]
    assert at["b"][0] == pytest.approx(at["fork"][0])
    assert 0.0 < min(y for _, y in places) < max(y for _, y in places) < height


def test_the_slider_shows_the_tree_of_the_hour(collected, tmp_path):
    chromium = find_chromium()
    page = write_report({"smart": collected}, tmp_path / "report.html")
    rows, pipes, arrows = run_in(
        chromium,
        page,
        WATER_OF_THE_HOUR
        + """
        return [rows, document.querySelectorAll("#netplot .pipe.two").length,
          [...document.querySelectorAll("#netplot .way")].map(a => a.getAttribute("transform"))];
        """,
    )
    assert [row[0] for row in rows] == ["1 plant", "2 at_buildings", "3 at_commercial"]
    ring = collected.ring
    warm = float(ring["node_degc"].sel(substation="at_buildings, warm").values[30])
    cold = float(ring["node_degc"].sel(substation="at_buildings, cold").values[30])
    assert [float(cell) for cell in rows[1][1:3]] == pytest.approx([warm, cold], abs=0.02)
    flow = ring["branch_kg_s"].values[:, 30]
    assert float(rows[1][4]) == pytest.approx(float(flow[0] - flow[1]), abs=0.06)
    assert float(rows[2][4]) == pytest.approx(float(flow[1]), abs=0.06)
    assert pipes == 4
    assert all("rotate(0)" in arrow for arrow in arrows)


def test_sheets_sizes_and_summary_know_both_lines(collected):
    names = [name for name, _ in _waters("s", collected.ring)]
    assert names[1:3] == ["s: substation plant, warm [°C]", "s: substation at_buildings, warm [°C]"]
    pipes = [size for size in ring_sizes(collected) if "Pipe" in size.what]
    assert [size.text for size in pipes] == ["800 m"]
    told = ring_summary(collected.ring)
    assert told["hydraulics"]["critical_path"]
    water = collected.ring["node_degc"]
    assert told["temperature_degc"]["min"] == float(water.min())


def test_a_trench_with_both_pipes_is_paid_for_once():
    """Persson and Werner (2011) price a metre of trench with its pair: 214 + 1725·d."""
    config = RingConfig.model_validate(
        {
            "model": "two_pipe",
            "heat_pumps": {"hp": MACHINE},
            "two_pipe": two_pipe(["buildings"]),
        }
    )
    costs = RingCosts.model_validate(
        {
            "pipes": {
                "capital_eur_per_m": 214.0,
                "capital_eur_per_m2": 1725.0,
                "lifetime_years": 50.0,
            }
        }
    )
    (pipes,) = ring_capital(config, costs, 8760.0).parts
    assert pipes.build_eur == pytest.approx(200.0 * (214.0 + 1725.0 * 0.1308))


def test_there_are_no_derivatives_of_two_pipes():
    times = np.datetime64("2015-01-01", "ns") + np.arange(3) * np.timedelta64(1, "h")
    config, data, result = simulated(SETTINGS, times)
    with pytest.raises(InputError, match="no derivatives of a two-pipe network"):
        sensitivity(config, data, result, np.full((2, 3), 0.3))
