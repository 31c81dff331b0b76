"""Settings of studies: assumptions that are varied, and the front of cost against another class."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from anello.base.settings import Strict
from anello.run.sweep.config import Key

Label = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Assumption(Strict):
    """How far one assumption may be off."""

    keys: list[Key] = Field(
        default_factory=list,
        description="Dotted paths as in a sweep, all of which get the value; none for an "
        "assumption that anello knows by its name.",
    )
    low: Finite | None = Field(
        default=None,
        description="Low value of the keys; without keys a factor on what is described.",
    )
    high: Finite | None = Field(
        default=None,
        description="High value of the keys; without keys a factor on what is described.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.keys and (self.low is None or self.high is None):
            raise ValueError("`keys` need both `low` and `high`: the values that they get")
        if (self.low is None) != (self.high is None):
            raise ValueError("`low` and `high` belong together: give both, or neither")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(
                f"`low` ({self.low:g}) must be less than `high` ({self.high:g}): exchange them"
            )
        if not self.keys and self.low is not None and self.low <= 0:
            raise ValueError("without `keys`, `low` and `high` are factors: `low` must be above 0")
        return self


class SensitivityConfig(Strict):
    """One scenario at the low and the high end of each assumption, all else as it is."""

    scenario: str = Field(description="The scenario, from `scenario_definitions`.")
    vary: dict[Label, Assumption] = Field(
        default_factory=dict,
        description="Assumptions by name; by default those that anello knows of a generated "
        "district.",
    )


class ParetoConfig(Strict):
    """The front of cost against another cost class of one scenario."""

    scenario: str = Field(description="The scenario, from `scenario_definitions`.")
    cost_class: Annotated[str, Field(min_length=1)] = Field(
        default="co2", description="Cost class of the model that is capped."
    )
    points: Annotated[int, Field(ge=2, le=100)] = Field(
        default=5, description="Points of the front, both ends among them."
    )
    lowest: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="Lowest cap, as a share of what the cheapest has; by default the least that "
        "the scenario can reach, which takes a search more.",
    )
