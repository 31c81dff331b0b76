"""Calliope 0.6.10's side; runs under the oracle's Python.

calliope_worker.py to_solver MODEL SCENARIO OVERRIDES     CPU s from the folder to CBC's start
calliope_worker.py repeat MODEL SCENARIO OVERRIDES TIMES  memory after each of several models
"""

from __future__ import annotations

import json
import logging
import sys
import warnings

import calliope
from measure import cpu_to_solver, peak_mb, report, resident_mb
from pyomo.opt.solver import shellcmd


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

    if task == "to_solver":
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
