"""Orders of magnitude that make a solver inaccurate."""

from __future__ import annotations

import numpy as np

from anello.model.data import ModelData
from anello.model.schema.report import Report

SPAN = 1e9
"""Ratio of largest to smallest number of a kind beyond which solvers lose digits."""

BIG_M_SPAN = 1e8
"""Ratio of `run.bigM` to the largest cost per energy beyond which real costs drown in it."""

_CAPACITIES = tuple(
    f"{size}_{limit}"
    for size in ("energy_cap", "storage_cap", "resource_cap", "resource_area")
    for limit in ("equals", "max", "min")
)


def check_magnitudes(data: ModelData, report: Report) -> None:
    """Warn of capacities and costs that lie too far apart, and of a bigM too large."""
    kinds = {
        "capacity limits": [n for n in _CAPACITIES if n in data.inputs],
        "costs per energy": [
            n for n in ("cost_om_prod", "cost_om_con", "cost_export") if n in data.inputs
        ],
        "costs per capacity": [
            f"cost_{n}"
            for n in ("energy_cap", "storage_cap", "resource_cap", "resource_area")
            if f"cost_{n}" in data.inputs
        ],
    }
    largest: dict[str, float] = {}
    for kind, names in kinds.items():
        sizes = [np.abs(data.inputs[n].values).ravel() for n in names]
        values = np.concatenate(sizes) if sizes else np.zeros(0)
        values = values[np.isfinite(values) & (values > 0)]
        if not values.size:
            continue
        low, high = float(values.min()), float(values.max())
        largest[kind] = high
        if high / low > SPAN:
            report.warn(
                f"{kind} reach from {low:.3g} to {high:.3g}, which costs the solver accuracy",
                suggestion="Use inf for what has no limit, or other units",
            )
    big = data.config["run"]["bigM"]
    cost = largest.get("costs per energy")
    if data.config["run"]["ensure_feasibility"] and cost is not None and big > BIG_M_SPAN * cost:
        report.warn(
            f"bigM is {big / cost:.1g} times the largest cost per energy, so that real costs may "
            "drown in it",
            key="run.bigM",
            value=big,
            suggestion=f"Something like {10 ** round(np.log10(cost * 1e5)):.0e} is enough",
        )
