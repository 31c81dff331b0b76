"""Wells that tire: breakthrough, what comes out after it, rings of every kind, years, programme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.operate import operate_district
from anello.errors import InputError
from anello.ring.adapt import ring_dataset, ring_result
from anello.ring.config import RingConfig
from anello.ring.doublet import arrived, compile_doublet, repeated
from anello.ring.doublet_config import DoubletConfig
from anello.ring.exchange import RingInput
from anello.ring.plant_config import WellsConfig
from anello.ring.simulation import simulate
from ring_districts import coupled

DAY_H = 24.0
PIPE = {"length_m": 150.0, "inner_diameter_m": 0.2}
MODELS: dict[str, dict[str, Any]] = {
    "mixed": {},
    "loop": {
        "substations": [{"name": "north", "heat_pumps": ["a"]}, {"name": "plant", "plant": True}],
        "segments": [PIPE, PIPE],
        "flow": {"kind": "fixed", "kg_s": 12.0},
    },
    "two_pipe": {
        "substations": [{"name": "north", "heat_pumps": ["a"]}],
        "branches": [{"start": "plant", "end": "north", **PIPE}],
        "difference_k": 5.0,
    },
}


def ring(model: str = "mixed", **doublet: Any) -> RingConfig:
    wells: dict[str, Any] = {"well_degc": 12.0, "max_flow_kg_s": 8.0}
    if doublet:
        wells["doublet"] = doublet
    carnot = {"kind": "carnot", "cop_max": 9.0}
    return RingConfig.model_validate(
        {
            "model": model,
            "initial_degc": 12.0,
            "bounds_degc": (3.0, 26.0),
            "water": {"mass_kg": 5.0e4},
            "heat_pumps": {
                "cooling": {
                    "service": "cooling",
                    "use_temperature": {"kind": "fixed", "degc": 4.0},
                    "cop_map": carnot,
                }
            },
            "plant": {"wells": wells, "cool_above_degc": 14.0, "cool_to_degc": 13.0},
            **({model: MODELS[model]} if MODELS[model] else {}),
        }
    )


def cooled(kw: float, steps: int, hours: float = 1.0) -> RingInput:
    shape = (1, steps)
    minutes = int(60 * hours)
    return RingInput(
        nodes=("a::cooling",),
        times=np.datetime64("2021-01-01", "ns") + np.arange(steps) * np.timedelta64(minutes, "m"),
        step_h=np.full(steps, hours),
        q_kw=np.full(shape, kw),
        cop_dispatch=np.full(shape, 5.0),
        storage_kwh=np.full(shape, np.nan),
        storage_start_kwh=np.zeros(1),
    )


def along_a_streamline(angle: float) -> float:
    """Time along a circle through both wells, relative to that of the straight line [-].

    Wells at −1 and 1; a streamline that leaves the axis at an angle is an arc of radius 1/sin.
    """
    radius = 1.0 / np.sin(angle)
    centre = -1j * radius * np.cos(angle)
    turn = np.linspace(angle, -angle, 40_001)
    z = centre + 1j * radius * np.exp(1j * turn)
    middle, length = (z[1:] + z[:-1]) / 2.0, np.abs(np.diff(z))
    return float((np.abs(middle**2 - 1.0) * length).sum() / (4.0 / 3.0))


@pytest.mark.parametrize("angle", [0.05, 0.5, 1.2, 2.0, 2.8])
def test_the_share_is_that_of_the_doublets_streamlines(angle: float) -> None:
    age = along_a_streamline(angle)
    assert arrived(np.array([age]))[0] == pytest.approx(angle / np.pi, rel=2e-3)


def test_nothing_arrives_before_the_breakthrough_and_nearly_all_after_ages() -> None:
    assert arrived(np.array([0.999]))[0] == 0.0
    assert arrived(np.array([1e9]))[0] > 0.998
    assert (np.diff(arrived(np.geomspace(1.0, 1e6, 500))) > 0).all()


def test_the_breakthrough_follows_from_spacing_flow_and_aquifer() -> None:
    """π/3 · 20 m · (200 m)² · 2500 kJ/(m³K) / (10 kg/s · 4.18 kJ/(kg·K)) = 50.1e6 s = 580 d."""
    made = DoubletConfig(spacing_m=200.0, aquifer_thickness_m=20.0)
    assert made.breakthrough_h(10.0) / DAY_H == pytest.approx(579.9, abs=0.2)
    assert made.breakthrough_h(20.0) == pytest.approx(made.breakthrough_h(10.0) / 2.0)
    assert DoubletConfig(breakthrough_days=90.0).breakthrough_h(7.0) == 90.0 * DAY_H


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give `breakthrough_days`"),
        ({"spacing_m": 100.0}, "give `breakthrough_days`"),
        ({"breakthrough_days": 90.0, "spacing_m": 100.0}, "give either"),
        ({"breakthrough_days": 0.5}, "greater than or equal to 1"),
    ],
)
def test_a_doublet_says_in_one_way_how_soon_it_tires(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DoubletConfig(**given)


@pytest.mark.parametrize("model", MODELS)
def test_wells_get_back_what_they_gave(model: str) -> None:
    data = cooled(120.0, 24 * 12)
    fresh, tired = (
        simulate(ring(model, **doublet), data) for doublet in ({}, {"breakthrough_days": 3.0})
    )
    assert fresh.doublet is None
    assert tired.doublet is not None
    assert tired.audit.relative < 1e-9
    assert tired.second_law.violations == 0
    shift = tired.doublet.shift_k
    assert not shift[: 24 * 3].any()
    assert (np.diff(shift[24 * 4 :: 24]) > 0).all()
    np.testing.assert_array_equal(tired.doublet.supply_degc, 12.0 + shift)
    heat = tired.q_bal_kw["wells"]
    np.testing.assert_array_equal(heat[: 24 * 3], fresh.q_bal_kw["wells"][: 24 * 3])
    assert tired.temperature_degc[-48:].mean() > fresh.temperature_degc[-48:].mean()
    # The mean of what was injected, by the growth of the share that has arrived.
    middle = np.arange(12) + 0.5
    share = arrived((middle[:, None] - np.arange(13)[None, :]) / 3.0)
    weight = np.tril(share[:, :-1] - share[:, 1:], -1)
    daily = heat.reshape(12, 24).mean(axis=1)
    expected = np.zeros(12)
    for day in range(12):
        expected[day] = weight[day] @ (expected - daily / (8.0 * 4.18))
    np.testing.assert_allclose(shift[::24], expected, atol=1e-12)


def test_steps_of_any_length_fill_days() -> None:
    wells = WellsConfig(max_flow_kg_s=5.0, doublet=DoubletConfig(breakthrough_days=2.0))
    made = compile_doublet(wells, np.array([20.0, 8.0, 30.0, 1.0, 1.0]))
    assert made is not None
    np.testing.assert_array_equal(made.block_of, [0, 0, 1, 2, 2])
    np.testing.assert_array_equal(made.block_h, [28.0, 30.0, 2.0])
    dry = WellsConfig(max_flow_kg_s=0.0, doublet=DoubletConfig(breakthrough_days=2.0))
    assert compile_doublet(dry, np.ones(3)) is None


def test_the_years_to_the_horizon_are_those_of_one_long_run() -> None:
    doublet = {"breakthrough_days": 500.0, "horizon_years": 4}
    found = simulate(ring(**doublet), cooled(60.0, 365, 24.0)).doublet
    assert found is not None
    assert not found.shift_k.any()
    assert found.horizon_degc is not None
    assert found.lowest_degc is not None
    assert found.highest_degc is not None
    wells = ring(**doublet).plant.wells  # type: ignore[union-attr]
    daily = -np.linspace(40.0, 80.0, 365)
    long = compile_doublet(wells, np.full(365 * 4, 24.0))
    assert long is not None
    shift = np.zeros(365 * 4)
    for day in range(shift.size):
        shift[day] = long.shift_k(day, shift, np.tile(daily, 4))
    np.testing.assert_allclose(repeated(long, daily, 4).reshape(-1), shift, atol=1e-12)
    assert found.highest_degc[0] == found.lowest_degc[0] == 12.0
    assert (np.diff(found.highest_degc[1:]) > 0).all()
    assert found.horizon_degc.max() == found.highest_degc[-1]


def test_results_come_back_from_their_file() -> None:
    result = simulate(ring(breakthrough_days=100.0, horizon_years=3), cooled(60.0, 365, 24.0))
    again = ring_result(ring_dataset(result)).doublet
    assert again is not None
    assert result.doublet is not None
    for name, values in vars(result.doublet).items():
        np.testing.assert_array_equal(getattr(again, name), values)


@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
def test_the_programme_knows_what_the_wells_get_back(loop: bool) -> None:
    wells = {"max_flow_kg_s": 12.0, "doublet": {"breakthrough_days": 1.0}}
    found = coupled(4, days=4, loop=loop, plant={"wells": wells}).run(must_converge=False).best
    assert found.ring.doublet is not None
    shift = found.ring.doublet.shift_k[::24]
    assert np.abs(shift).max() > 0.3
    known = found.dispatch["ring_well_shift"].values
    np.testing.assert_allclose(known, shift, atol=0.01)


def test_wells_that_do_not_tire_in_time_have_no_rows() -> None:
    wells = {"max_flow_kg_s": 12.0, "doublet": {"breakthrough_days": 400.0}}
    assert coupled(4, days=2, plant={"wells": wells}).rows.doublet is None


def test_a_rolling_horizon_refuses_the_memory_of_wells() -> None:
    wells = {"max_flow_kg_s": 12.0, "doublet": {"breakthrough_days": 400.0}}
    made = coupled(1, days=1, plant={"wells": wells})
    with pytest.raises(InputError, match="not carried from window to window"):
        operate_district(made.data, made.ring, made.coupling, window_h=12, horizon_h=24)
