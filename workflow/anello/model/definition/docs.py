"""Tables of parameters and options for the documentation, from the files that define them.

``python -m anello.model.definition.docs docs/reference/model-format.md`` renews a page's tables.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anello.base.files import write_text
from anello.model.schema.parameters import (
    BASES,
    Parameter,
    constraint_parameters,
    cost_parameters,
    group_limit_bases,
    group_limit_names,
    options,
)

_SHORT = {
    "supply": "s",
    "supply_plus": "s+",
    "demand": "d",
    "storage": "st",
    "transmission": "t",
    "conversion": "c",
    "conversion_plus": "c+",
}


def constraints_table() -> str:
    """Return a Markdown table of the parameters below ``constraints``."""
    return _parameters(constraint_parameters().values())


def costs_table() -> str:
    """Return a Markdown table of the parameters below ``costs.<class>``."""
    return _parameters(cost_parameters().values())


def run_table() -> str:
    """Return a Markdown table of the options below ``run`` with their defaults."""
    return _options("run")


def model_table() -> str:
    """Return a Markdown table of the options below ``model`` with their defaults."""
    return _options("model")


def joining_table() -> str:
    """Return a Markdown table of what happens to time series when steps are joined."""
    words = {
        "sum": "sum",
        "mean": "mean",
        "any": "set if it is set in one of the steps",
    }
    names: dict[str, list[str]] = {rule: [] for rule in words}
    for p in constraint_parameters().values():
        if p.series:
            names[p.aggregate].append(f"`{p.name}`")
    for p in cost_parameters().values():
        if p.series:
            names[p.aggregate].append(f"costs `{p.name}`")
    rows = ([words[rule], ", ".join(found)] for rule, found in names.items())
    return _table(["joined to their", "parameters"], rows)


def groups_table() -> str:
    """Return a Markdown table of the kinds of group constraints."""
    counted = group_limit_bases()
    rows = (
        [
            f"`{name}`",
            {"carrier": "carrier", "cost": "cost class"}.get(per or "", ""),
            ", ".join(_SHORT[b] for b in BASES if b in counted[name]),
        ]
        for name, per in group_limit_names().items()
    )
    return _table(["limit", "given per", "counts"], rows)


TABLES = {
    "constraints": constraints_table,
    "costs": costs_table,
    "run": run_table,
    "model": model_table,
    "groups": groups_table,
    "joining": joining_table,
}


def renewed(page: str) -> str:
    """Return a page with the content between its ``<!-- table: name -->`` marks made anew."""
    for name, make in TABLES.items():
        start, end = f"<!-- table: {name} -->\n", "<!-- end of table -->"
        head, found, rest = page.partition(start)
        if found:
            page = head + start + "\n" + make() + "\n" + end + rest.partition(end)[2]
    return page


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _parameters(entries: Iterable[Parameter]) -> str:
    rows = []
    for p in entries:
        marks = " ᵀ" * p.series + " (anello)" * p.extension + " (all locations)" * p.systemwide
        bases = ", ".join(_SHORT[b] for b in BASES if b in p.bases)
        unit = p.unit.replace("|", "or")
        rows.append([f"`{p.name}`{marks}", unit, _shown(p.default), bases, p.description])
    return _table(["parameter", "unit", "default", "for", "meaning"], rows)


def _options(section: str) -> str:
    rows = [
        [f"`{path}`", _shown(value.plain() if hasattr(value, "plain") else value)]
        for path, value, _ in options()[section].leaves()
    ]
    return _table(["option", "default"], rows)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    if isinstance(value, list):
        return ", ".join(f"`{v}`" for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_text(name, renewed(Path(name).read_text(encoding="utf-8")))
