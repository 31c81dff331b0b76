"""Energy balances: of each location, and of each technology with its resource or store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import (
    Array,
    Expression,
    IntArray,
    Parameter,
    reciprocal,
)
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.ring.plant import plant_electricity
from anello.optimise.formulation.secondary import secondary_into
from anello.optimise.formulation.system import TIME_AXIS


@constraint(
    "system_balance",
    index="location, carrier, timestep",
    equation=r"\sum carrier_{prod} + \sum carrier_{con} - \sum carrier_{export}"
    r" + unmet\_demand + unused\_supply - electricity_{plant} = 0",
)
def system_balance(c: Context) -> Rows | None:
    """Production and consumption of each carrier balance at each location and step."""
    sets = c.sets
    pairs = sets.loc_carriers
    if not pairs:
        return None
    where = {pair: k for k, pair in enumerate(pairs)}
    count = len(pairs)

    def gather(flow: Expression, of: list[tuple[int, str]]) -> Expression:
        return flow.sum_into([where[sets.loc[n], carrier] for n, carrier in of], count)

    balance = gather(c.prod(sets.prod), sets.prod) + gather(c.con(sets.con), sets.con)
    if c.export_pairs:
        export = c.pair_var("carrier_export", c.export_pairs)
        balance = balance - gather(export, c.export_pairs)
    if c.feasible:
        balance = balance + c.system.variables["unmet_demand"].at()
        balance = balance + c.system.variables["unused_supply"].at()
    plant = plant_electricity(c)
    if plant is not None:
        location, electricity, carrier = plant
        balance = balance - electricity.sum_into([where[location, carrier]], count)
    return Rows(c.loc_carrier_keys(), balance == 0, TIME_AXIS)


def available_resource(c: Context, nodes: IntArray) -> Expression:
    """Resource of each node and step: given outright, per capacity, or per area."""
    sets = c.sets
    resource = c.par("resource", nodes) * c.par("resource_scale", nodes)
    units = [sets.resource_unit[n] for n in nodes]
    fixed: Array = np.array([float(unit == "energy") for unit in units])
    total = Expression(len(nodes), c.n_time) + resource * fixed[:, None]
    for unit, variable in (("energy_per_cap", "energy_cap"), ("energy_per_area", "resource_area")):
        rows = np.array([k for k, u in enumerate(units) if u == unit], dtype=np.int64)
        if len(rows):
            scaled = c.node_var(variable, nodes[rows]) * resource[rows]
            total = total + scaled.sum_into(rows, len(nodes))
    return total


def _balanced(c: Context, flow: Expression, available: Expression, nodes: IntArray) -> Rows:
    """``flow ≤ available``, equal in the steps in which the resource is forced."""
    forced = c.par("force_resource", nodes) == 1
    slack = flow - available
    relation = slack <= 0
    relation.lower = np.where(forced, 0.0, -np.inf)
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "balance_supply",
    index="node, timestep",
    when="supply with a finite resource",
    equation=r"carrier_{prod} / \eta_{energy} \le resource \cdot scale \cdot (1, energy_{cap}"
    r"\text{ or } area); \quad = \text{ if the resource is forced}",
)
def balance_supply(c: Context) -> Rows | None:
    """Supply is limited by its resource."""
    nodes = c.sets.of("supply")
    nodes = nodes[c.sets.finite_resource[nodes]]
    if not len(nodes):
        return None
    available = available_resource(c, nodes) * c.par("energy_eff", nodes)
    return _balanced(c, c.prod(c.out_pairs(nodes)), available, nodes)


@constraint(
    "balance_supply_min_use",
    index="node, timestep",
    when="supply with a finite resource and resource_min_use, where not forced; not with"
    " `compat: calliope-0.6`",
    equation=r"carrier_{prod} / \eta_{energy} \ge min\_use \cdot available\_resource",
)
def balance_supply_min_use(c: Context) -> Rows | None:
    """Supply uses at least a share of its resource."""
    nodes = c.sets.of("supply")
    nodes = nodes[c.sets.defined("resource_min_use")[nodes] & c.sets.finite_resource[nodes]]
    if c.compat or not len(nodes):
        return None
    free = c.par("force_resource", nodes) != 1
    least = available_resource(c, nodes) * c.par("resource_min_use", nodes)
    relation = c.prod(c.out_pairs(nodes)) >= least * c.par("energy_eff", nodes)
    return Rows({"node": c.sets.names(nodes)}, relation.where(free), TIME_AXIS)


@constraint(
    "balance_demand",
    index="node, timestep",
    when="demand with a finite resource",
    equation=r"carrier_{con} \cdot \eta_{energy} \ge resource \cdot scale \cdot"
    r" (1, energy_{cap}\text{ or } area); \quad = \text{ if the resource is forced}",
)
def balance_demand(c: Context) -> Rows | None:
    """Demand is met (forced, the default) or may be met up to its size."""
    nodes = c.sets.of("demand")
    nodes = nodes[c.sets.finite_resource[nodes]]
    if not len(nodes):
        return None
    taken = c.con(c.in_pairs(nodes)) * c.tagged("energy_eff", nodes)
    forced = c.par("force_resource", nodes) == 1
    relation = taken - available_resource(c, nodes) >= 0
    relation.upper = np.where(forced, 0.0, np.inf)
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "balance_transmission",
    index="node, timestep",
    when="transmission that may give at this end",
    equation=r"carrier_{prod}(a \leftarrow b) = -\eta_{energy} \cdot carrier_{con}(b \to a)",
)
def balance_transmission(c: Context) -> Rows | None:
    """What arrives at one end of a link left the other, less losses."""
    sets = c.sets
    producing = {n for n, _ in sets.prod}
    nodes = np.array([n for n in sets.of("transmission") if n in producing], dtype=np.int64)
    if not len(nodes):
        return None
    remote = [sets.position[sets.remote[n]] for n in nodes]
    sent = c.con(c.in_pairs(remote)) * c.tagged("energy_eff", nodes)
    return Rows({"node": sets.names(nodes)}, c.prod(c.out_pairs(nodes)) + sent == 0, TIME_AXIS)


@constraint(
    "resource_availability_supply_plus",
    index="node, timestep",
    when="supply_plus with a finite resource",
    equation=r"resource_{con} \le resource \cdot scale \cdot (1, energy_{cap}\text{ or } area);"
    r" \quad = \text{ if the resource is forced}",
)
def resource_availability_supply_plus(c: Context) -> Rows | None:
    """The resource captured is limited by the resource there is."""
    nodes = c.sets.of("supply_plus")
    nodes = nodes[c.sets.finite_resource[nodes]]
    if not len(nodes):
        return None
    return _balanced(c, c.node_var("resource_con", nodes), available_resource(c, nodes), nodes)


def retained(c: Context, nodes: IntArray) -> Array:
    """Share of a level that is left after each step, shape (k, 1) or (k, T)."""
    left: Array = (1.0 - c.par("storage_loss", nodes)) ** c.resolution
    return left


def retained_by_day(c: Context, nodes: IntArray) -> Array:
    """Share of a level that is left after the day of each cluster, shape (k, C)."""
    assert c.clusters is not None
    by_step = np.broadcast_to(retained(c, nodes), (len(nodes), c.n_time))
    days = [by_step[:, c.clusters.of_step == k] for k in range(len(c.clusters.names))]
    return np.stack([day.prod(axis=1) for day in days], axis=1)


def level_before(c: Context, nodes: IntArray) -> Expression:
    """Storage level at the start of each step, after standing loss.

    The first step follows the last one when storage is cyclic, else the initial level. The first
    step of a representative day follows that day's last, unless stores carry energy between days:
    then levels count from the start of the day.
    """
    before, first = c.previous.copy(), np.zeros(c.n_time, dtype=bool)
    starts_empty = first.copy()
    first[c.first_step] = not c.cyclic
    if c.clusters is not None:
        days = c.clusters
        before[days.first] = days.last_step[days.of_step[days.first]]
        if c.clusters.linked:
            starts_empty = c.clusters.first & ~(first & c.compat)
    later = ~(first | starts_empty)
    left = np.broadcast_to(retained(c, nodes), (len(nodes), c.n_time))[:, before]
    level = c.node_var("storage", nodes, before) * (left * later)
    initial = first & ~starts_empty
    if not initial.any():
        return level
    full = c.node_var("storage_cap", nodes) * c.par("storage_initial", nodes)
    return level + full * initial[None, :].astype(float)


def _efficiency(c: Context, nodes: IntArray) -> Parameter:
    """Efficiency of stores, to be patched only where it is never zero.

    Where it is zero, :func:`zero_efficiency_production` has shut production off for good.
    """
    efficiency = c.tagged("energy_eff", nodes)
    never_zero = (efficiency.values != 0).all(axis=1)
    labels = zip(efficiency.nodes, never_zero, strict=True)
    return replace(efficiency, nodes=tuple(label if ok else "" for label, ok in labels))


@constraint(
    "balance_supply_plus",
    index="node, timestep",
    when="supply_plus",
    equation=r"storage_t = storage_{t-1} (1 - loss)^{h} + \eta_{resource}\, resource_{con}"
    r" + \eta_{resource2}\, resource2_{con}"
    r" - \frac{carrier_{prod}}{\eta_{energy}\, \eta_{parasitic}}"
    r"; \quad \text{without a store: both flows are equal}",
)
def balance_supply_plus(c: Context) -> Rows | None:
    """What supply_plus gives was captured, now or earlier."""
    nodes = c.sets.of("supply_plus")
    if not len(nodes):
        return None
    captured = c.node_var("resource_con", nodes) * c.par("resource_eff", nodes)
    secondary = secondary_into(c, nodes)
    if secondary is not None:
        captured = captured + secondary
    flow = c.prod(c.out_pairs(nodes)) * reciprocal(c.par("parasitic_eff", nodes))
    balance = captured - flow / _efficiency(c, nodes)
    stored = [k for k, n in enumerate(nodes) if c.has("storage", n)]
    if stored:
        held = nodes[stored]
        change = level_before(c, held) - c.node_var("storage", held)
        balance = balance + change.sum_into(stored, len(nodes))
    return Rows({"node": c.sets.names(nodes)}, balance == 0, TIME_AXIS)


@constraint(
    "zero_efficiency_production",
    index="node, carrier, timestep",
    when="storage or supply_plus with an efficiency of zero in some step; not with"
    " `compat: calliope-0.6`",
    equation=r"carrier_{prod} = 0 \text{ where } \eta_{energy}\, \eta_{parasitic} = 0",
)
def zero_efficiency_production(c: Context) -> Rows | None:
    """Nothing comes out of a store in a step whose efficiency is zero."""
    if c.compat:
        return None
    pairs = [(n, k) for n, k in c.sets.prod if c.sets.base[n] in ("storage", "supply_plus")]
    nodes = np.array([n for n, _ in pairs], dtype=np.int64)
    zero = c.par("energy_eff", nodes) * c.par("parasitic_eff", nodes) == 0
    hit = np.flatnonzero(zero.any(axis=1))
    if not len(hit):
        return None
    pairs = [pairs[k] for k in hit]
    return Rows(c.sets.pair_keys(pairs), (c.prod(pairs) == 0).where(zero[hit]), TIME_AXIS)


@constraint(
    "balance_storage",
    index="node, timestep",
    when="storage",
    equation=r"storage_t = storage_{t-1} (1 - loss)^{h} - \eta\, carrier_{con}"
    r" - carrier_{prod} / \eta",
)
def balance_storage(c: Context) -> Rows | None:
    """A store keeps what goes in, less losses, until it comes out."""
    nodes = c.sets.of("storage")
    if not len(nodes):
        return None
    balance = level_before(c, nodes) - c.node_var("storage", nodes)
    producing, consuming = {n for n, _ in c.sets.prod}, {n for n, _ in c.sets.con}
    gives = np.array([k for k, n in enumerate(nodes) if n in producing], dtype=np.int64)
    takes = np.array([k for k, n in enumerate(nodes) if n in consuming], dtype=np.int64)
    if len(gives):
        out = c.prod(c.out_pairs(nodes[gives])) / _efficiency(c, nodes[gives])
        balance = balance - out.sum_into(gives, len(nodes))
    if len(takes):
        into = c.con(c.in_pairs(nodes[takes])) * _efficiency(c, nodes[takes])
        balance = balance - into.sum_into(takes, len(nodes))
    return Rows({"node": c.sets.names(nodes)}, balance == 0, TIME_AXIS)


@constraint(
    "storage_initial",
    index="node",
    when="storage_initial given and storage cyclic",
    equation=r"storage_{T} (1 - loss)^{h} = storage\_initial \cdot storage_{cap}"
    r"; \quad \text{between days: } inter_{D} (1 - loss)^{24}",
)
def storage_initial(c: Context) -> Rows | None:
    """A cyclic store ends at its given initial level."""
    given = c.sets.defined("storage_initial")
    nodes = np.array([n for n in c.sets.store if given[n]], dtype=np.int64)
    if not c.cyclic or not len(nodes):
        return None
    if c.clusters is not None and c.clusters.linked:
        day = c.clusters.of_datestep[-1]
        share = retained_by_day(c, nodes)[:, [day]]
        last = c.node_var_at("storage_inter_cluster", nodes, len(c.clusters.datesteps) - 1) * share
    else:
        share = np.broadcast_to(retained(c, nodes), (len(nodes), c.n_time))[:, [-1]]
        last = c.node_var_at("storage", nodes, c.n_time - 1) * share
    initial = c.node_var("storage_cap", nodes) * c.par("storage_initial", nodes)
    return Rows({"node": c.sets.names(nodes)}, last - initial == 0)
