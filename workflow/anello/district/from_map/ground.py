"""Ground around a map's pipes, from the air of the district's weather."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.ring.ground import DAYS_PER_YEAR

Floats = NDArray[np.float64]


def ground_below(outdoor_degc: Floats) -> dict[str, str | float]:
    """Return the settings of ground whose surface is as warm as the air over the year.

    Parameters
    ----------
    outdoor_degc : ndarray, shape (T,)
        Outdoor air of a whole year in even steps [°C].

    Returns
    -------
    dict
        As `KusudaGround` has them: mean and first harmonic of the air.
    """
    # ASSUME: the surface is as warm as the air; under asphalt it is a kelvin or two warmer.
    turn = 2j * np.pi * (np.arange(outdoor_degc.size) + 0.5) / outdoor_degc.size
    wave = 2.0 * complex(np.mean(outdoor_degc * np.exp(-turn)))
    coldest = (0.5 - np.angle(wave) / (2.0 * np.pi)) % 1.0 * DAYS_PER_YEAR
    return {
        "kind": "kusuda",
        "mean_degc": round(float(outdoor_degc.mean()), 1),
        "amplitude_k": round(abs(wave), 1),
        "coldest_day": max(round(float(coldest), 1), 0.1),
    }
