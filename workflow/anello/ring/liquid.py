"""Water is water: it freezes, and a ring of plastic pipes does not get as hot as one likes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from anello.errors import InputError, Problem

HOTTEST_DEGC = 90.0
"""No ring of pipes stands water beyond this [°C]."""


def require_liquid(ring: xr.Dataset, scenario: str) -> None:
    """Refuse a result in which the ring's water freezes, or is hotter than any ring.

    Parameters
    ----------
    ring : xarray.Dataset
        The simulated ring, with `temperature_degc(state)` and, on a loop, `node_degc(state,
        substation)` [°C].
    scenario : str
        Its scenario, for the message.

    Raises
    ------
    InputError
        With the hour and substation at which the water is furthest from what it may be, the heat
        that is missing there, and what can be done.
    """
    water = ring["node_degc"] if "node_degc" in ring else ring["temperature_degc"]
    values = water.values.reshape(water.sizes["state"], -1)
    for worst, frozen in ((values.min(), True), (values.max(), False)):
        if (worst >= 0.0) if frozen else (worst <= HOTTEST_DEGC):
            continue
        state, place = np.unravel_index(int(np.abs(values - worst).argmin()), values.shape)
        when = str(ring["state"].values[state])[:16].replace("T", " ")
        names = list(map(str, ring["substation"].values)) if "substation" in ring.coords else []
        where = f" at {names[place]}" if len(names) else ""
        way = "warm" if frozen else "cool"
        raise InputError(
            Problem(
                f"scenario {scenario}: the ring's water is {worst:.1f} °C{where} on {when}, which "
                f"{'is ice' if frozen else 'no ring of pipes stands'}: the plant cannot {way} it "
                "enough",
                key="ring.plant",
                suggestion=(
                    f"Name a larger {'`backup_heater`' if frozen else '`chiller`'} or more well "
                    "water, let more water flow (`ring.loop.flow`), or connect less to this ring"
                ),
            )
        )
