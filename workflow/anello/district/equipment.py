"""What serves the buildings: tanks, batteries, heat pumps, and the ring with wells and plant."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from anello.district.parts import Fraction, NotNegative, Positive, Strict
from anello.ring.fluid import RingFluid, RingWater, liquid_fault

SUN_SERIES = "ghi_kw_per_m2"
"""Sun on a horizontal plane, as the model folder brings it along for collectors [kW/m²]."""

SUPPLY_DEGC = {"dhw": 45.0, "heating": 35.0, "cooling": 7.0}
"""Supply temperatures where a description names none and has no tanks [°C]."""

POSSIBLE_DEGC = {"dhw": (20.0, 99.0), "heating": (15.0, 99.0), "cooling": (0.0, 30.0)}
"""Between what temperatures water can serve; what lies outside is a mistake [°C]."""


class Tank(Strict):
    """A water tank as thermal storage."""

    volume_m3: Positive = Field(description="Water volume at the location [m3]")
    temperature_min_degc: float = Field(
        description="Temperature when an (un)charged tank is coldest [degC]"
    )
    temperature_max_degc: float = Field(description="Temperature when it is warmest [degC]")
    loss_per_hour: Fraction = Field(
        default=0.001, description="Share of the stored energy lost per hour"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.temperature_max_degc <= self.temperature_min_degc:
            raise ValueError("temperature_max_degc must be above temperature_min_degc")
        return self

    @property
    def heat_capacity_kwh_per_k(self) -> float:
        """Heat capacity [kWh/K]; water at 998 kg/m3 and 4.18 kJ/(kg K)."""
        return self.volume_m3 * 998.0 * 4.18 / 3600.0

    @property
    def capacity_kwh(self) -> float:
        """Usable energy between the two temperatures [kWh]."""
        return self.heat_capacity_kwh_per_k * (
            self.temperature_max_degc - self.temperature_min_degc
        )


class Tanks(Strict):
    """Thermal storage of one location, used by the scenarios with storage."""

    dhw: Tank | None = None
    heating: Tank | None = None
    cooling: Tank | None = None

    @model_validator(mode="after")
    def _serve(self) -> Self:
        for service, (low, high) in POSSIBLE_DEGC.items():
            tank: Tank | None = getattr(self, service)
            if tank is None:
                continue
            cold, warm = tank.temperature_min_degc, tank.temperature_max_degc
            if not low <= cold < warm <= high:
                raise ValueError(
                    f"a tank for {service} from {cold:g} to {warm:g} °C: water for it has {low:g} "
                    f"to {high:g} °C"
                )
        return self


class Battery(Strict):
    """Electric storage of one location, used by the scenario `battery`."""

    capacity_kwh: Positive = Field(description="Usable capacity [kWh]")
    power_kw: Positive = Field(description="Charge and discharge power [kW]")


class HeatPumps(Strict):
    """Thermal output of one location's heat pumps."""

    dhw_kw: Positive | None = Field(
        default=None, description="Hot water [kW]; by default from the peak"
    )
    heating_kw: Positive | None = Field(
        default=None, description="Heating [kW]; by default from the peak"
    )
    cooling_kw: Positive | None = Field(
        default=None, description="Cooling [kW]; by default from the peak"
    )


class Loop(Strict):
    """The ring that all heat pumps draw from or reject to."""

    water_mass_kg: Positive | None = Field(
        default=None,
        description="Water in the ring [kg]; by default as much as the peak of all heat pumps "
        "changes by 1 K in an hour",
    )
    initial_temperature_degc: float = Field(
        default=15.0, description="Temperature at the first hour [degC]"
    )
    temperature_min_degc: float = Field(
        default=10.0, description="Lowest allowed temperature [degC]"
    )
    temperature_max_degc: float = Field(
        default=20.0, description="Highest allowed temperature [degC]"
    )
    fluid: RingFluid = Field(
        default_factory=RingWater,
        description="What it is filled with; stays 3 K above its freezing point",
    )

    @model_validator(mode="after")
    def _liquid(self) -> Self:
        low, high = self.temperature_min_degc, self.temperature_max_degc
        fault = liquid_fault(self.fluid, "temperature_min_degc", low, high)
        if fault is not None:
            raise ValueError(fault)
        if low >= high:
            raise ValueError(
                f"`temperature_min_degc` {low:g} is not below `temperature_max_degc` {high:g}"
            )
        if not low <= self.initial_temperature_degc <= high:
            raise ValueError(
                f"`initial_temperature_degc` {self.initial_temperature_degc:g} lies outside "
                f"{low:g} to {high:g} °C, `temperature_min_degc` to `temperature_max_degc`"
            )
        return self


class Wells(Strict):
    """Groundwater wells behind a heat exchanger, which balance the ring."""

    temperature_degc: float = Field(default=15.0, description="Groundwater temperature [degC]")
    flow_kg_per_s: NotNegative | None = Field(
        default=None,
        description="Largest flow [kg/s]; 0 for no wells, by default sized for the loads",
    )
    effectiveness: Fraction = Field(default=0.8, description="Effectiveness of the heat exchanger")


class Plant(Strict):
    """What keeps the loop within its temperatures beside the wells; 0 for none."""

    central_heat_pump_kw: NotNegative | Literal["sized"] = Field(
        default=0.0,
        description="Heat pump from the outdoor air, at 7 degC and warmer [kW]; `sized` for what "
        "wells of a given flow cannot give",
    )
    backup_heater_kw: NotNegative | None = Field(
        default=None,
        description="Heater [kW]; by default what wells and heat pump cannot give on the coldest "
        "day",
    )
    dry_cooler_kw: NotNegative | None = Field(
        default=None,
        description="Dry cooler, for air colder than the loop [kW]; by default for the whole load",
    )
    chiller_kw: NotNegative | None = Field(
        default=None, description="Chiller [kW]; by default what the wells cannot take"
    )


class SupplyTemperatures(Strict):
    """Temperatures at which the start COP is evaluated."""

    dhw_degc: float | None = Field(
        default=None,
        description="Hot water supplied [degC]; by default the middle of the tanks, or 45",
    )
    heating_degc: float | None = Field(
        default=None,
        description="Heating water supplied [degC]; by default what the emitters need, else the "
        "middle of the tanks, or 35",
    )
    cooling_degc: float | None = Field(
        default=None,
        description="Chilled water supplied [degC]; by default what the emitters need, else the "
        "middle of the tanks, or 7",
    )

    @model_validator(mode="after")
    def _serve(self) -> Self:
        for service, (low, high) in POSSIBLE_DEGC.items():
            degc: float | None = getattr(self, f"{service}_degc")
            if degc is not None and not low <= degc <= high:
                raise ValueError(
                    f"`{service}_degc` {degc:g}: water for {service} has {low:g} to {high:g} °C"
                )
        return self
