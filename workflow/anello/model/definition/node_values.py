"""The constraints and costs of each node, as checked numbers or references to series."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from anello.base import number_words
from anello.errors import did_you_mean
from anello.model.definition.places import Node
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import TIERS, Parameter, constraint_parameters, cost_parameters
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.timeseries import Reference, parse_reference

Value = float | Reference

_CUSTOM = "_time_varying"
_FIXED_COST = ("_area", "_cap", "purchase")


@dataclass(slots=True)
class NodeValues:
    """What one node defines.

    Attributes
    ----------
    node : Node
        Whose it is.
    numbers : dict of str to float or Reference
        Constraints; flags as 1.0 and 0.0.
    texts : dict of str to str
        Constraints that are text.
    ratios : dict of (tier, carrier) to float or Reference
        Carrier ratios.
    costs : dict of (class, name) to float or Reference
        Costs, the computed depreciation rate among them.
    factors : dict of str to float
        By what a series is multiplied after reading (efficiency over a distance).
    """

    node: Node
    numbers: dict[str, Value] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    ratios: dict[tuple[str, str], Value] = field(default_factory=dict)
    costs: dict[tuple[str, str], Value] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)

    def references(self) -> Iterator[tuple[str, Reference]]:
        """Yield every series the node needs, with the dotted key that asks for it."""
        path = self.node.path
        for name, value in self.numbers.items():
            if isinstance(value, Reference):
                yield f"{path}.constraints.{name}", value
        for (tier, carrier), value in self.ratios.items():
            if isinstance(value, Reference):
                key = f"{path}.constraints.carrier_ratios.carrier_{tier}.{carrier}"
                yield key, value
        for (cost_class, name), value in self.costs.items():
            if isinstance(value, Reference):
                yield f"{path}.costs.{cost_class}.{name}", value


class ValueReader:
    """Reads nodes' settings.

    Parameters
    ----------
    file_allowed : frozenset of str
        Parameters that may be series.
    report : Report
        Receives faults.
    """

    def __init__(self, file_allowed: frozenset[str], report: Report) -> None:
        self.file_allowed = file_allowed
        self.report = report
        self.constraint_table = constraint_parameters()
        self.cost_table = cost_parameters()

    def read(self, node: Node) -> NodeValues:
        """Return what a node defines."""
        values = NodeValues(node)
        constraints = node.settings.section("constraints")
        for name, raw in constraints.items():
            mark = constraints.mark(name) or node.mark
            self._constraint(values, name, raw, mark)
        for required in node.tech.required:
            choices = required if isinstance(required, list) else [required]
            if not any(constraints.get(c) is not None for c in choices):
                self.report.error(
                    f"must define {' or '.join(f'`{c}`' for c in choices)}",
                    key=f"{node.path}.constraints",
                    mark=node.mark,
                )
        self._check_units(values)
        self._costs(values)
        self._fold_distance(values)
        self._depreciation(values)
        return values

    def _constraint(self, values: NodeValues, name: str, raw: Any, mark: Mark | None) -> None:
        node = values.node
        path = f"{node.path}.constraints.{name}"
        entry = self.constraint_table.get(name)
        if name not in node.tech.allowed_constraints and _CUSTOM not in name:
            if entry is not None:
                self.report.error(
                    f"a {node.tech.base} technology may not define this", key=path, mark=mark
                )
            else:
                self.report.unknown(
                    "unknown constraint",
                    name,
                    node.tech.allowed_constraints,
                    key=path,
                    mark=mark,
                )
            return
        if entry is not None and entry.ignored:
            self.report.warn("has no effect", key=path, mark=mark)
            return
        if entry is not None and entry.deprecated_by and raw is not None:
            self.report.warn(
                "is deprecated", key=path, mark=mark, suggestion=f"Use `{entry.deprecated_by}`"
            )
        if raw is None:
            return
        kind = entry.kind if entry is not None else "number"
        if kind == "ratios":
            self._ratios(values, raw, path, mark)
        elif kind == "text":
            self._text(values, name, raw, entry, path, mark)
        else:
            value = self.number(raw, name, entry, path, mark, node)
            if value is not None:
                values.numbers[name] = value

    def number(
        self,
        raw: Any,
        name: str,
        entry: Parameter | None,
        path: str,
        mark: Mark | None,
        node: Node,
    ) -> Value | None:
        """Return a number or a reference to a series; None after recording why it is neither."""
        reference = parse_reference(raw, "" if node.remote else node.location)
        if reference is not None:
            return self._reference(reference, name, entry, path, mark)
        flag = entry is not None and entry.kind == "flag"
        if flag and not isinstance(raw, bool) and raw not in (0, 1):
            self.report.error("must be true or false", key=path, mark=mark, value=raw)
            return None
        number = as_number(raw)
        if number is None:
            self.report.error(
                "must be a number",
                key=path,
                mark=mark,
                value=_shown(raw),
                suggestion=number_words.as_number(raw),
            )
            return None
        if isinstance(raw, str) and raw.strip().lstrip("+-").lower() != "inf":
            self.report.harmless("a number in quotes is text", key=path, mark=mark, value=raw)
        if isinstance(raw, bool) and not flag and entry is not None:
            self.report.error("must be a number", key=path, mark=mark, value=raw)
            return None
        if math.isnan(number):
            self.report.error("is not a number", key=path, mark=mark, value=raw)
            return None
        if entry is not None and not entry.low <= number <= entry.high:
            self.report.error(_range_text(entry), key=path, mark=mark, value=raw)
            return None
        self._tell_unusual(number, entry, path, mark, node)
        return number

    def _tell_unusual(
        self, number: float, entry: Parameter | None, path: str, mark: Mark | None, node: Node
    ) -> None:
        base = node.tech.base
        usual = {} if entry is None else entry.usual
        span = usual.get(base, usual.get("all"))
        if span is None or span[0] <= number <= span[1] or math.isinf(number):
            return
        percent = span[1] < number <= 100.0 and "fraction" in (entry.unit if entry else "")
        self.report.warn(
            f"is unusual for a `{base}`: most lie from {span[0]:g} to {span[1]:g}",
            key=path,
            mark=mark,
            value=number,
            suggestion=f"Write {number:g} % as {number / 100.0:g}" if percent else None,
        )

    def _reference(
        self,
        reference: Reference,
        name: str,
        entry: Parameter | None,
        path: str,
        mark: Mark | None,
    ) -> Reference | None:
        if _CUSTOM in name:
            self.report.warn("custom parameter with a time series", key=path, mark=mark)
        elif name not in self.file_allowed or (entry is not None and not entry.series):
            may = [n for n in self.file_allowed if n != "clustering_func"]
            self.report.error(
                "may not be a time series",
                key=path,
                mark=mark,
                value=str(reference),
                suggestion=f"These may: {', '.join(sorted(may))}",
            )
            return None
        return reference

    def _text(
        self,
        values: NodeValues,
        name: str,
        raw: Any,
        entry: Parameter | None,
        path: str,
        mark: Mark | None,
    ) -> None:
        text = str(raw)
        if entry is not None and entry.choices and text not in entry.choices:
            self.report.error(
                f"must be one of {', '.join(entry.choices)}",
                key=path,
                mark=mark,
                value=raw,
                suggestion=did_you_mean(text, entry.choices),
            )
            return
        if name == "export_carrier":
            tech = values.node.tech
            given = [c for t, names in tech.carriers.items() if t.startswith("out") for c in names]
            if text not in given:
                self.report.error(
                    f"is none of the carriers the technology gives out: {', '.join(given)}",
                    key=path,
                    mark=mark,
                    value=raw,
                    suggestion=did_you_mean(text, given),
                )
                return
        values.texts[name] = text

    def _ratios(self, values: NodeValues, raw: Any, path: str, mark: Mark | None) -> None:
        if not isinstance(raw, Tree):
            self.report.error(
                "must be given as tier and carrier, as in {carrier_out_2: {heat: 0.8}}",
                key=path,
                mark=mark,
                value=raw,
            )
            return
        tech = values.node.tech
        entry = self.constraint_table["carrier_ratios"]
        for tier_key, carriers in raw.items():
            tier = tier_key.removeprefix("carrier_")
            where = raw.mark(tier_key) or mark
            if tier not in TIERS or not tier_key.startswith("carrier_"):
                self.report.error(
                    "no such carrier tier",
                    key=f"{path}.{tier_key}",
                    mark=where,
                    suggestion=did_you_mean(tier_key, [f"carrier_{t}" for t in TIERS]),
                )
                continue
            if not isinstance(carriers, Tree):
                self.report.error("must be a mapping", key=f"{path}.{tier_key}", mark=where)
                continue
            for carrier, ratio in carriers.items():
                key = f"{path}.{tier_key}.{carrier}"
                spot = carriers.mark(carrier) or where
                if carrier not in tech.carriers.get(tier, ()):
                    self.report.harmless(
                        "the technology does not have this carrier in this tier",
                        key=key,
                        mark=spot,
                        suggestion=did_you_mean(carrier, tech.carriers.get(tier, ())),
                    )
                    continue
                if ratio is None:
                    continue
                value = self.number(ratio, "carrier_ratios", entry, key, spot, values.node)
                if value is not None:
                    values.ratios[tier, carrier] = value

    def _check_units(self, values: NodeValues) -> None:
        numbers = values.numbers
        units = [k for k in numbers if k.startswith("units_")]
        if not units:
            return
        path, mark = f"{values.node.path}.constraints", values.node.mark
        if "energy_cap_per_unit" not in numbers:
            self.report.error(
                f"`{units[0]}` needs `energy_cap_per_unit` as well", key=path, mark=mark
            )
        stores = values.node.tech.base in ("storage", "supply_plus") and any(
            "storage" in k for k in numbers
        )
        if stores and "storage_cap_per_unit" not in numbers:
            self.report.error(
                f"`{units[0]}` needs `storage_cap_per_unit` as well", key=path, mark=mark
            )

    def _costs(self, values: NodeValues) -> None:
        node = values.node
        costs = node.settings.section("costs")
        for cost_class, entries in costs.items():
            path = f"{node.path}.costs.{cost_class}"
            mark = costs.mark(cost_class) or node.mark
            if cost_class in self.cost_table:
                self.report.harmless(
                    "a cost stands where a cost class is expected",
                    key=path,
                    mark=mark,
                    suggestion=f"Write it below a class, as in `costs.monetary.{cost_class}`",
                )
            if not isinstance(entries, Tree):
                if entries is None:
                    self.report.warn("empty cost class left out", key=path, mark=mark)
                elif cost_class not in self.cost_table:
                    self.report.error(
                        "a cost class must be a mapping of costs",
                        key=path,
                        mark=mark,
                        value=entries,
                    )
                continue
            for name, raw in entries.items():
                self._cost(values, cost_class, name, raw, entries.mark(name) or mark)

    def _cost(
        self, values: NodeValues, cost_class: str, name: str, raw: Any, mark: Mark | None
    ) -> None:
        node = values.node
        path = f"{node.path}.costs.{cost_class}.{name}"
        entry = self.cost_table.get(name)
        if name not in node.tech.allowed_costs and _CUSTOM not in name:
            if entry is not None:
                self.report.error(
                    f"a {node.tech.base} technology may not have this cost", key=path, mark=mark
                )
            else:
                self.report.error(
                    "unknown cost",
                    key=path,
                    mark=mark,
                    suggestion=did_you_mean(name, node.tech.allowed_costs),
                )
            return
        if raw is None:
            return
        value = self.number(raw, name, entry, path, mark, node)
        if entry is not None and isinstance(value, float) and math.isinf(value):
            self.report.error("a cost must be finite", key=path, mark=mark, value=raw)
        elif value is not None:
            values.costs[cost_class, name] = value

    def _fold_distance(self, values: NodeValues) -> None:
        """Work per-distance parameters into those they add to."""
        numbers, costs = values.numbers, values.costs
        per_distance = [k for k in costs if k[1].endswith("_per_distance")]
        if "energy_eff_per_distance" not in numbers and not per_distance:
            return
        distance = values.node.distance
        if distance is None:
            self.report.error(
                "parameters per distance need a `distance`, or coordinates at both locations",
                key=values.node.path,
                mark=values.node.mark,
            )
            return
        per = numbers.pop("energy_eff_per_distance", None)
        if isinstance(per, float):
            factor = per**distance
            base = numbers.get("energy_eff", 1.0)
            if isinstance(base, Reference):
                values.factors["energy_eff"] = factor
            else:
                numbers["energy_eff"] = base * factor
        for cost_class, name in per_distance:
            extra = costs.pop((cost_class, name))
            target = (cost_class, name.removesuffix("_per_distance"))
            base = costs.get(target, 0.0)
            if isinstance(extra, float) and isinstance(base, float):
                costs[target] = base + extra * distance

    def _depreciation(self, values: NodeValues) -> None:
        """Compute the annuity factor of each cost class with an investment."""
        node, costs = values.node, values.costs
        for cost_class in dict.fromkeys(c for c, _ in costs):
            names = {n for c, n in costs if c == cost_class}
            fixed = sorted(n for n in names if any(part in n for part in _FIXED_COST))
            if not fixed:
                continue
            path = f"{node.path}.costs.{cost_class}"
            mark = node.settings.section("costs").mark(cost_class) or node.mark
            lifetime = values.numbers.get("lifetime")
            interest = costs.get((cost_class, "interest_rate"))
            given = costs.get((cost_class, "depreciation_rate"))
            if not isinstance(lifetime, float) or not lifetime or not isinstance(interest, float):
                if given is None:
                    self.report.error(
                        f"`{fixed[0]}` needs `constraints.lifetime` and `interest_rate` "
                        "(or `depreciation_rate`)",
                        key=path,
                        mark=mark,
                        suggestion="A lifetime of 1 and an interest rate of 0 have no effect",
                    )
                continue
            if given is not None:
                self.report.warn(
                    "computed from lifetime and interest rate; the given value is not used",
                    key=f"{path}.depreciation_rate",
                    mark=mark,
                    value=given,
                )
            if interest > 1.0:
                self.report.warn(
                    "more than all of the capital is paid as interest each year",
                    key=f"{path}.interest_rate",
                    mark=mark,
                    value=interest,
                    suggestion="Write 5 % as 0.05",
                )
            rate = depreciation_rate(interest, lifetime)
            if rate == 0:
                self.report.warn(
                    "an infinite lifetime makes the investment free", key=path, mark=mark
                )
            costs[cost_class, "depreciation_rate"] = rate


def depreciation_rate(interest: float, lifetime: float) -> float:
    """Return the share of an investment that is paid per year.

    Parameters
    ----------
    interest : float
        Interest rate per year [fraction].
    lifetime : float
        Lifetime [a].

    Returns
    -------
    float
        r (1 + r)^n / ((1 + r)^n - 1), 1/n without interest, and 0 for an infinite lifetime, as in
        Calliope 0.6 [1/a].
    """
    if math.isinf(lifetime):
        return 0.0
    if abs(interest) < 1e-12:
        # Too little to count, and so little that the formula below would lose all digits.
        return 1 / lifetime
    return -interest / math.expm1(-lifetime * math.log1p(interest))


def as_number(raw: Any) -> float | None:
    """Return a value as a float, text such as ``"inf"`` included; None if it is no number."""
    if not isinstance(raw, (bool, int, float, str)):
        return None
    try:
        return float(raw)
    except (ValueError, OverflowError):
        return None


def _range_text(entry: Parameter) -> str:
    if math.isinf(entry.high):
        return f"must be at least {entry.low:g}"
    return f"must lie between {entry.low:g} and {entry.high:g}"


def _shown(raw: Any) -> Any:
    return raw.plain() if isinstance(raw, Tree) else raw
