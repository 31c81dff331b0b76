"""A borefield at its horizon: years by year in results, and the last one held by the programme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.borefield import beyond_at_horizon_k
from anello.coupling.iteration import start_cop, with_cop
from anello.errors import InputError
from anello.ring.adapt import ring_dataset, ring_result
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import compile_borefield, repeat
from ring_districts import coupled
from small_steps import SMALL_K, step

YEARS = 25
FIELD: dict[str, Any] = {
    "field": {"kind": "rectangle", "rows": 1, "columns": 2},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 8.0,
    "fluid_degc": (9.8, 19.5),
    "horizon_years": YEARS,
}


def year(
    seed: int,
    coupling: dict[str, Any] | None = None,
    sizes: dict[str, Any] | None = None,
    **field: Any,
) -> Any:
    """A district of a year in days, on much water and a small field."""
    return coupled(
        seed,
        {"max_iterations": 2, "slp": {"trust_region_k": 1.0}, **(coupling or {})},
        days=365,
        resolution="24h",
        mass_kg=3e7,
        plant={
            "wells": {"max_flow_kg_s": 0.0},
            "borefield": FIELD | field,
            "sizes": sizes or {},
        },
    )


def after_all_years(made: Any, heat_kw: np.ndarray) -> np.ndarray:
    """Entering fluid of the last year, simulated through every step of all the years before."""
    field = compile_borefield(made.ring.plant.borefield)
    walls = field.walls_degc(np.tile(heat_kw, YEARS), np.full(heat_kw.size * YEARS, 24.0))
    return field.fluid(walls[-heat_kw.size :], heat_kw)[0]


@pytest.mark.parametrize(
    ("seed", "side", "free_k"), [(0, 1, 4.0), (4, 0, 0.4)], ids=["warm", "cold"]
)
def test_the_programme_keeps_the_fluid_of_the_last_year(
    seed: int, side: int, free_k: float
) -> None:
    limit = FIELD["fluid_degc"][side]
    made = year(seed, hold_at_horizon=True)
    found = made.run(must_converge=False).best
    heat = found.dispatch["ring_heat"].sel(device=["borefield_heating", "borefield_cooling"])
    fluid = after_all_years(made, np.array([1.0, -1.0]) @ heat.values / 24.0)
    low, high = FIELD["fluid_degc"]
    assert fluid.min() > low - 1e-5
    assert fluid.max() < high + 1e-5
    assert np.abs(fluid - limit).min() < 1e-5
    # The simulated year does as the programme told it to.
    field = found.ring.field
    np.testing.assert_allclose(
        field.horizon_entering_degc, after_all_years(made, found.ring.q_bal_kw["borefield"])
    )
    assert np.abs(field.horizon_entering_degc - fluid).max() < 0.3
    free = year(seed).run(must_converge=False).best
    assert free.ring.field is not None
    beyond = low - free.ring.field.horizon_entering_degc.min()
    beyond = max(beyond, free.ring.field.horizon_entering_degc.max() - high)
    assert beyond > free_k


def test_what_is_beyond_is_what_all_years_lead_to() -> None:
    made = year(4, hold_at_horizon=True)
    rows = made.rows.field
    heat = 3.0 * np.sin(np.arange(365) / 58.0) + 2.0
    fluid = after_all_years(made, heat)
    low, high = FIELD["fluid_degc"]
    expected = max(low - fluid[heat > 0].min(), 0.0) + max(fluid[heat < 0].max() - high, 0.0)
    assert expected > 0.5
    assert beyond_at_horizon_k(rows, heat) == pytest.approx(expected, abs=1e-7)
    assert beyond_at_horizon_k(year(4).rows.field, heat) == 0.0


def test_a_small_step_keeps_its_promise_at_the_horizon() -> None:
    made = year(4, hold_at_horizon=True)
    about = with_cop(made.ring, made.heat_pumps, start_cop(made.data, made.heat_pumps))
    for number in range(2):
        _, _, about = step(made, about, number)
    _, verdict, _ = step(made, about.with_trust_region(SMALL_K), 9)
    assert verdict.predicted_decrease_eur > 1e-3
    assert verdict.rho == pytest.approx(1.0, abs=0.1)


def test_a_share_that_is_found_keeps_the_fluid_of_the_last_year() -> None:
    sizes = {"borefield": {"eur_per_year": 300.0, "most": 3.0}}
    made = year(4, sizes=sizes, hold_at_horizon=True)
    about = with_cop(made.ring, made.heat_pumps, start_cop(made.data, made.heat_pumps))
    for number in range(2):
        _, _, about = step(made, about, number)
    done, verdict, _ = step(made, about.with_trust_region(SMALL_K), 9)
    assert about.plant_sizes["borefield"] > 1.2
    assert verdict.rho == pytest.approx(1.0, abs=0.1)
    low, high = FIELD["fluid_degc"]
    assert float(done.dispatch["ring_field_beyond"].sum()) == pytest.approx(0.0, abs=1e-6)
    assert done.ring.field.horizon_entering_degc.min() > low - 0.02
    assert done.ring.field.horizon_entering_degc.max() < high + 0.02


def test_results_tell_wall_and_fluid_by_year() -> None:
    found = year(4, {"max_iterations": 1}).run(must_converge=False).best.ring
    field = compile_borefield(BorefieldConfig.model_validate(FIELD))
    years = repeat(field, found.q_bal_kw["borefield"], found.step_h, YEARS)
    assert found.field is not None
    assert found.field.year_degc is not None
    np.testing.assert_array_equal(found.field.year_degc[0], years.lowest_degc)
    np.testing.assert_array_equal(found.field.year_degc[1], years.highest_degc)
    assert found.field.year_degc[2, 0] == pytest.approx(found.field.entering_degc.min())
    assert found.field.year_degc[3, -1] == found.field.horizon_entering_degc.max()
    written = ring_dataset(found)
    assert written["borefield_entering_lowest_degc"].sizes == {"year": YEARS}
    again = ring_result(written).field
    assert again is not None
    for name, values in vars(found.field).items():
        np.testing.assert_array_equal(getattr(again, name), values)


def test_a_horizon_is_held_only_where_something_can_hold_it() -> None:
    with pytest.raises(ValidationError, match="no meaning with `always`"):
        BorefieldConfig.model_validate(FIELD | {"hold_at_horizon": True, "always": True})
    field = {"plant": {"borefield": FIELD | {"hold_at_horizon": True}}}
    with pytest.raises(InputError, match="this run is 2 days long"):
        coupled(4, days=2, **field)
    with pytest.raises(InputError, match="only a programme that schedules the plant"):
        coupled(4, {"method": "fixed_point"}, days=2, **field)
