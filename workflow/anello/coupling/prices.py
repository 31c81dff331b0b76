"""What a programme found electricity, and water at its bounds, to cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import values_of
from anello.optimise.formulation.ring_rows import RingRows
from anello.optimise.solve.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

BOUNDS = ("ring_temperature_max", "ring_temperature_min")
"""Rows whose duals say what a bound is worth."""


@dataclass(frozen=True)
class Prices:
    """What a programme found more electricity, and warmer water at a bound, to cost.

    Attributes
    ----------
    electricity_eur_per_kwh : mapping of str to ndarray, shape (T,)
        Price of one more kWh of electricity, by location [€/kWh].
    warmer_eur_per_k : ndarray, shape (P, T)
        Cost of warmer water at each place that is kept within the bounds: positive at the upper
        one, negative at the lower one, zero between them [€/K].
    """

    electricity_eur_per_kwh: Mapping[str, Floats]
    warmer_eur_per_k: Floats

    def of_plant(self, rows: RingRows) -> Floats:
        """Return what electricity costs plant and circulation pump, shape (T,) [€/kWh]."""
        if rows.electricity_location is None:
            return np.full(rows.step_h.size, rows.electricity_price_eur_per_kwh)
        return np.asarray(self.electricity_eur_per_kwh[rows.electricity_location], dtype=float)

    @classmethod
    def of(cls, rows: RingRows, electricity: Mapping[str, Floats], dispatch: xr.Dataset) -> Prices:
        """Return the prices of a dispatch, with the duals of its bounds where it has any."""
        warmer = np.zeros((len(rows.kept_within), rows.step_h.size))
        for name, sign in zip(BOUNDS, (-1.0, 1.0), strict=True):
            if f"dual_{name}" in dispatch:
                dims = ("place", "timestep")
                warmer += sign * values_of(dispatch, f"dual_{name}", dims, place=rows.kept_within)
        return cls(electricity, warmer)


def bound_rows(problem: Problem) -> tuple[str, ...]:
    """Names of the rows whose duals :meth:`Prices.of` wants, as far as a problem has them."""
    return tuple(name for name in BOUNDS if name in problem.constraints)
