"""What surrounds a ring's plant in each step: outdoor air, and series that its sources name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem, did_you_mean

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surroundings:
    """Series around the plant.

    Attributes
    ----------
    steps : int
        Number T of time steps.
    outdoor_degc, wet_bulb_degc : ndarray, shape (T,), optional
        Dry-bulb and wet-bulb temperature of the outdoor air [°C].
    series : mapping of str to ndarray, shape (T,)
        Series of the model by name, in the unit of what names them.
    """

    steps: int
    outdoor_degc: Floats | None = None
    wet_bulb_degc: Floats | None = None
    series: Mapping[str, Floats] = field(default_factory=dict)

    def values(self, told: float | str, key: str, low: float, high: float) -> Floats:
        """Return a constant of the settings, or the series that they name.

        Parameters
        ----------
        told : float or str
            The constant, or a name under the model's `ring_series`.
        key : str
            Where in the settings it stands.
        low, high : float
            What it may be.

        Returns
        -------
        ndarray, shape (T,)

        Raises
        ------
        InputError
            If the model has no such series, or a value is beyond what it may be.
        """
        if isinstance(told, str):
            if told not in self.series:
                raise InputError(
                    Problem(
                        "the model has no series of this name",
                        key=key,
                        value=told,
                        suggestion=did_you_mean(told, list(self.series))
                        or f"Name one in the model: `ring_series: {{{told}: file={told}.csv:"
                        f"{told}}}` under `model`",
                    )
                )
            values = np.asarray(self.series[told], dtype=float)
        else:
            values = np.full(self.steps, float(told))
        wrong = ~((values >= low) & (values <= high))
        if wrong.any():
            first = int(wrong.argmax())
            raise InputError(
                Problem(
                    f"must lie between {low:g} and {high:g}, and is {values[first]:g} in step "
                    f"{first} ({int(wrong.sum())} such steps)",
                    key=key,
                    value=told,
                )
            )
        return values

    def air(self, needed_by: str, key: str) -> Floats:
        """Return the outdoor air, shape (T,) [°C].

        Raises
        ------
        InputError
            If the model does not bring it along.
        """
        if self.outdoor_degc is None:
            raise InputError(
                Problem(
                    f"{needed_by} depends on the outdoor air, and nothing says how warm that is",
                    key=key,
                    suggestion=(
                        "Name a series in the model (`model.outdoor_degc: "
                        "file=weather.csv:outdoor_degc`), or leave the source out"
                    ),
                )
            )
        return self.outdoor_degc
