"""Compiling a Pyomo model to arrays, and solving those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

# Loaded on first use: compiling needs Pyomo, solving a saved problem does not.
_WHERE = {
    "Basis": "basis",
    "Problem": "problem",
    "Solution": "solution",
    "SolverConfig": "config",
    "Start": "start",
    "Diagnosis": "diagnose",
    "compile_problem": "compile",
    "explain_infeasibility": "diagnose",
    "solve": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
