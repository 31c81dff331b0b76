"""When people are there, wash, and switch things on: hourly profiles of use.

The profiles are anello's own, drawn after the shapes common to measured European buildings: two
daily peaks of hot water in dwellings, a plateau of working hours with a dip at lunch in offices.
"""

from __future__ import annotations

from dataclasses import dataclass

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.district.config import Site, Use
from anello.errors import ConfigError, Problem

Series = NDArray[np.float64]

# Share of the day's hot water in each hour; normalised where it is used.
_HOT_WATER_WORKDAY = (
    0.8, 0.4, 0.3, 0.3, 0.6, 2.2, 6.2, 8.2, 6.6, 4.8, 4.0, 4.0,
    4.6, 4.4, 3.4, 3.0, 3.0, 4.0, 6.2, 8.6, 8.4, 6.4, 4.6, 2.4,
)  # fmt: skip
_HOT_WATER_WEEKEND = (
    1.2, 0.7, 0.4, 0.3, 0.4, 1.0, 2.6, 4.8, 7.0, 7.8, 7.2, 6.2,
    5.8, 5.2, 4.0, 3.4, 3.4, 4.2, 5.8, 7.4, 7.4, 6.0, 4.4, 2.6,
)  # fmt: skip
# Share of the people who are in.
_AT_HOME_WORKDAY = (
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.7, 0.5, 0.4, 0.4, 0.4,
    0.5, 0.5, 0.4, 0.4, 0.5, 0.6, 0.8, 0.9, 0.9, 1.0, 1.0, 1.0,
)  # fmt: skip
_AT_HOME_WEEKEND = (
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 0.7, 0.7, 0.7,
    0.8, 0.7, 0.6, 0.6, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 1.0, 1.0,
)  # fmt: skip
_AT_WORK_WORKDAY = (
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 0.65, 0.95, 1.0, 1.0,
    0.75, 0.8, 1.0, 1.0, 0.95, 0.75, 0.35, 0.1, 0.0, 0.0, 0.0, 0.0,
)  # fmt: skip
_SUMMER_BREAK_SHARE = 0.5
_OFFICE_STANDBY = 0.12  # share of the office's electric power that never switches off
_WATER_KWH_PER_LITRE_K = 1.163e-3
_HOT_WATER_DEGC = 45.0
_LITRES_PER_PERSON_DAY = 55.0


@dataclass(frozen=True)
class Calendar:
    """The kinds of day in a year.

    Parameters
    ----------
    hour : ndarray of int (8760,)
        Hour of the day, 0 to 23.
    day_of_year : ndarray of int (8760,)
        1 to 365.
    weekday : ndarray of int (8760,)
        0 is Monday.
    free : ndarray of bool (8760,)
        Saturday, Sunday or public holiday.
    summer_break : ndarray of bool (8760,)
        The weeks in which half of the people are away.
    """

    hour: NDArray[np.int64]
    day_of_year: NDArray[np.int64]
    weekday: NDArray[np.int64]
    free: NDArray[np.bool_]
    holiday: NDArray[np.bool_]
    summer_break: NDArray[np.bool_]


def calendar(index: pd.DatetimeIndex, site: Site) -> Calendar:
    """Return the calendar of a year's hours, with the public holidays of the site's country.

    Raises
    ------
    ConfigError
        If the country or its subdivision is not known.
    """
    month_day = index.month.to_numpy() * 100 + index.day.to_numpy()
    try:
        known = holidays.country_holidays(
            site.country, subdiv=site.subdivision, years=int(index[0].year)
        )
    except NotImplementedError as error:
        raise ConfigError(
            Problem(str(error), key="site.country", value=(site.country, site.subdivision))
        ) from error
    free_days = pd.DatetimeIndex(sorted(str(day) for day in known))
    holiday = np.asarray(index.normalize().isin(free_days))
    away = np.zeros(len(index), dtype=bool)
    if site.summer_break is not None:
        first, last = (int(day.replace("-", "")) for day in site.summer_break)
        inside = (month_day >= first) & (month_day <= last)
        away = inside if first <= last else (month_day >= first) | (month_day <= last)
    weekday = index.day_of_week.to_numpy().astype(np.int64)
    return Calendar(
        hour=index.hour.to_numpy().astype(np.int64),
        day_of_year=index.day_of_year.to_numpy().astype(np.int64),
        weekday=weekday,
        free=(weekday >= 5) | holiday,
        holiday=holiday,
        summer_break=away,
    )


def presence(use: Use, days: Calendar) -> Series:
    """Return the share of a building's people who are in, shape (8760,)."""
    if use == "residential":
        at_home = np.where(
            days.free,
            np.asarray(_AT_HOME_WEEKEND)[days.hour],
            np.asarray(_AT_HOME_WORKDAY)[days.hour],
        )
        return at_home * np.where(days.summer_break, _SUMMER_BREAK_SHARE, 1.0)
    at_work = np.where(days.free, 0.0, np.asarray(_AT_WORK_WORKDAY)[days.hour])
    return at_work * np.where(days.summer_break, _SUMMER_BREAK_SHARE, 1.0)


def cold_water_degc(days: Calendar, outdoor_degc: Series) -> Series:
    """Return the mains water's temperature: the air's yearly harmonic, damped and five weeks late.

    One kelvin below the air's mean, and 0.36 of its amplitude, as in Milan (4 of 11 K).

    Parameters
    ----------
    days : Calendar
        The year.
    outdoor_degc : ndarray, shape (8760,)
        Outdoor temperature [°C].

    Returns
    -------
    ndarray, shape (8760,)
        Temperature, between 3 and 28 °C.
    """
    turn = 2j * np.pi / 365.0
    wave = 2.0 * np.mean(outdoor_degc * np.exp(-turn * days.day_of_year))
    late = (wave * np.exp(turn * (days.day_of_year - 38))).real
    water: Series = np.clip(outdoor_degc.mean() - 1.0 + 0.36 * late, 3.0, 28.0)
    return water


def hot_water_kw(occupants: float, days: Calendar, outdoor_degc: Series) -> Series:
    """Return the heat for domestic hot water [kW], shape (8760,).

    55 litres per person and day, mixed to 45 degC, drawn after the profile of the day; people use a
    tenth more on free days, and half as much in the summer break as many are away.

    Parameters
    ----------
    occupants : float
        Number of people.
    days : Calendar
        The year.
    outdoor_degc : ndarray, shape (8760,)
        Outdoor temperature [°C].
    """
    workday = np.asarray(_HOT_WATER_WORKDAY) / sum(_HOT_WATER_WORKDAY)
    weekend = np.asarray(_HOT_WATER_WEEKEND) / sum(_HOT_WATER_WEEKEND) * 1.1
    share = np.where(days.free, weekend[days.hour], workday[days.hour])
    away = np.where(days.summer_break, _SUMMER_BREAK_SHARE, 1.0)
    lift_k = _HOT_WATER_DEGC - cold_water_degc(days, outdoor_degc)
    return occupants * _LITRES_PER_PERSON_DAY * _WATER_KWH_PER_LITRE_K * lift_k * share * away


def electricity_kw(use: Use, floor_area_m2: float, ghi_w_m2: Series, days: Calendar) -> Series:
    """Return the electricity of appliances and light [kW], shape (8760,).

    Equipment follows presence over a stand-by share; light follows presence too, and dims with
    daylight.

    Parameters
    ----------
    use : {"residential", "office"}
        7 W/m2 of equipment and 5 W/m2 of light in offices, 2 and 1.5 W/m2 in dwellings.
    floor_area_m2 : float
        Floor area [m2].
    ghi_w_m2 : ndarray (8760,)
        Global horizontal irradiance [W/m2].
    days : Calendar
        The year.
    """
    people = presence(use, days)
    if use == "office":
        equipment = 7.0 * (_OFFICE_STANDBY + (1 - _OFFICE_STANDBY) * people)
        light = 5.0 * people * (1 - 0.6 * np.clip(ghi_w_m2 / 250.0, 0, 1))
    else:
        awake = np.asarray([0.25] * 6 + [0.7] * 11 + [1.0] * 5 + [0.6] * 2)[days.hour]
        equipment = 2.0 * (0.3 + 0.7 * people * awake)
        light = 1.5 * people * awake * (1 - np.clip(ghi_w_m2 / 150.0, 0, 1))
    return floor_area_m2 * (equipment + light) / 1000.0
