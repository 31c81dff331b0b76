"""Settings of the solver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from anello.base.settings import Strict


class SolverConfig(Strict):
    """Which solver to use and how.

    The model folder's own ``run.solver`` is not used by the workflow, so that a folder written for
    a solver nobody has here still runs.
    """

    name: str = Field(
        "highs", description="`highs` (in process), `cbc`, or any solver name that Pyomo knows"
    )
    method: Literal["auto", "simplex", "ipm", "hipo"] = Field(
        "auto",
        description="How HiGHS solves a linear problem: `simplex`, `ipm` (interior point with"
        " crossover), `hipo` (interior point with direct factorisation, from the package"
        " highspy-extras), or what its size and structure speak for",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options handed to the solver as they are"
    )
    time_limit_s: float | None = Field(
        None, gt=0, description="Time limit of one solve [s]; none by default"
    )
    mip_gap: float | None = Field(
        None,
        ge=0,
        description="Relative gap at which a model with integers counts as solved; the solver's"
        " own by default",
    )
    warm_start: bool = Field(
        True, description="Start each iteration from the previous iteration's basis (HiGHS only)"
    )

    def with_defaults(self, options: Mapping[str, Any]) -> SolverConfig:
        """Return the same settings with further options, where they say nothing else."""
        return self.model_copy(update={"options": {**options, **self.options}})


HIGHS = SolverConfig()
"""HiGHS as it is used where nothing else is asked for."""
