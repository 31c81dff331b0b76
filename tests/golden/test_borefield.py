"""Borefields against full convolution, pygfunction's own aggregation, and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygfunction as gt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator
from scipy.signal import fftconvolve

from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import Borefield, compile_borefield, repeat
from anello.ring.borefield.foster import fit_foster
from anello.ring.borefield.g_function import g_function
from anello.ring.borefield.resistance import borehole_resistance_mk_per_w

HOURS = 8760


def settings(**changes: object) -> BorefieldConfig:
    """40 boreholes of 150 m, 6 m apart, in soil of 2 W/(m·K)."""
    values: dict[str, object] = {
        "field": {"kind": "rectangle", "rows": 5, "columns": 8, "spacing_m": 6.0},
        "depth_m": 150.0,
        "soil_w_per_mk": 2.0,
        "surface_degc": 10.0,
        "flow_kg_s": 12.0,
    }
    return BorefieldConfig.model_validate(values | changes)


def load_w_per_m(years: int, unbalance: float) -> np.ndarray:
    """A yearly wave, days, noise, and a part that is not balanced."""
    t = np.arange(years * HOURS)
    noise = np.random.default_rng(7).normal(0.0, 10.0, t.size)
    wave = 20.0 * np.cos(2 * np.pi * t / HOURS) + 5.0 * np.cos(2 * np.pi * t / 24.0)
    return wave + noise + unbalance


def convolved_k(config: BorefieldConfig, q_w_per_m: np.ndarray) -> np.ndarray:
    """Drop of the wall at the end of each hour, by superposition of every hour before."""
    hours, g = g_function(config)
    at = np.arange(1.0, q_w_per_m.size + 1.0)
    kernel = np.diff(PchipInterpolator(np.log(hours), g)(np.log(at)), prepend=0.0)
    return fftconvolve(q_w_per_m, kernel)[: at.size] / (2 * np.pi * config.soil_w_per_mk)


FIELDS = {
    "forty": {},
    "one": {"field": {"kind": "rectangle", "rows": 1, "columns": 1}},
    "large": {
        "field": {"kind": "rectangle", "rows": 10, "columns": 35, "spacing_m": 10.0},
        "depth_m": 300.0,
        "radius_m": 0.095,
        "flow_kg_s": 105.0,
    },
}


@pytest.mark.parametrize("unbalance", [0.0, 3.0], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize("name", FIELDS)
def test_the_chain_follows_the_full_convolution(name: str, unbalance: float) -> None:
    config = settings(**FIELDS[name])
    field = compile_borefield(config)
    q = load_w_per_m(3, unbalance)
    heat = q * field.length_m / 1000.0
    walls = field.walls_degc(heat, np.ones(heat.size))
    error = field.undisturbed_degc - walls - convolved_k(config, q)
    assert np.sqrt((error**2).mean()) <= 0.05
    assert field.chain.tau_h.size <= 16


@pytest.mark.parametrize("name", FIELDS)
def test_year_25_of_a_repeated_load_is_that_of_the_full_convolution(name: str) -> None:
    config = settings(**FIELDS[name])
    field = compile_borefield(config)
    q = load_w_per_m(1, 3.0)
    years = repeat(field, q * field.length_m / 1000.0, np.ones(HOURS), 25)
    known = field.undisturbed_degc - convolved_k(config, np.tile(q, 25))[-HOURS:]
    error = years.last_degc - known
    assert np.sqrt((error**2).mean()) <= 0.05
    assert abs(error.mean()) <= 0.02
    assert years.drift_k < -0.5  # it tires


def test_the_chain_follows_load_aggregation() -> None:
    config = settings()
    field = compile_borefield(config)
    q = load_w_per_m(1, 3.0)[:4000]
    aggregated = gt.load_aggregation.ClaessonJaved(3600.0, 3600.0 * q.size, cells_per_level=20)
    hours, g = g_function(config)
    at = aggregated.get_times_for_simulation() / 3600.0
    values = PchipInterpolator(np.log(hours), g)(np.log(at))
    aggregated.initialize(values / (2 * np.pi * config.soil_w_per_mk))
    drop = np.empty(q.size)
    for step, load in enumerate(q.tolist()):
        aggregated.next_time_step(3600.0 * (step + 1))
        aggregated.set_current_load(load)
        drop[step] = float(aggregated.temporal_superposition())
    walls = field.walls_degc(q * field.length_m / 1000.0, np.ones(q.size))
    assert np.sqrt(((field.undisturbed_degc - walls - drop) ** 2).mean()) <= 0.05


@pytest.mark.parametrize("tubes", ["single", "double"])
def test_the_resistance_is_pygfunctions(tubes: str) -> None:
    config = settings(pipes={"tubes": tubes})
    pipes = config.pipes
    fluid = gt.media.Fluid("Water", 0.0, T=10.0)
    count = 1 if tubes == "single" else 2
    r_out, r_in = 0.016, 0.016 - 0.0029
    film = gt.pipes.convective_heat_transfer_coefficient_circular_pipe(
        12.0 / 40 / count, r_in, fluid.mu, fluid.rho, fluid.k, fluid.cp, 1e-6
    )
    to_pipe = 1 / (film * 2 * np.pi * r_in) + np.log(r_out / r_in) / (2 * np.pi * 0.42)
    places = [(0.04 * np.cos(a), 0.04 * np.sin(a)) for a in np.pi * np.arange(2 * count) / count]
    hole = gt.boreholes.Borehole(150.0, 1.0, 0.075, 0.0, 0.0)
    tube = gt.pipes.MultipleUTube(
        places, r_in, r_out, hole, 2.0, pipes.grout_w_per_mk, to_pipe, nPipes=count
    )
    golden = {"single": 0.1107, "double": 0.0833}[tubes]
    found = borehole_resistance_mk_per_w(config)
    assert found == pytest.approx(
        tube.effective_borehole_thermal_resistance(12.0 / 40, fluid.cp), rel=1e-6
    )
    assert found == pytest.approx(golden, rel=0.01)


def test_the_last_period_is_that_of_a_long_run() -> None:
    field = compile_borefield(settings())
    heat = load_w_per_m(1, 3.0)[:500] * field.length_m / 1000.0
    step_h = np.resize([1.0, 2.0, 0.5], heat.size)
    years = repeat(field, heat, step_h, 6)
    long = field.walls_degc(np.tile(heat, 6), np.tile(step_h, 6))
    np.testing.assert_allclose(years.last_degc, long[-500:], atol=1e-9)
    np.testing.assert_allclose(years.lowest_degc, long.reshape(6, 500).min(axis=1), atol=1e-9)
    np.testing.assert_allclose(field.wall_degc(years.starts[-1]), long[-1], atol=1e-9)


FIELD = compile_borefield(settings())
LOADS = st.lists(st.floats(-300.0, 300.0), min_size=1, max_size=20)


@given(LOADS, LOADS, st.floats(0.05, 30.0))
def test_states_chain_and_superpose(first: list[float], second: list[float], hours: float) -> None:
    def last(loads: list[float], state: np.ndarray) -> np.ndarray:
        for load in loads:
            state = FIELD.advance(state, load, hours)
        return state

    half = last(first, FIELD.rest())
    both = last(second, half)
    np.testing.assert_allclose(both, last(first + second, FIELD.rest()), atol=1e-9)
    idle = last([0.0] * len(second), half)
    np.testing.assert_allclose(both - idle, last(second, FIELD.rest()), atol=1e-9)
    # A step cut into three is the same step.
    thirds = FIELD.rest()
    for _ in range(3):
        thirds = FIELD.advance(thirds, 10.0, hours / 3.0)
    np.testing.assert_allclose(thirds, FIELD.advance(FIELD.rest(), 10.0, hours), atol=1e-9)


@given(
    water=st.floats(-5.0, 35.0),
    passing=st.floats(0.0, 500.0),
    load=st.floats(-300.0, 300.0),
    effectiveness=st.sampled_from([0.5, 0.8, 1.0]),
)
def test_the_exchange_obeys_both_laws(
    water: float, passing: float, load: float, effectiveness: float
) -> None:
    field: Borefield = replace(FIELD, effectiveness=effectiveness)
    state = field.advance(field.rest(), load, 24.0)
    idle, drop = field.answer(state, 1.0)
    heat = field.conductance_kw_per_k(drop, passing) * (idle - water)
    wall = field.wall_degc(field.advance(state, heat, 1.0))
    assert wall == pytest.approx(idle - drop * heat, abs=1e-9)
    entering, leaving = (
        float(value[0])
        for value in field.fluid(np.array([wall]), np.array([heat]), np.array([passing]))
    )
    flow = field.loop_kw_per_k(passing)
    if flow < 1e-6:
        assert abs(heat) < 1e-3
        return
    # What the fluid takes from the wall is what it gives to the ring.
    assert flow * (leaving - entering) == pytest.approx(heat, abs=1e-6)
    assert effectiveness * flow * (leaving - water) == pytest.approx(heat, abs=1e-6)
    # Downhill all the way.
    places = [idle, wall, leaving, water]
    assert sorted(places) == pytest.approx(places if idle <= water else places[::-1], abs=1e-6)


def test_at_nominal_flow_the_mean_fluid_lies_behind_the_resistance() -> None:
    heat = np.array([100.0])
    wall = np.array([8.0])
    entering, leaving = FIELD.fluid(wall, heat)
    q = 1000.0 * heat / FIELD.length_m
    mean = (entering + leaving) / 2.0
    np.testing.assert_allclose(wall - mean, q * FIELD.resistance_mk_per_w, rtol=1e-9)


def test_heat_at_the_limit_brings_the_entering_fluid_there() -> None:
    idle, drop = FIELD.answer(FIELD.rest(), 1.0)
    for heat, limit in zip(FIELD.limits_kw(idle, drop), (30.0, 3.0), strict=True):
        wall = FIELD.wall_degc(FIELD.advance(FIELD.rest(), heat, 1.0))
        entering, _ = FIELD.fluid(np.array([wall]), np.array([heat]))
        assert float(entering[0]) == pytest.approx(limit, abs=1e-9)


def test_a_balanced_field_does_not_drift() -> None:
    q = load_w_per_m(1, 0.0)
    heat = (q - q.mean()) * FIELD.length_m / 1000.0
    assert abs(repeat(FIELD, heat, np.ones(HOURS), 25).drift_k) < 0.3


def test_the_fitted_chain_is_the_given_one_when_there_is_one() -> None:
    hours = np.geomspace(1.0, 1e6, 60)
    g = 0.7 * -np.expm1(-hours / 5.0) + 3.0 * -np.expm1(-hours / 4000.0)
    chain = fit_foster(hours, g)
    np.testing.assert_allclose(chain.g(hours[hours > 72]), g[hours > 72], rtol=0.006)
