"""Pages of the docs, followed as a reader would: their blocks, and a copy of the repository.

A comment after a block says what the page does not print:

- ``<!-- tested as a dry run: why -->``: planned, not run.
- ``<!-- tested after: command -->``: makes what the reader is thought to have, such as a model.
- ``<!-- not tested: why -->``: needs what is not at hand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from warm_python import warm_python

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r'^```(?P<kind>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```\n(?P<after>\n<!--.*?-->)?',
    re.MULTILINE | re.DOTALL,
)
LONG = os.environ.get("ANELLO_LONG") == "1"
"""Whether every command runs exactly as printed, at full length (`make test-long`)."""
DAYS = {"model.subset_time": ["2015-07-01", "2015-07-02"]}
QUICK: dict[str, object] = {
    "scenario_definitions": {
        name: {"overrides": DAYS} for name in ("baseline", "smart", "air_source", "gas")
    },
    "coupling": {"predicted_decrease": 0.5, "cost_gap": 0.5, "tolerance_k": 20.0},
    "figures": {"formats": ["svg"], "only": ["dispatch"]},
}
LOOSE: dict[str, object] = {
    "coupling": {
        "predicted_decrease": 0.5,
        "cost_gap": 0.5,
        "tolerance_k": 20.0,
        "slp": {"loop_waves": 0},
    },
    "figures": QUICK["figures"],
}
"""Settings that `anello district run` is given besides its one day."""
CLONED = (
    "Makefile",
    "Snakefile",
    "pyproject.toml",
    "config",
    "envs",
    "profiles",
    "scripts",
    "workflow",
)
SNAKEMAKE = """\
#!{python}
import os, sys
arguments = sys.argv[1:]
if "--configfile" in arguments:
    end = arguments.index("--configfile") + 1
    own = not arguments[end].endswith("config.yaml")  # a model that is not the district's
    while end < len(arguments) and not arguments[end].startswith("-"):
        end += 1
    arguments[end:end] = [] if own else ["{quick}"]
else:
    arguments += ["--configfile", "config/config.yaml", "{quick}"]
arguments += ["--dry-run"] if os.environ.get("DRY_RUN") else []
os.execv("{program}", ["{program}", "-m", "snakemake", *arguments])
"""
ANELLO = """\
#!{python}
import os, sys
arguments = sys.argv[1:]
if arguments[:2] == ["district", "run"] and "{days}":
    if "--days" in arguments:
        arguments[arguments.index("--days") + 1] = "{days}"
    else:
        arguments += ["--days", "{days}"]
    arguments += ["--settings", "{quick}"]
os.execv("{program}", ["{program}", "-m", "anello", *arguments])
"""
OTHER = '#!/bin/sh\nexec "{python}" {module} "$@"\n'
ACTIVATE = 'PATH="$PWD/.venv/bin:$PATH"\n'


@dataclass
class Block:
    """A fenced block: what it is, the file it shows, its text, and the comment after it."""

    kind: str
    file: str | None
    text: str
    remark: str

    def __str__(self) -> str:
        return f"```{self.kind}\n{self.text}```"

    @property
    def dry(self) -> bool:
        """Whether it is planned only."""
        return "tested as a dry run" in self.remark

    @property
    def first(self) -> str:
        """What has to be done before it."""
        return self._said("tested after: ")

    @property
    def left_out(self) -> str:
        """Why it cannot be tested; empty if it can."""
        return self._said("not tested: ")

    def _said(self, mark: str) -> str:
        _, found, rest = self.remark.partition(mark)
        return rest.removesuffix("-->").strip() if found else ""


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page that begins at the margin."""
    text = page.read_text(encoding="utf-8")
    found = [Block(m["kind"], m["file"], m["text"], m["after"] or "") for m in BLOCK.finditer(text)]
    assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(found), "a block was missed"
    return found


def origin(folder: Path) -> Path:
    """Copy the working tree into a folder, with an environment that is ready."""
    quick = folder / "quick.yaml"
    quick.write_text(yaml.safe_dump({} if LONG else QUICK), encoding="utf-8")
    loose = folder / "loose.yaml"
    loose.write_text(yaml.safe_dump(LOOSE), encoding="utf-8")
    origin = folder / "origin"
    origin.mkdir()
    for name in CLONED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, origin / name)
    program = sys.executable if LONG else warm_python()
    programs = origin / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in {
        "snakemake": SNAKEMAKE.format(python=sys.executable, program=program, quick=quick),
        "anello": ANELLO.format(
            python=sys.executable,
            program=program,
            quick=loose,
            days="" if LONG else "2015-07-13",
        ),
        "python": OTHER.format(python=sys.executable, module=""),
        "activate": ACTIVATE,
    }.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (origin / ".venv" / ".ready-run").touch()
    return origin


def run(block: Block, folder: Path, *, failing: bool = False) -> str:
    """Run a block in a folder that has an environment, and return what it said."""
    script = block.text
    if block.kind == "sh":
        script = script.replace("git clone <the repository> anello", "cp -Rp origin anello")
        script = script.replace("/path/to/anello", str(folder))
        if block.first:
            script = f"{block.first}\n{script}"
        if not script.startswith(("cp ", ". ")):
            script = f". .venv/bin/activate\n{script}"
        command = ["bash", "-e", "-c", f"{'export DRY_RUN=1; ' if block.dry else ''}{script}"]
    else:
        command = [sys.executable, "-c", script]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "BROWSER": "true"},  # a page is opened for nobody
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == failing, f"{block}\n{done.stdout}"
    return done.stdout
