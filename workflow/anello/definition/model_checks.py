"""Checks that need the whole model: series, capacities, supply."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.definition.node_values import NodeValues
from anello.definition.parameters import parameter
from anello.definition.report import Report
from anello.definition.tree import Mark
from anello.timeseries import Reference


def check_data(
    dataset: xr.Dataset, config: dict[str, Any], nodes: list[NodeValues], report: Report
) -> None:
    """Check values that only make sense together."""
    check_series(dataset, nodes, report)


def check_series(dataset: xr.Dataset, nodes: list[NodeValues], report: Report) -> None:
    """Check every series for missing, infinite and out-of-range values."""
    index = pd.DatetimeIndex(dataset["timestep"].values)
    seen: set[tuple[str, Reference]] = set()
    for row, entry in enumerate(nodes):
        for name, value in entry.numbers.items():
            if isinstance(value, Reference) and name in dataset and (name, value) not in seen:
                seen.add((name, value))
                _check_one(dataset[name].values[row], name, value, index, report)


def _check_one(
    values: np.ndarray, name: str, reference: Reference, index: pd.DatetimeIndex, report: Report
) -> None:
    mark = Mark(reference.table)
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        at = index[int(missing[0])]
        report.error(
            f"value missing at {at} ({missing.size} such steps)", key=reference.column, mark=mark
        )
        return
    entry = parameter(name)
    if entry is None:
        return
    bad = np.flatnonzero((values < entry.low) | (values > entry.high))
    if bad.size:
        step = int(bad[0])
        report.error(
            f"out of range for `{name}` at {index[step]} ({bad.size} such steps)",
            key=reference.column,
            mark=mark,
            value=float(values[step]),
        )
