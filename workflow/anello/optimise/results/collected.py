"""One scenario's results, and what led to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr


@dataclass(repr=False)
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

    def __repr__(self) -> str:
        """Return what there is, in a few lines; the data sets themselves show their numbers."""
        sizes = ", ".join(f"{size} {name}" for name, size in self.results.sizes.items())
        about = " of ".join(
            str(self.attrs[key]) for key in ("scenario", "run") if self.attrs.get(key)
        )
        lines = [f"<anello results{': ' if about else ''}{about}", f"results:      {sizes}"]
        cost = self.results.attrs.get("cost_objective")
        if cost is not None:
            lines.append(f"cost:         {float(cost):,.6g} ({self.results.attrs.get('status')})")
        if self.convergence is not None:
            lines.append(f"convergence:  {self.convergence.sizes.get('iteration', 0)} iterations")
        named = (
            "results",
            "inputs",
            "ring",
            "convergence",
            "record",
            "quality",
            "config",
            "settings",
            "versions",
            "checksums",
            "attrs",
        )
        there = [name for name in named if getattr(self, name) is not None]
        return "\n".join([*lines, f"attributes:   {', '.join(there)}>"])
