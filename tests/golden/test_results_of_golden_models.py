"""Results, views, files and reports of real models of every kind."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.results import (
    calliope_view,
    extract,
    from_calliope_view,
    join_dimensions,
    read_results,
    separate_dimensions,
    summarise,
    write_results,
)
from anello.optimise.results.collected import CollectedResults
from anello.optimise.solve import compile_problem, solve
from anello.present.report.html import write_report
from golden.cases import cases

# a third of the models, and those whose results have dimensions or variables of their own
KINDS = ("export", "milp_units", "milp_purchase", "supply_plus_area", "conversion_plus_tiers")
CHOSEN = {
    case.name: case
    for case in cases()
    if case.override is None and (case.model in KINDS or zlib.crc32(case.name.encode()) % 3 == 0)
}


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_a_golden_model_has_results_in_every_shape(name: str, tmp_path: Path) -> None:
    case = CHOSEN[name]
    data = read_model(case.path, scenario=case.override)
    results = extract(data, solve(compile_problem(formulate(data))))
    back = join_dimensions(separate_dimensions(results))
    there = from_calliope_view(calliope_view(results))
    for variable, array in results.data_vars.items():
        if "node" not in array.dims:
            continue
        for other in (back, there):
            if variable not in other or variable == "capacity_factor":
                continue
            found = other[variable].transpose(*array.dims)
            found = found.reindex({d: array[d].values for d in array.dims})
            np.testing.assert_array_equal(found.values, array.values, err_msg=str(variable))
    collected = CollectedResults(results=results, inputs=data.inputs, config=dict(data.config))
    summary = summarise(collected)
    json.dumps(summary, allow_nan=False)
    for cost_class, entry in summary["costs"].items():
        expected = float(results["cost"].sel(cost_class=cost_class).sum())
        assert sum(entry["by_technology"].values()) == pytest.approx(expected)
    if zlib.crc32(name.encode()) % 4:
        return  # writing takes longer than all before, and depends less on the model
    write_results(collected, tmp_path / "results.nc")
    again = read_results(tmp_path / "results.nc")
    assert set(again.results.variables) == set(results.variables)
    assert write_report({name: again}, tmp_path / "report.html").stat().st_size > 20_000
