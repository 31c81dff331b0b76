"""Checks of every series a parameter reads: gaps, infinities, signs and ranges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from anello.model.definition.node_values import NodeValues
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import parameter
from anello.model.schema.report import Report
from anello.model.timeseries import Reference

ROUNDING = 1e-6
"""Part of the largest value below which a wrong sign is taken as rounding."""


def check_series(
    nodes: list[NodeValues],
    series: Mapping[Reference, np.ndarray],
    index: pd.DatetimeIndex,
    report: Report,
) -> None:
    """Check every series against the parameter that reads it; each pair once."""
    seen: set[tuple[str, str, float, Reference]] = set()
    for entry in nodes:
        base = entry.node.tech.base
        scale = entry.numbers.get("resource_scale", 1.0)
        sign = -1.0 if isinstance(scale, float) and scale < 0 else 1.0
        for key, reference in entry.references():
            name = _variable(key)
            if reference in series and (name, base, sign, reference) not in seen:
                seen.add((name, base, sign, reference))
                _check(series[reference], name, base, sign, reference, index, report)


def _variable(key: str) -> str:
    """Return the dataset variable behind a dotted key."""
    if ".constraints.carrier_ratios." in key:
        return "carrier_ratios"
    last = key.rpartition(".")[2]
    return last if ".constraints." in key else f"cost_{last}"


def _check(
    values: np.ndarray,
    name: str,
    base: str,
    sign: float,
    reference: Reference,
    index: pd.DatetimeIndex,
    report: Report,
) -> None:
    def tell(bad: np.ndarray, message: str, *, shown: bool = True, gentle: bool = False) -> bool:
        steps = np.flatnonzero(bad)
        if not steps.size:
            return False
        step = int(steps[0])
        more = f" and at {steps.size - 1} more steps" if steps.size > 1 else ""
        record = report.harmless if gentle else report.error
        record(
            f"{message} at {index[step]}{more} (read as `{name}`)",
            key=reference.column,
            mark=Mark(reference.table),
            value=float(values[step]) if shown else None,
        )
        return True

    if tell(np.isnan(values), "value missing", shown=False):
        return
    if name != "resource" and tell(np.isinf(values), "infinite value"):
        return
    entry = parameter(name)
    if entry is None:
        return
    if entry.kind == "flag":
        tell((values != 0) & (values != 1), "neither 0 nor 1")
    elif name == "resource" and base == "demand":
        tell(values * sign > 0, "a demand must be zero or negative, but is positive")
    elif name == "resource":
        finite = np.abs(values[np.isfinite(values)])
        limit = ROUNDING * (finite.max() if finite.size else 0.0)
        tell(values * sign < -limit, "an available resource is negative", gentle=True)
    else:
        tell((values < entry.low) | (values > entry.high), "value out of range")
