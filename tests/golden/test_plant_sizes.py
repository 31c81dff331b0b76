"""Sizes of the ring's plant: the search's choice against sizes given one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.exchange_file import read_linearisation
from anello.coupling.plant_sizes import sizes_in
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import summarise
from anello.present.report.sizes import ring_sizes
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import with_sizes
from anello.run.config import parse_config
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model
from ring_districts import coupled, random_district, with_sizes_open

DAYS = ["2015-07-01", "2015-07-02"]
PRICES = {"wells": 60_000.0, "dry_cooler": 40_000.0, "chiller": 60_000.0}
OPEN = {name: {"eur_per_year": price} for name, price in PRICES.items()}
SHARE = 2 / 365


@pytest.fixture(scope="module")
def place(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RingConfig]:
    folder = tmp_path_factory.mktemp("sizes") / "model"
    settings = parse_config(read_settings(repo_root / "config" / "config.yaml"))
    return embedded_model(folder), settings.scenario("smart").ring


def run(place: tuple[Path, RingConfig], ring: RingConfig) -> Outcome:
    data = read_model(place[0], scenario="smart", override_dict={"model.subset_time": DAYS})
    return CoupledDistrict(data, ring, CouplingConfig()).run()


@pytest.fixture(scope="module")
def found(place: tuple[Path, RingConfig]) -> Outcome:
    return run(place, with_sizes_open(place[1], OPEN))


def cost(place: tuple[Path, RingConfig], sizes: dict[str, float]) -> float:
    """Cost of operation with given sizes, and what these cost."""
    done = run(place, with_sizes(place[1], sizes))
    return done.best.penalised_eur + sum(
        PRICES[name] * size * SHARE for name, size in sizes.items()
    )


def test_no_other_sizes_are_cheaper_than_those_found(place, found):
    sizes = sizes_in(found.best.dispatch)
    assert set(sizes) == set(PRICES)
    mine = found.best.penalised_eur
    assert cost(place, sizes) == pytest.approx(mine, rel=2e-4)
    assert cost(place, dict.fromkeys(sizes, 1.0)) > 1.01 * mine
    for name, size in sizes.items():
        other = size * 0.7 if size > 0.05 else size + 0.2
        assert cost(place, {**sizes, name: other}) > mine * (1 - 1e-4), name


def test_promise_and_simulation_agree_with_the_sizes_in_both(found):
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05
    eur = sum(PRICES[name] * size * SHARE for name, size in sizes_in(found.best.dispatch).items())
    assert float(found.best.dispatch["ring_size_cost"].sum()) == pytest.approx(eur, rel=1e-6)
    assert found.best.cost.total_eur > eur


def test_the_first_programme_takes_the_plant_as_described(place):
    """Before any simulation no limit knows the water, and sizes found by it would miss the ring."""
    data = read_model(
        place[0], scenario="smart", override_dict={"model.subset_time": ["2015-01-05"] * 2}
    )
    for least in (0.0, 1.2):
        sizes = {name: {**size, "least": least} for name, size in OPEN.items()}
        coupling = CouplingConfig(max_iterations=1)
        done = CoupledDistrict(data, with_sizes_open(place[1], sizes), coupling).run(
            must_converge=False
        )
        found = sizes_in(done.best.dispatch)
        assert found == pytest.approx(dict.fromkeys(OPEN, max(1.0, least)), abs=1e-5)
    # What a cold day does not need is left out by those that follow.
    sizes = {name: {**size, "least": 0.0} for name, size in OPEN.items()}
    done = CoupledDistrict(data, with_sizes_open(place[1], sizes), CouplingConfig()).run(
        must_converge=False
    )
    assert sizes_in(done.best.dispatch)["dry_cooler"] == pytest.approx(0.0, abs=1e-6)


def test_what_costs_nothing_to_leave_out_and_is_not_needed_is_left_out():
    data, ring = random_district(3)
    dear = {name: {"eur_per_year": 1e7} for name in ("backup_heater", "chiller")}
    done = CoupledDistrict(data, with_sizes_open(ring, dear), CouplingConfig()).run(
        must_converge=False
    )
    sizes = sizes_in(done.best.dispatch)
    assert sizes == pytest.approx({"backup_heater": 0.0, "chiller": 0.0}, abs=1e-6)
    for name in dear:
        assert np.abs(done.best.ring.q_bal_kw[name]).max() < 1e-3


def test_the_steps_of_the_workflow_build_what_they_find(place, repo_root, tmp_path):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(place[0])}
    del settings["coupling"]
    smart = settings["scenario_definitions"]["smart"]
    smart["overrides"] = {"model.subset_time": DAYS}
    smart["ring"]["plant"] = {"sizes": {"wells": {}, "chiller": {"most": 1.0}}}
    config = parse_config(settings)
    run_scenario(config.scenario("smart"), tmp_path, run="test", name="smart")
    collected = read_results(tmp_path / "results.nc")
    share = sizes_in(collected.results)
    described = place[1].plant
    built = RingConfig.model_validate(collected.settings["ring"])
    assert built.plant.wells.max_flow_kg_s == pytest.approx(
        share["wells"] * described.wells.max_flow_kg_s
    )
    assert built.plant.chiller.max_kw == pytest.approx(share["chiller"] * described.chiller.max_kw)
    assert built.plant.sizes == {}

    costs = RingCosts.model_validate(settings["ring_costs"])
    parts = {part.name: part for part in ring_capital(built, costs, 48.0).parts}
    held = collected.results["ring_size_cost"]
    for name in share:
        owed = parts[name].capital_eur + parts[name].maintenance_eur
        assert float(held.sel(part=name)) == pytest.approx(owed, rel=1e-9, abs=1e-9)
    whole = summarise(collected)["whole_cost"]
    assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)
    paid = sum(part.capital_eur + part.maintenance_eur for part in parts.values())
    simulated = collected.record["best_j_sim_eur"]
    assert whole["total"] == pytest.approx(simulated - float(held.sum()) + paid, rel=1e-9)

    assert any(size.what == "Wells" for size in ring_sizes(collected)) == (share["wells"] > 0)
    step = tmp_path / "iterations" / f"{collected.record['result_iteration']:03d}"
    assert read_linearisation(step / "cop.nc").plant_sizes == share


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"wells": {"least": 2.0}}, "least ≤ most"),
        ({"heat_pump": {}}, "wells"),
        ({"backup_heater": {}}, "none to be sized"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(place, sizes, message):
    with pytest.raises(ValueError, match=message):
        with_sizes_open(place[1], sizes)


def test_a_size_without_a_price_is_refused(place):
    with pytest.raises(InputError, match=r"ring\.plant\.sizes\.wells\.eur_per_year"):
        run(place, with_sizes_open(place[1], {"wells": {}}))


def test_a_fixed_point_cannot_choose_sizes(repo_root):
    settings = read_settings(repo_root / "config" / "config.yaml")
    smart = settings["scenario_definitions"]["smart"]
    smart["ring"]["plant"] = {"sizes": {"wells": {}}}
    smart["coupling"] = {"method": "fixed_point"}
    with pytest.raises(ConfigError, match=r"ring\.plant\.sizes.*chosen by a programme"):
        parse_config(settings)
    data, ring = random_district(2)
    dead_band = CouplingConfig.model_validate({"slp": {"balancing": "deadband"}})
    with pytest.raises(InputError, match=r"ring\.plant\.sizes.*scheduled"):
        CoupledDistrict(data, with_sizes_open(ring, OPEN), dead_band)


def test_a_ring_without_choices_is_left_as_it_is():
    district = coupled(2)
    assert with_sizes(district.ring, {}) is district.ring
    assert district.rows.sizes == {}
