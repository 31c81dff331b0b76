"""Files that are no longer what was written are noticed, made anew, and never used."""

from __future__ import annotations

from pathlib import Path

from .conftest import Outcome, Project


def flip(path: Path) -> None:
    """Turn one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Lose the second half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damaged_files_are_named_and_made_anew(
    finished: Project, finished_run: tuple[Project, Outcome]
) -> None:
    first = finished.results / "iterations" / "000"
    flip(finished.results / "problem.npz")
    flip(first / "ring.nc")
    cut(first / "convergence.json")
    cut(first / "basis.npz")
    table = sorted((finished.results / "csv").glob("*.csv"))[0]
    table.write_text(table.read_text().replace("1", "2", 1))
    outcome = finished.run()
    assert outcome.code == 0, outcome.text
    for name in ("problem.npz", "ring.nc", "convergence.json", "basis.npz", table.name):
        assert f"{name} is not what was written" in outcome.text
    assert (first / "ring.nc.damaged").exists()
    assert "preprocess" not in outcome.jobs
    assert outcome.jobs["build"] == 1
    assert finished.artefacts() == finished_run[0].artefacts()


def test_a_damaged_result_is_collected_again_and_nothing_else(
    finished: Project, finished_run: tuple[Project, Outcome]
) -> None:
    flip(finished.results / "results.nc")
    outcome = finished.run()
    assert outcome.jobs == {"collect": 1, "results": 1}
    assert finished.artefacts() == finished_run[0].artefacts()


def test_results_of_former_settings_do_not_stand_beside_an_error(finished: Project) -> None:
    finished.settings["scenario_definitions"]["smart"]["overrides"] |= {
        "run.ensure_feasibility": False,
        "techs.hp_cooling.constraints.energy_cap_max": 1.0,
        "locations.buildings.techs.hp_cooling.constraints.energy_cap_equals": 1.0,
    }
    outcome = finished.run()
    assert outcome.code != 0
    for name in ("results.nc", "summary.json", "csv"):
        assert not (finished.results / name).exists(), name
