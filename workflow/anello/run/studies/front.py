"""Caps along the front of cost against another cost class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anello.errors import InputError, Problem, SweepError
from anello.run.studies.cases import Cap
from anello.run.sweep.points import set_path
from anello.run.sweep.record import PointRecord

GROUP = "pareto_cap"
"""Name of the group constraint that caps the class."""
ROOM = 0.005
"""How far the lowest cap is above the least that was found, as a share of it: the search for the
least is only as good as its tolerance, and a cap below what is possible leaves demand unmet."""


def cap_value(cap: Cap, ends: Sequence[PointRecord]) -> float:
    """Return a cap, in the unit of its class.

    Parameters
    ----------
    cap : Cap
        Where along the front it is.
    ends : sequence of PointRecord
        The cheapest, and where the lowest cap was searched for, what has the least.

    Returns
    -------
    float
        A straight line from what the cheapest has to the lowest cap.

    Raises
    ------
    SweepError
        If an end has failed.
    InputError
        If the model has no such class, or the cheapest has nothing of it.
    """
    totals = [_dispatched(cap.cost_class, end) for end in ends]
    highest = totals[0]
    if not highest > 0:
        raise InputError(
            Problem(
                f"adds up to {highest:g} in the cheapest system: there is nothing to cap",
                key="pareto.cost_class",
                value=cap.cost_class,
            )
        )
    if cap.lowest is not None:
        lowest = cap.lowest * highest
    else:
        # The search for the least may end above the cheapest only by its tolerance.
        lowest = min(totals[1] + ROOM * abs(totals[1]), highest)
    return highest + (lowest - highest) * cap.step


def _dispatched(cost_class: str, end: PointRecord) -> float:
    if end.summary is None:
        raise SweepError(f"{end.point}, which the caps are measured by, failed: {end.error}")
    costs = end.summary["costs"]
    if cost_class not in costs:
        raise InputError(
            Problem(
                "is not a cost class of the model",
                key="pareto.cost_class",
                value=cost_class,
                suggestion=f"It has {', '.join(f'`{name}`' for name in costs)}",
            )
        )
    return float(costs[cost_class]["total"])


def with_cap(settings: Mapping[str, Any], cost_class: str, value: float) -> dict[str, Any]:
    """Return a scenario's settings with a group constraint of Calliope 0.6 that caps a class.

    Parameters
    ----------
    settings : mapping
        Plain values, with the overrides as nested mappings.
    cost_class : str
        The class.
    value : float
        The cap, in its unit.
    """
    key = f"overrides.group_constraints.{GROUP}.cost_max.{cost_class}"
    return set_path(settings, key, value)
