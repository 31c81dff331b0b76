"""The conda recipe and the conda environment ask for what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from anello import __version__

CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "pvlib": "pvlib-python",
    "seaborn": "seaborn-base",
    "snakemake": "snakemake-minimal",
}
NEEDED = re.compile(r"^([A-Za-z0-9._-]+?)\s*(>=\S+)$")


@pytest.fixture(scope="module")
def project(repo_root: Path) -> dict[str, Any]:
    return tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def recipe(repo_root: Path) -> dict[str, Any]:
    return yaml.safe_load((repo_root / "recipe" / "meta.yaml").read_text(encoding="utf-8"))


def parted(lines: list[str]) -> dict[str, str]:
    found = [NEEDED.match(line) for line in lines]
    return {match[1].lower(): match[2] for match in found if match}


def wanted(project: dict[str, Any]) -> dict[str, str]:
    asked = {
        CONDA_NAMES.get(name, name): bound
        for name, bound in parted(project["dependencies"]).items()
    }
    return asked | {"python": project["requires-python"]}


def test_the_recipe_asks_for_the_projects_dependencies(
    recipe: dict[str, Any], project: dict[str, Any]
) -> None:
    assert len(project["dependencies"]) + 1 == len(wanted(project))
    assert parted(recipe["requirements"]["run"]) == wanted(project)
    host = parted(recipe["requirements"]["host"])
    assert host == {"python": project["requires-python"], "setuptools": ">=77"}


def test_the_environment_has_all_of_them(repo_root: Path, project: dict[str, Any]) -> None:
    text = (repo_root / "envs" / "anello.yaml").read_text(encoding="utf-8")
    assert wanted(project).items() <= parted(yaml.safe_load(text)["dependencies"]).items()


def test_the_recipe_speaks_of_this_version(
    recipe: dict[str, Any], project: dict[str, Any], repo_root: Path
) -> None:
    assert recipe["package"] == {"name": project["name"], "version": __version__}
    assert recipe["about"]["license"] == project["license"]
    assert recipe["about"]["summary"] == project["description"]
    (entry,) = recipe["build"]["entry_points"]
    assert entry == f"anello = {project['scripts']['anello']}"
    assert (repo_root / "recipe" / recipe["source"]["path"] / "pyproject.toml").is_file()
    assert (repo_root / recipe["about"]["license_file"]).is_file()
