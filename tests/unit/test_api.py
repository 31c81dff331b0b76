"""`anello.Model` and its backend: what a person who knows Calliope's documentation will try."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
import xarray as xr

import anello
from anello.api.attrdict import AttrDict
from anello.api.model import NotRunError
from anello.api.running import available_solver
from anello.errors import (
    AnelloError,
    ArtefactError,
    ConfigError,
    InfeasibleError,
    InputError,
    SolveError,
)

SMALL: dict = {
    "model": {"name": "small", "timeseries_data_path": "."},
    "run": {"mode": "plan"},
    "techs": {
        "plant": {
            "essentials": {"parent": "supply", "carrier": "power"},
            "constraints": {"energy_cap_max": 10, "energy_eff": 0.5, "lifetime": 20},
            "costs": {"monetary": {"om_con": 1, "energy_cap": 10, "interest_rate": 0}},
        },
        "wind": {
            "essentials": {"parent": "supply", "carrier": "power"},
            "constraints": {
                "resource": "df=wind",
                "resource_unit": "energy_per_cap",
                "energy_cap_equals": 4,
            },
            "costs": {"monetary": {"om_prod": 0.1}},
        },
        "store": {
            "essentials": {"parent": "storage", "carrier": "power"},
            "constraints": {"energy_cap_equals": 1, "storage_cap_equals": 2, "energy_eff": 0.9},
        },
        "line": {
            "essentials": {"parent": "transmission", "carrier": "power"},
            "constraints": {"energy_cap_max": 5, "energy_eff": 0.98},
        },
        "need": {
            "essentials": {"parent": "demand", "carrier": "power"},
            "constraints": {"resource": "df=need"},
        },
    },
    "locations": {"a": {"techs": {"plant": None, "wind": None}}, "b": {"techs": {}}},
    "links": {"a,b": {"techs": {"line": None}}},
}
SMALL["locations"]["b"]["techs"] = {"need": None, "store": None}
STEPS = pd.date_range("2030-01-01", periods=6, freq="h")
FRAMES = {
    "wind": pd.DataFrame({"a": [0.1, 0.9, 0.4, 0.0, 0.3, 0.7]}, index=STEPS),
    "need": pd.DataFrame({"b": [-2.0, -3.0, -4.0, -3.5, -2.5, -1.0]}, index=STEPS),
}


def small(**told) -> anello.Model:
    return anello.Model(SMALL, timeseries_dataframes=FRAMES, **told)


@pytest.fixture(scope="module")
def solved() -> anello.Model:
    model = small()
    model.run()
    return model


@pytest.fixture
def built() -> anello.Model:
    model = small()
    model.run(build_only=True)
    return model


# --- examples ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("example", "scenario", "by_calliope"),
    [
        ("national_scale", None, 134642.9619033642),
        ("national_scale", "clean", 196304.05827945462),
        ("urban_scale", None, 1707.7443419180884),
        ("district_scale", "smart_battery", 994.7470403680372),
    ],
)
def test_examples_have_the_optimum_that_calliope_finds(example, scenario, by_calliope):
    model = getattr(anello.examples, example)(scenario=scenario)
    model.run()
    found = model.results.attrs["objective_function_value"]
    assert found == pytest.approx(by_calliope, rel=1e-6)
    assert float(model.dispatch["unmet_demand"].sum()) == pytest.approx(0, abs=1e-6)


def test_example_with_integers():
    model = anello.examples.milp()
    model.run()
    units = model.get_formatted_array("units").dropna("locs", how="all").dropna("techs", how="all")
    np.testing.assert_allclose(units, np.round(units), atol=1e-6)


def test_integers_stopped_early_are_kept_and_told(tmp_path, caplog):
    model = anello.examples.milp()
    # HiGHS stops at its first solution: deterministic, unlike a limit of time.
    first = {"mip_max_improving_sols": 1, "presolve": "off"}
    model.run(solver="highs", solver_options=first)
    attrs = model.results.attrs
    assert attrs["termination_condition"] == "solution limit"
    assert attrs["gap"] > 1e-3
    assert f"gap {attrs['gap']:.2%}" in model.info()
    assert "solution limit" in caplog.text
    model.to_netcdf(tmp_path / "early.nc")
    assert anello.read_netcdf(tmp_path / "early.nc").results.attrs["gap"] == attrs["gap"]
    early = attrs["objective_function_value"]
    model.run(force_rerun=True, mip_gap=1e-6)
    best = model.results.attrs
    assert best["termination_condition"] == "optimal"
    assert early * (1 - attrs["gap"]) <= best["objective_function_value"] <= early


def test_series_of_the_examples_are_those_of_their_formulas(tmp_path):
    from anello.examples import folder
    from anello.examples.generate import write

    for path in write(tmp_path):
        name = path.relative_to(tmp_path)
        assert path.read_text() == (folder("urban").parent / name).read_text(), name


# --- reading ----------------------------------------------------------------------------------
def test_config_may_be_an_attrdict_with_overrides():
    model = anello.Model(
        AttrDict(SMALL),
        timeseries_dataframes=FRAMES,
        override_dict="techs.plant.constraints.energy_cap_max: 7",
    )
    assert model.inputs["energy_cap_max"].sel(loc_techs="a::plant") == 7
    assert model.model_config.name == "small"
    assert model.run_config.mode == "plan"


def test_unknown_keys_are_errors_unless_lenient():
    stray = {"techs.plant.constraints.enegry_eff": 1}
    with pytest.raises(InputError, match="energy_eff"):
        small(override_dict=stray)
    assert any(
        "enegry_eff" in text for text in small(override_dict=stray, strict=False).data.warnings
    )


# --- running ----------------------------------------------------------------------------------
def test_results_need_a_run():
    model = small()
    with pytest.raises(NotRunError, match="run"):
        _ = model.results
    assert not hasattr(model, "results")
    with pytest.raises(InputError, match="no results yet"):
        model.get_formatted_array("carrier_prod_of_things")
    assert "not run yet" in model.info()


def test_second_run_must_be_forced(solved):
    with pytest.raises(AnelloError, match="force_rerun"):
        solved.run()
    before = solved.results.attrs["objective_function_value"]
    solved.run(force_rerun=True)
    assert solved.results.attrs["objective_function_value"] == pytest.approx(before, rel=1e-12)


def test_unknown_modes_are_refused():
    model = small()
    model.run_config["mode"] = "design"
    with pytest.raises(ConfigError, match=r"run\.mode"):
        model.run()


def test_infeasible_raises_and_leaves_no_results():
    limit = {"techs": ["plant"], "carrier_prod_max": {"power": 0.1}}
    model = small(override_dict={"group_constraints.little": limit})
    with pytest.raises(InfeasibleError):
        model.run()
    assert not model.is_solved


def test_absent_solver_of_a_folder_is_replaced_and_says_so(caplog):
    model = small(
        override_dict={"run.solver": "cplex", "run.solver_options": {"mipgap": 0.01, "x y": 1}}
    )
    with caplog.at_level(logging.WARNING, "anello"):
        model.run()
    assert model.dispatch.attrs["solver"] == "highs"
    assert "cplex" in caplog.text
    assert available_solver("appsi_highs") == "highs"


def test_absent_solver_asked_for_by_name_is_an_error(built):
    with pytest.raises(SolveError, match="no_such_solver"):
        built.run(solver="no_such_solver")


def test_default_solver_needs_no_warning(caplog):
    with caplog.at_level(logging.WARNING, "anello"):
        model = small()
        model.run()
    assert model.run_config.solver == "highs"
    assert not caplog.text


def test_solver_log_is_kept(tmp_path):
    model = small(override_dict={"run.save_logs": str(tmp_path / "logs")})
    model.run()
    assert (tmp_path / "logs" / "solver.log").stat().st_size


# --- looking at it ----------------------------------------------------------------------------
def test_formatted_arrays(solved):
    prod = solved.get_formatted_array("carrier_prod")
    assert prod.dims == ("carriers", "locs", "techs", "timesteps")
    assert prod.name == "carrier_prod"
    by_label = solved.results["carrier_prod"].sel(loc_tech_carriers_prod="a::plant::power")
    picked = prod.loc[{"carriers": "power", "locs": "a", "techs": "plant"}]
    np.testing.assert_array_equal(picked, by_label)
    assert np.isnan(prod.loc[{"locs": "b", "techs": "plant"}]).all()
    cost = solved.get_formatted_array("cost")
    assert cost.loc[{"costs": "monetary"}].sum() == pytest.approx(
        solved.results.attrs["objective_function_value"]
    )


def test_formatted_array_with_multiindex(solved):
    many = solved.get_formatted_array("carrier_con", index_format="multiindex")
    assert many.indexes["loc_tech_carriers_con"].names == ["locs", "techs", "carriers"]
    assert many.sel(locs="b", techs="need").sum() == pytest.approx(-16)
    with pytest.raises(ValueError, match="index_format"):
        solved.get_formatted_array("carrier_con", index_format="table")


def test_formatted_inputs(solved):
    resource = solved.get_formatted_array("resource")
    assert resource.loc[{"locs": "b", "techs": "need"}].sum() == -16
    assert solved.get_formatted_array("timestep_resolution").sum() == 6
    assert set(solved.inputs["resource"]["loc_techs_finite_resource"].values) == {
        "a::wind",
        "b::need",
    }
    with pytest.raises(InputError, match="carrier_prod"):
        solved.get_formatted_array("carrier_production")


def test_links_have_names_and_ratios_their_tiers():
    inputs = anello.examples.urban_scale().inputs
    assert str(inputs["names"].sel(techs="heat_pipe:homes").item()) == "Heat pipe"
    assert list(inputs["carrier_ratios"]["carrier_tiers"].values) == ["in", "out", "out_2"]
    ratio = inputs["carrier_ratios"].sel(carrier_tiers="out_2")
    assert ratio.sel(loc_tech_carriers_conversion_plus="town_hall::chp::heat") == 1
    assert inputs["loc_coordinates"].sel(coordinates="y", locs="homes") == 420


# --- saving -----------------------------------------------------------------------------------
def test_netcdf_round_trip(solved, tmp_path):
    path = tmp_path / "model.nc"
    solved.to_netcdf(path)
    again = anello.read_netcdf(path)
    xr.testing.assert_identical(again.results, solved.results)
    xr.testing.assert_identical(again.inputs, solved.inputs)
    assert again.info() == solved.info()
    with pytest.raises(AnelloError, match="force_rerun"):
        again.run()
    again.run(force_rerun=True)
    xr.testing.assert_allclose(again.results, solved.results)
    again.to_netcdf(tmp_path / "again.nc")
    unsolved = small()
    unsolved.to_netcdf(path)
    third = anello.read_netcdf(path)
    assert not third.is_solved
    third.run()
    third.save_commented_model_yaml(tmp_path / "model.yaml")
    assert third.results.attrs["objective_function_value"] == pytest.approx(
        solved.results.attrs["objective_function_value"], rel=1e-9
    )


def test_netcdf_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.nc"
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(path)
    with pytest.raises(ArtefactError, match="no model"):
        anello.read_netcdf(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtefactError):
        anello.read_netcdf(path)
    with pytest.raises(ArtefactError):
        anello.read_netcdf(tmp_path / "absent.nc")


def test_results_become_tables_and_a_list_of_them(solved, tmp_path):
    folder = tmp_path / "tables"
    solved.to_csv(folder)
    prod = pd.read_csv(folder / "results_carrier_prod.csv")
    assert list(prod.columns) == ["carriers", "locs", "techs", "timesteps", "carrier_prod"]
    assert prod["carrier_prod"].sum() == pytest.approx(float(solved.results["carrier_prod"].sum()))
    listed = pd.read_csv(folder / "variables.csv").set_index("file")
    assert set(listed.index) == {p.name for p in folder.iterdir()} - {"variables.csv"}
    assert listed.loc["results_carrier_prod.csv", "units"] == "kWh"
    eff = pd.read_csv(folder / "inputs_energy_eff.csv")
    assert len(eff) == 4
    with pytest.raises(FileExistsError):
        solved.to_csv(folder)
    solved.to_csv(tmp_path / "all", dropna=False)
    assert len(pd.read_csv(tmp_path / "all" / "inputs_energy_eff.csv")) > 4


def test_lp_file_holds_the_backend_as_it_stands(built, tmp_path):
    built.backend.add_constraint(
        "plant_limit_constraint", [], lambda m: m.energy_cap["a::plant"] <= 3
    )
    built.to_lp(tmp_path / "model.lp")
    text = (tmp_path / "model.lp").read_text()
    assert "plant_limit_constraint" in text
    assert "system_balance" in text


def test_commented_yaml_is_a_model_with_the_same_optimum(tmp_path):
    model = anello.examples.national_scale(scenario="clean")
    path = tmp_path / "whole.yaml"
    model.save_commented_model_yaml(path)
    text = path.read_text()
    assert "om_con: 0.09  # " in text
    assert "scenarios.yaml:" in text
    settings = AttrDict.from_yaml(path)
    assert settings.techs.gas.costs.monetary.om_con == 0.09
    assert settings.group_constraints.gas_share.energy_cap_share_max == 0.5
    settings.model.timeseries_data_path = str(
        anello.examples.folder("national") / "timeseries_data"
    )
    again = anello.Model(settings)
    xr.testing.assert_identical(again.data.inputs, model.data.inputs)


# --- the backend ------------------------------------------------------------------------------
def objective(model: anello.Model) -> float:
    return model.results.attrs["objective_function_value"]


def test_updated_parameters_count_as_if_they_had_been_written(built, solved):
    built.backend.update_param("energy_eff", {"a::plant": 0.25})
    built.backend.update_param("cost_om_con", {("monetary", "a::plant"): 3})
    built.backend.update_param("resource", {("b::need", "2030-01-01 02:00"): -4.5})
    new = built.backend.rerun()
    frames = {**FRAMES, "need": FRAMES["need"].copy()}
    frames["need"].loc[STEPS[2], "b"] = -4.5
    written = anello.Model(
        SMALL,
        timeseries_dataframes=frames,
        override_dict="""
            techs.plant.constraints.energy_eff: 0.25
            techs.plant.costs.monetary.om_con: 3
        """,
    )
    written.run()
    assert objective(new) == pytest.approx(objective(written), rel=1e-9)
    assert new.inputs["energy_eff"].sel(loc_techs="a::plant") == 0.25
    assert built.inputs["energy_eff"].sel(loc_techs="a::plant") == 0.5
    assert not built.is_solved
    assert objective(new) > objective(solved)
    new.run(force_rerun=True)
    assert objective(new) == pytest.approx(objective(written), rel=1e-9)


def test_a_series_may_be_replaced_as_a_whole(built):
    values = np.linspace(-1, -3, 6)
    built.backend.update_param("resource", {"b::need": values})
    new = built.backend.rerun()
    np.testing.assert_allclose(
        new.get_formatted_array("carrier_con").loc["power", "b", "need"], values
    )


def test_weights_of_the_objective(built, solved):
    built.backend.update_param("objective_cost_class", {"monetary": 0.5})
    assert objective(built.backend.rerun()) == pytest.approx(0.5 * objective(solved), rel=1e-9)


@pytest.mark.parametrize(
    ("param", "values", "message"),
    [
        ("energy_ef", {"a::plant": 1}, "energy_eff"),
        ("energy_eff", {"a::plnt": 1}, "a::plant"),
        ("energy_eff", {("a::plant", STEPS[0]): 1}, "no node"),
        ("energy_eff", {"a::plant": "much"}, "number"),
        ("energy_eff", {"a::plant": float("nan")}, "number"),
        ("energy_eff", {"a::plant": [1, 2]}, "one value"),
        ("energy_eff", {"b::need": 1}, "does not apply"),
        ("resource", {"b::need": [1, 2]}, "6 values"),
        ("resource", {("b::need", "2031-01-01"): 1}, "no node or timestep"),
        ("cost_om_con", {"a::plant": 1}, "cost is missing"),
        ("lifetime", {"a::plant": 1}, "cost_depreciation_rate"),
        ("objective_cost_class", {"money": 1}, "cost class"),
    ],
)
def test_updates_that_mean_nothing_are_refused(built, param, values, message):
    with pytest.raises(InputError, match=message):
        built.backend.update_param(param, values)


def test_inputs_with_defaults(built):
    filled = built.backend.access_model_inputs()
    assert filled["energy_eff"].sel(loc_techs="a::wind") == 1
    assert np.isnan(built.inputs["energy_eff"].sel(loc_techs="a::wind"))
    assert "energy_cap" in built.backend.get_all_model_attrs()["Var"]
    xr.testing.assert_identical(built.backend.get_input_params(), filled)


def test_constraint_of_the_documentation(built):
    def rule(backend_model, loc_tech):
        return backend_model.energy_cap[loc_tech] <= backend_model.energy_cap_max[loc_tech] * 0.3

    with pytest.raises(InputError, match="no such set"):
        built.backend.add_constraint("x_constraint", ["loc_techs_sply"], rule)
    built.backend.add_constraint("x_constraint", ["loc_techs_transmission"], rule)
    with pytest.raises(InputError, match="already"):
        built.backend.add_constraint("x_constraint", [], rule)
    with pytest.raises(InfeasibleError):
        built.backend.rerun()
    built.backend.activate_constraint("x_constraint", active=False)
    built.backend.rerun()


def test_constraint_over_time_with_joined_labels(built, solved):
    def rule(m, loc_tech_carrier, step):
        if not loc_tech_carrier.startswith("a::plant"):
            return pyo.Constraint.Skip
        hours = m.timestep_resolution[step]
        return m.carrier_prod[loc_tech_carrier, step] <= 1.5 * hours

    built.backend.add_constraint("low_constraint", ["loc_tech_carriers_prod", "timesteps"], rule)
    # recorded changes survive a parameter's update
    built.backend.update_param("cost_om_con", {("monetary", "a::plant"): 2})
    try:
        new = built.backend.rerun()
    except InfeasibleError:
        built.backend.update_param("energy_cap_equals", {"b::store": 9})
        built.backend.update_param("resource", {"b::need": -1})
        new = built.backend.rerun()
    made = new.get_formatted_array("carrier_prod").loc["power", "a", "plant"]
    assert float(made.max()) <= 1.5 + 1e-6
    assert float(solved.get_formatted_array("carrier_prod").loc["power", "a", "plant"].max()) > 1.5


def test_labels_of_every_kind_of_variable():
    backend = anello.examples.urban_scale().backend
    never = pyo.Constraint.Skip
    seen: dict = {}

    def keep(name):
        def rule(m, *index):
            seen.setdefault(name, []).append(index)
            return never

        return rule

    for name in ("loc_techs_store", "loc_techs_milp", "loc_techs_demand", "techs", "locs"):
        backend.add_constraint(f"{name}_constraint", [name], keep(name))
    assert "loc_techs_store" not in seen
    assert "loc_techs_milp" not in seen
    assert len(seen["loc_techs_demand"]) == 6
    assert ("heat_pipe:homes",) in seen["techs"]
    backend.add_constraint(
        "a_constraint",
        ["loc_carriers", "timesteps"],
        lambda m, pair, t: m.unmet_demand[pair, t] <= m.timestep_resolution[t] * 1e6,
    )
    backend.add_constraint(
        "b_constraint",
        ["costs"],
        lambda m, c: (
            sum(m.cost[c, k] * m.timestep_weights[m.timesteps[0]] for k in m.loc_techs_cost) <= 2000
        ),
    )
    assert objective(backend.rerun()) == pytest.approx(1707.7443419180884, rel=1e-6)


def test_a_failed_rule_leaves_nothing_behind(built):
    with pytest.raises(ZeroDivisionError):
        built.backend.add_constraint("x_constraint", ["timesteps"], lambda m, t: 1 / 0)
    built.backend.add_constraint("x_constraint", [], lambda m: m.energy_cap["a::plant"] <= 9)


def test_switching_a_constraint_off(built, solved):
    built.backend.activate_constraint("balance_demand", active=False)
    assert objective(built.backend.rerun()) < objective(solved)
    built.backend.activate_constraint("balance_demand_constraint")
    assert objective(built.backend.rerun()) == pytest.approx(objective(solved), rel=1e-9)
    with pytest.raises(InputError, match="balance_demand"):
        built.backend.activate_constraint("balance_demnd_constraint")


def test_the_pyomo_model_itself(built, solved):
    built.backend.model.energy_cap["a::plant"].fix(9.0)
    with pytest.raises(AnelloError, match="rebuild"):
        built.backend.update_param("energy_eff", {"a::plant": 0.4})
    built.run()
    assert float(built.results["energy_cap"].sel(loc_techs="a::plant")) == pytest.approx(9)
    built.run(force_rerun=True)
    assert objective(built) == pytest.approx(objective(solved), rel=1e-9)


def test_run_solves_what_was_built_and_shows_its_parameters(built):
    built.backend.update_param("energy_eff", {"a::plant": 0.25})
    built.run()
    assert built.inputs["energy_eff"].sel(loc_techs="a::plant") == 0.25
    before = objective(built)
    built.run(force_rerun=True)
    assert objective(built) == pytest.approx(before, rel=1e-9)


def test_the_guide_runs_as_written(repo_root, tmp_path, monkeypatch):
    page = (repo_root / "docs" / "how-to" / "use-from-python.md").read_text()
    code = "\n".join(block.split("```")[0] for block in page.split("```python\n")[1:])
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(code, "use-from-python.md", "exec"), names)
    assert names["again"].is_solved
    fixed = names["fixed"].get_formatted_array("energy_cap").sel(locs="coast", techs="wind")
    assert float(fixed) == pytest.approx(25000)
    assert objective(names["limited"]) > objective(names["dearer"])


# --- cleanliness ------------------------------------------------------------------------------
def test_models_leave_nothing_behind():
    def use() -> list[weakref.ref]:
        model = small()
        model.run()
        model.backend.add_constraint(
            "x_constraint", ["loc_techs_supply"], lambda m, k: m.energy_cap[k] <= 99
        )
        new = model.backend.rerun()
        _ = new.results, model.inputs, model.get_formatted_array("carrier_prod")
        kept = [model, model.backend, model.backend.model, model.data, new, new.dispatch]
        return [weakref.ref(thing) for thing in kept]

    found = [ref for _ in range(5) for ref in use()]
    gc.collect()
    assert [ref() for ref in found if ref() is not None] == []


def test_the_package_is_light_and_its_names_are_found():
    code = (
        "import sys, anello; heavy = {'numpy', 'pandas', 'xarray', 'pyomo'} & set(sys.modules);"
        "assert not heavy, heavy; assert {'Model', 'AttrDict', 'examples'} <= set(dir(anello));"
        "anello.AttrDict; assert 'pandas' not in sys.modules"
    )
    where = str(Path(anello.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": where})
