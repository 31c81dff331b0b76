"""A study's tables, and a manifest that changes with the numbers and with nothing else."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from anello.base.files import sha256
from anello.present.report.comparison_figure import draw_comparison
from anello.present.report.config import FiguresConfig
from anello.present.report.figures import draw_figures
from anello.present.report.paper import (
    PaperScenario,
    heat_pump_table,
    monthly_energy,
    svg_checksum,
    write_paper,
)
from report_fakes import fake_district

CONFIG = FiguresConfig(formats=["svg"], only=["cop_duration", "ring_carpet"])


@pytest.fixture(scope="module")
def district():
    return fake_district(days=6, start="2015-04-28")


def gathered(collected, folder, raw="1,2\n"):
    folder.mkdir(parents=True)
    (folder / "demand.csv").write_text(raw)
    draw_figures(collected, folder / "drawn", CONFIG)
    draw_comparison({"smart": collected}, folder / "comparison", CONFIG)
    scenario = PaperScenario(collected, {"demand.csv": folder / "demand.csv"}, folder / "drawn")
    path = write_paper({"smart": scenario}, folder / "comparison", folder / "paper", CONFIG)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def manifest(district, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper") / "first"
    return gathered(district, folder), folder / "paper"


def test_the_manifest_names_every_input_table_and_figure(manifest):
    content, folder = manifest
    assert list(content["inputs"]["smart"]) == ["demand.csv"]
    assert set(content["figures"]) == {p.name for p in (folder / "figures").iterdir()}
    assert set(content["figures"]) == {
        "scenario_comparison.svg",
        "smart_cop_duration.svg",
        "smart_ring_carpet.svg",
    }
    assert content["tables"] == {p.name: sha256(p) for p in (folder / "tables").iterdir()}
    assert {"matplotlib", "anello", "python"} <= set(content["versions"])
    sums = [*content["figures"].values(), *content["tables"].values(), content["settings"]["smart"]]
    assert all(len(digest) == 64 for digest in sums)


def test_a_second_run_gives_the_same_manifest(manifest, tmp_path):
    again = gathered(fake_district(days=6, start="2015-04-28"), tmp_path / "second")
    assert again == manifest[0]


def test_other_data_or_numbers_change_the_manifest_where_they_are(manifest, tmp_path, district):
    content, _ = manifest
    raw = gathered(district, tmp_path / "raw", raw="1,3\n")
    assert raw["inputs"] != content["inputs"]
    assert raw["tables"] == content["tables"]
    other = fake_district(days=6, start="2015-04-28", stores=False)
    numbers = gathered(other, tmp_path / "numbers")
    assert numbers["inputs"] == content["inputs"]
    for name, digest in content["tables"].items():
        assert numbers["tables"][name] != digest, name


def test_differences_beyond_the_digits_of_the_tables_do_not_count(manifest, tmp_path):
    near = fake_district(days=6, start="2015-04-28")
    for name in ("carrier_prod", "carrier_con"):
        near.results[name] = near.results[name] * (1 + 1e-14)
    assert gathered(near, tmp_path / "near")["tables"] == manifest[0]["tables"]


def test_metadata_of_an_svg_do_not_count_and_its_drawing_does(tmp_path):
    def checksum(metadata, drawing):
        path = tmp_path / "figure.svg"
        path.write_text(f"<svg><metadata>{metadata}</metadata>\n{drawing}</svg>")
        return svg_checksum(path)

    assert checksum("matplotlib 3.10\n2026", "<g/>") == checksum("matplotlib 3.11\n2027", "<g/>")
    assert checksum("", "<g/>") != checksum("", "<path/>")


def test_months_and_heat_pumps_add_up_to_the_year(district):
    months = monthly_energy({"one": district, "other": district})
    assert list(months["scenario"].unique()) == ["one", "other"]
    assert list(months["month"].unique()) == ["2015-04", "2015-05"]
    produced = float(district.results["carrier_prod"].sum()) / 1000.0
    assert months.groupby("scenario")["produced_mwh"].sum().tolist() == pytest.approx(
        [produced] * 2
    )
    pumps = heat_pump_table({"one": district}).set_index(["location", "technology"])
    boiler = pumps.loc[("buildings", "hp_dhw")]
    mine = months[(months["scenario"] == "one") & (months["technology"] == "hp_dhw")]
    assert boiler["output_mwh"] == pytest.approx(mine["produced_mwh"].sum())
    assert boiler["electricity_mwh"] == pytest.approx(mine["consumed_mwh"].sum())
    assert boiler["seasonal_cop"] == pytest.approx(boiler["output_mwh"] / boiler["electricity_mwh"])
    # the first law
    assert boiler["heat_into_ring_mwh"] == pytest.approx(
        -boiler["output_mwh"] + boiler["electricity_mwh"]
    )


def test_an_idle_heat_pump_has_no_seasonal_cop(district):
    ring = district.ring.copy(deep=True)
    for name in ("q_kw", "p_kw", "q_ring_kw"):
        ring[name].loc[{"node": "buildings::hp_dhw"}] = 0.0
    idle = heat_pump_table({"one": type(district)(district.results, district.inputs, ring)})
    row = idle[idle["technology"] == "hp_dhw"].iloc[0]
    assert np.isnan(row["seasonal_cop"])
    without = heat_pump_table({"none": type(district)(district.results, district.inputs)})
    assert isinstance(without, pd.DataFrame)
    assert without.empty
