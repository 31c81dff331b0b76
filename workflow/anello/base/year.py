"""A year in hours, and how much of one a model covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

HOURS_OF_A_YEAR = 8760.0
_A_DAY_H = 24.0 + 1e-6


def is_a_year(hours: float) -> bool:
    """Whether some hours are a year, or one day more or less."""
    return abs(hours - HOURS_OF_A_YEAR) <= _A_DAY_H


def hours_modelled(content: xr.Dataset) -> float:
    """Return how many hours a model's data or results stand for [h].

    Parameters
    ----------
    content : xarray.Dataset
        With ``timestep_resolution`` [h] and ``timestep_weight`` [-], each of shape (T,).
    """
    return float((content["timestep_resolution"].values * content["timestep_weight"].values).sum())
