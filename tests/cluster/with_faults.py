"""Run a command on SLURM and do to it what happens to long runs; say what was done as JSON.

    one_host_slurm.sh python with_faults.py python ARGUMENT...

The processes of one job are killed, another job is cancelled, a node is drained, and the controller
is away for two seconds. Afterwards the node is taken back, and the command must end by itself.

Python, in the command and in its jobs, is one whose imports are done, from a server within the
namespaces of the cluster: the process that a job runs is killed with the one that stands for it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from warm_python import warm_python

PATIENCE_S = 120.0


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def jobs(state: str) -> list[str]:
    """Numbers of the jobs in a state, the oldest first."""
    return said("squeue", "--noheader", f"--states={state}", "--format=%i", "--sort=i").split()


def state(node: str) -> str:
    return said("sinfo", "--noheader", f"--nodes={node}", "--format=%T").strip()


def resumed(node: str) -> bool:
    """Take a node back; a controller that has just come up may not be able to yet."""
    told = ["scontrol", "update", f"nodename={node}", "state=resume"]
    subprocess.run(told, capture_output=True, check=False)
    return "drain" not in state(node)


def at_work() -> dict[str, int]:
    """For each running job the process that runs a script of the workflow."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().decode().split("\0")
            environment = (process / "environ").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(".snakemake/scripts/" in argument for argument in arguments[1:4]):
            job = next((e[13:] for e in environment if e.startswith("SLURM_JOB_ID=")), None)
            if job is not None:
                found[job] = int(process.name)
    return found


def wait_for(what: Callable[[], object], run: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if run.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the run ended before its time (exit code {run.poll()})")
        time.sleep(0.1)


def main(command: list[str]) -> int:
    done: dict[str, object] = {}
    run = subprocess.Popen([warm_python(), *command[1:]], stdout=sys.stderr, stderr=sys.stderr)
    try:
        wait_for(at_work, run)
        job, process = next(iter(at_work().items()))
        os.kill(process, signal.SIGKILL)
        done["killed the process of"] = job

        wait_for(lambda: [other for other in at_work() if other != job], run)
        cancelled = next(other for other in at_work() if other != job)
        said("scancel", cancelled)
        done["cancelled"] = cancelled

        said("scontrol", "update", "nodename=n2", "state=drain", "reason=test")
        done["drained"] = state("n2")
        wait_for(lambda: set(at_work()) - {job, cancelled}, run)
        said("slurmctld-restart", "2")
        wait_for(
            lambda: subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0, run
        )
        done["running when the controller was back"] = jobs("running")
        wait_for(lambda: resumed("n2"), run)
        done["exit code"] = run.wait()
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait()
    done["jobs"] = int(said("scontrol", "--oneliner", "show", "jobs").count("JobId="))
    print(json.dumps(done))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
