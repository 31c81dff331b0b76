"""One point of a sweep within one process: resumed, computed anew, failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anello.errors import ArtefactError
from anello.run.config import read_config
from anello.run.scenario_config import ScenarioConfig
from anello.run.stages.point import record_point, run_point
from anello.run.stages.scenario import Begin
from anello.run.stages.warm_start import prepare_start
from anello.run.sweep.record import PointRecord
from embedded_model import embedded_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embedded_model(tmp_path_factory.mktemp("m") / "district")


@pytest.fixture(scope="module")
def settings(model: Path, tmp_path_factory: pytest.TempPathFactory) -> ScenarioConfig:
    """One day of the embedded district, two iterations."""
    overlay = tmp_path_factory.mktemp("c") / "overlay.yaml"
    overlay.write_text(
        f"""
scenarios: [smart]
data: {{source: folder, model: "{model}"}}
scenario_definitions:
  smart: {{overrides: {{model.subset_time: ["2015-07-01", "2015-07-01"]}}}}
coupling: {{method: fixed_point, criterion: max_change, tolerance_k: 100.0}}
""",
        encoding="utf-8",
    )
    return read_config(ROOT / "config" / "config.yaml", overlay).scenario("smart")


def run(settings: ScenarioConfig, folder: Path, fingerprint: str = "one") -> PointRecord:
    return run_point(
        settings,
        folder / "point.json",
        run="r",
        point="p",
        scenario="smart",
        values={"a.b": 1},
        fingerprint=fingerprint,
    )


def changed(settings: ScenarioConfig, section: str, **values: Any) -> ScenarioConfig:
    new = getattr(settings, section).model_copy(update=values)
    return settings.model_copy(update={section: new})


def test_a_point_leaves_its_record_and_goes_on_after_a_kill(
    settings: ScenarioConfig, tmp_path: Path
) -> None:
    outcome = run(settings, tmp_path)
    assert outcome.error is None
    assert outcome.summary is not None
    assert outcome.summary["convergence"]["iterations"] == 2
    assert PointRecord.read(tmp_path / "point.json") == outcome
    results = (tmp_path / "results.nc").read_bytes()
    dispatch = tmp_path / "iterations/001/dispatch.nc"
    kept = dispatch.stat().st_mtime_ns

    # What a job that was killed while it simulated iteration 1 leaves behind.
    for lost in ("point.json", "summary.json", "results.nc", "iterations/001/ring.nc"):
        (tmp_path / lost).unlink()
    assert run(settings, tmp_path) == outcome
    assert dispatch.stat().st_mtime_ns == kept
    assert (tmp_path / "results.nc").read_bytes() == results

    assert run(settings, tmp_path, fingerprint="two").summary == outcome.summary
    assert dispatch.stat().st_mtime_ns != kept


def test_a_point_that_fails_says_why_and_leaves_nothing_that_looks_like_results(
    settings: ScenarioConfig, tmp_path: Path
) -> None:
    run(settings, tmp_path)
    outcome = run(changed(settings, "coupling", max_iterations=1), tmp_path, "limited")
    assert outcome.error is not None
    assert outcome.error.startswith("NotConvergedError: scenario p did not converge")
    assert outcome.summary is None
    assert PointRecord.read(tmp_path / "point.json") == outcome
    assert not (tmp_path / "results.nc").exists()
    assert not (tmp_path / "summary.json").exists()
    assert (tmp_path / "logs/convergence.json").exists()


def test_a_damaged_iteration_is_computed_anew(settings: ScenarioConfig, tmp_path: Path) -> None:
    outcome = run(settings, tmp_path)
    (tmp_path / "point.json").unlink()
    ring = tmp_path / "iterations/000/ring.nc"
    content = bytearray(ring.read_bytes())
    content[len(content) // 2] ^= 1
    ring.write_bytes(content)
    assert run(settings, tmp_path) == outcome
    content[len(content) // 2] ^= 1
    assert ring.read_bytes() == content


def test_a_point_of_single_jobs_is_recorded_from_its_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    told = {"point": "p", "scenario": "smart", "values": {}, "fingerprint": "f"}
    summary.write_text('{"cost_simulated": 1.5}')
    record_point(summary, tmp_path / "point.json", **told)
    assert PointRecord.read(tmp_path / "point.json").summary == {"cost_simulated": 1.5}
    for text in ("[1]", "{"):
        summary.write_text(text)
        with pytest.raises(ArtefactError, match=r"summary\.json"):
            record_point(summary, tmp_path / "point.json", **told)


def test_a_point_starts_from_another_and_from_scratch_without_one(
    settings: ScenarioConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model_data = tmp_path / "one" / "model_data.nc"
    gone = prepare_start(tmp_path / "gone", tmp_path / "start", settings, model_data, like=True)
    assert gone is None
    assert "no solution to start from" in caplog.text
    run(settings, tmp_path / "one")
    # the rings of a fixed point are no incumbents
    assert prepare_start(tmp_path / "one", tmp_path / "start", settings, model_data, like=True) == (
        tmp_path / "start"
    )
    assert not (tmp_path / "start" / "cop.nc").exists()
    other = run_point(
        settings,
        tmp_path / "two" / "point.json",
        run="r",
        point="q",
        scenario="smart",
        values={},
        fingerprint="two",
        begin=Begin(tmp_path / "one", like=True),
    )
    assert other.error is None
    told = json.loads((tmp_path / "two/iterations/000/solve.json").read_text())
    assert told["warm_start"]
    first = json.loads((tmp_path / "one/iterations/000/solve.json").read_text())
    assert not first["warm_start"]
    assert told["objective"] == pytest.approx(first["objective"])
