"""Sizes of the balancing plant, where a description leaves them open: from the district's loads.

The plant must hold the ring through the worst days. What it has to move is the smallest constant
power with which the ring's own water bridges the rest:
``P = max over windows of L hours of (Σ q − B)/L``, where q is the net heat into (or out of) the
ring and B what its water holds between the middle and a bound. Wells come first, then boreholes;
heater and chiller take what those cannot at the bound, the heater less what a central heat pump
gives in the coldest hour; a dry cooler is sized for the whole cooling load, at a rated approach.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.district.boreholes import FieldSize, Need, field_size
from anello.district.config import DistrictConfig
from anello.district.equipment import Loop
from anello.errors import InputError, Problem
from anello.ring.fluid import Water, coldest_degc, ring_medium
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.machines import heat_pump_most_kw
from anello.ring.plant import passing
from anello.ring.plant_config import CentralHeatPumpConfig

Series = NDArray[np.float64]

WINDOW_H = 168
MARGIN = 1.2
"""Reserve on a size that is found here [-]."""
APPROACH_K = 8.0
"""Rated difference between ring and air of a dry cooler [K]."""


LEAST_WATER_KG = 100.0
"""Water of a ring that nothing takes heat from [kg]."""
PEAK_K_PER_H = 1.0
"""Change of the water by the peak of all heat pumps, where its mass is left open [K/h]."""


@dataclass(frozen=True)
class PlantSizes:
    """Sizes of a district's plant.

    Attributes
    ----------
    well_flow_kg_s : float
        Largest flow of well water [kg/s].
    borefield : FieldSize or None
        Boreholes, if there are any.
    central_heat_pump_kw, backup_heater_kw, dry_cooler_kw, chiller_kw : float
        Largest heat; 0 for none [kW].
    dry_cooler_kw_per_k : float
        Conductance of the dry cooler [kW/K].
    heating_kw, cooling_kw : float
        What the plant must be able to put into the ring and take out of it [kW].
    """

    well_flow_kg_s: float
    borefield: FieldSize | None
    central_heat_pump_kw: float
    backup_heater_kw: float
    dry_cooler_kw: float
    dry_cooler_kw_per_k: float
    chiller_kw: float
    heating_kw: float
    cooling_kw: float


def heat_pump_kw(peak_kw: float) -> float:
    """Return the power of a machine for a peak: 15 % above it, in steps of 10 kW [kW]."""
    return 10.0 * math.ceil(1.15 * peak_kw / 10.0)


def net_heat_kw(demand_kw: Mapping[str, Mapping[str, Series]], cop: Mapping[str, float]) -> Series:
    """Return the heat that the heat pumps put into the ring.

    Parameters
    ----------
    demand_kw : mapping of str to mapping of str to ndarray, shape (T,)
        Demand by location and service [kW].
    cop : mapping of str to float
        COP by service [-].

    Returns
    -------
    ndarray, shape (T,)
        Positive where cooling prevails [kW].
    """
    total: Series = np.zeros(1)
    for services in demand_kw.values():
        for service, kw in services.items():
            if service == "cooling":
                total = total + kw * (1.0 + 1.0 / cop[service])
            elif service in cop:
                total = total - kw * (1.0 - 1.0 / cop[service])
    return total


def needed_kw(heat_kw: Series, held_kwh: float) -> float:
    """Return the smallest constant power with which a store of given size bridges a load.

    Parameters
    ----------
    heat_kw : ndarray, shape (T,)
        Hourly load; only its positive part has to be met [kW].
    held_kwh : float
        Size of the store [kWh].
    """
    running = np.concatenate([[0.0], np.cumsum(heat_kw)])
    lengths = np.arange(1, min(WINDOW_H, len(heat_kw)) + 1)
    most = [float((running[n:] - running[:-n]).max() - held_kwh) / n for n in lengths]
    return max(0.0, *most)


def water_kg(loop: Loop, net_kw: Series) -> float:
    """Return the water in the ring: as described, or from the loads [kg].

    Parameters
    ----------
    loop : Loop
        The ring of the description.
    net_kw : ndarray, shape (T,)
        Net heat of the heat pumps into the ring [kW].
    """
    if loop.water_mass_kg is not None:
        return loop.water_mass_kg
    # ASSUME: a ring whose pipes are not known holds enough for its temperature of an hour's start
    # to be that of the hour; a district of small loads has little water to live on.
    fluid = ring_medium(loop.fluid, (loop.temperature_min_degc, loop.temperature_max_degc))
    peak_kw = float(np.abs(net_kw).max(initial=0.0))
    return max(_rounded(3600.0 * peak_kw / (fluid.kj_per_kgk * PEAK_K_PER_H)), LEAST_WATER_KG)


def plant_sizes(config: DistrictConfig, net_kw: Series, outdoor_degc: Series) -> PlantSizes:
    """Return the sizes of the plant: those described, and from the loads what is left open.

    Parameters
    ----------
    config : DistrictConfig
        The description.
    net_kw : ndarray, shape (T,)
        Net heat of the heat pumps into the ring [kW].
    outdoor_degc : ndarray, shape (T,)
        Air that a central heat pump takes heat from [°C].

    Raises
    ------
    InputError
        If wells are to be sized whose temperature is not between the ring's bounds.
    """
    loop, wells, plant = config.loop, config.wells, config.plant
    low, high = loop.temperature_min_degc, loop.temperature_max_degc
    fluid = ring_medium(loop.fluid, (low, high))
    held_kwh = water_kg(loop, net_kw) * fluid.kj_per_kgk / 3600.0 * (high - low) / 2.0
    heating = MARGIN * needed_kw(-net_kw, held_kwh)
    cooling = MARGIN * needed_kw(net_kw, held_kwh)
    above, below = wells.temperature_degc - low, high - wells.temperature_degc
    # Well water returns above freezing, however cold the ring is.
    above = min(above, (wells.temperature_degc - coldest_degc(Water())) / wells.effectiveness)
    per_flow = wells.effectiveness * WATER_KJ_PER_KGK
    flow = wells.flow_kg_per_s
    if flow is None:
        if min(above, below) <= 0:
            raise InputError(
                Problem(
                    f"wells at {wells.temperature_degc:g} °C cannot hold a ring between {low:g} "
                    f"and {high:g} °C",
                    key="wells.flow_kg_per_s",
                    suggestion="Say their flow, or 0 for none",
                )
            )
        flow = _rounded(max(heating / above, cooling / below) / per_flow)
    by_wells = per_flow * flow
    warmth = heating - by_wells * max(above, 0.0)
    coolness = cooling - by_wells * max(below, 0.0)
    field = _borefield(config, net_kw, warmth, outdoor_degc)
    if field is not None:
        warmth, coolness = warmth - field.heating_kw, coolness - field.cooling_kw
    pump = _heat_pump_kw(config, warmth)
    heater = _left(plant.backup_heater_kw, warmth - _in_coldest_hour_kw(pump, outdoor_degc))
    chiller = _left(plant.chiller_kw, coolness)
    cooler = _left(plant.dry_cooler_kw, cooling)
    return PlantSizes(
        well_flow_kg_s=flow,
        borefield=field,
        central_heat_pump_kw=pump,
        backup_heater_kw=heater,
        dry_cooler_kw=cooler,
        dry_cooler_kw_per_k=_rounded(cooler / APPROACH_K),
        chiller_kw=chiller,
        heating_kw=heating,
        cooling_kw=cooling,
    )


def line_temperatures_degc(loop: Loop, spread_k: float) -> tuple[float, float]:
    """Return the temperatures to which a plant brings the warm and the cold line of a tree [°C].

    They lie about the temperature at which the ring starts.

    Parameters
    ----------
    loop : Loop
        The ring's temperatures.
    spread_k : float
        Difference between the lines [K].

    Raises
    ------
    InputError
        If they do not fit between the ring's bounds.
    """
    middle, half = loop.initial_temperature_degc, spread_k / 2.0
    low, high = loop.temperature_min_degc, loop.temperature_max_degc
    if not low <= middle - half < middle + half <= high:
        raise InputError(
            Problem(
                f"two lines {spread_k:g} K apart about {middle:g} °C, at which the ring starts, do "
                f"not fit between its bounds, {low:g} and {high:g} °C",
                key="--spread_k",
                value=spread_k,
                suggestion="Give less, or other temperatures in --description: "
                "loop.initial_temperature_degc, temperature_min_degc, temperature_max_degc",
            )
        )
    return middle + half, middle - half


def network_plant(
    config: DistrictConfig, net_kw: Series, spread_k: float, outdoor_degc: Series
) -> dict[str, dict[str, float]]:
    """Return the sizes of a plant that holds a network within the ring's bounds, as far as open.

    All water of two lines, or of a loop, passes the plant with ``ṁc = Q/ΔT`` in the worst hour, and
    no water is there to bridge an hour. In winter it comes at the lower bound, and wells give
    ``Q = ṁc·(1 − exp(−UA/(ṁc)))·(T_well − T_low)``, so that ``UA = ṁc·ln(1/(1 − ΔT/(T_well −
    T_low)))``; in summer at the upper one. Where the wells' flow is told, boreholes, heater and
    chiller take what is left, and before the heater a central heat pump, if there is one.

    Parameters
    ----------
    config : DistrictConfig
        The description.
    net_kw : ndarray, shape (T,)
        Net heat of the heat pumps into the network [kW].
    spread_k : float
        Difference between the lines, or by which a loop's water is cooled or warmed on its way
        around, ΔT [K].
    outdoor_degc : ndarray, shape (T,)
        Air that a central heat pump takes heat from [°C].

    Returns
    -------
    dict
        What the description does not say yet, by its sections: `wells.flow_kg_per_s`, or
        `boreholes.count`, `plant.central_heat_pump_kw`, `plant.backup_heater_kw` and
        `plant.chiller_kw`.

    Raises
    ------
    InputError
        If wells are to be sized that cannot do it.
    """
    loop, wells, plant = config.loop, config.wells, config.plant
    per_flow = wells.effectiveness * WATER_KJ_PER_KGK
    low, high = loop.temperature_min_degc, loop.temperature_max_degc
    needs = {
        "backup_heater_kw": (float((-net_kw).max()), wells.temperature_degc - low),
        "chiller_kw": (float(net_kw.max()), high - wells.temperature_degc),
    }
    if wells.flow_kg_per_s is not None:
        left: dict[str, float] = {}
        needed_by: dict[str, float] = {}
        for name, (kw, driving_k) in needs.items():
            by_wells = passing(per_flow * wells.flow_kg_per_s, max(kw, 0.0) / spread_k)
            needed_by[name] = MARGIN * max(kw - by_wells * max(driving_k, 0.0), 0.0)
        field = _borefield(config, net_kw, needed_by["backup_heater_kw"], outdoor_degc)
        if field is not None:
            needed_by["backup_heater_kw"] -= field.heating_kw
            needed_by["chiller_kw"] -= field.cooling_kw
        for name, needed in needed_by.items():
            if name == "backup_heater_kw":
                pump = _heat_pump_kw(config, needed)
                if isinstance(plant.central_heat_pump_kw, str):
                    left["central_heat_pump_kw"] = pump
                needed -= _in_coldest_hour_kw(pump, outdoor_degc)
            size = _rounded(needed)
            if getattr(plant, name) is None and size:
                left[name] = size
        sizes: dict[str, dict[str, float]] = {"plant": left} if left else {}
        if field is not None:
            sizes["boreholes"] = {"count": field.count}
        return sizes
    conductance = 0.0
    for kw, driving_k in needs.values():
        if kw <= 0.0:
            continue
        if spread_k >= driving_k:
            raise InputError(_too_far_apart(config, spread_k, driving_k))
        conductance = max(conductance, kw / spread_k * -math.log1p(-spread_k / driving_k))
    return {"wells": {"flow_kg_per_s": _rounded(MARGIN * conductance / per_flow)}}


def _too_far_apart(config: DistrictConfig, spread_k: float, driving_k: float) -> Problem:
    loop = config.loop
    low, high = loop.temperature_min_degc, loop.temperature_max_degc
    less = f"Give less than {driving_k:g}, or say" if driving_k > 0.0 else "Say"
    return Problem(
        f"wells at {config.wells.temperature_degc:g} °C cannot hold water that differs by "
        f"{spread_k:g} K between {low:g} and {high:g} °C: what they bring to their own temperature "
        "at best comes back beyond a bound",
        key="--spread_k",
        value=spread_k,
        suggestion=f"{less} in --description the wells' flow (wells.flow_kg_per_s, 0 for none; "
        "heater and chiller do the rest) or wider bounds (loop.temperature_min_degc, "
        "loop.temperature_max_degc)",
    )


def _borefield(
    config: DistrictConfig, net_kw: Series, heating_kw: float, outdoor_degc: Series
) -> FieldSize | None:
    """Return the boreholes of a description, for the heat that wells do not give."""
    if config.boreholes is None:
        return None
    need = Need(config.loop, net_kw, max(heating_kw, 0.0), float(outdoor_degc.mean()))
    return field_size(config.boreholes, need)


def _heat_pump_kw(config: DistrictConfig, needed_kw: float) -> float:
    """Return the power of the central heat pump: as described, or what wells cannot give [kW]."""
    told = config.plant.central_heat_pump_kw
    return _rounded(needed_kw) if isinstance(told, str) else told


def _in_coldest_hour_kw(max_kw: float, outdoor_degc: Series) -> float:
    """Return what a central heat pump gives in the coldest hour [kW]."""
    pump = CentralHeatPumpConfig(max_kw=max_kw)
    return float(heat_pump_most_kw(pump, outdoor_degc).min())


def _left(described: float | None, needed: float) -> float:
    """Return a size as described, or what is needed, rounded up."""
    return _rounded(max(needed, 0.0)) if described is None else described


def _rounded(value: float) -> float:
    """Round up to two digits."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.round(np.ceil(value / unit - 1e-9) * unit, 6))
