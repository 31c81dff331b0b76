"""Settings of borefields: what is refused, with which words, and given g-functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from anello.errors import InputError
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import compile_borefield
from anello.ring.borefield.g_function import borehole_count, g_function

PLAIN: dict[str, Any] = {
    "field": {"kind": "rectangle", "rows": 2, "columns": 3},
    "depth_m": 100.0,
    "soil_w_per_mk": 2.0,
    "surface_degc": 10.0,
    "flow_kg_s": 2.0,
}


def settings(**changes: Any) -> BorefieldConfig:
    return BorefieldConfig.model_validate(PLAIN | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"depth_m": -1.0}, "greater than 0"),
        ({"depths": 1.0}, "Extra inputs"),
        ({"field": {"kind": "rectangle", "rows": 0, "columns": 3}}, "greater than or equal to 1"),
        ({"field": {"kind": "hexagon", "rows": 1, "columns": 3}}, "hexagon"),
        ({"field": {"kind": "coordinates", "places_m": [(0.0, 0.0), (0.0, 0.0)]}}, "same place"),
        ({"fluid_degc": (12.0, 30.0)}, "must enclose the undisturbed ground, 11.3 °C"),
        ({"fluid_degc": (2.0, 30.0)}, "water, which freezes at 0.0 °C, must stay above 3.0 °C"),
        ({"fluid": {"kind": "glycol", "glycol": "ethylene"}}, "mass_fraction"),
        ({"pipes": {"wall_thickness_m": 0.02}}, "leaves no room"),
        ({"pipes": {"half_shank_m": 0.01}}, "overlap"),
        ({"radius_m": 0.05}, "do not fit"),
        ({"field": {"kind": "g_function", "file": "g.csv"}}, "needs `resistance_mk_per_w`"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**changes)


@pytest.mark.parametrize(
    ("field", "count"),
    [
        ({"kind": "rectangle", "rows": 4, "columns": 5}, 20),
        ({"kind": "box", "rows": 4, "columns": 5}, 14),
        ({"kind": "U", "rows": 4, "columns": 5}, 12),
        ({"kind": "L", "rows": 4, "columns": 5}, 8),
        ({"kind": "coordinates", "places_m": [(0.0, 0.0), (7.0, 0.0), (0.0, 9.0)]}, 3),
    ],
)
def test_each_layout_counts_its_boreholes(field: dict[str, Any], count: int) -> None:
    config = settings(field=field)
    assert borehole_count(config) == count
    hours, g = g_function(config)
    assert (np.diff(hours) > 0).all()
    assert (np.diff(g) >= 0).all()


def test_boreholes_that_stand_closer_tire_sooner() -> None:
    far = g_function(settings(field={**PLAIN["field"], "spacing_m": 12.0}))[1]
    near = g_function(settings(field={**PLAIN["field"], "spacing_m": 4.0}))[1]
    assert near[-1] > far[-1]


def test_a_g_function_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = g_function(settings(), tmp_path)
    (kept,) = (tmp_path / ".g_functions").iterdir()
    monkeypatch.setattr("pygfunction.gfunction.gFunction", None)
    second = g_function(settings(), tmp_path)
    np.testing.assert_array_equal(first, second)
    # What does not matter to it does not name another file; what matters does.
    g_function(settings(flow_kg_s=3.0), tmp_path)
    with pytest.raises(TypeError):
        g_function(settings(depth_m=101.0), tmp_path)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def given_file(path: Path, rows: str) -> BorefieldConfig:
    path.write_text("time_h,g\n" + rows)
    field = {"kind": "g_function", "file": path.name, "count": 6}
    return settings(field=field, resistance_mk_per_w=0.1)


def test_a_given_g_function_stands_for_the_field(tmp_path: Path) -> None:
    hours, g = g_function(settings())
    rows = "\n".join(f"{h},{v}" for h, v in zip(hours, g, strict=True))
    config = given_file(tmp_path / "g.csv", rows)
    given = compile_borefield(config, tmp_path)
    own = compile_borefield(settings(resistance_mk_per_w=0.1))
    np.testing.assert_allclose(given.chain.resistance, own.chain.resistance)
    assert given.length_m == own.length_m == 600.0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,0.1\n2,x\n", "two columns of numbers"),
        ("1,0.1\n2,0.2\n", "at least 4"),
        ("1,0.1\n2,0.2\n3,0.1\n4,0.3\n", "never falls"),
        ("1,0.1\n2,0.2\n2,0.3\n4,0.3\n", "times that rise"),
        ("0,0.1\n2,0.2\n3,0.3\n4,0.3\n", "must be positive"),
        ("1,0.1\n2,nan\n3,0.3\n4,0.3\n", "finite"),
        # Faster than any conduction: it is still cold after an hour, and hot after two.
        ("1,0\n1000,0.001\n1001,5\n2000,5\n", "cannot be met"),
    ],
)
def test_what_is_no_g_function_is_refused(tmp_path: Path, rows: str, words: str) -> None:
    config = given_file(tmp_path / "g.csv", rows)
    with pytest.raises(InputError, match=words):
        compile_borefield(config, tmp_path)


def test_a_missing_g_function_is_named(tmp_path: Path) -> None:
    config = given_file(tmp_path / "g.csv", "")
    (tmp_path / "g.csv").unlink()
    with pytest.raises(InputError, match=r"g\.csv"):
        compile_borefield(config, tmp_path)
