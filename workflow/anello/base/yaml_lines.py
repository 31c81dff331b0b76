"""Where a key stands in YAML files, and which keys one of them has twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from anello.errors import Problem

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where there is one, which takes a tenth of the time."""


def locate(files: Sequence[str | Path], loc: Sequence[str | int]) -> tuple[str | None, int | None]:
    """Find a key in configuration files.

    Parameters
    ----------
    files : sequence of path-like
        Searched from the last one, which overrides the others.
    loc : sequence of str or int
        The keys, from the top; positions in lists as integers.

    Returns
    -------
    tuple of (str or None, int or None)
        File and line (from 1) of the key, or of the deepest of its parents that a file has. Both
        are None when no file has any part of it: it came from the command line, or is missing.
    """
    return deepest(files, loc)[1:]


def deepest(
    files: Sequence[str | Path], loc: Sequence[str | int]
) -> tuple[int, str | None, int | None]:
    """Return how many of the keys a file has, and where the last of them stands."""
    best: tuple[int, str | None, int | None] = (0, None, None)
    for file in reversed(files):
        try:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=LOADER)
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            continue  # Snakemake has read this file, or has complained about it already
        depth, line = _descend(root, loc)
        if depth > best[0]:
            best = (depth, str(file), line)
    return best


def _descend(node: yaml.Node | None, loc: Sequence[str | int]) -> tuple[int, int | None]:
    line: int | None = None
    for depth, part in enumerate(loc):
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if getattr(key, "value", None) == str(part):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and str(part).isdecimal():
            position = int(part)
            if position < len(node.value):
                found = node.value[position]
                line = found.start_mark.line + 1
        if found is None:
            return depth, line
        node = found
    return len(loc), line


def repeated_keys(root: yaml.Node | None, source: str) -> list[Problem]:
    """Return the keys that a mapping has twice, of which YAML keeps the last without a word.

    Parameters
    ----------
    root : yaml.Node or None
        The document as it is composed, before anything is constructed from it.
    source : str
        Name to show, usually the path.
    """
    seen: set[int] = set()
    return [
        Problem(
            f"is given twice, first in line {first}: only the last would count",
            source,
            line,
            ".".join(path),
            suggestion="Give one of them another name, or put both together",
        )
        for path, first, line in _repeated(root, (), seen)
    ]


def repeated_in(files: Sequence[str | Path]) -> list[Problem]:
    """Return the repeated keys of all files that can be read, see `repeated_keys`."""
    found = []
    for file in dict.fromkeys(files):
        try:
            text = Path(file).read_text(encoding="utf-8")
            found += repeated_keys(yaml.compose(text, Loader=LOADER), str(file))
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            continue  # whoever has read this file has complained about it already
    return found


def _repeated(
    node: yaml.Node | None, path: tuple[str, ...], done: set[int]
) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield the path of each key that comes again, and both lines; of an alias once."""
    if id(node) in done:
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen and name != "<<":
                yield (*path, name), seen[name], line
            seen.setdefault(name, line)
            yield from _repeated(value, (*path, name), done)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _repeated(item, (*path, str(position)), done)
