"""Every block of the tutorial, in its order, as a reader would follow it.

What differs from a reader's machine, so that it ends in minutes: the clone is a copy of the working
tree, the virtual environment that `make` would install is the one the tests run in; and unless
`make test-long` asks for full length, Python's imports are done, and every scenario has two days in
place of a year and a loose tolerance. A command with a comment `tested as a dry run` after it is
planned, not run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from warm_python import warm_python

ROOT = Path(__file__).resolve().parents[2]
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
    while end < len(arguments) and not arguments[end].startswith("-"):
        end += 1
    arguments.insert(end, "{quick}")
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
    arguments[arguments.index("--days") + 1] = "{days}"
    arguments += ["--settings", "{quick}"]
os.execv("{program}", ["{program}", "-m", "anello", *arguments])
"""
OTHER = '#!/bin/sh\nexec "{python}" {module} "$@"\n'


@dataclass
class Block:
    """A fenced block: what it is, the file it shows, its text, and whether to plan it only."""

    kind: str
    file: str | None
    text: str
    dry: bool

    def __str__(self) -> str:
        return f"```{self.kind}\n{self.text}```"


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / "tutorial" / page).read_text(encoding="utf-8")
    found = [
        Block(m["kind"], m["file"], m["text"], "dry run" in (m["after"] or ""))
        for m in BLOCK.finditer(text)
    ]
    assert text.count("\n```") == 2 * len(found), "a block was not recognised"
    return found


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `git clone … anello` gives a copy, with an environment that is ready."""
    folder = tmp_path_factory.mktemp("reader")
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
        "activate": f'PATH="{folder / "anello" / ".venv" / "bin"}:$PATH"\n',
    }.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (origin / ".venv" / ".ready-run").touch()
    return folder


def follow(page: str, folder: Path) -> None:
    """Do what the page says, block by block, in one shell after the other."""
    said = ""
    entered = folder / "anello" if (folder / "anello").exists() else folder
    for block in blocks(page):
        if block.file is not None:
            assert block.kind == "yaml", block
            (entered / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "text":
            for line in block.text.splitlines():
                assert line in said, f"{page} promises\n{line}\nbut the command said\n{said}"
            said = ""
        else:
            assert block.kind in ("sh", "python"), block
            said = run(block, entered, expected=next_text(page, block))
            entered = folder / "anello"


def next_text(page: str, block: Block) -> str:
    """The output that the page shows after a command, if it shows any."""
    every = blocks(page)
    after = every[every.index(block) + 1 :]
    return after[0].text if after and after[0].kind == "text" else ""


def run(block: Block, folder: Path, expected: str) -> str:
    script = block.text
    if block.kind == "sh":
        script = script.replace("git clone <the repository> anello", "cp -Rp origin anello")
        if not script.startswith(("cp ", ". ")):
            script = f". .venv/bin/activate\n{script}"
        command = ["bash", "-e", "-c", f"{'export DRY_RUN=1; ' if block.dry else ''}{script}"]
    else:
        command = [sys.executable, "-c", script]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failing = "Did you mean" in expected
    assert (done.returncode != 0) == failing, f"{block}\n{done.stdout}"
    return done.stdout


def test_the_first_run(reader: Path) -> None:
    follow("first-run.md", reader)
    clone = reader / "anello"
    results = clone / "results" / "district"
    assert (results / "report.html").is_file()
    page = (ROOT / "docs" / "tutorial" / "first-run.md").read_text(encoding="utf-8")
    table = page[page.index("| file |") : page.index("## Change something")]
    names = [name for line in table.splitlines() for name in re.findall(r"`([^`]+)`", line[:40])]
    assert len(names) >= 7
    for scenario in ("baseline", "smart"):
        for name in names:
            assert (results / scenario / name).exists(), name
    assert (clone / "results" / "colder" / "smart" / "results.nc").is_file()
    assert not (clone / "results" / "iccep2019" / "smart").exists()


def test_the_own_district(reader: Path) -> None:
    if not (reader / "anello").exists():
        shutil.copytree(reader / "origin", reader / "anello", symlinks=True)
    follow("own-district.md", reader)
    results = reader / "anello" / "results"
    assert "pump house" in (results / "harbour-pipes" / "report.html").read_text(encoding="utf-8")
    runs = [
        ("harbour-quarter", "baseline"),
        ("harbour-quarter", "smart"),
        ("harbour-pipes", "smart"),
    ]
    for run_name, scenario in runs:
        text = (results / run_name / scenario / "summary.json").read_text(encoding="utf-8")
        summary = json.loads(text)
        assert summary["convergence"]["converged"]
        if LONG:
            assert summary["hours_modelled"] == 8760


@pytest.mark.skipif(not LONG, reason="two runs of a quarter: run `make test-long`")
def test_from_a_map_to_a_decision(reader: Path) -> None:
    if not (reader / "anello").exists():
        shutil.copytree(reader / "origin", reader / "anello", symlinks=True)
    follow("case-study.md", reader)
    for folder in ("quarter", "wide"):
        (results, *_) = sorted((reader / "anello" / folder / "results").iterdir())
        assert (results / "report.html").is_file()
        cost = {}
        for scenario in ("baseline", "air_source", "gas"):
            text = (results / scenario / "summary.json").read_text(encoding="utf-8")
            cost[scenario] = json.loads(text)["whole_cost"]["total"]
        assert min(cost.values()) > 0
        assert (results.parents[1] / "map.svg").is_file()
