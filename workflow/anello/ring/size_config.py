"""Settings of a size that a search chooses."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from anello.base.settings import NonNegative, Positive, Strict


class SizeConfig(Strict):
    """How large a device may be, as a share of the size described: between two, or one of some."""

    least: NonNegative = Field(default=0.0, description="Smallest size, of that described [-].")
    most: Positive = Field(default=1.5, description="Largest size, of that described [-].")
    one_of: list[NonNegative] | None = Field(
        default=None,
        description=(
            "The sizes that there are, of that described, in place of all between `least` and "
            "`most` [-]."
        ),
    )
    one_of_eur: list[NonNegative] | None = Field(
        default=None,
        description=(
            "What each size of `one_of` costs to build, in place of `ring_costs` times size; "
            "lifetime, interest and maintenance remain those of `ring_costs` [€]."
        ),
    )
    eur_per_year: NonNegative | list[NonNegative] | None = Field(
        default=None,
        description=(
            "What the described size costs a year, or a list of what each of `one_of` does, "
            "capital and maintenance [€/a]; by default what `ring_costs` says."
        ),
    )

    @model_validator(mode="after")
    def _least_first(self) -> Self:
        if self.least > self.most:
            raise ValueError(
                f"least {self.least:g} is above most {self.most:g}; needed: least ≤ most"
            )
        return self

    @model_validator(mode="after")
    def _one_of_several(self) -> Self:
        if self.one_of is None:
            if self.one_of_eur is not None or isinstance(self.eur_per_year, list):
                raise ValueError("a list of prices belongs to `one_of`; name the sizes there")
            return self
        if len(set(self.one_of)) < max(len(self.one_of), 2):
            raise ValueError(
                f"one_of {self.one_of}: needed are two sizes or more that all differ; describe the "
                "device in the one size that there is, and leave it out of `sizes`"
            )
        if (self.least, self.most) != (0.0, 1.5):
            raise ValueError("`one_of` says all sizes that there are; leave out `least` and `most`")
        for name in ("one_of_eur", "eur_per_year"):
            prices = getattr(self, name)
            if not isinstance(prices, list):
                continue
            if len(prices) != len(self.one_of):
                raise ValueError(
                    f"{name} has {len(prices)} prices for {len(self.one_of)} sizes of `one_of`; "
                    "give one for each, in the same order"
                )
            if any(eur for size, eur in zip(self.one_of, prices, strict=True) if not size):
                raise ValueError(f"{name}: a size of 0 is no device, which costs 0")
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest size [-]."""
        if self.one_of is None:
            return self.least, self.most
        return min(self.one_of), max(self.one_of)

    def member(self, size: float) -> int | None:
        """Return which of `one_of` a size is, within a solver's rounding; None without a list."""
        if self.one_of is None:
            return None
        away = [abs(one - size) for one in self.one_of]
        return away.index(min(away))
