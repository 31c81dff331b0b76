"""A district in several years, in process: one set of sizes, a dispatch and a ring in each year."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from anello.coupling.config import CouplingConfig
from anello.coupling.convergence import check_slp, require_converged
from anello.coupling.district import CoupledDistrict, Iteration
from anello.coupling.incumbent import Linearisation
from anello.coupling.iteration import start_cop, state_of, with_cop, with_numbers
from anello.coupling.record import ConvergenceRecord, CouplingState, SlpStep
from anello.coupling.slp import Found, judge_together
from anello.coupling.years import (
    check_years,
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


@dataclass(frozen=True)
class YearsIteration:
    """One iteration of a search over several years.

    Attributes
    ----------
    number : int
        Its number.
    done : mapping of str to Iteration
        What it came to in each year.
    solutions : mapping of str to Solution
        The programmes' solutions.
    incumbents : mapping of str to Linearisation
        What the next programmes are linear about.
    record : ConvergenceRecord
        Every iteration so far, with what is to be expected of all years.
    records : mapping of str to ConvergenceRecord
        The same with the costs of each year.
    basis : Basis or None
        Where the next solve starts.
    """

    number: int
    done: Mapping[str, Iteration]
    solutions: Mapping[str, Solution]
    incumbents: Mapping[str, Linearisation]
    record: ConvergenceRecord
    records: Mapping[str, ConvergenceRecord]
    basis: Basis | None


@dataclass(frozen=True)
class Interrupted:
    """Where a search was broken off.

    Attributes
    ----------
    incumbents, record, records, basis
        Of its last iteration, as `YearsIteration` has them.
    states : mapping of str to CouplingState
        Each year's last iteration as the check sees it.
    """

    incumbents: Mapping[str, Linearisation]
    record: ConvergenceRecord
    records: Mapping[str, ConvergenceRecord]
    basis: Basis | None
    states: Mapping[str, CouplingState]


OnIteration = Callable[[YearsIteration], None]


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
        The incumbent in each year: the sizes are the same in all. Empty where it was found before
        a search was broken off.
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

    def run(
        self,
        *,
        must_converge: bool = True,
        on_iteration: OnIteration | None = None,
        after: Interrupted | None = None,
    ) -> YearsOutcome:
        """Search until the sizes are found.

        Parameters
        ----------
        must_converge : bool
            Raise if they are not within the iterations allowed.
        on_iteration : callable, optional
            Called with each iteration.
        after : Interrupted, optional
            Where to go on; by default the search begins anew.

        Raises
        ------
        NotConvergedError
            If `must_converge` and they are not.
        SolveError
            If a programme has no solution.
        """
        self._seconds = 0.0
        best: tuple[Mapping[str, Iteration], Mapping[str, Solution]] = ({}, {})
        names, weights = list(self.districts), list(self.weights.values())
        records: dict[str, ConvergenceRecord] = {}
        states: dict[str, CouplingState] = {}
        record: ConvergenceRecord | None = None
        about: About = tuple(
            with_cop(self.ring, one.heat_pumps, start_cop(one.data, one.heat_pumps))
            for one in self.districts.values()
        )
        if after is not None:
            self._basis, records, states = after.basis, dict(after.records), dict(after.states)
            record = replace(after.record, max_iterations=self.coupling.max_iterations)
            about = tuple(after.incumbents[name] for name in names)
        while record is None or not record.finished:
            before = state_of_years(list(states.values()), weights) if states else None
            number = 0 if record is None else len(record.trace)
            done, solutions, about = self._step(number, about)
            now = {name: one.state for name, one in done.items()}
            joint = state_of_years(list(now.values()), weights)
            record = check_slp(self.coupling, joint, before, record)
            for name, state in now.items():
                records[name] = record_of_year(record, records.get(name), state, states.get(name))
            states = now
            if record.trace[-1].accepted:
                best = done, solutions
            if on_iteration is not None:
                incumbents = dict(zip(names, about, strict=True))
                on_iteration(
                    YearsIteration(
                        number, done, solutions, incumbents, record, dict(records), self._basis
                    )
                )
        if must_converge:
            require_converged(record, "the search over several years")
        return YearsOutcome(record, records, *best, self.weights, self._seconds)

    def _step(
        self, number: int, about: About
    ) -> tuple[dict[str, Iteration], dict[str, Solution], About]:
        """Compute and judge one iteration; return it, its solutions and the next incumbents."""
        done, solutions = self._iterate(number, about)
        found = [
            Found(district.rows, lin, one.dispatch, one.flows, one.ring, one.cost)
            for district, lin, one in zip(
                self.districts.values(), about, done.values(), strict=True
            )
            if district.rows is not None
        ]
        weights = list(self.weights.values())
        step, incumbents = judge_together(self.coupling, self.ring, found, weights, number)
        judged = {
            name: replace(one, state=_judged(one, lin.given_cost_eur, step))
            for (name, one), lin in zip(done.items(), about, strict=True)
        }
        return judged, solutions, incumbents

    def _iterate(
        self, number: int, about: About
    ) -> tuple[dict[str, Iteration], dict[str, Solution]]:
        """Solve the programme of all years, and simulate each year's dispatch."""
        parts = {
            name: with_numbers(one.problem, self.ring, one.rows, lin)
            for (name, one), lin in zip(self.districts.items(), about, strict=True)
        }
        joint = join(parts, list(self.weights.values()), self._shared)
        solution = joint.solve(self.solver, start=Start(self._basis, followed=True), prices=True)
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


__all__ = ["CoupledYears", "Interrupted", "YearsIteration", "YearsOutcome"]
