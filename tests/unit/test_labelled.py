"""Plain arrays out of a data set are those that xarray gives."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from anello.base.labelled import labels_of, values_of

NODES, CARRIERS = ["a::grid", "a::pump", "b::sun"], ["heat", "power"]
CONTENT = xr.Dataset(
    {
        "carrier_prod": (("carrier", "node", "timestep"), np.arange(24.0).reshape(2, 3, 4)),
        "energy_cap": ("node", np.array([3.0, 1.0, np.nan])),
    },
    coords={"node": NODES, "carrier": CARRIERS},
)


@pytest.mark.parametrize("dims", [("node", "carrier", "timestep"), ("timestep", "node", "carrier")])
@pytest.mark.parametrize(
    "labels", [{}, {"node": ["b::sun", "a::grid"]}, {"carrier": ["power"], "node": NODES[::-1]}]
)
def test_values_are_those_of_a_selection(
    dims: tuple[str, ...], labels: dict[str, list[str]]
) -> None:
    expected = CONTENT["carrier_prod"].sel(labels).transpose(*dims).values
    np.testing.assert_array_equal(values_of(CONTENT, "carrier_prod", dims, **labels), expected)


def test_labels_are_those_of_the_coordinate() -> None:
    assert labels_of(CONTENT, "node") == CONTENT["node"].values.tolist() == NODES
    assert all(type(label) is str for label in labels_of(CONTENT, "carrier"))
    with pytest.raises(KeyError, match="timestep"):
        labels_of(CONTENT, "timestep")


def test_a_size_that_is_not_there_stays_so() -> None:
    found = values_of(CONTENT, "energy_cap", ("node",), node=["b::sun", "a::pump"])
    np.testing.assert_array_equal(found, [np.nan, 1.0])


def test_an_unknown_label_is_no_zero() -> None:
    with pytest.raises(KeyError, match="c::grid"):
        values_of(CONTENT, "energy_cap", ("node",), node=["a::grid", "c::grid"])
