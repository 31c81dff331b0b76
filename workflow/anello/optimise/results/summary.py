"""The handful of numbers that people ask for first, as one small JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from anello.base.labelled import labels_of, values_of
from anello.base.year import hours_modelled
from anello.optimise.results.alternatives import require_one
from anello.optimise.results.at_limits import sizes_at_limits
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.levelised import levelised_cost
from anello.optimise.results.overnight import overnight_cost
from anello.optimise.results.prices import price_states, set_prices, steps_without_price
from anello.optimise.results.whole_cost import cost_parts, simulated_emissions, whole_cost
from anello.ring.held import drained, end_of_ring, unheld
from anello.ring.hydraulics import hydraulic_summary

KWH_PER_MWH = 1000.0


def summarise(collected: CollectedResults) -> dict[str, Any]:
    """Sum a scenario up: costs, energies, peaks, what went unmet, the ring, the iterations.

    Parameters
    ----------
    collected : CollectedResults
        Everything about one scenario.

    Returns
    -------
    dict
        Plain numbers and text, ready for JSON, with units in the keys. What is infinite (a capacity
        without a limit) or unknown is None.

    Raises
    ------
    InputError
        If the results are those of alternatives; sum each of them up by itself.
    """
    require_one(collected)
    results = collected.results
    states = price_states(results) if "shadow_price" in results else None
    prices = None if states is None else set_prices(results, states)
    simulated = simulated_cost(collected)
    whole = whole_cost(collected, simulated)
    summary: dict[str, Any] = {
        "run": collected.attrs.get("run"),
        "scenario": collected.attrs.get("scenario"),
        "anello_version": collected.attrs.get("anello_version"),
        "status": results.attrs.get("status"),
        "solver": results.attrs.get("solver"),
        "hours_modelled": hours_modelled(results),
        "objective_with_penalties": results.attrs.get("objective"),
        "cost_in_optimisation": results.attrs.get("cost_objective"),
        "cost_simulated": simulated,
        "whole_cost": whole,
        "costs": _costs(collected),
        "energy_mwh": _energies(results),
        "peak_kw": _peaks(results),
        "capacity": _capacities(results),
        "sizes_at_limits": [asdict(size) for size in sizes_at_limits(collected)],
        "levelised_cost": levelised_cost(
            collected, None if whole is None else whole["total"], prices
        ),
        "mean_shadow_price_per_kwh": {} if prices is None else _shadow_prices(results, prices),
        "steps_without_price": {} if states is None else steps_without_price(results, states),
        "convergence": _convergence(collected),
        "ring": _ring(collected.ring) if collected.ring is not None else None,
        "data_quality": _quality(collected.quality),
    }
    if collected.settings.get("year"):
        summary["year"] = collected.settings["year"]
    plain: dict[str, Any] = _plain(summary)
    return plain


def weighted_energy_mwh(flow: xr.DataArray) -> xr.DataArray:
    """Sum a flow over time, steps counted with their weights.

    Parameters
    ----------
    flow : xarray.DataArray
        Energy per step [kWh], with dimension ``timestep`` and coordinate ``timestep_weight``.

    Returns
    -------
    xarray.DataArray
        Energy [MWh], NaN where the flow does not exist.
    """
    return (flow * flow["timestep_weight"]).sum("timestep", min_count=1) / KWH_PER_MWH


def simulated_cost(collected: CollectedResults) -> float | None:
    """Return what the dispatch would truly cost, at the COP of the simulated ring.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.

    Returns
    -------
    float or None
        In the unit of money; None where no ring is simulated.
    """
    if collected.convergence is None or "j_sim_eur" not in collected.convergence:
        return None
    costs = collected.convergence["j_sim_eur"].values
    return float(costs[result_position(collected.record)])


def result_position(record: Mapping[str, Any]) -> int:
    """Return where in the trace of a record the iteration is whose dispatch is the result.

    Parameters
    ----------
    record : mapping
        As in ``convergence.json``.

    Returns
    -------
    int
        Position in the trace; that of the last iteration where the record names none.
    """
    wanted = record.get("result_iteration")
    numbers = [entry.get("iteration") for entry in record.get("trace", [])]
    return numbers.index(wanted) if wanted in numbers and wanted is not None else -1


def _costs(collected: CollectedResults) -> dict[str, Any]:
    results, inputs = collected.results, collected.inputs
    out: dict[str, Any] = {}
    if "cost" not in results:
        return out
    built = overnight_cost(inputs, results)
    for name in results["cost_class"].values:
        total = results["cost"].sel(cost_class=name)
        entry: dict[str, Any] = {"total": float(total.sum())}
        if "cost_investment" in results:
            entry["investment"] = float(results["cost_investment"].sel(cost_class=name).sum())
            entry["operation"] = entry["total"] - entry["investment"]
        if built is not None and name in built["cost"].values:
            entry["to_build"] = float(built.sel(cost=name).sum())
        if "cost_peak" in results:
            paid = results["cost_peak"].sel(cost_class=name).dropna("node")
            nodes = map(str, paid["node"].values)
            entry["monthly_peaks"] = dict(zip(nodes, paid.values.tolist(), strict=True))
        emitted = simulated_emissions(collected, str(name))
        if emitted is not None:
            entry["total_simulated"] = emitted
        entry["parts"] = cost_parts(collected, str(name))
        entry["by_technology"] = sums_by_tech(total)
        entry["by_location"] = _by_loc(total)
        out[str(name)] = entry
    return out


def _energies(results: xr.Dataset) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if "carrier" not in results:
        return out
    carriers, techs = list(map(str, results["carrier"].values)), results["node_tech"].values
    for name, called in (
        ("carrier_prod", "production"),
        ("carrier_con", "consumption"),
        ("carrier_export", "export"),
    ):
        if name in results:
            energy = weighted_energy_mwh(results[name]).transpose("carrier", "node").values
            out[called] = {
                carrier: _finite_sums(of_carrier, techs)
                for carrier, of_carrier in zip(carriers, energy, strict=True)
            }
            out[f"{called}_by_location"] = {
                str(loc): {
                    carrier: _finite_sums(of_carrier[here], techs[here])
                    for carrier, of_carrier in zip(carriers, energy, strict=True)
                }
                for loc in results["loc"].values
                for here in [np.flatnonzero(results["node_loc"].values == loc)]
            }
    for name in ("unmet_demand", "unused_supply"):
        if name in results:
            energy = weighted_energy_mwh(results[name]).transpose("loc", "carrier").values
            out[name] = {
                str(loc): {
                    carrier: float(mwh)
                    for carrier, mwh in zip(carriers, here, strict=True)
                    if np.isfinite(mwh)
                }
                for loc, here in zip(results["loc"].values, energy, strict=True)
            }
    return out


def _peaks(results: xr.Dataset) -> dict[str, Any]:
    """Largest power of each technology over all its locations, of demand, and as billed [kW]."""
    out: dict[str, Any] = {}
    for name, called in (("carrier_prod", "production"), ("carrier_con", "consumption")):
        if name in results:
            out[called] = {
                carrier: {
                    tech: _largest(kw)
                    for tech, kw in _sums(power, results["node_tech"].values).items()
                    if not np.isnan(kw).all()
                }
                for carrier, power in _power_kw(results, name).items()
            }
    if "peak_month" in results:
        billed = results["peak_month"].dropna("node")
        out["billed_by_month"] = {
            str(node): dict(zip(map(str, billed["month"].values), peaks.tolist(), strict=True))
            for node, peaks in zip(billed["node"].values, billed.values, strict=True)
        }
    if "carrier_con" in results:
        demands = np.flatnonzero(results["node_base"].values == "demand")
        locs = results["node_loc"].values[demands]
        found = {
            carrier: _sums(power[demands], locs)
            for carrier, power in _power_kw(results, "carrier_con").items()
        }
        out["demand_by_location"] = {
            str(loc): {
                carrier: peak
                for carrier, sums in found.items()
                if str(loc) in sums and np.isfinite(peak := _largest(sums[str(loc)]))
            }
            for loc in results["loc"].values
        }
    return out


def _power_kw(results: xr.Dataset, flow: str) -> dict[str, np.ndarray]:
    """Return the mean power of a flow in each step by carrier, shape (node, timestep) [kW]."""
    power = abs(results[flow].transpose("carrier", "node", "timestep").values)
    power = power / results["timestep_resolution"].values
    return dict(zip(map(str, results["carrier"].values), power, strict=True))


def _largest(values: np.ndarray) -> float:
    """Return the largest of the values that are numbers, NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else np.nan


def _capacities(results: xr.Dataset) -> dict[str, Any]:
    out = {}
    for name, called in (
        ("energy_cap", "energy_kw"),
        ("storage_cap", "storage_kwh"),
        ("resource_cap", "resource_kw"),
        ("resource2_cap", "secondary_resource_kw"),
        ("energy_cap_net", "net_energy_kw"),
        ("resource_area", "resource_area_m2"),
    ):
        if name in results:
            known = results[name].dropna("node")
            out[called] = {
                str(node): float(value)
                for node, value in zip(known["node"].values, known.values, strict=True)
            }
    return out


def _shadow_prices(results: xr.Dataset, prices: xr.DataArray) -> dict[str, Any]:
    """Mean of the prices that something sets, weighted with what is taken at the location."""
    out: dict[str, Any] = {}
    flow = results["carrier_con"].transpose("node", "carrier", "timestep").values
    taken, weights = np.nan_to_num(np.abs(flow)), results["timestep_weight"].values
    by_place = prices.transpose("loc", "carrier", "timestep").values
    for loc, of_loc in zip(results["loc"].values, by_place, strict=True):
        here = taken[results["node_loc"].values == loc].sum(axis=0)
        out[str(loc)] = {}
        for carrier, price, kwh in zip(results["carrier"].values, of_loc, here, strict=True):
            known = np.isfinite(price)
            if not known.any():
                continue
            weight = np.where(known, kwh * weights, 0.0)
            if weight.sum() == 0.0:
                weight = np.where(known, weights, 0.0)
            mean = (np.where(known, price, 0.0) * weight).sum() / weight.sum()
            out[str(loc)][str(carrier)] = float(mean)
    return out


def _convergence(collected: CollectedResults) -> dict[str, Any] | None:
    convergence = collected.convergence
    if convergence is None:
        return None
    out: dict[str, Any] = {
        "converged": bool(convergence.attrs.get("converged", 0)),
        "iterations": int(convergence.sizes["iteration"]),
        "result_iteration": int(convergence["iteration"].values[result_position(collected.record)]),
    }
    for name, array in convergence.data_vars.items():
        # Whether the run has converged is said of the whole of it, not of the iteration it took.
        if array.dims == ("iteration",) and array.dtype.kind in "fi" and name not in out:
            out[str(name)] = float(array.values[result_position(collected.record)])
    return out


def _ring(ring: xr.Dataset) -> dict[str, Any]:
    """Sum the ring up: temperatures, heat moved, COP."""
    out: dict[str, Any] = {}
    if "temperature_degc" in ring:
        mean = ring["temperature_degc"]
        # On a loop, the water at a substation can be well beyond the loop's mean.
        waters = ring.get("node_degc", mean)
        out["temperature_degc"] = {
            "min": float(waters.min()),
            "mean": float(mean.mean()),
            "max": float(waters.max()),
        }
    hours = values_of(ring, "step_h", ("timestep",)) if "step_h" in ring else np.ones(1)
    for name, called in (("q_bal_kw", "balancing_heat_mwh"), ("p_bal_kw", "balancing_power_mwh")):
        if name in ring:
            heat = values_of(ring, name, ("device", "timestep")) * hours / KWH_PER_MWH
            out[called] = {
                device: {
                    "into_ring": float(np.nansum(row.clip(min=0))),
                    "out_of_ring": float(-np.nansum(row.clip(max=0))),
                }
                if name == "q_bal_kw"
                else float(np.nansum(row))
                for device, row in zip(labels_of(ring, "device"), heat, strict=True)
            }
    for name, called in (("loss_kw", "loss_mwh"), ("pump_kw", "pump_electricity_mwh")):
        if name in ring:
            power = values_of(ring, name, ("timestep",))
            out[called] = float(np.nansum(power * hours)) / KWH_PER_MWH
    hydraulics = hydraulic_summary(ring)
    if hydraulics is not None:
        out["hydraulics"] = hydraulics
    if "reset_kwh" in ring:
        out["reset_mwh"] = {
            "heat": float(ring["reset_kwh"].clip(min=0).sum()) / KWH_PER_MWH,
            "cold": float(-ring["reset_kwh"].clip(max=0).sum()) / KWH_PER_MWH,
        }
    if "second_law" in ring.attrs:
        out["second_law"] = json.loads(ring.attrs["second_law"])
    if {"bounds_degc", "capacity_kwh_per_k"} <= set(ring.attrs):
        beyond = unheld(ring)
        out["beyond_bounds"] = (
            None if beyond is None else {**asdict(beyond), "fact": beyond.fact, "text": str(beyond)}
        )
    if "made_to_be_lost" in ring.attrs:
        out["made_to_be_lost"] = json.loads(ring.attrs["made_to_be_lost"])
    held = end_of_ring(ring)
    if held is not None:
        out["end"] = held
        out["drained"] = drained(ring)
    for name in ("resets_low", "resets_high", "shortfall_kwh"):
        if name in ring.attrs:
            out[name] = ring.attrs[name]
    if {"q_kw", "p_kw"} <= set(ring.data_vars):
        with np.errstate(invalid="ignore", divide="ignore"):
            seasonal = (ring["q_kw"] * hours).sum("timestep") / (ring["p_kw"] * hours).sum(
                "timestep"
            )
        out["seasonal_cop"] = _finite(seasonal, "node")
    if "cop" in ring:
        out["mean_cop"] = _finite(ring["cop"].mean("timestep"), "node")
    return out


def _quality(quality: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Count the findings of the data-quality step by kind."""
    if quality is None:
        return None
    findings = quality.get("findings", [])
    kinds: dict[str, int] = {}
    for finding in findings:
        kind = str(finding.get("kind", "finding"))
        kinds[kind] = kinds.get(kind, 0) + 1
    return {"policy": quality.get("policy"), "findings": len(findings), "by_kind": kinds}


def sums_by_tech(values: xr.DataArray) -> dict[str, float]:
    """Sum up the nodes of each technology; those without a value are left out.

    Parameters
    ----------
    values : xarray.DataArray
        A value per node, with the coordinate ``node_tech``.
    """
    return _finite_sums(values.values, values["node_tech"].values)


def _by_loc(values: xr.DataArray) -> dict[str, float]:
    return _finite_sums(values.values, values["node_loc"].values)


def _finite_sums(values: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    sums = _sums(values, labels).items()
    return {name: float(total) for name, total in sums if np.isfinite(total)}


def _sums(values: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Sums of nodes with the same label, over the first dimension; NaN where there is nothing."""
    known = ~np.isnan(values)
    found = {}
    for label in np.unique(labels):
        here = labels == label
        total = np.where(known[here], values[here], 0.0).sum(axis=0)
        found[str(label)] = np.where(known[here].any(axis=0), total, np.nan)
    return found


def _finite(values: xr.DataArray, dim: str) -> dict[str, float]:
    return {
        str(label): float(value)
        for label, value in zip(values[dim].values, values.values, strict=True)
        if np.isfinite(value)
    }


def _plain(value: Any) -> Any:
    """Turn numpy's numbers into Python's, and what JSON cannot hold into None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
