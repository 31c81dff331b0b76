"""A heat pump's electricity for Ipopt: its map, free cooling, part load and standby."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from anello.ring.cop_config import FreeCooling, HeatPumpConfig, QuadraticCop
from ipopt_plant import above_zero

VALVE = 0.1
"""Share of the load over which the valve of free cooling opens, and again closes [-]."""


class Taken(NamedTuple):
    """Electricity of the compressor, whose heat meets the ring, and while it stands [kW]."""

    work_kw: Any
    standby_kw: Any


def free_share(free_cooling: FreeCooling, lift: Any) -> Any:
    """Return which share of the load needs no compressor, of a lift without bounds [-].

    The exchanger's own share, one at most, less what the valve withholds: from nothing it opens as
    a parabola over `VALVE`, and as one it reaches the whole load.
    """
    import casadi as ca

    free = free_cooling.effectiveness * (1.0 - lift / free_cooling.spread_k)
    opening = ca.fmin(ca.fmax(free, 0.0), VALVE)
    closing = ca.fmin(ca.fmax(free - 1.0, 0.0), VALVE)
    straight = ca.fmin(ca.fmax(free - VALVE, 0.0), 1.0 - VALVE)
    return opening**2 / (2.0 * VALVE) + straight + closing - closing**2 / (2.0 * VALVE)


def relative_work(pump: HeatPumpConfig, share: Any) -> Any:
    """Return w(r), the electricity at a share of the output relative to that at full output [-]."""
    import casadi as ca

    assert pump.part_load is not None
    output, cop = np.array(pump.part_load).T
    curve = PchipInterpolator(output, output / cop)
    work = share / cop[0]  # on and off by turns
    for start, coefficients in zip(output[:-1], curve.c.T, strict=True):
        inside = sum(c * (share - start) ** (3 - k) for k, c in enumerate(coefficients))
        work = ca.if_else(share > start, inside, work)
    return work


def taken(pump: HeatPumpConfig, output: Any, ring: Any, use: Any, size_kw: float) -> Taken:
    """Return a heat pump's electricity.

    Parameters
    ----------
    pump : HeatPumpConfig
        Its settings.
    output, ring, use : casadi.SX, shape (1, T)
        Output [kW], and the temperatures on both sides [°C].
    size_kw : float
        Installed capacity [kW].
    """
    fit, cooling = pump.cop_map, pump.service == "cooling"
    assert isinstance(fit, QuadraticCop)
    assert fit.valid_lift_k is not None
    assert (pump.min_source_degc, pump.max_lift_k, pump.capacity) == (None, None, None)
    free_lift = ring - use if cooling else use - ring
    least = fit.valid_lift_k[0]
    lift = least + above_zero(free_lift - least)
    per_kwh = 1.0 / (fit.c0 - fit.c1 * lift + fit.c2 * lift**2)
    if pump.free_cooling is not None:
        free = free_share(pump.free_cooling, free_lift)
        per_kwh = free * pump.free_cooling.electricity_kwh_per_kwh + (1.0 - free) * per_kwh
    work, standby = output * per_kwh, 0.0
    if pump.part_load is not None:
        work = size_kw * relative_work(pump, output / size_kw) * per_kwh
    if pump.standby_kw > 0.0:
        standing = above_zero(1.0 - output / (pump.least_output * size_kw), 1e-4)
        standby = pump.standby_kw * standing
    return Taken(work, standby)
