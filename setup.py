"""What pyproject.toml cannot say: a wheel carries the workflow, copied into it when it is built."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# Laid in the package as in a clone, so that the paths between them hold: see `anello.run.home`.
CARRIED = (
    "Snakefile",
    "config",
    "data/iccep2019/manifest.yaml",
    "envs/anello.yaml",
    "profiles",
    "scripts",
    "workflow/Snakefile",
    "workflow/profiles",
    "workflow/report",
    "workflow/rules",
    "workflow/schemas",
)
TARGET = Path("anello", "clone")


def carried_files() -> list[Path]:
    """Return the workflow's files, relative to the repository's top folder."""
    found = []
    for name in CARRIED:
        path = Path(name)
        found += [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [path for path in found if path.suffix != ".pyc"]


class BuildWithWorkflow(build_py):
    """Copies the workflow into what is built; an editable install reads the clone's own."""

    def run(self) -> None:
        """Build the package, then lay the workflow into it."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / TARGET
        shutil.rmtree(target, ignore_errors=True)  # an earlier build's
        for path in carried_files():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / path)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return all files that are built."""
        laid = [] if self.editable_mode else [TARGET / path for path in carried_files()]
        built = super().get_outputs(include_bytecode)
        return [*built, *(str(Path(self.build_lib) / path) for path in laid)]

    def get_source_files(self) -> list[str]:
        """Return what a source distribution needs."""
        return [*super().get_source_files(), *map(str, carried_files())]


setup(cmdclass={"build_py": BuildWithWorkflow})
