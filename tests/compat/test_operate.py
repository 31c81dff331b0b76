"""Mode `operate` against Calliope 0.6.10: each horizon's cost, and what the windows add up to.

The numbers come from ``tests/golden/make_operate.py``. The tests marked `oracle` run it live, and
take the example model from Calliope's own package; nothing of it is kept here.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.operate import Operation, operate
from anello.optimise.results import extract
from anello.optimise.solve import SolverConfig, compile_problem
from golden.operate_cases import CASES, MODELS, OperateCase

HERE = MODELS.parent
EXPECTED = json.loads((HERE / "operate.json").read_text(encoding="utf-8"))
LIVE = [case for case in CASES if case.name in ("storage-loss", "units-export")]


def operated(case: OperateCase) -> tuple[Operation, float, float]:
    """Return the run, its variable cost and its unmet demand [kWh]."""
    settings = case.overrides()
    if case.compat:
        settings["run.compat"] = "calliope-0.6"
    return run(case.path, case.scenario, settings)


def run(path: Path, scenario: str | None, settings: dict, **how) -> tuple[Operation, float, float]:
    data = read_model(path, scenario, settings, **how)
    done = operate(
        data, compile_problem(formulate(data)), SolverConfig(options={"mip_rel_gap": 0.0})
    )
    results = extract(data, done.solution)
    unmet = float(results["unmet_demand"].sum()) if "unmet_demand" in results else 0.0
    unused = float(results["unused_supply"].sum()) if "unused_supply" in results else 0.0
    return done, float(results["cost_var"].sum()), unmet + unused


def compare(expected: dict, found: tuple[Operation, float, float]) -> None:
    done, cost_var, unmet = found
    costs = [horizon.cost for horizon in done.horizons]
    assert costs == pytest.approx(expected["horizon_cost"], rel=1e-6)
    assert cost_var == pytest.approx(expected["cost_var"], rel=1e-6)
    assert unmet == pytest.approx(expected["unmet_demand"], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_horizon_costs_what_calliope_finds(case):
    compare(EXPECTED[case.name], operated(case))


@pytest.fixture(scope="module")
def calliope(oracle: Path, cbc: Path, tmp_path_factory) -> dict[str, dict]:
    """Records of the live cases, and of the example model."""
    code = "import calliope, pathlib; print(pathlib.Path(calliope.__file__).parent)"
    found = subprocess.run(
        [oracle, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    example = Path(found.stdout.strip().splitlines()[-1]) / "example_models/urban_scale/model.yaml"
    out = tmp_path_factory.mktemp("oracle")
    jobs = [
        {
            "id": case.name,
            "model": str(case.path),
            "scenario": case.scenario,
            "override_dict": case.overrides(),
        }
        for case in LIVE
    ] + [{"id": "urban_scale-operate", "model": str(example), "scenario": "operate"}]
    subprocess.run(
        [oracle, HERE / "oracle_operate.py", out],
        input="\n".join(json.dumps(job) for job in jobs),
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{cbc.parent}{os.pathsep}{os.environ['PATH']}"},
    )
    records = {job["id"]: json.loads((out / f"{job['id']}.json").read_text()) for job in jobs}
    for record in records.values():
        record["cost_var"] = sum(record["cost_var"].values())
        record["unmet_demand"] = sum(record.get("unmet_demand", {}).values())
    return {**records, "example": {"path": example}}


@pytest.mark.oracle
@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_live(calliope, case):
    compare(calliope[case.name], operated(case))


@pytest.mark.oracle
def test_urban_example(calliope):
    found = run(calliope["example"]["path"], "operate", {}, strict=False)
    compare(calliope["urban_scale-operate"], found)
    compare(EXPECTED["urban_scale-operate"], found)
