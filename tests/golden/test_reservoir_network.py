"""A reservoir network with a borefield against the Modelica Buildings Library."""

from __future__ import annotations

from pathlib import Path

import pytest

from reservoir_network import HOUR_S, SHORT_S, Comparison, compare


@pytest.fixture(scope="module", params=[SHORT_S, HOUR_S], ids=["half a minute", "an hour"])
def found(reservoir_network: Path, request: pytest.FixtureRequest) -> Comparison:
    """In an hour the water comes round eight times."""
    return compare(reservoir_network, request.param)


def test_every_loop_temperature_is_within_half_a_kelvin(found: Comparison) -> None:
    assert len(found.rms_k) == 7
    assert {name: value for name, value in found.rms_k.items() if value > 0.5} == {}


def test_the_borehole_wall_is_within_a_tenth_of_a_kelvin(found: Comparison) -> None:
    assert found.rms_k["borehole wall"] <= 0.1


@pytest.mark.parametrize(("what", "within"), [("heat pumps", 0.03), ("circulation pump", 0.1)])
def test_electricity(found: Comparison, what: str, within: float) -> None:
    ours, theirs = found.electricity[what]
    assert ours == pytest.approx(theirs, rel=within)
