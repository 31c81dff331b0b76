"""When buildings are heated and cooled: by the site's own climate, or by a law.

The climate decides by the running mean of the outdoor temperature (EN 16798-1, annex B.2),
``Θ_rm = (1 − α)·(Θ_1 + α·Θ_2 + α²·Θ_3 + …)`` with α = 0.8 and Θ_i the daily mean i days ago.
Below the heating limit buildings may be heated, above the cooling limit cooled; whether they need
it is the building's own balance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.district.config import Site

Series = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA = 0.8
HEATING_LIMIT_DEGC = 18.0
COOLING_LIMIT_DEGC = 12.0

LEGAL_SEASONS = {
    # DPR 412/93: from 15 October to 15 April; who cools does so in the other half of the year.
    "italy_zone_e": ((288, 105), (105, 288)),
}
"""First and last day of the year of heating and of cooling, by name."""


def running_mean_degc(temperature_degc: Series) -> Series:
    """Return the running mean of the outdoor temperature for each hour.

    Parameters
    ----------
    temperature_degc : ndarray, shape (8760,)
        Outdoor temperature of a year, which follows itself [°C].

    Returns
    -------
    ndarray, shape (8760,)
        Weighted mean of the days before [°C].
    """
    daily = temperature_degc.reshape(-1, 24).mean(axis=1)
    days = len(daily)
    weight = (1.0 - ALPHA) * ALPHA ** np.arange(days)
    back = np.tile(daily[::-1], 2)  # from the last day of the year back, two years long
    before = np.array([weight @ back[days - day : 2 * days - day] for day in range(days)])
    return np.repeat(before / weight.sum(), 24)


def heated_and_cooled(
    site: Site, temperature_degc: Series, day_of_year: NDArray[np.int64]
) -> tuple[Flags, Flags]:
    """Return in which hours buildings may be heated and cooled.

    Parameters
    ----------
    site : Site
        With `heating_season`: the climate's own, or a legal one.
    temperature_degc : ndarray, shape (8760,)
        Outdoor temperature [°C].
    day_of_year : ndarray of int, shape (8760,)
        1 to 365.

    Returns
    -------
    tuple of ndarray of bool, shape (8760,)
    """
    if site.heating_season != "climate":
        (first, last), (begin, end) = LEGAL_SEASONS[site.heating_season]
        heated = (day_of_year >= first) | (day_of_year <= last)
        return heated, (day_of_year >= begin) & (day_of_year <= end)
    mean = running_mean_degc(temperature_degc)
    return mean <= HEATING_LIMIT_DEGC, mean >= COOLING_LIMIT_DEGC
