"""Technologies: inheritance, carriers, and what is set for all their locations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from anello.base.colors import css_hex
from anello.errors import did_you_mean
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import BASES, TIERS, options
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

PALETTE = (
    "#4477aa",
    "#ee6677",
    "#228833",
    "#ccbb44",
    "#66ccee",
    "#aa3377",
    "#bbbbbb",
    "#997700",
    "#004488",
    "#994455",
)
"""Colours for technologies without one (Paul Tol's bright set and relatives)."""

_HEX = re.compile("#[0-9a-fA-F]{6}")

_SIDES = {
    "supply": ("out",),
    "supply_plus": ("out",),
    "demand": ("in",),
    "storage": ("in", "out"),
    "transmission": ("in", "out"),
    "conversion": ("in", "out"),
    "conversion_plus": ("in", "out"),
}
_ESSENTIALS = frozenset(options()["essentials"])
_TECH_KEYS = frozenset(options()["technology"])
_GROUP_LISTS = frozenset(options()["tech_group_lists"])


@dataclass(slots=True)
class Technology:
    """A technology with its inheritance worked out.

    Attributes
    ----------
    name : str
        Its key below ``techs``.
    base : str
        One of the base technologies.
    inheritance : list of str
        Parents, from the nearest to the base.
    essentials : Tree
        Name, colour, carriers and free extra keys, inherited key by key.
    carriers : dict
        Carriers of each tier.
    primary_in, primary_out : str
        Primary carriers; empty where there is none.
    settings : Tree
        Constraints, costs and the like that hold at every location.
    systemwide : Tree
        Constraints on the sum over all locations.
    allowed_constraints, allowed_costs : frozenset of str
        What it may define.
    required : list
        What it must define; of an inner list one entry is enough.
    """

    name: str
    base: str
    inheritance: list[str]
    essentials: Tree
    carriers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    primary_in: str = ""
    primary_out: str = ""
    settings: Tree = field(default_factory=Tree)
    systemwide: Tree = field(default_factory=Tree)
    allowed_constraints: frozenset[str] = frozenset()
    allowed_costs: frozenset[str] = frozenset()
    required: list[Any] = field(default_factory=list)
    mark: Mark | None = None


def read_technologies(tree: Tree, report: Report) -> dict[str, Technology]:
    """Work out every technology of a composed configuration.

    Parameters
    ----------
    tree : Tree
        With sections ``techs`` and ``tech_groups``.
    report : Report
        Receives faults; a technology with a broken parent is left out.

    Returns
    -------
    dict of str to Technology
        Those that exist, in the order in which they are written.
    """
    techs, groups = tree.section("techs"), tree.section("tech_groups")
    _check_groups(techs, groups, report)
    found: dict[str, Technology] = {}
    colours = 0
    for name, config in techs.items():
        path, mark = f"techs.{name}", techs.mark(name)
        if not isinstance(config, Tree):
            report.error("a technology must be a mapping", key=path, mark=mark, value=config)
            continue
        _check_name(name, path, mark, report)
        _check_keys(config, path, _TECH_KEYS, report)
        chain = _inheritance(name, config, techs, groups, report)
        if chain is None or config.get("exists") is False:
            continue
        tech = _build(name, config, chain, groups)
        tech.mark = mark
        if not _read_color(tech, report):
            tech.essentials["color"] = PALETTE[colours % len(PALETTE)]
            colours += 1
        _read_carriers(tech, config, report)
        found[name] = tech
    return found


def _read_color(tech: Technology, report: Report) -> bool:
    """Write a technology's colour as ``#rrggbb``; return whether it has one."""
    told = tech.essentials.get("color")
    if told is None or told == "":
        return False
    if _HEX.fullmatch(str(told)):
        return True
    color = css_hex(str(told))
    if color is None:
        report.harmless(
            "is no colour of CSS",
            key=f"techs.{tech.name}.essentials.color",
            mark=tech.essentials.mark("color") or tech.mark,
            value=told,
            suggestion="Write a name such as `red`, or `'#rrggbb'` in quotes",
        )
        return False
    tech.essentials["color"] = color
    return True


def _check_name(name: str, path: str, mark: Mark | None, report: Report) -> None:
    if ":" in name or "," in name or not name.strip():
        report.error("a technology's name may hold no colon or comma", key=path, mark=mark)


def _check_keys(config: Tree, path: str, known: frozenset[str], report: Report) -> None:
    for key in (k for k in config if k not in known):
        report.unknown(
            "unknown key of a technology",
            key,
            known,
            key=f"{path}.{key}",
            mark=config.mark(key),
            value=None if isinstance(config[key], Tree) else config[key],
        )
    for key in ("essentials", "constraints", "costs"):
        value = config.get(key)
        if value is not None and not isinstance(value, Tree):
            report.error(
                "must be a mapping", key=f"{path}.{key}", mark=config.mark(key), value=value
            )
    exists = config.get("exists")
    if exists is not None and not isinstance(exists, bool):
        report.error(
            "must be true or false", key=f"{path}.exists", mark=config.mark("exists"), value=exists
        )


def _check_groups(techs: Tree, groups: Tree, report: Report) -> None:
    for name, config in groups.items():
        path, mark = f"tech_groups.{name}", groups.mark(name)
        if not isinstance(config, Tree):
            report.error("a technology group must be a mapping", key=path, mark=mark, value=config)
            continue
        _check_keys(config, path, _TECH_KEYS | _GROUP_LISTS, report)
        if name in techs:
            report.error(
                "a technology and a technology group share this name",
                key=f"techs.{name}",
                mark=techs.mark(name),
            )
        if name not in BASES and not config.find("essentials.parent"):
            report.error("a technology group needs `essentials.parent`", key=path, mark=mark)


def _inheritance(
    name: str, config: Tree, techs: Tree, groups: Tree, report: Report
) -> list[str] | None:
    """Return the parents from the nearest to the base; None (and a recorded fault) if broken."""
    path = f"techs.{name}.essentials.parent"
    parent = config.find("essentials.parent")
    mark = config.locate("essentials.parent") or techs.mark(name)
    chain: list[str] = []
    while True:
        if not parent:
            report.error("a parent is missing", key=path, mark=mark)
            return None
        if not isinstance(parent, str) or parent not in groups:
            hint = did_you_mean(str(parent), groups)
            what = "a technology" if str(parent) in techs else "not known"
            report.error(
                f"the parent must be a technology group; this is {what}",
                key=path,
                mark=mark,
                value=parent,
                suggestion=hint,
            )
            return None
        if parent in chain:
            circle = " -> ".join((*chain, parent))
            report.error(f"inherits from itself: {circle}", key=path, mark=mark)
            return None
        chain.append(parent)
        group = groups[parent]
        path = f"tech_groups.{parent}.essentials.parent"
        upper = group.find("essentials.parent") if isinstance(group, Tree) else None
        if parent in BASES and not upper:
            return chain
        mark = (group.locate("essentials.parent") if isinstance(group, Tree) else None) or mark
        parent = upper


def _build(name: str, config: Tree, chain: list[str], groups: Tree) -> Technology:
    merged = Tree()
    for parent in reversed(chain):
        merged.merge(groups[parent])
    merged.merge(config)
    essentials = merged.section("essentials")
    constraints = merged.section("constraints")
    systemwide = Tree()
    for key in [k for k in constraints if k.endswith("_systemwide")]:
        systemwide.put(key, constraints.pop(key), constraints.mark(key))
    settings = Tree()
    for key in ("constraints", "costs", "exists"):
        if key in merged and merged[key] is not None:
            settings.put(key, merged[key], merged.mark(key))
    base = groups[chain[-1]]
    return Technology(
        name=name,
        base=chain[-1],
        inheritance=chain,
        essentials=essentials,
        settings=settings,
        systemwide=systemwide,
        allowed_constraints=_listed(merged, base, "allowed_constraints"),
        allowed_costs=_listed(merged, base, "allowed_costs"),
        required=list(merged.get("required_constraints") or []),
    )


def _listed(merged: Tree, base: Tree, key: str) -> frozenset[str]:
    """Return the names a list allows; a group's own list adds to that of its base."""
    names = [*(merged.get(key) or []), *(base.get(key) or [])]
    return frozenset(str(n) for n in names)


def _carrier_list(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(str(i) for i in items if i is not None))


def _read_carriers(tech: Technology, config: Tree, report: Report) -> None:
    essentials = tech.essentials
    path = f"techs.{tech.name}.essentials"
    mark = config.locate("essentials") or tech.mark
    for key in essentials:
        if key.startswith("carrier_") and key not in _ESSENTIALS:
            report.error(
                "no such carrier tier",
                key=f"{path}.{key}",
                mark=essentials.mark(key),
                suggestion="Tiers are carrier_in, _in_2, _in_3, carrier_out, _out_2 and _out_3",
            )
        elif key not in _ESSENTIALS and (hint := did_you_mean(key, _ESSENTIALS)):
            report.warn(
                "free key kept; it has no meaning of its own",
                key=f"{path}.{key}",
                mark=essentials.mark(key),
                suggestion=hint,
            )
    tiers = {t: _carrier_list(essentials.get(f"carrier_{t}")) for t in TIERS}
    shorthand = _carrier_list(essentials.get("carrier"))
    for side in _SIDES[tech.base]:
        if tiers[side]:
            continue
        if shorthand and not tech.base.startswith("conversion"):
            tiers[side] = shorthand
        else:
            either = "" if tech.base.startswith("conversion") else "`carrier` or "
            report.error(f"{either}`carrier_{side}` is missing", key=path, mark=mark)
    for tier, names in tiers.items():
        side = tier.partition("_")[0]
        if not names:
            continue
        if side not in _SIDES[tech.base]:
            tiers[tier] = ()
            if names != ("resource",):
                report.harmless(
                    f"a {tech.base} technology has no carrier on this side",
                    key=f"{path}.carrier_{tier}",
                    mark=essentials.mark(f"carrier_{tier}") or mark,
                    value=list(names),
                )
            continue
        if tech.base != "conversion_plus" and (tier != side or len(names) > 1):
            report.error(
                "only conversion_plus has further tiers or several carriers",
                key=f"{path}.carrier_{tier}",
                mark=essentials.mark(f"carrier_{tier}") or mark,
                value=list(names),
            )
        for name in names:
            _check_carrier(name, f"{path}.carrier_{tier}", mark, report)
    tech.carriers = {tier: names for tier, names in tiers.items() if names}
    if "in" in _SIDES[tech.base]:
        tech.primary_in = _primary(tech, "in", path, mark, report)
    if "out" in _SIDES[tech.base]:
        tech.primary_out = _primary(tech, "out", path, mark, report)


def _check_carrier(name: str, key: str, mark: Mark | None, report: Report) -> None:
    if name == "resource":
        report.error("no carrier may be called `resource`", key=key, mark=mark)
    elif ":" in name or not name.strip():
        report.error("a carrier's name may hold no colon", key=key, mark=mark, value=name)


def _primary(tech: Technology, side: str, path: str, mark: Mark | None, report: Report) -> str:
    key = f"primary_carrier_{side}"
    told = tech.essentials.get(key)
    names = list(
        dict.fromkeys(
            c
            for tier, tier_names in tech.carriers.items()
            if tier.startswith(side)
            for c in tier_names
        )
    )
    if tech.base != "conversion_plus" or not names:
        return names[0] if names else ""
    if told is None:
        if len(names) > 1:
            report.error(
                f"`{key}` is missing, and there are several carriers: {', '.join(names)}",
                key=path,
                mark=mark,
            )
        return names[0]
    if told not in names:
        report.error(
            f"is none of the technology's carriers: {', '.join(names)}",
            key=f"{path}.{key}",
            mark=tech.essentials.mark(key) or mark,
            value=told,
            suggestion=did_you_mean(str(told), names),
        )
    return str(told)
