"""What must be paid to build a system, before interest and lifetime spread it over years."""

from __future__ import annotations

import numpy as np
import xarray as xr

_PRICED = (
    ("cost_energy_cap", "energy_cap"),
    ("cost_storage_cap", "storage_cap"),
    ("cost_resource_cap", "resource_cap"),
    ("cost_resource2_cap", "resource2_cap"),
    ("cost_resource_area", "resource_area"),
    ("cost_purchase", "purchased"),
    ("cost_purchase", "units"),
)


def overnight_cost(inputs: xr.Dataset, results: xr.Dataset) -> xr.DataArray | None:
    """Price every capacity at what it costs to build.

    Parameters
    ----------
    inputs : xarray.Dataset
        Model data, with ``cost_energy_cap(cost, node)`` [cost unit/kW] and the like.
    results : xarray.Dataset
        Capacities by node.

    Returns
    -------
    xarray.DataArray or None
        Dimensions (cost, node) [cost unit], NaN where nothing is priced. A link stands at two
        places and counts half at each. None if the model prices no capacity.
    """
    parts = []
    for price, capacity in _PRICED:
        if price in inputs and capacity in results:
            size = xr.DataArray(
                results[capacity].reindex(node=inputs["node"].values).values, dims="node"
            )
            parts.append((inputs[price] * size).where(inputs[price] != 0.0))
    if not parts:
        return None
    total = xr.concat(parts, dim="part").sum("part", min_count=1)
    share = np.where(inputs["node_base"].values == "transmission", 0.5, 1.0)
    return total * xr.DataArray(share, dims="node")


__all__ = ["overnight_cost"]
