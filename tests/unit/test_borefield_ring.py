"""A ring that lives on a borefield: exchange, limits, audits, results, years."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.errors import InputError
from anello.ring.adapt import ring_dataset, ring_result
from anello.ring.arrivals import arrivals
from anello.ring.borefield.field import compile_borefield
from anello.ring.borefield.passage import evened
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.simulation import simulate

FIELD: dict[str, Any] = {
    "field": {"kind": "rectangle", "rows": 5, "columns": 8},
    "depth_m": 150.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 9.0,
    "flow_kg_s": 20.0,
}
PIPE = {"length_m": 200.0, "inner_diameter_m": 0.3}


def config(model: str = "mixed", plant: dict[str, Any] | None = None, **field: Any) -> RingConfig:
    loop = {
        "substations": [
            {"name": "north", "heat_pumps": ["a"]},
            {"name": "centre", "plant": True},
            {"name": "field"},
        ],
        "segments": [PIPE, PIPE, PIPE],
        "flow": {"kind": "fixed", "kg_s": 25.0},
    }
    use = {"kind": "fixed", "degc": 40.0}
    carnot = {"kind": "carnot", "cop_max": 9.0}
    return RingConfig.model_validate(
        {
            "model": model,
            "initial_degc": 12.0,
            "bounds_degc": (4.0, 22.0),
            "water": {"mass_kg": 2.0e5},
            "heat_pumps": {
                "heating": {"service": "heating", "use_temperature": use, "cop_map": carnot},
                "cooling": {
                    "service": "cooling",
                    "use_temperature": {"kind": "fixed", "degc": 4.0},
                    "cop_map": carnot,
                },
            },
            "plant": {
                "heat_below_degc": 8.0,
                "heat_to_degc": 9.0,
                "cool_above_degc": 16.0,
                "cool_to_degc": 15.0,
                "borefield": FIELD | field,
            }
            | (plant or {}),
            "loop": loop if model == "loop" else None,
        }
    )


def dispatch(heating_kw: Any, cooling_kw: Any = 0.0, steps: int = 72) -> RingInput:
    q = np.zeros((2, steps))
    q[0], q[1] = heating_kw, cooling_kw
    return RingInput(
        nodes=("a::heating", "a::cooling"),
        times=np.datetime64("2021-01-01", "ns") + np.arange(steps) * np.timedelta64(1, "h"),
        step_h=np.ones(steps),
        q_kw=q,
        cop_dispatch=np.full(q.shape, 4.0),
        storage_kwh=np.full(q.shape, np.nan),
        storage_start_kwh=np.zeros(2),
    )


def checked(found: RingResult) -> RingResult:
    assert found.field is not None
    assert found.audit.relative < 1e-9
    assert found.second_law.violations == 0
    return found


@pytest.mark.parametrize("model", ["mixed", "loop"])
def test_the_field_keeps_the_ring_at_its_set_points(model: str) -> None:
    cold = checked(simulate(config(model), dispatch(70.0)))
    assert cold.temperature_degc[24:].min() > 7.5
    assert cold.q_bal_kw["borefield"].max() > 30.0
    assert cold.q_bal_kw["borefield"].min() == 0.0
    assert cold.field is not None
    assert cold.field.wall_degc[-1] < cold.field.wall_degc[0] - 0.3
    warm = checked(simulate(config(model), dispatch(0.0, 70.0)))
    assert warm.temperature_degc[24:].max() < 16.5
    assert warm.q_bal_kw["borefield"].min() < -50.0
    assert warm.field is not None
    assert warm.field.wall_degc[-1] > warm.field.wall_degc[0] + 0.3
    # Ring, leaving, entering, wall: heat goes downhill.
    runs = warm.q_bal_kw["borefield"] < -1.0
    assert (warm.field.entering_degc[runs] > warm.field.leaving_degc[runs]).all()
    assert (warm.field.leaving_degc[runs] > warm.field.wall_degc[1:][runs] - 1e-9).all()


def test_electricity_and_cost_follow_the_heat() -> None:
    found = simulate(config(electricity_kwh_per_kwh=0.05), dispatch(150.0))
    np.testing.assert_allclose(found.p_bal_kw["borefield"], 0.05 * found.q_bal_kw["borefield"])
    assert found.plant_kw.sum() == pytest.approx(found.p_bal_kw["borefield"].sum())


def test_a_field_that_may_not_freeze_gives_less() -> None:
    brine = {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.4}
    free = simulate(config(fluid=brine, fluid_degc=(-20.0, 40.0)), dispatch(400.0, steps=48))
    held = checked(simulate(config(fluid=brine, fluid_degc=(7.0, 40.0)), dispatch(400.0, steps=48)))
    assert free.field is not None
    assert held.field is not None
    assert free.field.entering_degc.min() < 6.5
    assert held.field.entering_degc.min() == pytest.approx(7.0, abs=1e-6)
    assert held.q_bal_kw["borefield"].sum() < free.q_bal_kw["borefield"].sum()
    assert held.temperature_degc.min() < free.temperature_degc.min()


def test_a_field_in_the_flow_exchanges_without_being_asked() -> None:
    asked = simulate(config("loop"), dispatch(5.0))
    always = checked(simulate(config("loop", always=True), dispatch(5.0)))
    assert np.abs(asked.q_bal_kw["borefield"]).max() == 0.0
    assert (np.abs(always.q_bal_kw["borefield"]) > 0.0).all()
    # It cannot be scheduled away, nor twice.
    told = config("loop", {"control": "schedule"}, always=True)
    planned = simulate(told, dispatch(5.0), schedule={"borefield": np.full(72, 50.0)})
    np.testing.assert_allclose(planned.q_bal_kw["borefield"], always.q_bal_kw["borefield"])


def test_a_field_follows_a_schedule_as_far_as_it_can() -> None:
    told = config("mixed", {"control": "schedule"})
    wish = np.where(np.arange(72) < 48, 10.0, -5000.0)
    found = checked(simulate(told, dispatch(30.0), schedule={"borefield": wish}))
    np.testing.assert_allclose(found.q_bal_kw["borefield"][24:48], 10.0)
    assert found.shortfall_kwh > 0.0
    opened = checked(simulate(told, dispatch(30.0), schedule={"borefield": np.full(72, np.inf)}))
    assert opened.q_bal_kw["borefield"].sum() > found.q_bal_kw["borefield"][:48].sum()


def test_a_field_has_a_substation_of_its_own() -> None:
    def rise(substation: str) -> float:
        data = replace(dispatch(100.0, steps=600), step_h=np.full(600, 0.02))
        found = checked(simulate(config("loop", always=True, substation=substation), data))
        assert found.node_degc is not None
        before, behind = found.node_degc[-100:, 1].mean(), found.node_degc[-100:, 2].mean()
        return float(behind - before)

    # From the centre to the next substation the water warms where the field is between.
    assert rise("centre") > 0.4
    assert abs(rise("field")) < 0.1
    with pytest.raises(ValidationError, match=r"substation: `moon` is none.* north, centre, field"):
        config("loop", substation="moon")


def test_a_run_goes_on_where_another_ended() -> None:
    data = dispatch(60.0 + 50.0 * np.sin(np.arange(72)))
    whole = simulate(config(always=True), data)
    assert whole.field is not None

    def part(begin: int, end: int) -> RingInput:
        names = ("times", "step_h")
        cut = {name: getattr(data, name)[begin:end] for name in names}
        cut |= {n: getattr(data, n)[:, begin:end] for n in ("q_kw", "cop_dispatch", "storage_kwh")}
        return replace(data, **cut)

    first = simulate(config(always=True), part(0, 40))
    assert first.field is not None
    then = config(always=True).model_copy(update={"initial_degc": first.temperature_degc[-1]})
    second = simulate(then, part(40, 72), field_state_kw=first.field.state_kw)
    assert second.field is not None
    np.testing.assert_allclose(second.temperature_degc, whole.temperature_degc[40:], atol=1e-9)
    np.testing.assert_allclose(second.field.wall_degc, whole.field.wall_degc[40:], atol=1e-9)
    with pytest.raises(InputError, match="states of this borefield"):
        simulate(then, data, field_state_kw=np.zeros(2))


def test_a_year_is_followed_to_its_horizon() -> None:
    steps = 365
    data = dispatch(100.0 + 80.0 * np.cos(2 * np.pi * np.arange(steps) / steps), steps=steps)
    data = replace(data, step_h=np.full(steps, 24.0))
    data = replace(data, times=data.times[0] + np.arange(steps) * np.timedelta64(1, "D"))
    found = simulate(config(horizon_years=25), data)
    assert found.field is not None
    assert found.field.horizon_degc is not None
    drift = (found.field.horizon_degc - found.field.wall_degc[1:]).mean()
    assert -25.0 < drift < -0.5
    again = simulate(config(horizon_years=50), data)
    assert again.field is not None
    assert again.field.horizon_degc is not None
    assert again.field.horizon_degc.mean() < found.field.horizon_degc.mean()


def test_the_dataset_holds_the_field(tmp_path: Path) -> None:
    import xarray as xr

    found = simulate(config("loop", always=True), dispatch(80.0))
    ring_dataset(found).to_netcdf(tmp_path / "ring.nc")
    with xr.open_dataset(tmp_path / "ring.nc") as dataset:
        loaded = dataset.load()
    assert loaded["borefield_wall_degc"].attrs["units"] == "degC"
    back = ring_result(loaded)
    assert back.field is not None
    assert found.field is not None
    np.testing.assert_array_equal(back.field.wall_degc, found.field.wall_degc)
    np.testing.assert_array_equal(back.field.state_kw, found.field.state_kw)
    assert back.field.horizon_degc is None
    without = simulate(config(plant={"borefield": None}), dispatch(0.0))
    assert ring_result(ring_dataset(without)).field is None


@settings(max_examples=25)
@given(
    loads=st.lists(st.floats(0.0, 500.0), min_size=4, max_size=12),
    coolings=st.lists(st.floats(0.0, 500.0), min_size=4, max_size=12),
    model=st.sampled_from(["mixed", "loop"]),
    always=st.booleans(),
)
def test_energy_and_entropy_hold_whatever_comes(
    loads: list[float], coolings: list[float], model: str, always: bool
) -> None:
    steps = min(len(loads), len(coolings))
    data = dispatch(np.array(loads[:steps]), np.array(coolings[:steps]), steps)
    settings_ = config(model, always=always)
    if model == "mixed":
        settings_ = settings_.model_copy(update={"bounds_degc": (-40.0, 60.0)})
    pumps = {
        name: pump.model_copy(update={"out_of_range": "clip"})
        for name, pump in settings_.heat_pumps.items()
    }
    found = checked(simulate(settings_.model_copy(update={"heat_pumps": pumps}), data))
    assert found.field is not None
    plain = settings_.plant
    assert plain is not None
    assert plain.borefield is not None
    walls = compile_borefield(plain.borefield).walls_degc(
        found.q_bal_kw["borefield"], np.ones(steps)
    )
    np.testing.assert_allclose(found.field.wall_degc[1:], walls, atol=1e-9)


@given(
    values=st.lists(st.floats(0.0, 30.0), min_size=10, max_size=10),
    shift=st.floats(0.0, 30.0),
    way=st.floats(-25.0, 25.0),
    share=st.floats(0.0, 1.0),
)
def test_evening_keeps_energy_and_makes_no_extremes(
    values: list[float], shift: float, way: float, share: float
) -> None:
    parcels = np.array(values)
    coming = arrivals(np.array([shift]), np.array([way]), np.array([0.0, 4.0]), 10)
    found = evened(parcels, coming, 0, 1, share)
    assert found.sum() == pytest.approx(parcels.sum(), abs=1e-9)
    assert found.min() >= parcels.min() - 1e-9
    assert found.max() <= parcels.max() + 1e-9
    if share == 0.0:
        np.testing.assert_array_equal(found, parcels)
