"""Tanks of a size that the search finds: as warm as their level says, at any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.exchange_file import read_linearisation
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results.collection import read_results
from anello.ring.config import RingConfig
from anello.run.config import parse_config
from anello.run.kept_sizes import kept_sizes
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model
from ring_districts import EMPTY_DEGC, SPAN_K, random_district

SEED, PRICE = 3, 4.0
SHARE = 2 / 365
TIGHT = CouplingConfig(predicted_decrease=1e-5)


def tanks(outcome: Outcome) -> dict[str, float]:
    """Size of each tank [kWh]."""
    sizes = outcome.best.dispatch["storage_cap"].to_series().dropna()
    return {str(node): float(size) for node, size in sizes.items()}


def given(sizes: dict[str, float]) -> Outcome:
    """The same district with these tanks, which then cost nothing in the programme."""
    data, ring = random_district(SEED, tank_eur_per_kwh=0.0)
    names = [str(node) for node in data.inputs["node"].values]
    data.inputs["storage_cap_equals"] = (
        "node",
        np.array([sizes.get(name, np.nan) for name in names]),
    )
    return CoupledDistrict(data, ring, TIGHT).run()


@pytest.fixture(scope="module")
def found() -> Outcome:
    data, ring = random_district(SEED, tank_eur_per_kwh=PRICE)
    return CoupledDistrict(data, ring, TIGHT).run()


def test_no_other_sizes_are_cheaper_than_those_found(found):
    sizes = tanks(found)
    assert len(sizes) == 3
    mine = found.best.penalised_eur
    assert float(found.best.dispatch["cost_investment"].sum()) == pytest.approx(
        PRICE * SHARE * sum(sizes.values()), rel=1e-6
    )
    same = given(sizes).best.penalised_eur + PRICE * SHARE * sum(sizes.values())
    assert same == pytest.approx(mine, rel=2e-3)
    for name, size in sizes.items():
        assert size > 50.0
        for factor in (0.7, 1.4):
            others = {**sizes, name: size * factor}
            done = given(others).best.penalised_eur + PRICE * SHARE * sum(others.values())
            assert done > mine * (1 - 1e-3), (name, factor)


def test_promise_and_simulation_agree(found):
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05


def test_a_tank_of_any_size_is_as_warm_as_it_is_full(found):
    """Against `T = T_empty + span · level / size`, from the level before each hour."""
    flows, ring = found.best.flows, found.best.ring
    sizes, seen = tanks(found), 0
    for k, node in enumerate(flows.nodes):
        place, _, tech = node.partition("::")
        tank = f"{place}::{tech.replace('hp_', 'tes_')}"
        if tank not in sizes:
            continue
        service = tech.split("_")[1]
        sign = -1.0 if service == "cooling" else 1.0
        level = np.r_[flows.storage_start_kwh[k], flows.storage_kwh[k][:-1]]
        degc = EMPTY_DEGC[service] + sign * SPAN_K[service] * level / sizes[tank]
        np.testing.assert_allclose(ring.use_degc[k], degc, atol=1e-6)
        seen += 1
    assert seen == 3


def test_a_tank_as_described_is_the_same_said_either_way():
    data, ring = random_district(SEED)
    told = ring.model_dump(mode="json")
    for name, pump in told["heat_pumps"].items():
        use = pump["use_temperature"]
        if use["kind"] == "store":
            use |= {"kwh_per_k": None, "span_k": SPAN_K[name.split("_")[1]]}
    either = CoupledDistrict(data, RingConfig.model_validate(told), CouplingConfig()).run()
    other = CoupledDistrict(data, ring, CouplingConfig()).run()
    assert either.best.penalised_eur == pytest.approx(other.best.penalised_eur, rel=1e-9)


def test_tanks_that_are_too_dear_are_left_out():
    data, ring = random_district(SEED, tank_eur_per_kwh=1e4)
    done = CoupledDistrict(data, ring, CouplingConfig()).run()
    assert max(tanks(done).values()) == pytest.approx(0.0, abs=1e-3)


def opened(repo_root: Any, model: Any, days: list[str]) -> dict[str, Any]:
    """Settings of the embedded district with the homes' heating tank open."""
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(model)}
    del settings["coupling"]
    smart = settings["scenario_definitions"]["smart"]
    place = "locations.buildings.techs.tes_dhw"
    smart["overrides"] = {
        "model.subset_time": days,
        f"{place}.constraints.storage_cap_equals": None,
        f"{place}.constraints.storage_cap_max": 3000.0,
        f"{place}.constraints.lifetime": 25,
        f"{place}.costs.monetary.storage_cap": 1.0,
        f"{place}.costs.monetary.interest_rate": 0.05,
    }
    return settings


def test_the_steps_of_the_workflow_find_and_keep_a_tank(repo_root, tmp_path):
    model = embedded_model(tmp_path / "town")
    settings = opened(repo_root, model, ["2015-07-01", "2015-07-02"])
    use = {"kwh_per_k": None, "span_k": 9.0}
    smart = settings["scenario_definitions"]["smart"]
    smart["ring"]["heat_pumps"]["hp_dhw"]["use_temperature"] |= use
    run = tmp_path / "run"
    run_scenario(parse_config(settings).scenario("smart"), run, run="test", name="smart")
    collected = read_results(run / "results.nc")
    size = float(collected.results["storage_cap"].sel(node="buildings::tes_dhw"))
    assert 0.0 < size <= 3000.0
    step = run / "iterations" / f"{collected.record['result_iteration']:03d}"
    about = read_linearisation(step / "cop.nc")
    known = dict(zip(about.nodes, about.tank_kwh, strict=True))
    assert known.pop("buildings::hp_dhw") == pytest.approx(size, rel=1e-6)
    assert np.isnan(list(known.values())).all()
    kept = kept_sizes(collected, "built")["scenario_definitions"]["built"]
    key = "locations.buildings.techs.tes_dhw.constraints.storage_cap_equals"
    assert kept["overrides"][key] == pytest.approx(size, abs=1e-3)
    kept_use = kept["ring"]["heat_pumps"]["hp_dhw"]["use_temperature"]
    assert (kept_use["span_k"], kept_use["kwh_per_k"]) == (9.0, None)


def test_an_open_tank_of_a_fixed_heat_capacity_is_refused(repo_root, tmp_path):
    model = embedded_model(tmp_path / "town")
    settings = opened(repo_root, model, ["2015-01-05", "2015-01-05"])
    smart = parse_config(settings).scenario("smart")
    data = read_model(model, scenario=smart.model_scenario, override_dict=smart.overrides)
    with pytest.raises(InputError, match=r"hp_dhw\.use_temperature\.kwh_per_k.*Give `span_k`"):
        CoupledDistrict(data, smart.ring, CouplingConfig())


def test_an_open_tank_without_a_largest_size_is_refused():
    data, ring = random_district(SEED, tank_eur_per_kwh=PRICE)
    data.inputs["storage_cap_max"] = data.inputs["storage_cap_max"] * np.nan
    with pytest.raises(InputError, match=r"storage_cap_max.*needs a largest size"):
        CoupledDistrict(data, ring, CouplingConfig())


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ({"span_k": 9.0}, "and not both"),
        ({"kwh_per_k": None}, "give `kwh_per_k`"),
        ({"kwh_per_k": None, "span_k": 0.0}, "greater than 0"),
        (
            {"kwh_per_k": None, "span_k": 9.0, "kwh_per_k_by_location": {"commercial": 3.0}},
            "leave out `kwh_per_k_by_location`",
        ),
    ],
)
def test_what_says_too_much_or_too_little_of_a_tank_is_refused(repo_root, use, message):
    settings = read_settings(repo_root / "config" / "config.yaml")
    pump = settings["scenario_definitions"]["smart"]["ring"]["heat_pumps"]["hp_dhw"]
    pump["use_temperature"] |= use
    with pytest.raises(ConfigError, match=rf"(?s)hp_dhw.*{message}"):
        parse_config(settings)
