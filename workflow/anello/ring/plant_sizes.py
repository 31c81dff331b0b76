"""Sizes of the plant's devices that a search chooses, and the ring that has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from anello.base.year import HOURS_OF_A_YEAR
from anello.errors import Problem
from anello.ring.capital import RingCosts, annuity, ring_capital
from anello.ring.config import RingConfig
from anello.ring.plant_config import PlantConfig, SizeConfig

SIZE_KEYS = ("max_flow_kg_s", "max_kw", "kw_per_k", "built_share")
"""What says how large a device is."""


def with_sizes(ring: RingConfig, sizes: Mapping[str, float]) -> RingConfig:
    """Return a ring whose devices have chosen sizes, and leaves nothing to be chosen.

    Parameters
    ----------
    ring : RingConfig
        The ring as described.
    sizes : mapping of str to float
        By device, its size as a share of that described [-]; what is one of a list is made so
        exactly, and keeps the price that it has there.
    """
    if ring.plant is None or not sizes:
        return ring
    prices: dict[Any, float] = dict(ring.plant.build_eur)
    scaled: dict[str, Any] = {"sizes": {}, "build_eur": prices}
    for name, size in sizes.items():
        device, choice = getattr(ring.plant, name), ring.plant.sizes.get(name)  # type: ignore[call-overload]
        if choice is not None and choice.one_of is not None:
            member = choice.member(size)
            size = choice.one_of[member]
            if choice.one_of_eur is not None and size:
                prices[name] = choice.one_of_eur[member]
        if name == "borefield" and not size:
            scaled[name] = None
            continue
        keys = [key for key in SIZE_KEYS if _stated(device, key)]
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

    Raises
    ------
    ValueError
        If a list has two prices that differ.
    """
    parts = {part.name: part for part in ring_capital(ring, costs, HOURS_OF_A_YEAR).parts}
    sizes: dict[str, SizeConfig] = {}
    for name, size in plant.sizes.items():
        yearly: float | list[float] | None = size.eur_per_year
        listed = _yearly(size, name, costs)
        if yearly is None:
            yearly = listed
        elif listed is not None and not _same(yearly, listed):
            # The search would pay the one, and the ring as built the other.
            raise ValueError(
                f"ring.plant.sizes.{name}.one_of_eur: `eur_per_year` says already what each size "
                "costs, and something else; leave one of them out"
            )
        if yearly is None and size.one_of_eur is None and name in parts:
            yearly = parts[name].capital_eur + parts[name].maintenance_eur
        sizes[name] = size.model_copy(update={"eur_per_year": yearly})
    return plant.model_copy(update={"sizes": sizes})


def _yearly(size: SizeConfig, name: str, costs: RingCosts) -> list[float] | None:
    """Return what each size of a list costs a year by its own price, if that can be said [€/a]."""
    cost = getattr(costs, name)
    if size.one_of_eur is None or cost is None:
        return None
    share = annuity(costs.interest_rate, cost.lifetime_years) + cost.maintenance_share_per_year
    return [eur * share for eur in size.one_of_eur]


def _same(one: float | list[float], other: list[float]) -> bool:
    return isinstance(one, list) and all(map(math.isclose, one, other))


def without_price(name: str, size: SizeConfig) -> Problem:
    """Say what the size of a device lacks, which a search may choose, but has no price."""
    key = f"ring.plant.sizes.{name}"
    if size.one_of_eur is not None:
        return Problem(
            "what a size costs to build becomes a cost of the year by lifetime, interest and "
            "maintenance, and nothing says these",
            key=f"{key}.one_of_eur",
            value=size.one_of_eur,
            suggestion=f"Give `ring_costs.{name}`, or `eur_per_year` as a list in place of it",
        )
    return Problem(
        "a size that is chosen needs a price, or the largest would cost nothing",
        key=f"{key}.eur_per_year",
        suggestion=f"Give it, or `ring_costs.{name}`",
    )
