"""All hourly series of a district, computed and then fitted to the targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anello.district.buildings import Buildings
from anello.district.calibration import fit
from anello.district.config import DistrictConfig, Location, Site, Tariffs
from anello.district.diversity import shifts_hours
from anello.district.photovoltaics import photovoltaics_kw
from anello.district.profiles import (
    Calendar,
    calendar,
    electricity_kw,
    hot_water_kw,
    process_kw,
)
from anello.district.thermal import heating_and_cooling_kw, occupants, solar_gain_w_per_m2_window
from anello.district.uses import building_uses
from anello.district.weather import HOURS, WeatherYear, weather_year
from anello.errors import InputError, Problem

Series = NDArray[np.float64]

_CLIPPED_SHARE = 0.02
"""Share of a target for photovoltaics that an inverter's limit may take without a word."""

SERVICES = ("dhw", "heating", "cooling", "electricity")


@dataclass(frozen=True)
class LocationSeries:
    """What one location needs and can generate.

    Parameters
    ----------
    demand_kw : dict
        For each service that occurs, the demand >= 0 [kW], shape (8760,).
    photovoltaics_kw : ndarray (8760,) or None
        Available electricity of all its roofs [kW].
    """

    demand_kw: Mapping[str, Series] = field(default_factory=dict)
    photovoltaics_kw: Series | None = None


@dataclass(frozen=True)
class DistrictSeries:
    """All series of a district.

    Parameters
    ----------
    weather : WeatherYear
        The weather behind them.
    locations : dict
        Series by location.
    """

    weather: WeatherYear
    locations: Mapping[str, LocationSeries]

    @property
    def index(self) -> pd.DatetimeIndex:
        """Start of each hour."""
        return self.weather.index


def synthesise(config: DistrictConfig) -> DistrictSeries:
    """Compute the hourly series of a district.

    Raises
    ------
    InputError
        If a weather file cannot be used, or a target cannot be met.
    """
    # A spell must change the demand, so the fit is found in the year without spells and applied to
    # both.
    weather = weather_year(config)
    days = calendar(weather.index, config.site)
    computed = _computed(config, weather, days)
    reference = computed
    if config.weather.spells:
        plain = config.model_copy(
            update={"weather": config.weather.model_copy(update={"spells": ()})}
        )
        reference = _computed(config, weather_year(plain), days)
    fitted = {
        name: _fitted(name, place, computed[name], reference[name])
        for name, place in config.locations.items()
    }
    return DistrictSeries(weather, fitted)


def _computed(
    config: DistrictConfig, weather: WeatherYear, days: Calendar
) -> dict[str, LocationSeries]:
    glass = solar_gain_w_per_m2_window(weather)
    found = {}
    for name, place in config.locations.items():
        demand = {service: np.zeros(HOURS) for service in SERVICES}
        shifts = shifts_hours(place.buildings, name, config.diversity_hours, config.seed)
        for group, counts in zip(place.buildings, shifts, strict=True):
            for hours, count in counts.items():
                own_days = days.later(hours) if hours else days
                like = group.model_copy(update={"count": count})
                for service, kw in _group_kw(like, weather, glass, own_days, config.site).items():
                    demand[service] += kw
        power = photovoltaics_kw(place.roofs, weather) if place.roofs else None
        found[name] = LocationSeries({s: kw for s, kw in demand.items() if kw.any()}, power)
    return found


def _group_kw(
    group: Buildings, weather: WeatherYear, glass_w_m2: Series, days: Calendar, site: Site
) -> dict[str, Series]:
    """Return what a group of like buildings needs, by service [kW]."""
    use = building_uses()[group.use]
    heating, cooling = heating_and_cooling_kw(group, weather, glass_w_m2, days, site)
    demand = {"heating": heating, "cooling": cooling}
    electricity, _, process_heat = process_kw(group.use, group.floor_area_m2, days)
    by_default = use.hot_water is not None and use.hot_water.by_default
    if group.hot_water if group.hot_water is not None else by_default:
        demand["dhw"] = group.count * (
            hot_water_kw(group.use, occupants(group), days, weather.temperature_degc) + process_heat
        )
    if group.appliances is not False:
        demand["electricity"] = group.count * (
            electricity_kw(group.use, group.floor_area_m2, weather.ghi_w_m2, days) + electricity
        )
    return demand


def _fitted(
    name: str, place: Location, computed: LocationSeries, reference: LocationSeries
) -> LocationSeries:
    targets = place.targets
    demand = {
        service: fit(
            kw,
            getattr(targets, service),
            f"{name}.{service}",
            reference_kw=reference.demand_kw.get(service, kw),
        )
        for service, kw in computed.demand_kw.items()
    }
    power = computed.photovoltaics_kw
    if power is not None:
        fitted = fit(
            power, targets.photovoltaics, f"{name}.photovoltaics", reference.photovoltaics_kw
        )
        power = np.minimum(fitted, sum(roof.peak_kw for roof in place.roofs))
        _refuse_clipped(name, place, fitted, power)
    return LocationSeries(demand, power)


def _refuse_clipped(name: str, place: Location, fitted: Series, power: Series) -> None:
    """Refuse a target for photovoltaics that their nameplate power does not let them meet."""
    wanted, given = float(fitted.sum()), float(power.sum())
    if place.targets.photovoltaics is not None and given < (1.0 - _CLIPPED_SHARE) * wanted:
        raise InputError(
            Problem(
                f"the roofs' {sum(roof.peak_kw for roof in place.roofs):g} kW let through "
                f"{given / 1000:.1f} of the {wanted / 1000:.1f} MWh wanted",
                key=f"targets.{name}.photovoltaics",
                suggestion="Check the target's unit (MWh, not kWh), or the roofs' `peak_kw`",
            )
        )


def mean_price_eur_per_kwh(config: DistrictConfig, index: pd.DatetimeIndex) -> float:
    """Return the flat price of electricity, or the mean of its bands over some hours [EUR/kWh]."""
    flat = config.tariffs.flat_eur_per_kwh
    if flat is not None:
        return flat
    return round(float(time_of_use_eur_per_kwh(config.tariffs, index, config.site).mean()), 4)


def time_of_use_eur_per_kwh(tariffs: Tariffs, index: pd.DatetimeIndex, site: Site) -> Series:
    """Return the three-band price of each hour [EUR/kWh], in the bands of the Italian regulator."""
    days = calendar(index, site)
    workday = ~days.free
    saturday = (days.weekday == 5) & ~days.holiday
    peak = workday & (days.hour >= 8) & (days.hour < 19)
    shoulder = (workday | saturday) & (days.hour >= 7) & (days.hour < 23) & ~peak
    bands = (tariffs.peak_eur_per_kwh, tariffs.shoulder_eur_per_kwh, tariffs.offpeak_eur_per_kwh)
    high, middle, low = (float(band) for band in bands if band is not None)
    price: Series = np.select([peak, shoulder], [high, middle], low)
    return price
