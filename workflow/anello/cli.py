"""The command ``anello``: make, check, run and compare models from a terminal."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from anello import __version__
from anello.errors import AnelloError, InputError, SolveError

if TYPE_CHECKING:
    from anello.api import Model

OK = 0
FAILED = 1
USAGE = 2
NOT_SOLVED = 3
DIFFERENT = 4
INTERRUPTED = 130

_EXIT_CODES = """\
exit codes:
  0   done
  1   the model, a file or a setting is not usable; every problem is listed
  2   the command line is wrong
  3   the model has no optimal solution (infeasible, unbounded, out of time)
  4   compare --tolerance: the results differ by more
  130 interrupted
"""
_MAIN = f"""\
start here:
  anello new my_model                        a small national model to play with
  anello check my_model                      read it strictly, list every problem
  anello run my_model --save_netcdf out.nc   solve it and keep the results
  anello compare out.nc other.nc             what two results differ in

A district whose ring is simulated and coupled to the dispatch is run by Snakemake;
`anello new my_district --district district.yaml` makes its settings.

{_EXIT_CODES}"""
_NEW = """\
examples:
  anello new my_model                              the national example
  anello new my_model --template urban             buildings with power, heat and pipes
  anello new my_model --template district          heat pumps, tanks and batteries
  anello new my_district --district district.yaml  your own district, for the coupled workflow
"""
_CHECK = """\
examples:
  anello check my_model                      as it stands
  anello check my_model --scenario clean     with a scenario
  anello check my_model --all                as it stands, and every scenario it defines

Nothing is solved. Unknown keys are problems here, also those that `anello run --lenient` forgives.
"""
_RUN = """\
examples:
  anello run my_model --save_csv tables
  anello run my_model --scenario clean --save_netcdf clean.nc
  anello run my_model --override_dict "{model.subset_time: ['2030-07-01', '2030-07-01']}"
  anello run clean.nc --solver cbc --save_lp problem.lp

MODEL is a model folder, its main YAML file, or a file that --save_netcdf wrote.
"""
_GENERATE = """\
examples:
  anello generate-scenarios my_model scenarios.yaml 'dry;wet' 'dear_gas;cheap_gas'

makes four scenarios, scenario_1 (dry, dear_gas) to scenario_4 (wet, cheap_gas). Import the file
in the model, and run them by name. An alternative may hold several overrides with commas between
them.
"""
_COMPARE = """\
examples:
  anello compare before.nc after.nc
  anello compare a/results.nc b/results.nc --tolerance 1e-6    exit code 4 if they differ

The files are those of `anello run --save_netcdf` or the workflow's results.nc.
"""


class _Parser(argparse.ArgumentParser):
    def __init__(self, **told: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **told
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and where help is."""
        self.exit(USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")


def _flag(parser: argparse.ArgumentParser, name: str, **told: Any) -> None:
    """Add an option under its name with underscores and with hyphens."""
    names = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
    parser.add_argument(*names, dest=name, **told)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="anello",
        description="Energy systems and low-temperature rings: make, check, run, compare models.",
        epilog=_MAIN,
    )
    parser.add_argument("--version", action="version", version=f"anello {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Callable[..., int], summary: str, epilog: str, **told: Any) -> Any:
        added = commands.add_parser(name, help=summary, description=summary, epilog=epilog, **told)
        added.set_defaults(run=run)
        _flag(added, "debug", action="store_true", help="show all that is logged, and tracebacks")
        return added

    new = command("new", _new, "Make a new model folder.", _NEW)
    new.add_argument("path", metavar="PATH", help="the folder to make")
    kind = new.add_mutually_exclusive_group()
    kind.add_argument(
        "--template",
        metavar="NAME",
        default="national",
        help="national (default), urban or district",
    )
    kind.add_argument(
        "--district", metavar="FILE", help="description of your own district, for the workflow"
    )

    check = command("check", _check, "Read a model strictly and list every problem.", _CHECK)
    check.add_argument("model", metavar="MODEL", help="model folder or its main YAML file")
    which = check.add_mutually_exclusive_group()
    which.add_argument("--scenario", metavar="NAME", help="scenario, or overrides with commas")
    which.add_argument("--all", action="store_true", help="check every scenario as well")
    _flag(check, "override_dict", metavar="YAML", help="settings that win over all others")
    check.add_argument(
        "--root",
        metavar="FOLDER",
        help="folder that the model's paths may not leave; its own by default",
    )

    run = command("run", _run, "Solve a model and save its results.", _RUN)
    run.add_argument("model", metavar="MODEL", help="model folder, YAML file or NetCDF file")
    run.add_argument("--scenario", metavar="NAME", help="scenario, or overrides with commas")
    _flag(
        run,
        "model_format",
        choices=("yaml", "netcdf"),
        help="what MODEL is; by default told from its ending",
    )
    _flag(run, "override_dict", metavar="YAML", help="settings that win over all others")
    _flag(run, "save_netcdf", metavar="FILE", help="write inputs and results to one file")
    _flag(run, "save_csv", metavar="FOLDER", help="write tables into a new folder")
    _flag(run, "save_lp", metavar="FILE", help="write the optimisation problem")
    _flag(run, "save_logs", metavar="FOLDER", help="write the solver's log, solver.log")
    run.add_argument(
        "--root",
        metavar="FOLDER",
        help="folder that the model's paths may not leave; its own by default",
    )
    run.add_argument("--solver", metavar="NAME", help="highs, cbc, or a name that Pyomo knows")
    _flag(run, "time_limit", metavar="SECONDS", type=_share, help="longest time for the solver")
    _flag(
        run,
        "mip_gap",
        metavar="SHARE",
        type=_share,
        help="gap at which a model with integers counts as solved",
    )
    run.add_argument(
        "--lenient", action="store_true", help="only warn about keys that nothing reads"
    )
    run.add_argument("--quiet", action="store_true", help="say nothing but errors")
    _flag(
        run,
        "fail_when_infeasible",
        action="store_true",
        default=True,
        help="exit code 3 if there is no solution (default)",
    )
    run.add_argument(
        "--no_fail_when_infeasible",
        "--no-fail-when-infeasible",
        dest="fail_when_infeasible",
        action="store_false",
        help="exit code 0 even then; inputs are saved, results are not",
    )

    generate = command(
        "generate-scenarios",
        _generate_scenarios,
        "Write every combination of groups of overrides as a scenario.",
        _GENERATE,
        aliases=["generate_scenarios"],
    )
    generate.add_argument("model", metavar="MODEL", help="model folder or its main YAML file")
    generate.add_argument("out_file", metavar="OUT", help="the YAML file to make")
    generate.add_argument(
        "overrides", metavar="GROUP", nargs="+", help="alternatives, with semicolons between them"
    )
    _flag(
        generate,
        "scenario_name_prefix",
        metavar="TEXT",
        default="scenario_",
        help="what the scenarios are called, before their number (default: scenario_)",
    )
    generate.add_argument(
        "--root",
        metavar="FOLDER",
        help="folder that the model's paths may not leave; its own by default",
    )

    compare = command("compare", _compare, "List what two results differ in.", _COMPARE)
    compare.add_argument("first", metavar="A.nc", help="the one to start from")
    compare.add_argument("second", metavar="B.nc", help="the one to compare with it")
    compare.add_argument(
        "--tolerance",
        metavar="SHARE",
        type=_share,
        help="exit code 4 if a number differs by more than this share",
    )
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; taken from the process by default.

    Returns
    -------
    int
        The exit code: 0 done, 1 input not usable, 3 not solved, 4 results differ, 130 interrupted.
    """
    parser = _parser()
    told = parser.parse_args(arguments)
    if told.command is None:
        parser.print_help()
        return OK
    handler = _start_logging(told)
    try:
        code = int(told.run(told))
        sys.stdout.flush()
        return code
    except SolveError as error:
        return _report(error, told, NOT_SOLVED)
    except BrokenPipeError:
        # Whoever read the output, `head` for one, has had enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (AnelloError, OSError) as error:
        return _report(error, told, FAILED)
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    finally:
        logging.getLogger("anello").removeHandler(handler)
        logging.getLogger("anello").setLevel(logging.NOTSET)
        logging.getLogger("anello").propagate = True


def _report(error: Exception, told: argparse.Namespace, code: int) -> int:
    if told.debug:
        import traceback

        traceback.print_exc()
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename else ""
        _say(_painted("error: ", "31") + f"{name}{error.strerror}")
    else:
        _say(_painted("error: ", "31") + str(error))
    return code


class _Handler(logging.Handler):
    """Writes to whatever standard error is at the time, with a coloured level."""

    _COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}  # noqa: RUF012

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        level = record.levelname.lower()
        colour = self._COLOURS.get(record.levelname, "2")
        _say(_painted(f"{level}: ", colour) + record.getMessage())


def _start_logging(told: argparse.Namespace) -> logging.Handler:
    handler = _Handler()
    logger = logging.getLogger("anello")
    quiet = getattr(told, "quiet", False)
    logger.setLevel(logging.DEBUG if told.debug else logging.ERROR if quiet else logging.WARNING)
    logger.addHandler(handler)
    logger.propagate = False
    return handler


def _painted(text: str, colour: str) -> str:
    """Colour text for a terminal; files and pipes get it plain."""
    if "NO_COLOR" in os.environ or not sys.stderr.isatty():
        return text
    return f"\033[{colour}m{text}\033[0m"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# --- commands -------------------------------------------------------------------------------------
def _new(told: argparse.Namespace) -> int:
    target = Path(told.path)
    if told.district is not None:
        from anello.district import new_project

        settings = new_project(target, Path(told.district))
        print(f"The district is described in {settings}; run it, ring and all, with")
        print(f"  snakemake --cores 2 --configfile {settings}")
        return OK
    from anello.examples import copy_example

    model = copy_example(told.template, target)
    print(f"The model is in {target}, described in {model.name}. Next:")
    print(f"  anello check {target}")
    print(f"  anello run {target} --save_csv {target / 'tables'}")
    return OK


def _check(told: argparse.Namespace) -> int:
    from anello.definition import read_model

    model = _existing(told.model)
    names: list[str | None] = [told.scenario]
    if told.all:
        names += _scenario_names(model, told.root)
    failed = False
    for name in names:
        label = "the model" if name is None else f"scenario {name}"
        try:
            data = read_model(model, name, told.override_dict, root=told.root)
        except InputError as error:
            failed = True
            _say(_painted("error: ", "31") + f"{label}: {error}")
            continue
        for warning in data.warnings:
            _say(_painted("warning: ", "33") + warning)
        inputs = data.inputs.sizes
        print(
            f"{label}: no problems ({inputs['loc']} locations, {inputs['tech']} technologies,"
            f" {inputs['timestep']} time steps)"
        )
    return FAILED if failed else OK


def _existing(text: str) -> Path:
    path = Path(text)
    if path.is_dir() and not (path / "model.yaml").is_file():
        raise InputError(
            f"{path} holds no model.yaml; name the model's main file if it is called otherwise"
        )
    if not path.exists():
        raise InputError(f"{path} does not exist")
    return path


def _scenario_names(model: Path, root: str | None) -> list[str | None]:
    from anello.definition.composition import compose
    from anello.definition.report import Report

    found = compose(model, None, None, root, Report(strict=False))
    return list(found.tree.section("scenarios"))


def _run(told: argparse.Namespace) -> int:
    if told.save_csv is not None and Path(told.save_csv).exists():
        raise InputError(f"{told.save_csv} exists already; choose another folder for --save_csv")
    clock = time.perf_counter()

    def progress(text: str) -> None:
        if not told.quiet:
            _say(_painted(f"[{time.perf_counter() - clock:6.1f} s] ", "2") + text)

    progress(f"reading {told.model}")
    model = _read(told)
    if told.save_lp:
        progress("writing the optimisation problem")
        model.to_lp(told.save_lp)
    log = Path(told.save_logs) / "solver.log" if told.save_logs else None
    progress("solving")
    try:
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
        _say(_painted("warning: ", "33") + f"{error}; only inputs are saved")
    for path, save in (
        (told.save_netcdf, model.to_netcdf),
        (told.save_csv, model.to_csv),
    ):
        if path:
            progress(f"writing {path}")
            save(path)
    if not told.quiet:
        print(model.info())
    return OK


def _read(told: argparse.Namespace) -> Model:
    from anello.api import Model, read_netcdf

    path = Path(told.model)
    kind = told.model_format or ("netcdf" if path.suffix in (".nc", ".nc4") else "yaml")
    if kind == "yaml":
        return Model(
            _existing(told.model),
            scenario=told.scenario,
            override_dict=told.override_dict,
            strict=not told.lenient,
            root=told.root,
        )
    if told.scenario or told.override_dict:
        raise InputError(
            "a NetCDF file holds one scenario, worked out: --scenario and --override_dict need"
            " the model folder"
        )
    return read_netcdf(path)


def _generate_scenarios(told: argparse.Namespace) -> int:
    from itertools import product

    from anello.attrdict import AttrDict
    from anello.definition.composition import compose
    from anello.definition.report import Report
    from anello.errors import Problem, did_you_mean

    target = Path(told.out_file)
    if target.exists():
        raise InputError(f"{target} exists already; choose another file")
    tree = compose(_existing(told.model), None, None, told.root, Report(strict=False)).tree
    known = [*tree.section("overrides"), *tree.section("scenarios")]
    groups = [
        [[name.strip() for name in one.split(",")] for one in group.split(";") if one.strip()]
        for group in told.overrides
    ]
    names = {name: None for group in groups for one in group for name in one}
    unknown = [name for name in names if name not in known]
    if unknown:
        listing = f"Defined are: {', '.join(known) or 'none'}"
        raise InputError(
            [
                Problem(
                    "neither an override nor a scenario of the model",
                    key=name,
                    suggestion=did_you_mean(name, known) or listing,
                )
                for name in unknown
            ]
        )
    scenarios = {
        f"{told.scenario_name_prefix}{number}": [name for one in chosen for name in one]
        for number, chosen in enumerate(product(*groups), 1)
    }
    AttrDict({"scenarios": scenarios}).to_yaml(target)
    print(f"{len(scenarios)} scenarios are in {target}; add it to `import` in the model")
    return OK


def _compare(told: argparse.Namespace) -> int:
    from anello.api import read_netcdf

    first, second = (_numbers(read_netcdf(path), path) for path in (told.first, told.second))
    rows = []
    worst = 0.0
    for name in dict.fromkeys([*first, *second]):
        a, b = first.get(name), second.get(name)
        share = _difference(a, b)
        worst = max(worst, share)
        if a != b:
            rows.append((name, _shown(a), _shown(b), _change(a, b)))
    if rows:
        _print_table([("", told.first, told.second, "change"), *rows])
    equal = len(dict.fromkeys([*first, *second])) - len(rows)
    print(f"{equal} numbers are equal, {len(rows)} differ" if rows else "no number differs")
    if told.tolerance is not None and worst > told.tolerance:
        return DIFFERENT
    return OK


def _numbers(model: Model, path: str) -> dict[str, float]:
    """Costs, capacities, and flows over time, by a name that says what they are."""
    if not model.is_solved:
        raise InputError(f"{path} holds no results: it was saved before it was run")
    results = model.dispatch
    weight = results["timestep_weight"]
    found = {"objective": float(results.attrs["cost_objective"])}
    sums = {"cost": ("cost", None), "energy_cap": ("capacity", "kW")}
    sums |= {"storage_cap": ("storage capacity", "kWh")}
    flows = {"carrier_prod": "production", "carrier_con": "consumption", "carrier_export": "export"}
    for name in [*sums, *flows, "unmet_demand", "unused_supply"]:
        if name not in results:
            continue
        array = results[name]
        if "timestep" in array.dims:
            array = (array * weight).sum("timestep", min_count=1)
        title, unit = sums.get(name, (flows.get(name, name.replace("_", " ")), "kWh"))
        series = array.reset_coords(drop=True).to_series().dropna()
        for index, value in series.items():
            labels = index if isinstance(index, tuple) else (index,)
            key = f"{title} {' '.join(map(str, labels))}" + (f" [{unit}]" if unit else "")
            found[key] = float(value)
    return found


def _difference(a: float | None, b: float | None) -> float:
    if a is None or b is None:
        return float("inf")
    if a == b:
        return 0.0
    return abs(a - b) / max(abs(a), abs(b))


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}"


def _change(a: float | None, b: float | None) -> str:
    if a is None or b is None:
        return "added" if a is None else "gone"
    if a == 0:
        return f"{b - a:+,.4g}"
    share = (b - a) / abs(a)
    return f"{share:+.2%}" if abs(share) >= 1e-4 else f"{share:+.1e}"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for name, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *cells]).rstrip())


if __name__ == "__main__":
    sys.exit(main())
