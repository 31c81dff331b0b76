"""Limits on flows and levels in each step."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, IntArray
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.sets import Mask, Pairs
from anello.optimise.formulation.system import TIME_AXIS


def _nodes(pairs: Pairs) -> IntArray:
    return np.array([n for n, _ in pairs], dtype=np.int64)


def single_output_pairs(c: Context) -> Pairs:
    """Producing pairs of all technologies but conversion_plus, not built in units."""
    whole = set(c.sets.units)
    return [
        (n, k) for n, k in c.sets.prod if c.sets.base[n] != "conversion_plus" and n not in whole
    ]


@constraint(
    "carrier_production_max",
    index="node, carrier, timestep",
    when="all but conversion_plus and units",
    equation=r"carrier_{prod} \le energy_{cap} \cdot h \cdot \eta_{parasitic}",
)
def carrier_production_max(c: Context) -> Rows | None:
    """Production is limited by capacity."""
    pairs = single_output_pairs(c)
    if not pairs:
        return None
    nodes = _nodes(pairs)
    limit = c.node_var("energy_cap", nodes) * (c.resolution * c.par("parasitic_eff", nodes))
    return Rows(c.sets.pair_keys(pairs), c.prod(pairs) - limit <= 0, TIME_AXIS)


@constraint(
    "carrier_production_min",
    index="node, carrier, timestep",
    when="energy_cap_min_use given, all but conversion_plus and units",
    equation=r"carrier_{prod} \ge energy_{cap} \cdot h \cdot min\_use",
)
def carrier_production_min(c: Context) -> Rows | None:
    """Production keeps to a minimum load."""
    given = c.sets.defined("energy_cap_min_use") & c.sets.truthy("energy_cap_min_use")
    pairs = [(n, k) for n, k in single_output_pairs(c) if given[n]]
    if not pairs:
        return None
    nodes = _nodes(pairs)
    least = c.node_var("energy_cap", nodes) * (c.resolution * c.par("energy_cap_min_use", nodes))
    return Rows(c.sets.pair_keys(pairs), c.prod(pairs) - least >= 0, TIME_AXIS)


@constraint(
    "carrier_consumption_max",
    index="node, carrier, timestep",
    when="demand, storage and transmission, not in units",
    equation=r"carrier_{con} \ge -energy_{cap} \cdot h",
)
def carrier_consumption_max(c: Context) -> Rows | None:
    """Consumption is limited by capacity."""
    whole = set(c.sets.units)
    takers = ("demand", "storage", "transmission")
    pairs = [(n, k) for n, k in c.sets.con if c.sets.base[n] in takers and n not in whole]
    if not pairs:
        return None
    limit = c.node_var("energy_cap", _nodes(pairs)) * c.resolution
    return Rows(c.sets.pair_keys(pairs), c.con(pairs) + limit >= 0, TIME_AXIS)


@constraint(
    "resource_max",
    index="node, timestep",
    when="supply_plus",
    equation=r"resource_{con} \le resource_{cap} \cdot h",
)
def resource_max(c: Context) -> Rows | None:
    """The resource captured is limited by the capacity to capture it."""
    nodes = c.sets.of("supply_plus")
    if not len(nodes):
        return None
    limit = c.node_var("resource_cap", nodes) * c.resolution
    return Rows(
        {"node": c.sets.names(nodes)}, c.node_var("resource_con", nodes) - limit <= 0, TIME_AXIS
    )


@constraint(
    "storage_max",
    index="node, timestep",
    when="storage, or supply_plus with a store; not where it carries energy between days",
    equation=r"storage \le storage_{cap}",
)
def storage_max(c: Context) -> Rows | None:
    """A store holds no more than its size."""
    nodes = c.sets.store
    if not len(nodes) or (c.clusters is not None and c.clusters.linked):
        return None
    relation = c.node_var("storage", nodes) - c.node_var("storage_cap", nodes) <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "storage_discharge_depth",
    index="node, timestep",
    when="storage_discharge_depth given",
    equation=r"storage \ge storage_{cap} \cdot discharge\_depth",
)
def storage_discharge_depth(c: Context) -> Rows | None:
    """A store never falls below its depth of discharge."""
    given = c.sets.defined("storage_discharge_depth")
    nodes = np.array([n for n in c.sets.store if given[n]], dtype=np.int64)
    if not len(nodes):
        return None
    least = c.node_var("storage_cap", nodes) * c.par("storage_discharge_depth", nodes)
    relation = c.node_var("storage", nodes) - least >= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


def _ramp(c: Context, pairs: Pairs) -> tuple[Expression, Expression, Mask]:
    """Change of power since the previous step, its limit, and the steps that have one."""
    power = 1.0 / c.resolution
    change = c.prod(pairs) * power - c.prod(pairs, c.previous) * power[:, c.previous]
    both = [pair for pair in pairs if pair in set(c.sets.con)]
    if both:
        rows = [pairs.index(pair) for pair in both]
        taken = c.con(both) * power - c.con(both, c.previous) * power[:, c.previous]
        change = change + taken.sum_into(rows, len(pairs))
    nodes = _nodes(pairs)
    limit = c.node_var("energy_cap", nodes) * c.par("energy_ramping", nodes)
    after_first = np.ones((1, c.n_time), dtype=bool)
    after_first[0, c.first_step] = False
    return change, limit, after_first


def _ramping_pairs(c: Context) -> Pairs:
    given = c.sets.defined("energy_ramping")
    return [(n, k) for n, k in c.sets.prod if given[n] and c.sets.base[n] != "transmission"]


@constraint(
    "ramping_up",
    index="node, carrier, timestep",
    when="energy_ramping given",
    equation=r"\frac{carrier_{prod,t} + carrier_{con,t}}{h_t}"
    r" - \frac{carrier_{prod,t-1} + carrier_{con,t-1}}{h_{t-1}} \le ramping \cdot energy_{cap}",
)
def ramping_up(c: Context) -> Rows | None:
    """Power rises no faster than the ramping rate, from the second step on."""
    pairs = _ramping_pairs(c)
    if not pairs:
        return None
    change, limit, after_first = _ramp(c, pairs)
    relation = (change - limit <= 0).where(after_first)
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)


@constraint(
    "ramping_down",
    index="node, carrier, timestep",
    when="energy_ramping given",
    equation=r"\frac{carrier_{prod,t} + carrier_{con,t}}{h_t}"
    r" - \frac{carrier_{prod,t-1} + carrier_{con,t-1}}{h_{t-1}} \ge -ramping \cdot energy_{cap}",
)
def ramping_down(c: Context) -> Rows | None:
    """Power falls no faster than the ramping rate, from the second step on."""
    pairs = _ramping_pairs(c)
    if not pairs:
        return None
    change, limit, after_first = _ramp(c, pairs)
    relation = (change + limit >= 0).where(after_first)
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)
