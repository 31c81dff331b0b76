"""Every block of the tutorial, in its order, as a reader would follow it.

What differs from a reader's machine, so that it ends in minutes: the clone is a copy of the working
tree, the virtual environment that `make` would install is the one the tests run in, and every
scenario has two days in place of a year and a loose tolerance, unless `make test-long` asks for
full length.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pages import DOCS, LONG, ROOT, Block, blocks, origin, run

TUTORIAL = DOCS / "tutorial"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `git clone … anello` gives a copy, with an environment that is ready."""
    folder = tmp_path_factory.mktemp("reader")
    origin(folder)
    return folder


def follow(page: str, folder: Path) -> None:
    """Do what the page says, block by block, in one shell after the other."""
    said = ""
    entered = folder / "anello" if (folder / "anello").exists() else folder
    for block in blocks(TUTORIAL / page):
        if block.file is not None:
            assert block.kind == "yaml", block
            (entered / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "text":
            for line in block.text.splitlines():
                assert line in said, f"{page} promises\n{line}\nbut the command said\n{said}"
            said = ""
        else:
            assert block.kind in ("sh", "python"), block
            said = run(block, entered, failing="Did you mean" in next_text(page, block))
            entered = folder / "anello"


def next_text(page: str, block: Block) -> str:
    """The output that the page shows after a command, if it shows any."""
    every = blocks(TUTORIAL / page)
    after = every[every.index(block) + 1 :]
    return after[0].text if after and after[0].kind == "text" else ""


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
