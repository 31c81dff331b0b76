"""Settings of the plant that keeps the ring within its bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from anello.base.settings import Fraction, NonNegative, Number, Positive, Strict
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.doublet_config import DoubletConfig
from anello.ring.fields import GroundDegc, OutdoorDegc
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.size_config import SizeConfig
from anello.ring.sources import NAME, Source

Sized = Literal["wells", "central_heat_pump", "backup_heater", "dry_cooler", "chiller", "borefield"]
"""Devices whose sizes a search may choose."""
SIZED: tuple[Sized, ...] = get_args(Sized)
PLANT_DEVICES = SIZED
"""Devices that every plant may have, in the order in which they act after the sources."""
WAY_ENDINGS = ("_heating", "_cooling")
"""What a device's ways into the ring and out of it end with, where it has both."""


class WellsConfig(Strict):
    """Groundwater wells that heat or cool the ring through a heat exchanger."""

    well_degc: GroundDegc | str = Field(
        default=15.0,
        description="Temperature of the well water [°C]: a number, or a name in `ring_series`.",
    )
    max_flow_kg_s: NonNegative = Field(
        description="Largest flow of well water [kg/s]; 0 switches the wells off."
    )
    effectiveness: Fraction = Field(
        default=0.8,
        description="Effectiveness of the heat exchanger, on the well water's flow [-].",
    )
    max_change_k: Positive | None = Field(
        default=None,
        description="Largest temperature change of the returned well water [K], if limited.",
    )
    electricity_kwh_per_kwh: NonNegative = Field(
        default=0.03, description="Pump electricity per kWh of heat moved [kWh/kWh]."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat moved [€/kWh]."
    )
    doublet: DoubletConfig | None = Field(
        default=None,
        description="Wells that tire, as they get back what they gave; without it they never do.",
    )

    @property
    def conductance_kw_per_k(self) -> float:
        """Heat per kelvin between well and ring at full flow [kW/K]."""
        return self.effectiveness * self.max_flow_kg_s * WATER_KJ_PER_KGK

    @property
    def max_kw(self) -> float:
        """Largest heat flow that the allowed temperature change permits [kW]."""
        if self.max_change_k is None:
            return float("inf")
        return self.max_flow_kg_s * WATER_KJ_PER_KGK * self.max_change_k


class CentralHeatPumpConfig(Strict):
    """Heat pump that warms the ring at its lower bound, from outdoor air or a colder source."""

    max_kw: NonNegative = Field(
        description=(
            "Largest heat into the ring, with its source at `rated_degc` or warmer [kW]; 0 switches"
            " it off."
        )
    )
    source_degc: OutdoorDegc | str | None = Field(
        default=None,
        description=(
            "What it takes heat from [°C]: a number, or a name in `model.ring_series`; by default "
            "the model's `outdoor_degc`. There must be enough of it for `max_kw`."
        ),
    )
    rated_degc: OutdoorDegc = Field(
        default=7.0, description="Source's temperature from which on it gives `max_kw` [°C]."
    )
    capacity_loss_per_k: NonNegative = Field(
        default=0.02,
        description="Share of `max_kw` that it gives less per kelvin below that [1/K].",
    )
    coldest_source_degc: OutdoorDegc = Field(
        default=-20.0, description="Source's temperature below which it stands still [°C]."
    )
    carnot_fraction: Fraction = Field(
        default=0.45, description="Share of Carnot's COP that is reached [-]."
    )
    approach_water_k: NonNegative = Field(
        default=5.0, description="Condensing temperature above the ring's water [K]."
    )
    approach_source_k: NonNegative = Field(
        default=8.0, description="Evaporating temperature below the source [K]."
    )
    cop_max: Positive = Field(default=12.0, description="Largest COP, at small lifts [-].")
    defrost_share: NonNegative = Field(
        default=0.1,
        description="Electricity more while the coil frosts; only with outdoor air [-].",
    )
    defrost_below_degc: OutdoorDegc = Field(
        default=5.0, description="Outdoor air below which the coil frosts [°C]."
    )
    fan_kwh_per_kwh: NonNegative = Field(
        default=0.03,
        description="Electricity of fans or pumps per kWh put into the ring [kWh/kWh].",
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh put into the ring [€/kWh]."
    )


class BackupHeaterConfig(Strict):
    """Heater that keeps the ring above its lower bound when the wells cannot."""

    max_kw: NonNegative = Field(description="Largest heat output [kW]; 0 switches it off.")
    electricity_kwh_per_kwh: NonNegative = Field(
        default=1.0, description="Electricity per kWh of heat [kWh/kWh]; 0 for a fuel-fired heater."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Fuel and other cost per kWh of heat [€/kWh]."
    )


class DryCoolerConfig(Strict):
    """Heat exchanger with fans: free cooling by air that is colder than the ring."""

    kind: Literal["dry", "hybrid"] = Field(
        default="dry",
        description=(
            "`dry`: against the air's dry-bulb temperature; `hybrid`: wetted, against its wet-bulb"
            " temperature."
        ),
    )
    max_kw: NonNegative = Field(description="Largest heat removed [kW]; 0 switches it off.")
    kw_per_k: Positive = Field(
        description="Heat removed per kelvin between ring and outdoor air, UA [kW/K]."
    )
    outdoor_degc: OutdoorDegc | None = Field(
        default=None,
        description=(
            "Constant outdoor temperature, instead of the model's `outdoor_degc` (`hybrid`: "
            "`outdoor_wet_bulb_degc`) [°C]."
        ),
    )
    electricity_kwh_per_kwh: NonNegative = Field(
        default=0.03, description="Fan electricity per kWh of heat removed [kWh/kWh]."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat removed [€/kWh]."
    )


class ChillerConfig(Strict):
    """Chiller that cools the ring at its upper bound, against the outdoor air."""

    max_kw: NonNegative = Field(description="Largest heat removed [kW]; 0 switches it off.")
    carnot_fraction: Fraction = Field(
        default=0.45, description="Share of Carnot's COP that is reached [-]."
    )
    approach_water_k: NonNegative = Field(
        default=5.0, description="Evaporating temperature below the ring's water [K]."
    )
    approach_air_k: NonNegative = Field(
        default=12.0, description="Condensing temperature above the outdoor air [K]."
    )
    cop_max: Positive = Field(default=12.0, description="Largest COP, at small lifts [-].")
    fan_kwh_per_kwh: NonNegative = Field(
        default=0.03, description="Electricity of fans and pumps per kWh removed [kWh/kWh]."
    )
    outdoor_degc: OutdoorDegc | None = Field(
        default=None,
        description="Constant outdoor temperature, instead of the model's `outdoor_degc` [°C].",
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat removed [€/kWh]."
    )


class PlantConfig(Strict):
    """Balancing plant: wells first, then heat pump, heater, cooler and chiller at the bounds.

    A device that is not named does not exist.
    """

    control: Literal["deadband", "schedule", "both"] = Field(
        default="deadband",
        description=(
            "`deadband`: thresholds below; `schedule`: only what the optimiser asks for; `both`: "
            "the schedule, and the thresholds for what is left to do."
        ),
    )
    heat_below_degc: Number = Field(
        default=11.0,
        description="The wells start to heat when the ring would fall below this [°C].",
    )
    heat_to_degc: Number = Field(default=12.0, description="The wells stop heating here [°C].")
    cool_above_degc: Number = Field(
        default=19.0,
        description="The wells start to cool when the ring would rise above this [°C].",
    )
    cool_to_degc: Number = Field(default=18.0, description="The wells stop cooling here [°C].")
    wells: WellsConfig = Field(
        default=WellsConfig(max_flow_kg_s=0.0), description="Groundwater wells; none unless named."
    )
    central_heat_pump: CentralHeatPumpConfig = Field(
        default=CentralHeatPumpConfig(max_kw=0.0),
        description="Heat pump at the lower bound, before the heater; none unless named.",
    )
    backup_heater: BackupHeaterConfig = Field(
        default=BackupHeaterConfig(max_kw=0.0),
        description="Heater at the lower bound; none unless named.",
    )
    dry_cooler: DryCoolerConfig = Field(
        default=DryCoolerConfig(max_kw=0.0, kw_per_k=1.0),
        description="Cooler at the upper bound; none unless named.",
    )
    chiller: ChillerConfig = Field(
        default=ChillerConfig(max_kw=0.0),
        description="Chiller at the upper bound; none unless named.",
    )
    borefield: BorefieldConfig | None = Field(
        default=None, description="Boreholes beside or in place of wells; none unless named."
    )
    sources: dict[str, Source] = Field(
        default_factory=dict,
        description=(
            "Further sources and sinks by name: streams, outdoor air, collectors; they act before "
            "the wells."
        ),
    )
    sizes: dict[Sized, SizeConfig] = Field(
        default_factory=dict,
        description=(
            "Devices whose sizes the search chooses with the dispatch (`coupling.method: slp`); "
            "the others have the size that is described."
        ),
    )
    build_eur: dict[Sized, NonNegative] = Field(
        default_factory=dict,
        description=(
            "What a device costs to build, where that is not its size times `ring_costs`: an "
            "offer, or the price of the size that was chosen from `sizes.*.one_of` [€]."
        ),
    )
    electricity_location: str | None = Field(
        default=None,
        description=(
            "Location whose electricity balance carries the plant and the ring's pump; without it "
            "they pay `electricity_price_eur_per_kwh`."
        ),
    )
    electricity_price_eur_per_kwh: NonNegative = Field(
        default=0.3,
        description="Price of electricity for plant and pump without a location [€/kWh].",
    )

    def cost_eur_per_kwh(self, device: str) -> float:
        """Return what a device's heat costs beside electricity [€/kWh]."""
        part = self.sources.get(device) or getattr(self, device)
        return 0.0 if part is None else float(part.cost_eur_per_kwh)

    def _described(self, device: Sized) -> bool:
        """Whether a device is there, of any size."""
        if device == "wells":
            return self.wells.max_flow_kg_s > 0
        if device == "borefield":
            return self.borefield is not None
        return bool(getattr(self, device).max_kw)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for name in self.sources:
            if name in PLANT_DEVICES or not NAME.fullmatch(name) or name.endswith(WAY_ENDINGS):
                raise ValueError(
                    f"source `{name}`: choose another name, of small letters, digits and `_`; not "
                    f"one of {', '.join(PLANT_DEVICES)}, and without `_heating` or `_cooling` at "
                    "its end"
                )
        return self

    @model_validator(mode="after")
    def _sized(self) -> Self:
        for name in self.sizes:
            if not self._described(name):
                raise ValueError(
                    f"sizes.{name}: there is none to be sized; describe `{name}` with the size "
                    "that `least` and `most` are shares of"
                )
        for name in self.build_eur:
            if not self._described(name):
                raise ValueError(f"build_eur.{name}: there is none to be paid for; describe it")
            if name in self.sizes:
                raise ValueError(
                    f"build_eur.{name}: the price of a size that is chosen is `one_of_eur` or "
                    f"`eur_per_year` in `sizes.{name}`, or that of `ring_costs`"
                )
        field = self.sizes.get("borefield")
        always = self.borefield is not None and self.borefield.always
        if always and field is not None and 0.0 in (field.one_of or ()):
            raise ValueError(
                "sizes.borefield.one_of: a field in the flow (`borefield.always`) decides the "
                "water's temperature, and there is no small step to a ring without it; leave "
                "out the 0, and compare with a scenario that has no `borefield`"
            )
        if "wells" in self.sizes and self.wells.doublet is not None:
            raise ValueError(
                "sizes.wells: wells that tire (`wells.doublet`) have a given size; leave one out"
            )
        return self

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        levels = [self.heat_below_degc, self.heat_to_degc, self.cool_to_degc, self.cool_above_degc]
        if any(low > high for low, high in pairwise(levels)):
            raise ValueError(
                "needed: heat_below_degc ≤ heat_to_degc ≤ cool_to_degc ≤ cool_above_degc"
            )
        return self
