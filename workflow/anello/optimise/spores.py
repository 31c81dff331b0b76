"""SPORES: the cheapest system, and others that cost little more and are built otherwise.

Spatially explicit, practically optimal results (Lombardi et al. 2020,
doi:10.1016/j.joule.2020.08.002): after the cost-optimal run, each capacity in use gets a score per
kW. The next run minimises the total score while the cost stays within the slack, so that it
avoids what was used so far; what it uses is scored in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from anello.base.progress import each
from anello.errors import ArtefactError, InfeasibleError, TimeLimitError
from anello.model.data import ModelData
from anello.model.data.groups import counted_nodes
from anello.model.definition.spores_checks import check_spores
from anello.model.schema.report import Report
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array
from anello.optimise.results.extraction import extract
from anello.optimise.results.netcdf import read_groups, write_netcdf
from anello.optimise.results.variables import describe
from anello.optimise.solve.basis import Basis
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import Start

logger = logging.getLogger(__name__)

Solve = Callable[[Problem, Start, int], Solution]

SCORE = 100.0
"""What a capacity in use adds to a score, per alternative."""
IN_USE_KW = 1e-3
"""A capacity counts as in use when it exceeds what is forced by more than this [kW]."""


@dataclass(frozen=True)
class Spore:
    """One run.

    Attributes
    ----------
    number : int
        0 for the cost-optimal run, then 1, 2, …
    dispatch : xarray.Dataset
        Its results.
    scores : ndarray
        Scores it was found with, per scored node.
    start : Start
        Where the next one may begin.
    """

    number: int
    dispatch: xr.Dataset
    scores: Array
    start: Start


class SporeStore:
    """One file per run: written as soon as it is found, read instead of solving it again.

    Parameters
    ----------
    template : str
        Path with ``{}`` in the place of the number.
    groups : mapping of str to xarray.Dataset
        What else the files hold: the model, so that each can be read by `anello.read_netcdf`.
    """

    def __init__(self, template: str, groups: Mapping[str, xr.Dataset]) -> None:
        self._template = template
        self._groups = groups

    def path(self, number: int) -> Path:
        """Path of a run's file."""
        return Path(self._template.format(number))

    def save(self, spore: Spore, digest: str) -> None:
        """Write a run, whole or not at all; `digest` is that of the problem it solves."""
        groups = {**self._groups, "results": spore.dispatch.assign_attrs(problem_sha256=digest)}
        basis = spore.start.basis
        if basis is not None:
            statuses = {"columns": ("column", basis.columns), "rows": ("row", basis.rows)}
            groups["basis"] = xr.Dataset(statuses, attrs={"signature": basis.signature})
        write_netcdf(groups, self.path(spore.number))

    def load(self, number: int, digest: str) -> tuple[xr.Dataset, Start] | None:
        """Read a run if its file is there, whole, and of the problem with this digest."""
        path = self.path(number)
        if not path.exists():
            return None
        try:
            groups = read_groups(path)
        except ArtefactError as error:
            logger.warning("%s; it is found anew", error)
            return None
        dispatch = groups.get("results", xr.Dataset())
        if dispatch.attrs.pop("problem_sha256", None) != digest:
            logger.warning("%s is of another model or other options and is replaced", path)
            return None
        held = groups.get("basis")
        if held is None:
            return dispatch, Start()
        columns, rows = (held[name].values.astype(np.int8) for name in ("columns", "rows"))
        basis = Basis(columns, rows, str(held.attrs["signature"]))
        return dispatch, Start(basis, primal=True)


class Scoring:
    """What is scored in a model, and the problem whose solution has the least score.

    Parameters
    ----------
    data : ModelData
        The model.
    problem : Problem
        Its compiled problem.
    score_class : str
        The cost class of the scores.
    """

    def __init__(self, data: ModelData, problem: Problem, score_class: str) -> None:
        context = Context(data)
        self.score_class = score_class
        k = context.sets.costs.index(score_class)
        everywhere = context.sets.all
        self._nodes = everywhere[context.cost_defined("energy_cap", k, everywhere)[:, 0]]
        self.initial = context.cost("energy_cap", k, self._nodes)[:, 0]
        self.names = list(context.sets.names(self._nodes))
        self._share = context.prices.per_price(k, self._nodes)[:, 0]
        self._columns = _numbers(problem.variables["energy_cap"], [(n,) for n in self.names])
        self._rows = [
            _numbers(problem.expressions[name], [(score_class, n) for n in self.names])
            for name in ("cost", "cost_investment")
        ]
        self._forced = self._forced_kw(data, context)

    def _forced_kw(self, data: ModelData, context: Context) -> Array:
        """Capacity that is there in every alternative [kW], and so tells nothing about it."""
        forced = np.asarray(data.value("energy_cap_equals", self._nodes, default=False), float)
        least = np.nan_to_num(data.value("energy_cap_min", self._nodes, default=False))
        forced = np.where(np.isnan(forced), least, forced)
        # Calliope 0.6 forgets `energy_cap_scale` here.
        scale = 1.0 if context.compat else data.value("energy_cap_scale", self._nodes)
        return np.asarray(forced * scale, float)

    def after(self, scores: Array, dispatch: xr.Dataset) -> Array:
        """Scores with those of the capacities that a run uses added."""
        built = dispatch["energy_cap"].sel(node=self.names).values
        found: Array = scores + np.where(built - self._forced > IN_USE_KW, SCORE, 0.0)
        return found

    def objective(self, p: Problem, scores: Array, weights: Mapping[str, float]) -> Problem:
        """Return a problem with these scores, and the weighted cost classes as its objective."""
        added = (scores - self.initial) * self._share
        shape = (len(p.expr_constant), p.n_columns)
        known = sparse.csr_array((p.expr_data, p.expr_indices, p.expr_indptr), shape=shape)
        entries = np.concatenate([added] * len(self._rows))
        where = (np.concatenate(self._rows), np.concatenate([self._columns] * len(self._rows)))
        expressions = sparse.csr_array(known + sparse.csr_array((entries, where), shape=shape))
        weight = np.zeros(len(p.expr_constant))
        for (cost_class, _), row in p.expressions["cost"].positions().items():
            weight[p.expressions["cost"].start + row] = weights.get(cost_class, 0.0)
        return replace(
            p,
            cost=expressions.T @ weight,
            offset=float(weight @ p.expr_constant),
            expr_indptr=expressions.indptr.astype(p.expr_indptr.dtype),
            expr_indices=expressions.indices.astype(p.expr_indices.dtype),
            expr_data=expressions.data,
        )


class Alternatives:
    """The compiled problem of each alternative, patched from that of the cost-optimal run.

    Parameters
    ----------
    data : ModelData
        The model.
    problem : Problem
        The cost-optimal run.
    """

    def __init__(self, data: ModelData, problem: Problem) -> None:
        context = Context(data)
        options = data.config["run"]["spores_options"]
        self.base = problem
        self.scoring = Scoring(data, problem, str(options["score_cost_class"]))
        weights = {**data.config["run"]["objective_options"]["cost_class"]}
        weights.update(options["objective_cost_class"])
        self._weights = {c: 1.0 if w is None else float(w) for c, w in weights.items()}
        self._group = str(options["slack_cost_group"])
        self._slack = float(options["slack"])
        self._limits: dict[str, float] = {}
        group = data.config["group_constraints"][self._group]
        self._limited = [c for c, limit in group["cost_max"].items() if limit is not None]
        # Calliope 0.6 takes the cost of the whole system, whatever the group covers.
        members = (
            context.sets.all if context.compat else counted_nodes(context.data, group, "cost_max")
        )
        self._members = context.sets.names(members)
        self._compat = context.compat

    def limit_cost(self, optimum: xr.Dataset) -> None:
        """Limit the cost of all alternatives to that of the optimum and the slack."""
        for cost_class in self._limited:
            costs = optimum["cost"].sel(cost_class=cost_class)
            present = [n for n in self._members if n in costs["node"].values]
            total = float(costs.sel(node=present).sum())
            # A gain is worth less, not more, by the slack; Calliope 0.6 asks for more of it.
            room = total if self._compat else abs(total)
            self._limits[cost_class] = total + self._slack * room

    @property
    def limits(self) -> dict[str, float]:
        """Largest cost of an alternative by cost class, as far as it is limited."""
        return dict(self._limits)

    def problem(self, scores: Array) -> Problem:
        """Return the problem whose solution has the least score within the slack."""
        p = self.base
        limits = np.full(p.constraints["group_cost_max"].shape, np.nan)
        for (group, cost_class), k in p.constraints["group_cost_max"].positions().items():
            if group == self._group and cost_class in self._limits:
                limits[k] = self._limits[cost_class]
        within = p.with_bounds(rows={"group_cost_max": (np.nan, limits)})
        return self.scoring.objective(within, scores, self._weights)


def _numbers(block: Any, labels: list[tuple[str, ...]]) -> Any:
    positions = block.positions()
    return block.start + np.array([positions[label] for label in labels], dtype=np.int64)


def run_spores(
    data: ModelData, problem: Problem, solve: Solve, store: SporeStore | None = None
) -> xr.Dataset:
    """Find the cheapest system and alternatives to it.

    Parameters
    ----------
    data : ModelData
        The model, with ``run.spores_options``.
    problem : Problem
        Its compiled problem.
    solve : callable
        ``(problem, start, number)`` → solution.
    store : SporeStore, optional
        Where runs are kept as they are found; what is there already is not solved again.

    Returns
    -------
    xarray.Dataset
        Results with a dimension ``spore``; 0 is the cheapest system. The attributes are those of
        the first run.

    Raises
    ------
    InputError
        If the options make no sense for this model.
    SolveError
        If the cost-optimal run has no solution. An alternative without one is a warning, and the
        last.
    """
    report = Report()
    check_spores(data, report)
    report.raise_errors("There are no alternatives to be found")
    for warning in report.warnings:
        logger.warning("%s", warning)
    options = data.config["run"]["spores_options"]
    alternatives = Alternatives(data, problem)
    scoring = alternatives.scoring
    found: list[Spore] = []
    first = 1 if options["skip_cost_op"] else 0
    for number in each(range(first, int(options["spores_number"]) + 1), "alternatives"):
        last = found[-1] if found else None
        if last is None:
            scores, start = scoring.initial, Start()
        else:
            scores, start = scoring.after(last.scores, last.dispatch), last.start
        if last is not None and last.number == 0:
            alternatives.limit_cost(last.dispatch)
        ready = problem if number == 0 else alternatives.problem(scores)
        known = store.load(number, ready.digest) if store else None
        if known is not None:
            logger.info("alternative %d is read from %s", number, store and store.path(number))
            found.append(Spore(number, known[0], scores, known[1]))
            continue
        try:
            solution = solve(ready, start, number)
        except (InfeasibleError, TimeLimitError) as error:
            if not found:
                raise
            logger.warning(
                "alternative %d has no solution (%s); there are no more than %d",
                number,
                str(error).splitlines()[0],
                number - 1,
            )
            break
        whole = solution.x if problem.integer.any() else None
        later = Start(solution.basis, whole, primal=True)
        spore = Spore(number, extract(data, solution), scores, later)
        found.append(spore)
        logger.info("alternative %d: objective %.10g", number, solution.objective)
        if store is not None:
            store.save(spore, ready.digest)
    return combine(found, alternatives)


def combine(found: list[Spore], alternatives: Alternatives) -> xr.Dataset:
    """Put runs into one data set, with their objective, gap, scores and limit of cost."""
    index = pd.Index([spore.number for spore in found], name="spore")
    together = xr.concat(
        [spore.dispatch for spore in found],
        dim=index,
        data_vars="all",
        coords="minimal",
        compat="override",
        join="outer",
        combine_attrs="override",
    )
    for name in ("objective", "gap"):
        values = [float(spore.dispatch.attrs[name]) for spore in found]
        together[f"spore_{name}"] = ("spore", values)
    scores = xr.DataArray(
        np.array([spore.scores for spore in found]),
        dims=("spore", "node"),
        coords={"spore": index, "node": alternatives.scoring.names},
    )
    together["spore_score"] = scores.reindex(node=together["node"].values)
    limits = alternatives.limits
    rows = [
        [
            limits.get(str(c), np.nan) if spore.number else np.nan
            for c in together["cost_class"].values
        ]
        for spore in found
    ]
    together["spore_cost_limit"] = (("spore", "cost_class"), np.array(rows))
    for name in ("spore_objective", "spore_gap", "spore_score", "spore_cost_limit", "spore"):
        together[name].attrs = describe(name)
    return together
