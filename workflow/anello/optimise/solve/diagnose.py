"""Why nothing satisfies all constraints: the few that would have to give way, in words.

Rows get slack, and the slack is made as small as possible relative to the size of each row; then
few slacks are preferred to many by weighting each with the inverse of what it was (reweighted L1
[1]_). Which rows get slack widens only as far as needed: first the balances of carriers, group
constraints and other wishes, then capacities, then everything. The multipliers of this *elastic*
problem show which limits are in conflict with what had to give way (Farkas' lemma): they play the
part of an irreducible infeasible subsystem and cost nothing extra.

.. [1] Candès, Wakin, Boyd (2008), Enhancing sparsity by reweighted l1 minimization,
   J. Fourier Anal. Appl. 14, 877-905, https://doi.org/10.1007/s00041-008-9045-x
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from anello.errors import InfeasibleError
from anello.optimise.formulation.expression import Array, IntArray
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.optimise import optimise
from anello.optimise.solve.problem import Problem
from anello.optimise.solve.solution import Solution
from anello.optimise.solve.start import Start

BALANCE = "system_balance"
# Capacity limits give way only when wishes do not suffice: they are what people know best.
CAPACITIES = {
    "energy_capacity",
    "storage_capacity",
    "resource_capacity",
    "resource_area",
    "resource2_capacity",
    "energy_capacity_net",
    "unit_capacity_milp",
}
# Identities of physics and bookkeeping, and limits that follow from capacities: never the cause.
IDENTITIES = {
    "balance_conversion",
    "balance_conversion_plus_primary",
    "balance_conversion_plus_in_2",
    "balance_conversion_plus_in_3",
    "balance_conversion_plus_out_2",
    "balance_conversion_plus_out_3",
    "balance_storage",
    "balance_supply_plus",
    "balance_transmission",
    "carrier_production_max",
    "carrier_production_max_conversion_plus",
    "carrier_consumption_max",
    "conversion_plus_prod_con_to_zero",
    "export_balance",
    "resource_max",
    "resource2_max",
    "ring_balance",
    "storage_max",
    "symmetric_transmission",
    "unit_commitment_milp",
    "zero_efficiency_production",
}
# Resources and demands are data: they are named as parties to a conflict, and give way last.
DATA = {
    "balance_demand",
    "balance_supply",
    "resource_availability_supply_plus",
    "resource2_availability",
}
PARTY_WORDS = {
    "balance_demand": ("wants", "kWh"),
    "balance_supply": ("has a resource of", "kWh"),
    "resource_availability_supply_plus": ("has a resource of", "kWh"),
    "resource2_availability": ("has a secondary resource of", "kWh"),
    "energy_capacity": ("has a capacity of", "kW"),
    "storage_capacity": ("holds", "kWh"),
    "resource_area": ("has an area of", "m²"),
}
SWEEPS = 3
# Problems with more rows than this (a year of a district) are explained with a single solve.
LARGE = 200_000
NOTHING = 1e-6
MOST_FINDINGS = 8
MOST_PARTIES = 6


@dataclass(frozen=True)
class Finding:
    """One constraint (of all steps it concerns) that would have to give way.

    Attributes
    ----------
    constraint : str
        Name as in the documentation, or a user's own.
    labels : tuple of str
        Location and carrier, node, group, …
    steps : tuple of str
        Steps in which it is short, the worst first; empty for constraints without steps.
    amounts : tuple of float
        By how much in each step (one number without steps), in the unit of the constraint;
        positive where the left side should be larger.
    text : str
        The finding in words.
    """

    constraint: str
    labels: tuple[str, ...]
    steps: tuple[str, ...]
    amounts: tuple[float, ...]
    text: str


@dataclass(frozen=True)
class Diagnosis:
    """Why a problem is infeasible.

    Attributes
    ----------
    findings : tuple of Finding
        The few constraints that would have to give way, the gravest first.
    parties : tuple of str
        Limits that are in conflict with them, in words.
    feasible : bool
        True when nothing needs to give way (the problem has a solution after all).
    """

    findings: tuple[Finding, ...] = ()
    parties: tuple[str, ...] = ()
    feasible: bool = False

    def __str__(self) -> str:
        if self.feasible:
            return "All constraints can be satisfied (within the solver's tolerance)."
        lines = ["The smallest change that would make it possible:"]
        lines += [f"  - {finding.text}" for finding in self.findings[:MOST_FINDINGS]]
        more = len(self.findings) - MOST_FINDINGS
        if more > 0:
            lines.append(f"  - and {more} more like these")
        if self.parties:
            lines.append("In conflict with:")
            lines += [f"  - {party}" for party in self.parties]
        return "\n".join(lines)


def explain_infeasibility(problem: Problem, time_limit_s: float | None = None) -> Diagnosis:
    """Find the fewest constraints that would have to give way for a problem to have a solution.

    Parameters
    ----------
    problem : Problem
        A problem that has no solution.
    time_limit_s : float, optional
        Time limit of each solve [s].

    Returns
    -------
    Diagnosis
        In words: ``str(diagnosis)``.

    Raises
    ------
    InfeasibleError
        When bounds of variables alone contradict each other; names the variable.
    SolveError
        When the solver fails, or finds nothing in time.
    """
    crossed = np.flatnonzero(problem.col_lower > problem.col_upper)
    if len(crossed):
        raise InfeasibleError(
            f"{problem.column_name(int(crossed[0]))} has a lower bound above its upper bound"
        )
    plain = replace(problem, integer=np.zeros_like(problem.integer))
    for kinds in ("wishes", "capacities", "all"):
        soft = _soft_rows(plain, kinds)
        elastic = _Elastic(plain, soft)
        try:
            solution = elastic.solve(time_limit_s)
        except InfeasibleError:
            if kinds == "all":
                raise
            continue
        break
    if not elastic.violated(solution).any() and problem.integer.any():
        # Only whole numbers stand in the way.
        elastic = _Elastic(problem, soft)
        solution = elastic.solve(time_limit_s)
    if not elastic.violated(solution).any():
        return Diagnosis(feasible=True)
    return _describe(problem, elastic, solution)


def _soft_rows(problem: Problem, kinds: str) -> IntArray:
    """Rows that may give way; rows that users added are wishes too."""
    never = {
        "wishes": IDENTITIES | DATA | CAPACITIES,
        "capacities": IDENTITIES | DATA,
        "all": set(),
    }
    soft = np.isfinite(problem.row_lower) | np.isfinite(problem.row_upper)
    for name, block in problem.constraints.items():
        if name in never[kinds]:
            soft[block.start : block.stop] = False
    return np.flatnonzero(soft)


class _Elastic:
    """A problem in which some rows may be violated at a price."""

    def __init__(self, problem: Problem, soft: IntArray) -> None:
        upward = soft[np.isfinite(problem.row_lower[soft])]
        downward = soft[np.isfinite(problem.row_upper[soft])]
        # Of each slack: its row, by which sign it enters, and by what its violation is measured.
        self.rows = np.concatenate([upward, downward])
        self.sign = np.concatenate([np.ones(len(upward)), -np.ones(len(downward))])
        self.size = _sizes(problem, self.rows)
        self.n = problem.n_columns
        count = len(self.rows)
        entries = (self.sign, (self.rows, np.arange(count)))
        slack = sparse.csr_array(entries, shape=(problem.n_rows, count))
        full = sparse.csr_array(
            (problem.data, problem.indices, problem.indptr), shape=(problem.n_rows, self.n)
        )
        matrix = sparse.hstack([full, slack], format="csr")
        self.problem = replace(
            problem,
            indptr=matrix.indptr.astype(np.int64),
            indices=matrix.indices.astype(np.int64),
            data=matrix.data,
            col_lower=np.append(problem.col_lower, np.zeros(count)),
            col_upper=np.append(problem.col_upper, np.full(count, np.inf)),
            cost=np.append(np.zeros(self.n), 1.0 / self.size),
            penalty=np.zeros(self.n + count),
            integer=np.append(problem.integer, np.zeros(count, dtype=bool)),
            offset=0.0,
            sense=1,
            slots=[],
        )

    def solve(self, time_limit_s: float | None) -> Solution:
        """Least violation, then few violations instead of many small ones."""
        limit = SolverConfig(time_limit_s=time_limit_s)
        solution = optimise(self.problem, limit)
        sweeps = SWEEPS if self.problem.n_rows < LARGE else 1
        for _ in range(sweeps - 1):
            slack = solution.x[self.n :] / self.size
            if np.count_nonzero(slack > NOTHING) <= 1:
                break
            weight = 1.0 / (self.size * (slack + 0.01 * slack.max()))
            again = replace(self.problem, cost=np.append(np.zeros(self.n), weight))
            solution = optimise(again, limit, start=Start(solution.basis))
        return solution

    def violated(self, solution: Solution) -> npt.NDArray[np.bool_]:
        """Which slacks are more than rounding."""
        return solution.x[self.n :] > NOTHING * self.size

    def shortfalls(self, solution: Solution) -> dict[int, float]:
        """Row to what it lacks: positive where its left side should be larger."""
        hit = np.flatnonzero(self.violated(solution))
        return {int(self.rows[k]): float(self.sign[k] * solution.x[self.n + k]) for k in hit}


def _sizes(problem: Problem, rows: IntArray) -> Array:
    """Size of each row, by which its violation is measured.

    A row with a right-hand side has its size; sums that must vanish have the typical demand or
    resource of a step, times the steps in them.
    """
    right = np.maximum(
        np.abs(np.where(np.isfinite(problem.row_lower), problem.row_lower, 0.0)),
        np.abs(np.where(np.isfinite(problem.row_upper), problem.row_upper, 0.0)),
    )
    typical = [
        right[block.start : block.stop]
        for name, block in problem.constraints.items()
        if name in DATA and block.size
    ]
    given = np.concatenate([np.zeros(0), *typical])
    given = given[given > 0]
    typical_size = float(np.median(given)) if len(given) else 1.0
    entries = np.diff(problem.indptr)[rows]
    steps = max((len(labels) for labels in problem.steps.values()), default=1)
    spans = np.where(entries >= steps, entries, 1.0)
    return np.where(right[rows] > 0, right[rows], typical_size * spans)


# --- words --------------------------------------------------------------------------------------
def _describe(problem: Problem, elastic: _Elastic, solution: Solution) -> Diagnosis:
    items: dict[tuple[str, tuple[str, ...]], list[tuple[str, float, int]]] = {}
    for row, amount in elastic.shortfalls(solution).items():
        constraint, labels, step = _place(problem, row)
        items.setdefault((constraint, labels), []).append((step, amount, row))
    findings = []
    for (constraint, labels), found in items.items():
        found.sort(key=lambda entry: -abs(entry[1]))
        text = (
            _shortage(problem, solution, labels, found)
            if constraint == BALANCE
            else _limit(problem, solution, constraint, labels, found)
        )
        steps = tuple(step for step, _, _ in found if step)
        amounts = tuple(amount for _, amount, _ in found)
        findings.append(Finding(constraint, labels, steps, amounts, text))
    sizes = np.zeros(problem.n_rows)
    sizes[elastic.rows] = elastic.size
    weight = {
        (c, labels): max(abs(amount) / sizes[row] for _, amount, row in found)
        for (c, labels), found in items.items()
    }
    findings.sort(key=lambda f: -weight[f.constraint, f.labels])
    worst = {row for found in items.values() for _, _, row in found}
    steps_hit = {found[0][0] for found in items.values()}
    return Diagnosis(tuple(findings), tuple(_parties(problem, solution, worst, steps_hit)))


def _place(problem: Problem, row: int) -> tuple[str, tuple[str, ...], str]:
    """Constraint, labels and step (empty without one) of a row."""
    for name, block in problem.constraints.items():
        if block.start <= row < block.stop:
            k, t = divmod(row - block.start, block.n_time or 1)
            step = problem.steps[block.axis][t] if block.n_time is not None else ""
            return name, block.labels()[k], step
    return problem.row_name(row), (), ""


def _shortage(
    problem: Problem,
    solution: Solution,
    labels: tuple[str, ...],
    found: list[tuple[str, float, int]],
) -> str:
    """Words for a balance of a carrier at a location that does not close."""
    location, carrier = labels
    step, amount, _ = found[0]
    # The balance is production minus consumption: slack that adds to it stands for missing supply.
    kind = "short of" if amount > 0 else "left with"
    unwanted = "" if amount > 0 else " that nothing takes"
    text = f"at {location}, carrier {carrier} is {kind} {_text(amount)} kWh{unwanted} at {step}"
    if len(found) > 1:
        total = sum(abs(a) for _, a, _ in found)
        text += f" and in {_more(found)} ({_text(total)} kWh in all)"
    t = problem.steps["timestep"].index(step)
    flows = []
    for name, verb in (("carrier_con", "takes"), ("carrier_prod", "gives")):
        if name not in problem.variables:
            continue
        values = solution.value(name)
        for k, (node, of) in enumerate(problem.variables[name].labels()):
            idle = abs(values[k, t]) <= NOTHING and (amount < 0 or verb == "takes")
            if of == carrier and node.split("::")[0] == location and not idle:
                most = _capacity(problem, node)
                limit = f" (at most {_text(most)} kW)" if np.isfinite(most) else ""
                tech = node.split("::", 1)[1]
                flows.append(f"{tech} {verb} {_text(values[k, t])} kWh{limit}")
    return f"{text}: {', '.join(flows)}" if flows else text


def _capacity(problem: Problem, node: str) -> float:
    """Upper limit of a node's capacity, infinite where there is none."""
    most = np.inf
    block = problem.variables.get("energy_cap")
    if block is not None and (node,) in block.positions():
        most = float(problem.col_upper[block.start + block.positions()[(node,)]])
    rows = problem.constraints.get("energy_capacity")
    if rows is not None and (node,) in rows.positions():
        most = min(most, float(problem.row_upper[rows.start + rows.positions()[(node,)]]))
    return most


def _limit(
    problem: Problem,
    solution: Solution,
    constraint: str,
    labels: tuple[str, ...],
    found: list[tuple[str, float, int]],
) -> str:
    """Words for any other constraint that does not hold."""
    step, amount, row = found[0]
    text = _called(constraint, labels)
    verb = "falls short" if amount > 0 else "is exceeded"
    if problem.row_lower[row] == 0 or problem.row_upper[row] == 0:
        text += f" {verb} by {_text(amount)}"
    else:
        value = _text(_value(problem, solution, row))
        text += f" asks for {_bounds(problem, row)} and {verb} at {value}"
    if step:
        text += f" at {step}"
    if len(found) > 1:
        text += f", and likewise in {_more(found)}"
    return text


def _more(found: list[tuple[str, float, int]]) -> str:
    count = len(found) - 1
    return "1 more step" if count == 1 else f"{count} more steps"


def _text(value: float) -> str:
    """Size of a number with four digits that count, and no exponent."""
    return f"{float(f'{abs(value):.4g}'):,.10g}"


def _party(problem: Problem, constraint: str, labels: tuple[str, ...], row: int) -> str:
    """Words for a limit that others run into."""
    if constraint not in PARTY_WORDS:
        return f"{_called(constraint, labels)}: {_bounds(problem, row)}"
    location, tech = labels[0].split("::", 1)
    verb, unit = PARTY_WORDS[constraint]
    return f"{tech} at {location} {verb} {_bounds(problem, row)} {unit} ({constraint})"


def _called(constraint: str, labels: Iterable[str]) -> str:
    """``storage_initial[a::tank] (a cyclic store ends at its given initial level)``."""
    import anello.optimise.formulation.assemble  # noqa: F401  (fills the registry)
    from anello.optimise.formulation.registry import REGISTRY

    name = f"{constraint}[{', '.join(labels)}]" if labels else constraint
    entry = REGISTRY.get(("constraint", constraint))
    if entry is None:
        return f"your constraint {name}"
    return f"{name} ({entry.text[0].lower()}{entry.text[1:].rstrip('.')})"


def _bounds(problem: Problem, row: int) -> str:
    low, high = float(problem.row_lower[row]), float(problem.row_upper[row])
    if high <= 0 and low < 0:
        # Consumption is counted negative; people do not.
        low, high = -high, -low
    if low == high:
        return f"exactly {_text(low)}"
    parts = [f"at least {_text(low)}"] if np.isfinite(low) and (low or np.isinf(high)) else []
    parts += [f"at most {_text(high)}"] if np.isfinite(high) else []
    return " and ".join(parts)


def _value(problem: Problem, solution: Solution, row: int) -> float:
    part = slice(problem.indptr[row], problem.indptr[row + 1])
    return float(problem.data[part] @ solution.x[problem.indices[part]])


def _parties(
    problem: Problem, solution: Solution, worst: set[int], steps_hit: set[str]
) -> list[str]:
    """Limits whose multipliers show that they stand against what had to give way."""
    multipliers = np.nan_to_num(solution.row_dual)
    small = 1e-7 * np.abs(multipliers).max(initial=0.0)
    found: dict[tuple[str, tuple[str, ...]], tuple[float, str]] = {}
    for row in np.flatnonzero(np.abs(multipliers) > small).tolist():
        constraint, labels, step = _place(problem, row)
        if row in worst or constraint in IDENTITIES or constraint == BALANCE:
            continue
        if step and steps_hit - {""} and step not in steps_hit:
            continue
        value = abs(multipliers[row]) * (1.0 + abs(_value(problem, solution, row)))
        at = f" at {step}" if step else ""
        text = _party(problem, constraint, labels, row) + at
        if value > found.get((constraint, labels), (0.0, ""))[0]:
            found[constraint, labels] = (value, text)
    ranked = sorted(found.values(), key=lambda entry: -entry[0])
    return [text for _, text in ranked[:MOST_PARTIES]]
