"""Settings of a borefield: where its boreholes are, what they are made of, what they may do."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from anello.base.settings import Count, Flag, Fraction, NonNegative, Number, Positive, Strict
from anello.ring.fluid import Fluid, Water, coldest_degc, liquid_fault


class GridField(Strict):
    """Boreholes on a grid: all of it, its outline, or two or three of its sides."""

    kind: Literal["rectangle", "box", "U", "L"] = Field(
        default="rectangle",
        description="`rectangle`: every place; `box`: the outline; `U`, `L`: three or two sides.",
    )
    rows: Count = Field(description="Boreholes along one side [-].")
    columns: Count = Field(description="Boreholes along the other side [-].")
    spacing_m: Positive = Field(default=6.0, description="Distance between neighbours [m].")


class PlacedField(Strict):
    """Boreholes at given places."""

    kind: Literal["coordinates"]
    places_m: list[tuple[Number, Number]] = Field(
        min_length=1, description="x and y of each borehole [m]."
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len(set(self.places_m)) != len(self.places_m):
            raise ValueError("two boreholes have the same place")
        return self


class GivenField(Strict):
    """A field whose g-function is known: a ground collector, energy piles, another tool's field."""

    kind: Literal["g_function"]
    file: str = Field(
        description=(
            "CSV file with a header, a column of times [h] and one of g [-], both rising. The "
            "last time is the horizon. Relative paths start where the run is started."
        )
    )
    count: Count = Field(default=1, description="Boreholes, piles or loops of `depth_m` each [-].")


FieldLayout = Annotated[GridField | PlacedField | GivenField, Field(discriminator="kind")]


def _closest_m(layout: GridField | PlacedField | GivenField) -> float:
    """Return the smallest distance of two boreholes [m]; infinite where there is none."""
    if isinstance(layout, GridField):
        return layout.spacing_m if layout.rows * layout.columns > 1 else math.inf
    if isinstance(layout, GivenField):
        return math.inf
    return min((math.dist(a, b) for a, b in combinations(layout.places_m, 2)), default=math.inf)


class UTubeConfig(Strict):
    """U-tubes in a borehole."""

    tubes: Literal["single", "double"] = Field(
        default="double", description="One U-tube, or two in parallel."
    )
    outer_diameter_m: Positive = Field(default=0.032, description="Outer diameter of a pipe [m].")
    wall_thickness_m: Positive = Field(default=0.0029, description="Thickness of its wall [m].")
    pipe_w_per_mk: Positive = Field(
        default=0.42, description="Thermal conductivity of the pipe; polyethylene 0.42 [W/(m·K)]."
    )
    half_shank_m: Positive = Field(
        default=0.04, description="Distance of a pipe's axis from that of the borehole [m]."
    )
    roughness_mm: NonNegative = Field(default=0.001, description="Roughness inside [mm].")
    grout_w_per_mk: Positive = Field(
        default=2.0, description="Thermal conductivity of the grout [W/(m·K)]."
    )

    @model_validator(mode="after")
    def _hollow(self) -> Self:
        if 2.0 * self.wall_thickness_m >= self.outer_diameter_m:
            raise ValueError("`wall_thickness_m` leaves no room in a pipe of `outer_diameter_m`")
        closest = self.half_shank_m * (2.0 if self.tubes == "single" else 2.0**0.5)
        if closest < self.outer_diameter_m:
            raise ValueError(
                f"pipes of `outer_diameter_m` {self.outer_diameter_m} m overlap at a "
                f"`half_shank_m` of {self.half_shank_m} m"
            )
        return self


class BorefieldConfig(Strict):
    """Boreholes that exchange heat with the ring, and tire."""

    field: FieldLayout = Field(description="Where the boreholes are.")
    depth_m: Positive = Field(description="Length of each borehole [m].")
    buried_m: NonNegative = Field(default=1.0, description="Depth of the boreholes' top [m].")
    radius_m: Positive = Field(default=0.075, description="Radius of a borehole [m].")
    pipes: UTubeConfig = Field(default_factory=UTubeConfig, description="Pipes and grout.")
    resistance_mk_per_w: Positive | None = Field(
        default=None,
        description="Effective borehole resistance R_b*, instead of what `pipes` give [m·K/W].",
    )
    soil_w_per_mk: Positive = Field(description="Thermal conductivity of the soil [W/(m·K)].")
    soil_kj_per_m3k: Positive = Field(
        default=2300.0, description="Volumetric heat capacity of the soil [kJ/(m³·K)]."
    )
    surface_degc: Number = Field(
        description="Undisturbed temperature of the ground near its surface, a yearly mean [°C]."
    )
    gradient_k_per_m: NonNegative = Field(
        default=0.025, description="Rise of the undisturbed temperature with depth [K/m]."
    )
    fluid: Fluid = Field(default_factory=Water, description="What circulates in the boreholes.")
    flow_kg_s: Positive = Field(
        description=(
            "Flow through the whole field, all boreholes in parallel [kg/s]; less where less "
            "passes in a loop."
        )
    )
    effectiveness: Fraction = Field(
        default=0.8,
        description=(
            "Effectiveness of the heat exchanger to the ring, on the field's flow; 1: the ring's "
            "own water flows through the boreholes [-]."
        ),
    )
    fluid_degc: tuple[Number, Number] | None = Field(
        default=None,
        description=(
            "Lowest and highest temperature of the fluid that enters the boreholes; 3 K above its "
            "freezing point, and 30 °C, unless said [°C]."
        ),
    )
    built_share: Positive = Field(
        default=1.0,
        description=(
            "Share of the boreholes that is built, and of `flow_kg_s`: each answers as it would in "
            "the field described, with as many neighbours [-]."
        ),
    )
    always: Flag = Field(
        default=False,
        description=(
            "The field exchanges all the time what its temperature gives, as in a reservoir "
            "network, and not only when the ring's bounds or a schedule ask for it."
        ),
    )
    substation: str | None = Field(
        default=None,
        description="Substation of a loop where the field is connected; the plant's by default.",
    )
    horizon_years: Count = Field(
        default=25, description="Years of operation after which the field is looked at [a]."
    )
    hold_at_horizon: Flag = Field(
        default=False,
        description=(
            "A programme of a year keeps `fluid_degc` in the last of `horizon_years` as well, if "
            "every year is like this one."
        ),
    )
    electricity_kwh_per_kwh: NonNegative = Field(
        default=0.02, description="Pump electricity per kWh of heat moved [kWh/kWh]."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat moved [€/kWh]."
    )

    @property
    def limits_degc(self) -> tuple[float, float]:
        """Lowest and highest temperature of the fluid that enters the boreholes [°C]."""
        return (coldest_degc(self.fluid), 30.0) if self.fluid_degc is None else self.fluid_degc

    @property
    def undisturbed_degc(self) -> float:
        """Undisturbed temperature, mean over the boreholes' length [°C]."""
        return self.surface_degc + self.gradient_k_per_m * (self.buried_m + self.depth_m / 2.0)

    @property
    def diffusivity_m2_per_s(self) -> float:
        """Thermal diffusivity of the soil [m²/s]."""
        return self.soil_w_per_mk / (self.soil_kj_per_m3k * 1000.0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low, high = self.limits_degc
        if not low < self.undisturbed_degc < high:
            raise ValueError(
                f"`fluid_degc` [{low}, {high}] must enclose the undisturbed ground, "
                f"{self.undisturbed_degc:.1f} °C over the boreholes' length"
            )
        if self.hold_at_horizon and self.always:
            raise ValueError(
                "`hold_at_horizon` has no meaning with `always`, where nothing decides what the "
                "field exchanges; leave one of them out"
            )
        closest = _closest_m(self.field)
        if closest < 2.0 * self.radius_m:
            raise ValueError(
                f"boreholes {closest:g} m apart, each {2.0 * self.radius_m:g} m wide (`radius_m`), "
                "cut into each other; mend the distances in `field`"
            )
        fault = liquid_fault(self.fluid, "fluid_degc", low, high)
        if fault is not None:
            raise ValueError(fault)
        if self.resistance_mk_per_w is None:
            if self.field.kind == "g_function":
                raise ValueError("a field with a given g-function needs `resistance_mk_per_w`")
            if self.pipes.half_shank_m + self.pipes.outer_diameter_m / 2.0 > self.radius_m:
                raise ValueError("the `pipes` do not fit into a borehole of `radius_m`")
        return self
