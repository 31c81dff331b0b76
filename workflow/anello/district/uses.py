"""What buildings are used for: people, appliances, light, hot water, comfort, by hour.

The numbers and their sources stand in ``uses.yaml``; this module checks and holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from anello.district.parts import Fraction, NotNegative, Positive, Strict
from anello.errors import ConfigError, Problem
from anello.model.schema.yaml_reader import parse_settings

USES_FILE = "uses.yaml"

Use = Literal[
    "residential",
    "office",
    "apartment_house",
    "single_family_house",
    "school",
    "retail",
    "supermarket",
    "hotel",
    "restaurant",
    "hospital",
    "gym",
    "industry_hall",
    "data_centre",
]
"""Uses that a description knows; `residential` is another name of `apartment_house`."""

Day = Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)]
Open = Annotated[tuple[int, int], Field(min_length=2, max_length=2)]
Months = Annotated[tuple[Fraction, ...], Field(min_length=12, max_length=12)]
Range = Annotated[tuple[NotNegative, NotNegative], Field(min_length=2, max_length=2)]


class Schedule(Strict):
    """A share for each hour of three kinds of day; public holidays are Sundays."""

    workday: Day
    saturday: Day
    sunday: Day

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, content: Any) -> Any:
        """Let one number stand for all hours of a day, and one list for all days."""
        if not isinstance(content, dict):
            content = {"workday": content}
        content = {"saturday": content.get("workday"), "sunday": content.get("workday"), **content}
        return {
            day: hours if isinstance(hours, (list, tuple)) else [hours] * 24
            for day, hours in content.items()
        }


class Floor(Strict):
    """The building's shape; the typical floor area is what `annual_kwh_per_m2` is held against."""

    typical_m2: Positive
    storey_m: Positive
    storeys_at_least: Annotated[int, Field(ge=1)] = 1
    storeys_at_most: Annotated[int, Field(ge=1)]
    window_area_m2_per_m2: Positive
    source: str


class People(Strict):
    """Who is in, when, and how much they warm the room (sensible heat)."""

    m2_per_person: Positive | None
    w_per_person: NotNegative
    present_share: Fraction = 1.0
    summer_break_share: Fraction
    months: Months | None = None
    schedule: Schedule
    source: str


class Ventilation(Strict):
    """Fresh air, beside what leaks: with the people who are in, and for the floor in hours of use.

    How much of its heat is recovered follows from the insulation; nothing is where it is warmer
    outside than `bypass_degc`, so that the air cools.
    """

    m3_per_h_person: Positive
    m3_per_h_m2: NotNegative = 0.0
    bypass_degc: float = 15.0
    source: str


class Load(Strict):
    """Electricity that ends as heat in the room.

    The power is ``w_per_m2 · (standby + (1 − standby) · activity)``; the activity is the schedule,
    times those who are in if `with_people`. Light dims with the daylight, down to
    ``1 − daylight_share`` from `full_daylight_w_per_m2` of global irradiance on.
    """

    w_per_m2: NotNegative
    standby: Fraction = 0.0
    with_people: bool
    daylight_share: Fraction = 0.0
    full_daylight_w_per_m2: Positive = 150.0
    schedule: Schedule
    source: str


class HotWater(Strict):
    """Hot water: litres a day of so many degrees, and its share in each hour."""

    litres_per_person_day: NotNegative
    degc: Positive
    by_default: bool = True
    saturday_factor: NotNegative = 1.0
    sunday_factor: NotNegative = 1.0
    schedule: Schedule
    source: str


class Comfort(Strict):
    """Room temperatures in the hours of use, and else; the plant comes up before them."""

    heating_degc: float
    heating_setback_degc: float
    cooling_degc: float
    cooling_setback_degc: float
    ramp_hours: NotNegative = 0.0
    workday: Open | None
    saturday: Open | None
    sunday: Open | None
    cooled_all_year: bool
    source: str


class Process(Strict):
    """Refrigeration, kitchens, machines, computers.

    `room_share` of the electricity is heat in the room, less than zero where cabinets cool it.
    Process heat is drawn with the hot water, at its temperature.
    """

    w_per_m2: NotNegative
    room_share: Annotated[float, Field(ge=-1, le=1)]
    heat_w_per_m2: NotNegative = 0.0
    schedule: Schedule
    source: str


class Annual(Strict):
    """Published ranges of what a year needs; useful heat and cold, electricity without both."""

    heating: Range
    cooling: Range
    hot_water: Range
    electricity: Range
    source: str


class BuildingUse(Strict):
    """A use with all its numbers."""

    title: str
    floor: Floor
    people: People
    ventilation: Ventilation | None = None
    appliances: Load
    lighting: Load
    hot_water: HotWater | None = None
    comfort: Comfort
    process: Process | None = None
    annual_kwh_per_m2: Annual

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        comfort = self.comfort
        if comfort.heating_degc >= comfort.cooling_degc:
            raise ValueError("comfort.heating_degc must be below comfort.cooling_degc")
        if self.hot_water is not None and self.people.m2_per_person is None:
            raise ValueError("hot water is counted by people: give people.m2_per_person")
        return self


@cache
def building_uses() -> Mapping[str, BuildingUse]:
    """Return every use by name, aliases included.

    Raises
    ------
    ConfigError
        If ``uses.yaml`` does not hold what it should.
    """
    content = _content()
    try:
        uses = {name: BuildingUse.model_validate(told) for name, told in content["uses"].items()}
    except ValidationError as error:
        raise ConfigError(
            [
                Problem(item["msg"], file=USES_FILE, key=".".join(map(str, item["loc"])))
                for item in error.errors()
            ]
        ) from error
    return MappingProxyType(
        {**uses, **{name: uses[other] for name, other in content["aliases"].items()}}
    )


def use_aliases() -> dict[str, str]:
    """Return the other names of uses, and what they stand for."""
    return dict(_content()["aliases"])


def use_sources() -> dict[str, str]:
    """Return the publications that ``uses.yaml`` names, by their short names."""
    return dict(_content()["sources"])


@cache
def _content() -> dict[str, Any]:
    text = resources.files(__package__).joinpath(USES_FILE).read_text(encoding="utf-8")
    return parse_settings(text, USES_FILE)
