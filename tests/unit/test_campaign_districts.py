"""Districts of the campaign whose search once failed, or took far too long."""

from __future__ import annotations

import pytest
from benchmarks.campaign import drawn

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict


@pytest.mark.parametrize(
    ("seed", "days", "programmes"),
    [
        # Wells in use near the water's own temperature: the promise of a limit that reached past
        # them was broken every third programme. It took 43 programmes or never ended, now 11.
        (12, 16, 20),
        (11, 8, 8),  # the same on well-mixed water, where it stalled after 20
    ],
)
def test_the_search_converges(seed, days, programmes):
    record = CoupledDistrict(*drawn(seed, days), CouplingConfig()).run().record
    assert len(record.trace) <= programmes
