"""Temperatures and names as the ring's settings take them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _place_name(name: str) -> str:
    """Refuse names that nobody sees, or sees as those of other places."""
    if not name or name != name.strip() or not name.isprintable():
        raise ValueError("should be a name: text on one line, with no spaces before or behind it")
    return name


UseDegc = Annotated[float, Field(strict=True, ge=-60, le=200)]
"""What heat pumps bring things to; kelvins, or degrees Fahrenheit, are mostly beyond it [°C]."""
OutdoorDegc = Annotated[float, Field(strict=True, ge=-90, le=60)]
GroundDegc = Annotated[float, Field(strict=True, ge=-30, le=100)]
PlaceName = Annotated[str, AfterValidator(_place_name)]
