"""The one cost of a scenario that report and terminal show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anello.present.report.config import FiguresConfig


def total_cost(summary: Mapping[str, Any], config: FiguresConfig) -> float | None:
    """Return what a scenario costs with its ring: as simulated, or as optimised without one.

    Parameters
    ----------
    summary : mapping
        What ``summary.json`` holds.
    config : FiguresConfig
        The cost class that is shown.

    Returns
    -------
    float or None
        Of the time modelled, in the class's unit; None where the class has no cost.
    """
    if summary["cost_simulated"] is not None:
        whole = summary["whole_cost"]
        return float(summary["cost_simulated"] if whole is None else whole["total"])
    found = summary["costs"].get(config.cost_class)
    return None if found is None else float(found["total"])
