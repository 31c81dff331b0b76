"""Oddities of Calliope 0.6.10: what it made of them (kept), what anello does, and what is right.

The right numbers are worked out here from the series, not taken from any model. The table in
docs/explanation/calliope-oddities.md shows the same numbers.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from anello.errors import InputError
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.results import capacity_factor, extract
from anello.optimise.solve import compile_problem, solve
from golden.cases import FOLDER
from golden.outcome import outcome

ODD = FOLDER.parent / "oddities"
CALLIOPE = json.loads((FOLDER.parent / "oddities.json").read_text(encoding="utf-8"))
COPY = {"run": {"compat": "calliope-0.6"}}


def day(name: str, column: str = "north") -> np.ndarray:
    """Return the first day of a series."""
    frame = pd.read_csv(FOLDER / "timeseries" / f"{name}.csv", index_col=0, parse_dates=True)
    return frame.loc["2019-03-04", column].to_numpy()


DEMAND = -day("demand_el")
RIVER = day("river")
GRID = 0.1 * DEMAND.sum()
FORCED = 0.4 * (RIVER * day("switch")).sum()

TWELVE = pd.read_csv(FOLDER / "timeseries" / "twelve_days.csv", index_col=0, parse_dates=True)
FOUR = -TWELVE["demand"].loc["2019-03-04":"2019-03-07"]
BILL = 0.1 * FOUR.sum()  # four days at one price, however time is reduced
NIGHT = -TWELVE["demand"].loc["2019-03-04"]
DROPPED = 0.1 * (NIGHT.sum() - NIGHT.iloc[18:20].sum()) * 24 / 22
SUN = 0.18 * 60 * TWELVE["sun"].loc["2019-03-04":"2019-03-06"].sum()
# The dearest day is Monday the 11th: its week at full resolution, the rest in means of six hours.
WEEK = max(
    -TWELVE["demand"].loc["2019-03-11":].min(),
    -TWELVE["demand"].loc[:"2019-03-10"].resample("6h").mean().min(),
)

# Model, what is right, what 0.6.10 says, what `compat: calliope-0.6` says (None: the right one).
NUMBERS = [
    ("supply_plus_infinite", None, 0.04 / 0.5 * DEMAND.sum(), 0.0, None),
    ("transmission_om_annual", None, 10.0, 20.0, 20.0),
    ("resource_min_use", None, GRID + 0.4 * 0.4 * RIVER.sum(), GRID, GRID),
    ("zero_ratio_static", None, GRID - 0.05 * day("demand_heat").sum(), GRID, None),
    ("zero_ratio_static", "series", GRID - 0.05 * day("demand_heat").sum(), GRID, None),
    ("supply_plus_eff_zero", None, GRID, GRID - 0.1 * 10 * 2, GRID - 0.1 * 10 * 2),
    ("depreciation_given", None, GRID + 10, GRID + 10, None),
    ("time_clusters", "group_limit", BILL - 0.05 * 480, BILL - 0.05 * 960, BILL - 0.05 * 960),
    ("time_clusters", "initial_level", BILL - 5, BILL - 10.05, BILL - 10.05),
    ("time_clusters", "initial_level_apart", BILL - 10, BILL - 10, None),
    ("time_clusters", "scale_sum", 2 * BILL, 2 * BILL, None),
    ("time_clusters", "scale_min", -0.1 * SUN, 0.0, 0.0),
    ("time_steps", "calendar_week", 12 * WEEK, 12 * FOUR.max(), 12 * FOUR.max()),
    ("time_steps", "reserve", 1.1 * 5 * FOUR.max(), 5 * FOUR.max(), 5 * FOUR.max()),
]
# Models on which 0.6.10 fails with an exception of its interpreter, and what is right.
FAILURES = [
    ("storage_eff_zero", None, GRID, "UnboundLocalError"),
    ("flow_switched_off", None, GRID, "IndexError"),
    ("force_resource_series", None, GRID + FORCED, "ValueError"),
    ("import_conflict", None, GRID, "KeyError"),
    ("negative_capacity_cost", None, GRID - 10, "ModelError"),
    ("replace_null", "replaced", 3 * GRID, "AttributeError"),
    ("time_clusters", "tech_name", BILL, "ValueError"),
    ("time_clusters", "masked", BILL, "ValueError"),
    ("time_steps", "static_demand", 0.1 * 30 * 96, "TypeError"),
    ("time_steps", "last_day", BILL, "InvalidIndexError"),
    ("time_steps", "part_of_a_bin", BILL, "InvalidIndexError"),
    ("time_drop", None, DROPPED, "TypeError"),
]
# Models that anello refuses, with what its message must name.
REFUSED = [
    ("key_at_wrong_level", None, ["energy_cap_max", "enrgy_cap_max"]),
    ("scenario_named_like_override", "dear", ["scenarios.dear"]),
    ("undefined_technology", None, ["boiler", "undefined_technology.yaml:8"]),
    ("missing_file", None, ["demand_electricity.csv", "demand_el.csv"]),
    ("nan_in_series", None, ["demand_with_gap.csv", "north", "2019-03-04 12:00"]),
    ("infeasible", None, ["north", "electricity", "2019-03-04 18:00"]),
]


def path(name: str):
    return ODD / f"{name}.yaml"


def record(name: str, scenario: str | None) -> dict:
    return CALLIOPE[name if scenario is None else f"{name}-{scenario}"]


@pytest.mark.parametrize(("name", "scenario", "right", "calliope", "copied"), NUMBERS)
def test_mended_number(name, scenario, right, calliope, copied):
    assert record(name, scenario)["objective"] == pytest.approx(calliope, rel=1e-6, abs=1e-6)
    found = outcome(path(name), scenario, root="/")
    assert found.objective == pytest.approx(right, rel=1e-7)
    found = outcome(path(name), scenario, root="/", override_dict=COPY)
    assert found.objective == pytest.approx(right if copied is None else copied, rel=1e-7)


@pytest.mark.parametrize(("name", "scenario", "right", "error"), FAILURES)
def test_what_calliope_fails_on_is_solved(name, scenario, right, error):
    assert record(name, scenario)["error"].startswith(error)
    found = outcome(path(name), scenario, root="/")
    assert found.status == "optimal", found.status
    assert found.objective == pytest.approx(right, rel=1e-7)


@pytest.mark.parametrize(("name", "scenario", "named"), REFUSED)
def test_what_calliope_lets_pass_is_refused_by_name(name, scenario, named):
    with pytest.raises(InputError) as caught:
        read_model(path(name), scenario=scenario, root="/")
    for word in named:
        assert word in str(caught.value), word


def test_storage_loss_as_a_series_counts():
    static = outcome(path("storage_loss_series"), "static", root="/").objective
    none = outcome(path("storage_loss_series"), "none", root="/").objective
    series = outcome(path("storage_loss_series"), root="/").objective
    assert record("storage_loss_series", None)["objective"] == pytest.approx(none, rel=1e-6)
    assert record("storage_loss_series", "static")["objective"] == pytest.approx(static, rel=1e-6)
    assert series > none + 1


def test_replace_with_a_mapping_replaces():
    assert record("replace_null", "mapping")["objective"] == pytest.approx(4 * GRID)
    found = outcome(path("replace_null"), "mapping", root="/")
    assert found.objective == pytest.approx(3 * GRID)


def test_a_misspelt_carrier_is_named():
    assert record("carrier_typo", None)["termination"] == "optimal"
    data = read_model(path("carrier_typo"), root="/")
    assert any("electrcity" in w and "electricity" in w for w in data.warnings)


def test_a_fully_used_plant_has_the_capacity_factor_one():
    assert record("capacity_factor", None)["capacity_factor"][
        "north::engine::electricity"
    ] == pytest.approx(24.0)  # the sum over twelve steps of two hours
    data = read_model(path("capacity_factor"), root="/")
    results = extract(data, solve(compile_problem(formulate(data))))
    factor = capacity_factor(results).sel(node="north::engine", carrier="electricity")
    assert factor.values == pytest.approx(np.ones(12))
    copied = capacity_factor(results, compat="calliope-0.6").sel(
        node="north::engine", carrier="electricity"
    )
    assert copied.values == pytest.approx(np.full(12, 2.0))


def test_export_cap_is_the_energy_of_a_step_as_in_calliope():
    found = outcome(path("export_cap_steps"), root="/")
    assert found.objective == pytest.approx(record("export_cap_steps", None)["objective"])
