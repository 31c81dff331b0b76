"""Nested mappings that know where each of their keys was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from anello.errors import InputError
from anello.model.schema.mark import Mark
from anello.model.schema.report import Report

MAX_DEPTH = 60
"""Deepest nesting of keys that is read."""

WIPE = "_REPLACE_"
"""Key with which an override replaces a mapping instead of adding to it."""


class Tree(dict[str, Any]):
    """A nested configuration with text keys, dotted look-up and the origin of each key.

    ``tree.insert("a.b", 1)`` and ``{"a": {"b": 1}}`` mean the same.
    """

    __slots__ = ("marks",)

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, Mark] = {}

    @classmethod
    def from_mapping(cls, mapping: Mapping[Any, Any], source: str, report: Report) -> Tree:
        """Copy any nested mapping, nesting its dotted keys.

        Parameters
        ----------
        mapping : Mapping
            A dictionary or any like it, such as Calliope's ``AttrDict``.
        source : str
            Name to show in messages instead of a file.
        report : Report
            Receives faults.
        """
        tree = cls._copied(mapping, Mark(source), report, 0)
        assert isinstance(tree, Tree)
        return tree

    @classmethod
    def _copied(cls, value: Any, mark: Mark, report: Report, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise InputError(f"{mark.file}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            tree = cls()
            for key, item in value.items():
                if isinstance(key, bool) or not isinstance(key, (str, int)):
                    report.error(
                        "a key must be text or a whole number", key=str(key), mark=mark, value=key
                    )
                    continue
                tree.insert(str(key), cls._copied(item, mark, report, depth + 1), mark, report)
            return tree
        if isinstance(value, (list, tuple)):
            return [cls._copied(item, mark, report, depth + 1) for item in value]
        return value.item() if type(value).__module__ == "numpy" and value.ndim == 0 else value

    def put(self, key: str, value: Any, mark: Mark | None) -> None:
        """Set one key of this level as it stands, dots included."""
        self[key] = value
        if mark is not None:
            self.marks[key] = mark

    def insert(self, key: str, value: Any, mark: Mark, report: Report) -> None:
        """Set a key, nested where it has dots, adding to what is there already."""
        head, dot, rest = key.partition(".")
        if not head or (dot and not rest):
            report.error("a part of the key is empty", key=key, mark=mark)
            return
        if rest:
            if key.count(".") > MAX_DEPTH:
                raise InputError(f"{mark.file}:{mark.line}: nested deeper than {MAX_DEPTH} levels")
            inner = Tree()
            inner.insert(rest, value, mark, report)
            value = inner
        if head not in self:
            self.put(head, value, mark)
        elif isinstance(value, Tree) and isinstance(self[head], Tree):
            for name, item in value.items():
                self[head].insert(name, item, value.mark(name) or mark, report)
        elif self[head] is None:
            self.put(head, value, mark)
        elif value is not None:
            report.error("given twice in one mapping, plainly and with dots", key=key, mark=mark)

    def mark(self, key: str) -> Mark | None:
        """Return where a key of this level was written, if known."""
        return self.marks.get(key)

    def find(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path, or `default` where there is none."""
        here: Any = self
        for part in path.split("."):
            if not isinstance(here, Tree) or part not in here:
                return default
            here = here[part]
        return here

    def section(self, path: str) -> Tree:
        """Return the mapping at a dotted path; an empty one where there is none."""
        found = self.find(path)
        return found if isinstance(found, Tree) else Tree()

    def locate(self, path: str) -> Mark | None:
        """Return where a dotted path, or the nearest mapping above it, was written."""
        here: Any = self
        best: Mark | None = None
        for part in path.split("."):
            if not isinstance(here, Tree) or part not in here:
                break
            best = here.mark(part) or best
            here = here[part]
        return best

    def leaves(self, prefix: str = "") -> Iterator[tuple[str, Any, Mark | None]]:
        """Yield every dotted path with its value and origin; an empty mapping counts as a value."""
        for key, value in self.items():
            if isinstance(value, Tree) and value:
                yield from value.leaves(f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value, self.mark(key)

    def copy(self) -> Tree:
        """Return a copy that shares no mapping with this one."""
        twin = Tree()
        twin.marks.update(self.marks)
        for key, value in self.items():
            twin[key] = value.copy() if isinstance(value, (Tree, list)) else value
        return twin

    def unmarked(self) -> Tree:
        """Return a copy that forgets where its keys were written."""
        twin = Tree()
        for key, value in self.items():
            twin[key] = value.unmarked() if isinstance(value, Tree) else value
        return twin

    def plain(self) -> dict[str, Any]:
        """Return the content as ordinary dictionaries and lists."""
        return {key: _plain(value) for key, value in self.items()}

    def merge(
        self,
        other: Tree,
        *,
        replace: bool = False,
        on_conflict: Callable[[str, Mark | None, Mark | None], bool] | None = None,
        report: Report | None = None,
        prefix: str = "",
    ) -> None:
        """Add another tree to this one; the other's values win.

        Mappings are merged, lists and scalars replaced. A null does not erase a mapping.

        Parameters
        ----------
        other : Tree
            What to add; left unchanged.
        replace : bool
            Whether a ``_REPLACE_`` key empties the mapping it stands in first.
        on_conflict : callable, optional
            Called with the dotted path and both origins when a value would be given a second time;
            returns whether the other's value is taken.
        report : Report, optional
            Receives an error when a mapping meets a value that is none.
        prefix : str
            Dotted path of this tree, for messages.
        """
        for key, value in other.items():
            if key == WIPE and replace:
                continue
            path = f"{prefix}{key}"
            theirs = other.mark(key)
            mine = self.get(key)
            if isinstance(value, Tree) and replace and WIPE in value:
                self.put(key, _replacement(value, report), theirs)
            elif isinstance(value, Tree):
                if isinstance(mine, Tree):
                    if theirs is not None:
                        self.marks.setdefault(key, theirs)
                    mine.merge(
                        value,
                        replace=replace,
                        on_conflict=on_conflict,
                        report=report,
                        prefix=f"{path}.",
                    )
                elif mine is None:
                    inner = Tree()
                    inner.merge(value, replace=replace, report=report, prefix=f"{path}.")
                    self.put(key, inner, theirs)
                elif value and report is not None:
                    report.error(
                        "holds keys here, but is a plain value where it was first given",
                        key=path,
                        mark=theirs,
                        value=mine,
                    )
            elif value is None and isinstance(mine, Tree):
                continue
            elif (
                key not in self
                or isinstance(mine, Tree)
                or on_conflict is None
                or on_conflict(path, self.mark(key), theirs)
            ):
                self.put(key, value.copy() if isinstance(value, list) else value, theirs)


def clash_error(
    report: Report, message: str, prefix: str = ""
) -> Callable[[str, Mark | None, Mark | None], bool]:
    """Return a conflict handler for `Tree.merge` that records an error for each conflict.

    Parameters
    ----------
    report : Report
        Receives the errors.
    message : str
        What is wrong; where the first value stands is added.
    prefix : str
        Put in front of the dotted path.
    """

    def handle(path: str, first: Mark | None, second: Mark | None) -> bool:
        before = f" (first at {first.file}:{first.line})" if first else ""
        report.error(f"{message}{before}", key=f"{prefix}{path}", mark=second)
        return True

    return handle


def _replacement(value: Tree, report: Report | None) -> Any:
    """Return what a mapping with a ``_REPLACE_`` key puts in place of the old content."""
    wiped = value[WIPE]
    siblings = Tree()
    siblings.merge(value, replace=True, report=report)
    if isinstance(wiped, Tree):
        content = wiped.copy()
        content.merge(siblings, replace=True, report=report)
        return content
    return siblings if siblings or wiped is None else wiped


def _plain(value: Any) -> Any:
    if isinstance(value, Tree):
        return value.plain()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
