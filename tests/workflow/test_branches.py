"""A loop from a map with one of its substations put on a branch, run as a user does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from pages import ROOT
from warm_python import warm_python

QUICK = {"figures": {"formats": ["svg"], "only": ["dispatch"]}}
RUN = "district-from-a-map-pipes-2-days"


def anello(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [warm_python(), "-m", "anello", "district", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("branches")
    (folder / "quick.yaml").write_text(yaml.safe_dump(QUICK), encoding="utf-8")
    anello(folder, "example-map", "map")
    files = ("map/buildings.geojson", "map/streets.geojson")
    laid = ("--plant", "45.32,9.47", "--output", "loop", "--substations", "2")
    anello(folder, "from-map", *files, *laid)
    pipes = folder / "loop" / "pipes.yaml"
    told = yaml.safe_load(pipes.read_text(encoding="utf-8"))
    loop = told["ring"]["loop"]
    moved = loop["substations"].pop()
    loop["segments"].pop(1)
    loop["branches"] = [
        {
            "start": loop["substations"][-1]["name"],
            "end": moved["name"],
            "heat_pumps": moved["heat_pumps"],
            "length_m": 160.0,
            "pipe": "PE100 SDR11 DN225",
        }
    ]
    pipes.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    anello(folder, "new", "loop")
    anello(folder, "run", "loop", "--days", "2", "--settings", "quick.yaml")
    return folder / "loop" / "results" / RUN


def test_it_couples_and_holds_its_water(results: Path) -> None:
    summary = json.loads((results / "baseline" / "summary.json").read_text(encoding="utf-8"))
    assert summary["convergence"]["converged"] is True
    assert summary["ring"]["second_law"]["violations"] == 0
    pressure = summary["ring"]["hydraulics"]["pressure_loss_kpa"]
    assert pressure["substation_1 → substation_2"]["max"] > 0.0


def test_the_report_draws_the_branch(results: Path) -> None:
    report = (results / "report.html").read_text(encoding="utf-8")
    assert "Its branches are 160 m long, with a pipe there and one back." in report
    assert "% of the flow</text>" in report
