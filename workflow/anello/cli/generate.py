"""Commands that write many runs: scenarios, and scripts or settings that run them."""

from __future__ import annotations

import argparse
import math
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.cli.models import absent, existing
from anello.cli.options import (
    FILE,
    Commands,
    add_diagnosis,
    add_model,
    add_override,
    add_root,
    argument,
    flag,
)
from anello.cli.terminal import OK
from anello.errors import InputError

if TYPE_CHECKING:
    from anello.model.schema.tree import Tree

_SCENARIOS = """\
examples:
  anello generate-scenarios my_model scenarios.yaml 'dry;wet' 'dear_gas;cheap_gas'

makes four scenarios, scenario_1 (dry, dear_gas) to scenario_4 (wet, cheap_gas). Import the file
in the model, and run them by name. An alternative may hold several overrides with commas between
them.
"""
_RUNS = """\
examples:
  anello generate-runs my_model runs.sh --kind bash
  anello generate-runs my_model runs.sh --kind bash --scenarios 'clean;dear_gas,least_emissions'
  anello generate-runs my_model submit.sh --kind sbatch --cluster_mem 4G --cluster_time 120
  anello generate-runs my_model sweep.yaml --kind snakemake

Without --scenarios there is a run for each scenario of the model, or, where it has none, for each
override. Run NUMBER keeps out_NUMBER_SCENARIO.nc and plots_NUMBER_SCENARIO.html beside the script.

  bash       ./runs.sh runs all, one after the other; ./runs.sh 2 runs the second
  sbatch     a SLURM job array: sbatch submit.sh
  bsub       an LSF job array: bsub < submit.sh
  snakemake  a sweep to lay over the settings of a coupled run:
             snakemake --cores 2 --configfile config/config.yaml sweep.yaml
"""
_PARTS = re.compile("[^A-Za-z0-9_.-]+")


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    scenarios = commands.add(
        "generate-scenarios",
        _generate_scenarios,
        "Write every combination of groups of overrides as a scenario.",
        _SCENARIOS,
    )
    add_model(scenarios)
    argument(scenarios, "out_file", FILE, metavar="OUT", help="the YAML file to make")
    scenarios.add_argument(
        "overrides", metavar="GROUP", nargs="+", help="alternatives, with semicolons between them"
    )
    flag(
        scenarios,
        "scenario_name_prefix",
        metavar="TEXT",
        default="scenario_",
        help="what the scenarios are called, before their number (default: scenario_)",
    )
    add_root(scenarios)
    add_diagnosis(scenarios)

    runs = commands.add(
        "generate-runs",
        _generate_runs,
        "Write a script, or settings, that run a model many times.",
        _RUNS,
    )
    add_model(runs)
    argument(runs, "out_file", FILE, metavar="OUT", help="the script or settings to make")
    runs.add_argument(
        "--kind",
        choices=("bash", "sbatch", "bsub", "snakemake"),
        required=True,
        help="what is to run them",
    )
    runs.add_argument(
        "--scenarios",
        metavar="NAMES",
        help="scenarios, or overrides with commas, with semicolons between the runs",
    )
    add_override(runs)
    flag(
        runs,
        "additional_args",
        metavar="TEXT",
        default="",
        help="further options for each `anello run`, such as --additional_args='--solver cbc'",
    )
    cluster = runs.add_argument_group("on a cluster (sbatch, bsub)")
    flag(cluster, "cluster_threads", metavar="COUNT", type=int, default=1, help="threads of a run")
    flag(cluster, "cluster_mem", metavar="SIZE", help="memory of a run, such as 4G")
    flag(cluster, "cluster_time", metavar="TIME", help="longest time, in minutes or as HH:MM")
    add_root(runs)
    add_diagnosis(runs)


def _composed(told: argparse.Namespace, override: str | None = None) -> Tree:
    from anello.model.definition.composition import compose
    from anello.model.schema.report import Report

    return compose(existing(told.model), None, override, told.root, Report(strict=False)).tree


def _check_names(tree: Tree, names: Sequence[str]) -> None:
    from anello.errors import Problem, did_you_mean

    known = [*tree.section("overrides"), *tree.section("scenarios")]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise InputError(
            [
                Problem(
                    "is neither an override nor a scenario of the model",
                    value=name,
                    suggestion=did_you_mean(name, known) or f"There are: {', '.join(known)}",
                )
                for name in unknown
            ]
        )


def _split(text: str) -> list[list[str]]:
    """Return alternatives, each a list of names."""
    return [[name.strip() for name in one.split(",")] for one in text.split(";") if one.strip()]


def _generate_scenarios(told: argparse.Namespace) -> int:
    from itertools import product

    from anello.api.attrdict import AttrDict

    target = absent(told.out_file)
    groups = [_split(group) for group in told.overrides]
    _check_names(_composed(told), [name for group in groups for one in group for name in one])
    scenarios = {
        f"{told.scenario_name_prefix}{number}": [name for one in chosen for name in one]
        for number, chosen in enumerate(product(*groups), 1)
    }
    AttrDict({"scenarios": scenarios}).to_yaml(target)
    if not told.quiet:
        print(f"{len(scenarios)} scenarios are in {target}; add it to `import` in the model")
    return OK


# --- runs ----------------------------------------------------------------------------------------


def _generate_runs(told: argparse.Namespace) -> int:
    target = absent(told.out_file)
    tree = _composed(told, told.override_dict)
    if told.scenarios is None:
        names = [*tree.section("scenarios")] or [*tree.section("overrides")]
        runs = [[str(name)] for name in names]
        if not runs:
            raise InputError(
                f"{told.model} has neither scenarios nor overrides to run; name some with"
                " --scenarios, or write them with `anello generate-scenarios`"
            )
    else:
        runs = _split(told.scenarios)
        _check_names(tree, [name for run in runs for name in run])
        if not runs:
            raise InputError("--scenarios names none")
    if told.kind == "snakemake":
        _write_settings(told, target, runs)
        how = f"snakemake --cores 2 --configfile config/config.yaml {target}"
    elif told.kind == "bash":
        _write_script(told, target, runs)
        how = f"{target if target.is_absolute() else f'./{target}'}"
    else:
        array = target.with_name(f"{target.stem}.array{target.suffix}")
        absent(str(array))
        _write_script(told, array, runs)
        _write_submission(told, target, array, len(runs))
        how = f"sbatch {target}" if told.kind == "sbatch" else f"bsub < {target}"
    if not told.quiet:
        print(f"{len(runs)} run{'s are' if len(runs) > 1 else ' is'} in {target}. Start with")
        print(f"  {how}")
    return OK


def _write_script(told: argparse.Namespace, path: Path, runs: Sequence[Sequence[str]]) -> None:
    """Write a script that runs all, or the one whose number it is given."""
    model = os.path.relpath(existing(told.model).resolve(), path.resolve().parent)
    digits = len(str(len(runs)))
    cases = []
    for number, names in enumerate(runs, 1):
        name = ",".join(names)
        ending = f"{number:0{digits}d}_{name}"
        words = ["anello", "run", model, "--scenario", name]
        words += ["--save_netcdf", f"out_{ending}.nc", "--save_plots", f"plots_{ending}.html"]
        if told.override_dict:
            words += ["--override_dict", told.override_dict]
        if told.root:
            words += ["--root", str(Path(told.root).resolve())]
        command = f"{shlex.join(words)} {told.additional_args}".rstrip()
        cases.append(f"    {number}) {command} ;;")
    count = len(runs)
    lines = [
        "#!/usr/bin/env bash",
        "# Runs of a model, written by `anello generate-runs`. A number as argument runs that one;",
        "# without, all are run, one after the other.",
        "set -u",
        'cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1',
        "",
        "run() {",
        '    case "$1" in',
        *cases,
        f'    *) echo "there is no run $1: the last is {count}" >&2; return 2 ;;',
        "    esac",
        "}",
        "",
        "if [ $# -gt 0 ]; then",
        '    run "$1"',
        "    exit",
        "fi",
        "failed=0",
        f"for number in $(seq 1 {count}); do",
        f'    echo "run $number of {count}" >&2',
        '    run "$number" || failed=1',
        "done",
        "exit $failed",
    ]
    _write_executable(path, lines)


def _write_executable(path: Path, lines: Sequence[str]) -> None:
    from anello.base.files import write_text

    write_text(path, "\n".join(lines) + "\n")
    path.chmod(0o755)


def _write_submission(told: argparse.Namespace, path: Path, array: Path, count: int) -> None:
    """Write a job array whose jobs run one line of the other script each."""
    folder = shlex.quote(str(path.resolve().parent))
    threads = told.cluster_threads
    if threads < 1:
        raise InputError("--cluster_threads must be 1 or more")
    minutes = None if told.cluster_time is None else _minutes(told.cluster_time)
    if told.kind == "sbatch":
        directives = [
            "#SBATCH --job-name=anello",
            f"#SBATCH --array=1-{count}",
            "#SBATCH --ntasks=1",
            f"#SBATCH --cpus-per-task={threads}",
            f"#SBATCH --mem={told.cluster_mem}" if told.cluster_mem else None,
            f"#SBATCH --time={minutes // 60:02d}:{minutes % 60:02d}:00" if minutes else None,
            "#SBATCH --output=log_%a.log",
        ]
        number = '"$SLURM_ARRAY_TASK_ID"'
    else:
        directives = [
            f"#BSUB -J anello[1-{count}]",
            f"#BSUB -n {threads}",
            '#BSUB -R "span[hosts=1]"',
            f'#BSUB -R "rusage[mem={told.cluster_mem}]"' if told.cluster_mem else None,
            f"#BSUB -W {minutes // 60}:{minutes % 60:02d}" if minutes else None,
            "#BSUB -r",
            "#BSUB -o log_%I.log",
        ]
        number = '"$LSB_JOBINDEX"'
    lines = [
        "#!/usr/bin/env bash",
        *[line for line in directives if line is not None],
        "",
        "# Commands that make `anello` known on the cluster's nodes go here, such as",
        "# source /path/to/.venv/bin/activate",
        "",
        f"cd {folder} || exit 1",
        f"exec ./{shlex.quote(array.name)} {number}",
    ]
    _write_executable(path, lines)


def _minutes(text: str) -> int:
    """Return minutes of a time given in minutes, or as hours, minutes and perhaps seconds."""
    parts = text.split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() for part in parts):
        raise InputError(f"--cluster_time {text}: give minutes, such as 90, or HH:MM, such as 1:30")
    numbers = [int(part) for part in parts]
    if len(numbers) == 1:
        return numbers[0]
    return numbers[0] * 60 + numbers[1] + math.ceil((numbers[2] if len(numbers) > 2 else 0) / 60)


def _write_settings(told: argparse.Namespace, path: Path, runs: Sequence[Sequence[str]]) -> None:
    """Write a sweep over scenarios of the model, to be laid over the settings of a run."""
    import yaml

    from anello.api.attrdict import AttrDict
    from anello.base.files import write_text

    for name in ("additional_args", "cluster_mem", "cluster_time", "root"):
        if getattr(told, name):
            raise InputError(
                f"--{name} has no place in settings for Snakemake: its profiles say what a job may"
                " use, and the section `solver` how it is solved"
            )
    model = existing(told.model)
    main = model / "model.yaml" if model.is_dir() else model
    shared: dict[str, Any] = {"description": f"Scenarios of {main}."}
    if told.override_dict:
        shared["overrides"] = AttrDict.from_yaml_string(told.override_dict).as_dict()
    content = {
        "run": _PARTS.sub("-", path.stem).strip("-.") or "sweep",
        "scenarios": ["model"],
        "scenario_definitions": {"model": shared},
        "data": {"source": "folder", "model": str(main)},
        "sweep": {"kind": "list", "points": [{"model_scenario": ",".join(r)} for r in runs]},
    }
    head = (
        "# A sweep over scenarios of a model, written by `anello generate-runs`. It is laid over"
        " the\n# settings of a run, which say what the ring is:\n"
        f"# snakemake --cores 2 --configfile config/config.yaml {path}\n"
    )
    write_text(path, head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
