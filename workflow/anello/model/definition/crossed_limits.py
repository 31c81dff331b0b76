"""Sizes that are to be at least more than they may be at most."""

from __future__ import annotations

from anello.model.definition.node_values import NodeValues
from anello.model.schema.report import Report

SIZES = ("energy_cap", "storage_cap", "resource_cap", "resource_area", "units")
"""What has a smallest and a largest size; a fixed one (`_equals`) stands above both."""


def check_limits(nodes: list[NodeValues], mode: str, report: Report) -> None:
    """Refuse technologies that no size satisfies.

    What need not be bought may still have none, and a receding horizon looks at no smallest size.

    Parameters
    ----------
    nodes : list of NodeValues
        What each node defines.
    mode : str
        `run.mode`.
    report : Report
        Receives the errors.
    """
    if mode == "operate":
        return
    told: set[str] = set()
    for entry in nodes:
        bought = any(name == "purchase" for _, name in entry.costs)
        for size in SIZES:
            least, most = (entry.numbers.get(f"{size}_{end}") for end in ("min", "max"))
            if not isinstance(least, float) or not isinstance(most, float):
                continue
            key = f"{entry.node.path}.constraints.{size}_min"
            crossed = least > most and not isinstance(entry.numbers.get(f"{size}_equals"), float)
            if not crossed or (bought and size != "units") or key in told:
                continue
            told.add(key)
            report.error(
                f"no size is at least {least:g} and at most {most:g} (`{size}_max`)",
                key=key,
                mark=entry.node.settings.locate(f"constraints.{size}_min"),
                value=least,
                suggestion=f"Lower `{size}_min`, or raise `{size}_max`",
            )
