"""Packages whose public names are loaded on first use."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
PACKAGES = [
    ".".join(path.parent.relative_to(WORKFLOW).parts)
    for path in sorted((WORKFLOW / "anello").rglob("__init__.py"))
    if "on_first_use(" in path.read_text(encoding="utf-8")
]
MODULES = {"anello.examples"}


def test_there_are_such_packages() -> None:
    assert {"anello", "anello.ring", "anello.optimise.solve"} <= set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_found_and_listed(name: str) -> None:
    package = importlib.import_module(name)
    for public in package.__all__:
        value = getattr(package, public)
        assert getattr(value, "__name__", public).rpartition(".")[2] == public
        assert isinstance(value, ModuleType) == (f"{name}.{public}" in MODULES)
    assert set(package.__all__) <= set(dir(package))
    assert {"__name__", "__doc__"} <= set(dir(package))


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_name_is(name: str) -> None:
    package = importlib.import_module(name)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing
