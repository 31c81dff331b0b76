"""COP maps: values, derivatives, ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.errors import ConfigError, CopRangeError, InputError
from anello.ring import RingConfig
from anello.ring.cop import HeatPumpCop, compile_function, compile_heat_pump, compile_heat_pumps
from anello.ring.cop_config import CarnotCop, HeatPumpConfig, Iccep2019Cop, QuadraticCop, TableCop


@pytest.fixture
def table_file(tmp_path):
    (tmp_path / "map.csv").write_text("ring\\use,30,40,60\n0,4,3,2\n10,5,4,2.5\n30,9,7,4\n")
    return tmp_path


def heat_pump(**settings) -> HeatPumpConfig:
    base = {
        "service": "heating",
        "cop_map": {"kind": "quadratic", "fit": "air_source"},
        "use_temperature": {"kind": "fixed", "degc": 35.0},
    }
    return HeatPumpConfig.model_validate({**base, **settings})


@pytest.mark.parametrize(
    ("service", "use_degc", "expected"), [("dhw", 45, 3.747), ("heating", 35, 4.642)]
)
def test_original_heating_fit_gives_the_baseline_constants(service, use_degc, expected):
    cop = compile_function(Iccep2019Cop(), service)
    assert cop.evaluate(np.array(15.0), np.array(float(use_degc))).cop == pytest.approx(
        expected, abs=1e-12
    )


def test_original_cooling_fit_gives_the_baseline_constant_the_wrong_way_round():
    odd = compile_function(Iccep2019Cop(), "cooling", cooling_rises=True)
    assert odd.evaluate(np.array(15.0), np.array(13.0)).cop == pytest.approx(7.049, abs=1e-12)
    assert odd.evaluate(np.array(18.0), np.array(8.0)).d_ring > 0
    physical = compile_function(Iccep2019Cop(), "cooling")
    assert physical.evaluate(np.array(18.0), np.array(8.0)).d_ring < 0


@pytest.mark.parametrize(
    ("fit", "lift", "expected"),
    [
        ("air_source", 30.0, 6.81 - 0.121 * 30 + 0.000630 * 900),
        ("ground_source", 30.0, 8.77 - 0.150 * 30 + 0.000734 * 900),
    ],
)
def test_staffell_fits(fit, lift, expected):
    cop = compile_function(QuadraticCop(fit=fit), "heating")
    assert cop.evaluate(np.array(10.0), np.array(10.0 + lift)).cop == pytest.approx(expected)
    cooling = compile_function(QuadraticCop(fit=fit), "cooling")
    assert cooling.evaluate(np.array(10.0 + lift), np.array(10.0)).cop == pytest.approx(
        expected - 1.0
    )


def test_carnot_share_with_pinches_and_cap():
    settings = CarnotCop(fraction=0.5, pinch_use_k=2.0, pinch_ring_k=3.0, cop_max=9.0)
    heating = compile_function(settings, "heating")
    hot, cold = 35.0 + 2.0 + 273.15, 10.0 - 3.0 + 273.15
    assert heating.evaluate(np.array(10.0), np.array(35.0)).cop == pytest.approx(
        0.5 * hot / (hot - cold)
    )
    cooling = compile_function(settings, "cooling")
    hot, cold = 18.0 + 3.0 + 273.15, 7.0 - 2.0 + 273.15
    assert cooling.evaluate(np.array(18.0), np.array(7.0)).cop == pytest.approx(
        0.5 * cold / (hot - cold)
    )
    # Free cooling: the ring is colder than the store.
    point = cooling.evaluate(np.array(8.0), np.array(20.0))
    assert (point.cop, point.d_ring, point.d_use) == (9.0, 0.0, 0.0)


def test_table_is_bilinear_and_stops_at_its_edge(table_file):
    table = compile_function(TableCop(file="map.csv"), "heating", folder=table_file)
    assert table.evaluate(np.array(10.0), np.array(40.0)).cop == pytest.approx(4.0)
    assert table.evaluate(np.array(5.0), np.array(35.0)).cop == pytest.approx(4.0)
    assert table.evaluate(np.array(30.0), np.array(60.0)).cop == pytest.approx(4.0)
    beyond = table.evaluate(np.array(40.0), np.array(40.0))
    assert beyond.cop == pytest.approx(7.0)
    assert beyond.d_ring == 0.0
    assert [check.outside.item() for check in table.checks(np.array(40.0), np.array(40.0))] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x,30,40\n0,4,3\n",
        "x,30,40\n0,4,3\n10,5\n",
        "x,30,40\n0,4,a\n10,5,4\n",
        "x,40,30\n0,4,3\n10,5,4\n",
        "x,30,40\n10,4,3\n0,5,4\n",
        "x,30,40\n0,4,-3\n10,5,4\n",
    ],
)
def test_faulty_tables_are_refused(tmp_path, text):
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(InputError):
        compile_function(TableCop(file="map.csv"), "heating", folder=tmp_path)


def test_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such performance map"):
        compile_function(TableCop(file="map.csv"), "heating", folder=tmp_path)


PUMPS = {
    "quadratic": heat_pump(),
    "quadratic cooling": heat_pump(
        service="cooling",
        cop_map={
            "kind": "quadratic",
            "c0": 6.755,
            "c1": 0.141,
            "c2": 0.003,
            "valid_lift_k": [-5, 20],
        },
    ),
    "carnot": heat_pump(cop_map={"kind": "carnot"}),
    "carnot cooling": heat_pump(service="cooling", cop_map={"kind": "carnot"}),
    "limited": heat_pump(cop_map={"kind": "carnot"}, min_source_degc=8.0, max_lift_k=30.0),
    "limited cooling": heat_pump(
        service="cooling", cop_map={"kind": "carnot"}, min_source_degc=6.0, max_lift_k=12.0
    ),
}


def make(name: str, folder) -> HeatPumpCop:
    if name == "table":
        return compile_heat_pump(
            heat_pump(cop_map={"kind": "table", "file": "map.csv"}), folder=folder
        )
    return compile_heat_pump(PUMPS[name])


@pytest.mark.parametrize("name", [*PUMPS, "table"])
def test_scalar_equals_array_and_derivatives_equal_differences(name, table_file):
    pump = make(name, table_file)
    rng = np.random.default_rng(3)
    ring = rng.uniform(-5.0, 35.0, 400)
    use = rng.uniform(0.0, 70.0, 400)
    point = pump.evaluate(ring, use)
    scalar = pump.scalar()
    single = np.array([scalar(r, u) for r, u in zip(ring.tolist(), use.tolist(), strict=True)])
    np.testing.assert_allclose(point.cop, single, rtol=1e-13)
    step = 1e-5
    by_ring = (pump.evaluate(ring + step, use).cop - pump.evaluate(ring - step, use).cop) / (
        2 * step
    )
    by_use = (pump.evaluate(ring, use + step).cop - pump.evaluate(ring, use - step).cop) / (
        2 * step
    )
    np.testing.assert_allclose(point.d_ring, by_ring, atol=2e-5)
    np.testing.assert_allclose(point.d_use, by_use, atol=2e-5)


@given(st.floats(-10, 40), st.floats(-10, 80))
def test_carnot_never_exceeds_its_cap_nor_falls_to_zero(ring, use):
    for service in ("heating", "cooling"):
        cop = float(
            compile_function(CarnotCop(), service).evaluate(np.array(ring), np.array(use)).cop
        )
        assert 0.0 < cop <= 12.0


def test_running_outside_the_range_names_technology_hour_and_value():
    pump = compile_heat_pump(heat_pump())
    hours = np.array(["2015-01-01T00", "2015-01-01T01"], dtype="datetime64[h]")
    with pytest.raises(
        CopRangeError, match=r"commercial::hp_x.*2015-01-01T01.*lift \[K\] is 5\.000"
    ):
        pump.count_outside(
            "commercial::hp_x", np.array([10.0, 30.0]), np.full(2, 35.0), np.ones(2), hours
        )


def test_idle_outside_the_range_is_no_error_and_clipping_is_counted():
    hours = np.arange(2)
    ring, use = np.array([10.0, 30.0]), np.full(2, 35.0)
    strict = compile_heat_pump(heat_pump())
    assert strict.count_outside("a::b", ring, use, np.array([1.0, 0.0]), hours) == 0
    clipping = compile_heat_pump(heat_pump(out_of_range="clip"))
    assert clipping.count_outside("a::b", ring, use, np.ones(2), hours) == 1
    assert clipping.evaluate(30.0, 35.0).cop == clipping.evaluate(20.0, 35.0).cop


@pytest.mark.parametrize(
    ("settings", "ring", "use", "quantity"),
    [
        ({"min_source_degc": 8.0}, 7.0, 35.0, "source temperature"),
        ({"max_lift_k": 20.0}, 10.0, 35.0, "temperature lift"),
        ({"service": "cooling", "min_source_degc": 8.0}, 15.0, 7.0, "source temperature"),
    ],
)
def test_limits_of_the_machine(settings, ring, use, quantity):
    pump = compile_heat_pump(heat_pump(cop_map={"kind": "carnot"}, **settings))
    with pytest.raises(CopRangeError, match=quantity):
        pump.count_outside("a::b", np.array([ring]), np.array([use]), np.ones(1), np.arange(1))


def ring(**changes) -> dict:
    return {
        "heat_pumps": {
            "hp": {
                "service": "heating",
                "cop_map": {"kind": "carnot"},
                "use_temperature": {"kind": "fixed", "degc": 35.0},
            }
        },
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unknown": 1}, "unknown"),
        ({"initial_degc": "warm"}, "initial_degc"),
        ({"initial_degc": True}, "initial_degc"),
        ({"initial_degc": 5.0}, "outside `bounds_degc`"),
        ({"bounds_degc": [20.0, 10.0]}, "low < high"),
        ({"model": "loop"}, "needs the section `loop`"),
        ({"plant": {"heat_below_degc": 14.0, "heat_to_degc": 13.0}}, "heat_below_degc"),
    ],
)
def test_faulty_settings_are_refused_by_name(changes, message):
    with pytest.raises(ValidationError, match=message):
        RingConfig.model_validate(ring(**changes))


@pytest.mark.parametrize(
    "cop_map",
    [
        {"kind": "quadratic"},
        {"kind": "quadratic", "fit": "air_source", "c0": 1.0},
        {"kind": "quadratic", "c0": 1.0, "c1": 1.0, "c2": 1.0},
        {"kind": "quadratic", "fit": "air_source", "valid_lift_k": [3, 1]},
        {"kind": "iccep2019"},
    ],
)
def test_incomplete_maps_are_refused(cop_map):
    settings = ring()
    settings["heat_pumps"]["hp"]["cop_map"] = cop_map
    with pytest.raises(ValidationError):
        RingConfig.model_validate(settings)


def test_stores_need_the_temperature_their_direction_asks_for():
    settings = ring()
    settings["heat_pumps"]["hp"]["use_temperature"] = {
        "kind": "store",
        "store": "tes",
        "kwh_per_k": 10.0,
        "direction": "cold",
        "t_min_degc": 5.0,
    }
    with pytest.raises(ValidationError, match="t_max_degc"):
        RingConfig.model_validate(settings)
    RingConfig.model_validate({**settings, "oddities": {"cold_store_warm_when_full": True}})


def test_the_longer_key_wins_and_unknown_pumps_are_named():
    settings = ring()
    settings["heat_pumps"]["offices::hp"] = {**settings["heat_pumps"]["hp"], "service": "cooling"}
    config = RingConfig.model_validate(settings)
    assert config.heat_pump("offices::hp").service == "cooling"
    assert config.heat_pump("homes::hp").service == "heating"
    with pytest.raises(ConfigError, match="homes::boiler"):
        compile_heat_pumps(config, ("homes::hp", "homes::boiler"))
