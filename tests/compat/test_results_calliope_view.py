"""Calliope's own result files, read into anello's shape and laid out as there again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from anello.optimise.results import calliope_view, from_calliope_view
from anello.optimise.results.postprocess import add_derived, check_carrier_balance

pytestmark = pytest.mark.oracle

EXAMPLES = ("urban_scale", "national_scale", "time_clustering")
# expressions of Calliope's solver interface, which are no results of the model
NOT_RESULTS = {"system_balance", "required_resource", "cost_investment_rhs", "cost_var_rhs"}


@pytest.fixture(scope="module")
def examples(oracle: Path, cbc: Path, tmp_path_factory) -> dict[str, xr.Dataset]:
    folder = tmp_path_factory.mktemp("calliope")
    code = "\n".join(
        [
            "import sys, calliope",
            "for name in sys.argv[2:]:",
            "    model = getattr(calliope.examples, name)()",
            "    model.run()",
            "    model.to_netcdf(f'{sys.argv[1]}/{name}.nc')",
        ]
    )
    env = {**os.environ, "PATH": f"{cbc.parent}{os.pathsep}{os.environ['PATH']}"}
    env.pop("PYTHONPATH", None)
    subprocess.run(
        [oracle, "-W", "ignore", "-c", code, folder, *EXAMPLES],
        check=True,
        env=env,
        capture_output=True,
        cwd=folder,
    )
    return {name: xr.load_dataset(folder / f"{name}.nc") for name in EXAMPLES}


def in_our_shape(theirs: xr.Dataset) -> xr.Dataset:
    parents = dict(zip(theirs["techs"].values, theirs["inheritance"].values, strict=True))
    results = from_calliope_view(theirs)
    base = []
    for label in results["node_tech"].values:
        chain = str(parents.get(label) or parents[str(label).split(":")[0]])
        base.append(chain.split(".")[-1])
    return results.assign_coords(
        node_base=("node", base),
        timestep_resolution=("timestep", theirs["timestep_resolution"].values),
        timestep_weight=("timestep", theirs["timestep_weights"].values),
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_our_view_of_their_numbers_is_their_file(examples, name):
    theirs = examples[name]
    results = in_our_shape(theirs)
    assert check_carrier_balance(results) < 1e-9
    ours = calliope_view(add_derived(results))
    compared = 0
    for variable in theirs.data_vars:
        if theirs[variable].attrs.get("is_result") != 1 or variable in NOT_RESULTS:
            continue
        assert set(ours[variable].dims) == set(theirs[variable].dims), variable
        found = ours[variable].transpose(*theirs[variable].dims)
        labels = {dim: found[dim].values for dim in found.dims}
        expected = theirs[variable].reindex(labels)
        if "techs" not in labels:  # there, plain names of transmission technologies have gaps
            assert found.shape == theirs[variable].shape, variable
        np.testing.assert_allclose(
            found.values, expected.values, rtol=1e-9, atol=1e-9, err_msg=str(variable)
        )
        compared += 1
    assert compared >= 13
