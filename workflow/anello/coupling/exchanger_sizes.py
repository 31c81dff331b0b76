"""Exchangers for free cooling whose sizes are found: what a larger one adds to an output.

Heat pump and exchanger have one COP, which follows the exchanger's size s (`anello.ring.
free_cooling`). At the same electricity, output q follows ``q̄/COP(s̄)·COP'(s̄)·(s − s̄)`` for a size
between two, at the incumbent's temperatures; of a list, each size s has ``q̄·(1 − COP(s̄)/COP(s))``,
which is the electricity that the incumbent's output takes with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.incumbent import Linearisation
from anello.optimise.formulation.ring_rows import (
    OUTPUT_PER_CHOICE,
    OUTPUT_PER_SIZE,
    RingRows,
    pair,
)
from anello.ring.config import RingConfig
from anello.ring.cop import compile_heat_pump

Floats = NDArray[np.float64]

STEP = 1e-4
"""Half the change of size over which COP is differentiated, relative to it [-]."""


def exchanger_numbers(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
) -> Floats:
    """Let heat pumps' outputs follow the sizes of their exchangers, and return what that is now.

    Parameters
    ----------
    config : RingConfig
        The ring as described, with its sizes open.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent; before the first simulation no size changes anything.
    values : dict
        Numbers of the next programme, by parameter and label; those of the exchangers are added.

    Returns
    -------
    ndarray, shape (H, T)
        What sizes between two add to the output at the incumbent [kWh].
    """
    held = np.zeros_like(about.output_per_k)
    for k, part in enumerate(rows.free_cooling):
        if not part:
            continue
        node, limits = about.nodes[k], rows.sizes[part]
        pump = _Pump(config, about, k)
        size = about.plant_sizes.get(part, limits.first)
        known = bool(about.plant_sizes) and np.isfinite(about.trust_region_k)
        if limits.one_of:
            each = values.setdefault(OUTPUT_PER_CHOICE, {})
            for name, one in zip(limits.choices, limits.one_of, strict=True):
                each[pair(node, name)] = pump.more_kwh(size, one) if known else held[k]
            continue
        slope = pump.kwh_per_size(size) if known else np.zeros_like(held[k])
        values.setdefault(OUTPUT_PER_SIZE, {})[node] = slope
        held[k] = slope * size
    return held


@dataclass(frozen=True)
class _Pump:
    """A heat pump at the incumbent, with an exchanger of any size."""

    config: RingConfig
    about: Linearisation
    row: int

    def cop(self, size: float) -> Floats:
        """Return the COP with an exchanger of a size, shape (T,) [-]."""
        settings = self.config.heat_pump(self.about.nodes[self.row])
        assert settings is not None
        assert settings.free_cooling is not None
        changed = {"free_cooling": settings.free_cooling.of_size(size)}
        pump = compile_heat_pump(settings.model_copy(update=changed))
        return pump.evaluate(self.about.source_degc[self.row], self.about.use_degc[self.row]).cop

    def kwh_per_size(self, size: float) -> Floats:
        """Return what output grows by with the size at the same electricity, shape (T,) [kWh].

        One of no size at all grows by nothing: a valve opens gradually.
        """
        if not size:
            return np.zeros(self.about.cop.shape[1])
        more, less = self.cop(size * (1.0 + STEP)), self.cop(size * (1.0 - STEP))
        slope = (more - less) / (2.0 * STEP * size)
        weight: Floats = self.about.output_kwh[self.row] / self.about.cop[self.row]
        return weight * slope

    def more_kwh(self, size: float, other: float) -> Floats:
        """Return what another size adds to the output at the same electricity, shape (T,) [kWh]."""
        more: Floats = self.about.output_kwh[self.row] * (1.0 - self.cop(size) / self.cop(other))
        return more
