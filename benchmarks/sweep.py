"""Measure a sweep: planning it, running it on one and two cores, and what scheduling costs.

    python benchmarks/sweep.py [--points 200]

A point is one day of the embedded district, solved and simulated until both agree. The table goes
into docs/how-to/sweeps.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "how-to" / "sweeps.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
DAY = {"model.subset_time": ["2015-07-06", "2015-07-06"]}


def run(folder: Path, sweep: dict[str, Any], cores: int, *flags: str) -> tuple[float, str]:
    """Run a sweep in a folder; return the seconds that it took, and what was printed."""
    settings = {
        "run": "bench",
        "scenarios": ["smart"],
        "scenario_definitions": {"smart": {"overrides": DAY}},
        "sweep": sweep,
    }
    overlay = folder / "sweep.yaml"
    overlay.write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
        "--workflow-profile", str(ROOT / "workflow" / "profiles" / "default"),
        "--directory", str(folder), "--cores", str(cores), *flags,
        "--configfile", str(ROOT / "config" / "config.yaml"), str(overlay), "--", "sweep",
    ]  # fmt: skip
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return seconds, done.stdout + done.stderr


def sample(count: int) -> dict[str, Any]:
    """A Latin hypercube over water, wells and price."""
    return {
        "kind": "latin_hypercube",
        "samples": count,
        "seed": 1,
        "parameters": {
            "ring.water.mass_kg": {"low": 1e6, "high": 1e7, "scale": "log"},
            "ring.plant.wells.max_flow_kg_s": {"low": 40.0, "high": 180.0},
            "overrides.techs.grid.costs.monetary.om_prod": [0.2, 0.3, 0.4],
        },
    }


def succeeded(text: str) -> str:
    """How many points succeeded, from what Snakemake printed."""
    found = re.search(r"(\d+) of (\d+) points succeeded", text)
    assert found is not None
    return f"{found[1]} of {found[2]}"


def iterations(folder: Path) -> float:
    """Iterations of all points together, from the table."""
    with open(folder / "results/bench/sweep.csv", encoding="utf-8", newline="") as file:
        return sum(float(row["convergence.iterations"] or 0) for row in csv.DictReader(file))


def fresh() -> Path:
    return Path(tempfile.mkdtemp(prefix="anello-bench-sweep-"))


def measure(points: int) -> list[str]:
    """Return the rows of the table."""
    rows = []
    seconds, _ = run(fresh(), sample(1000), 1, "--dry-run", "--quiet")
    rows.append(f"| plan 1,000 points (`--dry-run`) | {seconds:.0f} s |")
    for cores in (1, 2):
        seconds, text = run(fresh(), sample(points), cores)
        rows.append(
            f"| {points} points on {cores} core{'s' * (cores > 1)} | {seconds:.0f} s, "
            f"{60 * points / seconds:.1f} points per minute ({succeeded(text)} succeeded) |"
        )
    per_iteration = {}
    for together in (True, False):
        folder = fresh()
        seconds, _ = run(folder, {**sample(2), "one_job_per_point": together}, 1)
        per_iteration[together] = seconds / iterations(folder)
    rows.append(f"| an iteration, all in one job per point | {per_iteration[True]:.2f} s |")
    rows.append(f"| an iteration, each step a job | {per_iteration[False]:.2f} s |")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200, help="how many points to run")
    told = parser.parse_args()
    load = os.getloadavg()[0]
    rows = ["| what | measured |", "| --- | --- |", *measure(told.points)]
    note = (
        f"Points of one day of the embedded district, measured by `python benchmarks/sweep.py` on "
        f"{os.cpu_count()} cores at a load of {load:.0f} by other processes. An iteration counts "
        "everything, from Snakemake's start to the table, divided by the iterations."
    )
    write_between(PAGE, BEGIN, END, "\n".join(["", "## How fast it is", "", *rows, "", note, ""]))
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
