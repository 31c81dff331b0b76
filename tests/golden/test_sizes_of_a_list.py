"""Sizes of the ring's plant that come from a list: the search's choice against every other."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.plant_sizes import open_sizes, sizes_in
from anello.errors import ConfigError, InputError
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import summarise
from anello.present.report.sizes import ring_sizes
from anello.ring.capital import RingCosts, annuity, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import priced, with_sizes
from anello.run.config import parse_config
from anello.run.kept_sizes import kept_sizes
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model
from ring_districts import random_district, with_sizes_open

WELLS = {0.0: 0.0, 0.25: 2_250.0, 0.5: 4_500.0, 1.0: 9_000.0}
CHILLER = {0.0: 0.0, 0.1: 800.0, 0.5: 900.0}
"""Share of the size described, and what it costs a year [€/a]."""
DAYS = ["2015-07-01", "2015-07-02"]
SHARE = 1 / 365


def listed(prices: dict[float, float]) -> dict[str, Any]:
    return {"one_of": list(prices), "eur_per_year": list(prices.values())}


def run(seed: int, sizes: dict[str, Any] | None, kept: dict[str, float] | None = None) -> Outcome:
    data, ring = random_district(seed, days=1)
    ring = with_sizes_open(ring, sizes) if sizes else with_sizes(ring, kept or {})
    return CoupledDistrict(data, ring, CouplingConfig()).run()


@pytest.fixture(scope="module")
def found() -> Outcome:
    return run(5, {"wells": listed(WELLS), "chiller": listed(CHILLER)})


def test_no_other_sizes_of_the_lists_are_cheaper(found):
    costs = {}
    for wells, chiller in product(WELLS, CHILLER):
        done = run(5, None, {"wells": wells, "chiller": chiller})
        owed = (WELLS[wells] + CHILLER[chiller]) * SHARE
        costs[wells, chiller] = done.best.penalised_eur + owed
    best = min(costs, key=costs.get)
    sizes = sizes_in(found.best.dispatch)
    assert (sizes["wells"], sizes["chiller"]) == pytest.approx(best, abs=1e-6)
    assert best[0] == 0.25  # neither the first nor the last
    assert found.best.penalised_eur == pytest.approx(costs[best], rel=1e-3)
    assert sorted(costs.values())[1] > 1.005 * costs[best]


def test_a_price_of_its_own_decides_between_sizes():
    """A well of twice the size for the same money is taken where it serves."""
    same = dict.fromkeys((0.25, 0.5), 2_250.0) | {1.0: 9_000.0}
    sizes = sizes_in(run(5, {"wells": listed(same)}).best.dispatch)
    assert sizes == pytest.approx({"wells": 0.5}, abs=1e-6)


def test_results_say_which_was_chosen_and_prices_hold_with_it(found):
    dispatch = found.best.dispatch
    chosen = dispatch["ring_size_choice"]
    assert chosen.sel(part="wells", choice="0.25").item() == pytest.approx(1.0)
    assert np.isnan(chosen.sel(part="chiller", choice="0.25").item())
    assert chosen.sum("choice").values == pytest.approx(1.0)
    assert float(dispatch["ring_size_cost"].sum()) == pytest.approx(2_250.0 * SHARE, rel=1e-9)
    assert dispatch.attrs["prices_hold"] == "with the whole numbers found"
    assert all(step.gap_eur is not None for step in found.record.trace)
    assert np.isfinite(dispatch["source_heat_price"].values).all()
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05


def test_the_steps_of_the_workflow_build_and_keep_what_they_choose(repo_root, tmp_path):
    model = embedded_model(tmp_path / "town")
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(model)}
    del settings["coupling"]
    smart = settings["scenario_definitions"]["smart"]
    smart["overrides"] = {"model.subset_time": DAYS}
    offers = {"one_of": [0, 0.5, 1.0], "one_of_eur": [0, 42_000, 70_000]}
    smart["ring"]["plant"] = {"sizes": {"wells": offers, "chiller": {"one_of": [0.1, 0.2]}}}
    run = tmp_path / "run"
    run_scenario(parse_config(settings).scenario("smart"), run, run="test", name="smart")
    collected = read_results(run / "results.nc")
    share = sizes_in(collected.results)
    assert share["wells"] > 0
    built = RingConfig.model_validate(collected.settings["ring"])
    described = parse_config(settings).scenario("smart").ring.plant
    assert built.plant.wells.max_flow_kg_s == share["wells"] * described.wells.max_flow_kg_s
    assert built.plant.build_eur == {
        "wells": 84_000 * share["wells"] if share["wells"] < 1 else 7e4
    }

    costs = RingCosts.model_validate(settings["ring_costs"])
    held = collected.results["ring_size_cost"]
    parts = {part.name: part for part in ring_capital(built, costs, 48.0).parts}
    for name in share:
        owed = parts[name].capital_eur + parts[name].maintenance_eur
        assert float(held.sel(part=name)) == pytest.approx(owed, rel=1e-9)
    whole = summarise(collected)["whole_cost"]
    assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)
    assert any(size.what == "Wells" for size in ring_sizes(collected))
    plant = kept_sizes(collected, "built")["scenario_definitions"]["built"]["ring"]["plant"]
    assert "sizes" not in plant
    assert plant["build_eur"] == built.plant.build_eur


def test_an_offer_becomes_a_cost_of_the_year_by_lifetime_and_maintenance():
    _, ring = random_district(5)
    ring = with_sizes_open(ring, {"wells": {"one_of": [0.5, 1], "one_of_eur": [400.0, 700.0]}})
    costs = RingCosts.model_validate(
        {
            "interest_rate": 0.04,
            "wells": {
                "capital_eur_per_kg_s": 9.0,
                "lifetime_years": 25.0,
                "maintenance_share_per_year": 0.02,
            },
        }
    )
    ring = priced(ring, costs)
    found = open_sizes(ring, 24.0)["wells"]
    share = (annuity(0.04, 25.0) + 0.02) / 365
    assert found.eur_of == pytest.approx([400.0 * share, 700.0 * share])
    (part,) = ring_capital(with_sizes(ring, {"wells": 0.4999999}), costs, 24.0).parts
    assert part.build_eur == 400.0
    assert part.capital_eur + part.maintenance_eur == pytest.approx(found.eur_of[0])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"one_of": [1.0]}, "two sizes or more"),
        ({"one_of": [0.5, 0.5]}, "all differ"),
        ({"one_of": [-0.5, 0.5]}, "greater than or equal to 0"),
        ({"one_of": [0.5, 1], "most": 2.0}, "leave out `least` and `most`"),
        ({"one_of": [0.5, 1], "one_of_eur": [5.0]}, "1 prices for 2 sizes"),
        ({"one_of": [0, 1], "one_of_eur": [5.0, 6.0]}, "a size of 0 is no device"),
        ({"one_of_eur": [5.0, 6.0]}, "belongs to `one_of`"),
        ({"eur_per_year": [5.0, 6.0]}, "belongs to `one_of`"),
    ],
)
def test_lists_that_make_no_sense_are_refused(repo_root, size, message):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["scenario_definitions"]["smart"]["ring"]["plant"] = {"sizes": {"wells": size}}
    with pytest.raises(ConfigError, match=rf"(?s)plant\.sizes\.wells.*{message}"):
        parse_config(settings)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        ({"build_eur": {"heat_pump": 5.0}}, "wells"),
        ({"build_eur": {"dry_cooler": 5.0}, "sizes": {"dry_cooler": {}}}, "`one_of_eur`"),
        ({"build_eur": {"backup_heater": 5.0}}, "none to be paid for"),
    ],
)
def test_prices_that_nothing_has_are_refused(repo_root, plant, message):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["scenario_definitions"]["smart"]["ring"]["plant"] = plant
    with pytest.raises(ConfigError, match=rf"(?s){message}"):
        parse_config(settings)


def test_offers_need_a_lifetime(repo_root):
    settings = read_settings(repo_root / "config" / "config.yaml")
    offers = {"one_of": [0.5, 1.0], "one_of_eur": [4.0, 7.0]}
    settings["scenario_definitions"]["smart"]["ring"]["plant"] = {"sizes": {"wells": offers}}
    del settings["ring_costs"]["wells"]
    with pytest.raises(ConfigError, match=r"(?s)one_of_eur.*Give `ring_costs\.wells`"):
        parse_config(settings)
    data, ring = random_district(5)
    with pytest.raises(InputError, match=r"one_of_eur.*ring_costs\.wells"):
        CoupledDistrict(data, with_sizes_open(ring, {"wells": offers}), CouplingConfig()).run()
