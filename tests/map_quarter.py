"""The embedded quarter from its map, made and run by the commands that a user gives."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from pages import ROOT
from warm_python import warm_python

QUICK = {"figures": {"formats": ["svg"], "only": ["dispatch"]}}
ALONE = {"scenarios": ["baseline"]}


def mapped(folder: Path, name: str, *options: str) -> str:
    """Make a network of two substations from the map, and return what the command said."""
    _district(folder, "example-map", "map")
    files = ("map/buildings.geojson", "map/streets.geojson")
    laid = ("--plant", "45.32,9.47", "--output", name, *options, "--substations", "2")
    return _district(folder, "from-map", *files, *laid)


def run_two_days(folder: Path, name: str, *, alone: bool = False) -> None:
    """Set the network up, and run two days of it with few figures, alone or as it comes."""
    settings = QUICK | ALONE if alone else QUICK
    (folder / "quick.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    _district(folder, "new", name)
    _district(folder, "run", name, "--days", "2", "--settings", "quick.yaml")


def _district(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [warm_python(), "-m", "anello", "district", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
