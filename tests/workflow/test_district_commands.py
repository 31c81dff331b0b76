"""`anello district new`, `run`, `report` as a user meets them: to the end, cut short, failing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from warm_python import warm_python

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "scenarios": ["smart"],
    "coupling": {"predicted_decrease": 0.5, "cost_gap": 0.5, "tolerance_k": 20.0},
    "figures": {"formats": ["svg"], "only": ["dispatch"]},
}
DAYS = "2015-07-01,2015-07-02"
RUN = "embedded-district-2015-07-01-to-2015-07-02"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [warm_python(), "-m", "anello", "district", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def anello(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run folder `mein Quartier`, and settings for a quick run."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "quick.yaml").write_text(yaml.safe_dump(QUICK), encoding="utf-8")
    code, out, err = anello(folder, "new", "mein Quartier")
    assert code == 0, err
    assert "anello district run 'mein Quartier'" in out
    return folder


RUN_IT = ("run", "mein Quartier", "--settings", "quick.yaml", "--days", DAYS, "--cores", "2")


def test_a_run_that_is_cut_short_goes_on_to_its_report(folder: Path) -> None:
    first = folder / "mein Quartier" / "results" / RUN / "smart" / "iterations" / "000"
    process = start(folder, *RUN_IT)
    deadline = time.monotonic() + 300
    next_step = first.parents[1] / "logs" / "simulate_000.log"
    while not next_step.exists() and process.poll() is None:
        assert time.monotonic() < deadline, "no dispatch was found"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted (SIGINT)" in err
    resume = f"anello district run 'mein Quartier' --cores 2 --days {DAYS} --settings quick.yaml"
    assert f"  {resume}\n" in err
    assert "Traceback" not in out + err
    kept = (first / "dispatch.nc").stat().st_mtime_ns
    assert anello(folder, "report", "mein Quartier")[0] == 1

    code, out, err = anello(folder, *RUN_IT)
    assert code == 0, err
    assert (first / "dispatch.nc").stat().st_mtime_ns == kept
    page = Path("mein Quartier", "results", RUN, "report.html")
    assert f"The report is {page}" in out
    assert "Defined, but not run: baseline, designed, battery, air_source, gas." in out
    assert "smart   done: " in err
    assert "report  done" in err
    assert " iterations done of 60 at most" in err
    assert "left\n" in err
    assert "Select jobs" not in err
    _, log = sorted((folder / "mein Quartier" / "logs").glob(f"{RUN}_*.log"))
    assert "Finished jobid" in log.read_text(encoding="utf-8")
    assert str(log.relative_to(folder)) in err
    assert anello(folder, "report", "mein Quartier") == (0, f"{page}\n", "")
    assert (folder / page).stat().st_size > 0


def test_a_step_that_fails_says_why_and_where(folder: Path) -> None:
    changed = {"data": {"changes": {"weather": {"source": "epw", "file": "absent.epw"}}}}
    (folder / "failing.yaml").write_text(yaml.safe_dump({**QUICK, **changed}), encoding="utf-8")
    told = ("run", "mein Quartier", "--settings", "failing.yaml", "--cores", "1", "--verbose")
    code, out, err = anello(folder, *told)
    assert code == 1
    assert out == ""
    assert "error: " in err
    what = err[err.index("error: ") :]
    assert "The weather file does not exist" in what
    assert "Details: results/embedded-district/smart/logs/retrieve.log" in what
    assert str(Path("mein Quartier", "logs", "embedded-district_")) in what
    assert len(what.splitlines()) < 8
    assert "smart   failed at: model folder" in err
    assert "Job stats:" in err  # --verbose
    assert "Traceback" not in what
