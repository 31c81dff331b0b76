"""Alternatives to a coupled district's optimum, judged by what they truly cost.

The programme knows the ring only as it is about the optimum. An alternative is therefore found in
the programme and then simulated; its *simulated true cost* has to lie within the slack. Where the
simulation finds more, the programme gets a lower limit and is solved again: at the lowest it can
only return the optimum, which satisfies the slack.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from anello.coupling.district import CoupledDistrict, Iteration
from anello.coupling.iteration import with_numbers
from anello.errors import InfeasibleError, InputError, Problem, TimeLimitError
from anello.optimise.formulation.expression import Array
from anello.optimise.solve import Basis, Solution, Start, solve
from anello.optimise.spores import Scoring

logger = logging.getLogger(__name__)

TRIES = 10
"""How often the programme's limit of cost is lowered before an alternative is given up."""
LEAST_STEP = 0.01
"""Share of the slack by which the limit is lowered at least, twice as much at each try."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class CoupledSpore:
    """One system.

    Attributes
    ----------
    number : int
        0 for the optimum, then 1, 2, …
    done : Iteration
        Dispatch, simulation and cost.
    true_cost_eur : float
        Simulated true cost with the penalty of unmet demand [€].
    limit_eur : float
        Limit of the programme's cost, with what it leaves out, with which it was found [€].
    scores : ndarray
        Scores it was found with.
    tries : int
        Programmes that were solved for it.
    """

    number: int
    done: Iteration
    true_cost_eur: float
    limit_eur: float
    scores: Array
    tries: int


def find_alternatives(
    district: CoupledDistrict,
    *,
    number: int,
    slack: float,
    score_class: str = "spores_score",
    on_found: Callable[[CoupledSpore], None] | None = None,
) -> list[CoupledSpore]:
    """Find a coupled district's optimum, and systems that truly cost little more.

    Parameters
    ----------
    district : CoupledDistrict
        The district. Technologies whose capacity the model decides need a cost ``energy_cap`` in
        the class of the scores.
    number : int
        How many alternatives to find.
    slack : float
        How much dearer they may be, as a share of the optimum's simulated true cost.
    score_class : str
        Cost class of the scores.
    on_found : callable, optional
        Called with each system as soon as it is found.

    Returns
    -------
    list of CoupledSpore
        The optimum first. Fewer than asked for, with a warning, when there are no more.

    Raises
    ------
    InputError
        If nothing can vary, or the slack is not positive.
    NotConvergedError
        If the optimum's own coupling does not converge.
    """
    _check(district, slack, score_class)
    best = district.run().best
    scoring = Scoring(district.data, district.problem, score_class)
    optimum = _true_cost(best)
    allowed = optimum + slack * abs(optimum)
    found = [CoupledSpore(0, best, optimum, np.inf, scoring.initial, 0)]
    programme = _Programme(district, scoring, best)
    while len(found) <= number:
        if on_found is not None:
            on_found(found[-1])
        last = found[-1]
        scores = scoring.after(last.scores, last.done.dispatch)
        spore = _next(programme, last.number + 1, scores, optimum, allowed)
        if spore is None:
            return found
        found.append(spore)
    if on_found is not None:
        on_found(found[-1])
    return found


def _check(district: CoupledDistrict, slack: float, score_class: str) -> None:
    data = district.data
    if not slack > 0:
        raise InputError(Problem("must be positive", key="slack", value=slack))
    costs = [str(c) for c in data.inputs["cost"].values]
    given = np.zeros(data.inputs.sizes["node"], dtype=bool)
    if score_class in costs and "cost_energy_cap" in data.inputs:
        price = data.inputs["cost_energy_cap"].isel(cost=costs.index(score_class))
        given = price.notnull().values
    free = given & np.isnan(data.value("energy_cap_equals", default=False))
    if not free.any():
        raise InputError(
            Problem(
                "no technology with a capacity that the model decides has a cost `energy_cap` in"
                " this class, so that there are no alternatives",
                key="score_class",
                value=score_class,
                suggestion=f"Give such technologies `costs.{score_class}.energy_cap: 0`, and"
                " `energy_cap_max` in place of `energy_cap_equals`",
            )
        )


def _true_cost(done: Iteration) -> float:
    return done.penalised_eur


class _Programme:
    """The programme about the optimum, with scores as objective and a limit of its cost."""

    def __init__(self, district: CoupledDistrict, scoring: Scoring, best: Iteration) -> None:
        assert district.incumbent is not None
        # ASSUME: what the programme's cost leaves out of the true one, such as a plant that it
        # does not schedule, is in an alternative what it is in the optimum.
        self._left_out_eur = _true_cost(best) - (
            float(best.dispatch.attrs["objective"]) - best.cost.unseen_eur
        )
        # The search ends with a small trust region; alternatives may move as far as its first step.
        self._about = district.incumbent.with_trust_region(district.coupling.slp.trust_region_k)
        self._district = district
        self._scoring = scoring
        self._money = with_numbers(district.problem, district.ring, district.rows, self._about)
        self._basis: Basis | None = None

    def solve(self, number: int, scores: Array, limit_eur: float) -> Iteration:
        """Find the least score within a limit of the programme's cost, and simulate it."""
        district, money = self._district, self._money
        price = money.cost + money.penalty
        room = limit_eur - self._left_out_eur - money.offset
        limited = money.with_limit("limit of cost", price, room)
        scored = self._scoring.objective(limited, scores, {self._scoring.score_class: 1.0})
        solution = solve(
            scored, district.solver, start=Start(self._basis, followed=True), explain=False
        )
        self._basis = solution.basis
        return district.simulate(number, self._about, self._in_money(solution))

    def _in_money(self, solution: Solution) -> Solution:
        """The same values with their cost as objective; duals of scores are no prices."""
        money = replace(solution.problem, cost=self._money.cost, offset=self._money.offset)
        return replace(solution, problem=money, row_dual=np.full(money.n_rows, np.nan))


def _next(
    programme: _Programme, number: int, scores: Array, optimum: float, allowed: float
) -> CoupledSpore | None:
    """Find the next alternative; None, with a warning, if there is none."""
    limit = allowed
    for attempt in range(1, TRIES + 1):
        try:
            done = programme.solve(number, scores, limit)
        except (InfeasibleError, TimeLimitError) as error:
            logger.warning("alternative %d has no solution (%s)", number, error)
            return None
        truth = _true_cost(done)
        if truth <= allowed + ROUNDING * abs(allowed):
            logger.info("alternative %d truly costs %.10g after %d", number, truth, attempt)
            return CoupledSpore(number, done, truth, limit, scores, attempt)
        step = max(truth - allowed, LEAST_STEP * 2 ** (attempt - 1) * (allowed - optimum))
        limit = max(limit - step, optimum + ROUNDING * abs(optimum))
    logger.warning(
        "alternative %d truly costs %.6g, more than %.6g, however low the programme's limit",
        number,
        truth,
        allowed,
    )
    return None
