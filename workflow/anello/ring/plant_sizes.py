"""Sizes of a ring's parts that a search chooses, and the ring that has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from anello.base.year import HOURS_OF_A_YEAR
from anello.errors import Problem
from anello.ring.capital import RingCosts, annuity, cost_of, ring_capital
from anello.ring.config import RingConfig
from anello.ring.exchanger_parts import PRICE, exchangers, is_exchanger, with_exchanger
from anello.ring.size_config import SizeConfig

SIZE_KEYS = ("max_flow_kg_s", "max_kw", "kw_per_k", "built_share")
"""What says how large a device is."""


def to_choose(ring: RingConfig) -> dict[str, SizeConfig]:
    """Return the sizes that a ring leaves open, by part: of its plant, and of its exchangers."""
    plant = {} if ring.plant is None else ring.plant.sizes
    found: dict[str, SizeConfig] = {str(name): size for name, size in plant.items()}
    for part, exchanger in exchangers(ring).items():
        if exchanger.size is not None:
            found[part] = exchanger.size
    return found


def size_key(part: str) -> str:
    """Return where the settings say between which sizes a part is chosen."""
    return f"ring.heat_pumps.{part}.size" if is_exchanger(part) else f"ring.plant.sizes.{part}"


def with_sizes(ring: RingConfig, sizes: Mapping[str, float]) -> RingConfig:
    """Return a ring whose parts have chosen sizes, and leaves nothing of them to be chosen.

    Parameters
    ----------
    ring : RingConfig
        The ring as described.
    sizes : mapping of str to float
        By part, its size as a share of that described [-]; what is one of a list is made so
        exactly, and keeps the price that it has there.
    """
    for part, size in sizes.items():
        if is_exchanger(part):
            ring = _with_exchanger_of(ring, part, size)
    devices = {name: size for name, size in sizes.items() if not is_exchanger(name)}
    if ring.plant is None or not devices:
        return ring
    prices: dict[Any, float] = dict(ring.plant.build_eur)
    scaled: dict[str, Any] = {"sizes": {}, "build_eur": prices}
    for name, size in devices.items():
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


def _with_exchanger_of(ring: RingConfig, part: str, size: float) -> RingConfig:
    """Return a ring whose exchanger for free cooling has a size; none at all of a size of 0."""
    described = exchangers(ring)[part]
    choice, build_eur = described.size, described.build_eur
    if choice is not None and choice.one_of is not None:
        member = choice.member(size)
        assert member is not None
        size = choice.one_of[member]
        if choice.one_of_eur is not None:
            build_eur = choice.one_of_eur[member]
    built = described.of_size(size)
    if built is not None:
        built = built.model_copy(update={"build_eur": build_eur})
    return with_exchanger(ring, part, built)


def _stated(device: Any, key: str) -> bool:
    return key in type(device).model_fields


def _least(key: str) -> float:
    return 1e-9 if key == "kw_per_k" else 0.0


def priced(ring: RingConfig, costs: RingCosts) -> RingConfig:
    """Return a ring whose open sizes have prices, as far as there are any.

    Parameters
    ----------
    ring : RingConfig
        The ring.
    costs : RingCosts
        What parts of a ring cost.

    Raises
    ------
    ValueError
        If a list has two prices that differ.
    """
    parts = {part.name: part for part in ring_capital(ring, costs, HOURS_OF_A_YEAR).parts}
    sizes: dict[str, SizeConfig] = {}
    for name, size in to_choose(ring).items():
        yearly: float | list[float] | None = size.eur_per_year
        listed = _yearly(size, name, costs)
        if yearly is None:
            yearly = listed
        elif listed is not None and not _same(yearly, listed):
            # The search would pay the one, and the ring as built the other.
            raise ValueError(
                f"{size_key(name)}.one_of_eur: `eur_per_year` says already what each size "
                "costs, and something else; leave one of them out"
            )
        if yearly is None and size.one_of_eur is None and name in parts:
            yearly = parts[name].capital_eur + parts[name].maintenance_eur
        sizes[name] = size.model_copy(update={"eur_per_year": yearly})
    if ring.plant is not None:
        plant = {name: sizes[name] for name in ring.plant.sizes}
        ring = ring.model_copy(update={"plant": ring.plant.model_copy(update={"sizes": plant})})
    for part, exchanger in exchangers(ring).items():
        if part in sizes:
            told = exchanger.model_copy(update={"size": sizes[part]})
            ring = with_exchanger(ring, part, told)
    return ring


def _yearly(size: SizeConfig, name: str, costs: RingCosts) -> list[float] | None:
    """Return what each size of a list costs a year by its own price, if that can be said [€/a]."""
    cost = cost_of(costs, name)
    if size.one_of_eur is None or cost is None:
        return None
    share = annuity(costs.interest_rate, cost.lifetime_years) + cost.maintenance_share_per_year
    return [eur * share for eur in size.one_of_eur]


def _same(one: float | list[float], other: list[float]) -> bool:
    return isinstance(one, list) and all(map(math.isclose, one, other))


def without_price(name: str, size: SizeConfig) -> Problem:
    """Say what the size of a part lacks, which a search may choose, but has no price."""
    key = size_key(name)
    costs = f"ring_costs.{PRICE if is_exchanger(name) else name}"
    if size.one_of_eur is not None:
        return Problem(
            "what a size costs to build becomes a cost of the year by lifetime, interest and "
            "maintenance, and nothing says these",
            key=f"{key}.one_of_eur",
            value=size.one_of_eur,
            suggestion=f"Give `{costs}`, or `eur_per_year` as a list in place of it",
        )
    return Problem(
        "a size that is chosen needs a price, or the largest would cost nothing",
        key=f"{key}.eur_per_year",
        suggestion=f"Give it, or `{costs}`",
    )
