"""Make ``expected.json`` and ``sensitivity.json`` from the oracle, Calliope 0.6.10.

    python tests/golden/make_goldens.py --oracle /path/to/oracle/bin/python [--only storage]

The oracle is a virtual environment of its own (Python 3.11, ``pip install calliope==0.6.10``) with
a ``cbc`` on the PATH. It builds each model and writes its linear programme in full precision; CBC
solves it inside Calliope; HiGHS (this interpreter's ``highspy``) solves the same file twice, by
simplex and by interior point without crossover. The two end in a corner and in the middle of the
set of optima, so a quantity that differs between them is not unique and is left out of
``expected.json`` (its name is kept under ``not_unique``).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import highspy

sys.path.insert(0, str(Path(__file__).parent))
from cases import Case, Variant, apply, cases, variants, write

HERE = Path(__file__).parent
EXPECTED = HERE / "expected.json"
SENSITIVITY = HERE / "sensitivity.json"
# Variable in the oracle → how many leading parts of its index stay when summed over time.
KEPT = {
    "cost": 2,
    "energy_cap": 1,
    "storage_cap": 1,
    "resource_cap": 1,
    "resource_area": 1,
    "carrier_prod": 1,
    "carrier_con": 1,
    "carrier_export": 1,
    "resource_con": 1,
    "storage": 1,
    "unmet_demand": 1,
    "unused_supply": 1,
    "demand_share_per_timestep_decision": 1,
}
CHUNK = 60  # jobs a process: the oracle never frees a model


def oracle_environment() -> dict[str, str]:
    """Return the environment with CBC on the PATH."""
    environment = dict(os.environ)
    if shutil.which("cbc") is None:
        import cbcbox

        folder = str(Path(cbcbox.cbc_bin_path()).parent)
        environment["PATH"] = folder + os.pathsep + environment["PATH"]
    return environment


def run_oracle(oracle: str, jobs: list[dict], out: Path) -> None:
    """Run the export script over all jobs, in several processes one after the other."""
    script = HERE / "oracle_export.py"
    environment = oracle_environment()
    for start in range(0, len(jobs), CHUNK):
        lines = "\n".join(json.dumps(job) for job in jobs[start : start + CHUNK])
        subprocess.run(
            [oracle, str(script), str(out)], input=lines, text=True, check=True, env=environment
        )
        print(f"  oracle: {min(start + CHUNK, len(jobs))}/{len(jobs)}", flush=True)


def solve(path: Path, method: str) -> tuple[str, float, dict[str, float]]:
    """Solve an LP file; return status, objective and the value of each column."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("solver", method)
    highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
    highs.setOptionValue("dual_feasibility_tolerance", 1e-9)
    highs.setOptionValue("mip_rel_gap", 0.0)
    if method == "ipm":
        highs.setOptionValue("run_crossover", "off")
        highs.setOptionValue("presolve", "off")  # presolve would already choose among optima
        highs.setOptionValue("ipm_optimality_tolerance", 1e-10)
    highs.readModel(str(path))
    highs.run()
    status = highs.modelStatusToString(highs.getModelStatus()).lower()
    values = highs.getSolution().col_value
    lp = highs.getLp()
    return (
        status,
        highs.getInfo().objective_function_value,
        dict(zip(lp.col_names_, values, strict=True)),
    )


def sums(values: dict[str, float], names: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """Return the values by variable and label, summed over time."""
    out: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for symbol, value in values.items():
        variable, *index = names.get(symbol, ("",))
        if variable in KEPT:
            out[variable]["|".join(index[: KEPT[variable]])] += value
    return out


def close(a: float, b: float) -> bool:
    """Tell whether two results are one."""
    return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-3)


def golden(case: Case, out: Path) -> dict:
    """Return the record of a case."""
    record = json.loads((out / f"{case.name}.json").read_text())
    if "error" in record:
        return {"status": "error", "error": record["error"]}
    names = json.loads((out / f"{case.name}.names.json").read_text())
    lp = out / f"{case.name}.lp"
    status, objective, corner = solve(lp, "simplex")
    cbc = record["cbc"]
    if status != "optimal":
        return {"status": status, "oracle_termination": cbc["termination"]}
    if not math.isclose(objective, cbc["objective"], rel_tol=1e-6, abs_tol=1e-6):
        raise SystemExit(f"{case.name}: CBC {cbc['objective']} but HiGHS {objective}")
    _, _, middle = solve(lp, "ipm")
    first, second = sums(corner, names), sums(middle, names)
    unique: dict[str, dict[str, float]] = {}
    other: dict[str, list[str]] = {}
    for variable, items in sorted(first.items()):
        for label, value in sorted(items.items()):
            third = cbc.get(variable, {}).get(label, value) if variable in cbc else value
            if variable == "unmet_demand":
                third = value  # the oracle merges unused supply into it
            if close(value, second[variable][label]) and close(value, third):
                unique.setdefault(variable, {})[label] = round(value, 7) + 0.0
            else:
                other.setdefault(variable, []).append(label)
    return {"status": "optimal", "objective": objective, "unique": unique, "not_unique": other}


def sensitivity(variant: Variant, out: Path, number: int) -> list:
    """Return [status, objective] of a variant."""
    record = json.loads((out / f"v{number}.json").read_text())
    if "error" in record:
        return ["rejected", None]
    status, objective, _ = solve(out / f"v{number}.lp", "simplex")
    return [status, objective if status == "optimal" else None]


def main() -> None:
    """Make both files, or only the cases whose name starts with ``--only``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-variants", action="store_true")
    arguments = parser.parse_args()
    chosen = [c for c in cases() if c.name.startswith(arguments.only)]
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    moved = json.loads(SENSITIVITY.read_text()) if SENSITIVITY.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        jobs = [
            {"id": c.name, "model": str(c.path), "scenario": c.override, "solve": True}
            for c in chosen
        ]
        run_oracle(arguments.oracle, jobs, out)
        for case in chosen:
            expected[case.name] = golden(case, out)
            rest = {k: v for k, v in expected[case.name].items() if k != "unique" and v}
            print(case.name, rest, flush=True)
        if not arguments.no_variants:
            todo = [v for c in chosen for v in variants(c)]
            jobs = []
            for number, variant in enumerate(todo):
                path = write(apply(variant), out / f"v{number}.yaml")
                jobs.append(
                    {"id": f"v{number}", "model": str(path), "scenario": variant.case.override}
                )
            run_oracle(arguments.oracle, jobs, out)
            moved = {k: v for k, v in moved.items() if not k.startswith(arguments.only)}
            for number, variant in enumerate(todo):
                moved[variant.name] = sensitivity(variant, out, number)
    known = {c.name for c in cases()}
    expected = {k: expected[k] for k in sorted(expected) if k in known}
    EXPECTED.write_text(json.dumps(expected, indent=1) + "\n")
    moved = {k: v for k, v in moved.items() if k.split(":")[0] in known}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(moved[k])}" for k in sorted(moved))
    SENSITIVITY.write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
