"""Heating and cooling of a building: the 5R1C model of EN ISO 13790, annex C.

Air, surfaces and mass are three nodes in a net of five resistances, of which only the mass stores
heat (the one capacity). Ventilation joins the air with the outside, windows join the surfaces with
it, and opaque walls join the mass with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pvlib
from numpy.typing import NDArray

from anello.district.buildings import Buildings
from anello.district.climate import Site
from anello.district.envelopes import ENVELOPES, Envelope
from anello.district.profiles import Calendar, electricity_kw, presence, process_kw
from anello.district.seasons import heated_and_cooled
from anello.district.uses import Comfort, Floor, Open, building_uses
from anello.district.weather import HOURS, WeatherYear

Series = NDArray[np.float64]


_AIR_WH_M3K = 0.34
_MASS_AREA_M2_PER_M2 = 2.5  # effective mass area, medium class, per floor area
_SURFACE_AREA_M2_PER_M2 = 4.5  # all surfaces facing the room, per floor area
_MASS_KJ_M2K = 165.0  # heat capacity, medium class, per floor area
_SURFACE_AIR_W_M2K = 3.45
_SURFACE_MASS_W_M2K = 9.1
_WINDOW_AZIMUTHS_DEG = (0.0, 90.0, 180.0, 270.0)
_ALBEDO = 0.2


@dataclass(frozen=True)
class Setpoints:
    """Room temperatures that the plant holds, hour by hour.

    Parameters
    ----------
    heating_degc, cooling_degc : ndarray (8760,)
        Lower and upper limit [degC]; minus and plus infinity where the plant is off.
    """

    heating_degc: Series
    cooling_degc: Series


def setpoints(
    group: Buildings, days: Calendar, heated: NDArray[np.bool_], cooled: NDArray[np.bool_]
) -> Setpoints:
    """Return the set points of a group: those of its use with people in, set back without.

    Outside the hours in which buildings may be heated or cooled there is no limit; some uses are
    cooled all year. Before the hours of use the plant comes up in a ramp.
    """
    comfort = building_uses()[group.use].comfort
    if comfort.cooled_all_year:
        cooled = np.full(HOURS, True)
    ready = _readiness(comfort, days)
    rise = comfort.heating_degc - comfort.heating_setback_degc
    fall = comfort.cooling_setback_degc - comfort.cooling_degc
    heating = comfort.heating_setback_degc + rise * ready
    cooling = comfort.cooling_setback_degc - fall * ready
    return Setpoints(np.where(heated, heating, -np.inf), np.where(cooled, cooling, np.inf))


def _readiness(comfort: Comfort, days: Calendar) -> Series:
    """Return how far the room is between setback and comfort, hour by hour [-]."""

    def of_day(hours: Open | None) -> Series:
        if hours is None:
            return np.zeros(HOURS)
        start, end = hours
        if comfort.ramp_hours:
            begin = start - comfort.ramp_hours
            ready = np.clip((days.hour - begin) / comfort.ramp_hours, 0.0, 1.0)
        else:
            ready = np.where(days.hour >= start, 1.0, 0.0)
        return np.where(days.hour < end, ready, 0.0)

    saturday = (days.weekday == 5) & ~days.holiday
    on_free_days = np.where(saturday, of_day(comfort.saturday), of_day(comfort.sunday))
    return np.where(days.free, on_free_days, of_day(comfort.workday))


def solar_gain_w_per_m2_window(weather: WeatherYear) -> Series:
    """Return the irradiance on vertical glass, mean of the four cardinal directions [W/m2]."""
    sun = weather.sun
    total = np.zeros(HOURS)
    for azimuth in _WINDOW_AZIMUTHS_DEG:
        plane = pvlib.irradiance.get_total_irradiance(
            90.0,
            azimuth,
            sun.zenith_deg,
            sun.azimuth_deg,
            weather.dni_w_m2,
            weather.ghi_w_m2,
            weather.dhi_w_m2,
            albedo=_ALBEDO,
        )
        total += np.nan_to_num(np.asarray(plane["poa_global"]))
    return total / len(_WINDOW_AZIMUTHS_DEG)


def heating_and_cooling_kw(
    group: Buildings, weather: WeatherYear, window_w_m2: Series, days: Calendar, site: Site
) -> tuple[Series, Series]:
    """Return the useful heating and cooling of a group of buildings [kW], both >= 0, shape (8760,).

    The plant is ideal: it supplies just what keeps the room air at the set point. The year is run
    twice, so that it starts with the mass temperature at which it ends.

    Parameters
    ----------
    group : Buildings
        The buildings.
    weather : WeatherYear
        The year.
    window_w_m2 : ndarray (8760,)
        Irradiance on the glass, from `solar_gain_w_per_m2_window`.
    days : Calendar
        The year's kinds of day.
    site : Site
        With the season in which buildings may be heated.
    """
    heated, cooled = heated_and_cooled(site, weather.temperature_degc, days.day_of_year)
    limits = setpoints(group, days, heated, cooled)
    use = building_uses()[group.use]
    people = occupants(group) * presence(group.use, days)
    room = _Room.of(group, _air_w_per_k(group, people, days, weather.temperature_degc))
    # Electricity ends as heat in the room whether or not the model meters it.
    internal_w = 1000 * electricity_kw(group.use, group.floor_area_m2, weather.ghi_w_m2, days)
    internal_w = internal_w + use.people.w_per_person * people
    if use.process is not None:
        internal_w = internal_w + 1000 * process_kw(group.use, group.floor_area_m2, days)[1]
    solar_w = room.window_area_m2 * room.envelope.solar_share * window_w_m2
    power_w = _run(room, weather.temperature_degc, internal_w, solar_w, limits)
    heating = np.maximum(power_w, 0.0) * group.count / 1000.0
    cooling = np.maximum(-power_w, 0.0) * group.count / 1000.0
    return heating, cooling


def occupants(group: Buildings) -> float:
    """Return the people in one building of a group."""
    if group.occupants is not None:
        return group.occupants
    per_person = building_uses()[group.use].people.m2_per_person
    return 0.0 if per_person is None else group.floor_area_m2 / per_person


def _hull_m2(floor_area_m2: float, floor: Floor) -> float:
    """Return the outer area of a compact block: walls and roof, and half of the ground slab.

    The larger the building, the more storeys: one per 10 m of the side that its floor area would
    have in one storey, at most what its use has. Its outline is 1.3 times that of a square.
    """
    storeys = max(floor.storeys_at_least, round(math.sqrt(floor_area_m2) / 10.0))
    storeys = min(floor.storeys_at_most, storeys)
    footprint = floor_area_m2 / storeys
    walls = 1.3 * 4.0 * math.sqrt(footprint) * storeys * floor.storey_m
    return walls + 1.5 * footprint


def _air_w_per_k(
    group: Buildings, people: Series, days: Calendar, outside_degc: Series
) -> float | Series:
    """Return the conductance of the air that comes in: of a constant change, or by use and hour."""
    use, envelope = building_uses()[group.use], ENVELOPES[group.insulation]
    area, height = group.floor_area_m2, use.floor.storey_m
    if use.ventilation is None:
        return _AIR_WH_M3K * envelope.air_changes_per_hour * area * height
    air = use.ventilation
    in_use = np.floor(_readiness(use.comfort, days))
    fresh = air.m3_per_h_person * people + air.m3_per_h_m2 * area * in_use
    recovered = np.where(outside_degc < air.bypass_degc, envelope.heat_recovery, 0.0)
    leaks = envelope.leakage_per_hour * area * height
    return np.asarray(_AIR_WH_M3K * (leaks + fresh * (1.0 - recovered)))


@dataclass(frozen=True)
class _Room:
    """The conductances [W/K] and the capacity [Wh/K] of one building seen as one room."""

    envelope: Envelope
    window_area_m2: float
    air: float | Series
    windows: float
    surface_air: float
    mass_surface: float
    mass_outside: float
    capacity_wh_k: float
    mass_share: float
    surface_share: float

    @classmethod
    def of(cls, group: Buildings, air_w_per_k: float | Series) -> _Room:
        floor = building_uses()[group.use].floor
        envelope = ENVELOPES[group.insulation]
        area = group.floor_area_m2
        window = area * (group.window_area_m2_per_m2 or floor.window_area_m2_per_m2)
        wall = (
            area * group.envelope_area_m2_per_m2
            if group.envelope_area_m2_per_m2
            else (max(_hull_m2(area, floor) - window, 0.1 * area))
        )
        mass_area = _MASS_AREA_M2_PER_M2 * area
        surfaces = _SURFACE_AREA_M2_PER_M2 * area
        mass_surface = _SURFACE_MASS_W_M2K * mass_area
        walls = envelope.opaque_w_m2k * wall
        windows = envelope.window_w_m2k * window
        return cls(
            envelope=envelope,
            window_area_m2=window,
            air=air_w_per_k,
            windows=windows,
            surface_air=_SURFACE_AIR_W_M2K * surfaces,
            mass_surface=mass_surface,
            mass_outside=1.0 / (1.0 / walls - 1.0 / mass_surface),
            capacity_wh_k=_MASS_KJ_M2K * area / 3.6,
            mass_share=mass_area / surfaces,
            surface_share=1.0 - mass_area / surfaces - windows / (_SURFACE_MASS_W_M2K * surfaces),
        )


def _run(
    room: _Room, outside_degc: Series, internal_w: Series, solar_w: Series, limits: Setpoints
) -> Series:
    """Step through the year; positive power heats, negative power cools [W]."""
    air_gain = 0.5 * internal_w
    other_gain = 0.5 * internal_w + solar_w
    mass_gain = room.mass_share * other_gain
    surface_gain = room.surface_share * other_gain

    # Eliminating air and surface leaves one equation for the mass (annex C.3, steady in air and
    # surface).
    series_air = room.air * room.surface_air / (room.air + room.surface_air)  # H_tr,1
    side = series_air + room.windows  # H_tr,2
    coupled = side * room.mass_surface / (side + room.mass_surface)  # H_tr,3
    divisor_plus = room.capacity_wh_k + 0.5 * (coupled + room.mass_outside)
    divisor_minus = room.capacity_wh_k - 0.5 * (coupled + room.mass_outside)
    surface_sum = room.mass_surface + room.windows + series_air
    air_sum = room.surface_air + room.air

    def driver(power: Series | float) -> Series:
        """Return what moves the mass besides its own temperature [W]."""
        inner = surface_gain + room.windows * outside_degc
        inner = inner + series_air * ((air_gain + power) / room.air + outside_degc)
        return np.asarray(mass_gain + room.mass_outside * outside_degc + coupled * inner / side)

    def air_offset(power: Series | float) -> Series:
        """Return the air temperature but for the mass's part in it [degC]."""
        surface = surface_gain + room.windows * outside_degc
        surface = (
            surface + series_air * (outside_degc + (air_gain + power) / room.air)
        ) / surface_sum
        air = (room.surface_air * surface + room.air * outside_degc + air_gain + power) / air_sum
        return np.asarray(air)

    mass_to_air = room.mass_surface / surface_sum * room.surface_air / air_sum
    free_driver, free_air = driver(0.0), air_offset(0.0)
    driver_per_w = driver(1.0) - free_driver
    air_per_w = air_offset(1.0) - free_air
    if np.ndim(room.air) == 0:  # one watt has the same effect in each hour
        driver_per_w, air_per_w = driver_per_w[0], air_per_w[0]
    # One watt also shows in the air through the mass's mean temperature of the hour.
    response = air_per_w + mass_to_air * 0.5 * driver_per_w / divisor_plus
    keep = 0.5 * (1.0 + divisor_minus / divisor_plus)
    columns = (
        free_driver, free_air, limits.heating_degc, limits.cooling_degc, mass_to_air, keep,
        0.5 * free_driver / divisor_plus, response, driver_per_w, divisor_plus, divisor_minus,
    )  # fmt: skip
    return _stepped([np.broadcast_to(column, HOURS).tolist() for column in columns])


def _stepped(columns: list[list[float]]) -> Series:
    """Step through the year twice, and return the second year's power [W].

    The mass forgets how warm it began: once it is as warm as in the year before, so is the rest.
    """
    power = [0.0] * HOURS
    year_before = [math.nan] * HOURS
    mass = 20.0
    for _ in range(2):
        rows = zip(*columns, strict=True)
        for step, row in enumerate(rows):
            if mass == year_before[step]:
                break
            year_before[step] = mass
            drive, air0, low, high, mass_to_air, keep, half, response, per_w, plus, minus = row
            air = air0 + mass_to_air * (keep * mass + half)
            watts = 0.0
            if air < low:
                watts = (low - air) / response
            elif air > high:
                watts = (high - air) / response
            power[step] = watts
            mass = (mass * minus + drive + per_w * watts) / plus
    return np.asarray(power)
