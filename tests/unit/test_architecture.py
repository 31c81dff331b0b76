"""The page on architecture draws the floors that the import contract holds."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
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


def test_every_stop_of_the_walk_exists() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    walk = page[page.index("## One hour of one heat pump") : page.index("## The workflow")]
    stops = re.findall(r"`(anello\.[\w.]+)`", walk)
    assert len(stops) > 20
    for stop in stops:
        assert pkgutil.resolve_name(stop) is not None


def test_no_module_is_long() -> None:
    package = ROOT / "workflow" / "anello"
    lines = {
        path.relative_to(package).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in package.rglob("*.py")
    }
    too_long = {name: count for name, count in lines.items() if count > 500}
    assert set(too_long) <= {"district/config.py"}, too_long


def test_every_module_of_a_run_is_told() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    table = page[page.index("What a run knows of itself") : page.index("How many iterations")]
    named = set(re.findall(r"`(\w+)`", table))
    folder = ROOT / "workflow" / "anello" / "run"
    modules = {p.stem for p in folder.glob("*.py")} | {p.parent.name for p in folder.glob("*/*.py")}
    assert modules - {"__init__", "run"} <= named
