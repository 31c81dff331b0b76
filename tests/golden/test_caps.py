"""A cap on CO2 holds for what the simulated dispatch truly needs, not only for the programme's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anello.coupling.caps import beyond_caps
from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.iteration import start_cop, with_cop
from anello.coupling.merit import BEYOND_CAP, merit
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.ring.cost import LocationElectricity
from anello.run.config import parse_config
from embedded_model import embedded_model

SETTINGS = Path(__file__).resolve().parents[2] / "config" / "config.yaml"
DAYS = ["2015-01-10", "2015-01-11"]
SHARE = 0.9
"""Of what the cheapest sizes emit."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return embedded_model(tmp_path_factory.mktemp("capped") / "model")


def designed(folder, cap=None):
    """The embedded district with free sizes, its CO2 capped or not."""
    changes = {"model.subset_time": DAYS}
    if cap is not None:
        changes["group_constraints.cap.cost_max.co2"] = cap
    data = read_model(folder, scenario="designed", override_dict=changes)
    settings = read_settings(SETTINGS)
    settings["ring"]["plant"]["electricity_location"] = "buildings"
    settings["scenarios"] = ["designed"]
    ring = parse_config(settings).scenario("designed").ring
    return CoupledDistrict(data, ring, CouplingConfig())


def emitted(one):
    return float(one.dispatch["cost"].sel(cost_class="co2").sum())


@pytest.fixture(scope="module")
def capped(folder):
    """A cap below what the cheapest emits, and the search that keeps it."""
    free = designed(folder).run().best
    cap = SHARE * emitted(free)
    district = designed(folder, cap)
    return cap, free, district, district.run()


def test_a_search_keeps_a_cap_as_simulated(capped):
    cap, free, district, found = capped
    assert found.record.converged
    assert found.best.cost.beyond_caps < 1e-4
    assert emitted(found.best) == pytest.approx(cap, rel=1e-6)
    assert found.best.cost.total_eur > free.cost.total_eur
    # Computed with better COP than there are, a dispatch keeps the cap in its programme alone.
    better = 1.5 * start_cop(district.data, district.heat_pumps)
    first = district.iterate(0, with_cop(district.ring, district.heat_pumps, better))
    assert emitted(first) <= cap * (1.0 + 1e-6)
    assert first.cost.beyond_caps > 0.01


def test_what_is_beyond_a_cap_costs_more_than_breaking_it_saves(capped):
    _, _, district, found = capped
    one = found.best
    arguments = (district.coupling, district.rows, one.dispatch, one.flows, one.ring)
    held = merit(*arguments, replace(one.cost, beyond_caps=0.0))
    beyond = merit(*arguments, replace(one.cost, beyond_caps=0.01))
    more = 0.01 * BEYOND_CAP * one.cost.total_eur
    assert beyond.simulated_eur - held.simulated_eur == pytest.approx(more)
    assert beyond.promised_eur == held.promised_eur
    dear = replace(one, cost=replace(one.cost, beyond_caps=0.01))
    kept = replace(one, cost=replace(one.cost, beyond_caps=0.0))
    assert dear.penalised_eur - kept.penalised_eur == pytest.approx(more)


def test_what_is_bought_beyond_the_dispatch_counts_by_its_grid(capped):
    """100 kWh more in one hour, at that hour's kg of CO2 per kWh, beyond a cap that is used up."""
    cap, _, district, found = capped
    data, dispatch = district.data, found.best.dispatch
    hour, steps = 17, data.inputs.sizes["timestep"]
    nodes = [str(node) for node in data.inputs["node"].values]
    classes = [str(name) for name in data.inputs["cost"].values]
    grid = nodes.index("buildings::grid")
    factor = np.ravel(data.value("cost_om_prod", [grid])[classes.index("co2")])
    kg_per_kwh = factor[hour] if factor.size > 1 else factor[0]
    more = np.zeros(steps)
    more[hour] = 100.0
    none = np.zeros(steps)
    supply = LocationElectricity(none, none, none, shares={nodes[grid]: np.ones(steps)})
    found_share = beyond_caps(data, dispatch, {"buildings": supply}, {"buildings": more})
    slack = cap - emitted(found.best)
    assert found_share == pytest.approx((100.0 * kg_per_kwh - slack) / cap, rel=1e-6)
    # Half of it through another grid, that the group does not hold.
    half = replace(supply, shares={nodes[grid]: np.full(steps, 0.5), "elsewhere::grid": none})
    found_half = beyond_caps(data, dispatch, {"buildings": half}, {"buildings": more})
    assert found_half == pytest.approx((50.0 * kg_per_kwh - slack) / cap, rel=1e-6)
    assert beyond_caps(data, dispatch, {"buildings": supply}, {"buildings": -more}) == 0.0
