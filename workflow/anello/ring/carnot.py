"""COP maps held against Carnot over their whole valid range, before they are computed with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.errors import Problem
from anello.ring.cop_config import FixedUse, HeatPumpConfig
from anello.ring.cop_maps import KELVIN, CopFunction, Quadratic, Table

Floats = NDArray[np.float64]

COLDEST_DEGC, WARMEST_DEGC = -30.0, 60.0
"""Water that a ring might have [°C]."""
LEAST_LIFT_K, LARGEST_LIFT_K = 0.1, 120.0
STORE_SPAN_K = 60.0
"""How far a store may be from the temperature it has when it is empty [K]."""


def beyond_carnot(name: str, config: HeatPumpConfig, function: CopFunction) -> Problem | None:
    """Say where a map promises more than a reversible machine.

    Parameters
    ----------
    name : str
        The heat pump.
    config : HeatPumpConfig
        Its settings.
    function : CopFunction
        Its map.

    Returns
    -------
    Problem or None
        The point where the map is furthest beyond Carnot's COP ``T_use/|T_use − T_ring|``.
    """
    cooling = config.service == "cooling"
    ring, use = _points(config, function, cooling)
    lift = ring - use if cooling else use - ring
    real = lift >= LEAST_LIFT_K
    if not real.any():
        return None
    ring, use, lift = ring[real], use[real], lift[real]
    cop = function.evaluate(ring, use).cop
    best = (use + KELVIN) / lift
    worst = int((cop / best).argmax())
    if cop[worst] <= best[worst] * (1.0 + 1e-9):
        return None
    return Problem(
        f"its COP map gives {cop[worst]:.3g} between a ring of {ring[worst]:.1f} °C and a use of "
        f"{use[worst]:.1f} °C, where no machine has more than {best[worst]:.3g} (Carnot)",
        key=f"ring.heat_pumps.{name}.cop_map",
        value=config.cop_map.kind,
        suggestion="Correct the map, or narrow the range in which it is valid",
    )


def _points(config: HeatPumpConfig, function: CopFunction, cooling: bool) -> tuple[Floats, Floats]:
    """Return ring and use temperatures at which the map is looked at [°C]."""
    if isinstance(function, Table):
        ring, use = np.meshgrid(function.ring_degc, function.use_degc, indexing="ij")
        return ring.ravel(), use.ravel()
    setting = config.use_temperature
    if isinstance(setting, FixedUse):
        uses = np.array([setting.degc])
    elif setting.t_max_degc is not None and cooling:
        uses = np.linspace(setting.t_max_degc - STORE_SPAN_K / 3.0, setting.t_max_degc, 21)
    else:
        start = setting.t_min_degc if setting.t_min_degc is not None else 0.0
        uses = np.linspace(start, start + STORE_SPAN_K, 61)
    low, high = LEAST_LIFT_K, LARGEST_LIFT_K
    if isinstance(function, Quadratic):
        low, high = max(low, function.low), min(high, function.high)
    lifts = np.linspace(low, max(low, high), 201)
    use, lift = np.meshgrid(uses, lifts, indexing="ij")
    ring = use + lift if cooling else use - lift
    plausible = (ring >= COLDEST_DEGC) & (ring <= WARMEST_DEGC)
    return ring[plausible], use[plausible]
