"""The heat pump of the ring's plant: what it takes, what it gives, and how large it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.plant_sizes import sizes_in
from anello.district import load_district
from anello.district.config import DistrictConfig
from anello.district.sizing import plant_sizes
from anello.errors import InputError
from anello.optimise.formulation.ring_rows import BEYOND_EUR_PER_KWH
from anello.ring import RingConfig, simulate
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.devices import plant_devices
from anello.ring.exchange import RingInput
from anello.ring.machines import heat_pump_electricity, heat_pump_most_kw
from anello.ring.plant_config import CentralHeatPumpConfig, PlantConfig
from anello.ring.plant_sizes import with_sizes
from anello.ring.surroundings import Surroundings
from ring_districts import coupled, random_district, with_sizes_open

HOURS = 200
COLD = {"wells": {"max_flow_kg_s": 0.0}}


def taken(ring_degc: float, at_degc: float, /, **settings: float) -> tuple[float, float]:
    """Electricity per heat, and its derivative to the water."""
    pump = CentralHeatPumpConfig.model_validate({"max_kw": 1.0, **settings})
    both = heat_pump_electricity(pump, np.full(1, ring_degc), np.full(1, at_degc))
    return float(both[0][0]), float(both[1][0])


def drawn_on(outdoor_degc: float | None, load_kw: float, **series: float) -> RingInput:
    """Heat pumps that take heat from a ring without wells."""
    times = np.datetime64("2015-01-01", "ns") + np.arange(HOURS) * np.timedelta64(3600, "s")
    return RingInput(
        ("a::hp",),
        times,
        np.ones(HOURS),
        np.full((1, HOURS), load_kw),
        np.full((1, HOURS), 4.0),
        np.full((1, HOURS), np.nan),
        np.zeros(1),
        outdoor_degc=None if outdoor_degc is None else np.full(HOURS, outdoor_degc),
        series={name: np.full(HOURS, value) for name, value in series.items()},
    )


def ring(**plant) -> RingConfig:
    pump = {
        "service": "heating",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {"kind": "fixed", "degc": 35.0},
    }
    return RingConfig.model_validate({"heat_pumps": {"hp": pump}, "plant": COLD | plant})


def test_electricity_by_hand():
    """45 % of Carnot's COP from 8 K below the source to 5 K above the water, and the fans."""
    warm_k, cold_k = 15.0 + 5.0 + 273.15, 10.0 - 8.0 + 273.15
    assert taken(15.0, 10.0)[0] == pytest.approx((warm_k - cold_k) / (0.45 * warm_k) + 0.03)


def test_frost_takes_more_of_air_alone():
    dry, frosted = taken(12.0, 5.0)[0] - 0.03, taken(12.0, 4.999)[0] - 0.03
    assert frosted == pytest.approx(1.1 * dry, rel=1e-3)
    river = taken(12.0, 4.0, source_degc=4.0)[0]
    assert river == pytest.approx(taken(12.0, 4.0, defrost_share=0.0)[0], rel=1e-12)


@given(water=st.floats(3, 40), source=st.floats(-20, 45))
def test_it_pays_more_than_carnot(water, source):
    kwh, slope = taken(water, source)
    assert kwh > max(0.0, (water - source) / (water + 273.15))
    assert kwh < 1.0
    near = taken(water + 1e-4, source)[0]
    assert (near - kwh) / 1e-4 == pytest.approx(slope, abs=2e-3)


def test_it_gives_less_in_the_cold():
    pump = CentralHeatPumpConfig(max_kw=100.0)
    degc = np.array([20.0, 7.0, 2.0, -20.0, -20.1])
    assert heat_pump_most_kw(pump, degc) == pytest.approx([100.0, 100.0, 90.0, 46.0, 0.0])
    steep = CentralHeatPumpConfig(max_kw=100.0, capacity_loss_per_k=0.1)
    assert heat_pump_most_kw(steep, np.array([-10.0])) == pytest.approx([0.0])


def test_it_holds_the_ring_before_the_heater_does():
    plant = {"central_heat_pump": {"max_kw": 1000.0}, "backup_heater": {"max_kw": 5000.0}}
    result = simulate(ring(**plant), drawn_on(-3.0, 3000.0))
    assert result.temperature_degc.min() == pytest.approx(10.0)
    assert result.steps_outside == 0
    pump, heater = result.q_bal_kw["central_heat_pump"], result.q_bal_kw["backup_heater"]
    assert pump.max() == pytest.approx(800.0)  # 2 % less for each of 10 K
    assert heater.max() > 500.0
    assert pump[heater > 1e-6] == pytest.approx(800.0)
    by_hand = taken(10.0, -3.0)[0]
    last = result.p_bal_kw["central_heat_pump"][-1] / pump[-1]
    assert last == pytest.approx(by_hand, rel=1e-9)
    assert result.second_law.violations == 0
    assert "central_heat_pump" in result.p_bal_kw


def test_another_source_than_air():
    plant = {"central_heat_pump": {"max_kw": 3000.0, "source_degc": "river"}}
    result = simulate(ring(**plant), drawn_on(None, 3000.0, river=6.0))
    share = result.p_bal_kw["central_heat_pump"][-1] / result.q_bal_kw["central_heat_pump"][-1]
    assert share == pytest.approx(taken(10.0, 6.0, source_degc=6.0)[0], rel=1e-9)


def test_without_weather_it_says_what_is_missing():
    with pytest.raises(InputError, match="takes heat from the air") as caught:
        simulate(ring(central_heat_pump={"max_kw": 10.0}), drawn_on(None, 10.0))
    assert "ring.plant.central_heat_pump.source_degc" in str(caught.value)
    told = {"max_kw": 10.0, "source_degc": "rivr"}
    with pytest.raises(InputError, match="no series of this name"):
        simulate(ring(central_heat_pump=told), drawn_on(5.0, 10.0, river=6.0))


def test_a_source_may_not_have_its_name():
    told = {"central_heat_pump": {"kind": "air", "max_kw": 1.0, "kw_per_k": 1.0}}
    with pytest.raises(ValidationError, match="choose another name"):
        PlantConfig.model_validate({"sources": told})


def test_none_that_is_not_named():
    devices = {d.name: d for d in plant_devices(PlantConfig(), Surroundings(3))}
    assert not devices["central_heat_pump"].ways


@pytest.mark.parametrize("loop", [False, True])
def test_programme_and_simulation_agree(loop):
    plant = COLD | {"central_heat_pump": {"max_kw": 200.0}}
    outcome = coupled(4, plant=plant, loop=loop).run()
    best, last = outcome.best, outcome.record.trace[-1]
    assert best.ring.q_bal_kw["central_heat_pump"].sum() > 100.0
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05
    # It works when air is warm and the roof has power, not when the water is about to be cold.
    eur_heater = coupled(4, plant=COLD, loop=loop).run().best.cost.total_eur
    assert best.cost.total_eur < eur_heater


@pytest.mark.parametrize("loop", [False, True])
def test_water_beyond_a_bound_costs_more_than_to_warm_it(loop):
    """Also of the mean alone, as at the end of a run, when no water comes to a place any more."""
    plant = COLD | {"central_heat_pump": {"max_kw": 400.0}}
    data, config = random_district(5, plant=plant, loop=loop)
    rows = CoupledDistrict(data, config, CouplingConfig()).rows
    mean, *places = rows.beyond_eur_per_k
    assert mean >= BEYOND_EUR_PER_KWH * rows.capacity_kwh_per_k
    assert len(places) == (5 if loop else 0)
    assert sum(places) < mean


EUR_PER_YEAR = {"central_heat_pump": 20_000.0, "backup_heater": 2_000.0}


def test_no_other_sizes_than_those_found_are_cheaper():
    sizes = {name: {"eur_per_year": eur} for name, eur in EUR_PER_YEAR.items()}
    plant = COLD | {"central_heat_pump": {"max_kw": 200.0}}
    data, config = random_district(4, plant=plant)
    done = CoupledDistrict(data, with_sizes_open(config, sizes), CouplingConfig()).run()
    found = sizes_in(done.best.dispatch)
    assert 0.05 < found["central_heat_pump"] < 1.4
    for changed in (0.8, 1.0, 1.25):
        given = found | {"central_heat_pump": changed * found["central_heat_pump"]}
        other = CoupledDistrict(data, with_sizes(config, given), CouplingConfig()).run()
        owed = sum(EUR_PER_YEAR[name] * size * 2 / 365 for name, size in given.items())
        least = 1.0 - 2e-4 if changed == 1.0 else 1.001
        assert other.best.penalised_eur + owed > least * done.best.penalised_eur


def test_its_price():
    costs = RingCosts.model_validate(
        {
            "interest_rate": 0.0,
            "central_heat_pump": {
                "capital_eur_per_kw": 1000.0,
                "lifetime_years": 25,
                "maintenance_share_per_year": 0.01,
            },
        }
    )
    priced = ring_capital(ring(central_heat_pump={"max_kw": 50.0}), costs, 8760.0)
    (part,) = priced.parts
    assert (part.name, part.build_eur) == ("central_heat_pump", 50_000.0)
    assert part.capital_eur == pytest.approx(2000.0)
    assert part.maintenance_eur == pytest.approx(500.0)


def described(**plant) -> DistrictConfig:
    return load_district(changes={"wells": {"flow_kg_per_s": 0}, "plant": plant})


NET_KW = np.where(np.arange(8760) < 2000, -500.0, 100.0)


def test_a_district_has_it_sized_and_the_heater_for_the_rest_of_the_coldest_hour():
    mild, cold = np.full(8760, 10.0), np.where(np.arange(8760) == 5, -8.0, 10.0)
    alone = plant_sizes(described(), NET_KW, mild)
    assert alone.central_heat_pump_kw == 0.0
    assert alone.backup_heater_kw > 400.0
    sized = plant_sizes(described(central_heat_pump_kw="sized"), NET_KW, mild)
    assert sized.central_heat_pump_kw == alone.backup_heater_kw
    assert sized.backup_heater_kw == 0.0
    winter = plant_sizes(described(central_heat_pump_kw="sized"), NET_KW, cold)
    assert winter.backup_heater_kw == pytest.approx(0.3 * winter.central_heat_pump_kw, rel=0.1)
    told = plant_sizes(described(central_heat_pump_kw=100.0), NET_KW, mild)
    assert told.backup_heater_kw == pytest.approx(alone.backup_heater_kw - 100.0, rel=0.05)


def test_wells_of_open_flow_leave_nothing_for_it():
    told = {"plant": {"central_heat_pump_kw": "sized"}, "wells": {"flow_kg_per_s": None}}
    with pytest.raises(InputError, match=r"say `wells\.flow_kg_per_s`"):
        load_district(changes=told)
