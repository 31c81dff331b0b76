"""Sizes of the ring's parts in the search: open in the programme, given in the simulation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.year import HOURS_OF_A_YEAR
from anello.errors import InputError
from anello.optimise.formulation.ring_rows import Device, OpenSize, RingRows
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import to_choose, with_sizes, without_price

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

SMALLEST = 0.01
"""Share of the described size about which a device that was left out is linear, so that it may come
back [-]."""

WHOLE_RANGE_K = 4.0
"""Trust region with which a size may change by all of its range [K]."""

NO_SIZE = 1e-5
"""A smaller size is a solver's rounding of none [-]."""

FEW = 0.05
"""An exchanger for free cooling of this share of that described may be left out at once [-]."""

HARDLY_OPEN = 1e-6
"""Room of a size that is fixed: a column without any would be taken out [-]."""


def open_sizes(config: RingConfig, hours: float) -> dict[str, OpenSize]:
    """Return the sizes that a programme of some hours may choose.

    Raises
    ------
    InputError
        If a size has no price, so that the largest would be free.
    """
    found: dict[str, OpenSize] = {}
    share = hours / HOURS_OF_A_YEAR
    for name, size in to_choose(config).items():
        if size.eur_per_year is None:
            raise InputError(without_price(name, size))
        least, most = size.limits
        one_of = tuple(size.one_of or ())
        if isinstance(size.eur_per_year, list):
            each = tuple(eur * share for eur in size.eur_per_year)
            found[name] = OpenSize(least, most, 0.0, one_of, each)
            continue
        eur = size.eur_per_year * share
        found[name] = OpenSize(least, most, eur, one_of, tuple(eur * one for one in one_of))
    return found


def reach_kw(device: Device, bounds_degc: tuple[float, float], steps: int) -> Floats:
    """Return more than a device can ever move within the ring's bounds, shape (T,) [kW]."""
    most = np.broadcast_to(device.max_kw, steps).astype(float)
    if not device.is_exchanger or device.body_degc is None:
        return most
    edge = bounds_degc[0] if device.sign > 0 else bounds_degc[1]
    driving_k = np.maximum(device.sign * (device.body_degc - edge), 0.0)
    # Water beyond the bounds is penalised, not impossible: room for what it would drive.
    reach: Floats = np.minimum(most, device.kw_per_k * (driving_k + 2.0))
    return reach


def sizes_in(dispatch: xr.Dataset) -> dict[str, float]:
    """Return the sizes that a programme has chosen, by device."""
    if "ring_size" not in dispatch:
        return {}
    found = dispatch["ring_size"]
    return {
        str(name): float(size) if size > NO_SIZE else 0.0
        for name, size in zip(found["part"].values, found.values, strict=True)
        if np.isfinite(size)
    }


def sized(ring: RingConfig, dispatch: xr.Dataset) -> RingConfig:
    """Return the ring with the sizes that a programme has chosen, if it was to choose any."""
    if not to_choose(ring):
        return ring
    return with_sizes(ring, sizes_in(dispatch))


def size_of(rows: RingRows, part: str, sizes: dict[str, float]) -> float:
    """Return the incumbent's size of a part; before there is one, that of the first programme."""
    return max(sizes.get(part, rows.sizes[part].first), SMALLEST)


def at_size(rows: RingRows, device: Device, sizes: dict[str, float]) -> Device:
    """Return a device of the programme at the incumbent's size, see `size_of`."""
    if not device.sized:
        return device
    size = size_of(rows, device.sized, sizes)
    return replace(device, max_kw=device.max_kw * size, kw_per_k=device.kw_per_k * size)


def share_in_reach(trust_region_k: float) -> float:
    """Return by which share of its range a size may change within a trust region [-]."""
    return min(trust_region_k / WHOLE_RANGE_K, 1.0)


def size_bounds(
    rows: RingRows, sizes: dict[str, float], trust_region_k: float
) -> tuple[Floats, Floats]:
    """Return what sizes the next programme may choose, each of shape (D,) [-].

    The first one, which does not know the water, takes all parts as described: it would count on
    exchangers as if the water were always where they do most, and leave too little of the rest.
    Later an exchanger for free cooling becomes no smaller than half of itself at once: what it is
    worth follows from how cold the ring is kept, which the dispatch has to adapt to.
    """
    least = np.array([size.least for size in rows.sizes.values()])
    most = np.array([size.most for size in rows.sizes.values()])
    if not np.isfinite(trust_region_k) or not sizes:
        first = np.array([size.first for size in rows.sizes.values()])
        return np.maximum(first - HARDLY_OPEN, 0.0), first
    about = np.array([sizes[name] for name in rows.sizes])
    reach = (most - least) * share_in_reach(trust_region_k)
    # From one size of a list to the next there is no way in small steps.
    reach[[bool(size.one_of) for size in rows.sizes.values()]] = np.inf
    halved = np.array([(part in rows.weighed) for part in rows.sizes]) & (about > FEW)
    lower = np.where(halved, np.maximum(about - reach, about / 2.0), about - reach)
    return np.maximum(least, lower), np.minimum(most, about + reach)
