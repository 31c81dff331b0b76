"""Run published Calliope 0.6 models for a few days beside Calliope 0.6.10, and print a table.

python benchmarks/published.py FOLDER --oracle ORACLE/bin/python [--days 3] [--only NAME]

FOLDER holds a folder for each publication, fetched beforehand; nothing is fetched here. Each main
file (one with `timeseries_data_path`) is run by both with the same settings: the first days of
its own period, CBC in the oracle and HiGHS here. anello reads strictly first; what it refuses is
told, and the model is run leniently then. The table goes into docs/reference/verification.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow")]

import anello  # noqa: E402
from anello.errors import AnelloError, InputError  # noqa: E402
from anello.model.definition.composition import compose  # noqa: E402
from anello.model.schema.report import Report  # noqa: E402

ORACLE = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import calliope
path, override, out = sys.argv[1:]
start = time.process_time()
model = calliope.Model(path, override_dict=json.loads(override))
model.run()
results = model.results
found = {"status": results.attrs.get("termination_condition"),
         "objective": results.attrs.get("objective_function_value")}
json.dump({**found, "cpu_s": time.process_time() - start}, open(out, "w"))
"""
LIMIT_S = 120


@dataclass
class Outcome:
    """What one side made of a model."""

    objective: float | None = None
    wall_s: float | None = None
    said: str = ""


def main() -> None:
    """Print a row per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--only", default="")
    told = parser.parse_args()
    print("| model | size | Calliope 0.6.10 | anello | difference | time [s] | to open it |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for path in main_files(told.folder):
        if told.only in str(path):
            print(row(path, told.folder.resolve(), told.oracle, told.days), flush=True)


def main_files(folder: Path) -> list[Path]:
    """Return the main files below a folder."""
    return [
        path
        for path in sorted(folder.resolve().rglob("*.y*ml"))
        if re.search(r"^\s*timeseries_data_path", path.read_text(errors="replace"), re.MULTILINE)
        and "scenario" not in path.name
    ]


def row(path: Path, folder: Path, oracle: str, days: int) -> str:
    """Return the table's row of one model."""
    name = str(path.relative_to(folder))
    opened, root = opening(path, folder)
    try:
        override = first_days(path, root, days)
    except (AnelloError, OSError, ValueError) as error:
        return f"| {name} | | | | | | {_short(error)} |"
    ours, size, notes = by_anello(path, root, override)
    theirs = by_oracle(path, oracle, override)
    difference = ""
    if ours.objective is not None and theirs.objective is not None:
        scale = max(abs(theirs.objective), 1e-9)
        difference = f"{abs(ours.objective - theirs.objective) / scale:.1e}"
    times = " / ".join("–" if s.wall_s is None else f"{s.wall_s:.1f}" for s in (theirs, ours))
    told = "; ".join([*opened, *notes]) or "nothing"
    cells = [name, size, _number(theirs), _number(ours), difference, times, told]
    return f"| {' | '.join(cells)} |"


def opening(path: Path, folder: Path) -> tuple[list[str], Path]:
    """Return what must be said to let the model read all its parts, and its root."""
    try:
        compose(path, None, None, None, Report(strict=False))
    except InputError as error:
        if "outside" in str(error):
            return ["`root`"], folder / path.relative_to(folder).parts[0]
    return [], path.parent


def first_days(path: Path, root: Path, days: int) -> dict[str, Any]:
    """Return the override that keeps the first days of a model's own period."""
    tree = compose(path, None, None, root, Report(strict=False)).tree
    subset = tree.find("model.subset_time")
    if subset is None:
        series = root_series(tree, path)
        start = pd.Timestamp(pd.read_csv(series, nrows=1, index_col=0).index[0])
    else:
        start = pd.Timestamp(str(subset[0] if isinstance(subset, list) else subset))
    end = start + pd.Timedelta(days=days - 1)
    period = [f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}"]
    return {
        "model": {"subset_time": period},
        "run": {
            "solver": "cbc",
            "mode": "plan",
            "solver_io": None,
            "save_logs": None,
            "solver_options": {"_REPLACE_": None},
        },
    }


def root_series(tree: Any, path: Path) -> Path:
    """Return one of a model's series."""
    folder = path.parent / tree.find("model.timeseries_data_path")
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise OSError(f"{folder.name} holds no series")
    return files[0]


def by_anello(path: Path, root: Path, override: dict[str, Any]) -> tuple[Outcome, str, list[str]]:
    """Run a model here, strictly if it can be read so."""
    notes: list[str] = []
    start = time.perf_counter()
    model = None
    for strict in (True, False):
        try:
            model = anello.Model(path, override_dict=override, root=root, strict=strict)
            break
        except InputError as error:
            count = len(error.problems)
            head = f"`strict: false` ({count}: {_short(error.problems[0])})"
            notes.append(head if strict else f"refused ({count}: {_short(error.problems[0])})")
    if model is None:
        return Outcome(said="refused"), "", notes[-1:]
    sizes = model.data.inputs.sizes
    size = f"{sizes['loc']} × {sizes['tech']}, {sizes['timestep']} steps"
    try:
        model.run(solver="highs", time_limit_s=LIMIT_S)
    except AnelloError as error:
        return Outcome(said=type(error).__name__, wall_s=time.perf_counter() - start), size, notes
    found = float(model.results.attrs["objective_function_value"])
    return Outcome(found, time.perf_counter() - start), size, notes


def by_oracle(path: Path, oracle: str, override: dict[str, Any]) -> Outcome:
    """Run a model in Calliope 0.6.10."""
    out = Path(f"/tmp/published-{os.getpid()}.json")
    out.unlink(missing_ok=True)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [oracle, "-c", ORACLE, str(path), json.dumps(override), str(out)],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            cwd=path.parent,
        )
    except subprocess.TimeoutExpired:
        return Outcome(said=f"over {LIMIT_S} s")
    wall = time.perf_counter() - start
    if not out.exists():
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        return Outcome(said=last.partition(":")[0][:40])
    found = json.loads(out.read_text())
    out.unlink()
    if found["status"] != "optimal":
        return Outcome(said=str(found["status"]), wall_s=wall)
    return Outcome(float(found["objective"]), wall)


def _number(outcome: Outcome) -> str:
    return outcome.said if outcome.objective is None else f"{outcome.objective:,.6g}"


def _short(error: object) -> str:
    text = re.sub(r"/\S*/", "", str(error)).replace("|", "/").replace("\n", " ")
    return text if len(text) < 130 else text[:129] + "…"


if __name__ == "__main__":
    main()
