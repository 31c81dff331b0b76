"""Units, purchases and switches: the parts of the formulation that need integers."""

from __future__ import annotations

import numpy as np

from anello.model.data.groups import counted_nodes
from anello.optimise.formulation.capacity import _chosen, _systemwide, limits
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.conversion_plus import tier_pairs
from anello.optimise.formulation.expression import Array, IntArray, Relation
from anello.optimise.formulation.groups import limits_of
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.sets import Pairs
from anello.optimise.formulation.system import TIME_AXIS


def _unit_pairs(c: Context, pairs: Pairs, *bases: str) -> Pairs:
    whole = set(c.sets.units)
    return [(n, k) for n, k in pairs if n in whole and c.sets.base[n] in bases]


SINGLE_OUTPUT = ("supply", "supply_plus", "storage", "transmission", "conversion")


@constraint(
    "unit_commitment_milp",
    index="node, timestep",
    when="units",
    equation=r"operating\_units \le units",
)
def unit_commitment(c: Context) -> Rows | None:
    """No more units run than are built."""
    nodes = c.sets.units
    if not len(nodes):
        return None
    relation = c.node_var("operating_units", nodes) - c.node_var("units", nodes) <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "unit_capacity_milp",
    index="node",
    when="units",
    equation=r"units = units_{equals} \text{ if given, else } units_{min} \le units"
    r" \le units_{max}",
)
def unit_capacity(c: Context) -> Rows | None:
    """The number of units is fixed, or between its limits."""
    nodes = c.sets.units
    if not len(nodes):
        return None
    return Rows({"node": c.sets.names(nodes)}, limits(c, "units", nodes))


@constraint(
    "carrier_production_max_milp",
    index="node, carrier, timestep",
    when="units, all but conversion_plus",
    equation=r"carrier_{prod} \le operating\_units \cdot h \cdot energy\_cap\_per\_unit"
    r" \cdot \eta_{parasitic}",
)
def carrier_production_max(c: Context) -> Rows | None:
    """Production is limited by the units that run."""
    pairs = _unit_pairs(c, c.sets.prod, *SINGLE_OUTPUT)
    if not pairs:
        return None
    nodes = np.array([n for n, _ in pairs])
    size = c.resolution * c.par("energy_cap_per_unit", nodes) * c.par("parasitic_eff", nodes)
    relation = c.prod(pairs) - c.node_var("operating_units", nodes) * size <= 0
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)


@constraint(
    "carrier_production_min_milp",
    index="node, carrier, timestep",
    when="units with energy_cap_min_use, all but conversion_plus",
    equation=r"carrier_{prod} \ge operating\_units \cdot h \cdot energy\_cap\_per\_unit"
    r" \cdot min\_use",
)
def carrier_production_min(c: Context) -> Rows | None:
    """Each unit that runs keeps to a minimum load."""
    given = c.sets.defined("energy_cap_min_use") & c.sets.truthy("energy_cap_min_use")
    pairs = [(n, k) for n, k in _unit_pairs(c, c.sets.prod, *SINGLE_OUTPUT) if given[n]]
    if not pairs:
        return None
    nodes = np.array([n for n, _ in pairs])
    size = c.resolution * c.par("energy_cap_per_unit", nodes) * c.par("energy_cap_min_use", nodes)
    relation = c.prod(pairs) - c.node_var("operating_units", nodes) * size >= 0
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)


def _plus_units(c: Context) -> IntArray:
    return np.intersect1d(c.sets.of("conversion_plus"), c.sets.units).astype(np.int64)


@constraint(
    "carrier_production_max_conversion_plus_milp",
    index="node, timestep",
    when="conversion_plus in units",
    equation=r"\sum_{out} carrier_{prod} \le operating\_units \cdot h \cdot"
    r" energy\_cap\_per\_unit",
)
def carrier_production_max_conversion_plus(c: Context) -> Rows | None:
    """Production of the first output tier is limited by the units that run."""
    nodes = _plus_units(c)
    if not len(nodes):
        return None
    outs, rows = tier_pairs(c, nodes, "out")
    size = c.resolution * c.par("energy_cap_per_unit", nodes)
    limit = c.node_var("operating_units", nodes) * size
    relation = c.prod(outs).sum_into(rows, len(nodes)) - limit <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "carrier_production_min_conversion_plus_milp",
    index="node, timestep",
    when="conversion_plus in units with energy_cap_min_use",
    equation=r"\sum_{out} carrier_{prod} \ge operating\_units \cdot h \cdot"
    r" energy\_cap\_per\_unit \cdot min\_use",
)
def carrier_production_min_conversion_plus(c: Context) -> Rows | None:
    """Each conversion_plus unit that runs keeps to a minimum load."""
    given = c.sets.defined("energy_cap_min_use") & c.sets.truthy("energy_cap_min_use")
    nodes = _plus_units(c)
    nodes = nodes[given[nodes]]
    if not len(nodes):
        return None
    outs, rows = tier_pairs(c, nodes, "out")
    size = c.resolution * c.par("energy_cap_per_unit", nodes) * c.par("energy_cap_min_use", nodes)
    least = c.node_var("operating_units", nodes) * size
    relation = c.prod(outs).sum_into(rows, len(nodes)) - least >= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "carrier_consumption_max_milp",
    index="node, carrier, timestep",
    when="units of demand, storage and transmission",
    equation=r"carrier_{con} \ge -operating\_units \cdot h \cdot energy\_cap\_per\_unit",
)
def carrier_consumption_max(c: Context) -> Rows | None:
    """Consumption is limited by the units that run."""
    pairs = _unit_pairs(c, c.sets.con, "demand", "storage", "transmission")
    if not pairs:
        return None
    nodes = np.array([n for n, _ in pairs])
    size = c.resolution * c.par("energy_cap_per_unit", nodes)
    relation = c.con(pairs) + c.node_var("operating_units", nodes) * size >= 0
    return Rows(c.sets.pair_keys(pairs), relation, TIME_AXIS)


def _per_unit(c: Context, variable: str, nodes: IntArray) -> Rows | None:
    if not len(nodes):
        return None
    built = c.node_var("units", nodes) * c.par(f"{variable}_per_unit", nodes)
    return Rows({"node": c.sets.names(nodes)}, c.node_var(variable, nodes) - built == 0)


@constraint(
    "energy_capacity_units_milp",
    index="node",
    when="energy_cap_per_unit given",
    equation=r"energy_{cap} = units \cdot energy\_cap\_per\_unit",
)
def energy_capacity_units(c: Context) -> Rows | None:
    """Capacity comes in units."""
    given = c.sets.defined("energy_cap_per_unit")
    return _per_unit(c, "energy_cap", c.sets.units[given[c.sets.units]])


@constraint(
    "storage_capacity_units_milp",
    index="node",
    when="stores in units",
    equation=r"storage_{cap} = units \cdot storage\_cap\_per\_unit",
)
def storage_capacity_units(c: Context) -> Rows | None:
    """The size of a store comes in units."""
    nodes = np.intersect1d(c.sets.units, c.sets.store).astype(np.int64)
    return _per_unit(c, "storage_cap", nodes)


def _purchase(c: Context, variable: str, nodes: IntArray, sense: str, scale: Array) -> Relation:
    """``variable = equals · purchased``, ``≤ max · purchased`` or ``≥ min · purchased``."""
    bought = c.node_var("purchased", nodes)
    own = c.node_var(variable, nodes)
    if sense == "min":
        return own - bought * (c.par(f"{variable}_min", nodes) * scale) >= 0
    equals = c.par(f"{variable}_equals", nodes)
    fixed = ~np.isnan(equals)
    size = np.where(fixed, equals, c.par(f"{variable}_max", nodes)) * scale
    relation = own - bought * size <= 0
    relation.lower = np.where(fixed, 0.0, -np.inf)
    return relation


def _finite_max(c: Context, nodes: IntArray, variable: str) -> IntArray:
    equals = ~np.isnan(c.par(f"{variable}_equals", nodes)[:, 0])
    limited = c.sets.defined(f"{variable}_max")[nodes] & np.isfinite(
        c.par(f"{variable}_max", nodes)[:, 0]
    )
    return nodes[equals | limited]


@constraint(
    "energy_capacity_max_purchase_milp",
    index="node",
    when="a purchase decision with a finite capacity limit",
    equation=r"energy_{cap} \le energy\_cap\_max \cdot scale \cdot purchased"
    r"; \quad = \text{ with } energy\_cap\_equals",
)
def energy_capacity_max_purchase(c: Context) -> Rows | None:
    """There is no capacity without a purchase."""
    nodes = _finite_max(c, c.sets.purchase, "energy_cap")
    if not len(nodes):
        return None
    relation = _purchase(c, "energy_cap", nodes, "max", c.par("energy_cap_scale", nodes))
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "energy_capacity_min_purchase_milp",
    index="node",
    when="a purchase decision with energy_cap_min and no energy_cap_equals",
    equation=r"energy_{cap} \ge energy\_cap\_min \cdot scale \cdot purchased",
)
def energy_capacity_min_purchase(c: Context) -> Rows | None:
    """A purchase brings at least the minimum capacity."""
    nodes = _chosen(c, c.sets.purchase, "energy_cap_min")
    nodes = np.setdiff1d(nodes, _chosen(c, c.sets.purchase, "energy_cap_equals"))
    if not len(nodes):
        return None
    relation = _purchase(c, "energy_cap", nodes, "min", c.par("energy_cap_scale", nodes))
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "storage_capacity_max_purchase_milp",
    index="node",
    when="a store with a purchase decision and a finite size limit",
    equation=r"storage_{cap} \le storage\_cap\_max \cdot purchased"
    r"; \quad = \text{ with } storage\_cap\_equals",
)
def storage_capacity_max_purchase(c: Context) -> Rows | None:
    """There is no store without a purchase."""
    nodes = np.intersect1d(c.sets.purchase, c.sets.store).astype(np.int64)
    nodes = _finite_max(c, nodes, "storage_cap")
    if not len(nodes):
        return None
    return Rows(
        {"node": c.sets.names(nodes)}, _purchase(c, "storage_cap", nodes, "max", np.ones((1, 1)))
    )


@constraint(
    "storage_capacity_min_purchase_milp",
    index="node",
    when="a store with a purchase decision and storage_cap_min",
    equation=r"storage_{cap} \ge storage\_cap\_min \cdot purchased",
)
def storage_capacity_min_purchase(c: Context) -> Rows | None:
    """A purchase brings at least the minimum size of store."""
    stores = np.intersect1d(c.sets.purchase, c.sets.store).astype(np.int64)
    nodes = _chosen(c, stores, "storage_cap_min")
    nodes = np.setdiff1d(nodes, _chosen(c, stores, "storage_cap_equals"))
    if not len(nodes):
        return None
    return Rows(
        {"node": c.sets.names(nodes)}, _purchase(c, "storage_cap", nodes, "min", np.ones((1, 1)))
    )


@constraint(
    "unit_capacity_systemwide_milp",
    index="technology",
    when="units_max_systemwide or units_equals_systemwide given",
    equation=r"\sum units + \sum purchased \le units\_max\_systemwide \cdot (2 \text{ for links})",
)
def unit_capacity_systemwide(c: Context) -> Rows | None:
    """The number of units and purchases over all locations is limited; a link counts once."""
    bounds = _systemwide(c, "units_equals_systemwide", "units_max_systemwide")
    counted = [
        (name, n)
        for name, nodes in (("units", c.sets.units), ("purchased", c.sets.purchase))
        for n in nodes
        if c.sets.plain_tech(n) in bounds
    ]
    if not counted:
        return None
    techs = list(dict.fromkeys(c.sets.plain_tech(n) for _, n in counted))
    total = None
    for name in ("units", "purchased"):
        nodes = [n for variable, n in counted if variable == name]
        if not nodes:
            continue
        weight = np.where(c.sets.base[nodes] == "transmission", 0.5, 1.0)
        part = (c.node_var(name, nodes) * weight).sum_into(
            [techs.index(c.sets.plain_tech(n)) for n in nodes], len(techs)
        )
        total = part if total is None else total + part
    assert total is not None
    lower, upper = (np.array(side) for side in zip(*(bounds[t] for t in techs), strict=True))
    return Rows({"tech": techs}, total.between(lower, upper))


def _given_or_largest(c: Context, name: str, nodes: IntArray) -> Array:
    """``…_equals`` where given, else ``…_max``, shape (k, 1)."""
    equals = c.par(f"{name}_equals", nodes)
    return np.where(np.isnan(equals), c.par(f"{name}_max", nodes), equals)


def largest_capacity(c: Context, nodes: IntArray) -> Array:
    """Upper limit of the capacity of nodes [kW], infinite where the data give none, shape (k, 1).

    The least of the node's own limit, its units, its store and the capacity per size of store, and
    what its technology and its groups may have in all.
    """
    size: Array = _given_or_largest(c, "energy_cap", nodes) * c.par("energy_cap_scale", nodes)
    whole = np.isin(nodes, c.sets.units)[:, None]
    with np.errstate(invalid="ignore"):
        units = c.par("energy_cap_per_unit", nodes) * _given_or_largest(c, "units", nodes)
        ratio = _given_or_largest(c, "energy_cap_per_storage_cap", nodes)
        store = ratio * _given_or_largest(c, "storage_cap", nodes)
    size = np.where(whole, units, size)
    # Units come with stores of their own size.
    size = np.where(np.isin(nodes, c.sets.store)[:, None] & ~whole, np.fmin(size, store), size)
    bounds = _systemwide(c, "energy_cap_equals_systemwide", "energy_cap_max_systemwide")
    together = [bounds.get(c.sets.plain_tech(n), (0.0, np.inf))[1] for n in nodes]
    size = np.fmin(size, np.array(together)[:, None])
    for sense in ("max", "equals"):
        for _, group, limit in limits_of(c, "energy_cap", sense):
            inside = np.isin(nodes, counted_nodes(c.data, group, f"energy_cap_{sense}"))[:, None]
            size = np.where(inside, np.fmin(size, float(limit)), size)
    return size


def _largest_flow(c: Context, pairs: Pairs) -> Array:
    """Upper limit of a flow in each step, from the largest capacity, else ``bigM``."""
    size = largest_capacity(c, np.array([n for n, _ in pairs], dtype=np.int64))
    flow: Array = np.where(np.isfinite(size), size, float(c.run["bigM"])) * c.resolution
    return flow


@constraint(
    "asynchronous_con_milp",
    index="node, timestep",
    when="force_asynchronous_prod_con",
    equation=r"-carrier_{con} \le (1 - prod\_con\_switch) \cdot M",
)
def asynchronous_con(c: Context) -> Rows | None:
    """Nothing is consumed in a step of production; M is the largest possible flow."""
    can = set(c.sets.con)
    pairs = [pair for pair in c.in_pairs(c.sets.asynchronous) if pair in can]
    if not pairs:
        return None
    nodes = [n for n, _ in pairs]
    limit = _largest_flow(c, pairs)
    relation = -c.con(pairs) + c.node_var("prod_con_switch", nodes) * limit <= limit
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "asynchronous_prod_milp",
    index="node, timestep",
    when="force_asynchronous_prod_con",
    equation=r"carrier_{prod} \le prod\_con\_switch \cdot M",
)
def asynchronous_prod(c: Context) -> Rows | None:
    """Nothing is produced in a step of consumption; M is the largest possible flow."""
    can = set(c.sets.prod)
    pairs = [pair for pair in c.out_pairs(c.sets.asynchronous) if pair in can]
    if not pairs:
        return None
    nodes = [n for n, _ in pairs]
    relation = c.prod(pairs) - c.node_var("prod_con_switch", nodes) * _largest_flow(c, pairs) <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)
