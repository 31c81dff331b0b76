"""What this machine has of what anello needs: each part looked for, and each solver tried."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anello.errors import AnelloError, SolveError, WorkspaceError
from anello.run.home import PACKAGE, workflow_home

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from anello.optimise.solve.methods import Method
    from anello.optimise.solve.problem import Problem

LEAST_PYTHON = (3, 11)
OPTIMUM_EUR = 5.0
"""Objective of the programme that every solver is tried with."""
_PIP = "pip install"
_EXTRAS = {
    "cbc": "the solver CBC",
    "catalogue": "COP maps of catalogue heat pumps",
    "clustering": "representative days",
    "hipo": "an interior point for large programmes",
    "report": "interactive plots",
    "cluster": "jobs on SLURM or LSF",
}


@dataclass(frozen=True)
class Finding:
    """One part that was looked for.

    Attributes
    ----------
    group : str
        What kind of part it is, such as `solvers`.
    name : str
        The part.
    state : {"ok", "missing", "broken"}
        What became of it.
    said : str
        Its version or place, or what is wrong.
    needed : bool
        The main job cannot run without it.
    remedy : str
        How to get it, where it is not in order.
    """

    group: str
    name: str
    state: Literal["ok", "missing", "broken"]
    said: str
    needed: bool = False
    remedy: str = ""

    @property
    def prevents(self) -> bool:
        """Whether the main job cannot run because of it."""
        return self.needed and self.state != "ok"


def examine() -> list[Finding]:
    """Return every finding: Python, workflow, packages, solvers, and what is optional."""
    return [python(), snakefile(), *packages(), *solvers(), *extras()]


# --- Python, the workflow's files, packages -------------------------------------------------------


def python() -> Finding:
    """Return which Python runs, and whether it is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    said = f"{version} in {sys.prefix}"
    if sys.version_info[:2] >= LEAST_PYTHON:
        return Finding("Python", "python", "ok", said, needed=True)
    least = ".".join(map(str, LEAST_PYTHON))
    return Finding("Python", "python", "broken", said, True, f"install Python {least} or newer")


def snakefile(package: Path = PACKAGE) -> Finding:
    """Return where the workflow's own files lie."""
    try:
        home = workflow_home(package)
    except WorkspaceError as error:
        return Finding("Python", "workflow", "missing", str(error), True, f"{_PIP} . in a clone")
    return Finding("Python", "workflow", "ok", str(home), needed=True)


def packages() -> Iterator[Finding]:
    """Yield each package that anello needs, Snakemake among them."""
    try:
        needed = _requirements()[""]
    except ImportError as error:  # the package that reads them, or anello's own entry
        remedy = f"{_PIP} packaging, or {_PIP} . in a clone"
        yield Finding("packages", error.name or "anello", "missing", "not installed", True, remedy)
        return
    for requirement in needed:
        yield _found("packages", requirement, needed=True)


def extras() -> Iterator[Finding]:
    """Yield each package that only some jobs need."""
    for extra, what in _EXTRAS.items():
        for requirement in _requirements_or_none().get(extra, []):
            if requirement.name in {"cbcbox", "highspy", "highspy-extras"}:
                continue  # the solvers they bring are tried
            yield _found("optional", requirement, needed=False, why=what)


def _found(group: str, requirement: Requirement, *, needed: bool, why: str = "") -> Finding:
    remedy = f'{_PIP} "{requirement.name}{requirement.specifier}"'
    reason = f"for {why}" if why else "not installed"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(group, requirement.name, "missing", reason, needed, remedy)
    if requirement.specifier.contains(version, prereleases=True):
        said = f"{version}, {reason}" if why else version
        return Finding(group, requirement.name, "ok", said, needed)
    said = f"{version}; needed is {requirement.specifier}"
    return Finding(group, requirement.name, "broken", said, needed, remedy)


def _requirements_or_none() -> dict[str, list[Requirement]]:
    """Return the same, or nothing where it cannot be read, which the packages' finding says."""
    try:
        return _requirements()
    except ImportError:
        return {}


def _requirements() -> dict[str, list[Requirement]]:
    """Return what the package asks for, by the name of the extra ("" for what it always needs)."""
    from packaging.requirements import Requirement

    project = PACKAGE.parents[1] / "pyproject.toml"
    if project.exists() and (PACKAGE.parent / "rules").is_dir():
        told = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        by_extra = {"": told["dependencies"], **told["optional-dependencies"]}
        return {extra: [Requirement(text) for text in texts] for extra, texts in by_extra.items()}
    found: dict[str, list[Requirement]] = {"": []}
    extras = importlib.metadata.metadata("anello").get_all("Provides-Extra") or []
    for text in importlib.metadata.requires("anello") or []:
        one = Requirement(text)
        always = one.marker is None or one.marker.evaluate({"extra": ""})
        for extra in [""] if always else extras:
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                found.setdefault(extra, []).append(one)
    return found


# --- solvers --------------------------------------------------------------------------------------


def solvers() -> Iterator[Finding]:
    """Yield each solver that anello knows of, tried on a small programme the way a run would."""
    version = _version("highspy") or "highspy is not installed"
    yield _tried("highs", "highs", version, needed=True, remedy=f"{_PIP} highspy")
    yield _hipo()
    yield _cbc()
    where = shutil.which("glpsol")
    remedy = "apt-get install glpk-utils, or conda install -c conda-forge glpk"
    if where is None:
        yield Finding("solvers", "glpk", "missing", "no glpsol on the PATH", False, remedy)
    else:
        yield _tried("glpk", "glpk", where, remedy=remedy)


def _cbc() -> Finding:
    remedy = f'{_PIP} "cbcbox>=2.9", or apt-get install coinor-cbc'
    try:
        from anello.optimise.solve.pyomo_solver import cbc_executable

        where = cbc_executable()
    except (ImportError, SolveError, OSError):
        said = "neither on the PATH nor as the package cbcbox"
        return Finding("solvers", "cbc", "missing", said, False, remedy)
    return _tried("cbc", "cbc", where, remedy=remedy)


def _hipo() -> Finding:
    parts = [f'"{one.name}{one.specifier}"' for one in _requirements_or_none().get("hipo", [])]
    remedy = " ".join([_PIP, *(parts or ["highspy", "highspy-extras"])])
    if importlib.util.find_spec("highspy_extras") is None:
        said = "highspy-extras is not installed: large programmes take longer"
        return Finding("solvers", "highs, HiPO", "missing", said, False, remedy)
    versions = [_version("highspy"), _version("highspy-extras")]
    if versions[0] != versions[1]:
        said = f"highspy {versions[0]} does not take highspy-extras {versions[1]}"
        return Finding("solvers", "highs, HiPO", "broken", said, False, remedy)
    said = f"highspy-extras {versions[1]}"
    return _tried("highs, HiPO", "highs", said, method="hipo", remedy=remedy)


def _tried(
    name: str,
    solver: str,
    said: str,
    *,
    method: Method = "simplex",
    needed: bool = False,
    remedy: str = "",
) -> Finding:
    """Solve the small programme, and say whether the answer is the right one."""
    try:
        from anello.optimise.solve import SolverConfig, solve

        settings = SolverConfig(name=solver, method=method)
        solution = solve(small_programme(), settings, explain=False)
    except (AnelloError, ImportError, OSError) as error:
        why = f"{said}; fails on a small programme: {_first_line(error)}"
        return Finding("solvers", name, "broken", why, needed, remedy)
    wrong = abs(solution.objective - OPTIMUM_EUR) > 1e-6 * OPTIMUM_EUR
    other = solution.solver != solver or (solver == "highs" and solution.method != method)
    if wrong or other:
        instead = f"{solution.solver} by {solution.method} had to solve it"
        what = f"finds {solution.objective:g}, not {OPTIMUM_EUR:g}" if wrong else instead
        return Finding("solvers", name, "broken", f"{said}; {what}", needed, remedy)
    return Finding("solvers", name, "ok", f"{said}, solves", needed)


def small_programme() -> Problem:
    """Return ``min x + 2 y`` with ``x + y ≥ 4``, ``x - y ≤ 2`` and both in 0…10; the optimum is 5.

    Nothing of it can be taken out before a solver sees it.
    """
    import numpy as np

    from anello.optimise.formulation.expression import Block
    from anello.optimise.solve.problem import Problem

    none, whole = np.zeros(0), np.zeros(0, np.int64)
    return Problem(
        indptr=np.array([0, 2, 4]),
        indices=np.array([0, 1, 0, 1]),
        data=np.array([1.0, 1.0, 1.0, -1.0]),
        row_lower=np.array([4.0, -np.inf]),
        row_upper=np.array([np.inf, 2.0]),
        col_lower=np.zeros(2),
        col_upper=np.full(2, 10.0),
        cost=np.array([1.0, 2.0]),
        penalty=np.zeros(2),
        integer=np.zeros(2, bool),
        expr_indptr=np.zeros(1, np.int64),
        expr_indices=whole,
        expr_data=none,
        expr_constant=none,
        offset=0.0,
        sense=1,
        variables={"flow": Block("flow", {"i": ("x", "y")}, None, 0)},
        constraints={"row": Block("row", {"i": ("least", "most")}, None, 0)},
        expressions={},
        steps={},
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
