"""Every benchmark says how it is called, whatever is installed beside anello."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
# Processes of a task, which run with another Python and its packages.
WORKERS = {"anello_worker", "calliope_worker", "linopy_worker"}
TASKS = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8") and path.stem not in WORKERS
)


def test_tasks_are_found():
    assert {"__main__", "jobs", "operate", "sweep"} <= set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_help(task, monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", [str(FOLDER.parent), str(FOLDER), *sys.path])
    monkeypatch.setattr(sys, "argv", [task, "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(FOLDER / f"{task}.py"), run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage:")


def test_an_unknown_task_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "nonsense"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(FOLDER / "__main__.py"), run_name="__main__")
    assert end.value.code == 2
    assert "no task nonsense" in capsys.readouterr().err
