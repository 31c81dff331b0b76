"""A single pipe against closed solutions and an independent tool."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ive

from anello.errors import InputError
from anello.ring import PipeConfig, simulate_pipe
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.pipe import (
    film_w_per_m2k,
    friction_factor,
    loss_w_per_mk,
    wall_capacity_kj_per_mk,
    water_density_kg_per_m3,
)

# An insulated DN50 steel pipe in a hall.
DN50 = PipeConfig(
    length_m=39.0,
    inner_diameter_m=0.0525,
    wall_thickness_m=0.0039,
    insulation_thickness_m=0.013,
    insulation_w_per_mk=0.04,
    burial_depth_m=0.0,
    surface_w_per_m2k=5.0,
)
BARE = DN50.model_copy(update={"wall_heat_capacity_kj_per_m3k": 0.0})
TIGHT = {"heat_loss_w_per_mk": 0.0}


def content_kg(pipe: PipeConfig, degc: float) -> float:
    area = np.pi * pipe.inner_diameter_m**2 / 4.0
    return water_density_kg_per_m3(degc) * area * pipe.length_m


def test_water_properties():
    assert water_density_kg_per_m3(20.0) == pytest.approx(998.2, abs=0.1)
    assert water_density_kg_per_m3(60.0) == pytest.approx(983.2, abs=0.2)
    assert film_w_per_m2k(np.array([0.0]), 0.05, 20.0)[0] == pytest.approx(
        3.66 * 0.598 / 0.05, rel=0.01
    )


def test_friction_factor_in_both_regimes():
    assert friction_factor(np.array([1000.0]), 0.0)[0] == pytest.approx(0.064)
    assert friction_factor(np.array([0.0]), 0.0)[0] == 0.0
    # Smooth pipe, Re 10⁵: 0.0180 in the Moody chart.
    assert friction_factor(np.array([1e5]), 0.0)[0] == pytest.approx(0.0180, rel=0.01)


def test_layers_around_a_buried_pipe():
    pipe = PipeConfig(
        length_m=1.0,
        inner_diameter_m=0.1,
        wall_thickness_m=0.005,
        insulation_thickness_m=0.045,
        insulation_w_per_mk=0.03,
        burial_depth_m=1.0,
        soil_w_per_mk=1.5,
    )
    layers = np.log(0.1 / 0.055) / 0.03 + np.arccosh(1.0 / 0.1) / 1.5
    assert loss_w_per_mk(pipe) == pytest.approx(2 * np.pi / layers)
    naked = PipeConfig(
        length_m=1.0, inner_diameter_m=0.1, insulation_thickness_m=0.0, burial_depth_m=0.0
    )
    with pytest.raises(InputError, match="nothing insulates"):
        loss_w_per_mk(naked)


@pytest.mark.parametrize("pipe", [DN50, BARE], ids=["wall", "no wall"])
@pytest.mark.parametrize("step_s", [1.0, 37.0, 3600.0])
@pytest.mark.parametrize("flow", [0.05, 1.2])
def test_steady_loss_is_exponential(pipe, step_s, flow):
    times = np.arange(max(12, int(10_000 / step_s))) * step_s
    result = simulate_pipe(pipe, times, np.full(times.size, 60.0), flow, ground_degc=15.0, cells=50)
    film = film_w_per_m2k(np.array([flow]), pipe.inner_diameter_m, 60.0, pipe.roughness_mm)[0]
    through = 1.0 / (1.0 / loss_w_per_mk(pipe) + 1.0 / (film * np.pi * pipe.inner_diameter_m))
    exact = 15.0 + 45.0 * np.exp(-through * pipe.length_m / (flow * WATER_KJ_PER_KGK * 1000.0))
    assert result.outlet_degc[-1] - 15.0 == pytest.approx(exact - 15.0, rel=1e-3)
    # The drop itself, not only the level.
    assert 60.0 - result.outlet_degc[-1] == pytest.approx(60.0 - exact, rel=2e-2)


@pytest.mark.parametrize("step_s", [0.7, 2.0])
def test_a_step_arrives_after_the_travel_time_and_stays_sharp(step_s):
    pipe = BARE.model_copy(update=TIGHT)
    times = np.arange(0.0, 300.0, step_s)
    inlet = np.where(times < 100.0, 20.0, 50.0)
    result = simulate_pipe(pipe, times, inlet, 1.0)
    delay = content_kg(pipe, float(np.median(inlet))) / 1.0
    middle = np.interp(35.0, result.outlet_degc, times)
    assert middle == pytest.approx(100.0 + delay, abs=step_s + delay / 200)
    rising = (result.outlet_degc > 20.3) & (result.outlet_degc < 49.7)
    assert rising.sum() * step_s <= 2 * step_s + delay / 200


def test_uneven_and_even_times_agree():
    rng = np.random.default_rng(2)
    fine = np.arange(0.0, 2000.0, 1.0)
    keep = np.sort(rng.choice(fine[1:-1], 900, replace=False))
    uneven = np.concatenate([[0.0], keep, [fine[-1]]])

    def inlet(t):
        return 40.0 + 10.0 * np.sin(t / 120.0)

    a = simulate_pipe(DN50, fine, inlet(fine), 0.8, ground_degc=18.0)
    b = simulate_pipe(DN50, uneven, inlet(uneven), 0.8, ground_degc=18.0)
    np.testing.assert_allclose(np.interp(uneven, fine, a.outlet_degc), b.outlet_degc, atol=0.01)


def anzelius(x: float, y: float) -> float:
    """Schumann's J(x, y) = 1 − ∫₀ˣ exp(−s − y)·I₀(2√(s·y)) ds: a step through a storing wall."""
    value, _ = quad(
        lambda s: np.exp(2.0 * np.sqrt(s * y) - s - y) * ive(0, 2.0 * np.sqrt(s * y)), 0.0, x
    )
    return 1.0 - value


@pytest.mark.parametrize("flow", [0.3, 1.2])
def test_a_storing_wall_responds_as_anzelius_and_schumann_say(flow):
    pipe = DN50.model_copy(update=TIGHT)
    times = np.arange(0.0, 1500.0, 1.0)
    inlet = np.full(times.size, 50.0)
    inlet[0] = 20.0
    result = simulate_pipe(pipe, times, inlet, flow, initial_degc=20.0, cells=400)
    film = film_w_per_m2k(np.array([flow]), pipe.inner_diameter_m, 50.0, pipe.roughness_mm)[0]
    per_metre = film * np.pi * pipe.inner_diameter_m / 1000.0
    travel = content_kg(pipe, 50.0) / flow
    x = per_metre * pipe.length_m / (flow * WATER_KJ_PER_KGK)
    rate = per_metre / wall_capacity_kj_per_mk(pipe)
    after = times - 0.5 - travel  # the inlet rises over the first second
    exact = np.array([20.0 + 30.0 * (anzelius(x, rate * t) if t > 0 else 0.0) for t in after])
    clear = np.abs(after) > 3.0
    assert np.sqrt(np.mean((result.outlet_degc - exact)[clear] ** 2)) < 0.03
    assert np.abs(result.outlet_degc - exact)[clear].max() < 0.3


def test_the_wall_delays_the_front_by_its_share_of_the_capacity():
    pipe = DN50.model_copy(update=TIGHT)
    times = np.arange(0.0, 900.0, 1.0)
    inlet = np.full(times.size, 50.0)
    inlet[0] = 20.0
    outlet = simulate_pipe(pipe, times, inlet, 1.0, initial_degc=20.0).outlet_degc
    area = np.trapezoid(50.0 - outlet, times) / 30.0
    water = content_kg(pipe, 50.0)
    walls = wall_capacity_kj_per_mk(pipe) * pipe.length_m / WATER_KJ_PER_KGK
    ramp = 0.5  # the inlet rises over the first second
    assert area - ramp == pytest.approx(water + walls, rel=5e-4)


def test_standing_water_cools_exponentially():
    times = np.arange(0.0, 36_000.0, 60.0)
    result = simulate_pipe(
        BARE, times, np.full(times.size, 60.0), 0.0, ground_degc=20.0, sampling="mean"
    )
    film = film_w_per_m2k(np.array([0.0]), BARE.inner_diameter_m, 60.0)[0]
    through = 1.0 / (1.0 / loss_w_per_mk(BARE) + 1.0 / (film * np.pi * BARE.inner_diameter_m))
    rate = through * BARE.length_m / 1000.0 / (content_kg(BARE, 60.0) * WATER_KJ_PER_KGK)
    np.testing.assert_allclose(
        result.outlet_degc, 20.0 + 40.0 * np.exp(-rate * (times + 60.0)), rtol=1e-9
    )


def test_means_over_hours_equal_means_of_seconds():
    rng = np.random.default_rng(4)
    hourly_inlet, hourly_flow = rng.uniform(30.0, 60.0, 6), rng.uniform(0.2, 1.2, 6)
    seconds = np.arange(0.0, 6 * 3600.0, 10.0)
    coarse = simulate_pipe(
        DN50, np.arange(6) * 3600.0, hourly_inlet, hourly_flow, sampling="mean", cells=50
    )
    fine = simulate_pipe(
        DN50,
        seconds,
        np.repeat(hourly_inlet, 360),
        np.repeat(hourly_flow, 360),
        sampling="mean",
        cells=50,
    )
    np.testing.assert_allclose(
        coarse.outlet_degc, fine.outlet_degc.reshape(6, 360).mean(axis=1), atol=1e-6
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["instant", "mean"]))
def test_heat_is_conserved(seed, sampling):
    rng = np.random.default_rng(seed)
    count = 40
    times = np.cumsum(rng.uniform(1.0, 200.0, count))
    flow = rng.uniform(0.0, 1.5, count) * (rng.random(count) > 0.3)
    result = simulate_pipe(
        DN50,
        times,
        rng.uniform(10.0, 70.0, count),
        flow,
        ground_degc=rng.uniform(5.0, 15.0, count),
        sampling=sampling,
        cells=25,
    )
    balance = result.entered_kwh - result.left_kwh - result.lost_kwh - result.stored_kwh
    assert abs(balance) <= 1e-9 * max(abs(result.entered_kwh), 1.0)


def test_outlet_lies_between_the_temperatures_that_go_in():
    rng = np.random.default_rng(0)
    times = np.arange(0.0, 5000.0, 5.0)
    inlet = rng.uniform(20.0, 60.0, times.size)
    outlet = simulate_pipe(DN50, times, inlet, rng.uniform(0.0, 1.0, times.size)).outlet_degc
    assert outlet.min() >= 10.0
    assert outlet.max() <= inlet.max()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flow_kg_s": -1.0}, "must not be negative"),
        ({"flow_kg_s": [1.0, 1.0]}, "2 values for 3"),
        ({"times_s": [0.0, 2.0, 1.0]}, "must rise"),
        ({"times_s": [0.0, 1.0]}, "2 times for 3"),
        ({"inlet_degc": [1.0, np.nan, 1.0]}, "finite"),
        ({"inlet_degc": [1.0]}, "at least two"),
        ({"sampling": "hourly"}, "instant"),
        ({"cells": 0}, "at least one cell"),
    ],
)
def test_faulty_series_are_refused(changes, message):
    good = {"times_s": [0.0, 1.0, 2.0], "inlet_degc": [1.0, 2.0, 3.0], "flow_kg_s": 1.0}
    with pytest.raises(InputError, match=message):
        simulate_pipe(DN50, **{**good, **changes})


def test_one_kilometre_as_pandapipes_has_it():
    """T_in 20 °C, 2 kg/s, DN100, 0.5 W/(m²·K), surroundings 10 °C; pandapipes 0.16: 19.814 °C."""
    pipe = PipeConfig(
        length_m=1000.0,
        inner_diameter_m=0.1,
        wall_heat_capacity_kj_per_m3k=0.0,
        heat_loss_w_per_mk=0.5 * np.pi * 0.1,
    )
    times = np.arange(0.0, 20_000.0, 100.0)
    result = simulate_pipe(pipe, times, np.full(times.size, 20.0), 2.0, ground_degc=10.0)
    assert result.outlet_degc[-1] == pytest.approx(292.964053 - 273.15, abs=1e-3)


def test_against_pandapipes_when_installed():
    pandapipes = pytest.importorskip("pandapipes")
    net = pandapipes.create_empty_network(fluid="water")
    ends = [pandapipes.create_junction(net, pn_bar=5, tfluid_k=293.15) for _ in range(2)]
    pandapipes.create_ext_grid(net, ends[0], p_bar=5, t_k=333.15, type="pt")
    pandapipes.create_sink(net, ends[1], mdot_kg_per_s=1.0)
    pandapipes.create_pipe_from_parameters(
        net,
        *ends,
        length_km=1.0,
        inner_diameter_mm=80.0,
        k_mm=0.05,
        u_w_per_m2k=2.0,
        sections=50,
        text_k=283.15,
    )
    pandapipes.pipeflow(net, mode="sequential")
    theirs = float(net.res_junction.t_k.iloc[1]) - 273.15
    pipe = PipeConfig(
        length_m=1000.0,
        inner_diameter_m=0.08,
        wall_heat_capacity_kj_per_m3k=0.0,
        heat_loss_w_per_mk=2.0 * np.pi * 0.08,
    )
    times = np.arange(0.0, 20_000.0, 100.0)
    ours = simulate_pipe(pipe, times, np.full(times.size, 60.0), 1.0, ground_degc=10.0)
    # Specific heat differs: 4.18 kJ/(kg·K) here, temperature-dependent there.
    assert ours.outlet_degc[-1] == pytest.approx(theirs, abs=0.01)
