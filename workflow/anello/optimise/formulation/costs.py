"""Costs of each technology at each location, in every cost class."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, IntArray
from anello.optimise.formulation.registry import Named, expression
from anello.optimise.formulation.sets import Pairs
from anello.optimise.formulation.system import TIME_AXIS

CAPACITIES = ("energy_cap", "storage_cap", "resource_cap", "resource_area", "resource2_cap")


def cost_keys(c: Context, nodes: IntArray) -> dict[str, list[str]]:
    """Labels of (cost class, node), classes outermost."""
    names = c.sets.names(nodes)
    return {
        "cost": [cost for cost in c.sets.costs for _ in names],
        "node": [name for _ in c.sets.costs for name in names],
    }


def _produced(c: Context, nodes: IntArray) -> Pairs:
    """(node, carrier) whose production is charged: the primary one of conversion_plus."""
    primary = c.data.inputs["primary_carrier_out"].values
    can = set(c.sets.prod)
    pairs = []
    for n in nodes:
        if c.sets.base[n] == "conversion_plus":
            pairs.append((int(n), str(primary[n])))
        else:
            pairs += [(int(n), carrier) for carrier in c.sets.tier(int(n), "out")[:1]]
    return [pair for pair in pairs if pair in can]


def _consumption(c: Context, nodes: IntArray) -> tuple[Expression, list[int]] | None:
    """What each node consumes for the cost of consumption, and the row of each."""
    primary = c.data.inputs["primary_carrier_in"].values
    can = set(c.sets.con)
    taken: Pairs = []
    for n in nodes:
        if c.sets.base[n] == "conversion_plus":
            taken.append((int(n), str(primary[n])))
        elif c.sets.base[n] in ("demand", "conversion"):
            taken += c.in_pairs([n])
    taken = [pair for pair in taken if pair in can]
    row = {int(n): k for k, n in enumerate(nodes)}
    count = len(nodes)
    parts = []
    if taken:
        parts.append(((-c.con(taken)), [row[n] for n, _ in taken]))
    captured = [int(n) for n in nodes if c.sets.base[n] == "supply_plus"]
    if captured:
        parts.append((c.node_var("resource_con", captured), [row[n] for n in captured]))
    supplied = [int(n) for n in nodes if c.sets.base[n] == "supply"]
    if supplied:
        efficiency = c.par("energy_eff", supplied)
        per = np.divide(1.0, efficiency, out=np.zeros_like(efficiency), where=efficiency > 0)
        parts.append((c.prod(c.out_pairs(supplied)) * per, [row[n] for n in supplied]))
    if not parts:
        return None
    total = Expression(count, c.n_time)
    for flow, rows in parts:
        total = total + flow.sum_into(rows, count)
    return total, list(range(count))


@expression(
    "cost_var",
    index="cost class, node, timestep",
    when="a cost of production, consumption or export",
    equation=r"w_t (c_{om,prod}\, carrier_{prod} + c_{om,con}\, consumption"
    r" + c_{export}\, carrier_{export} + c_{om,resource2}\, resource2_{con})",
)
def cost_var(c: Context) -> Named | None:
    """Running cost of a technology in each step."""
    nodes = c.sets.variable_cost
    if not len(nodes):
        return None
    row = {int(n): k for k, n in enumerate(nodes)}
    size = len(nodes)
    total = Expression(len(c.sets.costs) * size, c.n_time)
    produced = _produced(c, nodes)
    production = c.prod(produced) if produced else None
    consumption = _consumption(c, nodes)
    exported = [(n, k) for n, k in c.export_pairs if n in row]
    for k in range(len(c.sets.costs)):
        price = c.cost("om_prod", k, nodes)
        if production is not None and price.any():
            rows = np.array([row[n] for n, _ in produced])
            charged = production * (price[rows] * c.weight)
            total = total + charged.sum_into(rows + k * size, total.count)
        price = c.cost("om_con", k, nodes)
        if consumption is not None and price.any():
            flow, _ = consumption
            charged = flow * (price * c.weight)
            total = total + charged.sum_into(np.arange(size) + k * size, total.count)
        price = c.cost("export", k, nodes)
        if exported and price.any():
            rows = np.array([row[n] for n, _ in exported])
            charged = c.pair_var("carrier_export", exported) * (price[rows] * c.weight)
            total = total + charged.sum_into(rows + k * size, total.count)
        price = c.cost("om_resource2", k, nodes)
        second = [i for i in range(size) if price[i].any() and c.has("resource2_con", nodes[i])]
        if second:
            charged = c.node_var("resource2_con", nodes[second]) * (price[second] * c.weight)
            total = total + charged.sum_into(np.array(second) + k * size, total.count)
    return Named(cost_keys(c, nodes), total, TIME_AXIS)


@expression(
    "cost_investment",
    index="cost class, node",
    when="a cost of capacity, purchase or yearly operation",
    equation=r"a\, (1 + f_{om}) \sum_{cap} d\, c_{cap}\, cap + a\, c_{om,annual}\, energy_{cap}"
    r" + a\, d\, c_{purchase} (units \text{ or } purchased)",
)
def cost_investment(c: Context) -> Named | None:
    """Yearly cost of capacity for the share ``a`` of a year that the model covers.

    Each end of a link carries half of the link's cost. With ``compat: calliope-0.6`` the yearly
    operating cost of a link is charged in full at both ends, as Calliope 0.6 does. In `operate`
    mode capacity is given and costs nothing.
    """
    nodes = c.sets.investment_cost
    if not len(nodes):
        return None
    size = len(nodes)
    total = Expression(len(c.sets.costs) * size, None)
    prices = c.prices
    for k in range(len(c.sets.costs)):

        def charge(
            variable: str,
            price: np.ndarray,
            nodes: IntArray = nodes,
            total_count: int = total.count,
            k: int = k,
        ) -> Expression:
            rows = np.array(
                [i for i in range(size) if price[i, 0] != 0 and c.has(variable, nodes[i])],
                dtype=np.int64,
            )
            flow = c.node_var(variable, nodes[rows]) * price[rows]
            return flow.sum_into(rows + k * size, total_count)

        for name in CAPACITIES:
            price = prices.capacity(name, k, nodes)
            if price.any() and name in c.system.variables:
                total = total + charge(name, price)
        yearly = prices.yearly(k, nodes)
        if yearly.any():
            total = total + charge("energy_cap", yearly)
        purchase = prices.price("purchase", k, nodes) * prices.depreciation(k, nodes)
        purchase = purchase * prices.share(nodes)
        for name in ("units", "purchased"):
            if purchase.any() and name in c.system.variables:
                total = total + charge(name, purchase)
    return Named(cost_keys(c, nodes), total)


@expression(
    "cost_peak",
    index="cost class, node",
    when="a monthly_peak cost of a supply; not in `operate` mode",
    equation=r"\sum_m a_m\, c_{monthly\_peak}\, peak\_month_m",
)
def cost_peak(c: Context) -> Named | None:
    """Charge for the peaks of all months, of each for the share ``a_m`` that the model covers."""
    nodes = c.billed_peaks
    if not len(nodes):
        return None
    size = len(nodes)
    total = Expression(len(c.sets.costs) * size, None)
    rows = np.repeat(np.arange(size), len(c.months.names))
    for k in range(len(c.sets.costs)):
        price = c.prices.price("monthly_peak", k, nodes) * c.months.share
        if price.any():
            charged = c.system.variables["peak_month"].at() * price.ravel()
            total = total + charged.sum_into(rows + k * size, total.count)
    return Named(cost_keys(c, nodes), total)


@expression(
    "cost",
    index="cost class, node",
    when="any cost",
    equation=r"cost_{investment} + \sum_t cost_{var,t} + cost_{peak}",
)
def cost(c: Context) -> Named | None:
    """Cost of a technology at a location over the whole model."""
    nodes = c.sets.cost
    if not len(nodes):
        return None
    size = len(nodes)
    where = {int(n): k for k, n in enumerate(nodes)}
    total = Expression(len(c.sets.costs) * size, None)
    for name, part in (
        ("cost_investment", c.sets.investment_cost),
        ("cost_var", c.sets.variable_cost),
        ("cost_peak", c.billed_peaks),
    ):
        if name in c.system.expressions:
            _, values = c.system.expressions[name]
            rows = [k * size + where[int(n)] for k in range(len(c.sets.costs)) for n in part]
            total = total + values.sum_time().sum_into(rows, total.count)
    return Named(cost_keys(c, nodes), total)
