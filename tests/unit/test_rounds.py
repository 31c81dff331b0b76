"""Water that comes round to its plant several times in a step, or is well mixed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.coupling.limits import exchangers
from anello.coupling.prices import Prices
from anello.coupling.response import respond
from anello.coupling.unseen import true_heat
from anello.optimise.formulation.ring_rows import EXCHANGE_PER_K, EXCHANGE_PER_RISE
from anello.ring import simulate
from anello.ring.loop_run import plan_loop
from anello.ring.plant import device_cost, passing_each
from anello.ring.rounds import (
    rounds,
    settled,
    weight_of_change,
    weights_in_mixed_water,
    weights_of_change,
)
from small_steps import searched
from wide_search import examples

QUICK = settings(max_examples=examples(50), deadline=None, derandomize=True)


# --- how much of its own change the water shows ---------------------------------------------------


@QUICK
@given(
    n=st.integers(1, 60),
    share=st.floats(1e-6, 1.0),
    start=st.floats(-5.0, 25.0),
    body=st.floats(0.0, 20.0),
    other=st.floats(-3.0, 3.0),
)
def test_it_is_the_mean_of_the_rounds(n, share, start, body, other):
    """Round by round: each brings the water nearer to the body, and other heat adds its part."""
    x, water, met = share * n, start, []
    for _ in range(n):
        met.append(water)
        water += x / n * (body - water) + other / n
    found = start + weight_of_change(x, n) * (water - start)
    assert found == pytest.approx(np.mean(met), abs=1e-8)
    # Heat that the exchanger moves is what is missing in the balance.
    assert x * (body - found) == pytest.approx(water - start - other, abs=1e-8 * max(1.0, x))


def test_the_weight_of_a_change_at_its_limits():
    assert weight_of_change(0.7, 1.0) == 0.0
    for n in (1.5, 3.0, 40.0):
        assert weight_of_change(0.0, n) == pytest.approx(0.5 * (1.0 - 1.0 / n), abs=1e-15)
        assert weight_of_change(n, n) == pytest.approx(1.0 - 1.0 / n, abs=1e-12)
    for x in (0.1, 1.0, 8.0):
        mixed = 1.0 / (1.0 - math.exp(-x)) - 1.0 / x
        assert mixed_weight(x, 0.0) == pytest.approx(mixed, abs=1e-13)
        assert weight_of_change(x, 1e7) == pytest.approx(mixed, abs=1e-5)


def mixed_weight(x, b):
    """Of water that an exchanger of x = G·h/C and a loss of b = UA·h/C pull at."""
    return float(weights_in_mixed_water(np.array([x]), b, np.array([1.0]))[0])


@QUICK
@given(
    x=st.one_of(st.floats(1e-6, 40.0), st.sampled_from([0.999e-3, 1.001e-3])),
    b=st.one_of(st.just(0.0), st.floats(1e-9, 20.0)),
    start=st.floats(-5.0, 25.0),
    body=st.floats(0.0, 20.0),
    ground=st.floats(0.0, 20.0),
    other=st.floats(-30.0, 30.0),
)
def test_well_mixed_water_ends_where_an_exponential_does(x, b, start, body, ground, other):
    """The balance of the ring has one even flow of heat; what it leads to is exact."""
    a = x + b
    rest = (x * body + b * ground + other) / a
    end = rest + (start - rest) * math.exp(-a)
    met = start + mixed_weight(x, b) * (end - start)
    heat = x * (body - met) + other
    keep, rise = math.exp(-b), -math.expm1(-b) / b if b else 1.0
    found = keep * start + (1.0 - keep) * ground + rise * heat
    assert found == pytest.approx(end, abs=1e-7)
    assert 0.5 <= mixed_weight(x, b) < 1.0


@pytest.mark.parametrize("b", [0.0, 0.3, 5.0])
def test_little_exchange_meets_half_of_the_change_or_more_with_a_loss(b):
    """The limit is the slope of a/(1 − e^(−a)), here a difference over ten times more digits."""
    weight = mixed_weight(1e-9, b)
    if not b:
        assert weight == pytest.approx(0.5, abs=1e-9)
        return
    from decimal import Decimal, getcontext

    getcontext().prec = 40

    def pull(a):
        return a / (1 - (-a).exp())

    more, less = Decimal(b) + Decimal("1e-12"), Decimal(b) - Decimal("1e-12")
    assert weight == pytest.approx(float((pull(more) - pull(less)) / Decimal("2e-12")), abs=1e-8)


@pytest.mark.parametrize("n", [1.2, 2.0, 7.0, 1e6])
def test_the_series_for_little_exchange_meets_the_formula(n):
    assert weight_of_change(0.999e-3, n) == pytest.approx(weight_of_change(1.001e-3, n), abs=1e-6)
    x = 1.001e-3
    least = 1.0 / n
    series = 0.5 * (1 - least) + x / 12 * (1 - least**2) * (1 + 0.5 * least * x)
    assert weight_of_change(x, n) == pytest.approx(series, abs=1e-11 if n < 1e3 else 1e-6)


@QUICK
@given(n=st.floats(1.0, 50.0), share=st.floats(0.0, 1.0))
def test_it_grows_with_the_exchange(n, share):
    less, more = weight_of_change(0.9 * share * n, n), weight_of_change(share * n, n)
    assert 0.0 <= less <= more + 1e-12 <= 1.0


def test_it_is_taken_step_by_step():
    conductance, flow, per_kw = np.array([3.0, 3.0]), np.array([5.0, 50.0]), np.array([0.1, 0.1])
    found = weights_of_change(conductance, flow, per_kw)
    assert found == pytest.approx([0.0, weight_of_change(0.3, 5.0)])
    assert rounds(5.0, 0.1) == 1.0


@QUICK
@given(
    slopes=st.lists(st.floats(0.0, 30.0), min_size=1, max_size=4),
    kinks=st.lists(st.floats(-20.0, 20.0), min_size=4, max_size=4),
    drift=st.floats(-30.0, 30.0),
)
def test_the_end_of_a_step_leads_to_itself(slopes, kinks, drift):
    def end_of(guess):
        heat = (k * max(0.0, at - guess) for k, at in zip(slopes, kinks, strict=False))
        return drift + sum(heat)

    end = settled(end_of, drift)
    assert end_of(end) == pytest.approx(end, abs=1e-10)


# --- programme and simulation ---------------------------------------------------------------------

FEW_WELLS = {"wells": {"max_flow_kg_s": 4.0}}
"""Less than the districts need, so that they are open for hours."""


def turning(seed, iterations=2, **options):
    """A district on a loop that turns several times in an hour, and an incumbent."""
    return searched(seed, 0, iterations, loop=True, flow_kg_s=80.0, **options)


def open_steps(district, result, way, sign):
    """Steps in which the wells move all that they can."""
    device = district.rows.devices[way]
    flow = result.flow_kg_s * district.ring.medium.kj_per_kgk
    conductance = passing_each(device.kw_per_k, np.abs(flow))
    per_kw = result.step_h / district.rows.capacity_kwh_per_k
    weight = weights_of_change(conductance, np.abs(flow), per_kw)
    met = result.plant_degc + weight * np.diff(result.temperature_degc)
    most = conductance * sign * (device.body_degc - met)
    return weight, np.isclose(sign * result.q_bal_kw["wells"], most, rtol=1e-9) & (most > 1.0)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_programmes_row_is_the_simulations_limit(seed):
    district, done, about = turning(seed, plant=FEW_WELLS)
    result = done.ring
    weight, opened = open_steps(district, result, "wells_heating", 1.0)
    assert weight.min() > 0.1
    assert opened.sum() > 3
    values, row_bounds = {}, {}
    exchangers(district.ring, district.rows, about.with_trust_region(1e-3), values, row_bounds)
    way = district.rows.exchangers.index("wells_heating")
    slope = values[EXCHANGE_PER_K]["wells_heating"]
    rise = values[EXCHANGE_PER_RISE]["wells_heating"]
    _, limit = row_bounds["ring_exchange_max"]
    water, mean = result.plant_degc.copy(), result.temperature_degc.copy()
    water[0] = mean[0] = 0.0  # given, and no part of the row
    used = result.q_bal_kw["wells"] + slope * water + rise * np.diff(mean)
    assert about.iteration == 1
    np.testing.assert_allclose(used[opened], limit[way][opened], rtol=1e-9)


def test_prices_of_heat_count_what_open_wells_answer_in_all_rounds():
    """A finite difference of what heat pumps and plant cost, by the heat that a heat pump takes."""
    district, done, _ = turning(4)
    ring, rows, flows = district.ring, district.rows, done.flows
    plan = ring.plant.model_copy(update={"control": "schedule"})
    ring = ring.model_copy(update={"plant": plan})
    schedule = {"wells": np.full(flows.times.size, np.inf)}
    base = simulate(ring, flows, schedule=schedule)
    price = {name: np.full(base.step_h.size, 0.3) for name in done.cost.price_eur_per_kwh}
    none = np.zeros((len(rows.kept_within), base.step_h.size))
    response = respond(ring, rows, flows, base, Prices(price, none))
    assert response.rise_kw_per_k.min() < -1.0
    zeros = {
        "water_eur_per_k": 0.0 * response.water_eur_per_k,
        "mean_eur_per_k": 0.0 * response.mean_eur_per_k,
    }
    response = response.__class__(**{**response.__dict__, **zeros})
    loop = plan_loop(ring, flows)
    heat, _, _ = true_heat(loop, response)
    plant_price = 0.3 if rows.electricity_location else rows.electricity_price_eur_per_kwh

    def cost(q_kw):
        found = simulate(
            ring, flows.__class__(**{**flows.__dict__, "q_kw": q_kw}), schedule=schedule
        )
        paid = 0.3 * found.p_kw.sum(axis=0) * found.step_h
        plant = plant_price * found.p_bal_kw["wells"] * found.step_h
        own = device_cost(ring.plant, {"wells": found.q_bal_kw["wells"]}, found.step_h)
        return float(paid.sum() + plant.sum()) + own

    for pump in range(len(flows.nodes)):
        for hour in (1, 20):
            if flows.q_kw[pump, hour] < 1.0:
                continue
            more, less = flows.q_kw.copy(), flows.q_kw.copy()
            more[pump, hour] += 0.01
            less[pump, hour] -= 0.01
            slope = (cost(more) - cost(less)) / 0.02
            per_kw = 1.0 / base.cop[pump, hour]
            by_ring = heat[loop.station_of[pump], hour] * (rows.sigma[pump] + per_kw)
            assert by_ring == pytest.approx(slope - 0.3 * per_kw, rel=1e-3, abs=1e-6)
