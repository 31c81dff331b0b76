"""COP maps of catalogue heat pumps, with and without the library that holds them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from pydantic import ValidationError

from anello.errors import ConfigError
from anello.ring.catalogue import catalogue_map, coefficients, fitted_map
from anello.ring.cop import compile_heat_pump
from anello.ring.cop_config import CatalogueCop, HeatPumpConfig

# hplib 1.9, `hplib_database.csv`, Generic, group 6 (water/water, on-off): T. Tjaden, H. Hoops,
# K. Rösken, RE-Lab-Projects/hplib, doi:10.5281/zenodo.5521597, CC BY 4.0.
WATER_WATER = (0.10991827117359057, -0.10991827583286336, 8.008766088742181, -0.011252304682216172)


@pytest.fixture(autouse=True)
def _forget() -> None:
    coefficients.cache_clear()


def pump(service: str = "heating", **cop_map: object) -> HeatPumpConfig:
    return HeatPumpConfig.model_validate(
        {
            "service": service,
            "cop_map": {"kind": "catalogue", **cop_map},
            "use_temperature": {"kind": "fixed", "degc": 35.0},
        }
    )


def test_the_map_is_the_fit() -> None:
    """At 10 °C and 35 °C: 8.0088 − 25 · 0.1099 + 7 · 0.01125."""
    made = fitted_map(WATER_WATER)
    found = made.evaluate(np.array([10.0, 12.3]), np.array([35.0, 47.1]))
    assert found.cop[0] == pytest.approx(5.3396, abs=1e-4)
    p1, p2, p3, p4 = WATER_WATER
    assert found.cop[1] == pytest.approx(p1 * 12.3 + p2 * 47.1 + p3 - 7.0 * p4)
    np.testing.assert_allclose(found.d_ring, p1)
    np.testing.assert_allclose(found.d_use, p2)


def test_a_fit_that_heats_with_less_than_its_electricity_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a COP of 0\.90"):
        fitted_map((0.1, -0.1, 6.4, 0.0))


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hplib", None)
    with pytest.raises(ConfigError, match=r"anello\[catalogue\]"):
        compile_heat_pump(pump())


def test_the_catalogue_cools_nothing() -> None:
    with pytest.raises(ValidationError, match="for heating and dhw only"):
        pump("cooling")


def test_the_mean_machine_of_a_group() -> None:
    pytest.importorskip("hplib")
    assert coefficients("Generic", "water/water on-off") == pytest.approx(WATER_WATER)
    made = compile_heat_pump(pump(group="brine/water on-off"))
    assert 4.0 < float(made.evaluate(0.0, 35.0).cop) < 5.5


def test_a_machine_by_its_name() -> None:
    hplib = pytest.importorskip("hplib.hplib")
    machines = hplib.load_database()
    name = str(machines[machines["Group"] == 5.0]["Model"].iloc[0])
    assert catalogue_map(CatalogueCop(model=name)).cop.min() > 1.0
    with pytest.raises(ConfigError, match="no machine of this name"):
        coefficients("none of these", "water/water on-off")
    with pytest.raises(ConfigError, match="no mean machine of `water/water regulated`"):
        coefficients("Generic", "water/water regulated")
