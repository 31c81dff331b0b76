"""Measure anello beside Calliope 0.6.10 and linopy in one run: ``make bench``.

Each task is a process of its own, one after the other, so that memory and CPU are its own. The
oracle's Python is the one that ANELLO_ORACLE names; linopy's is ANELLO_BENCH_LINOPY or an
environment that this script makes (.venv-bench). What is missing is skipped and said to be, and
what fails does not keep the rest from being measured. Results go to benchmarks/results.json and
into docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks"
PAGE = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
# The urban example's units and purchases over its full year, without the asynchronous heat pipes:
# the problem whose 8,761 integers and 2 binaries the documentation of Calliope 0.6 quotes.
MILP = {
    "model.subset_time": None,
    "techs.chp.constraints": {
        "units_max": 4,
        "energy_cap_per_unit": 300,
        "energy_cap_min_use": 0.2,
    },
    "techs.chp.costs.monetary": {"energy_cap": 700, "purchase": 40000},
    "techs.boiler.costs.monetary": {"energy_cap": 35, "purchase": 2000},
}
MILP_SECONDS = 480
MILP_GAP = 0.01
NO_ORACLE = "no Calliope 0.6.10 (ANELLO_ORACLE may name the Python that has it)"
HEAT_PUMPS = {"hp_dhw": "dhw", "hp_clim_hot": "sh", "hp_clim_cold": "co"}


class MissingError(Exception):
    """Something that a task needs is not here."""


def run(python: Path | str, script: str, *arguments: object) -> dict[str, Any]:
    """Run a worker and return the JSON on its last line."""
    environment = {**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{ROOT / 'workflow'}"}
    if shutil.which("cbc") is None:
        try:
            import cbcbox

            folder = str(Path(cbcbox.cbc_bin_path()).parent)
            environment["PATH"] = folder + os.pathsep + environment["PATH"]
        except ImportError:
            pass
    done = subprocess.run(
        [str(python), str(HERE / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} {arguments}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def save(results: dict[str, Any]) -> None:
    """Write what has been measured so far."""
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def oracle() -> Path | None:
    """Return a Python that has Calliope 0.6.10, or None."""
    told = os.environ.get("ANELLO_ORACLE")
    candidates = [Path(told)] if told else []
    candidates += [ROOT / ".venv-oracle/bin/python", ROOT.parent / "venv/oracle/bin/python"]
    return next((python for python in candidates if python.is_file()), None)


def linopy() -> Path | None:
    """Return a Python that has linopy, made if need be, or None."""
    told = os.environ.get("ANELLO_BENCH_LINOPY")
    candidates = [Path(told)] if told else []
    candidates += [ROOT / ".venv-bench/bin/python", ROOT.parent / "venv/bench/bin/python"]
    for python in candidates:
        if python.is_file():
            return python
    venv.create(ROOT / ".venv-bench", with_pip=True)
    python = ROOT / ".venv-bench/bin/python"
    requirements = ["linopy==0.10.1", "highspy==1.15.1", "netCDF4"]
    done = subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=False)
    return python if done.returncode == 0 else None


def iccep_folder() -> Path | None:
    """Return the folder of the study's smart scenario, or None."""
    told = os.environ.get("ANELLO_ICCEP2019")
    folder = (Path(told) if told else ROOT.parent / "shared" / "iccep2019") / "smart"
    return folder if (folder / "model_op.yaml").is_file() else None


def repaired_copy(folder: Path, into: Path) -> Path:
    """Copy the study's folder with the same repairs that anello's worker makes."""
    import pandas as pd

    copy = into / "smart"
    shutil.copytree(folder, copy)
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    copy.chmod(0o755)
    files = copy / "timeseries_data"
    for name in ("solar_resource.csv", "demand_co.csv"):
        frame = pd.read_csv(files / name, index_col=0).fillna(0.0)
        frame.where(frame > -1e5, frame / 1000).to_csv(files / name)
    for short in HEAT_PUMPS.values():
        shutil.copy(files / f"cop_{short}_start.csv", files / f"cop_{short}.csv")
    return copy


def three_jobs(folder: Path, work: Path) -> dict[str, float]:
    """Run the smart scenario as a workflow; return the wall time of a late iteration's jobs."""
    environment = {**os.environ, "ANELLO_ICCEP2019": str(folder.parent)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--snakefile",
            ROOT / "Snakefile",
            "--directory",
            work,
            "--configfile",
            ROOT / "config" / "iccep2019.yaml",
            "--cores",
            "1",
            "--quiet",
            "all",
            "--",
            "results/iccep2019/smart/results.nc",
        ],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the workflow ended with: {(done.stdout + done.stderr)[-2000:]}")
    seconds = {}
    for job in ("solve", "simulate", "check"):
        files = sorted((work / "results/iccep2019/smart/benchmarks").glob(f"{job}_*.tsv"))
        walls = [
            float(f.read_text().splitlines()[1].split("\t")[0]) for f in files[2:] or files[-1:]
        ]
        seconds[job] = sorted(walls)[len(walls) // 2]
    return seconds


def measure_iccep(results: dict[str, Any], python: Path | None, work: Path) -> None:
    """Measure the study's smart scenario over its full year."""
    folder = iccep_folder()
    if folder is None:
        raise MissingError("the ICCEP 2019 folders are not here (ANELLO_ICCEP2019 may name them)")
    for stale in [key for key in results if key.startswith("iccep_calliope")]:
        del results[stale]
    results["iccep_anello"] = run(sys.executable, "anello_worker.py", "iccep", folder)
    results["iccep_iterate"] = run(sys.executable, "anello_worker.py", "iterate", folder, 50)
    if python is None:
        print(f"iccep: alone, {NO_ORACLE}")
    else:
        copy = repaired_copy(folder, work)
        model = copy / "model_op.yaml"
        settings = json.dumps({"run.solver": "cbc"})
        results["iccep_calliope"] = run(
            python, "calliope_worker.py", "to_solver", model, "different_storage", settings
        )
        results["iccep_calliope_repeat"] = run(
            python, "calliope_worker.py", "repeat", model, "different_storage", settings, 2
        )


def measure_jobs(results: dict[str, Any], _: Path | None, work: Path) -> None:
    """Measure a late iteration of the study's smart scenario as jobs of the workflow."""
    folder = iccep_folder()
    if folder is None:
        raise MissingError("the ICCEP 2019 folders are not here (ANELLO_ICCEP2019 may name them)")
    results["iccep_jobs"] = three_jobs(folder, work / "jobs")


def measure_milp(results: dict[str, Any], python: Path | None, _: Path) -> None:
    """Measure the urban example with integers over its full year: CBC in both, and HiGHS."""
    if python is None:
        raise MissingError(f"{NO_ORACLE}, whose package holds the urban-scale model")
    model = example(python, "urban_scale")
    limits = {"seconds": MILP_SECONDS, "ratioGap": MILP_GAP}
    told = {**MILP, "run.solver": "cbc", "run.solver_options": limits}
    for solver in ("cbc", "highs"):
        results[f"milp_anello_{solver}"] = run(
            sys.executable,
            "anello_worker.py",
            *("milp", model, json.dumps(MILP), solver, MILP_SECONDS, MILP_GAP),
        )
        save(results)
    results["milp_calliope"] = run(
        python, "calliope_worker.py", "milp", model, "", json.dumps(told)
    )


def example(python: Path, name: str) -> Path:
    """Return an example model in the package of the oracle's Calliope."""
    code = "import calliope, pathlib; print(pathlib.Path(calliope.__file__).parent)"
    found = subprocess.run(
        [python, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    return Path(found.stdout.strip().splitlines()[-1]) / "example_models" / name / "model.yaml"


def measure_national(results: dict[str, Any], python: Path | None, work: Path) -> None:
    """Measure the national-scale example over its full year."""
    if python is None:
        raise MissingError(f"{NO_ORACLE}, whose package holds the national-scale model")
    model = example(python, "national_scale")
    data = work / "national.nc"
    results["national_anello"] = run(sys.executable, "anello_worker.py", "model", model, data)
    settings = json.dumps({"model.subset_time": None})
    results["national_calliope"] = run(
        python, "calliope_worker.py", "to_solver", model, "", settings
    )
    results.pop("national_linopy", None)
    other = linopy()
    if other is None:
        print("national: without linopy, which cannot be installed (see ANELLO_BENCH_LINOPY)")
        return
    results["national_linopy"] = run(other, "linopy_worker.py", data, "stop")


def ratio(a: float, b: float) -> str:
    """Return a/b for people."""
    return f"{a / b:.1f}" if a / b < 10 else f"{a / b:.0f}"


def rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the lines of the table: what, anello, the other, their ratio, the aim."""
    out: list[tuple[str, ...]] = []
    mine, theirs = results.get("iccep_anello"), results.get("iccep_calliope")
    if mine:
        other = theirs["cpu_to_solver_s"] if theirs else None
        out.append(
            (
                "Smart district, year: folder to solver, CPU s",
                f"{mine['cpu_to_solver_s']:.2f}",
                f"Calliope {other:.1f}" if other else "–",
                ratio(other, mine["cpu_to_solver_s"]) if other else "–",
                "≤ 3 s",
            )
        )
        out.append(
            (
                "… peak memory up to the solver, MB",
                f"{mine['peak_mb']:.0f}",
                f"Calliope {theirs['peak_mb']:.0f}" if theirs else "–",
                ratio(theirs["peak_mb"], mine["peak_mb"]) if theirs else "–",
                "–",
            )
        )
        out.append(
            (
                "… cold solution, and warm with every COP changed, wall s",
                f"{mine['cold_solve_wall_s']:.2f} and {mine['warm_solve_wall_s']:.2f}",
                "–",
                "–",
                "–",
            )
        )
    loop, again = results.get("iccep_iterate"), results.get("iccep_calliope_repeat")
    if loop:
        out.append(
            (
                "Warm coupled iteration in process (solve, simulate, check), CPU s",
                f"{loop['warm_iteration_cpu_s']:.2f} (wall {loop['warm_iteration_wall_s']:.2f})",
                "–",
                "–",
                "≤ 1 s",
            )
        )
        memory = loop["resident_mb"]
        settled = min(4, len(memory) - 1)
        growth = None
        if again:
            growth = (again["resident_mb"][-1] - again["resident_mb"][0]) / (
                len(again["resident_mb"]) - 1
            )
        out.append(
            (
                f"Growth of memory per iteration, over {loop['iterations']}, MB",
                f"{(memory[-1] - memory[settled]) / max(1, len(memory) - 1 - settled):.2f}",
                f"Calliope {growth:.0f}" if growth is not None else "–",
                "–",
                "flat",
            )
        )
    jobs = results.get("iccep_jobs")
    if jobs:
        out.append(
            (
                "Warm iteration as three jobs, wall s",
                f"{sum(jobs.values()):.1f} ("
                + " + ".join(f"{seconds:.1f}" for seconds in jobs.values())
                + ")",
                "–",
                "–",
                "≤ 6 s",
            )
        )
    mine, theirs = results.get("national_anello"), results.get("national_calliope")
    if mine and theirs:
        out.append(
            (
                "National scale, year: folder to solver, CPU s",
                f"{mine['cpu_to_solver_s']:.2f}",
                f"Calliope {theirs['cpu_to_solver_s']:.1f}",
                ratio(theirs["cpu_to_solver_s"], mine["cpu_to_solver_s"]),
                "≥ 40",
            )
        )
        out.append(
            (
                "… peak memory up to the solver, MB",
                f"{mine['peak_mb']:.0f}",
                f"Calliope {theirs['peak_mb']:.0f}",
                ratio(theirs["peak_mb"], mine["peak_mb"]),
                "≥ 3",
            )
        )
    theirs = results.get("national_linopy")
    if mine and theirs:
        out.append(
            (
                f"… arrays to solver, {theirs['rows']:,} rows, CPU s",
                f"{mine['from_arrays_s']:.2f}",
                f"linopy {theirs['cpu_to_solver_s']:.2f}",
                ratio(theirs["cpu_to_solver_s"], mine["from_arrays_s"]),
                "≥ 0.67",
            )
        )
    return out + milp_rows(results)


def milp_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the lines of the problem with integers: anello with CBC and HiGHS, Calliope's CBC."""
    if "milp_calliope" not in results:
        return []
    cbc, highs = results["milp_anello_cbc"], results["milp_anello_highs"]
    theirs = results["milp_calliope"]

    def line(what: str, key: str, form: str) -> tuple[str, ...]:
        told = ["none" if r[key] is None else form.format(r[key]) for r in (cbc, highs, theirs)]
        both = cbc[key] and theirs[key]
        share = ratio(theirs[key], cbc[key]) if both and key.endswith("_s") else "–"
        return (what, f"{told[0]}; HiGHS {told[1]}", f"Calliope {told[2]}", share, "–")

    return [
        line(
            f"Urban scale, year, {cbc['integers']:,} integers, CBC: folder to solver, CPU s",
            "cpu_to_solver_s",
            "{:.2f}",
        ),
        line(f"… search, at most {MILP_SECONDS} s or a gap of {MILP_GAP:.0%}, wall s",
             "solve_wall_s", "{:.0f}"),
        line("… cost of the best solution found", "objective", "{:,.0f}"),
        line("… its gap", "gap", "{:.2%}"),
        line("… why the search stopped", "status", "{}"),
    ]  # fmt: skip


def table(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = ["| what | anello | beside it | ratio | aim |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(line) + " |" for line in rows(results)]
    machine = results["machine"]
    days: dict[str, list[str]] = {}
    for task, day in results["dates"].items():
        days.setdefault(day, []).append(f"`{task}`")
    when = "; ".join(f"{', '.join(names)} {day}" for day, names in sorted(days.items()))
    lines += ["", f"Measured on {machine['cpus']} cores, {machine['python']}: {when}."]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is named on the command line; all by default."""
    tasks = {
        "national": measure_national,
        "iccep": measure_iccep,
        "jobs": measure_jobs,
        "milp": measure_milp,
    }
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "tasks",
        nargs="*",
        metavar="TASK",
        help=f"what to measure: {', '.join(tasks)}; all by default",
    )
    chosen = parser.parse_args(arguments).tasks or list(tasks)
    unknown = sorted(set(chosen) - set(tasks))
    if unknown:
        parser.error(f"no task {', '.join(unknown)}: choose from {', '.join(tasks)}")
    python = oracle()
    file = HERE / "results.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    dates = results.setdefault("dates", {})
    results["machine"] = {
        "cpus": os.cpu_count(),
        "python": f"Python {platform.python_version()}",
    }
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            try:
                tasks[name](results, python, Path(folder))
            except MissingError as error:
                print(f"{name}: skipped, {error}", flush=True)
            except RuntimeError as error:
                failed.append(name)
                print(f"{name}: failed, {error}", flush=True)
            else:
                dates[name] = datetime.now(UTC).strftime("%Y-%m-%d")
            save(results)
    text = table(results)
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
