"""The exchanger for free cooling: the size that a search finds against sizes given one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.exchange_file import read_linearisation
from anello.coupling.plant_sizes import sizes_in
from anello.coupling.years_district import CoupledYears
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.optimise.results.cost_parts import cost_parts
from anello.optimise.results.summary import summarise
from anello.present.report.sizes import ring_sizes
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.exchanger_parts import exchangers
from anello.ring.plant_sizes import with_sizes
from anello.run.config import parse_config
from anello.run.kept_sizes import kept_sizes
from anello.run.scenario_config import merge
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

DAYS = ["2015-07-01", "2015-07-02"]
SHARE = 2 / 365
PART = "hp_cooling.free_cooling"
EXCHANGER = {"effectiveness": 0.85, "spread_k": 5.0, "design_kw": 3500.0}
GRID = (0.0, 0.25, 0.5, 1.0, 1.5)


@pytest.fixture(scope="module")
def place(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RingConfig]:
    """The embedded district with cooling at 17 °C, as ceilings have it."""
    folder = tmp_path_factory.mktemp("exchanger") / "model"
    settings = parse_config(read_settings(repo_root / "config" / "config.yaml"))
    told = settings.scenario("smart").ring.model_dump()
    told["heat_pumps"]["hp_cooling"] |= {
        "free_cooling": EXCHANGER,
        "use_temperature": {"kind": "fixed", "degc": 17.0},
    }
    return embedded_model(folder), RingConfig.model_validate(told)


def left_open(ring: RingConfig, size: dict[str, Any]) -> RingConfig:
    told = ring.model_dump()
    told["heat_pumps"]["hp_cooling"]["free_cooling"]["size"] = size
    return RingConfig.model_validate(told)


def read(place: tuple[Path, RingConfig]):
    return read_model(place[0], scenario="smart", override_dict={"model.subset_time": DAYS})


def run(place: tuple[Path, RingConfig], ring: RingConfig) -> Outcome:
    return CoupledDistrict(read(place), ring, CouplingConfig()).run()


@pytest.fixture(scope="module")
def operation(place: tuple[Path, RingConfig]) -> dict[float, float]:
    """Cost of operation with each size of the grid, searched to its end [€]."""
    return {
        size: run(place, with_sizes(place[1], {PART: size})).best.penalised_eur for size in GRID
    }


@pytest.mark.parametrize("eur_per_year", [15_000.0, 40_000.0, 120_000.0])
def test_no_other_size_is_cheaper_than_the_one_found(place, operation, eur_per_year):
    found = run(place, left_open(place[1], {"eur_per_year": eur_per_year}))
    mine, size = found.best.penalised_eur, sizes_in(found.best.dispatch)[PART]
    others = {one: eur + eur_per_year * one * SHARE for one, eur in operation.items()}
    assert mine <= min(others.values()) * (1 + 1e-5)
    assert 0.05 < size < 1.4
    assert len(found.record.trace) < 12  # each kW/K saves less than the one before
    assert mine < 0.998 * max(others.values())
    assert float(found.best.dispatch["ring_size_cost"].sum()) == pytest.approx(
        eur_per_year * size * SHARE, rel=1e-6
    )
    # Given that size, the district costs the same without the exchanger itself.
    given = run(place, with_sizes(place[1], {PART: size})).best
    assert given.penalised_eur + eur_per_year * size * SHARE == pytest.approx(mine, rel=2e-4)
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05


def test_the_best_of_a_list_is_found(place, operation):
    found = run(place, left_open(place[1], {"one_of": list(GRID), "eur_per_year": 40_000.0}))
    others = {one: eur + 40_000.0 * one * SHARE for one, eur in operation.items()}
    assert found.best.penalised_eur <= min(others.values()) * (1 + 2e-4)
    assert sizes_in(found.best.dispatch)[PART] in GRID


def test_the_same_year_twice_has_the_size_of_that_year(place):
    ring = left_open(place[1], {"eur_per_year": 40_000.0})
    alone = run(place, ring).best
    data = read(place)
    same = CoupledYears({"a": data, "b": data}, {"a": 0.4, "b": 0.6}, ring, CouplingConfig()).run()
    assert same.expected_eur == pytest.approx(alone.penalised_eur, rel=1e-6)
    for one in same.best.values():
        assert sizes_in(one.dispatch) == pytest.approx(sizes_in(alone.dispatch), abs=1e-5)


def settings_of(repo_root: Path, model: Path, size: dict[str, Any] | None) -> dict[str, Any]:
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(model)}
    del settings["coupling"]
    smart = settings["scenario_definitions"]["smart"]
    smart["overrides"] = {"model.subset_time": DAYS}
    smart["ring"]["heat_pumps"]["hp_cooling"] = {
        "free_cooling": EXCHANGER | {"size": size},
        "use_temperature": {"kind": "fixed", "degc": 17.0},
    }
    return settings


def collected_of(settings: dict[str, Any], name: str, folder: Path):
    run_scenario(parse_config(settings).scenario(name), folder, run="test", name=name)
    return read_results(folder / "results.nc")


def test_the_steps_of_the_workflow_build_and_pay_what_they_find(place, repo_root, tmp_path):
    settings = settings_of(repo_root, place[0], {"most": 0.2})
    collected = collected_of(settings, "smart", tmp_path / "found")
    share = sizes_in(collected.results)
    built = RingConfig.model_validate(collected.settings["ring"])
    ua = 0.85 / 0.15 * 700.0 * share[PART]
    assert exchangers(built)[PART].ua_kw_per_k == pytest.approx(ua)
    assert exchangers(built)[PART].size is None

    costs = RingCosts.model_validate(settings["ring_costs"])
    parts = {part.name: part for part in ring_capital(built, costs, 48.0).parts}
    held = collected.results["ring_size_cost"]
    owed = parts[PART].capital_eur + parts[PART].maintenance_eur
    assert float(held.sel(part=PART)) == pytest.approx(owed, rel=1e-9)
    summary = summarise(collected)
    whole = summary["whole_cost"]
    assert whole["ring"]["to_build_by_part"][PART] == pytest.approx(100.0 * ua)
    assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)
    table = cost_parts(collected)
    paid = float(table["cost"][table["cost_class"] == "monetary"].sum())
    assert paid == pytest.approx(whole["total"], rel=1e-9)

    (size,) = [one for one in ring_sizes(collected) if "free cooling" in one.what]
    assert size.what == "Exchanger for free cooling (hp_cooling)"
    assert size.measures == ((pytest.approx(ua), "kW/K"),)
    assert share[PART] == pytest.approx(0.2)
    (limit,) = [one for one in summary["sizes_at_limits"] if one["what"] == PART]
    assert limit["key"] == "ring.heat_pumps.hp_cooling.free_cooling.size.most"
    assert (limit["limit"], limit["unit"]) == ("largest", "kW/K")
    assert limit["size"] == pytest.approx(ua)
    assert limit["saves_per_year"] > 0.0
    step = tmp_path / "found" / "iterations" / f"{collected.record['result_iteration']:03d}"
    assert read_linearisation(step / "cop.nc").plant_sizes == share

    kept = collected_of(merge(settings, kept_sizes(collected, "built")), "built", tmp_path / "kept")
    again = exchangers(RingConfig.model_validate(kept.settings["ring"]))[PART]
    assert again.ua_kw_per_k == pytest.approx(ua, rel=1e-4)
    assert again.size is None
    assert "ring_size" not in kept.results
    assert summarise(kept)["whole_cost"]["total"] == pytest.approx(whole["total"], rel=1e-3)


def test_a_size_that_is_given_up_stays_away_where_sizes_are_kept(place, repo_root, tmp_path):
    settings = settings_of(repo_root, place[0], {"one_of": [0, 1], "eur_per_year": 1e6})
    collected = collected_of(settings, "smart", tmp_path)
    assert sizes_in(collected.results) == {PART: 0.0}
    kept = parse_config(merge(settings, kept_sizes(collected, "built")))
    assert exchangers(kept.scenario("built").ring) == {}
    assert not np.any(collected.ring["free_kw"].values)
