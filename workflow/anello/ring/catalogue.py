"""COP maps of catalogue heat pumps, from the library `hplib` (Tjaden, Hoops and Rösken 2021).

hplib fits the Keymark's measured points of each machine by ``COP = p1·T_in + p2·T_out + p3 +
p4·T_amb`` (after Schwamberger 1991), with the source that comes in, the water that goes out, and
the outdoor air for which the test asks. Its code is under the MIT licence, its data under CC BY
4.0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anello.errors import ConfigError, Problem, did_you_mean
from anello.ring.cop_config import CatalogueCop
from anello.ring.cop_maps import Table

Floats = NDArray[np.float64]

GROUPS = {
    "brine/water regulated": 2.0,
    "water/water regulated": 3.0,
    "brine/water on-off": 5.0,
    "water/water on-off": 6.0,
}
"""hplib's groups of machines with a liquid source."""
GENERIC = "Generic"
TEST_AMBIENT_DEGC = -7.0
"""Outdoor air of the test at full output, for which hplib gives its reference [°C]."""
RING_DEGC, USE_DEGC = np.linspace(0.0, 25.0, 6), np.linspace(25.0, 55.0, 7)
"""Where the fit is taken to hold: the tests are at 0 and 10 °C, and up to 55 °C [°C]."""
_COLUMNS = ("p1_COP [-]", "p2_COP [-]", "p3_COP [-]", "p4_COP [-]")


def catalogue_map(config: CatalogueCop) -> Table:
    """Return the map of a catalogue heat pump.

    Parameters
    ----------
    config : CatalogueCop
        Model and group.

    Raises
    ------
    ConfigError
        If the library is missing, or has no such machine with a liquid source.
    """
    return fitted_map(coefficients(config.model, config.group))


def fitted_map(found: tuple[float, ...]) -> Table:
    """Return hplib's fit as a table, which meets it everywhere, as it is linear.

    Parameters
    ----------
    found : tuple of four floats
        p1 and p2 [1/K], p3 [-], p4 [1/K].

    Raises
    ------
    ConfigError
        If it gives a COP of one or less.
    """
    p1, p2, p3, p4 = found
    cop = p1 * RING_DEGC[:, None] + p2 * USE_DEGC[None, :] + p3 + p4 * TEST_AMBIENT_DEGC
    if not (cop > 1.0).all():
        raise ConfigError(
            Problem(
                f"the catalogue's fit gives a COP of {cop.min():.2f} between a ring of "
                f"{RING_DEGC[0]:g} °C and a use of {USE_DEGC[-1]:g} °C",
                key="ring.heat_pumps.….cop_map",
                suggestion="Choose another model, or `model: Generic`",
            )
        )
    return Table(RING_DEGC, USE_DEGC, cop)


@lru_cache(maxsize=64)
def coefficients(model: str, group: str) -> tuple[float, float, float, float]:
    """Return hplib's four coefficients of a model's COP.

    Parameters
    ----------
    model : str
        Its name in the catalogue, or `Generic` for the mean of a group.
    group : str
        One of `GROUPS`; only for `Generic`.

    Raises
    ------
    ConfigError
        If the library is missing, or has no such machine with a liquid source.
    """
    key = "ring.heat_pumps.….cop_map"
    try:
        from hplib import hplib
    except ImportError as error:
        raise ConfigError(
            Problem(
                "the library `hplib`, which holds the catalogue, is not installed",
                key=key,
                value=model,
                suggestion='pip install "anello[catalogue]", or give a `table`',
            )
        ) from error
    machines = hplib.load_database()
    machines = machines[machines["Group"].isin(list(GROUPS.values()))]
    machines = machines[machines[list(_COLUMNS)].notna().all(axis=1)]
    found = machines[machines["Model"].str.strip() == model.strip()]
    if model == GENERIC:
        found = found[found["Group"] == GROUPS[group]]
    if found.empty:
        names = sorted({str(name).strip() for name in machines["Model"]})
        what = f"mean machine of `{group}`" if model == GENERIC else "machine of this name"
        raise ConfigError(
            Problem(
                f"the catalogue has no {what} with a liquid source and a fitted COP",
                key=f"{key}.{'group' if model == GENERIC else 'model'}",
                value=group if model == GENERIC else model,
                suggestion=(
                    "Take another group"
                    if model == GENERIC
                    else did_you_mean(model, names) or f"`{GENERIC}`, or one of {len(names)} others"
                ),
            )
        )
    p1, p2, p3, p4 = (float(value) for value in found[list(_COLUMNS)].iloc[0])
    return p1, p2, p3, p4
