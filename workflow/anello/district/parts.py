"""What all parts of a description have in common: strictness, and kinds of numbers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from anello.base.plausible import refuse_impossible

Service = Literal["dhw", "heating", "cooling", "electricity"]

Positive = Annotated[float, Field(strict=True, gt=0)]
NotNegative = Annotated[float, Field(strict=True, ge=0)]
Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


def _a_day_of_the_year(text: str) -> str:
    month, day = map(int, text.split("-"))
    try:
        date(2015, month, day)
    except ValueError:
        raise ValueError(f"`{text}` is no day of a year of 365 days; write it as MM-DD") from None
    return text


MonthDay = Annotated[
    str,
    Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(_a_day_of_the_year),
]


class Strict(BaseModel):
    """Base of all parts: unknown keys are errors, values cannot be changed after checking."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _can_be_meant(cls, value: Any, info: ValidationInfo) -> Any:
        refuse_impossible(cls, str(info.field_name), value)
        return value
