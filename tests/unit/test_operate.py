"""Mode `operate`: how windows are cut, which capacities hold, and what is said of faults."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

import anello
import small_models
from anello.errors import ConfigError, InfeasibleError, InputError
from anello.optimise.formulation import formulate
from anello.optimise.operate import Window, fixed_capacities, operate, split
from anello.optimise.solve import compile_problem

OPERATE = {
    "run.mode": "operate",
    "run.solver": "highs",
    "run.operation": {"window": 12, "horizon": 18},
}
PV = "techs.pv.constraints"


def test_windows_end_with_the_period():
    step_h = np.ones(30)
    assert split(step_h, 12, 18) == [Window(0, 12, 18), Window(12, 24, 30), Window(24, 30, 30)]
    assert split(step_h, 12, 99) == [Window(0, 12, 30), Window(12, 24, 30), Window(24, 30, 30)]
    assert split(step_h, 50, 60) == [Window(0, 30, 30)]


def test_the_last_windows_of_calliope_look_no_further_than_themselves():
    found = split(np.ones(40), 10, 25, copy_calliope=True)
    assert found == [Window(0, 10, 25), Window(10, 20, 35), Window(20, 30, 30), Window(30, 40, 40)]
    assert split(np.ones(40), 10, 25)[2] == Window(20, 30, 40)


@pytest.mark.parametrize("step_h", [0.5, 1 / 6, 2.0])
def test_windows_are_in_hours_whatever_the_step(step_h):
    found = split(np.full(round(48 / step_h), step_h), 24, 36)
    assert [w.stop * step_h for w in found] == pytest.approx([24, 48])
    assert [w.end * step_h for w in found] == pytest.approx([36, 48])


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ({"window": 24}, "run.operation.horizon"),
        ({"window": 0, "horizon": 48}, "run.operation.window"),
        ({"window": "a day", "horizon": 48}, "run.operation.window"),
        ({"window": 48, "horizon": 24}, "run.operation.horizon"),
    ],
)
def test_impossible_lengths_are_refused(operation, key):
    with pytest.raises(ConfigError, match=key):
        model({"run.operation": operation}).run()


def model(changes: dict | None = None, hours: int = 36) -> anello.Model:
    return anello.Model(
        small_models.district(),
        override_dict={f"{PV}.energy_cap_max": 25, **OPERATE, **(changes or {})},
        timeseries_dataframes=small_models.series(hours),
    )


def test_a_model_is_operated(caplog):
    found = model()
    with caplog.at_level(logging.WARNING, "anello"):
        found.run()
    assert "not cyclic" in caplog.text
    assert "starts empty" in caplog.text
    caps = found.results["energy_cap"].to_series()
    assert caps["a::tank"] == 12
    assert caps["b::pv"] == 25
    assert np.isinf(caps["a::grid"])
    assert found.results["cost_investment"].sum() == 0
    assert found.inputs.attrs["allow_operate_mode"] == 1
    assert found.results.attrs["termination_condition"] == "optimal"


def test_capacities_of_an_earlier_plan():
    found = model({"run.mode": "plan", "run.operation.use_cap_results": True})
    found.run()
    planned = found.results["energy_cap"].to_series()
    found.run_config["mode"] = "operate"
    found.run(force_rerun=True)
    operated = found.results["energy_cap"].to_series()
    built = [node for node in planned.index if "demand" not in node]
    pd.testing.assert_series_equal(planned[built], operated[built])


def test_without_an_earlier_plan_the_model_decides_and_says_so(caplog):
    found = model({"run.operation.use_cap_results": True})
    with caplog.at_level(logging.WARNING, "anello"):
        found.run()
    assert "use_cap_results" in caplog.text
    assert found.results["energy_cap"].to_series()["b::pv"] == 25


def test_a_capacity_is_equals_then_max_then_by_ratio():
    found, _ = fixed_capacities(
        small_models.data(
            {
                **OPERATE,
                "techs.boiler.constraints": {"energy_cap_equals": 7, "energy_cap_max": 9},
                f"{PV}.energy_cap_max": 4,
                f"{PV}.energy_cap_scale": 2,
                f"{PV}.resource_area_max": np.inf,
                f"{PV}.resource_area_per_energy_cap": 5,
                "techs.tank.constraints": {
                    "energy_cap_equals": None,
                    "energy_cap_per_storage_cap_max": 0.25,
                },
            }
        )
    )
    data = small_models.data(OPERATE)
    at = {str(node): k for k, node in enumerate(data.inputs["node"].values)}
    assert found["energy_cap"][at["a::boiler"]] == 7
    assert found["energy_cap"][at["b::pv"]] == 8
    assert found["resource_area"][at["b::pv"]] == 40
    assert found["energy_cap"][at["a::tank"]] == 10
    assert np.isinf(found["energy_cap"][at["a::gas"]])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({f"{PV}.resource_area_max": np.inf}, "finite resource_area"),
        ({"techs.gas.constraints.energy_cap_min_use": 0.1}, "finite energy_cap"),
        (
            {"techs.tank.constraints": {"storage_cap_equals": None, "storage_initial": 0.5}},
            "finite storage_cap",
        ),
        ({"techs.tank.constraints.charge_rate": 0.1}, "ratio of 0.1/h"),
    ],
)
def test_missing_and_contradicting_capacities_are_named(changes, told):
    with pytest.raises(InputError, match=told):
        model(changes).run()


def test_a_forced_resource_lifts_its_limit(caplog):
    changes = {
        "techs.gas.constraints": {"resource": 5, "force_resource": True, "energy_cap_max": 1},
        "run.ensure_feasibility": True,
    }
    with caplog.at_level(logging.WARNING, "anello"):
        found = model(changes)
        found.run()
    assert "b::gas: the limit on energy_cap is lifted" in caplog.text
    assert np.isinf(found.results["energy_cap"].to_series()["b::gas"])
    assert np.all(found.dispatch["carrier_prod"].sel(node="b::gas", carrier="gas") == 5.0)


def limit_gas(found: anello.Model, most: float) -> None:
    """Add a limit on the gas that location a takes in an hour [kWh]."""
    found.backend.add_constraint(
        "little_gas", ["timesteps"], lambda m, t: m.carrier_prod["a::gas", "gas", t] <= most
    )


def test_a_failed_window_is_named_by_its_dates():
    tables = small_models.series(36)
    tables["heat"].iloc[24:] *= 1.5
    found = anello.Model(
        small_models.district(),
        override_dict={**OPERATE, "run.operation": {"window": 12, "horizon": 12}},
        timeseries_dataframes=tables,
    )
    limit_gas(found, 18.0)
    with pytest.raises(InfeasibleError, match=r"window 2019-03-05 00:00 to 2019-03-05 11:00"):
        found.run()
    assert not found.is_solved


def test_ramping_holds_between_windows():
    limit = {"techs.chp.constraints.energy_ramping": 0.1}
    found = model({**limit, "run.operation": {"window": 5, "horizon": 7}})
    found.run()
    power = found.dispatch["carrier_prod"].sel(node="b::chp", carrier="electricity")
    assert float(abs(power.diff("timestep")).max()) <= 0.1 * 6 + 1e-6


def test_decided_shares_are_left_out(caplog):
    group = {"techs": ["grid"], "demand_share_per_timestep_decision": {"electricity": None}}
    with caplog.at_level(logging.WARNING, "anello"):
        found = model({"group_constraints.share": group})
        found.run()
    assert "demand_share_per_timestep_decision is left out" in caplog.text


def test_constraints_that_users_add_hold_in_every_window():
    free = model()
    free.run()
    taken = free.dispatch["carrier_prod"].sel(node="a::gas", carrier="gas")
    assert float(taken.max()) > 25.0
    found = model()
    limit_gas(found, 18.0)
    found.run()
    taken = found.dispatch["carrier_prod"].sel(node="a::gas", carrier="gas")
    assert 17.0 < float(taken.max()) <= 18.0 + 1e-6


def test_uneven_days_are_refused():
    data = small_models.data(OPERATE, 72)
    data.inputs["timestep_weight"][:] = 2.0
    problem = compile_problem(formulate(data))
    with pytest.raises(ConfigError, match="differ from day to day"):
        operate(data, problem)


def test_workflow_plans_first(tmp_path):
    from anello.coupling.config import CouplingConfig
    from anello.run.stages.build import build_problem
    from ring_districts import random_district

    data, ring = random_district(1, days=1)
    data.config["run"]["mode"] = "operate"
    data.save(tmp_path / "model.nc")
    with pytest.raises(InputError, match=r"coupling\.operation"):
        build_problem(tmp_path / "model.nc", tmp_path / "problem.npz", ring, CouplingConfig())


def test_command_line_operates_the_example_as_calliope_does(tmp_path):
    from anello.cli import main

    out = tmp_path / "out.nc"
    anello.examples.copy_example("urban", tmp_path / "urban")
    told = ["--scenario", "operate", "--save_netcdf", str(out)]
    assert main(["run", str(tmp_path / "urban"), *told]) == 0
    found = anello.read_netcdf(out).results
    assert found.attrs["termination_condition"] == "optimal"
    # Calliope 0.6.10 with CBC, on the same folder.
    assert float(found["cost"].sum()) == pytest.approx(1572.1158745346283, rel=1e-8)


def test_the_operate_example_meets_all_demand():
    model = anello.examples.operate()
    model.run()
    assert model.run_config["operation"]["window"] == 12
    assert float(model.results["unmet_demand"].sum()) == 0.0
