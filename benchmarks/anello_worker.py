"""anello's side of the benchmarks; each task prints one line of JSON.

anello_worker.py iccep FOLDER          CPU s to the solver, then a cold solution
anello_worker.py iterate FOLDER TIMES  coupled iterations in this process: CPU, wall, memory
anello_worker.py model PATH OUT.nc     CPU s from another model's folder to the solver
anello_worker.py milp PATH OVERRIDES SOLVER SECONDS GAP  CPU s to the solver, then what it finds
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
from measure import cpu_to_solver, peak_mb, report, resident_mb

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.errors import TimeLimitError
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.solve import SolverConfig, Start, compile_problem, solve
from anello.run.config import read_config

ROOT = Path(__file__).resolve().parents[1]
SHORT = {"hp_dhw": "dhw", "hp_clim_hot": "sh", "hp_clim_cold": "co"}
START = {
    f"techs.{tech}.constraints.energy_eff": f"file=cop_{short}_start.csv"
    for tech, short in SHORT.items()
}


def smart(folder: Path) -> ModelData:
    """Read the smart scenario: start COP, the lost decimal point set right, the gap filled."""
    files = folder / "timeseries_data"
    sun = pd.read_csv(files / "solar_resource.csv", index_col=0).fillna(0.0)
    demand = pd.read_csv(files / "demand_co.csv", index_col=0)
    demand = demand.where(demand > -1e5, demand / 1000)
    return read_model(
        folder / "model_op.yaml",
        scenario="different_storage",
        override_dict=START,
        strict=False,
        series={"solar_resource.csv": sun, "demand_co.csv": demand},
    )


def iccep(folder: Path) -> None:
    def work() -> None:
        solve(compile_problem(formulate(smart(folder))))

    seconds = cpu_to_solver(work, highspy.Highs, "run")
    memory = peak_mb()
    problem = compile_problem(formulate(smart(folder)))
    started, wall = time.process_time(), time.perf_counter()
    cold = solve(problem)
    cold_cpu, cold_wall = time.process_time() - started, time.perf_counter() - wall
    values = problem_values(cold.problem, 0.99)
    started, wall = time.process_time(), time.perf_counter()
    solve(problem.patch({"energy_eff": values}), start=Start(cold.basis))
    report(
        cpu_to_solver_s=seconds,
        peak_mb=memory,
        cold_solve_cpu_s=cold_cpu,
        cold_solve_wall_s=cold_wall,
        warm_solve_cpu_s=time.process_time() - started,
        warm_solve_wall_s=time.perf_counter() - wall,
        objective=cold.objective,
        rows=problem.n_rows,
        columns=problem.n_columns,
    )


def problem_values(problem: object, factor: float) -> dict[str, np.ndarray]:
    """Return all heat pumps' COP times a factor (start COP are constants)."""
    start = {"hp_dhw": 3.35, "hp_clim_hot": 4.6, "hp_clim_cold": 7.0}
    nodes = problem.constraints["balance_conversion_plus_primary"].keys["node"]
    return {n: np.float64(start[n.split("::")[1]] * factor) for n in nodes}


def iterate(folder: Path, times: int) -> None:
    settings = read_config(ROOT / "config" / "iccep2019.yaml").scenario("smart")
    coupling = CouplingConfig.model_validate(
        {
            "method": "fixed_point",
            "max_iterations": times,
            "criterion": "max_change",
            "tolerance_k": 1e-9,
        }
    )
    district = CoupledDistrict(smart(folder), settings.ring, coupling)
    marks: list[tuple[float, float, float]] = []

    def mark(*_: object) -> None:
        marks.append((time.process_time(), time.perf_counter(), resident_mb()))

    district.run(must_converge=False, on_iteration=mark)
    cpu, wall, memory = np.array(marks).T
    report(
        iterations=len(marks),
        warm_iteration_cpu_s=float(np.median(np.diff(cpu))),
        warm_iteration_wall_s=float(np.median(np.diff(wall))),
        resident_mb=[round(float(m), 1) for m in memory],
    )


def model(path: Path, out: Path) -> None:
    warnings.simplefilter("ignore")

    def read() -> ModelData:
        # The full year: the example model's file asks for five days.
        return read_model(path, override_dict={"model.subset_time": None}, strict=False)

    seconds = cpu_to_solver(lambda: solve(compile_problem(formulate(read()))), highspy.Highs, "run")
    memory = peak_mb()
    data = read()
    after = cpu_to_solver(lambda: solve(compile_problem(formulate(data))), highspy.Highs, "run")
    data.save(out)
    problem = compile_problem(formulate(data))
    report(
        cpu_to_solver_s=seconds,
        from_arrays_s=after,
        peak_mb=memory,
        rows=problem.n_rows,
        columns=problem.n_columns,
    )


def milp(path: Path, overrides: str, solver: str, seconds: float, gap: float) -> None:
    warnings.simplefilter("ignore")
    started = time.process_time()
    data = read_model(path, override_dict=json.loads(overrides), strict=False)
    problem = compile_problem(formulate(data))
    cpu = time.process_time() - started
    wall = time.perf_counter()
    try:
        found = solve(problem, SolverConfig(name=solver, time_limit_s=seconds, mip_gap=gap))
    except TimeLimitError:
        outcome = {"status": "no solution in time", "objective": None, "gap": None}
    else:
        outcome = {"status": found.status, "objective": found.objective, "gap": found.gap}
    report(
        cpu_to_solver_s=cpu,
        solve_wall_s=time.perf_counter() - wall,
        **outcome,
        integers=int(problem.integer.sum()),
        rows=problem.n_rows,
        columns=problem.n_columns,
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    task, first, *rest = sys.argv[1:]
    if task == "iccep":
        iccep(Path(first))
    elif task == "iterate":
        iterate(Path(first), int(rest[0]))
    elif task == "milp":
        milp(Path(first), rest[0], rest[1], float(rest[2]), float(rest[3]))
    else:
        model(Path(first), Path(rest[0]))
