"""A borefield in the programme: its rows are the simulation's, and the search uses them."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest

from anello.coupling.borefield import field_limits, field_rows, idle_degc
from anello.coupling.exchange_file import read_linearisation, write_cop
from anello.coupling.incumbent import linearise
from anello.coupling.operate import operate_district
from anello.coupling.prices import Prices
from anello.errors import InputError
from ring_districts import coupled

FIELD: dict[str, Any] = {
    "field": {"kind": "rectangle", "rows": 3, "columns": 4},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 8.0,
}
NO_WELLS = {"wells": {"max_flow_kg_s": 0.0}}


def district(
    seed: int = 1, *, loop: bool = False, coupling: dict[str, Any] | None = None, **field: Any
) -> Any:
    plant = NO_WELLS | {"borefield": FIELD | field}
    return coupled(seed, coupling, days=1, loop=loop, plant=plant)


@pytest.mark.parametrize("always", [False, True], ids=["asked", "always"])
@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
@pytest.mark.parametrize("seed", [0, 1])
def test_programme_and_simulation_agree_at_the_end(seed: int, loop: bool, always: bool) -> None:
    to_the_end = {} if loop else {"predicted_decrease": 1e-6}
    found = district(seed, loop=loop, always=always, coupling=to_the_end).run()
    assert found.record.converged
    last = found.record.trace[-1]
    assert last.j_lp_eur == pytest.approx(last.j_sim_eur, rel=1e-3)
    field = found.best.ring.field
    assert field is not None
    drop = found.best.dispatch["ring_field"].sum("mass").values
    np.testing.assert_allclose(
        field.wall_degc[0] - drop, field.wall_degc[1:], atol=0.05 if loop or always else 1e-3
    )
    if always or seed == 1:
        assert np.abs(found.best.ring.q_bal_kw["borefield"]).sum() > 50.0


@pytest.mark.parametrize("always", [False, True], ids=["asked", "always"])
@pytest.mark.parametrize("seed", [1, 3])
def test_a_long_run_takes_the_ground_as_it_was_left(seed: int, always: bool) -> None:
    """Its programme has no masses; from one to the next the ground is simulated anew."""
    followed = district(seed, always=always).run().best
    with mock.patch("anello.coupling.borefield.LONG_STEPS", 0):
        made = district(seed, always=always)
        found = made.run()
    assert found.record.converged
    assert not made.rows.field.followed
    assert "ring_field" not in found.best.dispatch
    assert found.best.cost.total_eur == pytest.approx(followed.cost.total_eur, rel=2e-3)
    heat = found.best.ring.q_bal_kw["borefield"]
    if always or seed == 1:
        assert np.abs(heat).sum() > 50.0
    # The simulation remembers: its wall is what the heat makes of ground at rest.
    field = made.rows.field
    walls = idle_degc(field, heat) - field.drop_k_per_kw.sum(axis=0) * heat
    np.testing.assert_allclose(walls, found.best.ring.field.wall_degc[1:], atol=1e-9)


def test_limits_of_the_fluid_within_the_rings_bounds_keep_the_masses() -> None:
    with mock.patch("anello.coupling.borefield.LONG_STEPS", 0):
        wide = district(1).rows.field
        narrow = district(1, fluid_degc=[9.0, 14.0]).rows.field
    assert not wide.followed
    assert not wide.fluid_binds
    assert narrow.followed
    assert narrow.fluid_binds


def test_a_field_spares_dearer_devices() -> None:
    with_field = district(1).run().best
    without = coupled(1, days=1, plant=NO_WELLS).run().best
    assert with_field.cost.total_eur < without.cost.total_eur


@pytest.mark.parametrize("always", [False, True], ids=["asked", "always"])
@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
def test_the_rows_hold_at_an_incumbent(loop: bool, always: bool) -> None:
    made = district(1, loop=loop, always=always)
    best = made.run(must_converge=False).best
    rows = made.rows
    field = rows.field
    assert field is not None
    about = linearise(
        made.ring,
        rows,
        best.flows,
        best.ring,
        trust_region_k=0.01,
        cost_eur=1.0,
        given_cost_eur=0.0,
        iteration=0,
        prices=Prices.of(rows, best.cost.price_eur_per_kwh, best.dispatch),
    )
    heat = best.ring.q_bal_kw["borefield"]
    np.testing.assert_array_equal(about.field_kw, heat)
    # The wall that the simulation found is idle wall and the heat's own drop.
    walls = idle_degc(field, heat) - field.drop_k_per_kw.sum(axis=0) * heat
    assert best.ring.field is not None
    np.testing.assert_allclose(walls, best.ring.field.wall_degc[1:], atol=1e-9)
    values: dict[str, Any] = {}
    bounds: dict[str, Any] = {}
    field_limits(made.ring, rows, about, values, bounds)
    water, mean = best.ring.field.water_degc.copy(), best.ring.temperature_degc.copy()
    water[0] = mean[0] = 0.0  # they are given, and on the right-hand side
    ends = np.diff(mean) if loop else mean[1:]
    masses = np.zeros((len(field.masses), heat.size))
    for step in range(1, heat.size):
        masses[:, step] = (
            field.keep[:, step - 1] * masses[:, step - 1]
            + field.drop_k_per_kw[:, step - 1] * heat[step - 1]
        )
    per_k, memory = values["ring_field_kw_per_k"], values["ring_field_kw_per_mass"]
    by_end = {way: slope * ends for way, slope in values["ring_field_kw_per_k_risen"].items()}
    if always:
        known = sum(memory[f"borefield|{m}"] * masses[j] for j, m in enumerate(field.masses))
        side = heat + per_k["borefield"] * water + by_end["borefield"] + known
        np.testing.assert_allclose(side, bounds["ring_field_always"][1][0], atol=1e-6)
        return
    for row, (way, sign) in enumerate(zip(field.ways, field.signs, strict=True)):
        known = sum(memory[f"{way}|{m}"] * masses[j] for j, m in enumerate(field.masses))
        side = np.maximum(sign * heat, 0.0) + sign * (per_k[way] * water + by_end[way] + known)
        assert (side <= bounds["ring_field_max"][1][row] + 1e-6).all()


def test_the_field_is_handed_over(tmp_path: Any) -> None:
    made = district(1)
    made.run(must_converge=False)
    about = made.incumbent
    times = np.datetime64("2015-05-04") + np.arange(24) * np.timedelta64(1, "h")
    path = tmp_path / "next.nc"
    write_cop(path, dict(zip(about.nodes, about.cop, strict=True)), times, about)
    np.testing.assert_array_equal(read_linearisation(path).field_kw, about.field_kw)
    assert np.abs(about.field_kw).max() > 0.0


def test_a_ring_without_a_field_has_no_rows_of_one() -> None:
    made = coupled(1, days=1)
    assert made.rows.field is None
    assert field_rows(made.ring, np.ones(1)) is None


def test_a_rolling_horizon_refuses_the_grounds_memory() -> None:
    made = district(1)
    with pytest.raises(InputError, match="memory is not carried"):
        operate_district(made.data, made.ring, made.coupling, window_h=12, horizon_h=24)
