"""What heat costs the plant of a ring whose water no programme sees.

The plant of two pipes answers to what heat pumps do: water that they cool comes to it, and it heats
as much again; where they warm water on balance, it cools. What one more kilowatt-hour costs it
follows from how its devices answer to more flow. Where the balance changes sign, so does the price:
the programme sees both ways, and the higher line holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.unseen import Prices
from anello.optimise.formulation.ring_rows import RingRows
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.two_pipe_plant import heat_per_flow

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlantPrice:
    """What heat into the ring costs its plant, as two lines of which the higher holds.

    Attributes
    ----------
    eur_per_kwh : ndarray, shape (2, T)
        Slope where heat pumps cool the water on balance, and the plant heats; and where they warm
        it [€/kWh].
    known_eur : ndarray, shape (2, T)
        What the lines are at no heat, with what the plant costs at the incumbent left out [€].
    """

    eur_per_kwh: Floats
    known_eur: Floats


def plant_price(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    prices: Prices,
    heat_kwh: Floats,
) -> PlantPrice:
    """Return what heat into the ring costs its plant, about an incumbent.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    data, result : RingInput, RingResult
        The incumbent and its simulation.
    prices : Prices
        What electricity costs at each location.
    heat_kwh : ndarray, shape (T,)
        Heat of the incumbent's heat pumps into the ring, as the programme counts it [kWh].
    """
    # ASSUME: water comes to the plant at the temperature that it has at the incumbent. Heat that
    # pipes bring with a delay is not in the lines, and there programme and simulation part.
    price = np.full(result.step_h.size, rows.electricity_price_eur_per_kwh)
    if rows.electricity_location is not None:
        price = np.asarray(prices.electricity_eur_per_kwh[rows.electricity_location], dtype=float)
    slopes = np.zeros((2, price.size))
    if config.plant is None or config.two_pipe is None:
        return PlantPrice(slopes, slopes.copy())
    ways = heat_per_flow(config, data, result)
    for row, (sign, grown) in enumerate(zip((-1.0, 1.0), ways, strict=True)):
        for name, heat in grown.items():
            own = config.plant.cost_eur_per_kwh(name) + price * result.e_bal[name]
            slopes[row] += sign * own * heat / config.two_pipe.difference_k
    # The line of the incumbent's way is nothing at the incumbent; the other one meets it where no
    # heat is moved on balance.
    own_way = np.where(heat_kwh <= 0.0, slopes[0], slopes[1])
    known = np.tile(-own_way * heat_kwh, (2, 1))
    return PlantPrice(slopes, known)
