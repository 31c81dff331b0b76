"""Caps on a cost class, such as CO2, held against the electricity that the simulation needs.

A programme keeps a cap with the COP that it is linear about. What heat pumps and plant truly take
beyond that is bought, and what is emitted for it counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.base.labelled import labels_of
from anello.coupling.electricity import prices_by_class
from anello.model.data.groups import counted_nodes
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.groups import limits_of
from anello.ring.cost import LocationElectricity

if TYPE_CHECKING:
    import xarray as xr

    from anello.model.data import ModelData

Floats = NDArray[np.float64]

CAPPED = ("cost", "cost_var")
"""What a group constraint may cap that grows with the electricity bought."""


def beyond_caps(
    data: ModelData,
    dispatch: xr.Dataset,
    supplies: Mapping[str, LocationElectricity],
    more_kwh: Mapping[str, Floats],
) -> float:
    """Return by what share the caps of a model are exceeded, added up over all of them [-].

    Parameters
    ----------
    data : ModelData
        The model, with caps as group constraints `cost_max` and `cost_var_max`.
    dispatch : xarray.Dataset
        Results, with `cost(cost_class, node)` and `cost_var(cost_class, node, timestep)`.
    supplies : mapping of str to LocationElectricity
        Where each location's electricity comes from.
    more_kwh : mapping of str to ndarray, shape (T,)
        What is truly bought at each location beyond the dispatch [kWh].
    """
    if not data.config.get("group_constraints"):
        return 0.0
    context, beyond = Context(data), 0.0
    for kind in CAPPED:
        if kind not in dispatch:  # nothing costs anything
            continue
        for _, group, limits in limits_of(context, kind, "max"):
            nodes = counted_nodes(data, group, f"{kind}_max")
            for cost_class, limit in limits.items():
                if limit is None or cost_class not in dispatch["cost_class"].values:
                    continue
                names = context.sets.names(nodes)
                costs = dispatch[kind].sel(cost_class=cost_class)
                planned = float(costs.sel(node=[n for n in names if n in costs["node"]]).sum())
                more = _more(data, cost_class, set(names), supplies, more_kwh)
                size = max(abs(float(limit)), abs(planned))
                beyond += max(planned + more - float(limit), 0.0) / size if size else 0.0
    return beyond


def _more(
    data: ModelData,
    cost_class: str,
    names: set[str],
    supplies: Mapping[str, LocationElectricity],
    more_kwh: Mapping[str, Floats],
) -> float:
    """Return what electricity bought beyond the dispatch adds to a class, in its unit."""
    nodes, classes = labels_of(data.inputs, "node"), labels_of(data.inputs, "cost")
    weight = data.inputs["timestep_weight"].values.astype(float)
    added = 0.0
    for place, supply in supplies.items():
        for node, share in supply.shares.items():
            if node in names:
                price = prices_by_class(data, nodes.index(node))[classes.index(cost_class)]
                added += float((price * share * more_kwh[place] * weight).sum())
    return added
