"""The mathematical reference says what the registry holds."""

from __future__ import annotations

import re

import pytest

from anello.optimise.formulation.reference import main, render
from anello.optimise.formulation.registry import REGISTRY


def test_the_page_is_in_step_with_the_code(repo_root):
    page = (repo_root / "docs" / "reference" / "mathematics.md").read_text(encoding="utf-8")
    assert page == render(), "run python -m anello.optimise.formulation.reference"


def test_every_entry_is_on_the_page():
    page = render()
    for kind, name in REGISTRY:
        shown = f"| `{name}` |" in page or re.search(rf"^### {name}( \(|$)", page, re.MULTILINE)
        assert shown, f"{kind} {name}"


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=lambda e: f"{e.kind}-{e.name}")
def test_entries_are_complete(entry):
    assert entry.text.endswith("."), "a docstring that is a sentence"
    assert entry.index
    assert entry.when
    equation = entry.equation
    assert equation.count("{") == equation.count("}")
    assert "$" not in equation
    assert not re.search(r"(?<!\\)#", equation)
    # An underscore that is no subscript must be escaped, else it sets two subscripts.
    assert not re.search(r"_[a-zA-Z]+_", equation.replace(r"\_", "")), equation


def test_writing_the_page(tmp_path):
    main(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == render()
