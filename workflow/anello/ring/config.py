"""Configuration of the ring: heat pumps, water loop, balancing plant, compatibility switches.

The models are strict: an unknown key, or a value of the wrong type, is refused. Every field says
what it is and in which unit; the reference page is generated from these descriptions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, gt=0, le=1)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]

Service = Literal["heating", "cooling", "dhw"]
Mode = Literal["physical", "iccep2019"]
OutOfRange = Literal["error", "clip"]

WATER_KJ_PER_KGK = 4.18  # the original study's value, kept so that both modes hold the same ring


class Strict(BaseModel):
    """Base of all ring settings: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- COP maps -------------------------------------------------------------------------------


class QuadraticCop(Strict):
    """COP = c0 − c1·lift + c2·lift², lift in K between ring and use temperature."""

    kind: Literal["quadratic"] = "quadratic"
    fit: Literal["air_source", "ground_source"] | None = Field(
        default=None,
        description=(
            "Published domestic fit, instead of coefficients: `air_source` 6.81/0.121/0.000630 or "
            "`ground_source` 8.77/0.150/0.000734 (Staffell et al. 2012, doi:10.1039/c2ee22653g). "
            "For a cooling service 1 is subtracted: the evaporator's heat is the condenser's less "
            "the electricity."
        ),
    )
    c0: Number | None = Field(default=None, description="COP at zero lift [-].")
    c1: Number | None = Field(default=None, description="Loss of COP per kelvin of lift [1/K].")
    c2: Number | None = Field(default=None, description="Curvature [1/K²].")
    valid_lift_k: tuple[Number, Number] | None = Field(
        default=None,
        description=(
            "Lowest and highest lift for which the fit holds [K]. Default: that of the named fit "
            "(15 to 60 K air source, 20 to 60 K ground source); needed with own coefficients."
        ),
    )
    source: str = Field(default="", description="Where own coefficients come from.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [c for c in (self.c0, self.c1, self.c2) if c is not None]
        if self.fit is not None and given:
            raise ValueError("give either `fit` or the coefficients c0, c1, c2, not both")
        if self.fit is None and len(given) != 3:
            raise ValueError("give `fit`, or all three coefficients c0, c1, c2")
        if self.fit is None and self.valid_lift_k is None:
            raise ValueError("own coefficients need `valid_lift_k`, the range in which they hold")
        if self.valid_lift_k is not None and self.valid_lift_k[0] >= self.valid_lift_k[1]:
            raise ValueError("`valid_lift_k` must be [low, high] with low < high")
        return self


class CarnotCop(Strict):
    """COP as a fixed share of the Carnot COP between condenser and evaporator."""

    kind: Literal["carnot"] = "carnot"
    fraction: Fraction = Field(
        default=0.45, description="Share of the Carnot COP that is reached [-]."
    )
    pinch_use_k: NonNegative = Field(
        default=3.0, description="Temperature difference of the heat exchanger on the use side [K]."
    )
    pinch_ring_k: NonNegative = Field(
        default=3.0,
        description="Temperature difference of the heat exchanger on the ring side [K].",
    )
    cop_max: Positive = Field(
        default=12.0,
        description="Cap on the COP near zero lift, where the Carnot COP has no bound [-].",
    )
    source: str = Field(default="", description="Where fraction and pinches come from.")


class TableCop(Strict):
    """Performance map from a CSV file, interpolated bilinearly, never extrapolated silently."""

    kind: Literal["table"] = "table"
    file: str = Field(
        description=(
            "CSV file: first column ring temperatures [°C], header row use temperatures [°C], "
            "both rising; cells are COP [-]. Relative paths start where the run is started."
        )
    )
    source: str = Field(default="", description="Where the table comes from.")


class Iccep2019Cop(Strict):
    """The fits of the ICCEP 2019 study; only in `mode: iccep2019`."""

    kind: Literal["iccep2019"] = "iccep2019"


CopMap = Annotated[QuadraticCop | CarnotCop | TableCop | Iccep2019Cop, Field(discriminator="kind")]


# --- heat pumps -----------------------------------------------------------------------------


class FixedUse(Strict):
    """A constant temperature on the use side."""

    kind: Literal["fixed"] = "fixed"
    degc: Number = Field(description="Use temperature [°C].")


class StoreUse(Strict):
    """Use temperature that follows the level of a thermal store at the same location."""

    kind: Literal["store"] = "store"
    store: str = Field(description="Storage technology at the heat pump's own location.")
    direction: Literal["hot", "cold"] = Field(
        default="hot", description="A hot store warms as it fills, a cold store cools as it fills."
    )
    t_min_degc: Number | None = Field(
        default=None,
        description=(
            "Lowest temperature of the store [°C]: of an empty hot store; with the oddity "
            "`cold_store_warm_when_full` also of an empty cold store."
        ),
    )
    t_max_degc: Number | None = Field(
        default=None,
        description="Temperature of an empty cold store, its highest [°C].",
    )
    kwh_per_k: Positive = Field(description="Heat capacity of the store [kWh/K].")
    kwh_per_k_by_location: dict[str, Positive] = Field(
        default_factory=dict,
        description="Heat capacity where it differs, by location [kWh/K].",
    )


UseTemperature = Annotated[FixedUse | StoreUse, Field(discriminator="kind")]


class CapacityLimit(Strict):
    """Thermal capacity that changes linearly with the ring temperature."""

    reference_degc: Number = Field(
        description="Ring temperature at which the nominal capacity holds [°C]."
    )
    slope_per_k: Number = Field(
        description="Relative change of capacity per kelvin of ring temperature [1/K]."
    )
    min_factor: NonNegative = Field(default=0.0, description="Lower bound of the factor [-].")
    max_factor: Positive = Field(default=1.5, description="Upper bound of the factor [-].")

    def factor(self, ring_degc: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the capacity relative to nominal at these ring temperatures [-]."""
        free = 1.0 + self.slope_per_k * (ring_degc - self.reference_degc)
        return np.clip(free, self.min_factor, self.max_factor)


class HeatPumpConfig(Strict):
    """One heat pump technology between a service and the ring."""

    service: Service = Field(
        description="`heating` and `dhw` take heat from the ring, `cooling` rejects heat into it."
    )
    cop_map: CopMap = Field(description="COP as a function of ring and use temperature.")
    use_temperature: UseTemperature = Field(description="Temperature on the use side.")
    out_of_range: OutOfRange = Field(
        default="error",
        description=(
            "A running heat pump outside the range of its map or limits stops the run (`error`), "
            "or is evaluated at the range's edge, counted and reported (`clip`)."
        ),
    )
    min_source_degc: Number | None = Field(
        default=None,
        description=(
            "Lowest temperature on the evaporator's side [°C]: the ring for heating, the use "
            "temperature for cooling."
        ),
    )
    max_lift_k: Positive | None = Field(default=None, description="Largest temperature lift [K].")
    capacity: CapacityLimit | None = Field(
        default=None, description="Thermal capacity as a function of the ring temperature."
    )


# --- ground, water, plant ---------------------------------------------------------------------


class FixedGround(Strict):
    """Ground at a constant temperature."""

    kind: Literal["fixed"] = "fixed"
    degc: Number = Field(default=12.0, description="Undisturbed ground temperature [°C].")


class KusudaGround(Strict):
    """Undisturbed ground after Kusuda and Achenbach (1965): a damped, delayed annual wave."""

    kind: Literal["kusuda"] = "kusuda"
    mean_degc: Number = Field(description="Annual mean of the surface temperature [°C].")
    amplitude_k: NonNegative = Field(description="Amplitude of the surface temperature [K].")
    coldest_day: Positive = Field(
        default=35.0, description="Day of the year on which the surface is coldest [d]."
    )
    diffusivity_m2_per_day: Positive = Field(
        default=0.06, description="Thermal diffusivity of the soil [m²/d]."
    )
    depth_m: NonNegative = Field(
        default=1.0, description="Depth [m]; a loop uses the burial depth of each segment instead."
    )


Ground = Annotated[FixedGround | KusudaGround, Field(discriminator="kind")]


class WaterConfig(Strict):
    """Water content of the well-mixed ring."""

    mass_kg: Positive = Field(default=3.0e6, description="Mass of water in the ring [kg].")
    specific_heat_kj_per_kgk: Positive = Field(
        default=WATER_KJ_PER_KGK, description="Specific heat of the water [kJ/(kg·K)]."
    )
    extra_heat_capacity_kwh_per_k: NonNegative = Field(
        default=0.0, description="Capacity that follows the water: pipe walls, tanks [kWh/K]."
    )

    @property
    def heat_capacity_kwh_per_k(self) -> float:
        """Heat capacity of the ring [kWh/K]."""
        water = self.mass_kg * self.specific_heat_kj_per_kgk / 3600.0
        return water + self.extra_heat_capacity_kwh_per_k


class LossConfig(Strict):
    """Heat exchange of the well-mixed ring with the ground."""

    ua_kw_per_k: NonNegative = Field(
        default=0.0, description="Heat loss coefficient of the ring [kW/K]."
    )
    ground: Ground = Field(
        default_factory=FixedGround, description="Undisturbed ground temperature."
    )


class WellsConfig(Strict):
    """Groundwater wells that heat or cool the ring through a heat exchanger."""

    well_degc: Number = Field(default=15.0, description="Temperature of the well water [°C].")
    max_flow_kg_s: NonNegative = Field(
        default=100.0, description="Largest flow of well water [kg/s]; 0 switches the wells off."
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


class BackupHeaterConfig(Strict):
    """Heater that keeps the ring above its lower bound when the wells cannot."""

    max_kw: NonNegative = Field(
        default=5000.0, description="Largest heat output [kW]; 0 switches it off."
    )
    electricity_kwh_per_kwh: NonNegative = Field(
        default=1.0, description="Electricity per kWh of heat [kWh/kWh]; 0 for a fuel-fired heater."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Fuel and other cost per kWh of heat [€/kWh]."
    )


class DryCoolerConfig(Strict):
    """Cooler that keeps the ring below its upper bound when the wells cannot."""

    max_kw: NonNegative = Field(
        default=5000.0, description="Largest heat removed [kW]; 0 switches it off."
    )
    kw_per_k: Positive | None = Field(
        default=None,
        description=(
            "Heat removed per kelvin between ring and outdoor air [kW/K]; needs an outdoor "
            "temperature. Without it the cooler always reaches `max_kw`."
        ),
    )
    outdoor_degc: Number | None = Field(
        default=None, description="Constant outdoor temperature, unless a series is given [°C]."
    )
    electricity_kwh_per_kwh: NonNegative = Field(
        default=0.03, description="Fan electricity per kWh of heat removed [kWh/kWh]."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat removed [€/kWh]."
    )


class PlantConfig(Strict):
    """Balancing plant: wells first, then backup heater and dry cooler at the ring's bounds."""

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
    wells: WellsConfig = Field(default_factory=WellsConfig, description="Groundwater wells.")
    backup_heater: BackupHeaterConfig = Field(
        default_factory=BackupHeaterConfig, description="Heater at the lower bound."
    )
    dry_cooler: DryCoolerConfig = Field(
        default_factory=DryCoolerConfig, description="Cooler at the upper bound."
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

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        levels = [self.heat_below_degc, self.heat_to_degc, self.cool_to_degc, self.cool_above_degc]
        if any(low > high for low, high in pairwise(levels)):
            raise ValueError(
                "needed: heat_below_degc ≤ heat_to_degc ≤ cool_to_degc ≤ cool_above_degc"
            )
        return self


# --- loop -------------------------------------------------------------------------------------


class PipeConfig(Strict):
    """A buried, insulated pipe."""

    length_m: Positive = Field(description="Length [m].")
    inner_diameter_m: Positive = Field(description="Inner diameter [m].")
    wall_thickness_m: NonNegative = Field(
        default=0.0039, description="Thickness of the pipe wall [m]."
    )
    wall_heat_capacity_kj_per_m3k: NonNegative = Field(
        default=3900.0,
        description="Volumetric heat capacity of the wall [kJ/(m³·K)]; steel 3900; 0 for none.",
    )
    insulation_thickness_m: NonNegative = Field(
        default=0.04, description="Thickness of insulation [m]."
    )
    insulation_w_per_mk: Positive = Field(
        default=0.03, description="Thermal conductivity of the insulation [W/(m·K)]."
    )
    burial_depth_m: NonNegative = Field(
        default=1.0, description="Depth of the pipe's axis [m]; 0: no soil around it."
    )
    soil_w_per_mk: Positive = Field(
        default=1.5, description="Thermal conductivity of the soil [W/(m·K)]."
    )
    surface_w_per_m2k: Positive | None = Field(
        default=None,
        description="Heat transfer coefficient of the casing to air, for pipes in air [W/(m²·K)].",
    )
    heat_loss_w_per_mk: NonNegative | None = Field(
        default=None, description="Heat loss per metre and kelvin, instead of the layers [W/(m·K)]."
    )
    roughness_mm: NonNegative = Field(default=0.05, description="Roughness of the inner wall [mm].")
    minor_loss_factor: NonNegative = Field(
        default=0.0, description="Sum of loss coefficients of bends and fittings [-]."
    )


class SubstationConfig(Strict):
    """A place on the loop at which heat pumps (or the balancing plant) exchange heat."""

    name: str = Field(description="Name of the substation.")
    heat_pumps: list[str] = Field(
        default_factory=list,
        description="Heat pumps connected here, as `location::technology` or `location`.",
    )
    plant: Flag = Field(default=False, description="The balancing plant is connected here.")


class FixedFlow(Strict):
    """The same flow in every hour."""

    kind: Literal["fixed"] = "fixed"
    kg_s: Number = Field(description="Flow [kg/s]; negative runs against the order of stations.")


class ScheduledFlow(Strict):
    """Flow from a series that comes with the data."""

    kind: Literal["scheduled"] = "scheduled"
    file: str | None = Field(
        default=None,
        description=(
            "CSV file with a header, a column of times and one of flow [kg/s], negative against "
            "the order of stations. Relative paths start where the run is started."
        ),
    )


class ProportionalFlow(Strict):
    """Flow that follows the heat exchanged with the heat pumps."""

    kind: Literal["proportional"] = "proportional"
    kg_s_per_kw: Positive = Field(
        default=0.06,
        description="Flow per kW of the larger of heat taken and heat rejected [kg/(s·kW)].",
    )
    min_kg_s: Positive = Field(default=1.0, description="Smallest flow [kg/s].")
    max_kg_s: Positive = Field(default=1.0e6, description="Largest flow [kg/s].")
    reversed: Flag = Field(default=False, description="Run against the order of the substations.")


Flow = Annotated[FixedFlow | ScheduledFlow | ProportionalFlow, Field(discriminator="kind")]


class LoopConfig(Strict):
    """Substations in order along a loop of pipes."""

    substations: list[SubstationConfig] = Field(
        min_length=1, description="Substations in the order in which positive flow meets them."
    )
    segments: list[PipeConfig] = Field(
        min_length=1,
        description="Pipe from each substation to the next; the last one closes the loop.",
    )
    flow: Flow = Field(description="Flow around the loop.")
    parcels: Count = Field(
        default=200,
        description=(
            "Water parcels in the loop: 1 is a well-mixed ring, many are plug flow; a step in "
            "temperature stays as sharp as one parcel."
        ),
    )
    dispersion_m2_s: NonNegative = Field(
        default=0.0, description="Axial mixing along the loop [m²/s]; 0 switches mixing off."
    )
    pump_efficiency: Fraction = Field(
        default=0.6, description="Efficiency of the circulation pump [-]."
    )
    pump_heat_to_water: Flag = Field(
        default=True, description="Pump electricity ends up as heat in the water."
    )
    density_kg_per_m3: Positive = Field(default=999.0, description="Density of the water [kg/m³].")
    viscosity_pa_s: Positive = Field(default=1.14e-3, description="Dynamic viscosity [Pa·s].")
    ground: Ground = Field(
        default_factory=FixedGround, description="Undisturbed ground temperature."
    )

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if len(self.segments) != len(self.substations):
            raise ValueError(
                f"a loop has one segment per substation: {len(self.substations)} substations, "
                f"{len(self.segments)} segments"
            )
        names = [s.name for s in self.substations]
        if len(set(names)) != len(names):
            raise ValueError("substation names must differ")
        if sum(s.plant for s in self.substations) > 1:
            raise ValueError("the balancing plant is connected at one substation at most")
        return self


# --- switches ---------------------------------------------------------------------------------


class OddityConfig(Strict):
    """Oddities of the ICCEP 2019 study; without a value each follows the mode."""

    cooling_cop_rises_with_ring: Flag | None = Field(
        default=None,
        description=(
            "Cooling COP takes use minus ring temperature as its lift, the wrong way round."
        ),
    )
    cold_store_warm_when_full: Flag | None = Field(
        default=None, description="A cold store's temperature rises from `t_min_degc` as it fills."
    )
    one_store_capacity_for_all: Flag | None = Field(
        default=None,
        description="`kwh_per_k_by_location` is ignored: all locations use `kwh_per_k`.",
    )
    store_temperature_of_iteration_zero: Flag | None = Field(
        default=None, description="Every iteration uses the store temperatures of iteration 0."
    )
    reset_at_bounds: Flag | None = Field(
        default=None,
        description=(
            "A ring that leaves its bounds is set back to its initial temperature, free of charge; "
            "there is no balancing plant."
        ),
    )
    ring_heat_from_dispatch_cop: Flag | None = Field(
        default=None,
        description="Ring heat is computed with the COP the dispatch used, not the simulated one.",
    )
    baseline_ring_constant: Flag | None = Field(
        default=None,
        description=(
            "Without any store the ring is not simulated: it stays at its initial temperature."
        ),
    )
    eleven_iterations_at_least: Flag | None = Field(
        default=None,
        description="The loop runs at least 11 times, and stops on the mean relative change.",
    )
    iteration_zero_heat_from_start_cop: Flag | None = Field(
        default=None,
        description=(
            "Ring heat of iteration 0 takes the start COP even when its dispatch used another. "
            "Off in both modes unless set: anello starts both from the start COP."
        ),
    )

    def active(self, mode: Mode) -> frozenset[str]:
        """Return the names of the switches that are on in this mode."""
        follows_mode = set(type(self).model_fields) - {"iteration_zero_heat_from_start_cop"}
        chosen = {
            name: getattr(self, name)
            if getattr(self, name) is not None
            else (mode == "iccep2019" and name in follows_mode)
            for name in type(self).model_fields
        }
        return frozenset(name for name, on in chosen.items() if on)


# --- the whole ring -----------------------------------------------------------------------------


class RingConfig(Strict):
    """The ring and everything that exchanges heat with it."""

    mode: Mode = Field(
        default="physical",
        description=(
            "`physical`: energy is conserved and balanced by the plant; `iccep2019`: the original "
            "study's recipe with its oddities."
        ),
    )
    model: Literal["mixed", "loop"] = Field(
        default="mixed", description="Well-mixed ring, or a loop of pipes with transport delay."
    )
    heat_pumps: dict[str, HeatPumpConfig] = Field(
        description=(
            "Heat pumps by technology, or by `location::technology` for one place; the longer key "
            "wins."
        )
    )
    initial_degc: Number = Field(default=15.0, description="Ring temperature at the start [°C].")
    bounds_degc: tuple[Number, Number] = Field(
        default=(10.0, 20.0), description="Lowest and highest allowed ring temperature [°C]."
    )
    outside_bounds: Literal["report", "error"] = Field(
        default="report",
        description="What happens when the plant cannot hold the bounds: count it, or stop.",
    )
    water: WaterConfig = Field(
        default_factory=WaterConfig, description="Water content of the well-mixed ring."
    )
    loss: LossConfig = Field(
        default_factory=LossConfig, description="Ground loss of the well-mixed ring."
    )
    plant: PlantConfig | None = Field(
        default_factory=PlantConfig, description="Balancing plant; null for none."
    )
    loop: LoopConfig | None = Field(default=None, description="The loop, when `model: loop`.")
    oddities: OddityConfig = Field(
        default_factory=OddityConfig, description="Switches of the compatibility mode."
    )
    audit_tolerance: Positive = Field(
        default=1e-6,
        description="Largest energy imbalance of a run, relative to its throughput [-].",
    )

    @property
    def active_oddities(self) -> frozenset[str]:
        """Names of the oddities that are on."""
        return self.oddities.active(self.mode)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.bounds_degc
        if not low < high:
            raise ValueError("`bounds_degc` must be [low, high] with low < high")
        if not low <= self.initial_degc <= high:
            raise ValueError("`initial_degc` lies outside `bounds_degc`")
        if self.model == "loop" and self.loop is None:
            raise ValueError("`model: loop` needs the section `loop`")
        active = self.active_oddities
        if self.model == "loop" and active & {"reset_at_bounds", "ring_heat_from_dispatch_cop"}:
            raise ValueError("`model: loop` knows neither resets nor heat from the dispatch's COP")
        for key, pump in self.heat_pumps.items():
            if pump.cop_map.kind == "iccep2019" and self.mode != "iccep2019":
                raise ValueError(
                    f"heat pump `{key}`: the original study's fits exist only in `mode: iccep2019`"
                )
            use = pump.use_temperature
            if isinstance(use, StoreUse):
                reversed_ = use.direction == "cold" and "cold_store_warm_when_full" not in active
                needed = "t_max_degc" if reversed_ else "t_min_degc"
                if getattr(use, needed) is None:
                    raise ValueError(f"heat pump `{key}`: its store needs `{needed}`")
        return self

    def heat_pump(self, node: str) -> HeatPumpConfig | None:
        """Return the settings of heat pump `loc::tech`, or None if it is not one of the ring's."""
        if node in self.heat_pumps:
            return self.heat_pumps[node]
        return self.heat_pumps.get(node.partition("::")[2])
