"""The LSF profile and its executor, against a stand-in for LSF's commands. No real LSF is used."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warm_python import warm_python

from .conftest import ROOT, Project

STAND_IN = ROOT / "tests" / "cluster" / "stand_in_lsf.py"
SNAKEMAKE = ROOT / "tests" / "cluster" / "impatient_snakemake.py"
ALL_IN_ONE = ("preprocess=one", "build=one", "solve=one", "simulate=one")


@pytest.fixture
def lsf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the stand-in knows; its commands are on the PATH."""
    pytest.importorskip("snakemake_executor_plugin_lsf", reason="the extra `cluster` is missing")
    home = tmp_path / "lsf"
    params = home / "conf" / "lsbatch" / "stand_in" / "configdir" / "lsb.params"
    params.parent.mkdir(parents=True)
    params.write_text("Begin Parameters\nDEFAULT_QUEUE = normal  # for all\nEnd Parameters\n")
    (home / "bin").mkdir()
    for name in ("bsub", "bjobs", "bkill", "badmin", "lsclusters"):
        (home / "bin" / name).symlink_to(STAND_IN)
    monkeypatch.setenv("STAND_IN_LSF", str(home))
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{subprocess.os.environ['PATH']}")
    return home


def submitted(home: Path) -> list[dict[str, Any]]:
    files = sorted((home / "jobs").glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def test_a_group_of_jobs_is_submitted_and_submitted_again_after_it_was_killed(
    lsf: Path, new_project: Callable[[], Project], tmp_path: Path
) -> None:
    # The executor's command line for bsub does not bear spaces and quotes in names.
    project = new_project().copy(tmp_path / "project")
    (project.folder / "modèle d'été").rename(project.folder / "model")
    project.settings["data"]["model"] = "model/model.yaml"
    (lsf / "kill").write_text("1")
    command = project.command("results/small/smart/iterations/000/ring.nc", python=warm_python())
    place = command.index("--workflow-profile")
    command[place + 1] = str(ROOT / "workflow" / "profiles" / "lsf")
    cores = command.index("--cores")
    command[cores : cores + 2] = ["--groups", *ALL_IN_ONE]
    command[1:3] = [str(SNAKEMAKE)]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (project.results / "iterations/000/ring.nc").stat().st_size > 0

    first, second = submitted(lsf)
    assert (first["state"], second["state"]) == ("EXIT", "DONE")
    for job in (first, second):
        assert job["P"] == "anello"
        assert job["q"] == "normal"
        assert job["n"] == "1"
        assert job["env"] == "all"
        assert "span[hosts=1]" in job["R"]
        assert job["cwd"] == str(project.folder)
    # A retry asks for more memory and time.
    memory = [float(job["R"][0].removeprefix("rusage[mem=").rstrip("]")) for job in (first, second)]
    assert memory[1] == pytest.approx(2 * memory[0], rel=0.01)
    assert memory[0] >= 2000
    assert int(second["W"]) == 2 * int(first["W"])
