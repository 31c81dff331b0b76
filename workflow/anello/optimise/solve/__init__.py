"""Compiling a Pyomo model to arrays, and solving those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

if TYPE_CHECKING:
    from anello.optimise.solve.basis import Basis
    from anello.optimise.solve.compile import compile_problem
    from anello.optimise.solve.config import SolverConfig
    from anello.optimise.solve.diagnose import Diagnosis, explain_infeasibility
    from anello.optimise.solve.problem import Problem
    from anello.optimise.solve.run import solve
    from anello.optimise.solve.solution import Solution
    from anello.optimise.solve.start import Start

__all__ = [
    "Basis",
    "Diagnosis",
    "Problem",
    "Solution",
    "SolverConfig",
    "Start",
    "compile_problem",
    "explain_infeasibility",
    "solve",
]

# Compiling needs Pyomo, solving a saved problem does not.
__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "Basis": "basis",
        "Problem": "problem",
        "Solution": "solution",
        "SolverConfig": "config",
        "Start": "start",
        "Diagnosis": "diagnose",
        "compile_problem": "compile",
        "explain_infeasibility": "diagnose",
        "solve": "run",
    },
)
