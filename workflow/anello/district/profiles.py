"""When people are there, wash, and switch things on: hourly profiles of use.

The shares of each hour are those of ``uses.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.district.climate import Site
from anello.district.uses import BuildingUse, Load, Process, Schedule, Use, building_uses
from anello.errors import ConfigError, Problem

Series = NDArray[np.float64]

_WATER_KWH_PER_LITRE_K = 1.163e-3


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
    holiday : ndarray of bool (8760,)
        Public holiday, whatever the day of the week.
    month : ndarray of int (8760,)
        1 to 12.
    summer_break : ndarray of bool (8760,)
        The weeks in which half of the people are away.
    """

    hour: NDArray[np.int64]
    day_of_year: NDArray[np.int64]
    weekday: NDArray[np.int64]
    free: NDArray[np.bool_]
    holiday: NDArray[np.bool_]
    summer_break: NDArray[np.bool_]
    month: NDArray[np.int64]

    def later(self, hours: int) -> Calendar:
        """Return the calendar of those who do all so many hours later than others.

        Parameters
        ----------
        hours : int
            How much later [h]; less than zero for earlier. The year follows itself.
        """
        return Calendar(
            **{one.name: np.roll(getattr(self, one.name), hours) for one in fields(self)}
        )


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
        month=index.month.to_numpy().astype(np.int64),
    )


def by_hour(schedule: Schedule, days: Calendar) -> Series:
    """Return a schedule's share in each hour of the year; holidays are Sundays, shape (8760,)."""
    saturday = (days.weekday == 5) & ~days.holiday
    return np.where(
        days.free,
        np.where(
            saturday,
            np.asarray(schedule.saturday)[days.hour],
            np.asarray(schedule.sunday)[days.hour],
        ),
        np.asarray(schedule.workday)[days.hour],
    )


def season_share(use: BuildingUse, days: Calendar) -> Series:
    """Return the share of the use that summer break and holidays leave over, shape (8760,)."""
    share = np.where(days.summer_break, use.people.summer_break_share, 1.0)
    if use.people.months is not None:
        share = share * np.asarray(use.people.months)[days.month - 1]
    return share


def presence(name: Use, days: Calendar) -> Series:
    """Return the share of a building's people who are in, shape (8760,)."""
    use = building_uses()[name]
    at_place = by_hour(use.people.schedule, days) * season_share(use, days)
    return np.asarray(at_place * use.people.present_share)


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


def hot_water_kw(name: Use, occupants: float, days: Calendar, outdoor_degc: Series) -> Series:
    """Return the heat for hot water [kW], shape (8760,).

    So many litres per person and day, drawn after the profile of the day; in holidays as much less
    as people are away.

    Parameters
    ----------
    name : Use
        What the building is used for.
    occupants : float
        Number of people.
    days : Calendar
        The year.
    outdoor_degc : ndarray, shape (8760,)
        Outdoor temperature [°C].
    """
    use = building_uses()[name]
    water = use.hot_water
    if water is None:
        return np.zeros(len(days.hour))
    lift_k = water.degc - cold_water_degc(days, outdoor_degc)
    drawn = occupants * water.litres_per_person_day * _WATER_KWH_PER_LITRE_K * lift_k
    share = by_hour(
        _shares_of_day(water.schedule, water.saturday_factor, water.sunday_factor), days
    )
    return np.asarray(drawn * share * season_share(use, days) * use.people.present_share)


def _shares_of_day(schedule: Schedule, saturday: float, sunday: float) -> Schedule:
    """Return a schedule whose hours add up to one day's amount."""

    def normalised(hours: tuple[float, ...], factor: float) -> tuple[float, ...]:
        return tuple((np.asarray(hours) / sum(hours) * factor).tolist())

    return Schedule(
        workday=normalised(schedule.workday, 1.0),
        saturday=normalised(schedule.saturday, saturday),
        sunday=normalised(schedule.sunday, sunday),
    )


def electricity_kw(name: Use, floor_area_m2: float, ghi_w_m2: Series, days: Calendar) -> Series:
    """Return the electricity of appliances and light, without processes [kW], shape (8760,).

    Parameters
    ----------
    name : Use
        What the building is used for.
    floor_area_m2 : float
        Floor area [m2].
    ghi_w_m2 : ndarray (8760,)
        Global horizontal irradiance [W/m2].
    days : Calendar
        The year.
    """
    use = building_uses()[name]
    people = presence(name, days)
    season = season_share(use, days)
    equipment, light = (
        _load_w_per_m2(load, people if load.with_people else season, ghi_w_m2, days)
        for load in (use.appliances, use.lighting)
    )
    return floor_area_m2 * (equipment + light) / 1000.0


def _load_w_per_m2(load: Load, share: Series, ghi_w_m2: Series, days: Calendar) -> Series:
    active = by_hour(load.schedule, days)
    daylight = load.daylight_share * np.clip(ghi_w_m2 / load.full_daylight_w_per_m2, 0, 1)
    if load.standby:
        return load.w_per_m2 * (load.standby + (1 - load.standby) * share * active) * (1 - daylight)
    return load.w_per_m2 * share * active * (1 - daylight)


def process_kw(name: Use, floor_area_m2: float, days: Calendar) -> tuple[Series, Series, Series]:
    """Return electricity, heat in the room and process heat of refrigeration, kitchens, machines.

    Parameters
    ----------
    name : Use
        What the building is used for.
    floor_area_m2 : float
        Floor area [m2].
    days : Calendar
        The year.

    Returns
    -------
    tuple of ndarray, shape (8760,)
        Three powers [kW]; the second is below zero where cabinets cool the room.
    """
    use = building_uses()[name]
    process: Process | None = use.process
    if process is None:
        return np.zeros(len(days.hour)), np.zeros(len(days.hour)), np.zeros(len(days.hour))
    active = by_hour(process.schedule, days) * season_share(use, days) * floor_area_m2 / 1000.0
    electricity = process.w_per_m2 * active
    return electricity, process.room_share * electricity, process.heat_w_per_m2 * active
