"""Colours as CSS writes them, in the one form that every figure draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tinycss2.color4 import D50, D65, Color, parse_color

Array = npt.NDArray[np.float64]

_PRIMARIES = {
    "srgb": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "display-p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "a98-rgb": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    "rec2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "prophoto-rgb": ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105)),
}
"""Chromaticities (x, y) of red, green and blue: CSS Color Module Level 4, chapter 10."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Cone responses of the Bradford transform, with which CSS adapts one white to another."""


def css_hex(text: str) -> str | None:
    """Return the colour that a CSS text means as ``#rrggbb``, or None if it is none.

    Parameters
    ----------
    text : str
        A name, ``#`` notation or function of the CSS Color Module Level 4, such as ``red``,
        ``#fff``, ``rgb(1, 2, 3)`` or ``oklch(60% 0.15 50)``.

    Returns
    -------
    str or None
        What is transparent is mixed with white, and what lies outside sRGB is clipped to it.
        ``currentcolor`` means another colour than its own, so it is none.
    """
    color = parse_color(text)
    if color is None or isinstance(color, str):
        return None
    shown = np.clip(_srgb(color), 0.0, 1.0) * color.alpha + 1.0 - color.alpha
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in shown)


def _srgb(color: Color) -> Array:
    """Return a colour's sRGB coordinates, not clipped."""
    if color.space in ("srgb", "hsl", "hwb"):
        return np.array(color.to("srgb").coordinates)
    own = np.array([part or 0.0 for part in color.coordinates])
    if color.space in ("lab", "lch"):
        xyz = _adapted(color.to("xyz-d50").coordinates)
    elif color.space in ("oklab", "oklch"):
        xyz = np.array(color.to("xyz-d65").coordinates)
    elif color.space == "xyz-d50":
        xyz = _adapted(own)
    elif color.space.startswith("xyz"):
        xyz = own
    elif color.space == "srgb-linear":
        return _companded(own)
    elif color.space == "prophoto-rgb":
        xyz = _adapted(_to_xyz(color.space, D50) @ _linear(own, color.space))
    else:
        xyz = _to_xyz(color.space, D65) @ _linear(own, color.space)
    light = np.asarray(np.linalg.solve(_to_xyz("srgb", D65), xyz), dtype=np.float64)
    return _companded(light)


def _to_xyz(space: str, white: Sequence[float]) -> Array:
    """Return the matrix from linear RGB to XYZ, whose ones are the given white."""
    columns = np.array([(x / y, 1.0, (1.0 - x - y) / y) for x, y in _PRIMARIES[space]]).T
    found: Array = columns * np.linalg.solve(columns, np.array(white))
    return found


def _adapted(xyz: Sequence[float] | Array) -> Array:
    """Return XYZ under D65 for XYZ under D50."""
    scale = (_BRADFORD @ np.array(D65)) / (_BRADFORD @ np.array(D50))
    found: Array = np.linalg.solve(_BRADFORD, scale * (_BRADFORD @ np.asarray(xyz)))
    return found


def _linear(parts: Array, space: str) -> Array:
    """Undo the transfer function of a colour space."""
    size = np.abs(parts)
    if space == "a98-rgb":
        light = size ** (563 / 256)
    elif space == "prophoto-rgb":
        light = np.where(size <= 16 / 512, size / 16, size**1.8)
    elif space == "rec2020":
        alpha, beta = 1.09929682680944, 0.018053968510807
        light = np.where(size < beta * 4.5, size / 4.5, ((size + alpha - 1) / alpha) ** (1 / 0.45))
    else:  # display-p3 has the transfer function of sRGB
        light = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    found: Array = np.sign(parts) * light
    return found


def _companded(light: Array) -> Array:
    """Apply the transfer function of sRGB."""
    size = np.abs(light)
    parts = np.where(size > 0.0031308, 1.055 * size ** (1 / 2.4) - 0.055, 12.92 * size)
    found: Array = np.sign(light) * parts
    return found
