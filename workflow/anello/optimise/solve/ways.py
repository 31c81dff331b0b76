"""What else to try when the simplex method runs into numerical trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anello.errors import SolveError
from anello.optimise.solve.config import SolverConfig


@dataclass(frozen=True)
class Way:
    """One way to solve a problem that another one failed on.

    Attributes
    ----------
    name : str
        What is done, for the log.
    options : mapping
        HiGHS options by name.
    solver : str
        `highs`, or the name of a solver that Pyomo knows.
    from_basis : bool
        Whether it begins with the basis that the attempt before began with.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    solver: str = "highs"
    from_basis: bool = False

    def settings(self, asked: SolverConfig) -> SolverConfig:
        """Return the settings of this way, whose options are those asked for and its own."""
        if self.solver == "highs":
            return asked.with_defaults(self.options)
        return asked.model_copy(update={"name": self.solver, "options": {}})


# Scaled, entries that are next to nothing become pivots, and values grow beyond all bounds.
UNSCALED = Way(
    "going on from the basis without scaling", {"simplex_scale_strategy": 0}, from_basis=True
)

SCRATCH = Way("solving from scratch")

# HiGHS' own numbers: 4 scales every entry towards powers of two of its row's and column's largest,
# 1 prices by Devex weights.
WAYS_OUT = (
    Way(
        "solving from scratch with other scaling, pricing and larger pivots",
        {
            "simplex_scale_strategy": 4,
            "simplex_dual_edge_weight_strategy": 1,
            "factor_pivot_threshold": 0.5,
        },
    ),
    Way(
        "solving with costs and bounds perturbed more, and cleaned up after",
        {
            "dual_simplex_cost_perturbation_multiplier": 100.0,
            "primal_simplex_bound_perturbation_multiplier": 100.0,
        },
    ),
    Way("solving without presolve", {"presolve": "off", "factor_pivot_threshold": 0.5}),
    Way("solving by interior point with crossover", {"solver": "ipm", "run_crossover": "on"}),
    Way("solving with CBC", solver="cbc"),
)


def ways_out(*, warm: bool, integer: bool) -> list[Way]:
    """Return what to try after a failure, in order.

    Parameters
    ----------
    warm : bool
        Whether the failed attempt began from a basis.
    integer : bool
        Whether the problem has integers: then only what makes sense for a branch and bound.
    """
    ways = [UNSCALED, SCRATCH] if warm else []
    if not integer:
        ways += [way for way in WAYS_OUT if way.solver == "highs"]
    return ways + [way for way in WAYS_OUT if way.solver != "highs" and cbc_installed()]


def cbc_installed() -> bool:
    """Whether CBC is on the PATH, or comes with the wheel that carries it."""
    from anello.optimise.solve.pyomo_solver import cbc_executable

    try:
        cbc_executable()
    except SolveError:
        return False
    return True
