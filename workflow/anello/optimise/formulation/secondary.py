"""A second resource for supply_plus, and its capacity after its own consumption.

Both were part of Calliope 0.5 (``r2``, ``e_cap_net``) and left with 0.6; here they are an extension
under names in the style of 0.6. A solar thermal plant whose store a gas burner may fill, at all
times or only while the plant starts up, is the typical use.
"""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.capacity import EQUALS_MIN_MAX, limits
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, IntArray
from anello.optimise.formulation.registry import (
    Columns,
    Named,
    Rows,
    constraint,
    expression,
    variable,
)
from anello.optimise.formulation.system import TIME_AXIS


def _secondary(c: Context) -> IntArray:
    """Nodes that may draw on a secondary resource."""
    nodes = c.sets.of("supply_plus")
    given = c.sets.defined("resource2") & c.sets.truthy("resource2")
    return nodes[given[nodes]]


@variable(
    "resource2_con",
    index="node, timestep",
    when="supply_plus with a secondary resource",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def resource2_con(c: Context) -> Columns | None:
    """Secondary resource taken in a step."""
    nodes = _secondary(c)
    return Columns({"node": c.sets.names(nodes)}, TIME_AXIS) if len(nodes) else None


@variable(
    "resource2_cap",
    index="node",
    when="supply_plus with a secondary resource",
    domain=r"\ge 0 \; [\mathrm{kW}]",
)
def resource2_cap(c: Context) -> Columns | None:
    """Capacity to take the secondary resource."""
    nodes = _secondary(c)
    return Columns({"node": c.sets.names(nodes)}) if len(nodes) else None


def secondary_into(c: Context, nodes: IntArray) -> Expression | None:
    """What the secondary resource adds to the store or the conversion of supply_plus nodes."""
    rows = np.flatnonzero(np.isin(nodes, _secondary(c)))
    if not len(rows):
        return None
    taken = c.node_var("resource2_con", nodes[rows]) * c.par("resource2_eff", nodes[rows])
    return taken.sum_into(rows, len(nodes))


@constraint(
    "resource2_availability",
    index="node, timestep",
    when="supply_plus with a finite secondary resource",
    equation=r"resource2_{con} \le resource2",
)
def resource2_availability(c: Context) -> Rows | None:
    """The secondary resource taken is limited by what there is."""
    nodes = _secondary(c)
    if not len(nodes):
        return None
    relation = c.node_var("resource2_con", nodes).between(-np.inf, c.par("resource2", nodes))
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "resource2_max",
    index="node, timestep",
    when="supply_plus with a secondary resource",
    equation=r"resource2_{con} \le resource2_{cap} \cdot h",
)
def resource2_max(c: Context) -> Rows | None:
    """The secondary resource taken is limited by the capacity to take it."""
    nodes = _secondary(c)
    if not len(nodes):
        return None
    limit = c.node_var("resource2_cap", nodes) * c.resolution
    relation = c.node_var("resource2_con", nodes) - limit <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "resource2_startup",
    index="node, timestep",
    when="resource2_startup_only given",
    equation=r"resource2_{con} = 0 \text{ in steps that begin } resource2\_startup\_only"
    r"\text{ hours after the first or later}",
)
def resource2_startup(c: Context) -> Rows | None:
    """The secondary resource serves only while the plant starts up."""
    nodes = _secondary(c)
    given = c.sets.defined("resource2_startup_only")
    nodes = nodes[given[nodes]]
    if not len(nodes):
        return None
    begin = np.concatenate([[0.0], np.cumsum(c.resolution[0])[:-1]])
    over = begin[None, :] >= c.par("resource2_startup_only", nodes)
    relation = (c.node_var("resource2_con", nodes) == 0).where(over)
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "resource2_capacity",
    index="node",
    when="supply_plus with a secondary resource",
    equation=r"resource2_{cap} " + EQUALS_MIN_MAX.format("resource2_{cap}"),
)
def resource2_capacity(c: Context) -> Rows | None:
    """Capacity to take the secondary resource is fixed, or between its limits."""
    nodes = _secondary(c)
    if not len(nodes):
        return None
    return Rows({"node": c.sets.names(nodes)}, limits(c, "resource2_cap", nodes))


def _net_nodes(c: Context) -> IntArray:
    """Nodes with a constant own consumption, or a limit on what is left after it."""
    nodes = c.sets.of("supply_plus")
    given = c.sets.defined("parasitic_eff")
    for limit in ("energy_cap_net_max", "energy_cap_net_equals"):
        given = given | c.sets.defined(limit)
    return nodes[given[nodes]]


def _net(c: Context, nodes: IntArray) -> Expression:
    # ASSUME: where own consumption varies in time, net capacity is that of the worst step.
    worst: Array = c.par("parasitic_eff", nodes).min(axis=1)
    return c.node_var("energy_cap", nodes) * worst


@expression(
    "energy_cap_net",
    index="node",
    when="supply_plus with parasitic_eff or a limit on net capacity",
    equation=r"energy_{cap} \cdot \min_t \eta_{parasitic}",
)
def energy_cap_net(c: Context) -> Named | None:
    """Capacity to give a carrier after the plant's own consumption, in kW."""
    nodes = _net_nodes(c)
    return Named({"node": c.sets.names(nodes)}, _net(c, nodes)) if len(nodes) else None


@constraint(
    "energy_capacity_net",
    index="node",
    when="energy_cap_net_max or energy_cap_net_equals given",
    equation=r"energy_{cap} \cdot \min_t \eta_{parasitic} = energy\_cap\_net\_equals"
    r" \text{ if given, else } \le energy\_cap\_net\_max",
)
def energy_capacity_net(c: Context) -> Rows | None:
    """Capacity after the plant's own consumption is fixed or limited."""
    nodes = _net_nodes(c)
    equals = c.par("energy_cap_net_equals", nodes)
    fixed = ~np.isnan(equals)
    upper = np.where(fixed, equals, c.par("energy_cap_net_max", nodes))
    limited = np.flatnonzero(np.isfinite(upper[:, 0]))
    if not len(limited):
        return None
    nodes, lower = nodes[limited], np.where(fixed, equals, -np.inf)[limited]
    relation = _net(c, nodes).between(lower, upper[limited])
    return Rows({"node": c.sets.names(nodes)}, relation)
