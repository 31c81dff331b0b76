"""One scenario's results, and what led to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr


@dataclass
class CollectedResults:
    """One scenario's results and what led to them.

    Attributes
    ----------
    results : xarray.Dataset
        The last dispatch.
    inputs : xarray.Dataset
        The model data.
    ring : xarray.Dataset or None
        The last simulation of the ring, with ``temperature_by_iteration_degc(iteration, state)``.
    convergence : xarray.Dataset or None
        Measures of convergence, one value per iteration.
    record : dict
        The convergence record as it was written.
    quality : dict or None
        The data-quality report.
    config : dict
        The model's configuration.
    settings : dict
        The scenario's settings.
    versions, checksums : dict
        Where the results come from.
    attrs : dict
        Run, scenario, title, version.
    """

    results: xr.Dataset
    inputs: xr.Dataset
    ring: xr.Dataset | None = None
    convergence: xr.Dataset | None = None
    record: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] | None = None
    config: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
