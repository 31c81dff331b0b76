"""One horizon after the other, each a cut of the problem of the whole period.

The formulation is written once, for all steps. A horizon's problem is cut out of its arrays:
variables and constraints of its steps, with what was decided before moved to the right-hand side.
So whatever the formulation knows (a store's losses, ramping limits, constraints that users added)
carries over from window to window by itself.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from anello.base.files import write_text
from anello.base.progress import each
from anello.errors import ConfigError
from anello.errors import Problem as Fault
from anello.model.data import ModelData
from anello.optimise.operate.capacities import fixed_capacities
from anello.optimise.operate.period import Horizon, Period
from anello.optimise.operate.windows import days_are_alike, lengths_h, split
from anello.optimise.solve.config import HIGHS, SolverConfig
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Operation:
    """What a receding horizon decided.

    Attributes
    ----------
    solution : Solution
        The decisions that were kept, of all windows, in the problem of the whole period. Duals are
        those of the horizon in which a step was decided.
    horizons : list of Horizon
        Every horizon that was solved.
    """

    solution: Solution
    horizons: list[Horizon]


def operate(
    data: ModelData,
    problem: Problem,
    settings: SolverConfig = HIGHS,
    *,
    earlier: xr.Dataset | None = None,
    log_path: str | Path | None = None,
    on_window: Callable[[Horizon], None] | None = None,
) -> Operation:
    """Operate a system of given capacities with a receding horizon.

    Parameters
    ----------
    data : ModelData
        The model, with ``run.mode: operate`` and ``run.operation``.
    problem : Problem
        The whole period, compiled from it.
    settings : SolverConfig
        Solver and options for each horizon, and whether it starts from the basis of the one before.
    earlier : xarray.Dataset, optional
        Results of a plan, for ``run.operation.use_cap_results``.
    log_path : path, optional
        Where to write the solver's logs of all horizons that were solved.
    on_window : callable, optional
        Called after each window.

    Returns
    -------
    Operation
        Decisions of all windows.

    Raises
    ------
    ConfigError
        If the options ask for something impossible.
    InputError
        If capacities contradict each other or lack a limit they need.
    InfeasibleError, UnboundedError, TimeLimitError, SolveError
        If a horizon has no solution; names its dates.
    """
    if problem.extra_names.get("columns"):
        raise ConfigError(
            Fault(
                "variables that were added to the model cannot be divided into horizons",
                key="run.mode",
                value="operate",
            )
        )
    operation = data.config["run"].get("operation") or {}
    window_h, horizon_h = lengths_h(operation)
    if not days_are_alike(data.inputs):
        raise ConfigError(
            Fault(
                "the time steps differ from day to day or have weights; mode `operate` cannot roll"
                " over them",
                key="run.mode",
                value="operate",
                suggestion="Leave `model.time` out, or use mode `plan`",
            )
        )
    if operation.get("use_cap_results") and earlier is None:
        logger.warning(
            "run.operation.use_cap_results: there are no results of an earlier plan, so capacities"
            " are those of the model (_equals, else _max)"
        )
    capacities, warnings = fixed_capacities(
        data, earlier if operation.get("use_cap_results") else None
    )
    for warning in warnings:
        logger.warning("%s", warning)
    copy = data.config["run"].get("compat") == "calliope-0.6"
    step_h = np.asarray(data.inputs["timestep_resolution"].values, dtype=float)
    period = Period(problem, capacities, copy_calliope=copy)
    start = time.perf_counter()
    horizons: list[Horizon] = []
    try:
        for window in each(split(step_h, window_h, horizon_h, copy_calliope=copy), "windows"):
            done = period.solve(window, settings)
            horizons.append(done)
            if on_window is not None:
                on_window(done)
    finally:
        if log_path is not None:
            write_text(Path(log_path), "\n".join(period.logs))
    seconds = time.perf_counter() - start
    return Operation(period.solution(settings.name, horizons, seconds), horizons)
