"""Whole heat pumps on a ring: the number that the search finds, against every number tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.formulation import formulate
from anello.optimise.results.collection import read_results
from anello.optimise.solve import Problem, compile_problem, solve
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.start import Start
from anello.present.report.costs import unpriced_note
from anello.ring.config import RingConfig
from anello.run.config import parse_config
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

PLACE = "locations.buildings.techs.hp_heating"
UNIT_KW, MOST = 150.0, 8


@pytest.fixture(scope="module")
def place(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RingConfig]:
    folder = tmp_path_factory.mktemp("whole") / "model"
    settings = parse_config(read_settings(repo_root / "config" / "config.yaml"))
    return embedded_model(folder), settings.scenario("smart").ring


@pytest.fixture(scope="module")
def small_milp() -> Problem:
    model = Path(__file__).parent / "models" / "milp_units.yaml"
    return compile_problem(formulate(read_model(model)))


def changes(units: dict[str, Any]) -> dict[str, Any]:
    """Return overrides that make the homes' heat pumps whole units."""
    return {
        "model.subset_time": ["2015-01-05", "2015-01-05"],
        f"{PLACE}.constraints": {
            "energy_cap_equals": None,
            "energy_cap_per_unit": UNIT_KW,
            "energy_cap_min_use": 0.3,
            **units,
        },
        f"{PLACE}.costs.monetary.purchase": 400_000.0,
    }


def run(place: tuple[Path, RingConfig], units: dict[str, Any], **solver: Any) -> Outcome:
    model, ring = place
    data = read_model(model, scenario="smart", override_dict=changes(units))
    settings = SolverConfig.model_validate({"mip_gap": 1e-6, **solver})
    return CoupledDistrict(data, ring, CouplingConfig(), settings).run()


@pytest.fixture(scope="module")
def found(place: tuple[Path, RingConfig]) -> Outcome:
    return run(place, {"units_max": MOST})


def units_of(outcome: Outcome) -> int:
    bought = outcome.best.dispatch["units"].sel(node="buildings::hp_heating")
    return int(bought)


def test_no_number_of_heat_pumps_is_cheaper_than_the_one_found(place, found):
    number = units_of(found)
    assert 0 < number < MOST
    costs = {}  # with the penalty of what too few cannot serve
    for units in (number - 1, number, number + 1):
        costs[units] = run(place, {"units_equals": units}).best.penalised_eur
    assert min(costs, key=costs.get) == number
    assert found.best.penalised_eur == pytest.approx(costs[number], rel=1e-4)
    assert costs[number + 1] > 1.001 * costs[number]


def test_the_record_has_the_gap_and_prices_hold_with_the_numbers_found(found):
    assert all(step.gap_eur is not None for step in found.record.trace)
    assert found.record.trace[-1].gap_eur < 1e-4 * found.best.cost.total_eur
    dispatch = found.best.dispatch
    assert dispatch.attrs["prices_hold"] == "with the whole numbers found"
    heat = dispatch["shadow_price"].sel(loc="buildings", carrier="heating")
    assert np.isfinite(heat.values).all()
    assert 0.01 < float(heat.max()) < 1.0


def test_the_steps_of_the_workflow_find_the_same(place, found, repo_root, tmp_path):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["data"] = {"source": "folder", "model": str(place[0])}
    settings["solver"] = {"mip_gap": 1e-6}
    del settings["coupling"]
    settings["scenario_definitions"]["smart"]["overrides"] = changes({"units_max": MOST})
    run_scenario(parse_config(settings).scenario("smart"), tmp_path, run="test", name="smart")
    results = read_results(tmp_path / "results.nc")
    assert results.record["best_j_sim_eur"] == pytest.approx(found.best.cost.total_eur, rel=1e-6)
    trace = results.record["trace"]
    assert len(trace) == len(found.record.trace)
    assert trace[-1]["gap_eur"] is not None
    assert "with the whole numbers found" in unpriced_note(results.results)
    assert len(Basis.load(tmp_path / "iterations" / "000" / "basis.npz").values) > 0


def test_an_integer_problem_starts_from_the_values_of_the_one_before(small_milp):
    first = solve(small_milp, prices=True)
    assert first.numbers_fixed
    again = solve(small_milp, start=Start(first.basis), prices=True)
    assert again.objective == pytest.approx(first.objective, rel=1e-9)
    assert first.optimality_error < 1e-9
    plain = solve(small_milp)
    assert np.isnan(plain.row_dual).all()
    assert plain.objective == pytest.approx(first.objective, rel=1e-9)
    np.testing.assert_array_equal(first.basis.values, first.x)


def test_a_basis_keeps_the_values_on_disk(small_milp, tmp_path):
    basis = solve(small_milp, prices=True).basis
    basis.save(tmp_path / "basis.npz")
    np.testing.assert_array_equal(Basis.load(tmp_path / "basis.npz").values, basis.values)
