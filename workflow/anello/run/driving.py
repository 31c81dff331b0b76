"""Running the workflow through Snakemake's command line, and listening to what its jobs do.

Snakemake runs in a process group of its own: an interruption reaches it once, through here, and
with it the steps that run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anello.errors import InputError
from anello.run.home import PACKAGE, workflow_home

Event = Mapping[str, Any]

GRACE_S = 10.0
"""How long steps may take to end once they are interrupted, before they are ended [s]."""
_TICK_S = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_LINES = 12
_STEP_FAILED = re.compile(r"^[^\n]+ failed: .+?^Details: [^\n]+", re.MULTILINE | re.DOTALL)
_NOT_STARTED = re.compile(
    r"^(?:WorkflowError in file [^\n]+\n)?(?P<said>.+?)(?=^  File |^\s*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_ERROR = re.compile(r"^\w*(?:Error|Exception)\b", re.MULTILINE)


def snakemake_command(
    folder: Path, files: Sequence[Path], cores: int, events: Path | None = None
) -> list[str]:
    """Return the command line that runs a folder's workflow.

    Parameters
    ----------
    folder : path
        The working folder.
    files : sequence of path
        Files of settings, each laid over those before it.
    cores : int
        Cores that the steps may use together.
    events : path, optional
        Where job events are written.

    Raises
    ------
    InputError
        If Snakemake is not installed.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise InputError(
            "Snakemake, which runs the workflow, is not installed: `pip install snakemake`."
            " `anello doctor` says what else is missing"
        )
    home = workflow_home()
    listening = [] if events is None else ["--logger", "anello", "--logger-anello-events", events]
    told = [
        *(sys.executable, "-m", "snakemake", "--snakefile", home / "Snakefile"),
        *("--workflow-profile", home / "workflow" / "profiles" / "default"),
        *("--directory", folder.resolve(), "--cores", cores, *listening),
        *("--configfile", *(file.resolve() for file in files)),
    ]
    return [str(part) for part in told]


def environment() -> dict[str, str]:
    """Return the variables of Snakemake's process, in which this package is the one that is found.

    An installed one is found anyhow, and its folder must not go before the standard library.
    """
    told = dict(os.environ)
    place = str(PACKAGE.parent)
    if place not in {*site.getsitepackages(), site.getusersitepackages()}:
        told["PYTHONPATH"] = os.pathsep.join(filter(None, [place, told.get("PYTHONPATH")]))
    return told


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes
    ----------
    code : int
        Snakemake's exit code.
    signal : int or None
        What interrupted it.
    """

    code: int
    signal: int | None = None


def drive(
    command: Sequence[str],
    log: Path,
    events: Path,
    *,
    hear: Callable[[Event], None],
    tick: Callable[[], None],
    said: Callable[[str], None],
    stopping: Callable[[], None],
) -> Ending:
    """Run Snakemake to its end.

    The first interruption is passed on to it and its steps; a second one, or `GRACE_S` without an
    end, ends them. Either way it is waited for.

    Parameters
    ----------
    command : sequence of str
        From :func:`snakemake_command`.
    log : path
        Where all that it says goes.
    events : path
        Where it writes job events.
    hear : callable
        Is told each event.
    tick : callable
        Is called some times a second.
    said : callable
        Is told each line of the log.
    stopping : callable
        Is called when an interruption has been passed on; what fails from then on fails because of
        it, and is not told.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    events.touch()
    with open(log, "wb") as out, _interruptions() as asked:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )
        interruption = _Interruption(process, asked, stopping)
        lines, told = _follow(log), _follow(events)
        running = True
        while running:
            running = process.poll() is None
            for line in lines():
                said(line)
            for event in map(json.loads, told()):
                if not (asked and event["event"] == "error"):
                    hear(event)
            tick()
            if running:
                interruption.step()
                time.sleep(_TICK_S)
        return Ending(process.returncode, asked[0] if asked else None)


class _Interruption:
    """Passes interruptions on, more firmly where they were not heeded."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        asked: Sequence[int],
        passed_on: Callable[[], None],
    ) -> None:
        self._process = process
        self._asked = asked
        self._passed_on = passed_on
        self._sent = 0
        self._since_s = 0.0

    def step(self) -> None:
        """Send what is due."""
        if not self._asked or self._sent == 3:
            return
        late = self._sent > 0 and time.monotonic() - self._since_s > GRACE_S
        if self._sent < min(len(self._asked), 3) or late:
            firm = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[self._sent]
            try:
                os.killpg(self._process.pid, firm)
            except ProcessLookupError:
                return  # it has just ended
            if self._sent == 0:
                self._passed_on()
            self._sent += 1
            self._since_s = time.monotonic()


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Yield a list to which each interruption within the block is added, in place of its effect."""
    asked: list[int] = []
    heeded = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]  # by nohup
    before = {one: signal.signal(one, lambda got, _: asked.append(got)) for one in heeded}
    try:
        yield asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _follow(path: Path) -> Callable[[], list[str]]:
    """Return a function that returns the whole lines written to a file since it was called last."""
    rest, place = b"", 0

    def more() -> list[str]:
        nonlocal rest, place
        with open(path, "rb") as file:
            file.seek(place)
            new = file.read()
        place += len(new)
        *whole, rest = (rest + new).split(b"\n")
        return [line.decode(errors="replace") for line in whole]

    return more


# --- what went wrong ------------------------------------------------------------------------------


def why(log: Path, folder: Path, failed: Sequence[Event]) -> str:
    """Return the lines of a failed run that matter.

    Parameters
    ----------
    log : path
        What Snakemake said.
    folder : path
        The working folder, from where jobs name their logs.
    failed : sequence of dict
        The jobs that failed.
    """
    text = log.read_text(encoding="utf-8", errors="replace")
    found = _STEP_FAILED.findall(text)
    if found:
        return "\n\n".join(dict.fromkeys(found))
    for job in failed:
        paths = [folder / name for name in job["log"]]
        words = [
            f"{job['rule']} failed. {path}:\n{_end_of(path)}" for path in paths if path.exists()
        ]
        if words:
            return words[0]
    start = _ERROR.search(text)
    told = None if start is None else _NOT_STARTED.match(text, start.start())
    return _last(text) if told is None else str(told["said"]).strip()


def _end_of(path: Path) -> str:
    return _last(path.read_text(encoding="utf-8", errors="replace"))


def _last(text: str) -> str:
    return "\n".join([line for line in text.splitlines() if line.strip()][-_LAST_LINES:])
