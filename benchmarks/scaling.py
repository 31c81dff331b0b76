"""How an iteration's cost grows with the model: ``python -m benchmarks.scaling``.

The embedded district is put side by side with itself, 1 to 64 times. At a fixed point the programme
falls apart into components that are solved one by one, in parallel; a sequential linear programme
sees the ring that all districts share, and is one component. Each size has a process of its own.
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.page import write_between

if TYPE_CHECKING:
    from anello.coupling.district import CoupledDistrict

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- scaling: begin -->", "<!-- scaling: end -->"
SIZES = {"fixed_point": (1, 2, 4, 8, 16, 32, 64), "slp": (1, 2, 4, 8, 16)}
DAYS = 14
ITERATIONS = 3
TITLES = {
    "fixed_point": "Fixed point: the districts are independent in the programme",
    "slp": "Sequential linear programme: the districts share one ring",
}


def described(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model of so many embedded districts, and its series."""
    import pandas as pd

    from anello.district import load_district, write_district
    from anello.model.definition.composition import compose
    from anello.model.schema.report import Report

    with tempfile.TemporaryDirectory() as name:
        model = write_district(load_district(), name).model
        tree = compose(model, "smart", None, None, Report(strict=False)).tree.plain()
        files = Path(name) / tree["model"]["timeseries_data_path"]
        tables = {p.name: pd.read_csv(p, index_col=0, dtype=str) for p in files.glob("*.csv")}
    last = f"2015-07-{DAYS:02d}"
    tree["model"]["subset_time"] = ["2015-07-01", last]
    places = {
        "locations": repeated(tree["locations"], count),
        "links": repeated(tree.get("links") or {}, count),
    }
    series = {
        file: pd.concat([table.add_suffix(suffix(k)) for k in range(count)], axis=1)
        for file, table in tables.items()
    }
    base = {key: tree[key] for key in ("model", "run", "techs", "tech_groups") if key in tree}
    return {**base, **places}, series


def coupled(
    model: dict[str, Any],
    series: dict[str, Any],
    method: str,
    count: int,
    *,
    plant_along: bool = False,
) -> CoupledDistrict:
    """Read and compile a model of so many districts on one ring.

    Parameters
    ----------
    model, series : dict
        What :func:`described` returned.
    method : str
        How they are coupled.
    count : int
        How many there are; water and wells grow with them.
    plant_along : bool
        Whether the other devices of the plant do so as well.
    """
    from anello.coupling.config import CouplingConfig
    from anello.coupling.district import CoupledDistrict
    from anello.model.definition import read_model
    from anello.ring.config import RingConfig
    from anello.run.config import read_config

    settings = read_config(ROOT / "config" / "config.yaml").scenario("smart")
    data = read_model(model, strict=False, series=series)
    ring = settings.ring.model_dump()
    ring["water"]["mass_kg"] *= count
    ring["plant"]["wells"]["max_flow_kg_s"] *= count
    if plant_along:
        ring["plant"]["dry_cooler"]["max_kw"] *= count
        ring["plant"]["dry_cooler"]["kw_per_k"] *= count
        ring["plant"]["chiller"]["max_kw"] *= count
    told = settings.coupling.model_dump() | {"method": method, "max_iterations": ITERATIONS}
    coupling = CouplingConfig.model_validate(told)
    return CoupledDistrict(data, RingConfig.model_validate(ring), coupling)


def measure(method: str, count: int) -> dict[str, float]:
    """Read, compile and iterate a model of so many districts in this process."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from measure import peak_mb

    coupled(*described(1), method, 1)  # what is loaded when it is first used
    model, series = described(count)
    start, wall = time.process_time(), time.perf_counter()
    district = coupled(model, series, method, count, plant_along=True)
    marks = [(time.process_time() - start, time.perf_counter() - wall)]

    def mark(*_: object) -> None:
        marks.append((time.process_time() - start, time.perf_counter() - wall))

    district.run(must_converge=False, on_iteration=mark)
    cpu, elapsed = np.diff(np.array(marks), axis=0).T
    return {
        "districts": count,
        "rows": district.problem.n_rows,
        "build_cpu_s": marks[0][0],
        "first_cpu_s": cpu[0],
        "later_cpu_s": float(np.mean(cpu[1:])),
        "later_wall_s": float(np.mean(elapsed[1:])),
        "peak_mb": peak_mb(),
    }


def suffix(number: int) -> str:
    """Return what is put behind a location's name; the first district keeps its names."""
    return f"_{number}" if number else ""


def repeated(section: dict[str, Any], count: int) -> dict[str, Any]:
    """Return locations or links once per district."""
    return {
        ",".join(part.strip() + suffix(k) for part in key.split(",")): copy.deepcopy(value)
        for k in range(count)
        for key, value in section.items()
    }


def slope(rows: list[dict[str, float]], key: str) -> float:
    """Exponent of the growth over the larger half of the sizes (log-log regression)."""
    half = rows[len(rows) // 2 - 1 :]
    return float(np.polyfit(*np.log([[r["districts"], r[key]] for r in half]).T, 1)[0])


def table(method: str, rows: list[dict[str, float]]) -> str:
    """Return one method's numbers as Markdown."""
    lines = [
        f"**{TITLES[method]}**",
        "",
        "| districts | rows | read and build, CPU s | first iteration, CPU s"
        " | a later one, CPU s | … wall s | peak memory, MB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    keys = ("build_cpu_s", "first_cpu_s", "later_cpu_s", "later_wall_s")
    for row in rows:
        times = " | ".join(f"{row[key]:.2f}" for key in keys)
        lines.append(f"| {row['districts']} | {row['rows']:,} | {times} | {row['peak_mb']:.0f} |")
    found = " | ".join(f"{slope(rows, key):.2f}" for key in keys)
    lines.append(
        f"| log–log slope | {slope(rows, 'rows'):.2f} | {found} | {slope(rows, 'peak_mb'):.2f} |"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure all sizes and write the tables, or one size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "DISTRICTS"), help="one size only")
    told = parser.parse_args()
    if told.one:
        print(json.dumps(measure(told.one[0], int(told.one[1]))))
        return
    parts = []
    for method, sizes in SIZES.items():
        rows = []
        for size in sizes:
            command = [sys.executable, "-m", "benchmarks.scaling", "--one", method, str(size)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
        parts.append(table(method, rows))
    content = "\n\n".join(parts)
    write_between(PAGE, BEGIN, END, f"\n{content}\n")


if __name__ == "__main__":
    main()
