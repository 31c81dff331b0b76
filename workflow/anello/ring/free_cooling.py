"""Free cooling: an exchanger between the cooled circuit and the ring, before the compressor.

The circuit comes back ``spread`` kelvins warmer than it is supplied. An exchanger of effectiveness
ε takes ``ε·(T_return − T_ring)`` out of it where the ring is colder; that is the share

    φ = ε·(spread − lift)/spread, between 0 and 1, with lift = T_ring − T_supply,

of the load, for the electricity of a circulation pump alone. The heat pump does the rest at its own
COP, so that both together have one COP, ``1/(φ·e + (1 − φ)/COP)``, a function of the same two
temperatures. Where the exchanger begins to cool, and where it begins to do all of it, a valve opens
gradually: the corners of φ are rounded, always towards less free cooling. For the effectiveness see
Incropera et al., Fundamentals of Heat and Mass Transfer, section 11.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.ring.cop_config import FreeCooling
from anello.ring.cop_maps import CopFunction, CopPoint, RangeCheck, ScalarCop

Floats = NDArray[np.float64]

VALVE = 0.1
"""Share of the load over which the valve opens gradually, and again as it is fully open [-]."""


@dataclass(frozen=True)
class WithFreeCooling:
    """The COP of a heat pump and the exchanger before it.

    Parameters
    ----------
    heat_pump : CopFunction
        The map of the heat pump alone, for cooling.
    settings : FreeCooling
        The exchanger.
    """

    heat_pump: CopFunction
    settings: FreeCooling

    def share(self, ring_degc: Floats, use_degc: Floats) -> Floats:
        """Return the share of the load that needs no compressor [-]."""
        return self._opening(ring_degc, use_degc)[0]

    def _opening(self, ring_degc: Floats, use_degc: Floats) -> tuple[Floats, Floats]:
        """Return the share [-], and its derivative to the use temperature [1/K]."""
        one = self.settings
        free = one.effectiveness * (1.0 - (ring_degc - use_degc) / one.spread_k)
        opening = np.clip(free, 0.0, VALVE)
        closing = np.clip(free - 1.0, 0.0, VALVE)
        share = np.clip(free - VALVE, 0.0, 1.0 - VALVE)
        share += (opening**2 - closing**2) / (2.0 * VALVE) + closing
        slope = np.where(free > 1.0, 1.0 - closing / VALVE, opening / VALVE)
        return share, slope * one.effectiveness / one.spread_k

    def evaluate(self, ring_degc: Floats, use_degc: Floats) -> CopPoint:
        """Return value and derivatives; see `CopFunction`."""
        pump = self.settings.electricity_kwh_per_kwh
        alone = self.heat_pump.evaluate(ring_degc, use_degc)
        free, slope = self._opening(ring_degc, use_degc)
        power = free * pump + (1.0 - free) / alone.cop
        by_share, by_cop = pump - 1.0 / alone.cop, -(1.0 - free) / alone.cop**2
        by_ring = by_cop * alone.d_ring - by_share * slope
        by_use = by_cop * alone.d_use + by_share * slope
        return CopPoint(1.0 / power, -by_ring / power**2, -by_use / power**2)

    def scalar(self) -> ScalarCop:
        """Return a fast scalar version; see `CopFunction`."""
        alone, one = self.heat_pump.scalar(), self.settings
        most, spread, pump = one.effectiveness, one.spread_k, one.electricity_kwh_per_kwh

        def cop(ring_degc: float, use_degc: float) -> float:
            free = most * (1.0 - (ring_degc - use_degc) / spread)
            if free <= 0.0:
                return alone(ring_degc, use_degc)
            if free < VALVE:
                share = free**2 / (2.0 * VALVE)
            else:
                closing = min(max(free - 1.0, 0.0), VALVE)
                share = min(free, 1.0) - VALVE / 2.0 + closing - closing**2 / (2.0 * VALVE)
            return 1.0 / (share * pump + (1.0 - share) / alone(ring_degc, use_degc))

        return cop

    def checks(self, ring_degc: Floats, use_degc: Floats) -> list[RangeCheck]:
        """Return the ranges of the heat pump's map, which bind only where it runs."""
        stands = self.share(ring_degc, use_degc) >= 1.0
        return [
            check._replace(
                value=np.where(stands, np.clip(check.value, check.low, check.high), check.value)
            )
            for check in self.heat_pump.checks(ring_degc, use_degc)
        ]
