"""Driving Snakemake: its command line, its events, interruptions, and what is said of a failure."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import site
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from anello.cli.terminal import Board
from anello.errors import InputError
from anello.run import driving
from anello.run.driving import drive, environment, snakemake_command, why

READY = "print('ready', flush=True)"


class Heard:
    """Runs a program in place of Snakemake, and keeps what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[dict] = []
        self.lines: list[str] = []
        self.ticks = 0

    def run(self, program: str, *signals: int) -> driving.Ending:
        """Run a program; send signals to this process, one after the other, once it is ready."""
        code = "import json, os, signal, sys, time\nevents = sys.argv[1]\n" + textwrap.dedent(
            program
        )
        events = self.folder / "events.jsonl"
        events.unlink(missing_ok=True)
        waiting = list(signals)

        def tick() -> None:
            self.ticks += 1
            if waiting and "ready" in self.lines:
                threading.Timer(0.01, os.kill, (os.getpid(), waiting.pop(0))).start()

        return drive(
            [sys.executable, "-c", code, str(events)],
            self.folder / "logs" / "x.log",
            events,
            hear=self.events.append,
            tick=tick,
            said=self.lines.append,
            stopping=lambda: self.lines.append("stopping"),
        )


@pytest.fixture(autouse=True)
def as_at_a_terminal():
    """What `nohup` or a script starts in the background, this suite too, ignores some signals."""
    heeded = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {which: signal.signal(which, handler) for which, handler in heeded.items()}
    yield
    for which, handler in before.items():
        signal.signal(which, handler)


@pytest.fixture
def heard(tmp_path) -> Heard:
    return Heard(tmp_path)


def test_events_and_lines_arrive_while_it_runs_and_after(heard):
    ending = heard.run(
        """
        with open(events, "a") as file:
            file.write('{"event": "sta'); file.flush()
            time.sleep(0.5)
            file.write('rt", "job": 1}\\n'); file.flush()
            print("Zürich"); print("to stderr", file=sys.stderr, flush=True)
            time.sleep(0.5)
            file.write('{"event": "end", "job": 1}\\n')
        sys.exit(3)
        """
    )
    assert ending == driving.Ending(3)
    assert [event["event"] for event in heard.events] == ["start", "end"]
    assert set(heard.lines) == {"Zürich", "to stderr"}
    assert heard.ticks > 2
    assert "Zürich" in (heard.folder / "logs" / "x.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_is_passed_on_once_and_waited_for(heard, which):
    ending = heard.run(
        f"""
        try:
            {READY}
            time.sleep(60)
        except KeyboardInterrupt:
            with open(events, "a") as file:
                file.write('{{"event": "error", "job": 1}}\\n')
            time.sleep(0.6)
            print("tidied", flush=True)
            sys.exit(1)
        """,
        which,
    )
    assert ending == driving.Ending(1, which)
    assert heard.lines == ["ready", "stopping", "tidied"]
    assert heard.events == []  # what it told of after the interruption
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


DEAF = f"""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    {READY}
    time.sleep(60)
    """


def test_a_second_interruption_ends_what_did_not_heed_the_first(heard):
    start = time.monotonic()
    ending = heard.run(DEAF, signal.SIGINT, signal.SIGINT)
    assert ending.code == -signal.SIGTERM
    assert time.monotonic() - start < driving.GRACE_S


def test_nothing_is_waited_for_forever(heard, monkeypatch):
    monkeypatch.setattr(driving, "GRACE_S", 0.3)
    stubborn = DEAF.replace(
        "SIGINT, signal.SIG_IGN)", "SIGTERM, signal.SIG_IGN)\n    " + DEAF.split("\n")[1].strip()
    )
    assert heard.run(stubborn, signal.SIGINT).code == -signal.SIGKILL


def test_nohup_is_heeded(heard):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ending = heard.run(f"{READY}\ntime.sleep(1)", signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ending == driving.Ending(0)


def test_the_command_line(tmp_path, repo_root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [Path("a b.yaml"), Path("c.yaml")]
    told = snakemake_command(Path("run"), files, 3, Path("events"))
    assert told[told.index("--directory") + 1] == str(tmp_path / "run")
    assert told[told.index("--snakefile") + 1] == str(repo_root / "Snakefile")
    assert told[told.index("--configfile") + 1 :] == [str(tmp_path / f) for f in files]
    assert told[told.index("--cores") + 1] == "3"
    assert "anello" in told
    assert (repo_root / "workflow" / "profiles" / "default").samefile(
        told[told.index("--workflow-profile") + 1]
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install snakemake"):
        snakemake_command(Path("run"), files, 3)


def test_the_package_that_drives_is_the_one_that_runs(monkeypatch, repo_root):
    monkeypatch.setenv("PYTHONPATH", "/else")
    assert environment()["PYTHONPATH"] == f"{repo_root / 'workflow'}{os.pathsep}/else"
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(repo_root / "workflow")])
    assert environment()["PYTHONPATH"] == "/else"


# --- the plugin -----------------------------------------------------------------------------------


def test_the_plugin_writes_events_as_they_come(tmp_path):
    from snakemake_interface_logger_plugins.common import LogEvent

    from snakemake_logger_plugin_anello import LogHandler, LogHandlerSettings

    path = tmp_path / "events.jsonl"
    handler = LogHandler(None, LogHandlerSettings(events=str(path)))
    logger = logging.Logger("snakemake of a test")
    logger.addHandler(handler)
    info = {
        "jobid": 4,
        "rule_name": "solve",
        "log": ["a.log"],
        "wildcards": {"run": "x", "scenario": "smart", "iteration": "003"},
    }
    logger.info("Job 4", extra={"event": LogEvent.JOB_INFO, **info})
    logger.info("10 of 20 steps", extra={"event": LogEvent.PROGRESS, "done": 1, "total": 2})
    logger.info("something else")
    logger.info("Finished", extra={"event": LogEvent.JOB_FINISHED, "job_id": 4})
    logger.error("Error", extra={"event": LogEvent.JOB_ERROR, **info})
    start = '"job": 4, "rule": "solve", "log": ["a.log"], "scenario": "smart", "iteration": "003"'
    assert path.read_text(encoding="utf-8").splitlines() == [
        f'{{"event": "start", {start}}}',
        '{"event": "end", "job": 4}',
        '{"event": "error", "job": 4}',
    ]
    handler.close()


# --- what went wrong ------------------------------------------------------------------------------

TWO_FAILED = """\
[Sun Nov 29 15:08:32 2026]
Job 18: Scenario battery: results

Dispatch of iteration 003 failed: highs: no dispatch satisfies all constraints
buildings, heat, 2015-07-01 03:00
Details: results/x/smart/logs/solve_003.log

RuleException:
CalledProcessError in file solve.smk, line 3:

Results of scenario battery failed: did not converge
Details: results/x/battery/logs/collect.log

Exiting because a job execution failed. Look below for error messages
"""


def test_messages_of_failed_steps_are_what_matters(tmp_path):
    log = tmp_path / "x.log"
    log.write_text(TWO_FAILED, encoding="utf-8")
    said = why(log, tmp_path, [])
    assert said.startswith("Dispatch of iteration 003 failed: highs")
    assert "03:00\nDetails: results/x/smart/logs/solve_003.log\n\nResults of scenario" in said
    assert "RuleException" not in said
    assert "Exiting" not in said


def test_else_the_end_of_the_job_s_log_and_else_of_snakemake_s(tmp_path):
    log = tmp_path / "x.log"
    told = 'WorkflowError in file "a", line 3:\nAnother run\nWait.\n  File "b", line 1, in c\n'
    log.write_text(f"Building\n{told}of another\n", "utf-8")
    assert why(log, tmp_path, []) == "Another run\nWait."
    log.write_text("Building\nMissingInputException: no\n\nmore", "utf-8")
    assert why(log, tmp_path, []) == "MissingInputException: no"
    (tmp_path / "solve.log").write_text("".join(f"line {k}\n\n" for k in range(40)), "utf-8")
    said = why(log, tmp_path, [{"rule": "solve", "log": ["absent.log", "solve.log"]}])
    assert said.startswith(f"solve failed. {tmp_path / 'solve.log'}:\nline 28\n")
    assert said.endswith("line 39")
    log.write_text("some\nwords\n", "utf-8")
    assert why(log, tmp_path, []) == "some\nwords"


# --- lines on a terminal --------------------------------------------------------------------------


def test_lines_are_written_over_on_a_terminal(capsys):
    board = Board(quiet=False, live=True)
    board.show(["a 1", "b 1"], ["", ""])
    assert capsys.readouterr().err == "\r\033[Ka 1\n\r\033[Kb 1\n"
    board.show(["a 1", "b 1"], ["", ""])
    assert capsys.readouterr().err == ""
    board.show(["a 2", "b 1", "c"], ["", "", ""])
    assert capsys.readouterr().err == "\033[2A\r\033[Ka 2\n\r\033[Kb 1\n\r\033[Kc\n"
    board.rest()
    board.show(["a 3", "b 1", "c"], ["", "", ""])
    assert capsys.readouterr().err == ""
    board.end(["a ended"], [""])
    assert capsys.readouterr().err == "\r\033[Ka ended\n"


def test_elsewhere_lines_are_written_when_something_is_reached(capsys):
    board = Board(quiet=False, live=False)
    board.show(["a waits", "b waits"], ["", ""])
    board.show(["a 1", "b waits"], ["1", ""])
    board.show(["a 1, 3 s left", "b waits"], ["1", ""])
    board.show(["a 2", "b 1", "report"], ["2", "1", "written"])
    assert capsys.readouterr().err == "a 1\na 2\nb 1\nreport\n"
    Board(quiet=True, live=True).show(["a"], ["1"])
    assert capsys.readouterr().err == ""
