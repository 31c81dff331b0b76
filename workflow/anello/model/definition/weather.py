"""What surrounds a ring, as a model brings it along: outdoor air, and series of its sources.

``model.outdoor_degc: file=weather.csv:outdoor_degc`` gives the air that coolers and chillers of the
ring reject heat to; ``model.ring_series: {sewage: file=sewage.csv:degc}`` gives series that the
ring's settings name. They are read, cut and resampled with the model's other series.
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
RING_SERIES = "ring_series_"
"""How the names of the ring's series begin in the data set."""
COLDEST_DEGC, WARMEST_DEGC = -70.0, 60.0


def want_weather(tree: Tree, reader: SeriesReader, report: Report) -> dict[str, Reference | float]:
    """Ask for the series under `model` that are weather, and for those of the ring.

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
    series = model.section("ring_series")
    told = [(name, f"model.{name}", name, model) for name in WEATHER]
    told += [(f"{RING_SERIES}{name}", f"model.ring_series.{name}", name, series) for name in series]
    wanted: dict[str, Reference | float] = {}
    for variable, key, name, section in told:
        value = section.get(name)
        if value is None:
            continue
        reference, mark = parse_reference(value, name), section.mark(name)
        if reference is not None:
            reader.want(reference, key, mark)
            wanted[variable] = reference
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            wanted[variable] = float(value)
        else:
            report.error(
                "must be a number or a series",
                key=key,
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
    """Put weather [°C] and the ring's series into the data set, as variables over `timestep`.

    What no air can be is reported as a fault. What a series of the ring may be depends on its use.
    """
    added: dict[str, tuple[str, np.ndarray, dict[str, str]]] = {}
    for name, value in wanted.items():
        steps = dataset.sizes["timestep"]
        values = found[value] if isinstance(value, Reference) else np.full(steps, value)
        if name.startswith(RING_SERIES):
            own = name.removeprefix(RING_SERIES)
            added[name] = ("timestep", values, {"long_name": f"Series `{own}` of the ring"})
            continue
        if not ((values >= COLDEST_DEGC) & (values <= WARMEST_DEGC)).all():
            worst = values[np.argmax(np.abs(np.nan_to_num(values, nan=1e9)))]
            report.error(
                f"must lie between {COLDEST_DEGC:g} and {WARMEST_DEGC:g} °C",
                key=f"model.{name}",
                value=float(worst),
            )
            continue
        added[name] = ("timestep", values, {"units": "degC", "long_name": WEATHER[name]})
    dataset.update(added)
