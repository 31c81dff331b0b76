"""What the figures and the report show: the `figures` section of a run's configuration."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from anello.base.settings import Strict

FigureName = Literal[
    "dispatch",
    "ring_iterations",
    "convergence",
    "monthly_balance",
    "cop_duration",
    "ring_carpet",
    "source_heat_price",
]
Format = Literal["svg", "pdf", "png"]


class Period(Strict):
    """A stretch of time to show hour by hour."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        description="Goes into the names of the files."
    )
    start: dt.datetime = Field(description="First hour shown.")
    days: Annotated[float, Field(gt=0, le=366)] = Field(7.0, description="Length [d].")


class FiguresConfig(Strict):
    """Which figures are drawn, of what, and how."""

    formats: Annotated[list[Format], Field(min_length=1)] = Field(
        default=["svg", "pdf", "png"], description="File formats of every figure."
    )
    dpi: Annotated[int, Field(ge=72, le=1200)] = Field(
        300, description="Resolution of the PNG files [1/inch]."
    )
    width_mm: Annotated[float, Field(ge=80, le=420)] = Field(
        180.0, description="Width of the figures [mm]; 180 fills a two-column page."
    )
    only: list[FigureName] | None = Field(
        None, description="Draw only these; all that the results allow by default."
    )
    periods: list[Period] = Field(
        default_factory=list,
        description="Periods of the dispatch figure; a winter and a summer week by default.",
    )
    locations: list[str] | None = Field(
        None,
        description="Locations of the dispatch figure, `all` for all together, the default.",
    )
    currency: str = Field("€", description="Unit of the cost class that is shown.")
    cost_class: str = Field("monetary", description="Cost class that is shown.")
    cost_units: dict[str, str] = Field(
        default_factory=dict,
        description="Units of other cost classes, such as `{co2: kg}`.",
    )
    names: dict[str, str] = Field(
        default_factory=dict,
        description="Names to print, by technology, carrier or location; the model's by default.",
    )
    colors: dict[str, Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]] = Field(
        default_factory=dict,
        description="Colours by technology or carrier, `#rrggbb`; colour-blind-safe by default.",
    )
    use_model_colors: bool = Field(
        False, description="Take the colours that the model gives its technologies."
    )

    def unit_beside(self, cost_class: str | None) -> str:
        """Return the unit of a cost class as it stands behind a number; "" where none is told."""
        return "" if cost_class is None else self.cost_units.get(cost_class, "")

    def unit_of(self, cost_class: str) -> str:
        """Return what a cost class counts in, as far as the settings tell."""
        if cost_class == self.cost_class:
            return self.currency
        return self.cost_units.get(cost_class, "unit of the model")

    @model_validator(mode="after")
    def _periods_have_different_names(self) -> Self:
        names = [period.name for period in self.periods]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"periods share the name {', '.join(twice)}")
        return self
