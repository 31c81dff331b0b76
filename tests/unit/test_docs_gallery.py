"""The gallery shows every figure there is, in pictures that are there, small and used."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import get_args

import pytest

from anello.present.plotting import ModelPlots
from anello.present.report.config import FigureName

LIMIT_BYTES = 100_000


@pytest.fixture(scope="module")
def page(repo_root: Path) -> str:
    return (repo_root / "docs/how-to/gallery.md").read_text(encoding="utf-8")


def test_every_figure_is_shown(page: str) -> None:
    headings = set(re.findall(r"^## `(\w+)`$", page, re.MULTILINE))
    assert headings == set(get_args(FigureName))
    for name in headings:
        assert re.search(rf"assets/gallery/{name}\w*\.png\)", page), name
    plots = {name for name in vars(ModelPlots) if not name.startswith("_")}
    for name in plots - {"summary"}:
        assert f"plot_{name}.png)" in page, name


def test_pictures_are_there_small_and_used(page: str, repo_root: Path) -> None:
    shown = set(re.findall(r"\.\./assets/gallery/(\w+\.png)\)", page))
    folder = repo_root / "docs" / "assets" / "gallery"
    assert {path.name for path in folder.iterdir()} == shown
    for path in [
        *folder.iterdir(),
        folder.parent / "report.png",
        folder.parent / "quarter-map.svg",
    ]:
        assert 1000 < path.stat().st_size < LIMIT_BYTES, path.name


def test_what_the_lines_import_exists(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names)
