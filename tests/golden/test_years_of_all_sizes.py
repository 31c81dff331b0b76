"""Lists, boreholes and tanks are sized for several years as for one."""

from __future__ import annotations

import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.plant_sizes import sizes_in
from anello.coupling.years_district import CoupledYears
from ring_districts import random_district

FIELD = {
    "field": {"kind": "rectangle", "rows": 3, "columns": 4},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 8.0,
}
OPEN = {
    "list": {
        "plant": {
            "sizes": {
                "wells": {"one_of": [0.0, 0.25, 0.5, 1.0], "eur_per_year": 9_000.0},
                "chiller": {"one_of": [0.0, 0.1], "eur_per_year": [0.0, 800.0]},
            }
        }
    },
    "boreholes": {
        "plant": {
            "wells": {"max_flow_kg_s": 0.0},
            "borefield": FIELD,
            "sizes": {"borefield": {"eur_per_year": 1_000.0}},
        }
    },
    "tanks": {"tank_eur_per_kwh": 4.0},
}


# Lists are whole numbers, which take five times as long on two days as on one.
@pytest.mark.parametrize(
    ("seed", "what", "days"), [(5, "list", 1), (6, "boreholes", 2), (3, "tanks", 2)]
)
def test_the_same_year_twice_has_the_sizes_of_that_year(seed, what, days):
    data, ring = random_district(seed, days=days, **OPEN[what])
    alone = CoupledDistrict(data, ring, CouplingConfig()).run().best
    years = {"a": data, "b": data}
    twice = CoupledYears(years, {"a": 0.4, "b": 0.6}, ring, CouplingConfig()).run()
    assert twice.expected_eur == pytest.approx(alone.penalised_eur, rel=1e-3)
    for one in twice.best.values():
        assert sizes_in(one.dispatch) == pytest.approx(sizes_in(alone.dispatch), abs=0.02)
        if what == "tanks":
            found, single = (
                d["storage_cap"].dropna("node") for d in (one.dispatch, alone.dispatch)
            )
            assert found.values == pytest.approx(single.values, rel=0.05)
    first, second = (one.dispatch for one in twice.best.values())
    for name in ("ring_size", "ring_size_choice", "storage_cap"):
        if name in first:
            assert first[name].fillna(0).values == pytest.approx(second[name].fillna(0).values)
