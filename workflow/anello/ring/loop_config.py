"""Settings of a loop of pipes: segments, substations, flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_validator

from anello.base.settings import Count, Flag, Fraction, NonNegative, Number, Positive, Strict
from anello.ring.fields import PlaceName
from anello.ring.ground_config import FixedGround, Ground
from anello.ring.pipe_families import find_pipe, pipe_settings

FROM_THE_NAME = ("inner_diameter_m", "wall_thickness_m")
"""What a named pipe is; its other values may be set otherwise."""


def _diameter_by_name(schema: dict[str, Any]) -> None:
    """Let the schema pass pipes whose diameter a name says."""
    schema["required"] = [key for key in schema["required"] if key != "inner_diameter_m"]


class PipeConfig(Strict):
    """A buried, insulated pipe."""

    model_config = ConfigDict(json_schema_extra=_diameter_by_name)

    length_m: Positive = Field(description="Length [m].")
    pipe: str | None = Field(
        default=None,
        description=(
            "Family and size of the pipe, such as `PE100 SDR11 DN160`, `PE100 SDR17 DN200`, "
            "`steel DN100`, `steel twin DN100`: says diameter, wall, insulation and roughness."
        ),
    )
    inner_diameter_m: Positive = Field(
        description="Inner diameter; needed unless `pipe` names it [m]."
    )
    wall_thickness_m: NonNegative = Field(
        default=0.0039, description="Thickness of the pipe wall [m]."
    )
    wall_heat_capacity_kj_per_m3k: NonNegative = Field(
        default=3900.0,
        description="Volumetric heat capacity of the wall [kJ/(m³·K)]; steel 3900; 0 for none.",
    )
    insulation_thickness_m: NonNegative = Field(
        default=0.04, description="Thickness of insulation [m]."
    )
    insulation_w_per_mk: Positive = Field(
        default=0.03, description="Thermal conductivity of the insulation [W/(m·K)]."
    )
    burial_depth_m: NonNegative = Field(
        default=1.0, description="Depth of the pipe's axis [m]; 0: no soil around it."
    )
    soil_w_per_mk: Positive = Field(
        default=1.5, description="Thermal conductivity of the soil [W/(m·K)]."
    )
    surface_w_per_m2k: Positive | None = Field(
        default=None,
        description="Heat transfer coefficient of the casing to air, for pipes in air [W/(m²·K)].",
    )
    heat_loss_w_per_mk: NonNegative | None = Field(
        default=None, description="Heat loss per metre and kelvin, instead of the layers [W/(m·K)]."
    )
    roughness_mm: NonNegative = Field(default=0.05, description="Roughness of the inner wall [mm].")
    minor_loss_factor: NonNegative = Field(
        default=0.0, description="Sum of loss coefficients of bends and fittings [-]."
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not isinstance(content.get("pipe"), str):
            return content
        told = pipe_settings(content["pipe"])
        for key in FROM_THE_NAME:
            if content.get(key, told[key]) != told[key]:
                raise ValueError(
                    f"`pipe: {content['pipe']}` has `{key}: {told[key]}`, not {content[key]}; "
                    "leave one of them out"
                )
        return {**told, **content}

    @property
    def gap_m(self) -> float | None:
        """Distance between two pipes in one casing; None for a single pipe [m]."""
        return None if self.pipe is None else find_pipe(self.pipe)[1].gap_m


class SubstationConfig(Strict):
    """A place on the loop at which heat pumps (or the balancing plant) exchange heat."""

    name: PlaceName = Field(description="Name of the substation.")
    heat_pumps: list[str] = Field(
        default_factory=list,
        description="Heat pumps connected here, as `location::technology` or `location`.",
    )
    plant: Flag = Field(default=False, description="The balancing plant is connected here.")


class LoopBranchConfig(PipeConfig):
    """A trench off the loop, with a pipe there and one of the same kind back to where it began."""

    length_m: Positive = Field(description="Length of each of the two pipes [m].")
    start: str = Field(
        description="Substation of the loop, or end of another branch, at which it leaves."
    )
    end: PlaceName = Field(
        description="Name of the place at its end: a substation, a junction of branches, or both."
    )
    share: Fraction | None = Field(
        default=None,
        description=(
            "Share of the flow at `start` that takes this branch; unless said, the cross-section "
            "of its pipe by that of the pipe that leads to `start` [-]."
        ),
    )
    heat_pumps: list[str] = Field(
        default_factory=list,
        description="Heat pumps at its end, as `location::technology` or `location`.",
    )

    @property
    def name(self) -> str:
        """Name of the substation at its end."""
        return self.end

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.start == self.end:
            raise ValueError(f"a branch from `{self.start}` to itself is none")
        return self


class FixedFlow(Strict):
    """The same flow in every hour."""

    kind: Literal["fixed"] = "fixed"
    kg_s: Number = Field(description="Flow [kg/s]; negative runs against the order of stations.")


class ScheduledFlow(Strict):
    """Flow from a series that comes with the data."""

    kind: Literal["scheduled"] = "scheduled"
    file: str | None = Field(
        default=None,
        description=(
            "CSV file with a header, a column of times and one of flow [kg/s], negative against "
            "the order of stations. Relative paths start where the run is started."
        ),
    )


class ProportionalFlow(Strict):
    """Flow that follows the heat exchanged with the heat pumps."""

    kind: Literal["proportional"] = "proportional"
    kg_s_per_kw: Positive = Field(
        default=0.06,
        description="Flow per kW of the larger of heat taken and heat rejected [kg/(s·kW)].",
    )
    min_kg_s: Positive = Field(default=1.0, description="Smallest flow [kg/s].")
    max_kg_s: Positive = Field(default=1.0e6, description="Largest flow [kg/s].")
    reversed: Flag = Field(default=False, description="Run against the order of the substations.")


Flow = Annotated[FixedFlow | ScheduledFlow | ProportionalFlow, Field(discriminator="kind")]


class PumpedConfig(Strict):
    """What pumped water has, in a loop as in two pipes: pumps, and ground around the pipes."""

    pump_efficiency: Fraction = Field(
        default=0.6, description="Efficiency of the circulation pump [-]."
    )
    pump_heat_to_water: Flag = Field(
        default=True, description="Pump electricity ends up as heat in the water."
    )
    ground: Ground = Field(
        default_factory=FixedGround, description="Undisturbed ground temperature."
    )

    def warming_kw(self, pump_kw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the heat that pumps of this electricity give to the water, of its shape [kW]."""
        return pump_kw if self.pump_heat_to_water else np.zeros_like(pump_kw)


class LoopConfig(PumpedConfig):
    """Substations in order along a loop of pipes."""

    substations: list[SubstationConfig] = Field(
        min_length=1, description="Substations in the order in which positive flow meets them."
    )
    segments: list[PipeConfig] = Field(
        min_length=1,
        description="Pipe from each substation to the next; the last one closes the loop.",
    )
    branches: list[LoopBranchConfig] = Field(
        default_factory=list,
        description="Branches off the loop, and off their ends, which together are trees.",
    )
    flow: Flow = Field(description="Flow around the loop.")
    parcels: Count = Field(
        default=200,
        description=(
            "Water parcels in a loop without branches: one mixes all water, many are plug flow; "
            "a step in temperature stays as sharp as one parcel."
        ),
    )
    dispersion_m2_s: NonNegative = Field(
        default=0.0,
        description="Axial mixing along a loop without branches [m²/s]; 0 switches mixing off.",
    )

    @property
    def places(self) -> list[SubstationConfig | LoopBranchConfig]:
        """Substations in order, then the ends of the branches."""
        return [*self.substations, *self.branches]

    @property
    def station_names(self) -> list[str]:
        """Names of the substations, in order."""
        return [substation.name for substation in self.substations]

    @property
    def pipes(self) -> list[PipeConfig]:
        """Segments in order, then of each branch the pipe there and the pipe back."""
        both = [pipe for branch in self.branches for pipe in (branch, branch)]
        return [*self.segments, *both]

    @property
    def plant_station(self) -> int:
        """Position of the plant's substation: the one that is marked as such, else the first."""
        return next((i for i, station in enumerate(self.substations) if station.plant), 0)

    def shares(self) -> list[float]:
        """Return the share of the flow at its start that takes each branch [-].

        Where it is not given, it is the branch's cross-section by that of the pipe that positive
        flow arrives by: pipes are laid for the flow that their heat pumps need. From the end of a
        branch at which there is no heat pump all water goes on.
        """
        # ASSUME: a planner gives all pipes about the same velocity at design flow.
        names = [place.name for place in self.places]
        count = len(self.substations)
        found = []
        for branch in self.branches:
            beside = [other for other in self.branches if other.start == branch.start]
            open_m2 = sum(one.inner_diameter_m**2 for one in beside if one.share is None)
            at = names.index(branch.start)
            if branch.share is not None:
                found.append(branch.share)
            elif at >= count and not self.places[at].heat_pumps:
                rest = max(1.0 - sum(one.share or 0.0 for one in beside), 0.0)
                found.append(rest * branch.inner_diameter_m**2 / open_m2)
            else:
                # Of the first substation the last segment is the one before it.
                before = self.segments[at - 1] if at < count else self.branches[at - count]
                found.append((branch.inner_diameter_m / before.inner_diameter_m) ** 2)
        return found

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if len(self.segments) != len(self.substations):
            raise ValueError(
                f"a loop has one segment per substation: {len(self.substations)} substations, "
                f"{len(self.segments)} segments"
            )
        for key, pipes in (("segments", self.segments), ("branches", self.branches)):
            _require_single(key, pipes)
        names = [place.name for place in self.places]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(
                f"substation names must differ, and one branch leads to a place: {', '.join(twice)}"
            )
        if sum(s.plant for s in self.substations) > 1:
            raise ValueError("the balancing plant is connected at one substation at most")
        self._require_trees(names)
        if self.branches and isinstance(self.flow, FixedFlow) and self.flow.kg_s == 0.0:
            raise ValueError(
                "flow.kg_s: 0 lets water stand, and a loop with branches has none that stands; "
                "give a flow, or leave `branches` out"
            )
        if self.branches and self.dispersion_m2_s:
            raise ValueError(
                f"dispersion_m2_s: {self.dispersion_m2_s} is of a loop without branches; leave it "
                "out, or the branches"
            )
        return self

    def _require_trees(self, names: list[str]) -> None:
        """Refuse branches that begin nowhere, go in a circle, lead to nobody, or take too much."""
        starts = {branch.start for branch in self.branches}
        reached = {station.name for station in self.substations}
        for number, branch in enumerate(self.branches):
            if branch.start not in names:
                raise ValueError(
                    f"branches.{number}.start: `{branch.start}` is no place; there are "
                    f"{', '.join(names)}"
                )
            if not branch.heat_pumps and branch.end not in starts:
                raise ValueError(
                    f"branches.{number}.end: nothing hangs on the branch to `{branch.end}`; give "
                    "it `heat_pumps`, or leave it out"
                )
        left = list(self.branches)
        while more := [branch for branch in left if branch.start in reached]:
            left = [branch for branch in left if branch.start not in reached]
            reached |= {branch.end for branch in more}
        if left:
            circle = ", ".join(branch.end for branch in left)
            raise ValueError(
                f"branches.{self.branches.index(left[0])}.start: no way from the loop to {circle}: "
                "these branches go in a circle; let one of them start at a substation of the loop"
            )
        of_loop = {station.name for station in self.substations}
        for start in sorted(starts):
            self._require_shares(start, of_the_loop=start in of_loop)

    def _require_shares(self, start: str, *, of_the_loop: bool) -> None:
        taken = {
            branch.end: share
            for branch, share in zip(self.branches, self.shares(), strict=True)
            if branch.start == start
        }
        most = sum(taken.values())
        if dry := [end for end, share in taken.items() if share <= 0.0]:
            number = [branch.end for branch in self.branches].index(dry[0])
            raise ValueError(
                f"branches.{number}.end: nothing is left for the branch to `{dry[0]}`: the others "
                f"at `{start}` take all of its flow; give it a `share`, and them smaller ones"
            )
        if most > 1.0 + 1e-9 or (of_the_loop and most > 1.0 - 1e-9):
            told = ", ".join(f"{share:.3g} to {end}" for end, share in taken.items())
            number = [branch.start for branch in self.branches].index(start)
            key = "end" if self.branches[number].share is None else "share"
            raise ValueError(
                f"branches.{number}.{key}: the branches at `{start}` take {most:.3g} of its flow "
                f"({told}); {'less than 1' if of_the_loop else '1 at most'} can be taken: say "
                "`share`, or a smaller one (without it, a branch takes its cross-section by that "
                "of the pipe to its start)"
            )


def _require_single(key: str, pipes: Sequence[PipeConfig]) -> None:
    """Refuse twin pipes, whose two waters a loop does not have."""
    for number, pipe in enumerate(pipes):
        if pipe.gap_m is not None:
            raise ValueError(
                f"{key}.{number}.pipe: `{pipe.pipe}` is two pipes in one casing, and a "
                "loop has one; name a single pipe, or use `model: two_pipe`"
            )
