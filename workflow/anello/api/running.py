"""Running a model: with which solver, and what a run gives."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from anello import __version__
from anello.errors import ConfigError, Problem
from anello.model.data import ModelData
from anello.optimise.results import extract
from anello.optimise.results.collection import versions
from anello.optimise.solve import Solution, SolverConfig, Start, compile_problem, solve
from anello.optimise.solve.handing_back import hand_back

if TYPE_CHECKING:
    from anello.optimise.formulation.pyomo_model import ArrayModel
    from anello.optimise.solve import Problem as CompiledProblem

logger = logging.getLogger(__name__)


def stored_groups(data: ModelData, yaml: str | None) -> dict[str, xr.Dataset]:
    """What a file holds of a model, beside its results."""
    name = data.config["model"].get("name") or ""
    return {
        "/": xr.Dataset(
            attrs={
                "title": f"anello model {name}".strip(),
                "run": "",
                "scenario": data.config.get("scenario") or "",
                "source": f"anello {__version__}",
                "anello_version": __version__,
            }
        ),
        "inputs": data.inputs.assign_attrs(
            config=json.dumps(data.config, ensure_ascii=False, sort_keys=True),
            warnings=json.dumps(data.warnings, ensure_ascii=False),
        ),
        "provenance": xr.Dataset(
            attrs={
                "versions": json.dumps(versions(), sort_keys=True),
                "settings": "{}",
                "checksums": "{}",
                "quality": "null",
                "model_yaml": yaml or "",
            }
        ),
    }


def check_mode(run: Mapping[str, Any]) -> None:
    """Refuse a `run.mode` that does not exist.

    Raises
    ------
    ConfigError
        With the mode that was probably meant.
    """
    mode = run.get("mode", "plan")
    if mode not in ("plan", "operate", "spores"):
        raise ConfigError(
            Problem(
                "the modes are `plan`, `operate` and `spores`",
                key="run.mode",
                value=mode,
                suggestion="Set `run.mode: plan`",
            )
        )


def solver_of(
    run: Mapping[str, Any],
    solver: str | None = None,
    solver_options: Mapping[str, Any] | None = None,
    time_limit_s: float | None = None,
    mip_gap: float | None = None,
) -> SolverConfig:
    """Return the solver that a model's `run` options name, with what is said instead of them."""
    name = solver or available_solver(str(run["solver"]))
    options = solver_options
    if options is None:
        # Options are in a solver's own words, so they go with the solver they were written for.
        options = (run.get("solver_options") or {}) if name == run["solver"] else {}
    # As they are told: no time at all ends in an error that says so.
    told = {"options": {**options}, "time_limit_s": time_limit_s, "mip_gap": mip_gap}
    return SolverConfig(name=name).model_copy(update=told)


def solved(
    data: ModelData,
    model: ArrayModel,
    yaml: str | None = None,
    solver: SolverConfig | None = None,
    *,
    earlier: xr.Dataset | None = None,
    log_path: str | os.PathLike[str] | None = None,
) -> xr.Dataset:
    """Solve a model as its `run` options say, and return its results.

    Parameters
    ----------
    data : ModelData
        The inputs.
    model : ArrayModel
        The problem that was formulated from them.
    yaml : str, optional
        The model's YAML, to be stored with alternatives.
    solver : SolverConfig, optional
        By default what the `run` options name.
    earlier : xarray.Dataset, optional
        Results of a plan, whose capacities mode `operate` may take.
    log_path : path, optional
        Instead of the folder that the `run` options name.
    """
    run = data.config["run"]
    settings = solver or solver_of(run)
    if log_path is None and run.get("save_logs"):
        log_path = Path(str(run["save_logs"])) / "solver.log"
    problem = compile_problem(model)
    log = None if log_path is None else Path(log_path)
    if run.get("mode") == "spores":
        return _alternatives(data, problem, yaml, settings, log)
    if run.get("mode") == "operate":
        from anello.optimise.operate import operate

        done = operate(data, problem, settings, earlier=earlier, log_path=log)
        return extract(data, done.solution)
    solution = solve(problem, settings, log_path=log)
    hand_back(model, solution)
    return extract(data, solution)


def _alternatives(
    data: ModelData,
    problem: CompiledProblem,
    yaml: str | None,
    settings: SolverConfig,
    log: Path | None,
) -> xr.Dataset:
    """Find the cheapest system and alternatives, each kept as it is found if that is asked for."""
    from anello.optimise.spores import SporeStore, run_spores

    def found(ready: CompiledProblem, start: Start, number: int) -> Solution:
        own = None if log is None else log.with_stem(f"{log.stem}_spore_{number}")
        return solve(ready, settings, start=start, log_path=own, explain=number == 0)

    options = data.config["run"]["spores_options"]
    store = None
    if options["save_per_spore"]:
        store = SporeStore(str(options["save_per_spore_path"]), stored_groups(data, yaml))
    return run_spores(data, problem, found, store)


def available_solver(name: str) -> str:
    """Return a model folder's solver, or ``highs`` with a warning where it is not installed."""
    if name in ("highs", "appsi_highs"):
        return "highs"
    if _is_available(name):
        return name
    logger.warning(
        "`run.solver` names %s, which is not installed: solving with HiGHS instead, without"
        " `run.solver_options`",
        name,
    )
    return "highs"


def _is_available(name: str) -> bool:
    if name == "cbc":
        from anello.errors import SolveError
        from anello.optimise.solve.pyomo_solver import cbc_executable

        try:
            return bool(cbc_executable())
        except SolveError:
            return False
    import pyomo.environ as pyo

    found: Callable[..., bool] = pyo.SolverFactory(name).available
    # Pyomo would log its own complaint about a solver we are about to replace.
    pyomo_logger = logging.getLogger("pyomo")
    level = pyomo_logger.level
    pyomo_logger.setLevel(logging.CRITICAL)
    try:
        return bool(found(exception_flag=False))
    finally:
        pyomo_logger.setLevel(level)
