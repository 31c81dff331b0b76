"""The table of technology parameters and options, read once from the package's YAML files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.schema.yaml_reader import parse_yaml

Kind = Literal["number", "flag", "text", "ratios"]

BASES = (
    "supply",
    "supply_plus",
    "demand",
    "storage",
    "transmission",
    "conversion",
    "conversion_plus",
)
"""The base technologies every technology descends from."""

TIERS = ("in", "in_2", "in_3", "out", "out_2", "out_3")
"""Carrier tiers of a technology."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is known about one technology parameter or cost.

    Parameters
    ----------
    name : str
        As written in a model folder.
    long_name, unit, description : str
        For people. Money is free of a unit, hence ``cost/kW`` and the like.
    default : float, str or None
        Used where a model gives no value; None where there is none.
    bases : frozenset of str
        Base technologies that may carry it.
    kind : {"number", "flag", "text", "ratios"}
        What its values are.
    series : bool
        Whether a time series is understood.
    low, high : float
        Least and greatest sensible value.
    usual : mapping of str to tuple of float
        Between what values most lie, by base technology, or ``all``.
    aggregate : {"mean", "sum", "any"}
        What happens to a series when steps are joined.
    choices : tuple of str
        Allowed texts, if limited.
    systemwide, extension, ignored : bool
        Belongs to the technology and not to a location; not known to Calliope 0.6; has no effect.
    deprecated_by : str or None
        The name to use instead.
    """

    name: str
    long_name: str
    unit: str
    description: str
    default: float | str | None
    bases: frozenset[str]
    kind: Kind = "number"
    series: bool = False
    low: float = -math.inf
    high: float = math.inf
    usual: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    aggregate: Literal["mean", "sum", "any"] = "mean"
    choices: tuple[str, ...] = ()
    systemwide: bool = False
    extension: bool = False
    ignored: bool = False
    deprecated_by: str | None = None

    @property
    def default_number(self) -> float:
        """The default as a number; NaN where there is none."""
        if self.default is None or isinstance(self.default, str):
            return math.nan
        return float(self.default)


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    low, high = entry.get("range", [None, None])
    return Parameter(
        name=name,
        long_name=entry["long_name"],
        unit=entry["unit"],
        description=entry["description"].strip(),
        default=entry["default"],
        bases=frozenset(entry["bases"]),
        kind=entry.get("kind", "number"),
        series=entry.get("series", False),
        low=-math.inf if low is None else float(low),
        high=math.inf if high is None else float(high),
        usual={base: (float(a), float(b)) for base, (a, b) in entry.get("usual", {}).items()},
        aggregate=entry.get("aggregate", "mean"),
        choices=tuple(entry.get("choices", ())),
        systemwide=entry.get("systemwide", False),
        extension=entry.get("extension", False),
        ignored=entry.get("ignored", False),
        deprecated_by=entry.get("deprecated_by"),
    )


@cache
def _table(name: str) -> Tree:
    text = files("anello.model.schema").joinpath(name).read_text(encoding="utf-8")
    return parse_yaml(text, name, Report())


@cache
def constraint_parameters() -> dict[str, Parameter]:
    """Return the parameters written below ``constraints``, by name."""
    return {k: _parameter(k, v) for k, v in _table("parameters.yaml")["constraints"].items()}


@cache
def cost_parameters() -> dict[str, Parameter]:
    """Return the parameters written below ``costs.<class>``, by name."""
    return {k: _parameter(k, v) for k, v in _table("parameters.yaml")["costs"].items()}


def parameter(variable: str) -> Parameter | None:
    """Return the parameter behind a model data variable, such as ``cost_om_prod``, or None."""
    if variable.startswith("cost_"):
        return cost_parameters().get(variable.removeprefix("cost_"))
    if variable.startswith("tech_"):
        return constraint_parameters().get(variable.removeprefix("tech_"))
    return constraint_parameters().get(variable)


def options() -> Tree:
    """Return a copy of the table of options outside the technologies."""
    return _table("options.yaml").copy()


@cache
def base_tech_groups() -> Tree:
    """Return the base technologies as the ``tech_groups`` a user may add to."""
    groups = Tree()
    for base, entry in _table("parameters.yaml")["bases"].items():
        group = Tree()
        group["required_constraints"] = list(entry["required"])
        group["allowed_constraints"] = [
            p.name for p in constraint_parameters().values() if base in p.bases
        ]
        group["allowed_costs"] = [p.name for p in cost_parameters().values() if base in p.bases]
        group["constraints"] = entry["constraints"]
        groups[base] = group
    return groups


def group_limit_names() -> dict[str, str | None]:
    """Return every kind of group limit, such as ``carrier_prod_max``, and what it is given per."""
    return _limits("group_constraints", "per")


def group_limit_bases() -> dict[str, tuple[str, ...]]:
    """Return the base technologies that each kind of group limit counts."""
    return {key: tuple(bases) for key, bases in _limits("group_constraints", "counts").items()}


def group_share_names() -> dict[str, str | None]:
    """Return every kind of limit of the deprecated ``model.group_share``."""
    return _limits("group_share", "per")


def group_share_bases() -> dict[str, tuple[str, ...]]:
    """Return the base technologies that each kind of limit of ``model.group_share`` counts."""
    return {key: tuple(bases) for key, bases in _limits("group_share", "counts").items()}


def _limits(section: str, column: str) -> dict[str, Any]:
    return {
        f"{kind}_{limit}": entry[column]
        for kind, entry in _table("options.yaml")[section].items()
        for limit in entry["limits"]
    }
