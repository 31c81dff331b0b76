"""Solving a compiled problem: reduced, in independent pieces, with ways out of trouble."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

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
from anello.optimise.formulation.expression import Array, IntArray
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.highs import Piece, PieceSolution, solve_piece
from anello.optimise.solve.methods import Method, method_of, refuse_swamped, solve_by
from anello.optimise.solve.options import in_words_of
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.reduction import Reduction, reduce_problem
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.ways import ways_out

logger = logging.getLogger(__name__)
solver_logger = logging.getLogger(SOLVER)

Groups = list[tuple[IntArray, IntArray]]
"""Rows and columns of the parts of a problem that share nothing."""
Limits = tuple[float | None, float | None]
"""Time limit [s] and relative gap, None where the solver's own is kept."""

# HiGHS' own number for it.
PRIMAL_SIMPLEX = 4
# Limits that only an option of the user sets, so that no other way of solving is tried.
ASKED_LIMITS = ("iteration limit", "solution limit")
# Parts with fewer rows than this are solved together: a solver call costs more than they do.
SMALL_PIECE_ROWS = 2000


def optimise(
    problem: Problem,
    solver: str = "highs",
    *,
    method: Method = "auto",
    basis: Basis | None = None,
    values: Array | None = None,
    primal: bool = False,
    options: Mapping[str, Any] | None = None,
    time_limit_s: float | None = None,
    mip_gap: float | None = None,
    log_path: str | Path | None = None,
) -> Solution:
    """Solve as :func:`solve` does, without an explanation when there is no solution."""
    try:
        reduction = reduce_problem(problem)
    except InfeasibleError as error:
        _write_log(log_path, f"No solver was started: {error}\n")
        raise
    return optimise_reduced(
        reduction,
        solver,
        method=method,
        basis=basis,
        values=values,
        primal=primal,
        options=options,
        time_limit_s=time_limit_s,
        mip_gap=mip_gap,
        log_path=log_path,
    )


def optimise_reduced(
    reduction: Reduction,
    solver: str = "highs",
    *,
    method: Method = "auto",
    basis: Basis | None = None,
    values: Array | None = None,
    primal: bool = False,
    options: Mapping[str, Any] | None = None,
    time_limit_s: float | None = None,
    mip_gap: float | None = None,
    log_path: str | Path | None = None,
) -> Solution:
    """Solve a problem that has been reduced already, as :func:`optimise` does.

    Every answer passes the same check. Where one does not, or there is none for numerical reasons,
    the next of :data:`anello.optimise.solve.ways.WAYS_OUT` is tried.
    """
    start_basis = _fitting(basis, reduction)
    told = in_words_of(solver, options or {})
    first = dict(told)
    if primal and start_basis is not None and solver == "highs":
        first.setdefault("simplex_strategy", PRIMAL_SIMPLEX)
    limits = (time_limit_s, mip_gap)
    groups = independent_groups(reduction)
    named = "solver" in told or "simplex_strategy" in first
    if solver == "highs" and method != "simplex" and not named:
        found = _by_interior(reduction, groups, method, start_basis, told, limits, log_path)
        if found is not None:
            return found
    try:
        return _attempt(reduction, groups, solver, start_basis, values, first, limits, log_path)
    except NumericalError as error:
        if solver != "highs":
            raise
        failure = error
    for way in ways_out(
        warm=start_basis is not None, integer=bool(reduction.problem.integer.any())
    ):
        logger.warning("%s; %s", failure, way.name)
        settings = {**way.options, **told} if way.solver == "highs" else {}
        try:
            return _attempt(reduction, groups, way.solver, None, values, settings, limits, log_path)
        except NumericalError as error:
            failure = error
    raise failure


def _by_interior(
    reduction: Reduction,
    groups: Groups,
    method: Method,
    basis: Basis | None,
    options: Mapping[str, Any],
    limits: Limits,
    log_path: str | Path | None,
) -> Solution | None:
    """Solve by an interior point where that is asked for or speaks for itself.

    None where it is not, and where it finds nothing that passes every check: then simplex is next.
    """
    pieces = [_piece(reduction, rows, columns, basis, None) for rows, columns in groups]
    methods = [method_of(method, piece, steps_of(reduction.problem)) for piece in pieces]
    interior = sorted(set(methods) - {"simplex"})
    if not interior:
        return None
    start = time.perf_counter()
    jobs = list(zip(pieces, methods, strict=True))
    with ThreadPoolExecutor(min(len(jobs), os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda job: solve_by(job[0], job[1], options, limits[0]), jobs))
    seconds, log = time.perf_counter() - start, "\n".join(s.log for s in found)
    solver_logger.debug("%s", log)
    _write_log(log_path, log)
    failed = next((s.status for s in found if not s.found), None)
    if failed is None:
        solution = _gather(reduction, groups, found, "highs", log, seconds)
        try:
            solution.check()
            refuse_swamped(solution)
        except NumericalError as error:
            failed = str(error)
        else:
            used = "+".join(sorted(set(methods)))
            return replace(solution, method=used)
    logger.warning(
        "%s ended after %.1f s with: %s; solving by simplex", interior[0], seconds, failed
    )
    return None


def steps_of(problem: Problem) -> int:
    """Return the number of time steps of a problem."""
    return max((block.n_time or 1 for block in problem.constraints.values()), default=1)


def _attempt(
    reduction: Reduction,
    groups: Groups,
    solver: str,
    basis: Basis | None,
    values: Array | None,
    options: Mapping[str, Any],
    limits: Limits,
    log_path: str | Path | None,
) -> Solution:
    """Solve a reduced problem in one way, and check the answer."""
    start = time.perf_counter()
    time_limit_s, _ = limits
    pieces = [_piece(reduction, rows, columns, basis, values) for rows, columns in groups]
    if solver == "highs":
        workers = min(len(pieces), os.cpu_count() or 1) or 1
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(lambda p: solve_piece(p, options, *limits), pieces))
    else:
        from anello.optimise.solve.pyomo_solver import solve_piece_with_pyomo

        found = [solve_piece_with_pyomo(p, solver, options, *limits) for p in pieces]
    log = "\n".join(s.log for s in found)
    solver_logger.debug("%s", log)
    _write_log(log_path, log)
    for answer in found:
        if not answer.found:
            _raise(answer.status, solver, time_limit_s)
    solution = _gather(reduction, groups, found, solver, log, time.perf_counter() - start)
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


def _write_log(path: str | Path | None, text: str) -> None:
    if path is not None:
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(text)


def _fitting(basis: Basis | None, reduction: Reduction) -> Basis | None:
    """Return the basis if it belongs to a problem with the same rows and columns, else say so."""
    if basis is None:
        return None
    m, n = reduction.matrix.shape
    fits = basis.signature == reduction.signature
    if not fits or (len(basis.rows), len(basis.columns)) != (m, n):
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


def _piece(
    reduction: Reduction,
    rows: IntArray,
    columns: IntArray,
    basis: Basis | None,
    values: Array | None,
) -> Piece:
    start = None if basis is None else (basis.columns[columns], basis.rows[rows])
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
        start=start,
        values=None if values is None else values[full],
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
    reduction: Reduction,
    groups: list[tuple[IntArray, IntArray]],
    found: list[PieceSolution],
    solver: str,
    log: str,
    seconds: float,
) -> Solution:
    n_rows, n_columns = reduction.matrix.shape
    x, y = np.zeros(n_columns), np.zeros(n_rows)
    column_status, row_status = np.zeros(n_columns, np.int8), np.ones(n_rows, np.int8)
    whole = all(s.basis is not None for s in found)
    for (rows, columns), piece in zip(groups, found, strict=True):
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
        basis=Basis(column_status, row_status, reduction.signature) if whole else None,
        solve_seconds=seconds,
        solver=solver,
        gap=sum(s.gap for s in found) / max(1e-10, abs(objective)),
        log=log,
        warm=any(s.warm for s in found),
    )
