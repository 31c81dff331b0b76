"""Water that comes round in a step, or is well mixed: hours against minutes, and both laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.ring import RingConfig, simulate
from anello.ring.geometry import geometry
from anello.ring.plant import passing
from plain_loops import CONSTANT, dispatch, loop
from wide_search import examples

# --- hours against minutes ------------------------------------------------------------------------


def fast_loop(flow_kg_s, **plant):
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
@pytest.mark.parametrize("consumer", [0, 1, 2, 3])
def test_hours_give_what_minutes_give(flow_kg_s, swing_kw, consumer):
    """Wherever heat is taken."""
    config = fast_loop(flow_kg_s)
    capacity = geometry(config.loop, config.medium).capacity_kwh_per_k
    assert flow_kg_s * 4.18 / capacity > 5.0
    load_kw = 200.0 + swing_kw * np.sin(np.arange(24) / 3.0)
    hours, found = over_hours(config, load_kw, 1.0, consumer)
    minutes, exact = over_hours(config, load_kw, 1.0 / 60.0, consumer)
    np.testing.assert_allclose(hours, minutes, atol=0.025)
    heat = found.q_bal_kw["wells"].sum()
    assert heat == pytest.approx(exact.q_bal_kw["wells"].sum() / 60.0, rel=1e-3)
    # Wells that could warm all of the water once in an hour would leave it kelvins colder.
    once = 15.0 - load_kw.mean() * 0.75 / passing(0.8 * 200.0 * 4.18, capacity)
    assert once < hours[12:].mean() - 2.0


def test_water_that_nothing_else_warms_comes_to_the_wells_and_not_past_them():
    config = fast_loop(120.0)
    hours, found = over_hours(config, np.zeros(6), 1.0)
    capacity = geometry(config.loop, config.medium).capacity_kwh_per_k
    n = 120.0 * 4.18 / capacity
    x = passing(0.8 * 200.0 * 4.18, 120.0 * 4.18) / capacity
    left = (1.0 - x / n) ** (n * np.arange(1, 7))
    # What begins a last turn is read once more than the rest, and a little colder.
    np.testing.assert_allclose(hours, 15.0 - 3.0 * left, atol=1.5e-3)
    assert (found.q_bal_kw["wells"] >= 0.0).all()


# --- well-mixed water -----------------------------------------------------------------------------


def small_pool(mass_kg, loss_kw_per_k=0.0, **plant):
    """Well-mixed water, less than its wells could warm in an hour, and a heat pump of COP 4."""
    pumps = {"hp": ("heating", 40.0), "ch": ("cooling", 5.0)}
    return RingConfig.model_validate(
        {
            "heat_pumps": {
                name: {
                    "service": service,
                    "cop_map": CONSTANT,
                    "use_temperature": {"kind": "fixed", "degc": degc},
                }
                for name, (service, degc) in pumps.items()
            },
            "bounds_degc": [3.0, 90.0],
            "water": {"mass_kg": mass_kg},
            "loss": {"ua_kw_per_k": loss_kw_per_k, "ground": {"kind": "fixed", "degc": 9.0}},
            "plant": {
                "control": "schedule",
                "wells": {"well_degc": 15.0, "max_flow_kg_s": 60.0},
                **plant,
            },
            "initial_degc": 12.0,
        }
    )


def pool_over_hours(config, load_kw, step_h):
    """Simulate a load with open wells and, if there is one, an open cooler: end of each hour."""
    pieces = round(1 / step_h)
    data = dispatch(np.repeat(load_kw, pieces)[None, :], step_h=step_h)
    steps = data.times.size
    data = replace(data, outdoor_degc=np.full(steps, 4.0))
    opened = {"wells": np.full(steps, np.inf), "dry_cooler": np.full(steps, -np.inf)}
    found = simulate(config, data, schedule=opened)
    return found.temperature_degc[pieces::pieces], found


@pytest.mark.parametrize("loss_kw_per_k", [0.0, 20.0])
@pytest.mark.parametrize("mass_kg", [4e3, 2e4, 1e5])
def test_a_pool_in_hours_is_a_pool_in_minutes(mass_kg, loss_kw_per_k):
    config = small_pool(mass_kg, loss_kw_per_k)
    load_kw = 200.0 + 150.0 * np.sin(np.arange(48) / 3.0)
    hours, found = pool_over_hours(config, load_kw, 1.0)
    minutes, exact = pool_over_hours(config, load_kw, 1.0 / 60.0)
    assert abs(hours.mean() - minutes.mean()) < 0.05
    np.testing.assert_allclose(hours, minutes, atol=1e-6)  # one exchanger and one loss: exact
    heat = exact.q_bal_kw["wells"].sum() / 60.0
    # The loss of a step is that of water which wells warm evenly, and they bring what it takes.
    nearly = 2e-3 if loss_kw_per_k else 1e-6
    assert found.q_bal_kw["wells"].sum() == pytest.approx(heat, rel=nearly)


def test_a_pool_at_rest_is_as_cold_as_its_wells_let_it_be():
    """T_body − Q/G, where an exchanger that counted its own effect alone left T_body − Q·h/C."""
    config = small_pool(2e4)
    conductance, capacity = 0.8 * 60.0 * 4.18, 2e4 * 4.18 / 3600.0
    drawn_kw = 200.0 * 0.75
    hours, _ = pool_over_hours(config, np.full(48, 200.0), 1.0)
    assert hours[-1] == pytest.approx(15.0 - drawn_kw / conductance, abs=1e-9)
    once = capacity * -np.expm1(-conductance / capacity)
    assert 15.0 - drawn_kw / once < hours[-1] - 5.0


def test_two_exchangers_that_work_against_each_other_stay_near():
    """Each takes what the other does for even heat, which hours get nearly right."""
    config = small_pool(2e4, dry_cooler={"max_kw": 5e3, "kw_per_k": 30.0})
    load_kw = 100.0 + 80.0 * np.sin(np.arange(48) / 3.0)
    hours, found = pool_over_hours(config, load_kw, 1.0)
    minutes, _ = pool_over_hours(config, load_kw, 1.0 / 60.0)
    assert (found.q_bal_kw["dry_cooler"] < -100.0).all()
    assert abs(hours.mean() - minutes.mean()) < 0.05
    np.testing.assert_allclose(hours[1:], minutes[1:], atol=0.1)


@settings(max_examples=examples(25), deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), control=st.sampled_from(["schedule", "deadband", "both"]))
def test_random_pools_obey_both_laws(seed, control):
    """Of any size, losses and steps; energy and entropy are audited in each simulation."""
    rng = np.random.default_rng(seed)
    steps = 36
    config = small_pool(
        10.0 ** rng.uniform(2.0, 6.5),
        float(rng.choice([0.0, 5.0, 200.0])),
        control=control,
        backup_heater={"max_kw": 300.0},
        dry_cooler={"max_kw": 300.0, "kw_per_k": float(rng.uniform(1.0, 200.0))},
        chiller={"max_kw": 200.0},
        sources={
            "coil": {"kind": "air", "kw_per_k": float(rng.uniform(1.0, 99.0)), "max_kw": 99.0}
        },
    )
    data = dispatch(rng.uniform(0.0, 300.0, (1, steps)), step_h=float(rng.choice([0.25, 1.0, 6.0])))
    air_degc = rng.uniform(0.0, 30.0, steps)
    data = replace(data, outdoor_degc=air_degc)
    told = rng.uniform(-200.0, 200.0, (3, steps))
    opened = rng.random((3, steps)) < 0.3
    told[opened] = np.copysign(np.inf, told[opened])
    schedule = dict(zip(("wells", "coil", "dry_cooler"), told, strict=True))
    found = simulate(config, data, schedule=schedule)
    assert found.second_law.violations == 0
    assert found.audit.relative < 1e-9


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
