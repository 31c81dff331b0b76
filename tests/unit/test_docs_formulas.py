"""Formulas of the documentation become MathML when it is built: every one can be read."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest


@pytest.fixture(scope="module")
def hook(repo_root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "mathml", repo_root / "docs" / "hooks" / "mathml.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_marked_formulas_become_mathml(hook: ModuleType) -> None:
    page = (
        '<p>With <span class="arithmatex">\\(x &lt; y_{max}\\)</span> and</p>'
        '<div class="arithmatex">\\[\\sum_{t} w_t\\]</div><p>no \\(other\\) text</p>'
    )
    made = hook.on_page_content(page, page=None)
    inline, block = re.findall(r"<math.*?</math>", made)
    assert [ET.fromstring(m).get("display") for m in (inline, block)] == ["inline", "block"]
    assert "".join(ET.fromstring(inline).itertext()) == "x<ymax"
    assert "arithmatex" not in made
    assert made.endswith("no \\(other\\) text</p>")


def test_every_formula_of_the_documentation_can_be_read(hook: ModuleType, repo_root: Path) -> None:
    count = 0
    for path in sorted((repo_root / "docs").rglob("*.md")):
        text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, re.DOTALL):
            latex, (left, right) = block or inline, ("[]" if block else "()")
            page = f'<span class="arithmatex">\\{left}{latex}\\{right}</span>'
            assert "<math" in hook.on_page_content(page), f"{path.name}: {latex}"
            count += 1
    assert count > 100
