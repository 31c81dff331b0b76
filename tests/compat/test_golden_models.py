"""anello against the golden models: objective, costs, capacities and flows of Calliope 0.6.10.

The expected numbers come from ``tests/golden/make_goldens.py``; nothing here needs the oracle.
"""

from __future__ import annotations

import json
import math
import os
import zlib

import pytest

from golden.cases import FOLDER, Variant, apply, cases, load, variants, write
from golden.outcome import differences, outcome

HERE = FOLDER.parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
SENSITIVITY = json.loads((HERE / "sensitivity.json").read_text(encoding="utf-8"))
COPY = {"run": {"compat": "calliope-0.6"}}
# Cases in which the oracle forgets a row; anello does so only when it is told to copy it.
COPIED = {"supply_forced-min_use"}
# Variants that meet an oddity which anello never copies (docs/explanation/calliope-oddities.md).
MENDED = {
    "supply_plus_energy:techs.wood.constraints.resource:removed": "unlimited supply_plus is free",
    "supply_plus_direct:techs.collector.constraints.resource:removed": "the same",
    "milp_purchase-large_store_only:techs.battery.constraints.storage_cap_max:removed": (
        "storage_cap_min holds even where nothing is bought"
    ),
    "supply_plus_store:techs.tower.constraints.resource:removed": "the same",
    "milp_asynchronous:techs.battery.constraints.force_asynchronous_prod_con:changed": (
        "false counts as true"
    ),
}
# A variant in sixteen is tried unless ANELLO_FULL is set.
EVERY = 1 if os.environ.get("ANELLO_FULL") else 16


def chosen() -> list[Variant]:
    """Return the variants to try: always the same ones, spread over all cases."""
    return [
        v
        for case in cases()
        if EXPECTED[case.name]["status"] != "error"
        for v in variants(case)
        if v.name not in MENDED and zlib.crc32(v.name.encode()) % EVERY == 0
    ]


def test_every_case_has_its_record():
    assert sorted(EXPECTED) == sorted(case.name for case in cases())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case_is_solved_as_by_calliope(case):
    expected = EXPECTED[case.name]
    if expected["status"] == "error":
        pytest.skip(f"the oracle itself fails here: {expected['error']}")
    copy = COPY if case.name in COPIED else None
    lines = differences(expected, outcome(case.path, case.override, override_dict=copy))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("variant", chosen(), ids=lambda variant: variant.name)
def test_a_changed_setting_moves_the_optimum_as_in_calliope(variant, tmp_path):
    status, objective = SENSITIVITY[variant.name]
    if status == "not set":
        pytest.skip("the oracle writes a programme with infinite coefficients")
    if status == "rejected":
        pytest.skip("the oracle rejects the model without this setting")
    path = write(apply(variant), tmp_path / "model.yaml")
    copy = COPY if variant.case.name in COPIED else None
    found = outcome(path, variant.case.override, override_dict=copy)
    if status in ("unbounded", "infeasible"):
        told = "exceeds all that can be supplied" in found.status  # certain before any solving
        assert found.status == status or (told and status == "infeasible"), found.status
        return
    assert found.status == "optimal", found.status
    assert math.isclose(found.objective, objective, rel_tol=1e-6, abs_tol=1e-7), (
        f"expected {objective}, found {found.objective}"
    )


@pytest.mark.parametrize("solver", ["cbc"])
@pytest.mark.parametrize("model", ["storage", "conversion_plus_tiers", "group_cost", "maximise"])
def test_cbc_agrees(model, solver, cbc):
    found = outcome(FOLDER / f"{model}.yaml", solver=solver)
    assert found.objective == pytest.approx(EXPECTED[model]["objective"], rel=1e-6)


@pytest.mark.parametrize(
    ("off", "technology"), [("supply_off", "engine"), ("demand_off", "cooler")]
)
def test_a_flow_switched_off_equals_a_technology_that_does_not_exist(off, technology, tmp_path):
    """Calliope fails on these with a bare IndexError."""
    tree = load(FOLDER / "switches.yaml")
    tree["locations"]["north"]["techs"][technology] = {"exists": False}
    without = outcome(write(tree, tmp_path / "without.yaml"))
    found = outcome(FOLDER / "switches.yaml", off)
    assert found.status == without.status == "optimal"
    assert found.objective == pytest.approx(without.objective, rel=1e-9)
