"""A loop from a map with one of its substations put on a branch, run as a user does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from map_quarter import mapped, run_two_days

RUN = "district-from-a-map-pipes-2-days"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("branches")
    mapped(folder, "loop")
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
    run_two_days(folder, "loop", alone=True)
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
