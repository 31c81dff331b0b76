"""A small step keeps what its programme promised: programme and simulation have one gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from anello.coupling.incumbent import CORRECTED_K
from anello.coupling.iteration import start_cop, with_cop
from anello.coupling.prices import Prices
from anello.coupling.response import respond
from anello.coupling.unseen import true_heat
from anello.optimise.formulation.ring_rows import MARGIN_K
from anello.ring import simulate
from anello.ring.loop_run import plan_loop
from ring_districts import PART_LOAD, SOURCES, coupled_two_pipes
from small_steps import SMALL_K, searched, step
from wide_search import examples

QUICK = settings(
    max_examples=examples(4),
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def at_a_bound(about, district):
    """Whether water is beyond a bound, or so near that penalty and programme have a kink."""
    degc = [about.temperature_degc[1:]]
    if about.water is not None:
        places = [district.rows.loop.stations.index(n) for n in district.rows.loop.used_stations]
        degc += list(about.water.degc[places])
    low, high = district.rows.limits_degc
    water = np.array(degc)
    return bool((water <= low + 2 * MARGIN_K).any() or (water >= high - 2 * MARGIN_K).any())


def kept(seed, **options):
    """Share of its promise that a small step keeps; at a bound of the water, at most all of it."""
    district, _, about = searched(seed, **options)
    # Beyond the bounds the plant acts by itself, with all that sizes to choose let it move; and a
    # price of the end has a kink of its own there.
    if about.plant_sizes or options.get("end"):
        assume(not at_a_bound(about, district))
    # A tank of no size has no temperature that could change little by little.
    largest = [district.rows.tank_largest_kwh.get(store, np.nan) for store in district.rows.stores]
    assume(not (about.tank_kwh < 0.02 * np.array(largest)).any())
    _, verdict, _ = step(district, about.with_trust_region(SMALL_K), 9)
    assert verdict.corrected
    assert verdict.predicted_decrease_eur > 1e-4
    # What water costs beyond a bound has a kink there, where a step may bring more than promised.
    at_kink = about.water is not None and at_a_bound(about, district)
    return min(verdict.rho, 1.0) if at_kink else verdict.rho


@QUICK
@given(seed=st.integers(0, 11))
def test_the_promise_of_a_small_step_is_kept_on_well_mixed_water(seed):
    assert kept(seed) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), waves=st.sampled_from([0, 4]))
def test_the_promise_of_a_small_step_is_kept_on_a_loop(seed, waves):
    """With no waves the programme is the one of a year."""
    assert kept(seed, waves=waves, loop=True) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(
    seed=st.integers(0, 11), waves=st.sampled_from([0, 4]), flow_kg_s=st.sampled_from([12.0, 40.0])
)
def test_the_promise_of_a_small_step_is_kept_where_the_flow_follows_the_load(
    seed, waves, flow_kg_s
):
    district, _, about = searched(seed, waves=waves, loop=True, flow_kg_s=flow_kg_s, follows=True)
    # Where water lies at a bound, and where one hour's water borders on another's, are kinks.
    _, verdict, _ = step(district, about.with_trust_region(1e-4), 9)
    assert verdict.predicted_decrease_eur > 1e-4
    assert verdict.rho == pytest.approx(1.0, abs=0.1 if not at_a_bound(about, district) else 0.6)


@QUICK
@given(seed=st.integers(0, 11), flow_kg_s=st.sampled_from([-30.0, 15.0, 30.0, 80.0]))
def test_the_promise_of_a_small_step_is_kept_on_branches(seed, flow_kg_s):
    """Seen by the mean of its water; with the most flow it comes round within the hour."""
    share = kept(seed, loop=True, branches=True, flow_kg_s=flow_kg_s)
    assert share == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.sampled_from([0, 1, 2, 3, 5, 6, 7, 8, 10]), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_free_cooling(seed, loop):
    """Of these seeds all have cooling."""
    waves = {"waves": 4} if loop else {}
    free = {"free_cooling": {"spread_k": 6.0}}
    assert kept(seed, loop=loop, **waves, **free) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.sampled_from([0, 1, 2, 3, 5, 6, 7, 8, 10]), loop=st.booleans(), listed=st.booleans())
@example(seed=5, loop=False, listed=False)
def test_the_promise_of_a_small_step_is_kept_with_an_exchanger_to_choose(seed, loop, listed):
    waves = {"waves": 4} if loop else {}
    size = {"one_of": [0.3, 0.5, 1.0]} if listed else {}
    free = {"spread_k": 6.0, "design_kw": 100.0, "size": {"eur_per_year": 900.0} | size}
    assert kept(seed, loop=loop, free_cooling=free, **waves) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_sources(seed, loop):
    waves = {"waves": 4} if loop else {}
    sources = {"plant": {"sources": SOURCES}}
    assert kept(seed, loop=loop, **waves, **sources) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(
    seed=st.integers(0, 11),
    loop=st.booleans(),
    sizes=st.sampled_from([{}, {"central_heat_pump": {"eur_per_year": 400.0}}]),
)
@example(seed=4, loop=False, sizes={})
@example(seed=5, loop=True, sizes={"central_heat_pump": {"eur_per_year": 400.0}})
def test_the_promise_of_a_small_step_is_kept_with_a_central_heat_pump(seed, loop, sizes):
    waves = {"waves": 4} if loop else {}
    plant = {
        "wells": {"max_flow_kg_s": 0.0},
        "central_heat_pump": {"max_kw": 200.0},
        "sizes": sizes,
    }
    assert kept(seed, loop=loop, plant=plant, **waves) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_glycol(seed, loop):
    waves = {"waves": 4} if loop else {}
    assert kept(seed, loop=loop, glycol=True, **waves) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans(), price=st.sampled_from([-0.2, 0.3]))
def test_the_promise_of_a_small_step_is_kept_with_a_priced_end(seed, loop, price):
    waves = {"waves": 4} if loop else {}
    end = {"credit_eur_per_kwh": price}
    assert kept(seed, loop=loop, end=end, **waves) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_wells_that_tire(seed, loop):
    waves = {"waves": 4} if loop else {}
    wells = {"max_flow_kg_s": 12.0, "doublet": {"breakthrough_days": 1.0}}
    tires = {"plant": {"wells": wells}, "days": 3}
    assert kept(seed, loop=loop, **waves, **tires) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_sizes_to_choose(seed, loop):
    """On one day; in two, the water of nearly all these loops is at a bound."""
    waves = {"waves": 4} if loop else {}
    prices = {"wells": 900.0, "backup_heater": 300.0, "dry_cooler": 500.0, "chiller": 800.0}
    sizes = {name: {"eur_per_year": eur} for name, eur in prices.items()}
    share = kept(seed, loop=loop, plant={"sizes": sizes}, days=1, **waves)
    assert share == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_with_sizes_of_a_list(seed, loop):
    """On one day; in two, the water of all these loops is at a bound."""
    waves = {"waves": 4} if loop else {}
    sizes = {
        "wells": {"one_of": [0.5, 0.55, 1.2], "eur_per_year": [500.0, 520.0, 900.0]},
        "chiller": {"one_of": [0, 0.4, 1.0], "eur_per_year": 800.0},
    }
    share = kept(seed, loop=loop, plant={"sizes": sizes}, days=1, **waves)
    assert share == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.sampled_from([0, 2, 3, 6, 9, 10]), loop=st.booleans(), price=st.floats(0.5, 4.0))
@example(seed=3, loop=False, price=0.5)
@example(seed=3, loop=True, price=4.0)
def test_the_promise_of_a_small_step_is_kept_with_tanks_to_choose(seed, loop, price):
    waves = {"waves": 4} if loop else {}
    assert kept(seed, loop=loop, tank_eur_per_kwh=price, **waves) == pytest.approx(1.0, abs=0.1)


BOREHOLES = {
    "field": {"kind": "rectangle", "rows": 3, "columns": 4},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 8.0,
}


@QUICK
@given(
    seed=st.integers(0, 11),
    water=st.sampled_from(["asked", "always", "always, loop"]),
    listed=st.booleans(),
)
@example(seed=2, water="asked", listed=False)
def test_the_promise_of_a_small_step_is_kept_with_boreholes_to_choose(seed, water, listed):
    size = {"one_of": [0.5, 0.9, 1.5], "eur_per_year": 6000.0} if listed else {}
    plant = {
        "wells": {"max_flow_kg_s": 3.0},
        "borefield": BOREHOLES | {"always": water != "asked"},
        "sizes": {"borefield": {"eur_per_year": 6000.0} | size, "wells": {"eur_per_year": 900.0}},
    }
    loop = {"loop": True, "waves": 4} if water.endswith("loop") else {}
    assert kept(seed, plant=plant, **loop) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11))
def test_the_promise_of_a_small_step_is_kept_with_boreholes_where_no_heat_pump_is(seed):
    field = BOREHOLES | {"substation": "corner"}
    plant = {"wells": {"max_flow_kg_s": 3.0}, "borefield": field}
    share = kept(seed, loop=True, branches=True, flow_kg_s=25.0, plant=plant)
    assert share == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans(), monthly=st.booleans())
@example(seed=1, loop=False, monthly=True)
def test_the_promise_of_a_small_step_is_kept_with_a_demand_charge(seed, loop, monthly):
    waves = {"waves": 4} if loop else {}
    charge = {"monthly_charge": 8.0, "start": "2015-05-31"} if monthly else {"demand_charge": 90.0}
    assert kept(seed, loop=loop, **charge, **waves) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 11), loop=st.booleans())
def test_the_promise_of_a_small_step_is_kept_at_part_load(seed, loop):
    waves = {"waves": 4} if loop else {}
    assert kept(seed, loop=loop, pump=PART_LOAD, **waves) == pytest.approx(1.0, abs=0.1)


ANYWHERE = {
    "plain": {},
    "sources": {"plant": {"sources": SOURCES}},
    "tires": {"plant": {"wells": {"max_flow_kg_s": 12.0, "doublet": {"breakthrough_days": 1.0}}}},
    "sized": {"plant": {"sizes": {"wells": {"eur_per_year": 900.0}}}},
}
"""Plants of rings whose exchangers meet what becomes of the water in an hour."""


@QUICK
@given(
    seed=st.integers(0, 11),
    flow_kg_s=st.sampled_from([40.0, 100.0]),
    waves=st.sampled_from([0, 4]),
    kind=st.sampled_from(list(ANYWHERE)),
)
def test_the_promise_of_a_small_step_is_kept_where_water_comes_round(seed, flow_kg_s, waves, kind):
    options = {"days": 3 if kind == "tires" else 2, **ANYWHERE[kind]}
    share = kept(seed, loop=True, waves=waves, flow_kg_s=flow_kg_s, **options)
    assert share == pytest.approx(1.0, abs=0.1)


@QUICK
@given(
    seed=st.integers(0, 11),
    mass_kg=st.sampled_from([3e3, 1e4, 3e4]),
    kind=st.sampled_from(["plain", "sources", "tires"]),
)
@example(seed=3, mass_kg=3e3, kind="tires")  # at its lower bound, which must not pay to be left
def test_the_promise_of_a_small_step_is_kept_on_little_water(seed, mass_kg, kind):
    """Water that wells could warm several times in an hour; it is at a bound for hours."""
    options = {"days": 3 if kind == "tires" else 2, **ANYWHERE[kind]}
    assert kept(seed, mass_kg=mass_kg, **options) == pytest.approx(1.0, abs=0.1)


@QUICK
@given(seed=st.integers(0, 7))
def test_the_promise_of_a_small_step_is_kept_on_two_pipes(seed):
    """Of the water, the programme knows what heat costs the plant; pipes are short here.

    Where a wide first step leads to, what it does not know of delays and pumps can weigh more.
    """
    slp = {"balancing": "deadband", "trust_region_k": 1.0}
    district = coupled_two_pipes(seed, {"method": "slp", "slp": slp})
    about = with_cop(
        district.ring, district.heat_pumps, start_cop(district.data, district.heat_pumps)
    )
    for number in range(2):
        _, _, about = step(district, about, number)
    _, verdict, _ = step(district, about.with_trust_region(SMALL_K), 9)
    assert verdict.predicted_decrease_eur > 1e-4
    assert verdict.rho == pytest.approx(1.0, abs=0.1)


def test_a_step_of_a_tenth_of_a_millikelvin_is_kept_too():
    """What devices that can do nothing may do in a programme must be nothing."""
    sources = {"plant": {"sources": {"coil": SOURCES["coil"]}}}
    district, _, about = searched(3, waves=4, loop=True, **sources)
    _, verdict, _ = step(district, about.with_trust_region(1e-4), 9)
    assert verdict.rho == pytest.approx(1.0, abs=0.1)


def test_without_the_correction_it_would_not_be():
    district, _, about = searched(2, waves=0, loop=True)
    assert not about.with_trust_region(2 * CORRECTED_K).corrected
    wrong = replace(about, trust_region_k=SMALL_K, water=about.water.uncorrected())
    _, verdict, _ = step(district, wrong, 9)
    assert abs(verdict.rho - 1.0) > 0.1


@pytest.mark.parametrize("follows", [False, True])
def test_with_all_waves_nothing_is_unseen(follows):
    """Where losses are even; so they are in these loops."""
    _, _, about = searched(0, waves=12, loop=True, follows=follows)
    assert not about.water.unseen_eur_per_kw.any()
    # What the circulation pump takes more for a faster flow is no matter of the water.
    assert about.with_trust_region(2 * CORRECTED_K).corrected == (not follows)
    assert bool(about.water.shift_per_kwh.any()) == follows


def test_what_heat_costs_is_a_finite_difference_of_the_simulation():
    district, done, _ = searched(0, waves=0, loop=True)
    plant = district.ring.plant.model_copy(update={"control": "schedule"})
    ring = district.ring.model_copy(update={"plant": plant})

    def simulated(kw):
        return simulate(ring, done.flows, schedule={"backup_heater": kw})

    base = simulated(np.ones(done.flows.step_h.size))
    price = {name: np.full(base.step_h.size, 0.3) for name in done.cost.price_eur_per_kwh}
    none = np.zeros((len(district.rows.kept_within), base.step_h.size))
    rows = district.rows
    response = respond(ring, rows, done.flows, base, Prices(price, none))
    response = replace(
        response,
        water_eur_per_k=0.0 * response.water_eur_per_k,
        mean_eur_per_k=0.0 * response.mean_eur_per_k,
        plant_eur_per_k=0.0 * response.plant_eur_per_k,
    )
    heat, water, _ = true_heat(plan_loop(ring, done.flows), response)

    def cost(kw):
        return float((0.3 * simulated(kw).p_kw * base.step_h).sum())

    place = rows.loop.plant_station
    for hour in (0, 11, 30):
        more, less = np.full(base.step_h.size, 1.0), np.full(base.step_h.size, 1.0)
        more[hour] += 1e-2
        less[hour] -= 1e-2
        slope = (cost(more) - cost(less)) / 2e-2
        assert heat[place, hour] == pytest.approx(slope, rel=1e-3, abs=1e-7)
    assert np.isfinite(water).all()
