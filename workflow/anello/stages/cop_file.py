"""The COP that a solution shall use, on its way from one iteration to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anello.errors import ArtefactError
from anello.files import PathLike, atomic_path

Floats = NDArray[np.float64]


def write_cop(path: PathLike, cop: Mapping[str, Floats], times: NDArray[Any]) -> None:
    """Write COP series to a NetCDF file; equal series give equal bytes.

    Parameters
    ----------
    path : path-like
        The file to make.
    cop : mapping of str to ndarray, shape (T,)
        COP by heat pump, `location::technology` [-].
    times : ndarray of datetime64, shape (T,)
        Start of each time step.
    """
    import netCDF4

    with atomic_path(path) as temporary, netCDF4.Dataset(str(temporary), "w") as file:
        file.createDimension("node", len(cop))
        file.createDimension("timestep", len(times))
        node = file.createVariable("node", str, ("node",))
        for position, name in enumerate(cop):
            node[position] = name
        step = file.createVariable("timestep", "i8", ("timestep",))
        step.units = "minutes since 1970-01-01 00:00:00"
        step.calendar = "proleptic_gregorian"
        step[:] = times.astype("datetime64[m]").astype(np.int64)
        values = file.createVariable("cop", "f8", ("node", "timestep"), zlib=True, complevel=1)
        values.units = "1"
        values.long_name = "coefficient of performance for the next dispatch"
        if cop:
            values[:] = np.array(list(cop.values()))


def read_cop(path: PathLike) -> dict[str, Floats]:
    """Read what `write_cop` wrote.

    Returns
    -------
    dict of str to ndarray, shape (T,)
        COP by heat pump [-].

    Raises
    ------
    ArtefactError
        If the file is missing, damaged, or holds values that are no COP.
    """
    import netCDF4

    try:
        with netCDF4.Dataset(str(path)) as file:
            names = [str(name) for name in file["node"][:]] if len(file.dimensions["node"]) else []
            values = np.ma.filled(file["cop"][:], np.nan).astype(float)
    except (OSError, IndexError, KeyError, RuntimeError) as fault:
        raise ArtefactError(f"{path}: no COP series can be read ({fault})") from fault
    if not np.isfinite(values).all() or (values <= 0).any():
        raise ArtefactError(f"{path}: a COP is not a positive number")
    return dict(zip(names, values, strict=True))
