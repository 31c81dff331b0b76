"""An installed wheel has all that a clone has: rules, scripts, settings, data."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from anello import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "Snakefile")
SOURCE_FOLDERS = ("config", "data", "envs", "profiles", "scripts", "workflow")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from, with the leavings of an earlier build."""
    folder = tmp_path_factory.mktemp("wheel") / "sources"
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCE_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in SOURCES:
        shutil.copy2(ROOT / name, folder)
    stale = folder / "build" / "lib" / "anello" / "clone" / "workflow" / "rules" / "former.smk"
    stale.parent.mkdir(parents=True)
    stale.touch()
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    """The wheel; an old setuptools here is passed over for the one that pip brings."""
    new_enough = int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77
    here = ["--no-build-isolation"] if new_enough else []
    target = sources.parent / "dist"
    pip(sys.executable, "wheel", "--no-deps", *here, "--wheel-dir", str(target), str(sources))
    (found,) = target.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The Python of an environment that sees this one's packages, and anello from the wheel."""
    folder = wheel.parents[1] / "environment"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip(python, "install", "--no-deps", "--no-index", str(wheel))
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (packages / "these.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def alone() -> dict[str, str]:
    """The environment's variables, with nothing of the clone on Python's path."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def pip(python: Path | str, *arguments: str) -> None:
    whose = ["--python", str(python)] if str(python) != sys.executable else []
    told = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *whose]
    done = subprocess.run(
        [*told, *arguments], env=alone(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def ask(*command: str | Path, folder: Path) -> str:
    """Run a command with nothing of the clone on its path, and return what it printed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=alone(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_wheel_runs_without_its_clone(installed: Path, tmp_path: Path) -> None:
    anello = installed.with_name("anello")
    assert ask(anello, "--version", folder=tmp_path) == f"anello {__version__}\n"
    code = "from anello.run.home import workflow_home; print(workflow_home())"
    home = Path(ask(installed, "-c", code, folder=tmp_path).strip())
    assert home.is_relative_to(installed.parents[1])
    assert str(home) in ask(anello, "doctor", folder=tmp_path)
    ask(anello, "district", "new", "here", folder=tmp_path)
    code = (
        "from pathlib import Path; from anello.run.driving import environment, snakemake_command;"
        "here = Path('here'); told = (here, [here / 'config.yaml'], 1, Path('events'));"
        "print(*snakemake_command(*told), sep='\\n'); assert 'PYTHONPATH' not in environment()"
    )
    command = ask(installed, "-c", code, folder=tmp_path).splitlines()
    assert str(home / "Snakefile") in command
    said = ask(*command, "--dry-run", folder=tmp_path)
    assert "collect" in said
    assert "write_report" in said
    assert (tmp_path / "events").exists()  # the plugin was found
    ask(*command, "--", "results/embedded-district/smart/model", folder=tmp_path)
    made = tmp_path / "here" / "results" / "embedded-district" / "smart" / "model" / "model.yaml"
    assert made.is_file()


def test_the_wheel_carries_all_files_of_the_workflow(installed: Path, tmp_path: Path) -> None:
    package = Path(
        ask(installed, "-c", "import anello; print(anello.__path__[0])", folder=tmp_path).strip()
    )
    carried = {p.relative_to(package / "clone") for p in (package / "clone").rglob("*")}
    for folder in ("scripts", "config", "profiles", "workflow/rules", "workflow/report"):
        for path in (ROOT / folder).rglob("*"):
            if "__pycache__" not in path.parts:
                assert path.relative_to(ROOT) in carried
    assert "former.smk" not in {path.name for path in carried}
    of_package = ROOT / "workflow" / "anello"
    for path in of_package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (package / path.relative_to(of_package)).is_file(), path


def test_nothing_stands_twice_in_the_clone(sources: Path, wheel: Path) -> None:
    assert wheel.exists()
    assert not (sources / "workflow" / "anello" / "clone").exists()
