"""A year of hourly weather: from the generator, or from an EPW or PVGIS file.

Hours are labelled by their start, in the site's standard time without daylight saving; the sun
stands where it is in the middle of the hour.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray
from scipy.special import ndtr

from anello.base.year import HOURS_OF_A_YEAR
from anello.district.config import DistrictConfig, Site, Spell, SyntheticWeather, WeatherFile
from anello.district.gaps import without_gaps
from anello.errors import InputError, Problem

HOURS = int(HOURS_OF_A_YEAR)
DAYS = 365

Series = NDArray[np.float64]

_CLOUDIEST = 0.08  # clear-sky index under the thickest cloud
_DAY_SHARE = 0.7  # share of the cloudiness' variance that is common to all hours of a day
_CLOUD_PERSISTENCE_DAYS = 0.45
_CLOUD_PERSISTENCE_HOURS = 0.8
logger = logging.getLogger(__name__)

_EPW_HEAD = 8
_SUNLIT = ("ghi", "dni", "dhi")
_OFFSET_KEYS = ("irradiance time offset", "irradiance_time_offset")
_SAME_PLACE_DEG = 2.0


@dataclass(frozen=True)
class Sun:
    """Where the sun is, in the middle of each hour.

    Parameters
    ----------
    zenith_deg, azimuth_deg : ndarray (8760,)
        Apparent zenith angle and azimuth clockwise from north [deg].
    extraterrestrial_w_m2 : ndarray (8760,)
        Irradiance on a plane normal to the sun above the atmosphere [W/m2].
    """

    zenith_deg: Series
    azimuth_deg: Series
    extraterrestrial_w_m2: Series


@dataclass(frozen=True)
class WeatherYear:
    """One year of weather.

    Parameters
    ----------
    index : pandas.DatetimeIndex (8760,)
        Start of each hour, standard time.
    temperature_degc : ndarray (8760,)
        Air temperature [degC].
    ghi_w_m2, dni_w_m2, dhi_w_m2 : ndarray (8760,)
        Global horizontal, direct normal and diffuse horizontal irradiance [W/m2].
    wind_m_s : ndarray (8760,)
        Wind speed [m/s].
    sun : Sun
        The sun's position.
    """

    index: pd.DatetimeIndex
    temperature_degc: Series
    ghi_w_m2: Series
    dni_w_m2: Series
    dhi_w_m2: Series
    wind_m_s: Series
    sun: Sun

    def to_frame(self) -> pd.DataFrame:
        """Return the series as columns, with units in their names."""
        return pd.DataFrame(
            {
                "temperature_degc": self.temperature_degc,
                "ghi_w_m2": self.ghi_w_m2,
                "dni_w_m2": self.dni_w_m2,
                "dhi_w_m2": self.dhi_w_m2,
                "wind_m_s": self.wind_m_s,
            },
            index=self.index,
        )


def hours_of(year: int) -> pd.DatetimeIndex:
    """Return the start of each of the 8,760 hours of `year`."""
    return pd.date_range(f"{year}-01-01", periods=HOURS, freq="h")


def weather_year(config: DistrictConfig) -> WeatherYear:
    """Return the weather that a district's configuration asks for.

    Raises
    ------
    InputError
        If a weather file is absent or does not hold 8,760 hours.
    """
    index = hours_of(config.year)
    sun = sun_positions(index, config.site)
    if isinstance(config.weather, WeatherFile):
        weather = _from_file(config.weather, config.site, config.folder or Path(), index, sun)
    else:
        weather = synthetic_weather(config.weather, config.site, index, sun, config.seed)
    return weather


def sun_positions(index: pd.DatetimeIndex, site: Site) -> Sun:
    """Return the sun's position in the middle of each hour.

    Parameters
    ----------
    index : pandas.DatetimeIndex (8760,)
        Start of each hour, standard time.
    site : Site
        Where, and the offset of its standard time.
    """
    place = (site.latitude_deg, site.longitude_deg, site.altitude_m)
    shift = pd.Timedelta(hours=0.5 - site.utc_offset_hours)
    return _sun_in_hours_from(index[0] + shift, index.size, *place)


@lru_cache(maxsize=8)
def _sun_in_hours_from(
    first: pd.Timestamp, hours: int, latitude_deg: float, longitude_deg: float, altitude_m: float
) -> Sun:
    """Return the sun's positions, read only: districts at one place in one year share them."""
    utc = pd.date_range(first, periods=hours, freq="h", tz="UTC")
    position = pvlib.solarposition.get_solarposition(
        utc, latitude_deg, longitude_deg, altitude=altitude_m
    )
    extraterrestrial = pvlib.irradiance.get_extra_radiation(utc)
    every = (position["apparent_zenith"], position["azimuth"], extraterrestrial)
    arrays = [np.array(series, dtype=float) for series in every]
    for array in arrays:
        array.flags.writeable = False
    return Sun(*arrays)


def synthetic_weather(
    config: SyntheticWeather, site: Site, index: pd.DatetimeIndex, sun: Sun, seed: int
) -> WeatherYear:
    """Generate a year of weather.

    Air temperature is a yearly harmonic, plus the persistent deviation of each day, plus a daily
    swing that grows with the day's clearness. Global irradiance is the clear-sky irradiance of
    Ineichen and Perez (2002, doi:10.1016/S0038-092X(02)00045-2) times a clear-sky index: a
    persistent Gaussian process with a daily and an hourly part, mapped to the wanted monthly mean.
    The diffuse share follows Erbs et al. (1982, doi:10.1016/0038-092X(82)90302-4).

    Parameters
    ----------
    config : SyntheticWeather
        Climate of the site.
    site : Site
        Used for the altitude.
    index : pandas.DatetimeIndex (8760,)
        Start of each hour.
    sun : Sun
        The sun's position in these hours.
    seed : int
        The same seed gives the same year.
    """
    # PCG64 and its normal variates are named, not left to "default", which numpy may change.
    random = np.random.Generator(np.random.PCG64(seed))
    day_noise = random.standard_normal(DAYS)
    cloud_day_noise = random.standard_normal(DAYS)
    cloud_hour_noise = random.standard_normal(HOURS)

    cloud_day = _persistent(cloud_day_noise, _CLOUD_PERSISTENCE_DAYS)
    cloud_hour = _persistent(cloud_hour_noise, _CLOUD_PERSISTENCE_HOURS)
    clearness = ndtr(
        math.sqrt(_DAY_SHARE) * np.repeat(cloud_day, 24) + math.sqrt(1 - _DAY_SHARE) * cloud_hour
    )
    month = index.month.to_numpy() - 1
    mean_index = np.asarray(config.clear_sky_index)[month]
    # For uniform u the mean of u^(1/b) is b/(1+b): the monthly mean follows without fitting.
    wanted = np.clip((mean_index - _CLOUDIEST) / (1 - _CLOUDIEST), 1e-3, 1 - 1e-3)
    clear_sky_index = _CLOUDIEST + (1 - _CLOUDIEST) * clearness ** ((1 - wanted) / wanted)

    up = sun.zenith_deg < 90
    zenith = np.where(up, sun.zenith_deg, 90.0)
    airmass = pvlib.atmosphere.get_absolute_airmass(
        pvlib.atmosphere.get_relative_airmass(zenith),
        pvlib.atmosphere.alt2pres(site.altitude_m),
    )
    clear = pvlib.clearsky.ineichen(
        zenith,
        airmass,
        np.asarray(config.linke_turbidity)[month],
        altitude=site.altitude_m,
        dni_extra=sun.extraterrestrial_w_m2,
    )
    ghi = np.where(up, np.nan_to_num(np.asarray(clear["ghi"])) * clear_sky_index, 0.0)
    dni, dhi = _split(ghi, sun, index)

    day_of_year = np.arange(HOURS) / 24.0
    season = -np.cos(2 * np.pi * (day_of_year - (config.coldest_day - 0.5)) / DAYS)
    deviation = config.daily_std_k * _persistent(day_noise, config.daily_persistence)
    # Deviations belong to the middle of their day; between them the air changes steadily.
    smooth = np.interp(day_of_year, np.arange(DAYS) + 0.5, deviation)
    day_clearness = np.repeat(clear_sky_index.reshape(DAYS, 24)[:, 8:17].mean(axis=1), 24)
    # ASSUME: the swing is smaller in winter, when fog holds the day's heat back in the Po valley.
    swing = config.diurnal_amplitude_k * (0.35 + 0.65 * day_clearness) * (0.8 + 0.2 * season)
    hour = np.tile(np.arange(24.0), DAYS)
    diurnal = swing * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
    # ASSUME: clear days are warmer than cloudy ones in summer and colder in winter.
    radiation = 3.0 * season * (day_clearness - mean_index)
    temperature = (
        config.mean_temperature_degc
        + config.seasonal_amplitude_k * season
        + smooth
        + diurnal
        + radiation
    ) + spell_shift(config.spells, index)
    # ASSUME: calm air, 1.5 m/s throughout, as is usual in the Po valley.
    wind = np.full(HOURS, 1.5)
    return WeatherYear(index, temperature, ghi, dni, dhi, wind, sun)


def spell_shift(spells: tuple[Spell, ...], index: pd.DatetimeIndex) -> Series:
    """Return what heat waves and cold spells add to the air temperature [K], shape (8760,).

    A spell rises and falls over one day at either end, so that no hour jumps. One that lasts beyond
    the year goes on at its beginning.
    """
    shift = np.zeros(len(index))
    hours = np.arange(len(index))
    for spell in spells:
        first = 24 * (pd.Timestamp(f"{index[0].year}-{spell.start}").day_of_year - 1)
        since = (hours - first) % len(index)
        ramp = np.minimum(since, 24 * spell.days - since) / 24.0
        shift += spell.temperature_shift_k * np.clip(ramp, 0.0, 1.0)
    return shift


def _persistent(noise: Series, persistence: float) -> Series:
    """First-order autoregression with unit variance, driven by standard normal `noise`."""
    values = np.empty_like(noise)
    last = float(noise[0])
    values[0] = last
    gain = math.sqrt(1 - persistence**2)
    for step in range(1, len(noise)):
        last = persistence * last + gain * float(noise[step])
        values[step] = last
    return values


def _split(ghi: Series, sun: Sun, index: pd.DatetimeIndex) -> tuple[Series, Series]:
    """Direct normal and diffuse horizontal irradiance from the global one."""
    parts = pvlib.irradiance.erbs(ghi, np.minimum(sun.zenith_deg, 90.0), index)
    return np.nan_to_num(np.asarray(parts["dni"])), np.nan_to_num(np.asarray(parts["dhi"]))


def _from_file(
    config: WeatherFile, site: Site, folder: Path, index: pd.DatetimeIndex, sun: Sun
) -> WeatherYear:
    path = config.file if config.file.is_absolute() else folder / config.file
    if not path.is_file():
        raise InputError(
            Problem("The weather file does not exist", file=str(path), key="weather.file")
        )
    try:
        if config.source == "epw":
            table, facts = pvlib.iotools.read_epw(_without_leap_day(path))[:2]
            late_h = sunlit_late_h = 0.0  # means of hours in standard time
            _check_zone(facts, site, path)
        else:
            table, facts = pvlib.iotools.read_pvgis_tmy(str(path), map_variables=True)[:2]
            facts = facts.get("inputs", {})
            facts = facts.get("location", facts)
            late_h = site.utc_offset_hours  # in UTC
            sunlit_late_h = late_h - _until_mid_hour_h(facts)
    except (ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError) as error:
        raise InputError(
            Problem(f"Not a weather file of this format: {error}", file=str(path))
        ) from error
    _check_place(facts, site, path)
    if len(table) != HOURS:
        raise InputError(
            Problem(
                f"A weather file needs {HOURS} hours, this one has {len(table)}",
                file=str(path),
                suggestion="Take out 29 February",
            )
        )

    def column(name: str) -> Series:
        if name not in table:
            raise InputError(Problem("The weather file lacks a column", file=str(path), key=name))
        late = sunlit_late_h if name in _SUNLIT else late_h
        whole, part = divmod(late, 1.0)
        values = np.roll(table[name].to_numpy(float), int(whole))
        values = without_gaps(name, values, index, str(path), config.gaps)
        return values + part * (np.roll(values, 1) - values)

    temperature = column("temp_air") + spell_shift(config.spells, index)
    return WeatherYear(
        index, temperature, column("ghi"), column("dni"), column("dhi"), column("wind_speed"), sun
    )


def _until_mid_hour_h(facts: Mapping[str, Any]) -> float:
    """Return how long before the middle of its hour a PVGIS file has the irradiance [h].

    Its satellites see the sun at one instant of the hour, and say at which.
    """
    # ASSUME: a file that does not say when has means of its hours.
    told = [float(facts[key]) for key in _OFFSET_KEYS if key in facts]
    return 0.5 - told[0] if told else 0.0


def _without_leap_day(path: Path) -> io.StringIO:
    """Return an EPW file's text, without a 29 February, which a year of 8,760 hours has not."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    head, hours = lines[:_EPW_HEAD], lines[_EPW_HEAD:]
    kept = [line for line in hours if [f.strip() for f in line.split(",")[1:3]] != ["2", "29"]]
    if len(kept) < len(hours):
        logger.warning("%s: 29 February is left out", path)
    return io.StringIO("".join([*head, *kept]))


def _check_zone(facts: Mapping[str, Any], site: Site, path: Path) -> None:
    """Refuse a file in another time zone: the sun would stand an hour beside the clock."""
    if "TZ" in facts and float(facts["TZ"]) != site.utc_offset_hours:
        raise InputError(
            Problem(
                f"The weather file is in UTC{float(facts['TZ']):+g} h, the site in "
                f"UTC{site.utc_offset_hours:+g} h",
                file=str(path),
                key="site.utc_offset_hours",
                suggestion=f"Write `utc_offset_hours: {float(facts['TZ']):g}` under `site`",
            )
        )


def _check_place(facts: Mapping[str, Any], site: Site, path: Path) -> None:
    """Refuse a weather file from elsewhere: the sun would stand wrong in its sky."""
    if "latitude" not in facts or "longitude" not in facts:
        return
    latitude, longitude = float(facts["latitude"]), float(facts["longitude"])
    distance = max(abs(latitude - site.latitude_deg), abs(longitude - site.longitude_deg))
    if distance > _SAME_PLACE_DEG:
        raise InputError(
            Problem(
                f"The weather file is from {latitude} N, {longitude} E, the site is at "
                f"{site.latitude_deg} N, {site.longitude_deg} E",
                file=str(path),
                key="site",
                suggestion="Give the site the file's coordinates",
            )
        )
