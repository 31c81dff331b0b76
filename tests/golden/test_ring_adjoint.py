"""Derivatives of the true cost against finite differences of the simulation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from anello.ring import RingConfig, RingInput, simulate
from anello.ring.adjoint import sensitivity

PUMPS = {
    "hp": {
        "service": "heating",
        "cop_map": {"kind": "carnot", "cop_max": 1000.0},
        "use_temperature": {"kind": "store", "store": "tes", "t_min_degc": 45.0, "kwh_per_k": 20.0},
    },
    "ch": {
        "service": "cooling",
        "cop_map": {"kind": "carnot", "cop_max": 1000.0},
        "use_temperature": {"kind": "fixed", "degc": -20.0},
    },
}
PLANT = {"control": "schedule", "backup_heater": {"max_kw": 50.0}}
BASE = {"heat_pumps": PUMPS, "plant": PLANT}
STEPS = 30


def _unbound(ring: dict) -> RingConfig:
    # So wide that nothing is clipped where it is derived.
    wide = {"bounds_degc": (-100.0, 100.0)}
    return RingConfig.model_validate(ring).model_copy(update=wide)


def mixed(**changes) -> RingConfig:
    return _unbound({**BASE, "water": {"mass_kg": 20_000.0}, **changes})


def loop(flow, **changes) -> RingConfig:
    depths = changes.pop("depths", [1.0, 1.0, 1.0])
    loss = changes.pop("loss", 5.0)
    return _unbound(
        {
            **BASE,
            "model": "loop",
            "loop": {
                "substations": [
                    {"name": f"s{i}", "heat_pumps": [f"l{i}"], "plant": i == 1} for i in range(3)
                ],
                "segments": [
                    {
                        "length_m": 150.0 + 50 * i,
                        "inner_diameter_m": 0.2,
                        "heat_loss_w_per_mk": loss,
                        "burial_depth_m": depths[i],
                    }
                    for i in range(3)
                ],
                "flow": {"kind": "fixed", "kg_s": flow}
                if flow is not None
                else {"kind": "scheduled"},
                "ground": {"kind": "kusuda", "mean_degc": 12.0, "amplitude_k": 8.0},
                **changes,
            },
        }
    )


def dispatch(seed: int = 0) -> RingInput:
    rng = np.random.default_rng(seed)
    nodes = tuple(f"l{i}::{tech}" for i in range(3) for tech in ("hp", "ch"))
    q = rng.uniform(2.0, 10.0, (6, STEPS))
    return RingInput(
        nodes,
        np.datetime64("2015-01-01", "ns") + np.arange(STEPS) * np.timedelta64(3600, "s"),
        np.full(STEPS, 1.0),
        q,
        np.full(q.shape, 4.0),
        np.where(np.arange(6)[:, None] % 2 == 0, rng.uniform(0.0, 100.0, q.shape), np.nan),
        np.zeros(6),
        flow_kg_s=rng.uniform(-4.0, 4.0, STEPS),
    )


CASES = {
    "mixed": mixed(),
    "mixed with loss": mixed(loss={"ua_kw_per_k": 2.0}),
    "loop": loop(2.0),
    "loop without loss": loop(2.0, loss=0.0),
    "loop, fast": loop(40.0),
    "loop, backwards": loop(-3.0),
    "loop, uneven ground": loop(2.0, depths=[0.8, 1.5, 2.5]),
    "loop, strong loss": loop(2.0, loss=80.0, depths=[0.8, 1.5, 2.5]),
    "loop, turning": loop(None),
    "loop, one parcel": loop(2.0, parcels=1),
    "loop, mixing": loop(2.0, dispersion_m2_s=0.01),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_equal_finite_differences(name):
    config, data = CASES[name], dispatch()
    rng = np.random.default_rng(1)
    price = rng.uniform(0.1, 0.5, data.q_kw.shape)
    schedule = {"backup_heater": rng.uniform(0.0, 20.0, STEPS)}

    def cost(data=data, schedule=schedule, use=None) -> float:
        result = simulate(config, data, schedule=schedule, use_degc=use)
        return float((price * result.p_kw * data.step_h).sum())

    base = simulate(config, data, schedule=schedule)
    found = sensitivity(config, data, base, price)
    step = 1e-3
    for row, hour in [(0, 3), (1, 3), (2, 12), (3, 20), (4, 0), (5, 29)]:
        q = [data.q_kw.copy(), data.q_kw.copy()]
        q[0][row, hour] += step
        q[1][row, hour] -= step
        slope = (
            cost(dataclasses.replace(data, q_kw=q[0])) - cost(dataclasses.replace(data, q_kw=q[1]))
        ) / (2 * step)
        assert found.output_eur_per_kwh[row, hour] == pytest.approx(slope, rel=1e-5, abs=1e-8)
        use = [base.use_degc.copy(), base.use_degc.copy()]
        use[0][row, hour] += step
        use[1][row, hour] -= step
        slope = (cost(use=use[0]) - cost(use=use[1])) / (2 * step)
        assert found.use_eur_per_k[row, hour] == pytest.approx(slope, rel=1e-5, abs=1e-8)
    for hour in (0, 7, 25):
        heat = [schedule["backup_heater"].copy(), schedule["backup_heater"].copy()]
        heat[0][hour] += step
        heat[1][hour] -= step
        slope = (
            cost(schedule={"backup_heater": heat[0]}) - cost(schedule={"backup_heater": heat[1]})
        ) / (2 * step)
        assert found.plant_eur_per_kwh[hour] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_source_heat_is_worth_something_in_winter_and_costs_in_summer():
    data = dispatch()
    config = mixed()
    price = np.full(data.q_kw.shape, 0.3)
    heating = data.q_kw * (np.arange(6)[:, None] % 2 == 0)
    cooling = data.q_kw - heating
    for q, sign in ((heating, -1.0), (cooling, 1.0)):
        flows = dataclasses.replace(data, q_kw=q)
        found = sensitivity(config, flows, simulate(config, flows), price)
        assert (np.sign(found.source_eur_per_kwh[:-1]) == sign).all()


def test_a_year_is_fast():
    import time

    data = dispatch()
    reps = 100
    data = dataclasses.replace(
        data,
        times=data.times[0] + np.arange(STEPS * reps) * np.timedelta64(3600, "s"),
        step_h=np.ones(STEPS * reps),
        q_kw=np.tile(data.q_kw, reps) * 0.2,
        cop_dispatch=np.tile(data.cop_dispatch, reps),
        storage_kwh=np.tile(data.storage_kwh, reps),
        flow_kg_s=np.tile(data.flow_kg_s, reps),
    )
    config = loop(2.0)
    result = simulate(config, data)
    start = time.process_time()
    sensitivity(config, data, result, np.full(data.q_kw.shape, 0.3))
    assert time.process_time() - start < 2.0
