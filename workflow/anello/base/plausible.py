"""Which numbers of the settings are possible, and which are usual: one list for all of them.

What is not possible is refused where settings are read, since it can only be a slip: kelvins, feet,
a number with its unit mistaken. What is unusual may be meant, and is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel


@dataclass(frozen=True)
class Span:
    """Between what numbers a setting lies; all in its own unit.

    Attributes
    ----------
    possible : tuple of float
        Lowest and highest that can be meant.
    usual : tuple of float
        Lowest and highest that need no second look.
    hint : str
        What to look at.
    zero : bool
        Whether 0 says that there is none, and is never told.
    """

    possible: tuple[float, float]
    usual: tuple[float, float]
    hint: str = ""
    zero: bool = True

    def fault(self, value: float) -> str | None:
        """Return why a value cannot be meant; None where it can."""
        low, high = self.possible
        if (self.zero and value == 0.0) or low <= value <= high:
            return None
        return f"{value:g} is not possible: it lies outside {low:g} to {high:g}{self._tail()}"

    def remark(self, value: float) -> str | None:
        """Return why a value needs a second look; None where it needs none."""
        low, high = self.usual
        if (self.zero and value == 0.0) or low <= value <= high:
            return None
        return f"{value:g} is unusual: most lie from {low:g} to {high:g}{self._tail()}"

    def _tail(self) -> str:
        return f"; {self.hint}" if self.hint else ""


_DEGC = "temperatures are in °C: 10 °C are 283 K and 50 °F"
_METRES = "lengths are in m"
_KW = "powers are in kW"
_PER_KWH = "prices are in euros per kWh: 30 ct are 0.3, 300 €/MWh are 0.3"
_WATER = Span((-30.0, 95.0), (-10.0, 40.0), _DEGC, zero=False)
_SOIL_DEGC = Span((-15.0, 60.0), (0.0, 30.0), _DEGC, zero=False)
_PRICE = Span((0.0, 50.0), (0.01, 2.0), _PER_KWH, zero=False)
_PAID = Span((0.0, 50.0), (0.005, 2.0), _PER_KWH)
_POWER = Span((0.0, 1e6), (0.5, 1e5), _KW)
_FLOW = Span((0.0, 1e6), (0.01, 5e3), "flows are in kg/s: 3.6 m³/h are 1 kg/s")
_PUMPED = Span((0.0, 2.0), (0.0, 0.3), "electricity is per kWh of heat")
_BUILT_KW = Span((0.0, 1e5), (10.0, 1e4), "prices are in euros per kW")
_CONDUCTS = Span((0.05, 20.0), (0.3, 6.0), "soil has about 1 to 4 W/(m·K)")
_BOREHOLE = Span((2.0, 5000.0), (10.0, 500.0), _METRES)
_APART = Span((0.1, 1000.0), (2.0, 30.0), _METRES)
_YEARS = Span((0.5, 500.0), (3.0, 100.0), "lifetimes are in years")

SPANS: dict[str, Span] = {
    # --- temperatures of the ring and of what surrounds it
    "initial_degc": _WATER,
    "bounds_degc": _WATER,
    "initial_temperature_degc": _WATER,
    "Loop.temperature_min_degc": _WATER,
    "Loop.temperature_max_degc": _WATER,
    "heat_below_degc": _WATER,
    "heat_to_degc": _WATER,
    "cool_above_degc": _WATER,
    "cool_to_degc": _WATER,
    "warm_degc": _WATER,
    "fluid_degc": _WATER,
    "min_source_degc": _WATER,
    "Wells.temperature_degc": Span((-5.0, 90.0), (3.0, 30.0), _DEGC, zero=False),
    "well_degc": Span((-5.0, 100.0), (3.0, 40.0), _DEGC, zero=False),
    "StreamSource.temperature_degc": Span((-10.0, 100.0), (0.0, 80.0), _DEGC, zero=False),
    "surface_degc": _SOIL_DEGC,
    "Boreholes.ground_degc": _SOIL_DEGC,
    "FixedGround.degc": Span((-30.0, 100.0), (-5.0, 35.0), _DEGC, zero=False),
    "mean_degc": _SOIL_DEGC,
    "mean_temperature_degc": Span((-30.0, 40.0), (-10.0, 30.0), _DEGC, zero=False),
    "seasonal_amplitude_k": Span((0.0, 40.0), (0.5, 30.0)),
    "daily_std_k": Span((0.0, 15.0), (0.5, 8.0)),
    "diurnal_amplitude_k": Span((0.0, 25.0), (0.5, 15.0)),
    "amplitude_k": Span((0.0, 40.0), (0.0, 25.0)),
    "coldest_day": Span((0.0, 366.0), (0.0, 366.0), "days count from 1 January"),
    "gradient_k_per_m": Span((0.0, 1.0), (0.01, 0.1), "3 K per 100 m are 0.03"),
    "difference_k": Span((0.01, 60.0), (1.0, 25.0)),
    "max_lift_k": Span((1.0, 1e3), (10.0, 120.0)),
    "max_change_k": Span((0.05, 1e3), (0.5, 15.0)),
    # --- water and pipes
    "mass_kg": Span((10.0, 1e13), (200.0, 1e8), "1 m³ of water has 1000 kg", zero=False),
    "water_mass_kg": Span((10.0, 1e13), (200.0, 1e8), "1 m³ of water has 1000 kg"),
    "length_m": Span((0.0, 1e5), (1.0, 5e4), "lengths are in m: 1.2 km are 1200"),
    "inner_diameter_m": Span((0.005, 3.0), (0.015, 1.2), "diameters are in m: DN100 has 0.1"),
    "wall_thickness_m": Span((0.0, 0.2), (0.0005, 0.06), "thicknesses are in m: 4 mm are 0.004"),
    "insulation_thickness_m": Span((0.0, 1.0), (0.005, 0.25), "thicknesses are in m"),
    "insulation_w_per_mk": Span((0.005, 5.0), (0.015, 0.5), "foam has about 0.03 W/(m·K)"),
    "burial_depth_m": Span((0.0, 50.0), (0.2, 6.0), _METRES),
    "soil_w_per_mk": _CONDUCTS,
    "heat_loss_w_per_mk": Span((0.0, 1e3), (0.02, 10.0)),
    "ua_kw_per_k": Span((0.0, 1e4), (0.0, 1e3), "losses are in kW/K, not W/K"),
    "kg_s": Span((-1e5, 1e5), (-5e3, 5e3), _FLOW.hint),
    "kg_s_per_kw": Span((1e-3, 10.0), (0.01, 0.5), "1 kW over 4 K takes 0.06 kg/s"),
    "min_kg_s": Span((0.0, 1e5), (1e-3, 1e3), _FLOW.hint),
    "BranchConfig.spacing_m": Span((0.01, 1e4), (0.05, 5.0), _METRES),
    "density_kg_per_m3": Span((500.0, 2000.0), (700.0, 1300.0), "water has 999 kg/m³"),
    "kj_per_kgk": Span((0.5, 10.0), (1.5, 4.5), "water has 4.18 kJ/(kg·K)"),
    "viscosity_pa_s": Span((1e-5, 10.0), (2e-4, 0.2), "water has 0.00114 Pa·s"),
    "substation_kpa": Span((0.0, 2000.0), (1.0, 200.0), "1 bar are 100 kPa"),
    "wall_heat_capacity_kj_per_m3k": Span((0.0, 2e4), (500.0, 5e3), "steel has 3900"),
    "surface_w_per_m2k": Span((0.1, 1e4), (2.0, 100.0)),
    "exchange_w_per_mk": Span((0.0, 1e3), (0.001, 5.0)),
    "minor_loss_factor": Span((0.0, 1e4), (0.0, 200.0)),
    "dispersion_m2_s": Span((0.0, 10.0), (0.0, 1.0)),
    "max_kg_s": Span((0.0, 1e7), (0.01, 1e6), _FLOW.hint),
    "extra_heat_capacity_kwh_per_k": Span((0.0, 1e7), (0.0, 1e5)),
    # --- the plant
    "max_flow_kg_s": _FLOW,
    "flow_kg_per_s": _FLOW,
    "flow_kg_s": _FLOW,
    "max_kw": _POWER,
    "design_kw": _POWER,
    "available_kw": Span((0.0, 1e9), (0.5, 1e5), _KW),
    "central_heat_pump_kw": _POWER,
    "backup_heater_kw": _POWER,
    "dry_cooler_kw": _POWER,
    "chiller_kw": _POWER,
    # A search may leave next to nothing of a device.
    "kw_per_k": Span((0.0, 1e6), (0.0, 1e4), "conductances are in kW/K, not W/K"),
    "electricity_kwh_per_kwh": Span((0.0, 2.0), (0.0, 0.3), _PUMPED.hint),
    "BackupHeaterConfig.electricity_kwh_per_kwh": Span((0.0, 2.0), (0.0, 1.1), _PUMPED.hint),
    "fan_kwh_per_kwh": _PUMPED,
    "cop_max": Span((1.0, 1e4), (2.0, 30.0), "a COP is kWh per kWh"),
    "carnot_fraction": Span((0.01, 1.0), (0.2, 0.7)),
    "fraction": Span((0.01, 1.0), (0.2, 0.75), "machines reach about half of Carnot's COP"),
    "effectiveness": Span((0.0, 1.0), (0.05, 1.0)),
    "efficiency": Span((0.05, 1.0), (0.5, 1.0)),
    "pump_efficiency": Span((0.01, 1.0), (0.2, 0.9)),
    "area_m2": Span((0.1, 1e7), (1.0, 1e5)),
    "loss_w_per_m2k": Span((0.1, 200.0), (0.5, 40.0)),
    "optical_efficiency": Span((0.05, 1.0), (0.4, 0.95)),
    "pinch_use_k": Span((0.0, 50.0), (0.0, 15.0)),
    "pinch_ring_k": Span((0.0, 50.0), (0.0, 15.0)),
    "approach_water_k": Span((0.0, 50.0), (0.0, 15.0)),
    "approach_air_k": Span((0.0, 60.0), (2.0, 25.0)),
    "approach_source_k": Span((0.0, 60.0), (2.0, 25.0)),
    "capacity_loss_per_k": Span((0.0, 1.0), (0.0, 0.05), "2 % per kelvin are 0.02"),
    "defrost_share": Span((0.0, 2.0), (0.0, 0.3), "10 % are 0.1"),
    "spread_k": Span((0.1, 60.0), (1.0, 20.0)),
    "outdoor_degc": Span((-90.0, 60.0), (-40.0, 50.0), _DEGC, zero=False),
    "source_degc": Span((-90.0, 60.0), (-40.0, 50.0), _DEGC, zero=False),
    "rated_degc": Span((-90.0, 60.0), (-20.0, 35.0), _DEGC, zero=False),
    "coldest_source_degc": Span((-90.0, 60.0), (-40.0, 25.0), _DEGC, zero=False),
    "defrost_below_degc": Span((-90.0, 60.0), (-10.0, 12.0), _DEGC, zero=False),
    "FixedUse.degc": Span((-60.0, 200.0), (-30.0, 95.0), _DEGC, zero=False),
    "t_min_degc": Span((-60.0, 200.0), (-30.0, 95.0), _DEGC, zero=False),
    "t_max_degc": Span((-60.0, 200.0), (-30.0, 99.0), _DEGC, zero=False),
    "reference_degc": Span((-60.0, 200.0), (-30.0, 60.0), _DEGC, zero=False),
    "span_k": Span((0.1, 200.0), (1.0, 80.0)),
    "StoreUse.kwh_per_k": Span((1e-4, 1e6), (0.05, 1e5), "1 m³ of water holds 1.16 kWh/K"),
    "standby_kw": Span((0.0, 1e4), (0.001, 50.0), _KW),
    "most": Span((0.0, 1e4), (0.1, 20.0), "it is a share of the size described"),
    "built_share": Span((0.0, 1e4), (0.0, 20.0), "it is a share of the boreholes described"),
    "capital_eur": Span((0.0, 1e12), (100.0, 1e8)),
    # --- boreholes
    "BorefieldConfig.depth_m": _BOREHOLE,
    "Boreholes.depth_m": _BOREHOLE,
    "KusudaGround.depth_m": Span((0.0, 500.0), (0.0, 20.0), _METRES),
    "GridField.spacing_m": _APART,
    "Boreholes.spacing_m": _APART,
    "DoubletConfig.spacing_m": Span((1.0, 1e4), (10.0, 3000.0), _METRES),
    "aquifer_thickness_m": Span((0.1, 2000.0), (1.0, 300.0), _METRES),
    "aquifer_kj_per_m3k": Span((200.0, 10000.0), (1500.0, 4000.0), "2.5 MJ/(m³·K) are 2500"),
    "breakthrough_days": Span((1.0, 1e6), (1.0, 1e5)),
    "mean_flow_kg_s": _FLOW,
    "pipe_w_per_mk": Span((0.01, 500.0), (0.1, 60.0)),
    "half_shank_m": Span((0.002, 1.0), (0.008, 0.2), _METRES),
    "roughness_mm": Span((0.0, 10.0), (0.0005, 3.0), "roughness is in mm"),
    "diffusivity_m2_per_day": Span((1e-3, 5.0), (0.02, 0.2), "1e-6 m²/s are 0.086 m²/d"),
    "rows": Span((1.0, 1000.0), (1.0, 100.0)),
    "columns": Span((1.0, 1000.0), (1.0, 100.0)),
    "buried_m": Span((0.0, 100.0), (0.3, 10.0), _METRES),
    "radius_m": Span((0.01, 2.0), (0.03, 0.8), "a radius of 75 mm is 0.075"),
    "outer_diameter_m": Span((0.005, 0.5), (0.015, 0.2), "diameters are in m: 32 mm are 0.032"),
    "soil_kj_per_m3k": Span((200.0, 10000.0), (1000.0, 4500.0), "2.3 MJ/(m³·K) are 2300"),
    "grout_w_per_mk": Span((0.05, 20.0), (0.3, 6.0)),
    "resistance_mk_per_w": Span((1e-4, 5.0), (0.01, 0.5)),
    "horizon_years": Span((1.0, 1000.0), (1.0, 100.0)),
    # --- weather and buildings
    "clear_sky_index": Span((0.0, 1.0), (0.2, 0.95), "60 % are 0.6"),
    "linke_turbidity": Span((1.0, 15.0), (1.5, 8.0)),
    "floor_area_m2": Span((1.0, 1e7), (5.0, 3e5), "areas are in m²: 1 ha are 10000"),
    "Buildings.count": Span((1.0, 1e6), (1.0, 5e3)),
    "occupants": Span((0.0, 1e6), (0.5, 2e4)),
    "window_area_m2_per_m2": Span((0.001, 5.0), (0.01, 1.0), "it is per floor area"),
    "envelope_area_m2_per_m2": Span((0.01, 20.0), (0.1, 5.0), "it is per floor area"),
    "Roof.peak_kw": Span((0.01, 1e6), (0.5, 2e4), _KW),
    "inverter_kw": Span((0.01, 1e6), (0.5, 2e4), _KW),
    "system_losses": Span((0.0, 1.0), (0.02, 0.4), "14 % are 0.14"),
    "Target.annual_mwh": Span((0.0, 1e7), (0.01, 1e6), "energy of a year is in MWh"),
    "Target.peak_kw": _POWER,
    "volume_m3": Span((0.01, 1e6), (0.1, 2e4), "volumes are in m³: 500 l are 0.5"),
    "loss_per_hour": Span((0.0, 1.0), (0.0, 0.05), "2 % a day are about 0.0008 an hour"),
    "capacity_kwh": Span((0.01, 1e7), (0.5, 1e5)),
    "power_kw": _POWER,
    "dhw_kw": _POWER,
    "heating_kw": _POWER,
    "cooling_kw": _POWER,
    # --- money
    "lifetime_years": _YEARS,
    "interest_rate": Span((0.0, 1.0), (0.0, 0.2), "5 % are 0.05"),
    "maintenance_share_per_year": Span((0.0, 1.0), (0.0, 0.15), "2 % are 0.02"),
    "import_eur_per_kwh": _PRICE,
    "peak_eur_per_kwh": _PRICE,
    "shoulder_eur_per_kwh": _PRICE,
    "offpeak_eur_per_kwh": _PRICE,
    "price_eur_per_kwh": _PRICE,
    "export_eur_per_kwh": _PAID,
    "electricity_price_eur_per_kwh": _PAID,
    "cost_eur_per_kwh": Span((0.0, 50.0), (1e-4, 1.0), _PER_KWH),
    "credit_eur_per_kwh": Span((-50.0, 50.0), (-2.0, 2.0), _PER_KWH),
    "demand_charge_eur_per_kw_year": Span((0.0, 1e4), (0.5, 500.0)),
    "demand_charge_eur_per_kw_month": Span((0.0, 1e3), (0.05, 60.0)),
    "maintenance_eur_per_kwh": Span((0.0, 10.0), (1e-5, 0.2), _PER_KWH),
    "maintenance_eur_per_kw_year": Span((0.0, 1e4), (0.5, 500.0)),
    "capital_eur_per_kw": _BUILT_KW,
    "capital_eur_per_kw_k": Span((0.0, 1e5), (10.0, 2e3), "prices are in euros per kW/K"),
    "capital_eur_per_kwh": Span((0.0, 1e5), (1.0, 5e3)),
    "capital_eur_per_kg_s": Span((0.0, 1e7), (100.0, 1e5)),
    "capital_eur_per_m": Span((0.0, 1e5), (5.0, 5e3)),
    "capital_eur_per_m2": Span((0.0, 1e6), (10.0, 5e4)),
    "co2_kg_per_kwh": Span((0.0, 5.0), (1e-3, 1.5), "250 g are 0.25 kg"),
}
"""By setting, or by ``Class.setting`` where settings of one name are not alike."""


@cache
def span_of(kind: type, name: str) -> Span | None:
    """Return the span of a setting; of a class's own, or of one that it descends from."""
    for one in kind.__mro__:
        found = SPANS.get(f"{one.__name__}.{name}")
        if found is not None:
            return found
    return SPANS.get(name)


def numbers(value: Any) -> Iterator[float]:
    """Yield the numbers that a setting's value holds."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)


@dataclass(frozen=True)
class Remark:
    """A number of the settings that needs a second look.

    Attributes
    ----------
    keys : tuple of str or int
        Where it stands, from the settings' top.
    value : float
        The number.
    text : str
        What is unusual.
    """

    keys: tuple[str | int, ...]
    value: float
    text: str


def remarks(settings: object, keys: tuple[str | int, ...] = ()) -> Iterator[Remark]:
    """Yield what is unusual in settings and all below them.

    Settings whose numbers are unusual only together have a method ``remarks`` that says so.

    Parameters
    ----------
    settings : pydantic.BaseModel, mapping, sequence or other
        What was read.
    keys : tuple of str or int
        Where it stands.
    """
    if isinstance(settings, BaseModel):
        for name in type(settings).model_fields:
            value, at = getattr(settings, name), (*keys, name)
            span = span_of(type(settings), name)
            if span is not None:
                told = ((number, span.remark(number)) for number in numbers(value))
                yield from (Remark(at, number, text) for number, text in told if text)
            yield from remarks(value, at)
        if isinstance(settings, Together):
            for remark in settings.remarks():
                yield Remark((*keys, *remark.keys), remark.value, remark.text)
    elif isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from remarks(value, (*keys, key))
    elif isinstance(settings, list | tuple):
        for position, value in enumerate(settings):
            yield from remarks(value, (*keys, position))


@runtime_checkable
class Together(Protocol):
    """Settings whose numbers are looked at together."""

    def remarks(self) -> Iterator[Remark]:
        """Yield what is unusual, with keys from these settings."""
        ...


def refuse_impossible(kind: type, name: str, value: Any) -> None:
    """Refuse numbers that cannot be meant.

    Raises
    ------
    ValueError
        With the number, what is possible, and what to look at.
    """
    span = span_of(kind, name)
    if span is None:
        return
    for number in numbers(value):
        fault = span.fault(number)
        if fault is not None:
            raise ValueError(fault)
