"""The scenarios that matter, on two days: each is solved, and does what its name says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.coupling.district import CoupledDistrict, Iteration
from anello.model.definition import read_model
from anello.run.config import RunConfig, read_config
from anello.run.stages.preprocess import model_file, retrieve_model

DAYS = {"warm": ["2015-07-15", "2015-07-16"], "cold": ["2015-01-22", "2015-01-23"]}
Found = dict[tuple[str, str], Iteration]


@pytest.fixture(scope="module")
def found(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The best iteration of every scenario in July, and of those with a cold spell in January."""
    config = read_config(
        repo_root / "config" / "config.yaml", repo_root / "config" / "scenarios.yaml"
    )
    models = tmp_path_factory.mktemp("models")
    cases = [(name, "warm") for name in config.scenarios if name != "cold_spell"]
    return {
        (name, season): outcome(config, name, season, models)
        for name, season in [*cases, ("smart", "cold"), ("cold_spell", "cold")]
    }


def outcome(config: RunConfig, name: str, season: str, models: Path) -> Iteration:
    settings = config.scenario(name)
    data: Any = settings.data
    folder = models / (name if data.changes else "usual")
    if not folder.exists():
        retrieve_model(data, folder)
    model = read_model(
        model_file(data, folder),
        settings.model_scenario,
        override_dict={"model.subset_time": DAYS[season]},
    )
    return CoupledDistrict(model, settings.ring, settings.coupling, settings.solver).run().best


def total(iteration: Iteration, variable: str, tech: str) -> float:
    values = iteration.dispatch[variable]
    return float(abs(values.where(values["node_tech"] == tech)).sum())


def test_bigger_wells_are_bigger(repo_root: Path) -> None:
    config = read_config(
        repo_root / "config" / "config.yaml", repo_root / "config" / "scenarios.yaml"
    )
    flows = {}
    for name in ("smart", "bigger_wells"):
        plant = config.scenario(name).ring.plant
        assert plant is not None
        flows[name] = plant.wells.max_flow_kg_s
    assert flows["bigger_wells"] == 3 * flows["smart"]


def test_all_eight_are_there_and_nothing_is_unmet(found: Found) -> None:
    assert len({name for name, _ in found}) == 8
    for (name, season), iteration in found.items():
        unmet = float(iteration.dispatch["unmet_demand"].sum())
        assert unmet == pytest.approx(0.0, abs=1e-3), (name, season)


def test_each_does_what_its_name_says(found: Found) -> None:
    smart = found["smart", "warm"]
    assert "storage" not in found["baseline", "warm"].dispatch
    assert smart.cost.grid_kwh < found["baseline", "warm"].cost.grid_kwh
    assert total(found["battery", "warm"], "carrier_prod", "battery") > 0
    exported = found["export", "warm"].dispatch["carrier_export"]
    assert float(exported.sum()) > 0
    assert found["export", "warm"].cost.total_eur < smart.cost.total_eur
    # More of the plant's choice cannot cost more; in two days it hardly costs less.
    assert found["bigger_wells", "warm"].cost.total_eur <= smart.cost.total_eur * (1 + 1e-3)
    tariff = found["time_of_use", "warm"].dispatch
    assert float(tariff["shadow_price"].sel(carrier="electricity").max()) > 0.3 + 1e-6


@pytest.mark.parametrize(
    ("spell", "season", "service"),
    [("heat_wave", "warm", "hp_cooling"), ("cold_spell", "cold", "hp_heating")],
)
def test_a_spell_takes_more_energy(found: Found, spell: str, season: str, service: str) -> None:
    with_spell = total(found[spell, season], "carrier_prod", service)
    assert with_spell > 1.1 * total(found["smart", season], "carrier_prod", service)


def test_a_decision_has_sizes_that_are_found_and_districts_without_a_ring(
    repo_root: Path, tmp_path: Path
) -> None:
    """`config/decide.yaml`: on two days, found sizes cost less than those described."""
    files = (repo_root / "config" / "config.yaml", repo_root / "config" / "decide.yaml")
    config = read_config(*files)
    assert config.scenarios == ["baseline", "smart", "designed", "air_source", "gas"]
    assert {config.scenario(name).coupling.method for name in ("air_source", "gas")} == {"none"}
    designed, smart = (outcome(config, name, "warm", tmp_path) for name in ("designed", "smart"))
    assert designed.cost.total_eur < smart.cost.total_eur
    assert total(designed, "energy_cap", "hp_heating") < total(smart, "energy_cap", "hp_heating")
