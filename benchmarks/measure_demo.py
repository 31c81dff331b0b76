"""What the demo takes, from a folder without results to the report: ``make bench-demo``.

Runs ``snakemake --cores 2`` on the default configuration in a temporary folder, and prints wall
time, CPU time of all jobs and the largest memory of all processes together (proportional set size:
what processes share is counted once).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
EVERY_S = 0.5


def memory_mb(process: psutil.Process) -> float:
    """Memory of a process and all its descendants [MB]."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # it ended between the listing and the look
    return total / 1e6


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and print what it took, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=2, help="cores for Snakemake")
    cores = parser.parse_args(arguments).cores
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--workflow-profile", str(ROOT / "workflow" / "profiles" / "default")]
        command += ["--directory", folder, "--cores", str(cores)]
        command += ["--configfile", str(ROOT / "config" / "config.yaml")]
        start, largest = time.monotonic(), 0.0
        with open(Path(folder) / "run.log", "wb") as log:
            running = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            tree = psutil.Process(running.pid)
            while running.poll() is None:
                try:
                    largest = max(largest, memory_mb(tree))
                except psutil.NoSuchProcess:
                    break
                time.sleep(EVERY_S)
            code = running.wait()
        seconds = time.monotonic() - start
        report = Path(folder) / "results" / "district" / "report.html"
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            json.dumps(
                {
                    "finished": code == 0 and report.is_file(),
                    "cores": cores,
                    "wall_s": round(seconds),
                    "cpu_s": round(used.ru_utime + used.ru_stime),
                    "peak_memory_mb": round(largest),
                    "report_mb": round(report.stat().st_size / 1e6, 1)
                    if report.is_file()
                    else None,
                },
                indent=2,
            )
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
