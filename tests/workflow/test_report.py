"""The page on a whole run, and Snakemake's own report with captions."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project


def test_a_run_ends_in_a_page_a_table_and_a_figure(finished: Project) -> None:
    finished.settings["figures"] = {"formats": ["svg"], "names": {"hp_dhw": "Shower pump"}}
    outcome = finished.run("report")
    assert outcome.code == 0, outcome.text
    assert not {"solve", "simulate"} & set(outcome.jobs)
    run = finished.results.parent
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Shower pump" in page
    assert (run / "scenarios.csv").read_text(encoding="utf-8").startswith("quantity,smart\n")
    assert (run / "comparison" / "scenario_comparison.svg").is_file()
    again = finished.run("report")
    assert "write_report" not in again.jobs


def test_the_page_of_two_scenarios_compares_them(finished: Project) -> None:
    definitions = finished.settings["scenario_definitions"]
    definitions["other"] = {**definitions["smart"], "ring": {"initial_degc": 13.0}}
    finished.settings["scenarios"] = ["smart", "other"]
    finished.settings["figures"] = {"formats": ["svg"]}
    outcome = finished.run("report")
    assert outcome.code == 0, outcome.text
    page = (finished.results.parent / "report.html").read_text(encoding="utf-8")
    assert page.count('class="scenario"') == 2


def test_snakemake_reports_on_the_run_with_captions(finished: Project) -> None:
    finished.settings["figures"] = {"formats": ["svg"], "only": ["convergence"]}
    assert finished.run("all").code == 0
    command = finished.command("all")
    place = command.index("--")
    command[place:place] = ["--report", "snakemake-report.zip"]
    done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(finished.folder / "snakemake-report.zip") as archive:
        names = archive.namelist()
        start = next(name for name in names if name.endswith("report.html") and "data" not in name)
        text = archive.read(start).decode("utf-8")
    assert "Drawn from the scenario" in text
    assert any(name.endswith("convergence.svg") for name in names)
