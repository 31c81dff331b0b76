"""Decision variables."""

from __future__ import annotations

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import IntArray
from anello.optimise.formulation.registry import Columns, variable
from anello.optimise.formulation.system import TIME_AXIS

INF = float("inf")


def _by_node(
    c: Context, nodes: IntArray, axis: str = "", upper: float = INF, integer: bool = False
) -> Columns | None:
    names = c.sets.names(nodes)
    return Columns({"node": names}, axis, upper=upper, integer=integer) if names else None


@variable("energy_cap", index="node", domain=r"\ge 0 \; [\mathrm{kW}]")
def energy_cap(c: Context) -> Columns | None:
    """Capacity of a technology at a location."""
    return _by_node(c, c.sets.all)


@variable("carrier_prod", index="node, carrier, timestep", domain=r"\ge 0 \; [\mathrm{kWh}]")
def carrier_prod(c: Context) -> Columns | None:
    """Carrier given off in a step."""
    return Columns(c.sets.pair_keys(c.sets.prod), TIME_AXIS) if c.sets.prod else None


@variable("carrier_con", index="node, carrier, timestep", domain=r"\le 0 \; [\mathrm{kWh}]")
def carrier_con(c: Context) -> Columns | None:
    """Carrier taken in a step, counted negative."""
    if not c.sets.con:
        return None
    return Columns(c.sets.pair_keys(c.sets.con), TIME_AXIS, lower=-INF, upper=0.0)


@variable(
    "resource_area",
    index="node",
    when="an area parameter or cost, or a resource per area",
    domain=r"\ge 0 \; [\mathrm{m^2}]",
)
def resource_area(c: Context) -> Columns | None:
    """Area that collects the resource."""
    return _by_node(c, c.sets.area)


@variable(
    "storage_cap",
    index="node",
    when="storage, or supply_plus with a storage parameter",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def storage_cap(c: Context) -> Columns | None:
    """Size of a store."""
    return _by_node(c, c.sets.store)


@variable(
    "storage",
    index="node, timestep",
    when="storage, or supply_plus with a storage parameter",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def storage(c: Context) -> Columns | None:
    """Storage level at the end of a step; with days that are linked, less that at their start."""
    columns = _by_node(c, c.sets.store, TIME_AXIS)
    if columns is not None and c.clusters is not None and c.clusters.linked:
        columns.lower = -INF
    return columns


@variable(
    "resource_con",
    index="node, timestep",
    when="supply_plus",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def resource_con(c: Context) -> Columns | None:
    """Resource captured in a step."""
    return _by_node(c, c.sets.of("supply_plus"), TIME_AXIS)


@variable("resource_cap", index="node", when="supply_plus", domain=r"\ge 0 \; [\mathrm{kW}]")
def resource_cap(c: Context) -> Columns | None:
    """Capacity to capture the resource."""
    return _by_node(c, c.sets.of("supply_plus"))


@variable(
    "carrier_export",
    index="node, carrier, timestep",
    when="export_carrier given",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def carrier_export(c: Context) -> Columns | None:
    """Carrier that leaves the system in a step."""
    pairs = c.export_pairs
    return Columns(c.sets.pair_keys(pairs), TIME_AXIS) if pairs else None


@variable(
    "unmet_demand",
    index="location, carrier, timestep",
    when="ensure_feasibility",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def unmet_demand(c: Context) -> Columns | None:
    """Demand that nothing meets, at the price bigM."""
    return Columns(c.loc_carrier_keys(), TIME_AXIS) if c.feasible else None


@variable(
    "unused_supply",
    index="location, carrier, timestep",
    when="ensure_feasibility",
    domain=r"\le 0 \; [\mathrm{kWh}]",
)
def unused_supply(c: Context) -> Columns | None:
    """Supply that nothing takes, counted negative, at the price bigM."""
    if not c.feasible:
        return None
    return Columns(c.loc_carrier_keys(), TIME_AXIS, lower=-INF, upper=0.0)


@variable(
    "demand_share_per_timestep_decision",
    index="node, carrier",
    when="a group constraint of that name",
    domain=r"\ge 0 \; [-]",
)
def demand_share_per_timestep_decision(c: Context) -> Columns | None:
    """Share of the demand that a technology meets in every step."""
    from anello.optimise.formulation.groups import decision_pairs

    pairs = decision_pairs(c)
    return Columns(c.sets.pair_keys(pairs)) if pairs else None


@variable("units", index="node", when="any units_* parameter", domain=r"\in \mathbb{N}_0")
def units(c: Context) -> Columns | None:
    """Number of units built."""
    return _by_node(c, c.sets.units, integer=True)


@variable(
    "operating_units",
    index="node, timestep",
    when="any units_* parameter",
    domain=r"\in \mathbb{N}_0",
)
def operating_units(c: Context) -> Columns | None:
    """Number of units running in a step."""
    return _by_node(c, c.sets.units, TIME_AXIS, integer=True)


@variable(
    "purchased", index="node", when="a cost of purchase without units", domain=r"\in \{0, 1\}"
)
def purchased(c: Context) -> Columns | None:
    """Whether a technology is bought at all."""
    return _by_node(c, c.sets.purchase, upper=1.0, integer=True)


@variable(
    "prod_con_switch",
    index="node, timestep",
    when="force_asynchronous_prod_con",
    domain=r"\in \{0, 1\}",
)
def prod_con_switch(c: Context) -> Columns | None:
    """One while a node may produce, zero while it may consume."""
    return _by_node(c, c.sets.asynchronous, TIME_AXIS, upper=1.0, integer=True)
