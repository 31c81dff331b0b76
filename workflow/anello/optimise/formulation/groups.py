"""Group constraints: limits on sums over chosen technologies and locations.

A limit that counts nothing is left out, as in Calliope; reading the model has told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from anello.errors import ConfigError, Problem
from anello.model.data.groups import counted_nodes
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Array, Expression, IntArray, Relation
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.sets import Pairs
from anello.optimise.formulation.system import TIME_AXIS

PRODUCERS = ("supply", "supply_plus", "conversion", "conversion_plus")
SENSES = ("min", "max", "equals")
SYMBOL = {"min": r"\ge", "max": r"\le", "equals": "="}


def _key(kind: str, sense: str) -> str:
    return f"{kind}_{sense}" if sense else kind


def _group_locs(c: Context, group: Mapping[str, Any]) -> set[str]:
    locs = group.get("locs")
    return set(c.sets.loc if locs is None else locs)


def limits_of(c: Context, kind: str, sense: str) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Groups that set a limit: name, group and value."""
    key = _key(kind, sense)
    for name, group in c.groups.items():
        if group.get("exists", True) is not False and group.get(key) is not None:
            yield name, group, group[key]


def _with(carrier: str, pairs: Pairs, nodes: IntArray) -> Pairs:
    wanted = {int(n) for n in nodes}
    return [(n, k) for n, k in pairs if k == carrier and n in wanted]


def _total(c: Context, flow: Expression, per_step: bool) -> Expression:
    """Sum over pairs, and over weighted time unless each step counts alone.

    With ``compat: calliope-0.6`` the weights of the steps are left out.
    """
    flow = flow.sum_items()
    if per_step:
        return flow
    return flow.sum_time() if c.compat else (flow * c.weight).sum_time()


def _demand(c: Context, carrier: str, locs: set[str]) -> Pairs:
    nodes = np.array([n for n in c.sets.of("demand") if c.sets.loc[n] in locs], dtype=np.int64)
    return _with(carrier, c.sets.con, nodes)


def _compare(left: Expression, sense: str, right: float | Array = 0.0) -> Relation:
    if sense == "max":
        return left <= right
    return left >= right if sense == "min" else left == right


Line = tuple[tuple[str, ...], Expression, float]


def _flow_lines(c: Context, kind: str, sense: str) -> Iterator[Line]:
    """``(labels, left side − share · right side, limit)`` of limits on flows."""
    per_step = "per_timestep" in kind
    base = kind.replace("_per_timestep", "")
    for name, group, limits in limits_of(c, kind, sense):
        locs = _group_locs(c, group)
        for carrier, value in limits.items():
            if value is None:
                continue
            nodes = counted_nodes(c.data, group, _key(kind, sense))
            if base == "net_import_share":
                nodes = np.array(
                    [n for n in nodes if c.sets.tech[n].split(":")[-1] not in locs], dtype=np.int64
                )
            gives, takes = _with(carrier, c.sets.prod, nodes), _with(carrier, c.sets.con, nodes)
            if base == "carrier_con":
                if takes:
                    # Limits on consumption are written negative: a maximum bounds it from below.
                    yield (name, carrier), -_total(c, c.con(takes), per_step), -float(value)
                continue
            if not gives:
                continue
            left = _total(c, c.prod(gives), per_step)
            if base == "net_import_share" and takes:
                left = left + _total(c, c.con(takes), per_step)
            if base == "carrier_prod":
                yield (name, carrier), left, float(value)
                continue
            if base == "carrier_prod_share":
                among = np.array(
                    [n for n in c.sets.of(*PRODUCERS) if c.sets.loc[n] in locs], dtype=np.int64
                )
                whole = _total(c, c.prod(_with(carrier, c.sets.prod, among)), per_step)
            else:
                demand = _demand(c, carrier, locs)
                if not demand:
                    continue
                whole = -_total(c, c.con(demand), per_step)
            yield (name, carrier), left - whole * float(value), 0.0


def _capacity_lines(c: Context, kind: str, sense: str) -> Iterator[Line]:
    """``(labels, left side − share · right side, limit)`` of limits on capacities."""
    variable = kind.removesuffix("_share")
    for name, group, value in limits_of(c, kind, sense):
        nodes = counted_nodes(c.data, group, _key(kind, sense))
        nodes = np.array([n for n in nodes if c.has(variable, n)], dtype=np.int64)
        if not len(nodes):
            continue
        # A link has a node at each end, so each counts half.
        half = np.where(c.sets.base[nodes] == "transmission", 0.5, 1.0)
        if not kind.endswith("_share"):
            total = (c.node_var(variable, nodes) * half).sum_items()
            yield (name,), total, float(value)
            continue
        locs = {c.sets.loc[n] for n in nodes}
        among = [n for n in c.sets.of(*PRODUCERS) if c.sets.loc[n] in locs]
        left = c.node_var(variable, nodes).sum_items()
        yield (name,), left - c.node_var(variable, among).sum_items() * float(value), 0.0


def _cost_lines(c: Context, kind: str, sense: str) -> Iterator[Line]:
    """``(labels, sum of costs, limit)`` of limits on costs."""
    known = c.system.expressions.get(kind)
    positions = known[0].positions() if known else {}
    for name, group, limits in limits_of(c, kind, sense):
        names = set(c.sets.names(counted_nodes(c.data, group, _key(kind, sense))))
        for cost_class, value in limits.items():
            if value is None:
                continue
            if not names:
                continue
            chosen = [
                k for (cost, node), k in positions.items() if cost == cost_class and node in names
            ]
            # Without such a cost the sum is zero, and no minimum holds.
            total = c.named(kind, chosen).sum_items().sum_time() if chosen else Expression(1, None)
            yield (name, cost_class), total, float(value)


def _stack(lines: list[Line], index: tuple[str, ...], sense: str, axis: str) -> Rows | None:
    if not lines:
        return None
    total: Expression | None = None
    for k, (_, expression, _) in enumerate(lines):
        part = expression.sum_into([k], len(lines))
        total = part if total is None else total + part
    assert total is not None
    limits = np.array([limit for _, _, limit in lines])
    columns = zip(*(labels for labels, _, _ in lines), strict=True)
    keys = dict(zip(index, (list(column) for column in columns), strict=True))
    return Rows(keys, _compare(total, sense, limits), axis)


def _family(
    kind: str,
    lines: Callable[[Context, str, str], Iterator[Line]],
    index: tuple[str, ...],
    left: str,
) -> None:
    per_step = "per_timestep" in kind

    def register(sense: str) -> None:
        @constraint(
            f"group_{kind}_{sense}",
            index=", ".join(index) + (", timestep" if per_step else ""),
            when=f"a group constraint {kind}_{sense}",
            equation=left.replace("~", SYMBOL[sense]),
        )
        def limit(c: Context) -> Rows | None:
            """A limit on a sum over the technologies and locations of a group."""
            return _stack(list(lines(c, kind, sense)), index, sense, TIME_AXIS if per_step else "")

    for sense in SENSES:
        register(sense)


_GROUP_CARRIER = ("group", "carrier")
_family(
    "demand_share",
    _flow_lines,
    _GROUP_CARRIER,
    r"\sum_t w_t \sum carrier_{prod} ~ -share \sum_t w_t \sum_{demand} carrier_{con}",
)
_family(
    "demand_share_per_timestep",
    _flow_lines,
    _GROUP_CARRIER,
    r"\sum carrier_{prod} ~ -share \sum_{demand} carrier_{con}",
)
_family(
    "carrier_prod_share",
    _flow_lines,
    _GROUP_CARRIER,
    r"\sum_t w_t \sum carrier_{prod} ~ share \sum_t w_t"
    r" \sum_{supply,conversion} carrier_{prod}",
)
_family(
    "carrier_prod_share_per_timestep",
    _flow_lines,
    _GROUP_CARRIER,
    r"\sum carrier_{prod} ~ share \sum_{supply,conversion} carrier_{prod}",
)
_family(
    "net_import_share",
    _flow_lines,
    _GROUP_CARRIER,
    r"\sum_t w_t \sum_{links\ out} (carrier_{prod} + carrier_{con})"
    r" ~ -share \sum_t w_t \sum_{demand} carrier_{con}",
)
_family("carrier_prod", _flow_lines, _GROUP_CARRIER, r"\sum_t w_t \sum carrier_{prod} ~ limit")
_family("carrier_con", _flow_lines, _GROUP_CARRIER, r"-\sum_t w_t \sum carrier_{con} ~ -limit")
_family(
    "energy_cap_share",
    _capacity_lines,
    ("group",),
    r"\sum energy_{cap} ~ share \sum_{supply,conversion} energy_{cap}",
)
_family(
    "energy_cap",
    _capacity_lines,
    ("group",),
    r"\sum energy_{cap} \cdot (\tfrac12 \text{ for links}) ~ limit",
)
_family("storage_cap", _capacity_lines, ("group",), r"\sum storage_{cap} ~ limit")
_family("resource_area", _capacity_lines, ("group",), r"\sum area ~ limit")
_family("cost", _cost_lines, ("group", "cost"), r"\sum cost ~ limit")
_family("cost_var", _cost_lines, ("group", "cost"), r"\sum_t \sum cost_{var} ~ limit")
_family("cost_investment", _cost_lines, ("group", "cost"), r"\sum cost_{investment} ~ limit")


# --- the share that the model decides itself ----------------------------------------------------
_DECISION = "demand_share_per_timestep_decision"


def _decisions(c: Context) -> Iterator[tuple[str, str, Pairs, Pairs, float]]:
    """Name, carrier, producing pairs, demand pairs and total share of each decision group.

    A share that holds over all steps cannot be decided anew in each horizon of `operate` mode.
    """
    if c.operate:
        return
    for name, group, limits in limits_of(c, _DECISION, ""):
        for carrier, value in limits.items():
            pairs = _with(carrier, c.sets.prod, counted_nodes(c.data, group, _DECISION))
            demand = _demand(c, carrier, _group_locs(c, group))
            if pairs and demand:
                yield name, carrier, pairs, demand, np.inf if value is None else float(value)


def decision_pairs(c: Context) -> Pairs:
    """(node, carrier) pairs whose share of demand is decided."""
    seen: dict[tuple[int, str], None] = {}
    for _, _, pairs, _, _ in _decisions(c):
        seen.update(dict.fromkeys(pairs))
    return list(seen)


def _decision_main(c: Context, sense: str) -> Rows | None:
    relaxation = float(
        c.run.get("relax_constraint", {}).get(
            "demand_share_per_timestep_decision_main_constraint", 0
        )
    )
    if (sense == "equals") != (relaxation == 0):
        return None
    scale = {"equals": 1.0, "min": 1.0 - relaxation, "max": 1.0 + relaxation}[sense]
    keys: dict[str, list[str]] = {"group": [], "node": [], "carrier": []}
    rows: list[Expression] = []
    for name, _, pairs, demand, _ in _decisions(c):
        nodes = np.array([n for n, _ in demand], dtype=np.int64)
        for n in nodes:
            if c.sets.resource_unit[n] != "energy":
                raise ConfigError(
                    [
                        Problem(
                            f"group constraint {name!r} decides shares of a demand whose size is"
                            " itself decided, which is not linear",
                            key=f"{c.sets.labels[n]}.resource_unit",
                            value=c.sets.resource_unit[n],
                            suggestion="give this demand in absolute terms: resource_unit: energy",
                        )
                    ]
                )
        needed = -(c.par("resource", nodes) * c.par("resource_scale", nodes)).sum(axis=0)
        share = c.pair_var(_DECISION, pairs) * (scale * needed[None, :])
        rows.append(c.prod(pairs) - share)
        keys["group"] += [name] * len(pairs)
        keys["node"] += c.sets.names([n for n, _ in pairs])
        keys["carrier"] += [k for _, k in pairs]
    if not rows:
        return None
    count, start = len(keys["group"]), 0
    total = Expression(count, c.n_time)
    for part in rows:
        total = total + part.sum_into(np.arange(start, start + part.count), count)
        start += part.count
    return Rows(keys, _compare(total, sense), TIME_AXIS)


def _decision_constraint(sense: str) -> None:
    suffix = "" if sense == "equals" else f"_{sense}"

    @constraint(
        f"group_demand_share_per_timestep_decision_main{suffix}",
        index="group, node, carrier, timestep",
        when="a group constraint demand_share_per_timestep_decision, "
        + ("not relaxed" if sense == "equals" else "relaxed"),
        equation=r"carrier_{prod} "
        + SYMBOL[sense]
        + {"equals": "", "min": r" (1 - relax)", "max": r" (1 + relax)"}[sense]
        + r" \; share \sum required\_resource",
    )
    def main(c: Context) -> Rows | None:
        """A technology meets the share of demand that the model decides, the same in each step."""
        return _decision_main(c, sense)


for _sense in ("equals", "min", "max"):
    _decision_constraint(_sense)


@constraint(
    "group_demand_share_per_timestep_decision_sum",
    index="group",
    when="a finite total in a group constraint demand_share_per_timestep_decision",
    equation=r"\sum share = limit",
)
def decision_sum(c: Context) -> Rows | None:
    """The shares that the model decides add up to the given total."""
    lines: list[Line] = [
        ((name, carrier), c.pair_var(_DECISION, pairs).sum_items(), total)
        for name, carrier, pairs, _, total in _decisions(c)
        if np.isfinite(total)
    ]
    return _stack(lines, _GROUP_CARRIER, "equals", "")
