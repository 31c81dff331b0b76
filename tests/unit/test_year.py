"""What counts as a year, and how much of one a model covers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from anello.base.year import hours_modelled, is_a_year


@pytest.mark.parametrize(
    ("hours", "whole"), [(8760, True), (8784, True), (8736, True), (8785, False), (48, False)]
)
def test_a_year_is_one_to_a_day(hours: float, whole: bool) -> None:
    assert is_a_year(hours) == whole


def test_each_step_counts_with_its_length_and_weight() -> None:
    steps = {"timestep_resolution": [1.0, 2.0, 0.5], "timestep_weight": [1.0, 10.0, 4.0]}
    content = xr.Dataset({name: ("timestep", np.array(v)) for name, v in steps.items()})
    assert hours_modelled(content) == 23.0
