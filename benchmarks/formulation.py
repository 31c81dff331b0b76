"""How long each step takes from model data to a solution, and what an edit costs.

    python -m benchmarks.formulation            a year of the embedded district
    python -m benchmarks.formulation FOLDER     any Calliope 0.6 model folder

Prints one line a step: CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.solve import Problem, Start, compile_problem, solve
from anello.optimise.solve.reduction import reduce_problem


def timed(label: str, work: Callable[[], Any]) -> Any:
    """Do the work and print its CPU seconds."""
    start = time.process_time()
    result = work()
    print(f"{label:<44}{time.process_time() - start:8.2f} s")
    return result


def embedded(folder: Path) -> Path:
    """Write the embedded district's model folder."""
    from anello.district import load_district, write_district

    write_district(load_district(), folder)
    return folder / "model.yaml"


def main() -> None:
    """Measure every step and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formulation", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="a Calliope 0.6 model folder")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = told.folder or embedded(Path(temporary) / "district")
        data = timed("read the model folder", lambda: read_model(path, strict=False))
        model = timed("formulate (Pyomo model over arrays)", lambda: formulate(data))
        problem = timed("compile, nothing edited", lambda: compile_problem(model))
        print(
            f"{'':4}{problem.n_rows} rows, {problem.n_columns} columns, {len(problem.data)} entries"
        )
        reduction = timed("reduce", lambda: reduce_problem(problem))
        rows, columns = reduction.matrix.shape
        print(f"{'':4}{rows} rows, {columns} columns left")
        cold = timed("solve from scratch", lambda: solve(problem))
        warm = timed("solve from the last basis", lambda: solve(problem, start=Start(cold.basis)))
        print(f"{'':4}objective {cold.objective:.12g}, warm {warm.objective:.12g}")
        file = Path(temporary) / "problem.npz"
        timed("save the problem", lambda: problem.save(file))
        timed("load the problem", lambda: Problem.load(file))
        flow = next(iter(model.carrier_prod.values()))
        model.least = pyo.Constraint(expr=flow >= 0)
        timed("compile with a constraint added", lambda: compile_problem(model))
        timed("write an LP file with Pyomo", lambda: model.write(f"{temporary}/model.lp"))


if __name__ == "__main__":
    main()
