"""Parameters read by anello equal the inputs that Calliope 0.6.10 builds from the same folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.schema.parameters import (
    base_tech_groups,
    constraint_parameters,
    cost_parameters,
)

pytestmark = pytest.mark.oracle

DUMP = """
import json, sys, warnings, logging
warnings.simplefilter("ignore")
import calliope
calliope.set_log_verbosity("ERROR", include_solver_output=False)
source, scenario, overrides = json.loads(sys.stdin.read())
if source in ("national_scale", "urban_scale"):
    import os
    folder = os.path.dirname(calliope.__file__)
    source = os.path.join(folder, "example_models", source, "model.yaml")
model = calliope.Model(source, scenario=scenario, override_dict=overrides)
out = {"path": source, "variables": {}}
for name, array in model._model_data.data_vars.items():
    if array.dtype.kind == "M":
        continue
    out["variables"][name] = {
        "dims": list(array.dims),
        "coords": {d: [str(v) for v in array[d].values] for d in array.dims},
        "data": array.values.tolist(),
    }
json.dump(out, sys.stdout)
"""

CASES: dict[str, tuple[str, str | None, str | None]] = {
    "national": ("national_scale", None, None),
    "national cold fusion": ("national_scale", "cold_fusion_with_production_share", None),
    "national operate": ("national_scale", "operate", None),
    "national two classes": ("national_scale", "minimize_emissions_costs", None),
    "national spores costs": ("national_scale", "spores", None),
    "national full year": ("national_scale", None, "model.subset_time: null"),
    "national distances": (
        "national_scale",
        None,
        "techs.ac_transmission: {constraints.energy_eff_per_distance: 0.9999998, "
        "costs.monetary: {energy_cap_per_distance: 0.001, purchase_per_distance: 0.1}}",
    ),
    "urban": ("urban_scale", None, None),
    "urban milp": ("urban_scale", "milp", None),
    "urban lat/lon": ("urban_scale", "mapbox_ready", None),
    "urban one way": (
        "urban_scale",
        None,
        "links.X1,X2.techs.power_lines.constraints.one_way: true",
    ),
}


def dump(oracle: Path, source: str, scenario: str | None, overrides: str | None) -> dict[str, Any]:
    done = subprocess.run(
        [oracle, "-c", DUMP],
        input=json.dumps([source, scenario, overrides]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def as_array(values: Any) -> np.ndarray:
    array = np.asarray(values, dtype=object)
    flat = [np.nan if v is None or v == "nan" else v for v in array.ravel()]
    return np.array(flat, dtype=object).reshape(array.shape)


def compare_variable(name: str, entry: dict[str, Any], data: ModelData) -> bool:
    """Compare one variable over nodes; return whether it was one."""
    dims = entry["dims"]
    node_dims = [d for d in dims if d.startswith("loc_techs")]
    if len(node_dims) != 1 or not set(dims) <= {*node_dims, "costs", "timesteps"}:
        return False
    if name.startswith("lookup_") or name == "distance":
        return False
    theirs = as_array(entry["data"])
    axis = dims.index(node_dims[0])
    labels = entry["coords"][node_dims[0]]
    theirs = np.moveaxis(theirs, axis, 0)
    positions = data.positions(labels)
    if theirs.ravel()[[isinstance(v, str) for v in theirs.ravel()]].size:
        ours_text = data.value(name, positions)
        expected = ["" if isinstance(v, float) else v for v in theirs]
        assert list(ours_text) == expected, name
        return True
    numbers = theirs.astype(float)
    ours = data.value(name, positions, default=False)
    if "costs" in dims:
        order = [list(data.inputs["cost"].values).index(c) for c in entry["coords"]["costs"]]
        ours = np.moveaxis(ours[order], 0, 1)
    if ours.ndim < numbers.ndim:
        ours = np.broadcast_to(ours[..., None], numbers.shape)
    if ours.ndim > numbers.ndim:
        numbers = np.broadcast_to(numbers[..., None], ours.shape)
    np.testing.assert_allclose(ours, numbers, rtol=1e-12, err_msg=name)
    return True


@pytest.mark.parametrize("case", CASES)
def test_parameters_equal_those_of_calliope(oracle: Path, case: str) -> None:
    source, scenario, overrides = CASES[case]
    reference = dump(oracle, source, scenario, overrides)
    data = read_model(reference["path"], scenario=scenario, override_dict=overrides)
    variables = reference["variables"]
    compared = {n for n, entry in variables.items() if compare_variable(n, entry, data)}
    assert len(compared) > 15
    inputs = data.inputs
    np.testing.assert_allclose(
        inputs["timestep_resolution"].values, variables["timestep_resolution"]["data"]
    )
    if "distance" in variables:
        labels = variables["distance"]["coords"]["loc_techs_transmission"]
        expected = as_array(variables["distance"]["data"]).astype(float)
        ours = inputs["distance"].values[data.positions(labels)]
        known = ~np.isnan(expected)
        np.testing.assert_allclose(ours[known], expected[known], rtol=1e-12)
    remotes = variables["lookup_remotes"]
    labels = remotes["coords"]["loc_techs_transmission"]
    assert list(inputs["node_remote"].values[data.positions(labels)]) == remotes["data"]
    nodes = {
        label
        for e in variables.values()
        for d in e["dims"]
        if d == "loc_techs"
        for label in e["coords"][d]
    }
    assert nodes == set(inputs["node"].values)
    if "carrier_ratios" in variables:
        compare_ratios(variables["carrier_ratios"], data)
    compare_technologies(variables, data)


@pytest.mark.parametrize("scenario", [None, "different_storage", "no_TES"])
def test_the_original_district_is_read_alike(
    oracle: Path, iccep2019: Path, tmp_path: Path, scenario: str | None
) -> None:
    folder = tmp_path / "smart"
    shutil.copytree(iccep2019 / "smart", folder)
    series = folder / "timeseries_data"
    for kind in ("dhw", "sh", "co"):
        shutil.copyfile(series / f"cop_{kind}_start.csv", series / f"cop_{kind}.csv")
    overrides = "model.subset_time: ['2015-07-01', '2015-07-07']"
    reference = dump(oracle, str(folder / "model_op.yaml"), scenario, overrides)
    data = read_model(folder / "model_op.yaml", scenario, overrides)
    variables = reference["variables"]
    compared = {n for n, entry in variables.items() if compare_variable(n, entry, data)}
    assert {"resource", "energy_eff", "cost_energy_cap", "cost_depreciation_rate"} <= compared
    compare_ratios(variables["carrier_ratios"], data)


def compare_ratios(entry: dict[str, Any], data: ModelData) -> None:
    array = data.inputs["carrier_ratios"]
    tier_axis = entry["dims"].index("carrier_tiers")
    values = np.moveaxis(as_array(entry["data"]).astype(float), tier_axis, 0)
    for tier, row in zip(entry["coords"]["carrier_tiers"], values, strict=True):
        for label, value in zip(
            entry["coords"]["loc_tech_carriers_conversion_plus"], row, strict=True
        ):
            node, carrier = label.rsplit("::", 1)
            spot = {"node": node, "tier": tier, "carrier": carrier}
            if bool(data.inputs["tier_carrier"].sel(spot)):
                np.testing.assert_allclose(array.sel(spot).values, value)


def compare_technologies(variables: dict[str, Any], data: ModelData) -> None:
    ours = data.inputs
    for theirs, name in (("names", "tech_name"), ("inheritance", "tech_inheritance")):
        entry = variables[theirs]
        for tech, value in zip(entry["coords"]["techs"], entry["data"], strict=True):
            assert str(ours[name].sel(tech=tech.split(":")[0]).values) == value
    if "energy_cap_max_systemwide" in variables:
        entry = variables["energy_cap_max_systemwide"]
        for tech, value in zip(entry["coords"]["techs"], as_array(entry["data"]), strict=True):
            np.testing.assert_allclose(
                float(ours["tech_energy_cap_max_systemwide"].sel(tech=tech.split(":")[0])), value
            )


def test_the_parameter_table_agrees_with_calliopes_defaults(oracle: Path) -> None:
    code = (
        "import json, calliope.preprocess.checks as c; d = c.DEFAULTS;"
        "json.dump({'groups': d.tech_groups.as_dict(), "
        "'constraints': d.techs.default_tech.constraints.as_dict(),"
        "'costs': d.techs.default_tech.costs.default_cost.as_dict(),"
        "'file_allowed': d.model.file_allowed}, __import__('sys').stdout)"
    )
    done = subprocess.run([oracle, "-c", code], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    constraints, costs = constraint_parameters(), cost_parameters()
    groups = base_tech_groups()
    for base, group in theirs["groups"].items():
        ours = groups[base]
        known = {n for n in ours["allowed_constraints"] if not constraints[n].extension}
        if (
            base == "transmission"
        ):  # Calliope takes these at the technology although it lists them not
            known -= {"energy_cap_max_systemwide", "energy_cap_equals_systemwide"}
        assert known == set(group["allowed_constraints"]), base
        assert {n for n in ours["allowed_costs"] if not costs[n].extension} == set(
            group["allowed_costs"]
        ), base
        assert ours["required_constraints"] == group["required_constraints"]
        expected = {k: float("inf") if v == "inf" else v for k, v in group["constraints"].items()}
        assert ours["constraints"].plain() == expected, base
    for name, default in theirs["constraints"].items():
        entry = constraints[name]
        if name == "carrier_ratios":
            continue
        assert entry.default == default or (entry.default is None and default is None), name
    for name, default in theirs["costs"].items():
        assert costs[name].default == default, name
    varying = {
        p.name for p in (*constraints.values(), *costs.values()) if p.series and not p.extension
    }
    assert varying == set(theirs["file_allowed"]) - {"clustering_func"}
