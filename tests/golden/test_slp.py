"""Sequential linear programming on districts whose figures are known."""

from __future__ import annotations

import pytest

from ring_districts import coupled

OPERATION_EUR = {
    # seed: plain fixed point (best of six iterations), sequential linear programme
    0: (286.465, 276.54),
    3: (236.445, 225.56),
    15: (145.114, 129.71),  # Ipopt: 129.69 €, see test_slp_against_ipopt.py
}


@pytest.mark.parametrize("seed", OPERATION_EUR)
def test_costs_of_small_districts(seed):
    fixed = coupled(seed, {"method": "fixed_point", "max_iterations": 6}).run(must_converge=False)
    found = coupled(seed).run()
    before, after = OPERATION_EUR[seed]
    assert fixed.best.cost.total_eur == pytest.approx(before, rel=2e-3)
    assert found.best.cost.total_eur == pytest.approx(after, rel=2e-3)
    last = found.record.trace[-1]
    assert last.cost_gap < 1e-3
    assert last.temperature_gap_k < 0.05


def test_a_second_run_is_the_first_one_again():
    one, two = coupled(3).run().record, coupled(3).run().record
    assert one.to_json() == two.to_json()


def test_a_schedule_is_carried_out():
    done = coupled(0).run().best
    assert done.ring.shortfall_kwh < 0.01 * done.ring.audit.throughput_kwh
    assert done.ring.steps_outside == 0
