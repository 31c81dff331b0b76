"""Every way of coupling on the same district, judged by the same simulated true cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anello.base.labelled import total_of
from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Outcome
from anello.coupling.electricity import electricity_inputs, location_electricity
from anello.model.data import ModelData
from anello.optimise.solve import SolverConfig
from anello.ring.config import RingConfig

METHODS: dict[str, dict[str, Any]] = {
    "plain fixed point": {"method": "fixed_point"},
    "relaxed, ω = 0.5": {"method": "fixed_point", "fixed_point": {"relaxation": 0.5}},
    "Anderson, depth 3": {
        "method": "fixed_point",
        "fixed_point": {"anderson_depth": 3, "relaxation": 0.5},
    },
    "fixed point, scheduled balancing": {
        "method": "fixed_point",
        "fixed_point": {"scheduled_balancing": True},
    },
    "SLP, dead-band balancing": {"method": "slp", "slp": {"balancing": "deadband"}},
    "SLP in full": {"method": "slp"},
}
"""Couplings to compare, with their settings."""


@dataclass(frozen=True)
class Comparison:
    """What one coupling achieved; of a fixed point its best iteration counts.

    Attributes
    ----------
    name : str
        The coupling.
    total_eur : float
        Simulated true cost, with capacity [€].
    operation_eur : float
        The same without capacity [€].
    electricity_eur : float
        Part of it that is electricity bought, the balancing plant's included [€].
    grid_kwh : float
        Electricity bought [kWh].
    balancing_kwh : float
        Heat that the balancing plant moved, either way [kWh].
    final_degc : float
        Ring temperature at the end; what is left in the ring is not credited [°C].
    iterations : int
        Linear programmes solved.
    solve_seconds : float
        Wall time of the solver [s].
    converged : bool
        The coupling's own criterion was met.
    """

    name: str
    total_eur: float
    operation_eur: float
    electricity_eur: float
    grid_kwh: float
    balancing_kwh: float
    final_degc: float
    iterations: int
    solve_seconds: float
    converged: bool

    @property
    def other_eur(self) -> float:
        """Operation that is not electricity: maintenance by use, which no coupling changes [€]."""
        return self.operation_eur - self.electricity_eur


def compare_couplings(
    data: ModelData,
    ring: RingConfig,
    *,
    only: Sequence[str] | None = None,
    fixed_point_iterations: int = 12,
    solver: SolverConfig | None = None,
    on_done: Callable[[Comparison], None] | None = None,
) -> list[Comparison]:
    """Run couplings on the same district.

    Parameters
    ----------
    data : ModelData
        The model.
    ring : RingConfig
        The ring.
    only : sequence of str, optional
        Names from `METHODS`; all by default.
    fixed_point_iterations : int
        Iterations that a fixed point may take; it counts with its best one.
    solver : SolverConfig, optional
        Solver and options.
    on_done : callable, optional
        Called after each coupling.

    Returns
    -------
    list of Comparison
        In the order of `METHODS`.
    """
    found = []
    for name, settings in METHODS.items():
        if only is not None and name not in only:
            continue
        limit = {"max_iterations": fixed_point_iterations}
        chosen = settings | (limit if settings["method"] == "fixed_point" else {})
        district = CoupledDistrict(data, ring, CouplingConfig.model_validate(chosen), solver)
        row = summarise(name, data, district.run(must_converge=False))
        found.append(row)
        if on_done is not None:
            on_done(row)
    return found


def summarise(name: str, data: ModelData, outcome: Outcome) -> Comparison:
    """Return what a finished coupling achieved.

    Parameters
    ----------
    name : str
        The coupling.
    data : ModelData
        The model.
    outcome : Outcome
        What its run returned.
    """
    best = outcome.best
    weight = data.inputs["timestep_weight"].values.astype(float)
    _, carriers = electricity_inputs(data, best.dispatch, best.flows.nodes)
    supply = location_electricity(data, best.dispatch, carriers)
    # Bought in the dispatch, then what the simulation adds for heat pumps and plant.
    bought = sum(
        float((one.grid_kwh * one.price_eur_per_kwh * weight).sum()) for one in supply.values()
    )
    planned = total_of(best.dispatch, "ring_cost")
    moved = sum(np.abs(heat) for heat in best.ring.q_bal_kw.values())
    return Comparison(
        name=name,
        total_eur=best.cost.total_eur,
        operation_eur=best.cost.total_eur - best.state.investment_eur,
        electricity_eur=(
            bought + planned + best.cost.electricity_eur + best.cost.plant_electricity_eur
        ),
        grid_kwh=best.cost.grid_kwh,
        balancing_kwh=float((moved * best.ring.step_h * weight).sum()),
        final_degc=float(best.ring.temperature_degc[-1]),
        iterations=len(outcome.record.trace),
        solve_seconds=outcome.solve_seconds,
        converged=outcome.record.converged,
    )
