"""Boreholes at the plant of two pipes: what they give, what they remember, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.iteration import start_cop, with_cop
from anello.ring import RingConfig, simulate
from anello.ring.adapt import ring_dataset
from anello.ring.borefield.field import compile_borefield
from ring_districts import coupled_two_pipes
from small_steps import SMALL_K, step
from two_lines import PLANT, any_network, branch, dispatch, ring

FIELD = {
    "field": {"kind": "rectangle", "rows": 2, "columns": 3},
    "depth_m": 80.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 11.0,
    "flow_kg_s": 4.0,
}


def with_field(always: bool = False, **changes):
    plant = PLANT | {"borefield": FIELD | {"always": always}}
    return ring([branch("plant", "a")], plant=plant, **changes)


def test_boreholes_give_what_lies_between_ground_and_water():
    """The first hour by hand: Q = (T_ground − T_water)/R of wall, borehole and exchanger."""
    config = with_field(warm_degc=16.0, difference_k=6.0)
    result = simulate(config, dispatch({"a::hp": np.full(5, 60.0)}))
    field = compile_borefield(config.plant.borefield)
    idle, drop = field.answer(field.rest(), 1.0)
    through = 45.0 / 6.0
    water = float(result.plant_degc[0])
    assert idle == pytest.approx(field.undisturbed_degc)
    per_k = field.conductance_kw_per_k(drop, through)
    given = result.q_bal_kw["borefield"][0]
    assert given == pytest.approx(per_k * (idle - water))
    assert 0.0 < given < 45.0
    # The heater adds what is missing to the warm line's temperature.
    assert result.q_bal_kw["backup_heater"][0] == pytest.approx(through * (16.0 - water) - given)
    assert np.diff(result.field.wall_degc).max() < 0.0


def test_the_ground_remembers_through_hours_without_water():
    heat = np.zeros(30)
    heat[:10] = 60.0
    result = simulate(with_field(warm_degc=16.0), dispatch({"a::hp": heat}))
    wall = result.field.wall_degc
    assert wall[10] < wall[30] < wall[0]
    assert result.q_bal_kw["borefield"][10:] == pytest.approx(np.zeros(20))
    assert (np.diff(wall[10:]) > 0.0).all()


@pytest.mark.parametrize("always", [False, True])
def test_only_boreholes_that_always_exchange_cool_what_is_colder_than_wanted(always):
    """Water for the warm line that is warmer than it should be, over colder ground."""
    config = with_field(always, warm_degc=15.0, difference_k=1.0)
    data = dispatch({"a::hp": np.full(3, 40.0), "a::ch": np.zeros(3)})
    found = simulate(config.model_copy(update={"initial_degc": 15.0}), data)
    cooled = found.q_bal_kw["borefield"] < 0.0
    assert bool(cooled[0]) is always
    assert found.second_law.violations == 0


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_audits_close_with_boreholes_in_any_network(seed, always):
    config, data = any_network(seed, meshed=True)
    plant = config.plant or RingConfig.model_validate({"heat_pumps": {}, "plant": PLANT}).plant
    field = (
        type(config)
        .model_validate(
            {"heat_pumps": {}, "plant": PLANT | {"borefield": FIELD | {"always": always}}}
        )
        .plant.borefield
    )
    config = config.model_copy(update={"plant": plant.model_copy(update={"borefield": field})})
    result = simulate(config, data)
    assert result.audit.relative <= 1e-6
    assert result.second_law.violations == 0
    assert ring_dataset(result)["borefield_wall_degc"].shape == (15,)


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("seed", [1, 3])
def test_the_promise_of_a_small_step_is_kept_with_boreholes(seed, always):
    """What heat costs the plant counts what boreholes give of it, in ground as it was left."""
    slp = {"balancing": "deadband", "trust_region_k": 1.0}
    plain = coupled_two_pipes(seed, {"method": "slp", "slp": slp}, days=2)
    told = plain.ring.model_dump(mode="json")
    told["plant"]["borefield"] = FIELD | {"always": always}
    settings = CouplingConfig.model_validate({"method": "slp", "slp": slp})
    made = CoupledDistrict(plain.data, RingConfig.model_validate(told), settings)
    about = with_cop(made.ring, made.heat_pumps, start_cop(made.data, made.heat_pumps))
    for number in range(2):
        done, _, about = step(made, about, number)
    done, verdict, _ = step(made, about.with_trust_region(SMALL_K), 9)
    assert verdict.predicted_decrease_eur > 1e-4
    assert verdict.rho == pytest.approx(1.0, abs=0.1)
    assert np.abs(done.ring.q_bal_kw["borefield"]).sum() > 100.0


def test_boreholes_have_no_substation_of_their_own():
    plant = PLANT | {"borefield": FIELD | {"substation": "a"}}
    with pytest.raises(ValidationError, match="boreholes lie at the plant"):
        ring([branch("plant", "a")], plant=plant)
