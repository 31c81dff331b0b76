"""A search over several years that is broken off goes on where it was."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anello.coupling.config import CouplingConfig
from anello.errors import NotConvergedError
from anello.optimise.solve.config import SolverConfig
from anello.run.stages import years as stage
from ring_districts import random_district

WEIGHTS = {"mild": 0.3, "hard": 0.7}


class Told:
    """A search with its files."""

    def __init__(self, folder: Path) -> None:
        data, self.ring = random_district(1)
        demand = data.inputs["node_base"] == "demand"
        inputs = data.inputs.copy(deep=True)
        inputs["resource"] = inputs["resource"].where(~demand, inputs["resource"] * 0.8)
        self.models = {"mild": folder / "mild.nc", "hard": folder / "hard.nc"}
        replace(data, inputs=inputs).save(self.models["mild"])
        data.save(self.models["hard"])
        self.folder = folder

    def run(self, name: str, **coupling: Any) -> Path:
        place = self.folder / name
        stage.search_years(
            model_data=self.models,
            weights=WEIGHTS,
            ring=self.ring,
            coupling=CouplingConfig(**{"predicted_decrease": 2e-3, "tolerance_k": 0.5, **coupling}),
            solver=SolverConfig(),
            folder=place,
            working=place.with_name(f"{name}_working"),
            kept_record=place.with_name(f"{name}.json"),
            scenario=name,
            fingerprint="code",
        )
        return place


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def broken_off(told: Told, monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> Path:
    """Break a search off once an iteration is written."""
    leave = stage.leave_iteration

    def once(folder: Path, one: Any, *more: Any) -> None:
        leave(folder, one, *more)
        if one.number == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "leave_iteration", once)
        with pytest.raises(KeyboardInterrupt):
            told.run(name)
    return told.folder / f"{name}_working"


def test_what_was_found_before_is_kept_and_the_end_is_the_same(told, monkeypatch, caplog):
    whole = content(told.run("whole"))
    assert {"mild/dispatch.nc", "hard/dispatch.nc", "mild/ring_000.nc"} <= set(whole)
    assert not (told.folder / "whole_working").exists()
    broken_off(told, monkeypatch, "resumed", 1)
    assert not (told.folder / "resumed").exists()
    with caplog.at_level(logging.INFO):
        again = content(told.run("resumed"))
    assert "the search goes on after iteration 1" in caplog.text
    assert "iteration 0:" not in caplog.text
    assert again == whole


def test_what_belongs_to_another_search_or_is_damaged_is_computed_anew(told, monkeypatch, caplog):
    working = broken_off(told, monkeypatch, "changed", 1)
    with caplog.at_level(logging.INFO):
        told.run("changed", tolerance_k=0.1)
    assert "goes on" not in caplog.text
    working = broken_off(told, monkeypatch, "damaged", 1)
    (working / "hard" / "cop_001.nc").write_bytes(b"")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        told.run("damaged")
    assert "the search begins anew" in caplog.text
    assert "iteration 0:" in caplog.text


def test_more_iterations_go_on_from_those_that_were_not_enough(told, caplog):
    with pytest.raises(NotConvergedError, match="scenario short did not converge within 2"):
        told.run("short", max_iterations=2)
    kept = told.folder / "short.json"
    assert len(json.loads(kept.read_text())["trace"]) == 2
    with pytest.raises(NotConvergedError):  # nothing is left to do
        told.run("short", max_iterations=2)
    with caplog.at_level(logging.INFO):
        told.run("short")
    assert "goes on after iteration 1" in caplog.text
    assert json.loads(kept.read_text())["converged"]
