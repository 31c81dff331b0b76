"""Water that comes round within an hour: the hours say what the minutes do."""

from __future__ import annotations

import numpy as np
import pytest

from anello.ring import second_law, simulate
from anello.ring.geometry import geometry
from anello.ring.within_step import within_step
from branched_loops import branched, pipe
from plain_loops import dispatch, loop

MINUTES = 60


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch):
    """These loops test transport, also of water that is hotter than a machine could make it."""
    monkeypatch.setattr(second_law, "require", lambda found: found)


def balanced(kw, hours):
    """Heating at the first places and cooling at the last, which give the water what they take."""
    heat = np.tile(np.array([1.0, 0.4, 0.0, 0.0])[:, None] * kw, (1, hours))
    cool = np.tile(np.array([0.0, 0.0, 0.5, 0.34])[:, None] * kw, (1, hours))
    return heat, cool * (0.75 * heat.sum()) / (1.25 * cool.sum())


def hours_and_minutes(config, heat, cool):
    """The water that heat pumps meet in each hour, by steps of an hour and of a minute [°C]."""
    by_hour = simulate(config, dispatch(heat, cool))
    each = [np.repeat(series, MINUTES, axis=1) for series in (heat, cool)]
    by_minute = simulate(config, dispatch(*each, step_h=1.0 / MINUTES))
    hours = heat.shape[1]
    return by_hour, by_minute.source_degc.reshape(-1, hours, MINUTES).mean(axis=2)


@pytest.mark.parametrize(
    ("flow", "within_k"), [(0.9, 0.2), (3.0, 0.05), (8.0, 0.02), (20.0, 0.01), (-40.0, 0.01)]
)
def test_an_hour_of_a_loop_is_the_mean_of_its_minutes(flow, within_k):
    """With 40 kg/s the water comes round eleven times in it."""
    config = loop(flow=flow)
    heat, cool = balanced(2.0 * abs(flow) * config.medium.kj_per_kgk, 12)
    by_hour, minutes = hours_and_minutes(config, heat, cool)
    assert np.ptp(minutes[:, -1]) > 1.0
    np.testing.assert_allclose(by_hour.source_degc[:, 4:], minutes[:, 4:], atol=within_k)


@pytest.mark.parametrize("flow", [2.0, 20.0])
def test_on_branches_too(flow):
    branch = {"start": "s0", "end": "b", "share": 0.5, "heat_pumps": ["l2"]}
    config = branched([branch | pipe(100.0)], flow=flow)
    kw = 2.0 * flow * config.medium.kj_per_kgk
    heat, cool = balanced(kw, 12)
    heat, cool = heat[1:], cool[1:]
    cool *= (0.75 * heat.sum()) / (1.25 * cool.sum())
    by_hour, minutes = hours_and_minutes(config, heat, cool)
    assert np.ptp(minutes[:, -1]) > 0.5
    spread = by_hour.source_degc - by_hour.source_degc.mean(axis=0)
    exact = minutes - minutes.mean(axis=0)
    np.testing.assert_allclose(spread[:, 4:], exact[:, 4:], atol=0.01)


def test_a_fast_loop_is_at_rest_in_every_hour():
    """Behind each place the water has that place's heat more, and what comes round is the mean."""
    flow = 300.0
    config = loop(flow=flow)
    k = flow * config.medium.kj_per_kgk
    heat, cool = balanced(3.0 * k, 3)
    found = simulate(config, dispatch(heat, cool))
    into = 1.25 * cool[:, 0] - 0.75 * heat[:, 0]
    arriving = found.node_degc[0]
    np.testing.assert_allclose(np.diff(arriving), into[:-1] / k, atol=1e-3)
    # All segments are alike: between two places the water is what it is behind the first of them.
    assert np.mean(arriving + into / k) == pytest.approx(found.temperature_degc[0], abs=1e-3)


def test_the_gain_is_what_tracers_find():
    """Water that passes a place takes 1/ṁc of its heat, each time it does."""
    at, parcels, held = np.array([0.0, 10.0, 10.0, 37.0, 80.0]), 100, 2.0
    for way in (3.0, 25.0, 90.0, 100.0, 160.0, 430.0, -25.0, -160.0):
        found = within_step(np.array([way]), np.array([0.5]), at, parcels, held).k_per_kw(0)
        moved = (np.arange(20_000) + 0.5) / 20_000 * abs(way)
        k = abs(way) * held / 0.5
        for place, j in np.ndindex(5, 5):
            on = (at[place] - at[j]) * np.sign(way)
            if on < 0.0 or (on == 0.0 and (j - place) * np.sign(way) >= 0.0):
                on += parcels
            passes = np.maximum(np.floor((moved - on) / parcels) + 1.0, 0.0).mean()
            rise = 0.5 * max(abs(way) / parcels - 1.0, 0.0)
            assert found[place, j] == pytest.approx((passes - rise) / k, abs=1e-4 / k)


def test_slow_water_reaches_nobody_within_the_step():
    config = loop(flow=0.1)
    assert geometry(config.loop, config.medium).capacity_kwh_per_k > 4 * 0.1 * 4.2
    heat, cool = balanced(0.5, 3)
    found = simulate(config, dispatch(heat, cool))
    np.testing.assert_allclose(found.node_degc[0], 15.0, rtol=1e-12)
