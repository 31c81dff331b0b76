"""Every colour of CSS is read; anything else is an error of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.base.colors import css_hex
from anello.present.report.appearance import lightened
from small_model import problems, read


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("red", "#ff0000"),
        ("RebeccaPurple", "#663399"),
        ("#fff", "#ffffff"),
        ("#8465A9", "#8465a9"),
        ("rgb(1,2,3)", "#010203"),
        ("rgb(10% 20% 30% / 50%)", "#8c99a6"),
        ("hsl(120 50% 50%)", "#40bf40"),
        ("hwb(120 0% 50%)", "#008000"),
        ("transparent", "#ffffff"),
        ("color(srgb-linear 0 1 0)", "#00ff00"),
        ("color(display-p3 1 0 0)", "#ff0000"),  # beyond what sRGB shows
        # One green in every space of CSS Color 4.
        ("lab(46.2775% -47.5621 48.5837)", "#008000"),
        ("lch(46.2775% 67.9892 134.3912)", "#008000"),
        ("oklab(51.975% -0.1403 0.10768)", "#008000"),
        ("oklch(51.975% 0.17686 142.495)", "#008000"),
        ("color(display-p3 0.21604 0.49418 0.13151)", "#008000"),
        ("color(a98-rgb 0.281363 0.498012 0.116746)", "#008000"),
        ("color(prophoto-rgb 0.230479 0.395789 0.129968)", "#008000"),
        ("color(rec2020 0.235202 0.431704 0.085432)", "#008000"),
        ("color(xyz-d65 0.07719 0.15438 0.02573)", "#008000"),
        ("color(xyz-d50 0.08312 0.154746 0.020961)", "#008000"),
    ],
)
def test_a_colour_of_css_is_read(text: str, color: str):
    assert css_hex(text) == color


@pytest.mark.parametrize(
    "text", ["", "reddish", "#12", "123456", "currentcolor", "rgb(1,2)", "a b"]
)
def test_anything_else_is_no_colour(text: str):
    assert css_hex(text) is None


def test_a_models_colours_are_drawn_however_they_are_written(tmp_path: Path):
    data = read(tmp_path, "techs.grid.essentials.color: 'rgb(1,2,3)'")
    color = data.inputs["tech_color"].sel(tech="grid").item()
    assert color == "#010203"
    assert lightened(color, 0.0) == color
    assert (
        "#ABCDEF" in read(tmp_path, "techs.grid.essentials.color: '#ABCDEF'").inputs["tech_color"]
    )


def test_a_wrong_colour_is_named(tmp_path: Path):
    (found,) = problems(tmp_path, "techs.grid.essentials.color: reddish")
    assert "techs.grid.essentials.color" in found
    assert "reddish" in found
    assert "no colour of CSS" in found
