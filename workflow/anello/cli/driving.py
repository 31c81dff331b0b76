"""Commands that make a run folder, run it, and find its report."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from anello.cli.options import FILE, FOLDER, Commands, add_diagnosis, argument, flag
from anello.cli.terminal import FAILED, OK, Board, say, say_error
from anello.errors import InputError

if TYPE_CHECKING:
    from anello.run.config import RunConfig
    from anello.run.driving import Ending
    from anello.run.progress import RunProgress

_NEW = """\
examples:
  anello district new my_district                          the embedded district, to change
  anello district new harbour --description harbour.yaml   your own
  anello district new quarter                              a folder that `from-map` has made
  anello district new north --description quarter          the same, in another folder

The folder then holds district.yaml (the description), config.yaml (the settings of the run) and
model (the model, to be looked at).
"""
_RUN = """\
examples:
  anello district run my_district                      all scenarios, to the report
  anello district run my_district --days 7             the first week of the year
  anello district run my_district --days 2015-07-01,2015-07-07
  anello district run my_district --settings cold.yaml

Ctrl-C stops the run. The same command goes on where it was, and computes nothing twice; a second
Ctrl-C ends the steps that do not heed the first. A run of some days has a name and results of its
own.
"""
_REPORT = """\
examples:
  anello district report my_district           where the report of the last run is
  anello district report my_district --open    in a browser
"""


def add(parts: Commands) -> None:
    """Add the commands of this module."""
    new = parts.add("new", _new, "Make a folder with all that a run of a district needs.", _NEW)
    argument(new, "path", FOLDER, metavar="FOLDER", help="the folder to make")
    flag(
        new,
        "description",
        FILE,
        metavar="FILE",
        help="the district, or a folder that `from-map` has made; the embedded one by default",
    )
    add_diagnosis(new)

    run = parts.add("run", _run, "Run a district: dispatch, ring, report.", _RUN)
    argument(run, "path", FOLDER, metavar="FOLDER", help="a folder that `new` has made")
    flag(
        run,
        "cores",
        metavar="COUNT",
        type=_count,
        help="cores that the steps share; by default all that this process may use",
    )
    flag(
        run,
        "days",
        metavar="DAYS",
        help="only some days: how many from 1 January on, a date, or two with a comma",
    )
    flag(
        run,
        "settings",
        FILE,
        metavar="FILE",
        action="append",
        default=[],
        help="settings laid over the folder's own; may be given several times",
    )
    flag(run, "verbose", action="store_true", help="show all that Snakemake says, too")
    add_diagnosis(run)

    report = parts.add("report", _report, "Say where a run's report is, or open it.", _REPORT)
    argument(report, "path", FOLDER, metavar="FOLDER", help="the run folder")
    flag(report, "open", action="store_true", help="open it in a browser")
    flag(report, "run", dest="name", metavar="NAME", help="of this run; by default of the last")
    add_diagnosis(report)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _new(told: argparse.Namespace) -> int:
    from anello.district import new_run_folder

    folder = Path(told.path)
    settings = new_run_folder(folder, told.description)
    if not told.quiet:
        print(f"The district is described in {folder / 'district.yaml'}, its run in {settings}.")
        print("Next:")
        print(f"  anello district run {shlex.quote(str(folder))}")
    return OK


def _run(told: argparse.Namespace) -> int:
    from anello.run.driving import drive, snakemake_command, why
    from anello.run.folder import RunFolder
    from anello.run.progress import RunProgress

    place = RunFolder(Path(told.path))
    files = place.files([Path(file) for file in told.settings], told.days)
    config = place.read(files)
    log = place.path / "logs" / f"{config.run}_{time.strftime('%Y%m%d-%H%M%S')}.log"
    progress = RunProgress(config, place.path)
    board = Board(quiet=told.quiet, live=sys.stderr.isatty() and not told.verbose)
    cores = told.cores or len(os.sched_getaffinity(0))

    def stopping() -> None:
        board.rest()
        if not told.quiet:
            say("stopping: waiting for the steps that run; Ctrl-C once more ends them at once")

    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        command = snakemake_command(place.path, files, cores, events)
        place.remember(config.run)
        if not told.quiet:
            say(f"Running {config.run} on {cores} cores; Snakemake's log is {log}")
        ending = drive(
            command,
            log,
            events,
            hear=progress.hear,
            tick=lambda: board.show(progress.lines(), progress.milestones()),
            said=say if told.verbose else _nothing,
            stopping=stopping,
        )
    progress.end(ending.code == 0)
    board.end(progress.lines(), progress.milestones())
    if ending.signal is not None and ending.code != 0:
        return _interrupted(ending, told)
    if ending.code != 0:
        say_error(why(log, place.path, progress.failed))
        say(f"Snakemake's log is {log}. The same command goes on where it was.")
        return FAILED
    return _ended(told, place.path, progress, config)


def _nothing(text: str) -> None:
    """Say nothing of a line."""


def _interrupted(ending: Ending, told: argparse.Namespace) -> int:
    assert ending.signal is not None
    name = signal.Signals(ending.signal).name
    words = [told.path]
    words += ["--cores", str(told.cores)] if told.cores else []
    words += ["--days", told.days] if told.days else []
    words += [word for file in told.settings for word in ("--settings", file)]
    say(f"interrupted ({name}); all finished steps are kept. Go on with")
    say(f"  anello district run {shlex.join(words)}")
    return 128 + ending.signal


def _ended(told: argparse.Namespace, folder: Path, progress: RunProgress, config: RunConfig) -> int:
    if told.quiet:
        return OK
    if progress.points:
        print(f"The table of all points is in {progress.results / 'sweep.csv'}")
        return OK
    print(f"The report is {progress.results / 'report.html'}. Open it with")
    print(f"  anello district report {shlex.quote(str(folder))} --open")
    left = [name for name in config.scenario_definitions if name not in config.scenarios]
    if left:
        print(f"Defined, but not run: {', '.join(left)}. To compare with them, name them under")
        print(f"  scenarios, in {folder / 'config.yaml'}")
    return OK


def _report(told: argparse.Namespace) -> int:
    from anello.run.folder import RunFolder

    page = RunFolder(Path(told.path)).report(told.name)
    print(page)
    if told.open:
        import webbrowser

        if not webbrowser.open(page.resolve().as_uri()):
            raise InputError(f"No browser could be started; open {page.resolve()} in one")
    return OK
