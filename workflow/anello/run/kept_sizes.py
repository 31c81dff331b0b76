"""Settings of a scenario that has the sizes another one found: to round, and to try elsewhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from anello.errors import InputError
from anello.optimise.results.collected import CollectedResults
from anello.present.report.sizes import NOTHING_BUILT
from anello.ring.exchanger_parts import PRICE, is_exchanger, pump_of
from anello.run.scenario_config import merge

_CAPACITIES = ("energy_cap", "storage_cap", "resource_area")
_PLANT = {
    "wells": ("max_flow_kg_s",),
    "central_heat_pump": ("max_kw",),
    "backup_heater": ("max_kw",),
    "dry_cooler": ("max_kw", "kw_per_k"),
    "chiller": ("max_kw",),
    "borefield": ("built_share",),
}
"""What says the size of each device of the ring's plant."""
_DIGITS = 3
"""Decimals of a size that is written; the last is rounded up, so that nothing is too small."""
_SHARE_DIGITS = 6
"""Decimals of an effectiveness."""


def kept_sizes(collected: CollectedResults, name: str) -> dict[str, Any]:
    """Return the definition of a scenario with the sizes that these results found.

    Parameters
    ----------
    collected : CollectedResults
        A scenario of the workflow, with sizes that its model or its ring's plant left open.
    name : str
        The new scenario's name.

    Returns
    -------
    dict
        Settings with `scenarios` and `scenario_definitions`, to be laid over those of the run.

    Raises
    ------
    InputError
        If the results are no scenario's, or nothing in it was left open.
    """
    told = collected.settings
    if "model_scenario" not in told:
        raise InputError(
            "these results know no scenario; give the results.nc that the workflow writes for each"
        )
    found = {**_of_nodes(collected), **_of_links(collected)}
    plant, exchangers = _of_plant(collected), _of_exchangers(collected)
    if not found and not plant and not exchangers:
        raise InputError(
            f"the scenario `{told['name']}` left no size open: all were given by its model; give"
            " the results of one that finds sizes, such as `designed`"
        )
    definition = {
        "description": f"The sizes that `{told['name']}` found.",
        "model_scenario": told["model_scenario"],
        "overrides": {**told["overrides"], **found},
        "data": _given(told["data"]),
        "ring": _given(told["ring"]),
    }
    for pump in definition["ring"].get("heat_pumps", {}).values():
        if "span_k" in pump.get("use_temperature", {}):  # in place of a capacity further below
            pump["use_temperature"]["kwh_per_k"] = None
    for key, exchanger in exchangers.items():
        definition["ring"]["heat_pumps"][key][PRICE] = exchanger
    if plant:
        definition["ring"]["plant"] = merge(definition["ring"]["plant"], plant)
    if (told.get("coupling") or {}).get("method") == "none":
        definition["coupling"] = {"method": "none"}
    return {"scenarios": [name], "scenario_definitions": {name: definition}}


def _given(settings: Any) -> Any:
    """Return settings without what is empty, which says nothing."""
    if not isinstance(settings, dict):
        return settings
    kept = {key: _given(value) for key, value in settings.items()}
    return {key: value for key, value in kept.items() if value not in (None, {}, [], "")}


def _up(value: float) -> float:
    """Round up to the decimals that are written; a solver's rounding of nothing is nothing."""
    steps = float(10**_DIGITS)
    scaled = value * steps
    return math.ceil(scaled - 1e-3) / steps


def _of_nodes(collected: CollectedResults) -> dict[str, float]:
    """Overrides for what was chosen at locations."""
    found: dict[str, float] = {}
    for node in _chosen_nodes(collected):
        key = f"locations.{node['node_loc'].item()}.techs.{node['node_tech'].item()}.constraints"
        found |= {f"{key}.{what}": value for what, value in _chosen(collected, node)}
    return found


def _of_links(collected: CollectedResults) -> dict[str, float]:
    """Overrides for what was chosen along links, each of which is two nodes of the same size."""
    found: dict[str, float] = {}
    for node in _chosen_nodes(collected, links=True):
        tech, _, other = str(node["node_tech"].item()).partition(":")
        pair = sorted((str(node["node_loc"].item()), other))
        key = f"links.{','.join(pair)}.techs.{tech}.constraints"
        found |= {f"{key}.{what}": value for what, value in _chosen(collected, node)}
    return found


def _chosen_nodes(collected: CollectedResults, *, links: bool = False) -> list[xr.Dataset]:
    """Nodes whose sizes are decisions; connections without a limit grow with what they carry."""
    results = collected.results
    return [
        results.isel(node=position)
        for position, base in enumerate(results["node_base"].values.tolist())
        if base not in ("demand", "supply") and (base == "transmission") is links
    ]


def _chosen(collected: CollectedResults, node: xr.Dataset) -> list[tuple[str, float]]:
    """Return which constraints give a node the sizes that were found for it."""
    label = str(node["node"].item())

    def given(name: str) -> bool:
        if name not in collected.inputs or "node" not in collected.inputs[name].dims:
            return False
        series = collected.inputs[name].to_series()
        return bool(np.isfinite(series.get(label, np.nan)))

    def size(name: str) -> float:
        return float(node[name].item()) if name in node else np.nan

    if given("energy_cap_per_unit"):
        units = size("units")
        return [] if given("units_equals") else [("units_equals", round(units))]
    sizes = {name: size(name) for name in _CAPACITIES}
    return [
        (f"{name}_equals", _up(value))
        for name, value in sizes.items()
        if np.isfinite(value) and not given(f"{name}_equals")
    ]


def _chosen_parts(collected: CollectedResults) -> list[str]:
    """Names of the ring's parts whose sizes were chosen."""
    if "ring_size" not in collected.results:
        return []
    return [str(name) for name in collected.results["ring_size"]["part"].values]


def _of_exchangers(collected: CollectedResults) -> dict[str, dict[str, Any] | None]:
    """Return exchangers for free cooling whose sizes were chosen, by heat pump; None for none."""
    found: dict[str, dict[str, Any] | None] = {}
    for name in filter(is_exchanger, _chosen_parts(collected)):
        key = pump_of(name)
        built = collected.settings["ring"]["heat_pumps"][key][PRICE]
        if built is not None:
            # More digits than a size has: near 1 the last ones are much of an exchanger.
            share = round(float(built["effectiveness"]), _SHARE_DIGITS)
            built = {**_given(built), "effectiveness": share, "size": None}
        found[key] = built
    return found


def _of_plant(collected: CollectedResults) -> dict[str, Any]:
    """Return the ring's plant as far as its sizes were chosen, with nothing left to choose."""
    parts = [name for name in _chosen_parts(collected) if not is_exchanger(name)]
    if not parts:
        return {}
    built = collected.settings["ring"]["plant"]
    plant: dict[str, Any] = {}
    for name in parts:
        if built[name] is None:  # a borefield of no boreholes
            plant[name] = None
            continue
        sizes = {key: _up(float(built[name][key])) for key in _PLANT[name]}
        if name != "borefield" and float(built[name][_PLANT[name][0]]) < NOTHING_BUILT:
            sizes = dict.fromkeys(sizes, 0.0)  # given up, but for what a search leaves of it
        # A device of no size has no power, and what it would exchange says nothing.
        plant[name] = {key: size for key, size in sizes.items() if size or key != "kw_per_k"}
    if built.get("build_eur"):
        plant["build_eur"] = built["build_eur"]
    return plant


__all__ = ["kept_sizes"]
