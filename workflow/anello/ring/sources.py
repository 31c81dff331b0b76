"""Sources and sinks of a ring beside its wells: streams, outdoor air, the sun.

Each is an exchanger between the ring's water and a body of some temperature, ``Q ≤ G·(T_body − T)``
with a conductance G, that may be limited further. A kind of source says that temperature, its
conductance and its limits by hour: then simulation, programme, cost and audits know it. A new kind
is a class here, and one more name in `Source`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from anello.base.settings import Fraction, NonNegative, Number, Positive, Strict
from anello.ring.fluid import heat_above_freezing_kw
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.surroundings import Surroundings

Floats = NDArray[np.float64]
Ways = Literal["heating", "cooling", "both"]

NAME = re.compile(r"[a-z][a-z0-9_]*")
COLDEST_DEGC, HOTTEST_DEGC = -50.0, 150.0
STRONGEST_SUN_KW_PER_M2 = 1.6


class Exchange(NamedTuple):
    """What a source offers in each of T time steps.

    Attributes
    ----------
    body_degc : ndarray, shape (T,)
        Temperature on the other side [°C].
    kw_per_k : ndarray, shape (T,)
        Conductance to the ring's water [kW/K].
    heating_kw, cooling_kw : ndarray, shape (T,)
        Most heat into the ring, and out of it [kW].
    """

    body_degc: Floats
    kw_per_k: Floats
    heating_kw: Floats
    cooling_kw: Floats


class _Source(Strict):
    """What all sources cost."""

    electricity_kwh_per_kwh: NonNegative = Field(
        default=0.02, description="Electricity of pumps and fans per kWh of heat [kWh/kWh]."
    )
    cost_eur_per_kwh: NonNegative = Field(
        default=0.0, description="Other cost per kWh of heat, as for bought heat [€/kWh]."
    )


def _air(around: Surroundings, key: str, kind: str) -> Floats:
    return around.air(
        f"a source of kind `{kind}` depends on the outdoor air, and nothing says how warm that is",
        key,
        "or leave the source out",
    )


class StreamSource(_Source):
    """Water of given temperature and flow: sewage, a river, a lake, waste heat of a hall."""

    kind: Literal["stream"]
    ways: Ways = Field(
        default="both",
        description="Whether it warms the ring, cools it, or both, as its temperature allows.",
    )
    temperature_degc: Number | str = Field(
        description="Temperature of the stream [°C]: a number, or a name in `model.ring_series`."
    )
    max_flow_kg_s: NonNegative | str = Field(
        description="Flow that may be used [kg/s]: a number, or a name in `model.ring_series`."
    )
    effectiveness: Fraction = Field(
        default=0.8, description="Effectiveness of the heat exchanger, on the stream's flow [-]."
    )
    max_change_k: Positive | None = Field(
        default=None,
        description="Largest change of the stream's temperature [K], if it is limited.",
    )
    available_kw: NonNegative | str | None = Field(
        default=None,
        description=(
            "Most heat, either way [kW], as of a data centre or a supermarket: a number, or a name "
            "in `model.ring_series`."
        ),
    )

    def exchange(self, key: str, around: Surroundings) -> Exchange:
        """Return what the stream offers; see `Exchange`."""
        body = around.values(
            self.temperature_degc, f"{key}.temperature_degc", COLDEST_DEGC, HOTTEST_DEGC
        )
        capacity = WATER_KJ_PER_KGK * around.values(
            self.max_flow_kg_s, f"{key}.max_flow_kg_s", 0.0, 1e6
        )
        conductance = self.effectiveness * capacity
        most = conductance * 100.0 if self.max_change_k is None else capacity * self.max_change_k
        if self.available_kw is not None:
            most = np.minimum(
                most, around.values(self.available_kw, f"{key}.available_kw", 0.0, 1e9)
            )
        none = np.zeros(around.steps)
        return Exchange(
            body,
            conductance,
            none
            if self.ways == "cooling"
            else np.minimum(most, heat_above_freezing_kw(capacity, body)),
            none if self.ways == "heating" else most,
        )


class AirSource(_Source):
    """Outdoor air through a coil with fans: warms the ring on warm days, cools it on cold ones."""

    kind: Literal["air"]
    ways: Ways = Field(default="both", description="Whether it warms the ring, cools it, or both.")
    kw_per_k: Positive = Field(description="Conductance UA between air and ring [kW/K].")
    max_kw: Positive = Field(description="Most heat, either way [kW].")

    def exchange(self, key: str, around: Surroundings) -> Exchange:
        """Return what the air offers; see `Exchange`. It needs the model's weather."""
        # ASSUME: no defrost. Air that warms the ring is warmer than its water, which is not near
        # freezing (`RingConfig` refuses it), so that frost cannot grow on the coil.
        air = _air(around, key, "air")
        most, none = np.full(around.steps, self.max_kw), np.zeros(around.steps)
        return Exchange(
            air,
            np.full(around.steps, self.kw_per_k),
            none if self.ways == "cooling" else most,
            none if self.ways == "heating" else most,
        )


class SolarSource(_Source):
    """Solar collectors, glazed or not, or the thermal side of PVT modules.

    ``Q = A·(η₀·G − a₁·(T − T_air))`` (EN ISO 9806, without its quadratic term): an exchanger of
    conductance ``A·a₁`` against the temperature at which the collector gives nothing,
    ``T_air + η₀·G/a₁``.
    """

    kind: Literal["solar"]
    area_m2: Positive = Field(description="Area of the collectors [m²].")
    irradiance_kw_per_m2: str = Field(
        description="Sun on the plane of the collectors [kW/m²]: a name in `model.ring_series`."
    )
    optical_efficiency: Fraction = Field(
        default=0.75, description="Efficiency η₀ without a difference of temperatures [-]."
    )
    loss_w_per_m2k: Positive = Field(
        default=4.0,
        description="Loss coefficient a₁: about 4 with glass, 10 to 15 without [W/(m²K)].",
    )

    def exchange(self, key: str, around: Surroundings) -> Exchange:
        """Return what the collectors offer; see `Exchange`. They need the model's weather."""
        air = _air(around, key, "solar")
        sun = around.values(
            self.irradiance_kw_per_m2, f"{key}.irradiance_kw_per_m2", 0.0, STRONGEST_SUN_KW_PER_M2
        )
        caught = self.optical_efficiency * sun
        loss_kw = self.loss_w_per_m2k / 1000.0
        # ASSUME: at night the pump stands still; warm air alone is no source.
        return Exchange(
            air + caught / loss_kw,
            np.full(around.steps, self.area_m2 * loss_kw),
            self.area_m2 * caught,
            np.zeros(around.steps),
        )


Source = Annotated[StreamSource | AirSource | SolarSource, Field(discriminator="kind")]
