"""Numbers as the ring's settings take them: strict, finite, with their sign."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _place_name(name: str) -> str:
    """Refuse names that nobody sees, or sees as those of other places."""
    if not name or name != name.strip() or not name.isprintable():
        raise ValueError("should be a name: text on one line, with no spaces before or behind it")
    return name


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, gt=0, le=1)]
Rate = Annotated[float, Field(strict=True, ge=0, le=1)]
UseDegc = Annotated[float, Field(strict=True, ge=-60, le=200)]
"""What heat pumps bring things to; kelvins, or degrees Fahrenheit, are mostly beyond it [°C]."""
OutdoorDegc = Annotated[float, Field(strict=True, ge=-90, le=60)]
GroundDegc = Annotated[float, Field(strict=True, ge=-30, le=100)]
PlaceName = Annotated[str, AfterValidator(_place_name)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]


class Strict(BaseModel):
    """Base of all ring settings: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
