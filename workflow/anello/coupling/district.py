"""A district in process: model, ring and solver, iterated until they agree.

The workflow runs the same functions as jobs with files between them; notebooks, comparisons and
tests use this class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from anello.coupling.config import CouplingConfig
from anello.coupling.fixed_point import run_fixed_point
from anello.coupling.incumbent import Linearisation
from anello.coupling.iteration import (
    heat_pumps,
    investment_eur,
    rows_of,
    simulate_dispatch,
    start_cop,
    state_of,
    with_cop,
    with_numbers,
)
from anello.coupling.merit import BEYOND_CAP
from anello.coupling.prices import bound_rows
from anello.coupling.record import ConvergenceRecord, CouplingState
from anello.coupling.slp import judge_iteration, run_slp
from anello.errors import InputError
from anello.errors import Problem as Fault
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.results import extract
from anello.optimise.solve import Basis, Solution, SolverConfig, Start, compile_problem, solve
from anello.ring.config import RingConfig
from anello.ring.cost import TrueCost
from anello.ring.exchange import RingInput, RingResult

Floats = NDArray[np.float64]
OnIteration = Callable[[CouplingState, ConvergenceRecord], None]


@dataclass(frozen=True)
class Iteration:
    """One solved and simulated iteration.

    Attributes
    ----------
    dispatch : xarray.Dataset
        Results of the programme.
    flows, ring, cost : RingInput, RingResult, TrueCost
        What the ring saw, what it did, and what the dispatch truly costs.
    state : CouplingState
        The iteration as the convergence check sees it.
    x, row_dual : ndarray
        Values and duals of the programme's columns and rows.
    solve_seconds : float
        Wall time of the solver [s].
    """

    dispatch: xr.Dataset
    flows: RingInput
    ring: RingResult
    cost: TrueCost
    state: CouplingState
    x: Floats
    row_dual: Floats
    solve_seconds: float

    @property
    def penalised_eur(self) -> float:
        """Simulated true cost with the penalties of unmet demand and of broken caps [€]."""
        attrs = self.dispatch.attrs
        penalty = float(attrs["objective"]) - float(attrs["cost_objective"]) - self.cost.unseen_eur
        penalty += float(attrs.get("penalty_per_kwh", 0.0)) * self.cost.beyond_grid_kwh
        penalty += BEYOND_CAP * abs(self.cost.total_eur) * self.cost.beyond_caps
        return self.cost.total_eur + penalty


@dataclass(frozen=True)
class Outcome:
    """A finished coupling.

    Attributes
    ----------
    record : ConvergenceRecord
        Every iteration.
    best : Iteration
        The incumbent of an SLP, else the iteration with the least simulated true cost.
    last : Iteration
        The last one.
    solve_seconds : float
        Wall time of all solves [s].
    """

    record: ConvergenceRecord
    best: Iteration
    last: Iteration
    solve_seconds: float


class CoupledDistrict:
    """A district whose dispatch and ring are iterated in this process.

    Parameters
    ----------
    data : ModelData
        The model.
    ring : RingConfig
        The ring.
    coupling : CouplingConfig
        Method and stopping rule.
    solver : SolverConfig, optional
        Solver and options.

    Attributes
    ----------
    incumbent : Linearisation or None
        After a run, the ring linear about the best dispatch (with a fixed point: its COP).

    Raises
    ------
    InputError
        If ring and model do not fit together, or `coupling.method` is `none`.
    """

    def __init__(
        self,
        data: ModelData,
        ring: RingConfig,
        coupling: CouplingConfig,
        solver: SolverConfig | None = None,
    ) -> None:
        if not coupling.coupled:
            raise InputError(
                Fault(
                    "there is no ring to iterate with",
                    key="coupling.method",
                    value=coupling.method,
                    suggestion="Solve the model alone, with `anello.Model`",
                )
            )
        self.data = data
        self.ring = ring
        self.coupling = coupling
        self.solver = solver or SolverConfig()
        self.heat_pumps = heat_pumps(ring, data)
        self.rows = rows_of(ring, coupling, data)
        self.problem = compile_problem(formulate(data, self.rows))
        self._basis: Basis | None = None
        self._first_use_degc: Floats | None = None
        self._done: list[Iteration] = []
        self._seconds = 0.0
        self.incumbent: Linearisation | None = None

    def run(
        self, *, must_converge: bool = True, on_iteration: OnIteration | None = None
    ) -> Outcome:
        """Iterate until the coupling has converged.

        Parameters
        ----------
        must_converge : bool
            Raise if it does not within the iterations allowed.
        on_iteration : callable, optional
            Called after each iteration.

        Raises
        ------
        NotConvergedError
            If `must_converge` and it did not.
        SolveError
            If a programme has no solution.
        """
        self._done = []
        self._seconds = 0.0
        cop = start_cop(self.data, self.heat_pumps)
        if self.coupling.method == "slp":
            outcome = run_slp(
                self._slp_step,
                with_cop(self.ring, self.heat_pumps, cop),
                self.coupling,
                on_iteration=on_iteration,
                must_converge=must_converge,
            )
            record, self.incumbent = outcome.record, outcome.incumbent
        else:
            record = run_fixed_point(
                self._fixed_point_step,
                cop,
                self.coupling,
                active_oddities=self.ring.active_oddities,
                on_iteration=on_iteration,
                must_converge=must_converge,
            ).record
            used = self._done[0].state.cop_used
            self.incumbent = with_cop(self.ring, self.heat_pumps, used)
        return Outcome(record, self._done[0], self._done[-1], self._seconds)

    def _slp_step(self, number: int, about: Linearisation) -> tuple[CouplingState, Linearisation]:
        done = self.iterate(number, about)
        assert self.rows is not None
        step, incumbent = judge_iteration(
            self.coupling,
            self.ring,
            self.rows,
            about,
            done.dispatch,
            done.flows,
            done.ring,
            done.cost,
            number,
        )
        investment = done.state.investment_eur
        state = state_of(done.flows, done.ring, done.cost, investment, about.given_cost_eur, step)
        self._keep(done, best=step.accepted)
        return state, incumbent

    def _fixed_point_step(self, number: int, cop: Floats) -> CouplingState:
        done = self.iterate(number, with_cop(self.ring, self.heat_pumps, cop))
        best = not self._done or done.penalised_eur < self._done[0].penalised_eur
        self._keep(done, best=best)
        return done.state

    def _keep(self, done: Iteration, *, best: bool) -> None:
        """Keep the best first and the last last: memory stays flat over the iterations."""
        self._done = [done if best else self._done[0], done]

    def iterate(self, number: int, about: Linearisation) -> Iteration:
        """Solve the programme about a linearisation, and simulate what it dispatches.

        Parameters
        ----------
        number : int
            Number of the iteration.
        about : Linearisation
            The incumbent, or COP alone.
        """
        problem = with_numbers(self.problem, self.ring, self.rows, about)
        solution = solve(problem, self.solver, start=Start(self._basis, followed=True), prices=True)
        self._basis = solution.basis
        return self.simulate(number, about, solution)

    def simulate(self, number: int, about: Linearisation, solution: Solution) -> Iteration:
        """Simulate what a solution of the programme dispatches.

        Parameters
        ----------
        number : int
            Number of the iteration.
        about : Linearisation
            What the programme was linear about.
        solution : Solution
            Its solution, whose objective is money.
        """
        self._seconds += solution.solve_seconds
        # Every balance was checked with the solution; what is derived from it, no iteration needs.
        dispatch = extract(
            self.data, solution, audit=False, derived=False, duals=bound_rows(solution.problem)
        )
        keep = "store_temperature_of_iteration_zero" in self.ring.active_oddities
        flows, ring, cost = simulate_dispatch(
            self.data,
            dispatch,
            self.ring,
            about.cop,
            use_degc=self._first_use_degc if keep and number else None,
        )
        if number == 0:
            self._first_use_degc = ring.use_degc
        state = state_of(flows, ring, cost, investment_eur(self.data, dispatch))
        return Iteration(
            dispatch,
            flows,
            ring,
            cost,
            state,
            solution.x,
            solution.row_dual,
            solution.solve_seconds,
        )
