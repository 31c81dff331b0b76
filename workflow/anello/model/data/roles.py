"""Which nodes store, collect on an area and have costs, by what the model gives of them."""

from __future__ import annotations

import numpy as np

from anello.model.data.data import ModelData

INVESTMENT_COSTS = (
    "cost_energy_cap",
    "cost_storage_cap",
    "cost_resource_cap",
    "cost_resource_area",
    "cost_resource2_cap",
    "cost_purchase",
    "cost_om_annual",
    "cost_om_annual_investment_fraction",
)
"""Costs of capacity, of a purchase and of a year's operation."""

VARIABLE_COSTS = ("cost_om_prod", "cost_om_con", "cost_export", "cost_om_resource2")
"""Costs of production, of consumption and of export."""


def given(data: ModelData, text: str, *, costs: bool) -> np.ndarray:
    """Return for which nodes any parameter with a text in its name is given, shape (k,) of bool.

    Parameters
    ----------
    data : ModelData
        The model.
    text : str
        Part of a parameter's name, such as ``"storage_"``.
    costs : bool
        Whether costs count as well.
    """
    mask = np.zeros(data.inputs.sizes["node"], dtype=bool)
    for name in map(str, data.inputs.data_vars):
        if text not in name or (name.startswith("cost_") and not costs):
            continue
        if "node" in data.inputs.variables[name].dims:
            mask |= data.defined(name)
    return mask


def stores(data: ModelData) -> np.ndarray:
    """Return positions of storage technologies, and of supply_plus with a storage parameter."""
    base = data.inputs["node_base"].values
    plus = (base == "supply_plus") & given(data, "storage_", costs=False)
    return np.flatnonzero((base == "storage") | plus)


def areas(data: ModelData) -> np.ndarray:
    """Return positions of nodes with an area parameter or cost, or a resource per area."""
    base = data.inputs["node_base"].values
    mask = given(data, "resource_area", costs=True)
    mask |= data.inputs["resource_unit"].values == "energy_per_area"
    return np.flatnonzero(mask & (base != "transmission"))
