"""Electricity from roofs, with the models of pvlib."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pvlib
from numpy.typing import NDArray

from anello.district.config import Roof
from anello.district.weather import HOURS, WeatherYear

Series = NDArray[np.float64]

_TEMPERATURE_COEFFICIENT_PER_K = -0.0037
_INVERTER_PER_PEAK = 1.0
_ALBEDO = 0.2


def photovoltaics_kw(roofs: Sequence[Roof], weather: WeatherYear) -> Series:
    """Return what the inverters of all roofs can deliver [kW], shape (8760,).

    Irradiance on the plane after Hay and Davies (1980), glass reflection after ASHRAE, module
    temperature after Faiman (2008, doi:10.1002/pip.813), power and inverter after PVWatts version 5
    (Dobos 2014).

    Parameters
    ----------
    roofs : sequence of Roof
        The modules.
    weather : WeatherYear
        The year.
    """
    total = np.zeros(HOURS)
    for roof in roofs:
        total += _roof_kw(roof, weather)
    return total


def _roof_kw(roof: Roof, weather: WeatherYear) -> Series:
    sun = weather.sun
    plane = pvlib.irradiance.get_total_irradiance(
        roof.tilt_deg,
        roof.azimuth_deg,
        sun.zenith_deg,
        sun.azimuth_deg,
        weather.dni_w_m2,
        weather.ghi_w_m2,
        weather.dhi_w_m2,
        dni_extra=sun.extraterrestrial_w_m2,
        albedo=_ALBEDO,
        model="haydavies",
    )
    incidence = pvlib.irradiance.aoi(
        roof.tilt_deg, roof.azimuth_deg, sun.zenith_deg, sun.azimuth_deg
    )
    direct = np.nan_to_num(np.asarray(plane["poa_direct"])) * pvlib.iam.ashrae(incidence)
    irradiance = np.maximum(direct + np.nan_to_num(np.asarray(plane["poa_diffuse"])), 0.0)
    module_degc = pvlib.temperature.faiman(irradiance, weather.temperature_degc, weather.wind_m_s)
    direct_current_kw = pvlib.pvsystem.pvwatts_dc(
        irradiance, module_degc, roof.peak_kw, _TEMPERATURE_COEFFICIENT_PER_K
    ) * (1 - roof.system_losses)
    inverter_kw = roof.inverter_kw or _INVERTER_PER_PEAK * roof.peak_kw
    efficiency = 0.96
    power = pvlib.inverter.pvwatts(direct_current_kw, inverter_kw / efficiency, efficiency)
    return np.asarray(np.nan_to_num(power), dtype=float)
