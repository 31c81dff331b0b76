"""The second-law audit: nobody moves heat uphill for less than Carnot's work."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from anello.errors import ConfigError, InputError, SecondLawError
from anello.ring import simulate
from anello.ring.config import RingConfig
from anello.ring.cop import compile_heat_pumps
from anello.ring.devices import chiller_electricity
from anello.ring.fluid import Glycol, RingWater, ring_medium
from anello.ring.liquid import require_liquid
from anello.ring.plant import PlantController
from anello.ring.plant_config import ChillerConfig
from anello.ring.second_law import Exchange, audit, require
from ring_districts import coupled

TIMES = np.datetime64("2015-07-09T00", "ns") + np.arange(3) * np.timedelta64(3600, "s")


def exchange(source, sink, taken, work) -> Exchange:
    """Heat that is moved at constant temperatures."""
    full = np.full(3, 1.0)
    return Exchange("cooler", full * source, full * sink, full * taken, full * (taken + work))


@pytest.mark.parametrize(
    ("source", "sink", "work", "fine"),
    [
        (20.0, 10.0, 0.0, True),
        (10.0, 34.0, 0.03, False),  # the fans of a cooler in a heat wave
        (10.0, 34.0, 24.0 / 283.15 + 1e-9, True),  # exactly Carnot
        (10.0, 34.0, 24.0 / 283.15 - 1e-3, False),
        (15.0, 15.0, 0.0, True),
    ],
)
def test_heat_goes_down_or_somebody_pays(source, sink, work, fine):
    found = audit([exchange(source, sink, 1.0, work)], TIMES)
    assert (found.violations == 0) is fine
    if fine:
        assert require(found) is found
        return
    with pytest.raises(SecondLawError, match=r"cooler on 2015-07-09 0\d:00 moves 1 kW from 10.00"):
        require(found)


@given(
    source=st.floats(-20, 60),
    sink=st.floats(-20, 60),
    efficiency=st.floats(0.05, 1.0),
)
def test_a_real_machine_always_passes(source, sink, efficiency):
    least = max(0.0, (sink - source) / (source + 273.15))
    assert audit([exchange(source, sink, 100.0, 100.0 * least / efficiency)], TIMES).violations == 0


@given(ring=st.floats(3, 40), air=st.floats(-20, 45))
def test_a_chiller_pays_more_than_carnot(ring, air):
    taken, slope = chiller_electricity(ChillerConfig(max_kw=1.0), np.full(1, ring), np.full(1, air))
    assert taken[0] > max(0.0, (air - ring) / (ring + 273.15))
    near, _ = chiller_electricity(
        ChillerConfig(max_kw=1.0), np.full(1, ring + 1e-4), np.full(1, air)
    )
    assert (near[0] - taken[0]) / 1e-4 == pytest.approx(slope[0], abs=2e-3)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_random_districts_obey(seed, loop):
    ring = coupled(seed, {"max_iterations": 3}, loop=loop).run(must_converge=False).best.ring
    assert ring.second_law.violations == 0
    assert ring.second_law.devices >= 4


def test_a_cooler_that_ignores_the_air_ends_the_run(monkeypatch):
    """As it was once: always at full power, for the electricity of its fans."""
    truly = PlantController.limits_kw

    def always(self, step, water_degc, loop_kw_per_k):
        limits = truly(self, step, water_degc, loop_kw_per_k)
        return [
            (-d.cooling_kw, heat) if d.name == "dry_cooler" else (cold, heat)
            for d, (cold, heat) in zip(self.devices, limits, strict=True)
        ]

    district = coupled(0)
    done = district.iterate(0, district_start(district))
    monkeypatch.setattr(PlantController, "limits_kw", always)
    hot = done.flows.outdoor_degc + 40.0
    flows = done.flows.__class__(**{**done.flows.__dict__, "outdoor_degc": hot})
    schedule = {"dry_cooler": np.full(flows.times.size, -5.0)}
    config = district.ring.model_copy(
        update={"plant": district.ring.plant.model_copy(update={"control": "schedule"})}
    )
    with pytest.raises(SecondLawError, match="dry_cooler on 2015-05-0"):
        simulate(config, flows, schedule=schedule)


def district_start(district):
    """What the first programme of a district is computed about."""
    from anello.coupling.iteration import start_cop, with_cop

    cop = start_cop(district.data, district.heat_pumps)
    return with_cop(district.ring, district.heat_pumps, cop)


@pytest.mark.parametrize(
    ("cop_map", "faulty"),
    [
        (
            {"kind": "quadratic", "c0": 6.81, "c1": 0.121, "c2": 0.00063, "valid_lift_k": [0, 60]},
            False,
        ),
        ({"kind": "quadratic", "c0": 20.0, "c1": 0.1, "c2": 0.0, "valid_lift_k": [0, 60]}, True),
        ({"kind": "quadratic", "c0": 20.0, "c1": 0.1, "c2": 0.0, "valid_lift_k": [0, 10]}, False),
        ({"kind": "carnot", "fraction": 0.5}, False),
    ],
)
def test_maps_are_held_against_carnot(cop_map, faulty):
    pump = {
        "service": "heating",
        "cop_map": cop_map,
        "use_temperature": {"kind": "fixed", "degc": 35.0},
    }
    config = RingConfig.model_validate({"heat_pumps": {"hp": pump}})
    if not faulty:
        assert list(compile_heat_pumps(config, ("a::hp",))) == ["a::hp"]
        return
    with pytest.raises(ConfigError, match=r"no machine has more than .* \(Carnot\)"):
        compile_heat_pumps(config, ("a::hp",))


WATER = ring_medium(RingWater(), (10.0, 20.0))


@pytest.mark.parametrize(
    ("degc", "said"), [(-0.5, "is ice"), (2.5, "is near freezing"), (95.0, "no ring of pipes")]
)
def test_water_that_is_none_is_refused(degc, said):
    states = np.datetime64("2015-01-01T00", "ns") + np.arange(4) * np.timedelta64(3600, "s")
    water = np.full((4, 2), 12.0)
    ring = xr.Dataset(
        {"node_degc": (("state", "substation"), water), "temperature_degc": ("state", water[:, 0])},
        coords={"state": states, "substation": ["pump house", "quay"]},
    )
    require_liquid(ring, WATER, "smart")
    ring["node_degc"][2, 1] = degc
    with pytest.raises(InputError, match=rf"at quay on 2015-01-01 02:00, which {said}"):
        require_liquid(ring, WATER, "smart")
    brine = Glycol(kind="glycol", glycol="ethylene", mass_fraction=0.3)
    if degc < 90.0:
        require_liquid(ring, ring_medium(brine, (-5.0, 15.0)), "smart")
