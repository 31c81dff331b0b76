"""The paper cites what its bibliography holds, and its numbers are those of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

SECTIONS = ("Summary", "Statement of need", "State of the field", "Features", "Verification")


@pytest.fixture(scope="module")
def paper(repo_root: Path) -> str:
    return (repo_root / "paper" / "paper.md").read_text(encoding="utf-8")


def entries(repo_root: Path) -> dict[str, str]:
    text = (repo_root / "paper" / "paper.bib").read_text(encoding="utf-8")
    found = re.findall(r"^@\w+\{(\w+),\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    assert len(found) == text.count("\n@") + 1
    return dict(found)


def test_the_head_is_what_the_journal_asks_for(paper: str, repo_root: Path) -> None:
    head = yaml.safe_load(paper.split("---\n")[1])
    assert set(head) >= {"title", "tags", "authors", "affiliations", "date", "bibliography"}
    assert {str(a["affiliation"]) for a in head["authors"]} == {
        str(a["index"]) for a in head["affiliations"]
    }
    assert (repo_root / "paper" / head["bibliography"]).is_file()
    for section in SECTIONS:
        assert f"\n# {section}\n" in paper
    assert 250 < len(paper.split()) < 1200


def test_every_citation_has_its_entry_and_every_entry_a_doi(paper: str, repo_root: Path) -> None:
    bibliography = entries(repo_root)
    assert set(re.findall(r"@(\w+)", paper)) == set(bibliography)
    dois = [re.search(r"doi = \{(10\.\d{4,}/[^}\s]+)\}", text) for text in bibliography.values()]
    assert all(dois)
    assert len({doi[1] for doi in dois if doi}) == len(bibliography)


def test_its_numbers_stand_in_the_documentation(paper: str, repo_root: Path) -> None:
    reference = (repo_root / "docs/reference/verification.md").read_text(encoding="utf-8")
    verification = paper[paper.index("# Verification") : paper.index("# Limits")]
    published = reference[reference.index("## Published models") : reference.index("## What else")]
    rows = re.findall(r"^\| `\S+?/.*$", published, re.MULTILINE)
    differences = [float(row.split("|")[5].split(";")[0].replace("see below", "")) for row in rows]
    assert len(rows) == 12
    assert "Twelve published models" in verification
    assert f"{max(differences):.0e}".replace("e-0", "e-") in verification
    assert "objective 1e-6 relative" in reference
    assert re.search(r"\| behind the borefield \|.*\|.*\| 0\.40 \|", reference)
    assert "0.40 K" in verification
    assert re.search(r"\| heat pumps \| .* \| -2\.0 % \|$", reference, re.MULTILINE)
    assert "-2.0 %" in verification
    assert "196 of 200 converged" in " ".join(reference.split())
    assert "196 of 200 random districts converged" in " ".join(verification.split())
