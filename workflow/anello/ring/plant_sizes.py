"""Sizes of the plant's devices that a search chooses, and the ring that has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anello.ring.capital import RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant_config import PlantConfig

HOURS_OF_A_YEAR = 8760.0


def with_sizes(ring: RingConfig, sizes: Mapping[str, float]) -> RingConfig:
    """Return a ring whose devices have chosen sizes, and leaves nothing to be chosen.

    Parameters
    ----------
    ring : RingConfig
        The ring as described.
    sizes : mapping of str to float
        By device, its size as a share of that described [-].
    """
    if ring.plant is None or not sizes:
        return ring
    scaled: dict[str, Any] = {"sizes": {}}
    for name, size in sizes.items():
        device = getattr(ring.plant, name)
        keys = [key for key in ("max_flow_kg_s", "max_kw", "kw_per_k") if _stated(device, key)]
        # A cooler of no size at all has no conductance to be scaled.
        scaled[name] = device.model_copy(
            update={key: max(getattr(device, key) * size, _least(key)) for key in keys}
        )
    return ring.model_copy(update={"plant": ring.plant.model_copy(update=scaled)})


def _stated(device: Any, key: str) -> bool:
    return key in type(device).model_fields


def _least(key: str) -> float:
    return 1e-9 if key == "kw_per_k" else 0.0


def priced(plant: PlantConfig, ring: RingConfig, costs: RingCosts) -> PlantConfig:
    """Return a plant whose sizes have prices, as far as there are any.

    Parameters
    ----------
    plant : PlantConfig
        The plant.
    ring : RingConfig
        The ring that it is part of.
    costs : RingCosts
        What parts of a ring cost.
    """
    parts = {part.name: part for part in ring_capital(ring, costs, HOURS_OF_A_YEAR).parts}
    sizes = {
        name: size
        if size.eur_per_year is not None or name not in parts
        else size.model_copy(
            update={"eur_per_year": parts[name].capital_eur + parts[name].maintenance_eur}
        )
        for name, size in plant.sizes.items()
    }
    return plant.model_copy(update={"sizes": sizes})
