"""Part load and standby: what a heat pump takes besides what its temperatures say.

A map's COP holds at full output. At the share r of the installed capacity the machine takes the
share w(r) of its full electricity: a monotone cubic through the given points (Fritsch and Carlson
1980), and below the least stable output, where it runs and stands by turns, a line through nothing.
It draws its standby electricity for the part of a step in which it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.config import RingConfig
from anello.ring.cop_config import HeatPumpConfig
from anello.ring.exchange import RingInput

Floats = NDArray[np.float64]

LEAST_SLOPE = 0.1
"""Least growth of the electricity by output, relative to their ratio: a cubic may be flat where it
ends, and no programme can take output that costs nothing [-]."""


@dataclass(frozen=True)
class PartLoads:
    """What H heat pumps take in T steps at their output.

    Attributes
    ----------
    works : ndarray, shape (H, T)
        Electricity of the compressor relative to that at the map's COP: w(r)/r [-].
    grows : ndarray, shape (H, T)
        Growth of that electricity by output, relative to the map's: w'(r) [-].
    standby_kw : ndarray, shape (H, T)
        Electricity while the machine stands, mean of the step; no heat of it gets into the ring
        [kW].
    standby_per_kw : ndarray, shape (H, T)
        Its growth by output [kW/kW].
    curved : ndarray of bool, shape (H,)
        Whether electricity is no straight line of the output.
    """

    works: Floats
    grows: Floats
    standby_kw: Floats
    standby_per_kw: Floats
    curved: NDArray[np.bool_]

    def kw_per_kw(self, cop: Floats) -> Floats:
        """Return the electricity that more output takes, shape (H, T) [kW/kW].

        Parameters
        ----------
        cop : ndarray, shape (H, T)
            COP at the output, standby left out [-].

        Raises
        ------
        InputError
            If a machine takes more while it stands than while it runs.
        """
        slope: Floats = self.grows / self.works / cop + self.standby_per_kw
        if (slope <= 0.0).any():
            raise InputError(
                Problem(
                    "a heat pump takes more electricity while it stands than while it runs",
                    key="ring.heat_pumps.….standby_kw",
                    suggestion="Give the standby of one machine in kW, not in W",
                )
            )
        return slope


def part_loads(config: RingConfig, data: RingInput) -> PartLoads | None:
    """Return what heat pumps take at their output; None where all follow their map alone.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.

    Raises
    ------
    InputError
        If the dispatch does not say how large a heat pump is.
    """
    pumps = [config.heat_pump(node) for node in data.nodes]
    curved = np.array([pump is not None and pump.part_load is not None for pump in pumps])
    stands = np.array([pump is not None and pump.standby_kw > 0.0 for pump in pumps])
    if not (curved | stands).any():
        return None
    if data.capacity_kw is None:
        node = data.nodes[int((curved | stands).argmax())]
        raise InputError(
            Problem(
                "the dispatch does not say how large this heat pump is, which part load needs",
                key=node,
                suggestion="Give `energy_cap`, or leave out `part_load` and `standby_kw`",
            )
        )
    works, grows = np.ones((2, *data.q_kw.shape))
    standby, per_kw = np.zeros((2, *data.q_kw.shape))
    for row, pump in enumerate(pumps):
        size = float(data.capacity_kw[row])
        if pump is None or size <= 0.0 or not (curved[row] or stands[row]):
            continue
        share = data.q_kw[row] / size
        if curved[row]:
            works[row], grows[row] = _works(pump, share)
        least = pump.least_output
        standby[row] = pump.standby_kw * np.maximum(1.0 - share / least, 0.0)
        per_kw[row] = np.where(share < least, -pump.standby_kw / (least * size), 0.0)
    return PartLoads(works, grows, standby, per_kw, curved)


def _works(pump: HeatPumpConfig, share: Floats) -> tuple[Floats, Floats]:
    """Return w(r)/r and w'(r) of a heat pump at these shares of its capacity, shape (T,) [-]."""
    # Half a second that only such heat pumps pay.
    from scipy.interpolate import PchipInterpolator

    assert pump.part_load is not None
    output, cop = np.array(pump.part_load).T
    # ASSUME: beyond its capacity a machine works as at its capacity.
    inside = np.clip(share, output[0], 1.0)
    curve = PchipInterpolator(output, output / cop)
    ratio = curve(inside) / inside
    slope = np.maximum(curve.derivative()(inside), LEAST_SLOPE * ratio)
    return ratio, np.where((share < output[0]) | (share > 1.0), ratio, slope)
