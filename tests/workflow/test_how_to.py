"""Every command of the how-to pages, page by page, each in a copy of the repository of its own.

`make test-long` runs them exactly as printed, at full length, which takes hours. With
`ANELLO_LONG=days` they run on two days. `tests/unit/test_printed_commands.py` checks in seconds
that each of them exists.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pages import DOCS, blocks, origin, run

pytestmark = pytest.mark.skipif("ANELLO_LONG" not in os.environ, reason="run `make test-long`")

WHOLE = {"faq.md": "tests/unit/test_docs_faq.py"}
"""Pages that another test follows, Python and all."""
PAGES = [page for page in sorted(DOCS.glob("how-to/*.md")) if page.name not in WHOLE]
COMMANDS = {
    page: [block for block in blocks(page) if block.kind == "sh"]
    for page in PAGES
    if any(block.kind == "sh" for block in blocks(page))
}
LEFT_OUT = [
    pytest.param(block.left_out, id=f"{page.name}-{block.text.splitlines()[0]}")
    for page, commands in COMMANDS.items()
    for block in commands
    if block.left_out
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, with an environment that is ready."""
    return origin(tmp_path_factory.mktemp("repository"))


@pytest.mark.parametrize("page", COMMANDS, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, repository: Path, tmp_path: Path) -> None:
    clone = shutil.copytree(repository, tmp_path / "anello", symlinks=True)
    for block in blocks(page):
        if block.file is not None:
            (clone / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh" and not block.left_out:
            run(block, clone)


@pytest.mark.parametrize("why", LEFT_OUT)
def test_a_command_is_left_out(why: str) -> None:
    pytest.skip(why)
