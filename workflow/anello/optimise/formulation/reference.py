"""The mathematical reference of the documentation, written from the registry.

``python -m anello.optimise.formulation.reference`` writes ``docs/reference/mathematics.md``.
"""

from __future__ import annotations

from pathlib import Path

import anello.optimise.formulation.assemble  # noqa: F401  (fills the registry)
from anello.optimise.formulation.registry import REGISTRY, Entry

# Module of an entry → title of its chapter, in reading order.
CHAPTERS = {
    "balance": "Balances",
    "dispatch": "Limits on flows and levels",
    "capacity": "Capacities",
    "conversion": "Conversion",
    "conversion_plus": "Conversion with several carriers",
    "transmission": "Links",
    "export": "Export",
    "costs": "Costs",
    "groups": "Group constraints",
    "policy": "System-wide policies",
    "milp": "Units, purchases and switches",
    "representative_days": "Stores between representative days",
    "secondary": "Secondary resource and net capacity (extension)",
    "monthly_peaks": "Peaks billed by the month (extension)",
    "bulk": "The ring in the programme (extension)",
    "loop": "A loop's water in the programme (extension)",
    "plant": "The balancing plant in the programme (extension)",
    "sizes": "Sizes of the balancing plant in the programme (extension)",
    "borefield": "A borefield in the programme (extension)",
    "doublet": "Wells that tire in the programme (extension)",
}
OBJECTIVE = (
    r"\min \text{ (or } \max\text{)} \quad \sum_{k} weight_k \sum_{node} cost_{k,node}"
    r" \; \pm \; bigM \sum_t w_t \sum_{loc,\,carrier} (unmet\_demand_t - unused\_supply_t)"
)
HEAD = """\
# Mathematics

Every variable, named expression and constraint of the dispatch problem, with what it is indexed by,
when it is part of a model, and its equation. The page is written from the code
(`python -m anello.optimise.formulation.reference`); symbols and units are in the
[nomenclature](nomenclature.md). In a Pyomo model a constraint is called by its name with
`_constraint` behind it, `model.storage_max_constraint["a::tank", "2019-03-04 00:00"]`; variables
and expressions are called by their name alone.

## Objective

`obj`: the weighted cost of all classes, and what is not served or not taken at the price `bigM`
(with `ensure_feasibility`; added when minimising, subtracted when maximising). With
`objective: check_feasibility` it is a constant. The `ring_cost` of a scheduled balancing plant
and a priced `ring_end` are part of the cost.

$$
{objective}
$$
"""


def _section(entry: Entry) -> list[str]:
    kind = " (expression)" if entry.kind == "expression" else ""
    when = "always part of a model" if entry.when == "always" else f"*when:* {entry.when}"
    return [
        f"### {entry.name}{kind}",
        "",
        entry.text,
        "",
        f"*For each:* {entry.index} — {when}",
        "",
        f"$$\n{entry.equation}\n$$",
        "",
    ]


def _variables(entries: list[Entry]) -> list[str]:
    head = ["| variable | indexed by | domain and unit | meaning | when |", "|---|---|---|---|---|"]
    rows = [
        f"| `{e.name}` | {e.index} | ${e.equation}$ | {e.text.rstrip('.')} | {e.when} |"
        for e in entries
    ]
    return [*head, *rows, ""]


def _table(entries: list[Entry]) -> list[str]:
    """Families of constraints that differ in a sense or a sum only."""
    rows = ["| constraint | for each | equation |", "|---|---|---|"]
    rows += [f"| `{e.name}` | {e.index} | ${e.equation}$ |" for e in entries]
    return [*rows, ""]


def render() -> str:
    """Write the mathematical reference as Markdown.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ValueError
        When a module with entries has no chapter.
    """
    entries = list(REGISTRY.values())
    homeless = {e.theme for e in entries if e.kind != "variable"} - set(CHAPTERS)
    if homeless:
        raise ValueError(f"no chapter for {', '.join(sorted(homeless))}")
    variables = [e for e in entries if e.kind == "variable"]
    # The variables of the core first, then those of extensions.
    variables.sort(key=lambda e: e.theme != "variables")
    lines = [HEAD.replace("{objective}", OBJECTIVE), "## Variables", "", *_variables(variables)]
    for theme, title in CHAPTERS.items():
        chapter = [e for e in entries if e.theme == theme and e.kind != "variable"]
        families = [e for e in chapter if e.name.startswith("group_") and "decision" not in e.name]
        lines += [f"## {title}", ""]
        if families:
            lines += [families[0].text, "", *_table(families)]
        for entry in chapter:
            if entry not in families:
                lines += _section(entry)
    return "\n".join(lines).rstrip() + "\n"


def main(path: str | Path = "docs/reference/mathematics.md") -> None:
    """Write the page, from the top of the repository."""
    Path(path).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
