"""What describes a district: site, weather, buildings, roofs, plant, loop, wells, tariffs.

One YAML file is enough for a complete model folder. Every field has a unit in its name, and an
unknown key is an error, so that a misspelt one cannot be overlooked.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from anello.district.costs import Costs, cost_parts
from anello.errors import ConfigError, Problem, did_you_mean
from anello.model.schema.yaml_reader import parse_settings, read_settings
from anello.ring.cop_config import FreeCooling
from anello.ring.sources import Source

Insulation = Literal["nzeb", "good", "average", "poor"]
Use = Literal["residential", "office"]
SUN_SERIES = "ghi_kw_per_m2"
"""Sun on a horizontal plane, as the model folder brings it along for collectors [kW/m²]."""
Service = Literal["dhw", "heating", "cooling", "electricity"]

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


SUPPLY_DEGC = {"dhw": 45.0, "heating": 35.0, "cooling": 7.0}
"""Supply temperatures where a description names none and has no tanks [°C]."""

FLAT_EUR_PER_KWH = 0.30
"""Price of electricity where a description names none [EUR/kWh]."""

_SAME_CLIMATE_DEG = 3.0

MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class Strict(BaseModel):
    """Base of all parts: unknown keys are errors, values cannot be changed after checking."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Spell(Strict):
    """A run of days that are warmer or colder than the generator would make them."""

    start: str = Field(pattern=r"^\d{2}-\d{2}$", description="First day, as MM-DD")
    days: int = Field(ge=1, le=120, description="Length [d]")
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


class Location(Strict):
    """Buildings that share one connection to the loop and to the grid."""

    buildings: tuple[Buildings, ...]
    roofs: tuple[Roof, ...] = ()
    tanks: Tanks = Field(default_factory=Tanks)
    battery: Battery | None = None
    heat_pumps: HeatPumps = Field(default_factory=HeatPumps)
    targets: Targets = Field(default_factory=Targets)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.buildings:
            raise ValueError("a location needs at least one group of buildings")
        return self


class Loop(Strict):
    """The ring that all heat pumps draw from or reject to."""

    water_mass_kg: Positive = Field(default=3.0e6, description="Water in the ring [kg]")
    initial_temperature_degc: float = Field(
        default=15.0, description="Temperature at the first hour [degC]"
    )
    temperature_min_degc: float = Field(
        default=10.0, description="Lowest allowed temperature [degC]"
    )
    temperature_max_degc: float = Field(
        default=20.0, description="Highest allowed temperature [degC]"
    )


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

    backup_heater_kw: NotNegative | None = Field(
        default=None, description="Heater [kW]; by default what the wells cannot give"
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
        description="Heating water supplied [degC]; by default the middle of the tanks, or 35",
    )
    cooling_degc: float | None = Field(
        default=None,
        description="Chilled water supplied [degC]; by default the middle of the tanks, or 7",
    )


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


class DistrictConfig(Strict):
    """A whole district; see `load_district` for reading it from a file."""

    name: str = Field(default="Embedded district", description="Title of the model")
    year: int = Field(
        default=2015, ge=1990, le=2100, description="Calendar year of the series; not a leap year"
    )
    seed: int = Field(default=142, ge=0, description="Seed of the weather generator")
    site: Site = Field(default_factory=Site)
    weather: Weather = Field(default_factory=SyntheticWeather)
    locations: dict[Name, Location] = Field(min_length=1)
    loop: Loop = Field(default_factory=Loop)
    wells: Wells = Field(default_factory=Wells)
    plant: Plant = Field(default_factory=Plant)
    supply: SupplyTemperatures = Field(default_factory=SupplyTemperatures)
    sources: dict[str, Source] = Field(
        default_factory=dict,
        description=(
            "Sources of the loop beside wells, as `ring.plant.sources` has them; the sun's series "
            "is `ghi_kw_per_m2`, all else takes numbers"
        ),
    )
    free_cooling: FreeCooling | None = Field(
        default=None,
        description="Heat exchanger that cools without a compressor where the loop is cold enough",
    )
    tariffs: Tariffs = Field(default_factory=Tariffs)
    costs: Costs = Field(default_factory=Costs)
    folder: Path | None = Field(
        default=None,
        exclude=True,
        description="Folder that relative paths start from; set when read from a file",
    )

    @model_validator(mode="after")
    def _whole_year(self) -> Self:
        leap = self.year % 4 == 0 and (self.year % 100 != 0 or self.year % 400 == 0)
        if leap:
            raise ValueError(f"year {self.year} is a leap year; a district has 8,760 hours")
        return self

    def supply_degc(self, service: str) -> float:
        """Return the temperature that a service is supplied with where no tank sets it [°C].

        Baseline and scenarios with tanks then give the same comfort: what a tank has on average.
        """
        told: float | None = getattr(self.supply, f"{service}_degc")
        tanks = [getattr(place.tanks, service) for place in self.locations.values()]
        middles = [
            0.5 * (tank.temperature_min_degc + tank.temperature_max_degc)
            for tank in tanks
            if tank is not None
        ]
        if told is not None:
            return told
        return float(np.mean(middles)) if middles else SUPPLY_DEGC[service]

    @model_validator(mode="after")
    def _known_series(self) -> Self:
        for name, source in self.sources.items():
            for key, value in source.model_dump(exclude={"kind", "ways"}).items():
                if isinstance(value, str) and value != SUN_SERIES:
                    raise ValueError(
                        f"sources.{name}.{key} names the series `{value}`, which a described "
                        f"district does not have: give a number, or `{SUN_SERIES}` for the sun; or "
                        "name the series in the written model's `ring_series` and in the run's "
                        "settings"
                    )
        return self

    @model_validator(mode="after")
    def _same_comfort(self) -> Self:
        for service in SUPPLY_DEGC:
            told = getattr(self.supply, f"{service}_degc")
            for name, place in self.locations.items():
                tank = getattr(place.tanks, service)
                if told is None or tank is None:
                    continue
                if not tank.temperature_min_degc <= told <= tank.temperature_max_degc:
                    raise ValueError(
                        f"supply.{service}_degc is {told:g}, and the tank of `{name}` goes from "
                        f"{tank.temperature_min_degc:g} to {tank.temperature_max_degc:g}: both "
                        "must give the same comfort"
                    )
        return self

    @model_validator(mode="after")
    def _own_climate(self) -> Self:
        told = isinstance(self.weather, WeatherFile) or (
            "mean_temperature_degc" in self.weather.model_fields_set
        )
        away = abs(self.site.latitude_deg - Site().latitude_deg)
        if not told and away > _SAME_CLIMATE_DEG:
            raise ValueError(
                f"the weather generator describes Milan, {away:.0f} degrees of latitude from the "
                "site: name a weather file, or `weather.mean_temperature_degc` and its neighbours"
            )
        return self


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it; mappings are merged, all else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def load_district(
    path: Path | str | None = None, changes: dict[str, Any] | None = None
) -> DistrictConfig:
    """Read a district's YAML file and check it.

    Parameters
    ----------
    path : path-like, optional
        The file; the embedded district (Milan) by default.
    changes : dict, optional
        Laid over what the file says, key by key: how a scenario gets, for example, another weather
        year.

    Returns
    -------
    DistrictConfig

    Raises
    ------
    ConfigError
        If the file is absent, is not YAML, or holds keys or values that are not allowed; all of
        them are listed.
    """
    if path is None:
        label = "milan.yaml"
        text = resources.files("anello.district").joinpath(label).read_text(encoding="utf-8")
        content = parse_settings(text, label)
        folder = Path()
    else:
        label = str(path)
        folder = Path(path).parent
        content = read_settings(Path(path))
    return parse_district(merge(content, changes or {}), label, folder)


def parse_district(
    content: dict[str, Any], label: str = "district", folder: Path | None = None
) -> DistrictConfig:
    """Check a district that is already a mapping.

    Raises
    ------
    ConfigError
        With one item for each key or value that is not allowed.
    """
    try:
        return DistrictConfig.model_validate({**content, "folder": folder})
    except ValidationError as error:
        raise ConfigError([_problem(item, label) for item in error.errors()]) from error


def _problem(item: Any, label: str) -> Problem:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] != "extra_forbidden":
        return Problem(item["msg"], file=label, key=key, value=item.get("input"))
    known = {name for part in _parts() for name in part.model_fields}
    return Problem(
        "Unknown key", file=label, key=key, suggestion=did_you_mean(str(item["loc"][-1]), known)
    )


def _parts() -> tuple[type[BaseModel], ...]:
    return (
        DistrictConfig, Site, SyntheticWeather, WeatherFile, Spell, Location, Buildings, Roof,
        Target, Targets, Tank, Tanks, Battery, HeatPumps, Loop, Wells, Plant,
        SupplyTemperatures, Tariffs, *cost_parts(),
    )  # fmt: skip
