"""The code in the documentation of the formulation runs as it stands."""

from __future__ import annotations

import re

import numpy as np
import pytest

import anello.model.definition
import small_models
from anello.optimise.formulation.registry import REGISTRY

PAGES = [
    "how-to/add-a-constraint.md",
    "explanation/formulation.md",
    "how-to/debug-infeasibility.md",
]


def blocks(repo_root, page: str) -> list[str]:
    text = (repo_root / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_adding_a_constraint(repo_root, monkeypatch, tmp_path, capsys):
    changed = small_models.district()
    changed["locations"] = {"north": changed["locations"]["a"]}
    del changed["links"], changed["techs"]["line"]
    tables = {name: table.rename(columns={"a": "north"}) for name, table in
              small_models.series(12).items()}  # fmt: skip
    data = small_models.data(hours=12, model=changed, tables=tables)
    monkeypatch.setattr(anello.model.definition, "read_model", lambda path: data)
    monkeypatch.chdir(tmp_path)
    first, files, patch = blocks(repo_root, PAGES[0])
    from anello.optimise.solve.pyomo_solver import cbc_executable

    monkeypatch.setenv("PATH", f"{cbc_executable().rpartition('/')[0]}:/usr/bin:/bin")
    space: dict[str, object] = {}
    exec(first.replace("<= 900", "<= 250"), space)
    assert float(capsys.readouterr().out.split()[0]) > 50
    exec(files, space)
    assert (tmp_path / "model.lp").stat().st_size > 1000
    space["problem"] = space["compile_problem"](space["model"])
    space["new_cop"] = np.full(12, 3.4)
    exec(patch, space)
    assert space["solution"].warm


def test_constraints_named_in_the_pages_exist(repo_root):
    for page in PAGES:
        text = (repo_root / "docs" / page).read_text(encoding="utf-8")
        for name in re.findall(r"model\.(\w+)_constraint", text):
            assert ("constraint", name) in REGISTRY, f"{page}: {name}"


def test_the_example_of_a_constraint_is_the_code(repo_root):
    import inspect

    from anello.optimise.formulation import dispatch

    (example,) = blocks(repo_root, PAGES[1])
    assert example.strip() in inspect.getsource(dispatch)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(repo_root, page):
    path = repo_root / "docs" / page
    for target in re.findall(r"\]\(([^)#:]+\.md)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).resolve().is_file(), target
