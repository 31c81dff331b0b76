"""A model's settings as YAML, with a comment where each key was written."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from anello.api.attrdict import flow_yaml

if TYPE_CHECKING:
    from anello.model.schema.tree import Tree


# The same keys and words stand there hundreds of times.
_short = lru_cache(maxsize=4096, typed=True)(flow_yaml)


def commented(tree: Tree) -> str:
    """YAML text of a configuration, with the origin of each value that was not a default."""
    lines = ["# The configuration as it was used. Values without a comment are defaults."]
    _write_tree(tree, 0, lines)
    return "\n".join(lines) + "\n"


def _write_tree(tree: Tree, depth: int, lines: list[str]) -> None:
    from anello.model.schema.tree import Tree

    indent = "  " * depth
    for key, value in tree.items():
        label = _short(key)
        if isinstance(value, Tree) and value:
            lines.append(f"{indent}{label}:")
            _write_tree(value, depth + 1, lines)
            continue
        mark = tree.mark(key)
        origin = "" if mark is None else f"  # {mark.file}" + (f":{mark.line}" if mark.line else "")
        if hasattr(value, "columns"):  # a table given as `timeseries_data`
            lines.append(f"{indent}{label}: null  # a table in memory{origin.replace('  #', ',')}")
            continue
        text = _short(value) if isinstance(value, str) else flow_yaml(value)
        lines.append(f"{indent}{label}: {text}{origin}")
