"""What the check of the series looks for, and what happens to what it finds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anello.base.settings import Strict

Policy = Literal["refuse", "repair", "accept"]
FaultKind = Literal[
    "unreadable",
    "not_a_number",
    "gap",
    "outlier",
    "wrong_sign",
    "duplicate_time",
    "missing_time",
    "irregular_step",
    "daylight_saving",
    "wrong_length",
    "units",
]

Positive = Annotated[float, Field(gt=0)]


class QualityConfig(Strict):
    """Settings of the check of the series."""

    policy: Policy = Field(
        default="refuse",
        description="`refuse`: the run stops and lists the faults; `repair`: each fault is "
        "repaired and reported; `accept`: faults are reported and left as they are.",
    )
    policies: dict[FaultKind, Policy] = Field(
        default_factory=dict, description="A policy of its own for some kinds of fault."
    )
    outlier_ratio: Annotated[float, Field(gt=1)] = Field(
        default=4.0,
        description="An outlier exceeds the values around it by this factor, or falls short of "
        "them by twice this factor [-].",
    )
    outlier_deviations: Positive = Field(
        default=8.0,
        description="It also lies this many robust standard deviations from their median [-].",
    )
    outlier_window_days: Annotated[int, Field(ge=1, le=60)] = Field(
        default=7,
        description="The values around it: three hours before and after, and the same hours, "
        "give or take one, of so many days before and after [d].",
    )
    longest_gap_h: Positive = Field(
        default=24.0,
        description="Gaps up to this length are repaired; longer ones are refused [h].",
    )
    units_ratio: Annotated[float, Field(gt=1)] = Field(
        default=300.0,
        description="Columns of one file whose levels differ by more than this factor are "
        "suspected of different units, for example W and kW [-].",
    )

    def policy_for(self, kind: FaultKind) -> Policy:
        """Return what happens to a kind of fault."""
        return self.policies.get(kind, self.policy)
