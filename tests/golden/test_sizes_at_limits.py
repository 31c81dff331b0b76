"""Sizes that a limit held: what the next unit saves, against models solved with a little more."""

from __future__ import annotations

import re
from typing import Any

import pytest

import small_models
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.formulation import formulate
from anello.optimise.results.at_limits import SizeAtLimit, sizes_at_limits
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.optimise.results.extraction import extract
from anello.optimise.results.summary import summarise
from anello.optimise.solve import compile_problem, solve
from anello.present.report.appearance import Appearance
from anello.present.report.at_limits import at_limits_html
from anello.present.report.config import FiguresConfig
from anello.present.report.decision import decision_html
from anello.run.config import parse_config
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

DAYS_A_YEAR = 365.0
HELD = {
    "techs.heat_pump.constraints.energy_cap_max": 5.0,
    "techs.tank.constraints.energy_cap_equals": None,
    "techs.tank.constraints.storage_cap_equals": None,
    "techs.tank.constraints.storage_cap_max": 20.0,
    "techs.tank.constraints.lifetime": 20,
    "techs.tank.costs.monetary.storage_cap": 0.5,
    "techs.tank.costs.monetary.interest_rate": 0.05,
    "techs.line.constraints.energy_cap_equals": None,
    "techs.line.constraints.energy_cap_max": 2.0,
    "techs.line.costs.monetary.energy_cap": 1.0,
    "techs.line.costs.monetary.interest_rate": 0.05,
    "techs.line.constraints.lifetime": 20,
    "techs.chp.constraints.energy_cap_equals": None,
    "techs.chp.constraints.energy_cap_min": 3.0,
    "techs.chp.constraints.lifetime": 20,
    "techs.chp.costs.monetary.energy_cap": 90000.0,
    "techs.chp.costs.monetary.interest_rate": 0.05,
}


def collected(changes: dict[str, Any]) -> CollectedResults:
    data = small_models.data(changes)
    solution = solve(compile_problem(formulate(data)))
    return CollectedResults(
        extract(data, solution, of_sizes=True), data.inputs, config=dict(data.config)
    )


def by_name(found: list[SizeAtLimit]) -> dict[str, SizeAtLimit]:
    return {f"{size.what} {size.key}": size for size in found}


@pytest.fixture(scope="module")
def held() -> CollectedResults:
    return collected(HELD)


@pytest.mark.parametrize(
    ("name", "changed", "step"),
    [
        ("a::heat_pump energy_cap_max", "locations.a.techs.heat_pump.constraints", 0.01),
        ("b::heat_pump energy_cap_max", "locations.b.techs.heat_pump.constraints", 0.01),
        ("a::tank storage_cap_max", "locations.a.techs.tank.constraints", 0.01),
        ("a::line:b energy_cap_max", "techs.line.constraints", 0.01),
        ("b::chp energy_cap_min", "techs.chp.constraints", -0.01),
        ("b::pv resource_area_max", "techs.pv.constraints", 0.01),
        ("b::pv storage_cap_max", "techs.pv.constraints", 0.01),
    ],
)
def test_the_next_unit_saves_what_one_more_does(
    held: CollectedResults, name: str, changed: str, step: float
) -> None:
    size = by_name(sizes_at_limits(held))[name]
    limit = size.size + step
    other = collected(HELD | {f"{changed}.{size.key}": limit})
    saved = held.results.attrs["cost_objective"] - other.results.attrs["cost_objective"]
    assert size.has_price
    assert size.saves_per_year is not None
    assert size.saves_per_year > 0.0
    assert size.saves_per_year == pytest.approx(saved * DAYS_A_YEAR / abs(step), rel=1e-3)


def test_a_link_stands_once_and_what_is_given_or_within_its_limits_not_at_all(
    held: CollectedResults,
) -> None:
    found = by_name(sizes_at_limits(held))
    assert set(found) == {
        "a::heat_pump energy_cap_max",
        "b::heat_pump energy_cap_max",
        "a::tank storage_cap_max",
        "a::line:b energy_cap_max",
        "b::chp energy_cap_min",
        "b::pv resource_area_max",
        "b::pv storage_cap_max",
    }
    roomy = collected(HELD | {"techs.heat_pump.constraints.energy_cap_max": 500.0})
    assert not {name for name in by_name(sizes_at_limits(roomy)) if "heat_pump" in name}


def test_a_size_without_a_price_says_nothing() -> None:
    changes = {
        "techs.tank.constraints.storage_cap_equals": None,
        "techs.tank.constraints.storage_cap_max": 7.5,
        "techs.tank.constraints.energy_cap_equals": 12.0,
    }
    tank = by_name(sizes_at_limits(collected(changes)))["a::tank storage_cap_max"]
    assert (tank.size, tank.has_price) == (7.5, False)


def test_nothing_tells_what_is_saved_where_whole_numbers_decide() -> None:
    changes = HELD | {"techs.heat_pump.costs.monetary.purchase": 1.0}
    found = by_name(sizes_at_limits(collected(changes)))
    assert found["a::heat_pump energy_cap_max"].saves_per_year is None


SHARED = {
    **HELD,
    "techs.heat_pump.constraints.energy_cap_max": 50.0,
    "group_constraints.pumps.techs": ["heat_pump"],
    "group_constraints.pumps.energy_cap_max": 9.0,
    "group_constraints.sold.techs": ["gas"],
    "group_constraints.sold.carrier_prod_max.gas": 1200.0,
    "group_constraints.roomy": {"techs": ["heat_pump"], "energy_cap_max": 500.0},
    "group_constraints.fixed": {"techs": ["line"], "energy_cap_equals": 1.5},
    "techs.tank.constraints.energy_cap_max_systemwide": 6.0,
    "locations.b.available_area": 90.0,
}


@pytest.fixture(scope="module")
def sharing() -> CollectedResults:
    return collected(SHARED)


@pytest.mark.parametrize(
    ("name", "changed", "step"),
    [
        ("group_constraints.pumps", "group_constraints.pumps.energy_cap_max", 0.01),
        ("group_constraints.sold", "group_constraints.sold.carrier_prod_max.gas", 0.1),
        ("locations.b", "locations.b.available_area", 0.01),
        ("techs.tank", "techs.tank.constraints.energy_cap_max_systemwide", 0.01),
    ],
)
def test_the_next_unit_of_a_shared_limit_saves_what_one_more_does(
    sharing: CollectedResults, name: str, changed: str, step: float
) -> None:
    size = {one.what: one for one in sizes_at_limits(sharing)}[name]
    more = collected(SHARED | {changed: size.size + step})
    saved = sharing.results.attrs["cost_objective"] - more.results.attrs["cost_objective"]
    assert changed.endswith(size.key)
    assert size.saves_per_year is not None
    assert size.saves_per_year == pytest.approx(saved * DAYS_A_YEAR / step, rel=1e-3)
    assert size.saves_per_year > 0.0


def test_shared_limits_are_told_in_words(sharing: CollectedResults) -> None:
    weights, summaries = {"plan": 1.0}, {"plan": summarise(sharing)}
    config = FiguresConfig()
    look = Appearance(sharing.results, sharing.inputs, config)
    told = re.sub(r"<[^>]+>", "", at_limits_html(weights, summaries, look, config))
    for words in (
        "Group pumps: the largest that is allowed, 9.00 kW "
        "(group_constraints.pumps.energy_cap_max); the next kW would save 209",
        "at all locations: the largest that is allowed, 6.00 kW",
        "Collecting areas (B): the largest that is allowed, 90",
    ):
        assert words in told
    assert "roomy" not in told
    assert "fixed" not in told


def test_a_share_and_a_cap_at_their_limits_are_told() -> None:
    shares = {
        "group_constraints.half": {"techs": ["gas"], "carrier_prod_share_max": {"gas": 1.0}},
        "group_constraints.bought": {"techs": ["grid"], "demand_share_max": {"electricity": 0.7}},
    }
    found = by_name(sizes_at_limits(collected(shares)))
    share = found["group_constraints.bought group_constraints.bought.demand_share_max.electricity"]
    assert (share.size, share.unit, share.saves_per_year) == (0.7, "", None)
    assert not [name for name in found if "half" in name]


@pytest.mark.parametrize(("most", "limit"), [(2, "largest"), (20, None)])
def test_as_many_units_as_may_be_are_told(most: int, limit: str | None) -> None:
    changes = {
        "techs.heat_pump.constraints": {"units_max": most, "energy_cap_per_unit": 2.0},
        "techs.heat_pump.costs.monetary.purchase": 1.0,
    }
    units = [one for one in sizes_at_limits(collected(changes)) if one.unit == "units"]
    assert {one.limit for one in units} == ({limit} if limit else set())
    for one in units:
        assert (one.key, one.size, one.saves_per_year) == ("units_max", most, None)


Designed = tuple[CollectedResults, dict[str, Any]]


@pytest.fixture(scope="module")
def designed(repo_root: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[float, Designed]:
    """Two days of the embedded district, by the share of its wells that there may be at most."""
    folder = tmp_path_factory.mktemp("held")
    model = embedded_model(folder / "model")
    told = read_settings(repo_root / "config" / "config.yaml")
    told["data"] = {"source": "folder", "model": str(model)}
    plan = told["scenario_definitions"]["designed"]
    plan["overrides"] = {"model.subset_time": ["2015-07-01", "2015-07-02"]}
    found = {}
    for most in (0.2, 0.21):
        plan["ring"]["plant"]["sizes"] = {"wells": {"most": most}}
        run = folder / str(most)
        run_scenario(parse_config(told).scenario("designed"), run, run="r", name="designed")
        collected = read_results(run / "results.nc")
        found[most] = (collected, summarise(collected))
    return found


def test_a_limit_of_the_rings_plant_costs_what_a_wider_one_saves(
    designed: dict[float, Designed],
) -> None:
    (_, narrow), (_, wider) = designed.values()
    wells = {size["what"]: size for size in narrow["sizes_at_limits"]}["wells"]
    assert (wells["unit"], wells["key"]) == ("kg/s", "ring.plant.sizes.wells.most")
    assert wells["size"] == pytest.approx(12.0, rel=1e-4)
    saved = (narrow["cost_simulated"] - wider["cost_simulated"]) * DAYS_A_YEAR / 2.0
    assert wells["saves_per_year"] == pytest.approx(saved / (0.01 * 60.0), rel=0.1)


def test_the_page_says_which_sizes_a_limit_held(designed: dict[float, Designed]) -> None:
    found, summary = designed[0.2]
    page = decision_html({"designed": found}, FiguresConfig(), {"designed": summary})
    page = page[page.index('id="at-limits"') :]
    text = re.sub(r"<[^>]+>", "", page[: page.index("</ul>")])
    assert (
        "Wells of the ring: the largest that is allowed, 12.0 kg/s (ring.plant.sizes.wells.most)"
        in text
    )
    assert "the next kg/s would save" in text
    told = [float(value) for value in re.findall(r'data-value="([^"]+)"', page)]
    expected = [s[key] for s in summary["sizes_at_limits"] for key in ("size", "saves_per_year")]
    assert told[: len(expected)] == pytest.approx(expected)
    assert 'id="scaled-to-a-year"' in page
    whole = {"designed": summary | {"hours_modelled": 8760.0}}
    assert 'id="scaled-to-a-year"' not in decision_html({"designed": found}, FiguresConfig(), whole)


def summary_of(*sizes: dict[str, Any]) -> dict[str, Any]:
    base = {"what": "buildings::tank", "key": "storage_cap_max", "size": 40.0, "unit": "kWh"}
    base |= {"limit": "largest", "has_price": True, "saves_per_year": None}
    return {"sizes_at_limits": [base | size for size in sizes], "hours_modelled": 8760.0}


def told_of(held: CollectedResults, **years: dict[str, Any]) -> str:
    config = FiguresConfig()
    look = Appearance(held.results, held.inputs, config)
    weights = dict.fromkeys(years, 1.0 / len(years))
    return re.sub(r"<[^>]+>", "", at_limits_html(weights, years, look, config))


def test_a_limit_counts_by_what_all_years_expect_of_it(held: CollectedResults) -> None:
    gains, loses = summary_of({"saves_per_year": 8.0}), summary_of({"saves_per_year": -2.0})
    assert "the next kWh would save 3.00 € a year" in told_of(held, mild=loses, hard=gains)
    assert not told_of(held, mild=loses, other=loses)
    assert "perhaps a larger one would pay" in told_of(held, mild=summary_of({}), hard=gains)
    # Connections are each year's own: in the mild year this one is wide enough.
    assert "would save 4.00 € a year" in told_of(held, mild=summary_of(), hard=gains)


def test_a_smallest_size_and_one_without_a_price_have_sentences_of_their_own(
    held: CollectedResults,
) -> None:
    least = summary_of({"limit": "smallest", "key": "storage_cap_min", "saves_per_year": 8.0})
    assert "the last kWh costs 8.00 € a year more than it saves" in told_of(held, one=least)
    for saves in (None, 0.0):
        free = told_of(held, one=summary_of({"has_price": False, "saves_per_year": saves}))
        assert free.startswith("A size that has no price ends at its largest")
    needed = told_of(held, one=summary_of({"has_price": False, "saves_per_year": 4.0}))
    assert "would save 4.00 € a year, before its price, which is not known" in needed


def test_a_connection_without_a_price_is_told_where_it_is_too_small() -> None:
    key = "locations.b.techs.grid.constraints.energy_cap_max"
    narrow, more = collected({key: 10.0}), collected({key: 10.01})
    grid = by_name(sizes_at_limits(narrow))["b::grid energy_cap_max"]
    saved = narrow.results.attrs["cost_objective"] - more.results.attrs["cost_objective"]
    assert not grid.has_price
    assert saved > 0.0
    assert grid.saves_per_year == pytest.approx(saved * DAYS_A_YEAR / 0.01, rel=1e-3)
    assert "b::grid energy_cap_max" not in by_name(sizes_at_limits(collected({key: 300.0})))


@pytest.mark.parametrize(
    ("part", "device", "size", "unit"),
    [
        ("wells", {"max_flow_kg_s": 90.0, "well_degc": 14.0}, 90.0, "kg/s"),
        ("dry_cooler", {"max_kw": 300.0, "kw_per_k": 20.0}, 300.0, "kW"),
        (
            "borefield",
            {
                "field": {"kind": "rectangle", "rows": 4, "columns": 5},
                "depth_m": 100.0,
                "soil_w_per_mk": 2.0,
                "surface_degc": 12.0,
                "flow_kg_s": 20.0,
                "built_share": 1.5,
            },
            3000.0,
            "m",
        ),
    ],
)
def test_parts_of_the_ring_count_in_their_own_units(
    held: CollectedResults, part: str, device: dict[str, Any], size: float, unit: str
) -> None:
    """At 1.5 of what was described; a whole one more would save a day 40."""
    at = {
        "ring_size": ("part", [1.5]),
        "ring_size_cost": ("part", [1.0]),
        "ring_size_marginal": ("part", [-40.0]),
    }
    found = CollectedResults(
        held.results.assign(at).assign_coords(part=[part]),
        held.inputs,
        config=held.config,
        settings={
            "ring": {"plant": {part: device}},
            "ring_size_limits": {part: {"least": 0.0, "most": 1.5, "listed": False}},
        },
    )
    told = by_name(sizes_at_limits(found))[f"{part} ring.plant.sizes.{part}.most"]
    assert (told.size, told.unit) == (size, unit)
    assert told.saves_per_year == pytest.approx(40.0 * DAYS_A_YEAR * 1.5 / size)
