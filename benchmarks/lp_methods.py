"""Simplex and interior point on the programmes that a search solves.

    python benchmarks/lp_methods.py [--cases "designed week" "8 districts"] [--keep FILE]

Each programme of a trust-region search is solved twice, one after the other: by simplex, from the
basis of the programme before or of four-hour steps, and by HiPO; the first also by simplex from
scratch. The search goes on from the first way.
The table goes into docs/reference/lp-methods.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.errors import TimeLimitError  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.optimise.solve import Problem, Solution, SolverConfig, Start, solve  # noqa: E402
from anello.optimise.solve.methods import (  # noqa: E402
    Method,
    Shape,
    begins_coarse,
    best_method,
    steps_of,
)
from anello.optimise.solve.reduction import reduce_problem  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from benchmarks.compare_coupling import embedded, smart_ring  # noqa: E402
from benchmarks.loop_waves import FLOWS, looped  # noqa: E402
from benchmarks.page import write_between  # noqa: E402
from benchmarks.scaling import coupled, described  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "lp-methods.md"
BEGIN, END = "<!-- methods: begin -->", "<!-- methods: end -->"
JULY = ["2015-07-01", "2015-07-14"]
LIMIT_S = 150.0
LOOSE = {"method": "slp", "predicted_decrease": 2e-3, "tolerance_k": 0.5}
HEAD = (
    "| programme | rows | simplex starts from | simplex, CPU s | from scratch, CPU s | "
    "HiPO, CPU s | simplex / HiPO | wall, s | objectives differ by | `auto` |"
)


def one_ring(scenario: str, last: str) -> CoupledDistrict:
    """Return the embedded district from the first of January on."""
    span = ["2015-01-01", last]
    with tempfile.TemporaryDirectory() as folder:
        model = write_district(load_district(), Path(folder) / "model").model
        data = read_model(model, scenario=scenario, override_dict={"model.subset_time": span})
    ring = RingConfig.model_validate(smart_ring())
    return CoupledDistrict(data, ring, CouplingConfig.model_validate(LOOSE))


def loop(waves: int) -> CoupledDistrict:
    """Return the loop of three substations in July."""
    data, ring = embedded(JULY)
    told = CouplingConfig.model_validate({"slp": {"loop_waves": waves}})
    return CoupledDistrict(data, looped(ring, FLOWS["0.06 kg/s per kW"]), told)


def districts(count: int) -> CoupledDistrict:
    """Return so many districts on one ring in July, the plant grown with them."""
    return coupled(*described(count), "slp", count, plant_along=True)


CASES: dict[str, tuple[Callable[[], CoupledDistrict], int]] = {
    "designed week": (lambda: one_ring("designed", "2015-01-07"), 3),
    "designed month": (lambda: one_ring("designed", "2015-01-31"), 3),
    "designed quarter": (lambda: one_ring("designed", "2015-03-31"), 2),
    "designed year": (lambda: one_ring("designed", "2015-12-31"), 2),
    "sizes given, month": (lambda: one_ring("smart", "2015-01-31"), 3),
    "sizes given, year": (lambda: one_ring("smart", "2015-12-31"), 2),
    **{
        f"{n} districts, 14 days": (partial(districts, n), programmes)
        for n, programmes in ((4, 3), (8, 3), (16, 2), (32, 2))
    },
    "loop, 1 wave, 14 days": (lambda: loop(1), 3),
    "loop, 4 waves, 14 days": (lambda: loop(4), 3),
}


def timed(
    problem: Problem, method: Method, start: Start, *, warm: bool = True
) -> tuple[Solution | None, float, float]:
    """Solve, and return the solution with CPU and wall time [s]."""
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        settings = SolverConfig(method=method, time_limit_s=LIMIT_S, warm_start=warm)
        found = solve(problem, settings, start=start, explain=False)
    except TimeLimitError:
        found = None
    return found, time.process_time() - cpu, time.perf_counter() - wall


def measure(case: str) -> list[dict[str, Any]]:
    """Solve the first programmes of a case by both methods."""
    make, most = CASES[case]
    rows: list[dict[str, Any]] = []

    def duel(problem: Problem, *_: Any, start: Start, **__: Any) -> Solution:
        simplex, cpu_s, wall_s = timed(problem, "simplex", start)
        hipo, hipo_cpu_s, hipo_wall_s = timed(problem, "hipo", start)
        coarse = begins_coarse(reduce_problem(problem), SolverConfig(), start)
        scratch = timed(problem, "simplex", start, warm=False)[1] if coarse else None
        chosen = simplex or hipo
        assert chosen is not None
        both = simplex is not None and hipo is not None
        rows.append(
            {
                "programme": f"{case}, {len(rows) + 1}",
                "rows": len(reduce_problem(problem).rows),
                "start": "four-hour steps" if coarse else "before" if start.basis else "scratch",
                "scratch": scratch,
                "simplex": cpu_s if simplex else None,
                "hipo": hipo_cpu_s,
                "wall": [wall_s, hipo_wall_s],
                "passed": bool(hipo and hipo.method.startswith("hipo")),
                "differ": abs(hipo.objective / simplex.objective - 1.0) if both else None,  # type: ignore[union-attr]
                "auto": chosen_by_rule(problem, start),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
        return chosen

    district = make()
    district.coupling = district.coupling.model_copy(update={"max_iterations": most})
    with mock.patch("anello.coupling.district.solve", duel):
        district.run(must_converge=False)
    return rows


def chosen_by_rule(problem: Problem, start: Start) -> str:
    """Return what the rule says of a programme, taken as one piece."""
    if start.basis is not None or begins_coarse(reduce_problem(problem), SolverConfig(), start):
        return "simplex"
    return best_method(Shape.of(reduce_problem(problem).matrix, steps_of(problem)))


def line(row: dict[str, Any]) -> str:
    """Return one line of the table."""
    simplex, passed = row["simplex"], row["passed"]
    times = f"{simplex:.1f}" if simplex else f"> {LIMIT_S:.0f}"
    ratio = f"{simplex / row['hipo']:.2f}" if simplex else f"> {LIMIT_S / row['hipo']:.1f}"
    hipo = f"{row['hipo']:.1f}" if passed else f"{row['hipo']:.1f}, with the simplex after it"
    differ = "" if row["differ"] is None or not passed else f"{row['differ']:.0e}"
    wall = " / ".join(f"{w:.1f}" for w in row["wall"])
    scratch = "" if row["scratch"] is None else f"{row['scratch']:.1f}"
    return (
        f"| {row['programme']} | {row['rows']:,} | {row['start']} | {times} | {scratch} | {hipo} | "
        f"{ratio} | {wall} | {differ} | {row['auto']} |"
    )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--one", choices=list(CASES), help="measure one case in this process")
    parser.add_argument("--keep", type=Path, help="file that keeps rows, to be added to")
    told = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    if told.one:
        measure(told.one)
        return
    kept: list[dict[str, Any]] = []
    if told.keep is not None and told.keep.is_file():
        kept = [json.loads(text) for text in told.keep.read_text().splitlines() if text]
    for case in told.cases:
        command = [sys.executable, __file__, "--one", case]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        print(done.stdout, flush=True)
        kept += [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
        if told.keep is not None:
            told.keep.write_text("".join(json.dumps(row) + "\n" for row in kept))
    lines = [HEAD, "| --- | ---: | --- |" + " ---: |" * 6 + " --- |", *map(line, kept)]
    text = "\n".join(["", "Measured by `python benchmarks/lp_methods.py`.", "", *lines, "", ""])
    write_between(PAGE, BEGIN, END, text)


if __name__ == "__main__":
    main()
