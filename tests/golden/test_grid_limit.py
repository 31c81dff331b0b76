"""A grid that cannot give what the simulated dispatch needs: demand unmet, and no bargain."""

from dataclasses import replace

import numpy as np
import pytest

from anello.coupling.iteration import start_cop, with_cop
from anello.coupling.merit import UNMET_EUR, merit
from anello.ring.cost import GRID_SLACK, LocationElectricity, marginal_price
from ring_districts import coupled

SEED = 7
SHARE = 0.15
"""Of the highest power that is taken without a limit: demand stays unmet in some hours."""


@pytest.fixture(scope="module")
def free():
    """The district whose grid gives what is asked for, and its search."""
    district = coupled(SEED)
    return district, district.run()


@pytest.fixture(scope="module")
def limited(free):
    """The district whose grid gives a share of that at most, and its search."""
    _, found = free
    grids = [f"{place}::grid" for place in found.best.dispatch["loc"].values]
    bought_kwh = found.best.dispatch["carrier_prod"].sel(node=grids).max()
    district = coupled(SEED, grid_kw=SHARE * float(bought_kwh))
    return district, district.run()


def test_a_search_leaves_unmet_what_the_grid_cannot_give(free, limited):
    """The first dispatch counts on better COP than there are, and overdraws the grid."""
    district, found = limited
    assert found.record.converged
    assert float(found.best.dispatch["unmet_demand"].sum()) > 1.0
    assert found.best.cost.beyond_grid_kwh < 0.5
    better = 1.5 * start_cop(district.data, district.heat_pumps)
    first = district.iterate(0, with_cop(district.ring, district.heat_pumps, better))
    assert first.cost.beyond_grid_kwh > 1.0
    assert free[1].best.cost.beyond_grid_kwh == 0.0


def test_what_is_beyond_the_grid_costs_as_unmet_demand_does(limited):
    district, found = limited
    one = found.best
    arguments = (district.coupling, district.rows, one.dispatch, one.flows, one.ring)
    held = merit(*arguments, replace(one.cost, beyond_grid_kwh=0.0))
    beyond = merit(*arguments, replace(one.cost, beyond_grid_kwh=2.0))
    assert beyond.simulated_eur - held.simulated_eur == pytest.approx(2.0 * UNMET_EUR)
    unmet_kwh = float(one.dispatch["unmet_demand"].sum())
    bought = one.dispatch.attrs
    paid_eur = bought["objective"] - bought["cost_objective"]
    of_unmet = held.promised_eur - one.cost.dispatch_eur - UNMET_EUR * unmet_kwh
    assert of_unmet == pytest.approx(paid_eur - bought["penalty_per_kwh"] * unmet_kwh, abs=0.5)
    # A fixed point, which has no merit, compares its iterations at the programme's own price.
    dear = replace(one, cost=replace(one.cost, beyond_grid_kwh=2.0))
    kept = replace(one, cost=replace(one.cost, beyond_grid_kwh=0.0))
    assert dear.penalised_eur - kept.penalised_eur == pytest.approx(2.0 * bought["penalty_per_kwh"])


def test_a_location_is_beyond_its_grid_by_more_than_the_slack():
    most_kwh = np.array([10.0, 20.0, np.inf])
    one = LocationElectricity(np.full(3, 10.0), np.full(3, 0.3), np.zeros(3), most_kwh=most_kwh)
    bought = np.array([10.0 * (1 + GRID_SLACK) + 0.5, 12.0, 1e9])
    np.testing.assert_allclose(one.beyond_kwh(bought), [0.5, 0.0, 0.0], atol=1e-9)
    # At its limit one more kWh costs what the programme says, elsewhere the grid's price.
    np.testing.assert_allclose(marginal_price(one, np.full(3, 5.0)), [5.0, 0.3, 0.3])
