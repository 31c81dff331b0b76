"""What a district would be without a ring: a machine for each service in each building.

Two ways: air-source heat pumps and air-cooled chillers, or gas boilers and air-cooled chillers.
Loads, weather, roofs and prices are those of the ring's scenarios; there are no tanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anello.district.config import DistrictConfig
from anello.district.cop import RATED_AIR_DEGC, air_cooled_cop, air_source_cop
from anello.district.sizing import heat_pump_kw
from anello.district.synthesis import DistrictSeries

Series = NDArray[np.float64]
Way = Literal["air_source", "gas"]

WAYS: dict[Way, str] = {
    "air_source": "Air-source heat pumps and air-cooled chillers in each building, no ring.",
    "gas": "Gas boilers and air-cooled chillers in each building, no ring.",
}
"""Scenarios without a ring, and what to say of them."""

MACHINES: dict[Way, dict[str, str]] = {
    "air_source": {"dhw": "ashp_dhw", "heating": "ashp_heating", "cooling": "chiller_cooling"},
    "gas": {"dhw": "boiler_dhw", "heating": "boiler_heating", "cooling": "chiller_cooling"},
}
"""Technology by service."""

GAS_SUPPLY = "gas_supply"


def cop_file(service: str) -> str:
    """Return the name of the CSV file with the COP of a building's own machines."""
    return f"cop_air_{service}.csv"


def air_cop(config: DistrictConfig, service: str, air_degc: Series | float) -> Series:
    """Return the COP of the machine that serves one service from the air.

    Parameters
    ----------
    config : DistrictConfig
        The description, with the temperature of the supply.
    service : str
        `dhw`, `heating` or `cooling`.
    air_degc : ndarray, shape (T,), or float
        Outside air [°C].
    """
    supply = config.supply_degc(service)
    at = air_cooled_cop if service == "cooling" else air_source_cop
    return at(air_degc, supply)


def air_machine_kw(
    config: DistrictConfig, service: str, demand_kw: Series, air_degc: Series
) -> float:
    """Return the rated output of a heat pump or chiller that serves the peak at its worst.

    Its compressor takes the electricity that the peak needs at the COP of the coldest hour (of the
    hottest, for a chiller), with the margin of all heat pumps; at the rated air temperature that
    is more heat. It is never less than the peak with its margin.

    Parameters
    ----------
    config : DistrictConfig
        The description.
    service : str
        `dhw`, `heating` or `cooling`.
    demand_kw, air_degc : ndarray, shape (T,)
        Demand [kW] and outside air [°C].

    Returns
    -------
    float
        Output at EN 14511's air temperature [kW].
    """
    worst_degc = air_degc.max() if service == "cooling" else air_degc.min()
    worst = float(air_cop(config, service, worst_degc))
    rated = float(air_cop(config, service, RATED_AIR_DEGC[service]))
    return heat_pump_kw(float(demand_kw.max()) * max(1.0, rated / worst))


def alternative_tables(
    config: DistrictConfig, series: DistrictSeries
) -> dict[str, dict[str, Series]]:
    """Return the hourly COP of machines in the air, by file and location."""
    air = series.weather.temperature_degc
    tables: dict[str, dict[str, Series]] = {}
    for name, place in series.locations.items():
        for service in place.demand_kw:
            if service in RATED_AIR_DEGC:
                column = np.round(air_cop(config, service, air), 4)
                tables.setdefault(cop_file(service), {})[name] = column
    return tables


def alternative_overrides(
    config: DistrictConfig, series: DistrictSeries, ring_techs: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, Any]]:
    """Return the overrides of the model that take the ring away, by scenario.

    Parameters
    ----------
    config, series : DistrictConfig, DistrictSeries
        The description, and its loads and weather.
    ring_techs : mapping of str to iterable of str
        The technologies of each location that only make sense with a ring.

    Returns
    -------
    dict of str to dict
        An override by scenario.
    """
    return {way: _override(way, config, series, ring_techs) for way in WAYS}


def _override(
    way: Way,
    config: DistrictConfig,
    series: DistrictSeries,
    ring_techs: Mapping[str, Iterable[str]],
) -> dict[str, Any]:
    air = series.weather.temperature_degc
    override: dict[str, Any] = {"model.name": f"{config.name}, {way.replace('_', ' ')}"}
    for name, place in series.locations.items():
        techs: dict[str, Any] = {tech: {"exists": False} for tech in ring_techs[name]}
        for service, demand in place.demand_kw.items():
            if service not in RATED_AIR_DEGC:
                continue
            tech = MACHINES[way][service]
            boiler = tech.startswith("boiler_")
            peak = float(demand.max())
            size = heat_pump_kw(peak) if boiler else air_machine_kw(config, service, demand, air)
            techs[tech] = {"constraints": {"energy_cap_equals": size}}
            if boiler:
                techs[GAS_SUPPLY] = None
        if techs:
            override[f"locations.{name}.techs"] = techs
    return override
