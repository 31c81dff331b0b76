"""The loop: plug flow, delays, losses, pump, and its limits as a well-mixed ring."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.errors import ConfigError, EnergyAuditError, InputError
from anello.ring import LocationElectricity, RingConfig, second_law, simulate, true_cost
from anello.ring import loop_run as loop_module
from anello.ring.adapt import read_flow, ring_dataset, ring_result
from anello.ring.geometry import geometry
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.hydraulics import pump_power_kw
from anello.ring.loop import simulate_loop
from plain_loops import dispatch, loop
from wide_search import examples


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch):
    """These loops test transport, also of water that is hotter than a machine could make it."""
    monkeypatch.setattr(second_law, "require", lambda found: found)


def turnover_h(config: RingConfig, flow: float) -> float:
    return geometry(config.loop, config.medium).capacity_kwh_per_k / (flow * WATER_KJ_PER_KGK)


# --- transport ----------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [0.7, 5.0, -3.3])
def test_a_step_goes_round_and_round_and_stays_sharp(flow):
    config = loop(flow=flow, parcels=200)
    field = np.full(200, 10.0)
    field[:50] = 20.0  # between the first and second substation
    steps = 500
    result = simulate_loop(config, dispatch(np.zeros((4, steps))), initial_degc=field)
    period = turnover_h(config, abs(flow))
    edges = np.arange(steps + 1)
    for station in range(4):
        # Turns since the hot quarter began to leave the first segment, and hot hours until then.
        place = station / 4 - np.sign(flow) * edges / period
        hot = -np.sign(flow) * period * (np.floor(place) * 0.25 + np.minimum(place % 1.0, 0.25))
        exact = 10.0 + 10.0 * np.diff(hot)
        seen = result.node_degc[:-1, station]
        # Of the parcel that is passing, what is behind it is read as well.
        np.testing.assert_allclose(seen, exact, atol=10.0 * period / 200)
        assert np.ptp(seen[-50:]) == pytest.approx(np.ptp(exact[-50:]), abs=10.0 * period / 200)


def test_delay_between_substations():
    """Heat rejected at one substation warms the next after the travel time of the water."""
    config = loop(flow=2.0, parcels=400)
    step_h = 0.1
    cool = np.zeros((4, 60))
    cool[0] = 40.0
    result = simulate(config, dispatch(np.zeros((4, 60)), cool, step_h=step_h))
    rise = 40.0 * 1.25 / (2.0 * WATER_KJ_PER_KGK)
    travel = turnover_h(config, 2.0) / 4
    seen = result.node_degc[:, 1]
    arrival = np.argmax(seen > 15.0 + rise / 2) * step_h
    assert arrival == pytest.approx(travel, abs=step_h)
    after = (np.arange(61) * step_h > travel + step_h) & (
        np.arange(61) * step_h < 4 * travel - step_h
    )
    np.testing.assert_allclose(seen[after], 15.0 + rise, rtol=1e-9)
    before = np.arange(61) * step_h < travel - step_h
    np.testing.assert_allclose(seen[before], 15.0, rtol=1e-12)


def test_the_wall_slows_the_front_by_its_capacity():
    bare, walled = loop(flow=2.0, parcels=400), loop(flow=2.0, parcels=400, wall=3900.0)
    ratio = (
        geometry(walled.loop, walled.medium).capacity_kwh_per_k
        / geometry(bare.loop, bare.medium).capacity_kwh_per_k
    )
    inner, outer = 0.1, 0.1039
    assert ratio == pytest.approx(
        1 + (outer**2 - inner**2) / inner**2 * 3900.0 / (999.0 * WATER_KJ_PER_KGK)
    )
    assert turnover_h(walled, 2.0) == pytest.approx(ratio * turnover_h(bare, 2.0))


def exact_plug_flow(config: RingConfig, heat_kw: np.ndarray, flow: float, fine: int = 200):
    """Mean of the water that arrives at the stations in each hour, by brute force."""
    stations, steps = heat_kw.shape
    period = turnover_h(config, flow)
    arriving = np.full((steps, stations), 15.0)
    # Water at station s at time t passed station s − j at t − j·period/stations.
    rise = heat_kw / (flow * WATER_KJ_PER_KGK)
    for step in range(steps):
        times = step + (np.arange(fine) + 0.5) / fine
        for station in range(stations):
            back = 1
            while (passed := times - back * period / stations).max() > 0.0:
                warmed = rise[(station - back) % stations, np.maximum(passed, 0.0).astype(int)]
                arriving[step, station] += np.where(passed > 0.0, warmed, 0.0).mean()
                back += 1
    # Where water comes round, what all of it rises until the middle of the step comes in the next.
    return arriving - 0.5 * max(1.0 / period - 1.0, 0.0) * rise.sum(axis=0)[:, None]


@pytest.mark.parametrize("flow", [0.9, 5.3, 40.0])
def test_many_parcels_are_plug_flow(flow):
    """Hourly random heat at every substation; error falls with the size of the parcels."""
    rng = np.random.default_rng(3)
    cool = rng.uniform(0.0, 20.0, (4, 30))
    errors = []
    for parcels in (100, 1600):
        config = loop(flow=flow, parcels=parcels)
        result = simulate(config, dispatch(np.zeros((4, 30)), cool))
        exact = exact_plug_flow(config, 1.25 * cool, flow)
        errors.append(float(np.abs(result.node_degc[:-1] - exact).mean()))
        assert result.temperature_degc[-1] == pytest.approx(
            15.0 + 1.25 * cool.sum() / geometry(config.loop, config.medium).capacity_kwh_per_k,
            rel=1e-9,
        )
    scale = 1.25 * 20.0 / (flow * WATER_KJ_PER_KGK)
    assert errors[1] < 0.03 * scale
    assert errors[1] < errors[0]


def test_one_parcel_is_the_well_mixed_ring():
    rng = np.random.default_rng(1)
    heat, cool = rng.uniform(0, 30, (4, 300)), rng.uniform(0, 30, (4, 300))
    carnot = {"kind": "carnot"}
    config = loop(flow=300.0, parcels=1, loss=20.0, cop=carnot, ring={"plant": {}})
    shape = geometry(config.loop, config.medium)
    mixed = RingConfig.model_validate(
        {
            **config.model_dump(exclude={"model", "loop", "water", "loss", "bounds_degc"}),
            "water": {"mass_kg": shape.capacity_kwh_per_k * 3600.0 / WATER_KJ_PER_KGK},
            "loss": {
                "ua_kw_per_k": float(shape.ua_kw_per_k.sum()),
                "ground": {"kind": "fixed", "degc": 12.0},
            },
            "plant": None,
        }
    ).model_copy(update={"bounds_degc": config.bounds_degc})
    # With more flow than settings may have, so that the substations' order makes no difference.
    much = config.loop.flow.model_copy(update={"kg_s": 2000.0})
    without_order = {"pump_heat_to_water": False, "flow": much}
    looped = simulate(
        config.model_copy(
            update={
                "plant": None,
                "loop": config.loop.model_copy(update=without_order),
            }
        ),
        dispatch(heat, cool),
    )
    np.testing.assert_allclose(
        looped.temperature_degc, simulate(mixed, dispatch(heat, cool)).temperature_degc, atol=2e-3
    )
    assert np.ptp(looped.node_degc, axis=1).max() < 0.02


def test_reversing_the_flow_mirrors_the_loop():
    rng = np.random.default_rng(7)
    cool = rng.uniform(0.0, 20.0, (5, 40))
    forwards = simulate(loop(5, flow=3.0), dispatch(np.zeros((5, 40)), cool))
    # Station i of the mirrored loop is station −i of the original.
    order = [0, 4, 3, 2, 1]
    backwards = simulate(loop(5, flow=-3.0), dispatch(np.zeros((5, 40)), cool[order]))
    np.testing.assert_allclose(backwards.node_degc, forwards.node_degc[:, order], atol=1e-9)


# --- losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("depths", [None, [0.8, 1.0, 1.5, 2.5]])
def test_steady_loss_along_the_loop_is_exponential(depths):
    """A source at one substation against losses: T − T_g falls as exp(−U'·x/(ṁ·c))."""
    flow, loss = 1.5, 2.0
    config = loop(flow=flow, loss=loss, depths=depths, parcels=400)
    steps = 1200
    cool = np.zeros((4, steps))
    cool[0] = 40.0
    result = simulate(config, dispatch(np.zeros((4, steps)), cool))
    keep = np.exp(-loss * 100.0 / (flow * WATER_KJ_PER_KGK * 1000.0))
    rise = 50.0 / (flow * WATER_KJ_PER_KGK)
    top = rise / (1.0 - keep**4)
    exact = 12.0 + top * keep ** np.array([4, 1, 2, 3])
    np.testing.assert_allclose(result.node_degc[-1] - 12.0, exact - 12.0, rtol=1e-3)
    np.testing.assert_allclose(result.loss_kw[-50:].mean(), 50.0, rtol=1e-3)


def test_loss_of_segments_that_differ():
    """Insulation of one segment only: all loss occurs there."""
    flow = 1.5
    base = loop(flow=flow, parcels=400)
    segments = list(base.loop.segments)
    segments[1] = segments[1].model_copy(update={"heat_loss_w_per_mk": 5.0})
    config = base.model_copy(update={"loop": base.loop.model_copy(update={"segments": segments})})
    cool = np.zeros((4, 1500))
    cool[0] = 20.0
    result = simulate(config, dispatch(np.zeros((4, 1500)), cool))
    keep = np.exp(-5.0 * 100.0 / (flow * WATER_KJ_PER_KGK * 1000.0))
    rise = 25.0 / (flow * WATER_KJ_PER_KGK)
    hot = 12.0 + rise / (1.0 - keep)
    exact = [hot - rise, hot, hot - rise, hot - rise]
    np.testing.assert_allclose(result.node_degc[-1], exact, rtol=1e-3)


def test_a_loop_at_rest_relaxes_to_the_ground_exponentially():
    config = loop(flow=1e-9, loss=20.0, ring={"initial_degc": 30.0})
    result = simulate(config, dispatch(np.zeros((4, 50))))
    shape = geometry(config.loop, config.medium)
    rate = shape.ua_kw_per_k.sum() / shape.capacity_kwh_per_k
    np.testing.assert_allclose(
        result.temperature_degc, 12.0 + 18.0 * np.exp(-rate * np.arange(51)), rtol=1e-9
    )


def test_heat_into_standing_water_stays_where_it_is():
    config = loop(flow=0.0, parcels=40)
    cool = np.zeros((4, 5))
    cool[2] = 1.0
    result = simulate(config, dispatch(np.zeros((4, 5)), cool))
    np.testing.assert_allclose(result.node_degc[:, [0, 1, 3]], 15.0, rtol=1e-12)
    assert result.node_degc[-1, 2] > 15.0
    assert result.audit.relative < 1e-9


@settings(max_examples=examples(20), deadline=None)
@given(
    seed=st.integers(0, 10_000),
    parcels=st.sampled_from([1, 2, 3, 7, 60, 200]),
    flow=st.sampled_from([-40.0, -1.0, 0.0, 0.3, 4.0, 300.0]),
    loss=st.sampled_from([0.0, 0.5, 30.0, 500.0]),
    step_h=st.sampled_from([0.1, 1.0, 6.0]),
    mixing=st.sampled_from([0.0, 0.01]),
)
def test_energy_is_conserved(seed, parcels, flow, loss, step_h, mixing):
    rng = np.random.default_rng(seed)
    depths = [1.0, 1.0, 2.0] if seed % 2 else None
    config = loop(
        3,
        flow=flow,
        loss=loss,
        parcels=parcels,
        depths=depths,
        dispersion_m2_s=mixing,
        ground={"kind": "kusuda", "mean_degc": 12.0, "amplitude_k": 10.0},
    )
    data = dispatch(
        rng.uniform(0, 5, (3, 20)) * (rng.random((3, 20)) > 0.3),
        rng.uniform(0, 5, (3, 20)),
        step_h=step_h,
    )
    result = simulate(config, data)
    assert result.audit.relative <= 1e-9
    capacity = geometry(config.loop, config.medium).capacity_kwh_per_k
    assert result.audit.terms_kwh["stored"] == pytest.approx(
        capacity * (result.temperature_degc[-1] - 15.0), abs=1e-6
    )


def test_a_broken_loop_fails_the_audit(monkeypatch):
    config = loop(flow=3.0, loss=5.0)
    data = dispatch(np.full((4, 20), 10.0))
    original = loop_module.sweeps

    def lossy(*args):
        sweep = original(*args)
        return dataclasses.replace(sweep, weight=sweep.weight * 1.0001)

    simulate(config, data)
    monkeypatch.setattr(loop_module, "sweeps", lossy)
    with pytest.raises(EnergyAuditError):
        simulate(config, data)


def test_mixing_smooths_and_conserves():
    field = np.full(200, 10.0)
    field[:50] = 20.0
    data = dispatch(np.zeros((4, 100)))
    sharp = simulate_loop(loop(flow=1.0), data, initial_degc=field)
    smooth = simulate_loop(loop(flow=1.0, dispersion_m2_s=0.01), data, initial_degc=field)
    assert smooth.temperature_degc[-1] == pytest.approx(sharp.temperature_degc[-1])
    assert np.ptp(smooth.node_degc[-20:]) < 0.8 * np.ptp(sharp.node_degc[-20:])


# --- flow, pump, plant ----------------------------------------------------------------------------


def test_pump_electricity_follows_darcy_and_weisbach():
    config = loop(flow=20.0)
    power = pump_power_kw(config.loop, config.medium, np.array([20.0, -20.0, 0.0]))
    area = np.pi * 0.01
    speed = 20.0 / (999.0 * area)
    reynolds = 999.0 * speed * 0.2 / 1.14e-3
    friction = (-1.8 * np.log10((0.05e-3 / 0.2 / 3.7) ** 1.11 + 6.9 / reynolds)) ** -2
    pressure = friction * 400.0 / 0.2 * 999.0 * speed**2 / 2
    assert power[0] == pytest.approx(pressure * 20.0 / 999.0 / 0.6 / 1000.0)
    assert power[1] == power[0]
    assert power[2] == 0.0


def test_pump_electricity_warms_the_water_and_is_paid_for():
    config = loop(
        flow=60.0,
        ring={
            "plant": {"electricity_location": "l0", "cool_above_degc": 90.0, "cool_to_degc": 80.0}
        },
        pump_heat_to_water=True,
    )
    data = dispatch(np.zeros((4, 10)))
    result = simulate(config, data)
    assert result.audit.terms_kwh["pump"] == pytest.approx(result.pump_kw.sum())
    assert result.temperature_degc[-1] > 15.0
    home = {
        f"l{i}": LocationElectricity(np.zeros(10), np.full(10, 0.3), np.zeros(10)) for i in range(4)
    }
    cost = true_cost(result, result.p_kw, 0.0, home, config.plant)
    assert cost.plant_electricity_eur == pytest.approx(0.3 * result.pump_kw.sum())
    assert cost.pump_eur == pytest.approx(0.3 * result.pump_kw.sum())
    sunny = home | {"l0": LocationElectricity(np.zeros(10), np.full(10, 0.3), np.full(10, 1e3))}
    assert true_cost(result, result.p_kw, 0.0, sunny, config.plant).pump_eur == 0.0
    with pytest.raises(InputError, match="nobody pays"):
        true_cost(result, result.p_kw, 0.0, home)


def test_flow_in_proportion_to_the_load():
    flow = {"kind": "proportional", "kg_s_per_kw": 0.1, "min_kg_s": 2.0, "max_kg_s": 8.0}
    heat = np.zeros((4, 4))
    heat[1] = [0.0, 40.0, 60.0, 500.0]
    result = simulate(loop(flow=flow), dispatch(heat))
    np.testing.assert_allclose(result.flow_kg_s, [2.0, 4.0, 6.0, 8.0])
    turned = simulate(loop(flow={**flow, "reversed": True}), dispatch(heat))
    np.testing.assert_allclose(turned.flow_kg_s, -result.flow_kg_s)


def test_a_scheduled_flow_comes_with_the_data_or_from_a_file(tmp_path):
    config = loop(flow={"kind": "scheduled"})
    data = dispatch(np.zeros((4, 3)))
    with pytest.raises(InputError, match="needs a series"):
        simulate(config, data)
    series = np.array([1.0, -2.0, 0.0])
    result = simulate(config, dataclasses.replace(data, flow_kg_s=series))
    np.testing.assert_array_equal(result.flow_kg_s, series)
    path = tmp_path / "flow.csv"
    path.write_text(
        "time,kg_s\n2015-01-01 00:00,1\n2015-01-01 01:00,-2\n2015-01-01 02:00,0\n2016-01-01,9\n"
    )
    np.testing.assert_array_equal(read_flow(path, data.times), series)
    path.write_text("time,kg_s\n2015-01-01 00:00,1\n2015-01-01 01:00,x\n")
    with pytest.raises(InputError, match="missing"):
        read_flow(path, data.times)
    with pytest.raises(InputError, match="no such"):
        read_flow(tmp_path / "absent.csv", data.times)


def test_wells_never_heat_water_past_their_temperature():
    plant = {
        "heat_below_degc": 14.0,
        "heat_to_degc": 14.5,
        "cool_to_degc": 30.0,
        "cool_above_degc": 40.0,
        "wells": {"well_degc": 13.0, "max_flow_kg_s": 1e5},
    }
    config = loop(flow=2.0, ring={"plant": plant, "initial_degc": 8.0})
    result = simulate(config, dispatch(np.zeros((4, 100))))
    assert result.q_bal_kw["wells"].sum() > 0
    assert result.temperature_degc.max() <= 13.0 + 1e-9
    assert (result.q_bal_kw["wells"][result.plant_degc >= 13.0] == 0.0).all()


@pytest.mark.parametrize(("warm_degc", "taken_kw"), [(20.0, 10.0), (13.5, 2.0 * 4.18 * 0.5)])
def test_wells_answer_to_the_water_that_passes_and_not_to_the_mean(warm_degc, taken_kw):
    """Warm water in a loop that is colder than the wells on the whole."""
    plant = {"control": "schedule", "wells": {"well_degc": 13.0, "max_flow_kg_s": 1e5}}
    config = loop(flow=2.0, ring={"plant": plant})
    data = dispatch(np.zeros((4, 1)), step_h=0.25)
    before = np.where(np.arange(config.loop.parcels) < 100, 5.0, warm_degc)
    assert before.mean() < 13.0
    result = simulate_loop(config, data, schedule={"wells": np.full(1, -10.0)}, initial_degc=before)
    assert result.q_bal_kw["wells"] == pytest.approx(-taken_kw)


def test_plant_works_at_its_own_substation():
    settings_ = loop(
        flow=2.0,
        ring={
            "plant": {
                "heat_below_degc": 14.9,
                "heat_to_degc": 15.0,
                "wells": {"well_degc": 18.0, "max_flow_kg_s": 3.0},
            }
        },
    )
    places = [
        s.model_copy(update={"plant": i == 2}) for i, s in enumerate(settings_.loop.substations)
    ]
    config = settings_.model_copy(
        update={"loop": settings_.loop.model_copy(update={"substations": places})}
    )
    heat = np.zeros((4, 6))
    heat[0] = 10.0
    result = simulate(config, dispatch(heat, step_h=0.25))
    first = int(np.argmax(result.q_bal_kw["wells"] > 0))
    # Downstream of the plant it gets warmer first.
    assert result.node_degc[first + 2, 3] > 15.0
    assert result.node_degc[: first + 2, 1].max() <= 15.0 + 1e-3


def test_every_heat_pump_is_connected_once():
    config = loop(2)
    data = dispatch(np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="l2::hp"):
        simulate(config, data)
    with pytest.raises(ConfigError, match="no heat pump has this name"):
        simulate(loop(4), dispatch(np.zeros((3, 2))))
    base = loop(2)
    twice = [s.model_copy(update={"heat_pumps": ["l0", "l1"]}) for s in base.loop.substations]
    config = base.model_copy(update={"loop": base.loop.model_copy(update={"substations": twice})})
    with pytest.raises(ConfigError, match="more than once"):
        simulate(config, dispatch(np.zeros((2, 2))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"segments": []}, "segments"),
        ({"parcels": 0}, "parcels"),
        ({"flow": {"kind": "gravity"}}, "flow"),
        ({"substations": [{"name": "a"}, {"name": "a"}, {"name": "b"}, {"name": "c"}]}, "differ"),
        ({"substations": [{"name": "a"}]}, "one segment per substation"),
    ],
)
def test_faulty_loops_are_refused(changes, message):
    good = loop().model_dump()
    good["loop"] = {**good["loop"], **changes}
    with pytest.raises(ValidationError, match=message):
        RingConfig.model_validate(good)


def test_loop_results_survive_a_file(tmp_path):
    result = simulate(loop(flow=3.0), dispatch(np.full((4, 5), 10.0)))
    path = tmp_path / "ring.nc"
    ring_dataset(result).to_netcdf(path)
    import xarray as xr

    with xr.open_dataset(path) as stored:
        again = ring_result(stored.load())
    np.testing.assert_array_equal(again.node_degc, result.node_degc)
    np.testing.assert_array_equal(again.flow_kg_s, result.flow_kg_s)


def test_a_year_with_twenty_substations_is_fast():
    rng = np.random.default_rng(0)
    steps, stations = 8760, 20
    wave = np.cos(2 * np.pi * np.arange(steps) / 8760)
    data = dispatch(
        50 * np.maximum(wave, 0) * rng.random((stations, steps)),
        50 * np.maximum(-wave, 0) * rng.random((stations, steps)),
    )
    config = loop(
        stations,
        flow=50.0,
        length_m=200.0,
        diameter_m=0.5,
        loss=None,
        wall=3900.0,
        cop={"kind": "carnot"},
        ring={"plant": {}, "bounds_degc": [10.0, 20.0]},
    )
    start = time.process_time()
    simulate(config, data)
    # 2.4 s on an idle machine; shared runners get some room.
    assert time.process_time() - start < 7.0
