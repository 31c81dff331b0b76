"""Years of a scenario: what they are called, what they change, and faults with a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.errors import ConfigError
from anello.model.schema.yaml_reader import read_settings
from anello.run.config import parse_config
from anello.run.plan import RunPlan
from shipped_config import DEFAULT, ROOT, read_with

YEARS = """
scenarios: [designed, smart]
scenario_definitions:
  designed:
    overrides: {model.subset_time: ["2015-07-01", "2015-07-02"]}
    data: {changes: {seed: 7}}
    years:
      typical: {weight: 0.7}
      hard:
        weight: 0.3
        description: A heat wave.
        overrides: {techs.grid.costs.monetary.om_prod: 0.5}
        data: {changes: {weather: {spells: [{start: "07-01", days: 2, temperature_shift_k: 6}]}}}
"""


def fault(tmp_path: Path, *texts: str) -> str:
    with pytest.raises(ConfigError) as error:
        read_with(tmp_path, YEARS, *texts)
    return str(error.value)


def test_each_year_is_a_scenario_that_says_which_it_is(tmp_path):
    settings = read_with(tmp_path, YEARS)
    assert settings.computed == ["designed-typical", "designed-hard", "smart"]
    typical, hard = (settings.scenario(f"designed-{year}") for year in ("typical", "hard"))
    assert typical.year is not None
    assert typical.year.model_dump() == {
        "scenario": "designed",
        "year": "typical",
        "weights": {"typical": 0.7, "hard": 0.3},
    }
    assert typical.data.changes == {"seed": 7}
    assert hard.data.changes["seed"] == 7
    assert hard.data.changes["weather"]["spells"][0]["days"] == 2
    assert hard.description == "A heat wave."
    assert typical.description == settings.scenario("designed").description
    assert set(hard.overrides) - set(typical.overrides) == {"techs.grid.costs.monetary.om_prod"}
    assert hard.ring == typical.ring
    assert settings.scenario("smart").year is None


def test_the_plan_knows_years_and_what_their_search_depends_on(tmp_path):
    plan = RunPlan(read_with(tmp_path, YEARS), ROOT / "scripts")
    assert plan.scenarios == ["designed-typical", "designed-hard", "smart"]
    assert plan.years == {"designed": ["designed-typical", "designed-hard"]}
    assert plan.base_of("designed-hard") == "designed"
    assert "smart" in plan.alone
    assert not {"designed", "designed-hard"} & set(plan.alone)
    assert plan.places[0] == "designed"
    told = plan.told_search("designed")
    assert told["weights"] == {"typical": 0.7, "hard": 0.3}
    assert told["coupling"]["tolerance_k"] == 0.5
    assert "time_limit_s" not in told["solver"]
    assert plan.model_folder("designed-hard") == "results/district/designed-hard/model"
    alone: dict[str, Any] = read_settings(DEFAULT)
    assert RunPlan(parse_config(alone), ROOT / "scripts").years == {}


def test_weights_that_do_not_add_up_are_named(tmp_path):
    told = fault(tmp_path, "scenario_definitions: {designed: {years: {hard: {weight: 0.2}}}}")
    assert "mine0.yaml" in told or "mine1.yaml" in told
    assert "scenario_definitions.designed.years" in told
    assert "must add up to 1, and 0.7 + 0.2 = 0.9" in told
    assert "Change them" in told
    told = fault(tmp_path, "scenario_definitions: {designed: {years: {hard: {weight: 0}}}}")
    assert "`hard` has 0" in told
    told = fault(tmp_path, "scenario_definitions: {designed: {years: {third: {}}}}")
    assert "scenario_definitions.designed.years.third.weight" in told
    assert "is missing" in told


def test_what_a_year_changes_is_checked_where_it_stands(tmp_path):
    told = fault(
        tmp_path, "scenario_definitions: {designed: {years: {hard: {data: {chnges: {seed: 1}}}}}}"
    )
    assert "scenario_definitions.designed.years.hard.data" in told
    assert "`changes`" in told
    told = fault(tmp_path, "scenario_definitions: {designed: {years: {hard: {ring: {}}}}}")
    assert "scenario_definitions.designed.years.hard.ring" in told


def test_names_methods_and_studies_that_do_not_go_together_are_refused(tmp_path):
    told = fault(tmp_path, "scenario_definitions: {designed-hard: {}}")
    assert "would be called `designed-hard`" in told
    assert "Rename one" in told
    told = fault(tmp_path, "scenario_definitions: {designed: {coupling: {method: fixed_point}}}")
    assert "Use `coupling.method: slp`" in told
    field = (
        "{field: {kind: rectangle, rows: 2, columns: 2}, depth_m: 80, soil_w_per_mk: 2,"
        " soil_kj_per_m3k: 2300, surface_degc: 12, flow_kg_s: 4, fluid_degc: [5, 25],"
        " hold_at_horizon: true}"
    )
    told = fault(tmp_path, f"ring: {{plant: {{borefield: {field}}}}}")
    assert "supposes that every year is like the one modelled" in told
    told = fault(tmp_path, "pareto: {scenario: designed, cost_class: co2}")
    assert "cannot be the subject of `pareto`" in told
    told = fault(tmp_path, "sweep: {kind: grid, parameters: {ring.initial_degc: [12, 15]}}")
    assert "cannot be the subject of `sweep`" in told


def test_the_sum_of_decimal_weights_may_round(tmp_path):
    tenths = ", ".join(f"y{k}: {{weight: 0.1}}" for k in range(10))
    changed = YEARS.replace("scenarios: [designed, smart]", "scenarios: [smart]").replace(
        "  designed:", f"  smart: {{years: {{{tenths}}}}}\n  designed:"
    )
    assert len(read_with(tmp_path, changed).computed) == 10


def test_two_years_of_the_same_name_in_the_results_are_refused(tmp_path):
    told = fault(
        tmp_path,
        "scenario_definitions: {designed-typical2: {years: {b: {weight: 1}}},"
        " designed: {years: {typical2-b: {weight: 0.5}, typical: {weight: 0.2}}}}",
    )
    assert "would be called `designed-typical2-b` in the results, as the year" in told


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("much", "should be a number (value: 'much')"),
        ("70%", "should be a number (value: '70%'). Write 0.7."),
        ("'0.5'", "should be a number (value: '0.5'). Write it without quotes: `0.5`."),
        ("5e-1", "should be a number (value: '5e-1'). YAML wants a point and a sign"),
        ("true", "should be a number (value: True)"),
        (".nan", "should be a finite number (value: nan)"),
        ("", "is empty, and should be a number. Give it, or leave the key out."),
    ],
)
def test_a_weight_that_is_no_number_is_named_with_what_to_write(tmp_path, weight, said):
    told = fault(
        tmp_path, f"scenario_definitions: {{designed: {{years: {{hard: {{weight: {weight}}}}}}}}}"
    )
    assert f"mine1.yaml:1: `scenario_definitions.designed.years.hard.weight`: {said}" in told


@pytest.mark.parametrize(
    ("years", "at", "said"),
    [
        ("", "years", "is empty, and should be keys with values"),
        ("[typical, hard]", "years", "should be keys with values, `key: value`"),
        (
            "{hard: 0.3}",
            "years.hard",
            "Known below it are `data`, `description`, `overrides`, `weight`.",
        ),
        ("{2015: {weight: 1}}", "years.2015", 'Put it in quotes: `"2015"`.'),
        ("{my year: {weight: 1}}", "years.my year", "Use letters, digits,"),
    ],
)
def test_years_of_another_shape_are_named_with_what_to_write(tmp_path, years, at, said):
    told = fault(tmp_path, f"scenario_definitions: {{designed: {{years: {years}}}}}")
    assert f"`scenario_definitions.designed.{at}`: " in told
    assert said in told


def test_a_year_among_the_scenarios_is_told_from_a_misspelling(tmp_path):
    told = fault(tmp_path, "scenarios: [designed-hard]")
    assert "It is a year of `designed`, whose years belong together: name `designed`." in told
    told = fault(tmp_path, "pareto: {scenario: designed-hard, cost_class: co2}")
    assert "`pareto.scenario`" in told
    assert "It is a year of `designed`" in told


def test_a_fault_of_the_scenario_is_told_once_and_not_for_each_year(tmp_path):
    told = fault(tmp_path, "scenario_definitions: {designed: {coupling: {method: slpp}}}")
    assert told.count("slpp") == 1
    assert "`scenario_definitions.designed.coupling.method`" in told
