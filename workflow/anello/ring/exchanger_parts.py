"""Exchangers for free cooling as parts of a ring that have a size and a price."""

from __future__ import annotations

from typing import Any

from anello.ring.config import RingConfig
from anello.ring.cop_config import FreeCooling

PRICE = "free_cooling"
"""Key of their price in `ring_costs`."""
_ENDING = f".{PRICE}"


def exchangers(ring: RingConfig) -> dict[str, FreeCooling]:
    """Return the exchangers of a ring by part, `<heat pump>.free_cooling`.

    Parameters
    ----------
    ring : RingConfig
        The ring; settings of a heat pump that hold for several places have one exchanger for all.
    """
    return {
        part_before(key): pump.free_cooling
        for key, pump in ring.heat_pumps.items()
        if pump.free_cooling is not None
    }


def is_exchanger(part: str) -> bool:
    """Whether a part of a ring is an exchanger for free cooling, and no device of its plant."""
    return part.endswith(_ENDING)


def part_before(pump: str) -> str:
    """Return the name of the exchanger before the heat pump of a key."""
    return f"{pump}{_ENDING}"


def pump_of(part: str) -> str:
    """Return the key of the heat pump that an exchanger stands before."""
    return part.removesuffix(_ENDING)


def part_of(ring: RingConfig, node: str) -> str:
    """Return the exchanger before heat pump `loc::tech` whose size is open; empty for none."""
    key = node if node in ring.heat_pumps else node.partition("::")[2]
    pump = ring.heat_pumps.get(key)
    if pump is None or pump.free_cooling is None or pump.free_cooling.size is None:
        return ""
    return part_before(key)


def with_exchanger(ring: RingConfig, part: str, changed: FreeCooling | None) -> RingConfig:
    """Return a ring with another exchanger, or none, in place of one that it has.

    Parameters
    ----------
    ring : RingConfig
        The ring.
    part : str
        Name of the exchanger, see `exchangers`.
    changed : FreeCooling or None
        What is in its place.
    """
    key = pump_of(part)
    pump = ring.heat_pumps[key].model_copy(update={PRICE: changed})
    pumps: dict[str, Any] = {**ring.heat_pumps, key: pump}
    return ring.model_copy(update={"heat_pumps": pumps})
