"""What must hold on any district: never worse than the fixed point, energy conserved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ring_districts import coupled
from wide_search import examples

QUICK = settings(
    max_examples=examples(6),
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def compared(seed: int, coupling: dict | None = None, **options):
    fixed = coupled(seed, {"method": "fixed_point", "max_iterations": 5}, **options)
    baseline = fixed.run(must_converge=False)
    found = coupled(seed, coupling, **options).run(must_converge=False)
    for outcome in (baseline, found):
        assert max(entry.ring_residual for entry in outcome.record.trace) <= 1e-6
    return baseline.best.cost.total_eur, found


@QUICK
@given(seed=st.integers(0, 2**20))
def test_never_worse_than_the_fixed_point(seed):
    fixed_eur, found = compared(seed, days=1)
    assert found.best.cost.total_eur <= fixed_eur * (1 + 1e-6)
    assert found.record.converged
    assert found.best.ring.steps_outside == 0
    assert np.isfinite(found.best.ring.cop).all()


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_never_worse_on_a_loop_either(seed):
    fixed_eur, found = compared(seed, {"max_iterations": 8}, loop=True)
    assert found.best.cost.total_eur <= fixed_eur * (1 + 1e-6)
    assert found.best.ring.node_degc is not None
