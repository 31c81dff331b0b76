"""Flows of every step, packed so that the report's page can draw any of them."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.dispatch_figures import carrier_flows, flow_style
from anello.present.report.worst_week import worst_week

Array = npt.NDArray[np.float64]

MOST_VALUES = 4_500_000
"""Hourly values in a report: two bytes each, so that the file stays below 15 MB."""


def coarseness(loaded: Mapping[str, CollectedResults]) -> int:
    """Return how many steps to average, so that the file does not grow beyond its limit."""
    total = 0
    for collected in loaded.values():
        results = collected.results
        flows = sum(
            int(results[name].notnull().any("timestep").sum())
            for name in ("carrier_prod", "carrier_con")
        )
        total += (flows + 1) * results.sizes["timestep"]
    return max(1, math.ceil(total / MOST_VALUES))


def hourly_payload(
    name: str, collected: CollectedResults, config: FiguresConfig, every: int
) -> dict[str, Any]:
    """Return a scenario's flows, ring temperature and worst week for the page's script."""
    results = collected.results
    look = Appearance(results, collected.inputs, config)
    hours = results["timestep_resolution"].values
    times = results["timestep"].values.astype("datetime64[ms]").astype(np.int64)
    regular = len(set(np.diff(times))) <= 1
    used = [str(v) for v in results["loc"].values if (results["node_loc"] == v).any()]
    worst = worst_week(collected)
    flows = []
    for loc in used:
        for carrier in look.carriers():
            for flow in carrier_flows(results, carrier, loc):
                label, color, hatch = (
                    ("Demand", "#000000", "") if flow.role == "demand" else flow_style(flow, look)
                )
                known = flow.label in look.techs()
                flows.append(
                    {
                        "loc": loc,
                        "carrier": carrier,
                        "key": "demand" if flow.role == "demand" else flow.label,
                        "name": label,
                        "color": color,
                        "hatch": bool(hatch),
                        "role": flow.role,
                        "link": known and look.base(flow.label) == "transmission",
                        **packed(coarse(flow.values / hours, every)),
                    }
                )
    out: dict[str, Any] = {
        "name": name,
        "count": math.ceil(len(times) / every),
        "start": int(times[0]),
        "step": round(float(hours[0]) * 3_600_000) * every,
        "times": None if regular else times[::every].tolist(),
        "locations": [[loc, look.name(loc)] for loc in used],
        "carriers": [[c, look.name(c)] for c in look.carriers()],
        "flows": flows,
        "ring": None,
        "worst": {"start": int(times[worst.first]), "title": worst.title, "text": worst.text}
        if worst
        else None,
    }
    ring = collected.ring
    if ring is not None and "temperature_degc" in ring:
        values = ring["temperature_degc"].values[: len(times)]
        low, high = ring.attrs.get("bounds_degc", (None, None))
        out["ring"] = {
            **packed(coarse(values, every)),
            "low": None if low is None else float(low),
            "high": None if high is None else float(high),
        }
    return out


def coarse(values: Array, every: int) -> Array:
    """Means of `every` neighbouring values; the last mean may be of fewer."""
    if every == 1:
        return values
    starts = np.arange(0, len(values), every)
    counts = np.diff(np.append(starts, len(values)))
    means: Array = np.add.reduceat(values, starts) / counts
    return means


def packed(values: Array) -> dict[str, Any]:
    """Hold values as two-byte integers times a scale: exact to a 30,000th of the largest."""
    largest = float(np.abs(values).max(initial=0.0))
    scale = largest / 32000.0 if largest > 0 else 1.0
    whole = np.round(np.nan_to_num(values) / scale).astype("<i2")
    return {"scale": scale, "data": base64.b64encode(whole.tobytes()).decode("ascii")}
