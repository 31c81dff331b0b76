"""Water is water: it freezes, and a ring of plastic pipes does not get as hot as one likes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from anello.errors import InputError, Problem
from anello.ring.fluid import HOTTEST_DEGC, Medium
from anello.ring.held import SLACK_K, STANDS_STILL, stands_still


def require_liquid(ring: xr.Dataset, medium: Medium, scenario: str) -> None:
    """Refuse a result in which what fills the ring comes near to freezing, or is too hot.

    Parameters
    ----------
    ring : xarray.Dataset
        The simulated ring, with `temperature_degc(state)` and, on a loop, `node_degc(state,
        substation)` [°C].
    medium : Medium
        What fills it.
    scenario : str
        Its scenario, for the message.

    Raises
    ------
    InputError
        With the hour and substation at which the water is furthest from what it may be, and what
        can be done.
    """
    water = ring["node_degc"] if "node_degc" in ring else ring["temperature_degc"]
    values = water.values.reshape(water.sizes["state"], -1)
    coldest = medium.coldest_degc
    for worst, frozen in ((values.min(), True), (values.max(), False)):
        if (worst >= coldest - SLACK_K) if frozen else (worst <= HOTTEST_DEGC):
            continue
        state, place = np.unravel_index(int(np.abs(values - worst).argmin()), values.shape)
        when = str(ring["state"].values[state])[:16].replace("T", " ")
        names = list(map(str, ring["substation"].values)) if "substation" in ring.coords else []
        where = f" at {names[place]}" if len(names) else ""
        way = "warm" if frozen else "cool"
        machines = "`central_heat_pump` or `backup_heater`" if frozen else "`chiller`"
        still = frozen and stands_still(ring, int(state))
        if still:
            machines = "`backup_heater`"
        beyond = (
            f"which is {'ice' if worst < medium.freezing_degc else 'near freezing'} "
            f"({coldest:.1f} °C at least)"
            if frozen
            else f"which no ring of pipes stands ({HOTTEST_DEGC:g} °C at most)"
        )
        raise InputError(
            Problem(
                f"scenario {scenario}: the ring's water is {worst:.1f} °C{where} on {when}, "
                f"{beyond}: the plant cannot {way} it enough"
                + (f". {STANDS_STILL.rstrip('.')}" if still else ""),
                key="ring.plant",
                suggestion=(
                    f"Name a larger {machines}, more well water, let more water flow "
                    "(`ring.loop.flow`), "
                    f"{'fill it with glycol (`ring.fluid`), ' if frozen else ''}"
                    "or connect less to this ring"
                ),
            )
        )
