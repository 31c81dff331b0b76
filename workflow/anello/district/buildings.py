"""Buildings, their roofs, and the metered figures that their series are fitted to."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from anello.district.emitters import Emitter
from anello.district.parts import Fraction, NotNegative, Positive, Strict
from anello.district.uses import Use, building_uses

Insulation = Literal["nzeb", "good", "average", "poor"]


class Buildings(Strict):
    """A group of like buildings."""

    use: Use = Field(
        description="What they are used for; sets profiles, comfort and the defaults below"
    )
    floor_area_m2: Positive = Field(description="Heated and cooled floor area of one building [m2]")
    count: int = Field(default=1, ge=1, description="Number of such buildings")
    insulation: Insulation = Field(default="average", description="Class of envelope and windows")
    occupants: NotNegative | None = Field(
        default=None,
        description="People per building; by default as dense as the use has them",
    )
    window_area_m2_per_m2: Positive | None = Field(
        default=None,
        description="Window area per floor area; by default that of the use",
    )
    envelope_area_m2_per_m2: Positive | None = Field(
        default=None,
        description="Opaque outer area per floor area; by default that of a compact block",
    )
    appliances: bool | None = Field(
        default=None,
        description="Whether the buildings' own electricity is modelled; by default true",
    )
    hot_water: bool | None = Field(
        default=None,
        description="Whether there is a hot-water demand; by default for all uses but offices",
    )
    emitter: Emitter | None = Field(
        default=None,
        description="What heats and cools the rooms, which sets the temperatures of the supply; "
        "by default that of the district",
    )

    @model_validator(mode="after")
    def _water_to_draw(self) -> Self:
        if self.hot_water and building_uses()[self.use].hot_water is None:
            raise ValueError(
                f"nobody draws hot water in a building used as {self.use}: leave `hot_water` out"
            )
        return self


class Roof(Strict):
    """Photovoltaic modules of one orientation."""

    peak_kw: Positive = Field(description="Nameplate power [kWp]")
    tilt_deg: float = Field(default=25.0, ge=0, le=90, description="Tilt from the horizontal [deg]")
    azimuth_deg: float = Field(
        default=180.0, ge=0, lt=360, description="Azimuth, clockwise from north [deg]"
    )
    system_losses: Fraction = Field(
        default=0.09,
        description="Soiling, wiring, mismatch, availability; share of the direct-current energy",
    )
    inverter_kw: Positive | None = Field(
        default=None, description="Rated inverter power [kW]; by default the nameplate power"
    )


class Target(Strict):
    """Metered figures that a computed series is fitted to."""

    annual_mwh: Positive = Field(description="Energy of the year [MWh]")
    peak_kw: Positive | None = Field(default=None, description="Largest hourly mean [kW]")


class Targets(Strict):
    """What the series of one location are fitted to; a service left out stays as computed."""

    dhw: Target | None = None
    heating: Target | None = None
    cooling: Target | None = None
    electricity: Target | None = None
    photovoltaics: Target | None = None
