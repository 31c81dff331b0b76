"""Conversion with several carriers in up to three tiers on each side."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, IntArray, reciprocal
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.ring.heat import cop_feedback
from anello.optimise.formulation.sets import Pairs
from anello.optimise.formulation.system import TIME_AXIS


def tier_pairs(c: Context, nodes: IntArray, tier: str) -> tuple[Pairs, list[int]]:
    """(node, carrier) pairs of one tier, and the row of its node for each."""
    pairs, rows = [], []
    for k, n in enumerate(nodes):
        for carrier in c.sets.tier(int(n), tier):
            pairs.append((int(n), carrier))
            rows.append(k)
    return pairs, rows


def _flow(c: Context, tier: str, pairs: Pairs) -> Expression:
    return c.con(pairs) if tier.startswith("in") else c.prod(pairs)


@constraint(
    "balance_conversion_plus_primary",
    index="node, timestep",
    when="conversion_plus",
    equation=r"\sum_{out} carrier_{prod} / ratio"
    r" = -\eta_{energy} \sum_{in} carrier_{con} \cdot ratio",
)
def balance_conversion_plus_primary(c: Context) -> Rows | None:
    """The first tiers balance: outputs over their ratios equal inputs times theirs."""
    nodes = c.sets.of("conversion_plus")
    if not len(nodes):
        return None
    outs, out_rows = tier_pairs(c, nodes, "out")
    ins, in_rows = tier_pairs(c, nodes, "in")
    given = c.prod(outs) * reciprocal(c.ratio(outs, "out"))
    taken = c.con(ins) * c.ratio(ins, "in") * c.tagged("energy_eff", nodes[in_rows])
    balance = given.sum_into(out_rows, len(nodes)) + taken.sum_into(in_rows, len(nodes))
    feedback = cop_feedback(c, nodes)
    relation = balance == 0 if feedback is None else balance - feedback == 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "carrier_production_max_conversion_plus",
    index="node, timestep",
    when="conversion_plus not built in units",
    equation=r"\sum_{out} carrier_{prod} \le energy_{cap} \cdot h",
)
def carrier_production_max_conversion_plus(c: Context) -> Rows | None:
    """Production of the first output tier is limited by capacity."""
    nodes = np.setdiff1d(c.sets.of("conversion_plus"), c.sets.units).astype(np.int64)
    if not len(nodes):
        return None
    outs, rows = tier_pairs(c, nodes, "out")
    limit = c.node_var("energy_cap", nodes) * c.resolution
    relation = c.prod(outs).sum_into(rows, len(nodes)) - limit <= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


@constraint(
    "carrier_production_min_conversion_plus",
    index="node, timestep",
    when="conversion_plus with energy_cap_min_use, not built in units",
    equation=r"\sum_{out} carrier_{prod} \ge energy_{cap} \cdot h \cdot min\_use",
)
def carrier_production_min_conversion_plus(c: Context) -> Rows | None:
    """Production of the first output tier keeps to a minimum load."""
    given = c.sets.defined("energy_cap_min_use") & c.sets.truthy("energy_cap_min_use")
    nodes = np.setdiff1d(c.sets.of("conversion_plus"), c.sets.units).astype(np.int64)
    nodes = nodes[given[nodes]]
    if not len(nodes):
        return None
    outs, rows = tier_pairs(c, nodes, "out")
    least = c.node_var("energy_cap", nodes) * (c.resolution * c.par("energy_cap_min_use", nodes))
    relation = c.prod(outs).sum_into(rows, len(nodes)) - least >= 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


def _balance_tier(c: Context, tier: str) -> Rows | None:
    primary = tier.split("_")[0]
    nodes = np.array(
        [n for n in c.sets.of("conversion_plus") if c.sets.tier(int(n), tier)], dtype=np.int64
    )
    if not len(nodes):
        return None
    sides, open_rows = [], np.zeros((len(nodes), 1), dtype=bool)
    for name in (primary, tier):
        pairs, rows = tier_pairs(c, nodes, name)
        share = reciprocal(c.ratio(pairs, name))
        sides.append((_flow(c, name, pairs) * share).sum_into(rows, len(nodes)))
        if name == tier:
            counted = np.zeros((len(nodes), share.shape[1]))
            np.add.at(counted, rows, share)
            open_rows = counted != 0
    # With every ratio of the tier at zero its flows are shut off and nothing is left to balance.
    relation = (sides[0] - sides[1] == 0).where(open_rows)
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)


def _tier_constraint(tier: str) -> None:
    primary = tier.split("_")[0]
    flow = "carrier_{con}" if primary == "in" else "carrier_{prod}"
    label = tier.replace("_", r"\_")

    @constraint(
        f"balance_conversion_plus_{tier}",
        index="node, timestep",
        when=f"conversion_plus with carrier_{tier}",
        equation=rf"\sum_{{{primary}}} {flow} / ratio = \sum_{{{label}}} {flow} / ratio",
    )
    def balance(c: Context) -> Rows | None:
        """A further tier runs in proportion to the first."""
        return _balance_tier(c, tier)


for _tier in ("in_2", "in_3", "out_2", "out_3"):
    _tier_constraint(_tier)


@constraint(
    "conversion_plus_prod_con_to_zero",
    index="node, carrier, tier, timestep",
    when="a carrier ratio of zero at some step",
    equation=r"carrier_{prod} = 0, \; carrier_{con} = 0 \text{ where } ratio = 0",
)
def conversion_plus_prod_con_to_zero(c: Context) -> Rows | None:
    """A carrier ratio of zero shuts the flow off."""
    nodes = c.sets.of("conversion_plus")
    keys: dict[str, list[str]] = {"node": [], "carrier": [], "tier": []}
    flows: Expression | None = None
    masks = []
    found: list[tuple[str, Pairs, Array]] = []
    for tier in c.sets.tiers:
        pairs, _ = tier_pairs(c, nodes, tier)
        if not pairs:
            continue
        zero = np.broadcast_to(c.ratio(pairs, tier) == 0, (len(pairs), c.n_time))
        hit = [k for k in range(len(pairs)) if zero[k].any()]
        if hit:
            found.append((tier, [pairs[k] for k in hit], zero[hit]))
    count = sum(len(pairs) for _, pairs, _ in found)
    start = 0
    for tier, pairs, zero in found:
        rows = np.arange(start, start + len(pairs))
        part = _flow(c, tier, pairs).sum_into(rows, count)
        flows = part if flows is None else flows + part
        masks.append(zero)
        keys["node"] += c.sets.names([n for n, _ in pairs])
        keys["carrier"] += [carrier for _, carrier in pairs]
        keys["tier"] += [tier] * len(pairs)
        start += len(pairs)
    if flows is None:
        return None
    return Rows(keys, (flows == 0).where(np.concatenate(masks)), TIME_AXIS)
