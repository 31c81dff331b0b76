"""Sizes that were free and ended at a limit: what a larger or smaller one would save."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from anello.base.year import HOURS_OF_A_YEAR, hours_modelled
from anello.optimise.formulation.capacity_prices import CapacityPrices
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.whole_cost import objective_weights
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.g_function import borehole_count
from anello.ring.cop_config import FreeCooling
from anello.ring.exchanger_parts import PRICE, is_exchanger, pump_of
from anello.ring.plant_sizes import SIZE_KEYS, size_key

AT_LIMIT = 1e-4
"""How near to its limit a size counts as being there, relative to it [-]."""
NOTHING_SAVED = 1e-3
"""A smaller saving is none, and the limit does not hold the size [cost unit/(unit a)]."""
_NOTHING = 1e-3
"""A smaller size is none [kW, kWh, m²]."""
_UNITS = {"energy_cap": "kW", "storage_cap": "kWh", "resource_cap": "kW", "resource_area": "m²"}
_RING_UNITS = {"max_flow_kg_s": "kg/s", "max_kw": "kW", "kw_per_k": "kW/K"}
_KEYS = {"largest": "max", "smallest": "min"}
_RING_KEYS = {"largest": "most", "smallest": "least"}
_SUM_UNITS = {
    "energy_cap": "kW",
    "storage_cap": "kWh",
    "resource_area": "m²",
    "carrier_prod": "kWh",
    "carrier_con": "kWh",
}
"""Units of sums that groups limit; shares have none, and costs that of their class."""
_SYSTEMWIDE = {
    "energy_capacity_systemwide": ("energy_cap_max_systemwide", "kW"),
    "unit_capacity_systemwide_milp": ("units_max_systemwide", "units"),
}
_MADE = ("conversion", "conversion_plus", "supply_plus")


@dataclass(frozen=True)
class SizeAtLimit:
    """A size that the optimiser was free to choose, and that ended at a limit.

    Attributes
    ----------
    what : str
        The node, ``location::technology``, or the part of the ring; of a limit that several
        share, ``group_constraints.name``, ``techs.name`` or ``locations.name``.
    key : str
        What sets the limit: ``energy_cap_max``, ``ring.plant.sizes.wells.most``.
    size : float
        How large it is, in `unit`.
    unit : str
        Its unit.
    limit : str
        ``largest`` or ``smallest``.
    has_price : bool
        Whether a larger one costs more. One without a price may be at its largest for no reason.
    saves_per_year : float, optional
        What one unit more, or less of the smallest, would save a year [cost unit/(unit a)]; not
        above nought where the limit does not hold it. None where nothing tells it: with whole
        numbers, where demand stays unmet, or in a maximum.
    """

    what: str
    key: str
    size: float
    unit: str
    limit: str
    has_price: bool
    saves_per_year: float | None


def sizes_at_limits(collected: CollectedResults) -> list[SizeAtLimit]:
    """Return the sizes of a scenario that were free and ended at their largest or smallest.

    Parameters
    ----------
    collected : CollectedResults
        One scenario. Of the ring's parts its ``settings`` know in ``ring_size_limits`` between
        which shares of those described the search could choose.

    Returns
    -------
    list of SizeAtLimit
        Connections and stores' power without a price stand here only where the limit holds them:
        else nothing decides them. Of what comes in units, their number. A link stands once. Then
        limits of sums: of groups, over all locations, and of a location's area.
    """
    if (collected.config.get("run") or {}).get("mode") == "operate":
        return []
    savings = _Savings.of(collected)
    return [
        *_of_nodes(collected, savings),
        *_of_units(collected),
        *_of_ring(collected, savings),
        *_of_sums(collected, savings),
    ]


def _of_nodes(collected: CollectedResults, savings: _Savings) -> Iterator[SizeAtLimit]:
    results, inputs = collected.results, collected.inputs
    if "node" not in inputs:
        return
    nodes = [str(node) for node in inputs["node"].values]
    bases = [str(base) for base in inputs["node_base"].values]
    for name, unit in _UNITS.items():
        if name not in results:
            continue
        sizes = results[name].reindex(node=nodes).values
        least, most = (_parameter(collected, f"{name}_{side}") for side in ("min", "max"))
        free = np.isnan(_parameter(collected, f"{name}_equals"))
        free &= np.isnan(_parameter(collected, f"{name}_per_unit"))
        if name == "energy_cap":
            scale = _parameter(collected, "energy_cap_scale")
            scale = np.where(np.isnan(scale), 1.0, scale)
            least, most = least * scale, most * scale
        price = _prices(collected, name)
        for k in np.flatnonzero(free & np.isfinite(sizes) & ~(least >= most)):
            limit = _limit(sizes[k], least[k], most[k])
            base, twin = bases[k], _twin(collected, nodes, int(k))
            if limit is None or base == "demand" or (twin is not None and twin < k):
                continue
            ends = [nodes[i] for i in (int(k), twin) if i is not None]
            saves = savings.next_unit(name, ends, limit)
            made = base in _MADE if name == "energy_cap" else name == "storage_cap"
            holds = saves is not None and saves > NOTHING_SAVED
            if price[k] <= 0.0 and not holds and not (made and limit == "largest"):
                continue
            yield SizeAtLimit(
                what=nodes[k],
                key=f"{name}_{_KEYS[limit]}",
                size=float(sizes[k]),
                unit=unit,
                limit=limit,
                has_price=bool(price[k] > 0.0),
                saves_per_year=saves,
            )


def _of_units(collected: CollectedResults) -> Iterator[SizeAtLimit]:
    """Yield the nodes of which there are as many or as few units as may be."""
    results, inputs = collected.results, collected.inputs
    if "units" not in results or "node" not in inputs:
        return
    nodes = [str(node) for node in inputs["node"].values]
    counts = results["units"].reindex(node=nodes).values
    least, most, fixed = (_parameter(collected, f"units_{end}") for end in ("min", "max", "equals"))
    price = np.sum([_prices(collected, name) for name in ("purchase", *_UNITS)], axis=0)
    for k in np.flatnonzero(np.isfinite(counts) & np.isnan(fixed) & ~(least >= most)):
        limit, twin = _limit(counts[k], least[k], most[k], 0.5), _twin(collected, nodes, int(k))
        if limit is not None and price[k] > 0.0 and not (twin is not None and twin < k):
            key = f"units_{_KEYS[limit]}"
            yield SizeAtLimit(nodes[k], key, float(counts[k]), "units", limit, True, None)


def _of_sums(collected: CollectedResults, savings: _Savings) -> Iterator[SizeAtLimit]:
    """Yield limits of sums over several nodes that are reached, and hold them where that is known.

    Where nothing tells what a limit is worth, one that is reached stands here all the same.
    """
    for row in json.loads(collected.results.attrs.get("shared_limits", "[]")):
        told = _sum_limit(collected, row["constraint"], row["labels"])
        if told is None or row["slack"] > AT_LIMIT:
            continue
        what, key, size, unit, limit = told
        saves = None
        if savings.known and row["dual"] is not None:
            saves = (-row["dual"] if limit == "largest" else row["dual"]) / savings.years
            if saves <= NOTHING_SAVED:
                continue
        # Of a share, nobody means a unit more.
        yield SizeAtLimit(what, key, size, unit, limit, True, saves if unit else None)


def _sum_limit(
    collected: CollectedResults, constraint: str, labels: list[str]
) -> tuple[str, str, float, str, str] | None:
    """Return whose a limit of a sum is, its key, value and unit, and on which side it is.

    None for what fixes a sum, as a fixed size is not at a limit.
    """
    name = labels[0]
    if constraint == "resource_area_capacity_per_loc":
        places = [str(loc) for loc in collected.inputs["loc"].values]
        area = float(collected.inputs["loc_available_area"].values[places.index(name)])
        return f"locations.{name}", f"locations.{name}.available_area", area, "m²", "largest"
    if constraint in _SYSTEMWIDE:
        key, unit = _SYSTEMWIDE[constraint]
        techs = [str(tech) for tech in collected.inputs["tech"].values]
        most = collected.inputs.get(f"tech_{key}")
        size = np.nan if most is None else float(most.values[techs.index(name)])
        return (f"techs.{name}", key, size, unit, "largest") if np.isfinite(size) else None
    limit = constraint.removeprefix("group_")
    kind, _, end = limit.rpartition("_")
    side = {"max": "largest", "min": "smallest"}.get(end)
    value = ((collected.config.get("group_constraints") or {}).get(name) or {}).get(limit)
    if len(labels) > 1 and isinstance(value, dict):
        value = value.get(labels[1])
    if side is None or not isinstance(value, int | float):
        return None
    unit = _SUM_UNITS.get(kind, "")
    if kind in ("cost", "cost_var", "cost_investment"):
        unit = labels[1]
    # What is taken is written negative.
    size = -float(value) if kind == "carrier_con" else float(value)
    key = ".".join(("group_constraints", name, limit, *labels[1:]))
    return f"group_constraints.{name}", key, size, unit, side


def _of_ring(collected: CollectedResults, savings: _Savings) -> Iterator[SizeAtLimit]:
    results, limits = collected.results, collected.settings.get("ring_size_limits") or {}
    if "ring_size" not in results or not limits:
        return
    for part in map(str, results["ring_size"]["part"].values):
        share = float(results["ring_size"].sel(part=part))
        least, most = limits[part]["least"], limits[part]["most"]
        limit = _limit(share, least, most, 0.0)
        built = _ring_measure(collected.settings["ring"], part)
        if limit is None or least >= most or built is None:
            continue
        size, unit = built
        of_share = savings.next_unit("ring_size", [part], limit)
        key = "one_of" if limits[part]["listed"] else _RING_KEYS[limit]
        yield SizeAtLimit(
            what=part,
            key=f"{size_key(part)}.{key}",
            size=size,
            unit=unit,
            limit=limit,
            has_price=float(results["ring_size_cost"].sel(part=part)) > 0.0,
            saves_per_year=None if of_share is None else of_share * share / size,
        )


def _ring_measure(ring: dict[str, Any], part: str) -> tuple[float, str] | None:
    """Return how large a part of a ring was built, and its unit; None where it is none."""
    device = ring["heat_pumps"][pump_of(part)][PRICE] if is_exchanger(part) else ring["plant"][part]
    if device is None:
        return None
    if is_exchanger(part):
        ua = FreeCooling.model_validate(device).ua_kw_per_k
        return None if ua is None else (ua, "kW/K")
    if "built_share" in device:
        field = BorefieldConfig.model_validate(device)
        return borehole_count(field) * field.built_share * field.depth_m, "m"
    key = next(key for key in SIZE_KEYS if device.get(key) is not None)
    size = float(device[key])
    return (size, _RING_UNITS[key]) if size > 0.0 else None


def _limit(size: float, least: float, most: float, nothing: float = _NOTHING) -> str | None:
    if size > nothing and np.isfinite(most) and size >= most * (1.0 - AT_LIMIT):
        return "largest"
    if least > nothing and size <= least * (1.0 + AT_LIMIT):
        return "smallest"
    return None


@dataclass(frozen=True)
class _Savings:
    """What the solution tells about sizes that are one unit larger or smaller."""

    results: xr.Dataset
    known: bool
    years: float

    @classmethod
    def of(cls, collected: CollectedResults) -> _Savings:
        results = collected.results
        options = (collected.config.get("run") or {}).get("objective_options") or {}
        least = str(options.get("sense", "minimize")).startswith("min")
        unmet = float(results["unmet_demand"].sum()) if "unmet_demand" in results else 0.0
        years = hours_modelled(results) / HOURS_OF_A_YEAR
        return cls(results, least and not unmet > _NOTHING, years)

    def next_unit(self, name: str, labels: list[str], limit: str) -> float | None:
        """Return what the next unit saves a year; of a link's two ends together."""
        if not self.known or f"{name}_marginal" not in self.results:
            return None
        adds = self.results[f"{name}_marginal"].to_series()
        total = sum(float(adds[label]) for label in labels) / self.years
        if not np.isfinite(total):
            return None
        return -total if limit == "largest" else total


def _prices(collected: CollectedResults, name: str) -> np.ndarray:
    """Return what a unit of a size costs in the objective's classes, by node of the inputs."""
    inputs = collected.inputs
    nodes = np.arange(inputs.sizes["node"])
    total = np.zeros(len(nodes))
    if "cost" not in inputs.dims or "cost_class" not in collected.results:
        return total
    prices = CapacityPrices.of(inputs, collected.config)
    weights = objective_weights(collected)
    for k, cost_class in enumerate(map(str, inputs["cost"].values)):
        weight = weights.get(cost_class, 0.0)
        # A collecting area may be paid for with the power that it gives.
        paid = ("resource_area", "energy_cap") if name == "resource_area" else (name,)
        for one in paid:
            total += weight * prices.capacity(one, k, nodes)[:, 0]
        if "energy_cap" in paid:
            total += weight * prices.yearly(k, nodes)[:, 0]
    return total


def _parameter(collected: CollectedResults, name: str) -> np.ndarray:
    inputs = collected.inputs
    found = inputs.variables[name] if name in inputs else None  # a miss costs xarray a search
    if found is None or found.dims != ("node",):
        return np.full(inputs.sizes["node"], np.nan)
    return np.asarray(found.values, dtype=float)


def _twin(collected: CollectedResults, nodes: list[str], k: int) -> int | None:
    """Return the position of a link's other end."""
    if str(collected.inputs["node_base"].values[k]) != "transmission":
        return None
    return nodes.index(str(collected.inputs["node_remote"].values[k]))
