"""What all workers measure with: CPU seconds up to the solver, peak memory, JSON on the way out."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


class SolverReachedError(BaseException):
    """Raised where the solver would start; passes every ``except Exception``."""


def peak_mb() -> float:
    """Return the largest resident memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb() -> float:
    """Return the resident memory of this process now [MB]."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def cpu_to_solver(work: Callable[[], Any], owner: Any, method: str) -> float:
    """Return the CPU seconds of ``work`` until it calls ``owner.method``, and stop it there."""
    original = getattr(owner, method)

    def stop(*_: Any, **__: Any) -> None:
        raise SolverReachedError

    setattr(owner, method, stop)
    start = time.process_time()
    try:
        work()
    except SolverReachedError:
        return time.process_time() - start
    finally:
        setattr(owner, method, original)
    raise RuntimeError(f"{method} was never called")


def report(**numbers: Any) -> None:
    """Print the results as the last line of standard output."""
    sys.stdout.flush()
    print(json.dumps(numbers))
