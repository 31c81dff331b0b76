"""The step `solve`: the cheapest dispatch for given COP."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anello.base.files import FilePath, write_json
from anello.coupling.exchange_file import handed_over
from anello.coupling.iteration import rows_of, with_numbers
from anello.coupling.prices import bound_rows
from anello.model.data import ModelData
from anello.optimise.results.extraction import extract
from anello.optimise.results.netcdf import write_netcdf
from anello.optimise.solve.basis import NO_BASIS, Basis
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.run import solve
from anello.optimise.solve.start import Start

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.optimise.solve.config import SolverConfig
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)


def solve_iteration(
    *,
    model_data: FilePath,
    problem: FilePath,
    settings: SolverConfig,
    dispatch: FilePath,
    basis: FilePath,
    report: FilePath,
    solver_log: FilePath,
    ring_settings: RingConfig,
    coupling: CouplingConfig,
    cop: FilePath | None = None,
    previous_basis: FilePath | None = None,
) -> None:
    """Solve the dispatch of one iteration.

    Parameters
    ----------
    model_data, problem : path-like
        The model, and its compiled problem.
    settings : SolverConfig
        Solver and options.
    dispatch, basis, report : path-like
        Where the dispatch, its basis and what is to be said about the solution go.
    solver_log : path-like
        Where the solver's own log goes, also when it finds no solution.
    ring_settings, coupling : RingConfig, CouplingConfig
        The ring, and how the problem sees it.
    cop : path-like, optional
        What the iteration before hands over: COP, and for an SLP its incumbent; by default the COP
        of the model.
    previous_basis : path-like, optional
        Where to start from. One of another problem is logged, and the problem is solved from
        scratch.

    Raises
    ------
    SolveError
        If no solution was found; nothing but the solver's log is then written.
    ArtefactError
        If model, problem, COP or basis cannot be read.
    """
    data = ModelData.load(model_data)
    compiled = Problem.load(problem)
    if coupling.coupled:
        rows = rows_of(ring_settings, coupling, data)
        about = handed_over(data, ring_settings, coupling, cop)
        compiled = with_numbers(compiled, ring_settings, rows, about)
    solution = solve(
        compiled,
        settings,
        start=Start(_basis_in(previous_basis), followed=coupling.coupled),
        prices=coupling.coupled,
        log_path=solver_log,
    )
    logger.info(
        "%s (%s): objective %.10g in %.2f s, %s start",
        solution.solver,
        solution.method,
        solution.objective,
        solution.solve_seconds,
        "warm" if solution.warm else "cold",
    )
    duals = bound_rows(solution.problem)
    write_netcdf(extract(data, solution, duals=duals, of_sizes=True), dispatch)
    (solution.basis or NO_BASIS).save(basis)
    write_json(
        report,
        {
            "status": solution.status,
            "solver": solution.solver,
            "method": solution.method,
            "objective": solution.objective,
            "cost_objective": solution.cost_objective,
            "gap": solution.gap,
            "optimality_error": solution.optimality_error,
            "warm_start": solution.warm,
            "solve_seconds": solution.solve_seconds,
            "rows": compiled.n_rows,
            "columns": compiled.n_columns,
        },
    )


def _basis_in(path: FilePath | None) -> Basis | None:
    return None if path is None else Basis.load(path).or_none()
