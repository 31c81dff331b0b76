"""The weather that a model brings along: temperatures of the outdoor air.

``model.outdoor_degc: file=weather.csv:outdoor_degc`` gives the air that coolers and chillers of the
ring reject heat to. It is read, cut and resampled with the model's other series.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.timeseries import Reference, SeriesReader, parse_reference

WEATHER = {
    "outdoor_degc": "Dry-bulb temperature of the outdoor air",
    "outdoor_wet_bulb_degc": "Wet-bulb temperature of the outdoor air",
}
COLDEST_DEGC, WARMEST_DEGC = -70.0, 60.0


def want_weather(tree: Tree, reader: SeriesReader, report: Report) -> dict[str, Reference | float]:
    """Ask for the series under `model` that are weather.

    Parameters
    ----------
    tree : Tree
        The model's definition.
    reader : SeriesReader
        Will read them with all others.
    report : Report
        Receives faults.

    Returns
    -------
    dict of str to Reference or float
        A series, or one number for all time steps.
    """
    model = tree.section("model")
    wanted: dict[str, Reference | float] = {}
    for name in WEATHER:
        value = model.get(name)
        if value is None:
            continue
        reference, mark = parse_reference(value, name), model.mark(name)
        if reference is not None:
            reader.want(reference, f"model.{name}", mark)
            wanted[name] = reference
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            wanted[name] = float(value)
        else:
            report.error(
                "must be a number of degrees Celsius or a series",
                key=f"model.{name}",
                mark=mark,
                value=value,
                suggestion=f"Write `{name}: file=weather.csv:{name}`",
            )
    return wanted


def add_weather(
    dataset: xr.Dataset,
    wanted: Mapping[str, Reference | float],
    found: Mapping[Reference, np.ndarray],
    report: Report,
) -> None:
    """Put the weather into the data set, as variables over `timestep` [°C].

    What no air can be is reported as a fault.
    """
    for name, value in wanted.items():
        steps = dataset.sizes["timestep"]
        values = found[value] if isinstance(value, Reference) else np.full(steps, value)
        if not ((values >= COLDEST_DEGC) & (values <= WARMEST_DEGC)).all():
            worst = values[np.argmax(np.abs(np.nan_to_num(values, nan=1e9)))]
            report.error(
                f"must lie between {COLDEST_DEGC:g} and {WARMEST_DEGC:g} °C",
                key=f"model.{name}",
                value=float(worst),
            )
            continue
        dataset[name] = ("timestep", values, {"units": "degC", "long_name": WEATHER[name]})
