"""A quarter from a map as a tree of two pipes, made and run as a user does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from map_quarter import mapped, run_two_days

RUN = "district-from-a-map-tree-2-days"


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    assert "60 buildings at 2 substations on a tree" in mapped(folder, "tree", "--layout", "tree")
    run_two_days(folder, "tree")
    return folder / "tree"


def test_it_couples_and_holds_its_water(quarter: Path) -> None:
    summary = json.loads((quarter / "results" / RUN / "baseline" / "summary.json").read_text())
    assert summary["convergence"]["converged"] is True
    ring = summary["ring"]
    assert ring["beyond_bounds"] is None
    assert ring["second_law"]["violations"] == 0
    assert ring["balancing_heat_mwh"]["wells"]["into_ring"] > 0.0
    assert 5.0 < ring["hydraulics"]["max_head_m"] < 40.0


def test_its_pipes_are_paid_for_and_reported_as_they_are_drawn(quarter: Path) -> None:
    results = quarter / "results" / RUN
    summary = json.loads((results / "baseline" / "summary.json").read_text())
    prices = yaml.safe_load((quarter / "config.yaml").read_text())["ring_costs"]["pipes"]
    drawn = [
        one["properties"]
        for one in json.loads((quarter / "network.geojson").read_text())["features"]
        if one["properties"]["kind"] == "pipe"
    ]
    per_m = [
        prices["capital_eur_per_m"] + prices["capital_eur_per_m2"] * one["inner_diameter_m"]
        for one in drawn
    ]
    expected = sum(one["length_m"] * eur for one, eur in zip(drawn, per_m, strict=True))
    built = summary["whole_cost"]["ring"]
    assert built["missing"] == []
    assert built["to_build_by_part"]["pipes"] == pytest.approx(expected)
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "The two lines" in page
    assert "Against" in page
    for alternative in ("air_source", "gas"):
        other = json.loads((results / alternative / "summary.json").read_text())
        assert other["whole_cost"]["total"] > 0
        assert alternative in page
    for one in drawn:
        assert f"{one['from']} → {one['to']}" in page
