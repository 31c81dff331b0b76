"""The golden cases notice deliberate faults; every entry of the formulation has a case."""

from __future__ import annotations

import pytest

from anello.optimise.formulation.registry import REGISTRY
from mutation.mutants import PAGE, Mutant, noticed_by, present

# The rows of the ring are held to the ring's own simulation, not to golden numbers.
ELSEWHERE = {"bulk", "loop", "plant", "sizes", "unknowns", "borefield", "doublet"}
# Variables without bounds, of which nothing can be taken away.
FREE = {"storage_intra_cluster_max", "storage_intra_cluster_min"}
# All mutants take minutes; these are tried in every run, one or two of each chapter.
ALWAYS = [
    Mutant("constraint", "system_balance", "term 1 turned"),
    Mutant("constraint", "balance_storage", "term 1 dropped"),
    Mutant("constraint", "balance_transmission", "left out"),
    Mutant("constraint", "carrier_production_max", "term 1 dropped"),
    Mutant("constraint", "ramping_down", "left out"),
    Mutant("constraint", "energy_capacity_systemwide", "left out"),
    Mutant("constraint", "balance_conversion_plus_primary", "term 0 turned"),
    Mutant("constraint", "export_balance", "left out"),
    Mutant("constraint", "group_carrier_con_max", "left out"),
    Mutant("constraint", "reserve_margin", "left out"),
    Mutant("constraint", "storage_inter_max", "term 1 dropped"),
    Mutant("expression", "cost_var", "term 0 dropped"),
    Mutant("expression", "cost_investment", "term 0 turned"),
    Mutant("variable", "unmet_demand", "lower bound taken away"),
]


@pytest.mark.parametrize("entry", list(REGISTRY), ids=lambda entry: " ".join(entry))
def test_every_entry_has_a_golden_case(entry):
    if REGISTRY[entry].theme in ELSEWHERE:
        pytest.skip("held to the simulation of the ring")
    assert present().get(entry), f"no golden model builds the {entry[0]} {entry[1]}"


@pytest.mark.parametrize("mutant", ALWAYS, ids=lambda mutant: mutant.label)
def test_a_golden_case_notices(mutant):
    assert noticed_by(mutant)


def test_the_page_names_every_entry_and_no_fault_went_unnoticed():
    page = PAGE.read_text(encoding="utf-8")
    assert "**nobody**" not in page
    for kind, name in REGISTRY:
        if REGISTRY[kind, name].theme not in ELSEWHERE and name not in FREE:
            assert f"| {kind} `{name}` |" in page, "run python tests/mutation/mutants.py"
