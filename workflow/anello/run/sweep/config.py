"""Settings of a sweep: which keys change, and how their values are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from anello.base.settings import Strict

Key = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.]+)*$")]
"""A dotted path as in a scenario's definition: `ring.initial_degc`, `overrides.techs.pv.…`."""
Values = Annotated[list[Any], Field(min_length=1)]
Seed = Annotated[int, Field(ge=0)]


class _Sweep(Strict):
    one_job_per_point: bool = Field(
        default=True,
        description="Whether all steps and iterations of a point run within one job. Otherwise "
        "each step is a job of its own, as in a run without a sweep.",
    )


class Range(Strict):
    """An interval from which values are drawn."""

    low: float = Field(allow_inf_nan=False, description="Lower end.")
    high: float = Field(allow_inf_nan=False, description="Upper end.")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="`log`: equal factors are equally likely."
    )
    whole: bool = Field(default=False, description="Whole numbers only, both ends included.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError("`low` must be less than `high`")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("`low` must be above 0 for `scale: log`")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("`low` and `high` must be whole numbers for `whole: true`")
        return self


def _form(space: Any) -> str:
    return "[values]" if isinstance(space, list) else "[range]"


# Told apart by their form, so that a fault in one is not reported as two.
RangeOrValues = Annotated[
    Annotated[Range, Tag("[range]")] | Annotated[Values, Tag("[values]")], Discriminator(_form)
]


class Grid(_Sweep):
    """Every combination of values."""

    kind: Literal["grid"] = Field(description="`grid`: every combination of the values.")
    parameters: dict[Key, Values] = Field(
        min_length=1, description="The values of each key; the last key changes fastest."
    )


class PointList(_Sweep):
    """Points written out one by one."""

    kind: Literal["list"] = Field(description="`list`: points written out one by one.")
    points: list[dict[Key, Any]] = Field(
        min_length=1, description="For each point the keys that it changes, with their values."
    )


class LatinHypercube(_Sweep):
    """A sample that is spread evenly over each parameter."""

    kind: Literal["latin_hypercube"] = Field(
        description="`latin_hypercube`: a random sample that is even in each parameter."
    )
    samples: int = Field(ge=1, description="How many points.")
    seed: Seed = Field(description="The same seed gives the same points.")
    parameters: dict[Key, RangeOrValues] = Field(
        min_length=1, description="For each key an interval, or a list of values to choose from."
    )


class CsvPoints(_Sweep):
    """Points from a table."""

    kind: Literal["csv"] = Field(description="`csv`: points from a table.")
    file: Path = Field(
        description="CSV file with a column per key and a row per point; an empty cell leaves the "
        "key as it is."
    )


SweepConfig = Annotated[
    Grid | PointList | LatinHypercube | CsvPoints,
    Field(discriminator="kind", description="A parameter space over the scenarios."),
]
