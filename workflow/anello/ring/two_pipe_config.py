"""Settings of a two-pipe network: branches of a warm and a cold line, substations, design."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from anello.base.settings import Count, Fraction, NonNegative, Number, Positive, Strict
from anello.ring.fields import PlaceName
from anello.ring.loop_config import PipeConfig, PumpedConfig

CLEAR_M = 0.15
"""Between the casings of two pipes in one trench, unless said [m]; usual on building sites."""


class BranchConfig(PipeConfig):
    """A trench from one place to another, with a warm and a cold pipe of the same kind."""

    start: PlaceName = Field(description="Place at which the branch begins.")
    end: PlaceName = Field(
        description="Place at which it ends; flow from start to end is positive."
    )
    spacing_m: Positive | None = Field(
        default=None,
        description=(
            "Between the axes of the two pipes; 0.15 m between their casings unless said, and what "
            "the casing says where `pipe` names a twin pipe [m]."
        ),
    )
    exchange_w_per_mk: NonNegative | None = Field(
        default=None,
        description=(
            "Heat from the warm to the cold pipe per metre and kelvin between them, instead of the "
            "layers; goes with `heat_loss_w_per_mk` [W/(m·K)]."
        ),
    )

    @property
    def casing_m(self) -> float:
        """Outer diameter of one pipe with its insulation [m]."""
        bare = self.inner_diameter_m + 2.0 * self.wall_thickness_m
        return bare + 2.0 * self.insulation_thickness_m

    @property
    def axes_m(self) -> float:
        """Distance between the axes of the two pipes [m]."""
        if self.gap_m is not None:
            return self.inner_diameter_m + 2.0 * self.wall_thickness_m + self.gap_m
        return self.casing_m + CLEAR_M if self.spacing_m is None else self.spacing_m

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"a branch from `{self.start}` to itself is none")
        if self.exchange_w_per_mk is not None and self.heat_loss_w_per_mk is None:
            raise ValueError("`exchange_w_per_mk` stands beside `heat_loss_w_per_mk`; give both")
        if self.gap_m is not None and self.spacing_m is not None:
            raise ValueError(
                f"`pipe: {self.pipe}` says how far its pipes are apart; leave `spacing_m` out"
            )
        if self.gap_m is None and self.axes_m < self.casing_m:
            raise ValueError(
                f"`spacing_m: {self.spacing_m}` is less than the pipe's outer diameter, "
                f"{self.casing_m:.3f} m"
            )
        if self.heat_loss_w_per_mk is None and self.burial_depth_m <= self.casing_m / 2.0:
            raise ValueError(
                "two pipes in air are not simulated from their layers; give `burial_depth_m`, or "
                "`heat_loss_w_per_mk`"
            )
        return self


class TwoPipeSubstation(Strict):
    """A place at which heat pumps exchange heat with the two lines."""

    name: PlaceName = Field(description="Name of the place, as branches call it.")
    heat_pumps: Annotated[list[str], Field(min_length=1)] = Field(
        description="Heat pumps connected here, as `location::technology` or `location`."
    )


class TwoPipeConfig(PumpedConfig):
    """A warm and a cold line in a network of trenches, with a plant that balances them."""

    substations: list[TwoPipeSubstation] = Field(
        min_length=1, description="Places with heat pumps; a place without them is a junction."
    )
    branches: list[BranchConfig] = Field(
        min_length=1,
        description="Trenches that reach all places from the plant: a tree, a ring or any mesh.",
    )
    plant_at: str = Field(
        default="plant", description="Place of the central plant; no heat pumps stand there."
    )
    difference_k: Positive = Field(
        default=4.0,
        description="Temperature by which a substation cools or warms the water [K].",
    )
    warm_degc: Number | None = Field(
        default=None,
        description=(
            "Warm line as the plant feeds it, and as it starts; half the difference above "
            "`ring.initial_degc` unless said [°C]."
        ),
    )
    parcels: Count = Field(
        default=40,
        description="Water parcels in a pipe at most; beyond, the most alike neighbours merge.",
    )
    pump_efficiency: Fraction = Field(default=0.5, description="Efficiency of the pumps [-].")
    pumps_at: Literal["substations", "plant"] = Field(
        default="substations",
        description=(
            "Where the pumps are: at each substation for its own water, or one at the plant for "
            "all that takes water its way, and at those substations that push against it."
        ),
    )
    substation_kpa: NonNegative = Field(
        default=20.0,
        description="Pressure lost in a substation's exchanger and valve, at any flow [kPa].",
    )

    @model_validator(mode="after")
    def _reaches_all(self) -> Self:
        names = [station.name for station in self.substations]
        if len(set(names)) != len(names):
            raise ValueError("substation names must differ")
        if self.plant_at in names:
            raise ValueError(
                f"heat pumps stand at `{self.plant_at}`, the plant's place; give them a place of "
                "their own, and a branch to it"
            )
        known = {place for branch in self.branches for place in (branch.start, branch.end)}
        for name in (self.plant_at, *names):
            if name not in known:
                raise ValueError(
                    f"no branch leads to `{name}`; there are {', '.join(sorted(known))}"
                )
        reached = self._reached()
        if missing := sorted(known - reached):
            raise ValueError(f"no way from `{self.plant_at}` to {', '.join(missing)}")
        trenches = [f"{branch.start} → {branch.end}" for branch in self.branches]
        if doubled := sorted({name for name in trenches if trenches.count(name) > 1}):
            raise ValueError(
                f"`{doubled[0]}` is laid twice; a second trench between two places needs a place "
                "of its own on its way, so that results can tell the two apart"
            )
        return self

    def start_warm_degc(self, initial_degc: float) -> float:
        """Return the warm line as the plant feeds it, in a ring that starts so warm [°C]."""
        return initial_degc + self.difference_k / 2.0 if self.warm_degc is None else self.warm_degc

    def _reached(self) -> set[str]:
        reached, ahead = {self.plant_at}, deque([self.plant_at])
        while ahead:
            place = ahead.popleft()
            for branch in self.branches:
                for one, other in ((branch.start, branch.end), (branch.end, branch.start)):
                    if one == place and other not in reached:
                        reached.add(other)
                        ahead.append(other)
        return reached
