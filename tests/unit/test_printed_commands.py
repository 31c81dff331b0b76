"""Every command that a page prints: its program, subcommand, options and files exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from anello.cli import parser
from pages import DOCS, ROOT, Block, blocks

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
OTHERS = {
    "apt-get", "cd", "conda", "cp", "dot", "echo", "git", "pip", "sed", "source", ".",
    "tests/cluster/one_host_slurm.sh",
}  # fmt: skip
"""Programs whose command lines are not ours to check."""
STANDS_FOR = {"/path/to/anello/": "", "ORACLE/bin/": ""}
"""What a reader replaces."""
RULE = re.compile(r"^\s*(?:rule|checkpoint) (\w+):", re.MULTILINE)


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a script, without redirections and variables set before them."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        words.whitespace_split = True
        command: list[str] = []
        target = False
        for word in words:
            if re.fullmatch(r"[();<>|&]+", word):
                target = word in (">", ">>", "<")
                if not target:
                    yield from [command] if command else []
                    command = []
            elif target:
                target = False
            elif command or not re.match(r"\w+=", word):
                command.append(word)
        yield from [command] if command else []


def files_of(page: Path) -> set[str]:
    """Files that a page has its reader write, and folders that its commands name."""
    files = {block.file for block in blocks(page) if block.file}
    for block in blocks(page):
        if block.kind == "sh":
            files |= set(re.findall(r"> *([\w./-]+)", block.first))
            files |= set(re.findall(r"anello keep-sizes \S+ (\S+)", block.text))
            files |= set(re.findall(r"(?<!\S)[\w-]+(?!\S)", block.text))
    return files


def check(command: list[str], written: set[str]) -> None:
    """Fail unless the command's program takes it as it stands."""
    program, *words = command
    for shown, real in STANDS_FOR.items():
        words = [word.replace(shown, real) for word in words]

    def there(name: str) -> bool:
        return not written.isdisjoint((name, str(Path(name).parent))) or (ROOT / name).exists()

    if program == "anello":
        told, unknown = parser().parse_known_args(words)
        assert not unknown, unknown
        settings = getattr(told, "settings", None) or []
        for name in [settings] if isinstance(settings, str | Path) else settings:
            assert there(str(name)), f"no settings {name}"
    elif program == "snakemake":
        told = get_argument_parser().parse_args(words)
        for name in [*(told.configfile or []), told.snakefile, told.workflow_profile]:
            assert name is None or there(str(name)), f"no file {name}"
        for name in told.targets:
            assert name in rules() or name.startswith("results/"), f"no rule {name}"
    elif program == "python":
        if words[0] == "-m":
            assert importlib.util.find_spec(words[1]) is not None, words[1]
        elif words[0] == "-c":
            compile(words[1], "printed", "exec")
        else:
            assert there(words[0]), words[0]
    elif program == "make":
        text = (ROOT / "Makefile").read_text(encoding="utf-8")
        for target in words:
            assert re.search(rf"^{re.escape(target)}:", text, re.MULTILINE) or "=" in target, target
    else:
        assert program in OTHERS, f"an unknown program {program}"


def rules() -> set[str]:
    """Names of the workflow's rules."""
    found = [ROOT / "Snakefile", *(ROOT / "workflow").rglob("Snakefile")]
    found += (ROOT / "workflow").rglob("*.smk")
    return {name for path in found for name in RULE.findall(path.read_text(encoding="utf-8"))}


PRINTED = [
    pytest.param(page, block, id=f"{page.name}-{block.text.splitlines()[0]}")
    for page in PAGES
    for block in blocks(page)
    if block.kind in ("sh", "bash", "console", "shell")
]


@pytest.mark.parametrize(("page", "block"), PRINTED)
def test_a_printed_command_is_understood(page: Path, block: Block) -> None:
    for command in commands(f"{block.first}\n{block.text}"):
        check(command, files_of(page))


def test_what_is_understood_is_not_everything() -> None:
    assert list(commands("A=1 anello run m > f && snakemake x | dot -T 'a;b' # no")) == [
        ["anello", "run", "m"], ["snakemake", "x"], ["dot", "-T", "a;b"],
    ]  # fmt: skip
    for wrong in (
        "anello run m --savecsv x",
        "snakemake no_such_rule --cores 1",
        "snakemake --cores 2 --configfile config/no.yaml",
        "python -m anello.no_such_module",
        "make no_such_target",
        "no_such_program",
    ):
        with pytest.raises((AssertionError, SystemExit)):
            check(shlex.split(wrong), set())
