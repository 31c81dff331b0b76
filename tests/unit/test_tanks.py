"""Tanks are no dump: none holds more than loads will take, and what does is told."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.tanks import LONGEST_H, made_to_be_lost, ring_tanks, tank_limits
from ring_districts import random_district

SEED = 3
DEAR = {
    "wells": {"max_flow_kg_s": 0.0},
    "dry_cooler": {"max_kw": 0.0, "kw_per_k": 1.0},
    "chiller": {"max_kw": 1000.0, "cost_eur_per_kwh": 3.0},
}


def july(*, days: int = 2, loss: float = 0.05, load_in: slice | None = None, **ring: object):
    """A district with cooling, dear to cool, whose heat pumps for heating have hardly a load."""
    data, settings = random_district(SEED, days=days, plant=DEAR)
    inputs = data.inputs
    names = [str(node) for node in inputs["node"].values]
    for k, name in enumerate(names):
        if "load_heating" in name or "load_dhw" in name:
            kept = inputs["resource"].values[k].copy()
            inputs["resource"].values[k] = 0.0
            if load_in is not None:
                inputs["resource"].values[k, load_in] = kept[load_in]
        if "tes_" in name:
            inputs["storage_loss"].values[k] = loss
    return data, settings.model_copy(update=ring)


def hot_tanks(data, settings):
    nodes = tuple(n for n in map(str, data.inputs["node"].values) if "::hp_" in n)
    pumps = tuple(n for n in nodes if settings.heat_pump(n) is not None)
    return pumps, [tank for tank in ring_tanks(settings, pumps) if "cooling" not in tank]


def run(data, settings):
    return CoupledDistrict(data, settings, CouplingConfig()).run(must_converge=False)


def filled_kwh(data, dispatch, tanks):
    return -float(np.nansum(dispatch["carrier_con"].sel(node=tanks).values))


def test_without_a_season_no_tank_is_filled_for_no_load_and_with_one_it_is():
    data, settings = july()
    pumps, tanks = hot_tanks(data, settings)
    assert tanks
    refused = run(data, settings).best
    allowed = run(*july(dumping_season=("05-01", "05-31"))).best
    assert filled_kwh(data, refused.dispatch, tanks) == pytest.approx(0.0, abs=1e-3)
    assert made_to_be_lost(settings, data, refused.dispatch, pumps) == ()
    dumped = filled_kwh(data, allowed.dispatch, tanks)
    assert dumped > 100.0
    assert allowed.cost.total_eur < refused.cost.total_eur
    told = made_to_be_lost(settings, data, allowed.dispatch, pumps)
    assert {one.tank for one in told} <= set(tanks)
    assert sum(one.kwh for one in told) == pytest.approx(dumped, rel=0.02)
    assert "no load within the tank's storage time takes" in str(told[0])


def test_a_tank_may_hold_twice_the_load_of_its_storage_time():
    data, settings = july(days=4, loss=0.05, load_in=slice(40, 42))
    data.config["run"]["cyclic_storage"] = False
    pumps, tanks = hot_tanks(data, settings)
    limits = tank_limits(settings, data, pumps)
    for tank in tanks:
        place, _, tech = tank.partition("::")
        load = f"{place}::{tech.replace('tes_', 'load_')}"
        ahead = -data.value("resource", [load])[0][40:42]
        reserve = 1.0 / (0.95**24)
        # Half is lost in 13.5 hours, but the storage time is a day at least.
        assert limits[tank][15] == pytest.approx(0.0)
        assert limits[tank][16] == pytest.approx(ahead[0] * reserve)
        assert limits[tank][30] == pytest.approx(ahead.sum() * reserve)
        assert limits[tank][40] == pytest.approx(ahead[1] * reserve)
        assert (limits[tank][41:] == 0.0).all()


def test_a_cyclic_run_goes_on_where_it_began_and_a_slow_tank_looks_a_month_ahead():
    data, settings = july(days=2, loss=0.0, load_in=slice(2, 3))
    pumps, tanks = hot_tanks(data, settings)
    limits = tank_limits(settings, data, pumps)
    place, _, tech = tanks[0].partition("::")
    load = -data.value("resource", [f"{place}::{tech.replace('tes_', 'load_')}"])[0][2]
    assert limits[tanks[0]] == pytest.approx(load * LONGEST_H / 48.0)


def test_a_level_that_a_tank_must_have_is_no_dump():
    data, settings = july()
    pumps, tanks = hot_tanks(data, settings)
    position = data.positions([tanks[0]])[0]
    share = np.full(data.inputs.sizes["node"], np.nan)
    share[position] = 0.5
    data.inputs["storage_initial"] = ("node", share)
    limits = tank_limits(settings, data, pumps)
    size = float(data.value("storage_cap_equals", [tanks[0]])[0])
    assert limits[tanks[0]] == pytest.approx(0.5 * size / 0.95)
    found = run(data, settings).best
    assert made_to_be_lost(settings, data, found.dispatch, pumps) == ()
    data.config["run"]["cyclic_storage"] = False
    falling = tank_limits(settings, data, pumps)[tanks[0]]
    assert falling[:3] == pytest.approx(0.5 * size * 0.95 ** np.arange(3))


def test_whose_needs_nobody_knows_is_left_alone():
    data, settings = july()
    pumps, tanks = hot_tanks(data, settings)
    place, _, tech = tanks[0].partition("::")
    load = data.positions([f"{place}::{tech.replace('tes_', 'load_')}"])[0]
    data.inputs["node_base"].values[load] = "conversion"
    assert np.isinf(tank_limits(settings, data, pumps)[tanks[0]]).all()


def test_the_season_may_pass_the_new_year_and_is_a_day_of_the_year():
    _, settings = july(dumping_season=("11-15", "02-01"))
    times = np.array(["2015-11-14T23", "2015-11-15T00", "2016-02-01T23", "2016-02-02T00"], "M8[ns]")
    assert settings.in_dumping_season(times).tolist() == [False, True, True, False]
    with pytest.raises(ValidationError, match="dumping_season"):
        type(settings).model_validate({**settings.model_dump(), "dumping_season": ["5-1", "06-01"]})
