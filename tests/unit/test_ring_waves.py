"""The water of a loop as a sum of waves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.ring import RingInput
from anello.ring.config import RingConfig
from anello.ring.loop_run import plan_loop
from anello.ring.waves import waves

STEPS = 12
STATIONS = 3


def plan_of(flow_kg_s, *, parcels=12, dispersion=0.0, even=True):
    pipe = {"length_m": 300.0, "inner_diameter_m": 0.3, "burial_depth_m": 1.0}
    segments = [dict(pipe) for _ in range(STATIONS)]
    if not even:
        segments[1]["inner_diameter_m"] = 0.4
    config = RingConfig.model_validate(
        {
            "mode": "physical",
            "model": "loop",
            "heat_pumps": {},
            "loop": {
                "substations": [{"name": f"s{k}", "plant": k == 0} for k in range(STATIONS)],
                "segments": segments,
                "flow": {"kind": "scheduled"},
                "parcels": parcels,
                "dispersion_m2_s": dispersion,
                "ground": {"kind": "fixed", "degc": 13.0},
            },
        }
    )
    data = RingInput(
        nodes=(),
        times=np.datetime64("2015-01-01", "ns") + np.arange(STEPS) * np.timedelta64(1, "h"),
        step_h=np.ones(STEPS),
        q_kw=np.zeros((0, STEPS)),
        cop_dispatch=np.zeros((0, STEPS)),
        storage_kwh=np.zeros((0, STEPS)),
        storage_start_kwh=np.zeros(0),
        flow_kg_s=np.asarray(flow_kg_s, dtype=float),
    )
    return plan_loop(config, data)


def simulated(plan, heat_kw):
    """Water that comes to the stations, less what their mean would be when it arrives."""
    run = plan.run
    field = np.full(run.parcels, 13.0)
    water, means = [], []
    for step in range(STEPS):
        water.append(run.readings(field, step))
        means.append(13.0 + (field.mean() - 13.0) * run.arrives_with[step])
        field, _ = run.advance(field, step, heat_kw[:, step], 0.0, 13.0)
    return (np.array(water) - np.array(means)).T


def seen(plan, heat_kw, count):
    """The same by waves."""
    found = waves(plan, count)
    return np.einsum("nkt,kt->nt", found.reading, found.amplitudes(heat_kw)[:, :-1])


FLOWS = st.lists(
    st.sampled_from([0.0, 3.0, 12.0, 12.0, 40.0, 90.0, -3.0, -12.0, -55.0]),
    min_size=STEPS,
    max_size=STEPS,
)


@given(flow=FLOWS, seed=st.integers(0, 1000), dispersion=st.sampled_from([0.0, 0.02]))
@settings(max_examples=40)
def test_all_waves_together_are_the_simulation(flow, seed, dispersion):
    """Whichever way the water goes, and however often around in a step."""
    plan = plan_of(flow, dispersion=dispersion)
    heat_kw = np.random.default_rng(seed).normal(0.0, 50.0, (STATIONS, STEPS))
    at_stations = seen(plan, heat_kw, 6)
    np.testing.assert_allclose(at_stations, simulated(plan, heat_kw), atol=1e-9)


def test_a_few_waves_show_most_of_the_difference():
    plan = plan_of(np.full(STEPS, 6.0), parcels=48)
    heat_kw = np.zeros((STATIONS, STEPS))
    heat_kw[0], heat_kw[2] = 60.0, -60.0
    truth = simulated(plan, heat_kw)
    missed = [np.abs(seen(plan, heat_kw, n) - truth).max() for n in (0, 1, 2, 4, 24)]
    assert missed == sorted(missed, reverse=True)
    assert missed[0] > 1.0
    assert missed[3] < 0.15 * missed[0]
    assert missed[4] < 1e-9


def test_losses_that_differ_along_the_loop_act_with_their_mean():
    plan = plan_of(np.full(STEPS, 12.0), even=False)
    heat_kw = np.random.default_rng(1).normal(0.0, 50.0, (STATIONS, STEPS))
    truth = simulated(plan, heat_kw)
    assert np.abs(seen(plan, heat_kw, 6) - truth).max() < 0.01 * np.abs(truth).max()


def test_waves_fade_by_the_losses_of_the_step():
    plan = plan_of(np.full(STEPS, 12.0))
    ua, capacity = plan.shape.ua_kw_per_k.sum(), plan.shape.capacity_kwh_per_k
    keep = waves(plan, 2).keep
    assert keep == pytest.approx(np.exp(-ua / capacity))
