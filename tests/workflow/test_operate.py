"""A planned district, operated window by window: asked for by the settings, and by itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from anello.optimise.results.netcdf import read_groups

from .conftest import Project


def test_operation_follows_the_plan(new_project: Callable[[], Project]) -> None:
    project = new_project()
    project.settings["coupling"] = {
        "method": "slp",
        "tolerance_k": 1.0,
        "predicted_decrease": 0.02,
        "cost_gap": 0.05,
        "operation": {"window_hours": 24, "horizon_hours": 36},
    }
    ran = project.run("operation")
    assert ran.code == 0, ran.text
    assert ran.jobs["operate"] == 1
    found = json.loads((project.results / "operation.json").read_text())
    assert found["windows"] == 2
    assert found["not_converged"] == 0
    assert found["operation_eur"] == pytest.approx(found["operation_planned_eur"], rel=0.2)
    first, second = found["trace"]
    assert first["end_degc"] == second["start_degc"]
    operated = read_groups(project.results / "operation.nc")
    planned = read_groups(project.results / "results.nc")["results"]
    # What water at a bound is worth is a matter of the search, and so is what a size is.
    kept = {
        name
        for name in map(str, planned.data_vars)
        if not name.startswith("dual_ring_") and not name.endswith("_marginal")
    }
    assert set(operated["results"].data_vars) == kept
    assert operated["results"].sizes == planned.sizes
    assert operated["ring"]["temperature_degc"].values[24] == pytest.approx(
        second["start_degc"], abs=0.05
    )
