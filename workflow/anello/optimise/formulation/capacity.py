"""Limits on capacities: given values, ratios between capacities, and system-wide sums."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, IntArray, Relation
from anello.optimise.formulation.registry import Rows, constraint

EQUALS_MIN_MAX = (
    r"= {{{0}}}_{{equals}} \text{{ if given, else }} {{{0}}}_{{min}} \le {0} \le {{{0}}}_{{max}}"
)


def limits(c: Context, variable: str, nodes: IntArray, scale: float | Array = 1.0) -> Relation:
    """``variable = equals`` where that is given, else ``min ≤ variable ≤ max``."""
    equals = c.par(f"{variable}_equals", nodes)
    lower = c.par(f"{variable}_min", nodes)
    upper = c.par(f"{variable}_max", nodes)
    fixed = ~np.isnan(equals)
    lower = np.where(fixed, equals, np.where(np.isnan(lower), 0.0, lower)) * scale
    upper = np.where(fixed, equals, np.where(np.isnan(upper), np.inf, upper)) * scale
    unlimited = ~fixed & (lower == 0) & np.isinf(upper)
    return c.node_var(variable, nodes).between(np.where(unlimited, -np.inf, lower), upper)


def _chosen(c: Context, nodes: IntArray, *parameters: str) -> IntArray:
    """Nodes for which the user gave one of the parameters, and not zero."""
    mask = np.zeros(len(c.sets.labels), dtype=bool)
    for name in parameters:
        mask |= c.sets.defined(name) & c.sets.truthy(name)
    return np.array([n for n in nodes if mask[n]], dtype=np.int64)


@constraint(
    "energy_capacity",
    index="node",
    when="not built in units and without a purchase decision",
    equation=r"energy_{cap} " + EQUALS_MIN_MAX.format("energy_{cap}") + r"\quad (\times scale)",
)
def energy_capacity(c: Context) -> Rows | None:
    """Capacity is fixed, or between its limits."""
    whole = np.union1d(c.sets.units, c.sets.purchase)
    nodes = np.setdiff1d(c.sets.all, whole).astype(np.int64)
    if not len(nodes):
        return None
    relation = limits(c, "energy_cap", nodes, c.par("energy_cap_scale", nodes))
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "storage_capacity",
    index="node",
    when="store not built in units",
    equation=r"storage_{cap} " + EQUALS_MIN_MAX.format("storage_{cap}"),
)
def storage_capacity(c: Context) -> Rows | None:
    """The size of a store is fixed, or between its limits."""
    whole = np.union1d(c.sets.units, c.sets.purchase)
    limited = c.sets.defined("storage_cap_max") | c.sets.defined("storage_cap_equals")
    nodes = np.array(
        [
            n
            for n in c.sets.store
            if n not in set(c.sets.units) and not (n in set(whole) and limited[n])
        ],
        dtype=np.int64,
    )
    if not len(nodes):
        return None
    return Rows({"node": c.sets.names(nodes)}, limits(c, "storage_cap", nodes))


@constraint(
    "energy_capacity_storage_min",
    index="node",
    when="energy_cap_per_storage_cap_min given, _equals not",
    equation=r"energy_{cap} \ge storage_{cap} \cdot energy\_cap\_per\_storage\_cap\_min",
)
def energy_capacity_storage_min(c: Context) -> Rows | None:
    """Capacity is at least a ratio of the size of the store."""
    nodes = _chosen(c, c.sets.store, "energy_cap_per_storage_cap_min")
    nodes = np.setdiff1d(nodes, _chosen(c, c.sets.store, "energy_cap_per_storage_cap_equals"))
    if not len(nodes):
        return None
    ratio = c.par("energy_cap_per_storage_cap_min", nodes)
    relation = c.node_var("energy_cap", nodes) >= c.node_var("storage_cap", nodes) * ratio
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "energy_capacity_storage_max",
    index="node",
    when="energy_cap_per_storage_cap_max given, _equals not",
    equation=r"energy_{cap} \le storage_{cap} \cdot energy\_cap\_per\_storage\_cap\_max",
)
def energy_capacity_storage_max(c: Context) -> Rows | None:
    """Capacity is at most a ratio of the size of the store."""
    nodes = _chosen(c, c.sets.store, "energy_cap_per_storage_cap_max")
    nodes = np.setdiff1d(nodes, _chosen(c, c.sets.store, "energy_cap_per_storage_cap_equals"))
    nodes = nodes[np.isfinite(c.par("energy_cap_per_storage_cap_max", nodes)[:, 0])]
    if not len(nodes):
        return None
    ratio = c.par("energy_cap_per_storage_cap_max", nodes)
    relation = c.node_var("energy_cap", nodes) <= c.node_var("storage_cap", nodes) * ratio
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "energy_capacity_storage_equals",
    index="node",
    when="energy_cap_per_storage_cap_equals given",
    equation=r"energy_{cap} = storage_{cap} \cdot energy\_cap\_per\_storage\_cap\_equals",
)
def energy_capacity_storage_equals(c: Context) -> Rows | None:
    """Capacity is a fixed ratio of the size of the store."""
    nodes = _chosen(c, c.sets.store, "energy_cap_per_storage_cap_equals")
    if not len(nodes):
        return None
    ratio = c.par("energy_cap_per_storage_cap_equals", nodes)
    relation = c.node_var("energy_cap", nodes) - c.node_var("storage_cap", nodes) * ratio == 0
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "energy_capacity_storage_old",
    index="node",
    when="charge_rate given (deprecated)",
    equation=r"energy_{cap} \le storage_{cap} \cdot charge\_rate",
)
def energy_capacity_storage_old(c: Context) -> Rows | None:
    """Capacity is at most the charge rate times the size of the store."""
    nodes = _chosen(c, c.sets.store, "charge_rate")
    nodes = nodes[np.isfinite(c.par("charge_rate", nodes)[:, 0])]
    if not len(nodes):
        return None
    rate = c.par("charge_rate", nodes)
    relation = c.node_var("energy_cap", nodes) <= c.node_var("storage_cap", nodes) * rate
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "resource_capacity",
    index="node",
    when="supply_plus with a finite resource and a resource_cap limit",
    equation=r"resource_{cap} " + EQUALS_MIN_MAX.format("resource_{cap}"),
)
def resource_capacity(c: Context) -> Rows | None:
    """Capacity to capture a resource is fixed, or between its limits."""
    nodes = c.sets.of("supply_plus")
    nodes = nodes[c.sets.finite_resource[nodes]]
    nodes = _chosen(c, nodes, "resource_cap_equals", "resource_cap_min", "resource_cap_max")
    if not len(nodes):
        return None
    return Rows({"node": c.sets.names(nodes)}, limits(c, "resource_cap", nodes))


@constraint(
    "resource_capacity_equals_energy_capacity",
    index="node",
    when="supply_plus with a finite resource and resource_cap_equals_energy_cap",
    equation=r"resource_{cap} = energy_{cap}",
)
def resource_capacity_equals_energy_capacity(c: Context) -> Rows | None:
    """Capacity to capture a resource equals the capacity to give a carrier."""
    nodes = c.sets.of("supply_plus")
    nodes = _chosen(c, nodes[c.sets.finite_resource[nodes]], "resource_cap_equals_energy_cap")
    if not len(nodes):
        return None
    relation = c.node_var("resource_cap", nodes) - c.node_var("energy_cap", nodes) == 0
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "resource_area",
    index="node",
    when="a collecting area",
    equation=r"area "
    + EQUALS_MIN_MAX.format("area")
    + r"; \quad = 0 \text{ if } energy\_cap\_max = 0",
)
def resource_area(c: Context) -> Rows | None:
    """The collecting area is fixed, or between its limits."""
    nodes = c.sets.area
    if not len(nodes):
        return None
    relation = limits(c, "resource_area", nodes)
    none_built = (c.par("energy_cap_max", nodes) == 0) & ~c.sets.defined(
        "resource_area_per_energy_cap"
    )[nodes][:, None]
    relation.lower = np.where(none_built, 0.0, relation.lower)
    relation.upper = np.where(none_built, 0.0, relation.upper)
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "resource_area_per_energy_capacity",
    index="node",
    when="resource_area_per_energy_cap given",
    equation=r"area = energy_{cap} \cdot resource\_area\_per\_energy\_cap",
)
def resource_area_per_energy_capacity(c: Context) -> Rows | None:
    """The collecting area is a fixed ratio of capacity."""
    given = c.sets.defined("resource_area_per_energy_cap")
    nodes = np.array([n for n in c.sets.area if given[n]], dtype=np.int64)
    if not len(nodes):
        return None
    per_kw = c.par("resource_area_per_energy_cap", nodes)
    relation = c.node_var("resource_area", nodes) - c.node_var("energy_cap", nodes) * per_kw == 0
    return Rows({"node": c.sets.names(nodes)}, relation)


@constraint(
    "resource_area_capacity_per_loc",
    index="location",
    when="available_area given at a location with collecting areas",
    equation=r"\sum area \le available\_area",
)
def resource_area_capacity_per_loc(c: Context) -> Rows | None:
    """Collecting areas share the area a location has."""
    locs = [str(v) for v in c.data.inputs["loc"].values]
    available = np.asarray(c.data.inputs["loc_available_area"].values, float)
    limited = [
        k
        for k, loc in enumerate(locs)
        if np.isfinite(available[k]) and any(c.sets.loc[n] == loc for n in c.sets.area)
    ]
    if not limited:
        return None
    where = {locs[k]: i for i, k in enumerate(limited)}
    nodes = np.array([n for n in c.sets.area if c.sets.loc[n] in where], dtype=np.int64)
    total = c.node_var("resource_area", nodes).sum_into(
        [where[c.sets.loc[n]] for n in nodes], len(limited)
    )
    return Rows({"loc": [locs[k] for k in limited]}, total <= available[limited])


def _systemwide(c: Context, equals: str, maximum: str) -> dict[str, tuple[float, float]]:
    """Technology → (lower, upper) of its system-wide sum, both per link of a transmission."""
    techs = [str(v) for v in c.data.inputs["tech"].values]
    bounds = {}
    for k, tech in enumerate(techs):
        values = [
            float(c.data.inputs[f"tech_{name}"].values[k])
            if f"tech_{name}" in c.data.inputs
            else np.nan
            for name in (equals, maximum)
        ]
        if not np.isnan(values[0]):
            bounds[tech] = (values[0], values[0])
        elif np.isfinite(values[1]):
            bounds[tech] = (-np.inf, values[1])
    return bounds


@constraint(
    "energy_capacity_systemwide",
    index="technology",
    when="energy_cap_max_systemwide or energy_cap_equals_systemwide given",
    equation=r"\sum energy_{cap} \le energy\_cap\_max\_systemwide \cdot (2 \text{ for links})",
)
def energy_capacity_systemwide(c: Context) -> Rows | None:
    """Capacity of a technology over all locations is limited; a link counts once."""
    bounds = _systemwide(c, "energy_cap_equals_systemwide", "energy_cap_max_systemwide")
    bounds = {
        tech: bound
        for tech, bound in bounds.items()
        if any(c.sets.plain_tech(n) == tech for n in c.sets.all)
    }
    if not bounds:
        return None
    where = {tech: k for k, tech in enumerate(bounds)}
    nodes = np.array([n for n in c.sets.all if c.sets.plain_tech(n) in where], dtype=np.int64)
    weight = np.where(c.sets.base[nodes] == "transmission", 0.5, 1.0)
    total = (c.node_var("energy_cap", nodes) * weight).sum_into(
        [where[c.sets.plain_tech(n)] for n in nodes], len(where)
    )
    lower, upper = (np.array(side) for side in zip(*bounds.values(), strict=True))
    return Rows({"tech": list(where)}, total.between(lower, upper))
