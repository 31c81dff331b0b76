"""The one cost of a scenario that report and terminal show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anello.present.report.config import FiguresConfig

Summary = Mapping[str, Any]
"""What ``summary.json`` holds of a scenario."""


def total_cost(summary: Summary, config: FiguresConfig) -> float | None:
    """Return what a scenario costs, with its ring and with all classes that the objective weighs.

    Parameters
    ----------
    summary : mapping
        What is known of it.
    config : FiguresConfig
        The cost class that is shown.

    Returns
    -------
    float or None
        Of the time modelled, in the class's unit: ``whole_cost.total``, whether a ring is simulated
        or not, so that both are alike; the class alone where the objective does not count it as
        money. None where the class has no cost.
    """
    whole, simulated = summary["whole_cost"], summary["cost_simulated"]
    if whole is not None and shows_whole(whole, simulated, config):
        return float(whole["total"])
    if simulated is not None:
        return float(simulated)
    found = summary["costs"].get(config.cost_class)
    return None if found is None else float(found["total"])


def shows_whole(
    whole: Mapping[str, Any] | None, simulated: float | None, config: FiguresConfig
) -> bool:
    """Whether the cost that is shown is the whole one, and not that of a class alone.

    Parameters
    ----------
    whole : mapping, optional
        ``whole_cost`` of the summary.
    simulated : float, optional
        ``cost_simulated``, where a ring is simulated.
    config : FiguresConfig
        The cost class that is shown.
    """
    if whole is None:
        return False
    return simulated is not None or whole["weights"].get(config.cost_class) == 1.0
