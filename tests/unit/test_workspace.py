"""A run's folder of results has one writer at a time, and one home."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.errors import WorkspaceError
from anello.run.seals import seal
from anello.run.workspace import (
    REPORT,
    RUN_RESULTS,
    SCENARIO_RESULTS,
    STUDY_RESULTS,
    Workspace,
)


def workspace(here: Path, *, memory: str = "memory") -> Workspace:
    places = ["smart", "points/point~1", "points/pareto~cap-1"]
    return Workspace(here / "results" / "small", places, here / memory)


def test_a_second_writer_is_told_who_holds_the_results(tmp_path: Path) -> None:
    first = workspace(tmp_path)
    first.take()
    first.take()  # what is held already is held
    with pytest.raises(WorkspaceError, match=r"Another run \(process \d+ on .*results/small"):
        workspace(tmp_path).take()


def test_results_of_another_working_folder_are_refused(tmp_path: Path) -> None:
    workspace(tmp_path).take()
    other = workspace(tmp_path, memory="elsewhere")
    told: list[str] = []
    for refused in (other.require_own, lambda: other.check(told.append)):
        with pytest.raises(WorkspaceError, match="--directory"):
            refused()
    assert not (tmp_path / "elsewhere").exists()


def test_results_from_before_there_was_a_mark_are_adopted(tmp_path: Path) -> None:
    (tmp_path / "results" / "small" / "smart").mkdir(parents=True)
    own = workspace(tmp_path)
    own.check(pytest.fail)
    own.take()
    own.require_own()


def test_only_what_is_computed_anew_is_withdrawn(tmp_path: Path) -> None:
    own = workspace(tmp_path)
    for place in own.places:
        for name in SCENARIO_RESULTS:
            (own.folder / place / name).mkdir(parents=True)
    for name in RUN_RESULTS:
        (own.folder / name).write_text("")
    own.withdraw_outdated([own.folder / "smart" / "figures", "elsewhere/smart/results.nc"])
    assert all((own.folder / name).exists() for name in RUN_RESULTS)
    own.withdraw_outdated([own.folder / "smart" / "iterations" / "000" / "ring.nc"])
    of_studies = {name for names in STUDY_RESULTS.values() for name in names}
    assert {n for n in RUN_RESULTS if (own.folder / n).exists()} == of_studies
    assert not list((own.folder / "smart").iterdir())
    assert (own.folder / "points/point~1/results.nc").exists()
    own.withdraw_outdated([own.folder / "points/point~1/point.json"])
    assert not list((own.folder / "points/point~1").iterdir())


def test_a_study_takes_the_report_along_and_nothing_of_others(tmp_path: Path) -> None:
    own = workspace(tmp_path)
    own.folder.mkdir(parents=True)
    for name in RUN_RESULTS:
        (own.folder / name).write_text("")
        seal(own.folder / name)
    own.withdraw_outdated([own.folder / "points/pareto~cap-1/point.json"])
    kept = set(RUN_RESULTS) - {*REPORT, *STUDY_RESULTS["pareto"]}
    assert {n for n in RUN_RESULTS if (own.folder / n).exists()} == kept
    # what is gone is no damage, by which all would go
    own.check(pytest.fail)
    assert all((own.folder / name).exists() for name in kept)
    (own.folder / "sweep.csv").write_text("half")
    own.check(pytest.fail)
    assert not any((own.folder / name).exists() for name in RUN_RESULTS)


def test_damage_withdraws_the_results_that_came_of_it(tmp_path: Path) -> None:
    own = workspace(tmp_path)
    ring = own.folder / "smart" / "iterations" / "ring.nc"
    ring.parent.mkdir(parents=True)
    ring.write_bytes(b"whole")
    seal(ring)
    ring.write_bytes(b"half")
    (own.folder / "smart" / "results.nc").write_bytes(b"")
    told: list[str] = []
    own.check(told.append)
    assert len(told) == 1
    assert "ring.nc is not what was written" in told[0]
    assert not (own.folder / "smart" / "results.nc").exists()
