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
from anello.definition import read_model
from anello.errors import AnelloError
from anello.formulation.assemble import assemble
from anello.formulation.context import Context
from anello.formulation.expression import Expression
from anello.formulation.registry import REGISTRY, Columns, Entry, Named, Rows
from golden.cases import FOLDER, Case, cases
from golden.outcome import differences, solved_data

EXPECTED = json.loads((FOLDER.parent / "expected.json").read_text(encoding="utf-8"))
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
def usable() -> tuple[tuple[Case, Any], ...]:
    """Return the cases with an optimum, each with its model data, small ones first."""
    found = [
        (case, read_model(case.path, scenario=case.override))
        for case in cases()
        if EXPECTED[case.name]["status"] == "optimal"
    ]
    return tuple(sorted(found, key=lambda pair: len(pair[1].inputs["node"])))


@cache
def present() -> dict[tuple[str, str], list[int]]:
    """Return (kind, name) → numbers of the usable cases in which the entry is built."""
    out: dict[tuple[str, str], list[int]] = {}
    for number, (_, data) in enumerate(usable()):
        system = assemble(data)
        for kind, names in (
            ("variable", system.variables),
            ("constraint", system.constraints),
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
        for j in range(terms_of(kind, name)):
            out += [Mutant(kind, name, f"term {j} {what}") for what in ("dropped", "turned")]
    return out


def broken(expression: Expression, change: str) -> Expression:
    """Return an expression with one term dropped or its sign turned."""
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
            case, data = usable()[number]
            try:
                found = solved_data(data)
            except (AnelloError, ValueError, KeyError, IndexError):
                return case.name
            if differences(EXPECTED[case.name], found):
                return case.name
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
EQUIVALENT: dict[tuple[str, str], str] = {}


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
