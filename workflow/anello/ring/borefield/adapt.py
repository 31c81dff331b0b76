"""A borefield's results in a labelled dataset, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from anello.ring.borefield.device import FieldResult

if TYPE_CHECKING:
    import xarray as xr

_STEPS = {
    "entering_degc": "fluid that enters the boreholes, end of step",
    "leaving_degc": "fluid that leaves the boreholes, end of step",
    "water_degc": "ring water that meets the borefield, start of step",
    "horizon_degc": "borehole wall in the horizon's last year if this year repeats, end of step",
    "horizon_entering_degc": "fluid that enters the boreholes in that year, end of step",
}


_YEARS = (
    ("wall_lowest_degc", "lowest borehole wall in each year if this one repeats"),
    ("wall_highest_degc", "highest borehole wall in each year if this one repeats"),
    ("entering_lowest_degc", "lowest fluid that enters the boreholes in each year"),
    ("entering_highest_degc", "highest fluid that enters the boreholes in each year"),
)


def field_variables(field: FieldResult, variable: Callable[..., Any]) -> dict[str, Any]:
    """Return a borefield's variables of a ring's dataset.

    Parameters
    ----------
    field : FieldResult
        What the field did.
    variable : callable
        Makes a variable from dimensions, values, units and a name.

    Returns
    -------
    dict
        Variables by name, all beginning with ``borefield_``.
    """
    found = {
        "borefield_wall_degc": variable(
            ("state",), field.wall_degc, "degC", "mean borehole wall temperature"
        ),
        "borefield_state_kw": variable(
            ("ground",), field.state_kw, "kW", "state of the ground's thermal masses at the end"
        ),
    }
    for name, words in _STEPS.items():
        values = getattr(field, name)
        if values is not None:
            found[f"borefield_{name}"] = variable(("timestep",), values, "degC", words)
    if field.year_degc is not None:
        for (name, words), values in zip(_YEARS, field.year_degc, strict=True):
            found[f"borefield_{name}"] = variable(("year",), values, "degC", words)
    return found


def field_result(dataset: xr.Dataset) -> FieldResult | None:
    """Return what `field_variables` wrote; None without a borefield."""
    if "borefield_wall_degc" not in dataset:
        return None
    known = {
        name: dataset[f"borefield_{name}"].values
        for name in ("horizon_degc", "horizon_entering_degc")
        if f"borefield_{name}" in dataset
    }
    if "borefield_wall_lowest_degc" in dataset:
        years = [dataset[f"borefield_{name}"].values for name, _ in _YEARS]
        known["year_degc"] = np.array(years)
    return FieldResult(
        wall_degc=dataset["borefield_wall_degc"].values,
        entering_degc=dataset["borefield_entering_degc"].values,
        leaving_degc=dataset["borefield_leaving_degc"].values,
        water_degc=dataset["borefield_water_degc"].values,
        state_kw=dataset["borefield_state_kw"].values,
        **known,
    )
