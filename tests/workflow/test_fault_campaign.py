"""Every fault once, in every rule: `make faults` runs this and writes the table in the docs.

Each test puts down how many faults it injected, and how many finished files were lost by them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anello.base.files import sha256
from fake_solver import BROKEN, FAKE

from .conftest import Outcome, Project, refused
from .test_damage import cut, flip

pytestmark = pytest.mark.campaign

Put = Callable[[str, int, int], None]
NewProject = Callable[[], Project]

# A sign that a rule is at work: its log, relative to the scenario's folder.
RULES = {
    "retrieve": "logs/retrieve.log",
    "preprocess": "logs/preprocess.log",
    "build": "logs/build.log",
    "solve": "logs/solve_000.log",
    "simulate": "logs/simulate_000.log",
    "check_convergence": "logs/check_000.log",
    "collect": "logs/collect.log",
    "write_report": "../logs/report.log",  # goes before the figures are drawn
    "draw": "logs/draw.log",
    "write_shared": "../logs/share.log",
}
# What a rule makes, relative to the scenario's folder.
MADE = {
    "retrieve": "model",
    "preprocess": "model_data.nc",
    "build": "problem.npz",
    "solve": "iterations/000/dispatch.nc",
    "simulate": "iterations/000/ring.nc",
    "check_convergence": "iterations/000/convergence.json",
    "collect": "results.nc",
    "draw": "figures",
    "write_report": "../report.html",
    "write_shared": "../results.xlsx",
}


@pytest.fixture
def put(record_property: Callable[[str, object], None]) -> Put:
    """Put down what was injected: the kind, how many, and how many finished files were lost."""

    def note(kind: str, injected: int, lost: int) -> None:
        record_property("faults", [kind, injected, lost])

    return note


@pytest.fixture(scope="module")
def whole(new_project: NewProject) -> Project:
    """A run of everything, from weather to report, that nothing has disturbed."""
    project = complete(new_project())
    outcome = project.run("all")
    assert outcome.code == 0, outcome.text
    return project


def complete(project: Project) -> Project:
    """Let a project begin with the first rule, and draw little."""
    project.settings["data"] = {"source": "embedded"}
    project.settings["figures"] = {"formats": ["svg"], "only": ["dispatch"]}
    return project


def same(project: Project, undisturbed: Project) -> int:
    """Assert that two runs have the same files, and return how many there are."""
    mine, theirs = project.artefacts(), undisturbed.artefacts()
    assert mine.keys() == theirs.keys()
    for name in theirs:
        assert mine[name] == theirs[name], name
    return len(theirs)


def lost(project: Project, finished: dict[str, str]) -> int:
    """Number of files that were finished and are no longer what they were."""
    now = {}
    for name in finished:
        path = project.folder / name
        now[name] = sha256(path) if path.is_file() else None
    return sum(now[name] != digest for name, digest in finished.items())


def discard(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def children(pid: int) -> list[int]:
    """Processes that a process has started, and those that these have started."""
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        below = [child for child, above in pairs if above == parent]
        found += below
        waiting += below
    return found


def interrupt(project: Project, sign: Path, send: Callable[[subprocess.Popen[bytes]], None]) -> str:
    """Run everything, and do something as soon as a rule is at work; return what was printed."""
    sign.unlink(missing_ok=True)
    with open(project.folder / "screen.txt", "wb") as screen:
        process = subprocess.Popen(
            project.command("all"),
            cwd=project.folder,
            stdout=screen,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + 120
        while not sign.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        text = (project.folder / "screen.txt").read_text()
        assert process.poll() is None, text
        assert sign.exists(), text
        send(process)
        process.wait(timeout=120)
    assert process.returncode != 0
    return (project.folder / "screen.txt").read_text()


def kill_all(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def terminate_all(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)


def kill_the_job(process: subprocess.Popen[bytes]) -> None:
    for pid in reversed(children(process.pid)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize(
    ("kind", "send"),
    [
        ("SIGKILL to a run and its job", kill_all),
        ("SIGTERM to a run and its job", terminate_all),
        ("SIGKILL to the job alone, as when memory runs out", kill_the_job),
    ],
)
def test_a_signal_in_every_rule(
    new_project: NewProject,
    whole: Project,
    put: Put,
    kind: str,
    send: Callable[[subprocess.Popen[bytes]], None],
) -> None:
    project = complete(new_project())
    for rule, sign in RULES.items():
        # Figures and report wait for the same results; either may have come first.
        discard(project.results / MADE[rule])
        text = interrupt(project, project.results / sign, send)
        if send is not kill_all:
            assert "Traceback" not in text, text
        finished = project.artefacts()
        inodes = {name: (project.folder / name).stat().st_ino for name in finished}
    outcome = project.run("all")
    assert outcome.code == 0, outcome.text
    gone = lost(project, finished)
    assert {name: (project.folder / name).stat().st_ino for name in finished} == inodes
    same(project, whole)
    put(kind, len(RULES), gone)


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        ("one bit of a file flipped", flip),
        ("a file cut short", cut),
        ("a file emptied", lambda path: path.write_bytes(b"")),
    ],
)
def test_a_damaged_file_of_every_kind(
    whole: Project, tmp_path: Path, put: Put, kind: str, harm: Callable[[Path], None]
) -> None:
    project = whole.copy(tmp_path / "eine Kopie")
    files = sorted(
        path
        for path in [
            *project.results.glob("*.nc"),
            *project.results.glob("*.npz"),
            *project.results.glob("*.json"),
            *project.results.glob("csv/carrier_*.csv"),
            *project.results.glob("model/*.yaml"),
            *project.results.glob("model/timeseries_data/demand_*.csv"),
            *project.results.glob("iterations/*/*"),
        ]
        if not path.name.startswith(".") and path.suffix != ".log"
    )
    assert len(files) > 20
    for path in files:
        harm(path)
    outcome = project.run("all")
    assert outcome.code == 0, outcome.text
    for path in files:
        inside = path.relative_to(project.results).parts
        told = inside[0] if inside[0] in ("model", "csv") else path.name
        assert f"it is kept as {told}.damaged" in outcome.text, path
    same(project, whole)
    put(kind, len(files), lost(project, whole.artefacts()))


def test_a_file_damaged_while_the_run_is_on(new_project: NewProject, whole: Project, put: Put):
    project = complete(new_project())
    made = [MADE[rule] for rule in ("preprocess", "build", "solve", "simulate")]
    watched = dict(
        zip(
            made,
            [RULES[r] for r in ("build", "solve", "simulate", "check_convergence")],
            strict=True,
        )
    )
    for name in watched:
        command = project.command("all")
        process = subprocess.Popen(
            command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        path = project.results / name
        seal = path.with_name(f".{path.name}.sha256")
        while not seal.exists() and process.poll() is None:
            time.sleep(0.002)
        flip(path)
        text = process.communicate()[0]
        assert process.returncode != 0
        assert f"{path.name} is not what was written" in text
        assert "Traceback" not in text
    outcome = project.run("all")
    assert outcome.code == 0, outcome.text
    same(project, whole)
    put("a file altered between its writing and its reading", len(watched), 0)


def test_a_solver_of_every_ill_will(
    finished_run: tuple[Project, Outcome], tmp_path: Path, put: Put
) -> None:
    """Programs that stand in place of CBC crash, hang, lie or print nonsense."""
    project = finished_run[0].copy(tmp_path / "eine Kopie")
    project.settings["solver"] = {"name": "cbc", "time_limit_s": 2}
    programs = tmp_path / "programs"
    programs.mkdir()
    path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    target = "results/small/smart/iterations/000/dispatch.nc"
    bodies = [*BROKEN.values(), "time.sleep(600)"]
    for body in bodies:
        program = programs / "cbc"
        program.write_text(FAKE.format(python=sys.executable, body=body))
        program.chmod(0o755)
        text = refused(project.run(target, env=path))
        assert "Dispatch of smart, iteration 000 failed: cbc" in text
        assert not (project.folder / target).exists()
        assert not (project.results / "results.nc").exists()
    del project.settings["solver"]
    outcome = project.run()
    assert outcome.code == 0, outcome.text
    put("a solver that crashes, hangs, lies or prints nonsense", len(bodies), 0)
    same(project, finished_run[0])


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a few megabytes in memory; skips where one cannot be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all that is free on a disk."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as handle:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while handle.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_in_every_rule(new_project: NewProject, whole: Project, put: Put) -> None:
    project = complete(new_project())
    with small_disk(project.folder / "results") as disk:
        for rule, name in MADE.items():
            target = os.path.normpath(f"results/small/smart/{name}")
            logs = project.results / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            filler = fill(disk)
            text = refused(project.run(target))
            assert "No space left on device" in text, (rule, text)
            assert not (project.folder / target).exists(), rule
            filler.unlink()
            outcome = project.run(target)
            assert outcome.code == 0, (rule, outcome.text)
            finished = project.artefacts()
        outcome = project.run("all")
        assert outcome.code == 0, outcome.text
        same(project, whole)
        put("a full disk", len(MADE), lost(project, finished))


def test_clocks_that_jump(whole: Project, tmp_path: Path, put: Put) -> None:
    """Times of files decide nothing but whether a step runs again; what it makes is the same."""
    year_s = 365 * 86400
    jumps = {"results": -20 * year_s, "results/small/smart/iterations/000": 20 * year_s}
    jumps |= {"results/small/smart/model": 20 * year_s, "results/small/smart/problem.npz": 0}
    project = whole.copy(tmp_path / "eine Kopie")
    for name, by in jumps.items():
        place = project.folder / name
        for path in [place, *place.rglob("*")]:
            then = path.stat().st_mtime + by
            os.utime(path, (then, then))
        outcome = project.run("all")
        assert outcome.code == 0, outcome.text
        same(project, whole)
    put("clocks that jump 20 years to and fro", len(jumps), lost(project, whole.artefacts()))


def test_two_runs_on_one_folder(new_project: NewProject, whole: Project, put: Put) -> None:
    project = complete(new_project())
    first = subprocess.Popen(
        project.command("all"), cwd=project.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    sign = project.results / RULES["retrieve"]
    while not sign.exists() and first.poll() is None:
        time.sleep(0.01)
    refused = 0
    while first.poll() is None and refused < 3:
        text = refused(project.run("all"))
        assert "Another run" in text
        refused += 1
    assert first.wait() == 0
    same(project, whole)
    put("a second run on the same results", refused, 0)


def test_homes_that_cannot_be_written(new_project: NewProject, whole: Project, put: Put) -> None:
    """A file stands where the home would be, which stops root too; Snakemake needs one cache."""
    project = complete(new_project())
    nowhere = project.folder / "nowhere"
    nowhere.write_text("")
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "MPLCONFIGDIR")
    env = {name: str(nowhere / name) for name in names}
    outcome = project.run("all", env=env | {"XDG_CACHE_HOME": str(project.folder / "cache")})
    assert outcome.code == 0, outcome.text
    same(project, whole)
    put("a home that cannot be written (`XDG_CACHE_HOME` set)", 1, 0)


def test_inputs_that_are_read_only(
    new_project: NewProject, finished_run: tuple[Project, Outcome], put: Put
) -> None:
    project = new_project()
    model = project.folder / "modèle d'été"
    before = {p: p.read_bytes() for p in model.rglob("*") if p.is_file()}
    for path in [model, *model.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    outcome = project.run()
    assert outcome.code == 0, outcome.text
    assert {p: p.read_bytes() for p in model.rglob("*") if p.is_file()} == before
    same(project, finished_run[0])
    put("inputs that are read only, below a path with spaces and letters beyond ASCII", 1, 0)
