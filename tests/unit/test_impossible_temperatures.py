"""Temperatures that nobody can have meant are refused as a ring's settings are read."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from anello.ring.cop_config import FixedUse, StoreUse
from anello.ring.ground_config import FixedGround, KusudaGround
from anello.ring.plant_config import WellsConfig

CASES = {
    "a use side in kelvins": (FixedUse, {"degc": 318.0}, "degc"),
    "a store in kelvins": (
        StoreUse,
        {"store": "tank", "t_min_degc": 303.0, "t_max_degc": 318.0},
        "t_min_degc",
    ),
    "ground in kelvins": (FixedGround, {"degc": 285.0}, "degc"),
    "a year's ground in kelvins": (KusudaGround, {"mean_degc": 285.0}, "mean_degc"),
    "wells in kelvins": (WellsConfig, {"well_degc": 287.0, "max_flow_kg_s": 5.0}, "well_degc"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_it_is_refused_with_its_key(case):
    kind, content, key = case
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(content)
    assert any(key in error["loc"] for error in found.value.errors())


@pytest.mark.parametrize("degc", [-30.0, 12.0, 160.0])
def test_freezers_and_steam_are_not(degc):
    assert FixedUse(degc=degc).degc == degc
