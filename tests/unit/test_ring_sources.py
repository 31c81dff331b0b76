"""Sources of a ring beside its wells: what each offers, and that the programme keeps to it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from anello.errors import InputError
from anello.model.definition import read_model
from anello.ring import RingConfig, simulate
from anello.ring.devices import device_of, plant_devices, ways_of
from anello.ring.exchange import RingInput
from anello.ring.plant_config import PlantConfig
from anello.ring.surroundings import Surroundings
from ring_districts import SOURCES, coupled, random_district

HOURS = 24


def around(**series) -> Surroundings:
    full = {name: np.full(HOURS, float(value)) for name, value in series.items() if name != "air"}
    air = np.full(HOURS, float(series["air"])) if "air" in series else None
    return Surroundings(HOURS, air, None, full)


def offered(source, surroundings):
    plant = PlantConfig.model_validate({"sources": {"mine": source}})
    device = plant_devices(plant, surroundings)[0]
    assert device.name == "mine"
    assert device.first
    return device


def test_a_stream_is_an_exchanger_of_its_flow():
    told = {
        "kind": "stream",
        "temperature_degc": "sewage",
        "max_flow_kg_s": 10.0,
        "effectiveness": 0.6,
        "max_change_k": 4.0,
    }
    device = offered(told, around(sewage=14.0))
    assert device.body_degc == pytest.approx(14.0)
    assert device.kw_per_k == pytest.approx(0.6 * 10.0 * 4.18, rel=5e-3)
    assert device.heating_kw == pytest.approx(10.0 * 4.18 * 4.0, rel=5e-3)
    assert np.array_equal(device.heating_kw, device.cooling_kw)


def test_waste_heat_is_limited_by_what_there_is_and_goes_one_way():
    told = {
        "kind": "stream",
        "ways": "heating",
        "temperature_degc": 30.0,
        "max_flow_kg_s": 10.0,
        "available_kw": "racks",
    }
    device = offered(told, around(racks=55.0))
    assert device.heating_kw == pytest.approx(55.0)
    assert not np.any(device.cooling_kw)
    assert [way for way, _, _ in device.ways] == ["mine_heating"]


def test_collectors_give_what_their_line_says():
    """EN ISO 9806: Q = A·(η₀·G − a₁·(T − T_air)) = 50·(0.7·0.6 − 0.005·(20 − 10)) = 18.5 kW."""
    told = {
        "kind": "solar",
        "area_m2": 50.0,
        "irradiance_kw_per_m2": "sun",
        "optical_efficiency": 0.7,
        "loss_w_per_m2k": 5.0,
    }
    device = offered(told, around(sun=0.6, air=10.0))
    assert device.kw_per_k * (device.body_degc - 20.0) == pytest.approx(18.5)
    night = offered(told, around(sun=0.0, air=25.0))
    assert not np.any(night.heating_kw)


def test_air_needs_weather_and_says_so():
    told = {"kind": "air", "kw_per_k": 5.0, "max_kw": 50.0}
    assert offered(told, around(air=25.0)).body_degc == pytest.approx(25.0)
    with pytest.raises(InputError, match=r"ring\.plant\.sources\.mine.*model\.outdoor_degc"):
        offered(told, around())


@pytest.mark.parametrize(
    ("changes", "series", "message"),
    [
        ({"temperature_degc": "sewer"}, {"sewage": 12.0}, "Did you mean `sewage`"),
        ({"temperature_degc": "nothing"}, {}, "ring_series"),
        ({"temperature_degc": "sewage"}, {"sewage": 300.0}, "must lie between -50 and 150"),
        ({"max_flow_kg_s": "flow"}, {"flow": -1.0}, "in step 0 .24 such steps."),
        ({"max_flow_kg_s": "flow"}, {"flow": float("nan")}, "is nan in step 0"),
    ],
)
def test_faults_name_the_key_and_what_to_do(changes, series, message):
    told = {"kind": "stream", "temperature_degc": 12.0, "max_flow_kg_s": 5.0, **changes}
    with pytest.raises(InputError, match=message) as raised:
        offered(told, around(**series))
    assert "ring.plant.sources.mine" in str(raised.value)


@pytest.mark.parametrize("name", ["wells", "my_heating", "Sewage", "a b"])
def test_names_that_would_be_mistaken_are_refused(name):
    with pytest.raises(ValidationError, match="choose another name"):
        PlantConfig.model_validate({"sources": {name: SOURCES["coil"]}})


@pytest.mark.parametrize("device", ["wells", "chiller", "borefield", "sewage", "my_roof"])
def test_ways_and_devices_are_each_others_inverse(device):
    for way, sign in ways_of(device):
        assert device_of(way) == (device, sign)


def test_a_model_brings_the_series_along():
    data, _ = random_district(0)
    assert "ring_series_sewage_degc" in data.inputs
    assert data.inputs["ring_series_sewage_degc"].dims == ("timestep",)


def test_a_list_of_series_is_refused():
    with pytest.raises(InputError, match="must name series, as in"):
        read_model(
            {"model": {"ring_series": ["sewage"]}, "techs": {"a": {}}, "locations": {"b": {}}}
        )


@pytest.mark.parametrize("loop", [False, True])
def test_a_programme_with_sources_keeps_to_what_they_offer(loop):
    district = coupled(4, loop=loop, plant={"sources": SOURCES})
    best = district.run().best
    ring = best.ring
    assert ring.second_law.violations == 0
    used = {name: float(np.abs(ring.q_bal_kw[name]).sum()) for name in SOURCES}
    assert min(used.values()) > 1.0, used
    sun = district.data.inputs["ring_series_sun_kw_per_m2"].values
    assert (ring.q_bal_kw["roof"] <= 60.0 * 0.75 * sun + 1e-6).all()
    waste = district.data.inputs["ring_series_waste_kw"].values
    assert (ring.q_bal_kw["hall"] <= waste + 1e-6).all()
    assert (ring.q_bal_kw["hall"] >= -1e-9).all()
    assert ring.shortfall_kwh < 1.0


@pytest.mark.parametrize("seed", range(12))
def test_what_may_be_left_unused_never_costs_more(seed):
    """A device of which there is nothing at night once held the ring at one side."""
    with_them = coupled(seed, plant={"sources": SOURCES}).run().best.cost.total_eur
    without = coupled(seed).run().best.cost.total_eur
    assert with_them <= without * (1 + 2e-4)


def test_sources_act_before_wells_within_the_dead_band():
    steps = 24 * 4
    times = np.datetime64("2015-01-01", "ns") + np.arange(steps) * np.timedelta64(3600, "s")
    one = np.ones((1, steps))
    data = RingInput(
        nodes=("a::hp",),
        times=times,
        step_h=np.ones(steps),
        q_kw=100.0 * one,
        cop_dispatch=4.0 * one,
        storage_kwh=np.nan * one,
        storage_start_kwh=np.zeros(1),
        series={"racks": np.where(np.arange(steps) % 2, 20.0, 0.0)},
    )
    ring = RingConfig.model_validate(
        {
            "heat_pumps": {
                "hp": {
                    "service": "heating",
                    "cop_map": {"kind": "quadratic", "fit": "air_source"},
                    "use_temperature": {"kind": "fixed", "degc": 35.0},
                }
            },
            "water": {"mass_kg": 2e5},
            "plant": {
                "wells": {"max_flow_kg_s": 20.0},
                "sources": {
                    "racks": {
                        "kind": "stream",
                        "ways": "heating",
                        "temperature_degc": 30.0,
                        "max_flow_kg_s": 5.0,
                        "available_kw": "racks",
                    }
                },
            },
        }
    )
    result = simulate(ring, data)
    racks, wells = result.q_bal_kw["racks"], result.q_bal_kw["wells"]
    assert racks.sum() > 0.0
    assert wells.sum() > 0.0
    assert not racks[::2].any()
    both = (wells > 1e-6) & (np.arange(steps) % 2 == 1)
    assert racks[both] == pytest.approx(20.0)
    priced = dataclasses.replace(data, series={"racks": np.full(steps, 1e3)})
    assert simulate(ring, priced).q_bal_kw["wells"].sum() < wells.sum()


def test_well_water_may_follow_a_series():
    plant = PlantConfig.model_validate({"wells": {"well_degc": "lake", "max_flow_kg_s": 10.0}})
    wells = next(d for d in plant_devices(plant, around(lake=9.0)) if d.name == "wells")
    assert wells.body_degc == pytest.approx(9.0)
    with pytest.raises(InputError, match=r"ring\.plant\.wells\.well_degc"):
        plant_devices(plant, around(lake=-3.0))
