"""How a field's wall answers to a constant load: its g-function."""

from __future__ import annotations

import csv
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.files import write_text
from anello.base.year import HOURS_OF_A_YEAR
from anello.errors import InputError, Problem
from anello.ring.borefield.config import BorefieldConfig, GivenField, GridField, PlacedField

if TYPE_CHECKING:
    import pygfunction as gt

Floats = NDArray[np.float64]
HORIZON_YEARS = 100
"""How far g-functions reach, whatever the horizon of a study [a]."""
HOUR_S = 3600.0
_POINTS, _EARLY_POINTS = 60, 12
_RECIPE = "pygfunction equivalent, uniform wall temperature, 60 + 12 times, 100 years"


def borehole_count(config: BorefieldConfig) -> int:
    """Return the number of boreholes [-]."""
    layout = config.field
    if isinstance(layout, GivenField):
        return layout.count
    if isinstance(layout, PlacedField):
        return len(layout.places_m)
    return int(_boreholes(config).nBoreholes)


def g_function(config: BorefieldConfig, folder: Path | None = None) -> tuple[Floats, Floats]:
    """Return a field's g-function.

    ``T_wall = T_0 − q/(2πk)·g(t)`` for a constant heat extraction q per metre (Eskilson 1987).
    It is computed by pygfunction with its equivalent boreholes (Cimmino 2021) and a uniform wall
    temperature, or read from the file that the settings name.

    Parameters
    ----------
    config : BorefieldConfig
        The field.
    folder : Path, optional
        Where relative files start, and where computed functions are kept; without it they are
        computed anew.

    Returns
    -------
    hours, g : ndarray, shape (P,)
        Times [h] and values [-], both rising.

    Raises
    ------
    InputError
        If a given file is missing or does not hold a g-function.
    """
    if isinstance(config.field, GivenField):
        return read_g_function(_found(config.field.file, folder))
    if folder is None:
        return _computed(config)
    path = folder / ".g_functions" / f"{_digest(config)}.csv"
    if path.is_file():
        return read_g_function(path)
    hours, g = _computed(config)
    lines = [f"{h!r},{value!r}" for h, value in zip(hours.tolist(), g.tolist(), strict=True)]
    write_text(path, "\n".join(["time_h,g", *lines]) + "\n")
    return hours, g


def read_g_function(path: Path) -> tuple[Floats, Floats]:
    """Read a g-function from a CSV file.

    Parameters
    ----------
    path : Path
        File with a header, then times [h] and values [-].

    Returns
    -------
    hours, g : ndarray, shape (P,)
        Times [h] and values [-], both rising.

    Raises
    ------
    InputError
        If the file is missing, or is no g-function.
    """
    where = "ring.plant.borefield.field.file"
    try:
        with open(path, newline="", encoding="utf-8") as handle:
            rows = [row for row in csv.reader(handle) if row][1:]
    except OSError as error:
        raise InputError(
            Problem(f"cannot be read: {error.strerror}", key=where, value=str(path))
        ) from error
    try:
        hours, g = np.array([[float(cell) for cell in row] for row in rows]).T
    except ValueError as error:
        raise InputError(
            Problem(
                "is not two columns of numbers below a header",
                key=where,
                value=str(path),
                suggestion="Write `time_h,g` and one line per time",
            )
        ) from error
    fine = np.isfinite(hours).all() and np.isfinite(g).all() and hours.size >= 4
    if not (fine and (np.diff(hours) > 0).all() and (np.diff(g) >= 0).all()):
        raise InputError(
            Problem(
                "needs at least 4 finite times that rise, with a g that never falls",
                key=where,
                value=str(path),
            )
        )
    if hours[0] <= 0 or g[0] < 0 or g[-1] <= 0:
        raise InputError(
            Problem("times and g must be positive", key=where, value=f"{path}: {hours[0]}, {g[0]}")
        )
    return hours, g


def _found(file: str, folder: Path | None) -> Path:
    path = Path(file)
    return path if path.is_absolute() or folder is None else folder / path


def _digest(config: BorefieldConfig) -> str:
    """Return a name for all that decides a g-function."""
    inputs = config.model_dump(
        include={"field", "depth_m", "buried_m", "radius_m", "soil_w_per_mk", "soil_kj_per_m3k"}
    )
    text = json.dumps([_RECIPE, version("pygfunction"), inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _boreholes(config: BorefieldConfig) -> gt.borefield.Borefield:
    import pygfunction as gt

    layout = config.field
    size = (config.depth_m, config.buried_m, config.radius_m)
    if isinstance(layout, GridField):
        shape = {
            "rectangle": gt.borefield.Borefield.rectangle_field,
            "box": gt.borefield.Borefield.box_shaped_field,
            "U": gt.borefield.Borefield.U_shaped_field,
            "L": gt.borefield.Borefield.L_shaped_field,
        }[layout.kind]
        return shape(layout.rows, layout.columns, layout.spacing_m, layout.spacing_m, *size)
    assert isinstance(layout, PlacedField)
    return gt.borefield.Borefield.from_boreholes(
        [gt.boreholes.Borehole(*size, x, y) for x, y in layout.places_m]
    )


def _computed(config: BorefieldConfig) -> tuple[Floats, Floats]:
    import pygfunction as gt

    field, alpha = _boreholes(config), config.diffusivity_m2_per_s
    hours = np.geomspace(1.0, HORIZON_YEARS * HOURS_OF_A_YEAR, _POINTS)
    late = gt.gfunction.gFunction(field, alpha, hours * HOUR_S, method="equivalent").gFunc
    # Uniform temperature has no meaning before the wall feels the load, and its equations are
    # singular there: one borehole's line source instead.
    early = np.geomspace(0.05, 1.0, _EARLY_POINTS, endpoint=False)
    single = gt.boreholes.Borehole(config.depth_m, config.buried_m, config.radius_m, 0.0, 0.0)
    start = gt.gfunction.gFunction(
        [single],
        alpha,
        np.append(early, 1.0) * HOUR_S,
        method="similarities",
        boundary_condition="UHTR",
        options={"nSegments": 1, "segment_ratios": None},
    ).gFunc
    start = start[:-1] * (late[0] / start[-1])
    return np.concatenate([early, hours]), np.maximum.accumulate(np.concatenate([start, late]))
