"""COP of machines that draw heat from the outside air, or reject it there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.ring.cop import STAFFELL_2012

Series = NDArray[np.float64]

AIR_SOURCE_FIT, AIR_SOURCE_LIFT_K = STAFFELL_2012["air_source"]
"""Domestic air-source heat pumps, COP = a - b dT + c dT^2, and the lifts that the fit is made from
[K]."""

CHILLER_SECOND_LAW = 0.31
"""Share of the Carnot COP that an air-cooled chiller reaches [-]: an EER of 3.1 with chilled water
at 7 and air at 35 °C, the least of Eurovent's class A."""

LEAST_LIFT_K = 15.0
"""A chiller's condenser is kept at least this much warmer than chilled water, and air colder than
that gives no better COP [K]; the heat pump's fit ends there too."""

RATED_AIR_DEGC = {"dhw": 7.0, "heating": 7.0, "cooling": 35.0}
"""Air at which a machine's size is named (EN 14511) [°C]."""

_KELVIN = 273.15


def air_source_cop(air_degc: ArrayLike, supply_degc: float) -> Series:
    """Return the COP of an air-source heat pump.

    The fit of Staffell et al. (2012, doi:10.1039/c2ee22653g) in the lift from air to supply,
    6.81 - 0.121 dT + 0.00063 dT^2, held at the edges of its range 15 to 60 K, and below Carnot.

    Parameters
    ----------
    air_degc : array_like, shape (T,)
        Outside air [°C].
    supply_degc : float
        Water supplied [°C].

    Returns
    -------
    ndarray, shape (T,)
        Heat per electricity [-].
    """
    # ASSUME: the fit is of machines tested after EN 14511 and EN 255, whose cycles include
    # defrosting; nothing more is taken off for frost.
    lift = supply_degc - np.asarray(air_degc, dtype=float)
    constant, slope, curvature = AIR_SOURCE_FIT
    within = np.clip(lift, *AIR_SOURCE_LIFT_K)
    fitted = constant - slope * within + curvature * within**2
    below: Series = np.minimum(fitted, _carnot(supply_degc, lift))
    return below


def air_cooled_cop(air_degc: ArrayLike, chilled_degc: float) -> Series:
    """Return the COP of an air-cooled chiller: a constant share of Carnot's.

    Parameters
    ----------
    air_degc : array_like, shape (T,)
        Outside air [°C].
    chilled_degc : float
        Chilled water supplied [°C].

    Returns
    -------
    ndarray, shape (T,)
        Cold per electricity [-].
    """
    lift = np.maximum(np.asarray(air_degc, dtype=float) - chilled_degc, LEAST_LIFT_K)
    cop: Series = CHILLER_SECOND_LAW * _carnot(chilled_degc, lift)
    return cop


def _carnot(useful_degc: float, lift_k: Series) -> Series:
    """Return useful heat or cold per work of a reversible machine; infinite without a lift."""
    with np.errstate(divide="ignore"):
        ideal: Series = np.where(lift_k > 0, (useful_degc + _KELVIN) / lift_k, np.inf)
    return ideal
