"""Which year decides a size that is the same in several: the one in which it is used in full."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance, part_of_ring
from anello.ring.machines import heat_pump_most_kw
from anello.ring.plant_config import CentralHeatPumpConfig

FULL = 1.0 - 1e-4
"""Share of a size from which on it counts as used in full [-]."""
_LEAST_KW = 1e-3


def deciding_html(years: Mapping[str, CollectedResults], look: Appearance) -> str:
    """Return a sentence on which sizes are used in full in some of the years only, and in which.

    A size that a year never uses in full would cost nothing to make smaller there, so that this
    year has no say in it.

    Parameters
    ----------
    years : mapping of str to CollectedResults
        The years by their own names, with the same sizes.
    look : Appearance
        Names of locations and technologies.

    Returns
    -------
    str
        Nothing where there is one year only, or no size is used in full.
    """
    full: dict[str, list[str]] = {}
    for year, collected in years.items():
        for what in _used_in_full(collected, look):
            full.setdefault(what, []).append(year)
    if len(years) < 2 or not full:
        return ""
    by_years: dict[tuple[str, ...], list[str]] = {}
    for what, used in full.items():
        by_years.setdefault(tuple(used), []).append(what)
    told = []
    for some, sizes in sorted(by_years.items(), key=lambda item: len(item[0])):
        where = "in every year" if len(some) == len(years) else f"in {_bold(some)} only"
        told.append(f"{where}: {html.escape(', '.join(sizes))}")
    return (
        f'<p class="years">Used in full {"; ".join(told)}. A year in which a size is not used in '
        "full does not decide it.</p>"
    )


def sizes_are_given(collected: CollectedResults) -> bool:
    """Whether nothing that is to be built has a size that the search chose.

    Parameters
    ----------
    collected : CollectedResults
        One scenario. The power of a tank of given volume is no size.
    """
    results = collected.results
    if "ring_size" in results:
        return False
    for node, base in zip(results["node"].values, results["node_base"].values, strict=True):
        kind = "storage_cap" if str(base) == "storage" else "energy_cap"
        if str(base) in ("demand", "supply") or kind not in results:
            continue
        if np.isfinite(float(results[kind].sel(node=node))) and not _given(collected, kind, node):
            return False
    return True


def _given(collected: CollectedResults, kind: str, node: str) -> bool:
    found = collected.inputs.get(f"{kind}_equals")
    if found is None or "node" not in found.dims:
        return False
    return bool(np.isfinite(float(found.to_series().get(str(node), np.nan))))


def _bold(years: tuple[str, ...]) -> str:
    return " and ".join(f"<strong>{html.escape(year)}</strong>" for year in years)


def _used_in_full(collected: CollectedResults, look: Appearance) -> Iterator[str]:
    """Yield machines whose power was chosen and is reached in some step."""
    results = collected.results
    peak_kw = results["carrier_prod"].max(("carrier", "timestep"))
    for node, base in zip(results["node"].values, results["node_base"].values, strict=True):
        if str(base) not in ("conversion", "conversion_plus"):
            continue
        if _given(collected, "energy_cap", node):
            continue
        size_kw = float(results["energy_cap"].sel(node=node))
        if size_kw > _LEAST_KW and float(peak_kw.sel(node=node)) >= FULL * size_kw:
            loc, _, tech = str(node).partition("::")
            yield f"{look.name(tech)} ({look.name(loc)})"
    if collected.ring is None or "ring_size" not in results:
        return
    plant = (collected.settings.get("ring") or {}).get("plant") or {}
    for part in map(str, results["ring_size"]["part"].values):
        size_kw = float((plant.get(part) or {}).get("max_kw") or 0.0)
        if size_kw <= _LEAST_KW:
            continue
        moved_kw = np.abs(collected.ring["q_bal_kw"].sel(device=part).values)
        most_kw = np.full(moved_kw.shape, size_kw)
        if part == "central_heat_pump":
            most_kw = _heat_pump_most_kw(collected, plant[part], moved_kw.size)
        if np.any((moved_kw > _LEAST_KW) & (moved_kw >= FULL * most_kw)):
            yield part_of_ring(part)


def _heat_pump_most_kw(
    collected: CollectedResults, told: Mapping[str, Any], steps: int
) -> NDArray[np.float64]:
    """Return the most that the plant's heat pump gives in each step [kW]: less of a cold source."""
    pump = CentralHeatPumpConfig.model_validate(told)
    source = pump.source_degc
    if source is None:
        degc = collected.inputs["outdoor_degc"].values
    elif isinstance(source, str):
        degc = collected.inputs[f"ring_series_{source}"].values
    else:
        degc = np.full(steps, source)
    return heat_pump_most_kw(pump, degc)


__all__ = ["deciding_html", "sizes_are_given"]
