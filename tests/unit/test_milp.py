"""The parts of the formulation with integers: how large the largest flow is taken to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate, milp
from anello.optimise.formulation.context import Context
from anello.optimise.solve import SolverConfig, compile_problem, solve

MODEL = Path(__file__).parents[1] / "golden" / "models" / "milp_asynchronous.yaml"
CONSTRAINTS = "techs.battery.constraints"


def largest(changes: dict) -> float:
    data = read_model(MODEL, override_dict=changes)
    nodes = data.positions(["north::battery"])
    return float(milp.largest_capacity(Context(data), nodes)[0, 0])


FREE = {f"{CONSTRAINTS}.energy_cap_equals": None}


@pytest.mark.parametrize(
    ("changes", "kw"),
    [
        ({}, 40.0),
        ({f"{CONSTRAINTS}.energy_cap_scale": 2}, 80.0),
        (FREE, np.inf),
        ({**FREE, f"{CONSTRAINTS}.energy_cap_max": 50}, 50.0),
        ({**FREE, f"{CONSTRAINTS}.energy_cap_per_storage_cap_max": 0.5}, 30.0),
        ({**FREE, f"{CONSTRAINTS}.energy_cap_per_storage_cap_equals": 0.2}, 12.0),
        ({**FREE, f"{CONSTRAINTS}.energy_cap_max_systemwide": 21}, 21.0),
        ({**FREE, f"{CONSTRAINTS}.energy_cap_equals_systemwide": 22}, 22.0),
        ({**FREE, "group_constraints.few": {"techs": ["battery"], "energy_cap_max": 17}}, 17.0),
        ({**FREE, "group_constraints.few": {"techs": ["grid"], "energy_cap_max": 17}}, np.inf),
        (
            {**FREE, f"{CONSTRAINTS}.energy_cap_per_unit": 4, f"{CONSTRAINTS}.units_max": 3}
            | {f"{CONSTRAINTS}.storage_cap_equals": None}
            | {f"{CONSTRAINTS}.storage_cap_per_unit": 9},
            12.0,
        ),
    ],
)
def test_the_largest_flow_is_as_small_as_the_data_allow(changes, kw):
    assert largest(changes) == kw


def test_a_tight_limit_leaves_the_optimum_and_lifts_the_relaxation(monkeypatch):
    data = read_model(MODEL, override_dict={"run.bigM": 1e5})
    tight = compile_problem(formulate(data))
    monkeypatch.setattr(milp, "largest_capacity", lambda c, nodes: np.full((len(nodes), 1), np.inf))
    loose = compile_problem(formulate(data))

    def relaxed(problem):
        return solve(replace(problem, integer=np.zeros_like(problem.integer))).objective

    best = solve(tight, SolverConfig(mip_gap=1e-9)).objective
    assert solve(loose, SolverConfig(mip_gap=1e-9)).objective == pytest.approx(best, rel=1e-6)
    # A store that may charge and discharge at once burns surplus; the share of time that a loose
    # limit leaves for it is almost all.
    assert best == pytest.approx(58.37, abs=0.01)
    assert relaxed(loose) < 1.0
    assert relaxed(tight) == pytest.approx(22.92, abs=0.01)


@pytest.mark.parametrize("price", [9000, 90000])
def test_a_store_of_a_given_size_is_bought_or_not(price):
    """Calliope 0.6.10 buys it at any price: 412.92 at 90,000."""
    battery = "techs.battery"
    sized = {f"{battery}.constraints.storage_cap_equals": 33}
    data = read_model(
        MODEL.with_name("milp_purchase.yaml"),
        scenario="too_dear",
        override_dict={**sized, f"{battery}.costs.monetary.purchase": price},
    )
    solution = solve(
        compile_problem(formulate(data)), SolverConfig(name="highs", options={"mip_rel_gap": 0.0})
    )
    bought = price == 9000
    assert solution.value("storage_cap") == pytest.approx([33 if bought else 0])
    assert solution.objective == pytest.approx(389.27637 if bought else 389.47252, abs=1e-4)
