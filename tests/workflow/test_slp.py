"""The loop whose optimiser sees the ring: resumed in the middle, and asked for more."""

from __future__ import annotations

import json
from collections.abc import Callable

from .conftest import Project


def trace(project: Project) -> list[dict[str, float]]:
    """The measures of each iteration."""
    record = json.loads((project.results / "logs" / "convergence.json").read_text())
    found: list[dict[str, float]] = record["trace"]
    return found


def test_killed_in_the_middle_and_asked_for_more(new_project: Callable[[], Project]) -> None:
    whole, broken = new_project(), new_project()
    for project in (whole, broken):
        project.settings["coupling"] = {
            "method": "slp",
            "tolerance_k": 2.0,
            "predicted_decrease": 0.05,
            "cost_gap": 0.05,
            "max_iterations": 20,
        }
    first = whole.run()
    assert first.code == 0, first.text

    broken.run_and_kill(broken.results / "logs" / "simulate_000.log")
    broken.run_and_kill(broken.results / "logs" / "solve_001.log", children=False)
    assert broken.run().code == 0
    for name in ("results.nc", "summary.json"):
        assert (broken.results / name).read_bytes() == (whole.results / name).read_bytes()

    known = trace(whole)
    whole.settings["coupling"] |= {"predicted_decrease": 1e-3, "cost_gap": 1e-2}
    more = whole.run()
    assert more.code == 0, more.text
    later = trace(whole)
    assert len(later) > len(known)
    assert more.jobs["solve"] == more.jobs["simulate"] == len(later) - len(known)
    assert min(t["j_sim_eur"] for t in later) <= min(t["j_sim_eur"] for t in known)
