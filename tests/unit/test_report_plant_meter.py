"""The report says where a ring's plant gets its electricity, and which prices pass it by."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from anello.optimise.results.collected import CollectedResults
from anello.present.report.assumptions import assumptions_html
from anello.present.report.config import FiguresConfig
from anello.present.report.plant_meter import plant_meter_note
from report_fakes import fake_district


@pytest.fixture
def district() -> CollectedResults:
    found = copy.deepcopy(fake_district(days=2))
    plant = {"electricity_location": None, "electricity_price_eur_per_kwh": 0.25}
    found.settings = {**found.settings, "ring": {"plant": plant}}
    return found


def priced(found: CollectedResults, name: str, by_hour: Any) -> CollectedResults:
    """Give the grids a cost, one or a series, and what else there is none."""
    base = found.inputs["node_base"].values
    shape = (1, len(base), *np.shape(by_hour))
    values = np.full(shape, np.nan)
    values[:, base == "supply"] = by_hour
    dims = ("cost", "node", "timestep")[: values.ndim]
    found.inputs = found.inputs.assign({name: (dims, values)})
    return found


def test_a_price_of_the_hour_and_peaks_that_the_plant_does_not_pay_are_told(
    district: CollectedResults,
) -> None:
    steps = district.results.sizes["timestep"]
    assert plant_meter_note({"smart": priced(district, "cost_om_prod", np.full(steps, 0.3))}) == ""
    priced(district, "cost_om_prod", np.linspace(0.2, 0.4, steps))
    note = plant_meter_note({"smart": district})
    assert "of smart pay 0.25 per kWh at all hours, and not the price of the hour" in note
    priced(district, "cost_monthly_peak", 8.0)
    note = plant_meter_note({"smart": district})
    assert "not the price of the hour or the charge for the peaks of the months" in note
    district.settings["ring"]["plant"]["electricity_location"] = "buildings"
    assert plant_meter_note({"smart": district}) == ""


def test_the_assumptions_name_the_meter(district: CollectedResults) -> None:
    table = assumptions_html(district, FiguresConfig())
    assert "a meter of their own" in table
    assert "<td>0.25</td>" in table
    district.settings["ring"]["plant"]["electricity_location"] = "buildings"
    table = assumptions_html(district, FiguresConfig())
    assert "<td>buildings</td>" in table
    assert "ring.plant.electricity_price_eur_per_kwh" not in table


@pytest.mark.parametrize(
    ("source_degc", "shown"), [(None, "outdoor air"), ("river", "river"), (8.0, "8")]
)
def test_the_assumptions_are_of_the_devices_that_there_are(
    district: CollectedResults, source_degc: float | str | None, shown: str
) -> None:
    plant = district.settings["ring"]["plant"]
    plant["wells"] = {"max_flow_kg_s": 0.0, "well_degc": 15.0}
    plant["central_heat_pump"] = {"max_kw": 40.0, "source_degc": source_degc}
    table = assumptions_html(district, FiguresConfig())
    assert "ring.plant.wells" not in table
    assert f"Central heat pump, temperature of its source</th><td>{shown}</td>" in table
    plant["wells"]["max_flow_kg_s"], plant["central_heat_pump"]["max_kw"] = 3.0, 0.0
    table = assumptions_html(district, FiguresConfig())
    assert "ring.plant.wells.well_degc" in table
    assert "Central heat pump" not in table
