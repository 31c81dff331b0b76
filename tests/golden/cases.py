"""The golden cases: which exist, what each sets, and variants with one setting taken away.

A golden model is one YAML file in ``models/``; a case is that file alone or with one of its
overrides. A *variant* of a case is the same model with one setting removed or changed by a tenth.
A setting whose variants all leave the optimum where it was is not tested by the case: the
coverage test asks that every parameter, cost and group constraint moves at least one optimum.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "models"
LIBRARIES = {"common", "district", "twelve_days"}  # imported by the others, no cases themselves
SECTIONS = ("model", "run", "techs", "tech_groups", "locations", "links", "group_constraints")
LEFT_ALONE = {
    "name",
    "solver",
    "timeseries_data_path",
    "essentials",
    "exists",
    "coordinates",
    "subset_time",
    "locs",
    "time",  # what each option does is a case of its own
    "random_seed",
}

Tree = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One golden case."""

    model: str
    override: str | None = None

    @property
    def name(self) -> str:
        """Name used in the records: ``model`` or ``model-override``."""
        return self.model if self.override is None else f"{self.model}-{self.override}"

    @property
    def path(self) -> Path:
        """The YAML file."""
        return FOLDER / f"{self.model}.yaml"


@dataclass(frozen=True)
class Variant:
    """A case with one setting removed or changed."""

    case: Case
    key: tuple[str, ...]
    change: str  # "removed" or "changed"

    @property
    def name(self) -> str:
        """Name used in the records."""
        return f"{self.case.name}:{'.'.join(self.key)}:{self.change}"


def load(path: Path) -> Tree:
    """Return a YAML file with its dotted keys opened into nested mappings."""
    return copy.deepcopy(_opened(path))


@cache
def _opened(path: Path) -> Tree:
    """Read a file once: every variant of every case begins with it."""

    def opened(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        out: Tree = {}
        for key, value in node.items():
            parts = [key] if "," in str(key) else str(key).split(".")
            place = out
            for part in parts[:-1]:
                place = place.setdefault(part, {})
            value = opened(value)
            if isinstance(value, dict) and isinstance(place.get(parts[-1]), dict):
                place[parts[-1]].update(value)
            else:
                place[parts[-1]] = value
        return out

    return opened(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))


@cache
def cases() -> list[Case]:
    """Return all cases, in the order of the file names."""
    out = []
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem in LIBRARIES:
            continue
        out.append(Case(path.stem))
        out += [Case(path.stem, name) for name in load(path).get("overrides", {})]
    return out


def leaves(node: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (path, value) of every setting below ``node`` that a variant may take away."""
    for key, value in node.items():
        if key in LEFT_ALONE:
            continue
        if isinstance(value, dict):
            yield from leaves(value, (*above, key))
        elif value is not None:
            yield (*above, key), value


def settings(case: Case) -> list[tuple[tuple[str, ...], Any]]:
    """Return the settings a case makes itself: its file's, or its override's."""
    tree = load(case.path)
    top = tree["overrides"][case.override] if case.override else tree
    found = []
    for section in SECTIONS:
        if isinstance(top.get(section), dict):
            found += list(leaves(top[section], (section,)))
    return found


def changed(value: Any) -> Any:
    """Return a value a tenth smaller, a boolean turned round, or None when neither makes sense."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)) and value not in (0, float("inf")):
        return value * 0.9
    return None


def variants(case: Case) -> list[Variant]:
    """Return the variants of a case."""
    out = []
    for key, value in settings(case):
        out.append(Variant(case, key, "removed"))
        if changed(value) is not None:
            out.append(Variant(case, key, "changed"))
    return out


def apply(variant: Variant) -> Tree:
    """Return the model file's tree with the variant's change made."""
    tree = copy.deepcopy(load(variant.case.path))
    node = tree["overrides"][variant.case.override] if variant.case.override else tree
    for part in variant.key[:-1]:
        node = node[part]
    if variant.change == "removed":
        del node[variant.key[-1]]
    else:
        node[variant.key[-1]] = changed(node[variant.key[-1]])
    return tree


def write(tree: Tree, path: Path) -> Path:
    """Write a tree as a model file elsewhere, with copies of what it imports and of the series."""
    series = path.parent / "timeseries"
    if not series.exists():
        shutil.copytree(FOLDER / "timeseries", series)
        for name in LIBRARIES:
            shutil.copy(FOLDER / f"{name}.yaml", path.parent)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path
