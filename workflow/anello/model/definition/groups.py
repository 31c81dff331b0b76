"""Group constraints, reserve margins and the deprecated group shares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from anello.errors import did_you_mean
from anello.model.definition.node_values import as_number
from anello.model.definition.places import Places
from anello.model.definition.technologies import Technology
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import group_limit_names, group_share_names
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

_LARGEST_SHARE = 5.0
"""Above it a share is taken for a percentage; some may be above 1, where energy is exported."""


def read_groups(
    tree: Tree,
    techs: Mapping[str, Technology],
    places: Places,
    names: Mapping[str, list[str]],
    report: Report,
) -> dict[str, dict[str, Any]]:
    """Return the group constraints that exist, checked.

    Parameters
    ----------
    tree : Tree
        The composed configuration.
    techs, places
        What exists.
    names : mapping of str to list of str
        The ``carrier`` and ``cost`` names that there are.
    report : Report
        Receives faults.

    Returns
    -------
    dict
        By name: ``techs`` and ``locs`` (a list, or None for all) and each limit, a number or a
        mapping of carrier or cost class to number.
    """
    found: dict[str, dict[str, Any]] = {}
    section = tree.section("group_constraints")
    for name, group in section.items():
        path, mark = f"group_constraints.{name}", section.mark(name)
        if not isinstance(group, Tree):
            report.error("a group must be a mapping", key=path, mark=mark, value=group)
            continue
        if group.get("exists") is False:
            continue
        entry: dict[str, Any] = {
            "techs": _members(group, "techs", path, set(techs), set(tree.section("techs")), report),
            "locs": _members(
                group, "locs", path, set(places.locations), set(places.locations), report
            ),
        }
        for key, raw in group.items():
            if key in ("techs", "locs", "exists"):
                continue
            spot = group.mark(key) or mark
            limits = group_limit_names()
            if key not in limits:
                report.unknown(
                    "unknown group constraint", key, limits, key=f"{path}.{key}", mark=spot
                )
                continue
            value = _limit(raw, limits[key], names, f"{path}.{key}", spot, report)
            if value is not None and value != {}:
                entry[key] = value
                _tell_percent(key, value, f"{path}.{key}", spot, report)
        found[name] = entry
    _check_shares(tree, names, report)
    _check_margins(tree, names["carrier"], report)
    return found


def _members(
    group: Tree, key: str, path: str, present: set[str], defined: set[str], report: Report
) -> list[str] | None:
    told = group.get(key)
    mark = group.mark(key)
    if told is None:
        return None
    if isinstance(told, str):
        told = [told]
    if not isinstance(told, list):
        report.error("must be a list of names", key=f"{path}.{key}", mark=mark, value=told)
        return None
    members = [str(t) for t in told]
    for member in members:
        if member not in present and member not in defined:
            report.unknown(
                f"`{member}` is not defined", member, defined, key=f"{path}.{key}", mark=mark
            )
    kept = [m for m in members if m in present]
    if not kept:
        report.warn("none of these is in the model", key=f"{path}.{key}", mark=mark, value=told)
    return kept


def _limit(
    raw: Any,
    per: str | None,
    names: Mapping[str, list[str]],
    path: str,
    mark: Mark | None,
    report: Report,
) -> float | dict[str, float] | None:
    if raw is None:
        return None
    if per is None:
        return _number(raw, path, mark, report)
    if not isinstance(raw, Tree):
        what = "carrier" if per == "carrier" else "cost class"
        report.error(f"must be given per {what}", key=path, mark=mark, value=raw)
        return None
    found: dict[str, float] = {}
    for name, value in raw.items():
        spot = raw.mark(name) or mark
        if name not in names[per]:
            report.unknown(
                f"no technology has the {'carrier' if per == 'carrier' else 'cost class'} `{name}`",
                name,
                names[per],
                key=f"{path}.{name}",
                mark=spot,
            )
            continue
        if value is None:
            if path.endswith("_decision"):  # shares are decided, whatever they add up to
                found[name] = math.inf
            continue
        number = _number(value, f"{path}.{name}", spot, report)
        if number is not None:
            found[name] = number
    return found


def _tell_percent(
    key: str, value: float | dict[str, float], path: str, mark: Mark | None, report: Report
) -> None:
    """Warn of a share that looks like a percentage: as a largest one it would limit nothing."""
    for share in value.values() if isinstance(value, dict) else [value]:
        if "_share" in key and _LARGEST_SHARE < share < math.inf:
            report.warn(
                "a share of 1 is all of it",
                key=path,
                mark=mark,
                value=share,
                suggestion="Write 60 % as 0.6",
            )


def _number(raw: Any, path: str, mark: Mark | None, report: Report) -> float | None:
    number = None if isinstance(raw, bool) else as_number(raw)
    if number is None or number != number:
        report.error("must be a number", key=path, mark=mark, value=raw)
        return None
    return number


def _check_shares(tree: Tree, names: Mapping[str, list[str]], report: Report) -> None:
    shares = tree.section("model").get("group_share")
    if not isinstance(shares, Tree) or not shares:
        return
    report.warn(
        "is deprecated",
        key="model.group_share",
        mark=tree.section("model").mark("group_share"),
        suggestion="Use `group_constraints` with `energy_cap_share_*` or `carrier_prod_share_*`",
    )
    limits = group_share_names()
    for listed, group in shares.items():
        path, mark = f"model.group_share.{listed}", shares.mark(listed)
        for name in (n.strip() for n in listed.split(",")):
            if name not in tree.section("techs"):
                report.unknown(
                    f"technology `{name}` is not defined",
                    name,
                    tree.section("techs"),
                    key=path,
                    mark=mark,
                )
        if not isinstance(group, Tree):
            report.error("must be a mapping", key=path, mark=mark, value=group)
            continue
        for key, raw in group.items():
            spot = group.mark(key) or mark
            if key not in limits:
                report.unknown("unknown limit", key, limits, key=f"{path}.{key}", mark=spot)
            else:
                _limit(raw, limits[key], names, f"{path}.{key}", spot, report)


def _check_margins(tree: Tree, carriers: list[str], report: Report) -> None:
    margins = tree.section("model").section("reserve_margin")
    for carrier, raw in margins.items():
        key, mark = f"model.reserve_margin.{carrier}", margins.mark(carrier)
        if carrier not in carriers:
            report.error(
                "no technology has this carrier",
                key=key,
                mark=mark,
                suggestion=did_you_mean(carrier, carriers),
            )
        elif raw is not None:
            _number(raw, key, mark, report)
