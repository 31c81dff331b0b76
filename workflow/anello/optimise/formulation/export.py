"""Carriers that leave the system for money."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.system import TIME_AXIS


@constraint(
    "export_balance",
    index="node, carrier, timestep",
    when="export_carrier given",
    equation=r"carrier_{prod} \ge carrier_{export}",
)
def export_balance(c: Context) -> Rows | None:
    """A technology exports no more than it produces."""
    pairs = c.export_pairs
    if not pairs:
        return None
    relation = c.prod(pairs) - c.pair_var("carrier_export", pairs) >= 0
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)


@constraint(
    "export_max",
    index="node, carrier, timestep",
    when="export_cap given",
    equation=r"carrier_{export} \le export\_cap \cdot (operating\_units \text{ or } 1)",
)
def export_max(c: Context) -> Rows | None:
    """Export is capped; for technologies built in units, per running unit."""
    limited = np.isfinite(c.par("export_cap", c.sets.all)[:, 0]) & c.sets.defined("export_cap")
    pairs = [(n, k) for n, k in c.export_pairs if limited[n]]
    if not pairs:
        return None
    nodes = np.array([n for n, _ in pairs], dtype=np.int64)
    cap = c.par("export_cap", nodes)
    whole = np.isin(nodes, c.sets.units)
    export = c.pair_var("carrier_export", pairs) + np.where(whole[:, None], 0.0, -cap)
    if whole.any():
        rows = np.flatnonzero(whole)
        running = c.node_var("operating_units", nodes[rows]) * cap[rows]
        export = export - running.sum_into(rows, len(pairs))
    return Rows(c.sets.pair_keys(pairs), export <= 0, TIME_AXIS)
