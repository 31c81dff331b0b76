"""A small district, and a way to run the workflow on it as a user would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from anello.base.files import sha256
from warm_python import warm_python

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
SUBSET = ["2015-07-01", "2015-07-02"]


TABLE = "ANELLO_FAULT_TABLE"
"""Environment variable that names the file for the table of faults, and lets them be injected."""

_found: list[tuple[str, int, int, bool]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the campaign of faults, which takes a quarter of an hour, to `make faults`."""
    if TABLE not in os.environ:
        skip = pytest.mark.skip(reason="takes long: run `make faults`")
        for item in items:
            if item.get_closest_marker("campaign"):
                item.add_marker(skip)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather what the campaign's tests put down."""
    if report.when == "call":
        told = [value for name, value in report.user_properties if name == "faults"]
        _found.extend((*value, report.passed) for value in told)  # type: ignore[misc]


def pytest_sessionfinish() -> None:
    """Write the table of faults; kinds that were not injected this time keep their rows."""
    if TABLE not in os.environ or not _found:
        return
    page = Path(os.environ[TABLE])
    before, mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    former, end, after = rest.partition(END)
    assert mark, f"{page} lacks the mark {BEGIN}"
    assert end, f"{page} lacks the mark {END}"
    rows: dict[str, list[int]] = {}
    for line in former.splitlines()[3:-1]:
        kind, *numbers = (cell.strip() for cell in line.strip("|").split("|"))
        rows[kind] = [int(number) for number in numbers]
    for kind, injected, lost, passed in _found:
        rows[kind] = [injected, injected if passed else 0, lost]
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = ["| fault | injected | survived | files lost |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {kind} | {' | '.join(map(str, numbers))} |" for kind, numbers in rows.items()]
    text = "\n".join(lines)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


@dataclass
class Outcome:
    """How a call of Snakemake ended.

    Attributes
    ----------
    code : int
        Exit code.
    text : str
        Everything it printed.
    """

    code: int
    text: str

    @property
    def jobs(self) -> dict[str, int]:
        """How often each rule's jobs were finished."""
        names = re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", self.text)
        return {name: names.count(name) for name in sorted(set(names))}

    @property
    def planned(self) -> dict[str, int]:
        """How often each rule's jobs are to be run, as a dry run tells it."""
        table = self.text.partition("Job stats:\n")[2].partition("\ntotal ")[0]
        return {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


def refused(outcome: Outcome) -> str:
    """Assert that a call failed without a traceback, and return its text."""
    assert outcome.code != 0, outcome.text
    assert "Traceback" not in outcome.text, outcome.text
    return outcome.text


@dataclass
class Project:
    """A working folder with a configuration file.

    Attributes
    ----------
    folder : Path
        Where Snakemake runs; its name has a space and letters beyond ASCII.
    settings : dict
        What is laid over the default configuration.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        """Folder of the scenario `smart`."""
        return self.folder / "results" / "small" / "smart"

    def command(self, *arguments: str, cores: int = 1, python: str = sys.executable) -> list[str]:
        """Write the settings, and return the command line."""
        overlay = self.folder / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        return [
            python, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
            "--workflow-profile", str(ROOT / "workflow" / "profiles" / "default"),
            "--directory", str(self.folder), "--cores", str(cores),
            "--configfile", str(ROOT / "config" / "config.yaml"), str(overlay), "--", *arguments,
        ]  # fmt: skip

    def run(
        self,
        *arguments: str,
        cores: int = 1,
        flags: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
    ) -> Outcome:
        """Run Snakemake to its end; by default for the results without the figures."""
        # Faults are injected into Python's own processes.
        python = sys.executable if TABLE in os.environ else warm_python()
        command = self.command(*(arguments or ("results",)), cores=cores, python=python)
        place = command.index("--")
        command[place:place] = flags
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )
        return Outcome(done.returncode, done.stdout)

    def environment(self) -> dict[str, str]:
        """Return the environment of a run that will be killed, and cannot clear up after itself."""
        folder = self.folder.with_name("temporary")
        folder.mkdir(exist_ok=True)
        return {**os.environ, "TMPDIR": str(folder)}

    def run_and_kill(self, sign: Path, target: str = "results", *, children: bool = True) -> None:
        """Run Snakemake, and SIGKILL it as soon as a file exists.

        Parameters
        ----------
        sign : Path
            The file whose appearance is waited for.
        target : str
            What is asked for.
        children : bool
            Kill the job that is running too; else only the main process.
        """
        python = warm_python() if children and TABLE not in os.environ else sys.executable
        sign.unlink(missing_ok=True)
        process = subprocess.Popen(
            self.command(target, python=python),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while not sign.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, f"the run ended before {sign.name} appeared"
        assert sign.exists(), f"{sign} did not appear"
        assert process.stdout is not None
        if children:
            os.killpg(process.pid, signal.SIGKILL)
            process.stdout.read()  # ends with the last process that could write there
        else:
            process.kill()
        process.stdout.close()
        process.wait()

    def artefacts(self) -> dict[str, str]:
        """Checksums of all that the run's steps have written, logs and benchmarks left out."""
        found = {}
        for seal in sorted((self.folder / "results").rglob(".*.sha256")):
            text = seal.read_text(encoding="utf-8")
            gone = not (seal.parent / seal.name[1 : -len(".sha256")]).exists()
            if gone or seal.name == ".solve.json.sha256":  # holds the time that the solver took
                continue
            for line in text.splitlines():
                path = seal.parent / line[66:]
                assert sha256(path) == line[:64], f"{path} is not what its seal says"
                found[str(path.relative_to(self.folder))] = line[:64]
        return found

    def copy(self, folder: Path) -> Project:
        """Copy everything, times of modification and Snakemake's memory included."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2)
        return Project(folder, deepcopy(self.settings))


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    """Two days of the embedded district, one scenario, few iterations."""
    return {
        "run": "small",
        "scenarios": ["smart"],
        "data": {"source": "folder", "model": "modèle d'été/model.yaml"},
        "scenario_definitions": {"smart": {"overrides": {"model.subset_time": SUBSET}}},
        "coupling": {
            "method": "fixed_point",
            "criterion": "max_change",
            "tolerance_k": 1.0,
            "max_iterations": 12,
            "fixed_point": {"relaxation": 1.0},
        },
    }


@pytest.fixture(scope="session")
def new_project(
    tmp_path_factory: pytest.TempPathFactory, small_settings: dict[str, Any]
) -> Callable[[], Project]:
    """Return a function that makes a working folder with a model and settings, not yet run."""
    from anello.district import load_district, write_district

    model = tmp_path_factory.mktemp("model") / "district"
    write_district(load_district(), model)

    def make() -> Project:
        folder = tmp_path_factory.mktemp("p") / "ein Projekt für Öl"
        shutil.copytree(model, folder / "modèle d'été")
        return Project(folder, deepcopy(small_settings))

    return make


@pytest.fixture(scope="session")
def finished_run(new_project: Callable[[], Project]) -> tuple[Project, Outcome]:
    """A run that has been carried out once; never changed by a test."""
    project = new_project()
    outcome = project.run()
    assert outcome.code == 0, outcome.text
    return project, outcome


@pytest.fixture
def finished(finished_run: tuple[Project, Outcome], tmp_path: Path) -> Project:
    """A copy of the finished run, for a test to do with as it likes."""
    return finished_run[0].copy(tmp_path / "eine Kopie")
