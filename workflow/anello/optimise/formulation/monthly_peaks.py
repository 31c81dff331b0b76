"""Peaks that are billed by the month, as network tariffs bill those of an import."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, Term
from anello.optimise.formulation.registry import Columns, Rows, constraint, variable
from anello.optimise.formulation.system import TIME_AXIS

_WHEN = "a monthly_peak cost of a supply; not in `operate` mode"


@variable("peak_month", index="node, month", when=_WHEN, domain=r"\ge 0 \; [\mathrm{kW}]")
def peak_month(c: Context) -> Columns | None:
    """Highest output of a month."""
    nodes = c.sets.names(c.billed_peaks)
    if not nodes:
        return None
    months = c.months.names
    return Columns({"node": [n for n in nodes for _ in months], "month": [*months] * len(nodes)})


@constraint(
    "peak_of_month",
    index="node, nth month, timestep",
    when=_WHEN,
    equation=r"carrier_{prod} / h \le peak\_month_{m(t)}",
)
def peak_of_month(c: Context) -> Rows | None:
    """A month's peak is at least the power of each of its steps.

    A representative day may stand for days of several months: it has a row for the first of them,
    the second, and so on.
    """
    nodes = c.billed_peaks
    if not len(nodes):
        return None
    steps = c.months.steps
    most = int(steps.sum(axis=0).max())
    rank = np.cumsum(steps, axis=0) - 1
    # The number of each step's nth month, and whether there is one; shape (most, T).
    month = np.stack([(steps & (rank == n)).argmax(axis=0) for n in range(most)])
    there = np.stack([(steps & (rank == n)).any(axis=0) for n in range(most)])
    numbers = c.system.variables["peak_month"].block.numbers.reshape(len(nodes), len(steps))
    count = len(nodes) * most
    rows = np.arange(count, dtype=np.int64)
    columns = numbers[:, month].reshape(count, c.n_time)
    peak = Expression(count, c.n_time, [Term(rows, columns, np.ones((1, 1)))])
    pairs = [pair for pair in c.out_pairs(nodes) for _ in range(most)]
    power = c.prod(pairs) * (1.0 / c.resolution)
    keys = {
        "node": [c.sets.labels[n] for n, _ in pairs],
        "nth": [str(n + 1) for _ in nodes for n in range(most)],
    }
    relation = (power - peak <= 0.0).where(np.tile(there, (len(nodes), 1)))
    return Rows(keys, relation, TIME_AXIS)
