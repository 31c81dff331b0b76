"""What a command says: messages, colours, progress, exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

OK = 0
FAILED = 1
USAGE = 2
NOT_SOLVED = 3
DIFFERENT = 4
INTERRUPTED = 130

EXIT_CODES = """\
exit codes:
  0   done
  1   the model, a file or a setting is not usable; every problem is listed
  2   the command line is wrong
  3   the model has no optimal solution (infeasible, unbounded, out of time)
  4   compare --tolerance: the results differ by more
  130 interrupted
"""

_BAR_CHARS = 24
_TICK_S = 0.5


def say(text: str) -> None:
    """Write a line to standard error, in place of any progress that is shown there."""
    _Status.shown.clear()
    print(text, file=sys.stderr)


def painted(text: str, colour: str) -> str:
    """Colour text for a terminal; files and pipes get it plain."""
    if "NO_COLOR" in os.environ or not sys.stderr.isatty():
        return text
    return f"\033[{colour}m{text}\033[0m"


def say_error(text: str) -> None:
    """Write an error."""
    say(painted("error: ", "31") + text)


def say_warning(text: str) -> None:
    """Write a warning."""
    say(painted("warning: ", "33") + text)


class _Handler(logging.Handler):
    """Writes to whatever standard error is at the time, with a coloured level."""

    _COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}  # noqa: RUF012

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        level = record.levelname.lower()
        colour = self._COLOURS.get(record.levelname, "2")
        say(painted(f"{level}: ", colour) + record.getMessage())


@contextmanager
def logging_shown(told: argparse.Namespace) -> Iterator[None]:
    """Show the package's log within the block: warnings, or as much as the options ask for."""
    handler = _Handler()
    logger = logging.getLogger("anello")
    quiet = getattr(told, "quiet", False)
    logger.setLevel(logging.DEBUG if told.debug else logging.ERROR if quiet else logging.WARNING)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


class _Status:
    """One line at the bottom of a terminal that is written over and over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = ""

    def show(self, text: str) -> None:
        """Write the line anew."""
        width = shutil.get_terminal_size().columns - 1
        with self._lock:
            self._text = text[:width]
            print(f"\r\033[K{self._text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._text:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._text = ""

    shown: _Status


_Status.shown = _Status()


class Board:
    """Lines at the bottom of a terminal that are written over and over.

    Elsewhere, as in a file, a line is written when it has reached another milestone.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    live : bool
        Write the lines over and over.
    """

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self._quiet = quiet
        self._live = live
        self._resting = False
        self._shown: list[str] = []
        self._reached: list[str] = []

    def show(self, lines: Sequence[str], milestones: Sequence[str]) -> None:
        """Show the lines; for each, `milestones` tells what it has reached."""
        if self._quiet or self._resting:
            return
        if not self._live:
            before = [*self._reached, *[""] * len(lines)]
            for line, now, then in zip(lines, milestones, before, strict=False):
                if now != then:
                    say(line)
            self._reached = list(milestones)
            return
        width = shutil.get_terminal_size().columns - 1
        new = [line[:width] for line in lines]
        if new != self._shown:
            up = f"\033[{len(self._shown)}A" if self._shown else ""
            text = "".join(f"\r\033[K{line}\n" for line in new)
            print(f"{up}{text}", end="", file=sys.stderr, flush=True)
            self._shown = new

    def rest(self) -> None:
        """Leave the lines as they are, until the end."""
        self._resting = True
        self._shown = []

    def end(self, lines: Sequence[str], milestones: Sequence[str]) -> None:
        """Show the lines a last time."""
        self._resting = False
        self.show(lines, milestones)


class Progress:
    """Tells what a command is doing.

    Each step has a line with the seconds since the start. On a terminal the present step also has
    a line that counts the seconds, or a bar where the work says how far it is.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._start = time.perf_counter()

    def step(self, text: str) -> None:
        """Name what begins now."""
        if not self._quiet:
            seconds = time.perf_counter() - self._start
            say(painted(f"[{seconds:6.1f} s] ", "2") + text)

    @contextmanager
    def work(self, text: str) -> Iterator[None]:
        """Name what begins now, and show that it goes on until the block ends."""
        from anello.base.progress import listening

        self.step(text)
        if self._quiet or not sys.stderr.isatty():
            yield
            return
        begin = time.perf_counter()
        ended = threading.Event()
        parts: list[tuple[str, int, int]] = []

        def tick() -> None:
            while not ended.wait(_TICK_S):
                seconds = time.perf_counter() - begin
                bar = f"{_bar(*parts[-1])}  " if parts else f"{text}  "
                _Status.shown.show(f"{bar}{seconds:.0f} s")

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            with listening(lambda *part: parts.append(part)):
                yield
        finally:
            ended.set()
            thread.join()
            _Status.shown.clear()


def _bar(what: str, done: int, total: int) -> str:
    full = _BAR_CHARS * done // max(total, 1)
    return f"{what} [{'#' * full}{'.' * (_BAR_CHARS - full)}] {done}/{total}"


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table whose first column is text and whose others are numbers."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for name, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *cells]).rstrip())
