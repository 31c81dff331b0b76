"""A study's figures and tables from raw data, twice."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Project


def paper(project: Project) -> dict[str, Any]:
    project.settings["figures"] = {"formats": ["svg"], "only": ["cop_duration", "dispatch"]}
    project.settings["coupling"]["tolerance_k"] = 50.0  # two iterations will do
    outcome = project.run("paper")
    assert outcome.code == 0, outcome.text
    manifest: dict[str, Any] = json.loads(
        (project.results.parent / "paper" / "manifest.json").read_text(encoding="utf-8")
    )
    return manifest


def test_a_second_run_from_raw_data_gives_the_same_figures_and_tables(finished: Project) -> None:
    first = paper(finished)
    assert "timeseries_data/demand_dhw.csv" in first["inputs"]["smart"]
    assert set(first["figures"]) == {
        "scenario_comparison.svg",
        "smart_cop_duration.svg",
        "smart_dispatch_whole_all.svg",
    }
    for name in ("results", ".snakemake"):
        shutil.rmtree(finished.folder / name)
    assert paper(finished) == first
