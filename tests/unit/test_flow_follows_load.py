"""A loop whose flow follows its load: what arrives, and what a faster flow costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anello.coupling.prices import Prices
from anello.coupling.response import respond
from anello.coupling.unseen import true_heat
from anello.coupling.unseen_flow import FollowingFlow, flow_eur_per_kg_s, seen_eur_per_parcel
from anello.ring import simulate
from anello.ring.config import RingConfig
from anello.ring.geometry import flow_by_output
from anello.ring.loop_run import plan_loop
from anello.ring.waves import displaced, waves
from ring_districts import coupled
from small_steps import searched

PRICE = 0.3


@pytest.mark.parametrize("flow_kg_s", [12.0, -12.0, 3.0, 80.0])
def test_what_arrives_follows_the_way_of_the_water_without_a_jump(flow_kg_s):
    """Through every border of parcels, of which it once began at the next."""
    ring = coupled(3, loop=True, flow_kg_s=flow_kg_s)
    data = ring.run(must_converge=False).best.flows
    run = plan_loop(ring.ring, data).run
    field = np.random.default_rng(5).uniform(5.0, 25.0, run.parcels)
    ways = np.linspace(0.0, 2.0, 801)  # parcels
    seen = np.array([run.displaced(way, 0.0).readings(field, 7) for way in ways])
    # Water of 20 K difference, of which at least one parcel arrives, cannot change any faster.
    assert np.abs(np.diff(seen, axis=0)).max() < 2.5 * 20.0 * (ways[1] - ways[0])
    assert np.ptp(seen, axis=0).max() > 0.0


def scheduled(flow_kg_s):
    """A loop without plant under a flow by schedule, what a dispatch did on it, and its plan."""
    district, done, _ = searched(0, waves=0, loop=True, flow_kg_s=flow_kg_s)
    told = district.ring.model_dump(mode="json")
    told["loop"]["flow"], told["plant"] = {"kind": "scheduled"}, None
    ring = RingConfig.model_validate(told)
    steps = done.flows.times.size
    series = flow_kg_s * (1.0 + 0.3 * np.random.default_rng(0).uniform(-1.0, 1.0, steps))
    flows = replace(done.flows, flow_kg_s=series)
    found = simulate(ring, flows)
    price = {name: np.full(steps, PRICE) for name in done.cost.price_eur_per_kwh}
    rows = district.rows
    prices = Prices(price, np.zeros((len(rows.kept_within), steps)))
    response = respond(ring, rows, flows, found, prices)
    none = np.zeros_like
    response = replace(
        response,
        water_eur_per_k=none(response.water_eur_per_k),
        mean_eur_per_k=none(response.mean_eur_per_k),
        flow_eur_per_kg_s=none(response.flow_eur_per_kg_s),
    )
    plan = plan_loop(ring, flows)
    heat_kw = np.zeros((len(rows.loop.stations), steps))
    np.add.at(heat_kw, list(rows.loop.station_of), found.q_ring_kw)
    return ring, flows, found, response, plan, heat_kw


@pytest.mark.parametrize("flow_kg_s", [15.0, -15.0, 60.0])
def test_what_a_faster_flow_costs_is_a_finite_difference_of_the_simulation(flow_kg_s):
    """With the most flow the water comes round within the hour."""
    ring, flows, found, response, plan, heat_kw = scheduled(flow_kg_s)
    _, water, _ = true_heat(plan, response)
    mean = response.mean_eur_per_k
    follows = FollowingFlow.of(ring, flows, plan)
    price = flow_eur_per_kg_s(ring, plan, found, follows, heat_kw, response, water, mean)
    faster = np.sign(flow_kg_s)

    def cost(change, hour):
        series = flows.flow_kg_s.copy()
        series[hour] += change
        moved = simulate(ring, replace(flows, flow_kg_s=series))
        return float((PRICE * moved.p_kw * moved.step_h).sum())

    largest = np.abs(price).max()
    for hour in (0, 5, 11, 20, 30, 40):
        slope = faster * (cost(1e-3, hour) - cost(-1e-3, hour)) / 2e-3
        assert price[hour] == pytest.approx(slope, rel=0.02, abs=1e-3 * largest)


def test_all_waves_show_all_that_a_faster_flow_does_to_the_water():
    ring, flows, found, response, plan, heat_kw = scheduled(15.0)
    _, water, _ = true_heat(plan, response)
    still = np.zeros_like(response.mean_eur_per_k)
    count = ring.loop.parcels // 2
    follows = FollowingFlow.of(ring, flows, plan)
    true = flow_eur_per_kg_s(ring, plan, found, follows, heat_kw, response, water, still)
    shown = waves(plan, count)
    seen = seen_eur_per_parcel(shown, displaced(plan, shown, heat_kw), water)
    # The circulation pump's heat is no matter of where the water is.
    gap = np.abs(true - follows.parcels_per_kg_s * seen)
    assert gap.max() < 0.02 * np.abs(true).max()


def test_only_what_sets_the_flow_calls_for_more_of_it():
    district, done, _ = searched(3, loop=True, follows=True)
    loop = district.ring.loop
    by_output = flow_by_output(district.ring, done.flows)
    flow = plan_loop(district.ring, done.flows).flow_kg_s
    at_limit = (flow <= loop.flow.min_kg_s) | (flow >= loop.flow.max_kg_s)
    assert at_limit.any()
    assert not by_output[:, at_limit].any()
    for hour in np.flatnonzero(~at_limit)[:5]:
        for pump in range(len(by_output)):
            more = done.flows.q_kw.copy()
            more[pump, hour] += 1e-3
            moved = plan_loop(district.ring, replace(done.flows, q_kw=more)).flow_kg_s
            slope = (moved[hour] - flow[hour]) / 1e-3
            assert by_output[pump, hour] == pytest.approx(slope, abs=1e-9)
