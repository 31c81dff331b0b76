"""Sizes for several weather years, or scenarios of prices, at once.

Each year is a programme of its own, with its own dispatch, stores and ring; only sizes are the same
in all. What is minimised is the expected cost. The search is that of one year: all programmes are
linear about the years' incumbents, each dispatch is simulated by itself, and the expected simulated
true cost decides about a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.year import hours_modelled
from anello.coupling.convergence import compare
from anello.coupling.record import ConvergenceRecord, CouplingState, IterationRecord
from anello.errors import InputError
from anello.errors import Problem as Fault

if TYPE_CHECKING:
    from anello.model.data import ModelData
    from anello.optimise.solve.joint import Shared
    from anello.optimise.solve.problem import Problem
    from anello.ring.config import RingConfig

SIZES = (
    "energy_cap",
    "storage_cap",
    "resource_area",
    "resource_cap",
    "resource2_cap",
    "units",
    "purchased",
    "ring_size",
    "ring_size_choice",
)
"""Variables that are decided before it is known which year comes."""
LONGER = 0.01
"""Share by which years may differ in length: a leap year and another are both a year [-]."""
ALIKE = 1e-6
"""Share by which given sizes may differ and be the same: another series rounds otherwise [-]."""
_GIVEN = ("energy_cap_equals", "storage_cap_equals", "resource_area_equals", "resource_cap_equals")
WHOLE = 1e-9
"""How near to one the weights must add up [-]."""

_NOT_PLANNED = {
    "operate": "has given sizes that are operated only",
    "spores": "asks for alternatives, which are sought for one year alone",
}
"""Why a model is not planned, by its `run.mode`."""


def weight_faults(weights: Mapping[str, float]) -> list[str]:
    """Return what is wrong with the weights of years, in words.

    Parameters
    ----------
    weights : mapping of str to float
        Probability of each year [-].
    """
    low = [f"`{name}` has {weight:g}" for name, weight in weights.items() if not weight > 0.0]
    if low:
        return [f"each year needs a weight above 0, and {', '.join(low)}: give it one, or leave it"]
    total = math.fsum(weights.values())
    if abs(total - 1.0) > WHOLE:
        told = " + ".join(f"{weight:g}" for weight in weights.values())
        return [f"the weights of the years must add up to 1, and {told} = {total:g}: change them"]
    return []


def ring_fault(ring: RingConfig) -> str | None:
    """Return why a ring cannot be that of several years; None if it can.

    Parameters
    ----------
    ring : RingConfig
        Its settings.
    """
    field = None if ring.plant is None else ring.plant.borefield
    if field is None or not field.hold_at_horizon:
        return None
    return (
        "`ring.plant.borefield.hold_at_horizon` supposes that every year is like the one modelled,"
        " which several years are not: leave it out, and look at `borefield_horizon_degc` of each"
    )


def check_years(years: Mapping[str, ModelData]) -> None:
    """Refuse years whose sizes cannot be the same.

    Parameters
    ----------
    years : mapping of str to ModelData
        The model of each year.

    Raises
    ------
    InputError
        If models differ in technologies, in given sizes or in length, are to be operated only, or
        choose the capacity of something that is bought at a price of capital.
    """
    (first, base), *others = years.items()
    faults = []
    for name, data in others:
        ours, theirs = (set(map(str, d.inputs["node"].values)) for d in (base, data))
        if ours != theirs:
            faults.append(
                Fault(
                    f"has other technologies than `{first}`, so that sizes cannot be the same:"
                    f" {', '.join(sorted(ours ^ theirs)[:3])}",
                    key=f"years.{name}",
                    suggestion="Let years differ in weather, loads and prices only",
                )
            )
        hours, of_first = (hours_modelled(d.inputs) for d in (data, base))
        if abs(hours - of_first) > LONGER * of_first:
            faults.append(
                Fault(
                    f"covers {hours:g} h, and `{first}` {of_first:g} h: a cost of one"
                    " cannot be weighed against that of the other",
                    key=f"years.{name}",
                    suggestion="Give all years the same `model.subset_time`",
                )
            )
    if not faults:
        faults += _other_given_sizes(years)
    for name, data in years.items():
        mode = data.config["run"].get("mode", "plan")
        if mode in _NOT_PLANNED:
            faults.append(
                Fault(
                    _NOT_PLANNED[mode],
                    key=f"years.{name}",
                    value=f"run.mode: {mode}",
                    suggestion="Set `run.mode: plan`",
                )
            )
        faults += [
            Fault(
                "is bought through a capacity that costs capital and is still open: each year's"
                " would be as large as that year's highest purchase",
                key=f"years.{name}: {node}",
                value="energy_cap",
                suggestion="Give `energy_cap_equals`, or the price per year as `om_annual`",
            )
            for node in _bought_at_capital(data)
        ]
    if faults:
        raise InputError(faults)


def _other_given_sizes(years: Mapping[str, ModelData]) -> list[Fault]:
    """Return a fault where years are given sizes that differ, with the largest to be written."""
    first, base = next(iter(years.items()))
    nodes = [str(node) for node in base.inputs["node"].values]
    bought = {nodes[k] for k in _connections(base)}
    told, largest = [], {}
    for name in _GIVEN:
        given = {
            year: dict(zip(nodes, data.value(name, nodes, default=False).tolist(), strict=True))
            for year, data in years.items()
        }
        for node in nodes:
            sizes = {year: of_node[node] for year, of_node in given.items()}
            known = [size for size in sizes.values() if math.isfinite(size)]
            if node in bought or not known or max(known) - min(known) <= ALIKE * max(known):
                continue
            each = ", ".join(f"{size:g} in `{year}`" for year, size in sizes.items())
            told.append(f"`{node}`: {name} is {each}")
            place, _, tech = node.partition("::")
            largest[f"locations.{place}.techs.{tech}.constraints.{name}"] = max(known)
    if not told:
        return []
    written = ", ".join(f"{key}: {size:g}" for key, size in largest.items())
    return [
        Fault(
            f"the years are given sizes that differ, and all have the same: {'; '.join(told)}",
            key=f"years.{first}",
            suggestion="Say in the scenario's `overrides` which it is, such as the largest: "
            f"{{{written}}}",
        )
    ]


def _connections(data: ModelData) -> NDArray[np.int64]:
    """Return what grows with what it carries: what is bought without a limit, and demand."""
    supply = np.asarray(data.nodes(("supply", "supply_plus")), dtype=np.int64)
    values = np.asarray(data.value("resource", supply), dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    bought = supply[np.isinf(values).any(axis=1)]
    demand = np.asarray(data.nodes("demand"), dtype=np.int64)
    found: NDArray[np.int64] = np.union1d(bought, demand).astype(np.int64)
    return found


def _bought_at_capital(data: ModelData) -> list[str]:
    if "cost_energy_cap" not in data.inputs:
        return []
    nodes = _connections(data)
    price = np.nan_to_num(np.asarray(data.value("cost_energy_cap", nodes), dtype=float))
    price = price.reshape(-1, len(nodes))
    given = np.asarray(data.value("energy_cap_equals", nodes, default=False), dtype=float)
    open_and_dear = (price > 0.0).any(axis=0) & ~np.isfinite(given)
    return [str(data.inputs["node"].values[k]) for k in nodes[open_and_dear]]


def shared_sizes(data: ModelData, problem: Problem) -> Shared:
    """Return the sizes that are the same in all years, by variable.

    Connections and demand are left out: they have no size of their own, but grow with what they
    carry, in each year, and a demand charge is paid on that.

    Parameters
    ----------
    data : ModelData
        The model of any of the years.
    problem : Problem
        Its compiled problem.
    """
    own = {str(data.inputs["node"].values[k]) for k in _connections(data)}
    return {
        name: [label for label in problem.variables[name].labels() if label[0] not in own]
        for name in SIZES
        if name in problem.variables
    }


def state_of_years(states: Sequence[CouplingState], weights: Sequence[float]) -> CouplingState:
    """Return one iteration of all years as the convergence check sees it: one after the other.

    Parameters
    ----------
    states : sequence of CouplingState
        Each year's, with the common verdict.
    weights : sequence of float
        Their probabilities.
    """

    def expected(name: str) -> float:
        return math.fsum(w * getattr(s, name) for w, s in zip(weights, states, strict=True))

    def joined(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(s, name) for s in states], axis=-1)

    return CouplingState(
        nodes=states[0].nodes,
        temperature_degc=joined("temperature_degc"),
        cop_used=joined("cop_used"),
        cop_simulated=joined("cop_simulated"),
        q_kw=joined("q_kw"),
        step_h=joined("step_h"),
        j_lp_eur=expected("j_lp_eur"),
        j_sim_eur=expected("j_sim_eur"),
        audit_relative=max(s.audit_relative for s in states),
        steps_at_bound=sum(s.steps_at_bound for s in states),
        investment_eur=expected("investment_eur"),
        slp=states[0].slp,
    )


OWN = (
    "max_delta_t_k",
    "rms_delta_t_k",
    "mean_relative_change",
    "max_delta_cop",
    "j_lp_eur",
    "j_sim_eur",
    "ring_residual",
    "steps_at_bound",
    "investment_eur",
)
"""Measures of an iteration that each year has of its own; promises and verdicts are of all."""


def record_of_year(
    joint: ConvergenceRecord,
    so_far: ConvergenceRecord | None,
    current: CouplingState,
    previous: CouplingState | None,
) -> ConvergenceRecord:
    """Return the record of one year: its own costs and changes, and the verdicts on all years.

    Parameters
    ----------
    joint : ConvergenceRecord
        The record of all years, with this iteration.
    so_far : ConvergenceRecord or None
        The year's record without it; None in the first.
    current, previous : CouplingState
        The year's iteration and the one before; None in the first.
    """
    trace = so_far.trace if so_far is not None else ()
    measured = compare(len(trace), current, previous)
    own = {name: getattr(measured, name) for name in OWN}
    return replace(joint, trace=(*trace, IterationRecord(**{**asdict(joint.trace[-1]), **own})))
