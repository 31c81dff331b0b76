"""A demand charge is seen by the search, and paid for the highest import that is simulated."""

from __future__ import annotations

import numpy as np
import pytest

from ring_districts import coupled

CHARGE_EUR = 120.0


def imports_kw(done):
    """Highest planned import of each location [kW]."""
    grid = done.best.dispatch["carrier_prod"].sel(carrier="electricity")
    at = [str(node) for node in grid["node"].values if str(node).endswith("::grid")]
    return {node: float(grid.sel(node=node).max()) for node in at}


@pytest.mark.parametrize("loop", [False, True])
def test_the_search_pays_for_the_peak_and_lowers_it(loop):
    free = coupled(1, loop=loop).run()
    charged = coupled(1, loop=loop, demand_charge=CHARGE_EUR).run()
    assert charged.record.converged
    peaks, before = imports_kw(charged), imports_kw(free)
    assert sum(peaks.values()) < 0.95 * sum(before.values())
    for node, peak_kw in peaks.items():
        assert float(charged.best.dispatch["energy_cap"].sel(node=node)) == pytest.approx(
            peak_kw, abs=1e-4
        )
    # Two days of the year; without the charge the same dispatch would not be cheaper than `free`.
    owed = CHARGE_EUR * sum(peaks.values()) * 2.0 / 365.0
    assert charged.best.state.investment_eur == pytest.approx(owed, rel=1e-6)
    assert charged.best.cost.total_eur - owed >= free.best.cost.total_eur * (1.0 - 1e-3)
    # And it is worth it: the other dispatch, charged, is dearer.
    held = CHARGE_EUR * sum(before.values()) * 2.0 / 365.0
    assert charged.best.cost.total_eur < free.best.cost.total_eur + held
    assert abs(charged.best.cost.connection_eur) < 1e-3 * owed


def test_a_fixed_connection_has_no_price():
    done = coupled(1).run()
    assert done.best.cost.connection_eur == 0.0
    prices = np.concatenate(list(done.best.cost.price_eur_per_kwh.values()))
    assert prices.max() < 1.0
