"""What `anello doctor` finds, with parts taken away or broken."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path

import highspy
import pytest
from pyomo.common.fileutils import Executable

from anello.cli import FAILED, OK, main
from anello.errors import NumericalError
from anello.optimise import solve as solving
from anello.optimise.solve import SolverConfig, interior, pyomo_solver, solve
from anello.run import doctor
from anello.run.home import is_home, workflow_home


def named(findings, name):
    return next(finding for finding in findings if finding.name == name)


def test_all_that_a_run_needs_is_here(capsys):
    assert main(["doctor"]) == OK
    said = capsys.readouterr().out
    for part in ("snakemake", "highspy", "pygfunction", "Python", "glpk", "cbc", "scikit-learn"):
        assert part in said
    assert "A district can be run" in said
    assert main(["doctor", "--quiet"]) == OK
    assert capsys.readouterr().out == ""


def test_the_small_programme_reaches_the_solver():
    for method in ("simplex", "ipm"):
        solution = solve(doctor.small_programme(), SolverConfig(method=method))
        assert solution.objective == pytest.approx(doctor.OPTIMUM_EUR)
        assert "HiGHS" in solution.log


def test_a_missing_package_is_named_with_its_remedy(monkeypatch, capsys):
    real = importlib.metadata.version

    def version(name):
        if name == "snakemake":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name in {"numpy", "plotly"} else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = list(doctor.packages())
    assert named(found, "snakemake").state == "missing"
    assert named(found, "snakemake").prevents
    assert "pip install" in named(found, "snakemake").remedy
    assert named(found, "numpy").state == "broken"
    assert ">=2.0" in named(found, "numpy").said
    assert not named(doctor.extras(), "plotly").prevents
    assert main(["doctor"]) == FAILED
    said = capsys.readouterr().out
    assert "A district cannot be run: numpy, snakemake" in said
    assert main(["doctor", "--quiet"]) == FAILED
    assert "pip install" in capsys.readouterr().out


def test_solvers_are_tried_and_not_only_found(monkeypatch, tmp_path):
    for name in ("cbc", "glpsol"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    Executable("glpsol").rehash()  # Pyomo remembers where it found one
    found = list(doctor.solvers())
    monkeypatch.undo()
    Executable("glpsol").rehash()
    for name in ("cbc", "glpk"):
        finding = named(found, name)
        assert finding.state == "broken"
        assert finding.remedy
        assert not finding.prevents
    assert named(found, "highs").state == "ok"


def test_absent_solvers_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "cbcbox", None)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "highspy_extras" else real(name, *more),
    )
    found = list(doctor.solvers())
    for name in ("cbc", "glpk", "highs, HiPO"):
        assert named(found, name).state == "missing"
    assert "highspy-extras" in named(found, "highs, HiPO").remedy
    with pytest.raises(Exception, match="neither on the PATH"):
        pyomo_solver.cbc_executable()


def test_parts_of_hipo_of_another_version_are_told_and_not_used(monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda n: "1.0" if n == "highspy-extras" else real(n)
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: True)
    finding = named(doctor.solvers(), "highs, HiPO")
    assert finding.state == "broken"
    assert "does not take highspy-extras 1.0" in finding.said
    assert "highspy-extras" in finding.remedy

    class OtherVersion(highspy.Highs):
        def setOptionValue(self, name, value):  # noqa: N802
            if (name, value) == ("solver", "hipo"):
                return highspy.HighsStatus.kError
            return highspy.HighsStatus.kOk

    monkeypatch.setattr(interior.highspy, "Highs", OtherVersion)
    assert not interior.hipo_installed()


def test_a_highs_that_fails_prevents_a_run(monkeypatch):
    def broken(*_, **__):
        raise NumericalError("no\nanswer")

    monkeypatch.setattr(solving, "solve", broken, raising=False)
    finding = named(doctor.solvers(), "highs")
    assert finding.state == "broken"
    assert finding.prevents
    assert finding.said.endswith(": no")


def test_an_old_python_is_told(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert doctor.python().prevents
    assert "3.11" in doctor.python().remedy


def test_the_workflow_is_the_clone_s_and_else_the_package_s(repo_root: Path, tmp_path: Path):
    assert workflow_home() == repo_root
    package = tmp_path / "site-packages" / "anello"
    assert doctor.snakefile(package).prevents
    for part in ("Snakefile", "workflow/Snakefile", "config/config.yaml", "scripts/x"):
        (package / "clone" / part).parent.mkdir(parents=True, exist_ok=True)
        (package / "clone" / part).touch()
    assert not is_home(package / "clone")
    (package / "clone" / "workflow" / "rules").mkdir()
    assert workflow_home(package) == package / "clone"
    assert doctor.snakefile(package).state == "ok"


def test_installed_requirements_are_those_of_the_clone(monkeypatch, tmp_path: Path):
    by_clone = doctor._requirements()
    monkeypatch.setattr(doctor, "PACKAGE", tmp_path / "site-packages" / "anello")
    told = [str(one) for one in by_clone[""]]
    told += [f'{one}; extra == "cbc"' for one in by_clone["cbc"]]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: told)
    monkeypatch.setattr(
        importlib.metadata, "metadata", lambda _: type("M", (), {"get_all": lambda *_: ["cbc"]})()
    )
    installed = doctor._requirements()
    for extra in ("", "cbc"):
        names = [one.name for one in by_clone[extra]]
        assert [one.name for one in installed[extra]] == names


def test_without_metadata_the_doctor_says_so(monkeypatch, tmp_path: Path):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "PACKAGE", tmp_path / "site-packages" / "anello")
    monkeypatch.setattr(importlib.metadata, "requires", absent)
    monkeypatch.setattr(importlib.metadata, "metadata", absent)
    (finding,) = doctor.packages()
    assert finding.prevents
    assert list(doctor.extras()) == []
