"""What the plots ask of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import xarray as xr

from anello.model.data import ModelData


class SolvedModel(Protocol):
    """A model with inputs and, where it is solved, results, in Calliope's layout.

    :class:`anello.Model` is one.
    """

    @property
    def data(self) -> ModelData:
        """The model's parameters and sets."""

    @property
    def inputs(self) -> xr.Dataset:
        """The inputs in Calliope's layout."""

    @property
    def results(self) -> xr.Dataset:
        """The results in Calliope's layout; only where :attr:`is_solved`."""

    @property
    def is_solved(self) -> bool:
        """Whether there are results."""

    @property
    def dispatch(self) -> xr.Dataset:
        """The results as anello writes them."""

    @property
    def model_config(self) -> Mapping[str, Any]:
        """The settings under ``model``."""

    def get_formatted_array(self, var: str) -> xr.DataArray:
        """Return one variable with a dimension of its own for each set."""
