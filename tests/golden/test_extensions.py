"""Extensions that Calliope 0.6 does not know, against costs worked out by hand."""

from __future__ import annotations

import pytest

from golden.extensions_right import MODEL, right
from golden.outcome import outcome


@pytest.mark.parametrize(("override", "cost"), right().items())
def test_secondary_resource(override, cost):
    found = outcome(MODEL, override, root="/")
    assert found.status == "optimal", found.status
    assert found.objective == pytest.approx(cost, rel=1e-7)
