"""A loop that turns several times in a step: hours against minutes, and both laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.ring import simulate
from anello.ring.geometry import geometry
from anello.ring.plant import passing
from plain_loops import dispatch, loop
from wide_search import examples

# --- hours against minutes ------------------------------------------------------------------------


def fast_loop(flow_kg_s, consumer=0, **plant):
    """A loop of 42 t and a heat pump; wells that are open at its first substation."""
    return loop(
        4,
        flow=flow_kg_s,
        length_m=150.0,
        diameter_m=0.3,
        ring={
            "plant": {
                "control": "schedule",
                "wells": {"well_degc": 15.0, "max_flow_kg_s": 200.0},
                **plant,
            },
            "initial_degc": 12.0,
        },
    )


def over_hours(config, load_kw, step_h, consumer=0):
    """Simulate a load at a substation, with open wells: end of each hour, and heat of the wells."""
    pieces = round(1 / step_h)
    q_kw = np.zeros((4, load_kw.size * pieces))
    q_kw[consumer] = np.repeat(load_kw, pieces)
    wells = np.full(q_kw.shape[1], np.inf)
    found = simulate(config, dispatch(q_kw, step_h=step_h), schedule={"wells": wells})
    return found.temperature_degc[pieces::pieces], found


@pytest.mark.parametrize("flow_kg_s", [60.0, 120.0])
@pytest.mark.parametrize("swing_kw", [0.0, 150.0])
def test_hours_give_what_minutes_give(flow_kg_s, swing_kw):
    """The heat pump lies right behind the plant, so that the loop's water is what arrives there."""
    config = fast_loop(flow_kg_s)
    capacity = geometry(config.loop, config.medium).capacity_kwh_per_k
    assert flow_kg_s * 4.18 / capacity > 5.0
    load_kw = 200.0 + swing_kw * np.sin(np.arange(24) / 3.0)
    hours, found = over_hours(config, load_kw, 1.0)
    minutes, exact = over_hours(config, load_kw, 1.0 / 60.0)
    np.testing.assert_allclose(hours, minutes, atol=0.01)
    heat = found.q_bal_kw["wells"].sum()
    assert heat == pytest.approx(exact.q_bal_kw["wells"].sum() / 60.0, rel=1e-3)
    # Wells that could warm all of the water once in an hour would leave it kelvins colder.
    once = 15.0 - load_kw.mean() * 0.75 / passing(0.8 * 200.0 * 4.18, capacity)
    assert once < hours[12:].mean() - 2.0


@pytest.mark.parametrize("consumer", [1, 2, 3])
def test_where_heat_is_taken_matters_less_than_the_loop_cools_in_a_round(consumer):
    """The rule lets other heat reach the plant last; what passes earlier makes the wells stronger.

    It errs by less than the water's difference before and behind the heat pump.
    """
    config = fast_loop(60.0)
    load_kw = np.full(24, 200.0)
    hours, _ = over_hours(config, load_kw, 1.0, consumer)
    minutes, _ = over_hours(config, load_kw, 1.0 / 60.0, consumer)
    apart = np.abs(hours - minutes).max()
    assert apart < 200.0 * 0.75 / (60.0 * 4.18)


def test_water_that_nothing_else_warms_comes_to_the_wells_and_not_past_them():
    config = fast_loop(120.0)
    hours, found = over_hours(config, np.zeros(6), 1.0)
    capacity = geometry(config.loop, config.medium).capacity_kwh_per_k
    n = 120.0 * 4.18 / capacity
    x = passing(0.8 * 200.0 * 4.18, 120.0 * 4.18) / capacity
    left = (1.0 - x / n) ** (n * np.arange(1, 7))
    np.testing.assert_allclose(hours, 15.0 - 3.0 * left, atol=1e-9)
    assert (found.q_bal_kw["wells"] >= 0.0).all()


# --- audits ---------------------------------------------------------------------------------------


@settings(max_examples=examples(25), deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), control=st.sampled_from(["schedule", "deadband", "both"]))
def test_random_loops_obey_both_laws(seed, control):
    """Energy is audited in each simulation, which fails if any is lost."""
    rng = np.random.default_rng(seed)
    steps = 36
    config = loop(
        4,
        flow=float(rng.uniform(5.0, 150.0)),
        length_m=120.0,
        diameter_m=0.3,
        loss=float(rng.choice([0.0, 5.0])),
        depths=rng.uniform(0.6, 2.0, 4).tolist(),
        ring={
            "initial_degc": float(rng.uniform(6.0, 18.0)),
            "plant": {
                "control": control,
                "wells": {"well_degc": 13.0, "max_flow_kg_s": float(rng.uniform(5.0, 200.0))},
                "sources": {
                    "coil": {
                        "kind": "air",
                        "kw_per_k": float(rng.uniform(1.0, 200.0)),
                        "max_kw": 300.0,
                    }
                },
                "backup_heater": {"max_kw": 300.0},
                "dry_cooler": {"max_kw": 300.0, "kw_per_k": float(rng.uniform(1.0, 200.0))},
                "chiller": {"max_kw": 200.0},
            },
        },
    )
    load = rng.uniform(0.0, 80.0, (4, steps)) * (rng.random((4, steps)) < 0.7)
    cold = rng.uniform(0.0, 80.0, (4, steps)) * (rng.random((4, steps)) < 0.5)
    data = dispatch(load, cold)
    air_degc = rng.uniform(0.0, 30.0, steps)
    data = data.__class__(**{**data.__dict__, "outdoor_degc": air_degc})
    names = ("wells", "coil", "backup_heater", "dry_cooler")
    schedule = {}
    for name in names:
        told = rng.uniform(-200.0, 200.0, steps)
        opened = rng.random(steps) < 0.3
        told[opened] = np.copysign(np.inf, told[opened])
        schedule[name] = told
    schedule["backup_heater"] = np.abs(
        np.nan_to_num(schedule["backup_heater"], posinf=100.0, neginf=100.0)
    )
    found = simulate(config, data, schedule=schedule)
    plant = [x for x in ("wells", "coil", "dry_cooler") if np.abs(found.q_bal_kw[x]).sum() > 0.0]
    assert plant
    assert "wells on" not in found.second_law.worst
    assert "coil on" not in found.second_law.worst
    assert "dry_cooler on" not in found.second_law.worst
