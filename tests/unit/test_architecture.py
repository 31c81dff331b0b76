"""The page on architecture draws the floors that the import contract holds."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_drawing_is_made_from_the_contract() -> None:
    spec = importlib.util.spec_from_file_location("house", ROOT / "docs" / "hooks" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    page = house.PAGE.read_text(encoding="utf-8")
    assert house.renewed(page) == page, "run python docs/hooks/house.py"


def test_every_room_has_its_floor() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.importlinter]")[1]
    package = ROOT / "workflow" / "anello"
    rooms = {p.parent.name for p in package.glob("*/__init__.py")}
    modules = {p.stem for p in package.glob("*.py")} - {"__init__", "__main__"}
    missing = {r for r in rooms | modules if f"anello.{r}" not in contract}
    assert not missing
