"""`ModelData`: values, defaults, positions, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anello.errors import ArtefactError, InputError
from anello.model.data import ModelData
from small_model import HOURS, read


def test_values_with_and_without_defaults(tmp_path: Path):
    data = read(tmp_path, "locations.b.techs.grid.constraints.energy_eff: 0.5")
    nodes = ["a::grid", "b::grid"]
    np.testing.assert_array_equal(data.value("energy_eff", nodes), [1, 0.5])
    np.testing.assert_array_equal(data.value("energy_eff", nodes, default=False), [np.nan, 0.5])
    np.testing.assert_array_equal(data.defined("energy_eff", nodes), [False, True])
    assert list(data.value("storage_cap_max", nodes)) == [np.inf, np.inf]
    assert not data.defined("storage_cap_max").any()
    assert data.value("cost_export", nodes).tolist() == [[0, 0]]
    assert np.isnan(data.value("energy_cap_equals", nodes)).all()
    assert data.value("resource", ["a::demand_el"]).shape == (1, HOURS)
    assert data.defined("cost_om_prod", ["a::demand_el", "a::grid"]).tolist() == [False, True]
    assert data.value("resource_unit", nodes).tolist() == ["energy", "energy"]
    assert data.defined("export_carrier", nodes).tolist() == [False, False]
    assert data.value("energy_eff", np.zeros(0, dtype=int)).shape == (0,)


def test_nodes_by_base_and_by_label(tmp_path: Path):
    data = read(tmp_path)
    assert data.nodes("supply").tolist() == [1, 2]
    assert data.nodes(("supply", "demand")).tolist() == [0, 1, 2]
    assert data.nodes().tolist() == [0, 1, 2]
    assert data.positions(["b::grid", "a::grid"]).tolist() == [2, 1]
    with pytest.raises(InputError, match="Did you mean `a::grid`"):
        data.value("energy_eff", ["a::gridd"])
    with pytest.raises(InputError, match="no such parameter"):
        data.value("energy_efficiency")


def test_every_variable_says_what_it_is(tmp_path: Path):
    data = read(tmp_path)
    for name, variable in data.inputs.data_vars.items():
        assert {"units", "long_name"} <= set(variable.attrs), name
    assert data.inputs["cost_om_prod"].attrs["units"] == "cost/kWh"
    assert data.inputs["resource"].attrs["default"] == 0


def test_a_file_holds_everything_and_is_the_same_each_time(tmp_path: Path):
    data = read(
        tmp_path,
        "group_constraints.g.energy_cap_max: .inf\ntechs.grid.constraints.charm_time_varying: 1\n"
        "techs.grid.essentials.name: Netz für Ökostrom\nrun.bigM: 1e9",
    )
    first, second = tmp_path / "1.nc", tmp_path / "deep" / "2.nc"
    data.save(first)
    loaded = ModelData.load(first)
    assert loaded.inputs.identical(data.inputs)
    assert {n: v.dtype for n, v in loaded.inputs.variables.items()} == {
        n: v.dtype for n, v in data.inputs.variables.items()
    }
    assert (loaded.config, loaded.warnings) == (data.config, data.warnings)
    loaded.save(second)
    assert first.read_bytes() == second.read_bytes()


def test_damaged_and_foreign_files_are_refused(tmp_path: Path):
    path = tmp_path / "data.nc"
    with pytest.raises(ArtefactError, match=r"data\.nc"):
        ModelData.load(path)
    path.write_bytes(b"not a file of this kind")
    with pytest.raises(ArtefactError):
        ModelData.load(path)
    data = read(tmp_path)
    data.save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ArtefactError):
        ModelData.load(path)
    data.inputs.to_netcdf(path)
    with pytest.raises(ArtefactError, match="no model data"):
        ModelData.load(path)
