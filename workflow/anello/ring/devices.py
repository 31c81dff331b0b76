"""Devices of the balancing plant: what each can move, from where to where, and what it takes.

An exchanger moves heat between the ring's water and a body of given temperature (groundwater,
outdoor air), downhill only: ``Q ≤ UA·(T_body − T_ring)``. A machine moves it whatever the
temperatures are, and pays for that: a heater with a fixed share of electricity, a heat pump or a
chiller with ``1/COP(T_ring, T_body)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anello.ring.fluid import HOTTEST_DEGC, heat_above_freezing_kw
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.machines import chiller_electricity, heat_pump_electricity, heat_pump_most_kw
from anello.ring.plant_config import (
    WAY_ENDINGS,
    CentralHeatPumpConfig,
    ChillerConfig,
    DryCoolerConfig,
    PlantConfig,
)
from anello.ring.sources import Source
from anello.ring.surroundings import Surroundings

Floats = NDArray[np.float64]
Machine = Callable[[Floats, Floats], tuple[Floats, Floats]]


ONE_WAY = {"central_heat_pump": 1.0, "backup_heater": 1.0, "dry_cooler": -1.0, "chiller": -1.0}
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
        One of `PLANT_DEVICES`, or a source.
    heating_kw, cooling_kw : float or ndarray, shape (T,)
        Most that it puts into the ring, and takes out of it; 0 where it cannot [kW].
    first : bool
        Whether it balances the ring within its thresholds; the others only defend the bounds.
    body_degc : ndarray, shape (T,), optional
        Temperature on the other side; None for a heater [°C].
    kw_per_k : float or ndarray, shape (T,)
        Conductance of an exchanger; infinite for a machine [kW/K].
    electricity_kwh_per_kwh : float
        Electricity per kWh of heat, unless `machine` says it [kWh/kWh].
    cost_eur_per_kwh : float
        Other cost per kWh of heat [€/kWh].
    machine : callable, optional
        Of the water's temperature and of `body_degc`, each of shape (T,) [°C]: electricity per kWh
        of heat [kWh/kWh] and its derivative to the water [kWh/(kWh·K)], where these follow from the
        temperatures.
    """

    name: str
    heating_kw: float | Floats
    cooling_kw: float | Floats
    first: bool = False
    body_degc: Floats | None = None
    kw_per_k: float | Floats = math.inf
    electricity_kwh_per_kwh: float = 0.0
    cost_eur_per_kwh: float = 0.0
    machine: Machine | None = None

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
        if self.machine is None or self.body_degc is None:
            return np.full_like(ring_degc, self.electricity_kwh_per_kwh), np.zeros_like(ring_degc)
        return self.machine(ring_degc, self.body_degc)


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
    devices = [_source(name, source, around) for name, source in config.sources.items()]
    devices += [
        _wells(config, around),
        _central_heat_pump(config.central_heat_pump, around),
        PlantDevice(
            "backup_heater",
            heating_kw=config.backup_heater.max_kw,
            cooling_kw=0.0,
            electricity_kwh_per_kwh=config.backup_heater.electricity_kwh_per_kwh,
            cost_eur_per_kwh=config.backup_heater.cost_eur_per_kwh,
        ),
        _dry_cooler(config.dry_cooler, around),
        _chiller(config.chiller, around),
        _borefield(config),
    ]
    return tuple(devices)


def _wells(config: PlantConfig, around: Surroundings) -> PlantDevice:
    """Return the wells, whose water does not get colder than above freezing."""
    wells = config.wells
    largest = min(wells.max_kw, wells.conductance_kw_per_k * 100.0)
    well_degc = around.values(wells.well_degc, "ring.plant.wells.well_degc", 0.0, HOTTEST_DEGC)
    given = heat_above_freezing_kw(wells.max_flow_kg_s * WATER_KJ_PER_KGK, well_degc)
    return PlantDevice(
        "wells",
        heating_kw=np.minimum(largest, given),
        cooling_kw=largest,
        first=True,
        body_degc=well_degc,
        kw_per_k=wells.conductance_kw_per_k,
        electricity_kwh_per_kwh=wells.electricity_kwh_per_kwh,
        cost_eur_per_kwh=wells.cost_eur_per_kwh,
    )


def _central_heat_pump(pump: CentralHeatPumpConfig, around: Surroundings) -> PlantDevice:
    """Return the heat pump between a source and the ring."""
    key = "ring.plant.central_heat_pump"
    if not pump.max_kw:
        return PlantDevice("central_heat_pump", heating_kw=0.0, cooling_kw=0.0)
    if pump.source_degc is None:
        source_degc = around.air(
            "takes heat from the air, and nothing says how warm the air is",
            key,
            f"give another source as `{key}.source_degc`, or leave the device out",
        )
    else:
        source_degc = around.values(pump.source_degc, f"{key}.source_degc", -90.0, 60.0)
    return PlantDevice(
        "central_heat_pump",
        heating_kw=heat_pump_most_kw(pump, source_degc),
        cooling_kw=0.0,
        body_degc=source_degc,
        cost_eur_per_kwh=pump.cost_eur_per_kwh,
        machine=partial(heat_pump_electricity, pump),
    )


def _dry_cooler(cooler: DryCoolerConfig, around: Surroundings) -> PlantDevice:
    """Return the cooler by air, or by what air cools wet surfaces to."""
    air = around.outdoor_degc
    if cooler.max_kw > 0:
        air = _air(around, cooler.outdoor_degc, "dry_cooler", wet_bulb=cooler.kind == "hybrid")
    return PlantDevice(
        "dry_cooler",
        heating_kw=0.0,
        cooling_kw=cooler.max_kw,
        body_degc=air,
        kw_per_k=cooler.kw_per_k,
        electricity_kwh_per_kwh=cooler.electricity_kwh_per_kwh,
        cost_eur_per_kwh=cooler.cost_eur_per_kwh,
    )


def _chiller(chiller: ChillerConfig, around: Surroundings) -> PlantDevice:
    """Return the chiller against the air."""
    air = around.outdoor_degc
    if chiller.max_kw > 0:
        air = _air(around, chiller.outdoor_degc, "chiller")
    return PlantDevice(
        "chiller",
        heating_kw=0.0,
        cooling_kw=chiller.max_kw,
        body_degc=air,
        cost_eur_per_kwh=chiller.cost_eur_per_kwh,
        machine=partial(chiller_electricity, chiller),
    )


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
