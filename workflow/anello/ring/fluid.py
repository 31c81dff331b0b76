"""What flows in pipes and boreholes: water, or water with glycol that keeps it from freezing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from anello.base.settings import Positive, Strict
from anello.ring.ground_config import WATER_KJ_PER_KGK

if TYPE_CHECKING:
    import pygfunction as gt

Floats = NDArray[np.float64]

MARGIN_K = 3.0
"""Between a fluid and its freezing point: what leaves an evaporator is colder than the ring [K]."""

HOTTEST_DEGC = 90.0
"""No ring of pipes stands water beyond this [°C]."""

WATER_FREEZES_DEGC = 0.0

_MIXTURES = {"ethylene": "MEG", "propylene": "MPG"}


class Water(Strict):
    """Water."""

    kind: Literal["water"] = "water"


class RingWater(Water):
    """Water, whose properties do not follow its temperature; those of 15 °C unless said."""

    kj_per_kgk: Positive = Field(default=WATER_KJ_PER_KGK, description="Specific heat [kJ/(kg·K)].")
    density_kg_per_m3: Positive = Field(default=999.0, description="Density [kg/m³].")
    viscosity_pa_s: Positive = Field(default=1.14e-3, description="Dynamic viscosity [Pa·s].")


class Glycol(Strict):
    """Water with glycol; its properties are those of Melinder (2010), by share and temperature."""

    kind: Literal["glycol"]
    glycol: Literal["ethylene", "propylene"] = Field(description="Which glycol.")
    mass_fraction: Annotated[float, Field(strict=True, gt=0, le=0.6)] = Field(
        description="Its share of the mass [-]; 0.3 of ethylene glycol freezes at −14.6 °C."
    )


Fluid = Annotated[Water | Glycol, Field(discriminator="kind")]
RingFluid = Annotated[RingWater | Glycol, Field(discriminator="kind")]


@dataclass(frozen=True)
class Medium:
    """A fluid in numbers.

    Attributes
    ----------
    kj_per_kgk : float
        Specific heat [kJ/(kg·K)].
    density_kg_per_m3 : float
        Density [kg/m³].
    viscosity_pa_s : float
        Dynamic viscosity [Pa·s].
    freezing_degc : float
        Temperature at which it begins to freeze [°C].
    """

    kj_per_kgk: float
    density_kg_per_m3: float
    viscosity_pa_s: float
    freezing_degc: float

    @property
    def coldest_degc(self) -> float:
        """Coldest that it may be [°C]."""
        return self.freezing_degc + MARGIN_K


def heat_above_freezing_kw(capacity_kw_per_k: Floats | float, degc: Floats) -> Floats:
    """Return the most heat that flowing water may give before it comes near to freezing [kW].

    Parameters
    ----------
    capacity_kw_per_k : float or ndarray, shape (T,)
        Heat capacity flow of the water [kW/K].
    degc : ndarray, shape (T,)
        Its temperature [°C].
    """
    most: Floats = capacity_kw_per_k * np.maximum(degc - WATER_FREEZES_DEGC - MARGIN_K, 0.0)
    return most


def same_fluid(one: Water | Glycol, other: Water | Glycol) -> bool:
    """Whether two fluids are the same; water is water, wherever its properties are taken."""
    return one.kind == other.kind and (isinstance(one, Water) or one == other)


def freezing_degc(fluid: Water | Glycol) -> float:
    """Return the temperature at which a fluid begins to freeze [°C]."""
    if isinstance(fluid, Water):
        return WATER_FREEZES_DEGC
    mixed = mixture(fluid, 20.0).fluid
    return float(mixed.freeze_point(fluid.mass_fraction))


def coldest_degc(fluid: Water | Glycol) -> float:
    """Return the coldest that a fluid may be, `MARGIN_K` above its freezing point [°C]."""
    return freezing_degc(fluid) + MARGIN_K


def mixture(fluid: Water | Glycol, degc: float) -> gt.media.Fluid:
    """Return a fluid with its properties at a temperature, after Melinder (2010)."""
    import pygfunction as gt

    if isinstance(fluid, Glycol):
        return gt.media.Fluid(_MIXTURES[fluid.glycol], 100.0 * fluid.mass_fraction, T=degc)
    return gt.media.Fluid("Water", 0.0, T=degc)


@lru_cache(maxsize=64)
def ring_medium(fluid: RingWater | Glycol, bounds_degc: tuple[float, float]) -> Medium:
    """Return a ring's fluid in numbers: glycol's in the middle of the ring's bounds.

    Parameters
    ----------
    fluid : RingWater or Glycol
        The settings.
    bounds_degc : (float, float)
        Bounds of the ring [°C].
    """
    if isinstance(fluid, RingWater):
        return Medium(
            fluid.kj_per_kgk, fluid.density_kg_per_m3, fluid.viscosity_pa_s, WATER_FREEZES_DEGC
        )
    # ASSUME: density, heat capacity and viscosity do not follow the temperature.
    freezing = freezing_degc(fluid)
    middle = max(sum(bounds_degc) / 2.0, freezing + MARGIN_K)
    found = mixture(fluid, middle)
    return Medium(float(found.cp) / 1000.0, float(found.rho), float(found.mu), freezing)


def liquid_fault(fluid: Water | Glycol, key: str, low_degc: float, high_degc: float) -> str | None:
    """Return what is wrong with the temperatures that a fluid may have; None where nothing is.

    Parameters
    ----------
    fluid : Water or Glycol
        The settings.
    key : str
        Key of the temperatures.
    low_degc, high_degc : float
        Lowest and highest [°C].
    """
    coldest = coldest_degc(fluid)
    if low_degc < coldest:
        name = (
            "water"
            if isinstance(fluid, Water)
            else f"{fluid.mass_fraction:g} {fluid.glycol} glycol"
        )
        more = "" if isinstance(fluid, Water) else "more glycol, "
        return (
            f"`{key}` goes down to {low_degc:g} °C, and {name}, which freezes at "
            f"{coldest - MARGIN_K:.1f} °C, must stay above {coldest:.1f} °C; raise it, or set "
            f"{more}`fluid: {{kind: glycol, glycol: ethylene, mass_fraction: {_enough(low_degc)}}}`"
        )
    if high_degc > HOTTEST_DEGC:
        return (
            f"`{key}` goes up to {high_degc:g} °C, which no ring of pipes stands; "
            f"{HOTTEST_DEGC:g} °C at most"
        )
    return None


def _enough(low_degc: float) -> float:
    """Return a share of ethylene glycol, in steps of 0.05, that stands a temperature."""
    shares = [step / 20.0 for step in range(1, 13)]
    return next(
        (
            share
            for share in shares
            if coldest_degc(Glycol(kind="glycol", glycol="ethylene", mass_fraction=share))
            <= low_degc
        ),
        shares[-1],
    )
