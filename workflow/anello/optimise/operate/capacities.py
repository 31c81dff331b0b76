"""What `plan` mode decides and `operate` mode is given: capacities, units and purchases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from anello.errors import ConfigError, InputError, Problem
from anello.model.data import ModelData
from anello.optimise.formulation.expression import Array
from anello.optimise.formulation.sets import Mask, Sets

CAPACITIES = (
    "energy_cap",
    "storage_cap",
    "resource_cap",
    "resource2_cap",
    "resource_area",
    "units",
)


def fixed_capacities(
    data: ModelData, earlier: xr.Dataset | None = None
) -> tuple[dict[str, Array], list[str]]:
    """Capacities of all nodes, and what had to be mended.

    A capacity is what ``_equals`` says, else what ``_max`` says, else what its ratio to another
    capacity says, else unlimited. Results of an earlier plan stand in place of all of these.

    Parameters
    ----------
    data : ModelData
        The model.
    earlier : xarray.Dataset, optional
        Results of a run in `plan` mode.

    Returns
    -------
    capacities : dict of str to ndarray, shape (n_nodes,)
        By variable, ``purchased`` included; infinite without a limit [kW, kWh, m² or units].
    warnings : list of str
        What was changed, as sentences.

    Raises
    ------
    InputError
        If a capacity must be finite and is not, or two capacities contradict each other; names
        every node at fault.
    """
    sets = Sets(data)
    found = {name: _one(data, name, earlier) for name in CAPACITIES}
    if earlier is None:
        found["energy_cap"] *= data.value("energy_cap_scale")
        per_unit = found["units"] * data.value("energy_cap_per_unit", default=False)
        built_in_units = np.isin(sets.all, sets.units) & np.isfinite(per_unit)
        found["energy_cap"] = np.where(built_in_units, per_unit, found["energy_cap"])
        _follow_ratios(data, found)
    warnings = list(_repair(data, sets, found))
    problems = [*_unbounded(data, sets, found), *_contradictions(data, sets, found)]
    if problems:
        raise InputError(problems, summary="mode `operate` cannot run with these capacities")
    found["purchased"] = (found["energy_cap"] > 0).astype(float)
    return found, warnings


def _one(data: ModelData, name: str, earlier: xr.Dataset | None) -> Array:
    if earlier is not None and name in earlier:
        nodes = data.inputs["node"].values
        if not np.array_equal(earlier["node"].values, nodes):
            raise ConfigError(
                Problem(
                    "the earlier plan is of another model: its technologies differ",
                    key="run.operation.use_cap_results",
                )
            )
        values = np.asarray(earlier[name].values, dtype=float)
        return np.where(np.isnan(values), np.inf, values)
    given = data.value(f"{name}_equals", default=False)
    most = data.value(f"{name}_max", default=False)
    values = np.where(np.isnan(given), most, given)
    return np.where(np.isnan(values), np.inf, values)


def _follow_ratios(data: ModelData, found: dict[str, Array]) -> None:
    """Work out capacities that only a ratio to another one limits."""
    inf = np.inf
    ratios = [
        np.nan_to_num(data.value(name, default=False), nan=inf)
        for name in ("energy_cap_per_storage_cap_equals", "energy_cap_per_storage_cap_max")
    ] + [np.nan_to_num(data.value("charge_rate", default=False), nan=inf)]
    area = np.nan_to_num(data.value("resource_area_per_energy_cap", default=False), nan=inf)
    same = np.nan_to_num(data.value("resource_cap_equals_energy_cap")) == 1
    for name, of, ratio in (
        *(("energy_cap", "storage_cap", ratio) for ratio in ratios),
        ("resource_area", "energy_cap", area),
        ("resource_cap", "energy_cap", np.where(same, 1.0, inf)),
    ):
        known = np.isinf(found[name]) & np.isfinite(found[of]) & np.isfinite(ratio)
        found[name][known] = found[of][known] * ratio[known]


def _forced(data: ModelData) -> Mask:
    """Nodes that must take or give their whole resource in some step."""
    forced: Mask = np.nan_to_num(data.value("force_resource")) == 1
    return np.asarray(forced.any(axis=1)) if forced.ndim == 2 else forced


def _repair(data: ModelData, sets: Sets, found: dict[str, Array]) -> Iterator[str]:
    """Lift limits that a forced resource overrides, and tell of settings that mean nothing here."""
    forced = _forced(data) & sets.finite_resource
    stores = set(sets.store)
    for n in np.flatnonzero(forced):
        lifted = ["resource_cap"]
        if n not in stores:
            unit = sets.resource_unit[n]
            if unit != "energy_per_cap":
                lifted.append("energy_cap")
            if unit != "energy_per_area":
                lifted.append("resource_area")
        for name in lifted:
            if not np.isfinite(found[name][n]):
                continue
            found[name][n] = np.inf
            # A demand has no limits of its own; one from a plan is its largest flow.
            if sets.base[n] != "demand":
                yield (
                    f"{sets.labels[n]}: the limit on {name} is lifted, because force_resource"
                    " decides the flow"
                )
    if data.config["run"]["cyclic_storage"] and len(sets.store):
        yield "run.cyclic_storage: storage is not cyclic in mode `operate`; it starts as given"
    if len(sets.store) and not sets.defined("storage_initial").any():
        yield "storage_initial is not given: every store starts empty"
    for name, group in data.config.get("group_constraints", {}).items():
        if group.get("demand_share_per_timestep_decision") is not None:
            yield (
                f"group_constraints.{name}: demand_share_per_timestep_decision is left out in mode"
                " `operate`, which cannot decide one share for all horizons"
            )


def _unbounded(data: ModelData, sets: Sets, found: dict[str, Array]) -> Iterator[Problem]:
    """Capacities that must be finite: their size is multiplied with something."""
    forced = _forced(data)
    least = sets.defined("energy_cap_min_use") & sets.truthy("energy_cap_min_use")
    in_units = np.isin(sets.all, sets.units)
    stores = set(sets.store)
    initial = np.nan_to_num(data.value("storage_initial")) > 0
    depth = np.nan_to_num(data.value("storage_discharge_depth")) > 0
    for n, label in enumerate(sets.labels):
        unit = sets.resource_unit[n]
        per_cap = unit == "energy_per_cap" and forced[n]
        if not np.isfinite(found["energy_cap"][n]) and (per_cap or (least[n] and not in_units[n])):
            reason = "the resource is per capacity" if per_cap else "there is a least use of it"
            yield _missing(label, "energy_cap", reason)
        per_area = unit == "energy_per_area" and sets.finite_resource[n]
        if per_area and not np.isfinite(found["resource_area"][n]):
            yield _missing(label, "resource_area", "the resource is per area")
        as_share = n in stores and (initial[n] or depth[n])
        if as_share and not np.isfinite(found["storage_cap"][n]):
            yield _missing(label, "storage_cap", "a level is given as a share of it")


def _missing(label: str, name: str, reason: str) -> Problem:
    return Problem(
        f"a finite {name} is needed, because {reason}",
        key=label,
        suggestion=f"Give {name}_equals or {name}_max",
    )


def _contradictions(data: ModelData, sets: Sets, found: dict[str, Array]) -> Iterator[Problem]:
    """Stores whose capacities break their own ratio."""
    for n in sets.store:
        energy, storage = found["energy_cap"][n], found["storage_cap"][n]
        if not (np.isfinite(energy) and np.isfinite(storage)):
            continue
        for name, sign in (
            ("charge_rate", 1.0),
            ("energy_cap_per_storage_cap_max", 1.0),
            ("energy_cap_per_storage_cap_min", -1.0),
        ):
            ratio = float(data.value(name, [int(n)])[0])
            if np.isfinite(ratio) and sign * (energy - storage * ratio) > 1e-6 * (1.0 + energy):
                yield Problem(
                    f"energy_cap of {energy:g} kW and storage_cap of {storage:g} kWh contradict"
                    f" this ratio of {ratio:g}/h",
                    key=f"{sets.labels[n]}.{name}",
                )
