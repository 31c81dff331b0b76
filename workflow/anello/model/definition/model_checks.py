"""Checks of values that only make sense together."""

from __future__ import annotations

from typing import Any

import numpy as np

from anello.model.data import ModelData
from anello.model.definition.magnitude_checks import check_magnitudes
from anello.model.definition.spores_checks import check_spores
from anello.model.definition.supply_checks import check_supply
from anello.model.schema.report import Report

_SIZES = ("energy_cap", "storage_cap", "resource_cap", "resource_area")


def check_data(data: ModelData, report: Report) -> None:
    """Check a whole model: resources, capacities, storage, objective, supply and magnitudes."""
    _check_resources(data, report)
    _check_negative_costs(data, report)
    _check_storage(data, report)
    _check_objective(data, report)
    _check_integers(data, report)
    if data.config["run"]["mode"] == "spores":
        check_spores(data, report)
    if not report.problems:
        check_supply(data, report)
        check_magnitudes(data, report)


def _path(data: ModelData, node: int | np.integer[Any]) -> str:
    location = data.inputs["node_loc"].values[node]
    tech = str(data.inputs["node_tech"].values[node]).split(":")
    if len(tech) > 1:
        return f"links.{location},{tech[1]}.techs.{tech[0]}"
    return f"locations.{location}.techs.{tech[0]}"


def _check_resources(data: ModelData, report: Report) -> None:
    resource = data.value("resource", default=False)
    scale = data.value("resource_scale")
    wide = resource if resource.ndim == 2 else resource[:, None]
    given = data.defined("force_resource")
    forced = data.value("force_resource")
    forced = (forced.max(axis=1) if forced.ndim == 2 else forced) > 0
    demand = data.inputs["node_base"].values == "demand"
    infinite = np.isinf(wide)
    always = infinite.all(axis=1)
    for node in np.flatnonzero(infinite.any(axis=1) & forced & ~always):
        report.error(
            "an infinite resource cannot be forced", key=f"{_path(data, node)}.constraints.resource"
        )
    for node in np.flatnonzero(always & given & forced & ~demand):
        report.warn(
            "`force_resource` has no effect on an infinite resource",
            key=f"{_path(data, node)}.constraints.resource",
        )
    with np.errstate(invalid="ignore"):
        positive = demand & (wide * scale[:, None] > 0).any(axis=1)
    for node in np.flatnonzero(positive):
        report.error(
            "a demand must be zero or negative",
            key=f"{_path(data, node)}.constraints.resource",
            value=float((wide[node] * scale[node]).max()),
        )


def _check_negative_costs(data: ModelData, report: Report) -> None:
    """Income per capacity without a limit of the capacity would make the model unbounded."""
    for size in _SIZES:
        if f"cost_{size}" not in data.inputs:
            continue
        fixed = data.value(f"{size}_equals")
        limit = np.where(np.isnan(fixed), data.value(f"{size}_max"), fixed)
        units = np.fmin(data.value("units_max"), data.value("units_equals"))
        earns = (data.value(f"cost_{size}") < 0).any(axis=0)
        for node in np.flatnonzero(earns & ~np.isfinite(limit) & ~np.isfinite(units)):
            report.error(
                f"a negative cost needs a limit, `{size}_max` or `{size}_equals`",
                key=f"{_path(data, int(node))}.costs",
            )


def _check_storage(data: ModelData, report: Report) -> None:
    if "cluster" in data.inputs.coords:
        _check_clustered_storage(data, report)
    if not {"storage_initial", "storage_discharge_depth"} <= set(data.inputs):
        return
    initial = data.value("storage_initial", default=False)
    depth = data.value("storage_discharge_depth", default=False)
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(initial < depth)
    for node in below:
        report.error(
            "`storage_initial` must not be below `storage_discharge_depth`",
            key=f"{_path(data, int(node))}.constraints",
            value=[float(initial[node]), float(depth[node])],
        )


def _check_clustered_storage(data: ModelData, report: Report) -> None:
    stores = data.nodes("storage")
    for node in np.flatnonzero(data.defined("storage_discharge_depth")):
        report.error(
            "a depth of discharge cannot be kept with representative days, as levels count from "
            "the start of each day there",
            key=f"{_path(data, int(node))}.constraints.storage_discharge_depth",
            suggestion="Remove it, or use the time function `resample`",
        )
    if "datestep" in data.inputs.coords:
        return
    if data.config["run"]["cyclic_storage"] and len(stores):
        report.error(
            "storage cannot be cyclic with representative days that do not follow each other",
            key="run.cyclic_storage",
            value=True,
            suggestion="Set it to false, or "
            "`model.time.function_options.storage_inter_cluster` to true",
        )
    weight = float(data.inputs["timestep_weight"].max())
    for node in np.flatnonzero(np.nan_to_num(data.value("storage_initial")) > 0):
        report.warn(
            "without `storage_inter_cluster` the first representative day starts with this level "
            f"each time it stands for a day (up to {weight:g} times)",
            key=f"{_path(data, int(node))}.constraints.storage_initial",
        )


def _check_objective(data: ModelData, report: Report) -> None:
    weights = data.config["run"]["objective_options"]["cost_class"]
    known = [str(c) for c in data.inputs["cost"].values]
    for name in weights:
        if name not in known and not (name == "monetary" and len(weights) == 1 and not known):
            report.warn(
                f"no technology has costs of the class `{name}`",
                key="run.objective_options.cost_class",
            )


def _check_integers(data: ModelData, report: Report) -> None:
    names = ["units_min", "units_max", "units_equals", "cost_purchase"]
    used = [n for n in names if n in data.inputs]
    if "force_asynchronous_prod_con" in data.inputs:
        used.append("force_asynchronous_prod_con")
    if used:
        listed = ", ".join(f"`{n.removeprefix('cost_')}`" for n in used)
        report.warn(f"integer decisions ({listed}) make the model slower to solve")
