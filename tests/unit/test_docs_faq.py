"""Every command of the page of questions does what the page says, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from anello.cli import main

BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FAILING = ("error:", "unknown constraint", "must be", "does not match", "smallest change")


def test_every_answer_holds(
    repo_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall((repo_root / "docs/how-to/faq.md").read_text(encoding="utf-8"))
    assert len(blocks) > 20
    for number, (kind, text) in enumerate(blocks):
        if kind == "text":
            continue
        promised = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
        lines = promised[1].splitlines() if promised[0] == "text" else []
        fails = any(mark in line for line in lines for mark in FAILING)
        if kind == "sh":
            (command,) = text.splitlines()
            program, *arguments = shlex.split(command)
            assert program == "anello"
            assert (main(arguments) != 0) == fails, command
        else:
            exec(text, {})
        out, err = capfd.readouterr()
        for line in lines:
            assert line in out + err, f"{text}promises\n{line}\nbut says\n{out}{err}"


def test_every_answer_is_short_and_names_a_command_a_key_or_a_page(repo_root: Path) -> None:
    page = (repo_root / "docs/how-to/faq.md").read_text(encoding="utf-8")
    answers = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert len(answers) >= 20
    for answer in answers:
        assert re.search(r"`[^`]+`|\]\(", answer), answer.splitlines()[0]
        assert len(re.sub(r"```.*?```", "", answer, flags=re.DOTALL).split()) < 170
