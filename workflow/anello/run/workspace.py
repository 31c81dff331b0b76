"""The folder of a run's results: who writes to it, what is damaged in it, what is out of date.

A workspace is written by one process at a time, and by one working folder only: what made each
file is remembered there, and from another folder a changed setting would go unnoticed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from anello.base.files import write_text
from anello.errors import WorkspaceError
from anello.run.seals import damage, set_aside_damaged, set_back_future_times

SCENARIO_RESULTS = (
    "results.nc",
    "summary.json",
    "csv",
    "figures",
    "point.json",
    "operation.nc",
    "operation.json",
)
LATER_RESULTS = frozenset({"figures", "operation.nc", "operation.json"})
"""Made beside or from the results of a scenario, and change nothing about them."""
REPORT = ("report.html", "scenarios.csv", "comparison")
STUDY_RESULTS = {"sensitivity": ("sensitivity.csv", "tornado"), "pareto": ("pareto.csv", "front")}
"""By the study, whose cases lie in folders such as ``points/pareto~cap-1``."""
RUN_RESULTS = (
    *REPORT,
    *("results.xlsx", "iamc.csv", "sweep.nc", "sweep.csv"),
    *(name for names in STUDY_RESULTS.values() for name in names),
)


class Workspace:
    """The results of one run.

    Parameters
    ----------
    folder : Path
        Where they lie, such as ``results/district``.
    places : sequence of str
        Folders below it that hold results of their own: of scenarios, and of points.
    memory : Path
        Where the working folder remembers how files were made, such as ``.snakemake``.
    """

    def __init__(self, folder: Path, places: Sequence[str], memory: Path) -> None:
        self.folder = folder
        self.places = tuple(places)
        self._mark = memory / "anello"
        self._lock: TextIO | None = None

    def take(self) -> None:
        """Keep every other run off these results for as long as this process lives.

        Raises
        ------
        WorkspaceError
            If another process holds them, they belong to another working folder, or they cannot
            be written.
        """
        if self._lock is not None:
            return
        lock = self._open_lock()
        if lock is None:
            holder = (self.folder / ".lock").read_text(encoding="utf-8").strip()
            raise WorkspaceError(
                f"Another run ({holder or 'unknown process'}) is writing to {self.folder}. "
                "Wait until it has ended, or give this one another name, `run: NAME` in its "
                "settings."
            )
        self.require_own()
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {os.uname().nodename}, in {Path.cwd()}")
        lock.flush()
        self._lock = lock
        self._adopt()

    def _open_lock(self) -> TextIO | None:
        """Take the lock; None if another process holds it. It vanishes with the process."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = open(self.folder / ".lock", "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise WorkspaceError(f"{self.folder} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock

    def require_own(self) -> None:
        """Refuse results that another working folder has made.

        Raises
        ------
        WorkspaceError
            Names that folder, and what can be done.
        """
        token, _, home = _read(self.folder / ".memory").partition("\n")
        if token and token != _read(self._mark):
            raise WorkspaceError(
                f"{self.folder} was computed in {home.strip()}, and only what is remembered there "
                "tells which settings and code made each file: from here, a change would go "
                "unnoticed. Run in that folder (--directory), give this run another name, "
                f"`run: NAME` in its settings, or delete {self.folder}."
            )

    def _adopt(self) -> None:
        """Say in the results, and in the memory, that they belong together."""
        token = _read(self._mark)
        if not token:
            token = uuid.uuid4().hex
            write_text(self._mark, token)
        text = f"{token}\n{Path.cwd()}\n"
        if _read(self.folder / ".memory") != text:
            write_text(self.folder / ".memory", text)

    def check(self, warn: Callable[[str], None]) -> None:
        """Set aside what is damaged, before anything is planned from what there is.

        Not while another run writes: a file is there for a moment before its checksum is.

        Parameters
        ----------
        warn : callable
            Is told each fault.

        Raises
        ------
        WorkspaceError
            As :meth:`require_own`.
        """
        self.require_own()
        if not os.access(self.folder, os.W_OK) or (lock := self._open_lock()) is None:
            return
        with lock:
            for place in self.places:
                found = list(set_aside_damaged(self.folder / place))
                for text in found:
                    warn(text)
                if count := set_back_future_times(self.folder / place):
                    warn(f"{count} files of {place} carried times in the future; they count as new")
                if found:
                    self.withdraw([place])
            # What an earlier run has withdrawn is missing, and not damaged.
            kept = [self.folder / name for name in RUN_RESULTS if (self.folder / name).exists()]
            if any(damage(path) for path in kept):
                self.withdraw([])

    def withdraw_outdated(self, outputs: Iterable[str | Path]) -> None:
        """Remove the results of scenarios that are about to be computed anew.

        Should the run fail, nothing stands beside its error that looks like the outcome of the new
        settings. The iterations stay: going back to the former settings costs a collection.

        Parameters
        ----------
        outputs : iterable of path-like
            All files that are to be made, those of other workflows among them.
        """
        outdated = set()
        for path in map(Path, outputs):
            if not path.is_relative_to(self.folder) or path == self.folder:
                continue
            first, *more = path.relative_to(self.folder).parts
            place = f"{first}/{more[0]}" if first == "points" and more else first
            if place in self.places and LATER_RESULTS.isdisjoint(more):
                outdated.add(place)
        if outdated:
            self.withdraw(sorted(outdated))

    def withdraw(self, places: Iterable[str]) -> None:
        """Remove the results in some folders, and with them report and tables of the run.

        What another study says stays; without a folder, everything of the run goes.
        """
        places = list(places)
        finals = [self.folder / name for name in _of_run(places)]
        finals += [self.folder / place / name for place in places for name in SCENARIO_RESULTS]
        for path in finals:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _of_run(places: Sequence[str]) -> list[str]:
    """Return the results of the run that rest on some folders; all of them without a folder."""
    studies = [place.removeprefix("points/").partition("~")[0] for place in places]
    of_studies = [n for study, names in STUDY_RESULTS.items() for n in names if study in studies]
    if places and all(study in STUDY_RESULTS for study in studies):
        return [*REPORT, *of_studies]
    of_none = {n for names in STUDY_RESULTS.values() for n in names} - set(of_studies)
    return [name for name in RUN_RESULTS if not (places and name in of_none)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
