"""anello beside an installed Calliope 0.6.10, both solving the same models now.

Needs the oracle's Python (``ANELLO_ORACLE``) and skips without it. The two example models that
Calliope brings are taken from its own package; nothing of them is kept here.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import anello
from golden.cases import FOLDER, Case
from golden.outcome import outcome

pytestmark = pytest.mark.oracle

SCRIPT = FOLDER.parent / "oracle_export.py"
LIVE = [
    Case("conversion_plus_tiers", "ratios_in_time"),
    Case("supply_plus_store", "not_cyclic"),
    Case("transmission_distance", "lat_lon"),
    Case("group_cost", "max"),
    Case("steps_30min"),
    Case("time_clusters", "closest"),
    Case("time_steps", "extreme_padded"),
]
EXAMPLES = [
    ("national_scale", None),
    ("national_scale", "reserve_margin"),
    ("national_scale", "cold_fusion_with_production_share"),
    ("national_scale", "cold_fusion_with_capacity_share"),
    ("national_scale", "minimize_emissions_costs"),
    ("national_scale", "maximize_utility_costs"),
    ("national_scale", "check_feasibility"),
    ("national_scale", "time_resampling"),
    ("urban_scale", None),
    ("urban_scale", "mapbox_ready"),
    ("urban_scale", "time_masking"),
]
REFERENCE = json.loads((FOLDER.parent / "examples.json").read_text(encoding="utf-8"))


def environment(cbc: Path) -> dict[str, str]:
    """Return the environment with CBC's folder on the PATH."""
    return {**os.environ, "PATH": f"{cbc.parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def examples(oracle: Path) -> Path:
    """Folder of the example models in the oracle's package."""
    code = "import calliope, pathlib; print(pathlib.Path(calliope.__file__).parent)"
    found = subprocess.run(
        [oracle, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    return Path(found.stdout.strip().splitlines()[-1]) / "example_models"


@pytest.fixture(scope="module")
def calliope(oracle: Path, cbc: Path, examples: Path, tmp_path_factory) -> dict[str, dict]:
    """What CBC returned inside Calliope, for all live models (one process for all)."""
    out = tmp_path_factory.mktemp("oracle")
    jobs = [
        {"id": c.name, "model": str(c.path), "scenario": c.override, "solve": True} for c in LIVE
    ]
    jobs += [
        {
            "id": f"{model}-{scenario}",
            "model": str(examples / model / "model.yaml"),
            "scenario": scenario,
            "solve": True,
        }
        for model, scenario in EXAMPLES
    ]
    subprocess.run(
        [oracle, SCRIPT, out],
        input="\n".join(json.dumps(job) for job in jobs),
        text=True,
        check=True,
        env=environment(cbc),
    )
    return {job["id"]: json.loads((out / f"{job['id']}.json").read_text()) for job in jobs}


def compare(theirs: dict, ours, unique_costs: bool = True) -> None:
    """Assert that objective and, where asked, the costs of each technology are equal."""
    assert "error" not in theirs, theirs
    assert ours.status == theirs["cbc"]["termination"] == "optimal"
    assert ours.objective == pytest.approx(theirs["cbc"]["objective"], rel=1e-6)
    if unique_costs:
        for label, value in theirs["cbc"]["cost"].items():
            assert ours.totals["cost"][label] == pytest.approx(value, rel=1e-5, abs=2e-2), label


@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_generated_model(calliope, case):
    compare(calliope[case.name], outcome(case.path, case.override))


@pytest.mark.parametrize(("model", "scenario"), EXAMPLES)
def test_example_model(calliope, examples, model, scenario):
    ours = outcome(examples / model / "model.yaml", scenario, strict=False)
    theirs = calliope[f"{model}-{scenario}"]
    # Where money has no weight in the objective, nothing makes its sums unique; with steps of six
    # hours one plant can stand for another within the solvers' tolerances.
    not_unique = {
        "check_feasibility",
        "minimize_emissions_costs",
        "maximize_utility_costs",
        "time_resampling",
    }
    compare(theirs, ours, unique_costs=scenario not in not_unique)


def test_alternatives_of_the_national_example(examples):
    """Money and scores of all four runs, to the digits that CBC gave Calliope 0.6.10."""
    model = anello.Model(
        examples / "national_scale" / "model.yaml", scenario="spores", strict=False
    )
    model.run(solver="highs")
    costs = model.results["cost"].sum("loc_techs_cost")
    money = [277048.48266, 304753.32624, 304753.32572, 304753.32824]
    score = [0.0, 56208.59773, 118128.2073, 176381.1915]
    np.testing.assert_allclose(costs.sel(costs="monetary"), money, rtol=1e-6)
    np.testing.assert_allclose(costs.sel(costs="spores_score"), score, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_example_model_against_the_kept_numbers(examples, name):
    kept = REFERENCE[name]
    ours = outcome(examples / kept["model"] / "model.yaml", kept["scenario"], strict=False)
    assert ours.objective == pytest.approx(kept["objective"], rel=1e-6)
    for quantity, items in kept["unique"].items():
        for label, value in items.items():
            assert ours.totals[quantity].get(label, 0.0) == pytest.approx(
                value, rel=2e-5, abs=2e-2
            ), (quantity, label)
