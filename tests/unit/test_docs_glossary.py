"""The glossary defines every term that a page links to, and each one briefly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify

PAGE = "docs/explanation/glossary.md"


@pytest.fixture(scope="module")
def terms(repo_root: Path) -> dict[str, str]:
    """The text of each term, by the anchor that mkdocs gives it."""
    text = (repo_root / PAGE).read_text(encoding="utf-8")
    _, *entries = re.split(r"^### ", text, flags=re.MULTILINE)
    return {slugify(e.partition("\n")[0], "-"): e.partition("\n")[2].strip() for e in entries}


def test_every_term_that_is_linked_exists(terms: dict[str, str], repo_root: Path) -> None:
    asked = {
        (term, link): link
        for term, said in terms.items()
        for link in re.findall(r"\]\(#(.+?)\)", said)
    }
    for page in (repo_root / "docs").rglob("*.md"):
        for link in re.findall(r"glossary\.md#([\w-]+)\)", page.read_text(encoding="utf-8")):
            asked[(page.name, link)] = link
    missing = {where: link for where, link in asked.items() if link not in terms}
    assert not missing
    assert len(asked) > 80


def test_no_term_is_alone_and_none_links_to_itself(terms: dict[str, str]) -> None:
    for term, said in terms.items():
        assert "](" in said, term
        assert f"](#{term})" not in said, term


def test_each_is_told_in_one_or_two_sentences_and_in_order(
    terms: dict[str, str], repo_root: Path
) -> None:
    for term, said in terms.items():
        plain = re.sub(r"\(\[[^]]*\]\([^)]*\)\)", "", said).replace("\n", " ")
        plain = re.sub(r"\]\([^)]*\)", "]", plain)
        sentences = re.findall(r"[.?](?=\s+\[?[A-Z`a-z]|\s*$)", plain)
        assert 1 <= len(sentences) <= 2, (term, sentences)
    heads = re.findall(r"^### (.+)$", (repo_root / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    assert heads == sorted(heads, key=str.lower)


def test_the_terms_of_the_trade_are_there(terms: dict[str, str]) -> None:
    assert set(terms) >= {
        "5gdhc",
        "ambient-loop",
        "borefield",
        "carrier",
        "cop",
        "g-function",
        "levelised-cost",
        "spf",
        "supply-and-return",
        "trust-region",
    }
