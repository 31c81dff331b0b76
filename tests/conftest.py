"""Fixtures shared by all tests: where data and tools outside the repository lie."""

from __future__ import annotations

import gc
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# No test cuts the power: none waits for the disk, some 4 ms for each of thousands of files.
os.fsync = lambda _: None

# Times say nothing on a busy machine. Examples are the same in every run of `make test`; only
# `make test-long` looks at random for new ones, which become fixed examples.
searching = "default" if os.environ.get("ANELLO_LONG") else "ci"
settings.register_profile("anello", settings.get_profile(searching), deadline=None)
settings.load_profile("anello")


# Files that took longest on one core, the longest first: `pytest --durations=0` says it anew.
LONGEST = (
    "workflow/test_slurm.py",
    "workflow/test_tutorial.py",
    "properties/test_slp_gradient.py",
    "workflow/test_studies.py",
    "compat/test_golden_models.py",
    "workflow/test_loop.py",
    "workflow/test_anywhere.py",
    "golden/test_size_of_a_borefield.py",
    "workflow/test_faults.py",
    "workflow/test_wheel.py",
    "workflow/test_slp.py",
    "unit/test_linearisation.py",
    "workflow/test_tree.py",
    "unit/test_pyomo_model.py",
    "workflow/test_report.py",
    "workflow/test_years.py",
    "workflow/test_alternatives.py",
    "unit/test_borefield_horizon.py",
    "workflow/test_branches.py",
    "golden/test_slp_against_ipopt.py",
    "unit/test_cli.py",
    "golden/test_monthly_peaks.py",
    "workflow/test_sweep.py",
    "unit/test_spores.py",
    "unit/test_described_is_used.py",
    "unit/test_report_figures.py",
    "golden/test_sizes_of_a_list.py",
    "workflow/test_district_commands.py",
    "golden/test_years.py",
    "unit/test_point.py",
    "unit/test_calliope_documentation.py",
    "unit/test_years_files.py",
    "workflow/test_paper.py",
    "compat/test_iccep2019.py",
    "unit/test_plotting.py",
    "workflow/test_lsf.py",
    "unit/test_api.py",
    "golden/test_kept_sizes.py",
    "properties/test_definition.py",
    "golden/test_results_of_golden_models.py",
    "golden/test_sizes_of_tanks.py",
    "unit/test_ring_sources.py",
    "unit/test_from_map.py",
    "unit/test_from_map_tree.py",
    "unit/test_campaign_districts.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no core waits for the other at the end."""
    place = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}

    def begins(item: pytest.Item) -> tuple[int, bool]:
        return place.get(item.path, len(place)), item.path.parent.name != "workflow"

    items.sort(key=begins)


def pytest_collection_finish() -> None:
    """Leave what all tests share, some 440,000 objects, out of garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    """Remove the folder in which pytest kept temporary files, where none are left."""
    with suppress(OSError, KeyError):  # a user may have no name
        Path(tempfile.gettempdir(), f"pytest-of-{getpass.getuser()}").rmdir()


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def iccep2019() -> Path:
    """The ICCEP 2019 authors' folder (`smart/`, `baseline/`), never part of the repository."""
    told = os.environ.get("ANELLO_ICCEP2019")
    folder = Path(told) if told else ROOT.parent / "shared" / "iccep2019"
    missing = [
        name for name in ("smart", "baseline") if not (folder / name / "model_op.yaml").is_file()
    ]
    if missing:
        pytest.skip(
            f"the ICCEP 2019 model folders are not at {folder} (ANELLO_ICCEP2019 may name them)"
        )
    return folder


@pytest.fixture(scope="session")
def reservoir_network() -> Path:
    """Loads and results of the Modelica Buildings Library's reservoir network."""
    told = os.environ.get("ANELLO_RESERVOIR_NETWORK")
    folder = Path(told) if told else ROOT.parent / "shared" / "reservoir-network"
    if not (folder / "reference_constant_flow_week.json").is_file():
        pytest.skip(
            f"the reservoir network is not at {folder} (ANELLO_RESERVOIR_NETWORK may name it)"
        )
    return folder


@pytest.fixture(scope="session")
def oracle() -> Path:
    """A Python that has Calliope 0.6.10, for side-by-side tests."""
    told = os.environ.get("ANELLO_ORACLE")
    candidates = [Path(told)] if told else []
    candidates += [ROOT / ".venv-oracle/bin/python", ROOT.parent / "venv/oracle/bin/python"]
    for python in candidates:
        if python.is_file():
            probe = subprocess.run(
                [python, "-c", "import importlib.metadata as m; print(m.version('calliope'))"],
                capture_output=True,
                text=True,
                check=False,
            )
            if probe.returncode == 0 and probe.stdout.strip().startswith("0.6."):
                return python
    pytest.skip("no Python with Calliope 0.6.10 (set ANELLO_ORACLE to its python)")


@pytest.fixture(scope="session")
def cbc() -> Path:
    """CBC's program: the one on the PATH, else the one the `cbc` extra brings."""
    found = shutil.which("cbc") or shutil.which("cbc", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("no CBC on the PATH, and the extra `cbc` is not installed")
    return Path(found)
