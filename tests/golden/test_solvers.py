"""Every example, solved by every solver at hand, costs what it costs with HiGHS."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

import anello.examples

EXAMPLES = (
    "national_scale",
    "urban_scale",
    "milp",
    "operate",
    "time_resampling",
    "time_clustering",
    "time_masking",
)
# GLPK ends where no reduced cost is below 1e-7 of the largest price, which is that of unmet demand.
REACH = {"cbc": 1e-6, "glpk": 1e-4}
MIP_GAP = 1e-4


def executables() -> list[tuple[str, str]]:
    """Name and path of every build on the PATH: CBC 2 of a distribution stands beside CBC 3."""
    found = {}
    for folder in os.environ["PATH"].split(os.pathsep):
        for name, program in (("cbc", "cbc"), ("glpk", "glpsol")):
            path = shutil.which(program, path=folder)
            if path:
                found[Path(path).resolve()] = (name, path)
    return list(found.values())


def cost(example: str, solver: str) -> float:
    told = {"run.solver": solver}
    if example == "milp":
        words = {"highs": "mip_rel_gap", "cbc": "ratioGap", "glpk": "mipgap"}
        told[f"run.solver_options.{words[solver]}"] = MIP_GAP
    model = getattr(anello.examples, example)(override_dict=told)
    model.run()
    return float(model.dispatch.attrs["objective"])


@cache
def cost_by_highs(example: str) -> float:
    return cost(example, "highs")


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize(("solver", "path"), executables() or [("none", "")])
def test_every_solver_at_hand_finds_what_highs_finds(example, solver, path, tmp_path, monkeypatch):
    if solver == "none":
        pytest.skip("neither CBC nor GLPK is installed")
    monkeypatch.setenv("PATH", str(Path(path).parent), prepend=os.pathsep)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    reach = MIP_GAP if example == "milp" else REACH[solver]
    assert cost(example, solver) == pytest.approx(cost_by_highs(example), rel=reach)
    assert list(tmp_path.iterdir()) == []
