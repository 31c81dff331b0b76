"""The week that a plant must be built for: the one with most heating or cooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import KWH_PER_MWH
from anello.present.report.appearance import carrier_kind
from anello.present.report.numbers import grouped

DAYS = 7
_WORDS = {"heat": "heating and hot water", "cold": "cooling", "power": "electricity"}
_SERVICE = {"heating": "heat", "dhw": "heat", "cooling": "cold", "electricity": "power"}


@dataclass(frozen=True)
class Week:
    """A stretch of at most seven days.

    Attributes
    ----------
    first, stop : int
        Its first step, and the one after its last.
    service : str
        ``heat``, ``cold`` or ``power``: what it is the worst week of.
    energy_mwh : float
        What demands took of it in the week [MWh].
    peak_kw : float
        The most they took in one step [kW].
    ring_degc : (float, float) or None
        Lowest and highest temperature of the water in the week [°C].
    title, text : str
        What the stretch is to the run, and all of this in a sentence's part.
    """

    first: int
    stop: int
    service: str
    energy_mwh: float
    peak_kw: float
    ring_degc: tuple[float, float] | None
    title: str
    text: str


def worst_week(collected: CollectedResults) -> Week | None:
    """Find the seven days, from midnight on, in which demands take most heat or most cold.

    The service, heat or cold, whose largest week is the larger decides; electricity where there is
    neither. A run of no more days is taken whole.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.

    Returns
    -------
    Week or None
        None if nothing is taken at all.
    """
    results = collected.results
    times = pd.DatetimeIndex(results["timestep"].values)
    days = np.asarray((times.normalize() - times[0].normalize()).days, dtype=int)
    found: tuple[str, float, int] | None = None
    taken = _demands(collected)
    for service in ("heat", "cold", "power"):
        if service == "power" and found is not None:
            break
        if service not in taken or not taken[service].any():
            continue
        by_day = np.bincount(days, taken[service])
        sums = np.convolve(by_day, np.ones(min(DAYS, by_day.size)), "valid")
        day = int(np.argmax(sums))
        if found is None or sums[day] > found[1]:
            found = (service, float(sums[day]), day)
    if found is None:
        return None
    service, energy_kwh, day = found
    first, stop = np.searchsorted(days, (day, day + DAYS))
    hours = np.asarray(results["timestep_resolution"].values, dtype=float)
    peak = float((taken[service][first:stop] / hours[first:stop]).max())
    ring = _ring_range(collected, int(first), int(stop))
    days_told = f"{_day(times[first])} to {_day(times[stop - 1])}"
    chosen = by_day.size > DAYS
    title = "Worst week" if chosen else "The days modelled"
    text = (
        f"{days_told}, {'with most ' if chosen else ''}{_WORDS[service]}: "
        f"{grouped(energy_kwh / KWH_PER_MWH, 1)} MWh, at most {grouped(peak)} kW"
    )
    if ring:
        text += f"; water of {ring[0]:.1f} to {ring[1]:.1f} °C"
    return Week(int(first), int(stop), service, energy_kwh / KWH_PER_MWH, peak, ring, title, text)


def _demands(collected: CollectedResults) -> dict[str, npt.NDArray[np.float64]]:
    """What demands take in each step [kWh], by service."""
    results = collected.results
    out: dict[str, npt.NDArray[np.float64]] = {}
    if "carrier_con" not in results:
        return out
    demand = -results["carrier_con"].where(results["node_base"] == "demand").sum("node")
    for carrier in results["carrier"].values:
        service = _SERVICE.get(carrier_kind(str(carrier)))
        if service is not None:
            values = np.asarray(demand.sel(carrier=carrier).values, dtype=float)
            out[service] = out.get(service, 0.0) + values
    return out


def _ring_range(collected: CollectedResults, first: int, stop: int) -> tuple[float, float] | None:
    ring = collected.ring
    if ring is None or "temperature_degc" not in ring:
        return None
    water = ring["node_degc"] if "node_degc" in ring else ring["temperature_degc"]
    seen = water.isel(state=slice(first, stop + 1))
    return float(seen.min()), float(seen.max())


def _day(moment: pd.Timestamp) -> str:
    return f"{moment.day} {moment:%b %Y}"
