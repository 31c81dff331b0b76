"""Operate the study's smart district over a year beside one plan of it: ``make bench-operate``.

Both start from the model's arrays, with the study's start COP and without the ring, in one process
one after the other. Then come two weeks of the embedded district with its ring. The tables go into
docs/reference/performance.md. The study's folder is the one that ANELLO_ICCEP2019 names, or
../shared/iccep2019.
"""

from __future__ import annotations

import argparse
import copy
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow"), str(ROOT / "benchmarks")]

from anello_worker import smart  # noqa: E402

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict  # noqa: E402
from anello.coupling.operate import operate_district  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.optimise.formulation import formulate  # noqa: E402
from anello.optimise.operate import Operation, operate  # noqa: E402
from anello.optimise.results import extract  # noqa: E402
from anello.optimise.solve import Solution, compile_problem, solve  # noqa: E402
from benchmarks.__main__ import iccep_folder  # noqa: E402
from benchmarks.compare_coupling import embedded  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- operation: begin -->", "<!-- operation: end -->"
FORTNIGHT = ["2015-07-01", "2015-07-14"]
WINDOWS = {"window": 24, "horizon": 48}


@dataclass(frozen=True)
class Run:
    """What one mode took and cost.

    Attributes
    ----------
    cpu_s, wall_s : float
        From the model's arrays to the results [s].
    solve_cpu_s, solve_wall_s : float
        The part from the compiled problem to the solution [s].
    results : xarray.Dataset
        The results.
    """

    cpu_s: float
    wall_s: float
    solve_cpu_s: float
    solve_wall_s: float
    results: xr.Dataset

    @property
    def operation_eur(self) -> float:
        """Cost of operation, without capacity [€]."""
        return float(self.results["cost_var"].sum())

    @property
    def penalised_mwh(self) -> float:
        """Demand that is not met, and sun that nothing takes: what ``bigM`` is paid for [MWh]."""
        unused = float(self.results["unused_supply"].sum())
        return (float(self.results["unmet_demand"].sum()) - unused) / 1000.0


def measured(data: ModelData, solved: Callable[[Any], Solution]) -> Run:
    """Formulate, solve and lay out, with the clocks running."""
    marks = []

    def mark() -> None:
        marks.append((time.process_time(), time.perf_counter()))

    mark()
    problem = compile_problem(formulate(data))
    mark()
    solution = solved(problem)
    mark()
    results = extract(data, solution)
    mark()
    cpu, wall = zip(*marks, strict=True)
    return Run(cpu[3] - cpu[0], wall[3] - wall[0], cpu[2] - cpu[1], wall[2] - wall[1], results)


def table(plan: Run, rolled: Run, operation: Operation) -> str:
    """Markdown of what was measured."""
    horizons = operation.horizons
    rows = [
        ("CPU s from arrays to results", plan.cpu_s, rolled.cpu_s, 2),
        ("wall s from arrays to results", plan.wall_s, rolled.wall_s, 2),
        ("… CPU s of the solution alone", plan.solve_cpu_s, rolled.solve_cpu_s, 2),
        ("… wall s of the solution alone", plan.solve_wall_s, rolled.solve_wall_s, 2),
        ("cost of operation, €/a", plan.operation_eur, rolled.operation_eur, 0),
        ("demand unmet or sun unused, MWh/a", plan.penalised_mwh, rolled.penalised_mwh, 1),
    ]
    lines = [
        f"| | plan | operate, {len(horizons)} windows of {WINDOWS['window']} h,"
        f" horizons of {WINDOWS['horizon']} h | ratio |",
        "|---|---|---|---|",
        *(
            f"| {name} | {one:,.{digits}f} | {other:,.{digits}f} | {other / one:.4g} |"
            for name, one, other, digits in rows
        ),
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d}; {sum(h.warm for h in horizons)} of"
        f" {len(horizons)} horizons started from the basis of the one before.",
    ]
    return "\n".join(lines)


def coupled() -> str:
    """Markdown of two weeks of the embedded district, ring included."""
    data, ring = embedded(FORTNIGHT)
    coupling = CouplingConfig(tolerance_k=0.5, predicted_decrease=2e-3)
    start = time.process_time()
    plan = CoupledDistrict(data, ring, coupling).run()
    planned_s = time.process_time() - start
    start = time.process_time()
    done = operate_district(
        data,
        ring,
        coupling,
        window_h=WINDOWS["window"],
        horizon_h=WINDOWS["horizon"],
        earlier=plan.best.dispatch,
    )
    operated_s = time.process_time() - start
    planned_eur = plan.best.cost.total_eur - plan.best.state.investment_eur
    programmes = sum(one.iterations for one in done.windows)
    return "\n".join(
        [
            f"| | coupled plan | operate, {len(done.windows)} windows | ratio |",
            "|---|---|---|---|",
            f"| simulated true cost of operation, € | {planned_eur:,.0f} |"
            f" {done.cost.total_eur:,.0f} | {done.cost.total_eur / planned_eur:.4g} |",
            f"| programmes solved | {len(plan.record.trace)} | {programmes} | |",
            f"| CPU s | {planned_s:.2f} | {operated_s:.2f} | {operated_s / planned_s:.3g} |",
        ]
    )


def main() -> None:
    """Measure, print, and write the table into the page."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    folder = iccep_folder()
    if folder is None:
        raise SystemExit("the study's folder is not at hand; ANELLO_ICCEP2019 may name it")
    logging.disable(logging.WARNING)
    data = smart(folder)
    plan = measured(data, solve)
    given = ModelData(data.inputs, copy.deepcopy(data.config))
    given.config["run"] |= {"mode": "operate", "operation": WINDOWS}
    found: list[Operation] = []

    def roll(problem: Any) -> Solution:
        found.append(operate(given, problem))
        return found[0].solution

    rolled = measured(given, roll)
    text = f"{table(plan, rolled, found[0])}\n\n{coupled()}"
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
