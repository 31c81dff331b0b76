"""What flows in ring and boreholes: glycol, and water that never comes near to freezing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from anello.ring import RingConfig
from anello.ring.devices import plant_devices
from anello.ring.fluid import Glycol, RingWater, freezing_degc, ring_medium
from anello.ring.geometry import geometry
from anello.ring.hydraulics import pump_power_kw
from anello.ring.surroundings import Surroundings
from ring_districts import coupled, random_district

BRINE = {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.3}
PUMP = {
    "service": "heating",
    "cop_map": {"kind": "carnot"},
    "use_temperature": {"kind": "fixed", "degc": 35.0},
}
FIELD = {
    "field": {"kind": "rectangle", "rows": 2, "columns": 3},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 2.0,
}


def ring(**changes: Any) -> RingConfig:
    return RingConfig.model_validate({"heat_pumps": {"hp": PUMP}, **changes})


# ASHRAE Handbook Fundamentals 2017, ch. 31, tables 4, 5, 6 to 13: freezing point of 30 % by mass,
# and density, specific heat and viscosity at 0 °C.
@pytest.mark.parametrize(
    ("glycol", "freezes_degc", "density", "kj_per_kgk", "viscosity_pa_s"),
    [("ethylene", -14.1, 1049.0, 3.65, 3.9e-3), ("propylene", -12.7, 1034.0, 3.78, 6.4e-3)],
)
def test_glycol_has_the_properties_of_the_handbook(
    glycol, freezes_degc, density, kj_per_kgk, viscosity_pa_s
):
    found = ring_medium(Glycol(kind="glycol", glycol=glycol, mass_fraction=0.3), (-5.0, 5.0))
    assert found.freezing_degc == pytest.approx(freezes_degc, abs=1.0)
    assert found.density_kg_per_m3 == pytest.approx(density, rel=0.01)
    assert found.kj_per_kgk == pytest.approx(kj_per_kgk, rel=0.02)
    assert found.viscosity_pa_s == pytest.approx(viscosity_pa_s, rel=0.15)


def test_more_glycol_freezes_later():
    points = [
        freezing_degc(Glycol(kind="glycol", glycol="ethylene", mass_fraction=share))
        for share in (0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    assert points == sorted(points, reverse=True)
    assert points[0] < freezing_degc(RingWater()) == 0.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bounds_degc": [2.0, 20.0]}, "`bounds_degc` goes down to 2 °C, and water, .* above 3.0"),
        (
            {"bounds_degc": [-5.0, 20.0]},
            r"set `fluid: \{kind: glycol, glycol: ethylene, mass_fraction: 0.25\}`",
        ),
        ({"bounds_degc": [-20.0, 20.0], "fluid": BRINE}, "0.3 ethylene glycol, .* set more glycol"),
        ({"bounds_degc": [10.0, 95.0]}, "goes up to 95 °C, which no ring of pipes stands"),
        ({"fluid": {**BRINE, "mass_fraction": 0.7}}, "less than or equal to 0.6"),
        (
            {
                "bounds_degc": [-5.0, 20.0],
                "fluid": BRINE,
                "plant": {"sources": {"coil": {"kind": "air", "kw_per_k": 1.0, "max_kw": 9.0}}},
            },
            "source `coil`: .* grows frost",
        ),
        (
            {"fluid": BRINE, "plant": {"borefield": {**FIELD, "effectiveness": 1.0}}},
            "give `plant.borefield.fluid` the same as `fluid`",
        ),
        (
            {
                "model": "two_pipe",
                "initial_degc": 6.0,
                "bounds_degc": [3.0, 20.0],
                "two_pipe": {
                    "substations": [{"name": "a", "heat_pumps": ["a"]}],
                    "branches": [
                        {"start": "plant", "end": "a", "length_m": 9.0, "inner_diameter_m": 0.1}
                    ],
                    "difference_k": 8.0,
                },
            },
            "difference_k` goes down to 2 °C",
        ),
    ],
)
def test_what_would_freeze_or_boil_is_refused_with_a_way_out(changes, words):
    with pytest.raises(ValidationError, match=words):
        ring(**changes)


def test_the_way_out_that_is_named_is_one():
    fluid = {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.2}
    assert ring(bounds_degc=[-4.5, 20.0], fluid=fluid).medium.coldest_degc < -4.5
    assert ring(fluid=BRINE, plant={"borefield": {**FIELD, "effectiveness": 1.0, "fluid": BRINE}})
    assert ring(plant={"borefield": {**FIELD, "effectiveness": 1.0}})


@pytest.mark.parametrize(
    "source",
    [
        {"wells": {"well_degc": 8.0, "max_flow_kg_s": 10.0}},
        {"sources": {"river": {"kind": "stream", "temperature_degc": 8.0, "max_flow_kg_s": 10.0}}},
    ],
    ids=["wells", "stream"],
)
def test_water_that_gives_heat_to_a_cold_ring_returns_above_freezing(source):
    config = ring(
        initial_degc=-8.0,
        bounds_degc=[-10.0, 12.0],
        fluid=BRINE,
        water={"mass_kg": 1e7},
        plant={"heat_below_degc": 5.0, "heat_to_degc": 6.0, "cool_to_degc": 11.0, **source},
    )
    device = plant_devices(config.plant, Surroundings(2))[0]
    assert float(np.max(device.heating_kw)) == pytest.approx(10.0 * 4.18 * (8.0 - 3.0))


def test_a_ring_of_glycol_is_its_own_in_capacity_pipes_and_pump():
    _, water = random_district(0, loop=True)
    brine = RingConfig.model_validate({**water.model_dump(), "fluid": BRINE})
    # Walls hold heat too, so the loop's capacity falls less than the fluid's.
    held = [geometry(one.loop, one.medium).capacity_kwh_per_k for one in (water, brine)]
    per_m3 = [one.medium.kj_per_kgk * one.medium.density_kg_per_m3 for one in (water, brine)]
    assert per_m3[1] / per_m3[0] < held[1] / held[0] < 1.0
    flow = np.array([12.0])
    power = [float(pump_power_kw(one.loop, one.medium, flow)[0]) for one in (water, brine)]
    assert power[1] > 1.05 * power[0]
    mixed = RingConfig.model_validate({**random_district(0)[1].model_dump(), "fluid": BRINE})
    assert mixed.mixed_kwh_per_k == pytest.approx(
        mixed.water.mass_kg * mixed.medium.kj_per_kgk / 3600.0
    )


@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
def test_programme_and_simulation_agree_on_a_ring_below_freezing(loop):
    district = coupled(4, days=1, loop=loop, glycol=True)
    found = district.run()
    ring_ = found.best.ring
    assert found.record.converged
    last = found.record.trace[-1]
    assert last.j_lp_eur == pytest.approx(last.j_sim_eur, rel=1e-3)
    assert ring_.temperature_degc.max() < 1.1
    assert ring_.audit.relative <= 1e-6
    assert ring_.second_law.violations == 0
    assert district.rows.capacity_kwh_per_k == pytest.approx(ring_.capacity_kwh_per_k)
    np.testing.assert_allclose(
        found.best.dispatch["ring_temperature"].values.reshape(-1),
        ring_.temperature_degc[1:],
        atol=0.05 if loop else 1e-3,
    )
