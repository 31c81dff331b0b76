"""Every shape of the results holds the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.optimise.results import (
    calliope_view,
    extract,
    from_calliope_view,
    join_dimensions,
    read_netcdf,
    separate_dimensions,
    write_netcdf,
)
from anello.optimise.results.tidy_csv import tidy_frame
from results_fakes import FakeData, fake_inputs, fake_solution


def randomised(seed: int) -> xr.Dataset:
    """Results of the fake district with every value drawn anew, gaps in place."""
    results = extract(FakeData(fake_inputs()), fake_solution())
    rng = np.random.default_rng(seed)
    for name in results.data_vars:
        values = results[name].values
        values[~np.isnan(values)] = rng.uniform(0.5, 9.0, int((~np.isnan(values)).sum()))
    results["unused_supply"] = results["unmet_demand"] * 0.0
    return results


def assert_same(found: xr.Dataset, expected: xr.Dataset, names=None) -> None:
    for name in names if names is not None else expected.data_vars:
        other = found[name].transpose(*expected[name].dims)
        other = other.reindex({d: expected[d].values for d in expected[name].dims})
        np.testing.assert_array_equal(other.values, expected[name].values, err_msg=str(name))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_separate_dimensions_and_back(seed):
    results = randomised(seed)
    separate = separate_dimensions(results)
    assert separate["carrier_prod"].dims == ("loc", "tech", "carrier", "timestep")
    assert "node" not in separate.dims
    assert_same(join_dimensions(separate), results)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_calliope_view_and_back(seed):
    results = randomised(seed)
    back = from_calliope_view(calliope_view(results))
    names = [n for n in results if n in back and n != "capacity_factor"]
    assert len(names) >= 10
    assert_same(back, results, names)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_sums_survive_every_view(seed):
    results = randomised(seed)
    separate, there = separate_dimensions(results), calliope_view(results)
    for name in ("carrier_prod", "carrier_con", "storage", "cost", "energy_cap"):
        total = float(results[name].sum())
        assert float(separate[name].sum()) == pytest.approx(total)
        assert float(there[name].sum()) == pytest.approx(total)
        assert float(tidy_frame(results[name]).iloc[:, -1].sum()) == pytest.approx(total)


def test_one_array_can_be_separated_too():
    results = randomised(1)
    separate = separate_dimensions(results["carrier_prod"])
    assert separate.name == "carrier_prod"
    one = float(separate.sel(loc="a", tech="hp", carrier="heat")[2])
    assert one == float(results["carrier_prod"].sel(node="a::hp", carrier="heat")[2])


def test_unused_supply_is_the_negative_part_there():
    results = randomised(2)
    results["unmet_demand"].loc[{"loc": "a", "carrier": "heat"}] = 0.0
    results["unused_supply"].loc[{"loc": "a", "carrier": "heat"}] = -2.0
    there = calliope_view(results)
    assert "unused_supply" not in there
    assert (there["unmet_demand"].sel(loc_carriers="a::heat") == -2.0).all()
    assert_same(from_calliope_view(there), results, ["unmet_demand", "unused_supply"])


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_netcdf_and_back(tmp_path_factory, seed):
    results = randomised(seed)
    path = tmp_path_factory.mktemp("nc") / "dispatch.nc"
    write_netcdf(results, path)
    xr.testing.assert_identical(
        read_netcdf(path),
        results.assign_coords(
            {d: results[d].astype(str) for d in ("loc", "carrier", "tech")}
        ).assign_attrs(results.attrs),
    )
