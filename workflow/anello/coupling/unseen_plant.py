"""What heat costs the plant of a ring whose water no programme sees.

The plant of two pipes answers to what heat pumps do: water that they cool comes to it, and it heats
as much again; where they warm water on balance, it cools. What that costs follows from how its
devices answer to the flow: an exchanger moves less of each further kilogram, and a dearer device
the rest, so that the cost bends upwards, and its price changes sign where the balance does. The
programme sees the cost of each step as the highest of several lines: the one at the incumbent, and
tangents at other flows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.prices import Prices
from anello.optimise.formulation.ring_rows import WAYS, RingRows
from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.two_pipe_plant import heat_at_flows

Floats = NDArray[np.float64]

ASIDE_KW_PER_K = 0.01
"""Flow by which the plant's answer to more of it is found [kW/K]."""

BESIDE = (-0.2, -0.07, 0.07, 0.2)
"""Where tangents are, from the incumbent's flow on, in shares of the largest one [-]."""


@dataclass(frozen=True)
class PlantPrice:
    """What heat into the ring costs its plant, as lines of which the highest holds.

    Attributes
    ----------
    eur_per_kwh : ndarray, shape (W, T)
        Slopes, by `ring_rows.WAYS`: at the incumbent, where heat pumps cool the water on balance,
        and the plant heats; where they warm it; then the same at other flows [€/kWh].
    known_eur : ndarray, shape (W, T)
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
    price = prices.of_plant(rows)
    slopes, known = np.zeros((2, len(WAYS), price.size))
    if config.plant is None or config.two_pipe is None:
        return PlantPrice(slopes, known)
    ways = np.array([-1.0, 1.0])[:, None, None]
    # The plant's flow as heat that the programme counts, in both ways: one of them is none.
    own = np.maximum(ways[:, 0] * heat_kwh / (config.two_pipe.difference_k * data.step_h), 0.0)
    points = np.array((0.0, *BESIDE))[:, None] * own.max()
    flows = np.maximum(own[:, None] + points, 0.0)
    paid = {
        name: config.plant.cost_eur_per_kwh(name) + price * per_kwh
        for name, per_kwh in result.e_bal.items()
    }

    def cost_eur_per_h(flow_kw_per_k: Floats) -> Floats:
        total = np.zeros_like(flow_kw_per_k)
        for name, kw in heat_at_flows(config, data, result, flow_kw_per_k).items():
            total += paid[name] * kw
        return total

    costs, more = cost_eur_per_h(flows), cost_eur_per_h(flows + ASIDE_KW_PER_K)
    # From cost per flow to cost per heat, and from tangents to what they are at no heat.
    per_flow = (more - costs) / ASIDE_KW_PER_K
    slopes = ways * per_flow / config.two_pipe.difference_k
    known = (costs - per_flow * flows) * data.step_h
    here = np.where(heat_kwh <= 0.0, known[0, 0], known[1, 0])
    here = here + np.where(heat_kwh <= 0.0, slopes[0, 0], slopes[1, 0]) * heat_kwh
    known -= here
    # No line is above the incumbent's own there, should the cost bend downwards somewhere.
    known = np.minimum(known, -slopes * heat_kwh)
    lines = (len(WAYS), price.size)
    return PlantPrice(
        slopes.transpose(1, 0, 2).reshape(lines), known.transpose(1, 0, 2).reshape(lines)
    )
