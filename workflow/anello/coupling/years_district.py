"""A district in several years, in process: one set of sizes, a dispatch and a ring in each year."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Iteration
from anello.coupling.incumbent import Linearisation
from anello.coupling.iteration import start_cop, state_of, with_cop, with_numbers
from anello.coupling.record import ConvergenceRecord, CouplingState, SlpStep
from anello.coupling.slp import run_slp
from anello.coupling.years import (
    YearFound,
    check_years,
    judge_years,
    record_of_year,
    ring_fault,
    shared_sizes,
    state_of_years,
    weight_faults,
)
from anello.errors import InputError
from anello.errors import Problem as Fault
from anello.model.data import ModelData
from anello.optimise.solve import Basis, Solution, SolverConfig, Start
from anello.optimise.solve.joint import join
from anello.ring.config import RingConfig

About = tuple[Linearisation, ...]
OnIteration = Callable[
    [Mapping[str, Iteration], ConvergenceRecord, Mapping[str, ConvergenceRecord]], None
]


@dataclass(frozen=True)
class YearsOutcome:
    """A finished search over several years.

    Attributes
    ----------
    record : ConvergenceRecord
        Every iteration, with what is to be expected of all years.
    records : mapping of str to ConvergenceRecord
        The same with the costs of each year.
    best : mapping of str to Iteration
        The incumbent in each year: the sizes are the same in all.
    solutions : mapping of str to Solution
        The programmes' solutions that it comes from.
    weights : mapping of str to float
        Probability of each year [-].
    solve_seconds : float
        Wall time of all solves [s].
    """

    record: ConvergenceRecord
    records: Mapping[str, ConvergenceRecord]
    best: Mapping[str, Iteration]
    solutions: Mapping[str, Solution]
    weights: Mapping[str, float]
    solve_seconds: float

    @property
    def expected_eur(self) -> float:
        """Simulated true cost to be expected, with the penalty of unmet demand [€]."""
        return math.fsum(w * self.best[name].penalised_eur for name, w in self.weights.items())


class CoupledYears:
    """A district in several years, whose sizes are the same in all.

    Parameters
    ----------
    years : mapping of str to ModelData
        The model of each year: weather, loads and prices differ, technologies do not.
    weights : mapping of str to float
        Probability of each year; they add up to 1 [-].
    ring : RingConfig
        The ring, in all years.
    coupling : CouplingConfig
        The search, with `method: slp`.
    solver : SolverConfig, optional
        Solver and options.

    Raises
    ------
    InputError
        If the years do not fit together, the weights do not add up, or the method is another.
    """

    def __init__(
        self,
        years: Mapping[str, ModelData],
        weights: Mapping[str, float],
        ring: RingConfig,
        coupling: CouplingConfig,
        solver: SolverConfig | None = None,
    ) -> None:
        if coupling.method != "slp":
            raise InputError(
                Fault(
                    "sizes for several years are found by the programme that sees the ring",
                    key="coupling.method",
                    value=coupling.method,
                    suggestion="Use `slp`",
                )
            )
        if set(weights) != set(years):
            raise InputError(Fault("each year has one weight", key="years", value=list(weights)))
        beyond = ring_fault(ring)
        faults = [*weight_faults(weights), *([beyond] if beyond else [])]
        if faults:
            raise InputError([Fault(fault, key="years") for fault in faults])
        check_years(years)
        self.weights = {name: weights[name] for name in years}
        self.coupling, self.ring = coupling, ring
        self.solver = solver or SolverConfig()
        self.districts = {
            name: CoupledDistrict(data, ring, coupling, self.solver) for name, data in years.items()
        }
        first = next(iter(self.districts.values()))
        self._shared = shared_sizes(first.data, first.problem)
        self._basis: Basis | None = None
        self._seconds = 0.0
        self._last: dict[str, Iteration] = {}
        self._best: dict[str, Iteration] = {}
        self._solutions: dict[str, Solution] = {}

    def run(
        self, *, must_converge: bool = True, on_iteration: OnIteration | None = None
    ) -> YearsOutcome:
        """Search until the sizes are found.

        Parameters
        ----------
        must_converge : bool
            Raise if they are not within the iterations allowed.
        on_iteration : callable, optional
            Called after each iteration with that of each year, the record of all years, and
            each year's.

        Raises
        ------
        NotConvergedError
            If `must_converge` and they are not.
        SolveError
            If a programme has no solution.
        """
        self._seconds = 0.0
        records: dict[str, ConvergenceRecord] = {}
        before: list[CouplingState | None] = [None] * len(self.districts)

        def after(_: CouplingState, record: ConvergenceRecord) -> None:
            for k, name in enumerate(self.districts):
                state = self._last[name].state
                records[name] = record_of_year(record, records.get(name), state, before[k])
                before[k] = state
            if on_iteration is not None:
                on_iteration(self._last, record, records)

        starts = tuple(
            with_cop(self.ring, one.heat_pumps, start_cop(one.data, one.heat_pumps))
            for one in self.districts.values()
        )
        outcome = run_slp(
            self._step, starts, self.coupling, on_iteration=after, must_converge=must_converge
        )
        return YearsOutcome(
            outcome.record, records, self._best, self._solutions, self.weights, self._seconds
        )

    def _step(self, number: int, about: About) -> tuple[CouplingState, About]:
        done, solutions = self._iterate(number, about)
        weights = list(self.weights.values())
        found = [
            YearFound(district.rows, lin, one.dispatch, one.flows, one.ring, one.cost)
            for district, lin, one in zip(
                self.districts.values(), about, done.values(), strict=True
            )
            if district.rows is not None
        ]
        step, incumbents = judge_years(self.coupling, self.ring, found, weights, number)
        self._last = {
            name: replace(one, state=_judged(one, lin.given_cost_eur, step))
            for (name, one), lin in zip(done.items(), about, strict=True)
        }
        if step.accepted:
            self._best, self._solutions = self._last, solutions
        states = [one.state for one in self._last.values()]
        return state_of_years(states, weights), incumbents

    def _iterate(
        self, number: int, about: About
    ) -> tuple[dict[str, Iteration], dict[str, Solution]]:
        """Solve the programme of all years, and simulate each year's dispatch."""
        parts = {
            name: with_numbers(one.problem, self.ring, one.rows, lin)
            for (name, one), lin in zip(self.districts.items(), about, strict=True)
        }
        joint = join(parts, list(self.weights.values()), self._shared)
        solution = joint.solve(self.solver, start=Start(self._basis), prices=True)
        self._basis = solution.basis
        self._seconds += solution.solve_seconds
        split = joint.split(solution)
        done = {
            name: self.districts[name].simulate(number, lin, replace(part, solve_seconds=0.0))
            for name, lin, part in zip(parts, about, split, strict=True)
        }
        return done, dict(zip(parts, split, strict=True))


def _judged(done: Iteration, given_cost_eur: float, step: SlpStep) -> CouplingState:
    invested_eur = done.state.investment_eur
    return state_of(done.flows, done.ring, done.cost, invested_eur, given_cost_eur, step)


__all__ = ["CoupledYears", "YearsOutcome"]
