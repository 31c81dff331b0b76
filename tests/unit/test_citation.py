"""CITATION.cff follows version 1.2.0 of the Citation File Format, and speaks of this version."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path

import yaml

from anello import __version__

# what the format's schema calls for, and what else of it is used here
REQUIRED = {"cff-version", "message", "title", "authors"}
KNOWN = REQUIRED | {
    "type",
    "version",
    "license",
    "abstract",
    "keywords",
    "repository-code",
    "url",
    "doi",
    "date-released",
    "preferred-citation",
    "references",
}
PERSON = {"family-names", "given-names", "orcid", "affiliation", "email", "alias", "website"}
ENTITY = {"name", "website", "email", "alias", "address", "city", "country"}


def test_the_citation_file_is_valid(repo_root: Path) -> None:
    content = yaml.safe_load((repo_root / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(content) >= REQUIRED
    assert set(content) <= KNOWN
    assert content["cff-version"] == "1.2.0"
    assert content["type"] in ("software", "dataset")
    for key in ("message", "title"):
        assert isinstance(content[key], str)
        assert content[key].strip()
    assert content["authors"]
    for author in content["authors"]:
        fields = set(author)
        assert fields <= PERSON or ("name" in fields and fields <= ENTITY), author
        assert re.fullmatch(
            r"https://orcid\.org/(\d{4}-){3}\d{3}[\dX]", author.get("orcid", "")
        ) or ("orcid" not in author)
    assert isinstance(content.get("date-released", dt.date(2000, 1, 1)), dt.date)


def test_it_speaks_of_this_version_and_licence(repo_root: Path) -> None:
    content = yaml.safe_load((repo_root / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(content["version"]) == __version__
    licence = project["license"]
    assert content["license"] == (licence if isinstance(licence, str) else licence["text"])
