"""Where a district stands, and the weather of its year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from anello.district.parts import Fraction, MonthDay, NotNegative, Positive, Strict

# ASSUME: nowhere does standard time lie farther from the sun's; western China has 3.1 h.
_MOST_HOURS_FROM_THE_SUN = 3.5


class Site(Strict):
    """Where the district stands."""

    latitude_deg: float = Field(
        default=45.46, ge=-66, le=66, description="Latitude [deg], north positive"
    )
    longitude_deg: float = Field(
        default=9.19, ge=-180, le=180, description="Longitude [deg], east positive"
    )
    altitude_m: float = Field(
        default=120.0, ge=-430, le=5000, description="Altitude above sea level [m]"
    )
    utc_offset_hours: float = Field(
        default=1.0,
        ge=-12,
        le=14,
        description="Standard time minus UTC [h]; no daylight saving is applied",
    )
    country: str = Field(
        default="IT",
        pattern=r"^[A-Z]{2}$",
        description="Two letters of ISO 3166, for public holidays",
    )
    subdivision: str | None = Field(
        default=None, description="State, canton or province, where its holidays differ"
    )
    heating_season: Literal["climate", "italy_zone_e"] = Field(
        default="climate",
        description="When buildings may be heated: by the site's temperatures, or a legal season",
    )
    summer_break: tuple[MonthDay, MonthDay] | None = Field(
        default=None,
        description="First and last day of weeks in which half of the people are away",
    )

    @model_validator(mode="after")
    def _own_zone(self) -> Self:
        sun = self.longitude_deg / 15.0
        away = (self.utc_offset_hours - sun + 12.0) % 24.0 - 12.0
        if abs(away) > _MOST_HOURS_FROM_THE_SUN:
            raise ValueError(
                f"`utc_offset_hours` {self.utc_offset_hours:g} has noon {abs(away):.0f} hours off "
                f"at `longitude_deg` {self.longitude_deg:g}, where the sun has UTC{sun:+.1f}; use "
                "the site's standard time, or mend the longitude (east is positive)"
            )
        return self


class Spell(Strict):
    """A run of days that are warmer or colder than the generator would make them."""

    start: MonthDay = Field(description="First day, as MM-DD")
    days: int = Field(
        ge=1, le=120, description="Length [d]; what is left of it on 31 December follows in January"
    )
    temperature_shift_k: float = Field(
        ge=-25, le=25, description="Added to the air temperature [K]"
    )


class SyntheticWeather(Strict):
    """The documented stochastic generator; its defaults describe Milan."""

    source: Literal["synthetic"] = "synthetic"
    mean_temperature_degc: float = Field(
        default=14.0, description="Annual mean of the air temperature [degC]"
    )
    seasonal_amplitude_k: NotNegative = Field(
        default=11.0,
        description="Half the difference of the warmest and coldest time of the year [K]",
    )
    coldest_day: int = Field(
        default=17, ge=1, le=365, description="Day of the year around which it is coldest"
    )
    daily_std_k: NotNegative = Field(
        default=2.4, description="Standard deviation of the daily mean about the season [K]"
    )
    daily_persistence: float = Field(
        default=0.75,
        ge=0,
        lt=1,
        description="Correlation of that deviation from one day to the next",
    )
    diurnal_amplitude_k: NotNegative = Field(
        default=5.0,
        description="Half the daily swing of the air temperature on a cloudless day [K]",
    )
    clear_sky_index: tuple[Fraction, ...] = Field(
        default=(0.64, 0.69, 0.75, 0.73, 0.75, 0.79, 0.83, 0.81, 0.77, 0.67, 0.60, 0.58),
        min_length=12,
        max_length=12,
        description="Mean ratio of global to clear-sky irradiance, January to December",
    )
    linke_turbidity: tuple[Positive, ...] = Field(
        default=(3.2, 3.4, 3.8, 4.0, 4.2, 4.3, 4.2, 4.1, 3.9, 3.6, 3.3, 3.1),
        min_length=12,
        max_length=12,
        description="Linke turbidity, January to December",
    )
    spells: tuple[Spell, ...] = Field(
        default=(), description="Heat waves and cold spells laid over the year"
    )


class WeatherFile(Strict):
    """A year of measured or typical weather in place of the generator."""

    source: Literal["epw", "pvgis_tmy"] = Field(description="Format of the file")
    file: Path = Field(description="The file; relative to the district's YAML file")
    gaps: Literal["refuse", "repair"] = Field(
        default="refuse", description="What to do where the file has no value"
    )
    spells: tuple[Spell, ...] = Field(
        default=(), description="Heat waves and cold spells laid over the year"
    )


Weather = Annotated[SyntheticWeather | WeatherFile, Field(discriminator="source")]
