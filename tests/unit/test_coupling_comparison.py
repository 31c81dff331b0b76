"""Every coupling on one small district, by the same yardstick."""

from __future__ import annotations

import pytest

from anello.coupling.comparison import METHODS, compare_couplings
from ring_districts import random_district


@pytest.fixture(scope="module")
def rows():
    data, ring = random_district(0, days=1)
    return compare_couplings(data, ring, fixed_point_iterations=3)


def test_all_couplings_in_order(rows):
    assert [row.name for row in rows] == list(METHODS)
    assert all(row.iterations <= 3 for row in rows if "SLP" not in row.name)


def test_the_search_is_the_cheapest(rows):
    assert rows[-1].name == "SLP in full"
    cheapest_eur = min(row.operation_eur for row in rows)
    assert rows[-1].operation_eur == pytest.approx(cheapest_eur, rel=1e-9)
    assert rows[-1].converged


def test_costs_are_made_of_their_parts(rows):
    for row in rows:
        assert row.total_eur >= row.operation_eur - 1e-9
        assert 0.0 <= row.electricity_eur <= row.operation_eur + 1e-9
        # Maintenance by use: demand is the same, so that it hardly differs.
        assert row.other_eur == pytest.approx(rows[0].other_eur, rel=0.1, abs=0.5)
        assert row.grid_kwh > 0
        assert row.balancing_kwh == 0.0  # in one day the water stays where no plant is needed
        assert 10.0 - 1e-3 <= row.final_degc <= 20.0 + 1e-3


def test_a_choice_of_couplings():
    data, ring = random_district(0, days=1)
    seen = []
    found = compare_couplings(
        data, ring, only=["plain fixed point"], fixed_point_iterations=2, on_done=seen.append
    )
    assert found == seen
    assert [row.name for row in found] == ["plain fixed point"]
