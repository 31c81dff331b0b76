"""What the results of a run are called, on top of its report and of its workbook."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from anello.optimise.results.collected import CollectedResults


def heading_of(loaded: Mapping[str, CollectedResults]) -> str:
    """Return a heading with the district's name, where its scenarios share one, and the run's.

    Scenarios of a district are called by its name, a comma, and what they are; what all begin with
    is the name.

    Parameters
    ----------
    loaded : mapping of str to CollectedResults
        The scenarios of a run, at least one.
    """
    run = str(next(iter(loaded.values())).attrs.get("run", ""))
    names = [str((one.config.get("model") or {}).get("name") or "") for one in loaded.values()]
    parts = zip(*(name.split(", ") for name in names), strict=False)
    name = ", ".join(part[0] for part in takewhile(lambda part: len(set(part)) == 1, parts))
    if not name or name == run:
        return f"Results of {run}" if run else "Results"
    return f"Results of {name}, run {run}" if run else f"Results of {name}"
