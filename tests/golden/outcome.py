"""Solve a model with anello and bring the result into the shape of ``expected.json``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from anello.errors import AnelloError, InfeasibleError, UnboundedError
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.solve import SolverConfig, compile_problem, solve

QUANTITIES = (
    "cost",
    "energy_cap",
    "storage_cap",
    "resource_cap",
    "resource_area",
    "carrier_prod",
    "carrier_con",
    "carrier_export",
    "resource_con",
    "storage",
    "unmet_demand",
    "unused_supply",
    "demand_share_per_timestep_decision",
    "energy_cap_net",
)
# Calliope labels these by location, technology and carrier with double colons, costs by class.
SEPARATOR = {"cost": "|"}


@dataclass
class Outcome:
    """What solving a model gave."""

    status: str
    objective: float | None = None
    totals: dict[str, dict[str, float]] = field(default_factory=dict)


def total(values: np.ndarray) -> np.ndarray:
    """Return the values summed over time, if they have a time axis."""
    array = np.asarray(values, dtype=float)
    return array.sum(axis=1) if array.ndim == 2 else array


def labelled(problem: Any, name: str, values: np.ndarray) -> dict[str, float]:
    """Return label → value for a block of variables or expressions."""
    block = problem.variables.get(name) or problem.expressions.get(name)
    separator = SEPARATOR.get(name, "::")
    labels = [separator.join(parts) for parts in zip(*block.keys.values(), strict=True)]
    return {label: float(value) for label, value in zip(labels, total(values), strict=True)}


def outcome(model: Path | dict, scenario: str | None = None, **how: Any) -> Outcome:
    """Read, formulate and solve one model; faults become a status, never an exception."""
    solver = how.pop("solver", "highs")
    try:
        data = read_model(model, scenario=scenario, **how)
    except AnelloError as error:
        return Outcome(f"rejected: {error}")
    return solved_data(data, solver)


def solved_data(data: ModelData, solver: str = "highs") -> Outcome:
    """Formulate and solve a model that has been read."""
    problem = compile_problem(formulate(data))
    exact = {"mip_rel_gap": 0.0} if solver == "highs" and problem.integer.any() else {}
    try:
        solution = solve(problem, SolverConfig(name=solver, options=exact))
    except InfeasibleError:
        return Outcome("infeasible")
    except UnboundedError:
        return Outcome("unbounded")
    totals = {
        name: labelled(problem, name, solution.value(name))
        for name in QUANTITIES
        if name in problem.variables or name in problem.expressions
    }
    return Outcome("optimal", float(solution.objective), totals)


def differences(expected: dict[str, Any], found: Outcome, relative: float = 1e-6) -> list[str]:
    """Return one line for each number that is not what the oracle found."""
    # A shortage that is certain is told while reading, before anything is solved.
    told = expected["status"] == "infeasible" and "exceeds all that can be supplied" in found.status
    if expected["status"] != found.status and not told:
        return [f"status: expected {expected['status']}, found {found.status}"]
    if expected["status"] != "optimal":
        return []
    lines = []
    if not math.isclose(
        expected["objective"], found.objective or 0.0, rel_tol=relative, abs_tol=1e-7
    ):
        lines.append(f"objective: expected {expected['objective']}, found {found.objective}")
    for quantity, items in expected["unique"].items():
        have = found.totals.get(quantity)
        if have is None:
            if any(items.values()):
                lines.append(f"{quantity}: missing")
            continue
        for label, value in items.items():
            if abs(have.get(label, 0.0) - value) > 1e-5 * abs(value) + 2e-3:
                lines.append(
                    f"{quantity} {label}: expected {value}, found {have.get(label, 'nothing')}"
                )
    return lines
