"""Part load and standby: electricity by output, heat in the ring, cost, derivatives, programme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from anello.errors import InputError
from anello.ring.adjoint import sensitivity
from anello.ring.config import RingConfig
from anello.ring.cop_config import HeatPumpConfig
from anello.ring.exchange import RingInput
from anello.ring.part_load import part_loads
from anello.ring.simulation import simulate
from ring_districts import PART_LOAD, coupled

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
    },
}
POINTS = [(0.2, 0.8), (0.5, 1.1), (1.0, 1.0)]
CAPACITY_KW = 100.0


def ring(model: str = "mixed", **pump: Any) -> RingConfig:
    return RingConfig.model_validate(
        {
            "model": model,
            "initial_degc": 12.0,
            "bounds_degc": (3.0, 26.0),
            "water": {"mass_kg": 5.0e4},
            "heat_pumps": {
                "heating": {
                    "service": "heating",
                    "use_temperature": {"kind": "fixed", "degc": 40.0},
                    "cop_map": {"kind": "carnot"},
                    **pump,
                }
            },
            "plant": {"backup_heater": {"max_kw": 200.0}},
            **({model: MODELS[model]} if MODELS[model] else {}),
        }
    )


def heated(q_kw: Any, capacity_kw: float | None = CAPACITY_KW) -> RingInput:
    q = np.atleast_2d(np.asarray(q_kw, dtype=float))
    steps = q.shape[1]
    return RingInput(
        nodes=("a::heating",),
        times=np.datetime64("2021-01-01", "ns") + np.arange(steps) * np.timedelta64(1, "h"),
        step_h=np.ones(steps),
        q_kw=q,
        cop_dispatch=np.full(q.shape, 4.0),
        storage_kwh=np.full(q.shape, np.nan),
        storage_start_kwh=np.zeros(1),
        capacity_kw=None if capacity_kw is None else np.array([capacity_kw]),
    )


@pytest.mark.parametrize("model", MODELS)
def test_the_points_are_met_and_below_the_first_a_line(model: str) -> None:
    data = heated([20.0, 50.0, 100.0, 10.0, 0.0, 130.0])
    found = simulate(ring(model, part_load=POINTS), data)
    map_cop = simulate(ring(model), data).cop
    assert found.audit.relative < 1e-9
    # The water differs by what the electricity differs: in the first step by what comes round.
    assert found.cop[0, 0] == pytest.approx(0.8 * map_cop[0, 0], rel=1e-4)
    loads = part_loads(ring(part_load=POINTS), data)
    assert loads is not None
    np.testing.assert_allclose(1.0 / loads.works[0], [0.8, 1.1, 1.0, 0.8, 0.8, 1.0])
    np.testing.assert_allclose(found.p_kw[0, :4], data.q_kw[0, :4] / found.cop[0, :4])
    np.testing.assert_allclose(found.q_ring_kw, found.p_kw - data.q_kw)


def test_more_output_takes_more_electricity_everywhere() -> None:
    q = np.linspace(0.0, 110.0, 2201)
    loads = part_loads(ring(part_load=POINTS, standby_kw=0.4), heated(q))
    assert loads is not None
    taken = q * loads.works[0] + 4.0 * loads.standby_kw[0]
    assert (np.diff(taken) > 0).all()
    slope = 4.0 * loads.kw_per_kw(np.full((1, q.size), 4.0) / loads.works)[0]
    middle = (np.diff(taken) / np.diff(q))[:-1]
    smooth = np.abs(q[1:-1] - 20.0) > 0.1
    smooth &= np.abs(q[1:-1] - 100.0) > 0.1
    np.testing.assert_allclose(slope[1:-1][smooth], middle[smooth], rtol=0.01)


def test_standby_is_drawn_for_the_time_that_the_machine_stands() -> None:
    data = heated([0.0, 5.0, 10.0, 20.0, 80.0])
    modulates = part_loads(ring(part_load=POINTS, standby_kw=0.4), data)
    on_or_off = part_loads(ring(standby_kw=0.4), data)
    assert modulates is not None
    assert on_or_off is not None
    np.testing.assert_allclose(modulates.standby_kw[0], [0.4, 0.3, 0.2, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(on_or_off.standby_kw[0], [0.4, 0.38, 0.36, 0.32, 0.08])
    assert not on_or_off.curved.any()
    found = simulate(ring(standby_kw=0.4), data)
    np.testing.assert_allclose(found.p_kw - data.q_kw / found.cop, on_or_off.standby_kw, atol=1e-12)
    np.testing.assert_array_equal(found.q_ring_kw, simulate(ring(), data).q_ring_kw)


@pytest.mark.parametrize("model", ["mixed", "loop"])
def test_derivatives_are_those_of_the_simulation(model: str) -> None:
    config = ring(model, part_load=POINTS, standby_kw=0.4).model_copy(update={"plant": None})
    data = heated([12.0, 35.0, 70.0, 0.0, 55.0, 90.0])
    price = np.full(data.q_kw.shape, 0.3)
    found = sensitivity(config, data, simulate(config, data), price).output_eur_per_kwh[0]

    def cost(step: int, kw: float) -> float:
        q = data.q_kw.copy()
        q[0, step] += kw
        moved = replace(data, q_kw=q)
        return float((0.3 * simulate(config, moved).p_kw).sum())

    for step in (0, 1, 2, 4, 5):
        slope = (cost(step, 1e-3) - cost(step, -1e-3)) / 2e-3
        assert found[step] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"part_load": [(0.5, 1.0), (0.3, 1.0)]}, "must rise"),
        ({"part_load": [(0.3, 1.0), (0.9, 1.0)]}, "end with 1"),
        ({"part_load": [(0.5, 0.4), (1.0, 1.0)]}, "more electricity"),
        ({"part_load": [(1.0, 1.0)]}, "at least 2"),
        (
            {"service": "cooling", "part_load": POINTS, "free_cooling": {}},
            "with `free_cooling` is not known",
        ),
    ],
)
def test_impossible_machines_are_refused(given: dict[str, Any], words: str) -> None:
    base = {
        "service": "heating",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {"kind": "fixed", "degc": 40.0},
    }
    with pytest.raises(ValidationError, match=words):
        HeatPumpConfig.model_validate(base | given)


def test_part_load_needs_a_size_and_standby_in_kilowatts() -> None:
    with pytest.raises(InputError, match="how large this heat pump is"):
        simulate(ring(part_load=POINTS), heated([10.0], None))
    loads = part_loads(ring(standby_kw=400.0), heated([10.0]))
    assert loads is not None
    with pytest.raises(InputError, match="while it stands than while it runs"):
        loads.kw_per_kw(np.full((1, 1), 4.0))
    assert part_loads(ring(), heated([10.0], None)) is None
    # A machine of no size does not exist, and draws nothing.
    none = part_loads(ring(standby_kw=0.4), heated([0.0], 0.0))
    assert none is not None
    assert none.standby_kw[0, 0] == 0.0


@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
def test_the_search_ends_where_programme_and_simulation_agree(loop: bool) -> None:
    found = coupled(0, days=1, loop=loop, pump=PART_LOAD).run()
    assert found.record.converged
    last = found.record.trace[-1]
    assert last.j_lp_eur == pytest.approx(last.j_sim_eur, rel=1e-3)
    fixed = coupled(0, {"method": "fixed_point", "max_iterations": 5}, days=1, pump=PART_LOAD)
    if not loop:
        best = fixed.run(must_converge=False).best
        assert found.best.cost.total_eur <= best.cost.total_eur * (1 + 1e-6)


def test_standby_is_paid_for() -> None:
    found, without = (
        coupled(0, {"method": "fixed_point", "max_iterations": 1}, days=1, pump=pump)
        .run(must_converge=False)
        .best.cost.total_eur
        for pump in ({"standby_kw": 0.5}, {})
    )
    assert found > without
