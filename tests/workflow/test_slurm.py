"""The workflow on a real SLURM, a controller and two nodes on this host, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ROOT, Project

CLUSTER = ROOT / "tests" / "cluster" / "one_host_slurm.sh"
SNAKEMAKE = ROOT / "tests" / "cluster" / "impatient_snakemake.py"
NOT_HERE = 77
"""Exit code of the script where there can be no SLURM."""


def on_slurm(project: Project, *arguments: str) -> list[str]:
    """The command line of a run on the cluster, else like that of a run on this machine."""
    command = project.command(*arguments)
    place = command.index("--workflow-profile")
    command[place + 1] = str(ROOT / "workflow" / "profiles" / "slurm")
    cores = command.index("--cores")
    del command[cores : cores + 2]
    command[cores:cores] = ["--latency-wait", "10"]
    command[1:3] = [str(SNAKEMAKE)]
    return command


@pytest.fixture(scope="module")
def cluster() -> Path:
    """The script that runs a command on a SLURM of its own."""
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="the extra `cluster` is missing")
    tried = subprocess.run([CLUSTER, "true"], capture_output=True, text=True, check=False)
    if tried.returncode == NOT_HERE:
        pytest.skip(tried.stderr.strip())
    assert tried.returncode == 0, tried.stderr
    return CLUSTER


@pytest.mark.slurm
def test_a_sweep_survives_killed_jobs_a_drained_node_and_a_lost_controller(
    cluster: Path, new_project: Callable[[], Project]
) -> None:
    project = new_project()
    project.settings["coupling"]["tolerance_k"] = 100.0
    project.settings["sweep"] = {
        "kind": "grid",
        "parameters": {"ring.water.mass_kg": [1e6, 2e6, 3e6]},
    }
    drive = ROOT / "tests" / "cluster" / "with_faults.py"
    done = subprocess.run(
        [str(cluster), sys.executable, str(drive), *on_slurm(project, "sweep")],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["exit code"] == 0, done.stderr
    assert told["drained"] in ("drained", "draining")
    assert told["killed the process of"] != told["cancelled"]
    # Three points, the table, and one job more for each that was killed or cancelled.
    assert told["jobs"] == 6

    on_cluster = (project.folder / "results/small/sweep.csv").read_bytes()
    here = project.copy(project.folder.parent / "hier")
    for folder in (here.folder / "results", here.folder / ".snakemake"):
        subprocess.run(["rm", "-r", folder], check=True)
    alone = here.run("sweep")
    assert alone.code == 0, alone.text
    assert (here.folder / "results/small/sweep.csv").read_bytes() == on_cluster
    assert b",failed," not in on_cluster
