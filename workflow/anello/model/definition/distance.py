"""Distances between locations."""

from __future__ import annotations

import math


def distance_between(
    first: tuple[float, float], second: tuple[float, float], system: tuple[str, ...]
) -> float:
    """Return the distance between two locations.

    Parameters
    ----------
    first, second : tuple of float
        ``(lat, lon)`` [deg] or ``(x, y)`` [free unit].
    system : tuple of str
        ``("lat", "lon")`` or ``("x", "y")``.

    Returns
    -------
    float
        Geodesic on the WGS 84 ellipsoid, rounded to whole metres as Calliope 0.6 does [m];
        or the straight line in the unit of x and y.

    Notes
    -----
    The geodesic is computed by geographiclib [1]_, which converges for antipodal points too.

    References
    ----------
    .. [1] C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87, 43-55 (2013),
       doi:10.1007/s00190-012-0578-z.
    """
    if system != ("lat", "lon"):
        return math.hypot(first[0] - second[0], first[1] - second[1])
    from geographiclib.geodesic import Geodesic  # only models with lat/lon need it

    line = Geodesic.WGS84.Inverse(*first, *second, Geodesic.DISTANCE)
    return float(round(line["s12"]))
