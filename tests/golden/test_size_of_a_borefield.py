"""How many boreholes pay: the search's choice against shares of a field given one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anello.coupling.borefield import beyond_at_horizon_k, field_rows
from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.plant_sizes import sizes_in
from anello.errors import ConfigError
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.optimise.results.summary import summarise
from anello.present.report.sizes import ring_sizes
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.device import FieldOnRing
from anello.ring.borefield.field import compile_borefield
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import with_sizes
from anello.run.config import parse_config
from anello.run.kept_sizes import kept_sizes
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model
from ring_districts import random_district

FIELD: dict[str, Any] = {
    "field": {"kind": "rectangle", "rows": 3, "columns": 4},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 8.0,
}
SEED, PRICE = 6, 1_000.0
SHARE = 2 / 365
HOURS = np.ones(30)
LOAD_KW = 20.0 * np.sin(np.arange(30) / 4.0) + 5.0


def run(
    sizes: dict[str, Any] | None = None, share: float = 1.0, seed: int = SEED, **field: Any
) -> Outcome:
    plant = {
        "borefield": FIELD | field | {"built_share": share},
        "wells": {"max_flow_kg_s": 0.0},
        "sizes": {} if sizes is None else {"borefield": sizes},
    }
    data, ring = random_district(seed, plant=plant)
    return CoupledDistrict(data, ring, CouplingConfig(predicted_decrease=1e-5)).run()


@pytest.fixture(scope="module")
def found() -> Outcome:
    return run({"eur_per_year": PRICE})


def test_a_share_of_a_field_is_as_warm_as_the_whole_with_all_the_heat():
    whole = compile_borefield(BorefieldConfig.model_validate(FIELD))
    part = compile_borefield(BorefieldConfig.model_validate(FIELD | {"built_share": 0.3}))
    np.testing.assert_allclose(
        part.walls_degc(0.3 * LOAD_KW, HOURS), whole.walls_degc(LOAD_KW, HOURS), atol=1e-12
    )
    for ours, theirs in zip(
        part.fluid(np.full(30, 9.0), 0.3 * LOAD_KW),
        whole.fluid(np.full(30, 9.0), LOAD_KW),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs)
    assert part.length_m == pytest.approx(0.3 * 1200.0)
    assert part.limits_kw(9.0, 0.0) == pytest.approx(0.3 * np.array(whole.limits_kw(9.0, 0.0)))
    assert part.chain is whole.chain  # no g-function is computed anew


@pytest.mark.parametrize("size", [0.2, 1.0, 1.4])
def test_the_limits_of_the_programme_are_those_of_the_simulated_share(size):
    """Heat of a field of any size, from the numbers of the field described."""
    _, ring = random_district(SEED, plant={"borefield": FIELD})
    rows = field_rows(ring, HOURS)
    shared = FieldOnRing(BorefieldConfig.model_validate(FIELD | {"built_share": size}), HOURS)
    masses = np.zeros(len(rows.masses))
    for step, heat in enumerate(LOAD_KW):
        idle = rows.undisturbed_degc - (rows.keep[:, step] @ masses) / size
        shared.arrives(step, 12.0, np.inf)
        assert shared.body_degc == pytest.approx(idle, abs=1e-9)
        driven = rows.kw_per_k[step] * (size * (idle - 12.0))
        out, into = shared.limits_kw(12.0, np.inf)
        assert out + into == pytest.approx(driven, rel=1e-9)
        shared.take(step, heat)
        masses = rows.keep[:, step] * masses + rows.drop_k_per_kw[:, step] * heat


def test_no_other_share_is_cheaper_and_the_last_metre_is_worth_its_price(found):
    size = sizes_in(found.best.dispatch)["borefield"]
    assert 0.05 < size < 0.3
    costs = {}
    for factor in (0.5, 0.85, 1.0, 1.15, 2.0):
        costs[factor] = run(share=size * factor).best.penalised_eur
        owed = PRICE * size * factor * SHARE
        assert costs[factor] + owed > found.best.penalised_eur * (1 - 2e-4), factor
    assert costs[1.0] + PRICE * size * SHARE == pytest.approx(found.best.penalised_eur, rel=1e-3)
    # A finite difference of the simulated cost against the price of a metre.
    saved = (costs[0.85] - costs[1.15]) / (0.3 * size)
    assert saved == pytest.approx(PRICE * SHARE, rel=0.3)
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05


def test_a_field_that_is_too_dear_is_not_built():
    done = run({"eur_per_year": 1e6})
    assert sizes_in(done.best.dispatch)["borefield"] == pytest.approx(0.0, abs=1e-4)
    assert np.abs(done.best.ring.q_bal_kw["borefield"]).max() < 0.05


@pytest.mark.parametrize("always", [False, True], ids=["asked", "always"])
def test_of_a_list_the_best_is_found(always):
    listed = [0.25, 0.5, 1.0] if always else [0.0, 0.1, 0.5, 1.0]
    done = run({"one_of": listed, "eur_per_year": PRICE}, always=always)
    costs = {
        one: run(share=one, always=always).best.penalised_eur + PRICE * one * SHARE
        for one in listed
        if one
    }
    best = min(costs, key=costs.get)
    assert sizes_in(done.best.dispatch)["borefield"] == pytest.approx(best, abs=1e-6)
    assert done.best.penalised_eur == pytest.approx(costs[best], rel=2e-3)


def test_what_is_beyond_the_horizon_is_that_of_the_share():
    described = {**FIELD, "fluid_degc": (9.0, 12.0), "hold_at_horizon": True}
    _, ring = random_district(SEED, plant={"borefield": described})
    hours = np.full(365, 24.0)
    heat = 3.0 * np.sin(np.arange(365) / 58.0) + 5.0
    rows = field_rows(ring, hours)
    part = with_sizes(ring, {"borefield": 0.4})
    of_part = field_rows(part, hours)
    beyond_k = beyond_at_horizon_k(of_part, heat)
    assert beyond_k > 1.0
    assert beyond_at_horizon_k(rows, heat, 0.4) == pytest.approx(0.4 * beyond_k, rel=1e-9)


@pytest.mark.parametrize("price", [3.0, 1e5], ids=["cheap", "dear"])
def test_the_steps_of_the_workflow_build_and_keep_the_boreholes(repo_root, tmp_path, price):
    model = embedded_model(tmp_path / "town")
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(model)}
    settings["ring_costs"]["borefield"] = {"capital_eur_per_m": price, "lifetime_years": 50}
    del settings["coupling"]
    smart = settings["scenario_definitions"]["smart"]
    smart["overrides"] = {"model.subset_time": ["2015-07-01", "2015-07-02"]}
    smart["ring"]["plant"] = {
        "borefield": FIELD | {"flow_kg_s": 9.0},
        "sizes": {"borefield": {"most": 2.0}},
    }
    run = tmp_path / "run"
    run_scenario(parse_config(settings).scenario("smart"), run, run="test", name="smart")
    collected = read_results(run / "results.nc")
    share = sizes_in(collected.results)["borefield"]
    built = RingConfig.model_validate(collected.settings["ring"])
    assert built.plant.sizes == {}
    plant = kept_sizes(collected, "built")["scenario_definitions"]["built"]["ring"]["plant"]
    if price > 1e4:
        assert share == 0.0
        assert built.plant.borefield is None
        assert plant["borefield"] is None
        return
    assert share > 0.1
    assert built.plant.borefield.built_share == pytest.approx(share)
    assert plant["borefield"]["built_share"] == pytest.approx(share, abs=1e-3)
    assert plant["borefield"]["depth_m"] == 100.0
    (field,) = [size for size in ring_sizes(collected) if size.what == "Borefield"]
    assert field.measures[2][0] == pytest.approx(1200.0 * share)
    costs = RingCosts.model_validate(settings["ring_costs"])
    parts = {part.name: part for part in ring_capital(built, costs, 48.0).parts}
    assert parts["borefield"].build_eur == pytest.approx(price * 1200.0 * share)
    held = float(collected.results["ring_size_cost"].sel(part="borefield"))
    assert held == pytest.approx(parts["borefield"].capital_eur, rel=1e-9)
    whole = summarise(collected)["whole_cost"]
    assert sum(whole["parts"].values()) == pytest.approx(whole["total"], rel=1e-9)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        ({"sizes": {"borefield": {}}}, "sizes.borefield`: there is none to be sized"),
        ({"borefield": FIELD, "sizes": {"borefield": {}}}, "Give it, or `ring_costs.borefield`"),
        ({"borefield": FIELD, "sizes": {"borefield": {"least": 2}}}, "least ≤ most"),
        ({"borefield": FIELD | {"built_share": 0}}, "greater than 0"),
        (
            {
                "borefield": FIELD | {"always": True},
                "sizes": {"borefield": {"one_of": [0, 1], "eur_per_year": 1}},
            },
            "leave out the 0",
        ),
    ],
)
def test_shares_that_make_no_sense_are_refused(repo_root, plant, message):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["ring_costs"].pop("borefield", None)
    settings["scenario_definitions"]["smart"]["ring"]["plant"] = plant
    with pytest.raises(ConfigError, match=rf"(?s){message}"):
        parse_config(settings)
