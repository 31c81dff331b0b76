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

    def air(self, fault: str, key: str, instead: str, *, wet_bulb: bool = False) -> Floats:
        """Return the outdoor air, shape (T,) [°C].

        Parameters
        ----------
        fault, key, instead : str
            What is wrong without it, where in the settings, and what can be done beside naming a
            series in the model.
        wet_bulb : bool
            Whether its wet-bulb temperature is meant.

        Raises
        ------
        InputError
            If the model does not bring it along.
        """
        series = self.wet_bulb_degc if wet_bulb else self.outdoor_degc
        if series is None:
            name = "outdoor_wet_bulb_degc" if wet_bulb else "outdoor_degc"
            raise InputError(
                Problem(
                    fault,
                    key=key,
                    suggestion=(
                        f"Name a series in the model (`model.{name}: file=weather.csv:{name}`), "
                        f"{instead}"
                    ),
                )
            )
        return series
