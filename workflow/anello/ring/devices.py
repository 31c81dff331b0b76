"""Devices of the balancing plant: what each can move, from where to where, and what it takes.

An exchanger moves heat between the ring's water and a body of given temperature (groundwater,
outdoor air), downhill only: ``Q ≤ UA·(T_body − T_ring)``. A machine moves it whatever the
temperatures are, and pays for that: a heater with a fixed share of electricity, a chiller with
``1/COP(T_ring, T_air)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.ring.cop_maps import KELVIN
from anello.ring.fluid import HOTTEST_DEGC, heat_above_freezing_kw
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.plant_config import WAY_ENDINGS, ChillerConfig, PlantConfig
from anello.ring.sources import Source
from anello.ring.surroundings import Surroundings

Floats = NDArray[np.float64]


ONE_WAY = {"backup_heater": 1.0, "dry_cooler": -1.0, "chiller": -1.0}
"""Devices with one way, which has their name, and its sign."""


def ways_of(device: str) -> tuple[tuple[str, float], ...]:
    """Return the names of a device's ways in a programme, and their signs: +1 into the ring."""
    if device in ONE_WAY:
        return ((device, ONE_WAY[device]),)
    return tuple(zip((f"{device}{end}" for end in WAY_ENDINGS), (1.0, -1.0), strict=True))


def device_of(way: str) -> tuple[str, float]:
    """Return device and sign of a way; the inverse of `ways_of`."""
    for end, sign in zip(WAY_ENDINGS, (1.0, -1.0), strict=True):
        if way.endswith(end):
            return way.removesuffix(end), sign
    return way, ONE_WAY[way]


@dataclass(frozen=True)
class PlantDevice:
    """One device of the plant over the steps of a run.

    Attributes
    ----------
    name : str
        ``wells``, ``backup_heater``, ``dry_cooler``, ``chiller``, ``borefield``, or a source.
    heating_kw, cooling_kw : float or ndarray, shape (T,)
        Most that it puts into the ring, and takes out of it; 0 where it cannot [kW].
    first : bool
        Whether it balances the ring within its thresholds; the others only defend the bounds.
    body_degc : ndarray, shape (T,), optional
        Temperature on the other side; None for a heater [°C].
    kw_per_k : float or ndarray, shape (T,)
        Conductance of an exchanger; infinite for a machine [kW/K].
    electricity_kwh_per_kwh : float
        Electricity per kWh of heat, unless `chiller` says it [kWh/kWh].
    cost_eur_per_kwh : float
        Other cost per kWh of heat [€/kWh].
    chiller : ChillerConfig, optional
        The machine, when its electricity follows from the temperatures.
    """

    name: str
    heating_kw: float | Floats
    cooling_kw: float | Floats
    first: bool = False
    body_degc: Floats | None = None
    kw_per_k: float | Floats = math.inf
    electricity_kwh_per_kwh: float = 0.0
    cost_eur_per_kwh: float = 0.0
    chiller: ChillerConfig | None = None

    @property
    def is_exchanger(self) -> bool:
        """Whether heat goes through it downhill only."""
        return bool(np.isfinite(self.kw_per_k).all())

    @property
    def ways(self) -> tuple[tuple[str, float, float | Floats], ...]:
        """Its ways in a programme: name, sign of the heat into the ring, most heat [kW]."""
        most = {1.0: self.heating_kw, -1.0: self.cooling_kw}
        return tuple(
            (way, sign, most[sign])
            for way, sign in ways_of(self.name)
            if np.max(most[sign], initial=0.0) > 0
        )

    def electricity(self, ring_degc: Floats) -> tuple[Floats, Floats]:
        """Return electricity per kWh of heat, and its derivative to the water's temperature.

        Parameters
        ----------
        ring_degc : ndarray, shape (T,)
            Water that passes the plant [°C].

        Returns
        -------
        tuple of ndarray, shape (T,)
            Electricity [kWh/kWh] and derivative [kWh/(kWh·K)].
        """
        if self.chiller is None or self.body_degc is None:
            return np.full_like(ring_degc, self.electricity_kwh_per_kwh), np.zeros_like(ring_degc)
        return chiller_electricity(self.chiller, ring_degc, self.body_degc)


def chiller_electricity(
    config: ChillerConfig, ring_degc: Floats, outdoor_degc: Floats
) -> tuple[Floats, Floats]:
    """Return a chiller's electricity per kWh of heat taken from the ring.

    ``1/COP = (T_c − T_e) / (η T_e)`` with ``T_e`` below the water and ``T_c`` above the air by the
    approaches, η the share of Carnot's COP that is reached; the COP is at most `cop_max`.

    Parameters
    ----------
    config : ChillerConfig
        The chiller.
    ring_degc, outdoor_degc : ndarray, shape (T,)
        Water and air [°C].

    Returns
    -------
    tuple of ndarray, shape (T,)
        Electricity [kWh/kWh] and its derivative to the water's temperature [kWh/(kWh·K)].
    """
    cold_k = ring_degc - config.approach_water_k + KELVIN
    warm_k = outdoor_degc + config.approach_air_k + KELVIN
    share = (warm_k - cold_k) / (config.carnot_fraction * cold_k)
    slope = -warm_k / (config.carnot_fraction * cold_k**2)
    least = 1.0 / config.cop_max
    free = share < least
    taken = np.where(free, least, share) + config.fan_kwh_per_kwh
    return taken, np.where(free, 0.0, slope)


def plant_devices(config: PlantConfig | None, around: Surroundings) -> tuple[PlantDevice, ...]:
    """Return the plant's devices, in the order in which they act.

    Parameters
    ----------
    config : PlantConfig or None
        The plant's settings.
    around : Surroundings
        Outdoor air, and the series that sources name.

    Returns
    -------
    tuple of PlantDevice

    Raises
    ------
    InputError
        If a device depends on a temperature or flow that nobody gives.
    """
    if config is None:
        config = PlantConfig()
    wells, heater, cooler = config.wells, config.backup_heater, config.dry_cooler
    chiller = config.chiller
    largest = min(wells.max_kw, wells.conductance_kw_per_k * 100.0)
    well_degc = around.values(wells.well_degc, "ring.plant.wells.well_degc", 0.0, HOTTEST_DEGC)
    given = heat_above_freezing_kw(wells.max_flow_kg_s * WATER_KJ_PER_KGK, well_degc)
    outdoor_degc = around.outdoor_degc
    devices = [_source(name, source, around) for name, source in config.sources.items()]
    devices += [
        PlantDevice(
            "wells",
            heating_kw=np.minimum(largest, given),
            cooling_kw=largest,
            first=True,
            body_degc=well_degc,
            kw_per_k=wells.conductance_kw_per_k,
            electricity_kwh_per_kwh=wells.electricity_kwh_per_kwh,
            cost_eur_per_kwh=wells.cost_eur_per_kwh,
        ),
        PlantDevice(
            "backup_heater",
            heating_kw=heater.max_kw,
            cooling_kw=0.0,
            electricity_kwh_per_kwh=heater.electricity_kwh_per_kwh,
            cost_eur_per_kwh=heater.cost_eur_per_kwh,
        ),
    ]
    air = outdoor_degc
    if cooler.max_kw > 0:
        air = _air(around, cooler.outdoor_degc, "dry_cooler", wet_bulb=cooler.kind == "hybrid")
    devices.append(
        PlantDevice(
            "dry_cooler",
            heating_kw=0.0,
            cooling_kw=cooler.max_kw,
            body_degc=air,
            kw_per_k=cooler.kw_per_k,
            electricity_kwh_per_kwh=cooler.electricity_kwh_per_kwh,
            cost_eur_per_kwh=cooler.cost_eur_per_kwh,
        )
    )
    air = outdoor_degc
    if chiller.max_kw > 0:
        air = _air(around, chiller.outdoor_degc, "chiller")
    devices.append(
        PlantDevice(
            "chiller",
            heating_kw=0.0,
            cooling_kw=chiller.max_kw,
            body_degc=air,
            cost_eur_per_kwh=chiller.cost_eur_per_kwh,
            chiller=chiller,
        )
    )
    devices.append(_borefield(config))
    return tuple(devices)


def _source(name: str, source: Source, around: Surroundings) -> PlantDevice:
    """Return a source as a device."""
    offered = source.exchange(f"ring.plant.sources.{name}", around)
    return PlantDevice(
        name,
        heating_kw=offered.heating_kw,
        cooling_kw=offered.cooling_kw,
        first=True,
        body_degc=offered.body_degc,
        kw_per_k=offered.kw_per_k,
        electricity_kwh_per_kwh=source.electricity_kwh_per_kwh,
        cost_eur_per_kwh=source.cost_eur_per_kwh,
    )


def _borefield(config: PlantConfig) -> PlantDevice:
    """Return the borefield, whose limits and temperature are known only from step to step."""
    field = config.borefield
    if field is None:
        return PlantDevice("borefield", heating_kw=0.0, cooling_kw=0.0)
    return PlantDevice(
        "borefield",
        heating_kw=math.inf,
        cooling_kw=math.inf,
        first=not field.always,
        electricity_kwh_per_kwh=field.electricity_kwh_per_kwh,
        cost_eur_per_kwh=field.cost_eur_per_kwh,
    )


def _air(
    around: Surroundings, constant: float | None, device: str, *, wet_bulb: bool = False
) -> Floats:
    """Return the temperature of the outdoor air: a constant from the settings, else the series."""
    if constant is not None:
        return np.full(around.steps, constant)
    key = f"ring.plant.{device}"
    return around.air(
        "rejects heat to the air, and nothing says how warm the air is",
        key,
        f"give a constant `{key}.outdoor_degc`, or leave the device out",
        wet_bulb=wet_bulb,
    )
