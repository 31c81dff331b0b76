"""The code a result depends on: followed through imports, and nothing beyond."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.run import provenance
from anello.run.provenance import code_digest, code_files


def forget() -> None:
    """Forget what has been read of the package."""
    provenance._imported.cache_clear()
    provenance._entry.cache_clear()
    provenance.code_files.cache_clear()
    provenance._lazy_names.cache_clear()
    provenance._module_files.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a small package of the same name, with a subpackage and a data file."""
    root = tmp_path / "anello"
    (root / "sub").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "errors.py").write_text("")
    (root / "far.py").write_text("X = 1")
    (root / "other.py").write_text("Y = 1")
    (root / "sub" / "__init__.py").write_text("")
    (root / "sub" / "near.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from anello.other import Y\n"
        "def f():\n    from anello.far import X\n"
    )
    (root / "sub" / "beside.py").write_text("from . import near\nfrom ..errors import E\n")
    (root / "lazy").mkdir()
    (root / "lazy" / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from anello.lazy.one import One\n"
        "WHERE = {'Two': 'two'}\n"
    )
    (root / "lazy" / "one.py").write_text("")
    (root / "lazy" / "two.py").write_text("")
    (root / "sub" / "table.yaml").write_text("a: 1")
    (tmp_path / "script.py").write_text("import numpy\nfrom anello.sub.near import f\n")
    monkeypatch.setattr(provenance, "PACKAGE", root)
    forget()
    return root


def names(package: Path, script: Path) -> set[str]:
    """Relative names of the files a script depends on."""
    return {file.relative_to(package).as_posix() for file in code_files(script)}


def test_imports_within_functions_count_and_those_for_type_checkers_do_not(package: Path) -> None:
    assert names(package, package.parent / "script.py") == {
        "__init__.py", "far.py", "sub/__init__.py", "sub/near.py", "sub/table.yaml",
    }  # fmt: skip


def test_relative_imports_are_followed(package: Path) -> None:
    script = package.parent / "script.py"
    script.write_text("import anello.sub.beside")
    assert {"sub/near.py", "errors.py", "far.py"} <= names(package, script)


@pytest.mark.parametrize(
    "text",
    [
        "if WIDE:\n    import anello.far\n",
        "if WIDE:\n    pass\nelse:\n    import anello.far\n",
        "for _ in ():\n    pass\nelse:\n    import anello.far\n",
        "try:\n    pass\nexcept OSError:\n    import anello.far\n",
        "try:\n    pass\nfinally:\n    import anello.far\n",
        "match WIDE:\n    case 1:\n        import anello.far\n",
        "with open('x'):\n    import anello.far\n",
        "class A:\n    async def f(self):\n        import anello.far\n",
        "import typing\nif typing.TYPE_CHECKING:\n    pass\nelse:\n    import anello.far\n",
    ],
)
def test_an_import_counts_in_whichever_block_it_stands(package: Path, text: str) -> None:
    script = package.parent / "script.py"
    script.write_text(text)
    assert names(package, script) == {"__init__.py", "far.py"}


@pytest.mark.parametrize(("name", "file"), [("One", "lazy/one.py"), ("Two", "lazy/two.py")])
def test_names_that_a_package_imports_on_first_use_are_followed(
    package: Path, name: str, file: str
) -> None:
    script = package.parent / "script.py"
    script.write_text(f"from anello.lazy import {name}")
    assert names(package, script) == {"__init__.py", "lazy/__init__.py", file}


@pytest.mark.parametrize(
    ("changed", "matters"),
    [("far.py", True), ("sub/table.yaml", True), ("other.py", False), ("sub/beside.py", False)],
)
def test_the_digest_changes_with_what_is_reached_only(
    package: Path, changed: str, matters: bool
) -> None:
    script = package.parent / "script.py"
    before = code_digest(script)
    (package / changed).write_text("Z = 2")
    forget()
    assert (code_digest(script) != before) is matters


def test_the_scripts_of_the_workflow_reach_what_they_run() -> None:
    forget()
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    reached = {
        script.stem: {str(f.relative_to(provenance.PACKAGE)) for f in code_files(script)}
        for script in scripts.glob("*.py")
    }
    assert {
        "optimise/solve/highs.py",
        "optimise/solve/problem.py",
        "optimise/results/extraction.py",
    } <= reached["solve"]
    assert {"optimise/formulation/balance.py", "optimise/solve/compile.py"} <= reached["build"]
    assert {"ring/mixed.py", "coupling/fixed_point.py"} <= reached["simulate"]
    assert {"model/schema/parameters.yaml", "model/quality/check.py"} <= reached["preprocess"]
    assert not any(
        f.startswith(("present/", "district/", "api/", "cli/")) for f in reached["solve"]
    )
