"""Settings of a doublet that tires: when the water that it gave back comes out again."""

from __future__ import annotations

from math import pi
from typing import Annotated, Self

from pydantic import Field, model_validator

from anello.base.settings import Count, Positive, Strict
from anello.ring.ground_config import WATER_KJ_PER_KGK

DAYS_PER_YEAR = 365.0


class DoubletConfig(Strict):
    """An extraction and an injection well in one aquifer, near enough to feel each other."""

    breakthrough_days: Annotated[float, Field(strict=True, ge=1, allow_inf_nan=False)] | None = (
        Field(
            default=None,
            description=(
                "Time after which the first heat from the injection well reaches the extraction "
                "well, at `mean_flow_kg_s` [d]; else it follows from `spacing_m` and "
                "`aquifer_thickness_m`."
            ),
        )
    )
    spacing_m: Positive | None = Field(
        default=None, description="Distance between the two wells [m]."
    )
    aquifer_thickness_m: Positive | None = Field(
        default=None, description="Thickness of the aquifer that the water flows through [m]."
    )
    aquifer_kj_per_m3k: Positive = Field(
        default=2500.0,
        description="Volumetric heat capacity of the aquifer, grains and water [kJ/(m³·K)].",
    )
    mean_flow_kg_s: Positive | None = Field(
        default=None,
        description=(
            "Flow with which heat travels through the aquifer, a yearly mean [kg/s]; the wells' "
            "`max_flow_kg_s` by default."
        ),
    )
    horizon_years: Count = Field(
        default=25, description="Years of operation after which the wells are looked at [a]."
    )

    def breakthrough_h(self, flow_kg_s: float) -> float:
        """Return the time until heat breaks through [h].

        ``t = π·b·L²·(ρc)_aquifer/(3·ṁ·c_water)``, for two wells in a level aquifer without a
        current of its own (Gringarten and Sauty 1975, Lippmann and Tsang 1980).

        Parameters
        ----------
        flow_kg_s : float
            Flow between the wells [kg/s].
        """
        if self.breakthrough_days is not None:
            return self.breakthrough_days * 24.0
        assert self.spacing_m is not None
        assert self.aquifer_thickness_m is not None
        aquifer_kj_per_k = (
            pi / 3.0 * self.aquifer_thickness_m * self.spacing_m**2 * self.aquifer_kj_per_m3k
        )
        return aquifer_kj_per_k / (flow_kg_s * WATER_KJ_PER_KGK) / 3600.0

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        shape = (self.spacing_m, self.aquifer_thickness_m)
        if self.breakthrough_days is not None and any(one is not None for one in shape):
            raise ValueError(
                "give either `breakthrough_days`, or `spacing_m` and `aquifer_thickness_m`"
            )
        if self.breakthrough_days is None and any(one is None for one in shape):
            raise ValueError(
                "give `breakthrough_days`, or both `spacing_m` and `aquifer_thickness_m`"
            )
        return self
