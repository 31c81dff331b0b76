"""What reading a model tells: constraints, costs, options, groups, shortages and magnitudes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anello.errors import InputError
from anello.model.definition import read_model
from anello.model.definition.node_values import depreciation_rate
from anello.model.schema.parameters import group_limit_names
from small_model import HOURS, MODEL, problems, read, write_folder

CHP = (
    "techs.chp.essentials: {parent: conversion_plus, carrier_in: gas, carrier_out: electricity,"
    " carrier_out_2: [heat, cold], primary_carrier_out: electricity}\n"
    "locations.a.techs.chp: \n"
)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("techs.grid.constraints.enrgy_eff: 1", "Did you mean `energy_eff`"),
        ("techs.grid.constraints.storage_cap_max: 1", "a supply technology may not define this"),
        ("techs.demand_el.constraints.energy_eff: 1", "a demand technology may not"),
        ("techs.line.constraints.units_max: 1\nlinks.a,b.techs.line: ", "may not define this"),
        ("techs.grid.constraints.energy_cap_max: lots", "must be a number (value: 'lots')"),
        ("techs.grid.constraints.energy_cap_max: '5'", "a number in quotes is text"),
        ("techs.grid.constraints.energy_cap_max: true", "must be a number"),
        ("techs.grid.constraints.energy_cap_max: [1]", "must be a number"),
        ("techs.grid.constraints.energy_cap_max: {a: 1}", "must be a number (value: {'a': 1})"),
        ("techs.grid.constraints.energy_cap_max: .nan", "is not a number"),
        ("techs.grid.constraints.energy_cap_max: -1", "must be at least 0"),
        ("techs.grid.constraints.energy_cap_min_use: 2", "must lie between 0 and 1"),
        ("techs.grid.constraints.energy_prod: 0.5", "must be true or false"),
        ("techs.grid.constraints.resource_unit: energy_per_are", "Did you mean `energy_per_area`"),
        ("techs.grid.constraints.export_carrier: heat", "none of the carriers"),
        ("techs.grid.constraints.units_max: 3", "needs `energy_cap_per_unit`"),
        (
            "techs.demand_el.constraints.resource: null\nlocations.b.techs.demand_el: ",
            "must define `resource`",
        ),
        ("techs.grid.costs: {om_prod: 3}", "as in `costs.monetary.om_prod`"),
        ("techs.grid.costs: {carbon: 3}", "a cost class must be a mapping"),
        ("techs.grid.costs.monetary.om_porod: 3", "Did you mean `om_prod`"),
        ("techs.demand_el.costs.monetary.om_prod: 3", "a demand technology may not have this cost"),
        ("techs.grid.costs.monetary.om_prod: [1]", "must be a number"),
        ("techs.grid.costs.monetary.energy_cap: 3", "needs `constraints.lifetime`"),
        ("techs.grid.costs.monetary.interest_rate: -0.1", "must be at least 0"),
        (
            "techs.grid: {constraints.lifetime: 9, costs.monetary: {energy_cap: -3,"
            " interest_rate: 0.1}}",
            "a negative cost needs a limit",
        ),
        (CHP + "techs.chp.constraints.carrier_ratios: 3", "tier and carrier"),
        (CHP + "techs.chp.constraints.carrier_ratios.out_2: 3", "no such carrier tier"),
        (CHP + "techs.chp.constraints.carrier_ratios.carrier_out_2: 3", "must be a mapping"),
        (CHP + "techs.chp.constraints.carrier_ratios.carrier_out_2.het: 3", "Did you mean `heat`"),
        (CHP + "techs.chp.constraints.carrier_ratios.carrier_out_2.heat: -3", "at least 0"),
        ("locations.a.techs.demand_el.constraints.resource_scale: -1", "zero or negative"),
    ],
)
def test_faults_of_parameters_are_told(tmp_path: Path, override: str, message: str):
    found = problems(tmp_path, override)
    assert any(message in p for p in found), found
    assert all("Traceback" not in p for p in found)


def test_storage_starts_above_its_depth_of_discharge(tmp_path: Path):
    override = (
        "techs.tank: {essentials: {parent: storage, carrier: electricity},"
        " constraints: {storage_initial: 0.1, storage_discharge_depth: 0.2}}\n"
        "locations.a.techs.tank: "
    )
    assert "must not be below" in problems(tmp_path, override)[0]
    found = problems(tmp_path, override.replace("0.1", "1.1"))
    assert "must lie between 0 and 1" in found[0]
    units = override.replace("storage_initial", "energy_cap_per_unit: 3, units_max: 4, charge_rate")
    assert any("storage_cap_per_unit" in p for p in problems(tmp_path, units))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("run.solvr: cbc", "Did you mean `solver`"),
        ("run.mode: plann", "Did you mean `plan`"),
        ("run.objective: cheap", "must be one of"),
        ("run.objective_options.sense: down", "must be one of"),
        ("run.bigM: -1", "at least 0"),
        ("run.bigM: '1e6'", "must be a number"),
        ("run.ensure_feasibility: yes", "must be true or false"),
        ("run.objective_options.cost_class: monetary", "must name cost classes"),
        ("run.objective_options.cost_class.monetary: a lot", "a weight must be a number"),
        ("model.nme: x", "Did you mean `name`"),
        ("model.time: {function: resample}", "is missing"),
        ("model.reserve_margin: 0.1", "must name carriers"),
        ("model.reserve_margin.electrcity: 0.1", "Did you mean `electricity`"),
        ("model.file_allowed: resource", "must be a list"),
        ("modle.name: x", "Did you mean `model`"),
        ("techs: [1]", "must be a mapping"),
        ("techs.grid.costs.monetary.monthly_peak: -3", "must be at least 0"),
        ("techs.grid.costs.monetary.monthly_peak: .inf", "a cost must be finite"),
        ("techs.grid.costs.monetary.om_prod: -.inf", "a cost must be finite"),
    ],
)
def test_faults_of_options_are_told(tmp_path: Path, override: str, message: str):
    found = problems(tmp_path, override)
    assert any(message in p for p in found), found


def test_free_options_pass(tmp_path: Path):
    data = read(tmp_path, "run: {solver_options.mip.gap: 0.1, compat: calliope-0.6}")
    assert data.config["run"]["solver_options"] == {"mip": {"gap": 0.1}}
    assert data.config["run"]["compat"] == "calliope-0.6"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("run.objective_options.cost_class: {carbon: 1}", "keeps its default weight of 1"),
        ("run.objective_options.cost_class: {carbon: 1}", "no technology has costs of the class"),
        ("run.objective_options.cost_class: {monetary: null}", "taken as 1"),
        ("model.calliope_version: 0.5.3", "the format of Calliope 0.6"),
        ("techs.grid.costs.carbon: ", "empty cost class left out"),
        ("model.group_share.grid.energy_cap_max: 0.5", "is deprecated"),
        (CHP, "`gas` is taken by technologies, but nothing gives it"),
        (CHP, "`heat` is given by technologies, but nothing takes or exports it"),
        ("run.bigM: 1e9", "times the largest cost per energy"),
        (
            "techs.grid.constraints: {energy_cap_max: 1e15, energy_cap_min: 1e-3}",
            "capacity limits reach from 0.001 to 1e+15",
        ),
        ("techs.grid: {constraints: {energy_cap_per_unit: 5, units_max: 9}}", "integer decisions"),
        (
            "techs.grid: {constraints.lifetime: .inf, costs.monetary: {interest_rate: 0.1,"
            " energy_cap: 3}}",
            "an infinite lifetime makes the investment free",
        ),
        (
            "techs.grid: {constraints.lifetime: 20, costs.monetary: {interest_rate: 0.1,"
            " energy_cap: 3, depreciation_rate: 0.5}}",
            "the given value is not used",
        ),
        ("techs.grid.constraints.force_resource: true", "has no effect on an infinite resource"),
    ],
)
def test_what_is_allowed_but_odd_is_warned_of(tmp_path: Path, override: str, message: str):
    data = read(tmp_path, override)
    assert any(message in w for w in data.warnings), data.warnings


def test_a_constant_infinite_demand_is_a_sink(tmp_path: Path):
    override = "locations.b.techs.demand_el.constraints.resource: -.inf"
    data = read(tmp_path, override)
    assert np.isneginf(data.value("resource", ["b::demand_el"])).all()
    assert data.warnings == []


def test_a_sound_model_gives_no_warning(tmp_path: Path):
    assert read(tmp_path).warnings == []


def test_all_problems_come_together_with_file_and_line(tmp_path: Path):
    text = "techs.grid.constraints.lifetimes: 3\nrun.solvr: x\nlocations.c.techs.zzz: "
    path = write_folder(tmp_path, "import: [base.yaml]\n" + text)
    write_folder(tmp_path / "other")
    base = (tmp_path / "other" / "model.yaml").read_text()
    (tmp_path / "base.yaml").write_text(base)
    with pytest.raises(InputError) as caught:
        read_model(path)
    places = [(p.file, p.line) for p in caught.value.problems]
    assert sorted(places, key=str) == [(str(path), 2), (str(path), 3), (str(path), 4)]


GROUPS = "group_constraints.g: {techs: [grid], locs: [a], %s}"


def test_groups_are_kept_in_the_configuration(tmp_path: Path):
    override = (
        GROUPS % "energy_cap_max: inf, carrier_prod_min.electricity: 2, cost_max: {monetary: 9}"
    )
    data = read(tmp_path, override + "\ngroup_constraints.h: {exists: false, energy_cap_max: 1}")
    assert data.config["group_constraints"] == {
        "g": {
            "techs": ["grid"],
            "locs": ["a"],
            "energy_cap_max": np.inf,
            "carrier_prod_min": {"electricity": 2.0},
            "cost_max": {"monetary": 9.0},
        }
    }
    data = read(tmp_path, "group_constraints.g.energy_cap_max: 3")
    group = data.config["group_constraints"]["g"]
    assert group["techs"] is group["locs"] is None
    assert len(group_limit_names()) == 43


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("energy_cap_mx: 3", "Did you mean `energy_cap_max`"),
        ("energy_cap_max: x", "must be a number"),
        ("carrier_prod_max: 3", "must be given per carrier"),
        ("carrier_prod_max.electricty: 3", "Did you mean `electricity`"),
        ("cost_max: 3", "must be given per cost class"),
        ("techs: [gird]", "Did you mean `grid`"),
        ("locs: {a: 1}", "must be a list of names"),
    ],
)
def test_faults_of_groups_are_told(tmp_path: Path, limits: str, message: str):
    override = (GROUPS % limits).replace(
        "techs: [grid], ", "" if "techs" in limits else "techs: [grid], "
    )
    override = override.replace("locs: [a], ", "" if "locs" in limits else "locs: [a], ")
    found = problems(tmp_path, override)
    assert any(message in p for p in found), found


def peaks(tmp_path: Path, override: str) -> list[str]:
    return [w for w in read(tmp_path, override).warnings if "supplied" in w or "supply" in w]


def test_a_peak_above_all_capacity_is_told_before_solving(tmp_path: Path):
    override = "techs.grid.constraints.energy_cap_max: 20"
    (warning,) = peaks(tmp_path, override)
    assert "in 4 time steps; worst at 2020-01-01 23:00:00: 24 kWh wanted, at most 20 kWh" in warning
    error = problems(tmp_path, override + "\nrun.ensure_feasibility: false")
    assert "exceeds all that can be supplied" in error[0]


@pytest.mark.parametrize(
    "extra",
    [
        "links.a,b.techs.line.constraints.energy_cap_max: 4",
        "techs.tank.essentials: {parent: storage, carrier: electricity}\n"
        "locations.a.techs.tank.constraints.energy_cap_max: 4",
        "techs.grid.constraints.energy_cap_scale: 1.2",
        "techs.grid.constraints.energy_cap_equals: 24",
        "techs.pv: {essentials: {parent: supply, carrier: electricity},"
        " constraints.resource: file=demand.csv:a, constraints.resource_scale: -1}\n"
        "locations.a.techs.pv: ",
        "techs.demand_el.constraints.force_resource: false",
        "techs.demand_el.constraints: {resource_unit: energy_per_area, resource_area_equals: 3}",
    ],
)
def test_only_certain_shortages_are_told(tmp_path: Path, extra: str):
    assert peaks(tmp_path, "techs.grid.constraints.energy_cap_max: 20\n" + extra) == []


@pytest.mark.parametrize(
    "limit",
    [
        "techs.grid.constraints: {energy_cap_max: 50, energy_cap_equals: 20}",
        "techs.grid.constraints: {energy_cap_per_unit: 10, units_max: 2}",
        "techs.grid.constraints.energy_cap_max_systemwide: 20",
        "techs.grid.constraints: {resource: df=sun, resource_unit: energy_per_area,"
        " resource_area_max: 10}",
    ],
)
def test_every_kind_of_limit_is_seen(tmp_path: Path, limit: str):
    sun = pd.DataFrame(
        {"a": np.linspace(1.9, 2, HOURS), "b": 1.0},
        index=pd.date_range("2020-01-01", periods=HOURS, freq="h"),
    )
    data = read(tmp_path, limit, timeseries_dataframes={"sun": sun})
    assert any("at most 20 kWh" in w or "at most 19" in w for w in data.warnings), data.warnings


def test_a_demand_that_nothing_supplies_is_told(tmp_path: Path):
    override = "techs.grid.essentials.carrier: electricty"
    (warning,) = peaks(tmp_path, override)
    assert "nothing can supply the demand for `electricity`. Did you mean" in warning
    assert (
        "nothing can supply" in problems(tmp_path, override + "\nrun.ensure_feasibility: false")[0]
    )
    alone = "locations.a.techs.grid.exists: false"
    assert len(peaks(tmp_path, alone)) == 1
    assert peaks(tmp_path, alone + "\nlinks.a,b.techs.line: ") == []


def hourly(values: np.ndarray) -> pd.DataFrame:
    index = pd.date_range("2020-01-01", periods=len(values), freq="h")
    return pd.DataFrame({"a": values, "b": values}, index=index)


def test_a_lone_spike_is_told_with_its_time(tmp_path: Path):
    values = -1 - np.arange(500) % 24 / 24
    assert read(tmp_path, series={"demand.csv": hourly(values)}).warnings == []
    values[77] = -900
    (warning,) = read(tmp_path, series={"demand.csv": hourly(values)}).warnings
    assert "demand.csv: `a`: more than 10 times the usual peak at 2020-01-04 05:00:00" in warning


@pytest.mark.parametrize("unit", ["energy_per_area", "energy_per_cap"])
def test_a_resource_in_watts_is_told(tmp_path: Path, unit: str):
    override = f"techs.grid.constraints: {{resource: df=sun, resource_unit: {unit}}}"
    frames = {"sun": hourly(np.linspace(0, 1, HOURS))}
    assert read(tmp_path, override, timeseries_dataframes=frames).warnings == []
    frames = {"sun": hourly(np.linspace(0, 1000, HOURS))}
    (first, _) = read(tmp_path, override, timeseries_dataframes=frames).warnings
    assert "W instead of kW? at 2020-01-01 23:00:00, the largest of 23 such steps" in first


def test_a_link_that_gains_energy_is_told(tmp_path: Path):
    override = "links.a,b.techs.line.constraints.energy_eff: 98"
    assert "makes energy of nothing" in read(tmp_path, override).warnings[0]


@pytest.mark.parametrize(
    ("interest", "lifetime", "rate"),
    [
        (0.1, 25, 0.1 * 1.1**25 / (1.1**25 - 1)),
        (0.0, 20, 0.05),
        (0.1, 1e6, 0.1),
        (0.1, np.inf, 0.0),
        (1e-12, 10, 0.1),
    ],
)
def test_the_annuity_factor(interest: float, lifetime: float, rate: float):
    assert depreciation_rate(interest, lifetime) == pytest.approx(rate, rel=1e-9)


def test_the_annuity_factor_is_a_cost_of_each_class(tmp_path: Path):
    override = (
        "techs.grid: {constraints.lifetime: 25, costs: {monetary: {interest_rate: 0.1,"
        " energy_cap: 5}, carbon: {om_prod: 1}}}\n"
        "locations.b.techs.grid.costs.monetary: {energy_cap: null, interest_rate: null}"
    )
    data = read(tmp_path, override)
    rates = data.value("cost_depreciation_rate", ["a::grid", "b::grid"], default=False)
    assert rates[0, 0] == pytest.approx(depreciation_rate(0.1, 25))
    assert np.isnan(rates[0, 1])
    assert np.isnan(rates[1]).all()
    given = "techs.grid.costs.monetary: {energy_cap: 5, depreciation_rate: 0.07}"
    assert read(tmp_path, given).value("cost_depreciation_rate", ["a::grid"])[0, 0] == 0.07


def test_settings_of_a_run_are_told_from_a_model(tmp_path):
    mine = tmp_path / "years.yaml"
    mine.write_text("scenario_definitions: {designed: {}}\ncoupling: {method: slp}\n", "utf-8")
    with pytest.raises(InputError) as error:
        read_model(mine)
    (problem,) = [p for p in error.value.problems if p.key == "scenario_definitions"]
    assert problem.line == 1
    assert "the settings of a run, and no model" in problem.message
    assert "`anello check` reads them" in (problem.suggestion or "")
    assert not any("unknown section" in p.message for p in error.value.problems)


def test_faults_and_warnings_of_all_kinds_are_told_at_once(tmp_path: Path):
    faults = {
        "locations.a.techs.demand_el.constraints.resource": "file=none.csv",
        "techs.grid.constraints": {"energy_cap_min": 9, "energy_cap_max": 3},
        "group_constraints.g": {"techs": ["gird"], "energy_cap_max": 3},
        "overrides": {"dear": {"techs.grid.costs.monetary.om_prod": 0.2}},
    }
    model = MODEL.replace("b.techs.grid:", "b.techs.grid.costs.monetary.om_prod: 0.3")
    with pytest.raises(InputError) as caught:
        read(tmp_path, faults, model, scenario="dear")
    told = "\n".join(str(problem) for problem in caught.value.problems)
    for words in ("none.csv", "no size is at least 9", "`gird` is not defined"):
        assert words in told
    assert any("given nearer by: `locations.b." in one for one in caught.value.warnings)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("techs.grid.constraints.energy_eff: 95", "Write 95 % as 0.95"),
        ("techs.grid.constraints.energy_eff: 0.95", None),
        ("techs.grid.constraints.lifetime: 0", "is unusual for a `supply`: most lie from 1 to 500"),
        ("techs.grid.constraints.lifetime: 20000", "is unusual"),
        ("techs.grid.constraints.lifetime: .inf", None),
        ("links.a,b.techs.line.constraints.energy_eff: 1.05", None),  # told by another check
        ("links.a,b.techs.line.constraints.energy_eff: 0.98", None),
    ],
)
def test_unusual_values_are_told_and_taken(tmp_path: Path, changes: str, told: str | None):
    warnings = [one for one in read(tmp_path, changes).warnings if "unusual" in one]
    assert len(warnings) == (told is not None)
    assert told is None or told in warnings[0]


@pytest.mark.parametrize(("value", "written"), [("9,5", "`9.5`"), ("9 kW", "`9`")])
def test_what_is_no_number_is_told_with_the_number(tmp_path: Path, value: str, written: str):
    found = problems(tmp_path, f"techs.grid.constraints.energy_cap_max: {value}")
    assert written in found[0]
