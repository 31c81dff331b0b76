"""Values of an override that stand behind a nearer one, and so change nothing there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from anello.model.schema.report import Report
from anello.model.schema.tree import WIPE, Tree

_BELOW = ("constraints", "costs")
_NAMED = 3
"""How many places a message names."""


def check_shadowed(
    whole: Tree, override: Tree, meant: Sequence[Tree], report: Report, what: str
) -> None:
    """Warn of what an override gives a technology that some of its places give themselves.

    Parameters
    ----------
    whole : Tree
        The configuration with all overrides applied.
    override : Tree
        The override, whose values for ``techs`` and ``tech_groups`` are looked at.
    meant : sequence of Tree
        Overrides whose nearer values are meant to stand; the override itself among them.
    report : Report
        Receives a warning for each key.
    what : str
        What to call the override.
    """
    for section in ("techs", "tech_groups"):
        for name, settings in override.section(section).items():
            if not isinstance(settings, Tree):
                continue
            nearer = list(_nearer(whole, section, name))
            for path, value, mark in settings.leaves():
                if path.partition(".")[0] not in _BELOW or WIPE in path.split("."):
                    continue
                behind = [
                    place
                    for place, own in nearer
                    if _is_set(own, path, value)
                    and not any(_stands_in(tree, place, path) for tree in meant)
                ]
                if not behind:
                    continue
                more = f" and {len(behind) - _NAMED} more" if len(behind) > _NAMED else ""
                listed = ", ".join(_told(whole, place, path) for place in behind[:_NAMED])
                report.warn(
                    f"{what} has no effect where the same is given nearer by: {listed}{more}",
                    key=f"{section}.{name}.{path}",
                    mark=mark,
                    value=value,
                    suggestion=f"Give the value there too: `{'.'.join((*behind[0], path))}`",
                )


def _nearer(whole: Tree, section: str, name: str) -> Iterator[tuple[tuple[str, ...], Tree]]:
    """Yield the places whose own values stand before those of a technology or of a group."""
    techs = {name} if section == "techs" else set(_members(whole, name))
    if section == "tech_groups":
        for group in whole.section("tech_groups"):
            if group != name and name in _parents(whole, "tech_groups", group):
                yield ("tech_groups", group), whole.section("tech_groups")[group]
        for tech in techs:
            yield ("techs", tech), whole.section("techs")[tech]
    for kind in ("locations", "links"):
        for place, entry in whole.section(kind).items():
            own = entry.section("techs") if isinstance(entry, Tree) else Tree()
            for tech in (tech for tech in own if tech in techs):
                yield (kind, place, "techs", tech), own[tech]


def _members(whole: Tree, group: str) -> Iterator[str]:
    for tech in whole.section("techs"):
        if group in _parents(whole, "techs", tech):
            yield tech


def _parents(whole: Tree, section: str, name: str) -> list[str]:
    """Return the groups that a technology or group descends from, the nearest first."""
    found: list[str] = []
    entry: Any = whole.section(section).get(name)
    while isinstance(entry, Tree):
        parent = entry.find("essentials.parent")
        if not isinstance(parent, str) or parent in found:
            break
        found.append(parent)
        entry = whole.section("tech_groups").get(parent)
    return found


def _is_set(own: Any, path: str, value: Any) -> bool:
    """Whether a place has a value of its own that differs from an override's."""
    if not isinstance(own, Tree):
        return False
    found = own.find(path)
    return found is not None and not isinstance(found, Tree) and found != value


def _stands_in(tree: Tree, place: tuple[str, ...], path: str) -> bool:
    for part in place:
        found = tree.get(part)
        if not isinstance(found, Tree):
            return False
        tree = found
    return tree.find(path, WIPE) is not WIPE


def _told(whole: Tree, place: tuple[str, ...], path: str) -> str:
    here = whole
    for part in place:
        here = here[part]
    mark = here.locate(path)
    where = f" ({mark.file}:{mark.line})" if mark and mark.line else ""
    return f"`{'.'.join((*place, path))}`{where}"
