#!/usr/bin/env python3
"""A stand-in for LSF's commands, called by their names: bsub, bjobs, bkill, badmin, lsclusters.

It follows IBM's documentation of Spectrum LSF 10.1 as far as Snakemake's executor uses it: what
the commands accept, print and return, and the states PEND, RUN, DONE and EXIT. Jobs run on this
host, two at a time, and are ended at their run limit. It schedules nothing and knows no hosts: it
shows that profile and command lines are right, not how a cluster behaves.

``STAND_IN_LSF`` names the folder with all it knows. The first jobs are killed while they run, as
many as the file ``kill`` in it says.
"""

from __future__ import annotations

import argparse
import fcntl
import fnmatch
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

HOME = Path(os.environ["STAND_IN_LSF"])
SLOTS = 2
ILLEGAL = 255
"""What LSF's commands return after a wrong option."""


class Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(ILLEGAL, f"{message}\n{self.prog}: Illegal option\n")


def read(number: str) -> dict[str, Any]:
    return json.loads((HOME / "jobs" / f"{number}.json").read_text(encoding="utf-8"))


def write(number: str, **changes: Any) -> None:
    path = HOME / "jobs" / f"{number}.json"
    content = (read(number) if path.exists() else {}) | changes
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


def numbers() -> list[str]:
    return sorted((path.stem for path in (HOME / "jobs").glob("*.json")), key=int)


def bsub(arguments: list[str]) -> int:
    parser = Options(prog="bsub", add_help=False, allow_abbrev=False)
    for name in ("J", "o", "e", "env", "P", "q", "W", "n", "cwd"):
        parser.add_argument(f"-{name}", dest=name)
    parser.add_argument("-R", dest="R", action="append", default=[])
    # Each option has a value; the command starts where no option does.
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        place += 2
    told = parser.parse_args(arguments[:place], argparse.Namespace(command=arguments[place:]))
    if not told.command:
        print("No command is specified. Job not submitted.", file=sys.stderr)
        return ILLEGAL
    (HOME / "jobs").mkdir(exist_ok=True)
    with open(HOME / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        number = str(len(numbers()) + 1)
        write(number, **vars(told), state="PEND")
    subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), "supervise", number],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    print(f"Job <{number}> is submitted to queue <{told.q or 'normal'}>.")
    return 0


def supervise(arguments: list[str]) -> int:
    """Wait for a slot, run a job to its end or its limit, and keep its state."""
    (number,) = arguments
    job = read(number)
    slot = take_slot()
    if read(number)["state"] == "EXIT":  # killed while it was pending
        return 0
    with open(job["o"], "a", encoding="utf-8") as output:
        run = subprocess.Popen(
            # The command is one word, as bsub was given it, for the shell on the execution host.
            " ".join(job["command"]),
            shell=True,
            cwd=job["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "LSB_JOBID": number},
        )
    write(number, state="RUN", process=run.pid)
    to_kill = HOME / "kill"
    if to_kill.exists() and int(number) <= int(to_kill.read_text()):
        time.sleep(1)
        os.killpg(run.pid, signal.SIGKILL)
    try:
        code = run.wait(timeout=60.0 * int(job["W"]) if job["W"] else None)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        code = run.wait()
    write(number, state="DONE" if code == 0 else "EXIT", code=code)
    slot.close()
    return 0


def take_slot() -> Any:
    while True:
        for position in range(SLOTS):
            slot = open(HOME / f"slot{position}", "w", encoding="ascii")  # noqa: SIM115
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                slot.close()
            else:
                return slot
        time.sleep(0.2)


def bjobs(arguments: list[str]) -> int:
    parser = Options(prog="bjobs", add_help=False, allow_abbrev=False)
    parser.add_argument("-noheader", action="store_true")
    parser.add_argument("-o", dest="o", required=True)
    # `-aJ NAME` is `-a`, jobs in all states, with `-J`, those whose name matches.
    parser.add_argument("-aJ", dest="name", required=True)
    told = parser.parse_args(arguments)
    found = [n for n in numbers() if fnmatch.fnmatch(read(n)["J"], told.name)]
    if not found:
        print(f"Job <{told.name}> is not found", file=sys.stderr)
        return ILLEGAL
    columns = {"jobid": lambda n: n, "stat": lambda n: read(n)["state"]}
    if not told.noheader:
        print(" ".join(name.upper() for name in told.o.split()))
    for number in found:
        print(" ".join(columns[name](number) for name in told.o.split()))
    return 0


def bkill(arguments: list[str]) -> int:
    for number in arguments:
        job = read(number)
        if job["state"] in ("DONE", "EXIT"):
            print(f"Job <{number}>: Job has already finished", file=sys.stderr)
            continue
        write(number, state="EXIT")
        if "process" in job:
            os.killpg(job["process"], signal.SIGTERM)
        print(f"Job <{number}> is being terminated")
    return 0


def badmin(arguments: list[str]) -> int:
    if arguments != ["showconf", "mbd"]:
        print("badmin: Illegal option", file=sys.stderr)
        return ILLEGAL
    print("MBD configuration at Thu Jan  1 00:00:00 1970")
    print(f"LSB_SHAREDIR = {HOME}/work")
    print(f"LSF_CONFDIR = {HOME}/conf")
    print("LSF_UNIT_FOR_LIMITS = MB")
    return 0


def lsclusters(arguments: list[str]) -> int:
    print("CLUSTER_NAME   STATUS   MASTER_HOST   ADMIN   HOSTS   SERVERS")
    print("stand_in   ok   localhost   lsfadmin   1   1")
    return 0


COMMANDS = {
    "bsub": bsub,
    "bjobs": bjobs,
    "bkill": bkill,
    "badmin": badmin,
    "lsclusters": lsclusters,
    "supervise": supervise,
}

if __name__ == "__main__":
    called, rest = Path(sys.argv[0]).name, sys.argv[1:]
    if called not in COMMANDS:
        called, *rest = rest
    sys.exit(COMMANDS[called](rest))
