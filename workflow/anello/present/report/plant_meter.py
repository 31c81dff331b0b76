"""Where the ring's plant and pump get their electricity, and which prices pass them by."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

import numpy as np

from anello.optimise.results.collected import CollectedResults

_CHARGES = {
    "cost_om_annual": "the charge for peaks",
    "cost_energy_cap": "the charge for peaks",
    "cost_monthly_peak": "the charge for the peaks of the months",
}


def own_meter_price(collected: CollectedResults) -> float | None:
    """Return what a plant with a meter of its own pays [€/kWh]; None for one at a location."""
    ring = collected.settings.get("ring") or {}
    plant = ring.get("plant")
    if collected.ring is None or not plant or plant.get("electricity_location"):
        return None
    price: float | None = plant.get("electricity_price_eur_per_kwh")
    return price


def plant_meter_note(loaded: Mapping[str, CollectedResults]) -> str:
    """Say which prices of the model a ring's plant does not pay, as it has a meter of its own.

    Parameters
    ----------
    loaded : mapping of str to CollectedResults
        The scenarios.

    Returns
    -------
    str
        A paragraph; nothing where the model's electricity has one price, or no plant runs.
    """
    groups: dict[tuple[float, tuple[str, ...]], list[str]] = {}
    for name, collected in loaded.items():
        price = own_meter_price(collected)
        passed = tuple(dict.fromkeys(_passed_by(collected)))
        if price is not None and passed and _taken_kwh(collected) > 0.0:
            groups.setdefault((price, passed), []).append(name)
    told = [
        f"The ring's plant and pump of {html.escape(', '.join(names))} pay {price:g} per kWh at "
        f"all hours, and not {' or '.join(passed)}: they have a meter of their own. "
        "<code>ring.plant.electricity_location</code> puts them on that of a location."
        for (price, passed), names in groups.items()
    ]
    return f'<p class="hint" id="plant-meter">{" ".join(told)}</p>' if told else ""


def _taken_kwh(collected: CollectedResults) -> float:
    """Return the electricity of a ring's plant and pump [kWh]."""
    ring = collected.ring
    assert ring is not None
    hours = ring["step_h"]
    return float(sum((ring[n] * hours).sum() for n in ("p_bal_kw", "pump_kw") if n in ring))


def _passed_by(collected: CollectedResults) -> Iterator[str]:
    """Yield what supplies without a limited resource charge beside one price a kWh."""
    inputs = collected.inputs
    base = inputs["node_base"].values
    supplies = np.flatnonzero(np.isin(base, ("supply", "supply_plus")))
    if "resource" in inputs:
        resource = inputs["resource"].transpose("node", ...).values[supplies]
        supplies = supplies[np.isinf(resource.reshape(len(supplies), -1)).any(axis=1)]
    for name in ("cost_om_prod", "cost_om_con"):
        if name in inputs and "timestep" in inputs[name].dims:
            by_hour = inputs[name].isel(node=supplies)
            if float((by_hour.max("timestep") - by_hour.min("timestep")).max()) > 0.0:
                yield "the price of the hour"
    for name, text in _CHARGES.items():
        if name in inputs and float(np.nan_to_num(inputs[name].isel(node=supplies)).max()) > 0.0:
            yield text


__all__ = ["own_meter_price", "plant_meter_note"]
