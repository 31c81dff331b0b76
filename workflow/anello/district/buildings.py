"""Buildings, their roofs, and the metered figures that their series are fitted to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from anello.district.parts import Fraction, NotNegative, Positive, Strict

Insulation = Literal["nzeb", "good", "average", "poor"]
Use = Literal["residential", "office"]


class Buildings(Strict):
    """A group of like buildings."""

    use: Use = Field(description="residential or office; sets the profiles and the defaults below")
    floor_area_m2: Positive = Field(description="Heated and cooled floor area of one building [m2]")
    count: int = Field(default=1, ge=1, description="Number of such buildings")
    insulation: Insulation = Field(default="average", description="Class of envelope and windows")
    occupants: NotNegative | None = Field(
        default=None,
        description="People per building; by default 1 per 37 m2 (residential), 15 m2 (office)",
    )
    window_area_m2_per_m2: Positive | None = Field(
        default=None,
        description="Window area per floor area; by default 0.14 (residential), 0.22 (office)",
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
        description="Whether there is a hot-water demand; by default for residential buildings",
    )


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
