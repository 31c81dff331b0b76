"""What must hold of a receding horizon whatever its lengths: equivalence and conservation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_models
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.operate import Operation, operate
from anello.optimise.results import extract
from anello.optimise.solve import SolverConfig, compile_problem, solve

HOURS = 48
NOT_CYCLIC = {"run.cyclic_storage": False, "techs.tank.constraints.storage_initial": 0.6}


@cache
def planned() -> tuple:
    """Results of a plan, the model in mode `operate`, and its compiled problem."""
    data = small_models.data(NOT_CYCLIC, HOURS)
    plan = solve(compile_problem(formulate(data)))
    results = extract(data, plan)
    data.config["run"]["mode"] = "operate"
    return results, data, compile_problem(formulate(data))


def rolled(window: int, horizon: int, **how) -> tuple[ModelData, Operation]:
    plan, data, problem = planned()
    data.config["run"]["operation"] = {
        "window": window,
        "horizon": horizon,
        "use_cap_results": True,
    }
    return data, operate(data, problem, SolverConfig(**how), earlier=plan)


@pytest.mark.parametrize(("window", "horizon"), [(HOURS, HOURS), (HOURS, 9999), (HOURS + 5, 60)])
def test_one_window_is_the_dispatch_of_the_plan(window, horizon):
    plan = planned()[0]
    data, done = rolled(window, horizon)
    results = extract(data, done.solution)
    assert len(done.horizons) == 1
    assert float(results["cost_var"].sum()) == pytest.approx(
        float(plan["cost_var"].sum()), rel=1e-7
    )
    built = results["node_base"] != "demand"  # a demand has no capacity in `operate`
    for name in ("energy_cap", "storage_cap", "resource_area"):
        kept = results[name][built].values
        np.testing.assert_allclose(kept, plan[name][built].values, rtol=1e-9)
    assert float(results["cost_investment"].sum()) == 0.0
    # The layout is a plan's: the same variables over the same dimensions.
    assert set(plan.data_vars) == set(results.data_vars)
    assert all(plan[name].dims == results[name].dims for name in plan.data_vars)


@given(window=st.integers(1, HOURS), ahead=st.integers(0, 30), warm=st.booleans())
@settings(max_examples=25, deadline=None)
def test_nothing_is_lost_between_windows(window, ahead, warm):
    plan = planned()[0]
    data, done = rolled(window, window + ahead, warm_start=warm)
    windows = [horizon.window for horizon in done.horizons]
    # Every step is decided once, in order.
    assert [w.first for w in windows] == [0, *(w.stop for w in windows[:-1])]
    assert windows[-1].stop == HOURS
    results = extract(data, done.solution)
    # No store gains or loses anything but what its own balance says, seams included.
    tank = results.sel(node="a::tank")
    level = tank["storage"].values
    before = np.concatenate([[0.6 * 40.0], level[:-1] * (1 - 0.004)])
    flows = tank["carrier_prod"].sel(carrier="heat").values / 0.97
    flows = flows + tank["carrier_con"].sel(carrier="heat").values * 0.97
    np.testing.assert_allclose(level, before - flows, atol=1e-6)
    # Less foresight is never cheaper.
    assert float(results["cost_var"].sum()) >= float(plan["cost_var"].sum()) - 1e-6
