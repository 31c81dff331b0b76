"""Stores between representative days.

Within each representative day a store's level counts from the start of the day, so it may be
negative; the level at the start of every original day is a variable of its own. After L. Kotzur
et al., Applied Energy 213 (2018) 123, https://doi.org/10.1016/j.apenergy.2018.01.023.
"""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.balance import retained_by_day
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression
from anello.optimise.formulation.registry import Columns, Rows, constraint, variable
from anello.optimise.formulation.system import CLUSTER_AXIS, DATE_AXIS, TIME_AXIS

_WHEN = "a store, and clusters with `storage_inter_cluster`"


def _stores(c: Context) -> tuple[str, ...]:
    """Labels of stores that carry energy between days."""
    return c.sets.names(c.sets.store) if c.clusters is not None and c.clusters.linked else ()


@variable(
    "storage_inter_cluster",
    index="node, datestep",
    when=_WHEN,
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def storage_inter_cluster(c: Context) -> Columns | None:
    """Storage level at the start of each original day."""
    names = _stores(c)
    return Columns({"node": names}, DATE_AXIS) if names else None


def _extreme_level(c: Context) -> Columns | None:
    names = _stores(c)
    return Columns({"node": names}, CLUSTER_AXIS, lower=-float("inf")) if names else None


@variable(
    "storage_intra_cluster_max",
    index="node, cluster",
    when=_WHEN,
    domain=r"\in \mathbb{R} \; [\mathrm{kWh}]",
)
def storage_intra_cluster_max(c: Context) -> Columns | None:
    """Highest storage level of a representative day, counted from the day's start."""
    return _extreme_level(c)


@variable(
    "storage_intra_cluster_min",
    index="node, cluster",
    when=_WHEN,
    domain=r"\in \mathbb{R} \; [\mathrm{kWh}]",
)
def storage_intra_cluster_min(c: Context) -> Columns | None:
    """Lowest storage level of a representative day, counted from the day's start."""
    return _extreme_level(c)


@constraint(
    "balance_storage_inter_cluster",
    index="node, datestep",
    when=_WHEN,
    equation=r"inter_d = inter_{d-1} (1 - loss)^{24} + storage_{\text{last of } cluster(d-1)};"
    r" \quad \text{not cyclic: } inter_1 = storage\_initial \cdot storage_{cap}",
)
def balance_storage_inter_cluster(c: Context) -> Rows | None:
    """A day starts with what the day before started with, less losses, and its change."""
    clusters = c.clusters
    nodes = c.sets.store
    if clusters is None or not _stores(c):
        return None
    before = np.roll(np.arange(len(clusters.datesteps)), 1)
    day_before = clusters.of_datestep[before]
    carried = c.node_var("storage_inter_cluster", nodes, before)
    carried = carried * retained_by_day(c, nodes)[:, day_before]
    level = carried + c.node_var("storage", nodes, clusters.last_step[day_before])
    if not c.cyclic:
        later = np.ones((1, len(before)))
        later[0, 0] = 0.0
        initial = c.par("storage_initial", nodes)
        # Calliope 0.6 takes the share itself for a level.
        start = (
            Expression(len(nodes), None) + initial
            if c.compat
            else c.node_var("storage_cap", nodes) * initial
        )
        level = level * later + start * (1.0 - later)
    balance = c.node_var("storage_inter_cluster", nodes) - level
    return Rows({"node": c.sets.names(nodes)}, balance == 0, DATE_AXIS)


@constraint(
    "storage_intra_max",
    index="node, timestep",
    when=_WHEN,
    equation=r"storage_t \le intra\_max_{cluster(t)}",
)
def storage_intra_max(c: Context) -> Rows | None:
    """No level of a representative day is above its highest."""
    nodes = c.sets.store
    if c.clusters is None or not _stores(c):
        return None
    highest = c.node_var("storage_intra_cluster_max", nodes, c.clusters.of_step)
    relation = c.node_var("storage", nodes) - highest <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "storage_intra_min",
    index="node, timestep",
    when=_WHEN,
    equation=r"storage_t \ge intra\_min_{cluster(t)}",
)
def storage_intra_min(c: Context) -> Rows | None:
    """No level of a representative day is below its lowest."""
    nodes = c.sets.store
    if c.clusters is None or not _stores(c):
        return None
    lowest = c.node_var("storage_intra_cluster_min", nodes, c.clusters.of_step)
    relation = c.node_var("storage", nodes) - lowest >= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "storage_inter_max",
    index="node, datestep",
    when=_WHEN,
    equation=r"inter_d + intra\_max_{cluster(d)} \le storage_{cap}",
)
def storage_inter_max(c: Context) -> Rows | None:
    """On no original day does a store hold more than its size."""
    nodes = c.sets.store
    if c.clusters is None or not _stores(c):
        return None
    highest = c.node_var("storage_intra_cluster_max", nodes, c.clusters.of_datestep)
    level = c.node_var("storage_inter_cluster", nodes) + highest
    return Rows(
        {"node": c.sets.names(nodes)}, level - c.node_var("storage_cap", nodes) <= 0, DATE_AXIS
    )


@constraint(
    "storage_inter_min",
    index="node, datestep",
    when=_WHEN,
    equation=r"inter_d (1 - loss)^{24} + intra\_min_{cluster(d)} \ge 0",
)
def storage_inter_min(c: Context) -> Rows | None:
    """On no original day does a store fall below empty, even with the losses of the whole day."""
    nodes = c.sets.store
    if c.clusters is None or not _stores(c):
        return None
    day = c.clusters.of_datestep
    start = c.node_var("storage_inter_cluster", nodes) * retained_by_day(c, nodes)[:, day]
    lowest = c.node_var("storage_intra_cluster_min", nodes, day)
    return Rows({"node": c.sets.names(nodes)}, start + lowest >= 0, DATE_AXIS)
