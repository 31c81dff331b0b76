"""A district operated with its ring: one window is the coupling itself, and no state is lost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.operate import operate_district
from anello.errors import InputError, SolveError
from ring_districts import random_district

SLP = CouplingConfig()


@pytest.mark.parametrize("seed", [1, 3])
def test_one_window_is_the_coupled_plan(seed):
    data, ring = random_district(seed, days=2)
    data.config["run"]["cyclic_storage"] = False
    plan = CoupledDistrict(data, ring, SLP).run().best
    done = operate_district(data, ring, SLP, window_h=48, horizon_h=48)
    assert len(done.windows) == 1
    operation_eur = plan.cost.total_eur - plan.state.investment_eur
    assert done.cost.total_eur == pytest.approx(operation_eur, rel=1e-6)
    np.testing.assert_allclose(done.ring.temperature_degc, plan.ring.temperature_degc, atol=1e-5)


@pytest.mark.parametrize(("seed", "window_h", "horizon_h"), [(1, 24, 36), (2, 20, 30)])
def test_state_goes_from_window_to_window(seed, window_h, horizon_h):
    data, ring = random_district(seed, days=3)
    seen = []
    done = operate_district(
        data, ring, SLP, window_h=window_h, horizon_h=horizon_h, on_window=seen.append
    )
    assert seen == done.windows
    assert len(seen) == -(-72 // window_h)
    for one, after in itertools.pairwise(seen):
        assert one.end_degc == after.start_degc
    # What the windows believed of the ring is what one simulation of all of it finds.
    starts = [one.window.first for one in seen]
    np.testing.assert_allclose(
        done.ring.temperature_degc[starts], [one.start_degc for one in seen], atol=0.02
    )
    assert done.cost.total_eur == pytest.approx(done.cost.dispatch_eur, rel=2e-3)
    assert done.ring.audit.relative < 1e-9
    # Stores keep their own balance, seams included.
    flows = done.dispatch
    for node in flows["node"].values[flows["node_base"].values == "storage"]:
        at = int(np.flatnonzero(data.inputs["node"].values == node)[0])
        loss = float(data.value("storage_loss", [at])[0])
        eff = float(data.value("energy_eff", [at])[0])
        store = flows.sel(node=node)
        out = store["carrier_prod"].sum("carrier").values / eff
        into = -store["carrier_con"].sum("carrier").values * eff
        level = store["storage"].values
        np.testing.assert_allclose(
            level[1:], level[:-1] * (1 - loss) + into[1:] - out[1:], atol=1e-5
        )


def test_a_loop_is_refused():
    data, ring = random_district(1, days=1, loop=True)
    with pytest.raises(InputError, match=r"ring\.model"):
        operate_district(data, ring, SLP, window_h=12, horizon_h=12)


def test_a_failed_window_is_named_by_its_dates():
    data, ring = random_district(1, days=2)
    data.config["run"]["ensure_feasibility"] = False
    data.inputs["resource"][{"node": data.nodes("demand"), "timestep": 30}] *= 100.0
    with pytest.raises(SolveError, match="window 2015-05-05 00:00 to 2015-05-05 23:00"):
        operate_district(data, ring, SLP, window_h=24, horizon_h=24)
