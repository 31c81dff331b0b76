"""A walk through Calliope 0.6's documentation with anello in the place of calliope.

Each test is one of its pages; the models are anello's own examples.
"""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import anello as calliope
from anello.api.attrdict import AttrDict
from anello.errors import AnelloError, InputError


@pytest.fixture(scope="module")
def urban() -> calliope.Model:
    model = calliope.examples.urban_scale()
    model.run()
    return model


# --- Running a model ------------------------------------------------------------------------------
def test_running_interactively(tmp_path, monkeypatch):
    folder = calliope.examples.folder("national")
    model = calliope.Model(str(folder / "model.yaml"))
    model.run()
    config = AttrDict.from_yaml(folder / "model.yaml")
    config.set_key("run.solver", "highs")
    config.set_key("model.timeseries_data_path", str(folder / "timeseries_data"))
    again = calliope.Model(config, scenario="dear_gas")
    again.run()
    assert again.results.objective_function_value > model.results.objective_function_value
    model.to_netcdf(tmp_path / "saved_model.nc")
    model.to_csv(tmp_path / "tables")
    solved_model = calliope.read_netcdf(tmp_path / "saved_model.nc")
    assert solved_model.results.equals(model.results)
    assert solved_model.inputs.equals(model.inputs)
    fresh = calliope.examples.national_scale()
    fresh.to_netcdf(str(tmp_path / "preprocessed.nc"))
    inputs_only = calliope.read_netcdf(str(tmp_path / "preprocessed.nc"))
    inputs_only.run()
    assert inputs_only.results.objective_function_value == pytest.approx(
        model.results.objective_function_value
    )


def test_scenarios_and_overrides():
    folder = calliope.examples.folder("urban")
    milp = calliope.Model(str(folder / "model.yaml"), scenario="milp")
    assert "units_max" in milp.inputs
    for override in (
        {"run.solver": "cbc"},
        AttrDict({"run": {"solver": "cbc"}}),
        "run.solver: cbc",
    ):
        model = calliope.Model(str(folder / "model.yaml"), override_dict=override)
        assert model.run_config["solver"] == model.run_config.solver == "cbc"
    both = calliope.examples.national_scale(
        scenario="dear_gas", override_dict={"techs.gas.costs.monetary.om_con": 0.2}
    )
    price = both.inputs.cost_om_con.loc[{"costs": "monetary", "loc_techs_om_cost": "coast::gas"}]
    assert price == 0.2


@pytest.mark.parametrize(
    "name",
    [
        "national_scale", "time_clustering", "time_resampling", "urban_scale", "milp", "operate",
        "time_masking",
    ],
)  # fmt: skip
def test_every_example_of_the_list_runs(name):
    model = getattr(calliope.examples, name)()
    model.run()
    assert model.results.termination_condition == "optimal"
    assert float(model.results.unmet_demand.sum()) == pytest.approx(0, abs=1e-5)
    assert (model.inputs.timestep_weights * model.inputs.timestep_resolution).sum() >= 48


def test_logging():
    code = (
        "import anello; anello.set_log_verbosity('INFO', include_solver_output=False)\n"
        "m = anello.examples.urban_scale(scenario='milp'); m.run()\n"
        "anello.set_log_verbosity('debug')\n"
        "m.run(force_rerun=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = done.stderr.split("HiGHS", 1)
    assert "WARNING" in before, "integers make a model slower"
    assert "Nodes" in after, "the solver's own words"
    with pytest.raises(ValueError, match="LOUD"):
        calliope.set_log_verbosity("loud")
    logging.getLogger("anello").setLevel(logging.NOTSET)


def test_time_series_from_data_frames():
    index = pd.date_range("2030-01-01", periods=4, freq="h")
    demand_1 = pd.DataFrame({"here": [-1.0, -2, -3, -2]}, index=index)
    pv_resource = pd.DataFrame({"sun": [0.0, 0.5, 0.9, 0.1]}, index=index)
    carrier = {"carrier": "power"}
    config = {
        "model": {"name": "frames"},
        "run": {"solver": "highs"},
        "techs": {
            "need": {
                "essentials": {"parent": "demand", **carrier},
                "constraints": {"resource": "df=demand_1"},
            },
            "pv": {
                "essentials": {"parent": "supply", **carrier},
                "constraints": {
                    "resource": "df=pv_resource:sun",
                    "resource_unit": "energy_per_cap",
                    "energy_cap_max": 2,
                },
            },
            "grid": {
                "essentials": {"parent": "supply", **carrier},
                "costs": {"monetary": {"om_prod": 1}},
            },
        },
        "locations": {"here": {"techs": {"need": None, "pv": None, "grid": None}}},
    }
    model = calliope.Model(
        config, timeseries_dataframes={"demand_1": demand_1, "pv_resource": pv_resource}
    )
    model.run()
    assert model.results.objective_function_value == pytest.approx(8 - 1 - 1.8 - 0.2)


# --- Analysing a model ----------------------------------------------------------------------------
def test_accessing_data_and_results(urban):
    assert "homes::boiler" in urban.results.energy_cap.loc_techs.values
    assert "homes::boiler::heat" in urban.results.carrier_prod.loc_tech_carriers_prod.values
    resource = urban.inputs.resource.loc[{"loc_techs_finite_resource": "homes::demand_heat"}]
    assert resource.sizes == {"timesteps": 48}
    info = urban.info()
    assert "Urban-scale example" in info
    assert "48 timesteps" in info
    # What the tutorials' notebooks do.
    prod = urban.get_formatted_array("carrier_prod")
    heat = prod.loc[{"carriers": "heat"}].sum("locs").to_pandas().T
    assert list(heat.index) == list(pd.DatetimeIndex(urban.results.timesteps.values))
    assert heat["boiler"].sum() > 0
    con = urban.get_formatted_array("carrier_con").loc[{"techs": "demand_heat", "carriers": "heat"}]
    assert float(con.sum("locs").min()) < 0
    caps = urban.get_formatted_array("energy_cap").to_pandas()
    assert caps.loc["homes", "boiler"] > 0
    lcoe = urban.results.systemwide_levelised_cost.loc[{"carriers": "heat", "costs": "monetary"}]
    assert float(lcoe.to_pandas().replace(np.inf, np.nan).dropna()["boiler"]) > 0
    capacity_factor = urban.results.capacity_factor.loc[
        {"loc_tech_carriers_prod": "homes::boiler::heat"}
    ].to_pandas()
    assert capacity_factor.max() <= 1 + 1e-9
    multi = urban.get_formatted_array("carrier_prod", index_format="multiindex")
    assert multi.sel(locs="homes", techs="boiler", carriers="heat").sizes["timesteps"] == 48


# --- Rerunning a model ----------------------------------------------------------------------------
def test_values_changed_in_the_inputs_count_from_the_next_run_on():
    model = calliope.examples.national_scale()
    limit = {"loc_techs": "coast::gas"}
    model.inputs.energy_cap_max.loc[limit] = 9000.0
    model.run()
    assert float(model.results.energy_cap.loc[limit]) <= 9000 + 1e-6
    before = model.results.objective_function_value
    told = calliope.examples.national_scale(
        override_dict={"techs.gas.constraints.energy_cap_max": 9000}
    )
    told.run()
    assert before == pytest.approx(told.results.objective_function_value, rel=1e-9)
    model.inputs["cost_om_con"].loc[{"costs": "monetary", "loc_techs_om_cost": "coast::gas"}] = 0.2
    model.inputs.resource.loc[{"loc_techs_finite_resource": "coast::demand_power"}] *= 0.9
    assert model.results.objective_function_value == before, "not before the next run"
    model.run(force_rerun=True)
    assert model.results.objective_function_value != before
    demand = model.results.carrier_con.loc[{"loc_tech_carriers_con": "coast::demand_power::power"}]
    first = told.results.carrier_con.loc[{"loc_tech_carriers_con": "coast::demand_power::power"}]
    np.testing.assert_allclose(demand, 0.9 * first, rtol=1e-9)


def test_changes_that_cannot_count_are_refused():
    model = calliope.examples.national_scale()
    model.inputs["names"].loc[{"techs": "gas"}] = "Coal"
    with pytest.raises(InputError, match="only numbers of technologies"):
        model.run()
    model = calliope.examples.national_scale()
    model.inputs["new"] = 1
    with pytest.raises(InputError, match="`new`"):
        model.run()
    model = calliope.examples.national_scale()
    model.run(build_only=True)
    model.backend.activate_constraint("ramping_up")
    model.inputs.energy_cap_max.loc[{"loc_techs": "coast::gas"}] = 9000.0
    with pytest.raises(AnelloError, match="in one place"):
        model.run()
    model.run(force_rerun=True)
    assert float(model.results.energy_cap.loc[{"loc_techs": "coast::gas"}]) <= 9000 + 1e-6


# --- Interfacing with the backend -----------------------------------------------------------------
def test_interfacing_with_the_backend():
    model = calliope.examples.national_scale()
    model.run(build_only=True)
    inputs = model.backend.access_model_inputs()
    assert inputs.equals(model.backend.get_input_params())
    assert float(inputs.energy_eff.loc[{"loc_techs": "coast::wind"}]) == 1.0, "a default"
    model.run()
    model.backend.update_param("energy_eff", {"coast::gas": 0.1})
    model.backend.update_param("objective_cost_class", {"monetary": 0.5})
    with pytest.raises(AnelloError, match="force_rerun"):
        model.run()
    new_model = model.backend.rerun()
    assert isinstance(new_model, calliope.Model)
    assert float(new_model.inputs.energy_eff.loc[{"loc_techs": "coast::gas"}]) == 0.1
    assert new_model.get_formatted_array("energy_cap").loc[{"techs": "gas"}].sum() >= 0
    before = model.results.objective_function_value
    assert new_model.results.objective_function_value != pytest.approx(before)
    new_model.run(force_rerun=True)
    model.run(force_rerun=True)
    assert model.results.objective_function_value == pytest.approx(before)


def test_adding_a_constraint_of_the_documentation():
    model = calliope.examples.national_scale()
    model.run()

    constraint_name = "max_capacity_90_constraint"
    constraint_sets = ["loc_techs_supply"]

    def max_capacity_90_constraint_rule(backend_model, loc_tech):

        return backend_model.energy_cap[loc_tech] <= (backend_model.energy_cap_max[loc_tech] * 0.9)

    model.backend.add_constraint(constraint_name, constraint_sets, max_capacity_90_constraint_rule)
    new_model = model.backend.rerun()
    caps = new_model.results.energy_cap
    assert float(caps.loc[{"loc_techs": "coast::wind"}]) <= 0.9 * 30000 + 1e-6
    model.backend.activate_constraint(constraint_name, active=False)
    again = model.backend.rerun()
    assert again.results.objective_function_value == pytest.approx(
        model.results.objective_function_value
    )


# --- Troubleshooting ------------------------------------------------------------------------------
def test_understanding_a_model(tmp_path):
    model = calliope.examples.milp()
    model.run(build_only=True)
    model.to_lp(str(tmp_path / "my_saved_model.lp"))
    assert "system_balance" in (tmp_path / "my_saved_model.lp").read_text()
    model.save_commented_model_yaml(str(tmp_path / "commented.yaml"))
    assert "scenarios.yaml:" in (tmp_path / "commented.yaml").read_text()
    attributes = model.backend.get_all_model_attrs()
    assert {"Var", "Param"} <= set(attributes)
    assert "energy_cap" in attributes["Var"]
