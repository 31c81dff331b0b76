"""What the jobs of the workflow spend outside the solver: ``python benchmarks/jobs.py``.

    python benchmarks/jobs.py [--run FOLDER] [--repeat 3]

Runs the demo, or takes a folder in which it has been run, and starts single jobs of it once more:
each script as Snakemake starts it, in a process of its own, with files of the run to read and a
temporary folder to write to. CPU seconds are those of the process, user and system, from the start
of Python to its end, and the smallest of several repetitions. The table goes into
docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

PAGE = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- jobs: begin -->", "<!-- jobs: end -->"
CONFIG = ROOT / "config" / "config.yaml"
ITERATION = ("solve", "simulate", "check_convergence")
ITERATION_AIM_S, LATE_AIM_S = 1.0, 5.0


@dataclass
class Job:
    """One job, as its script sees it.

    Attributes
    ----------
    name, script : str
        What it is called in the table, and its file below ``scripts``.
    reads, writes, logs, params, wildcards : dict
        As Snakemake hands them to the script.
    apart : str
        ``module:name`` of functions whose time is told apart, with spaces between them.
    """

    name: str
    script: str
    reads: dict[str, Any]
    writes: dict[str, str]
    logs: dict[str, str]
    params: dict[str, Any] = field(default_factory=dict)
    wildcards: dict[str, str] = field(default_factory=dict)
    apart: str = ""


def run_demo(folder: Path) -> None:
    """Run the demo from nothing to the report."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "1", "--configfile", str(CONFIG), "--quiet"]
    subprocess.run([*command, "all"], check=True, env=_environment())


def _environment() -> dict[str, str]:
    paths = [str(ROOT / "workflow"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def jobs_of(folder: Path, out: Path) -> list[Job]:
    """Return the jobs to measure: the last iteration of the last scenario, then what follows."""
    import yaml

    from anello.run.config import parse_config

    settings = parse_config(yaml.safe_load(CONFIG.read_text(encoding="utf-8")), [])
    results = folder / "results" / settings.run
    names = list(settings.scenarios)
    plain = {name: settings.scenario(name).model_dump(mode="json") for name in names}
    found = _iteration(results / names[-1], plain[names[-1]], names[-1], out)
    for name in names:
        found += _of_scenario(results / name, plain[name], settings.run, name, out / name)
    every = [str(results / name / "results.nc") for name in names]
    figures = settings.figures.model_dump(mode="json")
    about: dict[str, Any] = {
        "reads": {"results": every},
        "params": {"scenarios": names, "settings": figures},
        "wildcards": {"run": settings.run},
    }
    page = {
        "page": str(out / "report.html"),
        "table": str(out / "scenarios.csv"),
        "figures": str(out / "comparison"),
    }
    shared = {"workbook": str(out / "results.xlsx"), "table": str(out / "iamc.csv")}
    workbook = "anello.run.stages.share:write_workbook"
    log = {"log": str(out / "late.log")}
    return [
        *found,
        Job("write_report", "report.py", writes=page, logs=log, **about),
        Job("write_shared", "share.py", writes=shared, logs=log, apart=workbook, **about),
    ]


def _iteration(place: Path, settings: dict[str, Any], scenario: str, out: Path) -> list[Job]:
    """The three jobs of a scenario's last iteration."""
    steps = sorted(path for path in (place / "iterations").iterdir() if path.is_dir())
    if len(steps) < 2:
        raise SystemExit(f"{place} has no second iteration: run the demo to its end first")
    first, before, step = steps[0], steps[-2], steps[-1]
    model = str(place / "model_data.nc")
    about: dict[str, Any] = {
        "params": {"settings": settings},
        "wildcards": {"scenario": scenario, "iteration": step.name},
    }

    def at(folder: Path, *names: str) -> dict[str, str]:
        return {name.partition(".")[0]: str(folder / name) for name in names}

    return [
        Job(
            "solve",
            "solve.py",
            reads={
                "model": model,
                "problem": str(place / "problem.npz"),
                **at(before, "cop.nc", "basis.npz"),
            },
            writes={**at(out, "dispatch.nc", "basis.npz"), "report": str(out / "solve.json")},
            logs={"stage": str(out / "solve.log"), "solver": str(out / "solver.log")},
            apart="highspy:Highs.passModel highspy:Highs.run",
            **about,
        ),
        Job(
            "simulate",
            "simulate.py",
            reads={
                "model": model,
                **at(step, "dispatch.nc"),
                **at(before, "cop.nc"),
                "first": str(first / "ring.nc"),
                "earlier": [],
            },
            writes=at(out, "ring.nc", "cop.nc"),
            logs={"log": str(out / "simulate.log")},
            **about,
        ),
        Job(
            "check_convergence",
            "check_convergence.py",
            reads={
                **at(step, "ring.nc"),
                "before": str(before / "ring.nc"),
                "trace": str(before / "convergence.json"),
            },
            writes={"record": str(out / "convergence.json")},
            logs={"log": str(out / "check.log")},
            **about,
        ),
    ]


def _of_scenario(
    place: Path, settings: dict[str, Any], run: str, scenario: str, out: Path
) -> list[Job]:
    """Collecting and drawing one scenario."""
    steps = sorted(path for path in (place / "iterations").iterdir() if path.is_dir())
    record = steps[-1] / "convergence.json"
    chosen = json.loads(record.read_text(encoding="utf-8")).get("result_iteration")
    best = steps[-1 if chosen is None else int(chosen)]
    about: dict[str, Any] = {
        "params": {"settings": settings},
        "wildcards": {"run": run, "scenario": scenario},
    }
    collected = {
        "results": str(out / "results.nc"),
        "summary": str(out / "summary.json"),
        "tables": str(out / "csv"),
    }
    return [
        Job(
            f"collect, {scenario}",
            "collect.py",
            reads={
                "model": str(place / "model_data.nc"),
                "quality": str(place / "quality.json"),
                "dispatch": str(best / "dispatch.nc"),
                "rings": [str(step / "ring.nc") for step in steps],
                "record": [str(record)],
            },
            writes=collected,
            logs={
                "stage": str(out / "collect.log"),
                "record": str(out / "record.json"),
                "plot": str(out / "record.svg"),
            },
            **about,
        ),
        Job(
            f"draw, {scenario}",
            "draw.py",
            reads={"results": str(place / "results.nc")},
            writes={"figures": str(out / "figures")},
            logs={"log": str(out / "draw.log")},
            **about,
        ),
    ]


def measured(job: Job, out: Path, repeat: int) -> tuple[float, float]:
    """CPU of a job's process, and of the part told apart [s]; the smallest of some repetitions."""
    told = out / "job.json"
    told.write_text(json.dumps(job.__dict__), encoding="utf-8")
    found = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, __file__, "--job", str(told)], check=True, env=_environment()
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        apart = float((out / "apart.json").read_text(encoding="utf-8"))
        found.append((spent, apart))
    return min(found, key=lambda pair: pair[0] - pair[1])


def do(told: Path) -> None:
    """Be a job: what Snakemake puts before a script, the script, and what was told apart."""
    import snakemake.logging  # noqa: F401  (the preamble of every script)
    from snakemake.iocontainers import Namedlist

    job = Job(**json.loads(told.read_text(encoding="utf-8")))
    seconds = [0.0]
    for name in job.apart.split():
        _watch(name, seconds)
    if job.script:
        job_globals = {
            "snakemake": SimpleNamespace(
                input=_files(Namedlist(), job.reads),
                output=Namedlist(fromdict=job.writes),
                log=Namedlist(fromdict=job.logs),
                params=Namedlist(fromdict=job.params),
                wildcards=SimpleNamespace(**job.wildcards),
                resources=SimpleNamespace(time_limit_s=0),
            )
        }
        runpy.run_path(str(ROOT / "scripts" / job.script), job_globals, run_name="__main__")
    (told.parent / "apart.json").write_text(str(seconds[0]), encoding="utf-8")


def _files(named: Any, files: dict[str, Any]) -> Any:
    """Name files, and several files together, in a list of all of them."""
    for name, told in files.items():
        start = len(named)
        several = isinstance(told, list)
        named.extend(told if several else [told])
        named._set_name(name, start, end=len(named) if several else None)
    return named


def _watch(name: str, seconds: list[float]) -> None:
    """Add up the CPU time of a function, all its threads included."""
    module, _, path = name.partition(":")
    owner: Any = importlib.import_module(module)
    *above, last = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    original = getattr(owner, last)

    def watched(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return original(*arguments, **named)
        finally:
            seconds[0] += time.process_time() - start

    setattr(owner, last, watched)


def table(found: dict[str, tuple[float, float]]) -> str:
    """Return the measurements in Markdown."""
    lines = ["| job | CPU s | of it apart | the rest | aim |", "|---|---:|---:|---:|---:|"]

    def line(name: str, spent: float, apart: float, aim: str = "–") -> str:
        told = f"{apart:.2f}" if apart else "–"
        return f"| {name} | {spent:.2f} | {told} | {spent - apart:.2f} | {aim} |"

    def total(name: str, names: list[str], aim_s: float) -> str:
        spent, apart = (sum(found[n][k] for n in names) for k in (0, 1))
        return line(f"**{name}**", spent, apart, f"≤ {aim_s:g}")

    late = [name for name in found if name not in ITERATION and name != NOTHING.name]
    lines.append(line(NOTHING.name, *found[NOTHING.name]))
    lines += [line(name, *found[name]) for name in ITERATION]
    lines.append(total("an iteration, apart from the solver", list(ITERATION), ITERATION_AIM_S))
    lines += [line(name, *found[name]) for name in late]
    lines.append(total("what follows, apart from the workbook", late, LATE_AIM_S))
    return "\n".join(lines)


NOTHING = Job("a job that does nothing", "", {}, {}, {})


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, help="a folder in which the demo has been run")
    parser.add_argument("--repeat", type=int, default=3, help="how often each job is started")
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args(arguments)
    if told.job is not None:
        do(told.job)
        return 0
    from benchmarks.page import write_between

    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        folder = told.run or out / "run"
        if told.run is None:
            run_demo(folder)
        found = {
            job.name: measured(job, out, told.repeat) for job in [NOTHING, *jobs_of(folder, out)]
        }
    text = table(found)
    print(text)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    write_between(
        PAGE, BEGIN, END, f"\n{text}\n\nMeasured {date} by `python benchmarks/jobs.py`.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
