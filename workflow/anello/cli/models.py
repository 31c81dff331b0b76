"""Commands that make, check and run models."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from anello.cli.checking import check_file, kind_of
from anello.cli.options import (
    FILE,
    FOLDER,
    Commands,
    add_diagnosis,
    add_model,
    add_override,
    add_root,
    add_time_module,
    argument,
    flag,
    share,
)
from anello.cli.terminal import FAILED, OK, Progress, say, say_error, say_warning
from anello.errors import InputError, SolveError

if TYPE_CHECKING:
    from anello.api.model import Model

NETCDF = (".nc", ".nc4")
_NEW = """\
examples:
  anello new my_model                              the national example
  anello new my_model --template urban             buildings with power, heat and pipes
  anello new my_model --template district          heat pumps, tanks and batteries
  anello new my_district --district district.yaml  your own district, for the coupled workflow
"""
_CHECK_WHAT = "Read a model, settings or a description strictly and list every problem."
_CHECK = """\
examples:
  anello check my_model                      as it stands
  anello check my_model --scenario clean     with a scenario
  anello check my_model --all                as it stands, every scenario, every other override
  anello check my_district/config.yaml       the settings of a run
  anello check my_district/district.yaml     the description of a district

Nothing is solved. Unknown keys are problems here, also those that `anello run --lenient` forgives.
"""
_RUN = """\
examples:
  anello run my_model --save_netcdf out.nc --save_plots out.html
  anello run my_model --scenario clean --save_csv clean_tables
  anello run my_model --save_excel results.xlsx
  anello run my_model --override_dict "{model.subset_time: ['2030-07-01', '2030-07-01']}"
  anello run out.nc --solver cbc --save_lp problem.lp

MODEL is a model folder, its main YAML file, or a file that --save_netcdf wrote. Nothing is kept
without one of the --save options.
"""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    new = commands.add("new", _new, "Make a new model folder.", _NEW)
    argument(new, "path", FOLDER, metavar="PATH", help="the folder to make")
    kind = new.add_mutually_exclusive_group()
    flag(
        kind,
        "template",
        metavar="NAME",
        default="national",
        help="national (default), urban or district",
    )
    flag(
        kind,
        "district",
        FILE,
        metavar="FILE",
        help="description of your own district, for the workflow",
    )
    add_diagnosis(new)

    check = commands.add("check", _check, _CHECK_WHAT, _CHECK)
    add_model(check)
    which = check.add_mutually_exclusive_group()
    flag(which, "scenario", metavar="NAME", help="scenario, or overrides with commas")
    flag(
        which,
        "all",
        action="store_true",
        help="check every scenario, and every override that no scenario applies",
    )
    add_override(check)
    add_time_module(check)
    add_root(check)
    add_diagnosis(check)
    _add_run(commands)


def _add_run(commands: Commands) -> None:
    run = commands.add("run", _run, "Solve a model and save its results.", _RUN)
    add_model(run, "model folder, YAML file or NetCDF file")
    flag(run, "scenario", metavar="NAME", help="scenario, or overrides with commas")
    flag(
        run,
        "model_format",
        choices=("yaml", "netcdf"),
        help="what MODEL is; by default told from its ending",
    )
    add_override(run)
    run.add_argument(
        "--lenient", action="store_true", help="only warn about keys that nothing reads"
    )
    add_time_module(run)
    add_root(run)
    keep = run.add_argument_group("what to keep")
    flag(keep, "save_netcdf", FILE, metavar="FILE", help="inputs and results in one file")
    flag(keep, "save_csv", FOLDER, metavar="FOLDER", help="tables in a new folder")
    flag(keep, "save_excel", FILE, metavar="FILE", help="results as an Excel workbook (.xlsx)")
    flag(keep, "save_iamc", FILE, metavar="FILE", help="yearly results as an IAMC table (.csv)")
    flag(keep, "save_plots", FILE, metavar="FILE", help="interactive plots in one page (.html)")
    flag(keep, "save_lp", FILE, metavar="FILE", help="the optimisation problem")
    flag(keep, "save_logs", FOLDER, metavar="FOLDER", help="the solver's log, solver.log")
    how = run.add_argument_group("how to solve")
    flag(how, "solver", metavar="NAME", help="highs, cbc, or a name that Pyomo knows")
    flag(how, "time_limit", metavar="SECONDS", type=share, help="longest time for the solver")
    flag(
        how,
        "mip_gap",
        metavar="SHARE",
        type=share,
        help="gap at which a model with integers counts as solved",
    )
    flag(
        how,
        "fail_when_infeasible",
        action="store_true",
        default=True,
        help="exit code 3 if there is no solution (default)",
    )
    flag(
        how,
        "no_fail_when_infeasible",
        dest="fail_when_infeasible",
        action="store_false",
        default=True,
        help="exit code 0 even then; inputs are saved, results are not",
    )
    add_diagnosis(run)


def _new(told: argparse.Namespace) -> int:
    target = Path(told.path)
    if told.district is not None:
        from anello.district import new_project

        settings = new_project(target, Path(told.district))
        _tell(told, f"The district is described in {settings}; run it, ring and all, with")
        _tell(told, f"  snakemake --cores 2 --configfile {settings}")
        return OK
    from anello.examples import copy_example

    model = copy_example(told.template, target)
    _tell(told, f"The model is in {target}, described in {model.name}. Next:")
    _tell(told, f"  anello check {target}")
    _tell(told, f"  anello run {target} --save_netcdf {target}.nc --save_plots {target}.html")
    return OK


def _tell(told: argparse.Namespace, text: str) -> None:
    if not told.quiet:
        print(text)


def _check(told: argparse.Namespace) -> int:
    from anello.base.progress import each
    from anello.model.definition import read_model

    path = Path(told.model)
    other = kind_of(path)
    if other is not None:
        return OK if check_file(path, other, quiet=told.quiet) else FAILED
    model = existing(told.model)
    names: list[str | None] = [told.scenario]
    overrides: list[str] = []
    if told.all:
        overrides = override_names(model, told.root)
        names += [*scenario_names(model, told.root), *overrides]
    failed = False
    progress = Progress(told.quiet or len(names) == 1)
    with progress.work(f"reading {told.model} in {len(names)} ways"):
        for name in each(names, "scenarios"):
            kind = "override" if name in overrides else "scenario"
            label = "the model" if name is None else f"{kind} {name}"
            try:
                data = read_model(
                    model,
                    name,
                    told.override_dict,
                    root=told.root,
                    time_modules=told.time_module,
                )
            except InputError as error:
                failed = True
                say_error(f"{label}: {error}")
                for warning in () if told.quiet else error.warnings:
                    say_warning(f"{label}: {warning}")
                continue
            for warning in [] if told.quiet else data.warnings:
                say_warning(f"{label}: {warning}")
            sizes = data.inputs.sizes
            _tell(
                told,
                f"{label}: no problems ({sizes['loc']} locations, {sizes['tech']} technologies,"
                f" {sizes['timestep']} time steps)",
            )
    return FAILED if failed else OK


def existing(text: str) -> Path:
    """Return a model's path.

    Raises
    ------
    InputError
        If there is nothing, or a folder without a model.
    """
    path = Path(text)
    if path.is_dir() and not (path / "model.yaml").is_file():
        raise InputError(
            f"{path} holds no model.yaml; name the model's main file if it is called otherwise"
        )
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if path.suffix in NETCDF:
        raise InputError(f"{path} is a saved model; name the folder or YAML file it was made from")
    return path


def absent(text: str) -> Path:
    """Return the path of a file or a folder that is to be made.

    Raises
    ------
    InputError
        If it is there already.
    """
    path = Path(text)
    if path.exists():
        raise InputError(f"{path} exists already; choose another name")
    return path


def scenario_names(model: Path, root: str | None) -> list[str]:
    """Return the names of the scenarios that a model defines."""
    from anello.model.definition.composition import compose
    from anello.model.schema.report import Report

    found = compose(model, None, None, root, Report(strict=False))
    return [str(name) for name in found.tree.section("scenarios")]


def override_names(model: Path, root: str | None) -> list[str]:
    """Return the names of the overrides that a model defines and no scenario applies."""
    from anello.model.definition.composition import compose, expand_scenario
    from anello.model.schema.report import Report

    report = Report(strict=False)
    tree = compose(model, None, None, root, report).tree
    scenarios = tree.section("scenarios")
    applied = set(scenarios)
    for name in scenarios:
        try:
            applied.update(expand_scenario(tree, name, report))
        except InputError:  # told where the scenario is read
            continue
    return [str(name) for name in tree.section("overrides") if name not in applied]


def _run(told: argparse.Namespace) -> int:
    _check_targets(told)
    progress = Progress(told.quiet)
    with progress.work(f"reading {told.model}"):
        model = _read(told)
    if told.save_lp:
        with progress.work(f"writing the optimisation problem to {told.save_lp}"):
            model.to_lp(told.save_lp)
    log = Path(told.save_logs) / "solver.log" if told.save_logs else None
    try:
        with progress.work("solving"):
            model.run(
                force_rerun=model.is_solved,
                solver=told.solver,
                time_limit_s=told.time_limit,
                mip_gap=told.mip_gap,
                log_path=log,
            )
    except SolveError as error:
        if told.fail_when_infeasible:
            raise
        say_warning(f"{error}; only inputs are saved")
    kept = _save(told, model, progress)
    if not told.quiet:
        print(model.info())
        if not kept:
            say("The results are not kept: --save_netcdf FILE would keep them.")
    return OK


def _save(told: argparse.Namespace, model: Model, progress: Progress) -> bool:
    """Write what was asked for, and return whether that was anything."""
    wanted: list[tuple[str | None, Callable[[str], object]]] = [
        (told.save_netcdf, model.to_netcdf),
        (told.save_csv, model.to_csv),
        (told.save_plots, model.plot.summary),
    ]
    if model.is_solved:
        wanted += [(told.save_excel, model.to_excel), (told.save_iamc, model.to_iamc)]
    for path, save in wanted:
        if path:
            with progress.work(f"writing {path}"):
                save(path)
    return any(path for path, _ in wanted)


def _check_targets(told: argparse.Namespace) -> None:
    """Refuse, before the work, what could not be written after it."""
    for text in (
        *(told.save_netcdf, told.save_csv, told.save_excel, told.save_iamc),
        *(told.save_plots, told.save_lp, told.save_logs),
    ):
        if text is None:
            continue
        above = next(folder for folder in Path(text).absolute().parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            why = "may not be written to" if above.is_dir() else "is no folder"
            raise InputError(f"{text} cannot be written, because {above} {why}")
    if told.save_csv is not None and Path(told.save_csv).exists():
        raise InputError(f"{told.save_csv} exists already; choose another folder for --save_csv")
    for option, text, ending in (
        ("--save_excel", told.save_excel, ".xlsx"),
        ("--save_iamc", told.save_iamc, ".csv"),
    ):
        if text is not None and Path(text).suffix.lower() != ending:
            raise InputError(f"{text}: {option} writes a {ending} file; end its name in {ending}")
    if told.save_plots is None:
        return
    if Path(told.save_plots).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{told.save_plots}: --save_plots writes a page; end its name in .html")
    from anello.present.plotting.output import plotly_module

    plotly_module("io")


def _read(told: argparse.Namespace) -> Model:
    from anello.api.model import Model
    from anello.api.reading import read_netcdf

    path = Path(told.model)
    kind = told.model_format or ("netcdf" if path.suffix in NETCDF else "yaml")
    if kind == "yaml":
        return Model(
            existing(told.model),
            scenario=told.scenario,
            override_dict=told.override_dict,
            strict=not told.lenient,
            root=told.root,
            time_modules=told.time_module,
        )
    if told.scenario or told.override_dict:
        raise InputError(
            "a NetCDF file holds one scenario, worked out: --scenario and --override_dict need"
            " the model folder"
        )
    return read_netcdf(path)
