"""Settings of the ground around the pipes, and water's heat capacity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anello.base.settings import NonNegative, Positive, Strict
from anello.ring.fields import GroundDegc

WATER_KJ_PER_KGK = 4.18  # the original study's value, kept so that both modes hold the same ring


class FixedGround(Strict):
    """Ground at a constant temperature."""

    kind: Literal["fixed"] = "fixed"
    degc: GroundDegc = Field(default=12.0, description="Undisturbed ground temperature [°C].")


class KusudaGround(Strict):
    """Undisturbed ground after Kusuda and Achenbach (1965): a damped, delayed annual wave."""

    kind: Literal["kusuda"] = "kusuda"
    mean_degc: GroundDegc = Field(description="Annual mean of the surface temperature [°C].")
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
