"""What heats and cools rooms, and the temperatures that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Emitter = Literal["floor_heating", "radiators", "fan_coils", "ceilings"]


@dataclass(frozen=True)
class EmitterSupply:
    """Temperatures of the water that an emitter is supplied with.

    Attributes
    ----------
    heating_degc, cooling_degc : float
        Supply for heating and for cooling [°C].
    source : str
        Where they come from.
    """

    heating_degc: float
    cooling_degc: float
    source: str

    def degc(self, service: str) -> float:
        """Return the temperature for `heating` or `cooling` [°C]."""
        return self.cooling_degc if service == "cooling" else self.heating_degc


# ASSUME: none of the standards was open to us; the temperatures are those by which they are known.
EMITTERS: dict[Emitter, EmitterSupply] = {
    "floor_heating": EmitterSupply(
        35.0,
        18.0,
        "EN 1264 keeps the floor at 29 °C or below, which water of 35 °C (EN 14825, low "
        "temperature) does in a room of 20 °C; EN 14511 rates floor cooling at 18/23 °C",
    ),
    "radiators": EmitterSupply(
        55.0,
        7.0,
        "EN 442 rates radiators at 75/65 °C; sized for heat pumps, EN 14825 has 55 °C (medium "
        "temperature). They do not cool: fan coils at 7/12 °C do",
    ),
    "fan_coils": EmitterSupply(
        45.0,
        7.0,
        "EN 14825 has 45 °C (intermediate temperature), and EN 14511 and Eurovent rate fan coils "
        "for cooling at 7/12 °C",
    ),
    "ceilings": EmitterSupply(
        35.0,
        16.0,
        "EN 14240 and EN 14037 test ceilings; REHVA Guidebook 7, Low temperature heating and high "
        "temperature cooling, keeps the water above the dew point, about 16 °C",
    ),
}
"""Temperatures by emitter."""
