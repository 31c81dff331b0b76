"""A ring that its plant does not hold is told, with hour, place and what is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anello.errors import InputError
from anello.ring import RingConfig, simulate
from anello.ring.adapt import ring_dataset, ring_result
from anello.ring.exchange import RingInput
from anello.ring.fluid import RingWater, ring_medium
from anello.ring.held import DRAINED, drained, unheld
from anello.ring.liquid import require_liquid
from ring_districts import loop_section

STEPS = 48


def cooled_by(heater_kw: float) -> RingConfig:
    return RingConfig.model_validate(
        {
            "heat_pumps": {
                "hp": {
                    "service": "heating",
                    "cop_map": {
                        "kind": "quadratic",
                        "c0": 4.0,
                        "c1": 0,
                        "c2": 0,
                        "valid_lift_k": [0, 60],
                    },
                    "use_temperature": {"kind": "fixed", "degc": 35.0},
                    "out_of_range": "clip",
                }
            },
            "water": {"mass_kg": 3.6e6 / 4.18},  # about 1000 kWh/K
            "plant": {"backup_heater": {"max_kw": heater_kw}},
        }
    )


def flows(q_kw: float = 1000.0) -> RingInput:
    one = np.ones((1, STEPS))
    return RingInput(
        nodes=("a::hp",),
        times=np.datetime64("2015-01-01", "ns") + np.arange(STEPS) * np.timedelta64(3600, "s"),
        step_h=np.ones(STEPS),
        q_kw=q_kw * one,
        cop_dispatch=4.0 * one,
        storage_kwh=np.nan * one,
        storage_start_kwh=np.zeros(1),
    )


def test_what_the_plant_lacks_is_the_heat_that_the_water_gave_beyond_its_bound():
    """750 kW are taken, 300 kW given: 450 kW are missing once 10 °C are reached."""
    ring = ring_dataset(simulate(cooled_by(300.0), flows()))
    found = unheld(ring)
    assert found is not None
    assert found.lacking_kw == pytest.approx(450.0, rel=1e-3)
    assert found.bound_degc == 10.0
    assert found.degc == pytest.approx(float(ring["temperature_degc"].min()))
    assert found.when == "2015-01-03 00:00"
    assert found.steps == int((ring["temperature_degc"] < 9.9).sum())
    text = str(found)
    assert "lacks up to 450 kW of heat" in text
    assert "ring.plant.central_heat_pump`, `backup_heater`" in text


@pytest.mark.parametrize(("outdoor_degc", "still"), [(-25.0, True), (0.0, False)])
def test_a_heat_pump_whose_source_is_too_cold_is_no_matter_of_size(outdoor_degc, still):
    made = cooled_by(100.0).model_dump()
    made["plant"]["central_heat_pump"] = {"max_kw": 200.0}
    air = replace(flows(), outdoor_degc=np.full(STEPS, outdoor_degc))
    ring = ring_dataset(simulate(RingConfig.model_validate(made), air))
    found = unheld(ring)
    assert found is not None
    assert found.stands_still == still
    assert ("The central heat pump gives nothing then" in str(found)) == still
    assert ("`ring.plant.backup_heater`" in str(found)) == still
    assert not unheld(ring_dataset(simulate(cooled_by(100.0), air))).stands_still
    ring["temperature_degc"][-1] = -3.0
    with pytest.raises(InputError) as error:
        require_liquid(ring, ring_medium(RingWater(), (10.0, 20.0)), "smart")
    assert ("stands still. Name a larger `backup_heater`, more" in str(error.value)) == still


def test_a_ring_that_is_held_has_nothing_to_tell():
    assert unheld(ring_dataset(simulate(cooled_by(1000.0), flows()))) is None


def test_water_that_heat_pumps_live_on_is_told_unless_it_is_paid_for():
    """Of 36 MWh that are taken, the heater gives what the water does not."""
    ring = ring_dataset(simulate(cooled_by(300.0), flows())).assign_attrs(end_cost_eur=0.0)
    fell_k = float(ring["temperature_degc"][0] - ring["temperature_degc"][-1])
    given_mwh = fell_k * float(ring.attrs["capacity_kwh_per_k"]) / 1e3
    assert given_mwh > DRAINED * 36.0
    said = drained(ring)
    assert said is not None
    assert said.startswith(f"The water itself gives {given_mwh:,.1f} MWh beside 36.0 MWh")
    assert f"ends {fell_k:.1f} K colder" in said
    assert drained(ring.assign_attrs(end_cost_eur=12.0)) is None
    ring["temperature_degc"][-1] = ring["temperature_degc"][0] - 0.5 * DRAINED * 36.0
    assert drained(ring) is None


def test_the_capacity_survives_a_file():
    result = simulate(cooled_by(300.0), flows())
    assert result.capacity_kwh_per_k == pytest.approx(1000.0, rel=1e-2)
    assert ring_result(ring_dataset(result)).capacity_kwh_per_k == result.capacity_kwh_per_k


def test_on_a_loop_the_substation_is_named_and_the_advice_is_of_loops():
    settings = cooled_by(3.0).model_dump() | {"model": "loop", "loop": loop_section(["a"])}
    ring = RingConfig.model_validate(settings)
    result = simulate(ring, flows(10.0))
    assert result.place_names == ("at_a",)
    made = ring_dataset(result)
    assert ring_result(made).place_names == result.place_names
    found = unheld(made)
    assert found is not None
    assert found.where in ("at_a", "mean")
    assert "`ring.loop`: wider pipes" in str(found)
    assert "ring.water.mass_kg" not in str(found)


def two_pipes(heater_kw: float, **pipe: float) -> RingConfig:
    network = {
        "difference_k": 4.0,
        "substations": [{"name": "at_a", "heat_pumps": ["a"]}],
        "branches": [{"start": "plant", "end": "at_a", "inner_diameter_m": 0.3, **pipe}],
    }
    settings = cooled_by(heater_kw).model_dump() | {"model": "two_pipe", "two_pipe": network}
    return RingConfig.model_validate(settings)


def test_a_plant_of_two_pipes_that_is_too_small_is_told_to_grow():
    found = unheld(ring_dataset(simulate(two_pipes(745.0, length_m=200.0), flows())))
    assert found is not None
    assert found.at_plant
    assert found.where in ("at_a, cold", "plant, cold")
    text = str(found)
    assert "larger plant (`ring.plant.central_heat_pump`, `backup_heater`" in text
    assert "ring.two_pipe.difference_k" in text
    assert "ring.loop" not in text


def test_water_that_hardly_flows_is_not_the_plants_fault():
    """Half a kilowatt through a kilometre of bare pipe in ground of 12 °C."""
    bare = {"length_m": 1000.0, "insulation_thickness_m": 0.0, "wall_thickness_m": 0.02}
    found = unheld(ring_dataset(simulate(two_pipes(300.0, **bare), flows(0.5))))
    assert found is not None
    assert not found.at_plant
    assert found.where == "at_a, cold"
    text = str(found)
    assert "The plant lacks nothing" in text
    assert "insulated pipes" in text
    assert "larger plant" not in text
