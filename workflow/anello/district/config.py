"""What describes a district: site, weather, buildings, roofs, plant, loop, wells, tariffs.

One YAML file is enough for a complete model folder. Every field has a unit in its name, and an
unknown key is an error, so that a misspelt one cannot be overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from anello.base.plausible import remarks
from anello.base.setting_faults import problem_of, told_once
from anello.district.boreholes import Boreholes
from anello.district.buildings import Buildings, Insulation, Roof, Target, Targets
from anello.district.climate import Site, Spell, SyntheticWeather, Weather, WeatherFile
from anello.district.costs import Costs
from anello.district.emitters import EMITTERS, Emitter
from anello.district.equipment import (
    SUN_SERIES,
    SUPPLY_DEGC,
    Battery,
    HeatPumps,
    Loop,
    Plant,
    SupplyTemperatures,
    Tank,
    Tanks,
    Wells,
)
from anello.district.parts import Name, NotNegative, Service, Strict
from anello.district.tariffs import FLAT_EUR_PER_KWH, Tariffs
from anello.district.uses import Use
from anello.errors import ConfigError, Problem
from anello.model.schema.yaml_reader import parse_settings, read_settings
from anello.ring.cop_config import FreeCooling
from anello.ring.sources import Source

_PAGE = "the page on the description of a district says what it is"

__all__ = [
    "FLAT_EUR_PER_KWH",
    "SUN_SERIES",
    "SUPPLY_DEGC",
    "Battery",
    "Boreholes",
    "Buildings",
    "DistrictConfig",
    "Emitter",
    "HeatPumps",
    "Insulation",
    "Location",
    "Loop",
    "Plant",
    "Roof",
    "Service",
    "Site",
    "Spell",
    "SupplyTemperatures",
    "SyntheticWeather",
    "Tank",
    "Tanks",
    "Target",
    "Targets",
    "Tariffs",
    "Use",
    "Weather",
    "WeatherFile",
    "Wells",
    "load_district",
    "merge",
    "parse_district",
    "unusual",
]

_SAME_CLIMATE_DEG = 3.0


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


class DistrictConfig(Strict):
    """A whole district; see `load_district` for reading it from a file."""

    name: str = Field(default="Embedded district", description="Title of the model")
    year: int = Field(
        default=2015, ge=1990, le=2100, description="Calendar year of the series; not a leap year"
    )
    seed: int = Field(
        default=142,
        ge=0,
        description="Seed of the weather and of the diversity",
    )
    site: Site = Field(default_factory=Site)
    weather: Weather = Field(default_factory=SyntheticWeather)
    locations: dict[Name, Location] = Field(min_length=1)
    loop: Loop = Field(default_factory=Loop)
    wells: Wells = Field(default_factory=Wells)
    boreholes: Boreholes | None = Field(
        default=None,
        description="Boreholes that balance the ring; a district with them has no wells, unless "
        "`wells` says so",
    )
    plant: Plant = Field(default_factory=Plant)
    heat_pump_fit: Literal["ground_source", "air_source"] = Field(
        default="ground_source",
        description="COP of the ring's heat pumps by their lift, a fit of Staffell et al. (2012): "
        "machines that take heat from water, or as poor as those that take it from the air",
    )
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
    emitter: Emitter | None = Field(
        default=None,
        description="What heats and cools the rooms of all buildings that do not say it; sets the "
        "supply for heating and cooling",
    )
    diversity_hours: NotNegative = Field(
        default=1.5,
        le=6,
        description="How much earlier or later buildings of one use at one location do things, "
        "standard deviation [h]; 0 for all at once",
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

        What is told comes first, then what the buildings' emitters need, then the middle of the
        tanks, so that baseline and scenarios with tanks give the same comfort. All share one
        temperature: the warmest that any emitter needs for heating, the coldest for cooling.
        """
        asked = self._asked_degc(service)
        if asked is not None:
            return asked[0]
        tanks = [getattr(place.tanks, service) for place in self.locations.values()]
        middles = [
            0.5 * (tank.temperature_min_degc + tank.temperature_max_degc)
            for tank in tanks
            if tank is not None
        ]
        return float(np.mean(middles)) if middles else SUPPLY_DEGC[service]

    def _asked_degc(self, service: str) -> tuple[float, str] | None:
        """Return the temperature that a key asks for, and which does; None where none does."""
        told: float | None = getattr(self.supply, f"{service}_degc")
        if told is not None:
            return told, f"supply.{service}_degc is"
        emitters = [
            group.emitter or self.emitter
            for place in self.locations.values()
            for group in place.buildings
        ]
        if service == "dhw" or not any(emitters):
            return None
        needed = [
            SUPPLY_DEGC[service] if one is None else EMITTERS[one].degc(service) for one in emitters
        ]
        return (min(needed) if service == "cooling" else max(needed)), "emitter asks for"

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
            asked = self._asked_degc(service)
            for name, place in self.locations.items():
                tank = getattr(place.tanks, service)
                if asked is None or tank is None:
                    continue
                degc, key = asked
                if not tank.temperature_min_degc <= degc <= tank.temperature_max_degc:
                    raise ValueError(
                        f"{key} {degc:g}, and the tank of `{name}` goes from "
                        f"{tank.temperature_min_degc:g} to {tank.temperature_max_degc:g}: both "
                        "must give the same comfort"
                    )
        return self

    @model_validator(mode="before")
    @classmethod
    def _boreholes_for_wells(cls, told: Any) -> Any:
        if isinstance(told, dict) and told.get("boreholes") is not None and "wells" not in told:
            return {**told, "wells": {"flow_kg_per_s": 0.0}}
        return told

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        no_limit = "are sized for all; say `wells.flow_kg_per_s` (0 for none)"
        if self.boreholes is not None and self.wells.flow_kg_per_s is None:
            raise ValueError(
                "boreholes are for what the wells cannot give, and wells whose flow is left open "
                + no_limit
            )
        if self.plant.central_heat_pump_kw != "sized":
            return self
        if self.wells.flow_kg_per_s is None:
            raise ValueError(
                "plant.central_heat_pump_kw: `sized` is what the wells cannot give, and wells "
                "whose flow is left open " + no_limit
            )
        if self.boreholes is not None and self.boreholes.count == "sized":
            raise ValueError(
                "plant.central_heat_pump_kw: `sized` is what the boreholes cannot give, and "
                "boreholes that are `sized` give all; say `boreholes.count`"
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
        raise ConfigError([_problem(item, label) for item in told_once(error.errors())]) from error


def unusual(config: DistrictConfig, label: str | None = None) -> list[Problem]:
    """Return the numbers of a description that are possible, and need a second look."""
    return [
        Problem(remark.text, label, None, ".".join(map(str, remark.keys)))
        for remark in remarks(config)
    ]


_AT_THE_TOP = frozenset(DistrictConfig.model_fields) - {"folder", "name"}


def _problem(item: Any, label: str) -> Problem:
    files = [label] if Path(label).is_file() else []
    found = problem_of(DistrictConfig, item, files, described=_PAGE)
    message, suggestion = found.message, found.suggestion
    if item["type"] == "string_pattern_mismatch" and item["loc"][-1] == "[key]":
        message = "is no name that files and models can have"
        suggestion = (
            "Use letters from a to z, digits and `_`, the first a letter; the settings' "
            "`figures.names` gives it the name to print"
        )
    if item["type"] == "union_tag_not_found":
        message = f"needs {item['ctx']['discriminator']}, which says what kind it is".replace(
            "'", "`"
        )
    key = str(item["loc"][-1]) if item["loc"] else ""
    if item["type"] == "extra_forbidden" and "." in key:
        nested = key.replace(".", ": {") + ": …" + "}" * key.count(".")
        suggestion = f"Dots mean nothing here: write `{nested}`"
    elif item["type"] == "extra_forbidden" and len(item["loc"]) > 1 and key in _AT_THE_TOP:
        suggestion = "It stands at the top: indent it less"
    # What is wrong with several keys together names them; all that stands there would hide that.
    value = None if isinstance(found.value, Mapping) else found.value
    return Problem(message, found.file or label, found.line, found.key or None, value, suggestion)
