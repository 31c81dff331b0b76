"""Undisturbed ground temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.ring.ground_config import FixedGround, KusudaGround

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.0


def kusuda_degc(
    day_of_year: ArrayLike,
    depth_m: ArrayLike,
    mean_degc: float,
    amplitude_k: float,
    coldest_day: float,
    diffusivity_m2_per_day: float,
) -> Floats:
    """Return the undisturbed ground temperature.

    T(z, t) = T_mean − A·exp(−z·√(π/(365·α)))·cos(2π/365·(t − t_cold − z/2·√(365/(π·α)))),
    Kusuda and Achenbach (1965), "Earth temperature and thermal diffusivity at selected stations in
    the United States", ASHRAE Transactions 71.

    Parameters
    ----------
    day_of_year : array_like
        Time since the start of the year [d].
    depth_m : array_like
        Depth, broadcast against the time [m].
    mean_degc, amplitude_k : float
        Mean [°C] and amplitude [K] of the surface temperature over the year.
    coldest_day : float
        Day on which the surface is coldest [d].
    diffusivity_m2_per_day : float
        Thermal diffusivity of the soil [m²/d].

    Returns
    -------
    ndarray
        Ground temperature [°C].
    """
    day = np.asarray(day_of_year, dtype=float)
    depth = np.asarray(depth_m, dtype=float)
    damping = np.exp(-depth * np.sqrt(np.pi / (DAYS_PER_YEAR * diffusivity_m2_per_day)))
    delay = depth / 2.0 * np.sqrt(DAYS_PER_YEAR / (np.pi * diffusivity_m2_per_day))
    wave = np.cos(2.0 * np.pi / DAYS_PER_YEAR * (day - coldest_day - delay))
    result: Floats = mean_degc - amplitude_k * damping * wave
    return result


def days_into_year(times: NDArray[np.datetime64], step_h: Floats) -> Floats:
    """Return the middle of each time step since the start of its year, shape (T,) [d].

    Parameters
    ----------
    times : ndarray of datetime64, shape (T,)
        Start of each step.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    """
    days = (times - times.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    middle: Floats = np.asarray(days, dtype=float) + step_h / 48.0
    return middle


def ground_temperature_degc(
    ground: FixedGround | KusudaGround,
    day_of_year: Floats,
    depth_m: ArrayLike | None = None,
) -> Floats:
    """Return the ground temperature a configuration describes.

    Parameters
    ----------
    ground : FixedGround or KusudaGround
        The configuration.
    day_of_year : ndarray, shape (T,)
        Time since the start of the year [d].
    depth_m : float or ndarray, optional
        Depth in place of the configuration's; shape (N,) gives (T, N) [m].

    Returns
    -------
    ndarray, shape (T,) or (T, N)
        Ground temperature [°C].
    """
    depth = np.asarray(depth_m) if depth_m is not None else None
    if isinstance(ground, FixedGround):
        shape = (
            day_of_year.shape
            if depth is None or depth.ndim == 0
            else (day_of_year.size, depth.size)
        )
        return np.full(shape, ground.degc)
    if depth is None:
        depth = np.asarray(ground.depth_m)
    day = day_of_year if depth.ndim == 0 else day_of_year[:, None]
    return kusuda_degc(
        day,
        depth,
        ground.mean_degc,
        ground.amplitude_k,
        ground.coldest_day,
        ground.diffusivity_m2_per_day,
    )
