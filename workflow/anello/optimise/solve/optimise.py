"""Solving a compiled problem: reduced, in independent pieces, with ways out of trouble."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import NoReturn

import numpy as np
from scipy import sparse

from anello.base.files import atomic_path
from anello.base.logs import SOLVER
from anello.errors import (
    InfeasibleError,
    NumericalError,
    SolveError,
    TimeLimitError,
    UnboundedError,
)
from anello.optimise.formulation.expression import IntArray
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.coarse import coarser
from anello.optimise.solve.config import HIGHS, SolverConfig
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece
from anello.optimise.solve.methods import (
    begins_coarse,
    entries_of_a_size,
    method_of,
    refuse_swamped,
    solve_by,
    steps_of,
    waves_of,
)
from anello.optimise.solve.options import in_own_words
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.reduction import Reduction, reduce_problem
from anello.optimise.solve.sizes_apart import free_sizes
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import SCRATCH, Start
from anello.optimise.solve.ways import ways_out

logger = logging.getLogger(__name__)
solver_logger = logging.getLogger(SOLVER)

Groups = list[tuple[IntArray, IntArray]]
"""Rows and columns of the parts of a problem that share nothing."""
# HiGHS' own number for it.
PRIMAL_SIMPLEX = 4
# HiGHS' own number for pricing whose weights begin at one, not where they would be by now.
DEVEX = 1
# Part of a time limit that a first basis may take.
COARSE_SHARE = 5.0
# Limits that only an option of the user sets, so that no other way of solving is tried.
ASKED_LIMITS = ("iteration limit", "solution limit")
# Parts with fewer rows than this are solved together: a solver call costs more than they do.
SMALL_PIECE_ROWS = 2000


@dataclass(frozen=True)
class _Task:
    """A reduced problem in its parts, where to begin, and where the solver's log goes."""

    reduction: Reduction
    groups: Groups
    start: Start
    log_path: str | Path | None

    def pieces(self, start: Start) -> list[Piece]:
        """Return the parts, each with its share of a start."""
        return [_piece(self.reduction, *group, start) for group in self.groups]


def optimise(
    problem: Problem,
    settings: SolverConfig = HIGHS,
    *,
    start: Start = SCRATCH,
    log_path: str | Path | None = None,
) -> Solution:
    """Solve as :func:`solve` does, without an explanation when there is no solution."""
    try:
        reduction = reduce_problem(problem)
    except InfeasibleError as error:
        _write_log(log_path, f"No solver was started: {error}\n")
        raise
    began = time.perf_counter()
    if begins_coarse(reduction, settings, start):
        start = _coarse_start(problem, settings, start)
    before = time.perf_counter() - began
    found = optimise_reduced(reduction, settings, start=start, log_path=log_path)
    found.solve_seconds += before
    return found


def _coarse_start(problem: Problem, settings: SolverConfig, start: Start) -> Start:
    """Return a start from the problem with several steps in one, if that has a solution."""
    coarse = coarser(problem)
    limit = settings.time_limit_s
    limit = None if limit is None else limit / COARSE_SHARE
    simplex = settings.model_copy(update={"method": "simplex", "time_limit_s": limit})
    try:
        found = optimise_reduced(reduce_problem(coarse.problem), simplex)
    except SolveError as error:
        logger.info("with several steps in one: %s; beginning with all steps", error)
        return start
    if found.basis is None:
        return start
    basis = coarse.refined(found.basis, problem)
    return replace(start, basis=basis, values=found.x[coarse.columns])


def optimise_reduced(
    reduction: Reduction,
    settings: SolverConfig = HIGHS,
    *,
    start: Start = SCRATCH,
    log_path: str | Path | None = None,
) -> Solution:
    """Solve a problem that has been reduced already, as :func:`optimise` does.

    Every answer passes the same check. Where one does not, or there is none for numerical reasons,
    the next of :data:`anello.optimise.solve.ways.WAYS_OUT` is tried.
    """
    basis = _fitting(start.basis, reduction) if settings.warm_start else None
    task = _Task(reduction, independent_groups(reduction), replace(start, basis=basis), log_path)
    settings = in_own_words(settings)
    first, inner = settings, settings.name == "highs"
    if start.primal and basis is not None and inner:
        first = settings.with_defaults({"simplex_strategy": PRIMAL_SIMPLEX})
    elif basis is not None and inner and basis.is_near(reduction.matrix.nnz):
        first = settings.with_defaults({"simplex_dual_edge_weight_strategy": DEVEX})
    named = not {"solver", "simplex_strategy"}.isdisjoint(first.options)
    if inner and settings.method != "simplex" and not named:
        found = _by_method(task, settings)
        if found is not None:
            return found
    try:
        return _attempt(task, first)
    except NumericalError as error:
        if not inner:
            raise
        failure = error
    anew = replace(task, start=Start(values=start.values))
    for way in ways_out(warm=basis is not None, integer=bool(reduction.problem.integer.any())):
        logger.warning("%s; %s", failure, way.name)
        try:
            return _attempt(task if way.from_basis else anew, way.settings(settings))
        except NumericalError as error:
            failure = error
    raise failure


def _by_method(task: _Task, settings: SolverConfig) -> Solution | None:
    """Solve by another method than the simplex where one is asked for or speaks for itself.

    None where it is not, and where it finds nothing that passes every check: then simplex is next.
    """
    pieces = task.pieces(task.start)
    steps, waves = steps_of(task.reduction.problem), waves_of(task.reduction.problem)
    methods = [method_of(settings.method, piece, steps, waves) for piece in pieces]
    others = sorted(set(methods) - {"simplex"})
    if not others:
        return None
    began = time.perf_counter()
    with ThreadPoolExecutor(min(len(pieces), os.cpu_count() or 1)) as pool:
        found = list(pool.map(solve_by, pieces, methods, repeat(steps), repeat(settings)))
    log, seconds = _log_of(task, found), time.perf_counter() - began
    failed = next((s.status for s in found if not s.found), None)
    if failed is None:
        solution = _gather(task, found, "highs", log, seconds)
        try:
            solution.check()
            refuse_swamped(solution)
        except NumericalError as error:
            failed = str(error)
        else:
            if "sizes" in methods:
                solution = _with_sizes(solution, task.reduction, steps)
            return replace(solution, method="+".join(sorted(set(methods))))
    logger.warning("%s ended after %.1f s with: %s; solving by simplex", others[0], seconds, failed)
    return None


def _with_sizes(solution: Solution, reduction: Reduction, steps: int) -> Solution:
    """Return a solution whose basis carries its free sizes, with which the next one begins."""
    assert solution.basis is not None
    sizes = reduction.columns[free_sizes(reduction.matrix, entries_of_a_size(steps))]
    values = np.zeros(reduction.problem.n_columns)
    values[sizes] = solution.x[sizes]
    return replace(solution, basis=replace(solution.basis, values=values))


def _attempt(task: _Task, settings: SolverConfig) -> Solution:
    """Solve a reduced problem in one way, and check the answer."""
    began = time.perf_counter()
    pieces, solver = task.pieces(task.start), settings.name
    if solver == "highs":
        workers = min(len(pieces), os.cpu_count() or 1) or 1
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(solve_piece, pieces, repeat(settings)))
    else:
        from anello.optimise.solve.pyomo_solver import solve_piece_with_pyomo

        found = [solve_piece_with_pyomo(piece, settings) for piece in pieces]
    log = _log_of(task, found)
    for answer in found:
        if not answer.found:
            _raise(answer.status, solver, settings.time_limit_s)
    solution = _gather(task, found, solver, log, time.perf_counter() - began)
    solution.check()
    if solution.status != "optimal":
        logger.warning(
            "%s stopped at its %s: the best solution found is used, and the optimum may be better"
            " by %s",
            solver,
            solution.status,
            "any amount" if np.isnan(solution.gap) else f"up to {solution.gap:.2%}",
        )
    return solution


def _log_of(task: _Task, found: list[PieceSolution]) -> str:
    """Join the parts' logs, and leave them where they were asked for."""
    log = "\n".join(s.log for s in found)
    solver_logger.debug("%s", log)
    _write_log(task.log_path, log)
    return log


def _write_log(path: str | Path | None, text: str) -> None:
    if path is not None:
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(text)


def _fitting(basis: Basis | None, reduction: Reduction) -> Basis | None:
    """Return the basis if it belongs to a problem with the same rows and columns, else say so."""
    if basis is None:
        return None
    if not basis.fits(reduction.problem):
        logger.warning("the starting basis belongs to another problem; solving from scratch")
        return None
    return basis


def independent_groups(reduction: Reduction) -> list[tuple[IntArray, IntArray]]:
    """Rows and columns of the parts of a reduced problem that share nothing.

    Small parts are pooled. The grouping depends on the problem alone, never on the machine, so
    that results do not either.
    """
    matrix = reduction.matrix
    n_rows, n_columns = matrix.shape
    if n_columns == 0:
        return []
    graph = sparse.csr_array(
        (
            np.ones(matrix.nnz, dtype=np.int8),
            matrix.indices + n_rows,
            np.concatenate([matrix.indptr, np.full(n_columns, matrix.nnz)]),
        ),
        shape=(n_rows + n_columns, n_rows + n_columns),
    )
    n_parts, part = sparse.csgraph.connected_components(graph, directed=False)
    rows_in = np.bincount(part[:n_rows], minlength=n_parts)
    large = np.flatnonzero(rows_in >= SMALL_PIECE_ROWS)
    group = np.full(n_parts, len(large))
    group[large] = np.arange(len(large))
    group_of = group[part]
    numbers = range(int(group_of.max()) + 1)
    parts = [
        (np.flatnonzero(group_of[:n_rows] == g), np.flatnonzero(group_of[n_rows:] == g))
        for g in numbers
    ]
    return [(rows, columns) for rows, columns in parts if len(columns)]


def _piece(reduction: Reduction, rows: IntArray, columns: IntArray, start: Start) -> Piece:
    basis = start.basis
    everything = len(columns) == reduction.matrix.shape[1]
    matrix = reduction.matrix if everything else reduction.matrix[rows][:, columns]
    full = reduction.columns[columns]
    return Piece(
        cost=reduction.cost[columns],
        col_lower=reduction.col_lower[full],
        col_upper=reduction.col_upper[full],
        matrix=matrix,
        row_lower=reduction.row_lower[rows],
        row_upper=reduction.row_upper[rows],
        integer=reduction.problem.integer[full],
        start=None if basis is None else (basis.columns[full], basis.rows[reduction.rows[rows]]),
        values=None if start.values is None else start.values[full],
    )


def _raise(status: str, solver: str, time_limit_s: float | None) -> NoReturn:
    if status.startswith("infeasible"):
        raise InfeasibleError(f"{solver}: no dispatch satisfies all constraints ({status})")
    if status == "unbounded":
        raise UnboundedError(
            f"{solver}: the objective can be improved without limit; look for a capacity or flow"
            " with a negative cost and no upper limit"
        )
    if status == "time limit":
        limit = "the time limit" if time_limit_s is None else f"{time_limit_s:g} s"
        raise TimeLimitError(
            f"{solver}: no solution found within {limit}; raise solver.time_limit_s"
        )
    if status in ASKED_LIMITS:
        raise SolveError(f"{solver} stopped without a solution: {status}")
    raise NumericalError(f"{solver} stopped without a solution: {status}")


def _gather(
    task: _Task, found: list[PieceSolution], solver: str, log: str, seconds: float
) -> Solution:
    reduction = task.reduction
    n_rows, n_columns = reduction.matrix.shape
    x, y = np.zeros(n_columns), np.zeros(n_rows)
    column_status, row_status = np.zeros(n_columns, np.int8), np.ones(n_rows, np.int8)
    whole = all(s.basis is not None for s in found)
    for (rows, columns), piece in zip(task.groups, found, strict=True):
        x[columns] = piece.x
        y[rows] = piece.row_dual if len(piece.row_dual) else np.nan
        if piece.basis is not None:
            column_status[columns], row_status[rows] = piece.basis
    problem = reduction.problem
    whole_x = reduction.expand(x)
    objective = float((problem.cost + problem.penalty) @ whole_x) + problem.offset
    no_duals = problem.integer.any() or bool(np.isnan(y).any())
    duals = np.full(problem.n_rows, np.nan) if no_duals else reduction.expand_duals(y)
    return Solution(
        problem=problem,
        status=next((s.status for s in found if s.status != "optimal"), "optimal"),
        x=whole_x,
        row_dual=duals,
        basis=Basis.of(reduction, column_status, row_status) if whole else None,
        solve_seconds=seconds,
        solver=solver,
        gap=sum(s.gap for s in found) / max(1e-10, abs(objective)),
        log=log,
        warm=any(s.warm for s in found),
    )
