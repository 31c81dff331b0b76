"""The most each node could ever give: upper bounds that hold in every feasible solution."""

from __future__ import annotations

import numpy as np

from anello.model.data import ModelData


def largest_energy_cap(data: ModelData) -> np.ndarray:
    """Return an upper bound of each node's energy capacity, shape (k,) [kW]; inf if there is none.

    Fixed capacity wins over the maximum; units and limits over all locations are taken in.
    """
    scale = data.value("energy_cap_scale")
    fixed = data.value("energy_cap_equals") * scale
    bound = np.where(np.isnan(fixed), data.value("energy_cap_max") * scale, fixed)
    per_unit = data.value("energy_cap_per_unit")
    for name in ("units_max", "units_equals"):
        by_units = data.value(name) * per_unit
        bound = np.fmin(bound, by_units)
    techs = {str(t): i for i, t in enumerate(data.inputs["tech"].values)}
    own = [techs[str(t).split(":")[0]] for t in data.inputs["node_tech"].values]
    single = data.inputs["node_base"].values != "transmission"  # a link counts at both ends
    for name in ("energy_cap_max_systemwide", "energy_cap_equals_systemwide"):
        variable = f"tech_{name}"
        if variable in data.inputs:
            limit = data.inputs[variable].values[own] * np.maximum(scale, 1.0)
            bound = np.where(single, np.fmin(bound, limit), bound)
    return np.asarray(bound)


def largest_output_kwh(data: ModelData) -> np.ndarray:
    """Return an upper bound of what each node gives to a carrier of its first tier, (k, T) [kWh].

    The bound is loose on purpose: storage counts with its power whatever its level, transmission
    with its capacity whatever lies behind it, so that a shortage found with it is certain.
    """
    hours = data.inputs["timestep_resolution"].values
    cap = largest_energy_cap(data)
    bound = np.multiply.outer(cap, hours)
    steps = len(hours)

    def over_time(name: str) -> np.ndarray:
        values = data.value(name)
        return values if values.ndim == 2 else np.repeat(values[:, None], steps, axis=1)

    may = over_time("energy_prod")
    efficiency = over_time("energy_eff")
    base = data.inputs["node_base"].values
    converts = ~np.isin(base, ["supply_plus", "storage"])  # there 0.6.10 forgets the balance
    bound = np.where((may == 0) | (converts[:, None] & (efficiency == 0)), 0.0, bound)
    transmission = base == "transmission"
    lossy = transmission[:, None] & (bound > 0)
    with np.errstate(invalid="ignore"):
        bound = np.where(lossy, bound * np.minimum(efficiency, 1.0), bound)
    return np.asarray(np.fmin(bound, _by_resource(data, cap, efficiency, base == "supply")))


def _by_resource(
    data: ModelData, cap: np.ndarray, efficiency: np.ndarray, supply: np.ndarray
) -> np.ndarray:
    """Return the bound that a supply technology's resource sets, (k, T) [kWh]; inf elsewhere."""
    resource = data.value("resource", default=False)
    if resource.ndim == 1:  # a constant, which may also mean that there is no limit
        return np.full(efficiency.shape, np.inf)
    varies = supply & ~np.isnan(resource).any(axis=1)
    unit = data.inputs["resource_unit"].values
    area = data.value("resource_area_equals")
    area = np.where(np.isnan(area), data.value("resource_area_max"), area)
    size = np.where(unit == "energy_per_area", area, np.where(unit == "energy_per_cap", cap, 1.0))
    scale = data.value("resource_scale")
    with np.errstate(invalid="ignore"):
        energy = resource * (scale * size)[:, None] * efficiency
    energy = np.where(np.isnan(energy), np.inf, energy)  # nothing of something unlimited
    constant = (resource == resource[:, :1]).all(axis=1)
    bounded = varies & ~constant & (scale >= 0)
    return np.where(bounded[:, None], np.maximum(energy, 0.0), np.inf)
