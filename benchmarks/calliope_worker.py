"""Calliope 0.6.10's side; runs under the oracle's Python.

calliope_worker.py to_solver MODEL SCENARIO OVERRIDES     CPU s from the folder to CBC's start
calliope_worker.py repeat MODEL SCENARIO OVERRIDES TIMES  memory after each of several models
calliope_worker.py milp MODEL SCENARIO OVERRIDES          CPU s to CBC, then what CBC finds in time
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import warnings
from collections.abc import Callable

import calliope
from measure import cpu_to_solver, peak_mb, report, resident_mb
from pyomo.opt.solver import shellcmd


def until_cbc_is_done(work: Callable[[], None]) -> dict[str, float | str | None]:
    """Return CPU s up to CBC, its wall time, and the objective and gap of its own log.

    Calliope drops a solution that is not proven optimal, so that its results cannot be asked.
    """
    original = shellcmd.SystemCallSolver._execute_command
    found: dict[str, float | str | None] = {}

    def timed(self, command):
        found["cpu_to_solver_s"] = time.process_time() - start
        began = time.perf_counter()
        done = original(self, command)
        found["solve_wall_s"] = time.perf_counter() - began
        lines = r"^(Result|Objective value|Lower bound)(?: -|:)\s+(.+)$"
        told = dict(re.findall(lines, done[1], re.MULTILINE))
        found["status"] = told["Result"].strip()
        found["objective"] = found["gap"] = None
        if "Objective value" in told:
            objective = float(told["Objective value"])
            bound = float(told.get("Lower bound", objective))
            gap = (objective - bound) / abs(objective)
            found.update(objective=objective, gap=gap)
        return done

    shellcmd.SystemCallSolver._execute_command = timed
    start = time.process_time()
    work()
    return found


def main() -> None:
    task, model, scenario, overrides, *rest = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    def work() -> None:
        made = calliope.Model(
            model, scenario=scenario or None, override_dict=json.loads(overrides) or None
        )
        made.run()

    def until_cbc() -> float:
        return cpu_to_solver(work, shellcmd.SystemCallSolver, "_execute_command")

    if task == "milp":
        report(**until_cbc_is_done(work), peak_mb=peak_mb())
    elif task == "to_solver":
        seconds = until_cbc()
        report(cpu_to_solver_s=seconds, peak_mb=peak_mb())
    else:
        memory = []
        for _ in range(int(rest[0])):
            until_cbc()
            memory.append(resident_mb())
        report(resident_mb=memory)


if __name__ == "__main__":
    main()
