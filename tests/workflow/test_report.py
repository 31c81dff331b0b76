"""The page on a whole run, and Snakemake's own report with captions."""

from __future__ import annotations

import json
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from warm_python import warm_python

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


def test_a_run_ends_in_a_workbook_and_a_table_for_others(finished: Project) -> None:
    finished.settings["figures"] = {"formats": ["svg"], "names": {"hp_dhw": "Shower pump"}}
    outcome = finished.run("share")
    assert outcome.code == 0, outcome.text
    assert "write_shared" in outcome.jobs
    assert not {"solve", "simulate", "write_report"} & set(outcome.jobs)
    run = finished.results.parent
    sheets = pd.read_excel(run / "results.xlsx", sheet_name=None)
    assert {"readme", "settings", "costs", "temperatures", "hourly smart"} <= set(sheets)
    assert "Shower pump" in sheets["sizes"]["Name"].tolist()
    summary = json.loads((finished.results / "summary.json").read_text(encoding="utf-8"))
    costs = sheets["costs"]
    money = costs[costs["Cost class"] == "monetary"]
    dispatched = money.loc[money["Counted"] != "as built", "smart"].sum()
    assert dispatched == pytest.approx(summary["cost_simulated"], rel=1e-9)
    assert money["smart"].sum() == pytest.approx(summary["whole_cost"]["total"], rel=1e-9)
    table = pd.read_csv(run / "iamc.csv")
    assert list(table.columns) == ["Model", "Scenario", "Region", "Variable", "Unit", "2015"]
    assert set(table["Region"]) == {"small", "small|buildings", "small|commercial"}
    before = (run / "results.xlsx").read_bytes()
    (run / "results.xlsx").unlink()
    assert finished.run("share").code == 0
    assert (run / "results.xlsx").read_bytes() == before
    again = finished.run("share")
    assert "write_shared" not in again.jobs


def test_snakemake_reports_on_the_run_with_captions(finished: Project) -> None:
    finished.settings["figures"] = {"formats": ["svg"], "only": ["convergence"]}
    outcome = finished.run("all")
    assert outcome.code == 0
    assert {"draw", "write_report", "write_shared"} <= set(outcome.jobs)
    command = finished.command("all", python=warm_python())
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
