"""Break the formulation on purpose, one registry entry at a time.

A *mutant* is the formulation with one entry changed: a constraint left out, one of its terms
dropped or its sign turned, a variable's bound taken away, a term of a cost dropped or turned. A
good set of golden cases notices every one of them.

    python tests/mutation/mutants.py            tries all, writes docs/reference/mutants.md
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
from anello.errors import AnelloError
from anello.model.definition import read_model
from anello.optimise.formulation.assemble import assemble
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression
from anello.optimise.formulation.registry import REGISTRY, Columns, Entry, Named, Rows
from golden.cases import FOLDER, cases
from golden.extensions_right import MODEL, right
from golden.outcome import differences, solved_data

EXPECTED = json.loads((FOLDER.parent / "expected.json").read_text(encoding="utf-8"))
# Where the oracle is wrong, the right objective by arithmetic (tests/compat/test_oddities.py).
ODDITIES = FOLDER.parent / "oddities"
RIGHT = {
    "resource_min_use": 217.9505,
    "supply_plus_eff_zero": 100.2009,
    "storage_eff_zero": 100.2009,
    "zero_ratio_static": 162.237,
}
WRONG = {"supply_forced-min_use"}
PAGE = FOLDER.parents[2] / "docs" / "reference" / "mutants.md"
MOST_TERMS = 8  # terms beyond this one are of the same make


@dataclass(frozen=True)
class Mutant:
    """One entry changed in one way."""

    kind: str
    name: str
    change: str  # "left out", "term j dropped", "term j turned", "lower bound …", "upper bound …"

    @property
    def label(self) -> str:
        """Name in reports."""
        return f"{self.kind} {self.name}: {self.change}"


@cache
def usable() -> tuple[tuple[str, Any, dict], ...]:
    """Return name, model data and record of the cases with an optimum, small ones first."""
    found = [
        (case.name, read_model(case.path, scenario=case.override), EXPECTED[case.name])
        for case in cases()
        if EXPECTED[case.name]["status"] == "optimal" and case.name not in WRONG
    ]
    for name, objective in RIGHT.items():
        record = {"status": "optimal", "objective": objective, "unique": {}}
        found.append((name, read_model(ODDITIES / f"{name}.yaml", root="/"), record))
    for override, objective in right().items():
        net = {"energy_cap_net": {"north::plant": 30.0}} if override == "net_equals" else {}
        record = {"status": "optimal", "objective": objective, "unique": net}
        data = read_model(MODEL, scenario=override, root="/")
        found.append((f"secondary_resource-{override}", data, record))
    return tuple(sorted(found, key=lambda item: len(item[1].inputs["node"])))


@cache
def present() -> dict[tuple[str, str], list[int]]:
    """Return (kind, name) → numbers of the usable cases in which the entry is built."""
    out: dict[tuple[str, str], list[int]] = {}
    for number, (_, data, _) in enumerate(usable()):
        system = assemble(data)
        for kind, names in (
            ("variable", system.variables),
            ("constraint", system.relations),
            ("expression", system.expressions),
        ):
            for name in names:
                out.setdefault((kind, name), []).append(number)
    return out


@cache
def terms_of(kind: str, name: str) -> int:
    """Return the largest number of terms an entry has in any case (at most MOST_TERMS)."""
    most = 0
    entry = REGISTRY[kind, name]

    def counting(context: Context) -> Any:
        nonlocal most
        made = entry.build(context)
        if made is not None:
            most = max(most, len(expression_of(made).terms))
        return made

    with swapped(entry, counting):
        for number in present().get((kind, name), [])[:12]:
            assemble(usable()[number][1])
    return min(most, MOST_TERMS)


def expression_of(made: Rows | Named) -> Expression:
    """Return the expression of what an entry made."""
    return made.relation.expression if isinstance(made, Rows) else made.expression


@contextmanager
def swapped(entry: Entry, build: Any) -> Iterator[None]:
    """Put another build function into the registry for a while."""
    REGISTRY[entry.kind, entry.name] = replace(entry, build=build)
    try:
        yield
    finally:
        REGISTRY[entry.kind, entry.name] = entry


def mutants() -> list[Mutant]:
    """Return all mutants of the entries that some case builds."""
    out = []
    for kind, name in REGISTRY:
        if (kind, name) not in present():
            continue
        if kind == "variable":
            out += [Mutant(kind, name, f"{side} bound taken away") for side in ("lower", "upper")]
            continue
        if kind == "constraint":
            out.append(Mutant(kind, name, "left out"))
            if name.startswith("group_cost"):  # its one term is a cost, broken further below
                out.append(Mutant(kind, name, "all terms turned"))
                continue
        for j in range(terms_of(kind, name)):
            out += [Mutant(kind, name, f"term {j} {what}") for what in ("dropped", "turned")]
    return out


def broken(expression: Expression, change: str) -> Expression:
    """Return an expression with one term dropped or its sign turned."""
    if change == "all terms turned":
        return replace(expression, terms=(-expression).terms)
    _, j, what = change.split()
    number = int(j)
    terms = list(expression.terms)
    if number >= len(terms):
        return expression
    if what == "dropped":
        del terms[number]
    else:
        terms[number] = replace(terms[number], coef=-terms[number].coef)
    return replace(expression, terms=terms)


def build_of(mutant: Mutant) -> Any:
    """Return the build function of a mutant."""
    entry = REGISTRY[mutant.kind, mutant.name]

    def build(context: Context) -> Any:
        made = entry.build(context)
        if made is None or mutant.change == "left out":
            return None
        if isinstance(made, Columns):
            if mutant.change.startswith("lower"):
                return replace(made, lower=float("-inf"))
            return replace(made, upper=float("inf"))
        changed = broken(expression_of(made), mutant.change)
        if isinstance(made, Rows):
            return replace(made, relation=replace(made.relation, expression=changed))
        return replace(made, expression=changed)

    return build


def unchanged(mutant: Mutant) -> bool:
    """Tell whether a mutant is no change at all: the bound is not there to be taken away."""
    if mutant.kind != "variable":
        return False
    made = None
    entry = REGISTRY[mutant.kind, mutant.name]

    def spying(context: Context) -> Any:
        nonlocal made
        made = entry.build(context)
        return made

    with swapped(entry, spying):
        assemble(usable()[present()[mutant.kind, mutant.name][0]][1])
    bound = made.lower if mutant.change.startswith("lower") else made.upper
    return bound in (float("inf"), float("-inf"))


def noticed_by(mutant: Mutant) -> str | None:
    """Return the name of a case that notices a mutant, or None."""
    entry = REGISTRY[mutant.kind, mutant.name]
    build = build_of(mutant)
    with swapped(entry, build):
        for number in present()[mutant.kind, mutant.name]:
            name, data, record = usable()[number]
            try:
                found = solved_data(data)
            except (AnelloError, ValueError, KeyError, IndexError):
                return name
            if differences(record, found):
                return name
    return None


def table(results: dict[Mutant, str | None]) -> str:
    """Return the page of the documentation."""
    caught = sum(name is not None for name in results.values())
    lines = [
        "# Mutants",
        "",
        f"Of {len(results)} deliberate faults in the formulation, the golden cases notice "
        f"{caught}. The table says which case notices each one first; "
        "`python tests/mutation/mutants.py` makes it anew.",
        "",
        "| entry | fault | noticed by |",
        "|---|---|---|",
    ]
    for mutant, name in results.items():
        where = f"`{name}`" if name else EQUIVALENT.get((mutant.name, mutant.change), "**nobody**")
        lines.append(f"| {mutant.kind} `{mutant.name}` | {mutant.change} | {where} |")
    return "\n".join(lines) + "\n"


# Faults that cannot show: the changed formulation has the same optima.
IMPLIED = "nobody: the other rows imply the bound"
EQUIVALENT: dict[tuple[str, str], str] = (
    {
        ("conversion_plus_prod_con_to_zero", f"term {j} turned"): "nobody: −x = 0 is x = 0"
        for j in (0, 1, 2, 3)
    }
    | {
        ("zero_efficiency_production", "term 0 turned"): "nobody: −x = 0 is x = 0",
        ("resource2_startup", "term 0 turned"): "nobody: −x = 0 is x = 0",
    }
    | {
        (name, f"{side} bound taken away"): IMPLIED
        for name, side in (
            ("energy_cap", "lower"),
            ("resource_area", "lower"),
            ("storage_cap", "lower"),
            ("storage_inter_cluster", "lower"),
            ("resource_con", "lower"),
            ("resource_cap", "lower"),
            ("resource2_cap", "lower"),
            ("peak_month", "lower"),
            ("demand_share_per_timestep_decision", "lower"),
            ("units", "lower"),
            ("operating_units", "lower"),
            ("purchased", "lower"),
            ("prod_con_switch", "lower"),
            ("prod_con_switch", "upper"),
        )
    }
)


def main() -> None:
    """Try all mutants and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    results: dict[Mutant, str | None] = {}
    for mutant in mutants():
        if arguments.only not in mutant.label or unchanged(mutant):
            continue
        results[mutant] = noticed_by(mutant)
        print(f"{mutant.label}: {results[mutant] or 'NOBODY'}", flush=True)
    if not arguments.only:
        PAGE.write_text(table(results), encoding="utf-8")


if __name__ == "__main__":
    main()
