"""Prices of electricity."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from anello.district.parts import NotNegative, Strict

FLAT_EUR_PER_KWH = 0.30
"""Price of electricity where a description names none [EUR/kWh]."""


class Tariffs(Strict):
    """Prices of electricity."""

    import_eur_per_kwh: NotNegative | None = Field(
        default=None,
        description="Flat price [EUR/kWh]; by default the three bands, and 0.30 without them",
    )
    peak_eur_per_kwh: NotNegative | None = Field(
        default=None, description="Time of use: Monday to Friday, 08:00 to 19:00 [EUR/kWh]"
    )
    shoulder_eur_per_kwh: NotNegative | None = Field(
        default=None,
        description="Time of use: Monday to Friday 07:00 to 08:00 and 19:00 to 23:00, "
        "Saturday 07:00 to 23:00 [EUR/kWh]",
    )
    offpeak_eur_per_kwh: NotNegative | None = Field(
        default=None, description="Time of use: nights, Sundays, holidays"
    )
    demand_charge_eur_per_kw_year: NotNegative = Field(
        default=0.0,
        description="Paid a year for each kW of a location's highest hourly import [EUR/(kW a)]",
    )
    demand_charge_eur_per_kw_month: NotNegative = Field(
        default=0.0,
        description="Paid each month for each kW of a location's highest hourly import in it, "
        "beside what is paid a year [EUR/(kW month)]",
    )
    export_eur_per_kwh: NotNegative = Field(
        default=0.08, description="Paid for exported electricity [EUR/kWh]"
    )

    @model_validator(mode="after")
    def _all_bands(self) -> Self:
        bands = (self.peak_eur_per_kwh, self.shoulder_eur_per_kwh, self.offpeak_eur_per_kwh)
        if any(band is None for band in bands) and any(band is not None for band in bands):
            raise ValueError(
                "a tariff by time of use needs peak_eur_per_kwh, shoulder_eur_per_kwh and "
                "offpeak_eur_per_kwh"
            )
        return self

    @property
    def has_bands(self) -> bool:
        """Whether prices by time of use are described."""
        return self.peak_eur_per_kwh is not None

    @property
    def flat_eur_per_kwh(self) -> float | None:
        """The flat price; None where only prices by time of use are described [EUR/kWh]."""
        if self.import_eur_per_kwh is None and not self.has_bands:
            return FLAT_EUR_PER_KWH
        return self.import_eur_per_kwh
