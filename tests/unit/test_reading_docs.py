"""The documentation of the model format agrees with the tables in the package."""

from __future__ import annotations

from pathlib import Path

from anello.model.definition.docs import TABLES, renewed
from anello.model.schema.parameters import BASES, constraint_parameters, cost_parameters


def test_the_tables_in_the_reference_are_up_to_date(repo_root: Path):
    page = (repo_root / "docs/reference/model-format.md").read_text(encoding="utf-8")
    for name in TABLES:
        assert f"<!-- table: {name} -->" in page
    # If not: python -m anello.model.definition.docs docs/reference/model-format.md
    assert renewed(page) == page


def test_every_parameter_is_described():
    for entry in (*constraint_parameters().values(), *cost_parameters().values()):
        assert entry.long_name
        assert entry.description.endswith(".")
        assert entry.bases <= set(BASES)
        assert entry.bases
        assert entry.low <= entry.high
        if entry.default is not None and entry.kind in ("number", "flag"):
            assert entry.low <= entry.default_number <= entry.high
