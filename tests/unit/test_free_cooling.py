"""Free cooling: what an exchanger before a heat pump does, and that nobody gets it for nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.present.report.scenario_sections import free_cooling_html
from anello.ring import RingConfig, simulate
from anello.ring.adapt import ring_dataset
from anello.ring.cop import compile_heat_pump
from anello.ring.cop_config import FreeCooling, HeatPumpConfig
from anello.ring.cop_maps import Quadratic
from anello.ring.exchange import RingInput
from anello.ring.free_cooling import VALVE, WithFreeCooling
from ring_districts import coupled

ALONE = Quadratic(5.81, 0.121, 0.000630, -1, 0.0, 60.0)
HERE = WithFreeCooling(ALONE, FreeCooling())
SETTINGS = {
    "service": "cooling",
    "cop_map": {
        "kind": "quadratic",
        "c0": 5.81,
        "c1": 0.121,
        "c2": 0.00063,
        "valid_lift_k": [0, 60],
    },
    "use_temperature": {"kind": "fixed", "degc": 16.0},
    "free_cooling": {},
}


def at(ring_degc, use_degc=16.0):
    return np.atleast_1d(np.asarray(ring_degc, float)), np.full(np.size(ring_degc), use_degc)


def ring(**changes) -> RingConfig:
    return RingConfig.model_validate(
        {
            "heat_pumps": {"hp": {**SETTINGS, **changes}},
            "water": {"mass_kg": 1e6},
            "plant": {"wells": {"max_flow_kg_s": 50.0}},
        }
    )


def flows(steps=48, q_kw=100.0) -> RingInput:
    times = np.datetime64("2015-07-01", "ns") + np.arange(steps) * np.timedelta64(3600, "s")
    full = np.full((1, steps), q_kw)
    return RingInput(
        nodes=("a::hp",),
        times=times,
        step_h=np.ones(steps),
        q_kw=full,
        cop_dispatch=np.full_like(full, 5.0),
        storage_kwh=np.full_like(full, np.nan),
        storage_start_kwh=np.zeros(1),
    )


def test_the_share_is_what_the_exchanger_takes_out_of_the_circuit():
    """Supply 16 °C, return 21 °C, ring 18 °C, ε = 0.8: 2.4 of 5 K, less half a valve."""
    share = HERE.share(*at(18.0))[0]
    assert share == pytest.approx(0.8 * (21.0 - 18.0) / 5.0 - VALVE / 2)
    power = share * 0.02 + (1.0 - share) / (5.81 - 0.121 * 2 + 0.00063 * 4)
    assert HERE.evaluate(*at(18.0)).cop[0] == pytest.approx(1.0 / power)


def test_a_warm_ring_leaves_all_to_the_compressor_and_a_cold_one_nothing():
    warm = at([21.0, 25.0, 40.0])
    assert HERE.share(*warm) == pytest.approx(0.0, abs=0.0)
    assert np.array_equal(HERE.evaluate(*warm).cop, ALONE.evaluate(*warm).cop)
    cold = at([2.0, 10.0, 14.0])
    assert HERE.share(*cold) == pytest.approx(1.0, abs=1e-12)
    assert HERE.evaluate(*cold).cop == pytest.approx(50.0)


@given(
    ring_degc=st.floats(-5.0, 40.0),
    use_degc=st.floats(4.0, 20.0),
    effectiveness=st.floats(0.05, 1.0),
    spread_k=st.floats(1.0, 12.0),
)
def test_never_more_than_the_exchanger_can_and_smooth(ring_degc, use_degc, effectiveness, spread_k):
    one = WithFreeCooling(ALONE, FreeCooling(effectiveness=effectiveness, spread_k=spread_k))
    here = at(ring_degc, use_degc)
    share = one.share(*here)[0]
    most = np.clip(effectiveness * (use_degc + spread_k - ring_degc) / spread_k, 0.0, 1.0)
    assert most - VALVE / 2 - 1e-12 <= share <= most + 1e-12
    point = one.evaluate(*here)
    assert one.scalar()(ring_degc, use_degc) == pytest.approx(point.cop[0], rel=1e-12)
    h = 1e-6
    near_a_corner = abs(ring_degc - use_degc) < 1e-4
    if not near_a_corner:
        by_ring = one.scalar()(ring_degc + h, use_degc) - one.scalar()(ring_degc - h, use_degc)
        by_use = one.scalar()(ring_degc, use_degc + h) - one.scalar()(ring_degc, use_degc - h)
        scale = 1e-3 * max(1.0, point.cop[0] ** 2 / spread_k)
        assert point.d_ring[0] == pytest.approx(by_ring / (2 * h), abs=scale * 1e-2)
        assert point.d_use[0] == pytest.approx(by_use / (2 * h), abs=scale * 1e-2)


def test_the_range_of_the_map_binds_only_where_the_compressor_runs():
    pump = compile_heat_pump(HeatPumpConfig.model_validate({**SETTINGS, "out_of_range": "error"}))
    hours = np.arange(1)
    # 12 °C is a lift of −4 K, outside the map; but there the exchanger does it all
    cold, use = at(12.0)
    assert pump.count_outside("hp", cold, use, np.ones(1), hours) == 0
    assert (
        compile_heat_pump(
            HeatPumpConfig.model_validate(
                {**SETTINGS, "free_cooling": None, "out_of_range": "clip"}
            )
        ).count_outside("hp", cold, use, np.ones(1), hours)
        == 1
    )


def test_simulation_accounts_for_free_cold_and_passes_both_audits():
    result = simulate(ring(out_of_range="clip"), flows())
    assert 0.0 < result.free_kw.sum() < result.q_kw.sum()
    assert result.second_law.violations == 0
    assert result.q_ring_kw == pytest.approx(result.q_kw + result.p_kw)
    alone = simulate(ring(out_of_range="clip", free_cooling=None), flows())
    assert not alone.free_kw.any()
    assert result.p_kw.sum() < alone.p_kw.sum()


def test_the_audit_catches_an_exchanger_that_cools_below_the_ring(monkeypatch):
    """An effectiveness that is larger in truth than the audit is told would be for nothing."""
    from anello.errors import SecondLawError
    from anello.ring import free_cooling

    monkeypatch.setattr(
        free_cooling.WithFreeCooling, "share", lambda self, water, use: np.ones_like(water)
    )
    warm = ring(out_of_range="clip").model_copy(update={"initial_degc": 19.5})
    with pytest.raises(SecondLawError, match="exchanger"):
        simulate(warm, flows(q_kw=800.0))


@pytest.mark.parametrize("loop", [False, True])
def test_free_cooling_never_costs_more(loop):
    """Same district, with and without; the search finds the cheaper one."""
    with_it = coupled(3, loop=loop, free_cooling={"spread_k": 6.0}).run().best
    without = coupled(3, loop=loop).run().best
    assert with_it.ring.free_kw.sum() > 0.0
    assert with_it.cost.total_eur < 0.95 * without.cost.total_eur


def test_heating_is_refused():
    with pytest.raises(ValidationError, match="a ring does not heat freely"):
        HeatPumpConfig.model_validate({**SETTINGS, "service": "heating"})


def test_the_study_is_refused():
    with pytest.raises(ValidationError, match="use `mode: physical`"):
        RingConfig.model_validate({**ring().model_dump(), "mode": "iccep2019", "plant": None})


def test_the_report_says_how_much_was_free():
    data = simulate(ring(out_of_range="clip"), flows())
    told = free_cooling_html(ring_dataset(data))
    assert f"{data.free_kw.sum() / 1000:,.0f} MWh" in told
    assert f"{data.free_kw.sum() / data.q_kw.sum():.0%}" in told
    none = simulate(ring(out_of_range="clip", free_cooling=None), flows())
    assert free_cooling_html(ring_dataset(none)) == ""
