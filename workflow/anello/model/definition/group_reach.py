"""Limits of groups that count nothing, and technologies that a limit names but does not count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anello.model.data import ModelData
from anello.model.data.groups import counted_bases, counted_nodes, plain_techs
from anello.model.data.roles import INVESTMENT_COSTS, VARIABLE_COSTS, areas, stores
from anello.model.schema.parameters import (
    TIERS,
    group_limit_bases,
    group_limit_names,
    group_share_bases,
    group_share_names,
)
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

_INSTEAD = "Name what it counts, or take the limit out"
_NO_LIMIT = "Give it a limit, such as `energy_cap_max`, or take the group out"
_COSTS = {
    "cost": (*INVESTMENT_COSTS, *VARIABLE_COSTS, "cost_monthly_peak"),
    "cost_var": VARIABLE_COSTS,
    "cost_investment": INVESTMENT_COSTS,
}
"""What a limit on costs adds up."""


def check_reach(data: ModelData, tree: Tree, report: Report) -> None:
    """Warn of limits without an effect, and of technologies that a limit leaves out.

    Parameters
    ----------
    data : ModelData
        The model, its group constraints checked.
    tree : Tree
        The composed configuration, which knows where each was written.
    report : Report
        Receives the warnings.
    """
    for name, group in data.config["group_constraints"].items():
        path, limits = f"group_constraints.{name}", group.keys() - {"techs", "locs"}
        if not tree.section(path).keys() - {"techs", "locs", "exists"}:
            report.warn("limits nothing", key=path, mark=tree.locate(path), suggestion=_NO_LIMIT)
        for limit in sorted(limits):
            _Limit(data, group, limit).check(path, tree, report)
    _check_shares(data, tree, report)


class _Limit:
    """One limit of a group: what it counts, and why not the rest."""

    def __init__(self, data: ModelData, group: Mapping[str, Any], limit: str) -> None:
        self.data, self.group, self.limit = data, group, limit
        self.per = group_limit_names()[limit]
        self.bases = counted_bases(group, limit)
        self.nodes = counted_nodes(data, group, limit)
        self.techs = plain_techs(data)
        self.locs = data.inputs["node_loc"].values.astype(str)

    def check(self, path: str, tree: Tree, report: Report) -> None:
        """Tell of a part that counts nothing, and of technologies that no part counts."""
        value = self.group[self.limit]
        parts = value if isinstance(value, Mapping) else {"": value}
        binding = {part: number for part, number in parts.items() if self._binds(number)}
        used: set[str] = set()
        for part in binding:
            below = f"{path}.{self.limit}" + (f".{part}" if part else "")
            nodes = self.nodes[self._acts(part)[self.nodes]]
            used |= set(self.techs[nodes])
            if not nodes.size:
                report.warn(
                    f"{self._effect(binding[part])}: it counts {self._what(part)}, and "
                    f"{self._lacking(part)}",
                    key=below,
                    mark=tree.locate(below),
                    value=binding[part],
                    suggestion=_INSTEAD,
                )
            elif self.limit.startswith(("demand_share", "net_import")) and not self._demand(part):
                report.warn(
                    f"has no effect: its locations have no demand for `{part}` to take a share of",
                    key=below,
                    mark=tree.locate(below),
                    value=binding[part],
                    suggestion="Add the locations of the demand to `locs`, or take the limit out",
                )
        for tech in self._named() if used else ():
            if tech in used:
                continue
            report.warn(
                f"`{tech}` is not counted by `{self.limit}`: {self._why(tech, list(binding))}",
                key=f"{path}.techs",
                mark=tree.locate(f"{path}.techs"),
                suggestion=f"Take it out of `techs`; `{self.limit}` counts "
                f"{self._what(*list(binding)[:1])}",
            )

    def _binds(self, number: float) -> bool:
        """Whether a limit could say anything: not at least nought, nor at most without end."""
        sense = self.limit.rpartition("_")[2]
        return not ((sense == "min" and number <= 0.0) or (sense == "max" and number == math.inf))

    def _effect(self, number: float) -> str:
        least = self.limit.endswith(("min", "equals")) and number > 0.0
        if self.per == "cost" and self.nodes.size and least:
            return "cannot be met"
        return "has no effect"

    def _named(self) -> Sequence[str]:
        """Return the technologies that the group names, those of the model only."""
        present = set(self.techs)
        return [tech for tech in self.group.get("techs") or () if tech in present]

    def _acts(self, part: str) -> np.ndarray:
        """Return which nodes have what the limit is about, shape (k,) of bool."""
        data, limit = self.data, self.limit
        count = data.inputs.sizes["node"]
        if limit.startswith("carrier_con"):
            return _flows(data, part, "in")
        if limit.startswith("net_import"):
            ends = [str(r).split("::")[0] for r in data.inputs["node_remote"].values]
            own = self.group.get("locs")
            inside = np.isin(np.array(ends, dtype=str), self.locs if own is None else own)
            return _flows(data, part, "out") & ~inside
        if self.per == "carrier":
            return _flows(data, part, "out")
        if self.per == "cost":
            return _has_cost(data, part, _COSTS[limit.rpartition("_")[0]])
        if limit.startswith("storage_cap"):
            return np.isin(np.arange(count), stores(data))
        if limit.startswith("resource_area"):
            return np.isin(np.arange(count), areas(data))
        return np.ones(count, dtype=bool)

    def _demand(self, carrier: str) -> bool:
        own = self.group.get("locs")
        where = np.ones(len(self.locs), bool) if own is None else np.isin(self.locs, own)
        demand = self.data.inputs["node_base"].values == "demand"
        return bool((where & demand & _flows(self.data, carrier, "in")).any())

    def _what(self, part: str) -> str:
        bases = ", ".join(f"`{base}`" for base in self.bases) or "no"
        if self.per == "cost":
            kind = {"cost_var": "running ", "cost_investment": "investment "}
            what = f"{kind.get(self.limit.rpartition('_')[0], '')}costs of the class `{part}`"
            return f"{what}, of {bases} technologies"
        return f"{bases} technologies" + (f" with `{part}`" if self.per else "")

    def _lacking(self, part: str) -> str:
        named = self._named()
        if named:
            return "; ".join(f"`{tech}` {self._reason(tech, [part])}" for tech in named)
        if self.group.get("techs") is not None:
            return "none of its `techs` is at any location"
        return "there is none at its locations"

    def _why(self, tech: str, parts: Sequence[str]) -> str:
        return f"it {self._reason(tech, parts)}"

    def _reason(self, tech: str, parts: Sequence[str]) -> str:
        """Return why no part of the limit counts a technology."""
        own = self.techs == tech
        base = str(self.data.inputs["node_base"].values[own][0])
        if base not in self.bases:
            if base in group_limit_bases()[self.limit]:
                return f"is a `{base}`, which another limit of the same group does not count"
            return f"is a `{base}`"
        if tech not in set(self.techs[self.nodes]):
            return "is at none of its locations"
        if self.limit.startswith("net_import"):
            return "leads to no location outside the group's"
        listed = " or ".join(f"`{part}`" for part in parts)
        if self.per == "carrier":
            return f"{'takes' if self.limit.startswith('carrier_con') else 'gives'} no {listed}"
        if self.per == "cost":
            return "has none of these"
        return "has no store" if self.limit.startswith("storage_cap") else "has no area"


def _flows(data: ModelData, carrier: str, way: str) -> np.ndarray:
    """Return which nodes give (``out``) or take (``in``) a carrier, shape (k,) of bool."""
    carriers = [str(c) for c in data.inputs["carrier"].values]
    if carrier not in carriers:
        return np.zeros(data.inputs.sizes["node"], dtype=bool)
    rows = [i for i, tier in enumerate(TIERS) if tier.startswith(way)]
    has = data.inputs["tier_carrier"].values[:, rows, carriers.index(carrier)].astype(bool)
    may = np.nan_to_num(data.value("energy_prod" if way == "out" else "energy_con")) != 0
    return np.asarray(has.any(axis=1) & (may.any(axis=1) if may.ndim == 2 else may))


def _has_cost(data: ModelData, cost_class: str, names: Sequence[str]) -> np.ndarray:
    """Return which nodes have any of some costs in a class, shape (k,) of bool."""
    mask = np.zeros(data.inputs.sizes["node"], dtype=bool)
    classes = [str(c) for c in data.inputs["cost"].values]
    for name in (n for n in names if n in data.inputs and cost_class in classes):
        told = ~np.isnan(data.value(name, default=False)[classes.index(cost_class)])
        mask |= told.any(axis=1) if told.ndim == 2 else told
    return mask


def _check_shares(data: ModelData, tree: Tree, report: Report) -> None:
    """Warn of technologies in the deprecated ``model.group_share`` whose share counts as nought."""
    techs, bases = plain_techs(data), data.inputs["node_base"].values.astype(str)
    for listed, limits in (data.config["model"].get("group_share") or {}).items():
        names = [name.strip() for name in listed.split(",")]
        for limit in (limits or {}).keys() & group_share_names().keys():
            allowed = group_share_bases()[limit]
            carriers = limits[limit] if isinstance(limits[limit], Mapping) else {"": None}
            for carrier in carriers:
                counted = np.isin(bases, allowed)
                if carrier:
                    counted &= _flows(data, carrier, "out")
                left = [n for n in names if n in set(techs) and n not in set(techs[counted])]
                kinds = ", ".join(f"`{base}`" for base in allowed)
                whose = f" that give `{carrier}`" if carrier else ""
                for name in left:
                    report.warn(
                        f"`{name}` adds nothing to the share: `{limit}` counts {kinds} "
                        f"technologies{whose}, and this is a `{bases[techs == name][0]}`",
                        key=f"model.group_share.{listed}",
                        mark=tree.section("model.group_share").mark(listed),
                        suggestion="Take it out of the list",
                    )
