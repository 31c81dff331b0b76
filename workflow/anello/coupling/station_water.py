"""The water that comes to each substation of a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.optimise.formulation.ring_rows import LoopRows
from anello.ring.exchange import RingResult

Floats = NDArray[np.float64]


def station_water(loop: LoopRows, result: RingResult) -> Floats:
    """Return the water that comes to each substation in a step, shape (N, T) [°C].

    Where there is no heat pump and no plant, it does not matter what water comes: the mean.
    """
    degc = np.tile(result.temperature_degc[:-1], (len(loop.stations), 1))
    degc[list(loop.station_of)] = result.source_degc
    if result.plant_degc is not None:
        degc[loop.plant_station] = result.plant_degc
    if loop.field_station is not None and result.field is not None:
        degc[loop.field_station] = result.field.water_degc
    return degc
