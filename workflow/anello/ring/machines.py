"""Machines of the balancing plant: heat against the temperatures, for electricity.

Both reach a share η of Carnot's COP between a cold side ``T_e`` and a warm side ``T_c``, which lie
beyond the water and the body on the other side by the approaches of evaporator and condenser.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.ring.cop_maps import KELVIN
from anello.ring.plant_config import CentralHeatPumpConfig, ChillerConfig

Floats = NDArray[np.float64]


def chiller_electricity(
    config: ChillerConfig, ring_degc: Floats, outdoor_degc: Floats
) -> tuple[Floats, Floats]:
    """Return a chiller's electricity per kWh of heat taken from the ring.

    ``1/COP = (T_c − T_e) / (η T_e)`` with ``T_e`` below the water and ``T_c`` above the air by the
    approaches, η the share of Carnot's COP that is reached; the COP is at most `cop_max`.

    Parameters
    ----------
    config : ChillerConfig
        The chiller.
    ring_degc, outdoor_degc : ndarray, shape (T,)
        Water and air [°C].

    Returns
    -------
    tuple of ndarray, shape (T,)
        Electricity [kWh/kWh] and its derivative to the water's temperature [kWh/(kWh·K)].
    """
    cold_k = ring_degc - config.approach_water_k + KELVIN
    warm_k = outdoor_degc + config.approach_air_k + KELVIN
    share = (warm_k - cold_k) / (config.carnot_fraction * cold_k)
    slope = -warm_k / (config.carnot_fraction * cold_k**2)
    taken, slope = _limited(share, slope, config.cop_max)
    return taken + config.fan_kwh_per_kwh, slope


def heat_pump_electricity(
    config: CentralHeatPumpConfig, ring_degc: Floats, source_degc: Floats
) -> tuple[Floats, Floats]:
    """Return a central heat pump's electricity per kWh of heat put into the ring.

    ``1/COP = (T_c − T_e) / (η T_c)`` with ``T_c`` above the water and ``T_e`` below the source by
    the approaches; the COP is at most `cop_max`. Where the coil frosts it is `defrost_share` more.

    Parameters
    ----------
    config : CentralHeatPumpConfig
        The heat pump.
    ring_degc, source_degc : ndarray, shape (T,)
        Water, and what heat is taken from [°C].

    Returns
    -------
    tuple of ndarray, shape (T,)
        Electricity [kWh/kWh] and its derivative to the water's temperature [kWh/(kWh·K)].
    """
    warm_k = ring_degc + config.approach_water_k + KELVIN
    cold_k = source_degc - config.approach_source_k + KELVIN
    share = (warm_k - cold_k) / (config.carnot_fraction * warm_k)
    slope = cold_k / (config.carnot_fraction * warm_k**2)
    taken, slope = _limited(share, slope, config.cop_max)
    frosts = config.source_degc is None and source_degc < config.defrost_below_degc
    more = 1.0 + np.where(frosts, config.defrost_share, 0.0)
    return taken * more + config.fan_kwh_per_kwh, slope * more


def _limited(share: Floats, slope: Floats, cop_max: float) -> tuple[Floats, Floats]:
    """Return 1/COP and its derivative where the COP is at most so much, each of shape (T,)."""
    least = 1.0 / cop_max
    free = share < least
    return np.where(free, least, share), np.where(free, 0.0, slope)


def heat_pump_most_kw(config: CentralHeatPumpConfig, source_degc: Floats) -> Floats:
    """Return the most heat of a central heat pump, which falls with its source's temperature.

    Parameters
    ----------
    config : CentralHeatPumpConfig
        The heat pump.
    source_degc : ndarray, shape (T,)
        What heat is taken from [°C].

    Returns
    -------
    ndarray, shape (T,)
        Heat into the ring; 0 below `coldest_source_degc` [kW].
    """
    lost = config.capacity_loss_per_k * np.maximum(config.rated_degc - source_degc, 0.0)
    left = np.where(source_degc < config.coldest_source_degc, 0.0, np.maximum(1.0 - lost, 0.0))
    most_kw: Floats = config.max_kw * left
    return most_kw
