"""Nothing for nothing: both audits, on random districts with every device, of water and of glycol.

Thirty districts in the suite, three hundred with ``ANELLO_LONG=1`` (`make test-long`).
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from anello.coupling.iteration import start_cop, with_cop
from ring_districts import SOURCES, coupled

COUNT = 300 if os.environ.get("ANELLO_LONG") else 30


def drawn(seed: int):
    """Draw a district: water, devices and control differ from seed to seed."""
    rng = np.random.default_rng([seed, 11])
    sources = {name: one for name, one in SOURCES.items() if rng.random() < 0.5}
    # Drawn apart, so that the districts of earlier seeds stay what they were.
    new = np.random.default_rng([seed, 12])
    glycol = bool(new.random() < 0.25)
    if glycol:  # whose coil would grow frost
        sources.pop("coil", None)
    end = {"credit_eur_per_kwh": float(new.uniform(-0.2, 0.4))} if new.random() < 0.25 else None
    free = {"spread_k": float(rng.uniform(3.0, 8.0))} if rng.random() < 0.5 else None
    return coupled(
        seed,
        {"slp": {"balancing": str(rng.choice(["scheduled", "deadband"]))}},
        loop=bool(rng.random() < 0.5),
        plant={"sources": sources},
        free_cooling=free,
        glycol=glycol,
        end=end,
    )


@pytest.mark.parametrize("seed", range(COUNT))
def test_every_device_obeys_both_laws(seed):
    district = drawn(seed)
    about = with_cop(
        district.ring, district.heat_pumps, start_cop(district.data, district.heat_pumps)
    )
    done = district.iterate(0, about)
    ring = done.ring
    assert ring.second_law.violations == 0, ring.second_law.worst
    used = 1 + sum(bool(np.abs(heat).sum()) for heat in ring.q_bal_kw.values())
    assert ring.second_law.devices >= min(used, 2)
    assert ring.audit.relative <= 1e-6
    moved = sum(heat for heat in ring.q_bal_kw.values()) + ring.q_ring_kw.sum(axis=0)
    stored = ring.audit.terms_kwh
    assert float((moved * ring.step_h).sum()) == pytest.approx(
        sum(value for name, value in stored.items() if name.startswith("heat_pumps"))
        + sum(value for name, value in stored.items() if name in ring.q_bal_kw),
        abs=1e-6 * ring.audit.throughput_kwh,
    )
