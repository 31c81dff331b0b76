"""Which golden case tests which setting, computed from the oracle's own reaction.

A case *tests* a setting when removing the setting, or making it a tenth smaller, moved the oracle's
optimum (``sensitivity.json``), or when it is what sets a case's override apart from the bare file.

    python tests/golden/coverage.py        writes the table into docs/reference/verification.md
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
from golden.cases import cases, settings

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "verification.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"

PARAMETERS = [
    "resource",
    "resource_unit",
    "resource_scale",
    "resource_eff",
    "force_resource",
    "resource_area_min",
    "resource_area_max",
    "resource_area_equals",
    "resource_area_per_energy_cap",
    "resource_cap_min",
    "resource_cap_max",
    "resource_cap_equals",
    "resource_cap_equals_energy_cap",
    "energy_cap_min",
    "energy_cap_max",
    "energy_cap_equals",
    "energy_cap_scale",
    "energy_cap_max_systemwide",
    "energy_cap_equals_systemwide",
    "energy_cap_min_use",
    "energy_cap_per_storage_cap_min",
    "energy_cap_per_storage_cap_max",
    "energy_cap_per_storage_cap_equals",
    "charge_rate",
    "energy_eff",
    "energy_eff_per_distance",
    "parasitic_eff",
    "energy_prod",
    "energy_ramping",
    "export_carrier",
    "export_cap",
    "one_way",
    "lifetime",
    "carrier_ratios",
    "storage_cap_min",
    "storage_cap_max",
    "storage_cap_equals",
    "storage_initial",
    "storage_discharge_depth",
    "storage_loss",
    "energy_cap_per_unit",
    "units_max",
    "units_equals",
    "units_max_systemwide",
    "units_equals_systemwide",
    "force_asynchronous_prod_con",
]
COSTS = [
    "energy_cap",
    "storage_cap",
    "resource_cap",
    "resource_area",
    "energy_cap_per_distance",
    "om_annual",
    "om_annual_investment_fraction",
    "om_prod",
    "om_con",
    "export",
    "interest_rate",
    "purchase",
    "purchase_per_distance",
]
GROUPS = [
    *(
        f"{kind}_{sense}"
        for kind in (
            "demand_share",
            "demand_share_per_timestep",
            "carrier_prod_share",
            "carrier_prod_share_per_timestep",
            "net_import_share",
            "carrier_prod",
            "carrier_con",
            "cost",
            "cost_var",
            "cost_investment",
            "energy_cap_share",
            "energy_cap",
            "storage_cap",
            "resource_area",
        )
        for sense in ("min", "max", "equals")
    ),
    "demand_share_per_timestep_decision",
]
GROUP_SHARES = [
    f"{kind}_{sense}"
    for kind in ("energy_cap", "carrier_prod")
    for sense in ("min", "max", "equals")
]
OTHERS = [
    "available_area",
    "distance",
    "reserve_margin",
    "bigM",
    "ensure_feasibility",
    "cyclic_storage",
    "objective",
    "cost_class",
    "sense",
    "relax_constraint",
]
WHY_NOT = {
    "energy_con": "the oracle fails with a bare KeyError or IndexError where it is false; tested "
    "against the model without the technology",
    "depreciation_rate": "the oracle overwrites it wherever a capacity has a cost, and ignores it "
    "elsewhere",
    "storage_time_max": "does nothing in the oracle",
    "units_min, storage_cap_per_unit": "set in `milp_units-units_min` and `milp_units`; the oracle "
    "wants units_min at every technology with units, so no variant can leave it out",
    "resource_min_use": "the oracle loses the limit; tested by arithmetic among the oddities",
}


def setting_of(key: tuple[str, ...]) -> tuple[str, str] | None:
    """Return (family, name) of a setting's path in the model file."""
    if key[0] == "group_constraints":
        return ("group constraint", key[2]) if key[2] not in ("techs", "locs") else None
    if "constraints" in key:
        return "parameter", key[key.index("constraints") + 1]
    if "costs" in key and len(key) > key.index("costs") + 2:
        return "cost", key[key.index("costs") + 2]
    if key[0] == "model" and key[1] == "group_share":
        return "group_share", key[3]
    if key[0] == "model":
        return "other", key[1]
    if key[0] == "run":
        return "other", key[2] if key[1] == "objective_options" else key[1]
    return "other", key[-1]


def moved(base: dict, variant: list) -> bool:
    """Tell whether a variant's optimum differs from its case's."""
    status, objective = variant
    if status == "rejected":  # the oracle asks for the setting, which says nothing of its effect
        return False
    if status != base["status"]:
        return True
    return objective is not None and not math.isclose(
        objective, base["objective"], rel_tol=1e-7, abs_tol=1e-9
    )


def coverage() -> dict[tuple[str, str], list[str]]:
    """Return (family, name) → the cases in which the setting moves the optimum."""
    expected = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    sensitivity = json.loads((HERE / "sensitivity.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    paths = {".".join(key): key for case in cases() for key, _ in settings(case)}
    for name, variant in sensitivity.items():
        case, path, _ = name.split(":")
        setting = setting_of(paths[path]) if path in paths else None
        if setting and expected[case]["status"] != "error" and moved(expected[case], variant):
            found[setting].add(case)
    return {key: sorted(value) for key, value in sorted(found.items())}


def required() -> list[tuple[str, str]]:
    """Return every setting that some case has to test."""
    return [
        *(("parameter", n) for n in PARAMETERS),
        *(("cost", n) for n in COSTS),
        *(("group constraint", n) for n in GROUPS),
        *(("group_share", n) for n in GROUP_SHARES),
        *(("other", n) for n in OTHERS),
    ]


def markdown() -> str:
    """Return the table of the documentation."""
    found = coverage()
    lines = ["| kind | setting | cases in which it moves the optimum |", "|---|---|---|"]
    for family, name in required():
        names = found.get((family, name), [])
        shown = ", ".join(f"`{n}`" for n in names[:4])
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        lines.append(f"| {family} | `{name}` | {shown}{more} |")
    lines += ["", "Not in the table:", ""]
    lines += [f"- `{name}`: {why}." for name, why in WHY_NOT.items()]
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return the page with its table made anew."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n{markdown()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
