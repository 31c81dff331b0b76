"""The well-mixed ring: analytic cases, plant, audit, oddities, true cost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.errors import CopRangeError, EnergyAuditError, InputError
from anello.ring import (
    LocationElectricity,
    RingConfig,
    RingInput,
    first_iteration,
    iccep2019_ring,
    mixed,
    simulate,
    start_cop,
    true_cost,
)
from anello.ring import audit as energy_audit
from anello.ring.audit import mean_weight
from anello.ring.cost import Connection, marginal_price
from anello.ring.ground import ground_temperature_degc, kusuda_degc
from anello.ring.ground_config import KusudaGround

CAPACITY = 3.0e6 * 4.18 / 3600.0
NODES = (
    "buildings::hp_dhw",
    "buildings::hp_clim_hot",
    "buildings::hp_clim_cold",
    "commercial::hp_clim_hot",
    "commercial::hp_clim_cold",
)


def times(steps: int) -> np.ndarray:
    return np.datetime64("2015-01-01", "ns") + np.arange(steps) * np.timedelta64(3600, "s")


def dispatch(nodes, q_kw, *, cop=4.0, storage=np.nan, start=0.0, step_h=1.0) -> RingInput:
    q = np.array(q_kw, dtype=float).reshape(len(nodes), -1)
    steps = q.shape[1]
    return RingInput(
        tuple(nodes),
        times(steps),
        np.full(steps, step_h),
        q,
        np.full(q.shape, cop),
        np.broadcast_to(np.asarray(storage, dtype=float), q.shape).copy(),
        np.full(len(nodes), start),
    )


def year(steps: int = 8760, seed: int = 1) -> RingInput:
    rng = np.random.default_rng(seed)
    wave = np.cos(2 * np.pi * np.arange(steps) / 8760)
    q = [
        200 + 100 * rng.random(steps),
        np.maximum(0, 900 * wave) * rng.random(steps) * 2,
        np.maximum(0, -2000 * wave) * rng.random(steps),
        np.maximum(0, 250 * wave),
        np.maximum(0, -900 * wave) * rng.random(steps),
    ]
    storage = rng.random((5, steps)) * 1500
    return dataclasses.replace(dispatch(NODES, q), storage_kwh=storage)


def ring(heat_pumps=None, **changes) -> RingConfig:
    pumps = heat_pumps or {
        "hp": {
            "service": "heating",
            "cop_map": {"kind": "carnot"},
            "use_temperature": {"kind": "fixed", "degc": 35.0},
        },
        "chiller": {
            "service": "cooling",
            "cop_map": {"kind": "carnot"},
            "use_temperature": {"kind": "fixed", "degc": 10.0},
        },
    }
    return RingConfig.model_validate({"heat_pumps": pumps, **changes})


STORES = {
    "hp_dhw": {
        "service": "dhw",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {
            "kind": "store",
            "store": "tes_dhw",
            "t_min_degc": 40.0,
            "kwh_per_k": 186.04,
        },
    },
    "hp_clim_hot": {
        "service": "heating",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {
            "kind": "store",
            "store": "tes_sh",
            "t_min_degc": 25.0,
            "kwh_per_k": 372.09,
            "kwh_per_k_by_location": {"commercial": 139.53},
        },
    },
    "hp_clim_cold": {
        "service": "cooling",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {
            "kind": "store",
            "store": "tes_co",
            "direction": "cold",
            "t_min_degc": 5.0,
            "t_max_degc": 12.5,
            "kwh_per_k": 372.09,
        },
    },
}


# --- analytic ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step_h", [0.1, 1.0, 24.0])
def test_exponential_loss(step_h):
    """A ring left alone falls to ground temperature as exp(−t·UA/C), at any step length."""
    config = ring(
        plant=None,
        bounds_degc=[3.0, 30.0],
        initial_degc=20.0,
        loss={"ua_kw_per_k": 40.0, "ground": {"kind": "fixed", "degc": 10.0}},
    )
    result = simulate(config, dispatch(["a::hp"], np.zeros(100), step_h=step_h))
    elapsed = np.arange(101) * step_h
    exact = 10.0 + 10.0 * np.exp(-elapsed * 40.0 / CAPACITY)
    np.testing.assert_allclose(result.temperature_degc, exact, rtol=1e-12)
    lost = (result.loss_kw * step_h).sum()
    assert lost == pytest.approx(CAPACITY * (20.0 - exact[-1]), rel=1e-9)


def test_constant_load_drift():
    """Constant rejected heat raises an insulated ring linearly."""
    config = ring(
        {
            "chiller": {
                "service": "cooling",
                "cop_map": {
                    "kind": "quadratic",
                    "c0": 5.0,
                    "c1": 0.0,
                    "c2": 0.0,
                    "valid_lift_k": [-50, 50],
                },
                "use_temperature": {"kind": "fixed", "degc": 10.0},
            }
        },
        plant=None,
        bounds_degc=[10.0, 40.0],
    )
    result = simulate(config, dispatch(["a::chiller"], np.full(50, 500.0)))
    exact = 15.0 + 500.0 * 1.2 / CAPACITY * np.arange(51)
    np.testing.assert_allclose(result.temperature_degc, exact, rtol=1e-12)


def test_stirred_tank_response():
    """Constant heat against loss: T → T_ground + Q/UA with time constant C/UA."""
    config = ring(
        {
            "chiller": {
                "service": "cooling",
                "cop_map": {
                    "kind": "quadratic",
                    "c0": 4.0,
                    "c1": 0.0,
                    "c2": 0.0,
                    "valid_lift_k": [-50, 50],
                },
                "use_temperature": {"kind": "fixed", "degc": 10.0},
            }
        },
        plant=None,
        bounds_degc=[10.0, 60.0],
        initial_degc=12.0,
        loss={"ua_kw_per_k": 100.0, "ground": {"kind": "fixed", "degc": 12.0}},
    )
    result = simulate(config, dispatch(["a::chiller"], np.full(400, 800.0)))
    exact = 12.0 + 10.0 * -np.expm1(-np.arange(401) * 100.0 / CAPACITY)
    np.testing.assert_allclose(result.temperature_degc, exact, rtol=1e-12)


def test_first_law_of_heat_pumps():
    result = simulate(ring(), dispatch(["a::hp", "a::chiller"], [[100.0] * 3, [50.0] * 3]))
    np.testing.assert_allclose(result.q_ring_kw[0], -(result.q_kw[0] - result.p_kw[0]))
    np.testing.assert_allclose(result.q_ring_kw[1], result.q_kw[1] + result.p_kw[1])
    np.testing.assert_allclose(result.p_kw * result.cop, result.q_kw)


def test_cop_is_self_consistent_with_the_start_of_its_own_hour():
    data = year(200)
    result = simulate(ring(STORES), data)
    level = np.concatenate([[0.0], data.storage_kwh[1, :-1]])
    use = 25.0 + level / 372.09
    hot, cold = use + 3.0 + 273.15, result.temperature_degc[:-1] - 3.0 + 273.15
    np.testing.assert_allclose(result.cop[1], np.minimum(0.45 * hot / (hot - cold), 12.0))
    np.testing.assert_allclose(result.use_degc[3, 1:], 25.0 + data.storage_kwh[3, :-1] / 139.53)
    np.testing.assert_allclose(result.use_degc[2, 1:], 12.5 - data.storage_kwh[2, :-1] / 372.09)


@given(st.floats(0.0, 50.0))
def test_mean_weight_is_the_exact_mean_of_an_exponential(decay):
    grid = np.linspace(0.0, 1.0, 200_001)
    mean = np.trapezoid(np.exp(-decay * grid), grid)
    end = np.exp(-decay)
    assert 1.0 + float(mean_weight(decay)) * (end - 1.0) == pytest.approx(mean, abs=1e-8)


def test_kusuda_wave():
    surface = kusuda_degc([35.0, 35.0 + 182.5], 0.0, 12.0, 10.0, 35.0, 0.06)
    np.testing.assert_allclose(surface, [2.0, 22.0])
    deep = kusuda_degc(np.arange(365.0), 15.0, 12.0, 10.0, 35.0, 0.06)
    np.testing.assert_allclose(deep, 12.0, atol=0.3)
    settings_ = KusudaGround(mean_degc=12.0, amplitude_k=10.0)
    grid = ground_temperature_degc(settings_, np.arange(4.0), np.array([0.5, 2.0]))
    assert grid.shape == (4, 2)


# --- plant --------------------------------------------------------------------------------------


def test_wells_never_carry_the_ring_past_the_well_temperature():
    config = ring(
        plant={
            "heat_below_degc": 14.0,
            "heat_to_degc": 16.0,
            "cool_to_degc": 18.0,
            "cool_above_degc": 19.0,
            "wells": {"well_degc": 13.0, "max_flow_kg_s": 1e6},
        },
        initial_degc=12.0,
    )
    result = simulate(config, dispatch(["a::hp"], np.zeros(48)))
    assert result.temperature_degc.max() == pytest.approx(13.0, abs=1e-9)


def test_dead_band_starts_at_one_threshold_and_stops_at_the_other():
    config = ring(
        plant={
            "heat_below_degc": 11.0,
            "heat_to_degc": 13.0,
            "wells": {"max_flow_kg_s": 200.0, "effectiveness": 0.8},
        },
    )
    result = simulate(config, dispatch(["a::hp"], np.full(400, 500.0)))
    wells = result.q_bal_kw["wells"]
    state = result.temperature_degc
    began = int(np.argmax(wells > 0))
    assert state[began] > 11.0 > state[began] - 0.2
    assert state[began + 1] < 13.0
    assert state.max() <= 15.0
    assert state[began:].min() >= 10.9
    assert (wells[state[:-1] > 13.0] == 0).all()


def test_heater_and_cooler_hold_the_bounds_when_the_wells_cannot():
    config = ring(plant={"backup_heater": {"max_kw": 5e3}, "chiller": {"max_kw": 5e3}})
    cold = simulate(config, outdoors(dispatch(["a::hp"], np.full(200, 3000.0)), 30.0))
    assert cold.temperature_degc.min() == pytest.approx(10.0)
    assert cold.q_bal_kw["backup_heater"].sum() > 0
    assert cold.steps_outside == 0
    assert cold.steps_at_bound > 100
    hot = simulate(config, outdoors(dispatch(["a::chiller"], np.full(200, 3000.0)), 30.0))
    assert hot.temperature_degc.max() == pytest.approx(20.0)
    assert hot.q_bal_kw["chiller"].min() < 0
    # From 5 K below the water to 12 K above the air at 45 % of Carnot's COP, and its fans.
    cold_k = hot.temperature_degc[:-1] - 5.0 + 273.15
    expected = (30.0 + 12.0 + 273.15 - cold_k) / (0.45 * cold_k) + 0.03
    np.testing.assert_allclose(
        hot.p_bal_kw["chiller"], -expected * hot.q_bal_kw["chiller"], atol=1e-9
    )


def test_a_plant_that_is_too_small_is_counted_or_refused():
    settings_ = {"plant": {"dry_cooler": {"max_kw": 10.0, "kw_per_k": 1.0}}}
    data = outdoors(dispatch(["a::chiller"], np.full(100, 3000.0)), 5.0)
    assert simulate(ring(**settings_), data).steps_outside > 50
    with pytest.raises(InputError, match="leaves its bounds"):
        simulate(ring(**settings_, outside_bounds="error"), data)


def outdoors(data: RingInput, degc: float) -> RingInput:
    """The same dispatch in air of this temperature."""
    return dataclasses.replace(data, outdoor_degc=np.full(data.times.size, degc))


def open_kw(start_degc, body_degc, other_kw, kw_per_k, hours=1.0):
    """Heat that an open exchanger takes out of water that follows an exponential meanwhile."""
    x = kw_per_k * hours / CAPACITY
    rest_degc = body_degc + other_kw / kw_per_k
    mean_degc = rest_degc + (start_degc - rest_degc) * -np.expm1(-x) / x
    return kw_per_k * (mean_degc - body_degc)


@pytest.mark.parametrize("kind", ["dry", "hybrid"])
def test_a_cooler_moves_what_its_conductance_and_the_air_allow(kind):
    cooler = {"kind": kind, "kw_per_k": 100.0, "max_kw": 700.0}
    config = ring(plant={"dry_cooler": cooler, "cool_above_degc": 19.0})
    data = outdoors(dispatch(["a::chiller"], np.full(100, 1000.0)), 15.0)
    wet = dataclasses.replace(data, wet_bulb_degc=np.full(100, 11.0))
    result = simulate(config, wet)
    air = 11.0 if kind == "hybrid" else 15.0
    taken = -result.q_bal_kw["dry_cooler"]
    given = result.q_ring_kw.sum(axis=0)
    allowed = np.minimum(700.0, open_kw(result.temperature_degc[:-1], air, given, 100.0))
    assert (taken <= allowed + 1e-9).all()
    opened = result.temperature_degc[1:] > 20.0 + 1e-6  # it cannot hold the bound
    assert opened.sum() > 20
    np.testing.assert_allclose(taken[opened], allowed[opened], rtol=1e-9)
    assert taken.max() > 400.0


def test_wet_cooling_needs_a_wet_bulb():
    plant = {"dry_cooler": {"kind": "hybrid", "kw_per_k": 100.0, "max_kw": 5e3}}
    data = outdoors(dispatch(["a::chiller"], np.full(5, 1000.0)), 20.0)
    with pytest.raises(InputError, match="outdoor_wet_bulb_degc"):
        simulate(ring(plant=plant), data)


def test_nothing_is_there_that_was_not_named():
    data = dispatch(["a::chiller"], np.full(200, 3000.0))
    result = simulate(ring(plant={}), data)
    assert all((heat == 0).all() for heat in result.q_bal_kw.values())
    assert result.steps_outside > 100


def test_an_exchanger_never_passes_the_other_side():
    config = ring(
        water={"mass_kg": 500.0},
        plant={"control": "schedule", "wells": {"max_flow_kg_s": 500.0}},
    )
    data = dispatch(["a::chiller"], np.zeros(20))
    result = simulate(config, data, schedule={"wells": np.full(20, np.inf)})
    assert (result.temperature_degc <= 15.0 + 1e-9).all()
    assert result.shortfall_kwh == 0.0


def test_dry_cooler_is_limited_by_the_outdoor_temperature():
    plant = {"dry_cooler": {"kw_per_k": 100.0, "max_kw": 5e3}}
    data = dispatch(["a::chiller"], np.full(100, 1000.0))
    with pytest.raises(InputError, match="outdoor"):
        simulate(ring(plant=plant), data)
    warm = dataclasses.replace(data, outdoor_degc=np.full(100, 25.0))
    blocked = simulate(ring(plant=plant), warm)
    colder_than_air = blocked.temperature_degc[:-1] < 25.0
    assert blocked.temperature_degc.max() > 25.0
    assert (blocked.q_bal_kw["dry_cooler"][colder_than_air] == 0).all()
    cool = dataclasses.replace(data, outdoor_degc=np.full(100, 5.0))
    assert simulate(ring(plant=plant), cool).steps_outside == 0


def test_schedule_is_followed_within_the_limits_of_the_devices():
    steps = 20
    devices = {
        "backup_heater": {"max_kw": 5e3},
        "dry_cooler": {"max_kw": 5e3, "kw_per_k": 100.0},
        "chiller": {"max_kw": 5e3},
    }
    config = ring(plant={"control": "schedule", "wells": {"max_flow_kg_s": 50.0}, **devices})
    data = outdoors(dispatch(["a::chiller"], np.full(steps, 100.0)), 5.0)
    schedule = {
        "wells": np.full(steps, -1e6),
        "backup_heater": np.full(steps, 20.0),
        "dry_cooler": np.full(steps, -30.0),
    }
    result = simulate(config, data, schedule=schedule)
    assert (result.q_bal_kw["backup_heater"] == 20.0).all()
    assert (result.q_bal_kw["dry_cooler"] == -30.0).all()
    other_kw = result.q_ring_kw.sum(axis=0) + 20.0 - 30.0
    most_kw = open_kw(result.temperature_degc[:-1], 15.0, other_kw, 0.8 * 50.0 * 4.18)
    np.testing.assert_allclose(-result.q_bal_kw["wells"], most_kw, rtol=1e-9)
    assert result.shortfall_kwh > 0.9 * steps * 1e6
    idle = simulate(config, data)
    assert all((heat == 0).all() for heat in idle.q_bal_kw.values())
    both = config.model_copy(update={"plant": config.plant.model_copy(update={"control": "both"})})
    hot = outdoors(dispatch(["a::chiller"], np.full(200, 3000.0)), 5.0)
    assert simulate(both, hot).steps_outside == 0


def test_well_water_may_change_by_so_much_only():
    plant = {
        "heat_below_degc": 14.9,
        "heat_to_degc": 15.0,
        "wells": {"well_degc": 15.0, "max_flow_kg_s": 10.0, "max_change_k": 0.5},
    }
    result = simulate(ring(plant=plant), dispatch(["a::hp"], np.full(100, 2000.0)))
    assert result.q_bal_kw["wells"].max() == pytest.approx(10.0 * 4.18 * 0.5)


# --- audit --------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 200.0), st.sampled_from([0.25, 1.0, 3.0]))
def test_energy_is_conserved(seed, ua, step_h):
    data = dataclasses.replace(year(150, seed), step_h=np.full(150, step_h))
    result = simulate(ring(STORES, loss={"ua_kw_per_k": ua}), data)
    assert result.audit.relative <= 1e-9
    into = sum(value for name, value in result.audit.terms_kwh.items() if name != "stored")
    assert into == pytest.approx(result.audit.terms_kwh["stored"], abs=1e-6)


@pytest.mark.parametrize("fault", ["gain", "leak", "forgotten loss", "wrong sign"])
def test_a_broken_ring_fails_the_audit(monkeypatch, fault):
    config = ring(STORES, loss={"ua_kw_per_k": 5.0})
    coefficients = mixed.step_coefficients

    def broken(config, step_h):
        phi, psi = coefficients(config, step_h)
        return {
            "gain": (phi, psi * 1.001),
            "leak": (phi * 0.9999, psi),
            "forgotten loss": (np.ones_like(phi), psi),
            "wrong sign": (phi, -psi),
        }[fault]

    simulate(config, year(500))
    monkeypatch.setattr(mixed, "step_coefficients", broken)
    with pytest.raises(EnergyAuditError, match="does not close"):
        simulate(config, year(500))


def test_errors_that_cancel_over_the_run_fail_the_audit():
    zeros = np.zeros(2)
    audit = energy_audit.balance(
        np.ones(2),
        np.array([[100.0, 100.0]]),
        {"wells": zeros},
        zeros,
        np.array([110.0, 90.0]),
        {},
    )
    assert audit.residual_kwh == pytest.approx(0.0)
    with pytest.raises(EnergyAuditError):
        energy_audit.require(audit, 1e-6)


# --- the original study -------------------------------------------------------------------------


def literal_original(data: RingInput):
    """The recipe of the study, written down word by word."""
    heating = np.array(["cold" not in node for node in data.nodes])
    t, low, high = [15.0], 0, 0
    for step in range(data.times.size):
        q, cop = data.q_kw[:, step], data.cop_dispatch[:, step]
        heat = (-(q * (1 - 1 / cop))[heating]).sum() + (q * (1 + 1 / cop))[~heating].sum()
        following = t[-1] + 3600.0 * heat / (4.18 * 3.0e6)
        if following < 10.0:
            following, low = 15.0, low + 1
        elif following > 20.0:
            following, high = 15.0, high + 1
        t.append(following)
    state = np.array(t[:-1])
    cops = []
    for row, node in enumerate(data.nodes):
        level = np.concatenate([[0.0], data.storage_kwh[row, :-1]])
        if "dhw" in node:
            delta = 40.0 + level / 186.04 - state
        elif "hot" in node:
            delta = 25.0 + level / 372.09 - state
        else:
            delta = 5.0 + level / 372.09 - state
            cops.append(6.755 - 0.141 * delta + 0.003 * delta**2)
            continue
        cops.append(6.81 - 0.121 * delta + 0.000630 * delta**2)
    return np.array(t), np.array(cops), low, high


def test_original_recipe_word_by_word():
    data = year()
    t, cop, low, high = literal_original(data)
    result = simulate(iccep2019_ring("smart"), data)
    assert low + high > 50
    assert (result.resets_low, result.resets_high) == (low, high)
    np.testing.assert_allclose(result.temperature_degc, t, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.cop, cop, rtol=1e-12)
    assert result.audit.terms_kwh["resets"] != 0.0


def test_baseline_ring_is_held_constant():
    data = dataclasses.replace(year(100), storage_kwh=np.full((5, 100), np.nan))
    result = simulate(iccep2019_ring("baseline"), data)
    assert (result.temperature_degc == 15.0).all()
    np.testing.assert_allclose(result.cop[:, 0], [3.747, 4.642, 7.049, 4.642, 7.049])
    free = -(result.q_ring_kw.sum())
    assert result.audit.terms_kwh["held_constant"] == pytest.approx(free)


def test_the_start_cop_is_that_of_the_study_or_of_the_first_water():
    smart = start_cop(iccep2019_ring("smart"), NODES, 3)
    assert smart.tolist() == [[3.35] * 3, [4.6] * 3, [7.0] * 3, [4.6] * 3, [7.0] * 3]
    baseline = start_cop(iccep2019_ring("baseline"), NODES, 2)
    np.testing.assert_allclose(baseline[:, 1], [3.747, 4.642, 7.049, 4.642, 7.049])
    physical = start_cop(ring(STORES), NODES, 1)
    assert (physical > 1.0).all()


def test_every_oddity_follows_the_mode_unless_set():
    original = iccep2019_ring("smart")
    assert "reset_at_bounds" in original.active_oddities
    assert "iteration_zero_heat_from_start_cop" not in original.active_oddities
    changed = iccep2019_ring("smart", oddities={"reset_at_bounds": False})
    assert original.active_oddities - changed.active_oddities == {"reset_at_bounds"}
    assert ring().active_oddities == frozenset()
    assert ring(oddities={"reset_at_bounds": True}).active_oddities == {"reset_at_bounds"}


def switched(name: str, value: bool) -> RingConfig:
    return iccep2019_ring("smart", oddities={name: value}, plant=None)


def test_oddity_cooling_cop_rises_with_ring():
    data = year(300)
    odd = simulate(switched("cooling_cop_rises_with_ring", True), data)
    sane = simulate(switched("cooling_cop_rises_with_ring", False), data)
    assert (odd.dcop_dring[2] > 0).all()
    assert (sane.dcop_dring[2] < 0).all()
    np.testing.assert_array_equal(odd.cop[:2], sane.cop[:2])


def test_oddity_cold_store_warm_when_full():
    data = year(50)
    odd = simulate(switched("cold_store_warm_when_full", True), data)
    sane = simulate(switched("cold_store_warm_when_full", False), data)
    np.testing.assert_allclose(odd.use_degc[2, 1:], 5.0 + data.storage_kwh[2, :-1] / 372.09)
    np.testing.assert_allclose(sane.use_degc[2, 1:], 12.5 - data.storage_kwh[2, :-1] / 372.09)


def test_oddity_one_store_capacity_for_all():
    data = year(50)
    odd = simulate(switched("one_store_capacity_for_all", True), data)
    sane = simulate(switched("one_store_capacity_for_all", False), data)
    np.testing.assert_allclose(odd.use_degc[3, 1:], 25.0 + data.storage_kwh[3, :-1] / 372.09)
    np.testing.assert_allclose(sane.use_degc[3, 1:], 25.0 + data.storage_kwh[3, :-1] / 139.53)


def test_oddity_store_temperature_of_iteration_zero():
    """The caller keeps iteration 0's temperatures; the simulation then ignores today's levels."""
    first, later = year(50, seed=1), year(50, seed=2)
    config = switched("store_temperature_of_iteration_zero", True)
    kept = simulate(config, first).use_degc
    again = simulate(config, later, use_degc=kept)
    np.testing.assert_array_equal(again.use_degc, kept)
    assert not np.allclose(simulate(config, later).use_degc, kept)


def test_oddity_reset_at_bounds():
    data = year(2000)
    odd = simulate(switched("reset_at_bounds", True), data)
    sane = simulate(switched("reset_at_bounds", False), data)
    assert odd.resets_low + odd.resets_high > 0
    assert sane.resets_low + sane.resets_high == 0
    assert sane.steps_outside > 0
    assert odd.temperature_degc.min() >= 10.0


def test_oddity_ring_heat_from_dispatch_cop():
    data = year(50)
    odd = simulate(switched("ring_heat_from_dispatch_cop", True), data)
    sane = simulate(switched("ring_heat_from_dispatch_cop", False), data)
    np.testing.assert_allclose(odd.q_ring_kw[0], -data.q_kw[0] * (1 - 1 / 4.0))
    np.testing.assert_allclose(sane.q_ring_kw[0], -data.q_kw[0] * (1 - 1 / sane.cop[0]))


def test_oddity_iteration_zero_heat_from_start_cop():
    data = year(50)
    odd = iccep2019_ring("smart", oddities={"iteration_zero_heat_from_start_cop": True})
    assert first_iteration(odd, data).cop_dispatch[:, 0].tolist() == [3.35, 4.6, 7.0, 4.6, 7.0]
    heat = simulate(odd, first_iteration(odd, data)).q_ring_kw[0]
    np.testing.assert_allclose(heat, -data.q_kw[0] * (1 - 1 / 3.35))
    assert first_iteration(iccep2019_ring("smart"), data) is data


def test_oddity_baseline_ring_constant():
    data = year(50)
    sane = simulate(iccep2019_ring("baseline", oddities={"baseline_ring_constant": False}), data)
    assert np.ptp(sane.temperature_degc) > 0.1


# --- input and cost -----------------------------------------------------------------------------


def test_input_faults_are_collected():
    good = dispatch(["a::hp"], [1.0, 2.0])
    with pytest.raises(InputError, match="q_kw"):
        dataclasses.replace(good, q_kw=np.array([[1.0, np.nan]]))
    with pytest.raises(InputError, match="shape"):
        dataclasses.replace(good, step_h=np.ones(3))
    with pytest.raises(InputError, match="negative"):
        dataclasses.replace(good, q_kw=np.array([[1.0, -2.0]]))
    with pytest.raises(InputError, match="level of store"):
        simulate(ring(STORES), dispatch(NODES[:1], [1.0, 2.0]))


def test_range_error_names_pump_and_hour():
    config = ring(
        {
            "hp": {
                "service": "heating",
                "cop_map": {"kind": "quadratic", "fit": "ground_source"},
                "use_temperature": {"kind": "fixed", "degc": 33.0},
            }
        }
    )
    with pytest.raises(CopRangeError, match=r"`a::hp`, hour 2015-01-01T00:00"):
        simulate(config, dispatch(["a::hp"], [1.0, 2.0]))


def test_true_cost_of_more_and_less_electricity():
    result = simulate(ring(plant=None), dispatch(["a::hp"], [100.0, 100.0, 100.0, 100.0]))
    needed = result.p_kw[0]
    # more; less than is bought; less than nothing; more, of which 2 kWh are free
    planned = needed - np.array([5.0, -5.0, -5.0, 5.0])
    home = LocationElectricity(
        np.array([10.0, 10.0, 2.0, 0.0]), np.full(4, 0.3), np.array([0.0, 0.0, 0.0, 2.0]), 0.04
    )
    cost = true_cost(result, planned[None, :], 1000.0, {"a": home})
    assert cost.electricity_eur == pytest.approx(0.3 * (5 - 5 - 2 + 3) + 0.04 * 2)
    assert cost.total_eur == pytest.approx(1000.0 + cost.electricity_eur)
    assert cost.grid_kwh == pytest.approx(22.0 + 5 - 5 - 2 + 3)
    with pytest.raises(InputError, match="a::hp"):
        true_cost(result, planned[None, :], 0.0, {"b": home})


def test_true_cost_of_a_higher_peak():
    """Two half hours and an hour; the dispatch's highest import is 40 kW, in the last step."""
    step_h, weight = np.array([0.5, 0.5, 1.0]), np.array([1.0, 2.0, 1.0])
    connection = Connection(40.0, 10.0, 7.0, step_h, weight)
    assert connection.cost_eur(np.array([0.0, 30.0, 40.0])) == pytest.approx(7.0 * (60.0 - 40.0))
    assert connection.cost_eur(np.array([0.0, 10.0, 30.0])) == pytest.approx(7.0 * (30.0 - 40.0))
    assert connection.cost_eur(np.zeros(3)) == pytest.approx(7.0 * (10.0 - 40.0))
    # One more kWh in half an hour, counted twice in the cost, raises the peak by 2 kW.
    at_peak = connection.peak_eur_per_kwh(np.array([20.0, 20.0, 30.0]))
    np.testing.assert_allclose(at_peak, [14.0, 7.0, 0.0])

    result = simulate(ring(plant=None), dispatch(["a::hp"], [100.0, 100.0, 100.0]))
    planned = result.p_kw[0] - np.array([5.0, 0.0, -3.0])
    hours = np.ones(3)
    home = LocationElectricity(
        np.array([10.0, 12.0, 12.0]),
        np.full(3, 0.3),
        np.zeros(3),
        connections=(Connection(12.0, 0.0, 7.0, hours, hours),),
    )
    cost = true_cost(result, planned[None, :], 1000.0, {"a": home})
    assert cost.connection_eur == pytest.approx(7.0 * (15.0 - 12.0))
    assert cost.total_eur == pytest.approx(1000.0 + 0.3 * (5.0 - 3.0) + cost.connection_eur)
    np.testing.assert_allclose(marginal_price(home, np.full(3, 9.0)), [0.3, 7.3, 7.3])


def test_true_cost_includes_the_plant():
    plant = {
        "wells": {"max_flow_kg_s": 0.0},
        "backup_heater": {
            "max_kw": 5e3,
            "cost_eur_per_kwh": 0.05,
            "electricity_kwh_per_kwh": 0.5,
        },
        "electricity_price_eur_per_kwh": 0.2,
    }
    config = ring(plant=plant)
    result = simulate(config, dispatch(["a::hp"], np.full(100, 3000.0)))
    home = LocationElectricity(np.zeros(100), np.full(100, 0.3), np.zeros(100))
    heat = result.q_bal_kw["backup_heater"].sum()
    cost = true_cost(result, result.p_kw, 0.0, {"a": home}, config.plant)
    assert cost.total_eur == pytest.approx(heat * (0.05 + 0.5 * 0.2))
    carried = config.plant.model_copy(update={"electricity_location": "a"})
    assert true_cost(result, result.p_kw, 0.0, {"a": home}, carried).total_eur == pytest.approx(
        heat * (0.05 + 0.5 * 0.3)
    )


def test_a_year_is_fast():
    import time

    data = year()
    simulate(ring(STORES), data)
    start = time.process_time()
    simulate(ring(STORES), data)
    assert time.process_time() - start < 2.0  # hour by hour in Python it would take longer


def test_a_loss_too_small_to_count_is_no_loss():
    hours = np.array([0.25, 1.0])
    none = mixed.decay(3483.0, 0.0, hours)
    for ua in (2.2e-313, 1e-20, 1e-9):
        np.testing.assert_allclose(mixed.decay(3483.0, ua, hours), none, rtol=1e-12)
