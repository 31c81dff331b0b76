"""Prices, interest, lifetimes and temperatures that a result rests on, and where each is set."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import numpy as np

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.numbers import figure_text
from anello.present.report.plant_meter import own_meter_price

_COSTS = {
    "energy_cap": ("Investment", "{m}/kW"),
    "storage_cap": ("Investment in storage", "{m}/kWh"),
    "resource_cap": ("Investment in resource", "{m}/kW"),
    "resource_area": ("Investment in area", "{m}/m²"),
    "purchase": ("Investment per unit", "{m}"),
    "om_annual": ("Fixed cost a year", "{m}/kW"),
    "monthly_peak": ("Charge for the peak of each month", "{m}/kW"),
    "om_annual_investment_fraction": ("Fixed cost a year, of the investment", "1"),
    "om_prod": ("Cost of output", "{m}/kWh"),
    "om_con": ("Cost of intake", "{m}/kWh"),
    "export": ("Cost of export", "{m}/kWh"),
    "interest_rate": ("Interest", "1"),
}
_LIMITS = {"lifetime": ("Lifetime", "a"), "energy_eff": ("Efficiency", "1")}
_RING = (
    ("initial_degc", "Ring, first temperature", "°C"),
    ("bounds_degc", "Ring, bounds of the water", "°C"),
    ("plant.wells.well_degc", "Wells, temperature of the ground water", "°C"),
    ("plant.wells.electricity_kwh_per_kwh", "Wells, electricity per heat", "1"),
    ("plant.central_heat_pump.source_degc", "Central heat pump, temperature of its source", "°C"),
    ("plant.central_heat_pump.carnot_fraction", "Central heat pump, share of Carnot's COP", "1"),
    ("plant.central_heat_pump.fan_kwh_per_kwh", "Central heat pump, fans or pumps per heat", "1"),
    ("plant.borefield.soil_w_per_mk", "Borefield, conductivity of the soil", "W/(m·K)"),
    ("plant.borefield.surface_degc", "Borefield, temperature of the ground", "°C"),
    ("loop.ground.degc", "Pipes, temperature of the ground", "°C"),
    ("loop.ground.mean_degc", "Pipes, yearly mean of the ground", "°C"),
    ("loop.ground.amplitude_k", "Pipes, half the swing of the ground's surface", "K"),
    ("two_pipe.ground.degc", "Pipes, temperature of the ground", "°C"),
    ("two_pipe.ground.mean_degc", "Pipes, yearly mean of the ground", "°C"),
    ("two_pipe.ground.amplitude_k", "Pipes, half the swing of the ground's surface", "K"),
    ("two_pipe.difference_k", "Substations, difference of warm and cold line", "K"),
)


_SIZES = ("max_flow_kg_s", "max_kw")
"""Keys of a device whose 0 says that there is none."""


def assumptions_html(collected: CollectedResults, config: FiguresConfig) -> str:
    """Return a table of what was assumed, with the key of the model or the settings that sets it.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    config : FiguresConfig
        Names, currency and cost class.
    """
    rows = "".join(
        f'<tr><th scope="row">{html.escape(what)}</th><td>{html.escape(value)}</td>'
        f"<td>{html.escape(unit)}</td><td><code>{html.escape(where)}</code></td></tr>"
        for what, value, unit, where in (*_of_model(collected, config), *_of_ring(collected))
    )
    if not rows:
        return ""
    return (
        "<p>Prices are those of the model, without VAT unless it says so. Keys that begin with "
        "<code>techs</code> stand in the model's folder, those that begin with <code>ring</code> "
        "in the run's configuration; the checksums below name the files.</p>"
        '<div class="scroll"><table class="text" id=""><thead><tr><th scope="col">What</th>'
        '<th scope="col">Value</th><th scope="col">Unit</th><th scope="col">Set by</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    ).replace(' id=""', "")


def _of_model(
    collected: CollectedResults, config: FiguresConfig
) -> Iterator[tuple[str, str, str, str]]:
    inputs = collected.inputs
    look = Appearance(collected.results, inputs, config)
    techs = list(dict.fromkeys(str(t) for t in inputs["node_tech"].values))
    classes = [str(name) for name in inputs["cost"].values] if "cost" in inputs.dims else []
    prices = {
        key: inputs[f"cost_{key}"].transpose("node", "cost", ...).values
        for key in _COSTS
        if f"cost_{key}" in inputs and "cost" in inputs[f"cost_{key}"].dims
    }
    limits = {
        key: inputs[key].transpose("node", ...).values
        for key in _LIMITS
        if key in inputs and "node" in inputs[key].dims
    }
    for tech in techs:
        here = np.flatnonzero(inputs["node_tech"].values == tech)
        name = look.name(tech)
        for key, values in prices.items():
            text, unit = _COSTS[key]
            for place, cost_class in enumerate(classes):
                value = _told(values[here, place])
                if value:
                    shown = cost_class == config.cost_class
                    of = text if shown else f"{text} ({cost_class})"
                    money = config.currency if shown else "1"
                    where = f"techs.{tech}.costs.{cost_class}.{key}"
                    yield f"{name}: {of}", value, unit.format(m=money), where
        for key, values in limits.items():
            text, unit = _LIMITS[key]
            value = _told(values[here])
            if value:
                yield f"{name}: {text}", value, unit, f"techs.{tech}.constraints.{key}"


def _number(value: float | str) -> str:
    """Return a number as it is printed, or the name of the series that a setting names."""
    return value if isinstance(value, str) else f"{value:g}"


def _setting(ring: dict[str, Any], path: str) -> Any:
    """Return a setting of a ring; None where nothing says it, or its device is not there."""
    *above, key = path.split(".")
    section: Any = ring
    for part in above:
        section = section.get(part) if isinstance(section, dict) else None
    if not isinstance(section, dict) or any(section.get(size) == 0 for size in _SIZES):
        return None
    value = section.get(key)
    return "outdoor air" if value is None and key == "source_degc" else value


def _of_ring(collected: CollectedResults) -> Iterator[tuple[str, str, str, str]]:
    if collected.ring is None:
        return
    ring = collected.settings.get("ring") or {}
    for path, text, unit in _RING:
        value = _setting(ring, path)
        if isinstance(value, (list, tuple)):
            yield text, " to ".join(f"{v:g}" for v in value), unit, f"ring.{path}"
        elif value is not None:
            yield text, _number(value), unit, f"ring.{path}"
    plant = ring.get("plant") or {}
    price = own_meter_price(collected)
    if price is not None:
        text = "Plant and pump, electricity at all hours, a meter of their own"
        yield text, f"{price:g}", "€/kWh", "ring.plant.electricity_price_eur_per_kwh"
    elif plant.get("electricity_location"):
        text = "Plant and pump, on the meter of"
        yield text, str(plant["electricity_location"]), "–", "ring.plant.electricity_location"
    for name, source in (plant.get("sources") or {}).items():
        for key, value in source.items():
            if value is not None:
                text = f"Source {name.replace('_', ' ')}: {key.replace('_', ' ')}"
                yield text, _number(value), "", f"ring.plant.sources.{name}.{key}"
    for pump, about in (ring.get("heat_pumps") or {}).items():
        source = (about.get("cop_map") or {}).get("source")
        kind = (about.get("cop_map") or {}).get("kind", "")
        told = f"{kind} map" + (f", {source}" if source else "")
        yield f"COP of {pump}", told, "–", f"ring.heat_pumps.{pump}.cop_map"


def _told(values: np.ndarray) -> str:
    """Say a value, or the range of those of several locations and hours; "" if there is none."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return ""
    low, high = float(known.min()), float(known.max())
    return figure_text(low) if low == high else f"{figure_text(low)} to {figure_text(high)}"
