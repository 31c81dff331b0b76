"""Series whose size suggests another unit than the one they are read in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from anello.model.definition.node_values import NodeValues
from anello.model.schema.mark import Mark
from anello.model.schema.report import Report
from anello.model.timeseries import Reference

# ASSUME: no sun above the atmosphere's 1.36 kW/m2 by much, and no plant above its nominal power by
# much: what lies above was hardly meant per m2 or per kW.
LIMITS_KW = {"energy_per_area": 1.5, "energy_per_cap": 1.5}
"""Largest plausible power per unit of size [kW/m2 or kW/kW]."""

SPIKE = 10.0
"""How many times the 99.9 % quantile a value must be to be told as a spike."""

SPIKE_SAMPLE = 200
"""Least number of values other than zero from which spikes are judged."""


def check_units(
    nodes: list[NodeValues],
    series: Mapping[Reference, np.ndarray],
    index: pd.DatetimeIndex,
    hours: np.ndarray,
    report: Report,
) -> None:
    """Warn of resources too large for their unit, efficiencies above one, and lone spikes.

    Parameters
    ----------
    nodes : list of NodeValues
        What each node defines.
    series : mapping of Reference to numpy.ndarray
        Values, shape (T,).
    index : pandas.DatetimeIndex
        Time steps.
    hours : numpy.ndarray
        Their length, shape (T,) [h].
    report : Report
        Receives the warnings.
    """
    seen: set[tuple[str, Reference]] = set()

    def tell(bad: np.ndarray, values: np.ndarray, reference: Reference, message: str) -> None:
        steps = np.flatnonzero(bad)
        if not steps.size or (message, reference) in seen:
            return
        seen.add((message, reference))
        step = int(steps[np.argmax(np.abs(values[steps]))])
        more = f", the largest of {steps.size} such steps" if steps.size > 1 else ""
        report.warn(
            f"{message} at {index[step]}{more}",
            key=reference.column,
            mark=Mark(reference.table),
            value=float(values[step]),
        )

    for entry in nodes:
        value = entry.numbers.get("resource")
        if isinstance(value, Reference) and value in series:
            values = series[value]
            tell(_spikes(values), values, value, f"more than {SPIKE:g} times the usual peak")
            unit = entry.texts.get("resource_unit", "energy")
            scale = entry.numbers.get("resource_scale", 1.0)
            if unit in LIMITS_KW and isinstance(scale, float):
                per_hour = np.abs(values * scale) / hours
                what = "m2" if unit == "energy_per_area" else "kW"
                message = f"implausibly large for a resource in kWh per {what}; W instead of kW?"
                tell(per_hour > LIMITS_KW[unit], values, value, message)
        value = entry.numbers.get("energy_eff")
        if entry.node.tech.base in ("storage", "transmission"):
            if isinstance(value, Reference) and value in series:
                message = f"a {entry.node.tech.base} efficiency above one makes energy of nothing"
                tell(series[value] > 1, series[value], value, message)
            elif isinstance(value, float) and value > 1:
                report.warn(
                    "an efficiency above one makes energy of nothing",
                    key=f"{entry.node.path}.constraints.energy_eff",
                    mark=entry.node.mark,
                    value=value,
                )


def _spikes(values: np.ndarray) -> np.ndarray:
    """Return which values stand far above nearly all others, shape (T,) of bool."""
    sizes = np.abs(values)
    usual = sizes[(sizes > 0) & np.isfinite(sizes)]
    if usual.size < SPIKE_SAMPLE:
        return np.zeros(len(values), dtype=bool)
    # The quantile of what is no candidate itself, so that a short series is judged by the rest.
    rank = int(np.ceil(usual.size * 0.999)) - 1
    peak = np.partition(usual, min(rank, usual.size - 2))[min(rank, usual.size - 2)]
    return np.asarray(sizes > SPIKE * peak)
