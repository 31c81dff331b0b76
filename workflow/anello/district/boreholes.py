"""Boreholes of a description: by a word for the soil, as many as the district's heat needs.

A field gives a power if water at the ring's lower bound gets it in every hour until the field's
horizon: ``T_wall(t) − Q·(1/G + (1/ε − 1)/ṁc) ≥ T_low``, where the wall remembers all heat before,
cooling's that came back included (see `anello.ring.borefield`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from anello.base.settings import Count
from anello.district.equipment import Loop
from anello.district.parts import Positive, Strict
from anello.errors import InputError, Problem
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import Borefield, compile_borefield, repeat

Series = NDArray[np.float64]

Soil = Literal[
    "sand",
    "dry sand",
    "wet sand",
    "gravel",
    "dry gravel",
    "clay",
    "dry clay",
    "till",
    "claystone",
    "sandstone",
    "marl",
    "limestone",
    "dolomite",
    "basalt",
    "granite",
    "gneiss",
]

SOILS: dict[Soil, tuple[float, float]] = {
    "sand": (1.4, 1.9),
    "dry sand": (0.4, 1.45),
    "wet sand": (2.4, 2.5),
    "gravel": (1.8, 2.4),
    "dry gravel": (0.4, 1.45),
    "clay": (1.8, 2.4),
    "dry clay": (0.5, 1.55),
    "till": (2.4, 2.0),
    "claystone": (2.2, 2.25),
    "sandstone": (2.8, 2.2),
    "marl": (2.3, 2.25),
    "limestone": (2.7, 2.25),
    "dolomite": (3.5, 2.25),
    "basalt": (1.7, 2.45),
    "granite": (3.2, 2.55),
    "gneiss": (2.9, 2.1),
}
"""Thermal conductivity [W/(m·K)] and volumetric heat capacity [MJ/(m³·K)], typical values of VDI
4640 part 1 (2010), as EN 17522 (2023) has them for loose soil too; the capacity is the middle of
their range. Sand is moist; gravel and clay are below the water table."""

FLOW_KG_S = 0.4
"""Flow through one borehole, turbulent in a double U-tube of 32 mm [kg/s]."""
MOST = 60
"""The largest field that is looked for is the 60th of 1 × 1, 1 × 2, 2 × 2, 2 × 3, …: 30 × 31."""
BLOCK_H = 4
"""Hours over which loads are taken together, to size a field in seconds [h]."""
_ROUNDS = 12
_AGREES = 5e-3


class Boreholes(Strict):
    """Boreholes that balance the ring, in place of wells or beside them."""

    soil: Soil | None = Field(
        default=None,
        description="What they are drilled in, by a word; typical values of VDI 4640",
    )
    soil_w_per_mk: Positive | None = Field(
        default=None,
        description="Thermal conductivity of the soil, as a thermal response test found it, in "
        "place of the word's [W/(m K)]",
    )
    ground_degc: float | None = Field(
        default=None,
        description="Undisturbed ground near the surface [degC]; by default the mean air of the "
        "weather",
    )
    count: Count | Literal["sized"] = Field(
        default="sized",
        description="How many; `sized` for as many as the heating needs until the horizon",
    )
    depth_m: Positive = Field(default=150.0, description="Length of each [m]")
    spacing_m: Positive = Field(default=7.0, description="Distance between neighbours [m]")

    @model_validator(mode="after")
    def _known_soil(self) -> Self:
        if self.soil is None and self.soil_w_per_mk is None:
            raise ValueError(
                "needs `soil`, a word for what they are drilled in "
                f"({', '.join(get_args(Soil))}), or `soil_w_per_mk`"
            )
        return self


@dataclass(frozen=True)
class FieldSize:
    """A field of boreholes and what it gives.

    Attributes
    ----------
    settings : dict
        `ring.plant.borefield` of a run.
    count : int
        Boreholes [-].
    heating_kw, cooling_kw : float
        Heat that it gives in any hour until its horizon, and that it takes [kW].
    """

    settings: dict[str, Any]
    count: int
    heating_kw: float
    cooling_kw: float


@dataclass(frozen=True)
class Need:
    """What a field is sized for.

    Attributes
    ----------
    loop : Loop
        The ring's temperatures and fluid.
    net_kw : ndarray, shape (T,)
        Hourly net heat of the heat pumps into the ring; a year of it is repeated until the field's
        horizon [kW].
    heating_kw : float
        What the plant must be able to give [kW].
    mean_air_degc : float
        Mean air temperature of the year [°C].
    """

    loop: Loop
    net_kw: Series
    heating_kw: float
    mean_air_degc: float


def field_size(boreholes: Boreholes, need: Need) -> FieldSize:
    """Return the field of a description, sized for its heating where that is left open.

    Raises
    ------
    InputError
        If the ground is not between the ring's temperatures, or no field is large enough.
    """
    low, high = need.loop.temperature_min_degc, need.loop.temperature_max_degc
    if boreholes.count != "sized":
        return _carried(boreholes, need, boreholes.count)
    ground = _settings(boreholes, need, 1).undisturbed_degc
    if not low < ground < high:
        raise InputError(
            Problem(
                f"ground of {ground:.1f} °C cannot hold a ring between {low:g} and {high:g} °C",
                key="boreholes.count",
                value="sized",
                suggestion="Say how many, or other bounds (loop.temperature_min_degc, "
                "loop.temperature_max_degc)",
            )
        )
    few, many = 0, 1
    while not _enough(found := _carried(boreholes, need, math.prod(_sides(many))), need):
        if many == MOST:
            raise InputError(_too_many(boreholes, found, need))
        few, many = many, min(2 * many, MOST)
    while many - few > 1:
        middle = (few + many) // 2
        tried = _carried(boreholes, need, math.prod(_sides(middle)))
        if _enough(tried, need):
            many, found = middle, tried
        else:
            few = middle
    return found


def _enough(found: FieldSize, need: Need) -> bool:
    return found.heating_kw >= need.heating_kw


def _too_many(boreholes: Boreholes, found: FieldSize, need: Need) -> Problem:
    return Problem(
        f"{found.count} boreholes of {boreholes.depth_m:g} m give {found.heating_kw:,.0f} kW until "
        f"their horizon, of {need.heating_kw:,.0f} kW that are needed",
        key="boreholes.count",
        value="sized",
        suggestion="Say how many there shall be: heater and chiller do the rest (a central heat "
        "pump too, `plant.central_heat_pump_kw: sized`); or let the ring be colder "
        "(loop.temperature_min_degc), drill deeper, or further apart",
    )


def _sides(number: int) -> tuple[int, int]:
    """Return rows and columns of the n-th field of 1 × 1, 1 × 2, 2 × 2, 2 × 3, …."""
    return (number + 1) // 2, number // 2 + 1


def _settings(boreholes: Boreholes, need: Need, count: int) -> BorefieldConfig:
    """Return a field's settings: a grid as square as can be, all places or a share of it."""
    number = 1
    while math.prod(_sides(number)) < count:
        number += 1
    rows, columns = _sides(number)
    for fewer in range(rows, 0, -1):  # a grid without a gap, if one is nearly square
        if count % fewer == 0 and count // fewer <= 2 * fewer:
            rows, columns = fewer, count // fewer
            break
    conductivity, capacity = (
        (boreholes.soil_w_per_mk, None) if boreholes.soil is None else SOILS[boreholes.soil]
    )
    told: dict[str, Any] = {
        "field": {
            "kind": "rectangle",
            "rows": rows,
            "columns": columns,
            "spacing_m": boreholes.spacing_m,
        },
        "depth_m": boreholes.depth_m,
        "soil_w_per_mk": boreholes.soil_w_per_mk or conductivity,
        "surface_degc": round(
            need.mean_air_degc if boreholes.ground_degc is None else boreholes.ground_degc, 2
        ),
        "flow_kg_s": round(FLOW_KG_S * rows * columns, 3),
    }
    if need.loop.fluid.kind != "water":
        told["fluid"] = need.loop.fluid.model_dump()
    if capacity is not None:
        told["soil_kj_per_m3k"] = 1000.0 * capacity
    if count != rows * columns:
        told["built_share"] = round(count / (rows * columns), 6)
    return BorefieldConfig.model_validate(told)


def _carried(boreholes: Boreholes, need: Need, count: int) -> FieldSize:
    """Return a field and what it carries of heating and cooling until its horizon."""
    settings = _settings(boreholes, need, count)
    field = compile_borefield(settings)
    ground = field.undisturbed_degc
    room_k = ground - need.loop.temperature_min_degc, need.loop.temperature_max_degc - ground
    most_cooling = max(float(need.net_kw.max()), 0.0)
    heating, cooling = need.heating_kw, most_cooling
    for _ in range(_ROUNDS):
        # What is not taken of the one is missing in the ground for the other.
        drop_k = _drop_k(field, np.clip(-need.net_kw, -cooling, heating), settings.horizon_years)
        before = heating, cooling
        heating = _fitting(heating, need.heating_kw, room_k[0], float(drop_k.max()))
        cooling = _fitting(cooling, most_cooling, room_k[1], float(-drop_k.min()))
        if abs(heating - before[0]) + abs(cooling - before[1]) <= _AGREES * sum(before):
            break
    plain = settings.model_dump(mode="json", exclude_unset=True)
    return FieldSize(plain, count, heating, cooling)


def _fitting(kw: float, most_kw: float, room_k: float, drop_k: float) -> float:
    """Return the power that fits, after one that makes the water differ so far [kW]."""
    if room_k <= 0.0 or most_kw <= 0.0:
        return 0.0
    return min(most_kw, kw * room_k / drop_k) if drop_k > 0.0 else most_kw


def _drop_k(field: Borefield, heat_kw: Series, years: int) -> Series:
    """Return how much colder than the ground water is that gets an hourly load, (N, B) [K].

    It is that of the means of `BLOCK_H` hours, B of them in each of N years.
    """
    first = np.arange(0, heat_kw.size, BLOCK_H)
    step_h = np.diff([*first, heat_kw.size]).astype(float)
    mean_kw: Series = np.add.reduceat(heat_kw, first) / step_h
    walls = repeat(field, mean_kw, step_h, years).walls_degc
    exchanger = (1.0 / field.effectiveness - 1.0) / field.flow_kw_per_k
    drop: Series = field.undisturbed_degc - walls
    return drop + mean_kw * (1.0 / field.to_wall_kw_per_k() + exchanger)
