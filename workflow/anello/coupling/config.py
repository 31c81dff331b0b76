"""Configuration of the coupling between dispatch and ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from anello.base.settings import Count, Flag, Fraction, Positive, Strict
from anello.ring.exchanger_parts import is_exchanger
from anello.ring.plant_sizes import to_choose

if TYPE_CHECKING:
    from anello.ring.config import RingConfig


class FixedPointConfig(Strict):
    """Solve with the COP of the iteration before, simulate, repeat."""

    relaxation: Fraction = Field(
        default=1.0,
        description=(
            "Share ω of the step from the COP used to the COP simulated; 1 is the original's way."
        ),
    )
    anderson_depth: Annotated[int, Field(strict=True, ge=0)] = Field(
        default=0,
        description="Earlier iterations that Anderson acceleration combines; 0 switches it off.",
    )
    scheduled_balancing: Flag = Field(
        default=False,
        description="The optimiser schedules the balancing plant instead of its dead band.",
    )


FEW_WAVES = 4
"""Waves along a loop that a programme of few time steps sees by default [-]."""

MANY_STEPS = 1000
"""Time steps beyond which waves make a programme slow [-]."""


class SlpConfig(Strict):
    """Trust-region sequential linear programming."""

    trust_region_k: Positive = Field(
        default=2.0, description="Trust region Δ on ring and store temperatures at the start [K]."
    )
    trust_region_max_k: Positive = Field(default=4.0, description="Largest trust region [K].")
    kept_share: Annotated[float, Field(strict=True, gt=0, lt=1)] = Field(
        default=0.8,
        description=(
            "Share of a programme's promise that its simulation should keep: Δ grows or shrinks so "
            "that the next step is expected to [-]."
        ),
    )
    loop_waves: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=None,
        description=(
            "Waves of temperature along a loop that the programme sees, half of the loop's "
            "`parcels` at most; with none it sees the loop's mean. They make programmes slow: by "
            "default four up to 1,000 time steps, and none beyond. A loop with branches is seen by "
            "its mean alone."
        ),
    )
    balancing: Literal["scheduled", "deadband"] = Field(
        default="scheduled",
        description="Whether the programme schedules the balancing plant or its dead band acts.",
    )

    def waves_in(self, steps: int) -> int:
        """Waves along a loop in a programme of this many time steps."""
        if self.loop_waves is not None:
            return self.loop_waves
        return FEW_WAVES if steps <= MANY_STEPS else 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.trust_region_k > self.trust_region_max_k:
            raise ValueError("needed: trust_region_k ≤ trust_region_max_k")
        return self


class OperationConfig(Strict):
    """A receding horizon over the planned district."""

    window_hours: Positive = Field(
        default=24.0, description="Hours whose decisions are kept before looking again [h]."
    )
    horizon_hours: Positive = Field(
        default=48.0, description="Hours that are optimised together [h]."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.window_hours > self.horizon_hours:
            raise ValueError("needed: window_hours ≤ horizon_hours")
        return self


class CouplingConfig(Strict):
    """How dispatch and ring are brought together, and when that counts as done."""

    method: Literal["slp", "fixed_point", "none"] = Field(
        default="slp",
        description=(
            "`slp`: the linear programme sees what its dispatch does to ring and COP; "
            "`fixed_point`: the original's iteration; `none`: there is no ring, and the dispatch "
            "is solved once."
        ),
    )
    max_iterations: Count = Field(
        default=60, description="Iterations at most, the first included; then the run has failed."
    )
    tolerance_k: Positive = Field(
        default=0.05,
        description=(
            "Fixed point: largest change of the ring temperature between iterations; SLP: largest "
            "difference between the ring temperature of programme and simulation [K]."
        ),
    )
    criterion: Literal["max_change", "mean_relative_change"] | None = Field(
        default=None,
        description=(
            "`max_change`: max |ΔT| ≤ `tolerance_k`; `mean_relative_change`: the original's mean "
            "of |ΔT/T_previous| ≤ `mean_relative_tolerance`. Default: by the ring's mode."
        ),
    )
    mean_relative_tolerance: Positive = Field(
        default=0.1, description="Limit of the original's criterion [-]."
    )
    min_repeats: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=None,
        description=(
            "Iterations after the first before the loop may stop. Default: 11 with the oddity "
            "`eleven_iterations_at_least`, else 0."
        ),
    )
    predicted_decrease: Positive = Field(
        default=1e-4,
        description=(
            "SLP: stop when the programme predicts less than this share of operating cost [-]."
        ),
    )
    cost_gap: Positive = Field(
        default=1e-3,
        description=(
            "SLP: stop needs programme and simulation to agree on cost within this share [-]."
        ),
    )
    fixed_point: FixedPointConfig = Field(
        default_factory=FixedPointConfig, description="Settings of the fixed point."
    )
    slp: SlpConfig = Field(default_factory=SlpConfig, description="Settings of the SLP.")
    operation: OperationConfig | None = Field(
        default=None,
        description=(
            "Also operate what was planned, window by window, each seeing the ring as the one"
            " before left it; not done by default."
        ),
    )

    @property
    def coupled(self) -> bool:
        """Whether there is a ring to be simulated."""
        return self.method != "none"

    @property
    def schedules_plant(self) -> bool:
        """Whether the programme decides the heat of the balancing plant."""
        if self.method == "slp":
            return self.slp.balancing == "scheduled"
        return self.coupled and self.fixed_point.scheduled_balancing

    @property
    def sees_ring(self) -> bool:
        """Whether the programme has rows of the ring, beside what it does to COP."""
        return self.method == "slp" or self.schedules_plant

    @model_validator(mode="after")
    def _ring_to_operate(self) -> Self:
        if self.operation is not None and not self.coupled:
            raise ValueError("`operation` follows a ring from window to window: needed is a ring")
        return self


def waves_fault(ring: RingConfig, coupling: CouplingConfig) -> str | None:
    """Return why a programme could not see the waves it is to see; None if it can."""
    waves = coupling.slp.loop_waves
    if not waves or ring.model != "loop" or ring.loop is None or not ring.loop.branches:
        return None
    return (
        f"{waves} waves are asked for, and a programme sees a loop with branches by its mean and "
        "has no waves of it; leave it out, or `ring.loop.branches`"
    )


def chosen_by(ring: RingConfig, coupling: CouplingConfig) -> str | None:
    """Return why a search could not choose the sizes that a ring leaves open; None if it can."""
    parts = list(to_choose(ring))
    if not parts:
        return None
    where = " and ".join(
        f"`{key}`"
        for key, asked in (
            ("ring.plant.sizes", not all(map(is_exchanger, parts))),
            ("ring.heat_pumps.*.free_cooling.size", any(map(is_exchanger, parts))),
        )
        if asked
    )
    scheduled = coupling.method == "slp" and coupling.schedules_plant
    if scheduled and coupling.operation is None and ring.model != "two_pipe":
        return None
    return (
        f"{where} are chosen by a programme that schedules the plant: needed are "
        "`coupling.method: slp` with `slp.balancing: scheduled`, no `coupling.operation`, and "
        "`ring.model: mixed` or `loop`"
    )
