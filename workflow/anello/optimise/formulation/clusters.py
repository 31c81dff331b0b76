"""Representative days as the formulation sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Which time steps belong to which representative day.

    Attributes
    ----------
    names : tuple of str
        Cluster numbers, in the order in which their days follow each other where one step needs
        another before it, shape (C,).
    of_step : ndarray of int, shape (T,)
        Position in `names` of each time step's cluster.
    datesteps : tuple of str
        Original days; empty where stores do not carry energy between days.
    of_datestep : ndarray of int, shape (D,)
        Position in `names` of each original day's cluster.
    """

    names: tuple[str, ...]
    of_step: IntArray
    datesteps: tuple[str, ...]
    of_datestep: IntArray

    @classmethod
    def of(cls, inputs: xr.Dataset) -> Clusters | None:
        """Return the clusters of a model, or None where it has none."""
        if "timestep_cluster" not in inputs:
            return None
        numbers = [int(v) for v in inputs["cluster"].values]
        place = {number: k for k, number in enumerate(numbers)}

        def places(name: str) -> IntArray:
            return np.array([place[int(v)] for v in inputs[name].values], dtype=np.int64)

        linked = "datestep_cluster" in inputs
        days = [str(d)[:10] for d in inputs["datestep"].values] if linked else []
        return cls(
            names=tuple(str(number) for number in numbers),
            of_step=places("timestep_cluster"),
            datesteps=tuple(days),
            of_datestep=places("datestep_cluster") if linked else np.zeros(0, dtype=np.int64),
        )

    @property
    def linked(self) -> bool:
        """Whether stores carry energy from one original day to the next."""
        return bool(self.datesteps)

    @property
    def order(self) -> IntArray:
        """Time steps in the order in which they follow each other, shape (T,)."""
        return np.argsort(self.of_step, kind="stable")

    @property
    def first(self) -> npt.NDArray[np.bool_]:
        """Whether a step is the first of its day, shape (T,)."""
        starts = np.zeros(len(self.of_step), dtype=bool)
        starts[np.unique(self.of_step, return_index=True)[1]] = True
        return starts

    @property
    def last_step(self) -> IntArray:
        """Last step of each cluster's day, shape (C,)."""
        backwards = self.of_step[::-1]
        return np.asarray(
            len(backwards) - 1 - np.unique(backwards, return_index=True)[1], dtype=np.int64
        )
